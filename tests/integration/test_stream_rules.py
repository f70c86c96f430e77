"""The checker of streams finds each fault once it is made, and none in a good stream."""

import copy

import pytest

from stream_rules import accumulate, problems

USAGE = {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 2,
         "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 3}
RESPONSE = {"id": "resp_1", "object": "response", "status": "in_progress", "output": [],
            "usage": None, "error": None, "incomplete_details": None, "completed_at": None}
TEXT = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
NOTE = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0,
        "end_index": 2}
WHOLE = {**TEXT, "text": "Hello", "annotations": [NOTE]}
REASONING = {"id": "rs_1", "type": "reasoning", "summary": []}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress",
           "content": []}
REFUSAL = {"type": "refusal", "refusal": "No"}
CALL = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "",
        "status": "in_progress"}
OTHER = {**CALL, "id": "fc_2", "call_id": "call_2"}
OUTPUT = [
    {**REASONING, "summary": [{"type": "summary_text", "text": "Hm"}]},
    {**MESSAGE, "status": "completed", "content": [WHOLE, REFUSAL]},
    {**CALL, "status": "completed", "arguments": '{"a":1}'},
    {**OTHER, "status": "completed", "arguments": "{}"},
]


def good():
    """A stream with all that the checker knows of."""
    reasoning = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    text = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    refusal = {"item_id": "msg_1", "output_index": 1, "content_index": 1}
    call = {"item_id": "fc_1", "output_index": 2}
    other = {"item_id": "fc_2", "output_index": 3}
    events = [
        ("created", {"response": RESPONSE}),
        ("in_progress", {"response": RESPONSE}),
        ("output_item.added", {"output_index": 0, "item": REASONING}),
        ("reasoning_summary_part.added",
         {**reasoning, "part": {"type": "summary_text", "text": ""}}),
        ("reasoning_summary_text.delta", {**reasoning, "delta": "Hm"}),
        ("reasoning_summary_text.done", {**reasoning, "text": "Hm"}),
        ("reasoning_summary_part.done", {**reasoning, "part": OUTPUT[0]["summary"][0]}),
        ("output_item.done", {"output_index": 0, "item": OUTPUT[0]}),
        ("output_item.added", {"output_index": 1, "item": MESSAGE}),
        ("content_part.added", {**text, "part": TEXT}),
        ("output_text.delta", {**text, "delta": "Hel", "logprobs": []}),
        ("output_text.annotation.added", {**text, "annotation_index": 0, "annotation": NOTE}),
        ("output_text.delta", {**text, "delta": "lo", "logprobs": []}),
        ("output_text.done", {**text, "text": "Hello", "logprobs": []}),
        ("content_part.done", {**text, "part": WHOLE}),
        ("content_part.added", {**refusal, "part": {"type": "refusal", "refusal": ""}}),
        ("refusal.delta", {**refusal, "delta": "No"}),
        ("refusal.done", {**refusal, "refusal": "No"}),
        ("content_part.done", {**refusal, "part": REFUSAL}),
        ("output_item.done", {"output_index": 1, "item": OUTPUT[1]}),
        ("output_item.added", {"output_index": 2, "item": CALL}),
        ("output_item.added", {"output_index": 3, "item": OTHER}),
        ("function_call_arguments.delta", {**call, "delta": '{"a":'}),
        ("function_call_arguments.delta", {**call, "delta": "1}"}),
        ("function_call_arguments.done", {**call, "arguments": '{"a":1}', "name": "f"}),
        ("output_item.done", {"output_index": 2, "item": OUTPUT[2]}),
        ("function_call_arguments.done", {**other, "arguments": "{}", "name": "f"}),
        ("output_item.done", {"output_index": 3, "item": OUTPUT[3]}),
        ("completed", {"response": {**RESPONSE, "status": "completed", "completed_at": 9,
                                    "usage": USAGE, "output": OUTPUT}}),
    ]
    return copy.deepcopy([{"type": f"response.{kind}", **members} for kind, members in events])


