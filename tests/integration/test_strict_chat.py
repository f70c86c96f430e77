"""Conversations in the Responses API with providers of the Chat Completions API: none is refused.

Each is held three times: with all earlier items sent again, in the background or as a stream that
is passed through, and by previous_response_id.
"""

import copy
import json

import pytest

from harness import PROVIDER_KEY, Stack, output_text
from stream_rules import accumulate, events_of, problems
from strict_chat import MODES, SKIP_SIGNATURE, Answer, Error, Given, Refused, StrictChat, check

# As at OpenAI's own address.
OPENAI = {"openai_members": True, "developer_role": True, "uses_max_completion_tokens": True}
PARAMS = {
    "openai": {"model": "openai/gpt-4.1", **OPENAI},
    "reasoning": {"model": "openai/gpt-5", **OPENAI},
    "mistral": {"model": "mistral/mistral-large-latest"},
    "deepseek": {"model": "deepseek/deepseek-reasoner"},
    "gemini": {"model": "gemini/gemini-3-pro"},
    "openrouter": {"model": "openrouter/vendor/model"},
    "local": {"model": "openai_like/local", "string_content": True, "no_stream_options": True,
              "no_parallel_tool_calls": True, "no_strict_tools": True},
}
WAYS = ("again", "streamed", "chained")
PNG = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
       "hgGAWjR9awAAAABJRU5ErkJggg==")
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
              "additionalProperties": False}
WEATHER = {"type": "function", "name": "weather", "description": "The weather of a city",
           "parameters": PARAMETERS, "strict": True}
TIME = {"type": "function", "name": "time"}
SHELL = {"type": "custom", "name": "shell", "description": "Runs a command"}
CRM = {"type": "namespace", "name": "crm", "description": "Customers", "tools": [
    {"type": "function", "name": "find", "parameters": PARAMETERS}]}
BERN = '{"city":"Bern"}'


@pytest.fixture(scope="module")
def strict():
    provider = StrictChat()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def stack(strict):
    stack = Stack({
        "model_list": [{"model_name": mode, "litellm_params": {
            "api": "chat", "api_base": strict.base_of(mode),
            "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 20,
            "stream_timeout": 20, **params}} for mode, params in PARAMS.items()],
        "litellm_settings": {"num_retries": 1}, "respool": {"max_attempts": 1}})
    yield stack
    stack.close()


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


# ---- conversations -------------------------------------------------------------------------------


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


# ---- the stand-in itself -------------------------------------------------------------------------

GOOD = {
    "model": "m", "stream": True, "stream_options": {"include_usage": True},
    "messages": [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {
            "type": "image_url", "image_url": {"url": PNG, "detail": "low"}}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "abcdef123", "type": "function", "function": {
                "name": "time", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "abcdef123", "content": "noon"},
        {"role": "user", "content": "as JSON"}],
    "tools": [{"type": "function", "function": {"name": "time", "parameters": {"type": "object"}}}],
}
CALL = GOOD["messages"][2]["tool_calls"][0]
SIGNED = {**CALL, "extra_content": {"google": {"thought_signature": SKIP_SIGNATURE}}}


def with_calls(*calls, **fields):
    """The messages, with other calls."""
    messages = copy.deepcopy(GOOD["messages"])
    messages[2].update({"tool_calls": list(calls), **fields})
    return messages


def function(**fields):
    return [{"type": "function", "function": {**GOOD["tools"][0]["function"], **fields}}]


