"""Slots that move to and fro while responses run, are polled, followed, cancelled and deleted.

No client sees an error other than a 503 that says when to come again, no response is lost, nothing
that is read is wrong or older than what was read before, and no job is begun twice.
RESPOOL_RESHARD_SECONDS says for how long. Figures are printed: pytest -s.
"""

import itertools
import os
import time

import pytest

from faulty import FaultyStack
from harness import remove, response_key, short_directory
from load import Load
from redis_cluster import JOBS_SLOT, Cluster, Mover, slot_of

SECONDS = float(os.environ.get("RESPOOL_RESHARD_SECONDS", "8"))


@pytest.fixture(scope="module")
def cluster():
    directory = short_directory()
    cluster = Cluster(directory, replicas=0)
    yield cluster
    cluster.close()
    remove(directory)


@pytest.fixture(scope="module")
def stack(cluster):
    stack = FaultyStack({"respool": {"lease_seconds": 10, "stream_interval_ms": 20}},
                        servers=cluster)
    yield stack
    stack.close()


def slots_in_use(load):
    """Those of all that run and of one that has ended, and behind each of them that of the jobs."""
    ended = [one for one in load.known if one.final][-1:]
    slots = [slot_of(response_key(one.id)) for one in [*load.running(), *ended]]
    return [slot for pair in zip(slots, itertools.repeat(JOBS_SLOT)) for slot in pair]


def assert_nothing_was_seen(load):
    assert (load.counts["shrunk"], load.counts["breaks"], load.begun_again()) == (0, 0, 0)


@pytest.mark.parametrize("dwell", [0, 0.2], ids=["moved at once", "half moved for a while"])
def test_slots_that_move_are_seen_by_nobody(stack, cluster, dwell):
    begun = time.monotonic()
    with Load(stack, endings=True) as load:
        load.await_running()
        with Mover(cluster, lambda: slots_in_use(load), 0.02, dwell) as mover:
            load.for_seconds(SECONDS)
            load.hold_creates()
            load.for_seconds(1)
        load.finish()
    print(f"\n{time.monotonic() - begun:.0f} s, {mover.moves} moves, every other one of the jobs: "
          f"{load.figures()}")
    assert_nothing_was_seen(load)
    stack.assert_nothing_is_left()
