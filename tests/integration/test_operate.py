"""What operators see and do (common/store/operate.h), whatever the kind of Redis."""

import json
import re

import pytest

import promtool
from harness import Stack, job_key, response_key
from redis_places import NAMESPACE, Place, stack_at
from redis_cluster import Cluster
from redis_sentinel import Sentinels
from store_operator import Records, StoreOperator, new_id

ALONE = {"supervisor": False, "responder": False, "web": False}
CONFIG = {"model_list": [{"model_name": name, "litellm_params": {
    "model": f"openai/{name}", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY"}}
    for name in ("m", "n")]}
PLACES = [None, Place("sentinel", Sentinels), Place("cluster namespace", Cluster, None, NAMESPACE)]


@pytest.fixture(scope="module")
def one_redis():
    stack = Stack(CONFIG, **ALONE)
    yield stack
    stack.close()


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: place.name if place else "one")
def place(request, tmp_path_factory):
    with stack_at(request.param, tmp_path_factory.mktemp("servers"), CONFIG, **ALONE) as stack:
        yield stack


def opened(stack):
    records, operator = Records(stack), StoreOperator(stack)
    return records, operator


@pytest.fixture
def here(one_redis):
    records, operator = opened(one_redis)
    yield records, operator
    operator.close()
    records.forget_all()


@pytest.fixture
def anywhere(place):
    records, operator = opened(place)
    yield records, operator
    operator.close()
    records.forget_all()


def by_age(records, count, **fields):
    """So many responses, a second apart. Their ids, the latest first."""
    now = records.now()
    ids = [new_id(number) for number in range(count)]
    for age, response_id in enumerate(ids):
        records.add(response_id, now - 1000 * age - 500, **fields)
    return ids


def test_all_is_the_same_in_every_kind_of_redis(anywhere):
    records, operator = anywhere
    ids = by_age(records, 4)
    for response_id in reversed(ids):
        records.queue(response_id)
    records.worker("worker-1", streams=1, holds=["x"])
    assert operator.json("status")["queued"] == 4
    assert operator.json("status")["in_progress"] == 1
    assert operator.ids(limit=2) == ids[:2]
    assert operator.ids(limit=2, after=ids[1]) == ids[2:]
    assert operator.json("show", ids[0])["response"]["id"] == ids[0]
    assert operator.ask("tenant", ids[0]) == ("ok", "")
    assert operator.text("pause", "m") == "changed"
    assert records.queued(parked=True) == ids[::-1] and records.queued() == []
    assert operator.text("resume", "m") == "changed"
    assert records.queued() == ids[::-1] and records.queued(parked=True) == []
    assert operator.ask("drain", "worker-1", 1)[0] == "ok"
    assert [worker["draining"] for worker in operator.json("workers")] == [True]
    records.redis.delete(job_key(ids[3], records.namespace))
    assert operator.ids() == ids[:3]
    assert records.redis.zcard(records.key("index")) == 3
    days = [records.use(days_ago, "web", "m") for days_ago in (0, 30, 60)]
    used = operator.json("usage", 399)["data"]
    assert [row["day"] for row in used if row["tenant"] == "web"] == days
    assert operator.ask("advise")[0] == "ok"


def test_a_snapshot_says_who_works_and_for_how_long_the_next_one_has_waited(here):
    records, operator = here
    now = records.now()
    records.add(new_id(1), now - 70_000)
    records.add(new_id(2), now - 20_000)
    records.queue(new_id(1), parked=True)
    records.queue(new_id(2))
    records.worker("alive", streams=2, holds=["a", "b"])
    records.worker("lost", lease=-1, holds=["c"])
    records.worker("relay-1", streams=5, kind="relays")
    records.worker("relay-2", lease=-1, streams=9, kind="relays")
    status = operator.json("status")
    assert 70 <= status["oldest_seconds"] < 130
    assert (status["queued"], status["in_progress"], status["workers"]) == (2, 3, 1)
    assert (status["relays"], status["relay_streams"]) == (1, 5)
    alive, lost = sorted(operator.json("workers"), key=lambda worker: worker["worker"])
    assert (alive["worker"], alive["lost"], lost["lost"]) == ("alive", False, True)
    assert (alive["host"], alive["pid"], alive["version"]) == ("house-1", 4711, "0.1.0")
    assert alive["beat_at"] - alive["started_at"] == 60


def test_a_snapshot_has_the_last_hour_and_the_deployments_troubles(here):
    records, operator = here
    minute = records.now() // 60_000
    records.redis.hset(records.key("minutes"), mapping={
        f"{minute} created": 3, f"{minute - 1} failed": 2, f"{minute - 60} created": 9,
        f"{minute} something_new": 1})
    first = operator.json("status")
    assert [deployment["failures"] for deployment in first["deployments"]] == [0, 0]
    assert len(first["last_hour"]) == 60
    counted = {entry["time"] // 60: entry for entry in first["last_hour"]}
    assert counted[minute]["created"] == 3 and counted[minute - 1]["failed"] == 2
    assert sum(entry["created"] for entry in first["last_hour"]) == 3


def test_lists_are_filtered_by_what_the_jobs_say(here):
    records, operator = here
    now = records.now()
    records.add(new_id(1), now - 1000, "in_progress", "alice", "m", "alias")
    records.add(new_id(2), now - 2000, "queued", "alice", "m", "m")
    records.add(new_id(3), now - 3000, "failed", "bob", "n", "n")
    records.add(new_id(4), now - 4000, "completed", "", "other", "strange")
    records.job(new_id(5), "failed", "bob", "n")  # of whose end the index has not heard
    records.note(new_id(5), now - 5000, "open", "bob", "n", "n")
    ids = [new_id(number) for number in range(1, 6)]
    assert operator.ids() == ids
    assert operator.ids(status="in_progress") == [ids[0]]
    assert operator.ids(status="queued") == [ids[1]]
    assert operator.ids(status="failed") == [ids[2], ids[4]]
    assert operator.ids(tenant="bob") == [ids[2], ids[4]]
    assert operator.ids(model="m") == ids[:2]
    assert operator.ids(model="alias") == [ids[0]]
    assert operator.ids(model="other") == operator.ids(model="strange") == [ids[3]]
    assert operator.ids(model="m", status="queued", tenant="bob") == []
    assert operator.ids(older_than=3) == ids[2:]
    assert operator.list(older_than=3, status="failed", limit=1)["has_more"] is True


def test_pages_join_without_gap_or_repeat_also_where_many_were_created_at_once(here):
    records, operator = here
    now = records.now()
    for number in range(70):
        records.add(new_id(number), now - number // 30, "completed" if number % 3 else "queued")
    expected = operator.ids(limit=1000)
    assert len(expected) == 70
    for query in ({}, {"status": "queued"}):
        wanted = operator.ids(limit=1000, **query)
        got, after = [], None
        while True:
            page = operator.list(limit=7, after=after, **query)
            got += [row["id"] for row in page["data"]]
            if not page["has_more"]:
                break
            after = got[-1]
        assert got == wanted
    assert operator.list(limit=70)["has_more"] is False
    assert operator.list(limit=69)["has_more"] is True
    assert operator.ask("list", None, None, None, None, 5, "litellm_poll_unknown")[0] == "not_found"


def test_what_is_gone_leaves_the_index_and_does_not_count(here):
    records, operator = here
    ids = by_age(records, 60, state="completed")
    for response_id in ids[:50]:
        records.redis.delete(job_key(response_id), response_key(response_id))
    records.redis.hdel(records.key("index:about"), ids[50])
    page = operator.list(limit=9)
    assert [row["id"] for row in page["data"]] == ids[51:] and not page["has_more"]
    for name in ("index", "index:ended"):
        assert records.redis.zcard(records.key(name)) - (name == "index:ended") == 9
    assert records.redis.hlen(records.key("index:about")) == 9


def test_far_down_in_the_index_is_found_what_fits(here):
    records, operator = here
    now = records.now()
    pipeline = records.redis.pipeline()
    for number in range(3500):
        pipeline.zadd(records.key("index"), {new_id(number): now - number})
        pipeline.hset(records.key("index:about"), new_id(number), f"{now} {now} completed \x1fm\x1fm")
    pipeline.execute()
    records.add(new_id(9999), now - 9999, "failed")
    page = operator.list(status="failed")
    assert [row["id"] for row in page["data"]] == [new_id(9999)] and not page["has_more"]


def test_a_response_is_shown_with_all_that_is_known_of_it(here):
    records, operator = here
    now = records.now()
    records.add(new_id(1), now - 5000, "failed", "alice", attempts=3, streamed=1, waited=1250,
                request_id="req-1", deployment="no-longer-known",
                history=f"{now - 4000} retry openai/m: HTTP 500\n{now - 3000} restart worker_lost\n")
    shown = operator.json("show", new_id(1))
    assert (shown["tenant"], shown["status"], shown["attempts"]) == ("alice", "failed", 3)
    assert (shown["waited_seconds"], shown["streamed"], shown["can_retry"]) == (1.25, True, False)
    assert (shown["request_id"], shown["deployment"]) == ("req-1", "no-longer-known")
    assert [(entry["what"], entry["why"]) for entry in shown["history"]] == [
        ("retry", "openai/m: HTTP 500"), ("restart", "worker_lost")]
    assert 5 <= shown["age_seconds"] < 60
    assert operator.ask("show", new_id(2)) == ("not_found", "")
    assert operator.ask("tenant", new_id(2)) == ("not_found", "")
    assert operator.ask("tenant", new_id(1)) == ("ok", "alice")


def test_what_another_program_wrote_is_shown_as_a_poll_shows_it(here):
    records, operator = here
    object = {"id": new_id(1), "status": "completed", "output": []}
    records.redis.set(response_key(new_id(1)), json.dumps(json.dumps(object)))
    shown = operator.json("show", new_id(1))
    assert shown["response"] == object and shown["foreign"] and shown["status"] == "completed"
    assert shown["tenant"] is None and not shown["can_retry"]
    assert operator.ask("tenant", new_id(1)) == ("ok", "")
    assert operator.text("retry", new_id(1)).split()[0] == "foreign"


def test_pausing_a_model_moves_its_jobs_and_no_others_and_back_to_the_head(here):
    records, operator = here
    now = records.now()
    models = ["m", "n", "m", "alias", "n"]
    ids = [new_id(number) for number in range(len(models))]
    for response_id, model in zip(ids, models):
        records.add(response_id, now, model=model, label="m" if model == "alias" else model)
        records.queue(response_id)
    assert operator.text("pause", "m") == "changed"
    assert operator.text("pause", "m") == "same"
    assert records.queued(parked=True) == [ids[0], ids[2], ids[3]]
    assert records.queued() == [ids[1], ids[4]]
    assert operator.text("pause", None) == "changed"
    assert records.queued(parked=True) == [ids[0], ids[2], ids[3], ids[1], ids[4]]
    assert operator.text("resume", None) == "changed"
    assert records.queued() == [ids[1], ids[4]]
    assert operator.text("pause", "alias") == "changed"
    assert operator.text("resume", "m") == "changed"
    assert records.queued() == [ids[0], ids[2], ids[1], ids[4]]
    assert records.queued(parked=True) == [ids[3]]
    assert operator.json("status")["paused"] == ["alias"]
    assert operator.text("resume", "m") == "same"


def test_a_long_queue_is_moved_whole(here):
    records, operator = here
    ids = [new_id(number) for number in range(5000)]
    records.redis.lpush(records.key("queue"), *ids)
    operator.text("pause", None)
    assert records.queued(parked=True) == ids
    operator.text("resume", None)
    assert records.queued() == ids


def test_only_who_is_alive_can_be_drained(here):
    records, operator = here
    records.worker("alive")
    records.worker("lost", lease=-1)
    assert operator.ask("drain", "lost", 1)[0] == "not_found"
    assert operator.ask("drain", "nobody", 1)[0] == "not_found"
    assert operator.ask("drain", "alive", 1)[0] == "ok"
    assert records.redis.smembers(records.key("draining")) == {b"alive"}
    assert operator.ask("drain", "alive", 0)[0] == "ok"
    assert not records.redis.exists(records.key("draining"))


def full(records):
    """Much of everything that is counted."""
    fields = {f"respool_responses_created_total\x1fm\x1f{tenant}": 1
              for tenant in ("", 'a"b\\c', "alice")}
    for model in ("m", "n"):
        fields |= {f"respool_response_duration_seconds\x1f{model}\x1f{bound}": number
                   for number, bound in enumerate(("0.5", "60", "+Inf", "sum"), 1)}
    records.redis.hset(records.key("counters"), mapping={
        **fields, "respool_queue_wait_seconds\x1f0.05": 3, "respool_queue_wait_seconds\x1fsum": 90,
        "respool_of_another_version_total\x1fx": 1, "respool_tokens_total\x1fm": 7})
    records.worker("worker-1", streams=3)
    records.worker("relay-1", streams=2, kind="relays")


def test_prometheus_finds_nothing_wrong_with_the_metrics(here):
    records, operator = here
    for text in (operator.text("metrics"), full(records) or operator.text("metrics")):
        assert promtool.check("metrics", input=text) == ""


def test_metrics_are_whole_from_the_beginning(here):
    records, operator = here
    text = operator.text("metrics")
    for sample in ('respool_responses{state="queued"} 0', 'respool_responses{state="in_progress"} 0',
                   "respool_queue_oldest_seconds 0", "respool_queue_wait_seconds_count 0",
                   'respool_deployment_resting{deployment="openai/m"} 0', "respool_workers 0",
                   "respool_relay_streams 0"):
        assert f"\n{sample}\n" in text
    assert re.search(r'^respool_build_info\{version="[^"]+"\} 1$', text, re.M)
