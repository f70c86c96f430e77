"""LangChain as the client: ChatOpenAI with the Responses API and with the other one, embeddings."""

import pytest

from answering import vector_of
from clients import BROKEN, COMPLETING, DIALECTS, EMBEDDING, WAYS, fixture_of

pytestmark = pytest.mark.once

USAGE = {"input_tokens": 12, "output_tokens": 34, "total_tokens": 46}
TOLD = {"text": "You said: Hello.", "usage": USAGE}
STREAMED = {**TOLD, "pieces": ["You said", ": Hello."]}
USED_TOOL = {"text": "The tool says: 12 degrees in Ulm.", "cities": ["Ulm"],
             "calls": [{"name": "weather", "args": {"city": "Ulm"}}]}
CONTINUED = ["You said: Hello.", "You said: Hello, More."]

ask = fixture_of("langchain")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function, expected", [("invoke", TOLD), ("stream", STREAMED)])
def test_text_is_told(ask, function, expected, way):
    assert ask(function, way) == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function", ["invokeWithTool", "streamWithTool"])
def test_tool_is_called_and_its_output_answered(ask, function, way):
    assert ask(function, way) == USED_TOOL


@pytest.mark.parametrize("way", WAYS)
def test_structured_output_is_parsed(ask, way):
    assert ask("structured", way) == {"city": "Ulm", "degrees": 12}


@pytest.mark.parametrize("way", WAYS)
def test_messages_that_the_client_keeps_are_continued(ask, way):
    assert ask("twoTurns", way) == CONTINUED


@pytest.mark.parametrize("way", ["direct", "responses"])
def test_response_is_continued_by_its_id(ask, way):
    assert ask("previousResponse", way) == CONTINUED


@pytest.mark.parametrize("way", COMPLETING)
@pytest.mark.parametrize("function, expected", [
    ("invoke", TOLD), ("stream", STREAMED), ("invokeWithTool", USED_TOOL),
    ("streamWithTool", USED_TOOL), ("structured", {"city": "Ulm", "degrees": 12}),
    ("twoTurns", CONTINUED)])
def test_chat_completions_are_passed_through(ask, function, expected, way):
    ask.forget()
    assert ask(function, way, api="chat") == expected
    assert ask.paths() == {"/v1/chat/completions"}


@pytest.mark.parametrize("way", ["direct", EMBEDDING])
def test_documents_are_embedded(ask, way):
    beach, rain = vector_of("sunny day at the beach"), vector_of("rain")
    assert ask("embedding", way) == {"one": beach, "many": [beach, rain]}


@pytest.mark.parametrize("way", DIALECTS)
@pytest.mark.parametrize("function, expected", [
    ("stream", STREAMED), ("streamWithTool", USED_TOOL)])
def test_background_response_is_streamed_as_another_is(ask, function, expected, way):
    before = ask.site.response_keys()
    assert ask(function, way, modelKwargs={"background": True}) == expected
    assert len(ask.site.response_keys()) > len(before)


@pytest.mark.parametrize("way", DIALECTS)
def test_background_response_is_continued_by_its_id(ask, way):
    kwargs = {"background": True}
    assert ask("previousResponse", way, streaming=True, modelKwargs=kwargs) == CONTINUED


@pytest.mark.parametrize("kwargs", [{}, {"background": True}], ids=["passed_through", "background"])
def test_fallbacks_of_the_request_are_used_and_not_told(ask, kwargs):
    ask.forget()
    kwargs = {"fallbacks": ["responses"], **kwargs}
    assert ask("stream", BROKEN, modelKwargs=kwargs) == STREAMED
    assert not any("fallbacks" in body for body in ask.bodies())


def test_fallbacks_of_a_chat_completion_are_used_and_not_told(ask):
    ask.forget()
    seen = ask("invoke", BROKEN, api="chat", modelKwargs={"fallbacks": ["responses"]})
    assert seen == TOLD
    assert not any("fallbacks" in body for body in ask.bodies())


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_unknown_model_is_told_by_status_and_code(ask, api):
    seen = ask("error", "responses", model="nonesuch", api=api)
    assert seen["code"] == "model_not_found"
    assert seen["status"] in (400, 404)
    assert "nonesuch" in seen["message"]
