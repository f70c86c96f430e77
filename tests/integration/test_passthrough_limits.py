"""Keys' limits on requests that are passed through."""

import pytest

from passing import answer, event, streaming
from passing_limits import STACK  # noqa: F401  (what the stack is)
from passing_limits import (EMBEDDINGS, JOBS, answered, assert_limited, await_nothing_held,
                            await_use, create, key_of, limited_stack, running, tokens_left)
from passing_limits import as_tenant  # noqa: F401  (a fixture)
from redis_cluster import Cluster
from test_chat_passthrough import CHAT
from upstream import Gate


def test_rpm_counts_whatever_is_passed_through(stack, as_tenant, model):
    client = as_tenant("three")
    stack.upstream.script(model, answered())
    for path in ("/v1/responses", CHAT, EMBEDDINGS):
        assert create(client, model, path).status == 200
    reply = assert_limited(create(client, model), "RPM")
    assert 1 <= int(reply.headers["retry-after"]) <= 20
    assert reply.headers["x-ratelimit-limit-requests"] == "3"
    assert reply.headers["x-ratelimit-remaining-requests"] == "0"
    assert len(stack.upstream.requests(model)) == 3
    await_use(stack, "three", [3, 0, 0, 36, 90, 0])
    limited = "respool_requests_limited_total\x1fthree\x1frpm"
    assert stack.redis.hget(f"{JOBS}counters", limited) == b"1"


def test_what_makes_no_answer_is_not_limited(stack, as_tenant, model):
    client = as_tenant("three")
    stack.upstream.script(model, answered())
    while create(client, model).status == 200:
        pass
    stack.upstream.script(model, answer({"input_tokens": 7}))
    assert create(client, model, "/v1/responses/input_tokens").status == 200


def test_tpm_is_reserved_by_estimate_and_settled_by_what_was_used(stack, as_tenant, model):
    client = as_tenant("spender")
    stack.upstream.script(model, answered())
    for left in (958, 916):
        assert create(client, model, max_output_tokens=900).status == 200
        await_nothing_held(stack, "spender")
        assert tokens_left(stack, "spender") == pytest.approx(left, abs=20)
    stack.upstream.script(model, answered(output_tokens=1000))
    assert create(client, model).status == 200
    await_nothing_held(stack, "spender")
    reply = assert_limited(create(client, model), "TPM")
    assert reply.headers["x-ratelimit-limit-tokens"] == "1000"
    assert reply.headers["x-ratelimit-remaining-tokens"] == "0"


def test_tpm_of_requests_under_way_is_reserved(stack, as_tenant, model):
    client = as_tenant("guesser")
    gate = Gate()
    stack.upstream.script(model, [event(0), gate])
    with streaming(client, model, max_output_tokens=700) as reader:
        reader.next()
        assert_limited(create(client, model, max_output_tokens=700), "TPM")
        assert_limited(create(client, model, CHAT, max_tokens=700, messages=[]), "TPM")
        gate.open()
        assert reader.rest() == []
    await_nothing_held(stack, "guesser")
    assert tokens_left(stack, "guesser") == pytest.approx(1000, abs=20)


def test_max_parallel_refuses_while_as_many_streams_are_open(stack, as_tenant, model):
    client = as_tenant("pair")
    gate = Gate()
    stack.upstream.script(model, [event(0), gate])
    with streaming(client, model) as one, streaming(client, model) as other:
        assert one.next() == other.next() == event(0)
        reply = assert_limited(create(client, model), "max_parallel")
        assert reply.headers["retry-after"] == "1"
        assert running(stack, "pair") == 2
        gate.open()
        assert one.rest() == other.rest() == []
    await_nothing_held(stack, "pair")
    stack.upstream.script(model, answered())
    assert create(client, model).status == 200


def test_budget_that_is_spent_is_no_quota_any_more(stack, as_tenant):
    client = as_tenant("poor")
    stack.upstream.script("dear", answered())
    for spent in (10.5, 21):
        assert create(client, "dear").status == 200
        row = [spent / 10.5, 0, 0, 12 * spent / 10.5, 30 * spent / 10.5, spent]
        await_use(stack, "poor", row, "dear")
    assert_limited(create(client, "dear"), "max_budget", "insufficient_quota")


def test_key_without_limits_asks_nothing(stack, as_tenant, model):
    """What it has used goes with the relay's beats, in sums."""
    client = as_tenant("free")
    stack.upstream.script(model, answered())
    assert create(client, model).status == 200
    await_use(stack, "free", [1, 0, 0, 12, 30, 0])
    before = stack.redis.hgetall(f"{JOBS}rates"), stack.redis.hgetall(f"{JOBS}shares")
    scripts = stack.redis.info("commandstats")["cmdstat_evalsha"]["calls"]
    for _ in range(40):
        assert create(client, model, EMBEDDINGS).status == 200
    await_use(stack, "free", [41, 0, 0, 12 * 41, 30 * 41, 0])
    scripts = stack.redis.info("commandstats")["cmdstat_evalsha"]["calls"] - scripts
    assert scripts < 40  # beats
    assert before == (stack.redis.hgetall(f"{JOBS}rates"), stack.redis.hgetall(f"{JOBS}shares"))


@pytest.fixture
def cluster(directory):
    cluster = Cluster(directory, replicas=0)
    yield cluster
    cluster.close()


def test_limits_hold_in_a_cluster(make_stack, cluster):
    stack = limited_stack(make_stack, {"max_parallel": 1}, servers=cluster)
    client = stack.client.with_key(key_of("web"))
    gate = Gate()
    stack.upstream.script("m", [event(0), gate])
    with streaming(client, "m") as reader:
        reader.next()
        assert_limited(create(client, "m"), "max_parallel")
        gate.open()
        assert reader.rest() == []
    await_nothing_held(stack, "web")
    await_use(stack, "web", [1, 0, 0, 0, 0, 0])
