"""Conversations in the Responses API with providers of the Chat Completions API: none is refused.

Each is held three times: with all earlier items sent again, in the background or as a stream that
is passed through, and by previous_response_id.
"""

import copy
import json

import pytest

from chat_talk import PNG
from chat_talk import stack, strict  # noqa: F401  (fixtures)
from harness import PROVIDER_KEY, output_text
from stream_rules import accumulate, events_of, problems
from strict_chat import MODES, Answer, Error

WAYS = ("again", "streamed", "chained")
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
              "additionalProperties": False}
WEATHER = {"type": "function", "name": "weather", "description": "The weather of a city",
           "parameters": PARAMETERS, "strict": True}
TIME = {"type": "function", "name": "time"}
SHELL = {"type": "custom", "name": "shell", "description": "Runs a command"}
CRM = {"type": "namespace", "name": "crm", "description": "Customers", "tools": [
    {"type": "function", "name": "find", "parameters": PARAMETERS}]}
BERN = '{"city":"Bern"}'


def user(*content):
    if len(content) == 1 and isinstance(content[0], str):
        return {"role": "user", "content": content[0]}
    return {"type": "message", "role": "user", "content": [
        {"type": "input_text", "text": part} if isinstance(part, str) else part
        for part in content]}


def image(detail="auto"):
    return {"type": "input_image", "image_url": PNG, "detail": detail}


def outputs(final, *results):
    """The outputs of the calls that an answer has."""
    calls = [item for item in final["output"] if item["type"].endswith("_call")]
    assert len(calls) == len(results), final["output"]
    return [{"type": f"{call['type']}_output", "call_id": call["call_id"], "output": result}
            for call, result in zip(calls, results)]


class Talk:
    """A conversation, with one provider or more."""

    def __init__(self, client, strict, way, mode):
        self.client = client
        self.strict = strict
        self.way = way
        self.mode = mode
        self.history = []
        self.last = None

    def say(self, *items, answer, mode=None, status="completed", **fields):
        answers = answer if isinstance(answer, tuple) else (answer,)
        self.strict.answer(*answers)
        sent = list(items)
        if self.way == "chained" and self.last is not None:
            fields["previous_response_id"] = self.last["id"]
        else:
            sent = self.history + sent
        ask = self.stream if self.way == "streamed" else self.run
        self.last = ask(mode or self.mode, sent, **fields)
        assert self.strict.refusals == []
        assert self.last["status"] == status, self.last["error"]
        self.history += [*items, *copy.deepcopy(self.last["output"])]
        return self.last

    def run(self, model, sent, **fields):
        created = self.client.create(model, sent, **fields)
        return self.client.wait_terminal(created["id"], timeout=20)

    def stream(self, model, sent, **fields):
        reply = self.client.post_create({"model": model, "input": sent, "stream": True, **fields})
        assert reply.status == 200, reply
        events = events_of(reply.body)
        assert problems(events) == []
        assert accumulate(events) == events[-1]["response"]
        return events[-1]["response"]

    def sent(self):
        """The messages of the last request."""
        return self.strict.bodies()[-1]["messages"]


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture(params=MODES)
def talk(request, stack, strict, way):
    return Talk(stack.client, strict, way, request.param)


def types(final):
    return [item["type"] for item in final["output"]]


def test_three_turns_of_text(talk):
    for number in range(3):
        final = talk.say(user(f"Question {number}"), answer=Answer(f"Answer {number}"),
                         instructions="Be brief")
        assert output_text(final) == f"Answer {number}"
    assert [message["role"] for message in talk.sent()][1:] == [
        "user", "assistant", "user", "assistant", "user"]


def test_system_and_developer_messages(talk):
    talk.say({"role": "system", "content": "Be kind"}, {"role": "developer", "content": "Be brief"},
             user("Hi"), answer=Answer("Hello"), instructions="Speak English")
    talk.say({"role": "developer", "content": "Be briefer"}, user("More"), answer=Answer("Well"))


def test_images(talk):
    talk.say(user("What is it?", image("low")), answer=Answer("A dot"))
    talk.say(user("And these?", image("high"), image("original")), answer=Answer("Dots"))


def test_parallel_calls(talk):
    tools = {"tools": [WEATHER, TIME], "parallel_tool_calls": True}
    called = talk.say(user("Weather and time?"), **tools, answer=Answer(
        "Let me see", calls=[("weather", BERN), ("time", "{}")]))
    assert types(called) == ["message", "function_call", "function_call"]
    talk.say(*outputs(called, "sunny", "noon"), **tools, answer=Answer("Sunny at noon"))
    talk.say(user("Thanks"), **tools, answer=Answer("Welcome"))


