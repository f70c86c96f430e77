"""Webhooks while Redis is away, workers end, and responses are deleted or expire."""

import os
import signal

import pytest

from harness import RESPONSE_KEY, wait_until
from operating import Operator
from receiver import OK, failure, held
from redis_cluster import Cluster
from upstream import Gate
from webhooks import DAY, MINUTE, WebhookStack
from webhooks_clock import keys_of

LEASE = 25  # s, of a delivery


@pytest.fixture
def make():
    stacks = []

    def make(**options):
        stacks.append(WebhookStack(hooks=4, **options))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.close()


@pytest.fixture(scope="module")
def stack():
    stack = WebhookStack()
    yield stack
    stack.close()


# Responses that are gone.


def test_response_that_was_deleted_before_its_delivery_is_not_told(stack, hook):
    hook.script(failure(500), OK)
    response = hook.end()
    hook.await_tries(1)
    assert stack.client.delete(response).status == 200
    assert hook.held() == []
    stack.pass_time(DAY)
    other = hook.end()
    assert [one.response for one in hook.await_deliveries(2)] == [response, other]


def test_response_that_is_missing_before_it_has_expired_is_not_told(stack, hook):
    """As another program that knows nothing of webhooks has deleted it."""
    hook.script(failure(500), OK)
    response = hook.end()
    hook.await_tries(1)
    stack.redis.delete(stack.key(RESPONSE_KEY + response))
    stack.pass_time(6)
    hook.await_rest()
    assert len(hook.deliveries()) == 1


def test_response_that_has_expired_is_told(stack, hook):
    hook.script(failure(500), OK)
    response = hook.end()
    gone = hook.await_tries(1).gone
    stack.redis.delete(stack.key(RESPONSE_KEY + response))
    stack.pass_time(gone - hook.held()[0].tried + MINUTE)
    first, second = hook.await_deliveries(2)
    assert first.body == second.body and second.verify(hook.secret)
    hook.await_rest()


def test_response_that_is_deleted_while_it_is_told_is_forgotten(stack, hook):
    gate = Gate()
    hook.script(held(gate, 500), OK)
    response = hook.end()
    hook.await_delivery()
    assert stack.client.delete(response).status == 200
    gate.open()
    stack.pass_time(DAY)
    other = hook.end()
    assert [one.response for one in hook.await_deliveries(2)] == [response, other]
    hook.await_rest()


# Redis.


@pytest.fixture
def answer_without_redis(make):
    """Returns a stack whose receiver has answered so while Redis was away, and the hook."""
    def answer(status):
        stack = make(aof=True)
        hook, gate = stack.hook(), Gate()
        hook.script(held(gate, status), OK)
        hook.end()
        delivery = hook.await_delivery()
        stack.kill_redis()
        gate.open()
        assert delivery.exchange.answered.wait(5)
        stack.start_redis()
        return stack, hook

    return answer


def test_delivery_is_reported_once_redis_is_back_and_not_sent_twice(answer_without_redis):
    stack, hook = answer_without_redis(200)
    hook.await_rest(timeout=20)
    stack.pass_time(LEASE)
    other = hook.end()
    assert hook.await_deliveries(2)[1].response == other
    stack.assert_nothing_is_told()


def test_failure_is_reported_once_redis_is_back_and_tried_again(answer_without_redis):
    stack, hook = answer_without_redis(500)
    hook.await_tries(1, 20)
    assert hook.state()[0] == 1
    stack.pass_time(6)
    hook.await_deliveries(2)
    hook.await_rest()
    stack.assert_nothing_is_told()


@pytest.fixture
def cluster(directory):
    cluster = Cluster(directory, replicas=0)
    yield cluster
    cluster.close()


def test_end_is_told_and_tried_again_in_a_cluster(cluster, make):
    stack = make(servers=cluster)
    stack.hook().assert_is_told_when_tried_again()
    stack.assert_nothing_is_told()


# Workers.


def test_worker_that_is_ended_finishes_what_is_under_way(make):
    stack = make(config={"respool": {"drain_seconds": 10}})
    hook, gate = stack.hook(), Gate()
    hook.script(held(gate))
    response = hook.end()
    delivery = hook.await_delivery()
    workers = stack.supervisor.children(), stack.supervisor.stderr_size()
    stack.supervisor.send_signal(signal.SIGTERM)
    stack.await_said(*workers, "stopping: 0 streams and 1 webhooks")
    later = hook.create()  # there is nobody to work on it
    gate.open()
    assert stack.supervisor.wait() == 0
    stack.programs.remove(stack.supervisor)
    assert delivery.exchange.answered.wait(20)
    assert [one.response for one in hook.held()] == []
    stack.start_supervisor()
    assert [one.response for one in hook.await_deliveries(2)] == [response, later]
    hook.await_rest()
    stack.assert_nothing_is_told()


