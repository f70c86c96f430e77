"""Relays and Redis: ids that are remembered, or cannot be."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import wait_until
from passing import answer, event, native_key, response_object
from passing_faults import fastcgi_answer, fastcgi_create
from relaying import FedStream, fed_streams, redis_hangs
from upstream import Gate, event_bytes


def created(response_id):
    return {"type": "response.created", "sequence_number": 0,
            "response": response_object(response_id, status="in_progress")}


def test_stream_is_held_until_redis_has_its_id_and_holds_up_nobody(make_stack):
    stack = make_stack(supervisor=False)
    other, gate = FedStream(stack, "other"), Gate()
    stack.upstream.script("m", [created("resp_held"), event(1), gate, event(2)])
    with redis_hangs(stack):
        connection = fastcgi_create(stack, {"model": "m", "input": "x", "stream": True})
        stack.upstream.wait_request("m")
        connection.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.socket.recv(1)
        for _ in range(5):
            other.assert_in_step()
    connection.socket.settimeout(20)
    connection.socket.recv(1, socket.MSG_PEEK)
    assert stack.redis.exists(native_key("resp_held"))
    gate.open()
    body = fastcgi_answer(connection).partition(b"\r\n\r\n")[2]
    assert body == b"".join(map(event_bytes, (created("resp_held"), event(1), event(2))))
    other.assert_ends_whole()


@pytest.mark.parametrize("stream", [True, False])
def test_redis_that_hangs_is_given_up_and_the_answer_comes_whole(make_stack, stream):
    stack = make_stack(supervisor=False)
    events = [created("resp_late"), *map(event, range(1, 50))]
    stack.upstream.script("m", events if stream else answer(response_object("resp_late")))
    with redis_hangs(stack):
        for _ in range(3):  # from the second on, it is known to be away
            begun = time.monotonic()
            reply = stack.client.post_create({"model": "m", "input": "x", "stream": stream})
            assert reply.status == 200
            assert time.monotonic() - begun < 5
            if stream:
                assert reply.body == b"".join(map(event_bytes, events))
            else:
                assert reply.json() == response_object("resp_late")


def test_answers_come_while_redis_is_away_and_are_remembered_when_it_is_back(make_stack):
    stack = make_stack(supervisor=False)
    stack.upstream.script("m", answer(response_object("resp_one")))
    stream = FedStream(stack, "fed")
    stack.stop(stack.redis_program)
    for _ in range(3):
        assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
    stream.assert_in_step()
    (stack.directory / "redis.sock").unlink(missing_ok=True)
    stack.start_redis()

    def remembered():
        assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
        return stack.redis.exists(native_key("resp_one"))

    wait_until(remembered, 10, "an id to be remembered")
    stream.assert_in_step()
    stream.assert_ends_whole()


def test_redis_that_is_restarted_has_no_stream_broken(make_stack):
    stack = make_stack(supervisor=False)
    gate = Gate()
    stack.upstream.script("m", [gate, created("resp_a"), event(1)])
    with ThreadPoolExecutor(1) as threads:
        reply = threads.submit(
            stack.client.post_create, {"model": "m", "input": "x", "stream": True})
        stack.upstream.wait_request("m")
        stack.stop(stack.redis_program)
        gate.open()
        body = b"".join(map(event_bytes, (created("resp_a"), event(1))))
        assert reply.result().body == body


def test_relay_works_where_no_redis_is_configured(make_stack):
    stack = make_stack({"litellm_settings": {"cache": False}}, supervisor=False)
    streams = fed_streams(stack, 3)
    stack.upstream.script("m", [created("resp_a"), event(1)])
    reply = stack.client.post_create({"model": "m", "input": "x", "stream": True})
    assert reply.body == event_bytes(created("resp_a")) + event_bytes(event(1))
    for stream in streams:
        stream.assert_in_step()
        stream.assert_ends_whole()
