"""What a provider does wrong: refused requests, bad events, answers past the limits."""

import json
import socket

import pytest

from events import completed, delta, message_stream, opening
from harness import PROVIDER_KEY, output_text
from upstream import Cut, Hang, Script, json_error

STACK = {"config": {"respool": {"max_event_bytes": 8192, "max_response_bytes": 32768}}}


def run(client, upstream, model, *scripts):
    upstream.script(model, *scripts)
    return client.wait_terminal(client.create(model)["id"], timeout=20)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_http_error_is_failed_with_the_provider_s_error(client, stack, model, status):
    error = {"message": f"Refused \"so\" {status}", "type": "invalid_request_error",
             "param": "input", "code": f"code_{status}"}
    final = run(client, stack.upstream, model, json_error(status, {"error": error}))
    assert final["status"] == "failed"
    assert final["error"]["message"] == error["message"]
    assert final["error"]["code"] == error["code"]
    assert final["output"] == []
    assert len(stack.upstream.requests(model)) == 1
    stack.wait_idle()


@pytest.mark.parametrize("body", [
    b"<html>Bad gateway</html>", b"", b"{", b"[]", b"null", b'{"error":null}', b'{"error":"text"}',
    b'{"error":{}}', b'{"error":{"message":7,"code":[]}}', b'{"detail":"Not found"}', b"\xff\xfe",
    b"x" * 100000, b'{"error":{"message":"' + b"y" * 100000 + b'"}}',
], ids=lambda body: ascii(body[:30]))
def test_http_error_without_a_usable_error_is_failed_and_names_the_status(
        client, upstream, model, body):
    final = run(client, upstream, model, json_error(404, body))
    assert final["status"] == "failed"
    message = final["error"]["message"]
    assert isinstance(message, str) and message
    assert isinstance(final["error"]["code"], str)
    if b"message" not in body:
        assert "404" in message or message in ("text", "Not found")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_http_error_that_may_pass_is_failed_without_retries(client, upstream, model, status):
    final = run(client, upstream, model, json_error(
        status, {"error": {"message": "busy", "type": "t", "param": None, "code": "c"}}))
    assert final["status"] == "failed"
    assert final["error"]["message"] == "busy"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_http_error_that_may_pass_is_retried(make_stack, model, status):
    stack = make_stack({"litellm_settings": {"num_retries": 2}})
    final = run(stack.client, stack.upstream, model,
                json_error(status, {"error": {"message": "busy"}}, {"Retry-After": "0"}),
                json_error(status, {"error": {"message": "busy"}}, {"Retry-After": "0"}),
                Script(message_stream(["third time"])))
    assert (final["status"], output_text(final)) == ("completed", "third time")
    assert len(stack.upstream.requests(model)) == 3


@pytest.mark.parametrize("body", [
    json.dumps({"error": {"message": f"Incorrect API key provided: {PROVIDER_KEY}.",
                          "code": "invalid_api_key"}}).encode(),
    f"no such key: {PROVIDER_KEY}".encode(),
])
def test_key_that_a_provider_repeats_in_its_error_reaches_nobody(client, stack, model, body):
    final = run(client, stack.upstream, model, json_error(401, body))
    assert final["status"] == "failed"
    assert "key" in final["error"]["message"]
    assert PROVIDER_KEY not in json.dumps(final)
    assert PROVIDER_KEY not in stack.supervisor.stderr()
    assert PROVIDER_KEY.encode() not in stack.everything_stored()


def test_provider_that_cannot_be_reached_is_failed(make_stack):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    stack = make_stack({"model_list": [{"model_name": "m", "litellm_params": {
        "model": "openai/m", "api_base": f"http://127.0.0.1:{free}/v1", "api_key": "sk-x"}}]})
    final = stack.client.wait_terminal(stack.client.create("m")["id"], timeout=30)
    assert final["status"] == "failed"
    assert final["error"]["message"]
    stack.wait_idle()


def test_stream_that_stays_silent_is_failed(make_stack, model):
    stack = make_stack({"respool": {"max_attempts": 1}, "model_list": [
        {"model_name": "*", "litellm_params": {"model": "openai/*", "api_key": "sk-x",
                                               "timeout": 60, "silence_timeout": 1}}]})
    final = run(stack.client, stack.upstream, model, Script([*opening(), delta("x"), Hang()]))
    assert (final["status"], output_text(final)) == ("failed", "x")
    assert final["error"]["message"]
    assert stack.upstream.requests(model)[0].peer_closed.wait(2)


def test_stream_past_its_time_is_failed(make_stack, model):
    stack = make_stack({"respool": {"max_attempts": 1}, "model_list": [
        {"model_name": "*", "litellm_params": {"model": "openai/*", "api_key": "sk-x",
                                               "timeout": 1, "silence_timeout": 30}}]})
    final = run(stack.client, stack.upstream, model, Script([*opening(), delta("x"), Hang()]))
    assert (final["status"], output_text(final)) == ("failed", "x")


