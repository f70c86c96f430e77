"""Readers that are cut again and again while everything is killed: they get each answer whole.

Each reader creates a streamed response, reads some bytes of it, is cut, resumes, and so on to its
end; then the next. Meanwhile workers, supervisors, relays, responders and Redis are killed with -9,
workers sleep for longer than their lease, and connections break. Behind Sentinels and in a Cluster,
masters hand over to replicas instead.
RESPOOL_RESUME_CUTS says for how many cuts that goes on, with a kill for each ten of them at least;
RESPOOL_RESUME_SEED says which.
"""

import http.client
import os
import random
import signal
import threading
import time

import pytest

from events import message_stream
from faulty import FaultyStack
from following import Collection, data_of, events_after
from harness import children_of, events_key, job_key, output_text, response_key, title_of
from redis_cluster import Cluster
from redis_sentinel import Sentinels
from stream_rules import accumulate, problems
from test_chaos import Chaos
from upstream import Sleep

CUTS = int(os.environ.get("RESPOOL_RESUME_CUTS", "60"))
SEED = int(os.environ.get("RESPOOL_RESUME_SEED", "13"))
READERS = 10
PATIENCE = 60  # s, for one response after the last fault
HUNG_MS = 5000  # a server that is merely slow must not lose what readers have seen
# Of these one comes after the other, by their weights.
FAULTS = {"kill_worker": 6, "kill_supervisor": 2, "kill_relay": 5, "kill_responder_child": 3,
          "kill_responder": 1, "kill_redis": 3, "freeze_worker": 2, "break_connections": 2,
          "break_subscriptions": 2, "lose_scripts": 1}
FAULTS_OF_MANY = {name: weight for name, weight in FAULTS.items() if name != "kill_redis"} | {
    "fail_over": 2}
BUSY = (500, 502, 503, 504)  # a web server's, or ours, when something behind it is away


CONFIG = {"respool": {"max_attempts": 100, "drain_seconds": 1, "stream_interval_ms": 10},
          "litellm_settings": {"num_retries": 20}, "router_settings": {"allowed_fails": 10_000}}


class Upset(Exception):
    """Something was away; to be tried again."""


class Reader(threading.Thread):
    """Follows one response after the other, with connections that do not last."""

    def __init__(self, loop, number):
        super().__init__(daemon=True)
        self.loop = loop
        self.number = number
        self.random = random.Random(SEED * 1000 + number)
        self.fault = None

    def run(self):
        try:
            turn = 0
            while not self.loop.is_over():
                self.follow_one(f"m{self.number}-{turn}")
                turn += 1
        except BaseException as fault:
            self.fault = fault
            self.loop.failed.set()

    def follow_one(self, model):
        text = self.loop.script(model, self.random)
        collection = Collection(self.loop.stack.client)
        try:
            follower = self.connected(lambda: collection.create(
                {"model": model, "input": "x", "background": True, "stream": True}))
        except Upset:
            return  # nobody knows its id
        self.loop.known[collection.id] = (collection, text)
        self.read(collection, follower)
        cancel_at = self.random.choice((1, 5, 10)) if self.random.random() < 0.15 else None
        deadline = None
        while not collection.is_whole:
            if self.loop.failed.is_set():
                return
            if collection.connections == cancel_at:
                self.cancel(collection.id)
            if self.loop.calm.is_set():
                deadline = deadline or time.monotonic() + PATIENCE
                assert time.monotonic() < deadline, f"{collection.id} never ends"
            try:
                self.read(collection, self.connected(
                    lambda: collection.follow(back=self.random.choice((0, 0, 0, 3)))))
            except Upset:
                time.sleep(0.05)

    def cancel(self, response_id):
        """It may be too late, or nobody there who hears it."""
        self.loop.cancelled.add(response_id)
        try:
            reply = self.loop.stack.client.cancel(response_id)
        except (OSError, http.client.HTTPException):
            return
        assert reply.status == 200 or reply.status in BUSY, reply

    def connected(self, connect):
        try:
            follower = connect()
        except (OSError, http.client.HTTPException) as error:
            raise Upset from error
        except AssertionError as error:  # of create, that has checked the status
            if getattr(error.args[0] if error.args else None, "status", None) in BUSY:
                raise Upset from error
            raise
        if follower.status in BUSY:
            follower.close()
            raise Upset
        return follower.accepted()

    def read(self, collection, follower):
        before = collection.cuts
        try:
            collection.read(follower, self.random.choice((1, 300, 1500, 4000)) +
                            self.random.randrange(1000))
        except (OSError, http.client.HTTPException):
            pass
        self.loop.cut(collection.cuts - before)


