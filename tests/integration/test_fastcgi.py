"""What a peer of the FastCGI socket may send: requests in every form, and what is none."""

import contextlib
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import fastcgi
from fastcgi import (ABORT_REQUEST, AUTHORIZER, CANT_MPX_CONN, END_REQUEST, GET_VALUES,
                     GET_VALUES_RESULT, PARAMS, REQUEST_COMPLETE, STDIN, UNKNOWN_ROLE,
                     UNKNOWN_TYPE, begin, get, pairs, record)
from harness import ALICE, Stack

STACK = {"web": False, "supervisor": False, "config": {"respool": {"max_request_bytes": 500000}}}
ALIVE = "/health/liveliness"
LONG = b"\xff\xff\xff\xff"  # the length 0x7fffffff


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


# ---- what took a child down ---------------------------------------------------------------------


@pytest.mark.parametrize("data", [
    record(GET_VALUES, pairs({"FCGI_MPXS_CONNS": ""}), 0) * 2,
    record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS" * 2, 0),
    record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS" * 20, 0) * 3,
    record(GET_VALUES, b"\x0e\x00FCGI_MAX_CONNS\x0d\x00FCGI_MAX_REQS" * 2, 0),
    record(GET_VALUES, LONG + LONG, 0),
    record(GET_VALUES, b"", 0),
    record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS", 0)[:20],
    begin() + record(PARAMS, LONG + LONG + b"name") + record(PARAMS) + record(STDIN),
    begin() + record(PARAMS, LONG + b"\x01" + b"N") + record(PARAMS),
    begin() + record(PARAMS, b"\x01" + LONG + b"N") + record(PARAMS),
    begin() + record(PARAMS, LONG) + record(PARAMS, LONG) + record(PARAMS, b"x" * 100),
    begin() + record(PARAMS, b"\xc0\0\0\0\xc0\0\0\0name") + record(PARAMS),
    begin() + (record(PARAMS, b"\x04\x04nameabcd") + record(PARAMS, LONG * 2)) + record(PARAMS),
], ids=range(13))
def test_lengths_and_questions_that_lie_end_no_process(stack, data):
    for _ in range(4):  # more often than there are children
        with connected(stack) as connection:
            connection.socket.sendall(data)
            assert is_alive(stack)


def test_variables_without_end_are_cut_off(stack):
    with connected(stack) as connection, contextlib.suppress(ConnectionError):
        connection.socket.sendall(begin())
        for _ in range(10):
            connection.socket.sendall(record(PARAMS, b"\x01\x00N" * 20000))
        assert is_closed(connection)


def test_questions_without_end_are_cut_off(stack):
    with connected(stack) as connection, contextlib.suppress(ConnectionError):
        while True:
            connection.socket.sendall(record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS", 0))
            if connection.read_record() is None:
                break


@pytest.mark.parametrize("seed", range(8))
def test_noise_ends_no_process(stack, seed):
    """Records with types, ids and lengths of every kind, whole and cut off."""
    chance = random.Random(seed)

    def noise():
        length = chance.choice([0, 1, 8, 8, 40, 3000])
        return record(chance.randrange(13), chance.randbytes(length), chance.choice([0, 1, 1, 2]))

    for _ in range(40):
        data = chance.choice([b"", begin()]) + b"".join(noise() for _ in range(6))
        with connected(stack) as connection, contextlib.suppress(ConnectionError):
            connection.socket.sendall(data[:chance.randrange(1, len(data) + 1)])


# ---- what the specification asks for ------------------------------------------------------------


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


def create(body, **variables):
    return {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
            "HTTP_AUTHORIZATION": f"Bearer {ALICE}", "CONTENT_LENGTH": str(len(body)), **variables}


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


# ---- peers that take their time -----------------------------------------------------------------


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
