"""Headers of clients that go on to the provider: of background requests, and passed through."""

import pytest

from harness import ALICE, wait_until
from three_dialects import Answer
from upstream import Gate, Script, json_error

HEADERS = {"OpenAI-Beta": "responses=v1", "X-Client-Request-Id": "client 7",
           "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "tracestate": "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"}
OTHERS = {"Cookie": "secret=1", "X-Forwarded-For": "10.1.1.1", "baggage": "user=alice"}


def sent_headers(sent):
    return {name: sent.header(name.lower()) for name in (*HEADERS, *OTHERS)}


@pytest.mark.parametrize("fields", [
    {"background": True}, {"background": True, "stream": True}, {"stream": True}, {}],
    ids=["background", "background-stream", "passed-stream", "passed"])
def test_headers_that_trace_a_request_go_to_the_provider(client, upstream, model, fields):
    upstream.script(model, Answer(("text", "Hello")).streamed("responses"))
    client.post_create({"model": model, "input": "x", **fields}, headers={**HEADERS, **OTHERS})
    sent = upstream.wait_request(model)
    assert sent_headers(sent) == {**HEADERS, **dict.fromkeys(OTHERS)}
    assert ALICE not in repr(sent.headers)


@pytest.mark.parametrize("background", [True, False])
def test_translated_request_goes_without_openai_s_own_header(make_stack, background):
    stack = make_stack({"model_list": [{"model_name": "m", "litellm_params": {
        "model": "openai/m", "api": "chat", "api_key": "k"}}]})
    stack.upstream.script("m", Answer(("text", "Hello")).streamed("chat"))
    stack.client.post_create({"model": "m", "input": "x", "background": background},
                             headers=HEADERS)
    sent = stack.upstream.wait_request("m")
    assert sent_headers(sent) == {**HEADERS, "OpenAI-Beta": None, **dict.fromkeys(OTHERS)}


def test_header_of_the_deployment_wins(make_stack):
    stack = make_stack({"model_list": [{"model_name": "m", "litellm_params": {
        "model": "openai/m", "api_key": "k", "extra_headers": {"tracestate": "ours=1"}}}]})
    stack.upstream.script("m", Answer(("text", "Hello")).streamed("responses"))
    stack.client.post_create({"model": "m", "input": "x", "background": True}, headers=HEADERS)
    assert sent_headers(stack.upstream.wait_request("m"))["tracestate"] == "ours=1"


def test_next_try_has_the_headers_too(make_stack):
    stack = make_stack({"litellm_settings": {"num_retries": 1}})
    stack.upstream.script("m", json_error(500, {"error": {"message": "no"}}),
                          Answer(("text", "Hello")).streamed("responses"))
    stack.client.post_create({"model": "m", "input": "x", "background": True}, headers=HEADERS)
    wait_until(lambda: len(stack.upstream.requests("m")) == 2)
    first, second = stack.upstream.requests("m")
    assert sent_headers(first) == sent_headers(second) == {**HEADERS, **dict.fromkeys(OTHERS)}


def test_headers_are_kept_for_as_long_as_they_are_needed(stack, client, upstream, model):
    gate = Gate()
    upstream.script(model, Script([gate, *Answer(("text", "Hello")).streamed("responses").steps]))
    created = client.post_create({"model": model, "input": "x", "background": True},
                                 headers=HEADERS).json()
    assert stack.job(created["id"])[b"headers"].decode() == "".join(
        f"{name}: {value}\n" for name, value in HEADERS.items())
    gate.open()
    client.wait_terminal(created["id"])
    assert b"headers" not in stack.job(created["id"])
    assert b"headers" not in stack.job(client.create(model)["id"])


def test_headers_go_with_a_cancelled_request(stack, client, upstream, model):
    upstream.script(model, Script([Gate()]))
    created = client.post_create({"model": model, "input": "x", "background": True},
                                 headers=HEADERS).json()
    client.cancel(created["id"])
    assert b"headers" not in stack.job(created["id"])
