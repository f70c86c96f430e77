"""Keys' limits on requests that are passed through, and what is noted of their use."""

import contextlib
import os
import signal
import time

import pytest

from harness import ALICE, children_of, wait_until
from redis_cluster import Cluster
from redis_proxy import RedisProxy
from test_chat_passthrough import CHAT, DONE, data
from test_passthrough import EventReader, answer, event, response_object, streaming
from test_passthrough_faults import fastcgi_create
from three_dialects import Answer
from upstream import Gate, Script, json_error

JOBS = "litellm:polling:{jobs}:"
EMBEDDINGS = "/v1/embeddings"
COST = 0.25
USAGE = {"input_tokens": 12, "output_tokens": 30, "total_tokens": 42}
CHAT_USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
LIMITS = {
    "three": {"rpm": 3},
    "spender": {"tpm": 1000},
    "guesser": {"tpm": 1000},
    "pair": {"max_parallel": 2},
    "poor": {"max_budget": 20, "budget_duration": "1h"},
    "cut": {"max_parallel": 1},
    "stuck": {"max_parallel": 1},
    "free": {},
    "streams": {},
    "talker": {},
    "unlucky": {},
    "leaver": {},
    "translated": {},
    "impatient": {},
    "packed": {},
}


def key_of(name):
    return f"sk-test-key-of-{name}-0123456789"


def deployment(name, model, cost=None, **params):
    costs = {"input_cost_per_token": cost, "output_cost_per_token": cost} if cost else {}
    return {"model_name": name, "model_info": costs, "litellm_params": {
        "model": model, "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", **params}}


def configuration(limits, **respool):
    keys = [{"name": name, "key": key_of(name), **own} for name, own in limits.items()]
    return {
        "model_list": [deployment("*", "openai/*"), deployment("dear", "openai/dear", COST),
                       deployment("chat", "openai/chat", api="chat"),
                       deployment("messages", "openai/messages", COST, api="messages")],
        "respool": {"api_keys": [{"name": "alice", "key": ALICE}, *keys], **respool},
    }


STACK = {"config": configuration(LIMITS), "supervisor": False, "children": 4}


@pytest.fixture
def as_tenant(stack):
    return lambda name: stack.client.with_key(key_of(name))


def create(client, model, path="/v1/responses", **fields):
    return client.request("POST", path, body={"model": model, "input": "x", **fields})


def answered(**usage):
    return answer(response_object(usage={**USAGE, **usage}))


def use(stack, tenant):
    """Of each label requests, failed, cancelled, input, output, cost."""
    rows = {}
    for key in stack.redis.scan_iter(f"{JOBS}usage:*"):
        for whose, line in stack.redis.hgetall(key).items():
            name, label = whose.decode().split("\x1f")
            if name == tenant:
                rows[label] = [float(number) for number in line.split()]
    return rows


def await_use(stack, tenant, row, label="*", timeout=10):
    wait_until(lambda: use(stack, tenant).get(label) == row, timeout,
               f"{tenant}'s use to be {row}, not {use(stack, tenant)}")


def running(stack, tenant):
    return int(stack.redis.hget(f"{JOBS}shares", f"running\x1f{tenant}") or 0)


def held(stack):
    """What relays hold: of each the tenant."""
    return [whose.split(b"\x1f")[0].decode() for key in stack.redis.scan_iter(f"{JOBS}passages:*")
            for whose in stack.redis.hvals(key)]


def await_nothing_held(stack, tenant, timeout=10):
    wait_until(lambda: tenant not in held(stack) and running(stack, tenant) == 0, timeout,
               f"nothing of {tenant} to be held")


def requests_left(stack, tenant):
    return float(stack.redis.hget(f"{JOBS}rates", tenant).split()[0])


def tokens_left(stack, tenant):
    return float(stack.redis.hget(f"{JOBS}rates", tenant).split()[2])


def assert_limited(reply, limit, code="rate_limit_exceeded"):
    assert reply.status == 429, reply
    assert reply.error()["code"] == code
    assert limit in reply.error()["message"]
    return reply


@contextlib.contextmanager
def frozen(program):
    program.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        program.send_signal(signal.SIGCONT)


