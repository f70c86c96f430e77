"""What a provider can make a worker tell the readers of a streamed response has its bounds."""

from events import Stream, completed, message_item, text_part
from following import Follower, created_stream
from harness import PROVIDER_KEY, events_key, job_key, output_text, wait_until
from upstream import Endless, event_bytes, json_error

LIMIT = 100_000
STACK = {
    "config": {"respool": {"max_response_bytes": LIMIT, "stream_interval_ms": 10}},
    "children": 4,
}
SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "in_progress"}


def searching(padding=""):
    return {"type": "response.web_search_call.searching", "item_id": "ws_1", "output_index": 0,
            "padding": padding}


def followed(client, model):
    body = {"model": model, "input": "x", "background": True, "stream": True}
    with Follower(client, body=body) as follower:
        events = follower.accepted().rest()
    return events, sum(len(event.text) for event in events)


def test_progress_of_tools_without_end_is_an_answer_that_is_too_large(client, stack, model):
    begun = Stream().begin().item_added(SEARCH).events
    stack.upstream.script(model, [*begun, Endless(event_bytes(searching("x" * 1000)), 1)])
    events, size = followed(client, model)
    assert events[-1].type == "response.failed"
    assert events[-1].data["response"]["error"]["code"] == "response_too_large"
    assert events[-2].type == "response.output_item.done"
    assert size < LIMIT + 10_000
    assert stack.upstream.wait_request(model).peer_closed.wait(5)


def test_events_that_are_longer_than_a_string_in_redis_are_stored_in_several_writes(make_stack):
    """A text stands in four of its events, and in the object."""
    stack = make_stack()
    text = "x" * 12_000_000
    stack.redis.config_set("proto-max-bulk-len", 32_000_000)
    stack.upstream.script("m", json_error(200, {
        "id": "resp_1", "object": "response", "status": "completed",
        "output": [message_item("msg_1", "completed", [text_part(text)])]}))
    response_id = created_stream(stack.client, "m")
    wait_until(lambda: stack.redis.hget(job_key(response_id), "state") == b"completed", 20)
    stored = stack.redis.lrange(events_key(response_id), 0, -1)
    assert [len(event) > len(text) for event in stored] == [False] * 4 + [True] * 4
    assert output_text(stack.client.get_response(response_id).json()) == text


def test_keys_in_the_progress_of_tools_are_not_told(client, stack, model):
    stack.upstream.script(model, [
        *Stream().begin().item_added(SEARCH).events, searching(f"it is {PROVIDER_KEY}!"),
        {"type": "response.output_item.done", "output_index": 0,
         "item": {**SEARCH, "status": "completed"}}, completed()])
    events, _ = followed(client, model)
    told = next(event for event in events if event.type.endswith(".searching"))
    assert told.data["padding"].startswith("it is ")
    assert all(PROVIDER_KEY.encode() not in event.text for event in events)
