"""Each response is counted once as created and once as ended, while all goes wrong that can."""

import contextlib
import random
from collections import Counter

import pytest

import harness
from events import message_stream
from faulty import FaultyStack
from harness import wait_until
from operating import Operator, index_of, metrics_of
from upstream import Cut, Script, Sleep, json_error

CREATES = 120
CONFIG = {"respool": {"open_metrics": True, "lease_seconds": 1, "max_attempts": 20,
                            "failed_request_ttl": 60}}


class Chance:
    """Answers in the place of an upstream's scripts, well or not."""

    def __init__(self, upstream, seed):
        self.random = random.Random(seed)
        upstream._script_for = self.script_for

    def script_for(self, exchange):
        sleep = Sleep(self.random.choice([0, 5, 50, 200]))
        events = message_stream(["Hel", "lo"])
        return self.random.choice([
            *[Script([*events[:5], sleep, *events[5:]])] * 4, Script([sleep, *events[:5], Cut()]),
            json_error(400, {"error": {"message": "no", "code": "bad"}})])


def ended_of(stack):
    return Counter({key[2]: int(number) for key, number in metrics_of(stack).items()
                    if key[0] == "respool_responses_ended_total"})


def meddle(stack, operator, chance, ids, deleted):
    """What clients, operators and accidents do meanwhile."""
    what = chance.random.random()
    if what < 0.25:
        stack.client.cancel(chance.random.choice(ids))
    elif what < 0.4:
        response_id = chance.random.choice(ids)
        if stack.client.delete(response_id).status == 200:
            deleted.add(response_id)
    elif what < 0.45:
        with contextlib.suppress(ProcessLookupError):  # it was killed before, a moment ago
            harness.kill(chance.random.choice(wait_until(stack.supervisor.children)))
    elif what < 0.5:
        operator.console.run(chance.random.choice(("pause", "resume")))


@pytest.mark.parametrize("seed", range(2))
def test_numbers_add_up_when_all_has_come_to_rest(seed):
    stack = FaultyStack(CONFIG, workers=2)
    try:
        operator, chance = Operator(stack), Chance(stack.upstream, seed)
        ids, deleted = [], set()
        for _ in range(CREATES):
            ids.append(stack.client.create("m")["id"])
            meddle(stack, operator, chance, ids, deleted)
        operator.console.run("resume")
        stack.assert_nothing_is_left(60)
        kept = {one: stack.client.poll(one)["status"] for one in ids if one not in deleted}
        wait_until(lambda: sum(ended_of(stack).values()) == CREATES, 15, "all to be counted")
        assert {one: entry[2] for one, entry in index_of(stack).items()} == kept
        ended, known = ended_of(stack), Counter(kept.values())
        assert all(ended[status] >= count for status, count in known.items()), (ended, known)
        # Of what was deleted afterwards it was counted how it had ended.
        assert ended["deleted"] <= len(deleted)
        metrics = metrics_of(stack)
        assert metrics[("respool_responses_created_total", "*", "alice")] == CREATES
        assert metrics[("respool_responses", "queued")] == 0
        wait_until(lambda: operator.status()["workers"] == 2, 10, "the lost to be forgotten")
        assert {row["id"]: row["status"] for row in operator.rows("--limit", "1000")} == kept
        minutes = operator.status()["last_hour"]
        assert {status: sum(minute[status] for minute in minutes)
                for status in ("created", *ended)} == {"created": CREATES, **ended}
    finally:
        stack.close()
