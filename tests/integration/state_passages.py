"""Requests that relays pass through and that count against limits, as the state machine's test plays
them: admitted, settled, given back when their relay is lost."""

import json
from collections import Counter

from state_operators import MODELS, TENANTS, counter
from state_shares import LIMITED, Limits, Whose

LEASE_MS = 10_000_000
MOST_RELAYS = 2
SHARED = ("queue", "shares", "seats", "lines", "turns", "passes", "index_about", "rates", "budgets")
USES = ("", "3,4,0.5", "1000,0,0", "9,1,0.0625")

SNAPSHOT = """
local held = {}
for i = 2, #ARGV do
    held[#held + 1] = redis.call('HGETALL', ARGV[i])
end
return cjson.encode({redis.call('ZRANGE', ARGV[1], 0, -1), held})
"""


class Relay:
    def __init__(self, name, key):
        self.name = name
        self.key = key
        self.known = False  # it has a lease, or had one and is not forgotten
        self.lease_ended = False
        self.alive = True
        self.carried = {}  # number: Whose; what its program has under way
        self.held = {}  # the same as Redis has it
        self.used = []  # (Whose, use), of what no limit had to be asked for: for the next beat
        self.beaten_at = 0  # as the reply to the last beat said


class Passages:
    def __init__(self, sequence):
        self.sequence = sequence
        self.random = sequence.random
        self.expect = sequence.expect
        self.shares = sequence.books.shares
        prefix = sequence.keys["relays"][:-len("relays")]
        self.relays = [Relay(f"{number:016x}", f"{prefix}passages:{number:016x}")
                       for number in range(MOST_RELAYS)]
        self.numbers = 0
        self.ended = 0
        self.asked = ("EVALSHA", sequence.scripts["passages"], 0, sequence.keys["relays"],
                      *self.keys())
        self.is_used = self.random.random() < 0.4 and sequence.webhooks is None

    def keys(self):
        return [relay.key for relay in self.relays]

    def heard_of(self):
        return {relay.name for relay in self.relays if relay.known and not relay.lease_ended}

    # The steps.

    def options(self):
        if not self.is_used:
            return
        for relay in self.relays:
            if relay.alive:
                yield (0.1 if relay.known else 0.5), lambda r=relay: self.beat(r)
            if relay.alive and relay.known:
                yield 0.6, lambda r=relay: self.admit(r)
                yield 0.05, lambda r=relay: self.part(r)
                yield 0.05, lambda r=relay: self.kill(r)
                for number in sorted(relay.carried):
                    yield 0.4, lambda r=relay, n=number: self.settle(r, n)
            if relay.known and not relay.lease_ended:
                yield (0.05 if relay.alive else 0.5), lambda r=relay: self.end_lease(r)
                yield 0.2, lambda r=relay: self.note_use(r)

    def beat_script(self, relay, lease):
        keys = self.sequence.keys_named("relays", "relays_about", "counters", *SHARED, "usage")
        used = "".join(f"{whose.tenant}\x1f{whose.label}\t1 0 0 {use or '0,0,0'}\n"
                       for whose, use in relay.used)
        return self.sequence.script("relay_beat", keys, relay.name, lease, len(relay.carried),
                                    "about", used, relay.beaten_at)

    def note_uses(self, relay):
        for whose, use in relay.used:
            self.shares.note_use(whose, "completed", use)
            self.ended += 1
        relay.used = []

    def beat(self, relay):
        self.sequence.note("relay", relay.name, "beats")
        command = self.beat_script(relay, LEASE_MS)
        relay.beaten_at = yield command
        self.note_uses(relay)
        relay.known, relay.lease_ended = True, False
        self.give_back_lost()
        for other in self.relays:
            if other.lease_ended:
                other.known = other.lease_ended = False
        if self.random.random() < 0.1:
            self.sequence.note("the reply is lost, and it beats again")
            relay.beaten_at = yield command

    def part(self, relay):
        self.sequence.note("relay", relay.name, "ends")
        relay.alive = False
        yield self.beat_script(relay, 0)
        self.note_uses(relay)
        self.give_back(relay)
        relay.known = relay.lease_ended = False

    def kill(self, relay):
        self.sequence.note("relay", relay.name, "is killed")
        relay.alive = False

    def end_lease(self, relay):
        self.sequence.note("relay", relay.name, "lease ends")
        relay.lease_ended = True
        yield ("ZADD", self.sequence.keys["relays"], "XX", 1, relay.name)

    def give_back(self, relay):
        for whose in relay.held.values():
            self.shares.end_passage(whose, "failed", "")
            self.ended += 1
            self.sequence.counts["passages given back"] += 1
        relay.held = {}
        self.shares.seen = None

    def give_back_lost(self):
        for relay in self.relays:
            if relay.lease_ended:
                self.give_back(relay)

    def admit(self, relay):
        self.numbers += 1
        number = str(self.numbers)
        tenant = self.random.choice(TENANTS)
        limits = self.sequence.limits[tenant] or Limits()
        whose = Whose(tenant, self.random.choice(MODELS)[0],
                      limits.reserve(self.random.choice((1, 50, 2000))))
        self.sequence.note("relay", relay.name, "has", number, "for", whose)
        command = self.sequence.script(
            "admit", [*self.sequence.keys_named("shares", "rates", "budgets", "counters"),
                      relay.key], number, tenant, whose.label, limits.text(whose.reserved),
            counter(LIMITED, tenant))
        reply = yield command
        expected = self.shares.pass_through(whose, limits)
        self.shares.seen = self.sequence.books.seen = None
        self.expect(reply == expected, "admit answered {}, expected {}", reply, expected)
        if reply[0] != 1:
            return
        self.sequence.counts["passages"] += 1
        relay.carried[number] = relay.held[number] = whose
        if self.random.random() < 0.1:
            self.sequence.note("the reply is lost, and it is asked again")
            reply = yield command
            left = self.shares.left(limits, tenant)
            self.expect(reply == [1, 0, *self.shares.tell(limits, left)],
                        "admit once more answered {}", reply)

    def settle_script(self, relay, number, whose, how, use):
        return self.sequence.script(
            "settle", [*self.sequence.keys_named(*SHARED), relay.key,
                       self.sequence.keys["usage"]],
            number, whose.tenant, whose.label, int(how == "failed"), int(how == "cancelled"), use)

    def settle(self, relay, number):
        whose = relay.carried.pop(number)
        how = self.random.choice(("completed", "failed", "cancelled"))
        use = self.random.choice(USES)
        self.sequence.note("relay", relay.name, "settles", number, how, use)
        command = self.settle_script(relay, number, whose, how, use)
        reply = yield command
        self.expect(reply == (number in relay.held), "settle answered {}", reply)
        if reply:
            del relay.held[number]
            self.shares.end_passage(whose, how, use)
            self.shares.give_turns(1)
            self.shares.seen = self.sequence.books.seen = None
            self.ended += 1
        else:
            self.sequence.counts["passages settled too late"] += 1
        if self.random.random() < 0.1:
            self.sequence.note("the reply is lost, and it is settled again")
            reply = yield command
            self.expect(reply == 0, "settle once more answered {}", reply)

    def note_use(self, relay):
        """Of a request that was not asked for, as its key has no limits."""
        whose, use = Whose(self.random.choice(TENANTS), MODELS[0][0], 0), self.random.choice(USES)
        self.sequence.note("relay", relay.name, "has use of", whose, use)
        relay.used.append((whose, use))

    def lose_all(self):
        for relay in self.relays:
            relay.alive = False
            if relay.known:
                yield from self.sequence.play(self.end_lease(relay))

    # What is stored.

    def check(self, stored):
        known, held = json.loads(stored)
        self.expect(set(known) == {relay.name for relay in self.relays if relay.known},
                    "relays are {}", known)
        for relay, flat in zip(self.relays, held):
            fields = dict(zip((flat or [])[::2], (flat or [])[1::2]))
            expected = {number: whose.text() for number, whose in relay.held.items()}
            self.expect(fields == expected, "{} holds {}, not {}", relay.name, fields, expected)
        passing = Counter(whose.tenant for relay in self.relays for whose in relay.held.values())
        self.expect(passing == +self.shares.passing, "{} pass", passing)
