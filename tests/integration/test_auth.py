"""Who may ask: Bearer keys, the api-key header, anonymous clients."""

import pytest

from events import message_stream
from harness import ALICE, BOB, MASTER_KEY, UNKNOWN_ID, output_text

STACK = {"supervisor": False}


def all_routes(client):
    body = {"model": "m", "input": "x", "background": True}
    return [client.post_create(body), client.get_response(UNKNOWN_ID), client.cancel(UNKNOWN_ID),
            client.delete(UNKNOWN_ID), client.input_items(UNKNOWN_ID)]


def test_no_key_is_401_everywhere(client, stack):
    for reply in all_routes(client.with_key(None)):
        assert reply.status == 401, reply
        assert reply.error()["type"] == "authentication_error"
        assert reply.headers["www-authenticate"].startswith("Bearer")
    assert stack.response_keys() == []


@pytest.mark.parametrize("key", ["wrong", ALICE[:-1], ALICE + "x", ALICE.upper(), "", "alice",
                                 f"{ALICE} {ALICE}", "\xff\xfe", "x" * 4000])
def test_wrong_key_is_401_and_not_repeated(client, key):
    for reply in all_routes(client.with_key(key)):
        assert reply.status == 401, reply
        message = reply.error()["message"]
        assert len(key) < 6 or key not in message


@pytest.mark.parametrize("value", [
    f"Basic {ALICE}", ALICE, "Bearer", "Bearer ", f"Bearer{ALICE}", f"Token {ALICE}", "",
])
def test_wrong_form_of_authorization_is_401(client, value):
    reply = client.get_response(UNKNOWN_ID, headers={"Authorization": value})
    assert reply.status == 401
    reply.error()


@pytest.mark.parametrize("value", [f"Bearer {ALICE}", f"bearer {ALICE}", f"BEARER  {ALICE}"])
def test_bearer_key_is_taken_in_any_case_of_the_scheme(client, value):
    assert client.get_response(UNKNOWN_ID, headers={"Authorization": value}).status == 404


@pytest.mark.parametrize("key", [ALICE, BOB, MASTER_KEY])
def test_each_configured_key_is_taken(client, key):
    assert client.with_key(key).get_response(UNKNOWN_ID).status == 404


def test_api_key_header_is_taken(client):
    anonymous = client.with_key(None)
    created = anonymous.post_create({"model": "m", "input": "x", "background": True},
                                    headers={"api-key": ALICE})
    assert created.status == 200
    response_id = created.json()["id"]
    assert anonymous.get_response(response_id, headers={"api-key": ALICE}).status == 200
    assert anonymous.get_response(response_id, headers={"api-key": BOB}).status == 404
    assert anonymous.get_response(response_id, headers={"api-key": "wrong"}).status == 401
    assert client.get_response(response_id).status == 200


def test_error_of_a_wrong_key_is_the_same_for_existing_responses(client):
    response_id = client.create("m")["id"]
    wrong = client.with_key("wrong")
    assert wrong.get_response(response_id).json() == wrong.get_response(UNKNOWN_ID).json()


def test_health_needs_no_key(client):
    for path in ("/health/liveliness", "/health/readiness"):
        assert client.with_key(None).get(path).status == 200


def test_anonymous_clients_are_served_where_allowed(make_stack, model):
    stack = make_stack({"respool": {"allow_anonymous": True}})
    stack.upstream.script(model, message_stream(["x"]))
    anonymous = stack.client.with_key(None)
    response_id = anonymous.create(model)["id"]
    assert output_text(anonymous.wait_terminal(response_id)) == "x"
    assert stack.client.get_response(response_id).status == 404
    assert anonymous.delete(response_id).status == 200


def test_anonymous_clients_do_not_see_what_keys_made(make_stack, model):
    stack = make_stack({"respool": {"allow_anonymous": True}}, supervisor=False)
    response_id = stack.client.create(model)["id"]
    anonymous = stack.client.with_key(None)
    for reply in (anonymous.get_response(response_id), anonymous.cancel(response_id),
                  anonymous.delete(response_id), anonymous.input_items(response_id)):
        assert reply.status == 404


def test_wrong_key_is_401_although_anonymous_clients_are_served(make_stack):
    stack = make_stack({"respool": {"allow_anonymous": True}}, supervisor=False)
    assert stack.client.with_key("wrong").get_response(UNKNOWN_ID).status == 401


def test_without_keys_and_anonymous_clients_everything_is_401_or_refused(make_stack):
    """Nobody configured may come in: never a silent default that lets everybody."""
    stack = make_stack({"respool": {"api_keys": None, "allow_anonymous": False}},
                       supervisor=False)
    for key in (None, "", ALICE):
        assert stack.client.with_key(key).get_response(UNKNOWN_ID).status == 401
    assert stack.client.with_key(MASTER_KEY).get_response(UNKNOWN_ID).status == 404
