"""The clients of a soak: each has one response, or a second that continues it, and checks all."""

import http.client
import json
import random
import threading
import time
from collections import Counter

from following import Collection, Follower, StreamBroken
from harness import TERMINAL, Reply, UnixConnection, output_text, strict_json
from sharing import KEYS
from soak_provider import Plan
from stream_rules import accumulate, events_of, problems

PATIENCE = 150  # s until a response has to have ended
MOST_AT_ONCE = 120  # clients
BEHIND = ("responder", "relay")  # a web server
PASSING = (*BEHIND, "provider")
MISSING = {"store_unavailable": ("redis",), "relay_unavailable": ("relay",)}
GATEWAY = (500, 502, 503, 504)  # a web server's, when what is behind it has gone
# Who comes how often.
KINDS = {"polled": 5, "streamed": 5, "whole": 3, "passed": 3}
DIALECTS = {"responses": 4, "chat": 3, "messages": 3, "limited": 1}
TENANTS = {"alice": 4, "bob": 3, "carol": 2}


class Wrong(AssertionError):
    """Something that must not be."""


class Away(Exception):
    """What was asked for could not be served, and might not have been: something was away."""


class Refused(Exception):
    """A limit of the tenant."""


def weighted(chance, weights):
    return chance.choices(list(weights), weights.values())[0]


class Clients:
    def __init__(self, stack, seed, rate, wrong):
        self.stack = stack
        self.seed = seed
        self.rate = rate  # new responses in a second
        self.wrong = wrong
        self.windows = None
        self.lock = threading.Lock()
        self.counts = Counter()
        self.begun = {kind: Counter() for kind in KINDS}  # by dialect
        self.refused = Counter()  # by why
        self.active = 0
        self.number = 0
        self.breaks = 0
        self.expiring = []  # (when it has to be gone, client, id)

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    def break_connections(self):
        """All that read streams now leave, at the next byte, but for those that are lucky."""
        self.breaks += 1

    def run(self, over):
        """Steadily, whatever becomes of those that were begun."""
        due = time.monotonic()
        while not over.wait(max(0, due - time.monotonic())):
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            if self.active < MOST_AT_ONCE:
                self.begin()
            else:
                self.count("held back")

    def begin(self):
        with self.lock:
            self.number += 1
            self.active += 1
            number = self.number
        threading.Thread(target=self.guarded, args=(number,), daemon=True).start()

    def guarded(self, number):
        try:
            self.one(number)
        except BaseException as error:
            self.wrong(f"client {number}: {error!r}")
        finally:
            with self.lock:
                self.active -= 1

    def one(self, number):
        chance = random.Random(f"{self.seed}-{number}")
        kind, dialect = weighted(chance, KINDS), weighted(chance, DIALECTS)
        if kind in ("whole", "passed") and dialect == "limited":
            dialect = "responses"
        with self.lock:
            self.begun[kind][dialect] += 1
        actor = ACTORS[kind](self, chance, number, dialect)
        try:
            actor.run()
        except Refused as refusal:
            with self.lock:
                self.refused[str(refusal)] += 1
        except Away:
            self.count("given up")
        finally:
            self.stack.plans.remove(actor.plan)

    def check_expired(self, over):
        """What was kept for its time is gone then, and not before."""
        while not over.wait(1):
            with self.lock:
                due = [one for one in self.expiring if one[0] <= time.monotonic()]
                self.expiring = [one for one in self.expiring if one not in due]
            for _, actor in due:
                try:
                    reply = actor.ask(actor.client.get_response, actor.id)
                except Away:
                    continue
                if reply.status != 404:
                    self.wrong(f"{actor.id} should have expired: {reply}")
                self.count("expired")


