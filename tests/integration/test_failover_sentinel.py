"""Fail-over under load behind Sentinels: failover.py says what has to hold."""

import pytest

from failover import HOW, WRITES_AGAIN, assert_failover_is_survived, make_stack, running
from load import Load
from redis_sentinel import Sentinels
from redis_servers import REDIS_SERVER, found_servers

CASES = [(REDIS_SERVER, how) for how in HOW] + [
    (program, "kill") for program in found_servers() if program != REDIS_SERVER]


@pytest.fixture(scope="module")
def servers(request):
    with running(Sentinels, request.param) as servers:
        yield servers


@pytest.fixture(scope="module")
def stack(servers):
    stack = make_stack(servers)
    yield stack
    stack.close()


@pytest.mark.parametrize("servers, how", CASES, indirect=["servers"], scope="module")
def test_nothing_is_lost_when_the_master_fails_and_writes_go_on_soon(stack, servers, how):
    assert_failover_is_survived(stack, servers, servers.master(), how)


@pytest.mark.parametrize("servers", [REDIS_SERVER], indirect=True, scope="module")
def test_failover_that_loses_writes_loses_no_response(stack, servers):
    """
    If nobody holds the old master up, it goes on to take writes until Sentinels make a replica of
    it, and these are lost. What was created before is done again, and what is created when all
    Sentinels know the new master is safe.
    """
    with Load(stack, may_lose=True) as load:
        load.await_running()
        load.hold_creates()
        servers.await_replication()
        successor, known = servers.plan_failover(servers.master(), pause=0)
        servers.await_word(successor)
        load.go_on_creating()
        assert load.await_create(known, 10) <= WRITES_AGAIN
        servers.await_health()
        load.finish()
    print(f"\n{load.figures()}")
    stack.assert_nothing_is_left()
