"""Orders, kinds of fallbacks, and deployments that take only so many calls at once."""

import json
import signal
import time

import pytest

from events import message_stream
from harness import UnixConnection, output_text, wait_until
from passing import answer, response_object
from test_deployments import (assert_answered, config, counts, deployment, drawn, error, fallbacks,
                              run)
from test_dialects import line
from upstream import Gate, json_error

TOO_LONG = {"error": {"message": "Your input exceeds the context window of this model.",
                      "type": "invalid_request_error", "param": "input",
                      "code": "context_length_exceeded"}}
REFUSED = {"error": {"message": "The response was filtered.", "type": None, "param": "prompt",
                     "code": "content_filter",
                     "innererror": {"code": "ResponsibleAIPolicyViolation"}}}
TOO_LONG_FOR_CLAUDE = {"type": "error", "error": {"type": "invalid_request_error",
                                                  "message": "prompt is too long: 9 > 8"}}


def kinds(**of_kinds):
    return {f"{kind}_fallbacks": [{"m": others}] for kind, others in of_kinds.items()}


def item(text):
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}


# Orders.


def test_tpm_is_a_share_where_neither_weight_nor_rpm_is_given(make_stack):
    stack = make_stack(config(deployment("a", tpm=90000), deployment("b", tpm=30000)))
    a, b = drawn(stack, "ab")
    assert a + b == 120
    assert a > b >= 5


def test_lower_order_is_asked_until_it_fails(make_stack):
    stack = make_stack(config(deployment("b", order=2, weight=9), deployment("a", order=1)))
    stack.upstream.script("a", *[message_stream(["a"])] * 5, error(500))
    stack.upstream.script("b", message_stream(["b"]))
    for _ in range(5):
        assert_answered(run(stack), "a")
    assert_answered(run(stack), "b")


# Kinds of fallbacks.


@pytest.mark.parametrize("section", ["litellm_settings", "router_settings"])
@pytest.mark.parametrize("kind,refusal", [("context_window", TOO_LONG),
                                          ("content_policy", REFUSED)])
def test_what_is_beyond_a_model_goes_to_one_that_takes_it(make_stack, section, kind, refusal):
    stack = make_stack(config(
        deployment("a"), deployment("g", "general"), deployment("o", "other"), retries=1,
        **{section: {**kinds(**{kind: ["other"]}), **fallbacks(m=["general"])}}))
    stack.upstream.script("a", json_error(400, refusal), json_error(400, refusal),
                          error(400, "Bad image."), error(400, "Bad image."))
    stack.upstream.script("o", message_stream(["other"]), answer(response_object(
        output=[item("other")])))
    assert_answered(run(stack), "other")
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert reply.status == 200 and output_text(reply.json()) == "other"
    assert run(stack)["error"]["message"] == "Bad image."
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert (reply.status, reply.error()["message"]) == (400, "Bad image.")
    assert counts(stack, "a", "g", "o") == [4, 0, 2]


def test_without_fallbacks_of_its_kind_the_general_ones_serve(make_stack):
    stack = make_stack(config(deployment("a"), deployment("g", "general"),
                              router_settings=fallbacks(m=["general"])))
    stack.upstream.script("a", json_error(400, TOO_LONG))
    stack.upstream.script("g", message_stream(["general"]))
    assert_answered(run(stack), "general")


def test_without_any_fallback_the_client_gets_the_whole_refusal(make_stack):
    stack = make_stack(config(deployment("a"), retries=3))
    refusal = {"error": {**TOO_LONG["error"], "message": "context_length_exceeded " + "x" * 200000}}
    stack.upstream.script("a", json_error(400, TOO_LONG), json_error(400, refusal))
    assert run(stack)["error"]["code"] == "context_length_exceeded"
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert (reply.status, reply.json()) == (400, refusal)
    assert counts(stack, "a") == [2]


def test_an_event_of_such_an_error_before_any_output_counts_too(make_stack):
    stack = make_stack(config(deployment("a"), deployment("o", "other"),
                              router_settings=kinds(context_window=["other"])))
    failed = {"type": "response.failed", "response": response_object(
        status="failed", error={"code": "context_length_exceeded", "message": "too long"})}
    stack.upstream.script("a", [failed])
    stack.upstream.script("o", message_stream(["other"]))
    assert_answered(run(stack), "other")


