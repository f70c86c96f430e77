"""The responders in front of Sentinels, whose master changes."""

import pytest

from harness import response_key, wait_until
from redis_sentinel import Sentinels
from store_stack import StoreStack, expect_queued, is_unavailable, writes_again


@pytest.fixture
def sentinels(tmp_path):
    sentinels = Sentinels(tmp_path)
    yield sentinels
    sentinels.close()


@pytest.fixture
def stack(sentinels):
    stack = StoreStack(sentinels)
    yield stack
    stack.close()


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_after_the_master_is_lost_its_successor_is_found_soon(sentinels, stack, client, how):
    response_id = client.create("m")["id"]
    lost = sentinels.master()
    assert lost.client.wait(2, 5000) == 2
    getattr(lost, how)()
    assert is_unavailable(client.get_response(response_id))
    assert f"{lost.host}:{lost.port}" in stack.responder.stderr()
    _, known = sentinels.await_failover(lost)
    writes_again(client, known, within=2)
    assert expect_queued(client.get_response(response_id), response_id)
    assert stack.ready()


def test_a_planned_failover_is_seen_only_as_a_moment(sentinels, stack, client):
    response_id = client.create("m")["id"]
    master = sentinels.master()
    assert master.client.wait(2, 5000) == 2
    successor, known = sentinels.plan_failover(master)
    writes_again(client, known, within=2)
    assert expect_queued(client.get_response(response_id), response_id)
    assert successor.client.exists(response_key(response_id))


def test_sentinels_that_are_gone_or_frozen_are_passed_over(sentinels, stack, client):
    client.create("m")
    sentinels.sentinels[0].freeze()
    sentinels.sentinels[1].kill()
    sentinels.master().client.client_kill_filter(_type="normal", skipme=True)
    wait_until(lambda: client.get("/health/readiness").status == 200, 3, "a Sentinel's answer")
    client.create("m")


def test_without_any_sentinel_the_master_goes_on_being_used(sentinels, stack, client):
    client.create("m")
    for sentinel in sentinels.sentinels:
        sentinel.freeze()
    for _ in range(5):
        client.create("m")


def test_a_master_that_sentinels_do_not_name_any_more_is_left(sentinels, stack, client):
    """It goes on answering, as one does that is cut off from them but not from us."""
    client.create("m")
    former = sentinels.master()
    successor = next(server for server in sentinels.data if server is not former)
    for sentinel in sentinels.sentinels:
        sentinel.client.execute_command("SENTINEL", "REMOVE", sentinels.service)
    successor.client.execute_command("REPLICAOF", "NO", "ONE")
    for sentinel in sentinels.sentinels:
        sentinel.client.execute_command("SENTINEL", "MONITOR", sentinels.service, successor.host,
                                        successor.port, 2)

    def used():
        return successor.client.exists(response_key(client.create("m")["id"]))

    wait_until(used, 5, "the successor to be used")
    assert former.role() == "master"
