"""Responses end while workers and Redis are killed, and the receiver fails half the time.

Each end arrives, verified, and nothing is left in Redis. Without kills none is told twice.
$RESPOOL_WEBHOOK_RESPONSES says of how many responses, $RESPOOL_CHAOS_SEED what goes wrong. Figures
are printed: pytest -s.
"""

import math
import os
import random
import time
from collections import Counter

import pytest

import harness
import receiver as scripted
from events import message_stream
from harness import HELD, SANITIZER_REPORT
from operating import Operator, metrics_of
from receiver import OK, failure
from standard_webhooks import new_secret
from upstream import Script, Sleep, json_error
from webhooks import DAY, WebhookStack
from webhooks_clock import held_deliveries, held_endpoints, redis_time

COUNT = int(os.environ.get("RESPOOL_WEBHOOK_RESPONSES", "150"))
FEW = 40  # of which none may be told twice
FAILURES_MOST = 8  # of one of these, so that none is dead: who sends again raises claims, too
SEED = int(os.environ.get("RESPOOL_CHAOS_SEED", "42"))
AT_ONCE = 60  # responses
LEASE = 1  # s, of a worker
WEEK = 7 * DAY
REST = 300  # s, of an endpoint that fails
SECRET = new_secret()
FAILS = [failure(500), failure(503), failure(404), scripted.CLOSES, scripted.RESETS,
         scripted.late(50, 500)]
TAKES = [OK, OK, OK, scripted.late(30), scripted.dripping(2, 10)]
EVENTS = message_stream(["Hel", "lo"])
SCRIPTS = {
    "completed": Script(EVENTS),
    "slow": Script([*EVENTS[:5], Sleep(150), *EVENTS[5:]]),
    "failed": json_error(400, {"error": {"message": "no", "code": "bad"}}),
}


