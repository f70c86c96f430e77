"""Errors of a provider of the Messages API."""

import json

import pytest

import strict_messages
from harness import SECRETS, output_text
from messages_talk import SONNET, WAYS, background, streamed
from messages_talk import provider, stack  # noqa: F401  (fixtures)
from strict_messages import Answer, Error, text
from upstream import Sleep

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
