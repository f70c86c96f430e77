"""Conversations with a provider of the Messages API that refuses what the real one refuses."""

import base64
import copy
import json
import random
import subprocess

import pytest

import strict_messages
from corpus import TRANSLATE, has_translate, origin_in
from harness import SECRETS, Stack, default_config, environment, output_text, strict_json
from stream_rules import accumulate, problems
from strict_messages import (Answer, CutCall, Error, Refused, StrictMessages, call, redacted,
                             text, thinking)
from upstream import Cut, Sleep, event_bytes

SONNET, OPUS, HAIKU = "claude-sonnet-4-5", "claude-opus-4-6", "claude-3-5-haiku-20241022"
BETA = "context-1m-2025-08-07"

PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5E"
       "rkJggg==")
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n").decode()

WEATHER = {"type": "function", "name": "get_weather", "description": "The weather of a place",
           "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                          "required": ["city"]}}
NOW = {"type": "function", "name": "now"}
SHELL = {"type": "custom", "name": "shell", "description": "Runs it"}
CRM = {"type": "namespace", "name": "crm", "description": "Customers",
       "tools": [{"type": "function", "name": "find", "parameters": {"properties": {}}}]}
ZONE = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"],
        "additionalProperties": False}
ZONE_FORMAT = {"format": {"type": "json_schema", "name": "zone", "schema": ZONE, "strict": True}}
# No object in it says that it is closed.
PLACE = {"$defs": {"place": {"type": ["object", "null"], "properties": {
             "town": {"type": "string"}, "in": {"anyOf": [{"$ref": "#/$defs/place"}, {
                 "properties": {"zone": {"type": "string"}}}]}}}},
         "type": "object", "properties": {"places": {
             "type": "array", "items": {"$ref": "#/$defs/place"}}}}
PLACE_FORMAT = {"format": {"type": "json_schema", "name": "place", "schema": PLACE}}


# ---- the provider itself -------------------------------------------------------------------------


def user(*content):
    blocks = [text(one) if isinstance(one, str) else one for one in content]
    return {"role": "user", "content": blocks}


def assistant(*content):
    return {**user(*content), "role": "assistant"}


def result(call_id, content="12 C"):
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def tool(**members):
    return {"name": "now", "input_schema": {"type": "object"}, **members}


def image(media_type="image/png", data=PNG):
    return {"type": "image",
            "source": {"type": "base64", "media_type": media_type, "data": data}}


def budget(tokens):
    return {"type": "enabled", "budget_tokens": tokens}


GOOD = {"model": SONNET, "max_tokens": 5000, "messages": [user("Hello")]}
SIGNED = {"good": "Hm."}
TURN = [user("Weather?"), assistant(call("t1", "now")), user(result("t1"))]
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "good"}
MARK = {"cache_control": {"type": "ephemeral"}}

