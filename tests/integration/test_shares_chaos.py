"""Seats, lines and what was used add up when workers die, and clients and operators meddle."""

import contextlib
from collections import Counter

import pytest

import harness
from events import usage
from harness import wait_until
from operating import Operator, jobs_key
from sharing import KEYS, SharedStack, assert_books_are_empty, tenants
from test_counts_chaos import Chance

CREATES = 120
TOKENS = 10_000_000
USED = usage()["total_tokens"]
LIMITS = {"alice": {"max_parallel": 2, "tpm": TOKENS}, "bob": {"weight": 3, "priority": True}}
TIERS = ("flex", "default", "priority")


class Meddling:
    """What clients, operators and accidents do. Knows all responses: whose, and whether deleted."""

    def __init__(self, stack, chance):
        self.stack = stack
        self.operator = Operator(stack)
        self.random = chance.random
        self.owners = {}

    def create(self):
        tenant = self.random.choice(list(KEYS))
        client = self.stack.client.with_key(KEYS[tenant])
        response = client.create("m", service_tier=self.random.choice(TIERS))
        self.owners[response["id"]] = client, tenant

    def meddle(self):
        what = self.random.random()
        response_id = self.random.choice(list(self.owners))
        client, _ = self.owners[response_id]
        if what < 0.15:
            client.cancel(response_id)
        elif what < 0.3:
            client.delete(response_id)
        elif what < 0.35:
            with contextlib.suppress(ProcessLookupError):  # it was killed before, a moment ago
                harness.kill(self.random.choice(wait_until(self.stack.supervisor.children)))
        elif what < 0.4:
            self.operator.console.run(self.random.choice(("pause", "resume")))
        elif what < 0.43:
            self.drain(self.random.choice(((), ("--end",))))

    def drain(self, options):
        workers = sorted(self.operator.workers())
        if workers:  # it may be lost meanwhile
            self.operator.console.run("drain", *options, self.random.choice(workers))

    def end(self):
        self.operator.console.run("resume")
        for worker in self.operator.workers():
            self.operator.console.run("drain", "--end", worker)


def used(stack):
    """How many requests each tenant has made."""
    requests = Counter()
    for key in stack.redis.scan_iter(stack.key(jobs_key("usage:*"))):
        for whose, numbers in stack.redis.hgetall(key).items():
            requests[whose.decode().partition("\x1f")[0]] += int(numbers.split()[0])
    return requests


@pytest.mark.parametrize("seed", range(2))
def test_books_are_empty_when_all_has_come_to_rest(seed):
    stack = SharedStack({"api_keys": tenants(**LIMITS), "max_streams": 3,
                         "failed_request_ttl": 60}, workers=2)
    try:
        meddling = Meddling(stack, Chance(stack.upstream, seed))
        for _ in range(CREATES):
            meddling.create()
            meddling.meddle()
        meddling.end()
        assert_books_are_empty(stack, 60)
        stack.assert_nothing_is_left()
        requests = Counter(tenant for _, tenant in meddling.owners.values())
        assert used(stack) == requests
        _, tokens, _ = stack.redis.hget(stack.key(jobs_key("rates")), "alice").split()
        # Nothing is reserved any more.
        assert int(tokens) >= 1000 * (TOKENS - requests["alice"] * USED)
    finally:
        stack.close()