def test_delivery_that_does_not_end_with_its_worker_is_given_back(make):
    stack = make(config={"respool": {"drain_seconds": 0}})
    hook, gate = stack.hook(), Gate()
    hook.script(held(gate), OK)
    response = hook.end()
    hook.await_delivery()
    stack.supervisor.send_signal(signal.SIGTERM)
    assert stack.supervisor.wait() == 0
    stack.programs.remove(stack.supervisor)
    assert [one.tries for one in hook.held()] == [0]
    stack.start_supervisor()
    assert hook.await_deliveries(2)[1].response == response  # without a look at its lease
    hook.await_rest()


def test_delivery_of_a_killed_worker_is_sent_by_another_once_its_lease_has_ended(make):
    stack = make(workers=2)
    hook, gate = stack.hook(), Gate()
    hook.script(held(gate), OK)
    hook.end()
    hook.await_delivery()
    for pid in stack.supervisor.children():
        os.kill(pid, signal.SIGKILL)
    stack.supervisor.await_children(worker=2)
    held_now = hook.held()[0]
    assert (held_now.tries, held_now.claims) == (0, 1)
    stack.pass_time(LEASE)
    first, second = hook.await_deliveries(2)
    assert (first.id, first.body) == (second.id, second.body)
    hook.await_rest()


def await_idle(stack, worker):
    """Waits until a worker says that it has no webhooks under way, which it has reported then."""
    def is_idle():
        offset = stack.supervisor.stderr_size()
        os.kill(worker, signal.SIGUSR2)
        stack.await_said([worker], offset, "worker_state")
        return " webhooks=0 " in stack.supervisor.stderr(offset)

    wait_until(is_idle, 10, "what is under way to be reported")


def test_frozen_worker_s_late_report_changes_nothing(make):
    stack = make()
    hook, gate = stack.hook(), Gate()
    hook.script(held(gate, 500), failure(500, Retry_After=MINUTE), OK)
    hook.end()
    hook.await_delivery()
    frozen = stack.worker()
    os.kill(frozen, signal.SIGSTOP)
    try:
        gate.open()
        stack.add_supervisor()
        stack.pass_time(LEASE)
        hook.await_deliveries(2)
        known, state = hook.await_tries(1), hook.state()
    finally:
        os.kill(frozen, signal.SIGCONT)
    stack.await_said([frozen], 0, "webhook_failed")
    await_idle(stack, frozen)
    assert vars(hook.await_tries(1)) == vars(known)
    assert hook.state() == state and state[0] == 1
    stack.pass_time(MINUTE)
    hook.await_deliveries(3)
    hook.await_rest()


# What is in Redis and none of ours.


@pytest.mark.parametrize("member, line, is_due", [
    ("{hook} 000000000000001 wh_foreign", "foreign", True),
    ("{hook} 000000000000001 wh_torn", "{hook} litellm_poll_1 completed 1 1 1 0", True),
    ("{hook} 000000000000001 wh_missing", None, True),
    ("{hook} 000000000000001 ", None, True),
    ("{hook} soon wh_soon", None, False),
    ("{hook} 1 wh_short", None, False),
    ("{hook}", None, False),
    (" 000000000000001 wh_nobody_s", None, True),
    ("", None, False),
])
def test_foreign_delivery_delays_no_other(stack, hook, member, line, is_due):
    waiting, about = keys_of(stack)[:2]
    member = member.format(hook=hook.name)
    identity = member.split(" ")[-1]
    if line is not None:
        stack.redis.hset(about, identity, line.format(hook=hook.name))
    stack.redis.zadd(waiting, {member: 0})
    try:
        Operator(stack).run("webhooks", "list")
        hook.end()
        hook.await_delivery()
        wait_until(lambda: (stack.redis.zscore(waiting, member) is None) == is_due, 10,
                   "what is due to be taken out")
        assert not stack.redis.hexists(about, identity)
    finally:
        stack.redis.zrem(waiting, member)


def test_delivery_that_stands_at_two_places_is_sent_once(stack, hook):
    gate = Gate()
    hook.script(held(gate), OK)
    hook.end()
    hook.await_delivery()
    waiting, = hook.held()
    stack.redis.zadd(keys_of(stack)[0], {f"{hook.name} 000000000000001 {waiting.id}": 0})
    other = hook.end()
    assert hook.await_deliveries(2)[1].response == other
    gate.open()
    hook.await_rest()
    assert len(hook.deliveries()) == 2


@pytest.mark.parametrize("line", ["", "many", "3", "3 soon ", "-1 -1 "])
def test_foreign_state_of_an_endpoint_delays_no_delivery(stack, hook, line):
    stack.redis.hset(keys_of(stack)[3], hook.name, line)
    Operator(stack).run("webhooks", "list")
    hook.end()
    hook.await_rest()
    assert hook.state() is None
