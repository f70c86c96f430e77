"""Workers take the jobs of tenants in turns, and nobody waits for one who has asked for more."""

import signal
import threading
import time
import uuid
from collections import Counter

import pytest

import harness
from harness import wait_until
from operating import Operator, jobs_key
from sharing import SharedStack, assert_books_are_empty, tenants

SHARED = {"alice": {"weight": 1}, "bob": {"weight": 3}}


@pytest.fixture
def make():
    """Stacks of which all that was created has completed in the end, and nothing is left."""
    stacks = []

    def make(**options):
        stack = SharedStack(**options)
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        try:
            stack.await_end()
        finally:
            stack.close()


def tenant_of(model):
    return model.partition("-")[0]


def of_tenant(models, tenant):
    return [model for model in models if tenant_of(model) == tenant]


def create_at_once(stack, tenant, count, threads=4):
    """Many responses of a tenant, in whatever order."""
    client, lock = stack.client.with_key(harness.ALICE), threading.Lock()
    numbers = iter(range(count))

    def work():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            stack.ids[f"{tenant}-{number}"] = client.create(f"{tenant}-{number}")["id"]

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len(stack.ids) == count


@pytest.mark.parametrize("workers, room", [(1, 1), (1, 8), (2, 4)])
def test_weights_say_how_tenants_share_a_worker_that_is_full(make, workers, room):
    stack = make(respool={"api_keys": tenants(**SHARED), "max_streams": room},
                 supervisor=False, workers=workers)
    alices = stack.create("alice", 40)
    bobs = stack.create("bob", 40)
    stack.turnstile.is_open = True
    stack.start_supervisor()
    arrived = stack.turnstile.await_arrivals(80)
    share = Counter(map(tenant_of, arrived[:40]))
    assert abs(share["bob"] - 30) <= room * workers // 2 + 1, arrived
    if room * workers == 1:  # more may overtake each other on their way
        assert of_tenant(arrived, "alice") == alices
        assert of_tenant(arrived, "bob") == bobs


def test_a_small_tenant_is_next_although_another_has_a_thousand_waiting(make):
    stack = make()
    create_at_once(stack, "alice", 1000)
    stack.turnstile.await_arrivals(1)
    stack.turnstile.next_arrivals(1)
    stack.create("bob")
    assert stack.waiting() == 999
    assert stack.turnstile.next_arrivals(1) == ["bob-0"]
    assert stack.in_queue() <= 1
    Operator(stack).run("cancel", "--yes", "--tenant", "alice")
    stack.ids = {"bob-0": stack.ids["bob-0"]}
    assert stack.waiting() == 0


def test_who_comes_back_has_no_turns_saved_up(make):
    """Alice has had many turns while bob was away: that is not made up for, to nobody."""
    stack = make()
    stack.create("alice", 30)
    stack.turnstile.await_arrivals(1)
    stack.turnstile.next_arrivals(10)
    stack.create("bob", 10)
    share = Counter(map(tenant_of, stack.turnstile.next_arrivals(10)))
    assert share == {"alice": 5, "bob": 5}


def test_max_parallel_holds_while_others_run_and_more_wait_in_order(make):
    stack = make(respool={"api_keys": tenants(alice={"max_parallel": 3}), "max_streams": 8})
    alices = stack.create("alice", 9)
    assert sorted(stack.turnstile.await_arrivals(3)) == alices[:3]
    stack.create("bob", 2)
    stack.turnstile.await_arrivals(5)  # there is room, but not for alice
    for begun in range(3, 9):
        assert sorted(stack.turnstile.inside("alice")) == alices[begun - 3:begun]
        assert stack.waiting() == 9 - begun
        stack.turnstile.let_through(alices[begun - 3])
        stack.turnstile.await_arrivals(begun + 3)
    assert stack.turnstile.inside("alice") == alices[6:]


def test_max_parallel_that_a_reload_raises_lets_more_in(make):
    stack = make(respool={"api_keys": tenants(alice={"max_parallel": 1}), "max_streams": 8})
    alices = stack.create("alice", 4)
    stack.turnstile.await_arrivals(1)
    stack.config["respool"]["api_keys"] = tenants(alice={"max_parallel": 4})
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.create("alice") and stack.share("limits\x1falice") == "1 4",
               what="a create that says so", interval=0.1)
    assert sorted(stack.turnstile.await_arrivals(4)) == alices


