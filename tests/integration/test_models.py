"""The models that clients can ask for."""

import json

STACK = {"supervisor": False, "config": {"model_list": [
    {"model_name": name, "litellm_params": {"model": model, "api_key": "k"}}
    for name, model in (("nice", "openai/gpt-5"), ("claude", "anthropic/claude-sonnet-4-5"),
                        ("nice", "azure/gpt-5"), ("xai/*", "xai/*"), ("a/b", "openai/b"))]}}


def test_each_name_is_listed_once_as_openai_lists_models(client):
    reply = client.get("/v1/models")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    listed = reply.json()
    assert set(listed) == {"object", "data"} and listed["object"] == "list"
    for entry in listed["data"]:
        assert set(entry) == {"id", "object", "created", "owned_by"}
        assert entry["object"] == "model" and isinstance(entry["created"], int)
    assert [(entry["id"], entry["owned_by"]) for entry in listed["data"]] == [
        ("nice", "openai"), ("claude", "anthropic"), ("xai/*", "xai"), ("a/b", "openai")]


def test_list_is_the_same_by_every_spelling(client):
    whole = client.get("/v1/models").body
    for path in ("/models", "/openai/v1/models/", "/any/prefix/v1/models?limit=2"):
        assert client.get(path).body == whole
    head = client.request("HEAD", "/v1/models")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(whole)))


def test_one_model_is_its_entry(client):
    entries = {entry["id"]: entry for entry in client.get("/v1/models").json()["data"]}
    for name, entry in entries.items():
        if "*" not in name:
            assert client.get(f"/v1/models/{name}").json() == entry
    assert client.get("/v1/models/a%2Fb").json() == entries["a/b"]
    assert client.request("HEAD", "/v1/models/nice").status == 200


def test_model_that_a_pattern_serves_is_one(client):
    assert client.get("/v1/models/xai/grok-4").json() == {
        **client.get("/v1/models/xai/*").json(), "id": "xai/grok-4"}


def test_model_that_nobody_serves_is_a_404(client):
    for name in ("gpt-4", "a", "a/b/c", "xai", "%22x"):
        reply = client.get(f"/v1/models/{name}")
        assert reply.status == 404
        error = reply.error()
        assert (error["type"], error["param"], error["code"]) == (
            "invalid_request_error", "model", "model_not_found")
    assert "'a/b/c' does not exist" in client.get("/v1/models/a/b/c").error()["message"]


def test_models_need_no_redis(make_stack):
    stack = make_stack({"litellm_settings": {"cache": None, "cache_params": None}},
                       supervisor=False)
    assert json.loads(stack.client.get("/v1/models").body)["data"][0]["id"] == "*"
