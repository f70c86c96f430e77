"""What is there to see of many responses costs Redis a few commands, and repairs itself."""

import json
import time

import pytest

from events import message_stream
from harness import job_key, output_text, response_key, wait_until
from operating import Operator, index_of, jobs_key, metrics_of, total_calls

MANY = 10_000
INDEXED = 100_000  # at most, but for what is open
SCANS = {"keys", "scan", "hscan", "sscan", "zscan"}
STACK = {}


@pytest.fixture
def operator(stack):
    return Operator(stack)


@pytest.fixture
def idle(make_stack):
    """A stack without workers, whose Redis is told nothing but what the test asks for."""
    return make_stack(supervisor=False, children=1)


def fill(redis, count):
    """So many responses as if they had been created, half of them have ended, and counters."""
    now = int(time.time() * 1000)
    with redis.pipeline(transaction=False) as pipe:
        for number in range(count):
            response_id = f"litellm_poll_{number:08x}-0000-4000-8000-{0:012x}"
            ended = number % 2
            status = "completed" if ended else "queued"
            pipe.set(response_key(response_id), json.dumps({"id": response_id, "status": status}),
                     ex=3600)
            pipe.hset(job_key(response_id), mapping={
                "state": status, "tenant": "alice", "model": "m", "attempts": ended,
                "created": now + number, "ttl": 3600})
            pipe.zadd(jobs_key("index"), {response_id: now + number})
            pipe.hset(jobs_key("index:about"), response_id,
                      f"{now + number} {now + number} {status if ended else 'open'} "
                      "alice\x1f*\x1fm")
            if ended:
                pipe.zadd(jobs_key("index:ended"), {response_id: now + 3_600_000})
            else:
                pipe.lpush("litellm:polling:{jobs}:queue", response_id)
            if number % 1000 == 999:
                pipe.execute()
        pipe.execute()


def cost(redis, action):
    """What it took: {command: calls}, and Redis' µs."""
    redis.config_resetstat()
    result = action()
    calls = {name: numbers for name, numbers in total_calls(redis).items()
             if not name.startswith(("config", "info", "client", "hello"))}
    spent = sum(numbers[1] for numbers in calls.values())  # that of scripts counts twice
    return result, {name: numbers[0] for name, numbers in calls.items()}, spent


def test_questions_about_many_responses_take_few_commands_and_no_scan(idle):
    operator = Operator(idle)
    fill(idle.redis, MANY)
    operator.status()  # the scripts are loaded
    operator.rows()
    for name, ask, most in (("status", operator.status, 60), ("list", operator.rows, 150)):
        result, calls, spent = cost(idle.redis, ask)
        print(f"{name} of {MANY}: at most {spent / 1000:.2f} ms of Redis, {sum(calls.values())} commands")
        assert not SCANS & set(calls), calls
        assert sum(calls.values()) <= most, calls
    assert len(result) == 20
    assert operator.status()["queued"] == MANY // 2


