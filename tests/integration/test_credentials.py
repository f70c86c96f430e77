"""Credentials in a request: the provider gets them, and no object shows or keeps them."""

import json

import pytest

from events import Stream, message_stream
from harness import job_key, response_key, wait_until
from upstream import Gate, Hang, json_error


@pytest.fixture
def secret(model):
    """A text that is in no other test's requests."""
    return f"secret-of-{model}"


def tools_with(secret):
    return [
        {"type": "mcp", "server_label": "s", "server_url": "https://mcp.example.com/sse",
         "authorization": secret, "headers": {"X-Api-Key": secret}, "require_approval": "never"},
        {"type": "mcp", "server_label": "t",
         "server_url": f"https://user:{secret}@mcp.example.com/mcp?key={secret}"},
        {"type": "code_interpreter", "container": {"type": "auto", "network_policy": {
            "type": "allowlist", "allowed_domains": ["example.com"],
            "domain_secrets": [{"domain": "example.com", "name": "KEY", "value": secret}]}}},
        {"type": "function", "name": "f", "description": None, "strict": True, "parameters": {
            "type": "object", "properties": {"headers": {"type": "object"}}}},
    ]


def tools_without():
    first, second, third, function = tools_with("")
    del first["authorization"], first["headers"]
    second["server_url"] = "https://mcp.example.com/mcp"
    del third["container"]["network_policy"]["domain_secrets"]
    return [first, second, third, function]


def input_with(secret):
    return [{"type": "message", "role": "user", "content": "hi", "id": "msg_0"},
            {"type": "additional_tools", "role": "developer", "id": "at_0", "n": [1.50],
             "tools": tools_with(secret)}]


def input_without():
    message, tools = input_with("")
    return [message, {**tools, "tools": tools_without()}]


def stored_beside_request(stack, response_id):
    """What Redis has of the response, but for the job's request."""
    found = [stack.redis.get(response_key(response_id))]
    for name, value in stack.redis.hgetall(job_key(response_id)).items():
        if name != b"request":
            found += [name, value]
    return b"\n".join(found)


def test_tools_are_shown_without_credentials_and_sent_with_them(client, stack, model, secret):
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream(["x"])])
    tools = tools_with(secret)
    reply = client.post_create({"model": model, "input": "x", "background": True, "tools": tools})
    assert reply.json()["tools"] == tools_without()
    response_id = reply.json()["id"]
    assert stack.upstream.wait_request(model).json()["tools"] == tools
    assert secret.encode() in stack.job(response_id)[b"request"]
    assert secret.encode() not in stored_beside_request(stack, response_id)
    assert secret.encode() not in client.get_response(response_id).body
    gate.open()
    assert client.wait_terminal(response_id)["tools"] == tools_without()
    assert secret.encode() not in stack.everything_stored()


def test_tool_choice_is_shown_without_credentials(client, stack, model, secret):
    stack.upstream.script(model, message_stream(["x"]))
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [
        {"type": "mcp", "server_label": "s", "authorization": secret}]}
    created = client.create(model, tool_choice=choice)
    assert created["tool_choice"] == {"type": "allowed_tools", "mode": "auto", "tools": [
        {"type": "mcp", "server_label": "s"}]}
    assert stack.upstream.wait_request(model).json()["tool_choice"] == choice
    client.wait_terminal(created["id"])
    assert secret.encode() not in stack.everything_stored()


def completes(client, stack, model, response_id, gate):
    gate.open()
    assert client.wait_terminal(response_id)["status"] == "completed"


def is_cancelled(client, stack, model, response_id, gate):
    assert client.cancel(response_id).status == 200


def is_deleted(client, stack, model, response_id, gate):
    assert client.delete(response_id).status == 200


@pytest.mark.parametrize("how", [completes, is_cancelled, is_deleted],
                         ids=lambda how: how.__name__)
@pytest.mark.parametrize("fields", [{}, {"store": False}], ids=["stored", "unstored"])
def test_nothing_is_left_of_them_when_the_response(client, stack, model, secret, how, fields):
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream(["x"])])
    response_id = client.create(model, input_with(secret), tools=tools_with(secret),
                                extra_headers={"a": secret}, api_key=secret, **fields)["id"]
    stack.upstream.wait_request(model)
    assert secret.encode() not in stored_beside_request(stack, response_id)
    how(client, stack, model, response_id, gate)
    assert secret.encode() not in stack.everything_stored()
    gate.open()


