"""The Response object fits the Open Responses specification at every state, whatever was asked."""

import pytest

from events import Stream, completed, delta, message_item, message_stream, opening, text_part
from schema import assert_fits, misfits, skip_reason
from upstream import Cut, Feed, Gate, Hang, json_error

pytestmark = pytest.mark.skipif(skip_reason() is not None, reason=str(skip_reason()))

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
FORMAT = {"type": "json_schema", "name": "n", "schema": PARAMETERS}
REQUESTS = {
    "nothing": {},
    "nulls": dict.fromkeys(
        ("instructions", "tools", "tool_choice", "truncation", "parallel_tool_calls", "text",
         "top_p", "presence_penalty", "frequency_penalty", "top_logprobs", "temperature",
         "reasoning", "user", "max_output_tokens", "max_tool_calls", "store", "service_tier",
         "metadata", "safety_identifier", "prompt_cache_key", "prompt", "conversation")),
    "scalars": {
        "instructions": "Be brief", "truncation": "auto", "parallel_tool_calls": False,
        "top_p": 1, "presence_penalty": -2, "frequency_penalty": 0.5, "top_logprobs": 20,
        "temperature": 0, "user": "u", "max_output_tokens": 16, "max_tool_calls": 1,
        "store": False, "service_tier": "priority", "metadata": {"a": "b"},
        "safety_identifier": "s", "prompt_cache_key": "k"},
    "integers-with-a-point": {"max_output_tokens": 16.0, "top_logprobs": 2.0},
    "instructions-as-items": {"instructions": [{"role": "developer", "content": "x"}]},
    "function": {"tools": [{"type": "function", "name": "f"}]},
    "function-of-nulls": {"tools": [{"type": "function", "name": "f", "description": None,
                                     "parameters": None, "strict": None}]},
    "function-with-all": {"tools": [{"type": "function", "name": "f", "description": "d",
                                     "parameters": PARAMETERS, "strict": True, "x": 1}]},
    "function-of-wrong-types": {"tools": [{"type": "function", "name": 1, "description": {},
                                           "parameters": "p", "strict": "yes"}, 7, "f", None]},
    "function-of-chat": {"tools": [{"type": "function", "function": {"name": "f"}}]},
    "tool-without-a-type": {"tools": [{"name": "f"}, {"type": None}, {}]},
    "hosted-tools": {"tools": [
        {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}},
        {"type": "mcp", "server_label": "s", "server_url": "https://a.example/mcp",
         "authorization": "x", "headers": {"a": "b"}},
        {"type": "custom", "name": "c"}, {"type": "function", "name": "f"}]},
    "choice-of-none": {"tool_choice": "none"},
    "choice-of-function": {"tool_choice": {"type": "function", "name": "f"}},
    "choice-of-chat": {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    "choice-of-hosted": {"tool_choice": {"type": "web_search"}},
    "choice-without-a-type": {"tool_choice": {"name": 7}},
    "choice-among-some": {"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [
        {"type": "function", "name": "f"}, {"type": "mcp", "server_label": "s"}]}},
    "choice-among-some-in-half": {"tool_choice": {
        "type": "allowed_tools", "tools": [{"name": "f"}, {"type": "function", "name": []}, 1]}},
    "choice-among-none": {"tool_choice": {"type": "allowed_tools", "mode": 1}},
    "reasoning": {"reasoning": {"effort": "high", "summary": "auto"}},
    "reasoning-in-half": {"reasoning": {"effort": "low"}},
    "reasoning-of-nothing": {"reasoning": {}},
    "reasoning-of-wrong-types": {"reasoning": {"effort": 1, "summary": True}},
    "effort-that-is-not-known": {"reasoning": {"effort": "minimal", "generate_summary": "auto"}},
    "text-of-nothing": {"text": {}},
    "text-of-nulls": {"text": {"format": None, "verbosity": None}},
    "text-of-wrong-types": {"text": {"format": "text", "verbosity": 3}},
    "verbosity": {"text": {"verbosity": "low"}},
    "json-object": {"text": {"format": {"type": "json_object"}}},
    "json-schema": {"text": {"format": FORMAT, "verbosity": "high"}},
    "json-schema-with-all": {"text": {"format": {**FORMAT, "description": "d", "strict": True}}},
    "json-schema-of-nulls": {"text": {"format": {**FORMAT, "description": None, "strict": None}}},
    "json-schema-in-half": {"text": {"format": {"type": "json_schema", "name": 1, "strict": 1}}},
    "format-without-a-type": {"text": {"format": {"name": "n", "schema": PARAMETERS}}},
    "format-that-is-not-known": {"text": {"format": {"type": "grammar", "syntax": "lark"}}},
    "prompt": {"prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "Zürich"}}},
    "prompt-as-a-word": {"prompt": "pmpt_1"},
    "conversation": {"conversation": "conv_1"},
    "conversation-as-an-object": {"conversation": {"id": "conv_1"}},
    "previous-response": {"previous_response_id": "resp_1"},
}


def events_of_all_kinds():
    """A stream whose items and parts are whole from the beginning, and that says nothing else."""
    stream = Stream().begin()
    stream.item_added({"id": "rs_1", "type": "reasoning", "summary": []})
    stream.item_done({"id": "rs_1", "type": "reasoning", "summary": [
        {"type": "summary_text", "text": "s"}]})
    stream.message(["Hello, ", "world"])
    call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f"}
    stream.item_added({**call, "arguments": "", "status": "in_progress"})
    for piece in ('{"a":', "1}"):
        stream.add("response.function_call_arguments.delta", item_id="fc_1", output_index=2,
                   delta=piece)
    stream.item_done({**call, "arguments": '{"a":1}', "status": "completed"})
    return stream.completed().events


