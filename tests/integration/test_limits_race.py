"""Limits hold to the last request while all ask at once, and a crash loses nothing of them."""

import math
import threading
import time
from collections import Counter

import pytest

from events import usage
from harness import wait_until
from operating import jobs_key
from sharing import KEYS, SharedStack, assert_books_are_empty, refused_of, tenants
from test_routing import Asking

CREATES = 200
RESPONDERS = 4
LIMITED, CONFLICT = 429, 409
USED = usage()["total_tokens"]


@pytest.fixture
def make():
    """Stacks whose alice has limits, and of which nothing is left in the end."""
    stacks = []

    def make(limits, **options):
        respool = {"api_keys": tenants(alice=limits), "max_streams": 50,
                   **options.pop("respool", {})}
        stack = SharedStack(respool, children=RESPONDERS, **options)
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        try:
            if stack.supervisor is None:
                stack.start_supervisor()
            stack.await_end()
        finally:
            stack.close()


class Race:
    """So many creates of alice at once. What was accepted is the stack's from then on."""

    def __init__(self, stack, count=CREATES, headers=None, **fields):
        self.client = stack.client.with_key(KEYS["alice"])
        self.headers = headers
        self.fields = fields
        self.replies = []
        self.gate = threading.Barrier(count + 1)
        threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        self.gate.wait()
        begun = time.monotonic()
        for thread in threads:
            thread.join()
        self.seconds = time.monotonic() - begun
        assert len(self.replies) == count
        self.statuses = Counter(reply.status for _, reply in self.replies)
        assert set(self.statuses) <= {200, LIMITED, CONFLICT}, self.statuses
        self.accepted = [reply.json()["id"] for _, reply in self.replies if reply.status == 200]
        stack.ids |= {model: reply.json()["id"] for model, reply in self.replies
                      if reply.status == 200}

    def ask(self, number):
        body = {"model": f"race-{number}", "input": "x", "background": True, **self.fields}
        self.gate.wait()
        reply = self.client.post_create(body, headers=self.headers, timeout=60)
        self.replies.append((body["model"], reply))


def tokens_left(stack, tenant="alice"):
    """How many, and when that was (ms)."""
    rates = stack.redis.hget(stack.key(jobs_key("rates")), tenant)
    _, left, at = rates.split()
    return int(left) / 1000, int(at)


def reserved_tokens(stack):
    """What is reserved for all that is open."""
    about = stack.redis.hvals(stack.key(jobs_key("index:about")))
    return [int(entry.decode().split("\x1f")[5]) for entry in about if b" open " in entry]


def assert_stored_are(stack, race):
    """Nothing is kept of what was refused."""
    assert len(stack.job_keys()) == len(race.accepted)
    assert sum(refused_of(stack).values()) == race.statuses[LIMITED]
    assert race.statuses == {200: len(race.accepted), LIMITED: CREATES - len(race.accepted)}


def test_no_more_than_rpm_are_accepted_in_a_minute(make):
    stack = make({"rpm": 30})
    race = Race(stack)
    assert 30 <= len(race.accepted) <= 30 + math.floor(race.seconds * 30 / 60)
    assert_stored_are(stack, race)
    assert set(refused_of(stack)) == {("alice", "rpm")}
    stack.create("bob")


def test_no_more_than_max_queue_wait(make):
    stack = make({"max_queue": 25}, supervisor=False)
    race = Race(stack)
    assert len(race.accepted) == stack.waiting() == 25
    assert_stored_are(stack, race)
    assert set(refused_of(stack)) == {("alice", "max_queue")}
    stack.create("bob")


def test_no_more_than_max_parallel_run(make):
    stack = make({"max_parallel": 5}, workers=2)
    race = Race(stack)
    assert len(race.accepted) == CREATES
    arrived = 5
    stack.turnstile.await_arrivals(arrived)
    while arrived < 60:
        for _ in range(1 + arrived % 5):  # one that ends, or several at once
            stack.turnstile.let_through()
        arrived += 1 + arrived % 5
        stack.turnstile.await_arrivals(arrived)
        assert len(stack.turnstile.inside()) == 5
    assert stack.waiting() == CREATES - arrived
    assert stack.turnstile.most_inside == 5


