"""What a key has taken comes back when something is lost."""

import contextlib
import os
import signal
import time

import pytest

from harness import children_of, wait_until
from passing import EventReader, answer, event, streaming
from passing_faults import fastcgi_create
from passing_limits import STACK  # noqa: F401  (what the stack is)
from passing_limits import (JOBS, answered, assert_limited, await_connected, await_nothing_held,
                            await_use, create, held, key_of, limited_stack, running, tokens_left,
                            use)
from passing_limits import as_tenant  # noqa: F401  (a fixture)
from redis_proxy import RedisProxy
from test_chat_passthrough import CHAT
from upstream import Gate


def requests_left(stack, tenant):
    return int(stack.redis.hget(f"{JOBS}rates", tenant).split()[0]) / 1000


@contextlib.contextmanager
def frozen(program):
    program.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        program.send_signal(signal.SIGCONT)


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