class Actor:
    """One client with what it knows of its response."""

    def __init__(self, clients, chance, number, dialect):
        self.clients = clients
        self.stack = clients.stack
        self.random = chance
        self.dialect = dialect
        self.tenant = weighted(chance, TENANTS)
        self.client = clients.stack.client.with_key(KEYS[self.tenant])
        self.id = None
        self.plan = self.make_plan(number)
        self.stack.plans.add(self.plan)

    def make_plan(self, number):
        return Plan(number, self.random, self.failures(), refused=self.random.random() < 0.03)

    def failures(self):
        """How the provider fails at first."""
        kinds = [429] if self.dialect == "limited" else [500, 503, "cut", "hang"]
        return [self.random.choice(kinds)] * (self.random.random() < 0.2)

    @property
    def model(self):
        return f"{self.dialect}-soak-{self.plan.number}"

    def fault(self, text):
        return Wrong(f"{self.model} of {self.tenant}, {self.id}: {text}")

    def expect(self, holds, text):
        if not holds:
            raise self.fault(text)

    def was_away(self, kinds, begun):
        """A stall may be known a little later than what comes of it."""
        ended = time.monotonic()
        if self.clients.windows.cover(kinds, begun, ended):
            return True
        time.sleep(3)
        return self.clients.windows.cover(kinds, begun, ended)

    def away(self, kinds, begun, what):
        """Raises Away if that can be as one of these is away, else Wrong."""
        self.expect(self.was_away(kinds, begun), f"while all was there: {what}")
        self.clients.count("away")
        raise Away

    def ask(self, request, *arguments, **options):
        """The reply of a responder."""
        begun = time.monotonic()
        try:
            reply = request(*arguments, **options)
        except (OSError, http.client.HTTPException) as error:
            return self.away(("responder",), begun, f"{error!r}")
        self.clients.count("answers")
        if reply.status == 429:
            self.refuse(reply)
        self.sort_out(reply, begun)
        return reply

    def sort_out(self, reply, begun):
        """Raises Away if it says that something is not there, else Wrong if it should be."""
        if reply.status not in GATEWAY:
            return
        if not reply.headers.get("content-type", "").startswith("application/json"):
            self.away(BEHIND, begun, reply)
        code = reply.error()["code"]
        if code in MISSING:
            self.expect(int(reply.headers["Retry-After"]) >= 1, f"no Retry-After: {reply}")
            self.away(MISSING[code], begun, reply)

    def refuse(self, reply):
        error = reply.error()
        self.expect(error["code"] == "rate_limit_exceeded" and self.tenant in ("alice", "carol")
                    and int(reply.headers["Retry-After"]) >= 1, f"is refused: {reply}")
        raise Refused(self.tenant)

    def check_text(self, object):
        """Whatever attempt it is from, it is the beginning of what the provider says."""
        text = output_text(object)
        self.expect(self.plan.text.startswith(text), f"has another text: {object}")


