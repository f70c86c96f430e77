"""What administrators get of one response over HTTP, whoever's it is."""

import json

import pytest

from admin_routes import STACK  # noqa: F401  (what the stack is)
from admin_routes import admin, growing  # noqa: F401  (fixtures)
from events import message_stream
from harness import ADMIN, BOB, MASTER_KEY, UNKNOWN_ID, output_text, response_key


def test_anybody_s_response_is_polled_as_its_owner_polls_it(stack, client, admin, model):
    stack.upstream.script(model, *[message_stream(["text"])] * 3)
    for key in (BOB, MASTER_KEY, None):
        owner = client.with_key(key)
        response_id = owner.create(model)["id"]
        owner.wait_terminal(response_id)
        own, theirs = owner.get_response(response_id), admin.get_response(response_id)
        assert own.body == theirs.body
        for name in ("etag", "cache-control", "content-type"):
            assert own.headers[name] == theirs.headers[name]
        same = {"If-None-Match": own.headers["etag"]}
        assert admin.get_response(response_id, headers=same).status == 304


def test_growing_response_says_when_to_ask_again(admin, growing):
    reply = admin.get_response(growing[0])
    assert output_text(reply.json()) == "begun"
    assert reply.headers["openai-poll-after-ms"]


def test_head_has_no_body(admin, growing):
    reply = admin.request("HEAD", f"/respool/v1/responses/{growing[0]}")
    assert (reply.status, reply.body) == (200, b"")
    assert admin.request("HEAD", "/respool/v1/status").body == b""


def test_streamed_response_is_followed(stack, admin, client, model):
    stack.upstream.script(model, message_stream(["a", "b"]))
    response_id = client.create(model, stream=False)["id"]
    refused = admin.get(f"/respool/v1/responses/{response_id}?stream=true")
    assert (refused.status, refused.error()["param"]) == (400, "stream")
    stack.upstream.script(model, message_stream(["a", "b"]))
    created = client.post_create({"model": model, "input": "x", "background": True, "stream": True})
    response_id = json.loads(created.body.split(b"data: ")[1].split(b"\n")[0])["response"]["id"]
    own = client.get(f"/v1/responses/{response_id}?stream=true&starting_after=1")
    theirs = admin.get(f"/respool/v1/responses/{response_id}?stream=true&starting_after=1")
    assert theirs.headers["content-type"].startswith("text/event-stream")
    assert own.body == theirs.body and b"response.completed" in theirs.body


@pytest.mark.parametrize("method, end", [
    ("GET", ""), ("GET", "/details"), ("POST", "/cancel"), ("POST", "/retry")])
def test_what_is_not_stored_here_is_404_and_no_provider_is_asked(stack, admin, method, end):
    before = len(stack.upstream.exchanges)
    for response_id in (UNKNOWN_ID, "resp_of_a_provider", "x" * 300, "*"):
        reply = admin.request(method, f"/respool/v1/responses/{response_id}{end}")
        assert (reply.status, reply.error()["code"]) == (404, "response_not_found"), response_id
    assert len(stack.upstream.exchanges) == before


def test_other_program_s_response_is_polled_and_cancelled(stack, admin):
    response_id = "litellm_poll_11111111-1111-4111-8111-111111111111"
    stored = {"id": response_id, "object": "response", "status": "in_progress", "output": []}
    stack.redis.set(response_key(response_id), json.dumps(json.dumps(stored)), 600)
    assert admin.get_response(response_id).json() == stored
    assert admin.details(response_id)["response"] == stored
    assert admin.retry(response_id).status == 409
    assert admin.cancel(response_id).json() == {**stored, "status": "cancelled"}


def test_details_tell_what_a_poll_does_not(stack, admin, growing):
    response_id, _ = growing
    detail = admin.details(response_id)
    assert detail["id"] == detail["response"]["id"] == response_id
    assert detail["tenant"] == "alice" and detail["status"] == "in_progress"
    assert detail["owner"] in [worker["worker"] for worker in admin.workers()]
    assert detail["can_retry"] is False and detail["streamed"] is False
    assert detail["waited_seconds"] >= 0 and detail["history"] == []


def test_cancel_ends_anybody_s_response_and_the_log_says_who_did(stack, client, admin, growing):
    response_id, _ = growing
    reply = admin.cancel(response_id)
    assert (reply.status, reply.json()["status"]) == (200, "cancelled")
    assert client.poll(response_id) == reply.json()
    assert f": cancel_ordered id={response_id} admin=ops" in stack.responder.stderr()
    assert ADMIN not in stack.responder.stderr()