USER = GOOD["messages"][1]
REFUSALS = {
    "no-messages": ("openai", {"messages": []}, "too short - 'messages'"),
    "member-that-is-not-known": ("openai", {"input": "x"}, "Unknown parameter: 'input'"),
    "store-elsewhere": ("mistral", {"store": False}, "Unknown parameter: 'store'"),
    "stream-options-of-mistral": ("mistral", {"stream_options": {"include_usage": True}},
                                  "Unknown parameter: 'stream_options'"),
    "no-tools": ("openai", {"tools": []}, "[] is too short - 'tools'"),
    "parallel-without-tools": ("openai", {"tools": None, "parallel_tool_calls": True},
                               "'parallel_tool_calls' is only allowed when 'tools'"),
    "choice-without-tools": ("openai", {"tools": None, "tool_choice": "auto"},
                             "'tool_choice' is only allowed when 'tools'"),
    "choice-of-no-tool": ("openai", {"tool_choice": {"type": "function", "function": {
        "name": "x"}}}, "names no tool"),
    "tool-of-responses": ("openai", {"tools": [{"type": "function", "name": "f"}]},
                          "Unknown parameter: 'tools[0].name'"),
    "hosted-tool": ("openai", {"tools": [{"type": "web_search"}]}, "Supported values are"),
    "tool-name-with-a-blank": ("openai", {"tools": function(name="a b")}, "match pattern"),
    "tool-name-too-long": ("openai", {"tools": function(name="a" * 65)}, "string too long"),
    "two-tools-of-one-name": ("openai", {"tools": function() * 2}, "must be unique"),
    "parameters-null": ("openai", {"tools": function(parameters=None)}, "expected an object"),
    "parameters-of-no-type": ("openai", {"tools": function(parameters={})}, "type: \"object\""),
    "strict-null": ("openai", {"tools": function(strict=None)}, "expected a boolean"),
    "strict-without-its-schema": ("openai", {"tools": function(strict=True)},
                                  "'additionalProperties' is required"),
    "strict-elsewhere": ("local", {"tools": function(strict=True)}, "Unknown parameter"),
    "tool-message-alone": ("openai", {"messages": [USER, GOOD["messages"][3]]},
                           "messages with role 'tool' must be a response to a preceeding"),
    "tool-message-after-another-call": (
        "openai", {"messages": with_calls({**CALL, "id": "abcdef999"})}, "not found in"),
    "calls-without-outputs": ("openai", {"messages": GOOD["messages"][:3]},
                              "must be followed by tool messages"),
    "calls-and-then-text": ("openai", {"messages": [*GOOD["messages"][:3], USER]},
                            "must be followed by tool messages"),
    "no-calls-in-a-list": ("openai", {"messages": with_calls(content="x")}, "[] is too short"),
    "call-without-a-type": ("openai", {"messages": with_calls(
        {name: CALL[name] for name in ("id", "function")})}, "Missing required parameter"),
    "call-with-an-object": ("openai", {"messages": with_calls(
        {**CALL, "function": {"name": "time", "arguments": {}}})}, "expected a string"),
    "call-with-half-its-arguments": ("gemini", {"messages": with_calls(
        {**SIGNED, "function": {"name": "time", "arguments": "{"}})}, "Failed to parse"),
    "call-id-too-long": ("openai", {"messages": with_calls({**CALL, "id": "x" * 65})},
                         "string too long"),
    "call-id-of-mistral": ("mistral", {"messages": with_calls({**CALL, "id": "call_1"})},
                           "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9"),
    "one-call-id-twice": ("openai", {"messages": with_calls(CALL, CALL)}, "Duplicate value"),
    "image-in-a-tool-message": ("openai", {"messages": [
        *GOOD["messages"][:3], {**GOOD["messages"][3], "content": [USER["content"][1]]}]},
        "Image URLs are only allowed for messages with role 'user'"),
    "part-of-responses": ("openai", {"messages": [{"role": "user", "content": [
        {"type": "input_text", "text": "x"}]}]}, "Invalid value: 'input_text'"),
    "empty-tool-content": ("openai", {"messages": [
        *GOOD["messages"][:3], {**GOOD["messages"][3], "content": ""}]}, "must not be empty"),
    "detail-original": ("openai", {"messages": [{"role": "user", "content": [{
        "type": "image_url", "image_url": {"url": PNG, "detail": "original"}}]}]},
        "Invalid value: 'original'"),
    "content-null": ("openai", {"messages": [{"role": "user", "content": None}]}, "got null"),
    "developer-elsewhere": ("mistral", {"messages": [{"role": "developer", "content": "x"}]},
                            "Unexpected role 'developer'"),
    "content-as-a-list": ("local", {"stream_options": None, "messages": [{
        "role": "user", "content": [{"type": "text", "text": "x"}]}]}, "content must be a string"),
    "stream-options-refused": ("local", {"stream_options": {"include_usage": True}},
                               "Unknown parameter: 'stream_options'"),
    "ends-with-the-assistant": ("mistral", {"messages": [
        USER, {"role": "assistant", "content": "x"}]}, "Expected last role User or Tool"),
    "max-tokens-of-a-reasoning-model": (
        "reasoning", {"max_tokens": 9}, "Use 'max_completion_tokens' instead"),
    "temperature-of-a-reasoning-model": ("reasoning", {"temperature": 0.5}, "Only the default"),
    "top-logprobs-alone": ("openai", {"top_logprobs": 2}, "'logprobs' is true"),
    "format-of-responses": ("openai", {"response_format": {
        "type": "json_schema", "name": "n"}}, "expected an object"),
    "format-without-a-name": ("openai", {"response_format": {
        "type": "json_schema", "json_schema": {"schema": {}}}}, "json_schema.name"),
    "format-text-of-responses": ("openai", {"response_format": {"type": "x"}}, "Supported values"),
    "metadata-without-store": ("openai", {"metadata": {"a": "b"}, "store": False},
                               "only allowed when 'store'"),
    "no-signature": ("gemini", {}, "missing a thought_signature"),
    "no-stream": ("openai", {"stream": False}, "Only streams"),
    "reasoning-content-elsewhere": ("openai", {"messages": with_calls(
        CALL, reasoning_content="x")}, "Unknown parameter"),
}


def checked(mode, change, given=None):
    good = {name: value for name, value in GOOD.items() if name in MODES[mode].members}
    body = {**copy.deepcopy(good), **change}
    check({name: value for name, value in body.items() if value is not None}, MODES[mode],
          given or Given())


@pytest.mark.parametrize("name", REFUSALS)
def test_stand_in_refuses(name):
    mode, change, words = REFUSALS[name]
    with pytest.raises(Refused) as refused:
        checked(mode, change)
    assert words in str(refused.value)


@pytest.mark.parametrize("mode", ["openai", "reasoning", "mistral", "deepseek", "openrouter"])
def test_stand_in_takes_what_is_good(mode):
    checked(mode, {})


def test_stand_in_wants_its_reasoning_back():
    given = Given()
    given.reasoning[CALL["id"]] = "Hm"
    with pytest.raises(Refused, match="must be passed back"):
        checked("deepseek", {}, given)
    checked("deepseek", {"messages": with_calls(CALL, reasoning_content="Hm")}, given)


def test_stand_in_wants_its_signatures_back():
    given = Given()
    given.signatures[CALL["id"]] = "s"
    wrong = {**CALL, "extra_content": {"google": {"thought_signature": "t"}}}
    right = {**CALL, "extra_content": {"google": {"thought_signature": "s"}}}
    with pytest.raises(Refused, match="thought_signature"):
        checked("gemini", {"messages": with_calls(wrong)}, given)
    checked("gemini", {"messages": with_calls(right)}, given)
    checked("gemini", {"messages": with_calls(SIGNED)}, given)