# Bad events: each is skipped with one warning, and the rest completes.

AT = '"item_id":"msg_1","output_index":0,"content_index":0'
DELTA = '"type":"response.output_text.delta"'
BAD_EVENTS = {
    "unknown type": '{"type":"response.future.thing","x":1}',
    "unknown type outside response": '{"type":"ping"}',
    "malformed JSON": '{"type":',
    "no JSON": "hello",
    "trailing garbage": "{%s,%s,\"delta\":\"x\"}}" % (DELTA, AT),
    "an array": "[1,2]",
    "a string": '"text"',
    "null": "null",
    "a number": "17",
    "no type": '{"delta":"x"}',
    "type is a number": '{"type":7}',
    "type is null": '{"type":null}',
    "delta is a number": "{%s,%s,\"delta\":7}" % (DELTA, AT),
    "delta is null": "{%s,%s,\"delta\":null}" % (DELTA, AT),
    "delta is an object": "{%s,%s,\"delta\":{}}" % (DELTA, AT),
    "delta is missing": "{%s,%s}" % (DELTA, AT),
    "item_id unannounced": '{%s,"item_id":"msg_2","output_index":2,"content_index":0,'
                           '"delta":"x"}' % DELTA,
    "item_id is a number": '{%s,"item_id":1,"output_index":0,"content_index":0,'
                           '"delta":"x"}' % DELTA,
    "content_index negative": '{%s,"item_id":"msg_1","output_index":0,"content_index":-1,'
                              '"delta":"x"}' % DELTA,
    "content_index out of range": '{%s,"item_id":"msg_1","output_index":0,"content_index":2,'
                                  '"delta":"x"}' % DELTA,
    "content_index huge": '{%s,"item_id":"msg_1","output_index":0,'
                          '"content_index":99999999999999999999,"delta":"x"}' % DELTA,
    "content_index a fraction": '{%s,"item_id":"msg_1","output_index":0,"content_index":0.5,'
                                '"delta":"x"}' % DELTA,
    "content_index a string": '{%s,"item_id":"msg_1","output_index":0,"content_index":"0",'
                              '"delta":"x"}' % DELTA,
    "item missing": '{"type":"response.output_item.added","output_index":1}',
    "item is a string": '{"type":"response.output_item.added","output_index":1,"item":"x"}',
    "item is null": '{"type":"response.output_item.done","output_index":1,"item":null}',
    "part missing": '{"type":"response.content_part.added",%s}' % AT,
    "part for an unannounced item": '{"type":"response.content_part.added","item_id":"x",'
                                    '"output_index":5,"content_index":0,"part":{"type":"t"}}',
    "part far out of range": '{"type":"response.content_part.added","item_id":"msg_1",'
                             '"output_index":0,"content_index":1000000,"part":{"type":"t"}}',
    "part index negative": '{"type":"response.content_part.added","item_id":"msg_1",'
                           '"output_index":0,"content_index":-1,"part":{"type":"t"}}',
    "done text is a number": '{"type":"response.output_text.done",%s,"text":5}' % AT,
    "annotation missing": '{"type":"response.output_text.annotation.added",%s}' % AT,
    "summary of a message": '{"type":"response.reasoning_summary_text.delta","item_id":"msg_1",'
                            '"output_index":0,"summary_index":3,"delta":"x"}',
    "response is a string": '{"type":"response.in_progress","response":"x"}',
    "nested too deep": "[" * 5000,
    "nested too deep in an event": '{"type":"response.output_item.added","output_index":1,"item":'
                                   '{"id":"d","type":"t","x":' + "[" * 1000 + "]" * 1000 + "}}",
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_bad_event_is_skipped_with_one_warning(client, stack, model, name):
    offset = stack.supervisor.stderr_size()
    final = run(client, stack.upstream, model, [
        *opening(), delta("be"), b"data: " + BAD_EVENTS[name].encode() + b"\n\n", delta("fore"),
        completed()])
    assert (final["status"], output_text(final)) == ("completed", "before")
    assert len(final["output"]) == 1
    warnings = [line for line in stack.supervisor.stderr(offset).splitlines()
                if "warning" in line]
    assert len(warnings) == 1, warnings
    assert final["id"] in warnings[0]


def test_all_bad_events_in_one_stream(client, stack, model):
    bad = [b"data: " + text.encode() + b"\n\n" for text in BAD_EVENTS.values()]
    offset = stack.supervisor.stderr_size()
    final = run(client, stack.upstream, model,
                [*opening(), delta("x"), *bad, delta("y"), completed()])
    assert (final["status"], output_text(final)) == ("completed", "xy")
    warnings = [line for line in stack.supervisor.stderr(offset).splitlines() if "warning" in line]
    # A flood of them is cut off, and the last one says so.
    assert len(warnings) == len(bad) or (
        10 <= len(warnings) < len(bad) and "more" in warnings[-1])


def test_log_lines_cannot_be_forged_by_a_provider(client, stack, model):
    offset = stack.supervisor.stderr_size()
    run(client, stack.upstream, model, [
        b'data: {"type":"x\\nrespoold[1]: forged"}\n\n',
        b'data: {"type":"\x1b[31m\x00\x07"}\n\n', *opening(), completed()])
    log = stack.supervisor.stderr(offset)
    assert not any(line.startswith("respoold[1]: forged") for line in log.splitlines())
    assert "\x1b" not in log and "\x07" not in log


@pytest.mark.parametrize("event", [
    {"type": "response.completed", "response": "text"},
    {"type": "response.completed", "response": 7},
    {"type": "response.completed", "response": {"output": "text"}},
    {"type": "response.completed", "response": {"output": [7, None, "x", []]}},
    {"type": "response.completed", "response": {"status": 7, "usage": "much"}},
    {"type": "response.failed", "response": {"error": "text"}},
    {"type": "response.failed", "response": {"error": []}},
    {"type": "error"},
    {"type": "error", "error": "text"},
    {"type": "error", "message": 7, "code": {}},
], ids=json.dumps)
def test_odd_terminal_event_still_ends_the_response(client, stack, model, event):
    final = run(client, stack.upstream, model, [*opening(), delta("x"), event])
    assert final["status"] in ("completed", "failed")
    assert final["output"][0]["id"] == "msg_1"
    if event["type"] != "response.completed":
        assert final["status"] == "failed"
    stack.wait_idle()


# Limits.


def test_line_past_max_event_bytes_is_failed_with_a_clear_error(client, stack, model):
    final = run(client, stack.upstream, model,
                [*opening(), delta("kept"), delta("y" * 10000), delta("more"), completed()])
    assert final["status"] == "failed"
    assert "8192" in final["error"]["message"]
    assert output_text(final) == "kept"
    assert len(stack.upstream.requests(model)) == 1
    stack.wait_idle()


def test_line_without_an_end_is_failed_before_it_ends(client, stack, model):
    final = run(client, stack.upstream, model, [*opening(), b"data: " + b"z" * 20000, Hang()])
    assert final["status"] == "failed"
    assert stack.upstream.requests(model)[0].peer_closed.wait(2)


def test_event_of_many_lines_past_max_event_bytes_is_failed(client, upstream, model):
    final = run(client, upstream, model, [*opening(), b"data: 0123456789\n" * 2000, Hang()])
    assert final["status"] == "failed"
    assert "8192" in final["error"]["message"]


def test_event_of_just_max_event_bytes_is_fine(client, upstream, model):
    event = delta("")
    event["delta"] = "y" * (8192 - len(json.dumps(event, separators=(",", ":"))) - len("data: "))
    final = run(client, upstream, model, [*opening(), event, completed()])
    assert (final["status"], output_text(final)) == ("completed", event["delta"])


def test_answer_past_max_response_bytes_is_failed_with_a_clear_error(client, stack, model):
    steps = [*opening(), *(delta("x" * 1000) for _ in range(60)), Hang()]
    final = run(client, stack.upstream, model, steps)
    assert final["status"] == "failed"
    assert "32768" in final["error"]["message"]
    assert len(stack.stored(final["id"])) <= 32768 + 1024
    assert stack.upstream.requests(model)[0].peer_closed.wait(2)
    assert len(stack.upstream.requests(model)) == 1
    stack.wait_idle()


def test_answer_past_max_response_bytes_by_items_is_failed(client, stack, model):
    items = [{"type": "response.output_item.added", "output_index": number,
              "item": {"id": f"x_{number}", "type": "t", "blob": "b" * 4000}}
             for number in range(20)]
    final = run(client, stack.upstream, model, [*items, Hang()])
    assert final["status"] == "failed"
    assert "32768" in final["error"]["message"]
    assert len(stack.stored(final["id"])) <= 32768 + 1024


@pytest.mark.parametrize("data", [
    b"", b"garbage\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\xff\xfe", b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
], ids=repr)
def test_broken_http_is_failed(client, stack, model, data):
    """No answer, no HTTP, wrong framing: failed after the attempts, and the worker goes on."""
    final = run(client, stack.upstream, model, Script([data], framing="raw"))
    assert final["status"] == "failed"
    assert final["error"]["message"]
    stack.wait_idle()


def test_worker_survives_a_mix_of_all_this(client, stack, model):
    stack.upstream.script(model, [*opening(), Cut()], json_error(500, b""), [b"\xff" * 5000],
                          Script(message_stream(["fine"])))
    for _ in range(3):
        client.wait_terminal(client.create(model)["id"], timeout=20)
    final = client.wait_terminal(client.create(model)["id"], timeout=20)
    assert (final["status"], output_text(final)) == ("completed", "fine")