# ---- the limits ---------------------------------------------------------------------------------


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


# ---- use ----------------------------------------------------------------------------------------


def test_use_of_a_stream_is_what_its_last_event_tells(stack, as_tenant, model):
    last = {"type": "response.completed", "response": response_object(
        usage=USAGE, metadata={f"k{n}": '"usage":{"input_tokens":1}' * 15 for n in range(16)})}
    stack.upstream.script(model, [event(n) for n in range(50)] + [last])
    with streaming(as_tenant("streams"), model) as reader:
        assert reader.rest()[-1] == last
    await_use(stack, "streams", [1, 0, 0, 12, 30, 0])


def test_use_of_chat_completions_is_counted_as_well(stack, as_tenant, model):
    client = as_tenant("talker")
    stack.upstream.script(model, answer({"choices": [], "usage": CHAT_USAGE}))
    assert create(client, model, CHAT).status == 200
    await_use(stack, "talker", [1, 0, 0, 5, 7, 0])
    stack.upstream.script(model, [
        data({"choices": [{"delta": {"content": "x"}}], "usage": None}),
        data({"choices": [], "usage": CHAT_USAGE}), DONE])
    body = {"model": model, "messages": [], "stream": True}
    reader = EventReader(client, body, CHAT)
    assert reader.rest()[-1] == "[DONE]"
    reader.close()
    await_use(stack, "talker", [2, 0, 0, 10, 14, 0])
    stack.upstream.script(model, answer({"data": [], "usage": {"prompt_tokens": 9}}))
    assert create(client, model, EMBEDDINGS).status == 200
    await_use(stack, "talker", [3, 0, 0, 19, 14, 0])