def test_parallel_calls_of_one_function(talk):
    called = talk.say(user("Weather?"), tools=[WEATHER], answer=Answer(
        calls=[("weather", BERN), ("weather", BERN)]))
    talk.say(*reversed(outputs(called, "sunny", "rainy")), tools=[WEATHER], answer=Answer("Both"))


def test_calls_turn_after_turn(talk):
    tools = {"tools": [WEATHER, TIME], "tool_choice": "auto"}
    final = talk.say(user("Go"), **tools, answer=Answer(calls=[("time", "{}")]))
    for number in range(3):
        final = talk.say(*outputs(final, f"{number} o'clock"), **tools,
                         answer=Answer(calls=[("weather", BERN)]))
    talk.say(*outputs(final, "sunny"), **tools, answer=Answer("Done"))


def test_call_without_arguments(talk):
    called = talk.say(user("Time?"), tools=[TIME], answer=Answer(calls=[("time", "")]))
    assert called["output"][-1]["arguments"] == "{}"
    talk.say(*outputs(called, "noon"), tools=[TIME], answer=Answer("Noon"))


def test_outputs_of_all_kinds(talk):
    tools = {"tools": [WEATHER]}
    called = talk.say(user("Look"), **tools, answer=Answer(calls=[("weather", BERN)] * 4))
    talk.say(*outputs(called, "", [], [{"type": "input_text", "text": "a"},
                                       {"type": "input_text", "text": "b"}],
                      [{"type": "input_text", "text": "see"}, image()]),
             **tools, answer=Answer("Seen"))
    images = [message for message in talk.sent() if isinstance(message["content"], list)
              and any(part["type"] == "image_url" for part in message["content"])]
    assert [message["role"] for message in images] == ["user"]


def test_reasoning_before_calls(talk):
    tools = {"tools": [WEATHER]}
    called = talk.say(user("Weather?"), **tools, answer=Answer(
        reasoning="I need the weather", calls=[("weather", BERN)]))
    assert types(called) == ["reasoning", "function_call"]
    again = talk.say(*outputs(called, "cloudy"), **tools, answer=Answer(
        "Hm", reasoning="Once more", calls=[("weather", BERN)]))
    talk.say(*outputs(again, "sunny"), **tools, answer=Answer("Sunny", reasoning="That is it"))
    talk.say(user("Thanks"), **tools, answer=Answer("Welcome", reasoning="Polite"))
    if talk.mode == "openrouter":
        details = [message["reasoning_details"] for message in talk.sent()
                   if message["role"] == "assistant"]
        assert ["".join(one["text"] for one in several) for several in details] == [
            "I need the weather", "Once more", "That is it"]


def test_turn_that_was_broken_off(talk):
    talk.say(user("Weather and time?"), tools=[WEATHER, TIME], answer=Answer(
        calls=[("weather", BERN), ("time", "{}")]))
    talk.say(user("Never mind"), tools=[WEATHER, TIME], answer=Answer("Fine"))


def test_turn_of_which_half_was_done(talk):
    called = talk.say(user("Weather and time?"), tools=[WEATHER, TIME], answer=Answer(
        "Well", calls=[("weather", BERN), ("time", "{}")]))
    talk.say(outputs(called, "sunny", "noon")[1], user("Go on"), tools=[WEATHER, TIME],
             answer=Answer("Fine"))


def test_output_that_nobody_asked_for(talk):
    talk.say({"type": "function_call_output", "call_id": "call_lost", "output": "x"}, user("Hi"),
             answer=Answer("Hello"))
    talk.say({"type": "function_call_output", "call_id": "call_lost", "output": "x"}, user("Hi"),
             tools=[WEATHER], answer=Answer("Hello"))


def test_calls_in_a_history_without_tools_now(talk):
    called = talk.say(user("Time?"), tools=[TIME], answer=Answer(calls=[("time", "{}")]))
    talk.say(*outputs(called, "noon"), answer=Answer("Noon"))


def test_answer_that_was_cut_off(talk):
    talk.say(user("Weather?"), tools=[TIME], status="incomplete", answer=Answer(
        "It is", finish="length"))
    talk.say(user("Go on"), tools=[TIME], answer=Answer("sunny"))


def test_call_that_was_cut_off(talk):
    """Its arguments are no JSON, and it has no output."""
    talk.say(user("Weather?"), tools=[WEATHER], status="incomplete", answer=Answer(
        calls=[("weather", '{"city":"Be')], finish="length"))
    talk.say(user("Go on"), tools=[WEATHER], answer=Answer("sunny"))


def test_stream_that_broke_off(talk):
    talk.say(user("Hi"), status="failed", answer=Answer("Hel", steps=[
        b'data: {"error":{"message":"Overloaded","code":"server_error"}}\n\n']))
    if talk.way == "chained":
        talk.last = None  # a failed response cannot be continued
    talk.say(user("Again"), answer=Answer("Hello"))


