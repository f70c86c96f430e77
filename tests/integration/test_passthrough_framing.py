"""Answers of every form that HTTP has for them, passed through."""

import gzip
import json
import socket
import threading

import pytest

from passing import native  # noqa: F401  (a fixture)
from passing import answer, event, response_object
from passing_faults import STACK  # noqa: F401  (what the stack is)
from passing_faults import BODY, deployment, raw
from upstream import Cut, event_bytes


@pytest.mark.parametrize("key", ["none", "EMPTY", "k", "ollama", "lm-studio", "not-needed"])
def test_placeholder_for_a_key_is_no_secret(make_stack, key):
    stack = make_stack({"model_list": [deployment("m", api_key=key)]}, supervisor=False)
    body = json.dumps(response_object(text=f"background {key}; {key}")).encode()
    stack.upstream.script("m", answer(body), [event(0, delta=key)])
    assert stack.client.post_create({"model": "m", "input": "x"}).body == body
    reply = stack.client.post_create({"model": "m", "input": "x", "stream": True})
    assert reply.body == event_bytes(event(0, delta=key))


@pytest.mark.parametrize("status_line", [
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade", "HTTP/1.1 700 Odd",
    "HTTP/1.1 999 Odd", "HTTP/1.1 099 Odd", "HTTP/1.1 000 Odd", "HTTP/9.9 200 OK", "SSH-2.0-x",
    "HTTP/1.1 2000 OK", "HTTP/1.1 200 OK\r\nContent-Length: many",
    "HTTP/1.1 200 OK\r\nopenai-a\rSet-Cookie: evil=1\r\nContent-Length: 5"])
def test_what_is_no_answer_of_http_is_a_502(client, upstream, model, status_line):
    upstream.script(model, raw(f"{status_line}\r\n\r\nhello".encode(), Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.status == 502
    assert reply.error()["message"]


@pytest.mark.parametrize("line", [
    b"openai-x: a\rSet-Cookie: evil=1", b"openai-x: a\x01b", b"openai-a b: x",
    b"Content-Disposition: a\rStatus: 204", b"openai-\xc3\xa9: x",
    b"openai-: x", b"openai-f: a\r\n b\x7fc"])
def test_header_that_is_no_clean_one_stays_here(client, upstream, model, line):
    upstream.script(model, raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + line +
        b"\r\nopenai-version: 7\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY, Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.status, reply.body) == (200, BODY)
    assert "set-cookie" not in reply.headers
    assert reply.headers["openai-version"] == "7"
    assert "evil" not in str(reply.headers)


@pytest.mark.parametrize("head, body", [
    (b"204 No Content", b""),
    (b"200 OK\r\nContent-Length: 0", b""),
    (b"304 Not Modified\r\nContent-Length: 50", b""),
    (b"100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK"
     b"\r\nContent-Length: 2", b"{}"),
    (b"302 Found\r\nLocation: /v1/elsewhere\r\nContent-Length: 2", b"{}"),
    (b"200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-end", b"{}"),
    (b"200 OK", b"no length, ends with the connection"),
])
def test_answer_of_any_framing_comes_back(client, upstream, model, head, body):
    sent = b"2\r\n{}\r\n0\r\nopenai-end: 1\r\n\r\n" if b"chunked" in head else body
    upstream.script(model, raw(b"HTTP/1.1 " + head + b"\r\n\r\n" + sent, Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.body == body
    assert str(reply.status).encode() in head
    assert "location" not in reply.headers and "openai-end" not in reply.headers
    assert not upstream.requests("/v1/elsewhere")


@pytest.mark.parametrize("framing", [
    b"Content-Length: 1000000", b"Content-Length: -1", b"Content-Length: 5, 6",
    b"Transfer-Encoding: chunked\r\n\r\nZZ"])
def test_answer_whose_framing_is_broken_is_a_502(client, upstream, model, framing):
    upstream.script(model, raw(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n{}", Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.status == 502, reply
    assert reply.error()["code"] in ("upstream_disconnected", "upstream_unreachable")


def test_compressed_answer_comes_back_as_it_is(client, upstream, model):
    body = gzip.compress(BODY)
    upstream.script(model, answer(body, Content_Encoding="gzip"))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.body, reply.headers["content-encoding"]) == (body, "gzip")
    assert upstream.wait_request(model).header("accept-encoding") is None


def test_head_of_a_provider_s_response_has_no_body(client, upstream, native):
    upstream.script(f"/v1/responses/{native}", answer(BODY))
    reply = client.request("HEAD", f"/v1/responses/{native}")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("status", [401, 413])
def test_answer_that_comes_before_the_body_is_read_comes_back(make_stack, status):
    """The stand-in reads a whole request; this one does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: 4\r\nConnection: close\r\n\r\n{  }" % status)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        thread = threading.Thread(target=serve)
        thread.start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        stack = make_stack({"model_list": [deployment("m", api_key="k", api_base=base)]},
                           supervisor=False)
        reply = stack.client.post_create({"model": "m", "input": "x" * 5_000_000})
        assert (reply.status, reply.body) == (status, b"{  }")
        thread.join(10)


def test_large_request_is_sent_without_asking_first(client, upstream, model):
    upstream.script(model, answer(BODY))
    assert client.post_create({"model": model, "input": "x" * 3_000_000}).status == 200
    assert upstream.wait_request(model).header("expect") is None