def test_nothing_is_left_of_them_when_the_provider_refuses(client, stack, model, secret):
    stack.upstream.script(model, json_error(400, {"error": {"message": "no", "code": "bad"}}))
    response_id = client.create(model, input_with(secret), tools=tools_with(secret))["id"]
    assert client.wait_terminal(response_id)["status"] == "failed"
    assert secret.encode() not in stack.everything_stored()


def test_nothing_is_left_of_them_when_a_queued_response_is_cancelled(make_stack, model, secret):
    stack = make_stack(supervisor=False)
    response_id = stack.client.create(model, input_with(secret), tools=tools_with(secret))["id"]
    assert secret.encode() in stack.everything_stored()
    stack.client.cancel(response_id)
    assert secret.encode() not in stack.everything_stored()


def test_input_s_tools_are_shown_without_credentials_and_sent_with_them(
        client, stack, model, secret):
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream(["x"])])
    response_id = client.create(model, input_with(secret), x_last=1)["id"]
    body = stack.upstream.wait_request(model).body
    assert json.loads(body) == {"model": model, "stream": True, "x_last": 1,
                                "input": input_with(secret)}
    assert body.count(b'"input":') == 1
    for _ in range(2):
        listing = client.input_items(response_id, "?order=asc").json()
        assert listing["data"] == input_without()
        gate.open()
        client.wait_terminal(response_id)


def test_input_with_credentials_is_sent_again_as_it_was(make_stack, model, secret):
    stack = make_stack()
    stack.upstream.script(model, [Hang()], message_stream(["x"]))
    response_id = stack.client.create(model, input_with(secret))["id"]
    stack.upstream.wait_request(model)
    stack.stop(stack.supervisor)
    wait_until(lambda: stack.queued() == [response_id], 10, "the job to be given back")
    stack.start_supervisor()
    stack.client.wait_terminal(response_id)
    assert [request.json()["input"] for request in stack.upstream.requests(model)] == [
        input_with(secret)] * 2


def test_response_that_continues_gets_the_kept_input(client, stack, model, secret):
    stack.upstream.script(model, message_stream(["x"]))
    first = client.wait_terminal(client.create(model, input_with(secret))["id"])
    second = client.create(model, input_with(secret + "-2"), previous_response_id=first["id"])
    client.wait_terminal(second["id"])
    assert stack.upstream.requests(model)[1].json()["input"] == [
        *input_without(), *first["output"], *input_with(secret + "-2")]
    third = client.create(model, "three", previous_response_id=second["id"])
    assert client.wait_terminal(third["id"])["status"] == "completed"
    assert stack.upstream.requests(model)[2].json()["input"][:6] == [
        *input_without(), *first["output"], *input_without(), *first["output"]]
    assert secret.encode() not in stack.everything_stored()


def test_credentials_that_a_provider_repeats_are_left_out(client, stack, model, secret):
    tools = tools_with(secret)
    stack.upstream.script(model, Stream(
        tools=tools, tool_choice={"type": "mcp", "server_label": "s", "authorization": secret},
        extra_headers={"a": secret}).begin().message(["x"]).completed().events)
    final = client.wait_terminal(client.create(model, tools=tools)["id"])
    assert final["tools"] == tools_without()
    assert final["tool_choice"] == {"type": "mcp", "server_label": "s"}
    assert secret.encode() not in stack.everything_stored()


def test_request_that_is_passed_through_is_sent_as_it_was_spelled(client, stack, model, secret):
    stack.upstream.script(model, json_error(200, {"id": "resp_1", "object": "response"}))
    body = json.dumps({"tools": tools_with(secret), "model": model, "input": input_with(secret)})
    assert client.post_create(body).status == 200
    assert stack.upstream.wait_request(model).body.replace(b" ", b"") == body.encode().replace(
        b" ", b"")
    assert secret.encode() not in stack.everything_stored()


@pytest.mark.parametrize("encode", [json.dumps, lambda object: json.dumps(json.dumps(object))],
                         ids=["object", "string"])
def test_litellm_s_object_is_shown_without_credentials(client, stack, model, secret, encode):
    response_id = f"litellm_poll_{model}"
    stack.redis.set(response_key(response_id), encode({
        "id": response_id, "object": "response", "status": "in_progress", "output": [],
        "tools": tools_with(secret), "n": 1.50}), ex=60)
    assert client.poll(response_id)["tools"] == tools_without()
    assert client.poll(response_id)["n"] == 1.5
    assert client.cancel(response_id).json()["tools"] == tools_without()
    assert secret.encode() not in stack.everything_stored()
