"""When deliveries are tried again, on a clock that the tests move."""

from collections import Counter

import pytest

from operating import Operator, metrics_of
from receiver import OK, answer, failure
from upstream import Cut, Script
from webhooks import DAY, HOUR, MINUTE, WebhookStack
from webhooks_clock import held_deliveries, keys_of, redis_time

PAUSES = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY]
JITTER = 0.1
SLACK = 5  # s that a busy machine may take
REST = 5 * MINUTE
WEEK = 7 * DAY


@pytest.fixture(scope="module")
def stack():
    stack = WebhookStack(config={"respool": {"open_metrics": True}})
    yield stack
    stack.close()


def outcomes(stack):
    """How often deliveries had each outcome."""
    return Counter({key[1]: int(number) for key, number in metrics_of(stack).items()
                    if key[0] == "respool_webhook_deliveries_total"})


def look_in_vain(stack, hook):
    """Has the couriers look, and another delivery come and go. Nothing may be told to the hook."""
    known = len(hook.deliveries())
    stack.look()
    other = stack.hook()
    other.end()
    other.await_rest()
    assert len(hook.deliveries()) == known


def fail_all_tries(stack, hook):
    """Has the one delivery to the hook fail as often as it may; it is dead then."""
    for pause in PAUSES:
        held = hook.await_tries(len(hook.deliveries()) or 1)
        stack.pass_time(pause * (1 + JITTER))
        hook.await_deliveries(held.tries + 1)
    return hook.await_tries(len(PAUSES) + 1)


def test_ten_tries_come_at_their_times_and_then_no_more(stack, hook):
    before = outcomes(stack)
    hook.script(failure(500))
    hook.end()
    for number, pause in enumerate(PAUSES, 1):
        hook.await_deliveries(number)
        held = hook.await_tries(number)
        assert pause * (1 - JITTER) - 0.1 <= held.due - held.tried <= pause * (1 + JITTER) + 0.1
        assert held.why == "HTTP status 500" and not held.is_dead
        if pause > SLACK:
            stack.pass_time(pause * (1 - JITTER) - SLACK)
            look_in_vain(stack, hook)
            stack.pass_time(pause * 2 * JITTER + SLACK)
        else:
            stack.pass_time(pause * (1 + JITTER))
    hook.await_deliveries(len(PAUSES) + 1)
    held = hook.await_tries(len(PAUSES) + 1)
    assert held.is_dead
    stack.pass_time(2 * DAY)
    look_in_vain(stack, hook)
    after = outcomes(stack)
    assert after["failed"] - before["failed"] == len(PAUSES)
    assert after["dead"] - before["dead"] == 1


def test_what_is_dead_is_kept_for_a_week(stack, hook):
    hook.script(failure(500))
    hook.end()
    held = fail_all_tries(stack, hook)
    forgotten = stack.redis.zscore(keys_of(stack)[2], held.id) / 1000
    assert abs(forgotten - (redis_time(stack) + WEEK)) < SLACK
    stack.pass_time(WEEK - MINUTE)
    look_in_vain(stack, hook)
    assert hook.held()[0].is_dead
    stack.pass_time(MINUTE)
    hook.await_rest()
    assert held.id not in held_deliveries(stack)


@pytest.mark.parametrize("by", ["id", "response", "range"])
def test_what_is_dead_is_sent_again_with_the_same_id(stack, hook, by):
    hook.script(failure(500))
    response = hook.end()
    held = fail_all_tries(stack, hook)
    hook.script(OK)
    stack.pass_time(REST)
    Operator(stack).run("webhooks", "retry", *{
        "id": [held.id], "response": [response], "range": ["--since", str(2 * REST)]}[by])
    tries = hook.await_deliveries(len(PAUSES) + 2)
    assert {(one.id, one.body) for one in tries} == {(held.id, tries[0].body)}
    tries[-1].verify(hook.secret)
    hook.await_rest()


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 429, 500, 502, 504])
def test_what_is_no_success_is_tried_again(stack, hook, status):
    other = stack.receiver.url("/followed")
    hook.script(answer(status, [b"no"], {"Location": other}), OK)
    hook.end()
    held = hook.await_tries(1)
    assert held.why.startswith(f"HTTP status {status}")
    stack.pass_time(6)
    hook.await_deliveries(2)
    hook.await_rest()
    assert not stack.receiver.deliveries("/followed")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(stack, hook, status):
    head = b"HTTP/1.1 %d Fine\r\nConnection: close\r\n\r\n" % status
    hook.script(Script([head, Cut()], framing="raw"))
    hook.end()
    hook.await_rest()
    assert len(hook.deliveries()) == 1 and hook.state() is None


# libcurl 8.14 reads no more than six hours.
@pytest.mark.parametrize("after, least, most", [(90, 90, 90), (2, 5, 5), (10 * DAY, DAY / 4, DAY)])
def test_retry_after_puts_it_off_but_by_no_more_than_a_day(stack, hook, after, least, most):
    hook.script(failure(500, Retry_After=after), OK)
    hook.end()
    held = hook.await_tries(1)
    assert least * (1 - JITTER) - 0.1 <= held.due - held.tried <= most * (1 + JITTER) + 0.1
    stack.pass_time(most * (1 + JITTER))
    hook.await_deliveries(2)
    hook.await_rest()