class TestTiers:
    TENANTS = {"alice": {"priority": True}}

    @pytest.fixture
    def stack(self, make):
        """One job is running."""
        stack = make(respool={"api_keys": tenants(**self.TENANTS)})
        stack.create("carol")
        stack.turnstile.await_arrivals(1)
        return stack

    def test_priority_goes_before_default_and_flex_behind_it(self, stack):
        flex, = stack.create("alice", service_tier="flex")
        default, = stack.create("alice")
        priority, = stack.create("alice", service_tier="priority")
        assert stack.turnstile.next_arrivals(3) == [priority, default, flex]

    def test_that_holds_between_tenants_too(self, stack):
        flex = stack.create("bob", 2, service_tier="flex")
        default = stack.create("bob", 2)
        priority = stack.create("alice", 2, service_tier="priority")
        assert stack.turnstile.next_arrivals(6) == priority + default + flex

    def test_priority_is_default_to_a_key_that_may_not_ask_for_it(self, stack):
        first, = stack.create("bob")
        second, = stack.create("bob", service_tier="priority")
        third, = stack.create("bob", service_tier="auto")
        assert stack.turnstile.next_arrivals(3) == [first, second, third]

    def test_flex_that_was_passed_over_for_a_minute_has_every_second_turn(self, stack):
        flex = stack.create("bob", 2, service_tier="flex")
        default = stack.create("alice", 3)
        assert stack.turnstile.next_arrivals(1) == default[:1]
        for model in flex:
            wait_longer(stack, model, 61)
        assert stack.turnstile.next_arrivals(4) == [flex[0], default[1], flex[1], default[2]]

    def test_flex_that_was_passed_over_for_less_waits(self, stack):
        flex, = stack.create("bob", service_tier="flex")
        default = stack.create("alice", 3)
        wait_longer(stack, flex, 50)
        assert stack.turnstile.next_arrivals(4) == [*default, flex]


def wait_longer(stack, model, seconds):
    """As if it had come so much earlier, and its tier had had no turn since."""
    key = stack.key(jobs_key("index:about"))
    created, queued, rest = stack.redis.hget(key, stack.ids[model]).decode().split(" ", 2)
    stack.redis.hset(key, stack.ids[model], f"{created} {int(queued) - seconds * 1000} {rest}")
    stack.redis.hdel(stack.key(jobs_key("shares")), "served1", "served2")


class TestSpareSeats:
    def test_one_seat_is_kept_for_others_while_more_than_one_tenant_is_about(self, make):
        stack = make(respool={"max_streams": 4})
        stack.create("bob")
        stack.create("alice", 8)
        stack.turnstile.await_arrivals(3)
        stack.turnstile.let_through("bob-0")
        stack.turnstile.await_arrivals(4)
        assert len(stack.turnstile.inside("alice")) == 3
        stack.create("carol")
        assert stack.turnstile.await_arrivals(5)[4] == "carol-0"

    def test_one_tenant_alone_has_them_all(self, make):
        stack = make(respool={"max_streams": 4})
        stack.create("alice", 8)
        stack.turnstile.await_arrivals(4)
        assert len(stack.turnstile.inside("alice")) == 4

    def test_it_is_kept_while_one_asks_now_and_then_and_another_still_waits(self, make):
        """However long ago that other one has asked."""
        stack = make(respool={"max_streams": 4})
        stack.create("alice", 8)
        stack.create("bob")
        stack.turnstile.await_arrivals(4)
        mixed = int(stack.share("mixed"))
        stack.redis.hset(stack.key(jobs_key("shares")), "mixed", mixed - 61_000)
        stack.create("bob")
        assert stack.turnstile.next_arrivals(1) == ["bob-0"]
        stack.turnstile.let_through("alice-1")
        wait_until(lambda: len(stack.running()) == 3, what="a seat to be free")
        stack.create("carol")
        assert stack.turnstile.await_arrivals(6)[5] == "carol-0"


