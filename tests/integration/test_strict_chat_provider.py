"""The provider of the Chat Completions API that refuses what some refuse."""

import copy

import pytest

from chat_talk import PNG
from chat_talk import stack  # noqa: F401  (a fixture)
from strict_chat import MODES, SKIP_SIGNATURE, Given, Refused, check

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
