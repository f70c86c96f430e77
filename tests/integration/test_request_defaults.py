"""What a deployment's litellm_params have requests say by default, as the provider gets it: in the
background and passed through, in each API."""

import json

import pytest

from events import message_stream
from harness import PROVIDER_KEY, Stack, output_text
from passing import answer, response_object, streaming
from test_dialects import whole

FUNCTION = {"name": "look_up", "description": "d", "parameters": {"type": "object"}}
SCHEMA = {"name": "reply", "schema": {"type": "object", "properties": {}}, "strict": True}
DEFAULTS = {
    "temperature": 0.2,
    "max_tokens": 700,
    "reasoning_effort": "low",
    "verbosity": "low",
    "response_format": {"type": "json_schema", "json_schema": SCHEMA},
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": "look_up"}},
    "seed": 7,
    "stop": ["END"],
    "user": "os.environ/RESPOOL_TEST_PROVIDER_KEY",
    "extra_body": {"vendor": {"a": [1]}, "temperature": 99},
}
USUAL = {"input": "Hello"}


def deployment(name, model, **params):
    return {"model_name": name, "litellm_params": {
        "model": model, "api_key": PROVIDER_KEY, "timeout": 20, **params}}


@pytest.fixture(scope="module")
def stack():
    stack = Stack({"model_list": [
        deployment("full", "openai/full", **DEFAULTS),
        deployment("chatty", "openai/chatty", api="chat", **DEFAULTS),
        deployment("claude", "anthropic/claude-sonnet-4-5", max_tokens=5000, temperature=0.3,
                   stop="END", extra_body={"vendor": 1}),
        deployment("picky", "openai/picky", temperature=0.2, top_p=0.5, reasoning_effort="low",
                   additional_drop_params=["temperature", "reasoning_effort"]),
        deployment("plain", "openai/plain")]})
    yield stack
    stack.close()


def background(stack, body):
    reply = stack.client.post_create({**body, "background": True})
    assert reply.status == 200, reply
    final = stack.client.wait_terminal(reply.json()["id"], timeout=20)
    assert final["status"] == "completed", final


def streamed(stack, body):
    fields = {name: value for name, value in body.items() if name != "model"}
    with streaming(stack.client, body["model"], **fields) as stream:
        assert stream.rest()[-1]["type"] == "response.completed"


def at_once(stack, body):
    reply = stack.client.post_create(body)
    assert reply.status == 200, reply


WAYS = {"background": background, "streamed": streamed, "at once": at_once}
each_way = pytest.mark.parametrize("way", WAYS)


def sent(stack, way, served, steps, **body):
    """What the provider gets of a request."""
    before = len(stack.upstream.requests(served))
    is_object = way == "at once" and steps is RESPONSES
    stack.upstream.script(served, answer(response_object()) if is_object else steps)
    WAYS[way](stack, {**USUAL, **body})
    request = stack.upstream.requests(served)[before]
    return json.loads(request.body)


RESPONSES = message_stream(["Hi"])


@each_way
def test_what_the_client_does_not_say_is_said_in_this_api_s_words(stack, way):
    body = sent(stack, way, "full", RESPONSES, model="full")
    assert body["temperature"] == 0.2
    assert body["max_output_tokens"] == 700
    assert body["reasoning"] == {"effort": "low"}
    assert body["text"] == {"verbosity": "low", "format": {"type": "json_schema", **SCHEMA}}
    assert body["tools"] == [{"type": "function", **FUNCTION}]
    assert body["tool_choice"] == {"type": "function", "name": "look_up"}
    assert body["user"] == PROVIDER_KEY
    assert body["vendor"] == {"a": [1]}
    assert not {"seed", "stop", "max_tokens", "reasoning_effort", "response_format",
                "verbosity"} & set(body)


@each_way
def test_what_the_client_says_wins(stack, way):
    own = {"temperature": 1, "max_output_tokens": 5, "reasoning": {"effort": "high"},
           "text": {"format": {"type": "text"}, "verbosity": "high"}, "tools": [],
           "tool_choice": "none", "user": "me"}
    body = sent(stack, way, "full", RESPONSES, model="full", vendor=2, **own)
    assert {name: body[name] for name in own} == own
    assert body["vendor"] == 2


@each_way
def test_an_object_of_the_client_s_is_filled_up(stack, way):
    body = sent(stack, way, "full", RESPONSES, model="full", reasoning={"summary": "auto"},
                text={"format": {"type": "text"}}, temperature=None)
    assert body["reasoning"] == {"summary": "auto", "effort": "low"}
    assert body["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert body["temperature"] == 0.2


@each_way
def test_a_chat_gets_them_translated(stack, way):
    body = sent(stack, way, "chatty", whole("chat"), model="chatty")
    assert body["temperature"] == 0.2
    assert body.get("max_completion_tokens", body.get("max_tokens")) == 700
    assert body["reasoning_effort"] == "low"
    assert body["response_format"] == {"type": "json_schema", "json_schema": SCHEMA}
    assert body["tools"] == [{"type": "function", "function": FUNCTION}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "look_up"}}
    assert (body["seed"], body["stop"]) == (7, ["END"])
    assert body["vendor"] == {"a": [1]}
    assert "input" not in body and "reasoning" not in body


@each_way
def test_a_message_gets_them_translated(stack, way):
    body = sent(stack, way, "claude-sonnet-4-5", whole("messages"), model="claude")
    assert (body["temperature"], body["max_tokens"]) == (0.3, 5000)
    assert (body["stop_sequences"], body["vendor"]) == (["END"], 1)
    body = sent(stack, way, "claude-sonnet-4-5", whole("messages"), model="claude",
                temperature=1, max_output_tokens=9)
    assert (body["temperature"], body["max_tokens"]) == (1, 9)


@each_way
def test_what_is_dropped_is_not_put_in(stack, way):
    body = sent(stack, way, "picky", RESPONSES, model="picky", reasoning={"summary": "auto"})
    assert "temperature" not in body
    assert (body["top_p"], body["reasoning"]) == (0.5, {"summary": "auto"})


def test_a_request_to_a_deployment_without_any_keeps_its_spelling(stack):
    stack.upstream.script("plain", answer(response_object()))
    text = '{"model":"plain","input":[ 1.50 ],"reasoning":{ "effort" : null },"temperature":null}'
    assert stack.client.post_create(text).status == 200
    assert stack.upstream.requests("plain")[-1].body.decode() == text


def test_the_object_shows_what_the_client_said(stack):
    stack.upstream.script("full", RESPONSES)
    created = stack.client.create("full")
    assert created["temperature"] != 0.2
    final = stack.client.wait_terminal(created["id"])
    assert output_text(final) == "Hi"


def test_what_an_api_cannot_say_by_default_is_an_answer_of_400(make_stack):
    stack = make_stack({"model_list": [deployment(
        "m", "anthropic/claude-sonnet-4-5", presence_penalty=0.5)]})
    reply = stack.client.post_create({"model": "m", "input": "x", "background": True})
    assert reply.status == 400
    assert reply.error()["param"] == "presence_penalty"
