"""The responders in front of a Redis Cluster, whose slots move and whose nodes fail."""

import time

import pytest

from harness import BOB, job_key, response_key, wait_until
from redis_cluster import JOBS_SLOT, Cluster, Mover, slot_of
from redis_servers import Access
from store_stack import (StoreStack, expect_queued, is_unavailable, try_create, writes_again)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), replicas=0)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def stack(cluster):
    stack = StoreStack(cluster)
    yield stack
    stack.close()


@pytest.fixture
def mortal(tmp_path):
    """A cluster that fails over, and a stack in front of it."""
    cluster = Cluster(tmp_path, replicas=1)
    stack = StoreStack(cluster)
    yield cluster, stack
    stack.close()
    cluster.close()


def connections(cluster):
    """Those of responders, by node."""
    return [sum(client["name"] == "respool-responder" for client in node.client.client_list())
            for node in cluster.all]


def other(cluster, node):
    return next(master for master in cluster.masters() if master is not node)


def created_on(client, cluster, node):
    """A response whose keys that node has."""
    while True:
        response_id = client.create("m")["id"]
        if cluster.owner_of(response_key(response_id)) is node:
            return response_id


def test_every_node_s_slots_can_be_used(cluster, stack, client):
    for node in cluster.masters():
        response_id = created_on(client, cluster, node)
        assert client.poll(response_id)["status"] == "queued"
        assert client.input_items(response_id).json()["data"][0]["content"][0]["text"] == "Hello"
        assert client.with_key(BOB).get_response(response_id).status == 404
        assert response_id in stack.queued()
        assert client.cancel(response_id).json()["status"] == "cancelled"
        assert response_id not in stack.queued()
        assert client.delete(response_id).status == 200
        assert client.get_response(response_id).status == 404
        assert not stack.redis.exists(job_key(response_id))


def test_there_is_one_connection_to_each_node(cluster, stack, client):
    for node in cluster.masters():
        created_on(client, cluster, node)
    assert max(connections(cluster)) <= 1, connections(cluster)


def test_a_response_whose_slot_has_moved_is_found(cluster, stack, client):
    response_id = client.create("m")["id"]
    slot = slot_of(response_key(response_id))
    cluster.move_slot(slot, other(cluster, cluster.owner(slot)))
    assert client.poll(response_id)["id"] == response_id
    cluster.move_slot(slot, other(cluster, cluster.owner(slot)))
    assert client.cancel(response_id).json()["status"] == "cancelled"


@pytest.mark.parametrize("moved", ["none", "response", "job", "both"])
def test_a_response_whose_slot_is_half_moved_is_right_or_unavailable(
        cluster, stack, client, moved):
    response_id = client.create("m")["id"]
    key = response_key(response_id)
    slot, source = slot_of(key), cluster.owner_of(key)
    target = other(cluster, source)
    keys = {"none": [], "response": [key], "job": [job_key(response_id)],
            "both": [key, job_key(response_id)]}[moved]
    cluster.begin_move(slot, source, target)
    try:
        if keys:
            source.client.execute_command(
                "MIGRATE", target.host, target.port, "", 0, 5000, "KEYS", *keys)
        assert expect_queued(client.get_response(response_id), response_id)
        reply = client.input_items(response_id)
        assert reply.status == 200 and reply.json()["data"], reply
        for reply in client.cancel(response_id), client.delete(response_id):
            # The events' key is nowhere, so what needs all three waits for the end of the move.
            assert is_unavailable(reply) or reply.status == 200, reply
    finally:
        cluster.move_keys(slot, source, target)
        cluster.end_move(slot, target)
    reply = client.get_response(response_id)
    if reply.status == 200:
        assert client.delete(response_id).status == 200
    assert client.get_response(response_id).status == 404


