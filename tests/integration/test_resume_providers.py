"""Background responses that are followed as streams: whatever providers send, what clients get is a
valid stream that adds up to the object.
"""

import json

import pytest

import corpus
import test_upstream_streams
from events import Stream, delta, message_stream, opening
from following import Follower, create_stream, events_after
from harness import Stack, output_text
from sloppy_streams import REPLACED, SLOPPY, SLOPPY_TEXTS
from test_credentials import input_with, tools_with
from test_sdk_dialects import MODELS, PATHS
from three_dialects import DIALECTS, Answer
from upstream import Cut, Gate, Hang, json_error
from whole_streams import (assert_abandoned_items_end, assert_sound, assert_whole, ended,
                           ended_again, last_of, texts_of, types_of)

REASON = ("reasoning", "Hm, well.")
TEXT = ("text", "Grüße, \U0001f600! \"quoted\" \\ and\nlines")
CALLS = [("call", "call_a", "lookup", '{"city":"Ulm"}'),
         ("call", "call_b", "lookup", '{"city":"Bern"}')]
# What the models of each dialect say, attempt by attempt; what never ends breaks off.
FEATURES = {
    "text": [Answer(TEXT)],
    "everything": [Answer(REASON, TEXT, *CALLS)],
    "refusal": [Answer(("refusal", "I cannot."), end="refusal")],
    "length": [Answer(TEXT, end="length")],
    "error": [Answer(TEXT, end="error")],
    "again": [Answer(REASON, TEXT, end="never"), Answer(REASON, TEXT, *CALLS)],
    "calls_again": [Answer(TEXT, *CALLS, end="never"), Answer(*CALLS)],
    "never_whole": [Answer(TEXT, end="never"), Answer(REASON, TEXT, end="never")],
}
STATUSES = {"length": "incomplete", "error": "failed", "never_whole": "failed"}
MESSAGES_STATUSES = {**STATUSES, "refusal": "incomplete"}
# But for those that repeat in the request what only the deployment can have made.
TRANSLATED = [case for case in corpus.cases()
              if case.events and ".ORIGIN." not in json.dumps(case.request)]


def root_of(model):
    return "/" + "/".join(model) + "/v1"


def each_model():
    return [(dialect, feature) for dialect in DIALECTS for feature in FEATURES]


def scripts_of(model, gate):
    """What is never ended breaks off: the first attempt when the gate opens."""
    scripts = [answer.streamed(model[0]) for answer in FEATURES[model[1]]]
    for script in scripts:
        if isinstance(script.steps[-1], Hang):
            script.steps[-1:] = [gate, Cut()] if script is scripts[0] else [Cut()]
    return scripts


def deployments(root):
    limits = {"api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 20,
              "stream_timeout": 20}
    return [
        *({"model_name": "-".join(model), "litellm_params": {
            **limits, "model": MODELS[model[0]], "api": model[0],
            "api_base": root + root_of(model)}} for model in each_model()),
        *(case.deployment(root, "followed") for case in TRANSLATED),
        {"model_name": "*", "litellm_params": {
            **limits, "model": "openai/*", "api_base": f"{root}/v1"}}]


@pytest.fixture(scope="module")
def stack():
    stack = Stack({"model_list": [], "router_settings": {"allowed_fails": 1000}},
                  children=4, responder=False, supervisor=False, web=False)
    try:
        stack.config["model_list"] = deployments(stack.upstream.base.removesuffix("/v1"))
        stack.gates = {model: Gate() for model in each_model()}
        for model, gate in stack.gates.items():
            stack.upstream.script(root_of(model) + PATHS[model[0]], *scripts_of(model, gate))
        for case in TRANSLATED:
            stack.upstream.script(case.upstream_path("followed"), case.answer())
        stack.write_config()
        stack.start_all()
        yield stack
    finally:
        stack.close()


@pytest.mark.parametrize("model", each_model(), ids="-".join)
def test_stream_of_each_dialect_is_whole(stack, model):
    dialect, feature = model
    restarted = len(FEATURES[feature]) > 1
    follower, _ = create_stream(stack.client, f"{dialect}-{feature}")
    with follower:
        if restarted:
            follower.text_upto(TEXT[1])
            stack.gates[model].open()
        follower.rest()
        events = follower.events
    final = assert_whole(stack, events, restarted)
    statuses = MESSAGES_STATUSES if dialect == "messages" else STATUSES
    assert final["status"] == statuses.get(feature, "completed")
    said = FEATURES[feature][-1].pieces
    kinds = {"reasoning": "reasoning", "text": "message", "refusal": "message",
             "call": "function_call"}
    assert [item["type"] for item in final["output"]] == [kinds[piece[0]] for piece in said]
    assert output_text(final) == "".join(piece[1] for piece in said if piece[0] == "text")
    assert_abandoned_items_end(events, final, restarted)