def numbered(events):
    return [{**event, "sequence_number": n} for n, event in enumerate(events)]


def found(events):
    return {problem.split(": ")[1] for problem in problems(events)}


def place(events, kind, which=0):
    return [n for n, event in enumerate(events) if event["type"] == f"response.{kind}"][which]


def change(kind, which=0, **members):
    """A change of the members of an event; a dict changes what is in that member."""
    def make(events):
        event = events[place(events, kind, which)]
        for name, value in members.items():
            if isinstance(value, dict) and isinstance(event.get(name), dict):
                event[name].update(value)
            else:
                event[name] = value
    return make


def lose(kind, which=0):
    return lambda events: events.pop(place(events, kind, which))


def repeat(kind, which=0):
    def make(events):
        n = place(events, kind, which)
        events.insert(n, copy.deepcopy(events[n]))
    return make


def late(kind, which=0):
    """One more of that event just before the last."""
    def make(events):
        events.insert(-1, copy.deepcopy(events[place(events, kind, which)]))
    return make


FAULTS = {
    "begins-otherwise": (lose("created"), "first"),
    "keepalive-before": (lambda e: e.insert(0, {"type": "keepalive"}), "first"),
    "private-type": (lambda e: e.insert(3, {"type": "response.private"}), "known-type"),
    "keepalive-event": (lambda e: e.insert(3, {"type": "keepalive"}), "known-type"),
    "error-at-the-top": (change("in_progress", error={"message": "m"}), "error-member"),
    "no-end": (lose("completed"), "terminal"),
    "event-after-the-end": (lambda e: e.append(copy.deepcopy(e[1])), "terminal-last"),
    "two-ends": (repeat("completed"), "terminal-last"),
    "two-beginnings": (repeat("created"), "created-once"),
    "another-id": (change("completed", response={"id": "resp_2"}), "one-id"),
    "index-skipped": (change("output_item.added", 3, output_index=4), "dense"),
    "index-used-before": (change("output_item.added", 1, output_index=0), "dense"),
    "message-without-an-id": (change("output_item.added", 1, item={"id": None}), "item-id"),
    "empty-id": (change("output_item.added", 2, item={"id": ""}), "item-id"),
    "id-used-before": (change("output_item.added", 3, item={"id": "fc_1"}), "item-id"),
    "empty-call-id": (change("output_item.added", 2, item={"call_id": ""}), "call-id"),
    "call-id-used-before": (change("output_item.added", 3, item={"call_id": "call_1"}), "call-id"),
    "call-without-a-name": (change("output_item.added", 2, item={"name": ""}), "call-name"),
    "item-that-begins-full": (
        change("output_item.added", 1, item={"content": [TEXT]}), "added-empty"),
    "delta-for-no-item": (change("output_text.delta", output_index=9), "item-there"),
    "delta-without-item-id": (change("output_text.delta", item_id=None), "item-id-fits"),
    "delta-with-another-id": (change("output_text.delta", item_id="msg_2"), "item-id-fits"),
    "arguments-for-a-message": (
        change("function_call_arguments.delta", item_id="rs_1", output_index=0), "after-done"),
    "text-for-a-call": (
        lambda e: e.insert(22, {"type": "response.output_text.delta", "item_id": "fc_1",
                                "output_index": 2, "content_index": 0, "delta": "x",
                                "logprobs": []}), "event-fits"),
    "part-skipped": (change("content_part.added", content_index=1), "part-next"),
    "reasoning-text-in-a-message": (
        change("content_part.added", part={"type": "reasoning_text"}), "part-type"),
    "part-that-begins-full": (change("content_part.added", part={"text": "He"}), "added-empty"),
    "text-without-its-part": (lose("content_part.added"), "part-there"),
    "refusal-without-its-part": (lose("content_part.added", 1), "part-there"),
    "refusal-in-a-text-part": (change("refusal.delta", content_index=0), "part-there"),
    "summary-without-its-part": (lose("reasoning_summary_part.added"), "part-there"),
    "reasoning-text-without-its-part": (
        lambda e: e.insert(4, {"type": "response.reasoning_text.delta", "item_id": "rs_1",
                               "output_index": 0, "content_index": 0, "delta": "x"}), "part-there"),
    "empty-delta": (change("output_text.delta", delta=""), "delta"),
    "delta-without-logprobs": (change("output_text.delta", logprobs=None), "members"),
    "another-type-at-the-end": (change("output_item.done", 1, item={"type": "x"}), "done-fits"),
    "another-id-at-the-end": (change("output_item.done", 2, item={"id": "fc_9"}), "item-id-fits"),
    "another-call-id-at-the-end": (
        change("output_item.done", 2, item={"call_id": "call_9"}), "done-fits"),
    "another-name-at-the-end": (change("output_item.done", 2, item={"name": "g"}), "done-fits"),
    "text-done-says-otherwise": (change("output_text.done", text="Hell"), "done-agrees"),
    "refusal-done-says-otherwise": (change("refusal.done", refusal="N"), "done-agrees"),
    "arguments-done-say-otherwise": (
        change("function_call_arguments.done", arguments="{}"), "done-agrees"),
    "arguments-done-without-a-name": (
        change("function_call_arguments.done", name=None), "done-agrees"),
    "summary-done-says-otherwise": (
        change("reasoning_summary_text.done", text="H"), "done-agrees"),
    "logprobs-lost-in-done": (
        change("output_text.delta", logprobs=[{"token": "H"}]), "done-agrees"),
    "part-done-says-otherwise": (change("content_part.done", part={"text": ""}), "done-agrees"),
    "annotation-lost-in-the-part": (
        change("content_part.done", part={"annotations": []}), "done-agrees"),
    "item-done-says-otherwise": (change("output_item.done", 1, item={"content": []}),
                                 "done-agrees"),
    "summary-lost-in-the-item": (change("output_item.done", 0, item={"summary": []}),
                                 "done-agrees"),
    "arguments-lost-in-the-item": (change("output_item.done", 2, item={"arguments": ""}),
                                   "done-agrees"),
    "text-never-done": (lose("output_text.done"), "value-done"),
    "arguments-never-done": (lose("function_call_arguments.done", 1), "value-done"),
    "part-never-done": (lose("content_part.done"), "part-done"),
    "part-done-without-a-part": (change("content_part.done", 1, content_index=2), "part-there"),
    "part-done-twice": (repeat("content_part.done"), "after-done"),
    "item-never-done": (lose("output_item.done", 3), "all-done"),
    "item-done-twice": (late("output_item.done"), "after-done"),
    "item-in-progress-at-its-end": (
        change("output_item.done", 1, item={"status": "in_progress"}), "done-status"),
    "delta-after-the-item": (late("output_text.delta"), "after-done"),
    "delta-after-done": (lambda e: e.insert(14, copy.deepcopy(e[10])), "after-done"),
    "annotation-skipped": (
        change("output_text.annotation.added", annotation_index=1), "annotation-next"),
    "output-in-the-middle": (lambda e: e.insert(8, copy.deepcopy(e[1])), "replaces"),
    "usage-at-the-beginning": (change("created", response={"usage": USAGE}), "status"),
    "completed-that-says-failed": (change("completed", response={"status": "failed"}), "status"),
    "completed-without-a-time": (
        change("completed", response={"completed_at": None}), "status"),
    "completed-with-an-error": (
        change("completed", response={"error": {"code": "c", "message": "m"}}), "status"),
    "completed-that-is-incomplete": (
        change("completed", response={"incomplete_details": {"reason": "max_output_tokens"}}),
        "status"),
    "failed-without-an-error": (
        change("completed", type="response.failed",
               response={"status": "failed", "completed_at": None}), "status"),
    "incomplete-for-another-reason": (
        change("completed", type="response.incomplete",
               response={"status": "incomplete", "completed_at": None,
                         "incomplete_details": {"reason": "max_tokens"}}), "status"),
    "output-that-does-not-add-up": (
        change("completed", response={"output": OUTPUT[:3]}), "adds-up"),
    "usage-in-half": (change("completed", response={"usage": {"input_tokens": 1}}), "members"),
    "usage-of-nulls": (
        change("completed", response={"usage": {**USAGE, "total_tokens": None}}), "usage"),
    "event-without-its-item": (lambda e: e[place(e, "output_item.added")].pop("item"), "members"),
}


