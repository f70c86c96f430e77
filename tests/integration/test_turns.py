"""Who gets the workers' seats in turn, of the real scripts in a real Redis: enqueue, beat and drop,
as the programs call them. What each script leaves behind is test_state_machine.py's."""

from collections import Counter

import pytest
import redis

from harness import REDIS_SERVER, Program, await_socket, script_text

JOBS = "litellm:polling:{jobs}:"
SHARED = ("shares", "seats", "lines", "turns", "passes")
MINUTE_MS = 60_000


class Lists:
    """With a worker that has so many jobs running and never more."""

    def __init__(self, connection):
        self.redis = connection
        self.scripts = {name: connection.register_script(script_text(name))
                        for name in ("enqueue", "beat", "drop")}
        self.created = 0
        self.running = []  # ids in the worker's list, the first one is the eldest
        self.tenants = {}

    def call(self, script, names, *arguments):
        return self.scripts[script]([JOBS + name for name in names], arguments)

    def create(self, tenant, count=1, tier=1, weight=1, most="-"):
        for _ in range(count):
            response_id = f"id{self.created}"
            self.created += 1
            self.tenants[response_id] = tenant
            assert self.call(
                "enqueue", ("queue", "held", "held_until", "parked", "paused", "index",
                            "index:about", "index:ended", "counters", "minutes", *SHARED,
                            f"line:{tier}{tenant}", "rates", "budgets"),
                response_id, 100_000, 10, 0, 3600, 10 ** 9, 3600,
                f"{tenant}\x1fl\x1fm\x1f\x1f{tier}\x1f0", "created", f"{tier}{tenant}",
                f"- - {most} - {weight} - - 0", "limited", "") == 1

    def beat(self, room, worker="w", predecessor=""):
        return self.call("beat", ("workers", "workers:about", "draining", "counters", "index",
                                  "index:about", "index:ended", "rooms", "queue", *SHARED,
                                  "rates", "budgets", "relays", "usage"),
                         worker, 10 ** 7, 0, "1 2 v host", predecessor, "", 0, room)

    def take(self):
        """All that is in the queue."""
        while True:
            taken = self.redis.lmove(f"{JOBS}queue", f"{JOBS}running:w", "RIGHT", "LEFT")
            if taken is None:
                return
            self.running.append(taken.decode())

    def finish(self, how="completed"):
        """The eldest one. Returns whose it was."""
        response_id = self.running.pop(0)
        assert self.call("drop", ("held", "held_until", "index", "index:about", "index:ended",
                                  "counters", "minutes", "queue", "parked", *SHARED, "rates",
                                  "budgets", "usage", "running:w"),
                         response_id, how, 3600, "ended", 0, "") == 1
        return self.tenants[response_id]

    def run(self, count):
        """Whose jobs have been taken, in turn, while so many end."""
        taken = []
        for _ in range(count):
            self.take()
            self.finish()
            before = len(self.running)
            self.take()
            taken += [self.tenants[response_id] for response_id in self.running[before:]]
        return taken

    def keep_no_seats(self):
        """As when there has been only one tenant for a while."""
        self.redis.hset(f"{JOBS}shares", "mixed", 0)

    def age(self, ms):
        """As if all that waits had come so much earlier, and the last turns been then."""
        for response_id, about in self.redis.hgetall(f"{JOBS}index:about").items():
            created, since, rest = about.decode().split(" ", 2)
            self.redis.hset(f"{JOBS}index:about", response_id,
                            f"{int(created) - ms} {int(since) - ms} {rest}")
        for tier in "012":
            if self.redis.hexists(f"{JOBS}shares", f"served{tier}"):
                self.redis.hincrby(f"{JOBS}shares", f"served{tier}", -ms)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    directory = tmp_path_factory.mktemp("redis")
    path = directory / "redis.sock"
    program = Program("redis", [
        REDIS_SERVER, "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no",
        "--dir", directory], directory)
    await_socket(program, path)
    yield redis.Redis(unix_socket_path=str(path))
    assert program.stop() == 0


@pytest.fixture
def lists(connection):
    connection.flushall()
    return Lists(connection)


def test_turns_are_shared_by_weight(lists):
    lists.create("one", 500, weight=1)
    lists.create("three", 500, weight=3)
    lists.beat(4)
    taken = Counter(lists.run(400))
    assert abs(taken["one"] - 100) <= 2 and abs(taken["three"] - 300) <= 2, taken


def test_one_with_many_jobs_does_not_hold_up_one_with_few(lists):
    lists.create("many", 1000)
    lists.beat(2)
    lists.run(50)
    for _ in range(20):
        lists.create("few")
        assert "few" in lists.run(2)


def test_absence_is_not_made_up_for(lists):
    """Whoever comes when others have had many turns gets his share from then on, not theirs."""
    lists.create("early", 500)
    lists.create("other", 500)
    lists.beat(2)
    lists.run(200)
    lists.create("late", 100)
    taken = Counter(lists.run(60))
    assert all(abs(count - 20) <= 1 for count in taken.values()), taken


def test_who_comes_again_and_again_gets_no_more_than_who_stays(lists):
    lists.beat(1)
    lists.create("stays", 500)
    lists.create("leaves", 1)
    taken = []
    while len(taken) < 100:
        taken += lists.run(1)
        if taken[-1:] == ["leaves"]:
            lists.create("leaves", 1)
    assert abs(Counter(taken)["leaves"] - 50) <= 1


