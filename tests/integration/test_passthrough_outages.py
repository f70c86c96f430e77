"""Redis that is away, and signals, while answers are passed through."""

import json
import os
import signal
import time

import fastcgi
from harness import ALICE, children_of, private_part, wait_until
from passing import answer, event, held_streams, streaming, two_deployments
from passing_faults import STACK  # noqa: F401  (what the stack is)
from passing_faults import BODY, fastcgi_answer
from upstream import Gate, Hang, Script


def test_answer_comes_while_redis_hangs(make_stack):
    stack = make_stack(two_deployments(), supervisor=False)
    stack.upstream.script("first", answer(BODY))
    os.kill(stack.redis_program.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert stack.client.post_create({"model": "both", "input": "x"}).body == BODY
        assert time.monotonic() - begun < 8
    finally:
        os.kill(stack.redis_program.pid, signal.SIGCONT)


def test_stream_goes_on_when_redis_goes_away(make_stack):
    stack = make_stack(two_deployments(), supervisor=False)
    gate = Gate()
    stack.upstream.script("first", [event(0), gate, event(1)])
    with streaming(stack.client, "both") as stream:
        assert stream.next() == event(0)
        stack.stop(stack.redis_program)
        gate.open()
        assert stream.rest() == [event(1)]
    assert stack.client.get_response("resp_1").status == 503


def test_reload_does_not_touch_a_stream(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=2)
    gate, readers = held_streams(stack, 1)
    for _ in range(3):
        stack.responder.send_signal(signal.SIGHUP)
    stack.upstream.script("n", answer(BODY))
    assert stack.client.post_create({"model": "n", "input": "x"}).status == 503
    gate.open()
    assert readers[0].rest() == []
    readers[0].close()
    wait_until(lambda: stack.client.post_create({"model": "n", "input": "x"}).status == 200, 10,
               "the place to be free again")


def sockets(pid):
    return sum(link.is_socket() for link in private_part(pid, "fd").iterdir())


def test_request_that_comes_with_the_end_does_not_outlast_it(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, supervisor=False, children=1)
    stack.upstream.script("m", [event(0), Hang()])
    body = json.dumps({"model": "m", "input": "x", "stream": True}).encode()
    (child,) = wait_until(lambda: children_of(stack.responder.pid, "responder"), 5, "a responder")
    before = sockets(child)
    assert stack.client.get("/health/liveliness").status == 200
    wait_until(lambda: sockets(child) == before, 5, "the last connection to be closed")
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    wait_until(lambda: sockets(child) == before + 1, 5, "the connection to be accepted")
    stack.responder.expect_exit = True
    os.kill(stack.responder.pid, signal.SIGTERM)
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"}, body)
    text = fastcgi_answer(connection)
    assert text is not None and b"shutting_down" in text


def test_error_that_was_read_in_part_is_not_given_as_whole_when_the_process_ends(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 0},
                        "litellm_settings": {"num_retries": 1}}, supervisor=False, children=1)
    stack.upstream.script("m", Script([b'{"error":{"message":"' + b"x" * 200_000, Hang()], 503,
                                      {"Content-Type": "application/json", "Retry-After": "5"}))
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"}, b'{"model": "m", "input": "x"}')
    assert stack.upstream.wait_request("m").peer_closed.wait(5)
    stack.responder.expect_exit = True
    os.kill(stack.responder.pid, signal.SIGTERM)
    text = fastcgi_answer(connection)
    assert text is not None and b"shutting_down" in text