def test_use_of_a_translated_answer_is_what_was_made_of_it(stack, as_tenant):
    stack.upstream.script("chat", [
        data({"choices": [
            {"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}),
        data({"choices": [], "usage": CHAT_USAGE}), DONE])
    reply = create(as_tenant("translated"), "chat")
    assert reply.json()["usage"]["input_tokens"] == 5
    await_use(stack, "translated", [1, 0, 0, 5, 7, 0], "chat")


def test_use_of_a_translated_answer_is_what_was_told_before_its_client_left(stack, as_tenant):
    stack.upstream.script("messages", Answer(("text", "begun"), end="never").streamed("messages"))
    with streaming(as_tenant("impatient"), "messages") as reader:
        while "delta" not in reader.next():
            pass
    await_use(stack, "impatient", [1, 0, 1, 12, 1, 13 * COST], "messages")


def test_answer_that_is_compressed_counts_without_tokens(stack, as_tenant, model):
    stack.upstream.script(model, Script([b"\x1f\x8b\x08 no gzip"], 200, {
        "Content-Type": "application/json", "Content-Encoding": "gzip"}))
    assert create(as_tenant("packed"), model).status == 200
    await_use(stack, "packed", [1, 0, 0, 0, 0, 0])


def test_errors_count_as_failed(stack, as_tenant, model):
    client = as_tenant("unlucky")
    stack.upstream.script(model, json_error(400, {"error": {"message": "no"}}))
    assert create(client, model).status == 400
    stack.upstream.script(model, [event(0), {"type": "response.failed", "response": {
        **response_object(usage=USAGE), "status": "failed"}}])
    with streaming(client, model) as reader:
        reader.rest()
    await_use(stack, "unlucky", [2, 2, 0, 12, 30, 0])


def test_request_whose_client_leaves_counts_as_cancelled(stack, as_tenant, model):
    stack.upstream.script(model, [event(0), Gate()])
    with streaming(as_tenant("leaver"), model) as reader:
        reader.next()
    await_use(stack, "leaver", [1, 0, 1, 0, 0, 0])
    assert stack.upstream.wait_request(model).peer_closed.wait(5)


# ---- when something is lost ---------------------------------------------------------------------


def test_connection_that_breaks_before_the_end_settles_once(stack, as_tenant, model):
    gate = Gate()
    stack.upstream.script(model, [event(0), gate])
    with streaming(as_tenant("cut"), model) as reader:
        reader.next()
        stack.redis.client_kill_filter(_type="normal", skipme=True)
        gate.open()
        assert reader.rest() == []
    await_nothing_held(stack, "cut")
    await_use(stack, "cut", [1, 0, 0, 0, 0, 0])


def test_redis_that_can_take_nothing_for_a_while_gets_it_told_afterwards(stack, as_tenant, model):
    gate = Gate()
    stack.upstream.script(model, [event(0), gate])
    with streaming(as_tenant("stuck"), model) as reader:
        reader.next()
        stack.redis.config_set("min-replicas-to-write", 1)
        gate.open()
        assert reader.rest() == []
    await_log(stack, "Redis: settle: NOREPLICAS")
    stack.redis.config_set("min-replicas-to-write", 0)
    await_nothing_held(stack, "stuck")
    await_use(stack, "stuck", [1, 0, 0, 0, 0, 0])


def limited_stack(make_stack, limits, **options):
    stack = make_stack(configuration({"web": limits}), supervisor=False, children=2, **options)
    if options.get("responder", True):
        await_connected(stack)
    return stack


def await_connected(stack):
    wait_until(lambda: stack.redis.zcard(f"{JOBS}relays") == 1, 10, "the relay's first beat")


class Cutter:
    """Cuts a connection instead of handing on the next answer of Redis."""

    def __init__(self, stack):
        self.armed = False
        path = stack.directory / "proxy.sock"
        self.proxy = RedisProxy(path, stack.directory / "redis.sock", change=self.change)
        stack.config["litellm_settings"]["cache_params"]["socket_path"] = str(path)
        stack.write_config()
        stack.start_responder()
        await_connected(stack)

    def change(self, answer):
        if self.armed:
            self.armed = False
            raise OSError("cut")
        return answer


def test_answers_of_redis_that_are_lost_leave_everything_counted_once(make_stack):
    stack = limited_stack(make_stack, {"rpm": 100, "max_parallel": 5}, responder=False)
    cutter = Cutter(stack)
    client = stack.client.with_key(key_of("web"))
    body = {"model": "m", "messages": [], "stream": True}
    gate = Gate()
    stack.upstream.script("m", [event(0), gate])
    stack.upstream.script("first", answered())
    assert create(client, "first", CHAT).status == 200
    await_use(stack, "web", [1, 0, 0, 12, 30, 0])
    cutter.armed = True
    reader = EventReader(client, body, CHAT)
    assert reader.next() == event(0)
    assert not cutter.armed and running(stack, "web") == 1
    assert requests_left(stack, "web") == pytest.approx(98, abs=1)
    cutter.armed = True
    gate.open()
    assert reader.rest() == []
    reader.close()
    await_nothing_held(stack, "web")
    wait_until(lambda: not cutter.armed, 10, "the cut")
    await_use(stack, "web", [2, 0, 0, 12, 30, 0])
    # What follows on the same connection is told behind what is told again.
    assert create(client, "first", CHAT).status == 200
    await_use(stack, "web", [3, 0, 0, 24, 60, 0])
    assert running(stack, "web") == 0
    cutter.proxy.close()


def test_nothing_is_refused_while_redis_is_away_and_the_log_says_so(make_stack):
    stack = limited_stack(make_stack, {"rpm": 1})
    client = stack.client.with_key(key_of("web"))
    stack.upstream.script("m", answered())
    assert create(client, "m").status == 200
    stack.stop(stack.redis_program)
    for _ in range(3):
        assert create(client, "m", CHAT).status == 200
    warning = "requests are passed through without regard to the limits"
    assert 1 <= stack.responder.stderr().count(warning) <= 3


def test_redis_that_does_not_answer_is_waited_for_a_second_and_then_gets_it_back(make_stack):
    stack = limited_stack(make_stack, {"max_parallel": 1, "rpm": 100})
    client = stack.client.with_key(key_of("web"))
    gate = Gate()
    stack.upstream.script("m", [event(0), gate])
    with frozen(stack.redis_program):
        began = time.monotonic()
        body = {"model": "m", "messages": [], "stream": True}
        first = EventReader(client, body, CHAT)
        assert first.next() == event(0)
        assert time.monotonic() - began >= 0.9
        # Nobody else waits for what hangs.
        others = [EventReader(client, body, CHAT) for _ in range(3)]
        assert [other.next() for other in others] == [event(0)] * 3
    wait_until(lambda: running(stack, "web") == 1, 10, "the late answer")
    gate.open()
    for reader in (first, *others):
        assert reader.rest() == []
        reader.close()
    await_nothing_held(stack, "web")
    await_use(stack, "web", [4, 0, 0, 0, 0, 0])


def test_client_that_has_left_before_it_was_admitted_holds_nothing(make_stack):
    stack = limited_stack(make_stack, {"max_parallel": 1, "tpm": 1000})
    body = {"model": "m", "input": "x", "max_output_tokens": 600}
    with frozen(stack.redis_program):
        connection = fastcgi_create(stack, body, HTTP_AUTHORIZATION=f"Bearer {key_of('web')}")
        await_log(stack, "waiting_for_redis", tell=True)
        connection.close()
        await_log(stack, "status=cancelled")
    await_use(stack, "web", [1, 0, 1, 0, 0, 0])
    await_nothing_held(stack, "web")
    assert tokens_left(stack, "web") == pytest.approx(1000, abs=50)
    assert stack.upstream.requests("m") == []


def await_log(stack, text, tell=False):
    def told():
        if tell:
            stack.responder.send_signal(signal.SIGUSR2)
        return text in stack.responder.stderr()
    wait_until(told, 10, f"{text} in the log", interval=0.05)


def test_relay_that_ends_settles_what_is_open(make_stack):
    stack = limited_stack(make_stack, {"max_parallel": 1})
    stack.upstream.script("m", [event(0), Gate()])
    with streaming(stack.client.with_key(key_of("web")), "m") as reader:
        reader.next()
        stack.stop(stack.responder)
        assert reader.rest()[-1]["type"] == "error"
    assert use(stack, "web") == {"*": [1, 1, 0, 0, 0, 0]}
    assert held(stack) == [] and running(stack, "web") == 0


def lease_end(stack, relay):
    return stack.redis.zscore(f"{JOBS}relays", relay) / 1000 - time.time()


@pytest.mark.parametrize("everything_stood_still_for", [0, 3600])
def test_killed_relay_s_passages_are_given_back_when_its_lease_ends(
        make_stack, everything_stood_still_for):
    stack = limited_stack(make_stack, {"max_parallel": 1, "tpm": 1000})
    client = stack.client.with_key(key_of("web"))
    stack.upstream.script("m", [event(0), Gate()])
    with streaming(client, "m", max_output_tokens=600) as reader:
        reader.next()
        [relay] = children_of(stack.responder.pid, "relay")
        [name] = stack.redis.zrange(f"{JOBS}relays", 0, -1)
        os.kill(relay, signal.SIGKILL)
        assert 0 < lease_end(stack, name) <= 10
        wait_until(lambda: children_of(stack.responder.pid, "relay") not in ([], [relay]), 10,
                   "another relay")
        assert_limited(create(client, "m"), "max_parallel")
        # As if the time had passed.
        ended = time.time() - everything_stood_still_for
        stack.redis.zadd(f"{JOBS}relays", {name: ended * 1000}, xx=True)
        await_nothing_held(stack, "web")
    assert tokens_left(stack, "web") == pytest.approx(1000, abs=100)
    await_use(stack, "web", [1, 1, 0, 0, 0, 0])
    stack.upstream.script("m", answered())
    assert create(client, "m").status == 200


def test_passages_of_a_lost_relay_are_given_back_in_portions(make_stack):
    stack = limited_stack(make_stack, {"max_parallel": 1000})
    lost = {n: "web\x1f*\x1f0" for n in range(700)}
    with stack.redis.pipeline() as pipeline:
        pipeline.hset(f"{JOBS}shares", "running\x1fweb", len(lost))
        pipeline.hset(f"{JOBS}passages:lost", mapping=lost)
        pipeline.zadd(f"{JOBS}relays", {"lost": time.time() * 1000})
        pipeline.execute()
    wait_until(lambda: running(stack, "web") == 200, 10, "the first of them to be given back")
    await_nothing_held(stack, "web")
    await_use(stack, "web", [700, 700, 0, 0, 0, 0])