def test_good_stream_has_no_problem():
    assert problems(numbered(good())) == []


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(name):
    make, rule = FAULTS[name]
    events = good()
    make(events)
    assert rule in found(numbered(events))


@pytest.mark.parametrize("which", [0, 5, -1])
def test_number_out_of_order_is_found(which):
    events = numbered(good())
    events[which]["sequence_number"] += 1
    assert found(events) == {"sequence"}


@pytest.mark.parametrize("kind, status, details, error", [
    ("incomplete", "incomplete", {"reason": "content_filter"}, None),
    ("failed", "failed", None, {"code": "server_error", "message": "m"}),
])
def test_other_ends_are_good(kind, status, details, error):
    events = good()
    change("completed", type=f"response.{kind}", response={
        "status": status, "completed_at": None, "incomplete_details": details,
        "error": error})(events)
    assert problems(numbered(events)) == []


def test_stream_adds_up_to_its_last_object():
    events = numbered(good())
    assert accumulate(events) == events[-1]["response"]


def test_beginning_of_a_stream_adds_up_to_what_there_is():
    so_far = accumulate(numbered(good())[:11])
    assert so_far["status"] == "in_progress"
    assert so_far["output"] == [OUTPUT[0], {**MESSAGE, "content": [{**TEXT, "text": "Hel"}]}]