BAD = {
    "max_tokens: Field required": {"max_tokens": None},
    "roles must alternate": {"messages": [user("a"), user("b")]},
    "first message must use the \"user\" role": {"messages": [assistant("a"), user("b")]},
    "at least one message is required": {"messages": []},
    "Unexpected role \"system\"": {"messages": [{"role": "system", "content": "x"}, user("a")]},
    "text content blocks must be non-empty": {"messages": [user("")]},
    "text content blocks must contain non-whitespace text": {"messages": [user(" \n")]},
    "all messages must have non-empty content": {"messages": [user()]},
    "system: text content blocks must be non-empty": {"system": [text("")]},
    "cannot end with trailing whitespace": {"messages": [user("a"), assistant("b ")]},
    "does not support assistant message prefill": {
        "model": OPUS, "messages": [user("a"), assistant("b")]},
    "without `tool_result` blocks immediately after: t1": {"messages": TURN[:2]},
    "unexpected `tool_use_id` found": {"messages": [user(result("t1"))]},
    "results have to come first": {"messages": [*TURN[:2], user("a", result("t1"))]},
    "multiple `tool_result` blocks": {
        "messages": [*TURN[:2], user(result("t1"), result("t1"))]},
    "ids must be unique": {"messages": [*TURN, *TURN[1:]]},
    "tool_use.id: String should match pattern": {
        "messages": [user("a"), assistant(call("functions.now:1", "now")),
                     user(result("functions.now:1"))]},
    "tool_use.input: Input should be a valid dictionary": {
        "messages": [user("a"), assistant({**call("t1", "now"), "input": "{}"}),
                     user(result("t1"))]},
    "if `is_error` is true": {
        "messages": [*TURN[:2], user({**result("t1", [image()]), "is_error": True})]},
    "does not match any of the expected tags: 'document'": {
        "messages": [user({"type": "input_text", "text": "a"})]},
    "text.annotations: Extra inputs": {"messages": [user({**text("a"), "annotations": []})]},
    "metadata.a: Extra inputs": {"metadata": {"a": "b"}},
    "store: Extra inputs are not permitted": {"store": False},
    "input_schema.type: Field required": {"tools": [tool(input_schema={"properties": {}})]},
    "input_schema: Field required": {"tools": [{"name": "now"}]},
    "custom.name: String should match pattern": {"tools": [tool(name="a.b")]},
    "custom.parameters: Extra inputs": {"tools": [tool(parameters={})]},
    "Tool names must be unique": {"tools": [tool(), tool()]},
    "tools.0: Input tag 'function'": {"tools": [tool(type="function")]},
    "explicitly set to false": {"tools": [tool(strict=True)]},
    "may only be specified while providing tools": {"tool_choice": {"type": "auto"}},
    "Tool 'a' not found": {"tools": [tool()], "tool_choice": {"type": "tool", "name": "a"}},
    "tool_choice: Input tag 'required'": {"tools": [tool()], "tool_choice": {"type": "required"}},
    "cannot both be specified": {"temperature": 0.5, "top_p": 0.5},
    "temperature: range: 0..1": {"temperature": 1.5},
    "may only be set to 1 when thinking": {"temperature": 0.5, "thinking": budget(1024)},
    "greater than or equal to 0.95": {"top_p": 0.5, "thinking": budget(1024)},
    "budget_tokens must be less than max_tokens": {"thinking": budget(5000)},
    "greater than or equal to 1024": {"thinking": budget(1000)},
    "adaptive thinking is not supported": {"thinking": {"type": "adaptive"}},
    "does not support thinking": {"model": HAIKU, "thinking": budget(1024)},
    "when tool_choice forces tool use": {
        "tools": [tool()], "tool_choice": {"type": "any"}, "thinking": budget(1024)},
    "but found `tool_use`": {"messages": TURN, "thinking": budget(1024)},
    "but found `text`": {"messages": [user("a"), assistant("b")], "thinking": budget(1024)},
    "Invalid `signature` in `thinking` block": {
        "messages": [user("a"), assistant({**THOUGHT, "signature": "bad"}, "b"), user("c")]},
    "cannot be modified": {
        "messages": [user("a"), assistant({**THOUGHT, "thinking": "Hm"}, "b"), user("c")]},
    "Invalid `data` in `redacted_thinking` block": {
        "messages": [user("a"), assistant(redacted("bad"), "b"), user("c")]},
    "does not support the effort parameter": {"output_config": {"effort": "low"}},
    "does not support effort level 'xhigh'": {
        "model": OPUS, "output_config": {"effort": "xhigh"}},
    "does not support output format": {
        "model": HAIKU, "output_config": {"format": {"type": "json_schema", "schema": ZONE}}},
    "output_config.format.name: Extra inputs": {
        "output_config": {"format": {"type": "json_schema", "schema": ZONE, "name": "zone"}}},
    "A maximum of 4 blocks with cache_control": {"system": [{**text("a"), **MARK}] * 5},
    "appears to be a image/png image": {"messages": [user(image("image/jpeg"))]},
    "invalid base64 data": {"messages": [user(image(data="!"))]},
    "media_type: Input should be 'image/jpeg'": {"messages": [user(image("image/bmp"))]},
    "service_tier: Input should be": {"service_tier": "flex"},
    "stop_sequences.0": {"stop_sequences": [" "]},
}
FINE = {
    "plain": {},
    "prefill": {"messages": [user("a"), assistant("b")]},
    "thinking": {"messages": [TURN[0], assistant(THOUGHT, call("t1", "now")), TURN[2]],
                 "thinking": budget(1024)},
    "thinking in later turns": {"messages": [*TURN, assistant("12 C"), user("Thanks")],
                                "thinking": budget(1024)},
    "adaptive thinking": {"model": OPUS, "messages": TURN, "thinking": {"type": "adaptive"},
                          "output_config": {"effort": "low"}},
    "four marks": {"system": [{**text("a"), **MARK}] * 4},
    "image": {"messages": [user(image())]},
    "closed schema": {"output_config": {"format": {"type": "json_schema", "schema": ZONE}}},
}


@pytest.mark.parametrize("words", BAD)
def test_provider_refuses(words):
    body = {name: value for name, value in {**GOOD, **BAD[words]}.items() if value is not None}
    with pytest.raises(Refused) as refused:
        strict_messages.check(body, SIGNED, set())
    assert words in str(refused.value)


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize("schema", [
    OPEN, {"type": ["null", "object"]}, {"properties": {}}, {"$defs": {"a": OPEN}},
    {"definitions": {"a": OPEN}}, {"items": OPEN}, {"prefixItems": [OPEN]},
    {"anyOf": [{"type": "null"}, OPEN]}, {"allOf": [OPEN]}, {"oneOf": [{"items": OPEN}]},
    {"not": OPEN}, {**ZONE, "properties": {"zone": OPEN}},
    {**ZONE, "additionalProperties": {"type": "string"}}])
def test_provider_refuses_schema_that_is_not_closed(schema):
    config = {"format": {"type": "json_schema", "schema": schema}}
    with pytest.raises(Refused) as refused:
        strict_messages.check({**GOOD, "output_config": config}, SIGNED, set())
    assert "explicitly set to false" in str(refused.value)


@pytest.mark.parametrize("name", FINE)
def test_provider_takes(name):
    strict_messages.check({**GOOD, **FINE[name]}, SIGNED, set())


# ---- requests without servers --------------------------------------------------------------------

# What it signed, and what the client has of it.
THOUGHTS = {"sig1": "One.", "sig2": "Two.", "sig3": ""}
CALL_IDS = ("call_1", "call_2", "functions.now:3", "\u00fc", "x" * 70, "toolu_1")


