"""What a key lets its holder do: which models it may use, and until when."""

import hashlib
import json
import signal
import time

import pytest

from events import message_stream
from harness import ALICE, BOB, Client, PROVIDER_KEY, output_text, wait_until
from upstream import json_error

NARROW = "sk-narrow-4f1d9a"
BY_ALIAS = "sk-by-alias-70c1"


def deployment(name, model=None):
    return {"model_name": name, "litellm_params": {
        "model": f"openai/{model or name}", "api_key": PROVIDER_KEY}}


CONFIG = {
    "model_list": [deployment("free"), deployment("broken"), deployment("secret"),
                   {**deployment("named"), "model_info": {"id": "its-own-id"}},
                   {**deployment("secret"), "model_info": {"id": "team/as-secret"}},
                   {"model_name": "team/*", "litellm_params": {
                       "model": "openai/*", "api_key": PROVIDER_KEY}}],
    "router_settings": {"model_group_alias": {"old": "free", "hush": "secret"},
                        "fallbacks": [{"broken": ["secret"]}]},
    "respool": {"api_keys": [
        {"name": "alice", "key": ALICE}, {"name": "bob", "key": BOB},
        {"name": "narrow", "models": ["free", "broken", "team/a*"],
         "key_hash": "sha256:" + hashlib.sha256(NARROW.encode()).hexdigest()},
        {"name": "by-alias", "key": BY_ALIAS, "models": ["hush", "team/alone"]}]},
}
STACK = {"config": CONFIG}
FORBIDDEN = ["secret", "named", "hush", "team/b"]
UNKNOWN = "nonesuch"

CREATES = {
    "background": ("responses", {"input": "x", "background": True}),
    "background stream": ("responses", {"input": "x", "background": True, "stream": True}),
    "passed through": ("responses", {"input": "x"}),
    "passed through as a stream": ("responses", {"input": "x", "stream": True}),
    "chat": ("chat/completions", {"messages": [{"role": "user", "content": "x"}]}),
    "embeddings": ("embeddings", {"input": "x"}),
    "input_tokens": ("responses/input_tokens", {"input": "x"}),
    "compact": ("responses/compact", {"input": "x"}),
}


@pytest.fixture
def narrow(client):
    return client.with_key(NARROW)


def post(client, route, model, **fields):
    path, body = CREATES[route]
    return client.request("POST", f"{client.prefix}/{path}", {"model": model, **body, **fields})


def told(reply, model):
    """Status, headers and error, without what says of which request and model it is."""
    own = {"x-request-id", "date", "content-length"}
    headers = {name.lower(): value for name, value in reply.headers.items()
               if name.lower() not in own}
    error = reply.error()
    return reply.status, headers, {**error, "message": error["message"].replace(model, "MODEL")}


def answered(reply):
    assert reply.status == 200, reply
    return reply


@pytest.mark.parametrize("model", FORBIDDEN)
@pytest.mark.parametrize("route", CREATES)
def test_model_that_a_key_may_not_use_is_answered_as_one_that_is_not_there(
        stack, narrow, route, model):
    before = stack.response_keys()
    reply = post(narrow, route, model)
    assert reply.status == 404
    assert reply.error()["code"] == "model_not_found"
    assert told(reply, model) == told(post(narrow, route, UNKNOWN), UNKNOWN)
    assert told(reply, model) == told(post(stack.client, route, UNKNOWN), UNKNOWN)
    assert stack.response_keys() == before
    assert not stack.upstream.requests(model)


@pytest.mark.parametrize("model", FORBIDDEN)
def test_model_that_a_key_may_not_use_cannot_be_looked_at(client, narrow, model):
    reply = narrow.get(f"/v1/models/{model}")
    assert told(reply, model) == told(narrow.get(f"/v1/models/{UNKNOWN}"), UNKNOWN)
    assert reply.status == 404
    assert client.get(f"/v1/models/{model}").status == 200