class Loop:
    def __init__(self, stack, faults=FAULTS, enough=CUTS):
        self.stack = stack
        self.random = random.Random(SEED)
        self.chaos = Chaos(stack)  # it knows how to kill
        self.faults = faults
        self.enough = enough  # cuts
        self.counts = dict.fromkeys(faults, 0)
        self.cuts = 0
        self.lock = threading.Lock()
        self.known = {}  # id: (collection, text)
        self.cancelled = set()
        self.calm = threading.Event()
        self.failed = threading.Event()

    def script(self, model, chance):
        """Whatever attempt it is, the answer is the same."""
        deltas = [f"{model}-{turn} \"é\\\" {chance.getrandbits(64):x}\n" for turn in range(30)]
        steps = []
        for event in message_stream(deltas):
            steps.append(event)
            if event["type"].endswith("text.delta") and chance.random() < 0.3:
                steps.append(Sleep(chance.choice((20, 50, 150))))
        self.stack.upstream.script(model, steps)
        return "".join(deltas)

    def cut(self, count):
        with self.lock:
            self.cuts += count

    def is_over(self):
        enough = (self.cuts >= self.enough and all(self.counts.values()) and
                  sum(self.counts.values()) >= self.enough // 10)
        return enough or self.failed.is_set() or self.calm.is_set()

    # Faults.

    def fault(self, name):
        getattr(self if hasattr(self, name) else self.chaos, name)()

    def kill_one(self, role):
        pids = [pid for pid in children_of(self.stack.responder.pid)
                if title_of(pid).endswith(": relay") == (role == "relay")]
        if pids:
            os.kill(self.random.choice(pids), signal.SIGKILL)

    def kill_relay(self):
        self.kill_one("relay")

    def kill_responder_child(self):
        self.kill_one("responder")

    def kill_responder(self):
        self.stack.kill_program(self.stack.responder)
        self.stack.start_responder()

    def kill_redis(self):
        self.stack.kill_redis()
        self.stack.start_redis()

    def fail_over(self):
        """As is planned: one that comes unforeseen may lose what readers have seen."""
        servers = self.stack.servers
        servers.hand_over(self.random.choice(servers.masters()))

    def break_subscriptions(self):
        self.stack.redis.client_kill_filter(_type="pubsub")

    def kill_all_the_time(self):
        """Each kind in turn at first, so that none is left out."""
        first = list(self.faults)
        self.random.shuffle(first)
        while not self.is_over():
            fault = first.pop() if first else self.random.choices(
                list(self.faults), self.faults.values())[0]
            self.fault(fault)
            self.counts[fault] += 1
            self.failed.wait(self.random.uniform(0.1, 0.9))
            self.chaos.thaw()
        self.chaos.thaw(everything=True)
        self.calm.set()

    # The end.

    def assert_whole(self, response_id):
        """Returns how often it was restarted, as its stream tells."""
        collection, text = self.known[response_id]
        data = data_of(collection.events)
        assert problems(data, restarted=True) == [], response_id
        final = data[-1]["response"]
        self.assert_text(final, text)
        assert accumulate(data, restarted=True) == final
        reply = self.stack.client.get_response(response_id)
        assert reply.json() == final
        assert collection.events[-1].object_text() == reply.body.replace(b"\n", b" ")
        self.assert_texts_of_items(data, text)
        again = events_after(self.stack.client, response_id)
        assert [event.text for event in again] == [event.text for event in collection.events]
        for key in (response_key(response_id), job_key(response_id), events_key(response_id)):
            assert self.stack.redis.pttl(key) > 0
        added = sum(event["type"] == "response.output_item.added" for event in data)
        return added - len(final["output"])

    def assert_text(self, final, text):
        if final["status"] == "cancelled":
            assert final["id"] in self.cancelled
            assert text.startswith(output_text(final))
        else:
            assert (final["status"], output_text(final)) == ("completed", text), final

    def assert_texts_of_items(self, data, text):
        """The items of attempts that were given up have the beginning."""
        for event in data:
            if event["type"] == "response.output_item.done":
                said = "".join(part["text"] for part in event["item"]["content"])
                assert text.startswith(said), event


@pytest.mark.slowish
def test_readers_that_are_cut_while_everything_is_killed_get_each_answer_whole():
    loop = Loop(FaultyStack(CONFIG, aof=True, children=3, workers=2))
    assert_all_get_each_answer_whole(loop)


@pytest.mark.slowish
@pytest.mark.parametrize("kind, patience", [
    pytest.param(Sentinels, {"down_after": HUNG_MS}, id="Sentinels"),
    pytest.param(Cluster, {"node_timeout": HUNG_MS}, id="Cluster")])
def test_readers_get_each_answer_whole_while_masters_hand_over_too(directory, kind, patience):
    servers = kind(directory, **patience)
    try:
        stack = FaultyStack(CONFIG, children=3, workers=2, servers=servers)
        assert_all_get_each_answer_whole(Loop(stack, FAULTS_OF_MANY, CUTS // 3))
    finally:
        servers.close()


def assert_all_get_each_answer_whole(loop):
    stack = loop.stack
    readers = [Reader(loop, number) for number in range(READERS)]
    try:
        begun = time.monotonic()
        for reader in readers:
            reader.start()
        loop.kill_all_the_time()
        for reader in readers:
            reader.join(PATIENCE + 20)
        faults = [reader.fault for reader in readers if reader.fault]
        if faults:
            raise faults[0]
        assert not any(reader.is_alive() for reader in readers)
        whole = [collection for collection, _ in loop.known.values()]
        assert all(collection.is_whole for collection in whole)
        restarts = sum(loop.assert_whole(response_id) for response_id in loop.known)
        print(f"seed {SEED}: {loop.cuts} cuts in {sum(c.connections for c in whole)} connections, "
              f"{loop.counts}; all {len(whole)} answers whole, {restarts} restarts that show, "
              f"{len(loop.cancelled)} to be cancelled, "
              f"{len(stack.upstream.exchanges)} requests to the provider, "
              f"{time.monotonic() - begun:.1f} s")
        stack.assert_nothing_is_left(30)
        loop.chaos.assert_no_crash()
    finally:
        loop.failed.set()
        loop.chaos.thaw(everything=True)
        stack.close()