def test_those_that_run_do_not_wait(make):
    stack = make({"max_parallel": 5, "max_queue": 10})
    stack.await_share("capacity", 50)
    race = Race(stack)
    assert len(race.accepted) == 15
    assert len(stack.turnstile.await_arrivals(5)) == 5
    assert stack.waiting() == 10
    assert_stored_are(stack, race)


def test_no_more_than_tpm_are_reserved_and_what_was_not_used_comes_back(make):
    tpm = 20_000
    stack = make({"tpm": tpm})
    begun = time.monotonic()
    race = Race(stack, max_output_tokens=1900)
    seconds = time.monotonic() - begun
    reserved = reserved_tokens(stack)
    assert len(set(reserved)) == 1 and 1900 < reserved[0] < 2000
    assert tpm // reserved[0] <= len(reserved) <= (tpm + seconds * tpm / 60) // reserved[0]
    assert_stored_are(stack, race)
    assert set(refused_of(stack)) == {("alice", "tpm")}
    before, at = tokens_left(stack)
    stack.await_end()
    assert tokens_left(stack) == (
        pytest.approx(before + sum(reserved) - len(reserved) * USED, abs=0.1), at)


def test_one_idempotency_key_is_one_response_whoever_comes_first(make):
    stack = make({})
    race = Race(stack, 50, {"Idempotency-Key": "k"}, model="race-0")
    assert (race.statuses, len(set(race.accepted))) == ({200: 50}, 1)
    assert len(stack.job_keys()) == 1
    stack.create("alice")
    assert stack.turnstile.await_arrivals(2) == ["race-0", "alice-0"]


def test_of_two_bodies_with_one_idempotency_key_one_wins(make):
    stack = make({})
    race = Race(stack, 50, {"Idempotency-Key": "k"})
    assert race.statuses == {200: 1, CONFLICT: 49}
    assert len(stack.job_keys()) == 1


def test_what_a_killed_supervisor_had_reserved_is_settled_once_when_its_jobs_have_ended(make):
    stack = make({"tpm": 1_000_000, "max_parallel": 4})
    stack.create("alice", 8, max_output_tokens=5000)
    stack.turnstile.await_arrivals(4)
    before, at = tokens_left(stack)
    reserved = reserved_tokens(stack)
    assert len(reserved) == 8 and min(reserved) > 5000
    stack.kill_program(stack.supervisor)
    stack.start_supervisor()
    stack.turnstile.await_arrivals(8, timeout=20)
    assert len(stack.turnstile.inside()) == 4
    stack.await_end()
    assert tokens_left(stack) == (
        pytest.approx(before + sum(reserved) - 8 * USED, abs=0.1), at)


def test_what_a_killed_relay_had_passed_through_counts_no_more_after_its_lease(make):
    stack = make({"max_parallel": 2, "tpm": 1_000_000})
    asked = [Asking(stack.client, model=f"alice-{number}") for number in range(2)]
    stack.turnstile.await_arrivals(2)
    assert stack.share("running\x1falice") == "2"
    third = {"model": "alice-2", "input": "x"}
    assert stack.client.post_create(third).status == LIMITED
    relays = stack.key(jobs_key("relays"))
    lost, = stack.redis.zrange(relays, 0, -1)
    stack.kill_program(stack.responder)
    stack.redis.zadd(relays, {lost: 1})  # as if its lease had ended
    (stack.directory / "fcgi.sock").unlink(missing_ok=True)
    stack.start_responder()
    stack.turnstile.open()
    wait_until(lambda: stack.client.post_create(third).status == 200, 30,
               "what it held to be given back", interval=0.1)
    for one in asked:
        one.connection.close()
    assert_books_are_empty(stack)