def test_models_that_a_key_may_use_are_used(stack, narrow):
    for model, served in (("free", "free"), ("old", "free"), ("team/abc", "abc")):
        stack.upstream.script(served, message_stream(["hello"]))
        final = narrow.wait_terminal(narrow.create(model)["id"])
        assert (final["status"], output_text(final)) == ("completed", "hello")
        assert narrow.get(f"/v1/models/{model}").json()["id"] == model


def listed(client):
    return [model["id"] for model in answered(client.get("/v1/models")).json()["data"]]


def test_list_has_the_models_that_a_key_may_use(client, narrow):
    assert listed(client) == ["free", "broken", "secret", "named", "team/*", "old", "hush"]
    assert listed(narrow) == ["free", "broken", "old"]


def test_list_has_what_a_key_names_of_a_pattern(client):
    assert listed(client.with_key(BY_ALIAS)) == ["hush", "team/alone"]


def test_alias_may_be_used_where_its_model_may_not(stack, client):
    stack.upstream.script("secret", message_stream(["hello"]))
    by_alias = client.with_key(BY_ALIAS)
    assert by_alias.wait_terminal(by_alias.create("hush")["id"])["status"] == "completed"
    assert post(by_alias, "background", "secret").status == 404


def test_fallbacks_of_the_configuration_are_the_operator_s(stack, narrow):
    stack.upstream.script("broken", json_error(500, "no"))
    stack.upstream.script("secret", message_stream(["hello"]))
    final = narrow.wait_terminal(narrow.create("broken")["id"], timeout=20)
    assert output_text(final) == "hello"


@pytest.mark.parametrize("fallbacks, named", [
    ({"fallbacks": ["old", "secret"]}, "secret"),
    ({"fallbacks": [{"model": "hush"}]}, "hush"),
    ({"fallbacks": [{"free": ["old", "team/b"]}]}, "team/b"),
    ({"fallbacks": [{"*": ["named"]}]}, "named"),
    ({"fallbacks": ["its-own-id"]}, "its-own-id"),
    ({"fallbacks": ["team/as-secret"]}, "team/as-secret"),
    ({"fallbacks": [UNKNOWN]}, UNKNOWN),
    ({"context_window_fallbacks": [{"free": ["secret"]}]}, "secret"),
    ({"content_policy_fallbacks": ["secret"]}, "secret"),
])
@pytest.mark.parametrize("route", ["background", "passed through", "chat", "compact"])
def test_fallback_of_the_request_has_to_be_a_model_that_the_key_may_use(
        stack, narrow, route, fallbacks, named):
    reply = post(narrow, route, "free", **fallbacks)
    assert reply.status == 404, reply
    assert reply.error() == {
        "message": f"The requested fallback model '{named}' does not exist.",
        "type": "invalid_request_error", "param": "fallbacks", "code": "model_not_found"}


@pytest.mark.parametrize("fallbacks", [
    {"fallbacks": ["free", "old", {"model": "team/a1"}]},
    {"fallbacks": [{"other": ["secret"]}]},
    {"fallbacks": ["secret"], "disable_fallbacks": True},
])
def test_other_fallbacks_of_the_request_are_taken(narrow, fallbacks):
    answered(post(narrow, "background", "free", **fallbacks))


def test_fallbacks_of_a_key_for_all_models_are_as_ever(client):
    answered(post(client, "background", "free", fallbacks=["secret", "its-own-id", UNKNOWN]))


def test_default_model_is_for_those_that_may_use_it(make_stack):
    stack = make_stack({**CONFIG, "respool": {**CONFIG["respool"], "default_model": "secret"}},
                       supervisor=False)
    body = {"input": "x", "background": True, "prompt": {"id": "pmpt_1"}}
    assert answered(stack.client.post_create(body)).json()["model"] == "secret"
    reply = stack.client.with_key(NARROW).post_create(body)
    assert (reply.status, reply.error()["code"]) == (404, "model_not_found")


