"""Webhooks, as the state machine's test plays them: who is told of ends, and workers that tell.

Webhooks says what the scripts must have kept of deliveries and endpoints after the steps so far;
what is stored is compared with it after each. Its clock is its own, and moves by steps of its own.
"""

import hashlib
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field

NAMES = ("webhooks", "webhooks_about", "webhooks_dead", "webhooks_endpoints")
DELIVERIES = "respool_webhook_deliveries_total"
EVENTS = ("completed", "failed", "incomplete", "cancelled")
ENDPOINTS = ("a", "a-b", "a.b", "b")  # one's name begins as another's
WEBHOOKS_EVERY = 12  # sequences
DELIVERY_LEASE_MS = 25_000
REST_MS = 300_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
MOST = 5  # deliveries that wait, or are dead
PIECE = 5  # that one claim touches
OFF = "the endpoint is off: it has answered 410"
STRANGE = "no endpoint of that name is configured"
TOO_MANY = "too many deliveries wait"


def has_webhooks(sequence):
    return sequence % WEBHOOKS_EVERY == 0


def with_few_deliveries(text):
    """A script with bounds of deliveries that are reached."""
    text = text.replace("local MOST_DELIVERIES = 100000", f"local MOST_DELIVERIES = {MOST}")
    return text.replace("local PIECE = 50", f"local PIECE = {PIECE}")


def with_moved_clock(text):
    """A script whose time (ms) is one more argument, the last."""
    text, count = re.subn(r"(redis\.)?call\('TIME'\)", "{math.floor(ARGV[#ARGV] / 1000), "
                          "ARGV[#ARGV] % 1000 * 1000}", text)
    assert count == 1
    return text


def delivery_id(response_id, endpoint):
    return "wh_" + hashlib.sha1(f"{response_id}\n{endpoint}".encode()).hexdigest()[:32]


@dataclass
class Endpoint:
    name: str
    events: tuple
    tenants: tuple  # None: all
    most: int
    digest: str

    def line(self):
        """As drop is told of it."""
        tenants = "*" if self.tenants is None else "\x1f" + "".join(
            tenant + "\x1f" for tenant in self.tenants)
        return f"{self.name} ,{','.join(self.events)}, {tenants}\n"

    def wants(self, how, tenant, named):
        return how in self.events and (
            named == self.name or self.tenants is None or tenant in self.tenants)


@dataclass
class Delivery:
    endpoint: str
    response: str
    how: str
    ended: int
    gone: int
    due: int
    tries: int = 0
    claims: int = 0
    tried: int = 0
    why: str = ""
    is_new: bool = False  # its times are those of the server, and yet to be learnt

    def line(self):
        return " ".join(map(str, (self.endpoint, self.response, self.how, self.ended, self.gone,
                                  self.due, self.tries, self.claims, self.tried, self.why)))


@dataclass
class Courier:
    """What a worker's program knows."""
    endpoints: dict
    carried: dict = field(default_factory=dict)  # id: (endpoint's name, number of the claim)
    slow: set = field(default_factory=set)  # of these, those that are waited for
    made: list = field(default_factory=list)  # reports whose replies may have been lost


