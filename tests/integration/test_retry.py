"""What has failed is asked once more, as a new response, while its request is kept."""

import json

import pytest

from events import message_stream
from following import create_stream, events_after
from harness import BOB, SECRETS, output_text, request_key, response_key, wait_until
from store_operator import StoreOperator
from upstream import json_error

TTL = 600
STACK = {"config": {"respool": {"failed_request_ttl": TTL}}}
SECRET = "a word that nobody else says"
REFUSAL = json_error(400, {"message": "not today"})
TOOL = {"type": "function", "name": "f", "description": None, "parameters": {"type": "object"},
        "strict": True}
MEMBERS = {
    "instructions": "Be \"brief\"", "metadata": {"a": "b"}, "temperature": 0.25, "tools": [TOOL],
    "tool_choice": "auto", "user": "u", "reasoning": {"effort": "low"}, "truncation": "auto",
    "max_output_tokens": 99, "num_retries": 0, "something_new": {"x": [1, 2.50]}}
SECRET_TOOL_INPUT = [{"type": "mcp_list_tools", "id": "m", "server_label": "s", "tools": [],
                      "authorization": "secret"}, {"type": "message", "role": "user",
                                                   "content": "Hi"}]


@pytest.fixture
def operator(stack):
    operator = StoreOperator(stack)
    yield operator
    operator.close()


def failed(stack, model, client=None, **fields):
    """A response that the provider has refused, and will not refuse again: as it was created."""
    client = client or stack.client
    stack.upstream.script(model, REFUSAL, message_stream(["Hello"]))
    created = client.create(model, **fields)
    final = client.wait_terminal(created["id"])
    assert final["status"] == "failed", final
    return created


def retry(operator, response_id):
    """What became of it, and the new object if there is one."""
    outcome, _, object = operator.text("retry", response_id).partition(" ")
    return outcome, json.loads(object) if object else None


def retried(operator, response_id):
    outcome, object = retry(operator, response_id)
    assert outcome == "done"
    return object


def without(object, *names):
    return {name: value for name, value in object.items() if name not in names}


@pytest.mark.parametrize("fields", [
    {}, MEMBERS, {"store": False}, {"input": SECRET_TOOL_INPUT},
    {"input": [{"type": "message", "role": "user", "content": "Hi"}], "previous_response_id": None},
], ids=["plain", "members", "unstored", "credentials", "items"])
def test_the_provider_is_asked_the_same_and_a_new_response_answers(stack, operator, model, fields):
    first = failed(stack, model, **fields)
    second = retried(operator, first["id"])
    assert without(second, "id", "created_at") == without(first, "id", "created_at")
    assert second["id"] != first["id"]
    assert output_text(stack.client.wait_terminal(second["id"])) == "Hello"
    assert stack.client.poll(first["id"])["status"] == "failed"
    asked = stack.upstream.requests(model)
    assert asked[0].body == asked[1].body


def test_what_it_continued_is_continued_again(stack, operator, model):
    stack.upstream.script(f"{model}-before", message_stream(["one"]))
    before = stack.client.create(f"{model}-before", "first")
    stack.client.wait_terminal(before["id"])
    first = failed(stack, model, input="second", previous_response_id=before["id"])
    stack.client.delete(before["id"])
    second = retried(operator, first["id"])
    assert second["previous_response_id"] == before["id"]
    stack.client.wait_terminal(second["id"])
    asked = stack.upstream.requests(model)
    assert asked[0].body == asked[1].body
    assert b"first" in asked[1].body and b"one" in asked[1].body
    [item] = stack.client.input_items(second["id"]).json()["data"]
    assert item["content"][0]["text"] == "second"


def test_one_that_was_streamed_is_streamed_again(stack, operator, model):
    stack.upstream.script(model, REFUSAL, message_stream(["Hello"]))
    follower, response_id = create_stream(stack.client, model)
    with follower:
        assert follower.rest()[-1].type == "response.failed"
    second = retried(operator, response_id)
    events = events_after(stack.client, second["id"])
    assert [event.number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert events[0].data["response"] == second
    assert events[-1].data["response"] == stack.client.poll(second["id"])


def test_it_stays_the_tenant_s(stack, operator, model):
    bob = stack.client.with_key(BOB)
    first = failed(stack, model, client=bob)
    second = retried(operator, first["id"])
    assert bob.wait_terminal(second["id"])["status"] == "completed"
    assert stack.client.get_response(second["id"]).status == 404


def test_what_has_not_failed_and_what_is_not_kept_is_not_tried_again(stack, operator, model):
    first = failed(stack, model)
    second = retried(operator, first["id"])
    stack.client.wait_terminal(second["id"])
    assert retry(operator, second["id"]) == ("not_failed", None)
    assert not stack.redis.exists(request_key(second["id"]))
    assert operator.json("show", first["id"])["can_retry"]
    stack.redis.delete(request_key(first["id"]))
    assert not operator.json("show", first["id"])["can_retry"]
    assert retry(operator, first["id"]) == ("not_kept", None)
    assert stack.client.delete(first["id"]).status == 200
    assert operator.ask("retry", first["id"]) == ("not_found", "")


def test_no_request_is_kept_by_default(make_stack, model):
    stack = make_stack()
    first = failed(stack, model)
    assert not stack.redis.exists(request_key(first["id"]))


@pytest.mark.parametrize("end", ["delete", "expire"])
def test_a_request_is_kept_no_longer_than_it_is_to(stack, operator, model, end):
    first = failed(stack, model, input=SECRET, instructions=SECRET)["id"]
    key = request_key(first)
    assert 0 < stack.redis.ttl(key) <= TTL < stack.redis.ttl(response_key(first))
    everything = stack.everything_stored()
    assert not [secret for secret in SECRETS if secret.encode() in everything]
    if end == "expire":
        stack.redis.pexpire(key, 1)
        wait_until(lambda: not stack.redis.exists(key), 5, "the key to be gone")
        assert retry(operator, first) == ("not_kept", None)
    assert stack.client.delete(first).status == 200
    assert SECRET.encode() not in stack.everything_stored()


def test_one_that_is_not_stored_keeps_its_request_no_longer_than_itself(make_stack, model):
    stack = make_stack({"respool": {"failed_request_ttl": TTL, "unstored_ttl": 60}})
    first = failed(stack, model, store=False)
    assert 0 < stack.redis.ttl(request_key(first["id"])) <= 60


def test_there_has_to_be_room_in_the_queue(make_stack, model):
    stack = make_stack({"respool": {"failed_request_ttl": TTL, "max_queue": 1}})
    first = failed(stack, model)
    stack.stop(stack.supervisor)
    stack.client.create(model)
    operator = StoreOperator(stack)
    assert operator.ask("retry", first["id"])[0] == "queue_full"
    operator.close()
