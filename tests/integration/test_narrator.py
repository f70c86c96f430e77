"""What a background job tells of its provider's stream, without servers: tests/narrate."""

import copy
import json
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from corpus import TRANSLATE, _config_of, cases, has_translate
from events import Stream, message_item, text_part, usage
from harness import BUILD, TOP, environment
from stream_rules import accumulate, events_of, problems

NARRATE = BUILD / "tests" / "narrate"
RECORDED = sorted((TOP / "tests" / "upstreams" / "responses").glob("*.sse"))
# What only the provider can keep to, and its object says the same: the document is what it sent.
PROVIDERS = ("usage", "done-status", "call-name")
# What an item or a text that takes another's place cannot keep to.
REPLACED = PROVIDERS + ("done-agrees", "done-fits", "adds-up", "added-empty", "part-type", "members")

pytestmark = pytest.mark.skipif(
    not (NARRATE.exists() and has_translate()), reason="needs the programs of the tests")


def sse(events):
    return "".join(f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n"
                   for event in events).encode()


def narrate(stream, *options):
    """The events that a client gets."""
    done = subprocess.run([NARRATE, *map(str, options)], input=stream, capture_output=True,
                          timeout=20, env=environment())
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return events_of(done.stdout)


def complete(value):
    """With the empty lists that a text may lack where the provider left them out."""
    if isinstance(value, list):
        return [complete(one) for one in value]
    if not isinstance(value, dict):
        return value
    value = {name: complete(one) for name, one in value.items()}
    if value.get("type") == "output_text":
        for name in ("annotations", "logprobs"):
            value[name] = value.get(name) or []
    return value


def without_abandoned(events):
    """As if the object had all that was ever told: it has the items of the last attempt."""
    events = copy.deepcopy(events)
    told = accumulate(events[:-1])["output"]
    output = events[-1]["response"]["output"]
    events[-1]["response"]["output"] = told[:max(0, len(told) - len(output))] + output
    return events


def faults(events, allowed=PROVIDERS):
    """What is wrong, but for what the provider alone can help."""
    events = without_abandoned(complete(events))
    events[-1]["response"]["usage"] = None
    return [problem for problem in problems(events) if problem.split(": ")[1] not in allowed]


def all_at_once(check, streams):
    with ThreadPoolExecutor(4) as pool:
        return [fault for fault in pool.map(check, streams) if fault]


def test_what_translated_answers_become_is_valid_and_adds_up():
    def check(case):
        done = subprocess.run(
            [TRANSLATE, "-t", "-c", _config_of(case.name), "-m", f"{case.name}/translate",
             "/dev/stdin", case.answer_path], capture_output=True, timeout=20, env=environment(),
            input=json.dumps({"model": f"{case.name}/translate", **case.request}).encode())
        assert done.returncode == 0, (case, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        events = [line for line in lines if "type" in line]
        if not events or "object" not in lines[-1] or lines[-1]["end"] == "truncated":
            return None
        found = faults(events)
        return (case, found) if found else None

    answered = [case for case in cases() if case.answer_path.suffix != ".http"]
    for case in answered:
        _config_of(case.name)
    assert not all_at_once(check, answered)


def test_what_recorded_streams_become_is_valid():
    def check(path):
        stream = path.read_bytes()
        for options in ((), ("-e",), ("-r", 4), ("-r", 5, "-r", 1, "-r", 9, "-e")):
            # An object that fails after its end keeps what it had ended with.
            allowed = PROVIDERS + (("status",) if "-e" in options else ())
            # Told when they come, items keep their order in the stream.
            allowed += ("adds-up",) if path.stem == "done-in-another-order" else ()
            found = faults(narrate(stream, *options), allowed)
            if found:
                return path.name, options, found
        return None

    assert not all_at_once(check, RECORDED)


def whole_stream(calls=2):
    """A stream with all that grows."""
    stream = Stream().begin()
    at = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    reasoning = {"id": "rs_1", "type": "reasoning", "summary": []}
    stream.item_added(reasoning)
    stream.add("response.reasoning_summary_part.added", **at,
               part={"type": "summary_text", "text": ""})
    for delta in ("Let ", "me ", "see"):
        stream.add("response.reasoning_summary_text.delta", **at, delta=delta)
    stream.add("response.reasoning_summary_text.done", **at, text="Let me see")
    stream.add("response.reasoning_summary_part.done", **at,
               part={"type": "summary_text", "text": "Let me see"})
    stream.item_done({**reasoning, "summary": [{"type": "summary_text", "text": "Let me see"}]})
    stream.message(["It ", "is ", "“so”"])
    for n in range(calls):
        index = len(stream.items)
        call = {"id": f"fc_{n}", "type": "function_call", "call_id": f"call_{n}", "name": "f",
                "arguments": "", "status": "in_progress"}
        at = {"item_id": call["id"], "output_index": index}
        stream.item_added(call)
        for delta in ('{"a"', ":", "1}"):
            stream.add("response.function_call_arguments.delta", **at, delta=delta)
        stream.add("response.function_call_arguments.done", **at, arguments='{"a":1}')
        stream.item_done({**call, "arguments": '{"a":1}', "status": "completed"})
    search = {"id": "ws_1", "type": "web_search_call", "status": "in_progress"}
    at = {"item_id": "ws_1", "output_index": len(stream.items)}
    stream.item_added(search)
    stream.add("response.web_search_call.searching", **at)
    stream.item_done({**search, "status": "completed"})
    return stream.completed().events


def test_a_good_stream_is_told_as_it_is():
    events = whole_stream()
    told = narrate(sse(events))

    assert not faults(told)
    assert [event["type"] for event in told] == [event["type"] for event in events]
    for mine, theirs in zip(told[2:-1], events[2:-1]):
        expected = {name: value for name, value in theirs.items() if name != "sequence_number"}
        assert {name: mine.get(name) for name in expected} == expected


@pytest.mark.parametrize("restarts", [(3,), (6,), (9, 14), (30, 30, 30), (200,)])
def test_an_attempt_after_another_comes_behind_it_under_other_ids(restarts):
    events = whole_stream()
    told = narrate(sse(events), *(word for count in restarts for word in ("-r", count)))

    assert not faults(told)
    ids = [event["item"]["id"] for event in told if event["type"].endswith("output_item.added")]
    assert len(ids) == len(set(ids))
    calls = [event["item"]["call_id"] for event in told
             if event["type"].endswith("output_item.done") and "call_id" in event["item"]]
    assert len(calls) == len(set(calls))
    assert [item["type"] for item in told[-1]["response"]["output"]] == [
        item["type"] for item in events[-1]["response"]["output"]]


def test_a_call_is_told_once_it_has_a_name():
    call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f",
            "arguments": '{"a":1}', "status": "completed"}
    told = narrate(sse([
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0,
         "delta": '{"a"'},
        {"type": "response.output_item.done", "output_index": 0, "item": call},
        {"type": "response.completed", "response": {"status": "completed"}}]))

    assert not faults(told)
    assert told[2]["item"] == {**call, "arguments": "", "status": "in_progress"}


