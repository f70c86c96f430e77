"""Readers that have created the response that they follow."""

import json
import os
import select
import signal

import pytest

import fastcgi
from following import Follower, create_stream, created_stream
from harness import ALICE, wait_until
from relaying import relays_of
from teller import Teller
from told_streams import STACK  # noqa: F401  (what the stack is)
from told_streams import assert_terminal
from told_streams import response_id, teller  # noqa: F401  (fixtures)


def test_the_answer_to_create_is_the_stream_from_the_first_event_on(client, stack, model):
    reader, response_id = create_stream(client, model, metadata={"a": "\n\u00e9"})
    assert reader.events[0].data["response"] == client.poll(response_id)
    assert reader.events[0].data["response"]["status"] == "queued"
    assert reader.events[0].data["response"]["background"] is True
    assert response_id in stack.queued()
    headers = reader.answer.headers
    assert headers.get_all("content-type") == ["text/event-stream; charset=utf-8"]
    assert headers.get_all("cache-control") == ["private, no-cache"]
    assert headers.get_all("x-content-type-options") == ["nosniff"]
    assert headers.get_all("x-request-id")
    assert "content-length" not in headers
    teller = Teller(stack.redis, response_id)
    assert teller.tell(2) == reader.take(2)
    teller.end()
    assert_terminal(reader.next(), 3, client.poll(response_id), "completed")
    assert reader.next() is None
    reader.close()


def test_a_first_event_is_whole_however_long(client, stack, model):
    reader, response_id = create_stream(client, model, instructions="i" * 500_000)
    assert reader.events[0].data["response"] == client.poll(response_id)
    assert Teller(stack.redis, response_id).tell(2) == reader.take(2)
    reader.close()


def test_the_first_event_needs_no_redis_any_more(make_stack):
    """A client that has created a response knows its id, and comes again when Redis is back."""
    stack = make_stack({"respool": {"keepalive_seconds": 1}}, supervisor=False, children=1)
    relay, = relays_of(stack)
    os.kill(relay, signal.SIGSTOP)
    try:
        connection = send_create(stack)
        wait_until(stack.queued, 5, "the response to be created")
        stack.redis.save()
        # The responder is done with it when it answers this.
        assert stack.client.get("/health/liveliness").status == 200
        stack.stop(stack.redis_program)
    finally:
        os.kill(relay, signal.SIGCONT)
    records = b""
    while b"response.created" not in records or b": keep-alive" not in records:
        records += connection.read_record()[2]
    stack.start_redis()
    teller = Teller(stack.redis, stack.queued()[0])
    wait_until(lambda: stack.redis.exists(teller.key), 5, "the log")
    teller.tell(1, "told")
    while b"told" not in records:
        records += connection.read_record()[2]
    assert records.count(b"response.created") == 2  # the line "event: " and the type
    connection.close()


def test_the_client_s_request_id_is_on_the_stream(client, model):
    reader = Follower(
        client, body={"model": model, "input": "x", "background": True, "stream": True},
        headers={"X-Request-ID": "my-id.1"})
    assert reader.answer.headers.get_all("x-request-id") == ["my-id.1"]
    reader.close()


@pytest.mark.parametrize("options", [
    None, {}, {"include_obfuscation": True}, {"include_obfuscation": False},
    {"include_obfuscation": None}])
def test_stream_options_are_taken(client, model, options):
    reader, _ = create_stream(client, model, stream_options=options)
    reader.close()


@pytest.mark.parametrize("options, param", [
    (7, "stream_options"), ([], "stream_options"),
    ({"include_obfuscation": "yes"}, "stream_options.include_obfuscation")])
def test_stream_options_are_checked(client, stack, model, options, param):
    before = len(stack.response_keys())
    reply = client.post_create({"model": model, "input": "x", "background": True, "stream": True,
                                "stream_options": options})
    assert (reply.status, reply.error()["param"]) == (400, param)
    assert len(stack.response_keys()) == before


def test_one_that_is_not_to_be_stored_is_streamed_as_well(client, stack, model):
    reader, response_id = create_stream(client, model, store=False)
    assert reader.events[0].data["response"]["store"] is False
    assert stack.job(response_id)[b"unstored_ttl"] == b"600"
    assert Teller(stack.redis, response_id).tell() == reader.take(1)
    reader.close()


def test_errors_of_create_are_answered_as_ever(client, stack, make_stack):
    body = {"model": "m", "input": "x", "background": True, "stream": True}
    for changes, status in (({"model": 7}, 400), ({"input": 7}, 400), ({"metadata": 7}, 400)):
        assert client.post_create({**body, **changes}).status == status
    assert client.with_key("wrong").post_create(body).status == 401
    full = make_stack({"respool": {"max_queue": 1}}, supervisor=False)
    created_stream(full.client, "m")
    assert full.client.post_create(body).error()["code"] == "queue_full"


def send_create(stack):
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"},
        json.dumps({"model": "m", "input": "x", "background": True, "stream": True}).encode())
    return connection


def test_nothing_is_left_of_one_that_no_relay_takes(make_stack):
    stack = make_stack(supervisor=False, children=1)
    relay, = relays_of(stack)
    waiting, refused = [], None
    os.kill(relay, signal.SIGSTOP)
    try:
        # As many as the line has room for wait on it.
        while refused is None:
            connection = send_create(stack)
            # The one responder answers this when it is done with that.
            assert stack.client.get("/health/liveliness").status == 200
            if select.select([connection.socket], [], [], 0)[0]:
                refused = connection.read_answer()[0]
            else:
                waiting.append(connection)
            assert len(waiting) < 2000
        assert b"Status: 503" in refused and b"relay_unavailable" in refused
        assert b"Retry-After: " in refused
        assert len(stack.queued()) == len(stack.response_keys()) == len(waiting)
    finally:
        os.kill(relay, signal.SIGCONT)
    for connection in waiting:
        assert connection.read_record()[0] == fastcgi.STDOUT
        connection.close()
