"""What goes wrong on the way, for tests of it: answers to the byte, and a web server's side."""

import http.client
import json
import struct

import fastcgi
from harness import ALICE
from passing import response_object
from upstream import Script

STACK = {"children": 4}
KEY = "os.environ/RESPOOL_TEST_PROVIDER_KEY"
BODY = json.dumps(response_object()).encode()


def raw(*steps):
    return Script(steps, framing="raw")


def deployment(name, **params):
    return {"model_name": name, "litellm_params": {"model": f"openai/{name}", **params}}


def fastcgi_create(stack, body, **variables):
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}", **variables}, json.dumps(body).encode())
    return connection


def fastcgi_answer(connection):
    """What comes as the answer's body and head; None if the connection ends before the request."""
    text = b""
    stream = connection.socket.makefile("rb")
    while True:
        head = stream.read(8)
        if len(head) < 8:
            return None
        _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
        content = stream.read(length)
        stream.read(padding)
        if kind == fastcgi.STDOUT:
            text += content
        if kind == fastcgi.END_REQUEST:
            return text


def is_cut(client, body):
    """Whether the web server says that the answer is not whole."""
    try:
        client.post_create(body)
    except (http.client.IncompleteRead, ConnectionError):
        return True
    return False
