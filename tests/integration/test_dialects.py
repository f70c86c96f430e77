"""Deployments that speak Chat Completions or Anthropic's Messages, beside what one answer is: which
of them is asked, ids, cancel, slow clients, and the end of a process. The corpus has the answers."""

import json
import signal
import time

import pytest

from harness import PROVIDER_KEY, Stack, job_key, output_text, wait_until
from passing import answer, response_object, streaming
from stream_rules import problems
from upstream import Cut, Endless, Feed, Hang, Script, Sleep, json_error

PROVIDERS = {"chat": "openai_like", "messages": "anthropic"}
DIALECTS = sorted(PROVIDERS)


def deployment(api, name="m", **params):
    provider = PROVIDERS.get(api, "openai")
    return {"model_name": name, "litellm_params": {
        "model": f"{provider}/{name}-{api}", "api_key": "sk-test", **params}}


def line(data):
    return b"data: " + json.dumps(data).encode() + b"\n\n"


BEGINNING = {
    "chat": [line({"model": "up", "choices": [{"index": 0, "delta": {"role": "assistant"}}]})],
    "messages": [line({"type": "message_start", "message": {"id": "msg_1", "model": "up"}}),
                 line({"type": "content_block_start", "index": 0,
                       "content_block": {"type": "text", "text": ""}})],
}
END = {
    "chat": [line({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
             b"data: [DONE]\n\n"],
    "messages": [line({"type": "content_block_stop", "index": 0}),
                 line({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
                 line({"type": "message_stop"})],
}


def text(api, words):
    if api == "chat":
        return line({"choices": [{"index": 0, "delta": {"content": words}}]})
    return line({"type": "content_block_delta", "index": 0,
                 "delta": {"type": "text_delta", "text": words}})


def whole(api, words="Hello"):
    return [*BEGINNING[api], text(api, words), *END[api]]


@pytest.fixture(scope="module")
def made():
    """Stacks for the parameters of deployments, made once."""
    stacks = {}

    def make(*deployments, **config):
        key = json.dumps([deployments, config])
        if key not in stacks:
            stacks[key] = Stack({"model_list": list(deployments), **config})
        return stacks[key]

    yield make
    for stack in stacks.values():
        stack.close()


@pytest.mark.parametrize("api", DIALECTS)
def test_id_of_a_translated_response_that_was_passed_through_is_unknown_afterwards(made, api):
    stack = made(deployment(api))
    stack.upstream.script(f"m-{api}", whole(api))
    object = stack.client.post_create({"model": "m", "input": "x"}).json()
    for reply in (stack.client.get_response(object["id"]), stack.client.delete(object["id"]),
                  stack.client.cancel(object["id"])):
        assert (reply.status, reply.error()["code"]) == (404, "response_not_found")
        assert "keeps no responses" in reply.error()["message"]
    reply = stack.client.post_create(
        {"model": "m", "input": "x", "previous_response_id": object["id"]})
    assert (reply.status, reply.error()["param"]) == (400, "previous_response_id")
    assert len(stack.upstream.requests(f"m-{api}")) >= 1


@pytest.mark.parametrize("api", DIALECTS)
def test_what_cannot_be_said_is_refused_before_there_is_an_id(made, api):
    stack = made(deployment(api))
    asked = len(stack.upstream.requests(f"m-{api}"))
    keys = stack.response_keys()
    for body in ({"background": True}, {}, {"stream": True}):
        reply = stack.client.post_create(
            {"model": "m", "input": "x", "tools": [{"type": "image_generation"}], **body})
        assert (reply.status, reply.error()["param"]) == (400, "tools")
        assert "API" in reply.error()["message"]
    assert stack.response_keys() == keys
    assert len(stack.upstream.requests(f"m-{api}")) == asked


@pytest.mark.parametrize("body", [{"background": True}, {}])
def test_another_deployment_is_asked_what_one_cannot_be_told(made, body):
    stack = made(deployment("chat"), deployment("responses"))
    final = response_object(output=[{
        "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": "native", "annotations": []}]}])
    stack.upstream.script("m-responses", answer(final))
    stack.upstream.script("m-chat", whole("chat"))
    for _ in range(4):
        reply = stack.client.post_create(
            {"model": "m", "input": "x", "tools": [{"type": "image_generation"}], **body})
        object = reply.json()
        if body:
            object = stack.client.wait_terminal(object["id"])
        assert (object["status"], output_text(object)) == ("completed", "native")
    assert not stack.upstream.requests("m-chat")


@pytest.mark.parametrize("api", DIALECTS)
def test_fallback_that_speaks_another_dialect_answers_in_its_place(made, api):
    stack = made(deployment("responses", "first"), deployment(api, "second"),
                 litellm_settings={"fallbacks": [{"first": ["second"]}]})
    stack.upstream.script("first-responses", json_error(500, {"error": {"message": "no"}}))
    stack.upstream.script(f"second-{api}", whole(api))
    object = stack.client.create("first")
    assert output_text(stack.client.wait_terminal(object["id"])) == "Hello"
    assert output_text(
        stack.client.post_create({"model": "first", "input": "x"}).json()) == "Hello"


@pytest.mark.parametrize("api", DIALECTS)
def test_cancel_closes_the_provider_s_connection(made, api):
    stack = made(deployment(api))
    stack.upstream.script(f"m-{api}", [*BEGINNING[api], text(api, "Hel"), Feed()])
    count = len(stack.upstream.requests(f"m-{api}"))
    object = stack.client.create("m")
    stack.client.wait_for(object["id"], lambda o: output_text(o) == "Hel", "the text")
    exchange = stack.upstream.wait_request(f"m-{api}", count + 1)
    cancelled = stack.client.cancel(object["id"]).json()
    assert (cancelled["status"], output_text(cancelled)) == ("cancelled", "Hel")
    assert exchange.peer_closed.wait(5)


@pytest.mark.parametrize("api", DIALECTS)
def test_client_that_leaves_closes_the_provider_s_connection(made, api):
    stack = made(deployment(api))
    stack.upstream.script(f"m-{api}", [*BEGINNING[api], text(api, "Hel"), Feed()])
    count = len(stack.upstream.requests(f"m-{api}"))
    with streaming(stack.client, "m") as stream:
        assert stream.next()["type"] == "response.created"
        exchange = stack.upstream.wait_request(f"m-{api}", count + 1)
    assert exchange.peer_closed.wait(5)


@pytest.mark.parametrize("api", DIALECTS)
def test_slow_reader_gets_every_event(made, api):
    stack = made(deployment(api))
    pieces = [f"{n}:" + "x" * 20000 for n in range(150)]
    stack.upstream.script(f"m-{api}", [
        *BEGINNING[api], *[text(api, piece) for piece in pieces], *END[api]])
    events = []
    with streaming(stack.client, "m") as stream:
        for event in iter(stream.next, None):
            events.append(event)
            if len(events) % 50 == 0:
                time.sleep(0.1)  # what comes meanwhile has to wait
    assert problems(events) == []
    assert [e["delta"] for e in events if e["type"].endswith("text.delta")] == pieces


@pytest.mark.parametrize("api", DIALECTS)
def test_end_of_the_process_fails_the_response_in_its_stream(make_stack, api):
    stack = make_stack({"model_list": [deployment(api)]}, supervisor=False)
    stack.upstream.script(f"m-{api}", [*BEGINNING[api], text(api, "Hel"), Feed()])
    with streaming(stack.client, "m") as stream:
        events = [stream.next()]
        while events[-1]["type"] != "response.output_text.delta":
            events.append(stream.next())
        stack.responder.send_signal(signal.SIGTERM)
        stack.responder.send_signal(signal.SIGTERM)
        events += stream.rest()
    assert stack.responder.wait() == 0
    stack.programs.remove(stack.responder)
    assert problems(events) == []
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["error"]["code"] == "shutting_down"
    assert output_text(events[-1]["response"]) == "Hel"


@pytest.mark.parametrize("api", DIALECTS)
def test_worker_that_is_lost_has_its_translated_jobs_run_again(make_stack, api):
    stack = make_stack({"model_list": [deployment(api)], "respool": {"lease_seconds": 5}})
    stack.upstream.script(f"m-{api}", [*BEGINNING[api], text(api, "Hel"), Feed()],
                          whole(api, "Hello again"))
    object = stack.client.create("m")
    stack.client.wait_for(object["id"], lambda o: output_text(o) == "Hel", "the text")
    stack.supervisor.send_signal(signal.SIGKILL)
    stack.supervisor.wait()
    stack.programs.remove(stack.supervisor)
    stack.start_supervisor()
    final = stack.client.wait_terminal(object["id"], timeout=30)
    assert (final["status"], output_text(final)) == ("completed", "Hello again")


@pytest.mark.parametrize("api", DIALECTS)
def test_key_is_in_no_answer_and_no_log(made, api):
    stack = made(deployment(api, api_key="os.environ/RESPOOL_TEST_PROVIDER_KEY"))
    says = f"Incorrect API key provided: {PROVIDER_KEY}"
    stack.upstream.script(f"m-{api}", json_error(401, {"type": "error", "error": {
        "message": says, "type": "authentication_error"}}))
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert reply.status == 401 and PROVIDER_KEY not in reply.body.decode()
    stack.upstream.script(f"m-{api}", [line({"error": {"message": says, "code": 401}})])
    failed = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert failed["status"] == "failed" and PROVIDER_KEY not in json.dumps(failed)
    stack.upstream.script(f"m-{api}", [json.dumps({"type": "error", "error": {
        "message": says, "type": "authentication_error"}}).encode()])  # no event, but called so
    failed = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert "Incorrect API key" in failed["error"]["message"]
    assert failed["status"] == "failed" and PROVIDER_KEY not in json.dumps(failed)
    stack.upstream.script(f"m-{api}", whole(api, says))
    with streaming(stack.client, "m") as stream:
        assert PROVIDER_KEY not in json.dumps(stream.rest())
    assert PROVIDER_KEY not in stack.responder.stderr() + stack.supervisor.stderr()


@pytest.mark.parametrize("api", DIALECTS)
def test_answer_that_is_too_large_fails(made, api):
    stack = made(deployment(api), respool={"max_response_bytes": 100_000})
    stack.upstream.script(
        f"m-{api}", [*BEGINNING[api], *[text(api, "x" * 10_000)] * 20, *END[api]])
    failed = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "response_too_large")
    object = stack.client.post_create({"model": "m", "input": "x"}).json()
    assert (object["status"], object["error"]["code"]) == ("failed", "response_too_large")
    with streaming(stack.client, "m") as stream:
        events = stream.rest()
    assert problems(events) == []
    assert events[-1]["response"]["error"]["code"] == "response_too_large"


def test_deployment_that_always_answers_with_an_object_is_read_as_well(made):
    stack = made(deployment("chat"))
    stack.upstream.script("m-chat", Script(
        [json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": "Hello"}}]}).encode()],
        headers={"Content-Type": "application/json"}))
    with streaming(stack.client, "m") as stream:
        events = stream.rest()
    assert problems(events) == []
    assert output_text(events[-1]["response"]) == "Hello"
    assert wait_until(lambda: stack.upstream.requests("m-chat"), 5, "the request")


def block(index, kind, **delta):
    return line({"type": kind, "index": index, **delta})


def test_what_waits_for_its_turn_counts_in_the_size_of_a_response(made):
    """A server that lets blocks grow side by side, and never ends the first."""
    stack = made(deployment("messages"), respool={"max_response_bytes": 100_000})
    waiting = [block(1, "content_block_delta", delta={"type": "text_delta", "text": "x" * 10_000})
               for _ in range(20)]
    stack.upstream.script("m-messages", [
        *BEGINNING["messages"], text("messages", "Hel"),
        block(1, "content_block_start", content_block={"type": "text", "text": ""}),
        *waiting, Feed()])
    failed = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "response_too_large")
    with streaming(stack.client, "m") as stream:
        events = stream.rest()
    assert problems(events) == []
    assert events[-1]["response"]["error"]["code"] == "response_too_large"


def test_reasoning_that_one_provider_has_sealed_is_not_sent_to_another_api(made):
    stack = made(deployment("messages", "first"), deployment("responses", "second"))
    stack.upstream.script("first-messages", [
        BEGINNING["messages"][0],
        block(0, "content_block_start",
              content_block={"type": "thinking", "thinking": "", "signature": ""}),
        block(0, "content_block_delta", delta={"type": "thinking_delta", "thinking": "hm"}),
        block(0, "content_block_delta", delta={"type": "signature_delta", "signature": "sig"}),
        block(0, "content_block_stop"),
        block(1, "content_block_start", content_block={"type": "text", "text": "Hello"}),
        block(1, "content_block_stop"), *END["messages"][1:]])
    stack.upstream.script("second-responses", answer(response_object()))
    first = stack.client.wait_terminal(stack.client.create("first")["id"])
    assert first["output"][0]["encrypted_content"].startswith("respool.signature.")
    second = stack.client.create("second", previous_response_id=first["id"])
    stack.client.wait_terminal(second["id"])
    stack.client.post_create(
        {"model": "second", "input": [*first["output"], {"role": "user", "content": "x"}]})
    for exchange in stack.upstream.requests("second-responses"):
        assert "respool." not in exchange.body.decode()
        assert "Hello" in exchange.body.decode()


@pytest.mark.parametrize("api", DIALECTS)
def test_response_that_was_passed_through_names_the_one_that_it_continues(made, api):
    stack = made(deployment(api))
    stack.upstream.script(f"m-{api}", whole(api))
    first = stack.client.wait_terminal(stack.client.create("m")["id"])
    object = stack.client.post_create(
        {"model": "m", "input": "x", "previous_response_id": first["id"]}).json()
    assert (object["status"], object["previous_response_id"]) == ("completed", first["id"])
    assert "previous_response_id" not in stack.upstream.requests(f"m-{api}")[-1].json()


@pytest.mark.parametrize("api", DIALECTS)
@pytest.mark.parametrize("words", [b"[1]", b'"busy"', b"none"])
def test_json_that_is_no_answer_is_followed_by_another_try(make_stack, api, words):
    stack = make_stack(
        {"model_list": [deployment(api)], "router_settings": {"num_retries": 1}})
    other = Script([words], headers={"Content-Type": "application/json"})
    stack.upstream.script(f"m-{api}", other, whole(api), other, whole(api))
    final = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (final["status"], output_text(final)) == ("completed", "Hello")
    assert output_text(stack.client.post_create({"model": "m", "input": "x"}).json()) == "Hello"


def test_object_that_is_no_message_is_named_so(make_stack):
    stack = make_stack({"model_list": [deployment("messages")]})
    stack.upstream.script(
        "m-messages", Script([b"{}"], headers={"Content-Type": "application/json"}))
    failed = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert failed["error"] == {
        "code": "invalid_provider_answer",
        "message": "The provider answered with JSON that is no answer's object."}


@pytest.mark.parametrize("api", DIALECTS)
@pytest.mark.parametrize("end, code", [(Hang(), "upstream_timeout"),
                                       (Cut(), "upstream_disconnected")])
def test_failed_response_says_how_the_provider_broke_off(made, api, end, code):
    stack = made(deployment(api, silence_timeout=1))
    stack.upstream.script(f"m-{api}", [*BEGINNING[api], text(api, "Hel"), end])
    with streaming(stack.client, "m") as stream:
        events = stream.rest()
    assert problems(events) == []
    assert events[-1]["type"] == "response.failed"
    object = stack.client.post_create({"model": "m", "input": "x"}).json()
    for response in (events[-1]["response"], object):
        assert (response["status"], output_text(response)) == ("failed", "Hel")
        assert response["error"]["code"] == code


@pytest.mark.parametrize("api", DIALECTS)
def test_error_that_does_not_end_is_told_as_far_as_it_has_come(made, api):
    stack = made(deployment(api))
    error = json.dumps({"type": "error", "error": {
        "message": "no", "type": "invalid_request_error"}}).encode()
    stack.upstream.script(f"m-{api}", json_error(400, error))
    stack.upstream.scripts[f"m-{api}"][0].steps.append(Endless(b" " * 4096, 10))
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert (reply.status, reply.error()["message"]) == (400, "no")


def call(api, name):
    if api == "chat":
        return [line({"choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": 0, "id": "call_1", "function": {"name": name, "arguments": ""}}]}}]})]
    return [BEGINNING[api][0], line({"type": "content_block_start", "index": 0, "content_block": {
        "type": "tool_use", "id": "call_1", "name": name, "input": {}}})]


