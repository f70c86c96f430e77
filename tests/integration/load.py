"""Clients that create, poll, follow, cancel and delete all at once, and check all that they get.

An answer may say that the store is not there now, as a 503 with Retry-After. Any other error is a
fault, and so is whatever does not fit to what was seen before.
"""

import http.client
import itertools
import random
import threading
import time

from events import message_stream
from following import Collection, StreamBroken
from harness import TERMINAL, output_text, strict_json, wait_until
from store_stack import is_unavailable
from stream_rules import accumulate, problems
from upstream import Sleep

RANK = {"queued": 0, "in_progress": 1} | dict.fromkeys(TERMINAL, 2)
PATIENCE = 40  # s until a response has to have ended when nothing breaks any more
numbers = itertools.count(1)  # no two of one process ask for the same models


class Known:
    """A response that a client has the id of."""

    def __init__(self, model, text, streamed):
        self.model = model
        self.text = text
        self.streamed = streamed
        self.id = None
        self.final = None  # the bytes of its last state
        self.may_be_cancelled = False
        self.may_be_deleted = False
        self.deleted = False
        self.collection = None  # what a follower has of it

    def __repr__(self):
        return f"<{self.model} {self.id}>"


class Load:
    """
    Keeps so many responses running, of which every other one is followed. Up to `deltas` pieces of
    text come for each, with a pause of up to `pause_ms` behind each. With endings, some of them are
    cancelled, and some deleted when they have ended. With may_lose, Redis may go back to an earlier
    state: then what was seen counts no more, and streams need not fit to it, but all has to come to
    its end.
    """

    def __init__(self, stack, streams=20, pollers=2, deltas=40, pause_ms=120, endings=False,
                 may_lose=False, seed=7):
        self.stack = stack
        self.client = stack.client
        self.streams = streams
        self.deltas = deltas
        self.pause_ms = pause_ms
        self.may_lose = may_lose
        self.random = random.Random(seed)
        self.number = next(numbers)
        self.lock = threading.Lock()
        self.known = []
        self.counts = dict.fromkeys(
            ("created", "reads", "unavailable", "breaks", "shrunk", "cancels", "deletes"), 0)
        self.longest = (0, None)  # s that an answer took, and to what
        self.created_at = []  # time.monotonic() of each create that was acknowledged
        self.faults = []
        self.may_create = threading.Event()
        self.may_create.set()
        self.creating = threading.Lock()  # held while a create is under way
        self.over = threading.Event()
        jobs = [self.create_all, *[self.poll_all] * pollers, *([self.end_some] if endings else [])]
        self.threads = [self.thread(job) for job in jobs]
        self.followers = []

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.over.set()
        for thread in [*self.threads, *self.followers]:
            thread.join(PATIENCE)

    def thread(self, job, *arguments):
        return threading.Thread(target=self.guarded, args=(job, *arguments), daemon=True)

    def guarded(self, job, *arguments):
        try:
            job(*arguments)
        except BaseException as fault:
            self.faults.append(fault)
            self.over.set()

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    def running(self):
        with self.lock:
            return [one for one in self.known if one.final is None and not one.may_be_deleted]

    def asked(self, ask, *arguments):
        """The reply to a request, or None if that could not be served now."""
        begun = time.monotonic()
        reply = ask(*arguments)
        taken = time.monotonic() - begun
        self.longest = max(self.longest, (taken, f"{ask.__name__} {reply.status}"))
        if is_unavailable(reply):
            self.count("unavailable")
            return None
        return reply

    # Those who create.

    def create_all(self):
        number = 0
        while not self.over.is_set():
            self.may_create.wait(0.1)
            with self.creating:
                if self.may_create.is_set() and len(self.running()) < self.streams:
                    self.create(number, streamed=number % 2 == 1)
                    number += 1
                    continue
            time.sleep(0.01)

    def create(self, number, streamed):
        one = self.script(f"m{self.number}-{number}", streamed)
        body = {"model": one.model, "input": "x", "background": True}
        if streamed:
            self.create_followed(one, {**body, "stream": True})
            return
        reply = self.asked(self.client.post_create, body)
        if reply:
            assert reply.status == 200, reply
            one.id = reply.json()["id"]
            self.add(one)

    def script(self, model, streamed):
        deltas = [f"{model}-{turn} \"é\\\" {self.random.getrandbits(64):x}\n"
                  for turn in range(self.random.randint(self.deltas // 2, self.deltas))]
        steps = []
        for event in message_stream(deltas):
            steps.append(event)
            if event["type"].endswith("text.delta"):
                steps.append(Sleep(self.random.randint(0, self.pause_ms)))
        self.stack.upstream.script(model, steps)
        return Known(model, "".join(deltas), streamed)

    def add(self, one):
        with self.lock:
            self.known.append(one)
            self.counts["created"] += 1
            self.created_at.append(time.monotonic())

    # Those who follow.

    def create_followed(self, one, body):
        collection = Collection(self.client)
        try:
            follower = collection.create(body)
        except AssertionError as error:
            reply = error.args[0] if error.args else None
            if getattr(reply, "status", None) != 503:
                raise
            assert is_unavailable(reply)
            self.count("unavailable")
            return
        one.id = collection.id
        one.collection = collection
        self.add(one)
        thread = self.thread(self.follow, one, follower)
        self.followers.append(thread)
        thread.start()

    def follow(self, one, follower):
        """To its end, with as many connections as that takes."""
        collection = one.collection
        deadline = None
        while True:
            self.read(collection, follower)
            if collection.is_whole or one.may_be_deleted:
                return
            self.count("breaks")
            follower = None
            while follower is None:
                if self.over.is_set():
                    deadline = deadline or time.monotonic() + PATIENCE
                    if self.faults or time.monotonic() > deadline:
                        raise AssertionError(f"the stream of {one} never ends")
                follower = self.take_up(one)
                if one.deleted or one.may_be_deleted:
                    return

    def read(self, collection, follower):
        try:
            collection.read(follower)
        except (ConnectionError, http.client.HTTPException):
            pass
        except StreamBroken as broken:
            if not str(broken).startswith("it ended within"):
                raise

    def take_up(self, one):
        follower = one.collection.follow()
        if follower.status == 200:
            return follower.accepted()
        try:
            reply = follower.reply()
            if one.may_be_deleted and reply.status == 404:
                return None
            assert is_unavailable(reply), f"{one}: {reply}"
            self.count("unavailable")
        finally:
            follower.close()
        time.sleep(0.05)
        return None

    # Those who poll.

    def poll_all(self):
        chance = random.Random(self.random.random())
        seen = {}  # id: the rank of its status and the length of its text, as this client saw last
        while not self.over.is_set():
            with self.lock:
                running = [one for one in self.known if one.final is None]
                chosen = chance.choice(running or self.known or [None])
                if self.known and chance.random() < 0.1:
                    chosen = chance.choice(self.known)
            if chosen:
                self.poll(chosen, seen)
            time.sleep(0.002)

    def poll(self, one, seen):
        deleted, final = one.deleted, one.final  # before the question
        reply = self.asked(self.client.get_response, one.id)
        if reply is None:
            return
        self.count("reads")
        if reply.status == 404:
            assert one.may_be_deleted, f"{one} is lost: {reply}"
            return
        assert reply.status == 200, f"{one}: {reply}"
        assert not deleted, f"{one} is back: {reply}"
        object = strict_json(reply.body)
        assert object["id"] == one.id
        self.check_text(one, object)
        self.check_order(one, object, seen, reply.body, final)

    def check_text(self, one, object):
        text = output_text(object)
        assert one.text.startswith(text), f"{one}: {object}"
        if object["status"] == "cancelled":
            assert one.may_be_cancelled, f"{one}: {object}"
        elif object["status"] in TERMINAL:
            assert (object["status"], text) == ("completed", one.text), f"{one}: {object}"

    def check_order(self, one, object, seen, body, final):
        """A last state is the last; what a client sees is not older than what it saw before."""
        if self.may_lose and final is not None and body != final:
            one.final = None
            self.count("shrunk")
        elif final is not None:
            assert body == final, f"{one} has changed: {final} was it, {body} is it now"
        elif object["status"] in TERMINAL:
            with self.lock:
                one.final = one.final or body
            assert body == one.final, f"{one} has two ends: {one.final}, {body}"
        now = RANK[object["status"]], len(output_text(object))
        if now < seen.get(one.id, (0, 0)):
            self.count("shrunk")
        seen[one.id] = now

    # Those who cancel and delete.

    def end_some(self):
        chance = random.Random(self.random.random())
        while not self.over.wait(0.1):
            with self.lock:
                running = [one for one in self.known if one.final is None]
                ended = [one for one in self.known if one.final and not one.may_be_deleted and (
                    not one.collection or one.collection.is_whole)]
            if running and chance.random() < 0.3:
                self.cancel(chance.choice(running))
            if ended and chance.random() < 0.3:
                self.delete(chance.choice(ended))

    def cancel(self, one):
        one.may_be_cancelled = True
        reply = self.asked(self.client.cancel, one.id)
        if reply:
            assert reply.status == 200, f"{one}: {reply}"
            assert reply.json()["status"] in TERMINAL, f"{one}: {reply}"
            self.count("cancels")

    def delete(self, one):
        one.may_be_deleted = True
        reply = self.asked(self.client.delete, one.id)
        if reply:
            assert reply.status == 200, f"{one}: {reply}"
            one.deleted = True
            self.count("deletes")

    # For tests.

    def check(self):
        """Raises what has gone wrong so far."""
        if self.faults:
            raise self.faults[0]

    def for_seconds(self, seconds):
        self.over.wait(seconds)
        self.check()

    def await_running(self):
        """Until as many responses run as are to, most of them with some text."""
        wait_until(lambda: self.faults or len(self.running()) >= self.streams, 20,
                   "enough streams to run")
        self.for_seconds(0.5)

    def await_unavailable(self):
        """Until one more request could not be served."""
        before = self.counts["unavailable"]
        wait_until(lambda: self.faults or self.counts["unavailable"] > before, 20,
                   "a request that cannot be served")
        self.check()

    def hold_creates(self):
        """When this returns, nothing is being created."""
        self.may_create.clear()
        with self.creating:
            pass

    def go_on_creating(self):
        """At once, although as many run as are to."""
        self.streams += 1
        self.may_create.set()

    def await_create(self, since, timeout):
        """Seconds from then on until a create was acknowledged."""
        def seen():
            self.check()
            with self.lock:
                return [when for when in self.created_at if when > since]

        return wait_until(seen, timeout, "a response to be created")[0] - since

    def finish(self):
        """Creates no more; all that is known has to end, whole to the byte."""
        self.hold_creates()
        self.check()
        if self.may_lose:  # what had ended may run again
            for one in list(self.known):
                self.poll(one, {})
        deadline = time.monotonic() + PATIENCE
        while self.running():
            self.check()
            assert time.monotonic() < deadline, f"never ended: {self.unended()}"
            time.sleep(0.05)
        for thread in self.followers:
            thread.join(max(0.1, deadline - time.monotonic()))
        self.__exit__()
        self.check()
        for one in self.known:
            self.assert_whole(one)

    def unended(self):
        return {one: self.client.get_response(one.id) for one in self.running()[:3]}

    def assert_whole(self, one):
        if one.may_be_deleted:
            return
        self.poll(one, {})
        assert one.final is not None, f"{one} has not ended"
        if one.collection:
            assert one.collection.is_whole, f"the stream of {one} has not ended"
            data = one.collection.data()
            self.check_text(one, data[-1]["response"])
            if not self.may_lose:
                assert problems(data, restarted=True) == [], one
                assert accumulate(data, restarted=True) == strict_json(one.final), one

    def begun_again(self):
        """How many jobs were begun more than once."""
        return sum(len(self.stack.upstream.requests(one.model)) > 1 for one in self.known)

    def figures(self):
        return (", ".join(f"{name} {number}" for name, number in self.counts.items()) +
                f", begun again {self.begun_again()}, longest answer {self.longest[0]:.2f} s "
                f"({self.longest[1]})")