class Webhooks:
    def __init__(self, sequence, tenants):
        self.random = sequence.random
        self.expect = sequence.expect
        self.note = sequence.note
        self.script = sequence.script
        self.counts = sequence.counts
        self.books = sequence.books
        self.keys = sequence.keys_named(*NAMES, "counters")
        self.tenants = tenants
        self.clock = int(time.time() * 1000) + HOUR_MS
        self.endpoints = {}
        for name in ENDPOINTS:
            if self.random.random() < 0.6:
                self.endpoints[name] = self.new_endpoint(name)
        self.broken = {name for name in ENDPOINTS if self.random.random() < 0.5}
        self.waiting = {}  # id: Delivery
        self.dead = {}  # likewise
        self.forgotten = {}  # id of one that is dead: when it is
        self.states = {}  # endpoint: (failures in a row, when its rest ends, digest while off)
        self.couriers = {}
        self.leases = {}  # id: (worker, its end)
        self.left = 0  # of what a claim may touch
        self.seen = None

    def new_endpoint(self, name):
        events = self.random.choice((EVENTS, EVENTS, ("completed",), ("failed", "cancelled")))
        tenants = self.random.choice((None, None, self.tenants[:1], self.tenants[1:], ()))
        return Endpoint(name, events, tenants, self.random.choice((1, 2, 8, 8)),
                        f"{self.random.randrange(1 << 64):016x}")

    def lines(self):
        return "".join(endpoint.line() for endpoint in self.endpoints.values())

    # What there is to begin with.

    def begin(self):
        """Commands that store what earlier times have left."""
        names = self.random.sample(ENDPOINTS, 2)
        for number in range(self.random.choice((0, 3, 9))):
            delivery = Delivery(
                self.random.choice(names), f"old_{number // 2}", self.random.choice(EVENTS),
                self.clock - HOUR_MS, self.clock + HOUR_MS,
                self.clock + self.random.choice((1 - DAY_MS, -1, 0, 1, 10_000)),
                self.random.choice((0, 3, 9)), self.random.choice((0, 1, 7)))
            one = delivery_id(delivery.response, delivery.endpoint)
            if one in self.waiting.keys() | self.dead.keys():
                continue
            if self.random.random() < 0.6 or len(self.dead) == MOST:
                self.waiting[one] = delivery
            else:
                self.dead[one] = delivery
                self.forgotten[one] = self.clock + self.random.choice((1, HOUR_MS, WEEK_MS))
                delivery.ended, delivery.due = self.forgotten[one] - WEEK_MS - 1000, 0
        for name in ENDPOINTS:
            failures = self.random.choice((0, 0, 0, 0, 1, 8, 9, 9))
            off = self.endpoints[name].digest if name in self.endpoints else ""
            if failures:
                self.states[name] = (failures, self.clock - 1, self.random.choice(("", "", off)))
        members, about, dead, states = self.expected()
        for member in members:
            yield ("ZADD", self.keys[0], 0, member)
        for one, at in dead.items():
            yield ("ZADD", self.keys[2], at, one)
        for key, lines in ((self.keys[1], about), (self.keys[3], states)):
            for name, line in lines.items():
                yield ("HSET", key, name, line)

    # What the steps of others lead to.

    def end(self, response_id, how, tenant, named):
        """The end is noted by the step that was just played."""
        self.seen = None
        now = self.books.now()
        for endpoint in self.endpoints.values():
            if not endpoint.wants(how, tenant, named):
                continue
            name = delivery_id(response_id, endpoint.name)
            self.expect(name not in self.waiting.keys() | self.dead.keys(), "told of twice")
            delivery = Delivery(endpoint.name, response_id, how, now, 0, now, is_new=True)
            if len(self.waiting) < MOST:
                self.waiting[name] = delivery
            else:
                self.bury(name, delivery, TOO_MANY, now)
            self.counts["deliveries noted"] += 1

    def forget(self, response_id):
        """It is deleted, or whoever has found it gone takes it for that."""
        self.seen = None
        for endpoint in self.endpoints:
            name = delivery_id(response_id, endpoint)
            delivery = self.waiting.get(name) or self.dead.get(name)
            if delivery and delivery.gone > self.books.now():
                self.take_out(name)
                self.counts["deliveries forgotten"] += 1

    def take_out(self, name):
        for of in (self.waiting, self.dead, self.forgotten, self.leases):
            of.pop(name, None)

    def bury(self, name, delivery, why, now):
        self.take_out(name)
        delivery.due, delivery.why = 0, why
        self.dead[name] = delivery
        self.forgotten[name] = now + WEEK_MS
        self.books.count_delivery("dead")
        if len(self.dead) > MOST:
            self.take_out(min(self.dead, key=lambda one: (self.forgotten[one], one)))

    # The steps.

    def move_clock(self):
        self.clock += self.random.choice((
            *(1, 1000, 5000, DELIVERY_LEASE_MS - 1, DELIVERY_LEASE_MS, REST_MS - 1, REST_MS) * 3,
            HOUR_MS, HOUR_MS, DAY_MS - 1, DAY_MS, WEEK_MS))
        self.note("the clock moves to", self.clock)

    def change_endpoint(self):
        name = self.random.choice(ENDPOINTS)
        if self.random.random() < 0.4:
            self.endpoints.pop(name, None)
        else:
            self.endpoints[name] = self.new_endpoint(name)
        self.note("the configuration has", list(self.endpoints.values()))

    def courier_of(self, worker):
        return self.couriers.setdefault(worker.name, Courier(dict(self.endpoints)))

    def configure(self, worker):
        self.note(worker.name, "learns the configuration")
        self.courier_of(worker).endpoints = dict(self.endpoints)

    def due(self, name, at):
        """Those of an endpoint, the soonest first."""
        return sorted((delivery.due, one) for one, delivery in self.waiting.items()
                      if delivery.endpoint == name and delivery.due <= at)

    def next_piece(self, name, at, most):
        """So many of them, of what a claim may touch yet."""
        piece = [one for _, one in self.due(name, at)][:min(most, self.left)]
        self.left -= len(piece)
        return piece

    def next_due(self, name):
        return min((delivery.due for delivery in self.waiting.values()
                    if delivery.endpoint == name), default=None)

    def claim(self, worker):
        courier = self.courier_of(worker)
        load = Counter(endpoint for endpoint, _ in courier.carried.values())
        rooms = [(endpoint, max(0, endpoint.most - load[endpoint.name]))
                 for endpoint in courier.endpoints.values()]
        self.note(worker.name, "claims webhooks at", self.clock, "with", rooms)
        reply = yield self.script(
            "webhooks_claim", self.keys, "".join(
                f"{one.name} {free} {one.most} {one.digest}\n" for one, free in rooms),
            DELIVERY_LEASE_MS, DELIVERIES, self.clock)
        now, pause, *claimed = reply
        taken, self.left = [], PIECE
        off = [endpoint for endpoint, _ in rooms if self.is_off(endpoint)]
        again = [self.serve(endpoint, free, taken) for endpoint, free in rooms
                 if endpoint not in off] + [self.bury_due(endpoint) for endpoint in off]
        again = [at for at in again if at is not None]
        self.bury_strangers(courier.endpoints)
        self.expect(now == self.clock, "claimed at {}", now)
        self.expect([one.decode() for one in claimed[::2]] == taken, "claimed {}, not {}", claimed,
                    taken)
        lines = [self.waiting[one].line() for one in taken]
        self.expect([line.decode() for line in claimed[1::2]] == lines, "claimed {}, not {}",
                    claimed, lines)
        self.expect(pause == (max(0, min(again) - now) if again else -1), "pause {}, not {}", pause,
                    again)
        old = sorted((at, one) for one, at in self.forgotten.items() if at <= now)
        for _, one in old[:PIECE]:
            self.take_out(one)
            self.counts["deliveries forgotten after a week"] += 1
        self.take_leases(worker, courier, taken)
        self.seen = None

    def take_leases(self, worker, courier, taken):
        for one in taken:
            _, end = self.leases.get(one, (None, 0))
            self.expect(end <= self.clock, "{} is leased to {}", one, self.leases.get(one))
            self.counts["deliveries claimed"] += 1
            self.counts["deliveries claimed after a lease"] += end > 0
            self.leases[one] = (worker.name, self.clock + DELIVERY_LEASE_MS)
        if self.random.random() < 0.1:
            self.note("and the reply is lost")
            return
        for one in taken:
            delivery = self.waiting[one]
            courier.carried[one] = (delivery.endpoint, delivery.claims)
            courier.slow.discard(one)
            if self.random.random() < 0.25:
                courier.slow.add(one)

    def is_off(self, endpoint):
        return self.states.get(endpoint.name, (0, 0, ""))[2] == endpoint.digest

    def bury_due(self, endpoint):
        """Returns when there is more to do, or None."""
        for one in self.next_piece(endpoint.name, self.clock, PIECE):
            self.bury(one, self.waiting[one], OFF, self.clock)
            self.counts["deliveries to what is off"] += 1
        return self.next_due(endpoint.name)

    def serve(self, endpoint, free, taken):
        """Returns when there is more to do for that endpoint, or None."""
        failures, rests_until, off = self.states.get(endpoint.name, (0, 0, ""))
        if off or failures == 0 and rests_until <= self.clock:
            self.states.pop(endpoint.name, None)
            failures, rests_until = 0, 0
        if rests_until > self.clock:
            self.counts["claims while an endpoint rests"] += 1
            return rests_until
        at_once = endpoint.most
        for _ in range(failures):
            at_once //= 2
        room = max(0, max(1, at_once) - (endpoint.most - free))
        self.counts["claims of fewer than are due"] += room < len(self.due(endpoint.name,
                                                                           self.clock))
        due = self.next_piece(endpoint.name, self.clock, room)
        for one in due:
            delivery = self.waiting[one]
            delivery.claims += 1
            delivery.due = self.clock + DELIVERY_LEASE_MS
            taken.append(one)
        return self.next_due(endpoint.name) if len(due) < room else None

    def bury_strangers(self, known):
        for name in sorted({delivery.endpoint for delivery in self.waiting.values()}):
            if name not in known:
                for one in self.next_piece(name, self.clock - DAY_MS, PIECE):
                    self.bury(one, self.waiting[one], STRANGE, self.clock)
                    self.counts["deliveries to strangers"] += 1

    def report(self, worker, one):
        courier = self.courier_of(worker)
        endpoint, claim = courier.carried.pop(one)
        usual = "failed" if endpoint in self.broken else "delivered"
        outcome = self.random.choice((*[usual] * 5, "delivered", "failed", *["dead"] * 2, "dropped",
                                      "released"))
        # That it has expired may be better known by now.
        gone = self.random.choice((1, *[self.clock + HOUR_MS] * 3))
        pause = self.random.choice((0, 1, 5000, 300_000))
        failed = outcome in ("failed", "dead")
        alone = failed * self.random.choice((0, 0, 0, 2000, HOUR_MS))
        known = courier.endpoints.get(endpoint)
        gives_up = outcome == "dead" and known and self.random.random() < 0.7
        report = (one, claim, outcome, gone, pause, failed * "HTTP 500", alone,
                  known.digest if gives_up else "")
        if self.random.random() < 0.3:
            courier.made.append(report)
        yield from self.bring(worker, report)

    def repeat(self, worker):
        """As its reply was lost; or it was, and comes late."""
        made = self.courier_of(worker).made
        report = made.pop(self.random.randrange(len(made)))
        yield from self.bring(worker, report)

    def bring(self, worker, report):
        self.note(worker.name, "reports", *report, "at", self.clock)
        one, claim, outcome, gone, pause, why, alone, off = report
        reply = yield self.script("webhooks_report", self.keys, one, claim, outcome, DELIVERIES,
                                  gone, pause, why, alone, off, self.clock)
        delivery = self.waiting.get(one)
        if delivery is None or delivery.claims != claim:
            self.expect(reply == 0, "a late report is answered {}", reply)
            self.counts["late reports"] += 1
            return
        self.seen = None
        self.leases.pop(one, None)
        delivery.gone = gone
        delivery.claims += 1
        if outcome in ("failed", "dead"):
            self.fail(delivery, why, alone, off)
        if outcome in ("failed", "released"):
            delivery.due = self.clock + pause
        if outcome == "dead":
            self.bury(one, delivery, why, self.clock)
        elif outcome != "released":
            self.books.count_delivery(outcome)
        if outcome in ("delivered", "dropped"):
            self.take_out(one)
        if outcome == "delivered":
            self.succeed(delivery.endpoint)
        self.counts[f"deliveries {outcome}"] += 1
        failures, rests_until, _ = self.states.get(delivery.endpoint, (0, 0, ""))
        self.expect(reply == [1, failures, max(0, rests_until - self.clock)],
                    "a report is answered {}, not {}", reply, self.states)

    def fail(self, delivery, why, alone, off):
        delivery.tries += 1
        delivery.tried, delivery.why = self.clock, why
        failures, rests_until, was_off = self.states.get(delivery.endpoint, (0, 0, ""))
        failures += 1
        rest = max(alone, REST_MS if failures >= 10 else 0)
        self.counts["endpoints that rest"] += failures >= 10
        self.states[delivery.endpoint] = (failures, max(rests_until, self.clock + rest),
                                          off or was_off)

    def succeed(self, endpoint):
        """What it has asked for stays."""
        failures, rests_until, off = self.states.pop(endpoint, (0, 0, ""))
        if failures >= 10 or rests_until <= self.clock:
            rests_until = 0
        if rests_until or off:
            self.states[endpoint] = (0, rests_until, off)

    def retry(self):
        """One delivery, or those of a response."""
        known = self.waiting | self.dead
        one = self.random.choice((*known, delivery_id("unknown", "a")))
        names = [delivery.endpoint for delivery in self.waiting.values()]
        meant, wanted = [one] if one in known else [], one
        if one in known and self.random.random() < 0.5:
            wanted = known[one].response
            meant = sorted({delivery_id(wanted, name) for name in (
                *self.endpoints, *self.states, *names)} & known.keys())
        self.note("an operator retries", wanted)
        reply = yield self.retry_script("", wanted, 0)
        self.expect(reply == [b"", *self.try_again(meant)], "retry is answered {}", reply)

    def retry_lately(self):
        age = self.random.choice((2 * HOUR_MS, WEEK_MS + DAY_MS))
        self.note("an operator retries what has ended in", age, "ms")
        place, *numbers = yield self.retry_script("", "", age)
        self.expect(numbers == self.try_again(sorted(
            one for one, delivery in self.dead.items() if delivery.ended >= self.clock - age)),
            "retry of what is dead is answered {}", numbers)
        reply = yield self.retry_script(place, "", age)
        self.expect(reply == [b"", *self.try_again(sorted(
            one for one, delivery in self.waiting.items()
            if delivery.tries and delivery.ended >= self.clock - age))],
            "retry of what waits is answered {}", reply)

    def retry_script(self, place, wanted, age):
        return self.script("webhooks_retry", self.keys[:4], place, wanted, age, self.lines(),
                           DELIVERY_LEASE_MS, self.clock)

    def try_again(self, meant):
        """Returns how many these are, and of how many the endpoint is not off."""
        self.seen = None
        begun = 0
        for one in meant:
            delivery = self.waiting.get(one) or self.dead[one]
            failures, _, off = self.states.get(delivery.endpoint, (0, 0, ""))
            if off:
                continue
            begun += 1
            self.states.pop(delivery.endpoint, None)
            if failures:
                self.states[delivery.endpoint] = (failures, 0, "")
            if one in self.dead:
                self.take_out(one)
                delivery.tries = 0
            elif delivery.due <= self.clock + DELIVERY_LEASE_MS:
                continue
            self.counts["deliveries retried"] += 1
            delivery.claims += 1
            delivery.due = self.clock
            self.waiting[one] = delivery
        return [len(meant), begun]

    def options_of(self, worker):
        courier = self.courier_of(worker)
        yield (5 if self.waiting else 0.1), lambda: self.claim(worker)
        yield 0.3, lambda: self.configure(worker)
        for one in sorted(courier.carried):
            yield (0.3 if one in courier.slow else 5), lambda one=one: self.report(worker, one)
        if courier.made:
            yield 1, lambda: self.repeat(worker)

    def options(self):
        yield (3 if self.waiting else 0.1), self.move_clock
        yield 0.3, self.change_endpoint
        yield (0.3 if self.waiting or self.dead else 0), self.retry
        yield (0.3 if self.waiting or self.dead else 0), self.retry_lately

    def settle(self, worker):
        """One worker that knows all of them delivers everything; what is dead is forgotten."""
        for name in ENDPOINTS:
            self.endpoints[name] = self.new_endpoint(name)
        self.configure(worker)
        courier = self.courier_of(worker)
        rounds = 0
        while self.waiting:
            self.clock += HOUR_MS
            yield from self.claim(worker)
            for one, (_, claim) in sorted(courier.carried.items()):
                yield from self.bring(worker, (one, claim, "delivered", self.clock, 0, "", 0, ""))
            courier.carried.clear()
            rounds += 1
            self.expect(rounds < 40, "deliveries that do not end: {}", self.waiting)
        self.clock += 2 * WEEK_MS
        while self.dead:
            rounds += 1
            self.expect(rounds < 40, "dead for ever: {}", self.dead)
            yield from self.claim(worker)

    # What is stored.

    def expected(self):
        about = {one: delivery.line() for one, delivery in (self.waiting | self.dead).items()}
        members = sorted(f"{delivery.endpoint} {delivery.due:015d} {one}"
                         for one, delivery in self.waiting.items())
        states = {name: f"{failures} {rests_until} {off}"
                  for name, (failures, rests_until, off) in self.states.items()}
        return members, about, self.forgotten, states

    def check(self, stored, longest):
        """longest(response_id): for how many s it may be kept after its end."""
        if stored != self.seen:
            self.compare(*json.loads(stored or "[[], [], [], []]"), longest)
            self.seen = stored

    def compare(self, members, about, dead, states, longest):
        about, dead, states = ({} if not flat else dict(zip(flat[::2], flat[1::2]))
                               for flat in (about, dead, states))
        for one, delivery in (self.waiting | self.dead).items():
            if delivery.is_new and one in about:
                self.learn_times(one, delivery, about[one], longest(delivery.response))
        dead = {one: int(at) for one, at in dead.items()}
        for what, found, expected in zip(("due", "known", "dead", "endpoints"), (
                list(members), about, dead, states), self.expected()):
            self.expect(found == expected, "deliveries that are {}: {}, not {}", what, found,
                        expected)

    def learn_times(self, one, delivery, line, longest):
        ended, gone = map(int, line.split(" ")[3:5])
        self.expect(abs(ended - delivery.ended) < 60_000, "ended at {}", line)
        self.expect(0 < gone - ended <= longest * 1000, "{} is gone at {}", line, gone)
        delivery.ended, delivery.gone, delivery.is_new = ended, gone, False
        if one in self.waiting:
            delivery.due = ended
        else:
            self.forgotten[one] = ended + WEEK_MS