def test_provider_that_repeats_its_ids_in_the_second_attempt(stack, model):
    """The second attempt's are others, in the object as well."""
    call = {"id": "fc_1", "type": "function_call", "status": "in_progress", "call_id": "call_1",
            "name": "f", "arguments": ""}
    at = {"item_id": "fc_1", "output_index": 1}
    stream = Stream().begin().message(["text"]).item_added(call)
    stream.add("response.function_call_arguments.delta", **at, delta='{"a"')
    first = list(stream.events)
    stream.add("response.function_call_arguments.delta", **at, delta=":1}")
    stream.add("response.function_call_arguments.done", **at, arguments='{"a":1}', name="f")
    stream.item_done({**call, "status": "completed", "arguments": '{"a":1}'}).completed()
    events = ended_again(stack, model, first, stream.events,
                         "response.function_call_arguments.delta")
    final = assert_whole(stack, events, restarted=True)
    assert_abandoned_items_end(events, final, True)
    message, second = final["output"]
    assert (output_text(final), second["arguments"]) == ("text", '{"a":1}')
    shown = [event.data["item"] for event in events if event.type.endswith("item.added")]
    assert len({item["id"] for item in shown}) == len(shown) == 4
    assert len({item["call_id"] for item in shown if "call_id" in item}) == 2
    assert shown[1]["call_id"] == "call_1" != second["call_id"]


