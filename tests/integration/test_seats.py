"""Deployments that take only so many calls at once, while all goes wrong that can."""

import http.client
import random
import signal
import time

import pytest

from events import message_stream
from harness import wait_until
from test_deployments import config, deployment, error
from test_routing import Asking
from upstream import Cut, Gate, Script, Sleep

LIMITS = {"a": 2, "b": 1}
CALLS = 100


class Chance:
    """Answers in the place of an upstream's scripts, well or not, until its gate is shut."""

    def __init__(self, upstream, seed):
        self.exchanges = []
        self.random = random.Random(seed)
        self.gate = None
        upstream._script_for = self.script_for

    def script_for(self, exchange):
        self.exchanges.append(exchange)
        if self.gate is not None:
            return Script([self.gate, *message_stream(["late"])])
        events = message_stream(["Well."])
        sleep = Sleep(self.random.choice([0, 2, 10]))
        return self.random.choice([
            Script([sleep, *events]), Script([sleep, *events]), Script([sleep, events[0]]),
            Script([sleep, *events[:4], Cut()]), Script([]), Script([sleep, Cut()]),
            error(500), error(429), error(401), error(400)])

    def open_calls(self):
        return len([1 for exchange in self.exchanges
                    if not exchange.answered.is_set() and not exchange.peer_closed.is_set()])

    def assert_all_seats_are_free(self, ask):
        """As many calls as there are seats can be open, and no more; returns what was asked."""
        wait_until(lambda: self.open_calls() == 0, what="the end of all calls")
        self.gate = Gate()
        asked = [ask() for _ in range(2 * sum(LIMITS.values()))]
        wait_until(lambda: self.open_calls() >= sum(LIMITS.values()), what="a call on each seat")
        time.sleep(0.3)
        assert self.open_calls() == sum(LIMITS.values())
        self.gate.open()
        return asked


@pytest.fixture
def make(make_stack):
    """A stack, and what comes to pass there; what has failed is asked again at once."""
    def make(seed, **options):
        stack = make_stack(config(
            *[deployment(served, max_parallel_requests=most) for served, most in LIMITS.items()],
            retries=2, router_settings={"allowed_fails": 1000}), **options)
        return stack, Chance(stack.upstream, seed)
    return make


@pytest.mark.parametrize("seed", range(2))
def test_no_seat_of_a_worker_is_lost_or_given_twice(make, seed):
    stack, chance = make(seed, workers=1)
    ids = []
    for i in range(CALLS):
        ids.append(stack.client.create("m")["id"])
        if chance.random.random() < 0.3:
            stack.client.cancel(chance.random.choice(ids))
        if i % 25 == 24:
            stack.supervisor.send_signal(signal.SIGHUP)
    for response_id in ids:
        stack.client.wait_terminal(response_id, timeout=60)
    for response_id in chance.assert_all_seats_are_free(lambda: stack.client.create("m")["id"]):
        assert stack.client.wait_terminal(response_id)["status"] == "completed"


@pytest.mark.parametrize("seed", range(2))
def test_no_seat_of_a_relay_is_lost_or_given_twice(make, seed):
    stack, chance = make(seed, supervisor=False)
    asked = []
    for i in range(CALLS):
        asked.append(Asking(stack.client))
        if chance.random.random() < 0.3:
            asked.pop(chance.random.randrange(len(asked))).connection.close()
        if len(asked) > 8:
            assert read(asked.pop(0))
        if i % 25 == 24:
            stack.responder.send_signal(signal.SIGHUP)
    assert all(read(one) for one in asked)
    for one in chance.assert_all_seats_are_free(lambda: Asking(stack.client)):
        assert one.status() == 200


def read(asking):
    """Whether an answer has come, be it one that breaks off."""
    try:
        return asking.status() >= 200
    except http.client.IncompleteRead:
        return True