def test_scrape_with_many_responses_takes_few_commands_and_no_scan(make_stack):
    stack = make_stack({"respool": {"open_metrics": True}}, supervisor=False, children=1)
    fill(stack.redis, MANY)
    stack.client.get("/metrics")
    reply, calls, spent = cost(stack.redis, lambda: stack.client.get("/metrics"))
    assert reply.status == 200, reply
    print(f"a scrape with {MANY}: at most {spent / 1000:.2f} ms of Redis, {sum(calls.values())} commands")
    assert not SCANS & set(calls), calls
    assert sum(calls.values()) <= 60, calls
    assert b'respool_responses{state="queued"} %d\n' % (MANY // 2) in reply.body


def test_response_is_found_by_what_is_said_of_it(stack, operator, client, upstream, model):
    upstream.script(model, message_stream(["Hello"]))
    done = client.create(model)["id"]
    assert output_text(client.wait_terminal(done)) == "Hello"
    row = next(row for row in operator.rows("--model", model) if row["id"] == done)
    assert (row["status"], row["tenant"], row["model"], row["attempts"]) == (
        "completed", "alice", model, 1)
    for filters, found in ((("--status", "completed"), True), (("--status", "failed"), False),
                           (("--tenant", "alice"), True), (("--tenant", "bob"), False),
                           (("--older-than", "3600"), False)):
        rows = operator.ask("list", "--model", model, *filters,
                            status=0 if found else 1)["data"]
        assert [row["id"] for row in rows] == [done] * found, filters


def test_end_of_a_response_is_in_the_index_and_its_deletion_takes_it_out(stack, client, upstream,
                                                                        model):
    upstream.script(model, message_stream(["Hello"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    wait_until(lambda: index_of(stack)[response_id][2] == "completed", 10, "its end to be there")
    assert index_of(stack)[response_id][3:] == ["alice", "*", model]
    ends = stack.redis.zscore(jobs_key("index:ended"), response_id)
    assert abs(ends - time.time() * 1000 - stack.redis.pttl(response_key(response_id))) < 5000
    assert client.delete(response_id).status == 200
    wait_until(lambda: response_id not in index_of(stack), 10, "it to be taken out")
    assert stack.redis.zscore(jobs_key("index:ended"), response_id) is None


def lose_track(stack, count, state=None):
    """Entries that nobody has closed, of one moment, whose jobs are in that state or gone."""
    created = int(time.time() / 1000) * 1_000_000 - 3_600_000
    ids = [f"litellm_poll_{number:08x}-0000-4000-8000-{0:012x}" for number in range(count)]
    for response_id in ids:
        if state:
            stack.redis.hset(job_key(response_id), mapping={"state": state, "tenant": "alice"})
        stack.redis.hset(jobs_key("index:about"), response_id,
                         f"{created} {created} open alice\x1f*\x1fm")
        stack.redis.zadd(jobs_key("index"), {response_id: created})
    return ids


@pytest.mark.parametrize("state, how", ((None, "deleted"), ("failed", "failed")))
def test_beats_find_out_how_what_is_open_for_long_has_ended(make_stack, state, how):
    stack = make_stack({"respool": {"open_metrics": True}}, children=1)
    [lost] = lose_track(stack, 1, state)
    ended = ("respool_responses_ended_total", "*", how)
    wait_until(lambda: metrics_of(stack).get(ended) == 1, 10, "its end to be counted")
    assert {one: entry[2] for one, entry in index_of(stack).items()} == ({lost: how} if state else {})


def test_first_beat_of_a_worker_clears_what_is_left_of_the_buried(make_stack):
    """As workers of an older version leave it."""
    stack = make_stack(supervisor=False, responder=False, web=False)
    stack.redis.hset(jobs_key("workers:about"), "buried", "0 1 1 1 0.1.0 host")
    stack.redis.sadd(jobs_key("draining"), "buried")
    stack.start_supervisor()
    wait_until(lambda: stack.redis.exists(jobs_key("workers:about"), jobs_key("draining")) == 1
               and b"buried" not in stack.redis.hkeys(jobs_key("workers:about")), 10,
               "its traces to go")


def test_listing_counts_what_it_finds_gone_as_deleted(make_stack):
    stack = make_stack({"respool": {"open_metrics": True}}, supervisor=False, children=1)
    lose_track(stack, 30)
    [there] = lose_track(stack, 1, "completed")
    assert [row["id"] for row in Operator(stack).rows()] == [there]
    assert list(index_of(stack)) == [there]
    assert metrics_of(stack)[("respool_responses_ended_total", "*", "deleted")] == 29


def test_what_has_expired_goes_by_the_workers_beats(stack, client, upstream, model):
    upstream.script(model, message_stream(["Hello"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    wait_until(lambda: stack.redis.zscore(jobs_key("index:ended"), response_id), 10, "its end")
    stack.redis.zadd(jobs_key("index:ended"), {response_id: 1})
    wait_until(lambda: response_id not in index_of(stack), 20, "it to be taken out")


def test_what_is_gone_goes_by_listing(idle):
    operator = Operator(idle)
    kept, gone = idle.client.create("m")["id"], idle.client.create("m")["id"]
    idle.redis.delete(response_key(gone), job_key(gone))
    assert [row["id"] for row in operator.rows()] == [kept]
    assert list(index_of(idle)) == [kept]


def test_index_is_bounded_by_what_goes_next_and_keeps_all_that_is_open(idle):
    first = idle.client.create("m")["id"]
    idle.redis.eval("""
        for i = 1, ARGV[1] do
            redis.call('ZADD', KEYS[1], i, i)
            redis.call('HSET', KEYS[2], i, '1 1 completed alice\\31*\\31m')
            redis.call('ZADD', KEYS[3], ARGV[2] + i, i)
        end""", 3, *map(jobs_key, ("index", "index:about", "index:ended")), INDEXED,
        int(time.time() * 1000) + 3_600_000)
    created = [first]
    while idle.redis.zcard(jobs_key("index")) > INDEXED:
        created.append(idle.client.create("m")["id"])
        assert len(created) < 1000
    gone = INDEXED - idle.redis.zcard(jobs_key("index:ended"))
    assert idle.redis.hlen(jobs_key("index:about")) == idle.redis.zcard(jobs_key("index"))
    assert idle.redis.hmget(jobs_key("index:about"), range(1, gone + 1)) == [None] * gone
    assert None not in idle.redis.hmget(jobs_key("index:about"), created)


def test_minutes_of_more_than_an_hour_ago_are_forgotten(idle):
    now = int(time.time()) // 60
    idle.redis.hset(jobs_key("minutes"), mapping={
        f"{now - 61} created": 7, f"{now - 58} failed": 3})
    idle.client.create("m")
    found = {field.decode().split(" ")[1] for field in idle.redis.hkeys(jobs_key("minutes"))}
    assert found == {"created", "failed"}
    assert not idle.redis.hexists(jobs_key("minutes"), f"{now - 61} created")