@pytest.mark.parametrize("case", TRANSLATED, ids=lambda case: case.name)
def test_corpus_of_translated_answers_is_followed(stack, case):
    follower = Follower(stack.client, body={
        **case.request, "model": f"{case.name}/followed", "background": True, "stream": True,
        "store": True})
    with follower:
        events = follower.accepted().rest()
    attempts = len(stack.upstream.requests(case.upstream_path("followed")))
    final = assert_whole(stack, events, restarted=attempts > 1)
    expected = case.response
    assert final["status"] == expected["status"]
    assert [item["type"] for item in final["output"]] == [
        item["type"] for item in expected["output"]]
    for number in (len(events) // 2, len(events) - 2):
        assert texts_of(events_after(stack.client, final["id"], number)) == texts_of(
            events[number + 1:])


@pytest.mark.parametrize("name", test_upstream_streams.CASES)
def test_corpus_of_native_streams_is_followed(stack, model, name):
    steps = [b"".join(test_upstream_streams.pieces(name))]
    events = ended(stack, model, steps, steps)
    final = assert_sound(stack, events)
    expected = test_upstream_streams.CASES[name]
    assert final["status"] == expected["status"]
    if "text" in expected:
        assert output_text(final) == expected["text"]


@pytest.mark.parametrize("name", SLOPPY)
def test_sloppy_native_stream_is_a_valid_one(stack, model, name):
    events = ended(stack, model, SLOPPY[name])
    final = assert_sound(stack, events, replaced=name == REPLACED)
    assert (final["status"], output_text(final)) == ("completed", SLOPPY_TEXTS.get(name, "ab"))
    assert len(stack.upstream.requests(model)) == 1


@pytest.mark.parametrize("name", SLOPPY)
def test_sloppy_native_stream_after_a_restart_is_a_valid_one(stack, model, name):
    """The provider breaks off, and says the same again."""
    steps = SLOPPY[name]
    first = [*(step for step in steps[:-1] if step != b"data: [DONE]\n\n"),
             *opening("msg_9", 9)[2:], delta("open", "msg_9", 9)]
    events = ended_again(
        stack, model, first, steps, lambda event: event.data.get("delta") == "open")
    final = assert_sound(stack, events, replaced=name == REPLACED)
    assert (final["status"], output_text(final)) == ("completed", SLOPPY_TEXTS.get(name, "ab"))
    assert len(stack.upstream.requests(model)) == 2


def test_events_of_tools_are_handed_on(stack, model):
    item = {"id": "ws_1", "type": "web_search_call", "status": "in_progress"}
    at = {"item_id": "ws_1", "output_index": 0}
    stream = Stream().begin().item_added(item)
    for state in ("in_progress", "searching", "completed"):
        stream.add(f"response.web_search_call.{state}", **at)
    stream.item_done({**item, "status": "completed", "action": {"type": "search", "query": "q"}})
    events = ended(stack, model, stream.message(["found"]).completed().events)
    assert_whole(stack, events)
    assert [kind for kind in types_of(events) if kind.startswith("web_search_call")] == [
        "web_search_call.in_progress", "web_search_call.searching", "web_search_call.completed"]


def spread(event):
    """Its data in many lines, each of which ends in one of the ways that there are."""
    lines = json.dumps(event, indent=1).split("\n")
    ends = ("\n", "\r\n", "\r")
    return f"event: {event['type']}\n".encode() + b"".join(
        f"data: {line}{ends[number % 3]}".encode() for number, line in enumerate(lines)) + b"\n\n"


def test_events_whose_data_has_many_lines_become_single_ones(stack, model):
    item = {"id": "ws_1", "type": "web_search_call", "status": "in_progress"}
    stream = Stream(metadata={"a": "b"}).begin().item_added(item)
    stream.add("response.web_search_call.searching", item_id="ws_1", output_index=0)
    done = {**item, "status": "completed", "action": {"type": "search", "query": "q"}}
    stream.item_done(done).message(["a", "b"])
    stream.add("response.output_text.annotation.added", item_id="msg_1", output_index=1,
               content_index=0, annotation_index=0, annotation={"type": "x", "y": [1, {}]})
    events = ended(stack, model, [spread(event) for event in stream.completed().events])
    final = assert_sound(stack, events)
    assert final["output"][0] == done
    assert output_text(final) == "ab"


@pytest.mark.parametrize("text", [
    "\u2028\u2029\x85", "\0\x1b\x7f", "\r\n\r\n", "data: x\n\nevent: y\n\n", "\\u0041"],
    ids=ascii)
def test_characters_that_could_break_a_stream_come_through(stack, model, text):
    events = ended(stack, model, message_stream([text, "and", text]))
    assert output_text(assert_whole(stack, events)) == f"{text}and{text}"


def test_attempt_that_has_said_much_is_gone_on_behind(stack, model):
    deltas = [f"{number} " for number in range(3000)]
    whole = message_stream(deltas)
    events = ended_again(stack, model, whole[:-4], whole, lambda event: event.number == 3000)
    final = assert_whole(stack, events, restarted=True)
    assert output_text(final) == "".join(deltas)
    assert_abandoned_items_end(events, final, True)


def test_response_that_the_provider_cancels_ends_as_failed_and_cancelled(stack, model):
    events = ended(stack, model, [*opening(), delta("a"), {
        "type": "response.cancelled", "response": {"status": "cancelled", "output": []}}])
    kind, final = last_of(events)
    assert (kind, final["status"]) == ("failed", "cancelled")
    assert_whole(stack, events)


def test_fallback_s_answer_is_the_only_one_in_the_stream(make_stack):
    """The first deployment has said nothing, or nothing that counts."""
    stack = make_stack({
        "litellm_settings": {"fallbacks": [{"first": ["second"]}, {"third": ["second"]}]}})
    stack.upstream.script("first", json_error(500, {"error": {"message": "no"}}))
    stack.upstream.script("third", [*opening()[:2], {
        "type": "error", "code": "rate_limit_exceeded", "message": "no"}])
    for model in ("first", "third"):
        events = ended(stack, "second", message_stream(["text"]))
        follower, _ = create_stream(stack.client, model)
        with follower:
            follower.rest()
        final = assert_whole(stack, follower.events)
        assert output_text(final) == "text"
        assert types_of(follower.events) == types_of(events)


def test_obfuscation_of_the_provider_is_not_handed_on(stack, model):
    script = [{**event, "obfuscation": "xyzxyz"} if "delta" in event else event
              for event in message_stream(["text", "more"])]
    events = ended(stack, model, script)
    assert_whole(stack, events)
    assert not any(b"obfuscation" in event.text for event in events)


def test_credentials_that_a_provider_repeats_are_not_in_the_log(stack, model):
    secret = f"secret-of-{model}"
    tools = tools_with(secret)
    stream = Stream(tools=tools).begin().message(["text"]).completed()
    events = ended(stack, model, stream.events, input=input_with(secret), tools=tools)
    assert_whole(stack, events)
    assert secret.encode() not in b"".join(texts_of(events))
    assert secret.encode() not in stack.everything_stored()
