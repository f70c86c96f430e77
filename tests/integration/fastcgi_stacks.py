"""Stacks that are spoken to in FastCGI itself."""

import contextlib

import pytest

import fastcgi
from fastcgi import REQUEST_COMPLETE, get
from harness import ALICE

STACK = {"web": False, "supervisor": False, "config": {"respool": {"max_request_bytes": 500000}}}
ALIVE = "/health/liveliness"


@contextlib.contextmanager
def connected(stack):
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    try:
        yield connection
    finally:
        connection.close()


def is_alive(stack):
    with connected(stack) as connection:
        connection.socket.sendall(get(ALIVE))
        text, status = connection.read_answer()
    assert status == REQUEST_COMPLETE
    return b"Status: 200" in text and b"alive" in text


def is_closed(connection):
    return connection.read_record() is None


@pytest.fixture(autouse=True)
def children_stay(stack):
    before = stack.responder.children()
    yield
    assert is_alive(stack)
    assert stack.responder.children() == before


def create(body, **variables):
    return {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
            "HTTP_AUTHORIZATION": f"Bearer {ALICE}", "CONTENT_LENGTH": str(len(body)), **variables}
