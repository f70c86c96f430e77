"""X-Respool-Webhook: a request names an endpoint for its response, or learns why it may not."""

import pytest

from harness import merged
from operating import Operator, jobs_key, parked
from standard_webhooks import new_secret
from upstream import json_error
from webhooks_clock import held_deliveries

SECRET = new_secret()
NAME = "X-Respool-Webhook"
SITE = "http://127.0.0.1:9"  # nobody listens there
CONFIG = {"respool": {"webhooks": [
    {"name": "all", "url": SITE + "/for-all", "secret": SECRET},
    {"name": "named", "url": SITE + "/for-named", "secret": SECRET, "tenants": []},
    {"name": "failures", "url": SITE + "/", "secret": SECRET, "tenants": [],
     "events": ["response.failed"]},
], "allow_request_webhooks": True, "failed_request_ttl": 600}}
STACK = {"config": CONFIG, "supervisor": False, "children": 1}


def post(client, webhook, model="m", **fields):
    return client.post_create({"model": model, "input": "x", "background": True, **fields},
                              headers={NAME: webhook})


def about(stack, response_id):
    """What the index has of it behind times and state."""
    line = stack.redis.hget(stack.key(jobs_key("index:about")), response_id).decode()
    return line.split(" ", 3)[3].split("\x1f")


def refusal(reply):
    assert reply.status == 400, reply
    error = reply.error()
    assert (error["type"], error["param"]) == ("invalid_request_error", None)
    return error["code"], error["message"]


def told(stack, response_id):
    return {one.endpoint for one in held_deliveries(stack).values() if one.response == response_id}


def test_index_has_the_endpoint_that_was_named(stack, client):
    named = post(client, "named", model="some-model").json()["id"]
    unnamed = client.create("some-model")["id"]
    assert about(stack, named) == ["alice", "*", "some-model", "named", "1", "0"]
    assert about(stack, unnamed) == ["alice", "*", "some-model"]


def test_empty_header_names_none(stack, client):
    assert len(about(stack, post(client, "").json()["id"])) == 3


@pytest.mark.parametrize("name", ["nobody", "NAMED", "named,named", "https://evil.example/"])
def test_unknown_name_is_refused_and_no_other_is_told(stack, client, name):
    before = stack.everything_stored()
    code, message = refusal(post(client, name))
    assert code == "webhook_unknown" and f"'{name}'" in message
    assert not any(word in message for word in ("all", "failures", SITE))
    assert stack.everything_stored() == before


@pytest.mark.parametrize("fields", [{"background": False}, {"background": False, "stream": True}],
                         ids=["passed-through", "streamed"])
def test_name_is_refused_where_nothing_is_polled(stack, client, fields):
    code, message = refusal(post(client, "named", **fields))
    assert code == "webhook_not_possible" and "'named'" in message
    assert stack.upstream.requests("m") == []


def test_name_is_refused_where_requests_may_not_name_any(make_stack):
    stack = make_stack(merged(CONFIG, {"respool": {"allow_request_webhooks": None}}),
                       supervisor=False, children=1)
    code, message = refusal(post(stack.client, "named"))
    assert code == "webhook_not_allowed" and "'named'" in message
    assert stack.queued() == []


def test_named_endpoint_is_told_beside_those_that_are_told_anyway(stack, client):
    for webhook, expected in (("named", {"all", "named"}), ("failures", {"all"}), ("", {"all"})):
        response = post(client, webhook).json()["id"]
        client.cancel(response)
        assert told(stack, response) == expected, webhook


def test_model_is_found_and_paused_whatever_is_named(stack, client):
    operator = Operator(stack)
    named = post(client, "named", model="found").json()["id"]
    assert [row["id"] for row in operator.rows("--model", "found")] == [named]
    operator.run("pause", "found")
    late = post(client, "named", model="found").json()["id"]
    assert {named, late} <= set(parked(stack))
    operator.run("resume", "found")
    assert {named, late} <= set(stack.queued()) and parked(stack) == []


def test_another_try_names_it_too_and_the_provider_does_not_learn_of_it(make_stack):
    stack = make_stack(CONFIG)
    stack.upstream.script("m", json_error(400, {"error": {"message": "no"}}))
    for webhook, rest in (("named", ["named", "1", "0"]), ("", [])):
        response = post(stack.client, webhook).json()["id"]
        stack.client.wait_terminal(response)
        assert about(stack, Operator(stack).retry(response))[3:] == rest
    for sent in stack.upstream.requests("m"):
        assert "webhook" not in repr((sent.headers, sent.body)).lower()