@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS)
def test_object_fits_from_queued_to_completed(client, stack, model, fields):
    gate, last = Gate(), Gate()
    stack.upstream.script(model, [gate, *opening(), delta("text"), last, completed(
        [message_item("msg_1", "completed", [text_part("text")])])])
    created = client.create(model, **fields)
    assert created["status"] == "queued"
    assert_fits(created)
    stack.upstream.wait_request(model)
    running = client.poll(created["id"])
    assert running["status"] == "in_progress"
    assert_fits(running)
    gate.open()
    assert_fits(client.wait_for(created["id"], lambda object: object["output"], "an output"))
    last.open()
    final = client.wait_terminal(created["id"])
    assert final["status"] == "completed"
    assert_fits(final)
    for name in set(created) - {"status", "completed_at", "output", "usage", "model"}:
        assert final[name] == created[name], name


@pytest.mark.parametrize("name", ["function", "hosted-tools", "prompt", "conversation"])
def test_request_reaches_the_provider_as_it_was(client, stack, model, name):
    stack.upstream.script(model, message_stream(["x"]))
    created = client.create(model, **REQUESTS[name])
    body = stack.upstream.wait_request(model).json()
    assert {member: body[member] for member in REQUESTS[name]} == REQUESTS[name]
    client.wait_terminal(created["id"])


def test_object_fits_after_every_event(client, stack, model):
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    seen = None
    for event in events_of_all_kinds():
        feed.send(event)
        if event["type"].endswith((".delta", "item.added", "item.done")):
            seen = client.wait_for(
                response_id, lambda now: now != seen, f"a change by {event['type']}")
        assert_fits(seen or client.poll(response_id))
    feed.end()
    assert_fits(client.wait_terminal(response_id))


ENDS = {
    "completed-without-a-response": ([*opening(), {"type": "response.completed"}], "completed"),
    "incomplete": ([*opening(), {"type": "response.incomplete", "response": {
        "incomplete_details": {"reason": "max_output_tokens"}}}], "incomplete"),
    "failed-without-an-error": ([*opening(), {"type": "response.failed", "response": {}}],
                                "failed"),
    "error-event": ([*opening(), {"type": "error", "code": "server_error", "message": "m"}],
                    "failed"),
    "refused": (json_error(400, {"error": {"message": "no", "type": "t", "param": None,
                                           "code": "bad_request"}}), "failed"),
    "refused-in-prose": (json_error(401, b"<h1>No</h1>"), "failed"),
    "nonsense": ([b"data: {nonsense\n\n"], "failed"),
    "error-without-members": ([*opening(), {"type": "error"}], "failed"),
    "error-of-nulls": ([*opening(), {"type": "error", "code": None, "message": None}], "failed"),
    "error-with-a-number": ([*opening(), {"type": "error", "error": {
        "code": 429, "message": 7}}], "failed"),
    "failed-in-prose": ([*opening(), {"type": "response.failed", "response": {"error": "no"}}],
                        "failed"),
    "refused-with-a-number": (json_error(400, {"error": {"message": "no", "code": 400}}), "failed"),
    "broken-off-every-time": ([*opening()], "failed"),
}


@pytest.mark.parametrize("end", ENDS)
def test_object_fits_at_every_end(client, stack, model, end):
    script, status = ENDS[end]
    stack.upstream.script(model, script)
    final = client.wait_terminal(client.create(model)["id"], timeout=20)
    assert final["status"] == status
    assert_fits(final)


def test_object_fits_when_the_provider_fails_for_good(make_stack, model):
    stack = make_stack({"litellm_settings": {"num_retries": 0}, "respool": {"max_attempts": 1}})
    stack.upstream.script(model, [*opening(), Cut()])
    final = stack.client.wait_terminal(stack.client.create(model)["id"], timeout=20)
    assert final["status"] == "failed"
    assert_fits(final)
    assert set(final["error"]) == {"code", "message"}


def test_cancelled_object_fits(client, stack, model):
    stack.upstream.script(model, [*opening(), delta("text"), Hang()])
    response_id = client.create(model)["id"]
    client.wait_for(response_id, lambda object: object["output"], "an output")
    assert_fits(client.cancel(response_id).json())
    assert_fits(client.poll(response_id))


def test_object_that_is_cancelled_while_queued_fits(make_stack, model):
    stack = make_stack(supervisor=False)
    response_id = stack.client.create(model, **REQUESTS["function"])["id"]
    object = stack.client.cancel(response_id).json()
    assert object["status"] == "cancelled"
    assert_fits(object)


def test_check_sees_what_does_not_fit(client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    final = client.wait_terminal(client.create(model)["id"])
    for name, value in (("tools", [{"type": "function", "name": "f"}]), ("reasoning", {}),
                        ("text", {}), ("tool_choice", {"type": "allowed_tools"}),
                        ("error", {"code": "c"}), ("instructions", []), ("top_p", None),
                        ("output", [{"type": "message", "id": "m"}])):
        assert misfits({**final, name: value}), name