class Client:
    """Says things at random that a client may say, in any order."""

    def __init__(self, seed, origin):
        self.random = random.Random(seed)
        self.origin = origin

    def words(self):
        return self.random.choice(["Hello", "", " ", "\n", "Well?\n", "\u00fc \U0001f600"])

    def part(self, kind):
        part = {"type": kind, "text": self.words()}
        if self.random.random() < 0.3:
            part["cache_control"] = {"type": "ephemeral"}
        return part

    def picture(self):
        return {"type": "input_image", "image_url": self.random.choice(
            [f"data:image/png;base64,{PNG}", f"data:image/jpeg;base64,{PNG}",
             "https://example.com/a.png"])}

    def content(self, role):
        if self.random.random() < 0.4:
            return self.words()
        kind = "output_text" if role == "assistant" else "input_text"
        parts = [self.part(kind) for _ in range(self.random.randrange(3))]
        if role == "user" and self.random.random() < 0.3:
            parts.insert(self.random.randrange(len(parts) + 1), self.picture())
        return parts

    def message(self):
        role = self.random.choice(["user", "user", "assistant", "assistant", "system", "developer"])
        return {"role": role, "content": self.content(role)}

    def reasoning(self):
        signature, words = self.random.choice(list(THOUGHTS.items()))
        item = {"type": "reasoning", "id": "rs_1",
                "summary": [{"type": "summary_text", "text": words}] if words else []}
        sealed = f"signature.{self.origin}.{signature}" if words else (
            f"omitted.{self.origin}.{signature}")
        item["encrypted_content"] = self.random.choice(
            [f"respool.{sealed}", f"respool.{sealed}", f"respool.{sealed}",
             f"respool.redacted.{self.origin}.data", "respool.signature.0123456789abcdef.x",
             "gAAAAABo", None])
        return item

    def call(self):
        return {"type": "function_call", "call_id": self.random.choice(CALL_IDS), "name": "now",
                "arguments": self.random.choice(["", "{}", '{"a": 1}', "[1]", '{"a"', " { } "])}

    def custom_call(self):
        return {"type": "custom_tool_call", "call_id": self.random.choice(CALL_IDS),
                "name": "shell", "input": self.words()}

    def output(self):
        kind = self.random.choice(["function_call_output", "custom_tool_call_output"])
        content = self.content("user")
        item = {"type": kind, "call_id": self.random.choice(CALL_IDS), "output": content}
        if isinstance(content, str) and self.random.random() < 0.2:
            item["status"] = "incomplete"
        return item

    def searched(self):
        return {"type": "web_search_call", "id": "ws_1", "status": "completed",
                "action": {"type": "search", "query": "x"}}

    def items(self):
        kinds = [self.message, self.message, self.reasoning, self.call, self.call, self.output,
                 self.output, self.output, self.custom_call, self.searched]
        return [self.random.choice(kinds)() for _ in range(self.random.randrange(12))]

    def request(self):
        body = {"model": "m", "input": self.items()}
        may = {
            "instructions": ["", "Be brief."],
            "tools": [[], [NOW, SHELL], [{**NOW, "cache_control": {"type": "ephemeral"}}, CRM]],
            "tool_choice": ["auto", "none", "required"],
            "parallel_tool_calls": [True, False],
            "reasoning": [{"effort": effort, "summary": "auto"}
                          for effort in (None, "none", "minimal", "low", "high", "xhigh")],
            "max_output_tokens": [16, 2000, 5000],
            "temperature": [0, 0.5, 1, 1.5],
            "top_p": [0.1, 0.99, 1],
            "text": [{"format": {"type": "text"}}, {"verbosity": "low"}, ZONE_FORMAT, PLACE_FORMAT],
            "user": ["u1"],
            "service_tier": ["auto", "default", "flex"],
            "stop": ["END", ["END"]],
            "store": [False],
        }
        for name, values in may.items():
            if self.random.random() < 0.4:
                body[name] = self.random.choice(values)
        return body


