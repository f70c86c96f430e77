"""Endpoints that ask for less, or fail too often."""

import pytest

from harness import wait_until
from operating import Operator
from receiver import OK, failure
from receiver import held as held_back
from upstream import Gate
from webhooks import DAY, HOUR, MINUTE, WebhookStack
from webhooks_clock import redis_time

REST = 5 * MINUTE
FAILURES_UNTIL_REST = 10
SLACK = 5
FAILS = failure(500, Retry_After=MINUTE)  # so none is tried again before a test has time pass


@pytest.fixture(scope="module")
def stack():
    stack = WebhookStack()
    yield stack
    stack.close()


def others_are_told(stack):
    """Something else comes and goes meanwhile."""
    other = stack.hook()
    other.end()
    other.await_rest()


def await_state(hook, predicate, what):
    return wait_until(lambda: predicate(hook.state()) and hook.state(), 10, what)


# To be left alone.


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_endpoint_is_left_alone_for_as_long_as_it_says(stack, hook, status):
    hook.script(failure(status, Retry_After=90), OK)
    first = hook.end()
    hook.await_tries(1)
    assert abs(hook.state()[1] - (redis_time(stack) + 90)) < SLACK
    second = hook.end()
    others_are_told(stack)
    assert len(hook.deliveries()) == 1
    stack.pass_time(90)
    assert sorted(one.response for one in hook.await_deliveries(3)[1:]) == sorted([first, second])
    hook.await_rest()
    assert hook.state() is None


def test_throttling_endpoint_is_left_alone_for_an_hour_at_most(stack, hook):
    hook.script(failure(429, Retry_After=2 * HOUR), OK)
    hook.end()
    held = hook.await_tries(1)
    assert abs(hook.state()[1] - (redis_time(stack) + HOUR)) < SLACK
    assert abs(held.due - held.tried - 2 * HOUR) < SLACK
    second = hook.end()
    others_are_told(stack)
    stack.pass_time(HOUR)
    assert hook.await_deliveries(2)[1].response == second


def test_failure_that_is_no_throttling_delays_its_own_delivery_alone(stack, hook):
    hook.script(failure(500, Retry_After=90), OK)
    first = hook.end()
    hook.await_tries(1)
    second = hook.end()
    assert [one.response for one in hook.await_deliveries(2)] == [first, second]


# 410.


def turn_off(stack, hook, *answers):
    """Has the endpoint ask to be told nothing any more. The response of which it was told."""
    hook.script(failure(410), *answers)
    response = hook.end()
    wait_until(lambda: hook.state() and hook.state()[2], 10, "the endpoint to be off")
    return response


def test_endpoint_that_is_gone_is_told_nothing_any_more(stack, hook):
    response = turn_off(stack, hook, OK)
    meanwhile = hook.end()
    wait_until(lambda: len(hook.held()) == 2 and all(one.is_dead for one in hook.held()), 10,
               "what is due to be dead")
    assert {one.response for one in hook.held()} == {response, meanwhile}
    assert {one.response: one.tries for one in hook.held()} == {response: 1, meanwhile: 0}
    stack.pass_time(2 * DAY)
    others_are_told(stack)
    assert len(hook.deliveries()) == 1


def change(stack, hook):
    """Has the hook's endpoint be another one than before."""
    def allow(endpoints):
        one = next(one for one in endpoints if one["name"] == hook.name)
        one["max_parallel"] = one.get("max_parallel", 8) + 1

    stack.configure(allow)


def test_endpoint_that_was_gone_is_told_again_once_its_configuration_has_changed(stack, hook):
    response = turn_off(stack, hook, OK)
    meanwhile = hook.end()
    wait_until(lambda: all(one.is_dead for one in hook.held()), 10, "what is due to be dead")
    change(stack, hook)
    later = hook.end()
    assert [one.response for one in hook.await_deliveries(2)] == [response, later]
    wait_until(lambda: hook.state() is None, 10, "the endpoint to be as any other")
    Operator(stack).run("webhooks", "retry", meanwhile)
    Operator(stack).run("webhooks", "retry", response)
    assert sorted(one.response for one in hook.await_deliveries(4)[2:]) == sorted(
        [response, meanwhile])
    hook.await_rest()


def test_endpoint_that_is_gone_stays_so_when_others_change(stack, hook):
    turn_off(stack, hook, OK)
    change(stack, stack.hook())
    hook.end()
    wait_until(lambda: len(hook.held()) == 2 and all(one.is_dead for one in hook.held()), 10,
               "what is due to be dead")
    assert len(hook.deliveries()) == 1


# Failures in a row.


def test_endpoint_rests_after_ten_failures_in_a_row(stack, hook):
    hook.script(*[FAILS] * FAILURES_UNTIL_REST, OK)
    responses = []
    for number in range(1, FAILURES_UNTIL_REST + 1):
        responses.append(hook.end())
        await_state(hook, lambda state, n=number: state and state[0] == n, f"failure {number}")
    assert abs(hook.state()[1] - (redis_time(stack) + REST)) < SLACK
    later = hook.end()
    stack.pass_time(MINUTE)  # all are due
    others_are_told(stack)
    assert len(hook.deliveries()) == FAILURES_UNTIL_REST
    stack.pass_time(REST - MINUTE)
    told = hook.await_deliveries(2 * FAILURES_UNTIL_REST + 1)[FAILURES_UNTIL_REST:]
    assert sorted(one.response for one in told) == sorted([*responses, later])
    hook.await_rest()
    assert hook.state() is None


def test_failure_behind_the_tenth_has_it_rest_again(stack, hook):
    hook.script(*[FAILS] * (FAILURES_UNTIL_REST + 1), OK)
    for number in range(1, FAILURES_UNTIL_REST + 1):
        hook.end()
        await_state(hook, lambda state, n=number: state and state[0] == n, f"failure {number}")
    stack.pass_time(REST)
    await_state(hook, lambda state: state and state[0] == FAILURES_UNTIL_REST + 1, "one more")
    assert len(hook.deliveries()) == FAILURES_UNTIL_REST + 1
    assert abs(hook.state()[1] - (redis_time(stack) + REST)) < SLACK
    stack.pass_time(2 * REST)  # that one has failed twice
    hook.await_rest()


def test_success_ends_the_row(stack, hook):
    hook.script(*[FAILS] * 3, OK)
    for number in range(1, 4):
        hook.end()
        await_state(hook, lambda state, n=number: state and state[0] == n, f"failure {number}")
    hook.end()
    wait_until(lambda: hook.state() is None, 10, "the row to be over")


def test_failing_endpoint_is_told_fewer_at_once(stack, hook):
    gate = Gate()
    hook.script(*[FAILS] * 2, held_back(gate))
    for number in range(1, 3):
        hook.end()
        await_state(hook, lambda state, n=number: state and state[0] == n, f"failure {number}")
    for _ in range(4):
        hook.end()
    hook.await_deliveries(4)  # 8, halved twice, is 2
    others_are_told(stack)
    assert len(hook.deliveries()) == 4
    gate.open()
    wait_until(lambda: len(hook.held()) == 2, 10, "those that have not failed to be over")
    assert len(hook.deliveries()) == 6
    stack.pass_time(MINUTE)
    hook.await_deliveries(8)
    hook.await_rest()
