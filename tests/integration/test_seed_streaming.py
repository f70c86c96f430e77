"""Events of a stream, seen through polls; named like test_seed_polling_handler.py."""

import os

import pytest

from events import completed, delta, message_item, opening, text_part
from harness import BUILD, output_text
from upstream import Feed, event_bytes


@pytest.fixture
def fed(stack, model):
    """A running response: its id and the feed of its stream."""
    feed = Feed()
    stack.upstream.script(model, [feed], [{"type": "response.in_progress"}, b"data: [DONE]\n\n"])
    response_id = stack.client.create(model)["id"]
    yield response_id, feed
    feed.finish()
    stack.client.wait_terminal(response_id)


def test_accumulated_text_structure(client, fed):
    """Text gathers for each item and part on its own."""
    response_id, feed = fed
    feed.send(*opening("item_123"))
    feed.send({"type": "response.content_part.added", "item_id": "item_123", "output_index": 0,
               "content_index": 1, "part": text_part()})
    feed.send(delta("Hello ", "item_123"), delta("World", "item_123"))
    object = client.wait_for(response_id, lambda o: output_text(o) == "Hello World", "the text")
    assert [part["text"] for part in object["output"][0]["content"]] == ["Hello World", ""]


def test_output_items_tracking_structure(client, fed):
    response_id, feed = fed
    items = [{"id": "item_1", "type": "message", "content": []},
             {"id": "item_2", "type": "function_call", "name": "get_weather"}]
    for index, item in enumerate(items):
        feed.send({"type": "response.output_item.added", "output_index": index, "item": item})
    object = client.wait_for(response_id, lambda o: len(o["output"]) == 2, "two items")
    assert object["output"] == items


def test_parse_response_output_item_added_event(client, fed):
    response_id, feed = fed
    feed.send({"type": "response.output_item.added", "item": {
        "id": "item_123", "type": "message", "role": "assistant", "content": []}})
    object = client.wait_for(response_id, lambda o: o["output"], "the item")
    assert object["output"] == [
        {"id": "item_123", "type": "message", "role": "assistant", "content": []}]


def test_parse_response_output_text_delta_event(client, fed):
    """Also when the event says no more than item, part and text, and the part was in the item."""
    response_id, feed = fed
    feed.send({"type": "response.output_item.added", "item": {
        "id": "item_123", "type": "message", "content": [{"type": "text", "text": ""}]}})
    for text in ("Hello ", "World!"):
        feed.send({"type": "response.output_text.delta", "item_id": "item_123",
                   "content_index": 0, "delta": text})
    client.wait_for(response_id, lambda o: output_text(o) == "Hello World!", "the text")


def test_parse_response_output_text_delta_event_without_content_index(client, fed):
    """The first part is meant."""
    response_id, feed = fed
    feed.send(*opening("item_123"))
    feed.send({"type": "response.output_text.delta", "item_id": "item_123", "delta": "Hi"})
    client.wait_for(response_id, lambda o: output_text(o) == "Hi", "the text")


def test_parse_response_completed_event(client, fed):
    response_id, feed = fed
    fields = {"usage": {"input_tokens": 10, "output_tokens": 50},
              "reasoning": {"effort": "medium"}, "tool_choice": {"type": "auto"},
              "tools": [{"type": "function", "function": {"name": "test"}}], "model": "gpt-4o",
              "output": [{"id": "item_1", "type": "message"}]}
    feed.send({"type": "response.completed",
               "response": {"id": "resp_123", "status": "completed", **fields}})
    object = client.wait_status(response_id, "completed")
    assert {name: object[name] for name in fields} == fields


def test_parse_done_marker(client, fed):
    response_id, feed = fed
    feed.send(b'data: {"type": "response.in_progress"}\n\n',
              b'data: {"type": "response.completed"}\n\n', b"data: [DONE]\n\n")
    assert client.wait_terminal(response_id)["status"] == "completed"


def test_parse_sse_format(client, fed):
    response_id, feed = fed
    feed.send(b'data: {"type": "response.output_item.added", "item": {"id": "123"}}\n\n')
    object = client.wait_for(response_id, lambda o: o["output"], "the item")
    assert object["output"] == [{"id": "123"}]


def test_content_part_added_event(client, fed):
    """An item without content gets one with its first part."""
    response_id, feed = fed
    feed.send({"type": "response.output_item.added",
               "item": {"id": "item_123", "type": "message"}})
    feed.send({"type": "response.content_part.added", "item_id": "item_123",
               "part": {"type": "text", "text": ""}})
    object = client.wait_for(
        response_id, lambda o: o["output"] and "content" in o["output"][0], "the part")
    assert object["output"][0]["content"] == [{"type": "text", "text": ""}]


def test_module_exports_from_init():
    """Both programs are at the top of the build directory."""
    for name in ("respool.fcgi", "respoold"):
        assert os.access(BUILD / name, os.X_OK)


def test_item_done_keeps_the_order_of_items(client, fed):
    response_id, feed = fed
    for number in (1, 2):
        feed.send({"type": "response.output_item.added", "output_index": number - 1,
                   "item": message_item(f"msg_{number}")})
    feed.send(event_bytes({"type": "response.output_item.done", "output_index": 0,
                           "item": message_item("msg_1", "completed", [text_part("one")])}),
              completed())
    object = client.wait_terminal(response_id)
    assert [item["id"] for item in object["output"]] == ["msg_1", "msg_2"]
