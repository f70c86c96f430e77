"""Streams that are passed through."""

import json

import pytest

import fastcgi
from harness import ALICE
from passing import STACK  # noqa: F401  (what the stack is)
from passing import event, response_object, streaming
from upstream import Cut, Feed, Hang, Reset, Script, Sleep, event_bytes


def test_stream_arrives_in_step_with_the_provider(client, upstream, model):
    feed = Feed()
    upstream.script(model, [feed])
    feed.send(event(0))
    with streaming(client, model) as stream:
        assert stream.answer.status == 200
        assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.next() == event(0)
        for n in range(1, 20):
            feed.send(event(n))
            assert stream.next() == event(n)
        feed.end()
        assert stream.next() is None


def test_stream_is_byte_equal_however_the_provider_splits_it(client, upstream, model):
    whole = b"".join(event_bytes(event(n, delta="é\u2028☃" * n)) for n in range(30))
    whole += b": comment\n\ndata: [DONE]\n\n"
    upstream.script(model, [whole[i:i + 7] for i in range(0, len(whole), 7)])
    reply = client.post_create({"model": model, "input": "x", "stream": True})
    assert reply.body == whole


def test_client_that_leaves_closes_the_provider_s_connection(client, upstream, model):
    upstream.script(model, [event(0), Hang()])
    with streaming(client, model) as stream:
        assert stream.next() == event(0)
        exchange = upstream.wait_request(model)
        assert not exchange.peer_closed.is_set()
    assert exchange.peer_closed.wait(5), "the provider's connection is still open after 5 s"


@pytest.mark.parametrize("leave", [fastcgi.Connection.abort, fastcgi.Connection.close])
def test_web_server_s_word_that_the_client_is_gone_closes_the_provider_s_connection(
        stack, upstream, model, leave):
    """Before the answer has begun; lighttpd would not say so before it has something to send."""
    upstream.script(model, [Hang()])
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"},
        json.dumps({"model": model, "input": "x"}).encode())
    exchange = upstream.wait_request(model)
    leave(connection)
    assert exchange.peer_closed.wait(5), "the provider's connection is still open after 5 s"
    connection.close()


@pytest.mark.parametrize("fault", [Cut(), Reset()])
def test_stream_that_breaks_off_between_events_ends_with_an_error_event(
        client, upstream, model, fault):
    upstream.script(model, [event(0), fault])
    with streaming(client, model) as stream:
        assert stream.next() == event(0)
        last = stream.next()
        assert (last["type"], last["code"]) == ("error", "upstream_disconnected")
        assert last["message"]
        assert stream.next() is None


def test_stream_that_breaks_off_before_its_first_byte_is_a_502(client, upstream, model):
    upstream.script(model, [Cut()])
    reply = client.post_create({"model": model, "input": "x", "stream": True})
    assert reply.status == 502
    assert reply.error()["code"] == "upstream_disconnected"


def test_provider_s_silence_is_a_504(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "stream_timeout": 0.3}}]}, supervisor=False)
    stack.upstream.script("quiet", [Hang()])
    reply = stack.client.post_create({"model": "quiet", "input": "x", "stream": True})
    assert reply.status == 504
    assert reply.error()["code"] == "upstream_timeout"
    assert "no event came for 0.3 seconds" in reply.error()["message"]
    assert stack.upstream.wait_request("quiet").peer_closed.wait(5)


def test_answer_that_is_no_stream_may_be_silent_until_it_is_whole(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "stream_timeout": 0.1, "silence_timeout": 0.2, "timeout": 30}}]},
        supervisor=False)
    body = json.dumps(response_object()).encode()
    stack.upstream.script("slow", Script([Sleep(600), body], 200,
                                         {"Content-Type": "application/json"}))
    reply = stack.client.post_create({"model": "slow", "input": "x"})
    assert (reply.status, reply.body) == (200, body)


def test_provider_that_cannot_be_reached_is_a_502(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "api_base": "http://127.0.0.1:1/v1"}}]},
        supervisor=False)
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert reply.status == 502
    assert reply.error()["code"] == "upstream_unreachable"
