"""Headers that go to a provider of the Messages API."""

import pytest

import strict_messages
from messages_talk import BETA, WAYS
from messages_talk import provider, stack  # noqa: F401  (fixtures)
from strict_messages import Answer, text


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