def test_refusal_in_the_history(talk):
    final = talk.say(user("Do it"), answer=Answer(refusal="I cannot"))
    assert final["output"][0]["content"][0]["type"] == "refusal"
    talk.say(user("Why?"), answer=Answer("Because"))


def test_custom_tool_and_namespace(talk):
    tools = {"tools": [SHELL, CRM]}
    called = talk.say(user("List"), **tools, answer=Answer(calls=[
        ("shell", '{"input":"ls \\"a b\\""}'), ("crm__find", BERN)]))
    custom, found = [item for item in called["output"] if item["type"] != "message"]
    assert (custom["type"], custom["input"]) == ("custom_tool_call", 'ls "a b"')
    assert (found["type"], found["name"], found["namespace"]) == ("function_call", "find", "crm")
    talk.say(*outputs(called, "a b", "nobody"), **tools, answer=Answer("Nothing"))


@pytest.mark.parametrize("choice", ["none", "required", {"type": "function", "name": "time"}, {
    "type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "time"}]}],
    ids=["none", "required", "function", "allowed"])
def test_choice_of_tools(talk, choice):
    talk.say(user("Time?"), tools=[WEATHER, TIME], tool_choice=choice,
             parallel_tool_calls=talk.mode == "local", answer=Answer("Noon"))
    talk.say(user("Hi"), tools=[], tool_choice="auto", parallel_tool_calls=False,
             answer=Answer("Hello"))


def test_structured_output(talk):
    form = {"format": {"type": "json_schema", "name": "weather", "schema": PARAMETERS,
                       "strict": True, "description": "A city"}, "verbosity": "low"}
    if talk.mode != "deepseek":  # it has no schemas
        final = talk.say(user("Which city?"), text=form, answer=Answer(BERN))
        assert json.loads(output_text(final)) == {"city": "Bern"}
    talk.say(user("As JSON"), text={"format": {"type": "json_object"}}, answer=Answer("{}"))
    talk.say(user("In words"), text={"format": {"type": "text"}}, answer=Answer("Bern"))


def test_members_that_not_all_know(talk):
    talk.say(user("Hi"), answer=Answer("Hello"), max_output_tokens=100, metadata={"a": "b"},
             user="u", safety_identifier="s", prompt_cache_key="k", service_tier="auto",
             truncation="auto", include=["reasoning.encrypted_content"],
             reasoning={"effort": "low", "summary": "auto"} if talk.mode in (
                 "reasoning", "gemini", "openrouter") else None)
    talk.say(user("Hi"), answer=Answer("Hello"), store=True)


def test_logprobs(talk):
    if talk.mode in ("openai", "reasoning"):
        talk.say(user("Hi"), answer=Answer("Hello"), top_logprobs=2,
                 include=["message.output_text.logprobs"])


@pytest.mark.parametrize("call_id", [
    "functions.weather:3", "call_" + "x" * 90, "toolu_01A", "a", "chatcmpl-tool-0123456789abcdef"])
def test_call_id_of_another_provider(talk, call_id):
    talk.say(user("Weather?"), {"type": "function_call", "call_id": call_id, "name": "weather",
                                "arguments": BERN},
             {"type": "function_call_output", "call_id": call_id, "output": "sunny"},
             tools=[WEATHER], answer=Answer("Sunny"))


def test_provider_that_is_busy_at_first(talk):
    final = talk.say(user("Hi"), answer=(Error(429, "Slow down", "rate_limit_exceeded"),
                                         Answer("Hello")))
    assert output_text(final) == "Hello"


@pytest.mark.parametrize("way", WAYS, indirect=True)
@pytest.mark.parametrize("first", MODES)
@pytest.mark.parametrize("second", MODES)
def test_conversation_that_moves_to_another_provider(stack, strict, way, first, second):
    talk = Talk(stack.client, strict, way, first)
    tools = {"tools": [WEATHER, TIME]}
    called = talk.say(user("Weather?"), **tools, answer=Answer(
        "Let me see", reasoning="Hm", calls=[("weather", BERN), ("time", "{}")]))
    again = talk.say(*outputs(called, "sunny", "noon"), **tools, mode=second, answer=Answer(
        reasoning="Again", calls=[("weather", BERN)]))
    talk.say(*outputs(again, "rainy"), **tools, answer=Answer("Rainy", reasoning="Well"))
    talk.say(user("Thanks"), **tools, mode=second, answer=Answer("Welcome"))


def test_key_goes_along(stack, strict):
    Talk(stack.client, strict, "again", "openai").say(user("Hi"), answer=Answer("Hello"))
    assert strict.answered[-1].header("authorization") == f"Bearer {PROVIDER_KEY}"