def restarted():
    """The first attempt leaves a message when it is given up, the second one makes OUTPUT."""
    item = {**MESSAGE, "id": "msg_0"}
    at = {"item_id": "msg_0", "output_index": 0, "content_index": 0}
    lost = {**item, "status": "incomplete", "content": [{**TEXT, "text": "He"}]}
    first = [
        ("output_item.added", {"output_index": 0, "item": item}),
        ("content_part.added", {**at, "part": TEXT}),
        ("output_text.delta", {**at, "delta": "He", "logprobs": []}),
        ("output_text.done", {**at, "text": "He", "logprobs": []}),
        ("content_part.done", {**at, "part": lost["content"][0]}),
        ("output_item.done", {"output_index": 0, "item": lost}),
    ]
    events = good()
    for event in events:
        if "output_index" in event:
            event["output_index"] += 1
    events[2:2] = [{"type": f"response.{kind}", **members} for kind, members in first]
    return copy.deepcopy(events)


def test_restarted_stream_ends_with_the_output_of_its_last_attempt():
    events = numbered(restarted())
    assert problems(events, restarted=True) == []
    assert accumulate(events, restarted=True) == events[-1]["response"]
    assert found(events) == {"adds-up"}


@pytest.mark.parametrize("change, rule", [
    (lose("output_item.done"), "all-done"),
    (change("completed", response={"output": OUTPUT[1:] + OUTPUT[:1]}), "adds-up"),
    (change("output_item.added", 1, item={"id": "msg_0"}), "item-id"),
])
def test_fault_of_a_restarted_stream_is_found(change, rule):
    events = restarted()
    change(events)
    assert any(f": {rule}: " in problem for problem in problems(numbered(events), True))


def test_cancelled_stream_may_leave_items_open():
    """What they have is in the object; they are incomplete there."""
    events = good()[:11]
    events.append({"type": "response.failed", "response": {
        **RESPONSE, "status": "cancelled", "output": [
            OUTPUT[0], {**MESSAGE, "status": "incomplete", "content": [{**TEXT, "text": "Hel"}]}]}})
    assert problems(numbered(events)) == []
    events[-1]["response"]["output"].pop()
    assert found(numbered(events)) == {"adds-up"}