def test_default_deployment_is_for_those_that_may_use_its_model(make_stack):
    stack = make_stack({**CONFIG, "respool": {**CONFIG["respool"], "default_deployment": "secret"}},
                       supervisor=False)
    narrow = stack.client.with_key(NARROW)
    for path in ("responses/resp_1", "conversations/conv_1"):
        stack.upstream.script(f"/v1/{path}", json_error(418, "asked"))
        assert stack.client.get(f"/v1/{path}").status == 418
        assert narrow.get(f"/v1/{path}").status == 404
        assert len(stack.upstream.requests(f"/v1/{path}")) == 1


def test_clients_without_a_key_may_use_what_is_said_for_all(make_stack):
    stack = make_stack({**CONFIG, "respool": {
        "api_keys": [{"name": "alice", "key": ALICE, "models": ["secret"]}],
        "api_key_defaults": {"models": ["free"]}, "allow_anonymous": True}}, supervisor=False)
    anonymous = stack.client.with_key(None)
    assert listed(anonymous) == ["free", "old"]
    answered(post(anonymous, "background", "free"))
    assert post(anonymous, "background", "secret").status == 404
    assert listed(stack.client) == ["secret", "hush"]


def test_key_is_refused_from_the_time_on_that_it_expires(make_stack):
    until = int(time.time()) + 3
    stack = make_stack({**CONFIG, "respool": {"api_keys": [
        {"name": "alice", "key": ALICE},
        {"name": "short", "key": BOB,
         "expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))}]}}, supervisor=False)
    short = stack.client.with_key(BOB)
    created = short.create("free")["id"]
    wait_until(lambda: short.get_response(created).status == 401, what="the key to expire")
    assert time.time() >= until
    for reply in (short.get_response(created), short.get("/v1/models"),
                  *(post(short, route, "free") for route in CREATES)):
        error = reply.error()
        assert (reply.status, error["type"], error["code"]) == (
            401, "authentication_error", "invalid_api_key")
        assert "expired" in error["message"] and BOB not in error["message"]
        assert reply.headers["www-authenticate"].startswith("Bearer")
    assert short.with_key(BOB + "x").get_response(created).error()["message"] != error["message"]
    assert stack.client.get("/v1/models").status == 200


def reload(stack):
    before = stack.responder.stderr().count("read again")
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    processes = 1 + len(stack.responder.children())
    wait_until(lambda: stack.responder.stderr().count("read again") >= before + processes,
               what="the configuration to be read again")


def test_reload_takes_keys_in_and_out(make_stack):
    stack = make_stack(CONFIG, supervisor=False)
    keys = stack.config["respool"]["api_keys"]
    new = stack.client.with_key("sk-new-93b1")
    assert new.get("/v1/models").status == 401
    created = stack.client.with_key(BOB).create("secret")["id"]

    keys.append({"name": "new", "key": "sk-new-93b1", "models": ["free"]})
    keys[:] = [key for key in keys if key["name"] != "bob"]
    reload(stack)
    assert listed(new) == ["free", "old"]
    assert stack.client.with_key(BOB).get_response(created).status == 401

    keys[-1] = {"name": "new", "key": "sk-new-93b1", "models": ["secret"],
                "expires": "2020-01-01T00:00:00Z"}
    keys.append({"name": "bob", "key": "sk-bob-2", "models": ["free"]})
    reload(stack)
    assert "expired" in new.get("/v1/models").error()["message"]
    again = Client(stack.client.address, "sk-bob-2")
    assert again.poll(created)["model"] == "secret"
    assert post(again, "background", "secret").status == 404


def test_key_is_found_in_no_log_and_not_in_redis(stack, narrow):
    narrow.create("free")
    post(narrow, "background", "secret")
    everything = stack.everything_stored().decode(errors="replace") + json.dumps(
        [program.stderr() for program in stack.programs])
    assert NARROW not in everything
