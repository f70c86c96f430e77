"""Web servers that take their time, or say too much."""

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fastcgi import END_REQUEST, PARAMS, STDIN, begin, get, pairs, record
from fastcgi_stacks import STACK  # noqa: F401  (what the stack is)
from fastcgi_stacks import ALIVE, connected, create, is_alive
from fastcgi_stacks import children_stay  # noqa: F401  (a fixture)
from harness import ALICE, Stack


def patient_stack(make=Stack):
    return make({"respool": {"client_timeout": 1}}, web=False, supervisor=False, children=1)


@pytest.fixture
def patient_for_a_second(make_stack):
    return patient_stack(make_stack)


def held_for(stack, connection, send=None):
    """How long the one process that there is serves nobody else. send() is called meanwhile."""
    begun = time.monotonic()
    with connected(stack) as other:
        other.socket.sendall(get(ALIVE))
        other.socket.settimeout(0.05)
        found = None
        while found is None:
            if send is not None:
                with contextlib.suppress(ConnectionError):
                    send(connection)
            with contextlib.suppress(TimeoutError):
                found = other.read_record()
            assert time.monotonic() - begun < 15
    return time.monotonic() - begun


def drip(kind, content=b""):
    return lambda connection: connection.socket.sendall(record(kind, content))


POST = begin() + record(PARAMS, pairs(create(b"x" * 400000))) + record(PARAMS)

UNFINISHED = [
    (begin()[:5], None),
    (begin(), None),
    (begin() + record(PARAMS, b"\x01"), None),
    (POST, None),
    (POST + record(STDIN, b"x"), None),
    (begin(), drip(PARAMS, b"\x01\x00N")),
    (POST, drip(STDIN, b"x")),
    (POST, drip(8, b"x")),
    (POST, drip(99, b"x")),
    (get("/none").removesuffix(record(STDIN)), drip(STDIN, b"x")),
]


def held_by(start, send):
    """How long it takes until a request that begins so is given up."""
    stack = patient_stack()
    try:
        with connected(stack) as connection:
            connection.socket.sendall(start)
            seconds = held_for(stack, connection, send)
        assert is_alive(stack)
    finally:
        stack.close()
    return seconds


@pytest.fixture(scope="module")
def given_up():
    """Of each of UNFINISHED what came of it. They wait side by side, each with its own stack."""
    with ThreadPoolExecutor(len(UNFINISHED)) as threads:
        results = [threads.submit(held_by, *one) for one in UNFINISHED]
    return results


@pytest.mark.parametrize("number", range(len(UNFINISHED)))
def test_request_that_does_not_come_in_time_is_given_up(given_up, number):
    assert given_up[number].result() < 9


def test_body_that_takes_long_has_more_time(patient_for_a_second):
    """A second for each 16 KiB, beside the one for all of it."""
    stack = patient_for_a_second
    body = json.dumps({"model": "m", "input": "x" * 150000, "background": True}).encode()
    begun = time.monotonic()
    with connected(stack) as connection:
        connection.socket.sendall(begin() + record(PARAMS, pairs(create(body))) + record(PARAMS))
        for i in range(0, len(body), 40000):
            connection.socket.sendall(record(STDIN, body[i:i + 40000]))
            time.sleep(0.5)  # what is tested: that time passes
        connection.socket.sendall(record(STDIN))
        assert b"Status: 200" in connection.read_answer()[0]
    assert time.monotonic() - begun > 1


def stored_text(stack, size):
    """A stored response with so much in it."""
    body = json.dumps({"model": "m", "input": "x", "background": True,
                       "instructions": "i" * size}).encode()
    with connected(stack) as connection:
        connection.socket.sendall(
            begin() + record(PARAMS, pairs(create(body))) + record(PARAMS) +
            b"".join(record(STDIN, body[i:i + 60000]) for i in range(0, len(body), 60000)) +
            record(STDIN))
        text, _ = connection.read_answer()
    return json.loads(text.partition(b"\r\n\r\n")[2])["id"]


def test_reader_that_takes_nothing_is_given_up(patient_for_a_second):
    stack = patient_for_a_second
    response_id = stored_text(stack, 4_000_000)
    with connected(stack) as connection:
        connection.socket.sendall(
            get(f"/v1/responses/{response_id}", HTTP_AUTHORIZATION=f"Bearer {ALICE}"))
        assert connection.read_record()
        assert held_for(stack, connection) < 5
        assert connection.read_answer() is None
    assert is_alive(stack)


def test_reader_that_takes_something_now_and_then_gets_everything(patient_for_a_second):
    stack = patient_for_a_second
    response_id = stored_text(stack, 2_000_000)
    begun = time.monotonic()
    with connected(stack) as connection:
        connection.socket.sendall(
            get(f"/v1/responses/{response_id}", HTTP_AUTHORIZATION=f"Bearer {ALICE}"))
        received = 0
        while (found := connection.read_record()) and found[0] != END_REQUEST:
            received += len(found[2])
            time.sleep(0.05)  # what is tested: that time passes
        assert found
    assert time.monotonic() - begun > 1.2
    assert received > 2_000_000


@pytest.mark.parametrize("variables,status", [
    ([("HTTP_AUTHORIZATION", f"Bearer {ALICE}"), ("HTTP_AUTHORIZATION", "Bearer sk-x")], 404),
    ([("HTTP_AUTHORIZATION", "Bearer sk-x"), ("HTTP_AUTHORIZATION", f"Bearer {ALICE}")], 401),
    ([("HTTP_AUTHORIZATION", ""), ("REDIRECT_HTTP_AUTHORIZATION", f"Bearer {ALICE}")], 404),
    ([("HTTP_API_KEY", ""), ("HTTP_X_API_KEY", ALICE)], 404),
    ([("HTTP_API_KEY", "sk-x"), ("HTTP_X_API_KEY", ALICE)], 401),
    ([("HTTP_API_KEYS", ALICE), ("HTTP_API_KE", ALICE), ("", ALICE)], 401)])
def test_of_two_variables_the_first_counts_and_an_empty_one_is_none(stack, variables, status):
    params = pairs({"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/v1/responses/litellm_poll_none"})
    params += b"".join(pairs({name: value}) for name, value in variables)
    with connected(stack) as connection:
        connection.socket.sendall(
            begin() + record(PARAMS, params) + record(PARAMS) + record(STDIN))
        text, _ = connection.read_answer()
    assert f"Status: {status}".encode() in text, text