def test_each_tenant_s_jobs_are_taken_in_order(lists):
    lists.create("a", 50)
    lists.create("b", 50, weight=2)
    lists.keep_no_seats()
    lists.beat(3)
    lists.take()
    order = list(lists.running)
    for _ in range(97):
        lists.finish()
        before = len(lists.running)
        lists.take()
        order += lists.running[before:]
    for tenant in "ab":
        ids = [response_id for response_id in order if lists.tenants[response_id] == tenant]
        assert ids == sorted(ids, key=lambda response_id: int(response_id[2:])) and len(ids) == 50


def test_priority_goes_first_and_flex_last_until_it_has_waited_for_long(lists):
    lists.beat(1)
    lists.create("busy")
    lists.create("flex", 50, tier=2)
    lists.create("default", 50, tier=1)
    lists.create("priority", 2, tier=0)
    assert lists.run(6) == ["priority"] * 2 + ["default"] * 4
    lists.age(2 * MINUTE_MS)
    taken = lists.run(20)
    assert taken.count("flex") == 10 and taken.count("default") == 10, taken
    assert not any(pair == ("flex", "flex") for pair in zip(taken, taken[1:]))


def test_who_comes_to_a_tier_that_is_passed_over_gets_its_share_of_it_alone(lists):
    lists.beat(1)
    lists.create("busy")
    lists.create("default", 200, tier=1)
    lists.create("flex", 100, tier=2)
    lists.age(2 * MINUTE_MS)
    lists.run(40)
    lists.create("late", 100, tier=2)
    taken = Counter(lists.run(41))
    assert taken["default"] in (20, 21) and abs(taken["flex"] - taken["late"]) <= 1, taken


def test_no_more_run_than_max_parallel_and_the_others_get_the_rest(lists):
    lists.create("bound", 50, most=2, weight=100)
    lists.create("free", 50)
    lists.keep_no_seats()
    lists.beat(10)
    lists.take()
    for _ in range(40):
        running = Counter(lists.tenants[response_id] for response_id in lists.running)
        assert running["bound"] == 2 and running["free"] == 8
        lists.finish()
        lists.take()


def test_some_seats_are_kept_for_others_while_there_are_any(lists):
    lists.beat(40)
    lists.create("few")
    lists.create("many", 60)
    lists.take()
    assert Counter(map(lists.tenants.get, lists.running)) == {"few": 1, "many": 37}
    lists.create("few")
    lists.take()
    assert Counter(map(lists.tenants.get, lists.running)) == {"few": 2, "many": 37}


def test_nothing_is_left_of_turns_when_all_is_done(lists):
    lists.create("a", 30, weight=2)
    lists.create("b", 30, most=1)
    lists.beat(3)
    lists.run(60)
    assert lists.running == []
    assert not lists.redis.exists(*(JOBS + name for name in (
        "queue", "seats", "lines", "turns", "passes", "running:w")))
    shares = {name.decode() for name in lists.redis.hgetall(f"{JOBS}shares")}
    assert shares == {"capacity", "last", "mixed", "limits\x1fa", "limits\x1fb"}


def test_a_line_that_redis_has_lost_holds_up_nobody(lists):
    lists.create("alice", 3)
    lists.create("bob", 3)
    lists.redis.delete(f"{JOBS}line:1alice")
    *_, more = lists.beat(10)
    assert more == 0
    lists.take()
    assert [lists.tenants[one] for one in lists.running] == ["bob"] * 3
    assert not lists.redis.exists(f"{JOBS}lines")


def test_whose_place_is_taken_has_no_room_any_more(lists):
    lists.beat(10, "killed")
    lists.beat(10, "next", "killed")
    assert lists.redis.hget(f"{JOBS}shares", "capacity") == b"10"


def test_who_was_forgotten_by_an_older_version_has_no_room_any_more(lists):
    lists.beat(10, "old")
    lists.redis.zrem(f"{JOBS}workers", "old")
    lists.redis.hdel(f"{JOBS}workers:about", "old")
    lists.beat(10)
    assert lists.redis.hget(f"{JOBS}shares", "capacity") == b"10"


def test_a_seat_without_waiting_is_a_turn_while_others_wait(lists):
    lists.beat(1)
    lists.create("alice")
    lists.create("alice")
    lists.beat(2)
    lists.create("bob", most=1)
    lists.create("bob", most=1)
    lists.beat(4)
    lists.create("carol")
    assert lists.redis.hkeys(f"{JOBS}passes") == [b"1bob", b"1carol"]


def test_a_seat_that_was_not_given_back_is_found_behind_a_response_that_takes_long(lists):
    lists.beat(10)
    lists.create("alice", 2)
    long_ago = 1000
    lists.redis.zadd(f"{JOBS}index", {"id0": long_ago})
    lists.redis.hset(f"{JOBS}index:about", "id0", f"{long_ago} {long_ago} open alice\x1fl\x1fm")
    lists.redis.hset(f"{JOBS}index:about", "id1", f"{long_ago} {long_ago} failed alice\x1fl\x1fm")
    lists.redis.hset(f"{JOBS}shares", "doubted", f"id1 {long_ago}")
    assert lists.beat(10)[2] == b"id1"


def test_the_seat_of_what_is_dropped_unread_is_free(lists):
    lists.beat(1)
    lists.create("alice", 2)
    lists.take()
    lists.finish(how="")
    lists.take()
    assert lists.running == ["id1"]
    assert lists.redis.hget(f"{JOBS}shares", "running\x1falice") == b"1"
