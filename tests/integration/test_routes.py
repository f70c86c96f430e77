"""What is served, by which key, and what a path that is not served is told."""

import pytest

from deployed import start_nginx
from harness import ALICE, BOB, MASTER_KEY, PROVIDER_KEY, UNKNOWN_ID, Client
from passing import answer, response_object
from test_webservers import NGINX
from upstream import json_error

STACK = {"supervisor": False}


def test_unknown_url_is_told_what_is_served(client):
    reply = client.request("PUT", "/v1/files")
    assert reply.status == 404
    error = reply.error()
    assert error["code"] == "unknown_url" and "PUT /v1/files" in error["message"]
    for route in ("POST responses,", "GET|DELETE responses/{id},", "POST responses/{id}/cancel",
                  "POST responses/compact", "POST responses/input_tokens", "POST chat/completions",
                  "POST embeddings", "GET models,", "GET models/{model}", "GET health",
                  "GET|POST|DELETE conversations", "GET metrics", "GET respool/v1/status",
                  "GET respool/v1/responses,", "POST respool/v1/responses/{id}/retry",
                  "POST respool/v1/pause", "GET respool/v1/webhooks,",
                  "POST respool/v1/webhooks/{id}/retry"):
        assert route in error["message"], route


def test_what_is_served_is_told_whole_behind_the_longest_path(client):
    message = client.get("/v1/" + "x" * 3000).error()["message"]
    assert message.endswith("POST respool/v1/responses/{id}/retry.")


def test_health_needs_no_key_and_is_readiness(client):
    anonymous = client.with_key(None)
    assert anonymous.get("/health").json() == anonymous.get("/health/readiness").json()
    assert anonymous.request("HEAD", "/llm/health").status == 200


def test_health_says_that_redis_is_missing(make_stack):
    stack = make_stack({"litellm_settings": {"cache": None, "cache_params": None}},
                       supervisor=False)
    assert stack.client.get("/health").status == 503


@pytest.mark.parametrize("headers", [
    {"x-api-key": ALICE}, {"api-key": ALICE}, {"x-litellm-api-key": ALICE},
    {"x-litellm-api-key": f"Bearer {ALICE}"}, {"x-litellm-api-key": f"bearer {ALICE}"},
    {"Authorization": f"Bearer {ALICE}"}])
def test_key_comes_in_any_of_the_headers(client, headers):
    anonymous = client.with_key(None)
    assert anonymous.get_response(UNKNOWN_ID, headers=headers).status == 404


@pytest.mark.parametrize("headers, winner", [
    ({"x-litellm-api-key": ALICE, "Authorization": f"Bearer {BOB}", "x-api-key": BOB}, ALICE),
    ({"Authorization": f"Bearer {ALICE}", "api-key": BOB, "x-api-key": BOB}, ALICE),
    ({"api-key": ALICE, "x-api-key": BOB}, ALICE),
    ({"Authorization": "Basic x", "x-api-key": ALICE}, ALICE)])
def test_of_several_keys_one_counts(client, headers, winner):
    body = {"model": "m", "input": "x", "background": True}
    anonymous = client.with_key(None)
    response_id = anonymous.post_create(body, headers=headers).json()["id"]
    assert client.with_key(winner).get_response(response_id).status == 200


@pytest.mark.parametrize("header", ["x-litellm-api-key", "Authorization", "api-key"])
def test_wrong_key_is_not_made_good_by_one_that_counts_less(client, header):
    wrong = "Bearer wrong" if header == "Authorization" else "wrong"
    reply = client.with_key(None).get_response(
        UNKNOWN_ID, headers={header: wrong, "x-api-key": ALICE})
    assert reply.status == 401


def test_missing_key_is_told_all_headers(client):
    message = client.with_key(None).get_response(UNKNOWN_ID).error()["message"]
    for name in ("Authorization: Bearer", "api-key", "x-api-key", "x-litellm-api-key"):
        assert name in message


def test_no_header_with_a_key_goes_to_a_provider(client, upstream, model):
    upstream.script(model, answer(response_object()))
    sent = {"x-litellm-api-key": ALICE, "api-key": BOB, "x-api-key": MASTER_KEY}
    for path in ("/v1/responses", "/v1/chat/completions", "/v1/embeddings",
                 "/v1/responses/compact"):
        reply = client.request("POST", path, body={"model": model, "input": "x"}, headers=sent)
        assert reply.status == 200, reply
    requests = upstream.requests(model)
    assert len(requests) == 4
    for request in requests:
        assert request.header("authorization") == f"Bearer {PROVIDER_KEY}"
        assert not {"x-litellm-api-key", "api-key", "x-api-key"} & {n for n, _ in request.headers}
        assert not any(key in str(request.headers) for key in (ALICE, BOB, MASTER_KEY))


