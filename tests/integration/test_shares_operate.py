"""Operators and what waits in tenants' lines: each tenant's own order, and what they do to it."""

import pytest

from console import Console
from events import message_stream
from harness import ALICE, BOB
from operating import Operator, jobs_key, parked
from upstream import json_error

CONFIG = {"respool": {"failed_request_ttl": 600, "max_streams": 1, "api_keys": [
    {"name": "alice", "key": ALICE, "priority": True}, {"name": "bob", "key": BOB}]}}


@pytest.fixture
def stack(make_stack):
    """Nobody works: whatever is created waits in its tenant's line."""
    return make_stack(CONFIG, supervisor=False, children=1)


@pytest.fixture
def operator(stack):
    return Operator(stack)


@pytest.fixture
def bob(stack):
    return stack.client.with_key(BOB)


def line(stack, name):
    """The ids in a line, the next one first."""
    key = stack.key(jobs_key(f"line:{name}"))
    return [entry.decode() for entry in reversed(stack.redis.lrange(key, 0, -1))]


def create(client, *models, **fields):
    return [client.create(model, input=f"{model} {number}", **fields)["id"]
            for number, model in enumerate(models)]


def test_what_stands_in_lines_is_counted_listed_and_shown_as_queued(stack, operator, client, bob):
    ids = create(client, "m", "m") + create(bob, "m") + create(client, "m", service_tier="flex")
    assert len(line(stack, "1alice") + line(stack, "1bob") + line(stack, "2alice")) == 4
    status = operator.status()
    assert (status["queued"], status["in_progress"]) == (4, 0)
    assert status["oldest_seconds"] > 0
    assert sorted(row["id"] for row in operator.rows("--status", "queued")) == sorted(ids)
    assert [row["id"] for row in operator.rows("--tenant", "bob")] == [ids[2]]
    shown = operator.show(ids[3])
    assert (shown["status"], shown["tenant"], shown["owner"]) == ("queued", "alice", None)
    assert "queued" in operator.run("show", ids[3])


def test_a_paused_model_leaves_its_lines_and_comes_back_in_order(stack, operator, client, bob):
    a, b, c = create(client, "slow", "quick", "slow")
    d, e = create(bob, "slow", "quick")
    operator.run("pause", "slow")
    assert set(parked(stack)) == {a, c, d}
    assert (line(stack, "1alice"), line(stack, "1bob")) == ([b], [e])
    [f] = create(client, "slow")
    assert operator.status()["queued"] == 6
    assert {operator.show(id)["status"] for id in (a, b, c, d, e, f)} == {"queued"}
    operator.run("resume", "slow")
    assert parked(stack) == []
    assert (line(stack, "1alice"), line(stack, "1bob")) == ([a, c, f, b], [d, e])
    assert operator.status()["queued"] == 6


def test_all_that_was_paused_goes_back_into_its_own_tier(stack, operator, client):
    waiting = {tier: create(client, "m", "m", service_tier=tier)
               for tier in ("flex", "default", "priority")}
    operator.run("pause")
    assert len(parked(stack)) == 6
    assert [line(stack, f"{tier}alice") for tier in range(3)] == [[], [], []]
    assert operator.status()["queued"] == 6
    operator.run("resume")
    assert line(stack, "0alice") == waiting["priority"]
    assert line(stack, "1alice") == waiting["default"]
    assert line(stack, "2alice") == waiting["flex"]


def test_each_tenant_s_jobs_begin_in_their_order_after_a_pause(stack, operator, client, bob):
    stack.upstream.script("m", message_stream(["Hello"]))
    mine, theirs = ["m"] * 4, ["m"] * 3
    ids = create(client, *mine, user="alice")
    operator.run("pause", "m")
    ids += create(bob, *theirs, user="bob")
    operator.run("resume", "m")
    stack.start_supervisor()
    for response_id, who in zip(ids, [client] * 4 + [bob] * 3):
        assert who.wait_terminal(response_id)["status"] == "completed"
    asked = [request.json() for request in stack.upstream.requests("m")]
    for user, count in (("alice", 4), ("bob", 3)):
        assert [request["input"] for request in asked if request["user"] == user] == [
            f"m {number}" for number in range(count)]
    assert operator.status()["queued"] == 0


def test_one_in_a_line_is_cancelled_and_those_around_it_stay(stack, operator, client):
    first, second, third = create(client, "m", "m", "m")
    operator.run("cancel", second)
    assert client.poll(second)["status"] == "cancelled"
    assert line(stack, "1alice") == [first, third]
    assert operator.status()["queued"] == 2
    assert client.delete(first).status == 200
    assert line(stack, "1alice") == [third]
    assert operator.status()["queued"] == 1
    assert {row["id"]: row["status"] for row in operator.rows()} == {
        second: "cancelled", third: "queued"}


def test_a_tenant_s_whole_line_is_cancelled(stack, operator, client, bob):
    kept = create(client, "m", "m")
    gone = create(bob, "m", "m", "m") + create(bob, "m", service_tier="flex")
    operator.run("cancel", "--tenant", "bob", "--yes")
    assert {bob.poll(response_id)["status"] for response_id in gone} == {"cancelled"}
    assert (line(stack, "1bob"), line(stack, "2bob"), line(stack, "1alice")) == ([], [], kept)
    assert operator.status()["queued"] == 2
    told = Console(stack).json("usage", "--by", "tenant")["data"]
    assert [(row["tenant"], row["requests"], row["cancelled"]) for row in told] == [("bob", 4, 4)]


@pytest.mark.parametrize("tier, name", [
    ("flex", "2alice"), ("default", "1alice"), ("priority", "0alice")])
def test_what_is_tried_again_waits_in_the_tier_that_it_had(stack, operator, client, tier, name):
    stack.upstream.script("m", json_error(400, {"error": {"message": "no"}}),
                          message_stream(["Hello"]))
    stack.start_supervisor()
    [failed] = create(client, "m", service_tier=tier)
    assert client.wait_terminal(failed)["status"] == "failed"
    stack.stop(stack.supervisor)
    again = operator.retry(failed)
    assert line(stack, name) == [again]
    assert operator.status()["queued"] == 1
    stack.start_supervisor()
    assert client.wait_terminal(again)["status"] == "completed"
