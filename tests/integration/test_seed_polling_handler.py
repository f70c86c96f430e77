"""State, TTL, cancel and delete through HTTP and Redis.

The functions are named after the tests of the polling handler that respool re-creates, so that
tests/seed-parity.md can match them.
"""

import json
import time

import pytest

from events import completed, delta, message_item, opening, text_part
from harness import TERMINAL, UNKNOWN_ID, output_text, response_key, wait_until
from upstream import Cut, Feed

STACK = {"config": {"litellm_settings": {"responses": {"background_mode": {"ttl": 7200}}}}}


@pytest.fixture
def fed(stack, model):
    """A running response: its id and the feed of its stream."""
    feed = Feed()
    stack.upstream.script(model, [feed], [{"type": "response.in_progress"}, b"data: [DONE]\n\n"])
    response_id = stack.client.create(model, metadata={"test": "value"})["id"]
    yield response_id, feed
    feed.finish()
    stack.client.wait_terminal(response_id)


@pytest.fixture
def without_redis(make_stack):
    return make_stack({"litellm_settings": {"cache": False}, "respool": {"max_passthrough": 0}},
                      supervisor=False)


def stored(stack, response_id):
    return json.loads(stack.stored(response_id))


def test_create_initial_state_returns_queued_status(client):
    created = client.create("gpt-4o", "Hello", metadata={"test": "value"})
    assert created["object"] == "response"
    assert created["status"] == "queued"
    assert created["output"] == []
    assert created["usage"] is None
    assert created["metadata"] == {"test": "value"}


def test_create_initial_state_stores_in_redis(make_stack):
    stack = make_stack(STACK["config"], supervisor=False)
    response_id = stack.client.create("gpt-4o")["id"]
    key = f"litellm:polling:response:{response_id}"
    assert stack.response_keys() == [key.encode()]
    assert 7190 <= stack.redis.ttl(key) <= 7200
    object = stored(stack, response_id)
    assert (object["id"], object["status"]) == (response_id, "queued")


def test_create_initial_state_sets_created_at_timestamp(client):
    before = int(time.time())
    created = client.create("gpt-4o")
    assert before <= created["created_at"] <= int(time.time())


def test_create_initial_state_with_empty_metadata(client):
    assert client.create("gpt-4o")["metadata"] == {}


def test_update_state_changes_status_to_in_progress(client, stack, fed):
    response_id, feed = fed
    feed.send({"type": "response.in_progress"})
    client.wait_status(response_id, "in_progress")
    assert stored(stack, response_id)["status"] == "in_progress"


def test_update_state_replaces_full_output_list(client, stack, fed):
    response_id, feed = fed
    feed.send(*opening("item_1", 0), delta("draft", "item_1"))
    client.wait_for(response_id, lambda o: output_text(o) == "draft", "the draft")
    output = [message_item("item_1", "completed", [text_part("Hello")]),
              message_item("item_2", "completed", [text_part("World")])]
    feed.send(completed(output))
    client.wait_terminal(response_id)
    assert stored(stack, response_id)["output"] == output


def test_update_state_with_usage(client, stack, fed):
    response_id, feed = fed
    usage = {"input_tokens": 10, "output_tokens": 50, "total_tokens": 60}
    feed.send(completed() | {"response": {"status": "completed", "usage": usage}})
    client.wait_status(response_id, "completed")
    assert stored(stack, response_id)["usage"] == usage


def test_update_state_with_reasoning_tools_tool_choice(client, stack, fed):
    response_id, feed = fed
    fields = {
        "reasoning": {"effort": "medium", "summary": "Step by step analysis"},
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]}
    feed.send(completed(**fields))
    client.wait_status(response_id, "completed")
    object = stored(stack, response_id)
    assert {name: object[name] for name in fields} == fields


