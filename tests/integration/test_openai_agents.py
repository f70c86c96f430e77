"""OpenAI's Agents SDK as the client, with its two kinds of models, sessions and conversations."""

import pytest

from clients import BROKEN, COMPLETING, DIALECTS, TWO_ACCOUNTS, WAYS, fixture_of

pytestmark = pytest.mark.once

ONCE = {"requests": 1, "inputTokens": 12, "outputTokens": 34, "totalTokens": 46}
TWICE = {"requests": 2, "inputTokens": 24, "outputTokens": 68, "totalTokens": 92}
TOLD = {"output": "You said: Hello.", "usage": ONCE}
USED_TOOL = {"output": "The tool says: 12 degrees in Ulm.", "cities": ["Ulm"], "usage": TWICE,
             "items": ["message_output_item", "tool_call_item", "tool_call_output_item",
                       "message_output_item"]}
STREAMED = {**USED_TOOL, "pieces": ["Let m", "e see.", "The tool says: 1", "2 degrees in Ulm."]}
HANDED_OFF = {"agent": "Expert", "items": ["message_output_item", "handoff_call_item",
                                           "handoff_output_item", "message_output_item"]}
WEATHER = {"city": "Ulm", "degrees": 12}
CONTINUED = ["You said: Hello.", "You said: Hello, More."]
BACKGROUND = {"providerData": {"background": True}}

ask = fixture_of("agents")


@pytest.mark.parametrize("way", WAYS)
def test_agent_runs(ask, way):
    assert ask("runOnce", way) == TOLD


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function, expected", [
    ("runWithTool", USED_TOOL), ("streamWithTool", STREAMED)])
def test_agent_uses_its_tool(ask, function, expected, way):
    assert ask(function, way) == expected


@pytest.mark.parametrize("function", ["runWithTool", "streamWithTool"])
def test_encrypted_reasoning_goes_back_to_the_account_that_made_it(ask, function):
    settings = {"store": False, "reasoning": {"effort": "low"},
                "providerData": {"include": ["reasoning.encrypted_content"]}}
    ask.forget()
    for _ in range(10):
        seen = ask(function, TWO_ACCOUNTS, settings=settings)
        assert seen["output"] == USED_TOOL["output"]
        assert seen["items"] == ["reasoning_item", *USED_TOOL["items"][:-1], "reasoning_item",
                                 "message_output_item"]
    assert '"encrypted_content"' in ask.bodies()[-1]


@pytest.mark.parametrize("way", WAYS)
def test_output_of_a_type_is_parsed(ask, way):
    assert ask("runForObject", way) == WEATHER


@pytest.mark.parametrize("way", WAYS)
def test_agent_hands_off_to_another(ask, way):
    assert ask("handOff", way) == HANDED_OFF


@pytest.mark.parametrize("way", WAYS)
def test_session_that_the_client_keeps_is_continued(ask, way):
    assert ask("twoTurns", way) == CONTINUED


@pytest.mark.parametrize("way", ["direct", "responses"])
def test_response_is_continued_by_its_id(ask, way):
    assert ask("previousResponse", way) == [*CONTINUED, "The tool says: 12 degrees in Ulm."]


@pytest.mark.parametrize("way", ["direct", "responses"])
def test_conversation_is_continued(ask, way):
    assert ask("conversation", way) == CONTINUED


@pytest.mark.parametrize("way", WAYS)
def test_session_that_the_provider_keeps_is_continued_and_cleared(ask, way):
    before = set(ask.provider.conversations)
    assert ask("conversationsSession", way) == {"outputs": CONTINUED, "kept": [
        ["user", "Hello"], ["assistant", CONTINUED[0]],
        ["user", "More"], ["assistant", CONTINUED[1]]]}
    assert set(ask.provider.conversations) == before


@pytest.mark.parametrize("way", COMPLETING)
@pytest.mark.parametrize("function, expected", [
    ("runOnce", TOLD), ("runWithTool", USED_TOOL), ("streamWithTool", STREAMED),
    ("runForObject", WEATHER), ("handOff", HANDED_OFF), ("twoTurns", CONTINUED)])
def test_chat_completions_are_passed_through(ask, function, expected, way):
    ask.forget()
    assert ask(function, way, api="chat") == expected
    assert ask.paths() == {"/v1/chat/completions"}


@pytest.mark.parametrize("way", DIALECTS)
def test_agent_streams_background_responses(ask, way):
    before = ask.site.response_keys()
    assert ask("streamWithTool", way, settings=BACKGROUND) == STREAMED
    assert len(ask.site.response_keys()) == len(before) + 2


@pytest.mark.parametrize("way", DIALECTS)
def test_background_responses_are_continued_by_their_ids(ask, way):
    assert ask("previousResponseStreamed", way, settings=BACKGROUND) == [
        *CONTINUED, "The tool says: 12 degrees in Ulm."]


def test_conversation_is_continued_by_background_responses(ask):
    assert ask("conversationStreamed", "responses", settings=BACKGROUND) == CONTINUED


@pytest.mark.parametrize("background", [False, True], ids=["passed_through", "background"])
def test_fallbacks_of_the_request_are_used_and_not_told(ask, background):
    ask.forget()
    data = {"fallbacks": ["responses"], **({"background": True} if background else {})}
    assert ask("streamWithTool", BROKEN, settings={"providerData": data}) == STREAMED
    assert not any("fallbacks" in body for body in ask.bodies())


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_unknown_model_is_told_by_status_and_code(ask, api):
    seen = ask("error", "responses", model="nonesuch", api=api)
    assert seen["code"] == "model_not_found"
    assert seen["status"] in (400, 404)
    assert "nonesuch" in seen["message"]