@pytest.mark.parametrize("method, path", [
    ("POST", "responses/input_tokens"), ("POST", "responses/compact"), ("POST", "embeddings"),
    ("POST", "chat/completions"), ("GET", "models"), ("GET", "models/m"),
    ("GET", "conversations/c"), ("POST", "conversations")])
def test_each_route_needs_a_key(client, method, path):
    for key in (None, "wrong"):
        assert client.with_key(key).request(
            method, f"/v1/{path}", body="{}" if method == "POST" else None).status == 401


DEFAULT = {"respool": {"default_model": "usual"}}
PROMPT = {"prompt": {"id": "pmpt_1"}}


def test_prompt_without_a_model_is_told_what_is_missing(client):
    for background in (False, True):
        reply = client.post_create({**PROMPT, "background": background})
        assert (reply.status, reply.error()["param"]) == (400, "model")
        assert "default_model" in reply.error()["message"]


@pytest.mark.parametrize("path", ["responses", "responses/compact", "responses/input_tokens",
                                  "chat/completions", "embeddings"])
def test_request_without_a_model_goes_to_the_default_one(make_stack, path):
    stack = make_stack(DEFAULT, supervisor=False)
    stack.upstream.script("usual", answer(response_object()))
    text = '{ "prompt": {"id":"pmpt_1"},  "temperature":1.0 }'
    assert stack.client.request("POST", f"/v1/{path}", body=text).status == 200
    sent = stack.upstream.wait_request("usual")
    assert sent.path == f"/v1/{path}"
    assert sent.json() == {"model": "usual", **PROMPT, "temperature": 1.0}
    assert b'"temperature":1.0' in sent.body


def test_background_request_without_a_model_has_the_default_one(make_stack):
    stack = make_stack(DEFAULT)
    stack.upstream.script("usual", json_error(400, {"error": {"message": "no"}}))
    created = stack.client.post_create({**PROMPT, "background": True}).json()
    assert created["model"] == "usual"
    assert stack.client.wait_terminal(created["id"])["model"] == "usual"
    sent = stack.upstream.wait_request("usual").json()
    assert (sent["model"], sent["prompt"]) == ("usual", PROMPT["prompt"])


def test_model_that_is_named_wins_over_the_default_one(make_stack):
    stack = make_stack(DEFAULT, supervisor=False)
    stack.upstream.script("other", answer(response_object()))
    assert stack.client.post_create({"model": "other", **PROMPT}).status == 200
    assert not stack.upstream.requests("usual")


def test_nothing_of_it_is_served_where_nothing_is_passed_through(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 0}}, supervisor=False)
    for path in ("chat/completions", "embeddings", "responses/compact", "responses/input_tokens",
                 "conversations"):
        reply = stack.client.request("POST", f"/v1/{path}", body={"model": "m", "input": "x"})
        assert (reply.status, reply.error()["code"]) == (501, "not_implemented"), path
        assert "max_passthrough" in reply.error()["message"]
    assert stack.client.get("/v1/models").status == 200


def test_all_of_it_behind_nginx_under_a_prefix(make_stack):
    stack = make_stack({"respool": {"default_deployment": "m"}}, supervisor=False, web=False,
                       children=4)
    _, address = start_nginx(stack, NGINX.format(
        directory=stack.directory, mount="/llm/", keepalive="keepalive 2;",
        extra="fastcgi_keep_conn on;"))
    client = Client(address, key=None)
    key = {"x-litellm-api-key": ALICE}
    stack.upstream.script("m", answer({"object": "some"}))
    stack.upstream.script("/v1/conversations/conv_1/items", answer({"object": "list"}))
    assert client.get("/llm/health").status == 200
    assert client.get("/llm/v1/models/openai%2Fgpt-4o", headers=key).json()["id"] == \
        "openai/gpt-4o"
    for prefix in ("/llm", "/llm/v1", "/llm/openai/v1"):
        for path in ("responses/compact", "responses/input_tokens", "chat/completions",
                     "embeddings"):
            reply = client.request("POST", f"{prefix}/{path}", headers=key,
                                   body={"model": "m", "input": "x"})
            assert (reply.status, reply.json()) == (200, {"object": "some"}), (prefix, path)
        reply = client.get(f"{prefix}/conversations/conv_1/items?limit=2", headers=key)
        assert reply.json() == {"object": "list"}
    assert stack.upstream.requests("/v1/conversations/conv_1/items")[0].path.endswith("?limit=2")
    assert client.get("/llm/v1/nothing", headers=key).error()["code"] == "unknown_url"
