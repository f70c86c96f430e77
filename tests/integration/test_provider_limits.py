"""A provider that is asked too much: it is left alone for as long as it says, and that costs no try."""

import time
from email.utils import formatdate

import pytest

from events import message_stream
from harness import wait_until
from passing import answer, response_object
from test_deployments import RESTING, assert_answered, config, counts, deployment, error, run
from test_measures import await_counters, ended_line, history
from upstream import Hang, Script, json_error

LIMITED = "litellm:polling:{deployments}:limited"


def limited(seconds="60", message="slow down", **headers):
    """An answer that names the time."""
    return error(429, message, **{"Retry_After": str(seconds), **headers})


def then(*texts):
    return [Script(message_stream([text])) for text in texts]


def gaps(stack, served):
    times = [exchange.arrived_at for exchange in stack.upstream.requests(served)]
    return [later - earlier for earlier, later in zip(times, times[1:])]


def await_limit(stack):
    """Waits until all can know it; how long still (s), by the clock of Redis."""
    entry = wait_until(lambda: stack.redis.zrange(LIMITED, 0, -1, withscores=True), 10, "a limit")
    seconds, micros = stack.redis.time()
    return entry[0][1] / 1000 - seconds - micros / 1e6


# One deployment.


def test_the_only_deployment_is_waited_for_and_it_costs_no_try(make_stack):
    stack = make_stack(config(deployment("a")))
    stack.upstream.script("a", limited(1), limited(1), *then("at last"))
    response_id = stack.client.create("m")["id"]
    assert_answered(stack.client.wait_terminal(response_id, timeout=20), "at last")
    assert [gap >= 1 for gap in gaps(stack, "a")] == [True, True]
    assert ended_line(stack, response_id)["attempts"] == "1"
    assert history(stack, response_id) == [
        "retry by openai/a, after: the provider answered HTTP 429"] * 2
    await_counters(stack, ended={"completed": 1}, calls={"http_429": 2, "success": 1})


def test_tries_are_left_for_what_fails_afterwards(make_stack):
    stack = make_stack(config(deployment("a"), retries=1))
    stack.upstream.script("a", limited(1), error(500), limited(1), *then("at last"))
    assert_answered(run(stack), "at last")
    assert counts(stack, "a") == [4]


@pytest.mark.parametrize("header, least", [
    ({"Retry-After": "30", "retry-after-ms": "1500"}, 1.5),
    ({"Retry-After": lambda: formatdate(time.time() + 3, usegmt=True)}, 1)])
def test_the_time_may_be_given_in_ms_or_as_a_date(make_stack, header, least):
    stack = make_stack(config(deployment("a")))
    headers = {name: value() if callable(value) else value for name, value in header.items()}
    stack.upstream.script("a", json_error(429, {"error": {"message": "x"}}, headers),
                          *then("at last"))
    assert_answered(run(stack), "at last")
    assert gaps(stack, "a")[0] >= least


