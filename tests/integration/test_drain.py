"""A worker that an operator drains: its jobs go to others, and it takes none."""

import os
import signal

import pytest

from events import message_stream
from faulty import FaultyStack, half_then_whole
from harness import output_text, wait_until
from operating import DRAINING_TITLE, Operator, await_owner, owner_of
from upstream import Gate

TEXT = "Hello there"


@pytest.fixture
def stack():
    stack = FaultyStack({"respool": {"lease_seconds": 1}}, workers=2)
    yield stack
    stack.close()


@pytest.fixture
def operator(stack):
    operator = Operator(stack)
    operator.await_workers(2)
    return operator


def owners_of_new_ones(stack, model, count=6):
    """Which workers begin with so many responses, all at the same time."""
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream([TEXT])])
    ids = [stack.client.create(model)["id"] for _ in range(count)]
    owners = {await_owner(stack, response_id) for response_id in ids}
    gate.open()
    for response_id in ids:
        stack.client.wait_terminal(response_id)
    return owners


def test_jobs_of_a_drained_worker_go_to_another(stack, operator):
    texts = {f"m{number}": f"{number}: {TEXT}" for number in range(4)}
    ids = {}
    for model, text in texts.items():
        stack.upstream.script(model, *half_then_whole(text))
        ids[model] = stack.client.create(model)["id"]
        stack.client.wait_for(ids[model], output_text, "the first half")
    drained = owner_of(stack, ids["m0"])
    moved = [model for model in ids if owner_of(stack, ids[model]) == drained]
    operator.drain(drained)
    for model in moved:
        final = stack.client.wait_terminal(ids[model])
        assert (final["status"], output_text(final)) == ("completed", texts[model])
        assert [(entry["what"], entry["why"]) for entry in operator.show(ids[model])["history"]
                ] == [("restart", "drained")]
    wait_until(lambda: operator.workers()[drained]["streams"] == 0, 10, "the beat that says so")
    for model in set(ids) - set(moved):
        assert stack.client.poll(ids[model])["status"] == "in_progress"
        stack.client.cancel(ids[model])


def test_drained_worker_takes_no_jobs_until_that_is_undone(stack, operator):
    drained, other = operator.workers()
    operator.drain(drained)
    assert owners_of_new_ones(stack, "drained") == {other}
    operator.drain(drained, "--end")
    operator.drain(other)
    assert owners_of_new_ones(stack, "undone") == {drained}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_worker_that_follows_a_drained_one_is_drained_until_that_is_undone(stack, operator, number):
    drained, other = operator.workers()
    operator.drain(drained)
    os.kill(operator.workers()[drained]["pid"], number)
    follower = wait_until(lambda: set(operator.workers()) - {drained, other}, 10,
                          "another worker").pop()
    operator.await_title(follower, DRAINING_TITLE)
    assert operator.workers()[follower]["draining"]
    assert owners_of_new_ones(stack, "m") == {other}
    operator.drain(follower, "--end")
    assert not operator.workers()[follower]["draining"]


def test_jobs_wait_while_all_workers_are_drained(stack, operator):
    for worker in operator.workers():
        operator.drain(worker)
    stack.upstream.script("m", message_stream([TEXT]))
    response_id = stack.client.create("m")["id"]
    assert operator.status()["queued"] == 1
    operator.drain(next(iter(operator.workers())), "--end")
    assert output_text(stack.client.wait_terminal(response_id)) == TEXT