def test_a_message_that_comes_whole_at_the_end_is_told_in_order():
    item = message_item("msg_1", "completed", [text_part("Hello")])
    told = narrate(sse([{"type": "response.completed", "response": {
        "status": "completed", "output": [item], "usage": usage()}}]))

    assert not faults(told)
    assert [event["type"].removeprefix("response.") for event in told[2:]] == [
        "output_item.added", "content_part.added", "output_text.delta", "output_text.done",
        "content_part.done", "output_item.done", "completed"]


def lose_some(rng, events, chosen):
    return [event for event in events if not chosen(event) or rng.random() < 0.5]


def gently(rng, events):
    """Spoils what the events are by, not what they say."""
    events = copy.deepcopy(events)
    names = rng.sample(["item_id", "output_index", "content_index", "summary_index", "logprobs",
                        "sequence_number"], 2)
    if {"item_id", "output_index"} <= set(names):
        names.remove("output_index")
    for event in events:
        for name in names:
            event.pop(name, None)
    kinds = rng.sample(["part.added", "part.done", "output_item.added", "_text.done",
                        "arguments.done", "created", "in_progress"], 3)
    if "item_id" in names and "output_item.added" in kinds:
        kinds.remove("output_item.added")
    return lose_some(rng, events, lambda event: any(
        event["type"].endswith(kind) for kind in kinds))


def roughly(rng, events):
    """Loses, repeats and moves whatever there is."""
    events = lose_some(rng, gently(rng, events), lambda event: rng.random() < 0.3)
    for _ in range(rng.randrange(6)):
        n = rng.randrange(len(events))
        event = copy.deepcopy(events[n])
        kind = rng.randrange(4)
        if kind == 0:
            events.insert(rng.randrange(len(events)), event)
        elif kind == 1:
            events.insert(rng.randrange(len(events)), events.pop(n))
        elif kind == 2:
            for name in ("text", "arguments"):
                if name in event:
                    events[n] = {**event, name: "other"}
        elif "item" in event:
            event["item"].pop(rng.choice(["id", "content", "call_id"]), None)
            events[n] = event
    return events


@pytest.mark.parametrize("spoil,allowed", [(gently, PROVIDERS), (roughly, REPLACED)])
def test_sloppy_streams_become_valid_ones(spoil, allowed):
    def check(seed):
        rng = random.Random(seed)
        events = spoil(rng, whole_stream())
        if rng.random() < 0.3 and allowed is REPLACED:
            events += spoil(rng, whole_stream(1))
        options = ["-e"] if rng.random() < 0.1 else []
        for _ in range(rng.randrange(3)):
            options += ["-r", rng.randrange(len(events) + 2)]
        found = faults(narrate(sse(events), *options), allowed)
        return (seed, options, found) if found else None

    assert not all_at_once(check, range(300))