@pytest.mark.parametrize("background", [True, False])
def test_translated_errors_are_told_apart_too(make_stack, background):
    stack = make_stack(config(
        deployment("k", model="anthropic/k"), deployment("o", "other", model="anthropic/o"),
        router_settings=kinds(context_window=["other"])))
    stack.upstream.script("k", json_error(400, TOO_LONG_FOR_CLAUDE))
    stack.upstream.script("o", [
        line({"type": "message_start", "message": {"id": "msg_1", "model": "o"}}),
        line({"type": "content_block_start", "index": 0,
              "content_block": {"type": "text", "text": ""}}),
        line({"type": "content_block_delta", "index": 0,
              "delta": {"type": "text_delta", "text": "other"}}),
        line({"type": "content_block_stop", "index": 0}),
        line({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        line({"type": "message_stop"})])
    if background:
        assert_answered(run(stack), "other")
    else:
        reply = stack.client.post_create({"model": "m", "input": "x"})
        assert reply.status == 200 and output_text(reply.json()) == "other", reply


def test_a_chat_that_is_too_long_goes_to_a_model_that_takes_it(make_stack):
    stack = make_stack(config(deployment("a"), deployment("o", "other"),
                              router_settings=kinds(context_window=["other"])), supervisor=False)
    stack.upstream.script("a", json_error(400, TOO_LONG))
    stack.upstream.script("o", answer({"object": "chat.completion"}))
    reply = stack.client.request(
        "POST", "/v1/chat/completions", json.dumps({"model": "m", "messages": []}))
    assert (reply.status, reply.json()) == (200, {"object": "chat.completion"}), reply


def test_retry_after_is_the_least_wait_before_a_deployment_is_asked_again(make_stack):
    stack = make_stack(config(deployment("a"), retries=1, router_settings={"retry_after": 2}))
    stack.upstream.script("a", error(500), message_stream(["a"]))
    began = time.monotonic()
    assert_answered(run(stack), "a")
    assert time.monotonic() - began >= 2


# max_parallel_requests.


def open_calls(stack, *served):
    return sum(counts(stack, *served))


def test_a_worker_s_calls_wait_until_one_ends(make_stack):
    stack = make_stack(config(deployment("a", max_parallel_requests=2)), workers=1)
    gates = [Gate() for _ in range(5)]
    stack.upstream.script("a", *[[gate, *message_stream([str(i)])]
                                 for i, gate in enumerate(gates)])
    ids = [stack.client.create("m")["id"] for _ in range(5)]
    for i in range(5):
        wait_until(lambda: open_calls(stack, "a") == min(i + 2, 5), what="two calls at once")
        assert len([1 for one in ids
                    if stack.client.poll(one)["status"] == "completed"]) == i
        gates[i].open()
        wait_until(lambda: len([1 for one in ids if stack.client.poll(one)["status"] ==
                                "completed"]) == i + 1, what="an answer")


def test_a_full_deployment_is_passed_over_while_another_has_room(make_stack):
    stack = make_stack(config(deployment("a", order=1, max_parallel_requests=1),
                              deployment("b", order=2, max_parallel_requests=1)), workers=1)
    gate = Gate()
    stack.upstream.script("a", [gate, *message_stream(["a"])], message_stream(["a again"]))
    stack.upstream.script("b", [gate, *message_stream(["b"])])
    first = stack.client.create("m")["id"]
    stack.upstream.wait_request("a")
    second = stack.client.create("m")["id"]
    stack.upstream.wait_request("b")
    third = stack.client.create("m")["id"]
    wait_until(lambda: stack.client.poll(third)["status"] == "in_progress", what="a third job")
    gate.open()
    assert_answered(stack.client.wait_terminal(first), "a")
    assert_answered(stack.client.wait_terminal(second), "b")
    assert stack.client.wait_terminal(third)["status"] == "completed"


def test_a_call_that_has_failed_leaves_its_place_to_others(make_stack):
    stack = make_stack(config(deployment("a", order=1, max_parallel_requests=1),
                              deployment("b", order=2, max_parallel_requests=1)), workers=1)
    gate = Gate()
    stack.upstream.script("a", error(500), message_stream(["a"]))
    stack.upstream.script("b", [gate, *message_stream(["b"])])
    first = stack.client.create("m")["id"]
    stack.upstream.wait_request("b")
    assert_answered(run(stack), "a")
    gate.open()
    assert_answered(stack.client.wait_terminal(first), "b")


def test_the_time_that_is_waited_is_not_the_deployment_s(make_stack):
    stack = make_stack(config(deployment("a", max_parallel_requests=1, timeout=1.5)), workers=1)
    gate = Gate()
    stack.upstream.script("a", [gate], message_stream(["second"]))
    first = stack.client.create("m")["id"]
    stack.upstream.wait_request("a")
    second = stack.client.create("m")["id"]
    assert stack.client.wait_terminal(first)["error"]["code"] == "upstream_timeout"
    assert_answered(stack.client.wait_terminal(second), "second")


def test_a_call_that_waits_can_be_cancelled_and_takes_no_turn(make_stack):
    stack = make_stack(config(deployment("a", max_parallel_requests=1)), workers=1)
    gate = Gate()
    stack.upstream.script("a", [gate, *message_stream(["1"])], message_stream(["3"]))
    first, second, third = [stack.client.create("m")["id"] for _ in range(3)]
    stack.upstream.wait_request("a")
    assert stack.client.cancel(second).status == 200
    gate.open()
    assert_answered(stack.client.wait_terminal(first), "1")
    assert_answered(stack.client.wait_terminal(third), "3")
    assert counts(stack, "a") == [2]


def test_a_worker_that_ends_gives_back_what_waits(make_stack):
    stack = make_stack(config(deployment("a", max_parallel_requests=1),
                              respool={"drain_seconds": 0}), workers=1)
    gate = Gate()
    stack.upstream.script("a", [gate], message_stream(["again"]))
    ids = [stack.client.create("m")["id"] for _ in range(2)]
    wait_until(lambda: stack.running() and len(stack.running()) == 2, what="two jobs")
    stack.stop(stack.supervisor)
    assert len(stack.queued()) == 2
    stack.start_supervisor()
    for response_id in ids:
        assert_answered(stack.client.wait_terminal(response_id), "again")


def test_a_reload_goes_on_counting(make_stack):
    stack = make_stack(config(deployment("a", max_parallel_requests=1)), workers=1)
    gate = Gate()
    stack.upstream.script("a", [gate, *message_stream(["1"])], message_stream(["2"]))
    first = stack.client.create("m")["id"]
    stack.upstream.wait_request("a")
    offset = stack.supervisor.stderr_size()
    stack.supervisor.send_signal(signal.SIGHUP)
    wait_until(lambda: "read again" in stack.supervisor.stderr(offset), what="a reload")
    second = stack.client.create("m")["id"]
    wait_until(lambda: stack.client.poll(second)["status"] == "in_progress", what="a second job")
    assert counts(stack, "a") == [1]
    gate.open()
    assert_answered(stack.client.wait_terminal(first), "1")
    assert_answered(stack.client.wait_terminal(second), "2")


class Asking:
    """A request that is passed through, whose answer is read when it is asked for."""

    def __init__(self, client, model="m"):
        self.connection = UnixConnection(client.address, 20)
        self.connection.request(
            "POST", f"{client.prefix}/responses", json.dumps({"model": model, "input": "x"}),
            {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"})

    def status(self):
        reply = self.connection.getresponse()
        reply.read()
        self.connection.close()
        return reply.status


def test_what_is_asked_of_a_response_that_exists_does_not_wait(make_stack):
    stack = make_stack(config(deployment("a", max_parallel_requests=1),
                              respool={"default_deployment": "m"}), supervisor=False)
    gate = Gate()
    stack.upstream.script("a", [gate, *message_stream(["1"])])
    first = Asking(stack.client)
    stack.upstream.wait_request("a")
    stack.upstream.script("/v1/responses/resp_1/cancel", answer(response_object()))
    reply = stack.client.cancel("resp_1")
    assert reply.status == 200, reply
    gate.open()
    assert first.status() == 200


def test_a_relay_s_calls_wait_and_those_whose_clients_are_gone_take_no_turn(make_stack):
    stack = make_stack(config(deployment("a", max_parallel_requests=1)), supervisor=False)
    gate = Gate()
    stack.upstream.script("a", [gate, *message_stream(["1"])], answer(response_object()))
    first = Asking(stack.client)
    stack.upstream.wait_request("a")
    gone, third = Asking(stack.client), Asking(stack.client)
    gone.connection.close()
    gate.open()
    assert [first.status(), third.status()] == [200, 200]
    assert counts(stack, "a")[0] in (2, 3)
