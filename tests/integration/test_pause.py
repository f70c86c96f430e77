"""Pause and resume: what waits stays, what runs goes on, and nothing is lost over restarts."""

import pytest

import harness
from events import delta, message_stream, opening
from faulty import FaultyStack
from harness import output_text, wait_until
from operating import Operator, parked
from redis_cluster import Cluster
from upstream import Feed, Hang

ANSWER = message_stream(["Hello"])
# "fast-*" is a pattern, and "quick" an alias of a model of it.
CONFIG = {
    "model_list": [{"model_name": name, "litellm_params": {"model": "openai/x", "api_key": "k"}}
                   for name in ("slow", "fast-*")],
    "router_settings": {"model_group_alias": {"quick": "fast-1"}},
}


@pytest.fixture
def cluster(directory):
    servers = Cluster(directory, replicas=0)
    yield servers
    servers.close()


@pytest.fixture
def faulty():
    """Makes a stack and its operator."""
    stacks = []

    def make(*args, **options):
        stacks.append(FaultyStack(*args, **options))
        stacks[-1].upstream.script("x", ANSWER)
        return stacks[-1], Operator(stacks[-1])

    yield make
    for stack in reversed(stacks):
        stack.close()


def states(stack, ids):
    return {stack.client.poll(response_id)["status"] for response_id in ids}


def assert_waits(stack, *ids):
    assert set(ids) <= set(parked(stack))
    assert states(stack, ids) == {"queued"}


def assert_all_are_done(stack, *ids):
    for response_id in ids:
        final = stack.client.wait_terminal(response_id)
        assert (final["status"], output_text(final)) == ("completed", "Hello")


def test_paused_all_wait_in_turn_while_what_runs_goes_on(faulty):
    stack, operator = faulty({"respool": {"max_streams": 1}})
    feed = Feed()
    stack.upstream.script("running", [feed])
    stack.upstream.script("m", ANSWER)
    running = stack.client.create("running")["id"]
    stack.client.wait_status(running, "in_progress")
    ids = [stack.client.create("m", input="before")["id"]]
    operator.run("pause")
    ids += [stack.client.create("m", input=f"{number}")["id"] for number in range(3)]
    assert operator.status()["paused"] == ["*"]
    assert operator.status()["queued"] == 4
    feed.send(*opening(), delta("Hello"))
    feed.finish()
    assert stack.client.wait_terminal(running)["status"] == "completed"
    assert_waits(stack, *ids)
    assert stack.upstream.requests("m") == []
    operator.run("resume")
    assert_all_are_done(stack, *ids)
    assert [request.json()["input"] for request in stack.upstream.requests("m")] == [
        "before", "0", "1", "2"]
    assert operator.status()["paused"] == []


def test_model_is_paused_by_its_label_its_pattern_and_its_alias(faulty):
    stack, operator = faulty(CONFIG)
    for name, waiting in (("fast-*", ("fast-1", "fast-2", "quick")), ("quick", ("quick",)),
                          ("slow", ("slow",))):
        operator.run("pause", name)
        ids = {model: stack.client.create(model)["id"]
               for model in ("slow", "fast-1", "fast-2", "quick")}
        assert_all_are_done(stack, *(ids[model] for model in ids if model not in waiting))
        assert_waits(stack, *(ids[model] for model in waiting))
        operator.run("resume", name)
        assert_all_are_done(stack, *ids.values())


def test_both_of_two_pauses_have_to_end(faulty):
    stack, operator = faulty(CONFIG)
    operator.run("pause", "slow")
    operator.run("pause")
    ids = [stack.client.create("slow")["id"], stack.client.create("fast-1")["id"]]
    operator.run("resume")
    assert_all_are_done(stack, ids[1])
    assert_waits(stack, ids[0])
    operator.run("resume", "slow")
    assert_all_are_done(stack, ids[0])


def test_parked_response_can_be_cancelled_and_deleted_and_counts_as_queued(faulty):
    stack, operator = faulty({"respool": {"max_queue": 3}})
    operator.run("pause")
    ids = [stack.client.create("m")["id"] for _ in range(3)]
    assert stack.client.post_create(
        {"model": "m", "input": "x", "background": True}).status == 429
    assert stack.client.cancel(ids[0]).json()["status"] == "cancelled"
    assert stack.client.delete(ids[1]).status == 200
    assert parked(stack) == [ids[2]]
    assert operator.status()["queued"] == 1
    stack.client.create("m")


def test_job_of_a_lost_worker_is_parked_if_its_model_is_paused_meanwhile(faulty):
    stack, operator = faulty()
    stack.upstream.script("m", [*opening(), delta("Hel"), Hang()], ANSWER)
    response_id = stack.client.create("m")["id"]
    stack.client.wait_for(response_id, output_text, "some text")
    operator.run("pause", "*")
    harness.kill(stack.worker())
    wait_until(lambda: parked(stack) == [response_id], 10, "the job to be parked")
    operator.run("resume", "*")
    assert_all_are_done(stack, response_id)


def test_pause_outlives_respoold_and_redis(faulty):
    stack, operator = faulty(aof=True)
    stack.upstream.script("m", ANSWER)
    operator.run("pause")
    response_id = stack.client.create("m")["id"]
    stack.stop(stack.supervisor)
    stack.start_supervisor()
    operator.await_workers(1)
    assert_waits(stack, response_id)
    stack.kill_redis()
    stack.start_redis()
    operator.await_workers(1)
    assert_waits(stack, response_id)
    assert operator.status()["paused"] == ["*"]
    operator.run("resume")
    assert_all_are_done(stack, response_id)


def test_pause_holds_in_a_cluster(cluster, faulty):
    stack, operator = faulty(servers=cluster)
    stack.upstream.script("m", ANSWER)
    operator.run("pause")
    ids = [stack.client.create("m")["id"] for _ in range(3)]
    assert_waits(stack, *ids)
    operator.run("resume")
    assert_all_are_done(stack, *ids)
