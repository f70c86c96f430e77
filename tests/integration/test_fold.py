"""Every kind of event becomes the object as the oracle says, while the stream runs and at its
end.
"""

import json

import pytest

from events import (OURS, Stream, completed, delta, fold, message_item, message_stream, opening,
                    text_part)
from upstream import Feed

STACK = {"config": {"respool": {"flush_interval_ms": 10}}}


def message():
    return Stream().begin().message(["Hel", "lo, ", "wörld"]).completed().events


def message_of_two_parts():
    stream = Stream().begin().item_added(message_item())
    at = {"item_id": "msg_1", "output_index": 0}
    for index, text in enumerate(("first", "second")):
        stream.add("response.content_part.added", **at, content_index=index, part=text_part())
        stream.add("response.output_text.delta", **at, content_index=index, delta=text[:3])
        stream.add("response.output_text.delta", **at, content_index=index, delta=text[3:])
        stream.add("response.output_text.done", **at, content_index=index, text=text)
        stream.add("response.content_part.done", **at, content_index=index, part=text_part(text))
    stream.item_done(message_item("msg_1", "completed", [text_part("first"), text_part("second")]))
    return stream.completed().events


def refusal():
    stream = Stream().begin().item_added(message_item())
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    stream.add("response.content_part.added", **at, part={"type": "refusal", "refusal": ""})
    stream.add("response.refusal.delta", **at, delta="I can")
    stream.add("response.refusal.delta", **at, delta="not.")
    stream.add("response.refusal.done", **at, refusal="I cannot.")
    part = {"type": "refusal", "refusal": "I cannot."}
    stream.add("response.content_part.done", **at, part=part)
    stream.item_done(message_item("msg_1", "completed", [part]))
    return stream.completed().events


def reasoning_with_summary_and_text():
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "status": "in_progress"}
    stream = Stream().begin().item_added(item)
    at = {"item_id": "rs_1", "output_index": 0}
    for index, text in enumerate(("**Plan** it", "Do it")):
        stream.add("response.reasoning_summary_part.added", **at, summary_index=index,
                   part={"type": "summary_text", "text": ""})
        stream.add("response.reasoning_summary_text.delta", **at, summary_index=index,
                   delta=text[:4])
        stream.add("response.reasoning_summary_text.delta", **at, summary_index=index,
                   delta=text[4:])
        stream.add("response.reasoning_summary_text.done", **at, summary_index=index, text=text)
        stream.add("response.reasoning_summary_part.done", **at, summary_index=index,
                   part={"type": "summary_text", "text": text})
    at["content_index"] = 0
    stream.add("response.content_part.added", **at, part={"type": "reasoning_text", "text": ""})
    stream.add("response.reasoning_text.delta", **at, delta="Let me ")
    stream.add("response.reasoning_text.delta", **at, delta="think")
    stream.add("response.reasoning_text.done", **at, text="Let me think")
    part = {"type": "reasoning_text", "text": "Let me think"}
    stream.add("response.content_part.done", **at, part=part)
    stream.item_done({"id": "rs_1", "type": "reasoning", "status": "completed",
                      "summary": [{"type": "summary_text", "text": "**Plan** it"},
                                  {"type": "summary_text", "text": "Do it"}],
                      "content": [part], "encrypted_content": "gAAA"})
    return stream.message(["So."]).completed().events


def call(item, event, grows, pieces, done, before=(), after=()):
    """An item whose one member grows: added, deltas, done."""
    stream = Stream().begin().item_added({**item, "status": "in_progress", grows: ""})
    at = {"item_id": item["id"], "output_index": 0}
    for name in before:
        stream.add(name, **at)
    for piece in pieces:
        stream.add(f"{event}.delta", **at, delta=piece)
    stream.add(f"{event}.done", **at, **{done: "".join(pieces)})
    for name in after:
        stream.add(name, **at)
    stream.item_done({**item, "status": "completed", grows: "".join(pieces)})
    return stream.completed().events


