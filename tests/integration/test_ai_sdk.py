"""Vercel's AI SDK as the client: its Responses models, its Chat Completions models, embeddings."""

import pytest

from answering import REASONING, vector_of
from clients import BROKEN, COMPLETING, DIALECTS, EMBEDDING, TWO_ACCOUNTS, WAYS, fixture_of

pytestmark = pytest.mark.once

USAGE = {"inputTokens": 12, "outputTokens": 34, "totalTokens": 46}
USED_TOOL = {"text": "The tool says: 12 degrees in Ulm.", "cities": ["Ulm"],
             "finishReasons": ["tool-calls", "stop"]}
UNSTORED = {"openai": {"store": False}}
REASONS = {"openai": {"forceReasoning": True, "reasoningEffort": "low", "reasoningSummary": "auto"}}

ask = fixture_of("ai_sdk")


@pytest.mark.parametrize("way", WAYS)
def test_text_is_generated(ask, way):
    assert ask("generate", way) == {
        "text": "You said: Hello.", "finishReason": "stop", "usage": USAGE}


@pytest.mark.parametrize("way", WAYS)
def test_text_is_streamed(ask, way):
    assert ask("stream", way) == {
        "pieces": ["You said", ": Hello."], "text": "You said: Hello.", "errors": [],
        "finishReason": "stop", "usage": USAGE}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function", ["generate", "stream"])
def test_reasoning_is_told(ask, function, way):
    seen = ask(function, way, options=REASONS)
    assert (seen["reasoningText"], seen["text"]) == (REASONING, "You said: Hello.")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function", ["generateWithTool", "streamWithTool"])
def test_tool_is_called_and_its_output_answered(ask, function, way):
    assert ask(function, way, options=UNSTORED) == USED_TOOL


@pytest.mark.parametrize("way", WAYS)
def test_reasoning_goes_back_with_the_output_of_a_tool(ask, way):
    options = {"openai": {**REASONS["openai"], **UNSTORED["openai"]}}
    assert ask("generateWithTool", way, options=options) == USED_TOOL


@pytest.mark.parametrize("body", [{}, {"background": True}], ids=["passed_through", "background"])
def test_encrypted_reasoning_goes_back_to_the_account_that_made_it(ask, body):
    options = {"openai": {**REASONS["openai"], **UNSTORED["openai"]}}
    ask.forget()
    for _ in range(10):
        assert ask("streamWithTool", TWO_ACCOUNTS, options=options, body=body) == USED_TOOL
    assert "encrypted_content" in ask.bodies()[-1]
    assert ask.paths() <= {"/one/v1/responses", "/two/v1/responses"}


@pytest.mark.parametrize("way", WAYS)
def test_object_is_generated(ask, way):
    assert ask("generateObject", way) == {"city": "Ulm", "degrees": 12}


@pytest.mark.parametrize("way", WAYS)
def test_messages_that_the_client_keeps_are_continued(ask, way):
    assert ask("twoTurns", way, options=UNSTORED) == [
        "You said: Hello.", "You said: Hello, More."]


@pytest.mark.parametrize("way", ["direct", "responses"])
@pytest.mark.parametrize("function, expected", [
    ("twoTurns", ["You said: Hello.", "You said: Hello, More."]), ("streamWithTool", USED_TOOL)])
def test_items_that_the_provider_keeps_are_referred_to(ask, function, expected, way):
    ask.forget()
    assert ask(function, way) == expected
    assert "item_reference" in ask.bodies()[-1]


@pytest.mark.parametrize("way", ["chat", "messages"])
@pytest.mark.parametrize("function", ["twoTurns", "streamWithTool"])
def test_items_that_nobody_keeps_cannot_be_referred_to(ask, function, way):
    with pytest.raises(AssertionError, match="AI_APICallError: Item with id 'msg_.*' not found"):
        ask(function, way)


@pytest.mark.parametrize("way", ["direct", "responses"])
def test_response_is_continued_by_its_id(ask, way):
    assert ask("previousResponse", way) == ["You said: Hello.", "You said: Hello, More."]


@pytest.mark.parametrize("way", COMPLETING)
@pytest.mark.parametrize("function, expected", [
    ("generate", {"text": "You said: Hello.", "finishReason": "stop", "usage": USAGE}),
    ("stream", {"pieces": ["You said", ": Hello."], "text": "You said: Hello.", "errors": [],
                "finishReason": "stop", "usage": USAGE}),
    ("generateWithTool", USED_TOOL),
    ("streamWithTool", USED_TOOL),
    ("generateObject", {"city": "Ulm", "degrees": 12}),
    ("twoTurns", ["You said: Hello.", "You said: Hello, More."]),
])
def test_chat_completions_are_passed_through(ask, function, expected, way):
    ask.forget()
    assert ask(function, way, api="chat") == expected
    assert ask.paths() == {"/v1/chat/completions"}


@pytest.mark.parametrize("way", ["direct", EMBEDDING])
def test_values_are_embedded(ask, way):
    beach, rain = vector_of("sunny day at the beach"), vector_of("rain")
    assert ask("embedding", way) == {"one": beach, "many": [beach, rain], "tokens": 7}


@pytest.mark.parametrize("way", DIALECTS)
@pytest.mark.parametrize("function", ["stream", "streamWithTool"])
def test_background_response_is_streamed_as_another_is(ask, function, way):
    before = ask.site.response_keys()
    about = {"options": UNSTORED}
    assert ask(function, way, body={"background": True}, **about) == ask(function, way, **about)
    assert len(ask.site.response_keys()) > len(before)


@pytest.mark.parametrize("body", [{}, {"background": True}], ids=["passed_through", "background"])
def test_fallbacks_of_the_request_are_used_and_not_told(ask, body):
    ask.forget()
    seen = ask("stream", BROKEN, body={"fallbacks": ["responses"], **body})
    assert (seen["text"], seen["errors"]) == ("You said: Hello.", [])
    assert not any("fallbacks" in body for body in ask.bodies())


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_unknown_model_is_an_error_that_is_not_tried_again(ask, api):
    seen = ask("error", "responses", model="nonesuch", api=api)
    assert (seen["isRetryable"], seen["code"]) == (False, "model_not_found")
    assert "nonesuch" in seen["message"]


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_error_of_the_provider_is_one_that_can_be_tried_again(ask, api):
    seen = ask("error", BROKEN, api=api)
    assert (seen["isRetryable"], seen["statusCode"] >= 500) == (True, True)
