"""Tokens are counted and what was said is compacted by providers, of their own API alone."""

import json

import pytest

from events import message_stream
from harness import BOB, output_text
from passing import answer, native_key, response_object, two_deployments
from test_chat_passthrough import deployment
from upstream import Cut, json_error

STACK = {"children": 4}
PATHS = ["/v1/responses/compact", "/v1/responses/input_tokens"]
COMPACTED = {"id": "resp_c", "object": "response.compaction", "output": []}


def post(stack_or_client, path, body):
    client = getattr(stack_or_client, "client", stack_or_client)
    return client.request("POST", path, body=body)


@pytest.mark.parametrize("path", PATHS)
def test_both_ways_it_is_the_same_but_for_the_model(make_stack, path):
    stack = make_stack({"model_list": [deployment("nice", "openai/real")]}, supervisor=False)
    text = b'{ "object":"response.compaction", "id":"resp_x",\n "x":1.50 }'
    stack.upstream.script("real", answer(text))
    body = '{ "input":"\\u00e9", "model":"nice","x":1.10e0}'
    reply = post(stack, path, body)
    assert (reply.status, reply.body) == (200, text)
    sent = stack.upstream.wait_request("real")
    assert sent.path == path
    assert sent.json() == {**json.loads(body), "model": "real"}
    assert b'"input":"\\u00e9"' in sent.body and b"1.10e0" in sent.body


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_it_is_remembered(client, stack, upstream, model, path):
    upstream.script(model, answer({**COMPACTED, "id": f"resp_{model}"}))
    before = set(stack.response_keys() + stack.job_keys())
    assert post(client, path, {"model": model, "input": "x"}).status == 200
    assert not stack.redis.exists(native_key(f"resp_{model}"))
    assert set(stack.response_keys() + stack.job_keys()) == before


@pytest.mark.parametrize("api", ["chat", "messages"])
@pytest.mark.parametrize("path", PATHS)
def test_model_of_another_api_is_a_404_that_says_so(make_stack, path, api):
    stack = make_stack({"model_list": [deployment("m", api=api)]}, supervisor=False)
    reply = post(stack, path, {"model": "m", "input": "x"})
    assert (reply.status, reply.error()["code"]) == (404, "route_not_served")
    assert "Responses API" in reply.error()["message"]
    assert not stack.upstream.requests("m")


@pytest.mark.parametrize("path", PATHS)
def test_of_several_deployments_one_that_has_it_is_asked(make_stack, path):
    stack = make_stack({"model_list": [
        deployment("both", "openai/old", api="chat", weight=1000000),
        deployment("both", "openai/new", weight=1)]}, supervisor=False)
    stack.upstream.script("new", answer(COMPACTED))
    assert post(stack, path, {"model": "both", "input": "x"}).status == 200
    assert not stack.upstream.requests("old")


def test_background_conversation_is_compacted(client, upstream, model):
    upstream.script(model, message_stream(["com", "plete"]))
    first = client.create(model, "first question")
    client.wait_terminal(first["id"])
    upstream.script(model, answer(COMPACTED))
    reply = post(client, PATHS[0], {
        "model": model, "input": "and now?", "previous_response_id": first["id"]})
    assert (reply.status, reply.json()) == (200, COMPACTED)
    sent = upstream.requests(model)[-1].json()
    assert set(sent) == {"model", "input"}
    said = [part["text"] if isinstance(part, dict) else part for item in sent["input"]
            for part in (item["content"] if isinstance(item["content"], list)
                         else [item["content"]])]
    assert said == ["first question", "complete", "and now?"]


def test_background_conversation_needs_no_input_to_be_compacted(client, upstream, model):
    upstream.script(model, message_stream(["x"]))
    first = client.create(model, "question")
    assert output_text(client.wait_terminal(first["id"])) == "x"
    upstream.script(model, answer(COMPACTED))
    body = {"model": model, "previous_response_id": first["id"]}
    assert post(client, PATHS[0], body).status == 200
    assert len(upstream.requests(model)[-1].json()["input"]) == 2
    assert post(client.with_key(BOB), PATHS[0], body).status == 400


def test_provider_s_own_conversation_stays_where_it_is(make_stack):
    stack = make_stack({"model_list": [
        deployment("both", "openai/first", weight=1000000),
        deployment("both", "openai/second", weight=1)],
        "litellm_settings": {"num_retries": 1}}, supervisor=False)
    stack.upstream.script("first", json_error(401, {"error": {"message": "no"}}))
    stack.upstream.script("second", answer(response_object("resp_second")))
    assert stack.client.post_create({"model": "both", "input": "x"}).json()["id"] == "resp_second"
    before = len(stack.upstream.requests("first"))
    stack.upstream.script("first", answer(COMPACTED))
    body = {"model": "both", "previous_response_id": "resp_second"}
    for _ in range(3):
        assert post(stack, PATHS[0], body).status == 200
    stack.upstream.script("second", json_error(500, {"error": {"message": "down"}}))
    assert post(stack, PATHS[0], body).status == 500
    assert len(stack.upstream.requests("first")) == before
    assert stack.upstream.requests("second")[-1].json()["previous_response_id"] == "resp_second"


@pytest.mark.parametrize("path", PATHS)
def test_fallback_answers_when_all_deployments_fail(make_stack, path):
    stack = make_stack(two_deployments(litellm_settings={
        "num_retries": 1, "fallbacks": [{"both": ["spare"]}]}), supervisor=False)
    for name in ("first", "second"):
        stack.upstream.script(name, [Cut()])
    stack.upstream.script("third", answer(COMPACTED))
    assert post(stack, path, {"model": "both", "input": "x"}).json() == COMPACTED


@pytest.mark.parametrize("path", PATHS)
def test_what_is_wrong_with_a_request_is_told_as_for_create(client, path):
    assert post(client, path, {"input": "x"}).error()["code"] == "missing_required_parameter"
    assert post(client, path, {"model": "m", "input": 7}).error()["param"] == "input"
    assert post(client, path, "{").status == 400
    unknown = "litellm_poll_00000000-0000-4000-8000-000000000000"
    reply = post(client, path, {"model": "m", "previous_response_id": unknown})
    assert reply.error()["code"] == "previous_response_not_found"
