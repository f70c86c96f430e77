"""What the specification of FastCGI asks for."""

import contextlib
import json
import time

import pytest

import fastcgi
from fastcgi import (ABORT_REQUEST, AUTHORIZER, CANT_MPX_CONN, END_REQUEST, GET_VALUES,
                     GET_VALUES_RESULT, PARAMS, REQUEST_COMPLETE, STDIN, UNKNOWN_ROLE, UNKNOWN_TYPE,
                     begin, get, pairs, record)
from fastcgi_stacks import STACK  # noqa: F401  (what the stack is)
from fastcgi_stacks import ALIVE, connected, create, is_alive, is_closed
from fastcgi_stacks import children_stay  # noqa: F401  (a fixture)


def test_values_are_told(stack):
    names = {name: "" for name in ("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS")}
    with connected(stack) as connection:
        connection.socket.sendall(record(GET_VALUES, pairs(names), 0) + get(ALIVE))
        kind, request_id, content = connection.read_record()
        assert (kind, request_id) == (GET_VALUES_RESULT, 0)
        assert content == (b"\x0e\x01FCGI_MAX_CONNS2\x0d\x01FCGI_MAX_REQS2"
                           b"\x0f\x01FCGI_MPXS_CONNS0")
        assert b"alive" in connection.read_answer()[0]


def test_unknown_management_record_is_answered_with_its_type(stack):
    with connected(stack) as connection:
        connection.socket.sendall(record(77, b"whatever", 0) + get(ALIVE))
        assert connection.read_record() == (UNKNOWN_TYPE, 0, b"\x4d" + bytes(7))
        assert b"alive" in connection.read_answer()[0]


def test_other_roles_are_refused(stack):
    with connected(stack) as connection:
        connection.socket.sendall(begin(AUTHORIZER) + record(PARAMS))
        kind, request_id, content = connection.read_record()
        assert (kind, request_id, content[4]) == (END_REQUEST, 1, UNKNOWN_ROLE)


def test_second_request_at_once_is_refused_and_the_first_answered(stack):
    with connected(stack) as connection:
        first = get(ALIVE)
        connection.socket.sendall(first[:16] + get(ALIVE, request_id=2) + first[16:])
        kind, request_id, content = connection.read_record()
        assert (kind, request_id, content[4]) == (END_REQUEST, 2, CANT_MPX_CONN)
        assert b"alive" in connection.read_answer()[0]


def test_request_that_is_taken_back_is_ended(stack):
    with connected(stack) as connection:
        connection.socket.sendall(begin() + record(ABORT_REQUEST))
        assert connection.read_answer() == (b"", REQUEST_COMPLETE)
        connection.socket.sendall(get(ALIVE))
        assert b"alive" in connection.read_answer()[0]


def test_request_that_comes_byte_by_byte_is_answered(stack):
    with connected(stack) as connection:
        for byte in get(ALIVE):
            connection.socket.sendall(bytes([byte]))
        assert b"alive" in connection.read_answer()[0]


def test_requests_that_come_together_are_answered_in_turn(stack):
    with connected(stack) as connection:
        connection.socket.sendall(get(ALIVE) + get("/none", 300) + get(ALIVE, 65535))
        assert b"alive" in connection.read_answer()[0]
        assert b"Status: 404" in connection.read_answer()[0]
        assert b"alive" in connection.read_answer()[0]


@pytest.mark.parametrize("flags", [0, 1])
def test_connection_is_kept_if_the_web_server_says_so(stack, flags):
    data = begin(flags=flags) + get(ALIVE)[16:]
    with connected(stack) as connection:
        connection.socket.sendall(data)
        assert connection.read_answer()
        if flags == 0:
            assert is_closed(connection)
        else:
            connection.socket.sendall(data)
            assert connection.read_answer()


@pytest.mark.parametrize("variables, status", [
    ({"SCRIPT_NAME": ALIVE}, 200),
    ({"SCRIPT_NAME": "/llm", "PATH_INFO": ALIVE}, 200),
    ({"SCRIPT_NAME": "", "PATH_INFO": ALIVE}, 200),
    ({"SCRIPT_NAME": "/index.php", "DOCUMENT_URI": ALIVE}, 200),
    ({"DOCUMENT_URI": f"{ALIVE}?x"}, 200),
    ({"REQUEST_URI": ALIVE}, 404),
    ({"SCRIPT_NAME": "/public/", "REQUEST_URI": ALIVE}, 404),
    ({"SCRIPT_NAME": "/x", "DOCUMENT_URI": "/y", "REQUEST_URI": ALIVE}, 404),
    ({}, 404),
])
def test_path_is_the_one_that_the_web_server_has_resolved(stack, variables, status):
    """And not what the client wrote, for which the server's access rules were not made."""
    with connected(stack) as connection:
        connection.send_request({"REQUEST_METHOD": "GET", **variables})
        assert b"Status: %d " % status in connection.read_answer()[0]


@pytest.mark.parametrize("size", [1, 7, 1000, 65535])
def test_body_in_records_of_any_size(stack, size):
    body = json.dumps({"model": "m", "input": "x" * (2000 if size < 9 else 200000),
                       "background": True}).encode()
    parts = b"".join(record(STDIN, body[i:i + size]) for i in range(0, len(body), size))
    with connected(stack) as connection:
        connection.socket.sendall(begin() + record(PARAMS, pairs(create(body))) + record(PARAMS) +
                                  parts + record(STDIN))
        text, _ = connection.read_answer()
        assert b"Status: 200" in text, text[:500]
        connection.socket.sendall(get(ALIVE))
        assert b"alive" in connection.read_answer()[0]


@pytest.mark.parametrize("length", ["x", "5"])
def test_answer_comes_before_the_end_of_a_body_that_is_refused(stack, length):
    with connected(stack) as connection:
        connection.socket.sendall(
            begin() + record(PARAMS, pairs(create(b"", CONTENT_LENGTH=length))) + record(PARAMS) +
            record(STDIN, b"[1,2]"))
        kind, _, content = connection.read_record()
        assert (kind, b"Status: 400" in content) == (fastcgi.STDOUT, True)
        connection.socket.sendall(record(STDIN))
        assert connection.read_answer() == (b"", REQUEST_COMPLETE)


def test_body_without_end_is_cut_off(stack):
    with connected(stack) as connection, contextlib.suppress(ConnectionError):
        connection.socket.sendall(
            begin() + record(PARAMS, pairs(create(b"", CONTENT_LENGTH=""))) + record(PARAMS))
        begun = time.monotonic()
        while time.monotonic() - begun < 15:
            connection.socket.sendall(record(STDIN, b"x" * 65535))
        pytest.fail("the connection stays open")


def test_request_that_is_taken_back_at_once_reaches_no_provider(make_stack):
    stack = make_stack(web=False, supervisor=False, children=1)
    body = json.dumps({"model": "m", "input": "x"}).encode()
    with connected(stack) as connection:
        connection.socket.sendall(
            begin() + record(PARAMS, pairs(create(body))) + record(PARAMS) +
            record(STDIN, body) + record(STDIN) + record(ABORT_REQUEST))
        connection.read_answer()
    assert is_alive(stack)
    assert stack.upstream.exchanges == []