def test_update_state_with_all_responses_api_fields(client, stack, fed):
    response_id, feed = fed
    fields = {
        "usage": {"input_tokens": 10, "output_tokens": 50, "total_tokens": 60},
        "reasoning": {"effort": "medium"}, "tool_choice": {"type": "auto"},
        "tools": [{"type": "function", "function": {"name": "test"}}], "model": "gpt-4o",
        "instructions": "You are a careful assistant", "temperature": 0.7, "top_p": 0.9,
        "max_output_tokens": 1000, "previous_response_id": "resp_prev_123",
        "text": {"format": {"type": "text"}}, "truncation": "auto", "parallel_tool_calls": True,
        "user": "user_123", "store": True, "incomplete_details": {"reason": "max_output_tokens"}}
    feed.send(completed(**fields))
    client.wait_status(response_id, "completed")
    object = stored(stack, response_id)
    assert {name: object[name] for name in fields} == fields


def test_update_state_preserves_existing_fields(client, stack, fed):
    response_id, feed = fed
    feed.send({"type": "response.created", "response": {"model": "gpt-4o", "temperature": 0.5}},
              {"type": "response.output_item.added", "output_index": 0,
               "item": message_item("item_1")},
              {"type": "response.completed", "response": {"status": "completed"}})
    client.wait_status(response_id, "completed")
    object = stored(stack, response_id)
    assert (object["model"], object["temperature"]) == ("gpt-4o", 0.5)
    assert object["metadata"] == {"test": "value"}
    assert object["output"] == [message_item("item_1")]


def test_update_state_with_error_sets_failed_status(client, stack, fed):
    response_id, feed = fed
    error = {"type": "internal_error", "message": "Something went wrong", "code": "server_error"}
    feed.send({"type": "response.failed", "response": {"error": error}})
    client.wait_status(response_id, "failed")
    assert stored(stack, response_id)["error"] == error


def test_update_state_with_error_event_sets_failed_status(client, stack, fed):
    """The same for an error that comes without a status."""
    response_id, feed = fed
    feed.send({"type": "error", "message": "Something went wrong", "code": "server_error"})
    feed.end()
    client.wait_status(response_id, "failed")
    error = stored(stack, response_id)["error"]
    assert (error["message"], error["code"]) == ("Something went wrong", "server_error")


