"""The events of the corpus of providers' answers, as OpenAI's SDKs read and add them up."""

import functools
import json

import pytest

import corpus
from upstream import Upstream, event_bytes

pytestmark = pytest.mark.once

# Of an object, what an answer does not decide.
OBJECT = {
    "id": "resp_1", "object": "response", "created_at": 1700000000, "completed_at": None,
    "status": "in_progress", "background": False, "error": None, "incomplete_details": None,
    "instructions": None, "max_output_tokens": None, "max_tool_calls": None, "metadata": {},
    "model": "upstream-model", "output": [], "parallel_tool_calls": True,
    "previous_response_id": None, "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None}, "safety_identifier": None,
    "service_tier": "default", "store": True, "temperature": 1.0,
    "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_logprobs": 0,
    "top_p": 1.0, "truncation": "disabled", "usage": None}
# What the SDKs put into objects.
OF_THE_SDK = ("parsed", "parsed_arguments", "output_parsed", "output_text")
# Python's has no final response of any other end. The event has it all the same.
NO_FINAL = "RuntimeError: Didn't receive a `response.completed` event."


@functools.lru_cache(None)
def cases():
    """Those that have events."""
    return {case.name: case for case in corpus.cases() if case.events is not None}


def whole_events(case):
    """With their numbers and objects."""
    events = case.events
    for number, event in enumerate(events):
        event["sequence_number"] = number
        if event["type"] in ("response.created", "response.in_progress"):
            event["response"] = OBJECT
    events[-1]["response"] = object_of(case)
    return events


def object_of(case):
    response = {**OBJECT, **case.response}
    if response["status"] == "completed":
        response["completed_at"] = 1700000001
    if response["error"] is not None:
        response["error"] = {"message": "It went wrong.", **response["error"]}
    return response


def request_of(case):
    """Tools go with it for the SDKs to parse what strict ones are called with."""
    tools = [tool for tool in case.request.get("tools") or [] if tool.get("type") == "function"]
    return {"model": case.name, "input": "x", **({"tools": tools} if tools else {})}


@pytest.fixture(scope="module", params=["node", "python"])
def added_up(request, tmp_path_factory):
    """What an SDK makes of each case, and its name."""
    sdk = request.getfixturevalue(f"{request.param}_sdk")
    provider = Upstream()
    for case in cases().values():
        provider.script(case.name, [b"".join(map(event_bytes, whole_events(case)))])
    scenario = sdk.begin("accumulate", "each", [request_of(case) for case in cases().values()],
                         provider.base, tmp_path_factory.mktemp("sdk"))
    try:
        yield sdk.name, scenario.result()
    finally:
        scenario.close()
        provider.close()


def own(value):
    """Without what is the SDK's."""
    if isinstance(value, dict):
        return {name: own(one) for name, one in value.items() if name not in OF_THE_SDK}
    return [own(one) for one in value] if isinstance(value, list) else value


def assert_none(faults):
    assert not faults, "\n".join(f"{name}: {json.dumps(fault)}" for name, fault in faults.items())


def answered(response):
    return {name: value for name, value in own(response).items() if name in corpus.ANSWERED}


def test_each_stream_is_read_to_its_end(added_up):
    _, seen = added_up
    assert_none({name: seen[name] for name, case in cases().items()
                 if seen[name]["terminal"] != case.events[-1]["type"]})


def test_final_response_is_the_object(added_up):
    """Of every end in Node; Python's SDK raises for all but completed ones."""
    sdk, seen = added_up
    faults = {}
    for name, case in cases().items():
        one = seen[name]
        if sdk == "python" and case.response["status"] != "completed":
            right = one["error"] == NO_FINAL and one["final"] is None
        else:
            right = one["error"] is None and answered(one["final"]) == answered(object_of(case))
        if not right:
            faults[name] = one["error"] or one["final"]
    assert_none(faults)


def test_terminal_event_has_the_object(added_up):
    _, seen = added_up
    assert_none({name: seen[name]["last"] for name, case in cases().items()
                 if answered(seen[name]["last"]) != answered(object_of(case))})


def test_items_add_up_to_the_output(added_up):
    _, seen = added_up
    faults = {}
    for name, case in cases().items():
        items = [item for _, item in sorted(seen[name]["items"].items(), key=lambda at: int(at[0]))]
        if own(items) != case.response["output"]:
            faults[name] = items
    assert_none(faults)


def grown(case):
    """By place, what has come of texts and arguments."""
    places = {}
    for event in case.events:
        if event["type"] in ("response.output_text.delta",
                             "response.function_call_arguments.delta"):
            place = f"{event['output_index']}/{event.get('content_index', '')}"
            places[place] = places.get(place, "") + event["delta"]
    return places


def test_snapshots_of_deltas_are_what_has_come(added_up):
    _, seen = added_up
    assert_none({name: seen[name]["snapshots"] for name, case in cases().items()
                 if seen[name]["snapshots"] != grown(case)})


def test_output_text_is_the_text_of_all_messages(added_up):
    _, seen = added_up
    faults = {}
    for name, case in cases().items():
        text = "".join(part["text"] for item in case.response["output"]
                       if item["type"] == "message"
                       for part in item["content"] if part["type"] == "output_text")
        if seen[name]["final"] is not None and seen[name]["outputText"] != text:
            faults[name] = seen[name]["outputText"]
    assert_none(faults)
