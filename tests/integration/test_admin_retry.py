"""Responses that administrators run again over HTTP."""

from admin import Admin
from admin_routes import STACK  # noqa: F401  (what the stack is)
from admin_routes import admin, growing  # noqa: F401  (fixtures)
from events import message_stream
from harness import BOB, output_text
from upstream import json_error


def failed(stack, model, key, then=message_stream(["better"])):
    stack.upstream.script(model, json_error(400, {"error": {"message": "no"}}), then)
    client = stack.client.with_key(key)
    response_id = client.create(model)["id"]
    assert client.wait_terminal(response_id)["status"] == "failed"
    return response_id


def test_retry_makes_a_new_response_of_the_same_tenant(stack, client, admin, model):
    response_id = failed(stack, model, BOB)
    assert admin.details(response_id)["can_retry"] is True
    reply = admin.retry(response_id)
    assert reply.status == 200 and reply.headers["openai-poll-after-ms"]
    new = reply.json()
    assert (new["status"], new["id"] != response_id) == ("queued", True)
    bob = client.with_key(BOB)
    assert output_text(bob.wait_terminal(new["id"])) == "better"
    assert bob.poll(response_id)["status"] == "failed"
    assert client.get_response(new["id"]).status == 404
    assert f"id={response_id} admin=ops" in stack.responder.stderr()


def test_retry_of_what_has_not_failed_is_409_that_says_so(stack, client, admin, growing, model):
    for response_id in (growing[0], client.create(model)["id"]):
        reply = admin.retry(response_id)
        assert (reply.status, reply.error()["code"]) == (409, "response_not_failed")


def test_retry_of_what_is_not_kept_is_409_that_says_how_to_keep_it(make_stack, model):
    stack = make_stack()
    reply = Admin(stack).retry(failed(stack, model, BOB))
    assert (reply.status, reply.error()["code"]) == (409, "request_not_kept")
    assert "respool.failed_request_ttl" in reply.error()["message"]


def test_retry_while_the_queue_is_full_is_refused_as_a_create_is(make_stack, model):
    stack = make_stack({"respool": {"failed_request_ttl": 600, "max_queue": 1}})
    admin = Admin(stack)
    response_id = failed(stack, model, BOB)
    assert admin.order("pause").status == 200
    stack.client.create(model)
    full = stack.client.post_create({"model": model, "input": "x", "background": True})
    reply = admin.retry(response_id)
    assert (reply.status, full.status) == (429, 429)
    assert reply.error() == full.error()
    assert admin.order("resume").status == 200
