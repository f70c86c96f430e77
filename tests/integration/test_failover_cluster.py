"""Fail-over under load in a Cluster: failover.py says what has to hold."""

import pytest

from failover import HOW, assert_failover_is_survived, make_stack, running
from redis_cluster import Cluster
from redis_servers import REDIS_SERVER, found_servers


def of_the_jobs(cluster):
    return cluster.jobs_master()


def of_responses(cluster):
    """And of nothing else."""
    return next(server for server in cluster.masters() if server is not cluster.jobs_master())


CASES = [(REDIS_SERVER, how, which) for how in HOW for which in (of_the_jobs, of_responses)] + [
    (program, "kill", of_the_jobs) for program in found_servers() if program != REDIS_SERVER]


@pytest.fixture(scope="module")
def servers(request):
    with running(Cluster, request.param) as servers:
        yield servers


@pytest.fixture(scope="module")
def stack(servers):
    stack = make_stack(servers)
    yield stack
    stack.close()


@pytest.mark.parametrize("servers, how, which", CASES, indirect=["servers"], scope="module")
def test_nothing_is_lost_when_a_master_fails_and_writes_go_on_soon(stack, servers, how, which):
    assert_failover_is_survived(stack, servers, which(servers), how)