def test_while_the_queue_s_slot_is_half_moved_what_is_not_queued_is_not_created(
        cluster, stack, client):
    client.create("m")
    known = stack.response_keys()
    source = cluster.owner(JOBS_SLOT)
    target = other(cluster, source)
    cluster.begin_move(JOBS_SLOT, source, target)
    try:
        cluster.move_keys(JOBS_SLOT, source, target, most=1)
        start = time.monotonic()
        created = try_create(client)
        assert time.monotonic() - start < 5
    finally:
        cluster.move_keys(JOBS_SLOT, source, target)
        cluster.end_move(JOBS_SLOT, target)
    queued = stack.queued()
    if created:
        assert created in queued
    else:
        assert stack.response_keys() == known
    response_id = client.create("m")["id"]
    assert response_id in stack.queued()
    assert cluster.owner(JOBS_SLOT) is target


def test_while_slots_move_to_and_fro_answers_are_right_or_for_later(cluster, stack, client):
    known = [client.create("m")["id"] for _ in range(4)]
    slots = [JOBS_SLOT, *(slot_of(response_key(response_id)) for response_id in known)]
    mover = Mover(cluster, slots)
    mover.start()
    created = []
    answered = asked = 0
    while mover.moves < 60 and mover.is_alive():
        for response_id in known:
            asked += 1
            answered += expect_queued(client.get_response(response_id), response_id)
        created.append(try_create(client))
    mover.stop()
    created = [response_id for response_id in created if response_id]
    queued = stack.queued()
    assert all(response_id in queued for response_id in created)
    assert created and answered > asked / 2, (created, answered, asked)


def test_a_node_that_was_restarted_has_its_scripts_loaded_again(cluster, stack, client):
    node = cluster.masters()[0]
    created_on(client, cluster, node)
    node.client.script_flush()
    created_on(client, cluster, node)


def test_a_node_that_is_away_takes_only_its_slots_with_it(tmp_path):
    cluster = Cluster(tmp_path, replicas=0, settings=["cluster-require-full-coverage no"])
    stack = StoreStack(cluster)
    try:
        client = stack.client
        queue = cluster.owner(JOBS_SLOT)
        lost = other(cluster, queue)
        with_lost, with_queue = (created_on(client, cluster, node) for node in (lost, queue))
        lost.kill()
        assert is_unavailable(client.get_response(with_lost))
        for _ in range(20):
            assert is_unavailable(client.get_response(with_lost))
            assert client.poll(with_queue)["id"] == with_queue
        assert f"{lost.host}:{lost.port}" in stack.responder.stderr()
        assert stack.ready()
    finally:
        stack.close()
        cluster.close()


def test_a_cluster_that_wants_a_login_gets_one(tmp_path):
    access = Access(username="respool", password="pw-respool-9b1d")
    cluster = Cluster(tmp_path, replicas=0, access=access)
    stack = StoreStack(cluster)
    try:
        for node in cluster.masters():
            created_on(stack.client, cluster, node)
        assert access.password not in stack.responder.stderr()
    finally:
        stack.close()
        cluster.close()


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_after_a_master_is_lost_its_successor_is_found_soon(mortal, how):
    cluster, stack = mortal
    client = stack.client
    lost = cluster.owner(JOBS_SLOT)
    response_id = created_on(client, cluster, lost)
    assert lost.client.wait(1, 5000) == 1
    getattr(lost, how)()
    _, known = cluster.await_failover(lost)
    writes_again(client, known, within=2)
    wait_until(lambda: expect_queued(client.get_response(response_id), response_id), 5,
               "the response of the lost master")
    assert stack.ready()


def test_a_planned_failover_is_seen_only_as_a_moment(mortal):
    cluster, stack = mortal
    client = stack.client
    master = cluster.owner(JOBS_SLOT)
    response_id = created_on(client, cluster, master)
    assert master.client.wait(1, 5000) == 1
    _, known = cluster.plan_failover(master)
    writes_again(client, known, within=2)
    assert expect_queued(client.get_response(response_id), response_id)


def test_connections_to_nodes_that_lost_their_slots_are_closed(mortal):
    cluster, stack = mortal
    client = stack.client
    master = cluster.owner(JOBS_SLOT)
    client.create("m")
    cluster.plan_failover(master)

    def closed():
        try_create(client)
        return connections(cluster)[cluster.all.index(master)] == 0

    wait_until(closed, 5, "the connection to the former master to be closed")
    assert sum(connections(cluster)) <= len(cluster.masters())