class Chaos:
    """So many responses, while workers are killed or not."""

    def __init__(self, stack, count, kills):
        self.stack = stack
        self.count = count
        self.receiver = stack.receiver
        self.random = random.Random(SEED)
        self.models = {}  # of each response
        self.supervisors = [stack.supervisor, stack.add_supervisor()]
        self.kills = self.redis_kills = self.jumps = self.sent_again = 0
        self.taken = Counter()  # how often the end of a response was answered with a success
        self.failed = Counter()  # and how often not
        self.is_calm = not kills
        self.next_kill = 0 if kills else math.inf
        self.pauses = (0.1, 0.4)  # s between kills: at first nobody lives long
        self.begun = time.monotonic()
        for model, script in SCRIPTS.items():
            stack.upstream.script(model, script)
        self.receiver.choose(self.choose)

    def choose(self, delivery):
        with self.receiver.lock:
            has_to = self.is_calm and self.failed[delivery.response] >= FAILURES_MOST
            takes = self.random.random() < 0.5 or has_to
            self.taken[delivery.response] += takes
            self.failed[delivery.response] += not takes
            return self.random.choice(TAKES if takes else FAILS)

    def kill_in_time(self):
        if time.monotonic() < self.next_kill:
            return
        self.random.choices(
            [self.kill_worker, self.kill_supervisor, self.kill_redis], [5, 4, 1])[0]()
        self.next_kill = time.monotonic() + self.random.uniform(*self.pauses)

    def kill_worker(self):
        workers = [pid for one in self.supervisors for pid in one.children()]
        if workers:
            harness.kill(self.random.choice(workers))
            self.kills += 1

    def kill_supervisor(self):
        """And all its workers; another one takes its place."""
        lost = self.supervisors.pop(0)
        self.kills += len(lost.children())
        self.stack.kill_program(lost)
        self.supervisors.append(self.stack.add_supervisor())

    def kill_redis(self):
        self.stack.kill_redis()
        self.stack.start_redis()
        self.redis_kills += 1

    def create(self):
        while len(self.models) < self.count:
            self.kill_in_time()
            if self.stack.redis.hlen(HELD) < AT_ONCE:
                self.create_one(self.random.choice(list(SCRIPTS)))

    def create_one(self, model):
        """Unless Redis was killed just now: it may be there then all the same."""
        reply = self.stack.client.post_create({"model": model, "input": "x", "background": True})
        assert reply.status in (200, 503), reply
        if reply.status == 200:
            self.models[reply.json()["id"]] = model

    def rests(self):
        return any(until > redis_time(self.stack)
                   for _, until, _ in held_endpoints(self.stack).values())

    def is_quiet(self):
        """Nothing is on its way to the receiver, or about to be: only time brings more."""
        arrived = len(self.receiver.arrived)
        now = redis_time(self.stack)
        held = held_deliveries(self.stack).values()
        if any(0 < one.due <= now for one in held):
            return self.rests()
        if self.is_calm:
            return all(one.is_reported for one in held)
        if any(not (one.exchange.answered.is_set() or one.exchange.peer_closed.is_set())
               for one in self.receiver.arrived[-100:]):
            return False
        time.sleep(0.1)
        return arrived == len(self.receiver.arrived)

    def jump(self):
        """Makes all due that waits, and has what is dead sent again."""
        held = held_deliveries(self.stack).values()
        if any(one.is_dead for one in held):
            self.sent_again += sum(one.is_dead for one in held)
            Operator(self.stack).run("webhooks", "retry", "--since", str(WEEK))
        latest = max([one.due for one in held], default=0)
        self.stack.pass_time(max(REST, latest - redis_time(self.stack)),
                             ends_leases=not self.is_calm)
        self.jumps += 1

    def is_done(self):
        stack = self.stack
        return not (stack.queued() or stack.running() or stack.queued() or held_deliveries(stack))

    def deliver(self):
        deadline = time.monotonic() + 60 + self.count / 4
        self.pauses = (LEASE / 2, 3 * LEASE)  # who lives for a lease takes over what others had
        while not self.is_done():
            assert time.monotonic() < deadline, [
                vars(one) for one in held_deliveries(self.stack).values()]
            self.kill_in_time()
            if self.is_quiet():
                self.jump()

    def run(self):
        self.create()
        self.deliver()
        print(self.figures())
        self.assert_each_is_told()
        self.assert_nothing_is_left()

    def taken_twice(self):
        """How many were answered with a success more than once."""
        return sum(count > 1 for count in self.taken.values())

    def figures(self):
        return (f"\n{self.count} responses, seed {SEED}: {time.monotonic() - self.begun:.1f} s, "
                f"{self.kills} workers and {self.redis_kills} times Redis killed, "
                f"{self.jumps} jumps of the clock, "
                f"{len(self.receiver.arrived)} tries, {self.taken_twice()} taken more than once, "
                f"{self.sent_again} dead and sent again")

    def assert_each_is_told(self):
        assert set(self.models) <= set(self.taken)
        assert all(self.taken.values()), self.taken
        told = {(one.id, one.response, one.body) for one in self.receiver.arrived}
        assert len(told) == len({one for one, _, _ in told}) == len(self.taken)
        for delivery in self.receiver.arrived:
            event = delivery.verify(SECRET)
            if delivery.response in self.models:
                failed = self.models[delivery.response] == "failed"
                assert event["type"] == f"response.{'failed' if failed else 'completed'}"

    def assert_nothing_is_left(self):
        self.stack.assert_nothing_is_left()
        self.stack.assert_nothing_is_told()
        metrics = metrics_of(self.stack)
        assert metrics[("respool_webhook_deliveries_total", "delivered")] == len(self.taken)
        for path in self.stack.directory.glob("*.stderr"):
            text = path.read_text(errors="replace")
            assert not SANITIZER_REPORT.search(text), text[-5000:]
            ends = [line for line in text.splitlines() if "killed by signal" in line]
            assert all("signal 9" in line for line in ends), ends


def make_stack():
    return WebhookStack(
        lambda receiver: [receiver.endpoint("told", SECRET)], hooks=0, workers=2, aof=True,
        config={"respool": {
            "max_attempts": 100, "open_metrics": True, "lease_seconds": LEASE}})


@pytest.fixture(scope="module")
def deliveries():
    """Those that arrived while workers were killed."""
    stack = make_stack()
    try:
        Chaos(stack, COUNT, kills=True).run()
        yield stack.receiver.arrived
    finally:
        stack.close()


@pytest.mark.slowish
def test_each_end_is_told_whatever_is_killed_and_fails(deliveries):
    assert len(deliveries) > COUNT


@pytest.mark.once
@pytest.mark.slowish
def test_sdk_for_node_unwraps_each_of_them(deliveries, node_sdk, directory):
    each = {one.response: one for one in deliveries}
    scenario = node_sdk.begin("webhooks", "unwrap", {"deliveries": [
        {"body": one.body.decode(), "headers": one.headers, "secret": SECRET}
        for one in each.values()]}, "http://127.0.0.1:9/v1", directory)
    try:
        results = scenario.result()
    finally:
        scenario.close()
    assert [result.get("event") for result in results] == [one.event for one in each.values()]


def test_no_end_is_told_twice_while_nobody_is_killed():
    stack = make_stack()
    try:
        chaos = Chaos(stack, FEW, kills=False)
        chaos.run()
        assert chaos.taken_twice() == 0
    finally:
        stack.close()