def limited_by_google(delay):
    """As Gemini's endpoint for OpenAI's clients answers."""
    return json_error(429, [{"error": {
        "code": 429, "message": "Check your quota.", "status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]}}])


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_the_time_may_be_given_as_google_does(make_stack, api):
    stack = make_stack(config(deployment("a", api=api)))
    stack.upstream.script("a", limited_by_google("1.25s"), limited_by_google("1.25s"), [Hang()])
    response_id = stack.client.create("m")["id"]
    wait_until(lambda: counts(stack, "a") == [3], 20, "the third request")
    assert [gap >= 1.25 for gap in gaps(stack, "a")] == [True, True]
    stack.client.cancel(response_id)
    stack.client.wait_terminal(response_id)


def test_one_that_names_no_time_is_asked_again_without_counting_that(make_stack):
    stack = make_stack(config(deployment("a"), retries=1))
    stack.upstream.script("a", error(429), error(429), error(429), *then("at last"))
    assert_answered(run(stack), "at last")
    assert counts(stack, "a") == [4]
    assert not stack.redis.exists(LIMITED)


def test_whoever_wants_no_tries_asks_no_more_where_no_time_is_named(make_stack):
    stack = make_stack(config(deployment("a")))
    stack.upstream.script("a", error(429, "slow down"))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "slow down")
    assert counts(stack, "a") == [1]


def test_a_provider_that_never_has_time_is_not_waited_for_longer_than_its_timeout(make_stack):
    stack = make_stack(config(deployment("a", timeout=3)))
    stack.upstream.script("a", limited(1))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "slow down")
    assert 2 <= counts(stack, "a")[0] <= 3


def test_a_provider_that_names_next_to_no_time_is_asked_after_growing_pauses(make_stack):
    stack = make_stack(config(deployment("a", timeout=5)))
    stack.upstream.script("a", limited(1, retry_after_ms="1"))
    assert run(stack)["status"] == "failed"
    assert 3 <= counts(stack, "a")[0] <= 5
    first, *_, last = gaps(stack, "a")
    assert 0.25 <= first < last


@pytest.mark.parametrize("seconds, asked", [(59, 1), (61, 1), (10 ** 9, 1), (10 ** 25, 1)])
def test_a_time_past_the_timeout_is_not_waited_for(make_stack, seconds, asked):
    stack = make_stack(config(deployment("a", timeout=30)))
    stack.upstream.script("a", limited(seconds))
    assert run(stack)["status"] == "failed"
    assert counts(stack, "a") == [asked]
    assert await_limit(stack) <= min(seconds, 3600)


def test_a_quota_that_is_spent_is_a_failure(make_stack):
    stack = make_stack(config(deployment("a")))
    stack.upstream.script("a", json_error(429, {"error": {
        "message": "Spent.", "type": "insufficient_quota", "code": "insufficient_quota"}},
        {"Retry-After": "60"}))
    final = run(stack)
    assert (final["status"], final["error"]["code"]) == ("failed", "insufficient_quota")
    assert not stack.redis.exists(LIMITED, RESTING)


def test_a_job_that_waits_can_be_cancelled(make_stack):
    stack = make_stack(config(deployment("a")))
    stack.upstream.script("a", limited(30))
    response_id = stack.client.create("m")["id"]
    await_limit(stack)
    assert stack.client.cancel(response_id).json()["status"] == "cancelled"
    stack.wait_idle()
    assert counts(stack, "a") == [1]


# Several deployments.


def test_another_deployment_is_asked_at_once_and_without_a_try(make_stack):
    stack = make_stack(config(deployment("a", order=1), deployment("b", order=2)))
    stack.upstream.script("a", limited())
    stack.upstream.script("b", message_stream(["from b"]))
    assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [1, 1]
    assert 50 < await_limit(stack) <= 60
    assert stack.redis.zscore(RESTING, stack.redis.zrange(LIMITED, 0, 0)[0])
    for _ in range(5):
        assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [1, 6]


def test_when_all_are_limited_the_one_that_is_free_soonest_is_waited_for(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b")))
    stack.upstream.script("a", limited(2), *then("from a"))
    stack.upstream.script("b", limited(50))
    assert_answered(run(stack), "from a")
    assert counts(stack, "a", "b") == [2, 1]
    assert gaps(stack, "a")[0] >= 2


def test_a_fallback_is_asked_rather_than_waited_for_the_model(make_stack):
    stack = make_stack(config(deployment("a"), deployment("b", "other"), retries=3,
                              litellm_settings={"fallbacks": [{"m": ["other"]}]}))
    stack.upstream.script("a", limited())
    stack.upstream.script("b", message_stream(["from b"]))
    for _ in range(3):
        assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [1, 3]


def test_a_fallback_that_is_limited_for_longer_is_not_waited_for(make_stack):
    stack = make_stack(config(deployment("a", timeout=30), deployment("b", "other", timeout=30),
                              litellm_settings={"fallbacks": [{"m": ["other"]}]}))
    stack.upstream.script("a", limited(2), *then("from a"))
    stack.upstream.script("b", limited(60))
    assert_answered(run(stack), "from a")
    assert counts(stack, "a", "b") == [2, 1]
    assert gaps(stack, "a")[0] >= 2


# Several processes.


def test_all_workers_leave_a_deployment_alone(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b")), workers=2)
    stack.upstream.script("a", limited())
    stack.upstream.script("b", message_stream(["from b"]))

    def left_alone():
        before = counts(stack, "a")
        for response_id in [stack.client.create("m")["id"] for _ in range(8)]:
            assert_answered(stack.client.wait_terminal(response_id), "from b")
        return counts(stack, "a") == before

    wait_until(left_alone, 10, "the limit to be known")


def test_a_job_that_is_given_back_is_waited_for_by_the_next_worker(make_stack):
    stack = make_stack(config(deployment("a"), respool={"drain_seconds": 0}))
    stack.upstream.script("a", limited(3), *then("at last"))
    response_id = stack.client.create("m")["id"]
    await_limit(stack)
    stack.stop(stack.supervisor)
    assert stack.client.poll(response_id)["status"] in ("queued", "in_progress")
    stack.start_supervisor()
    assert_answered(stack.client.wait_terminal(response_id, timeout=20), "at last")
    assert counts(stack, "a") == [2]
    assert gaps(stack, "a")[0] >= 3


def test_what_a_passed_through_request_is_told_holds_for_jobs(make_stack):
    stack = make_stack(config(deployment("a")), supervisor=False)
    stack.upstream.script("a", limited(2), *then("at last"))
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert (reply.status, reply.headers["retry-after"]) == (429, "2")
    await_limit(stack)
    response_id = stack.client.create("m")["id"]
    stack.start_supervisor()
    assert_answered(stack.client.wait_terminal(response_id, timeout=20), "at last")
    assert gaps(stack, "a")[0] >= 2


def test_a_time_that_google_gives_a_passed_through_request_holds_for_jobs(make_stack):
    stack = make_stack(config(deployment("a")), supervisor=False)
    stack.upstream.script("a", limited_by_google("2s"), *then("at last"))
    assert stack.client.post_create({"model": "m", "input": "x"}).status == 429
    await_limit(stack)
    response_id = stack.client.create("m")["id"]
    stack.start_supervisor()
    assert_answered(stack.client.wait_terminal(response_id, timeout=20), "at last")
    assert gaps(stack, "a")[0] >= 2


def test_who_polls_a_provider_too_often_makes_no_job_wait(make_stack):
    stack = make_stack(config(deployment("a")))
    client, upstream = stack.client, stack.upstream
    upstream.script("a", answer(response_object("resp_native")), *then("at once"))
    assert client.post_create({"model": "m", "input": "x"}).json()["id"] == "resp_native"
    upstream.script("/v1/responses/resp_native", limited(30))
    reply = client.get_response("resp_native")
    assert (reply.status, reply.headers["retry-after"]) == (429, "30")
    assert_answered(run(stack), "at once")
    assert not stack.redis.exists(LIMITED)


def test_a_quota_that_a_passed_through_request_is_told_of_makes_no_job_wait(make_stack):
    stack = make_stack(config(deployment("a")))
    stack.upstream.script("a", json_error(429, {"error": {
        "message": "Spent.", "type": "insufficient_quota", "code": "insufficient_quota"}},
        {"Retry-After": "60"}), *then("at once"))
    assert stack.client.post_create({"model": "m", "input": "x"}).status == 429
    assert_answered(run(stack), "at once")
    assert not stack.redis.exists(LIMITED)


def test_a_passed_through_request_is_answered_by_another_deployment(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b"), retries=1),
                       supervisor=False)
    stack.upstream.script("a", limited())
    stack.upstream.script("b", message_stream(["from b"]))
    body = {"model": "m", "input": "x", "stream": True}
    assert stack.client.post_create(body).status == 200
    await_limit(stack)
    for _ in range(3):
        assert stack.client.post_create(body).status == 200
    assert counts(stack, "a", "b") == [1, 4]