def translated(directory, model, bodies, answer=None):
    """For each: what the provider gets, or why nothing; and how its answer is read."""
    config = default_config(directory)
    config["model_list"] = [{"model_name": "m", "litellm_params": {
        "model": f"anthropic/{model}", "api_base": "http://127.0.0.1:1", "api_key": "k"}}]
    (directory / "config.yaml").write_text(json.dumps(config))
    (directory / "requests").write_text("".join(json.dumps(body) + "\n" for body in bodies))
    argv = [TRANSLATE, "-c", directory / "config.yaml", "-m", "m", directory / "requests"]
    if answer is not None:
        (directory / "answer").write_bytes(answer)
        argv.append(directory / "answer")
    done = subprocess.run([*map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=20, env=environment())
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return [strict_json(line) for line in done.stdout.splitlines()]


def may_be_refused(model, body, param):
    """A form beside thinking by an old model, a choice among no tools, and nothing at all."""
    if param == "input":
        return not body["input"] and not body.get("instructions")
    if param == "tool_choice":
        return body["tool_choice"] == "required" and not body.get("tools")
    return param == "text" and model == HAIKU


@pytest.mark.skipif(not has_translate(), reason=f"not built: {TRANSLATE}; make check builds it")
@pytest.mark.parametrize("model", [SONNET, OPUS, HAIKU])
@pytest.mark.parametrize("hundred", range(1))
def test_whatever_a_client_says_is_taken(directory, model, hundred):
    answer = Answer(redacted("data"))
    stream = b"".join(event_bytes(event) for event in strict_messages.stream_of(
        model, "msg_1", answer.blocks, answer))
    *_, last = translated(directory, model, [{"model": "m", "input": "x"}], stream)
    origin = origin_in(json.dumps(last))
    taken = 0
    bodies = {seed: Client(seed, origin).request()
              for seed in range(100 * hundred, 100 * hundred + 100)}
    told = translated(directory, model, bodies.values())
    for (seed, body), first in zip(bodies.items(), told, strict=True):
        if "error" in first:
            assert may_be_refused(model, body, first["error"]["param"]), (seed, first, body)
            continue
        taken += 1
        try:
            strict_messages.check(first["request"], THOUGHTS, {"data"})
        except Refused as refused:
            raise AssertionError((seed, str(refused), body, first["request"])) from None
    assert taken > 80


# ---- the programs --------------------------------------------------------------------------------


def deployment(provider, name, model, **params):
    return {"model_name": name, "litellm_params": {
        "model": f"anthropic/{model}", "api_base": provider.base,
        "api_key": strict_messages.KEY, "timeout": 30, "stream_timeout": 20, **params}}


@pytest.fixture(scope="module")
def provider():
    provider = StrictMessages()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def stack(provider):
    stack = Stack({
        "model_list": [
            deployment(provider, "sonnet", SONNET),
            deployment(provider, "opus", OPUS),
            deployment(provider, "haiku", HAIKU),
            deployment(provider, "beta", SONNET, api_base=f"{provider.base}/v1",
                       extra_headers={"anthropic-beta": BETA}),
            deployment(provider, "bearer", SONNET, bearer_key=True),
            deployment(provider, "hasty", SONNET, silence_timeout=1),
            deployment(provider, "keyless", SONNET, api_key="sk-ant-wrong-77ab01"),
        ],
        "litellm_settings": {"num_retries": 1},
    })
    yield stack
    stack.close()


def background(stack, body):
    """The final object."""
    reply = stack.client.post_create({**body, "background": True})
    assert reply.status == 200, reply
    return stack.client.wait_terminal(reply.json()["id"], timeout=20)


def streamed(stack, body):
    reply = stack.client.post_create({**body, "stream": True})
    assert reply.status == 200, reply
    events = [strict_json(line[6:]) for line in reply.body.splitlines()
              if line.startswith(b"data: {")]
    assert problems(events) == []
    assert accumulate(events) == events[-1]["response"]
    return events[-1]["response"]


def whole(stack, body):
    reply = stack.client.post_create(body)
    assert reply.status == 200, reply
    return reply.json()


WAYS = {"background": background, "streamed": streamed, "whole": whole}


class Conversation:
    """
    Turns of one client. In the background it names the response before; else it sends all items
    again, those that it got included.
    """

    def __init__(self, stack, provider, way, **fields):
        self.stack = stack
        self.provider = provider
        self.way = way
        self.fields = {"model": "sonnet", **fields}
        self.items = []
        self.last_id = None

    def says(self, *items, answer, status="completed", **fields):
        """What the provider answers to these items: the object that comes of it."""
        self.provider.answer(*answer if isinstance(answer, list) else [answer])
        new = [{"role": "user", "content": one} if isinstance(one, str) else one for one in items]
        self.items += new
        chained = self.way == "background" and self.last_id is not None
        body = {**self.fields, **fields, "input": new if chained else copy.deepcopy(self.items)}
        if chained:
            body["previous_response_id"] = self.last_id
        response = WAYS[self.way](self.stack, body)
        assert self.provider.refusals == [], self.provider.refusals
        assert response["status"] == status, response
        self.items += response["output"]
        self.last_id = response["id"]
        return response

    @property
    def sent(self):
        """What the provider got last."""
        return self.provider.bodies()[-1]


@pytest.fixture(params=WAYS)
def talk(request, stack, provider):
    def begin(**fields):
        return Conversation(stack, provider, request.param, **fields)
    return begin


def output(item, content):
    kind = "custom_tool_call_output" if item["type"] == "custom_tool_call" else (
        "function_call_output")
    return {"type": kind, "call_id": item["call_id"], "output": content}


def items_of(response, *kinds):
    return [item for item in response["output"] if item["type"] in kinds]


def calls_of(response):
    return items_of(response, "function_call", "custom_tool_call")


def blocks_of(body, kind):
    return [block for message in body["messages"] for block in message["content"]
            if block["type"] == kind]


def words_of(message):
    return "".join(block.get("text", "") for block in message["content"])


# ---- conversations -------------------------------------------------------------------------------


def test_texts(talk):
    conversation = talk(instructions="Be brief.")
    first = conversation.says("Hello", answer=Answer(text("Hi, what is it?")))
    assert output_text(first) == "Hi, what is it?"
    assert first["usage"]["total_tokens"] == 30
    conversation.says("Nothing", answer=Answer(text("Well "), text("then.")))
    third = conversation.says("Bye", answer=Answer(text("Bye.")))
    assert output_text(third) == "Bye."
    assert [(message["role"], words_of(message)) for message in conversation.sent["messages"]] == [
        ("user", "Hello"), ("assistant", "Hi, what is it?"), ("user", "Nothing"),
        ("assistant", "Well then."), ("user", "Bye")]
    assert conversation.sent["system"] == [text("Be brief.")]


def test_texts_of_many_scripts(talk):
    words = "Gr\u00fc\u00dfe \u4e16\u754c \U0001f600 \"\\\n\t\u2028\u0000\u007f</script>"
    conversation = talk()
    assert output_text(conversation.says(words, answer=Answer(text(words)))) == words
    conversation.says("Well?", answer=Answer(text("Yes.")))
    assert [words_of(message) for message in conversation.sent["messages"]] == [
        words, words, "Well?"]


def test_answer_of_nothing_is_followed_by_more(talk):
    conversation = talk()
    first = conversation.says("Hello", answer=Answer())
    assert output_text(first) == "" and len(first["output"]) == 1
    conversation.says("Well?", answer=Answer(text("Hi.")))
    assert [message["role"] for message in conversation.sent["messages"]] == ["user"]


def test_thinking_with_a_tool(talk):
    conversation = talk(tools=[WEATHER], reasoning={"effort": "low", "summary": "auto"})
    first = conversation.says("Weather?", answer=Answer(
        thinking("I have to look it up."), text("I look."), call("toolu_1", "get_weather",
                                                                city="Ulm"), stop="tool_use"))
    assert [item["type"] for item in first["output"]] == ["reasoning", "message", "function_call"]
    assert items_of(first, "reasoning")[0]["summary"][0]["text"] == "I have to look it up."
    assert json.loads(calls_of(first)[0]["arguments"]) == {"city": "Ulm"}
    conversation.says(output(calls_of(first)[0], "12 C"), answer=Answer(
        thinking("So it is."), text("12 degrees.")))
    assert conversation.sent["thinking"]["type"] == "enabled"
    conversation.says("Thanks", answer=Answer(thinking("Polite."), text("Welcome.")))
    assert [block["thinking"] for block in blocks_of(conversation.sent, "thinking")] == [
        "I have to look it up.", "So it is."]


def test_thinking_again_before_each_call(talk):
    conversation = talk(tools=[WEATHER], reasoning={"effort": "medium"})
    response = conversation.says("Weather?", answer=Answer(
        thinking("First."), call("toolu_1", "get_weather", city="Ulm"), stop="tool_use"))
    for number in range(2, 5):
        response = conversation.says(output(calls_of(response)[0], "12 C"), answer=Answer(
            thinking(f"Number {number}."), call(f"toolu_{number}", "get_weather", city="Bonn"),
            stop="tool_use"))
    conversation.says(output(calls_of(response)[0], "13 C"), answer=Answer(text("Done.")))
    assert len(blocks_of(conversation.sent, "thinking")) == 4
    assert conversation.sent["thinking"]["type"] == "enabled"


def test_thinking_once_for_several_calls(talk):
    conversation = talk(tools=[NOW], reasoning={"effort": "low"})
    response = conversation.says("When?", answer=Answer(
        thinking("Hm."), call("toolu_1", "now"), stop="tool_use"))
    for number in range(2, 4):
        response = conversation.says(output(calls_of(response)[0], "noon"), answer=Answer(
            call(f"toolu_{number}", "now"), stop="tool_use"))
    assert conversation.sent["thinking"]["type"] == "enabled"


def test_thinking_of_all_kinds(talk):
    conversation = talk(model="opus", tools=[NOW], reasoning={"effort": "high"})
    blocks = [thinking("One."), redacted("EmwKAhgB"), thinking(""), thinking("Two.")]
    first = conversation.says("When?", answer=Answer(*blocks, call("toolu_1", "now"),
                                                     stop="tool_use"))
    assert len(items_of(first, "reasoning")) == 4
    conversation.says(output(calls_of(first)[0], "noon"), answer=Answer(text("At noon.")))
    sent = conversation.sent["messages"][1]["content"]
    assert [block["type"] for block in sent] == [
        "thinking", "redacted_thinking", "thinking", "thinking", "tool_use"]
    assert [block["thinking"] for block in blocks_of(conversation.sent, "thinking")] == [
        "One.", "", "Two."]


def test_thinking_between_calls(talk):
    conversation = talk(tools=[NOW, WEATHER], reasoning={"effort": "low"})
    first = conversation.says("When?", answer=Answer(
        thinking("One."), call("toolu_1", "now"), thinking("Two."),
        call("toolu_2", "get_weather", city="Ulm"), stop="tool_use"))
    conversation.says(*[output(one, "x") for one in calls_of(first)],
                      answer=Answer(text("At noon.")))


def test_calls_side_by_side_with_results_in_another_order(talk):
    conversation = talk(tools=[WEATHER, NOW])
    first = conversation.says("Weather?", answer=Answer(
        text("I look."), call("toolu_1", "get_weather", city="Ulm"), call("toolu_2", "now"),
        call("toolu_3", "get_weather", city="Bonn"), stop="tool_use"))
    one, two, three = calls_of(first)
    conversation.says(output(three, "13 C"), output(one, ""), "And be quick", output(two, []),
                      answer=Answer(text("Here."), call("toolu_4", "now"), stop="tool_use"))
    assert len(blocks_of(conversation.sent, "tool_result")) == 3


def test_custom_tool_and_namespace(talk):
    conversation = talk(tools=[SHELL, CRM])
    first = conversation.says("Run", answer=Answer(
        call("toolu_1", "shell", input="ls \"a\"\n"), call("toolu_2", "crm__find"),
        stop="tool_use"))
    shell, find = calls_of(first)
    assert (shell["type"], shell["input"]) == ("custom_tool_call", "ls \"a\"\n")
    assert (find["name"], find["namespace"]) == ("find", "crm")
    conversation.says(output(shell, "a"), output(find, "nobody"), answer=Answer(text("Done.")))
    assert blocks_of(conversation.sent, "tool_use") == [
        call("toolu_1", "shell", input="ls \"a\"\n"), call("toolu_2", "crm__find")]


def test_pictures_and_documents(talk):
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    document = {"type": "input_file", "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{PDF}"}
    conversation = talk(tools=[NOW])
    first = conversation.says(
        {"role": "user", "content": [picture, document, {"type": "input_text", "text": "See"}]},
        answer=Answer(call("toolu_1", "now"), stop="tool_use"))
    conversation.says(output(calls_of(first)[0], [picture, document]), answer=Answer(text("Ok.")))
    conversation.says({"role": "user", "content": [
        {"type": "input_image", "image_url": f"data:image/jpeg;base64,{PNG}"}]},
        answer=Answer(text("Ok.")))
    assert len(blocks_of(conversation.sent, "image")) == 2
    assert len(blocks_of(conversation.sent, "document")) == 1


class ToolAnswer(Answer):
    """Calls the tool that has to be called."""

    def __init__(self, arguments):
        super().__init__(stop="tool_use")
        self.arguments = arguments

    def for_request(self, body):
        return [call("toolu_1", body["tool_choice"]["name"], **self.arguments)]


@pytest.mark.parametrize("model", ["sonnet", "haiku"])
def test_structured_output(talk, model):
    conversation = talk(model=model, text=ZONE_FORMAT)

    def answer(zone):
        if model == "sonnet":
            return Answer(text(json.dumps({"zone": zone})))
        return ToolAnswer({"zone": zone})

    for zone in ("CET", "UTC"):
        response = conversation.says("Zone?", answer=answer(zone))
        assert json.loads(output_text(response)) == {"zone": zone}
        assert [item["type"] for item in response["output"]] == ["message"]


def test_structured_output_with_thinking(talk):
    conversation = talk(text=ZONE_FORMAT, reasoning={"effort": "low"})
    answer = Answer(thinking("Hm."), text('{"zone": "CET"}'))
    for _ in range(2):
        assert output_text(conversation.says("Zone?", answer=answer)) == '{"zone": "CET"}'


def test_orphans(talk):
    conversation = talk(tools=[NOW])
    conversation.says(
        {"type": "function_call_output", "call_id": "call_9", "output": "nothing"}, "Hello",
        {"type": "function_call", "call_id": "call_1", "name": "now", "arguments": ""},
        {"type": "function_call", "call_id": "call_2", "name": "now", "arguments": "[1"},
        {"type": "function_call_output", "call_id": "call_2", "output": "noon"}, "Never mind",
        {"type": "function_call", "call_id": "functions.now:3", "name": "now", "arguments": "{}"},
        answer=Answer(text("Well.")))
    assert len(blocks_of(conversation.sent, "tool_use")) == 3


def test_calls_that_nobody_answered(talk):
    conversation = talk(tools=[NOW], reasoning={"effort": "low"})
    conversation.says("When?", answer=Answer(
        thinking("Hm."), call("toolu_1", "now"), stop="tool_use"))
    conversation.says("Never mind", answer=Answer(text("Well.")))
    conversation.says("Bye", answer=Answer(text("Bye.")))


def test_answer_that_came_to_its_limit(talk):
    conversation = talk(tools=[WEATHER], reasoning={"effort": "low"})
    first = conversation.says("Weather?", status="incomplete", answer=Answer(
        thinking("Hm."), text("I look "), CutCall("toolu_1", "get_weather", '{"city": "U'),
        stop="max_tokens"))
    assert first["incomplete_details"] == {"reason": "max_output_tokens"}
    assert first["output"][-1]["status"] == "incomplete"
    assert first["output"][-1]["arguments"] == '{"city": "U'
    if conversation.way != "background":  # an incomplete one cannot be named as the one before
        conversation.says("Go on", answer=Answer(text("Ulm.")))


def test_refusal(talk):
    conversation = talk()
    first = conversation.says("Break in", status="incomplete", answer=Answer(
        stop="refusal", stop_details={"type": "refusal", "category": "cyber",
                                      "explanation": "I cannot help with that."}))
    assert first["incomplete_details"] == {"reason": "content_filter"}
    assert first["output"][-1]["content"][-1] == {
        "type": "refusal", "refusal": "I cannot help with that."}
    if conversation.way != "background":
        conversation.says("Then say hello", answer=Answer(text("Hello.")))


@pytest.mark.parametrize("way", ["streamed", "background"])
def test_turn_that_was_broken_off_is_gone_on_with(stack, provider, way):
    provider.answer(Answer(thinking("Hm."), text("I look"), call("toolu_1", "now"), stop="tool_use",
                           steps=[Cut()]))
    body = {"model": "sonnet", "tools": [NOW], "reasoning": {"effort": "low"}}
    question = {"role": "user", "content": "When?"}
    broken = WAYS[way](stack, {**body, "input": [question]})
    assert broken["status"] == "failed"
    assert provider.refusals == []
    conversation = Conversation(stack, provider, way, **body)
    conversation.items = [question, *broken["output"]]
    conversation.says("Again, please", answer=Answer(thinking("Well."), text("At noon.")))


@pytest.mark.parametrize("model", ["sonnet", "opus", "haiku"])
def test_answer_that_the_client_has_begun(talk, model):
    conversation = talk(model=model)
    conversation.says("A rhyme", {"role": "assistant", "content": "Roses are \n"},
                      answer=Answer(text("red")))
    conversation.says("More", {"role": "assistant", "content": ""}, answer=Answer(text("Violets")))


def test_begun_answer_with_thinking(talk):
    talk(reasoning={"effort": "low"}).says(
        "A rhyme", {"role": "assistant", "content": "Roses are "}, answer=Answer(text("red")))


def test_roles_of_all_kinds(talk):
    conversation = talk(instructions="Be brief.")
    conversation.says(
        {"role": "assistant", "content": "I am Bot."}, {"role": "developer", "content": "Be kind."},
        {"role": "assistant", "content": "Hello?"}, {"role": "user", "content": ""}, "Hello",
        {"role": "system", "content": "Be quick."}, "there", {"role": "assistant", "content": " "},
        "Well?", answer=Answer(text("Hi.")))
    assert [block["text"] for block in conversation.sent["system"]] == [
        "Be brief.", "Be kind.", "Be quick."]


@pytest.mark.parametrize("model", ["sonnet", "opus", "haiku"])
def test_everything_that_a_client_may_say(talk, model):
    talk(
        model=model, temperature=1.3, top_p=0.3, max_output_tokens=800, metadata={"a": "b"},
        store=True, user="u1", safety_identifier="s1", service_tier="flex", truncation="auto",
        prompt_cache_key="k", parallel_tool_calls=False, tool_choice="required", tools=[
            WEATHER, {"type": "function", "name": "now", "parameters": None, "strict": None},
            {**NOW, "name": "later", "parameters": ZONE, "strict": True}, SHELL, CRM],
        text={"format": {"type": "text"}, "verbosity": "low"}, max_tool_calls=3,
        include=["reasoning.encrypted_content"], reasoning=None,
    ).says("Hello", answer=Answer(call("toolu_1", "now"), stop="tool_use"))


@pytest.mark.parametrize("model", ["sonnet", "opus"])
def test_everything_beside_reasoning(talk, model):
    conversation = talk(
        model=model, temperature=0.3, top_p=0.3, max_output_tokens=100, tools=[WEATHER],
        tool_choice={"type": "function", "name": "get_weather"},
        reasoning={"effort": "high", "summary": "detailed"})
    conversation.says("Hello", answer=Answer(thinking("Hm."), text("Hi.")))
    assert conversation.sent["thinking"]["type"] in ("enabled", "adaptive")


def test_more_marks_than_there_may_be(talk):
    part = {"type": "input_text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    conversation = talk(tools=[{**WEATHER, "cache_control": {"type": "ephemeral"}}])
    for _ in range(6):
        conversation.says({"role": "user", "content": [part]}, answer=Answer(text("Ok.")))
    assert json.dumps(conversation.sent).count("cache_control") == 4


def test_ids_of_another_provider(talk):
    conversation = talk(tools=[NOW])
    history = []
    for number in range(3):
        history += [
            {"type": "function_call", "call_id": f"functions.now:{number}", "name": "now",
             "arguments": "{}"},
            {"type": "function_call_output", "call_id": f"functions.now:{number}", "output": "x"}]
    conversation.says("When?", *history, *history[:2], answer=Answer(text("At noon.")))
    assert len(blocks_of(conversation.sent, "tool_use")) == 4


def test_thinking_of_another_deployment_is_left_out(stack, provider):
    conversation = Conversation(stack, provider, "streamed", tools=[NOW],
                                reasoning={"effort": "low"})
    first = conversation.says("When?", answer=Answer(
        thinking("Hm."), call("toolu_1", "now"), stop="tool_use"))
    conversation.fields["model"] = "beta"
    provider.signed.clear()
    conversation.says(output(calls_of(first)[0], "noon"), answer=Answer(text("At noon.")))
    assert blocks_of(conversation.sent, "thinking") == []
    conversation.says("Thanks", answer=Answer(thinking("Polite."), text("Welcome.")))
    assert conversation.sent["thinking"]["type"] == "enabled"


def test_item_that_is_referred_to(stack, provider):
    conversation = Conversation(stack, provider, "background")
    first = conversation.says("Hello", answer=Answer(text("Hi.")))
    conversation.says({"type": "item_reference", "id": first["output"][0]["id"]}, "Well?",
                      answer=Answer(text("Yes?")))
    assert [words_of(message) for message in conversation.sent["messages"]] == [
        "Hello", "Hi.", "Well?"]
    reply = stack.client.post_create({"model": "sonnet", "input": [
        {"type": "item_reference", "id": first["output"][0]["id"]}]})
    assert reply.status == 400, reply
    assert reply.error()["param"] == "input"


@pytest.mark.parametrize("way", ["streamed", "whole"])
def test_answer_that_was_not_kept_cannot_be_named(stack, provider, way):
    provider.answer(Answer(text("Hi.")))
    first = WAYS[way](stack, {"model": "sonnet", "input": "Hello"})
    for fields in ({}, {"background": True}, {"stream": True}):
        reply = stack.client.post_create({
            "model": "sonnet", "input": "Well?", "previous_response_id": first["id"], **fields})
        assert reply.status in (400, 404), reply
        assert reply.error()["param"] == "previous_response_id"
    assert stack.client.get_response(first["id"]).status == 404


def test_what_is_left_out_is_logged(stack, provider):
    conversation = Conversation(stack, provider, "background", service_tier="flex",
                                metadata={"a": "b"}, temperature=1.5)
    offset = stack.supervisor.stderr_size()
    response = conversation.says("Hello", answer=Answer(text("Hi.")))
    logged = [line for line in stack.supervisor.stderr(offset).splitlines()
              if response["id"] in line]
    for name in ("service_tier", "metadata", "temperature"):
        assert any(name in line for line in logged), logged


def test_reasoning_of_openai_is_left_out(talk):
    talk(tools=[NOW], reasoning={"effort": "low"}).says(
        "When?", {"type": "reasoning", "id": "rs_1", "summary": [],
                  "encrypted_content": "gAAAAABoISQ24OyVRYbk"},
        {"type": "function_call", "call_id": "call_1", "name": "now", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "noon"},
        answer=Answer(text("At noon.")))


# ---- signatures that it does not take ------------------------------------------------------------


def begun_turn(stack, provider, way):
    """A conversation whose turn runs with signed thinking, and the result that it waits for."""
    conversation = Conversation(stack, provider, way, tools=[NOW], reasoning={"effort": "low"})
    first = conversation.says("When?", answer=Answer(
        thinking("Hm."), call("toolu_1", "now"), stop="tool_use"))
    return conversation, output(calls_of(first)[0], "noon")


@pytest.mark.parametrize("way", WAYS)
def test_invalid_signature_is_answered_without_thinking(stack, provider, way):
    conversation, result_item = begun_turn(stack, provider, way)
    provider.signed.clear()
    provider.answer(Answer(text("At noon.")))
    body = {**conversation.fields, "input": [*conversation.items, result_item]}
    response = WAYS[way](stack, body)
    assert (response["status"], output_text(response)) == ("completed", "At noon.")
    assert len(provider.refusals) == 1 and "Invalid `signature`" in provider.refusals[0]
    assert len(provider.answered) == 1
    sent = provider.bodies()[0]
    assert blocks_of(sent, "thinking") == []
    assert sent.get("thinking", {"type": "disabled"})["type"] == "disabled"


def test_invalid_signature_is_tried_again_once(stack, provider):
    conversation, result_item = begun_turn(stack, provider, "whole")
    words = "messages.1.content.0: Invalid `signature` in `thinking` block"
    provider.answer(Error(400, words))
    reply = stack.client.post_create({
        **conversation.fields, "input": [*conversation.items, result_item]})
    assert reply.status == 400, reply
    assert words in reply.error()["message"]
    assert len(provider.answered) == 2


# ---- headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_headers(stack, provider, way):
    provider.answer(Answer(text("Hi.")))
    WAYS[way](stack, {"model": "beta", "input": "Hello"})
    request = provider.answered[0]
    assert request.path == "/v1/messages"
    assert request.header("anthropic-version") == "2023-06-01"
    assert request.header("anthropic-beta") == BETA
    assert request.header("x-api-key") == strict_messages.KEY
    assert request.header("authorization") is None
    assert request.header("content-type") == "application/json"


@pytest.mark.parametrize("way", WAYS)
def test_key_as_bearer(stack, provider, way):
    provider.answer(Answer(text("Hi.")))
    WAYS[way](stack, {"model": "bearer", "input": "Hello"})
    assert provider.answered[0].header("authorization") == f"Bearer {strict_messages.KEY}"
    assert provider.answered[0].header("x-api-key") is None


# ---- errors --------------------------------------------------------------------------------------

TRIED_AGAIN = (429, 500, 504, 529)


@pytest.mark.parametrize("status", strict_messages.ERROR_TYPES)
@pytest.mark.parametrize("stream", [False, True])
def test_error_is_told(stack, provider, status, stream):
    provider.answer(Error(status, "It went wrong", {"retry-after": "0"}))
    reply = stack.client.post_create({"model": "sonnet", "input": "Hello", "stream": stream})
    assert reply.status == status, reply
    error = reply.error()
    assert "It went wrong" in error["message"]
    assert error["type"] and error["code"]
    assert len(provider.answered) == (2 if status in TRIED_AGAIN else 1)
    assert reply.headers["retry-after"] == "0"


@pytest.mark.parametrize("status", strict_messages.ERROR_TYPES)
def test_error_in_the_background_is_told(stack, provider, status):
    provider.answer(Error(status, "It went wrong", {"retry-after": "0"}))
    response = background(stack, {"model": "sonnet", "input": "Hello"})
    assert response["status"] == "failed"
    assert "It went wrong" in response["error"]["message"]
    assert response["error"]["code"]
    assert len(provider.answered) == (2 if status in TRIED_AGAIN else 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", TRIED_AGAIN)
def test_error_that_passes_is_tried_again(stack, provider, way, status):
    provider.answer(Error(status, "It went wrong", {"retry-after": "0"}), Answer(text("Hi.")))
    response = WAYS[way](stack, {"model": "sonnet", "input": "Hello"})
    assert (response["status"], output_text(response)) == ("completed", "Hi.")
    assert len(provider.answered) == 2


@pytest.mark.parametrize("way", WAYS)
def test_retry_after_is_kept_to(stack, provider, way):
    provider.answer(Error(429, "Slow down", {"retry-after": "1"}), Answer(text("Hi.")))
    response = WAYS[way](stack, {"model": "sonnet", "input": "Hello"})
    assert response["status"] == "completed"
    first, second = provider.answered
    assert second.arrived_at - first.arrived_at >= 0.9


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"{\"error\":", b"\xff\xfe"])
def test_error_that_is_no_json(stack, provider, body):
    provider.answer(Error(400, body=body))
    reply = stack.client.post_create({"model": "sonnet", "input": "Hello"})
    assert reply.status == 400, reply
    assert reply.error()["message"]


@pytest.mark.parametrize("way", ["whole", "streamed", "background"])
def test_key_is_in_no_error(stack, provider, way):
    words = f"invalid x-api-key {strict_messages.KEY} in your request"
    provider.answer(Error(401, words))
    body = {"model": "sonnet", "input": "Hello", "stream": way == "streamed"}
    if way == "background":
        shown = json.dumps(background(stack, {"model": "sonnet", "input": "Hello"}))
    else:
        shown = stack.client.post_create(body).body.decode()
    assert "in your request" in shown
    for found in (shown, stack.everything_stored().decode("utf-8", "replace"),
                  stack.responder.stderr(), stack.supervisor.stderr()):
        for secret in (strict_messages.KEY, *SECRETS):
            assert secret not in found


def test_wrong_key_is_told(stack, provider):
    provider.answer(Answer(text("Hi.")))
    reply = stack.client.post_create({"model": "keyless", "input": "Hello"})
    assert reply.status == 401, reply
    assert "invalid x-api-key" in reply.error()["message"]
    assert "sk-ant-wrong-77ab01" not in reply.body.decode()


@pytest.mark.parametrize("way", WAYS)
def test_overload_before_anything_was_said_is_tried_again(stack, provider, way):
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    provider.answer(Answer(events=[overloaded]), Answer(text("Hi.")))
    response = WAYS[way](stack, {"model": "sonnet", "input": "Hello"})
    assert (response["status"], output_text(response)) == ("completed", "Hi.")
    assert len(provider.answered) == 2


@pytest.mark.parametrize("way", ["streamed", "background"])
def test_overload_behind_text_fails_the_response(stack, provider, way):
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    provider.answer(Answer(text("Hello there"), steps=[overloaded]))
    response = WAYS[way](stack, {"model": "sonnet", "input": "Hello"})
    assert response["status"] == "failed"
    assert response["error"]["message"] == "Overloaded"



def test_cut_off_before_anything_was_said(stack, provider):
    """The stream has begun then, the object has not."""
    start = next(strict_messages.stream_of(SONNET, "msg_1", [], Answer()))
    body = {"model": "sonnet", "input": "Hello"}
    provider.answer(Answer(events=[start]))
    assert streamed(stack, body)["status"] == "failed"
    provider.answer(Answer(events=[start]))
    reply = stack.client.post_create(body)
    assert reply.status == 502, reply
    provider.answer(Answer(events=[start]), Answer(text("Hi.")))
    assert output_text(background(stack, body)) == "Hi."


@pytest.mark.parametrize("way", WAYS)
def test_done_is_no_end_of_a_message(stack, provider, way):
    provider.answer(Answer(text("Hello there"), steps=[b"data: [DONE]\n\n"]))
    response = WAYS[way](stack, {"model": "sonnet", "input": "Hello"})
    assert response["status"] == "failed"
    assert output_text(response) == "Hello there"


@pytest.mark.parametrize("way", WAYS)
def test_pings_are_a_sign_of_life(stack, provider, way):
    ping = [Sleep(400), {"type": "ping"}]
    provider.answer(Answer(text("Hi."), steps=[*ping * 4, {"type": "message_stop"}]))
    response = WAYS[way](stack, {"model": "hasty", "input": "Hello"})
    assert response["status"] == "completed"
    assert len(provider.answered) == 1
