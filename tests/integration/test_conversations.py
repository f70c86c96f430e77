"""Conversations are the default deployment's: what is asked about them goes there as it is."""

import pytest

from harness import ALICE, PROVIDER_KEY
from passing import answer
from upstream import json_error

STACK = {"supervisor": False, "config": {"respool": {"default_deployment": "m"}}}


@pytest.mark.parametrize("method, path", [
    ("POST", "conversations"), ("GET", "conversations/conv_1"), ("POST", "conversations/conv_1"),
    ("DELETE", "conversations/conv_1"), ("GET", "conversations/conv_1/items"),
    ("POST", "conversations/conv_1/items"), ("GET", "conversations/conv_1/items/msg_1"),
    ("DELETE", "conversations/conv_1/items/msg_1")])
def test_request_goes_to_the_default_deployment_as_it_is(client, upstream, method, path):
    text = b'{ "object":"conversation",\n "x":1.50 }'
    upstream.script(f"/v1/{path}", answer(text))
    body = '{ "metadata":{"a":"\\u00e9"}, "model":"kept" }' if method == "POST" else None
    before = len(upstream.requests(f"/v1/{path}"))
    reply = client.request(method, f"/v1/{path}?include%5B%5D=x&limit=2", body=body)
    assert (reply.status, reply.body) == (200, text)
    sent = upstream.requests(f"/v1/{path}")[before]
    assert (sent.method, sent.path) == (method, f"/v1/{path}?include%5B%5D=x&limit=2")
    assert sent.body.decode() == (body or "")
    assert sent.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert ALICE not in str(sent.headers)


@pytest.mark.parametrize("path", ["conversations", "conversations/conv_1/items"])
def test_what_is_for_the_gateway_goes_no_further(client, stack, upstream, path):
    upstream.script(f"/v1/{path}", answer({"object": "some"}))
    body = '{"items":[], "guardrails":["g"], "api_key":"sk-client", "metadata":{"tags":"t"},' \
           ' "timeout":"soon", "x":1.50}'
    assert client.request("POST", f"/v1/{path}", body=body).status == 200
    sent = upstream.requests(f"/v1/{path}")[-1]
    assert sent.body == b'{"items":[],"metadata":{"tags":"t"},"x":1.50}'
    assert "'guardrails'" in stack.responder.stderr()


@pytest.mark.parametrize("body", ["no JSON", '["tags"]', '{ "x" : 1.0 }'])
def test_body_that_has_nothing_for_the_gateway_is_the_provider_s_to_judge(client, upstream, body):
    upstream.script("/v1/conversations", answer({"object": "some"}))
    assert client.request("POST", "/v1/conversations", body=body).status == 200
    assert upstream.requests("/v1/conversations")[-1].body == body.encode()


def test_conversation_may_begin_without_a_body(client, upstream):
    upstream.script("/v1/conversations", answer({"id": "conv_1"}))
    assert client.request("POST", "/v1/conversations", body=b"").json() == {"id": "conv_1"}
    assert upstream.requests("/v1/conversations")[-1].body == b""


def test_provider_s_error_comes_back_unchanged(client, upstream):
    error = {"error": {"message": "no such conversation", "more": [1]}}
    upstream.script("/v1/conversations/none", json_error(404, error))
    reply = client.get("/v1/conversations/none")
    assert (reply.status, reply.json()) == (404, error)


def test_head_has_no_body(client, upstream):
    upstream.script("/v1/conversations/conv_h", answer({"id": "conv_h"}))
    reply = client.request("HEAD", "/v1/conversations/conv_h")
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("below", [
    "a%3fb", "a%20b", "%c3%a9", "a%3bb", "a%25b", "x" * 513, "1/2/3/4/5/6/7/8/9", "a%5cb"])
def test_path_that_is_no_conversation_s_reaches_no_provider(client, upstream, below):
    before = len(upstream.exchanges)
    reply = client.get(f"/v1/conversations/{below}")
    assert (reply.status, reply.error()["code"]) == (404, "unknown_url")
    assert len(upstream.exchanges) == before


def test_without_a_default_deployment_it_is_a_404_that_says_so(make_stack):
    stack = make_stack(supervisor=False)
    reply = stack.client.request("POST", "/v1/conversations", body={})
    assert (reply.status, reply.error()["code"]) == (404, "conversations_not_served")
    assert "default_deployment" in reply.error()["message"]


@pytest.mark.parametrize("api", ["chat", "messages"])
def test_default_deployment_of_another_api_has_no_conversations(make_stack, api):
    stack = make_stack({"respool": {"default_deployment": "m"}, "model_list": [
        {"model_name": "m", "litellm_params": {"model": "openai/m", "api_key": "k", "api": api}}]},
        supervisor=False)
    reply = stack.client.get("/v1/conversations/conv_1")
    assert (reply.status, reply.error()["code"]) == (404, "conversations_not_served")
    assert not stack.upstream.exchanges
