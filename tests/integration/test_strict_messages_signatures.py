"""Signatures of thinking that a provider of the Messages API does not take."""

import pytest

from harness import output_text
from messages_talk import NOW, WAYS, Conversation, blocks_of, calls_of, output
from messages_talk import provider, stack  # noqa: F401  (fixtures)
from strict_messages import Answer, Error, call, text, thinking


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