def function_call():
    return call({"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "weather"},
                "response.function_call_arguments", "arguments",
                ['{"city":', '"Zür', 'ich","n":1', "}"], "arguments")


def custom_tool_call():
    return call({"id": "ctc_1", "type": "custom_tool_call", "call_id": "call_1", "name": "run"},
                "response.custom_tool_call_input", "input",
                ["SELECT *\n", "FROM \"t\"", " -- \\o/"], "input")


def code_interpreter_call():
    return call({"id": "ci_1", "type": "code_interpreter_call", "container_id": "cntr_1",
                 "outputs": None},
                "response.code_interpreter_call_code", "code",
                ["import math\n", "print(math.pi)\t# \"π\""], "code",
                before=["response.code_interpreter_call.in_progress"],
                after=["response.code_interpreter_call.interpreting",
                       "response.code_interpreter_call.completed"])


def mcp_call():
    return call({"id": "mcp_1", "type": "mcp_call", "server_label": "s", "name": "n",
                 "output": None, "error": None},
                "response.mcp_call_arguments", "arguments", ['{"q"', ':[1,', '2]}'], "arguments",
                before=["response.mcp_call.in_progress"], after=["response.mcp_call.completed"])


def annotations():
    stream = Stream().begin().item_added(message_item())
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    stream.add("response.content_part.added", **at, part=text_part())
    stream.add("response.output_text.delta", **at, delta="see here")
    notes = [{"type": "url_citation", "url": "https://example.com/?a=\"b\"", "title": "T",
              "start_index": 0, "end_index": 3},
             {"type": "file_citation", "file_id": "file_1", "filename": "f", "index": 5}]
    for index, note in enumerate(notes):
        stream.add("response.output_text.annotation.added", **at, annotation_index=index,
                   annotation=note)
        stream.add("response.output_text.delta", **at, delta=f" [{index}]")
    part = text_part("see here [0] [1]", notes)
    stream.add("response.output_text.done", **at, text=part["text"])
    stream.add("response.content_part.done", **at, part=part)
    stream.item_done(message_item("msg_1", "completed", [part]))
    return stream.completed().events


def interleaved_items():
    """Two messages and a function call that grow in turn."""
    stream = Stream().begin()
    items = [message_item("msg_a"), message_item("msg_b"),
             {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f",
              "arguments": "", "status": "in_progress"}]
    for item in items:
        stream.item_added(item)
    for index in (0, 1):
        stream.add("response.content_part.added", item_id=items[index]["id"], output_index=index,
                   content_index=0, part=text_part())
    for round_number in range(4):
        for index in (1, 0):
            stream.add("response.output_text.delta", item_id=items[index]["id"],
                       output_index=index, content_index=0, delta=f"{index}{round_number} ")
        stream.add("response.function_call_arguments.delta", item_id="fc_1", output_index=2,
                   delta=f"[{round_number}]")
    texts = ["".join(f"{index}{n} " for n in range(4)) for index in (0, 1)]
    stream.item_done({**items[2], "arguments": "[0][1][2][3]", "status": "completed"})
    for index in (1, 0):
        stream.item_done(
            message_item(items[index]["id"], "completed", [text_part(texts[index])]))
    return stream.completed().events


def interleaved_parts():
    """Two parts of one message that grow in turn."""
    stream = Stream().begin().item_added(message_item())
    for index in (0, 1):
        stream.add("response.content_part.added", item_id="msg_1", output_index=0,
                   content_index=index, part=text_part())
    for number in range(4):
        for index in (0, 1):
            stream.add("response.output_text.delta", item_id="msg_1", output_index=0,
                       content_index=index, delta=f"<{index}.{number}>")
    for index in (0, 1):
        stream.add("response.output_text.done", item_id="msg_1", output_index=0,
                   content_index=index, text="".join(f"<{index}.{n}>" for n in range(4)))
    return stream.add("response.completed",
                      response={"status": "completed", "output": []}).events


def content_part_without_content():
    item = {"id": "msg_1", "type": "message", "role": "assistant"}
    stream = Stream().begin().item_added(item)
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    stream.add("response.content_part.added", **at, part=text_part())
    stream.add("response.output_text.delta", **at, delta="text")
    return stream.add("response.completed", response={"output": []}).events


def done_corrects_the_text():
    """What the .done event says is right, whatever the deltas added up to."""
    return [*opening(), delta("helo wrld"),
            {"type": "response.output_text.done", "item_id": "msg_1", "output_index": 0,
             "content_index": 0, "text": "Hello"},
            {"type": "response.content_part.done", "item_id": "msg_1", "output_index": 0,
             "content_index": 0, "part": text_part("Hello, world!")}, completed()]


def done_replaces_a_long_item_by_a_short_one():
    return [*opening(), delta("long " * 200),
            {"type": "response.output_item.done", "output_index": 0,
             "item": message_item("msg_1", "completed", [text_part("short")])},
            completed([message_item("msg_1", "completed", [text_part("s")])])]


def items_of_other_types():
    """Tool calls that only have a beginning and an end."""
    stream = Stream().begin()
    for item in ({"id": "ws_1", "type": "web_search_call", "status": "in_progress"},
                 {"id": "fs_1", "type": "file_search_call", "status": "in_progress",
                  "queries": ["a"], "results": None},
                 {"id": "ig_1", "type": "image_generation_call", "status": "in_progress",
                  "result": None},
                 {"id": "x_1", "type": "future_item", "deep": {"er": [1.50, 1e-7, {}, [], ""]}}):
        stream.item_added(item)
        stream.item_done({**item, "status": "completed", "extra": [True, None]})
    return stream.completed().events


def empty_deltas():
    return message_stream(["", "a", "", "b", ""])


def item_done_without_added():
    return [*Stream().begin().events,
            {"type": "response.output_item.done", "output_index": 0,
             "item": message_item("msg_9", "completed", [text_part("whole")])}, completed()]


def fields_merged_from_created():
    return Stream(model="served-model-2025", temperature=0.25, top_p=0.5, truncation="auto",
                  instructions="Be \"good\"", metadata={"a": "b"}, reasoning={"effort": "low"},
                  tools=[{"type": "web_search"}], tool_choice={"type": "web_search"},
                  service_tier="flex", max_output_tokens=99, parallel_tool_calls=False,
                  text={"format": {"type": "text"}, "verbosity": "high"}, user="u",
                  previous_response_id="resp_0", prompt_cache_key="k", safety_identifier="s",
                  store=False, top_logprobs=2, max_tool_calls=3,
                  ).begin().message(["x"]).completed().events


KINDS = (message, message_of_two_parts, refusal, reasoning_with_summary_and_text, function_call,
         custom_tool_call, code_interpreter_call, mcp_call, annotations, interleaved_items,
         interleaved_parts, content_part_without_content, done_corrects_the_text,
         done_replaces_a_long_item_by_a_short_one, items_of_other_types, empty_deltas,
         item_done_without_added, fields_merged_from_created)


def comparable(object):
    return {name: value for name, value in object.items() if name != "completed_at"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_object_is_the_oracle_s_after_every_event(client, upstream, model, kind):
    events = kind()
    feed = Feed()
    upstream.script(model, [feed])
    created = client.create(model)
    try:
        for count, event in enumerate(events, 1):
            feed.send(event)
            expected = fold(created, events[:count])
            client.wait_for(
                created["id"], lambda object: comparable(object) == comparable(expected),
                f"the object after event {count}, {event['type']}, to be "
                f"{json.dumps(expected, ensure_ascii=False)}", timeout=3)
    finally:
        feed.end()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_final_object_is_the_oracle_s_for_events_at_once(client, upstream, model, kind):
    events = kind()
    upstream.script(model, events)
    created = client.create(model)
    final = client.wait_terminal(created["id"])
    assert comparable(final) == comparable(fold(created, events))
    assert final["completed_at"] >= created["created_at"]


def test_what_is_ours_is_not_taken_from_the_provider(client, upstream, model):
    upstream.script(model, Stream(background=False, completed_at=5).begin().message(
        ["x"]).completed(completed_at=6).events)
    created = client.create(model)
    final = client.wait_terminal(created["id"])
    for name in ("id", "object", "created_at", "background"):
        assert final[name] == created[name]
    assert final["completed_at"] >= created["created_at"]
    assert set(OURS) <= set(final)


def test_null_fields_of_the_provider_leave_ours(client, upstream, model):
    nulls = {"instructions": None, "metadata": None, "tools": None, "temperature": None,
             "usage": None, "text": None}
    upstream.script(model, Stream(**nulls).begin().message(["x"]).end("completed", **nulls).events)
    created = client.create(model, instructions="mine", metadata={"a": "b"}, temperature=0.5)
    final = client.wait_terminal(created["id"])
    assert final["status"] == "completed"
    for name in ("instructions", "metadata", "tools", "temperature", "text"):
        assert final[name] == created[name], name


def test_numbers_of_the_provider_keep_their_digits(client, upstream, model):
    item = b'{"id":"x_1","type":"x","n":[0.10,1e-7,12345678901234567890,-0.0,1E400]}'
    upstream.script(model, [
        b'data: {"type":"response.output_item.added","output_index":0,"item":' + item + b"}\n\n",
        b'data: {"type":"response.completed","response":{"temperature":0.70,"output":[]}}\n\n'])
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    body = client.get_response(response_id).body
    assert b"[0.10,1e-7,12345678901234567890,-0.0,1E400]" in body.replace(b" ", b"")
    assert b'"temperature":0.70' in body


def test_item_added_again_replaces_the_first(client, upstream, model):
    upstream.script(model, [
        *opening(), delta("old"),
        {"type": "response.output_item.added", "output_index": 0, "item": message_item()},
        {"type": "response.content_part.added", "item_id": "msg_1", "output_index": 0,
         "content_index": 0, "part": text_part()}, delta("new"), completed()])
    final = client.wait_terminal(client.create(model)["id"])
    assert final["output"] == [message_item("msg_1", content=[text_part("new")])]


def test_large_item_and_many_items(client, upstream, model):
    stream = Stream().begin()
    for number in range(120):
        stream.message([f"{number} ", "x" * (number * 10)], f"msg_{number}")
    events = stream.completed().events
    upstream.script(model, events)
    created = client.create(model)
    final = client.wait_terminal(created["id"])
    assert comparable(final) == comparable(fold(created, events))
