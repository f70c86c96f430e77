"""Clusters that are half there, and Sentinels that are not all there, or not as configured."""

import pytest

from harness import response_key, wait_until
from load import Load
from redis_cluster import JOBS_SLOT, Cluster, slot_of
from redis_sentinel import Sentinels
from redis_servers import Access

PERSISTENT = ["appendonly yes", "appendfsync always"]
SETTINGS = {"respool": {"lease_seconds": 10, "stream_interval_ms": 20}}


@pytest.fixture
def start(directory):
    """Starts servers that end after the test."""
    started = []

    def start(kind, **options):
        servers = kind(directory, **options)
        started.append(servers)
        return servers

    yield start
    for servers in started:
        servers.close()


def ready(stack):
    return stack.client.get("/health/readiness").status == 200


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_while_the_queue_is_half_moved_no_client_sees_more_than_that_it_has_to_wait(
        start, make_stack, moved):
    cluster = start(Cluster, replicas=0)
    stack = make_stack(SETTINGS, servers=cluster)
    with Load(stack, streams=10, endings=True) as load:
        load.await_running()
        source = cluster.owner(JOBS_SLOT)
        target = next(server for server in cluster.masters() if server is not source)
        cluster.begin_move(JOBS_SLOT, source, target)
        cluster.move_keys(JOBS_SLOT, source, target, moved)
        load.for_seconds(3)
        cluster.move_keys(JOBS_SLOT, source, target)
        cluster.end_move(JOBS_SLOT, target)
        load.for_seconds(1)
        load.finish()
    print(f"\n{load.figures()}")
    assert (load.counts["shrunk"], load.begun_again()) == (0, 0)
    stack.wait_idle()


def test_response_whose_slot_is_half_moved_is_read_and_grows_on_afterwards(start, make_stack):
    cluster = start(Cluster, replicas=0)
    stack = make_stack(SETTINGS, servers=cluster)
    with Load(stack, streams=10) as load:
        load.await_running()
        load.hold_creates()
        slots = {slot_of(response_key(one.id)) for one in load.running()} - {JOBS_SLOT}
        moves = []
        for slot in slots:
            source = cluster.owner(slot)
            target = next(server for server in cluster.masters() if server is not source)
            cluster.begin_move(slot, source, target)
            cluster.move_keys(slot, source, target, 1)
            moves.append((slot, source, target))
        load.for_seconds(2)
        for slot, source, target in moves:
            cluster.move_keys(slot, source, target)
            cluster.end_move(slot, target)
            cluster.await_agreement(slot)
        load.finish()
    print(f"\n{load.figures()}")
    assert (load.counts["shrunk"], load.begun_again()) == (0, 0)


@pytest.mark.parametrize("full_coverage", ["yes", "no"])
@pytest.mark.parametrize("of_jobs", [True, False], ids=["of the jobs", "of responses"])
def test_after_a_master_without_a_replica_was_away_all_goes_on(
        start, make_stack, full_coverage, of_jobs):
    cluster = start(Cluster, replicas=0, settings=[
        *PERSISTENT, f"cluster-require-full-coverage {full_coverage}"])
    stack = make_stack(SETTINGS, servers=cluster)
    with Load(stack, streams=10) as load:
        load.await_running()
        jobs = cluster.jobs_master()
        lost = jobs if of_jobs else next(one for one in cluster.masters() if one is not jobs)
        lost.kill()
        load.await_unavailable()
        load.for_seconds(2)
        lost.start()
        cluster.await_health()
        load.for_seconds(1)
        load.finish()
    print(f"\n{load.figures()}")
    assert load.counts["shrunk"] == 0
    stack.wait_idle()


def test_without_full_coverage_what_is_elsewhere_is_served(start, make_stack):
    cluster = start(Cluster, replicas=0, settings=["cluster-require-full-coverage no"])
    stack = make_stack(SETTINGS, servers=cluster)
    jobs = cluster.jobs_master()
    lost, other = (one for one in cluster.masters() if one is not jobs)
    stack.upstream.script("m", [b"data: [DONE]\n\n"])
    created = [stack.client.create("m")["id"] for _ in range(30)]
    there = [one for one in created
             if cluster.owner(slot_of(response_key(one))) is not lost]
    lost.kill()
    for response_id in there:
        assert stack.client.get_response(response_id).status == 200
    assert len(there) < len(created)


def test_failover_is_followed_although_a_sentinel_is_gone_and_another_is_frozen(
        start, make_stack):
    """Five of them, so that a majority is left."""
    sentinels = start(Sentinels, sentinels=5, replicas=1)
    stack = make_stack(SETTINGS, servers=sentinels)
    with Load(stack, streams=5) as load:
        load.await_running()
        sentinels.sentinels[0].freeze()
        sentinels.sentinels[1].kill()
        load.hold_creates()
        sentinels.await_replication()
        lost = sentinels.master()
        lost.kill()
        load.go_on_creating()
        _, known = sentinels.await_failover(lost)
        assert load.await_create(known, 10) <= 2
        load.finish()
    assert load.begun_again() == 0


def test_programs_that_start_while_the_first_sentinel_is_frozen_find_the_master(
        start, make_stack):
    sentinels = start(Sentinels, replicas=0)
    sentinels.sentinels[0].freeze()
    stack = make_stack(servers=sentinels)
    stack.upstream.script("m", [b"data: [DONE]\n\n"])
    response_id = stack.client.create("m")["id"]
    stack.client.wait_terminal(response_id)


def test_wrong_service_name_is_named_in_the_log(start, make_stack):
    sentinels = start(Sentinels, replicas=0)
    stack = make_stack({"litellm_settings": {"cache_params": {"service_name": "elsewhere"}}},
                       servers=sentinels)
    assert stack.client.post_create({"model": "m", "input": "x", "background": True}).status == 503
    assert not ready(stack)
    for program in (stack.responder, stack.supervisor):
        wait_until(lambda program=program: "elsewhere" in program.stderr(), 5,
                   f"{program.name} to name the service", 0.05)


@pytest.mark.parametrize("password", [None, "wrong-0c1d"])
def test_login_that_sentinels_refuse_is_told_in_the_log(start, make_stack, password):
    sentinels = start(Sentinels, replicas=0, access=Access(password="of-redis-77c0"),
                      sentinel_access=Access(password="of-sentinels-5b1e"))
    stack = make_stack({"litellm_settings": {"cache_params": {"sentinel_password": password}}},
                       servers=sentinels)
    names = [f"{sentinel.host}:{sentinel.port}" for sentinel in sentinels.sentinels]
    said = "WRONGPASS" if password else "NOAUTH"
    assert not ready(stack)
    for program in (stack.responder, stack.supervisor):
        wait_until(lambda program=program: said in program.stderr(), 5,
                   f"{program.name} to say what was refused", 0.05)
        text = program.stderr()
        assert any(name in text for name in names)
        assert "wrong-0c1d" not in text and "of-redis-77c0" not in text
