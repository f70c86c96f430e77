"""OpenAI's SDK as the client, on the routes that it has beside responses."""

import pytest

from answering import COMPACTED, vector_of
from clients import BROKEN, COMPLETING, DIALECTS, EMBEDDING, TWO_ACCOUNTS, UPSTREAM_MODELS, WAYS, fixture_of

pytestmark = pytest.mark.once

USAGE = {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}
TOLD = {"text": "You said: Hello.", "finish_reason": "stop", "usage": USAGE}
STORING = ("direct", "responses")

ask = fixture_of("openai")


@pytest.mark.parametrize("way", COMPLETING)
def test_chat_completion_is_created(ask, way):
    assert ask("complete", way) == TOLD


@pytest.mark.parametrize("way", COMPLETING)
def test_chat_completion_is_streamed(ask, way):
    assert ask("streamCompletion", way) == {"pieces": ["You said", ": Hello."], "usage": USAGE}


@pytest.mark.parametrize("way", COMPLETING)
@pytest.mark.parametrize("function", ["runToolsWhole", "runToolsStreamed"])
def test_tools_of_a_chat_completion_are_run(ask, function, way):
    assert ask(function, way) == {
        "text": "The tool says: 12 degrees in Ulm.", "cities": ["Ulm"]}


def test_fallbacks_of_a_chat_completion_are_used_and_not_told(ask):
    ask.forget()
    assert ask("complete", BROKEN, fallbacks=["chat"]) == TOLD
    assert not any("fallbacks" in body for body in ask.bodies())


@pytest.mark.parametrize("way", ["direct", EMBEDDING])
@pytest.mark.parametrize("members", [{}, {"encoding_format": "float"}], ids=["base64", "float"])
def test_embeddings_are_created(ask, members, way):
    assert ask("embedding", way, **members) == {
        "vectors": [vector_of("sunny day at the beach"), vector_of("rain")],
        "usage": {"prompt_tokens": 7, "total_tokens": 7}}


def test_models_are_listed_and_one_is_retrieved(ask):
    seen = ask("models", "responses")
    assert {one["id"] for one in seen["listed"]} == {
        *UPSTREAM_MODELS, BROKEN, EMBEDDING, TWO_ACCOUNTS}
    assert seen["one"] in seen["listed"]
    assert {one["object"] for one in seen["listed"]} == {"model"}


@pytest.mark.parametrize("way", STORING)
def test_input_tokens_are_counted(ask, way):
    assert ask("inputTokens", way) == {"object": "response.input_tokens", "input_tokens": 3}


@pytest.mark.parametrize("way", STORING)
def test_input_is_compacted(ask, way):
    assert ask("compact", way) == {"object": "response.compaction", "output": [
        {"id": "cmp_1", "type": "compaction", "encrypted_content": COMPACTED}]}


@pytest.mark.parametrize("way", STORING)
def test_conversation_lives_from_its_creation_to_its_deletion(ask, way):
    text = "You said: Hello, More, Well?."
    assert ask("conversation", way) == {
        "text": text, "same": True, "deleted": True,
        "items": [["user", "Hello"], ["user", "More"], ["user", "Well?"], ["assistant", text]]}


@pytest.mark.parametrize("way", WAYS)
def test_response_is_created(ask, way):
    assert ask("respond", way) == "You said: Hello."


@pytest.mark.parametrize("way", DIALECTS)
def test_background_response_is_polled(ask, way):
    assert ask("respondInBackground", way) == "You said: Hello."


@pytest.mark.parametrize("function", ["respond", "respondInBackground"])
@pytest.mark.parametrize("way", DIALECTS)
def test_fallbacks_of_a_response_are_used_and_not_told(ask, function, way):
    ask.forget()
    assert ask(function, BROKEN, fallbacks=[way]) == "You said: Hello."
    assert not any("fallbacks" in body for body in ask.bodies())
