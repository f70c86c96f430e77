"""What goes to the provider of a request that is passed through."""

import json
import re

import pytest

from harness import ALICE, BOB, MASTER_KEY, PROVIDER_KEY
from passing import STACK  # noqa: F401  (what the stack is)
from passing import answer, native_key, response_object


def test_request_goes_on_as_the_client_spelled_it_with_the_deployment_s_model(make_stack):
    stack = make_stack({"model_list": [{"model_name": "nice", "litellm_params": {
        "model": "openai/real-model", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY"}}]},
        supervisor=False)
    stack.upstream.script("real-model", answer(response_object()))
    body = '{ "input":"\\u00e9\\/x", "temperature":1.10e0, "model":"nice","metadata":{"a":"b"} }'
    reply = stack.client.post_create(body)
    assert reply.status == 200, reply
    sent = stack.upstream.wait_request("real-model")
    assert (sent.method, sent.path) == ("POST", "/v1/responses")
    text = sent.body.decode()
    assert '"\\u00e9\\/x"' in text and "1.10e0" in text
    assert json.loads(text) == {**json.loads(body), "model": "real-model"}
    assert sent.header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_client_s_own_key_and_cookies_stay_here(client, upstream, model):
    upstream.script(model, answer(response_object()))
    client.post_create({"model": model, "input": "x"}, headers={
        "Cookie": "secret=1", "OpenAI-Organization": "org-client", "OpenAI-Beta": "thing=v1"})
    sent = upstream.wait_request(model)
    everything = repr(sent.headers) + sent.body.decode()
    assert ALICE not in everything and "secret=1" not in everything
    assert "org-client" not in everything
    assert sent.header("openai-beta") == "thing=v1"


def test_one_idempotency_key_of_two_tenants_is_two_for_the_provider(client, upstream, model):
    upstream.script(model, answer(response_object()))
    body = {"model": model, "input": "x"}
    for key in (ALICE, ALICE, BOB, MASTER_KEY):
        client.with_key(key).post_create(body, headers={"Idempotency-Key": "order-7"})
    client.post_create(body, headers={"Idempotency-Key": "order-8" * 100})
    client.post_create(body)
    first, again, *others, none = (
        sent.header("idempotency-key") for sent in upstream.requests(model))
    assert first == again and none is None
    assert len({first, *others}) == 4
    for sent in (first, *others):
        assert re.fullmatch("[0-9a-f]{64}", sent)


@pytest.mark.parametrize("client_s", ["api-version=2024-01-01&", "API%2dVersion=v1&", ""])
def test_only_the_deployment_s_api_version_goes_to_azure(make_stack, client_s):
    stack = make_stack(supervisor=False)
    stack.config["model_list"] = [{"model_name": "a", "litellm_params": {
        "model": "azure/a", "api_base": stack.upstream.base.removesuffix("/v1"),
        "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "api_version": "2025-04-01-preview"}}]
    stack.write_config()
    stack.stop(stack.responder)
    stack.start_responder()
    stack.upstream.script("a", answer(response_object()))
    reply = stack.client.request("POST", f"/v1/responses?{client_s}x=1",
                                 body={"model": "a", "input": "x"})
    assert reply.status == 200, reply
    assert stack.upstream.wait_request("a").path == \
        "/openai/responses?api-version=2025-04-01-preview&x=1"


def test_api_version_is_no_provider_s_business_but_azure_s(client, upstream, model):
    upstream.script(model, answer(response_object()))
    client.request("POST", "/v1/responses?api-version=2024-01-01",
                   body={"model": model, "input": "x"})
    assert upstream.wait_request(model).path == "/v1/responses"


@pytest.mark.parametrize("fields", [{}, {"background": False}, {"background": None}])
def test_request_that_is_not_for_polling_leaves_nothing_but_the_id_in_redis(
        client, stack, upstream, model, fields):
    before = set(stack.response_keys() + stack.job_keys())
    upstream.script(model, answer(response_object(f"resp_{model}")))
    assert client.post_create({"model": model, "input": "x", **fields}).status == 200
    assert set(stack.response_keys() + stack.job_keys()) == before
    assert stack.redis.exists(native_key(f"resp_{model}"))
