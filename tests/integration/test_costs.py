"""What must not become dearer: a poll, a create, a delta and what else is done most often.

All of it is counted, nothing is timed. What rises above its limit fails; what falls below it is
told by pytest -rP, as is all that was counted, so that the limit can follow. The limits are in
doc/performance.md, too.
"""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from costs import (DHAT, STRACE, CostStack, HeapStack, Lives, Traced, Work, costs, heap_costs,
                   in_strace, probed)
from harness import TOP
from test_hardening import sanitized


class Limit(NamedTuple):
    what: str
    redis: tuple  # commands, also those in scripts; bytes to Redis; bytes from it
    processes: dict  # by role: system calls; allocations by our code, and by libraries for it


LIMITS = {
    "poll": Limit(
        "poll", (2, 258, 768), {"responder": (6, 2, 13)}),
    "poll_unchanged": Limit(
        "poll that is answered with 304", (1, 164, 39), {"responder": (6, 1, 11)}),
    "create": Limit(
        "create", (19, 2070, 4), {"responder": (7, 11, 3)}),
    "response": Limit(
        "background response of one delta, from create to end", (64, 4649, 936),
        {"responder": (7, 11, 3), "worker": (11, 80, 58)}),
    "delta": Limit(
        "delta, written alone", (5, 254, 8), {"worker": (3, 8, 2)}),
    "event": Limit(
        "the same, and a client follows", (8, 457, 330),
        {"worker": (3, 10, 2), "relay": (2, 0, 0)}),
    "pass_request": Limit(
        "request that is passed through", (4, 165, 4),
        {"responder": (4, 4, 0), "relay": (8, 29, 55)}),
    "pass_event": Limit(
        "event that is passed through", (0, 0, 0), {"relay": (2, 0, 0)}),
}

WITHOUT_WORKER = ("poll", "poll_unchanged", "create", "pass_request", "pass_event")
WITH_WORKER = ("response", "delta", "event")
STEPS = 41  # so many that by chance the most of them are never those with something between
BYTES = 0.02  # by which they may be more: numbers become longer
LIBRARIES = 0.05  # the same: other versions, and an answer that is not there at once

things = pytest.mark.parametrize("thing", LIMITS)
parts = [(thing, role) for thing, limit in LIMITS.items() for role in limit.processes]
processes = pytest.mark.parametrize("thing, role", parts, ids=map(" of ".join, parts))


def too_much(what, kind, places, limit, slack=0.0):
    """Says what it costs, and returns what is wrong about that, or nothing."""
    cost = places.total()
    told = f"{what}: {cost} {kind}, at most {limit}"
    if cost < limit:
        told += f"; the limit can be lowered by {limit - cost}"
    named = ", ".join(f"{number} {place}" for place, number in places.most_common())
    print(f"{told} ({named})")
    if cost > limit * (1 + slack):
        return [f"{what}: {cost} {kind}, {cost - limit} more than {limit}: {named}"]
    return []


def assert_none(*problems):
    if any(problems):
        pytest.fail("\n".join(sum(problems, [])), pytrace=False)


def of_both(measure):
    """What two stacks have cost, one without a worker and one with it."""
    with ThreadPoolExecutor() as pool:
        found = pool.map(measure, (False, True), (WITHOUT_WORKER, WITH_WORKER))
        return {name: cost for part in found for name, cost in part.items()}


def tool_or_skip(command):
    """Skips where the tool is not there or may not do what it does."""
    if sanitized("respoold"):
        pytest.skip(f"the sanitizers and {command[0]} do not go together")
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} here")
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"{command[0]} does not work here: {tried.stderr.strip()[-200:]}")


# Redis.


def of_redis(supervisor, names):
    with probed(CostStack, supervisor) as (stack, probe):
        work = Work(stack, probe)
        return {name: costs(probe.read, getattr(work, name)(STEPS)) for name in names}


@pytest.fixture(scope="module")
def redis_costs():
    return of_both(of_redis)


@things
def test_redis_has_no_more_to_do(redis_costs, thing):
    limit, cost = LIMITS[thing], redis_costs[thing]
    commands, sent, received = limit.redis
    assert_none(
        too_much(limit.what, "commands of Redis", cost["commands"], commands),
        too_much(limit.what, "bytes to Redis", cost["bytes to"], sent, BYTES),
        too_much(limit.what, "bytes from Redis", cost["bytes from"], received, BYTES))


# System calls.


def of_kernel(supervisor, names):
    with probed(CostStack, supervisor, in_strace) as (stack, probe):
        work, traced = Work(stack, probe), Traced(stack)
        return {name: costs(traced.read, getattr(work, name)(STEPS)) for name in names}


@pytest.fixture(scope="module")
def call_costs():
    tool_or_skip([*STRACE, "-o", "/dev/null"])
    return of_both(of_kernel)


@processes
def test_no_more_system_calls_are_made(call_costs, thing, role):
    what, calls = f"{LIMITS[thing].what}, {role}", LIMITS[thing].processes[role][0]
    assert_none(too_much(what, "system calls", call_costs[thing][role], calls))


# Allocations.


def of_heap(supervisor, names):
    together = [("poll", "pass_event"), ("poll_unchanged",), ("create",), ("pass_request",)]
    with probed(HeapStack, supervisor) as (stack, probe):
        return heap_costs(Lives(stack), probe, names,
                          [(name,) for name in names] if supervisor else together)


@pytest.fixture(scope="module")
def heap_costs_of_all():
    tool_or_skip([*DHAT, "--dhat-out-file=/dev/null"])
    return of_both(of_heap)


@processes
def test_no_more_is_allocated(heap_costs_of_all, thing, role):
    what, cost = f"{LIMITS[thing].what}, {role}", heap_costs_of_all[thing][role]
    _, ours, libraries = LIMITS[thing].processes[role]
    assert_none(
        too_much(what, "allocations", cost["allocations"], ours),
        too_much(what, "allocations by libraries", cost["libraries'"], libraries, LIBRARIES))


# The document.


def rows_of_redis():
    yield from ("| | commands | bytes to Redis | bytes from Redis |",
                "|---|---|---|---|")
    for limit in LIMITS.values():
        yield f"| {limit.what} | {' | '.join(map(str, limit.redis))} |"


def rows_of_processes():
    yield from ("| | process | system calls | allocations | by libraries |",
                "|---|---|---|---|---|")
    for limit in LIMITS.values():
        for role, costs in limit.processes.items():
            yield f"| {limit.what} | {role} | {' | '.join(map(str, costs))} |"


@pytest.mark.parametrize("rows", [rows_of_redis, rows_of_processes])
def test_document_has_the_same_limits(rows):
    section = (TOP / "doc" / "performance.md").read_text().partition(
        "## Costs that may not rise\n")[2].partition("\n## ")[0]
    table = "\n".join(rows())
    assert f"\n\n{table}\n\n" in f"{section}\n", f"this is not in the document:\n{table}"