class InBackground(Actor):
    streamed = False
    is_cancelled = False

    def run(self):
        self.begin(None)
        final = self.to_the_end()
        if final:
            self.check_final(final)
            self.leave(final)

    def body(self, previous):
        fields = {"previous_response_id": previous} if previous else {}
        tier = self.random.choice((None, None, "flex", "priority"))
        if tier:
            fields["service_tier"] = tier
        return {"model": self.model, "input": f"What of {self.plan.number}?", "background": True,
                **fields, **({"stream": True} if self.streamed else {})}

    def check_initial(self, object):
        self.expect(object["status"] in ("queued", "in_progress", *TERMINAL), f"begins as {object}")

    def read(self):
        """The reply to a poll, of a response that is there."""
        reply = self.ask(self.client.get_response, self.id)
        self.expect(reply.status == 200, f"is lost: {reply}")
        self.expect(reply.json()["id"] == self.id, f"has become another: {reply}")
        return reply

    def read_surely(self):
        """Comes again while something is away."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.read()
            except Away:
                self.expect(time.monotonic() < deadline, "can never be read")
                time.sleep(0.3)

    def cancel(self):
        self.is_cancelled = True
        try:
            reply = self.ask(self.client.cancel, self.id)
        except Away:
            return
        self.expect(reply.status == 200 and reply.json()["status"] in TERMINAL,
                    f"is not cancelled: {reply}")
        self.clients.count("cancels")

    def check_final(self, reply):
        object = strict_json(reply.body)
        status, text = object["status"], output_text(object)
        self.check_text(object)
        if status == "cancelled":
            self.expect(self.is_cancelled, f"was cancelled by nobody: {object}")
        elif self.plan.refused:
            self.expect((status, text) == ("failed", ""), f"did not fail: {object}")
            self.expect(object["error"]["code"] == "soak_refused", f"has another error: {object}")
        elif status == "failed" and "hang" in self.plan.failures:
            self.expect(object["error"]["code"] == "upstream_timeout", f"has no time-out: {object}")
        else:
            self.expect((status, text) == ("completed", self.plan.text), f"is not whole: {object}")
            self.expect(len(object["output"]) == 1, f"has several items: {object}")
        self.stack.ledger.expect(self.id, f"response.{status}")
        self.clients.count("ended")
        self.clients.count(status)
        again = self.read_surely()
        self.expect(again.body == reply.body, f"has changed: {reply}, {again}")

    def leave(self, final):
        what = self.random.random()
        if what < 0.1:
            self.delete()
        elif what < 0.25 and final.json()["status"] == "completed" and not self.plan.expects:
            self.go_on()
        elif what < 0.5:
            with self.clients.lock:
                self.clients.expiring.append(
                    (time.monotonic() + self.stack.ttl + 2, self))

    def delete(self):
        self.stack.ledger.forget(self.id)
        try:
            reply = self.ask(self.client.delete, self.id)
            self.expect(reply.status in (200, 404), f"is not deleted: {reply}")
            reply = self.ask(self.client.get_response, self.id)
        except Away:
            return
        self.expect(reply.status == 404, f"is there again: {reply}")
        self.clients.count("deletes")

    def go_on(self):
        """One that continues this one: its provider has to be told what was said."""
        previous = self.id
        self.stack.plans.remove(self.plan)
        first = json.dumps(self.plan.text, ensure_ascii=False)[1:-1]
        plan = Plan(f"{self.plan.number}-more", self.random, self.failures())
        plan.expects = first
        self.plan = plan
        self.stack.plans.add(plan)
        self.is_cancelled = False
        self.id = None
        self.begin(previous)
        self.clients.count("continued")
        final = self.to_the_end()
        if final:
            self.check_final(final)


class Polled(InBackground):
    def begin(self, previous):
        body = self.body(previous)
        key = f"key {self.plan.number}" if self.random.random() < 0.4 else None
        headers = {"Idempotency-Key": key} if key else None
        reply = self.created(body, headers)
        self.id = reply.json()["id"]
        self.check_initial(reply.json())
        if key and self.random.random() < 0.5:
            again = self.created(body, headers)
            self.expect(again.json()["id"] == self.id, f"was created twice: {again}")
            self.clients.count("sent again")

    def created(self, body, headers):
        """With a key it is asked until there is an answer; else it is given up."""
        deadline = time.monotonic() + 40
        while True:
            try:
                reply = self.ask(self.client.post_create, body, headers=headers)
                break
            except Away:
                if not headers or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        self.expect(reply.status == 200, f"is not created: {reply}")
        self.clients.count("created")
        return reply

    def to_the_end(self):
        """The reply with it, or None if it was deleted before."""
        deadline = time.monotonic() + PATIENCE
        cancels, deletes = self.random.random() < 0.08, self.random.random() < 0.04
        while True:
            try:
                reply = self.read()
                object = reply.json()
                if object["status"] in TERMINAL:
                    return reply
                self.check_text(object)
                if cancels and object["status"] == "in_progress" and not self.is_cancelled:
                    self.cancel()
                elif deletes and object["status"] == "in_progress":
                    self.delete()
                    return None
            except Away:
                pass
            if time.monotonic() > deadline:
                raise self.fault(f"never ends: {self.stack.job(self.id)}")
            time.sleep(self.random.uniform(0.3, 0.8))


class Streamed(InBackground):
    streamed = True

    def begin(self, previous):
        self.collection = Collection(self.client)
        begun = time.monotonic()
        follower = self.connect(lambda: Follower(self.client, body=self.body(previous)), begun)
        try:
            event = follower.next()
        except (OSError, http.client.HTTPException) as error:
            follower.close()
            self.away(BEHIND, begun, f"{error!r}")
        if event is None:
            follower.close()
            self.away(BEHIND, begun, "nothing came")
        self.expect(event.type == "response.created", f"begins with {event}")
        self.collection.take(event)
        self.id = self.collection.id = event.data["response"]["id"]
        self.check_initial(event.data["response"])
        self.follower = follower
        self.clients.count("created")

    def connect(self, make, begun):
        try:
            follower = make()
        except (OSError, http.client.HTTPException) as error:
            return self.away(BEHIND, begun, f"{error!r}")
        if follower.status != 200:
            try:
                reply = follower.reply()
            except (OSError, http.client.HTTPException) as error:
                return self.away(BEHIND, begun, f"{error!r}")
            finally:
                follower.close()
            if reply.status == 429:
                self.refuse(reply)
            self.sort_out(reply, begun)
            raise self.fault(f"its stream is refused: {reply}")
        self.clients.count("streams")
        return follower.accepted()

    def to_the_end(self):
        collection, follower = self.collection, self.follower
        deadline = time.monotonic() + PATIENCE
        cancels = self.random.random() < 0.08
        while True:
            if follower:
                self.take(follower)
            if collection.is_whole:
                break
            if cancels and not self.is_cancelled:
                self.cancel()
            if time.monotonic() > deadline:
                raise self.fault(f"never ends: {self.stack.job(self.id)}")
            follower = self.again()
        return self.checked_stream()

    def again(self):
        """One more connection, that begins a little before where it was at times."""
        time.sleep(self.random.choice((0, 0.05, 0.5)))
        back = self.random.choice((0, 0, 3))
        try:
            return self.connect(lambda: self.collection.follow(back), time.monotonic())
        except Away:
            time.sleep(0.3)
            return None

    def take(self, follower):
        """Until it ends, or is cut off: here by chance, when connections break, or by a fault."""
        begun = time.monotonic()
        most = self.random.choice((None, None, 600, 3000, 10000))
        breaks, lucky = self.clients.breaks, self.random.random() < 0.3
        collection = self.collection
        try:
            self.clients.count("taken up")
            collection.take_waiting(follower)  # what came with its first event
            while follower.fill():
                collection.take_waiting(follower)
                if (most and follower.received > most) or (
                        breaks != self.clients.breaks and not lucky):
                    self.clients.count("cuts")
                    return
        except StreamBroken as broken:
            if "it ended within" not in str(broken):
                raise
        except TimeoutError as error:
            raise self.fault(f"nothing comes: {error!r}") from None
        except (OSError, http.client.HTTPException):
            pass
        finally:
            follower.close()
        if not collection.is_whole:
            self.expect(self.was_away(BEHIND, begun),
                        f"its stream broke off while all was there: {follower.broken!r}")

    def checked_stream(self):
        data = self.collection.data()
        wrong = problems(data, restarted=True)
        self.expect(wrong == [], f"the stream is none: {wrong}")
        final = data[-1]["response"]
        self.expect(accumulate(data, restarted=True) == final, "its events add up to another end")
        reply = self.read_surely()
        self.expect(reply.json() == final, f"a poll has another end: {reply}, {final}")
        self.expect(
            self.collection.events[-1].object_text() == reply.body.replace(b"\n", b" "),
            "a poll has other bytes")
        self.clients.count("events", len(data))
        return reply


class Passed(Actor):
    """A stream that is passed through: it is as the provider sent it, as far as it comes."""

    is_stream = True

    def failures(self):
        kinds = [500, 503, "cut", "hang"]
        return [self.random.choice(kinds)] * (self.random.random() < 0.15)

    def run(self):
        begun = time.monotonic()
        reply, came = self.receive(begun)
        if reply.status == 429:
            self.refuse(reply)
        if self.plan.refused:
            self.expect(reply.status == 400 and reply.error()["code"] == "soak_refused",
                        f"is not refused: {reply}")
        elif reply.status == 200:
            self.check(reply, came, begun)
        else:
            self.sort_out(reply, begun)
            self.must_have_broken(begun, reply)
        self.clients.count("passed through")

    def receive(self, begun):
        """What comes, and how that ends: "whole", "broken", or "left", if the client has gone."""
        connection = UnixConnection(self.client.address, 60)
        most = self.random.choice((None, None, None, 500, 3000))
        breaks, received, answer = self.clients.breaks, b"", None
        try:
            connection.request("POST", "/v1/responses", json.dumps({
                "model": self.model, "input": "What?", "stream": self.is_stream}).encode(), {
                "Authorization": f"Bearer {self.client.key}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            came = "whole"
            while piece := answer.read1(65536):
                received += piece
                if self.is_stream and answer.status == 200 and (
                        most and len(received) > most or breaks != self.clients.breaks):
                    self.clients.count("cuts")
                    came = "left"
                    break
        except (OSError, http.client.HTTPException) as error:
            if answer is None:
                self.away(PASSING, begun, f"{error!r}")
            came = "broken"
        finally:
            if answer:
                answer.close()
            connection.close()
        self.clients.count("answers")
        return Reply(answer.status, answer.headers, received), came

    def must_have_broken(self, begun, what):
        if self.plan.breaks:
            self.clients.count("broken by the provider")
        else:
            self.away(PASSING, begun, what)

    def check(self, reply, came, begun):
        if self.dialect == "responses":
            is_whole = self.check_bytes(reply)
        else:
            is_whole = self.check_events(reply, came)
        if not is_whole and came != "left":
            self.must_have_broken(begun, (came, reply.body[-300:]))
        if is_whole:
            self.expect(came != "broken", "breaks off behind its end")
            self.clients.count("passed whole")

    def check_bytes(self, reply):
        """Whether all is there. An error that respool has put at its end is no part of it."""
        expected = self.plan.stream()
        own = reply.body.rfind(b"event: error\n")
        said = reply.body if own < 0 else reply.body[:own]
        self.expect(expected.startswith(said), f"is not what the provider said: {said!r}")
        return said == expected

    def check_events(self, reply, came):
        blocks = reply.body.rpartition(b"\n\n")[0]
        data = [event for event in events_of(blocks) if event["type"] != "error"]
        text = "".join(one["delta"] for one in data if one["type"] == "response.output_text.delta")
        self.expect(self.plan.text.startswith(text), f"has another text: {text!r}")
        if not data or data[-1]["type"] != "response.completed":
            return False
        wrong = problems(data)
        self.expect(wrong == [], f"the stream is none: {wrong}")
        self.expect(text == self.plan.text == output_text(accumulate(data)),
                    f"lacks text: {text!r}")
        return True


class Whole(Passed):
    """An answer that is passed through when it is complete."""

    is_stream = False

    def check(self, reply, came, begun):
        if came == "broken":
            self.must_have_broken(begun, reply)
            return
        object = reply.json()
        if self.dialect == "responses":
            self.expect(reply.body == self.plan.body(), f"is not what the provider said: {reply}")
        elif object["status"] == "failed":
            self.check_text(object)
            self.must_have_broken(begun, reply)
            return
        self.expect((object["status"], output_text(object)) == ("completed", self.plan.text),
                    f"is not whole: {object}")
        self.clients.count("passed whole")


ACTORS = {"polled": Polled, "streamed": Streamed, "whole": Whole, "passed": Passed}