def arguments(api, words):
    if api == "chat":
        return line({"choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": 0, "function": {"arguments": words}}]}}]})
    return line({"type": "content_block_delta", "index": 0,
                 "delta": {"type": "input_json_delta", "partial_json": words}})


HELD_BACK = {
    "arguments of a custom tool": {
        api: [*call(api, "t"), Endless(arguments(api, "x" * 10_000), 1)] for api in DIALECTS},
    "what has no name, or no end": {
        "chat": [Endless(arguments("chat", "x" * 10_000), 1)],
        "messages": [
            BEGINNING["messages"][0],
            line({"type": "content_block_start", "index": 0,
                  "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
            Endless(line({"type": "content_block_delta", "index": 0, "delta": {
                "type": "signature_delta", "signature": "x" * 10_000}}), 1)]},
}


@pytest.mark.parametrize("api", DIALECTS)
@pytest.mark.parametrize("what", sorted(HELD_BACK))
def test_what_is_held_back_counts_in_the_size_of_an_answer(made, api, what):
    stack = made(deployment(api), respool={"max_response_bytes": 100_000})
    stack.upstream.script(f"m-{api}", HELD_BACK[what][api])
    body = {"tools": [{"type": "custom", "name": "t"}]}
    failed = stack.client.wait_terminal(stack.client.create("m", **body)["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "response_too_large")
    reply = stack.client.post_create({"model": "m", "input": "x", **body}).json()
    assert reply["error"]["code"] == "response_too_large"
    with streaming(stack.client, "m", **body) as stream:
        assert "response_too_large" in json.dumps(stream.rest())


def test_client_hears_that_a_stream_lives_in_which_nothing_happens(made):
    ping = line({"type": "ping"})
    stack = made(deployment("messages"))
    stack.upstream.script("m-messages", [
        *BEGINNING["messages"], text("messages", "Hel"), ping, Sleep(15_100), ping, ping,
        text("messages", "lo"), *END["messages"]])
    with streaming(stack.client, "m") as stream:
        stream.connection.sock.settimeout(20)
        told = stream.answer.read().decode()
    assert told.count("\n\n:\n\n") == 1
    assert '"delta":"lo"' in told.partition("\n\n:\n\n")[2]


@pytest.mark.parametrize("api", DIALECTS)
def test_stored_input_that_is_damaged_fails_its_request_alone(make_stack, api):
    stack = make_stack({"model_list": [deployment(api)]})
    stack.upstream.script(f"m-{api}", whole(api))
    previous = stack.client.create("m")["id"]
    stack.client.wait_terminal(previous)
    stack.redis.hset(job_key(previous), "input", '[{"role":\\q}]')
    reply = stack.client.post_create({"model": "m", "input": "x", "previous_response_id": previous})
    assert (reply.status, reply.error()["code"]) == (502, "invalid_deployment")
    assert "cannot be read" in reply.error()["message"]
    assert "fatal" not in stack.responder.stderr()


def test_blanks_before_a_tag_count_in_the_size_of_an_answer(made):
    stack = made(deployment("chat", think_tags=True), respool={"max_response_bytes": 100_000})
    stack.upstream.script("m-chat", [Endless(text("chat", "\n" * 10_000), 1)])
    failed = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "response_too_large")


@pytest.mark.parametrize("api", DIALECTS)
def test_answer_that_fails_is_tried_again_while_its_client_has_nothing(make_stack, api):
    stack = make_stack({"model_list": [deployment(api)], "router_settings": {"num_retries": 1}})
    failing = [*BEGINNING[api], text(api, "Hel"),
               line({"error": {"type": "overloaded_error", "message": "Overloaded", "code": 529}})]
    stack.upstream.script(f"m-{api}", failing, whole(api))
    object = stack.client.post_create({"model": "m", "input": "x"}).json()
    assert (object["status"], output_text(object)) == ("completed", "Hello")
    stack.upstream.script(f"m-{api}", failing)
    object = stack.client.post_create({"model": "m", "input": "x"}).json()
    assert (object["status"], output_text(object)) == ("failed", "Hel")
    assert object["error"]["message"] == "Overloaded"


def test_answer_that_is_too_large_fails_though_its_provider_says_that_it_is_complete(made):
    stack = made(deployment("messages"), respool={"max_response_bytes": 100_000})
    stack.upstream.script("m-messages", Script([json.dumps({
        "type": "message", "role": "assistant", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "x" * 200_000}]}).encode()],
        headers={"Content-Type": "application/json"}))
    object = stack.client.post_create({"model": "m", "input": "x"}).json()
    assert (object["status"], object["error"]["code"]) == ("failed", "response_too_large")
    failed = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "response_too_large")
