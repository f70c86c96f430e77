"""Whose key opens what: administrators' routes, clients' ones, and the same path for both."""

import hashlib

import pytest

from admin import Admin
from harness import ADMIN, ALICE, BOB, MASTER_KEY, UNKNOWN_ID

STACK = {"supervisor": False}
ROUTES = [
    ("GET", "/respool/v1/status"), ("GET", "/respool/v1/responses"),
    ("GET", f"/respool/v1/responses/{UNKNOWN_ID}"),
    ("GET", f"/respool/v1/responses/{UNKNOWN_ID}/details"),
    ("POST", f"/respool/v1/responses/{UNKNOWN_ID}/cancel"),
    ("POST", f"/respool/v1/responses/{UNKNOWN_ID}/retry"),
    ("GET", "/respool/v1/usage"),
    ("GET", "/respool/v1/workers"), ("POST", "/respool/v1/workers/w/drain"),
    ("GET", "/respool/v1/webhooks"), ("POST", "/respool/v1/webhooks/w/retry"),
    ("POST", "/respool/v1/pause"), ("POST", "/respool/v1/resume"), ("GET", "/metrics"),
]


def hash_of(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


@pytest.mark.parametrize("method, path", ROUTES)
def test_administrators_routes_are_theirs_alone(client, method, path):
    for key, status, code in ((None, 401, None), ("sk-guess", 401, "invalid_api_key"),
                              (ALICE, 403, "admin_key_required"),
                              (MASTER_KEY, 403, "admin_key_required")):
        reply = client.with_key(key).request(method, path)
        assert (reply.status, reply.error()["code"]) == (status, code)
        if status == 403:
            assert "respool.admin_keys" in reply.error()["message"]
            assert key not in reply.error()["message"]
        else:
            assert reply.headers["www-authenticate"].startswith("Bearer")
    assert client.with_key(ADMIN).request(method, path).status not in (401, 403)


def test_anonymous_clients_are_no_administrators(make_stack):
    stack = make_stack({"respool": {"allow_anonymous": True}}, supervisor=False)
    anonymous = stack.client.with_key(None)
    for method, path in ROUTES:
        assert anonymous.request(method, path).status == 401


def test_without_administrators_it_is_said_which_key_is_missing(make_stack):
    stack = make_stack({"respool": {"admin_keys": None}}, supervisor=False)
    for key, status in ((None, 401), ("sk-guess", 401), (ALICE, 403)):
        reply = stack.client.with_key(key).get("/respool/v1/status")
        assert reply.status == status
        assert "is configured: respool.admin_keys" in reply.error()["message"]


def test_administrator_s_key_is_unknown_where_clients_ask(client):
    body = {"model": "m", "input": "x", "background": True}
    wrong = client.with_key("sk-guess").post_create(body)
    for reply in (client.with_key(ADMIN).post_create(body),
                  client.with_key(ADMIN).get_response(UNKNOWN_ID)):
        assert reply.status == 401
        assert reply.error() == wrong.error()


def test_one_key_may_be_both(make_stack):
    stack = make_stack({"respool": {"admin_keys": [{"name": "alice", "key": ALICE}]}},
                       supervisor=False)
    assert stack.client.get_response(UNKNOWN_ID).status == 404
    assert stack.client.get("/respool/v1/pause").status == 405


def test_keys_are_known_by_their_hashes(make_stack):
    stack = make_stack({"respool": {
        "api_keys": [{"name": "alice", "key_hash": hash_of(ALICE)}, {"name": "bob", "key": BOB}],
        "admin_keys": [{"name": "ops", "key_hash": hash_of(ADMIN).upper().replace("SHA", "sha")}],
    }}, supervisor=False)
    response_id = stack.client.create("m")["id"]
    assert stack.client.get_response(response_id).status == 200
    for key in (hash_of(ALICE), hash_of(ALICE).removeprefix("sha256:"), ""):
        assert stack.client.with_key(key).get_response(response_id).status == 401
    assert stack.client.with_key(BOB).get_response(response_id).status == 404
    assert Admin(stack).get("/respool/v1/pause").status == 405
    assert stack.client.get("/respool/v1/pause").status == 403


def test_what_clients_alone_have_is_theirs_also_below_respool(client):
    mounted = client.with_prefix("/respool/v1")
    response_id = mounted.create("m")["id"]
    assert mounted.input_items(response_id).status == 200
    assert mounted.request("GET", "/respool/v1/models").status == 200
    assert mounted.with_key(ADMIN).delete(response_id).status == 401
    assert mounted.delete(response_id).status == 200


def test_poll_below_respool_is_the_administrators_and_clients_are_told_where_theirs_is(client):
    response_id = client.create("m")["id"]
    reply = client.with_prefix("/respool/v1").get_response(response_id)
    assert reply.status == 403
    assert 'no "respool" before "/v1"' in reply.error()["message"]
    assert client.with_prefix("/respool").get_response(response_id).status == 200
    assert client.with_prefix("/respool/openai/v1").get_response(response_id).status == 200


def test_method_that_no_route_has_is_told_to_those_who_may_ask(client):
    path = f"/respool/v1/responses/{UNKNOWN_ID}/details"
    assert client.request("DELETE", path).status == 403
    reply = client.with_key(ADMIN).request("DELETE", path)
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD"
