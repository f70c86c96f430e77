"""An error that a stream brings before any output counts as the HTTP error that its code names."""

import pytest

from events import completed, delta, message_stream, opening
from harness import wait_until
from test_deployments import (assert_answered, config, counts, deployment, failing_first, fallbacks,
                              rests, run)
from upstream import json_error

CREATED = {"type": "response.created", "response": {"model": "first-model", "user": "first"}}


def error(code="rate_limit_exceeded", **members):
    return {"type": "error", "code": code, "message": "slow down", "param": None, **members}


def failed(code="rate_limit_exceeded"):
    return {"type": "response.failed", "response": {
        "status": "failed", "error": {"code": code, "message": "slow down"}}}


BEGINNINGS = {
    "an error": [error()],
    "after created": [CREATED, error()],
    "after created, queued and in_progress": [
        CREATED, {"type": "response.queued"}, {"type": "response.in_progress"}, error()],
    "a failed response": [CREATED, failed()],
    "an error without a type": [b'data: {"error":{"message":"slow down","code":"429"}}\n\n'],
    "and done": [error(), b"data: [DONE]\n\n"],
}


@pytest.mark.parametrize("events", BEGINNINGS.values(), ids=BEGINNINGS)
def test_another_deployment_is_asked(make_stack, events):
    stack = make_stack(config(deployment("a", weight=1), deployment("b", weight=0), retries=1))
    stack.upstream.script("a", events)
    stack.upstream.script("b", message_stream(["from b"]))
    final = run(stack)
    assert_answered(final, "from b")
    assert counts(stack, "a", "b") == [1, 1]
    assert final["error"] is None


def test_nothing_of_the_failed_try_is_left(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b", weight=0), retries=1))
    stack.upstream.script("a", [CREATED, error()])
    stack.upstream.script("b", [*opening(), delta("x"), completed()])
    final = run(stack)
    assert_answered(final, "x")
    assert (final["model"], final["user"]) == ("provider-model", None)


def test_fallback_is_asked(make_stack):
    stack = make_stack(config(deployment("a"), deployment("b", name="n"),
                              router_settings=fallbacks(m=["n"])))
    stack.upstream.script("a", [error("server_error")])
    stack.upstream.script("b", message_stream(["from b"]))
    assert_answered(run(stack), "from b")


def test_same_deployment_is_asked_again(make_stack):
    stack = make_stack(config(deployment("a"), retries=2))
    stack.upstream.script("a", [CREATED, error()], [failed("server_error")],
                          message_stream(["third"]))
    assert_answered(run(stack), "third")
    assert counts(stack, "a") == [3]


def test_pause_before_another_try_outlasts_the_end_of_the_one_that_failed(make_stack):
    """The last pauses are longer than the second in which more of a failed answer could come."""
    stack = make_stack(config(deployment("a"), retries=4))
    stack.upstream.script("a", *[[CREATED, error()]] * 4, message_stream(["fifth"]))
    assert_answered(run(stack), "fifth")
    assert counts(stack, "a") == [5]


@pytest.mark.parametrize("event", [error("invalid_prompt"), failed("invalid_image"),
                                   error(None, error={"type": "invalid_request_error",
                                                      "code": "odd", "message": "slow down"}),
                                   error(None, error={"type": "invalid_request_error",
                                                      "code": None, "message": "slow down"})],
                         ids=["error", "failed", "by its type", "without a code"])
def test_error_of_the_request_is_not_tried_again(make_stack, event):
    stack = make_stack(config(deployment("a"), retries=2))
    stack.upstream.script("a", [CREATED, event], message_stream(["second"]))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "slow down")
    assert counts(stack, "a") == [1]


def test_error_after_some_output_is_final(make_stack):
    stack = make_stack(config(deployment("a"), retries=2))
    stack.upstream.script("a", [*opening(), error()], message_stream(["second"]))
    final = run(stack)
    assert (final["status"], final["error"]["code"]) == ("failed", "rate_limit_exceeded")
    assert counts(stack, "a") == [1]


def test_error_every_time_is_the_response_s(make_stack):
    stack = make_stack(config(deployment("a"), retries=1))
    stack.upstream.script("a", [CREATED, error("server_error")])
    final = run(stack)
    assert (final["status"], final["error"]["code"]) == ("failed", "server_error")
    assert final["error"]["message"] == "slow down"
    assert counts(stack, "a") == [2]


def test_whole_response_that_has_failed_counts_so_too(make_stack):
    """The answer of a provider that does not stream."""
    stack = make_stack(config(deployment("a", weight=1), deployment("b", weight=0), retries=1))
    stack.upstream.script("a", json_error(200, {
        "object": "response", "status": "failed", "output": [],
        "error": {"code": "rate_limit_exceeded", "message": "slow down"}}))
    stack.upstream.script("b", message_stream(["from b"]))
    assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [1, 1]


def test_deployment_rests_after_three_of_them(make_stack):
    stack = failing_first(make_stack)
    stack.upstream.script("a", [error()])
    for _ in range(3):
        assert_answered(run(stack), "from b")
    wait_until(lambda: rests(stack) == 1, what="the deployment to rest")