class TestWorkers:
    def test_each_one_s_room_counts(self, make):
        stack = make(respool={"max_streams": 2}, workers=2)
        stack.await_share("capacity", 4)
        stack.create("alice", 6)
        stack.turnstile.await_arrivals(4)
        wait_until(lambda: len(stack.running()) == 4)
        assert stack.waiting() == 2

    def test_jobs_of_one_that_is_killed_keep_their_seats_until_they_have_run(self, make):
        stack = make(respool={"max_streams": 2})
        stack.create("alice", 3)
        stack.create("bob", 1)
        stack.turnstile.await_arrivals(2)
        lost = stack.turnstile.inside()
        harness.kill(stack.worker())
        wait_until(lambda: all(stack.turnstile.models.count(model) == 2 for model in lost) or (
            len(stack.turnstile.inside()) == 2 and stack.turnstile.next_arrivals(1)),
            20, "the jobs to run again")
        stack.await_share("capacity", 2)

    def test_the_room_of_one_that_drains_goes(self, make):
        stack = make(respool={"max_streams": 2}, workers=2)
        operator = Operator(stack)
        drained, _ = sorted(operator.await_workers(2))
        stack.await_share("capacity", 4)
        operator.drain(drained)
        stack.await_share("capacity", 2)
        stack.create("alice", 4)
        stack.turnstile.await_arrivals(2)
        assert stack.waiting() == 2
        operator.drain(drained, "--end")
        stack.await_share("capacity", 4)
        stack.turnstile.await_arrivals(4)

    def test_the_room_of_one_that_ends_goes(self, make):
        stack = make(respool={"max_streams": 2})
        second = stack.add_supervisor()
        stack.await_share("capacity", 4)
        stack.stop(second)
        stack.await_share("capacity", 2)

    @pytest.mark.parametrize("before, after", [(2, 5), (5, 2)])
    def test_a_reload_changes_their_room(self, make, before, after):
        stack = make(respool={"max_streams": before})
        stack.await_share("capacity", before)
        stack.config["respool"]["max_streams"] = after
        stack.write_config()
        stack.supervisor.send_signal(signal.SIGHUP)
        stack.await_share("capacity", after)
        stack.create("alice", 6)
        stack.turnstile.await_arrivals(after)
        assert stack.waiting() == 6 - after

    def test_what_came_while_there_was_none_is_taken_in_turns(self, make):
        stack = make(supervisor=False)
        stack.create("alice", 3)
        stack.create("bob", 3)
        assert (stack.in_queue(), stack.waiting()) == (0, 6)
        stack.start_supervisor()
        first = stack.turnstile.await_arrivals(1)
        order = list(map(tenant_of, first + stack.turnstile.next_arrivals(5)))
        assert order in (["alice", "bob"] * 3, ["bob", "alice"] * 3)


def test_what_is_paused_takes_no_seat_and_waits_in_its_line_again(make):
    stack = make()
    operator = Operator(stack)
    stack.create("carol")
    stack.turnstile.await_arrivals(1)
    stack.create("alice", 3)
    operator.run("pause")
    stack.create("bob")
    assert (stack.waiting(), stack.share("parked\x1falice"), stack.share("parked\x1fbob")) == (
        0, "3", "1")
    operator.run("resume")
    assert stack.waiting() == 4
    assert sorted(stack.turnstile.next_arrivals(2)) == ["alice-0", "bob-0"]


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_who_cancels_what_waits_leaves_no_gap_in_the_line(make, how):
    stack = make()
    alices = stack.create("alice", 4)
    stack.turnstile.await_arrivals(1)
    gone = stack.ids.pop(alices[1])
    assert getattr(stack.client, how)(gone).status == 200
    assert stack.waiting() == 2
    assert stack.turnstile.next_arrivals(2) == [alices[2], alices[3]]


def test_a_seat_is_free_when_what_runs_is_cancelled(make):
    stack = make()
    alices = stack.create("alice", 2)
    stack.turnstile.await_arrivals(1)
    assert stack.client.cancel(stack.ids.pop(alices[0])).json()["status"] == "cancelled"
    assert stack.turnstile.await_arrivals(2)[1] == alices[1]


def test_seats_of_what_has_ended_unnoticed_come_free_one_behind_the_other(make):
    """Not one with each beat of a worker, which would take minutes."""
    stack = make()
    created = int(time.time() * 1000) - 120000
    whose = "alice\x1fopenai/*"
    with stack.redis.pipeline() as at_once:
        for _ in range(1000):
            gone = f"litellm_poll_{uuid.uuid4()}"
            at_once.zadd(stack.key(jobs_key("index")), {gone: created})
            at_once.hset(stack.key(jobs_key("index:about")), gone,
                         f"{created} {created} open {whose}\x1fm")
            at_once.hset(stack.key(jobs_key("seats")), gone, f"{whose}\x1f0")
            at_once.hincrby(stack.key(jobs_key("shares")), "running\x1falice", 1)
        at_once.execute()
    assert_books_are_empty(stack, timeout=90)
