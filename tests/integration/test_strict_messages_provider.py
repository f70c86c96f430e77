"""The provider of the Messages API that refuses what the real one refuses."""

import pytest

import strict_messages
from messages_talk import HAIKU, OPUS, PNG, SONNET, ZONE
from messages_talk import stack  # noqa: F401  (a fixture)
from strict_messages import Refused, call, redacted, text


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
