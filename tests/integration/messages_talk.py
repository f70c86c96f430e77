"""Conversations with a provider of the Messages API, and what they are made of."""

import copy

import pytest

import strict_messages
from harness import Stack, strict_json
from stream_rules import accumulate, problems
from strict_messages import StrictMessages

SONNET, OPUS, HAIKU = "claude-sonnet-4-5", "claude-opus-4-6", "claude-3-5-haiku-20241022"
BETA = "context-1m-2025-08-07"

PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5E"
       "rkJggg==")
NOW = {"type": "function", "name": "now"}
SHELL = {"type": "custom", "name": "shell", "description": "Runs it"}
CRM = {"type": "namespace", "name": "crm", "description": "Customers",
       "tools": [{"type": "function", "name": "find", "parameters": {"properties": {}}}]}
ZONE = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"],
        "additionalProperties": False}
ZONE_FORMAT = {"format": {"type": "json_schema", "name": "zone", "schema": ZONE, "strict": True}}


def deployment(provider, name, model, **params):
    return {"model_name": name, "litellm_params": {
        "model": f"anthropic/{model}", "api_base": provider.base,
        "api_key": strict_messages.KEY, "timeout": 30, "stream_timeout": 20, **params}}


@pytest.fixture(scope="module")
def provider():
    provider = StrictMessages()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def stack(provider):
    stack = Stack({
        "model_list": [
            deployment(provider, "sonnet", SONNET),
            deployment(provider, "opus", OPUS),
            deployment(provider, "haiku", HAIKU),
            deployment(provider, "beta", SONNET, api_base=f"{provider.base}/v1",
                       extra_headers={"anthropic-beta": BETA}),
            deployment(provider, "bearer", SONNET, bearer_key=True),
            deployment(provider, "hasty", SONNET, silence_timeout=1),
            deployment(provider, "keyless", SONNET, api_key="sk-ant-wrong-77ab01"),
        ],
        "litellm_settings": {"num_retries": 1},
    })
    yield stack
    stack.close()


def background(stack, body):
    """The final object."""
    reply = stack.client.post_create({**body, "background": True})
    assert reply.status == 200, reply
    return stack.client.wait_terminal(reply.json()["id"], timeout=20)


def streamed(stack, body):
    reply = stack.client.post_create({**body, "stream": True})
    assert reply.status == 200, reply
    events = [strict_json(line[6:]) for line in reply.body.splitlines()
              if line.startswith(b"data: {")]
    assert problems(events) == []
    assert accumulate(events) == events[-1]["response"]
    return events[-1]["response"]


def whole(stack, body):
    reply = stack.client.post_create(body)
    assert reply.status == 200, reply
    return reply.json()


WAYS = {"background": background, "streamed": streamed, "whole": whole}


class Conversation:
    """
    Turns of one client. In the background it names the response before; else it sends all items
    again, those that it got included.
    """

    def __init__(self, stack, provider, way, **fields):
        self.stack = stack
        self.provider = provider
        self.way = way
        self.fields = {"model": "sonnet", **fields}
        self.items = []
        self.last_id = None

    def says(self, *items, answer, status="completed", **fields):
        """What the provider answers to these items: the object that comes of it."""
        self.provider.answer(*answer if isinstance(answer, list) else [answer])
        new = [{"role": "user", "content": one} if isinstance(one, str) else one for one in items]
        self.items += new
        chained = self.way == "background" and self.last_id is not None
        body = {**self.fields, **fields, "input": new if chained else copy.deepcopy(self.items)}
        if chained:
            body["previous_response_id"] = self.last_id
        response = WAYS[self.way](self.stack, body)
        assert self.provider.refusals == [], self.provider.refusals
        assert response["status"] == status, response
        self.items += response["output"]
        self.last_id = response["id"]
        return response

    @property
    def sent(self):
        """What the provider got last."""
        return self.provider.bodies()[-1]


def output(item, content):
    kind = "custom_tool_call_output" if item["type"] == "custom_tool_call" else (
        "function_call_output")
    return {"type": kind, "call_id": item["call_id"], "output": content}


def items_of(response, *kinds):
    return [item for item in response["output"] if item["type"] in kinds]


def calls_of(response):
    return items_of(response, "function_call", "custom_tool_call")


def blocks_of(body, kind):
    return [block for message in body["messages"] for block in message["content"]
            if block["type"] == kind]
