"""What responses have used is written once for each, however it ends, and whoever lives to say it."""

import os
import signal

import pytest

from events import completed, delta, message_stream, opening, usage
from faulty import FaultyStack
from harness import wait_until
from test_deployments import config, deployment, error
from three_dialects import Answer
from upstream import Cut, Feed, Script

USAGE = "litellm:polling:{jobs}:usage:"
BUDGETS = "litellm:polling:{jobs}:budgets"
COSTS = {"input_cost_per_token": 0.5, "output_cost_per_token": 2}
COST = 12 * 0.5 + 34 * 2  # of what message_stream() tells
# All keys but those of what was used: without these nobody can note that a job has ended.
ALL_BUT_USAGE = ["litellm:polling:[^{]*", "litellm:polling:{deployments}:*",
                 "litellm:polling:{jobs}:[^u]*"]


def costing(served, name="m", costs=COSTS, **params):
    return {**deployment(served, name, **params), "model_info": costs}


def used(stack):
    """What is written, of all days: by tenant and label, the numbers of the line."""
    total = {}
    for key in stack.redis.scan_iter(f"{USAGE}*"):
        for field, line in stack.redis.hgetall(key).items():
            whose = tuple(field.decode().split("\x1f"))
            numbers = [float(number) for number in line.split()]
            total[whose] = [sum(pair) for pair in zip(total.get(whose, [0] * 6), numbers)]
    return total


def await_used(stack, requests=1, failed=0, cancelled=0, input=0, output=0, cost=0, model="m"):
    """Waits for the line, and sees that once all is done it is this one, and the only one."""
    expected = {("alice", model): [requests, failed, cancelled, input, output, cost]}
    try:
        wait_until(lambda: used(stack) == expected, 15, "what was used")
    except AssertionError:
        assert used(stack) == expected
    stack.wait_idle()
    assert used(stack) == expected


@pytest.fixture
def one(make_stack):
    """A single deployment, whose tokens cost something."""
    return make_stack(config(costing("a")))


def running(stack, *steps, served="a"):
    """A response that has begun, and what feeds its stream."""
    feed = Feed()
    stack.upstream.script(served, [*opening(), *steps, delta("begun"), feed])
    response_id = stack.client.create("m")["id"]
    stack.client.wait_for(response_id, lambda object: object["output"], "text")
    return response_id, feed


def told_early(*counts):
    """An event that ends nothing, and says all the same what was used so far."""
    return {"type": "response.in_progress", "response": {
        "id": "resp_1", "object": "response", "status": "in_progress", "output": [],
        "usage": usage(*counts)}}


def test_completed_responses_have_used_what_their_provider_tells(one):
    one.upstream.script("a", message_stream(["Hi"]))
    for _ in range(2):
        one.client.wait_status(one.client.create("m")["id"], "completed")
    await_used(one, requests=2, input=24, output=68, cost=2 * COST)


def test_an_incomplete_response_has_used_what_its_provider_tells(one):
    end = completed(status="incomplete", usage=usage(3, 5),
                    incomplete_details={"reason": "max_output_tokens"})
    one.upstream.script("a", [*opening(), delta("x"), {**end, "type": "response.incomplete"}])
    one.client.wait_status(one.client.create("m")["id"], "incomplete")
    await_used(one, input=3, output=5, cost=11.5)


def test_a_failed_response_has_used_what_its_provider_tells(one):
    end = completed(status="failed", usage=usage(3, 0),
                    error={"code": "server_error", "message": "no"})
    one.upstream.script("a", [*opening(), delta("x"), {**end, "type": "response.failed"}])
    one.client.wait_status(one.client.create("m")["id"], "failed")
    await_used(one, failed=1, input=3, cost=1.5)


def test_a_response_that_nobody_has_answered_has_used_nothing(one):
    one.upstream.script("a", error(400))
    one.client.wait_status(one.client.create("m")["id"], "failed")
    await_used(one, failed=1)


def test_a_response_that_is_cancelled_in_the_queue_has_used_nothing(make_stack):
    stack = make_stack(config(costing("a")), supervisor=False)
    response_id = stack.client.create("m")["id"]
    assert stack.client.cancel(response_id).status == 200
    await_used(stack, cancelled=1)


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_who_ends_a_response_that_runs_pays_what_its_provider_has_told_so_far(one, end):
    response_id, _ = running(one, told_early(9, 1), told_early(9, 4))
    assert getattr(one.client, end)(response_id).status == 200
    await_used(one, cancelled=1, input=9, output=4, cost=12.5)


def test_who_ends_a_response_whose_provider_has_told_nothing_pays_nothing(one):
    response_id, _ = running(one)
    assert one.client.cancel(response_id).status == 200
    await_used(one, cancelled=1)


@pytest.mark.parametrize("dialect, told", [
    ("messages", {"input": 12, "output": 1, "cost": 8}), ("chat", {})])