def test_update_state_with_incomplete_details(client, stack, fed):
    response_id, feed = fed
    feed.send({"type": "response.incomplete", "response": {
        "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}})
    client.wait_status(response_id, "incomplete")
    assert stored(stack, response_id)["incomplete_details"] == {"reason": "max_output_tokens"}


def test_update_state_does_nothing_without_redis(make_stack, model):
    """A worker that loses Redis amid a stream neither crashes nor gives up its place."""
    stack = make_stack()
    feed = Feed()
    stack.upstream.script(model, [feed])
    stack.client.create(model)
    feed.send(*opening(), delta("a"))
    stack.upstream.wait_request(model)
    stack.stop(stack.redis_program)
    worker = stack.supervisor.children()
    feed.send(delta("b"), completed())
    feed.end()
    stack.upstream.requests(model)[0].answered.wait(5)
    assert stack.supervisor.alive()
    assert stack.supervisor.children() == worker


def test_update_state_handles_missing_cached_state(client, stack, model):
    """Events for a response that is gone change nothing and bring nothing back."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening(), delta("a"))
    client.wait_for(response_id, lambda o: output_text(o) == "a", "a")
    stack.redis.delete(response_key(response_id))
    feed.send(delta("b"), completed())
    feed.end()
    stack.wait_idle()
    assert stack.stored(response_id) is None


def test_update_state_with_none_output_clears_output(client, stack, model):
    """A second attempt begins with an empty output."""
    second = Feed()
    stack.upstream.script(model, [*opening("item_1"), delta("first", "item_1"), Cut()], [second])
    response_id = client.create(model)["id"]
    stack.upstream.wait_request(model, 2)
    client.wait_for(response_id, lambda o: o["output"] == [], "the output to be empty")
    assert stored(stack, response_id)["output"] == []
    second.end()
    assert client.wait_terminal(response_id)["output"] == []


def test_get_state_returns_cached_state(client, stack):
    response_id = "litellm_poll_test"
    object = {"id": response_id, "object": "response", "status": "in_progress",
              "output": [{"id": "item_1", "type": "message"}], "created_at": 1234567890,
              "usage": {"input_tokens": 10, "output_tokens": 20}}
    stack.redis.set(response_key(response_id), json.dumps(json.dumps(object)), ex=60)
    assert client.poll(response_id) == object
    stack.redis.delete(response_key(response_id))


def test_get_state_returns_none_for_missing_state(client):
    assert client.get_response("litellm_poll_nonexistent").status == 404


def test_get_state_returns_none_without_redis(without_redis):
    reply = without_redis.client.get_response(UNKNOWN_ID)
    assert reply.status in (404, 503)
    assert reply.error()


def test_polling_disabled_when_redis_not_configured_through_http(without_redis):
    reply = without_redis.client.post_create({"model": "m", "input": "x", "background": True})
    assert reply.status == 501
    assert reply.error()


def test_cancel_polling_updates_status_to_cancelled(client, stack, fed):
    response_id, feed = fed
    feed.send({"type": "response.in_progress"})
    client.wait_status(response_id, "in_progress")
    reply = client.cancel(response_id)
    assert reply.status == 200
    assert stored(stack, response_id)["status"] == "cancelled"


def test_delete_polling_removes_from_cache(client, stack):
    response_id = client.create("gpt-4o")["id"]
    client.wait_terminal(response_id)
    reply = client.delete(response_id)
    assert (reply.status, reply.json()["deleted"]) == (200, True)
    assert not stack.redis.exists(f"litellm:polling:response:{response_id}")


def test_delete_polling_returns_false_without_redis(without_redis):
    reply = without_redis.client.delete(UNKNOWN_ID)
    assert reply.status in (404, 503)
    assert reply.error()


def test_default_ttl_is_one_hour(make_stack):
    stack = make_stack(supervisor=False)
    response_id = stack.client.create("gpt-4o")["id"]
    assert 3590 <= stack.redis.ttl(response_key(response_id)) <= 3600


def test_custom_ttl_is_respected(client, stack, fed):
    response_id, _ = fed
    assert 7190 <= stack.redis.ttl(response_key(response_id)) <= 7200


def test_update_state_uses_configured_ttl(client, stack, fed):
    response_id, feed = fed
    client.wait_status(response_id, "in_progress")
    stack.redis.expire(response_key(response_id), 50)
    feed.send(*opening(), delta("text"))
    client.wait_for(response_id, lambda o: output_text(o) == "text", "text")
    assert 7190 <= stack.redis.ttl(response_key(response_id)) <= 7200


def test_150ms_batch_interval_constant(make_stack, model):
    """By default text that is not the first waits for others for some 150 ms, not for longer."""
    stack = make_stack({"respool": {"flush_interval_ms": None}})
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = stack.client.create(model)["id"]
    feed.send(*opening(), delta("a"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "a", "a")
    stack.redis.config_resetstat()
    begun = time.monotonic()
    count = 0
    while time.monotonic() - begun < 1.5:
        feed.send(delta("b"))
        count += 1
        time.sleep(0.01)
    writes = stack.redis.info("commandstats").get("cmdstat_setrange", {"calls": 0})["calls"]
    text = "a" + "b" * count
    stack.client.wait_for(response_id, lambda o: output_text(o) == text, "all of it", timeout=2)
    feed.send(completed())
    feed.end()
    stack.client.wait_terminal(response_id)
    assert 1 <= writes <= 14, f"{writes} writes in 1.5 s"


def test_background_streaming_task_can_be_imported(make_stack):
    """There is a supervisor, and it runs."""
    stack = make_stack(responder=False, web=False)
    wait_until(stack.supervisor.children, 5, "a worker")


def test_background_streaming_task_is_async(client, stack, model):
    """Create answers before the provider does, and polls are answered while it streams."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    stack.upstream.wait_request(model)
    assert client.poll(response_id)["status"] not in TERMINAL
    feed.send({"type": "response.in_progress"})
    feed.finish()
    client.wait_terminal(response_id)