def test_what_a_translated_answer_has_told_is_paid_when_it_is_cancelled(make_stack, dialect, told):
    stack = make_stack(config(costing("a", api=dialect)))
    stack.upstream.script("a", Answer(("text", "begun"), end="never").streamed(dialect))
    response_id = stack.client.create("m")["id"]
    stack.client.wait_for(response_id, lambda object: object["output"], "text")
    assert stack.client.cancel(response_id).status == 200
    await_used(stack, cancelled=1, **told)


def test_a_translated_answer_that_breaks_off_has_used_what_it_has_told(make_stack):
    stack = make_stack(config(costing("a", api="messages"), respool={"max_attempts": 1}))
    stack.upstream.script("a", Answer(("text", "begun"), end="error").streamed("messages"))
    stack.client.wait_status(stack.client.create("m")["id"], "failed")
    await_used(stack, failed=1, input=12, output=1, cost=8)


def test_of_several_attempts_the_one_counts_that_has_made_the_object(one):
    one.upstream.script("a", Script([*opening(), told_early(9, 4), delta("lost"), Cut()]),
                        Script(message_stream(["Hi"])))
    one.client.wait_status(one.client.create("m")["id"], "completed")
    assert len(one.upstream.requests("a")) == 2
    await_used(one, input=12, output=34, cost=COST)


def test_numbers_that_no_provider_means_are_as_none(one):
    one.upstream.script("a", [*opening(), completed(usage=usage(2**63 - 1 - 34, 34))])
    for _ in range(3):
        one.client.wait_status(one.client.create("m")["id"], "completed")
    await_used(one, requests=3, output=3 * 34, cost=3 * 34 * 2)


def test_a_fallback_costs_what_it_costs_itself(make_stack):
    dear = {"input_cost_per_token": 100, "output_cost_per_token": 100}
    stack = make_stack(config(costing("a", costs=dear), costing("b", "other"),
                              litellm_settings={"fallbacks": [{"m": ["other"]}]}))
    stack.upstream.script("a", error(500))
    stack.upstream.script("b", message_stream(["Hi"]))
    stack.client.wait_status(stack.client.create("m")["id"], "completed")
    await_used(stack, input=12, output=34, cost=COST)


def test_a_model_without_costs_is_counted_and_costs_nothing(make_stack):
    stack = make_stack(config(deployment("a")))
    stack.upstream.script("a", message_stream(["Hi"]))
    stack.client.wait_status(stack.client.create("m")["id"], "completed")
    await_used(stack, input=12, output=34)


# Workers that are lost.


@pytest.fixture
def frail():
    stack = FaultyStack(config(costing("a")))
    yield stack
    stack.close()


def allow_keys(stack, *patterns):
    stack.redis.execute_command(
        "ACL", "SETUSER", "default", "resetkeys", *[f"~{pattern}" for pattern in patterns])


def test_a_worker_that_dies_between_its_last_write_and_the_drop_is_made_good(frail):
    response_id, feed = running(frail)
    allow_keys(frail, *ALL_BUT_USAGE)
    feed.send(completed())
    frail.client.wait_status(response_id, "completed")
    assert frail.running() == [response_id]
    os.kill(frail.worker(), signal.SIGKILL)
    allow_keys(frail, "*")
    await_used(frail, input=12, output=34, cost=COST)


def test_a_job_whose_worker_dies_is_paid_as_the_next_one_has_done_it(frail):
    response_id, _ = running(frail, told_early(9, 4))
    frail.upstream.script("a", message_stream(["Hi"]))
    os.kill(frail.worker(), signal.SIGKILL)
    frail.client.wait_status(response_id, "completed", timeout=20)
    await_used(frail, input=12, output=34, cost=COST)


def test_a_job_that_is_cancelled_while_nobody_is_at_work_on_it_is_written_once(frail):
    response_id, _ = running(frail, told_early(9, 4))
    os.kill(frail.supervisor.pid, signal.SIGSTOP)
    os.kill(frail.worker(), signal.SIGKILL)
    assert frail.client.cancel(response_id).status == 200
    os.kill(frail.supervisor.pid, signal.SIGCONT)
    await_used(frail, cancelled=1)


# Budgets.


def test_what_is_used_is_taken_from_the_budget(make_stack):
    stack = make_stack(config(costing("a"), respool={"api_key_defaults": {
        "max_budget": 2 * COST, "budget_duration": "1h"}}))
    stack.upstream.script("a", message_stream(["Hi"]))

    def spent():
        line = stack.redis.hget(BUDGETS, "alice")
        return line and float(line.split()[0])

    for number in (1, 2):
        stack.client.wait_status(stack.client.create("m")["id"], "completed")
        wait_until(lambda number=number: spent() == number * COST, 10, "what was spent")
    reply = stack.client.post_create({"model": "m", "input": "x", "background": True})
    assert (reply.status, reply.error()["code"]) == (429, "insufficient_quota")
