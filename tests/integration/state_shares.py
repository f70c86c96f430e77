"""How what waits is shared, and what keys may ask for, as the state machine's test plays it.

Shares says what the scripts must have kept of lines, seats, turns, rates, budgets, use and keys of
idempotency, after the steps so far; what is stored is compared with it after each. It goes the same
way as common/store/scripts/shared, in the same numbers, and beside that watches what must hold
whichever way is gone: nobody runs more than he may, no seat is empty that somebody may have.
"""

import json
import math
from collections import Counter
from dataclasses import dataclass

NAMES = ("shares", "seats", "lines", "turns", "passes", "rooms", "rates", "budgets", "usage")
LIMITED = "respool_requests_limited_total"
TIER = 1e11
PASSED_OVER_MS, MIXED_MS, DOUBTED_MS = 5000, 7000, 4000  # in the place of minutes
SPARE, LOOKED_AT, TURNS = 20, 8, 500
TIERS = ("0", "1", "2")
RPM, TPM, MAX_QUEUE, BUDGET, PARALLEL = 4, 5, 6, 7, 10
LIMIT_NAMES = {RPM: "rpm", TPM: "tpm", MAX_QUEUE: "max_queue", BUDGET: "max_budget",
               PARALLEL: "max_parallel"}


def with_short_times(text):
    """A script in which what takes a minute takes seconds."""
    for name, ms in (("PASSED_OVER_MS", PASSED_OVER_MS), ("MIXED_MS", MIXED_MS),
                     ("DOUBTED_MS", DOUBTED_MS)):
        text = text.replace(f"local {name} = 60000\n", f"local {name} = {ms}\n")
    return text


@dataclass(frozen=True)
class Whose:
    """Of a job, or of a request that is passed through."""
    tenant: str
    label: str
    reserved: int

    def text(self):
        return f"{self.tenant}\x1f{self.label}\x1f{self.reserved}"


@dataclass(frozen=True)
class Limits:
    """None: there is none."""
    rpm: int = None
    tpm: int = None
    parallel: int = None
    queue: int = None
    weight: float = 1
    budget: float = None
    every: int = 0  # ms

    def text(self, reserved):
        def number(value):
            return "-" if value is None else f"{value:g}"
        every = "-" if self.budget is None else f"{self.every}"
        return " ".join((number(self.rpm), number(self.tpm), number(self.parallel),
                         number(self.queue), f"{self.weight:.6g}", number(self.budget), every,
                         f"{reserved}"))

    def heeded(self):
        return f"{self.weight:.6g} {'-' if self.parallel is None else self.parallel}"

    def reserve(self, tokens):
        return 0 if self.tpm is None else min(tokens, self.tpm)


def random_limits(random):
    pick = random.random
    return Limits(
        rpm=random.choice((1, 3, 60)) if pick() < 0.3 else None,
        tpm=random.choice((100, 3000)) if pick() < 0.3 else None,
        parallel=random.choice((1, 1, 2)) if pick() < 0.5 else None,
        queue=random.choice((0, 1, 3)) if pick() < 0.2 else None,
        weight=random.choice((1, 1, 3, 0.5)),
        budget=random.choice((0, 0.25, 0.5)) if pick() < 0.25 else None,
        every=random.choice((0, 3000, 9000)))


def read_use(use):
    """Tokens of input and of output, and the cost."""
    if not use:
        return 0, 0, 0.0
    first, second, cost = use.split(",")
    return int(first), int(second), float(cost)


class Shares:
    """expect(holds, what, *values) is told of each promise, now() says the time in ms."""

    def __init__(self, expect, now, whose_of, waiting_since, is_open):
        """whose_of(id), of one in the index, else None; waiting_since(id) in ms."""
        self.expect = expect
        self.now = now
        self.whose_of = whose_of
        self.waiting_since = waiting_since
        self.is_open = is_open
        self.queue = []  # the next one is the last, as in all lists
        self.lines = {}  # name: ids; in the order of the hash
        self.seats = {}  # id: Whose
        self.turns = {}
        self.passes = {}
        self.rooms = {}
        self.capacity = None
        self.running = Counter()
        self.passing = Counter()  # of them, requests that are passed through
        self.limits = {}  # tenant: "<weight> <max_parallel>"
        self.parked = Counter()
        self.last = self.mixed = None
        self.pace = {}
        self.served = {}
        self.favoured = None
        self.doubted = None
        self.rates = {}
        self.budgets = {}
        self.usage = {}
        self.limited = Counter()  # what counters have
        self.keys = {}  # of idempotency: (id, digest)
        self.counts = Counter()
        self.seen = None
        self.settled = set()  # those whose tokens have been told

    # What shares.lua does.

    def limits_of(self, tenant):
        weight, most = self.limits.get(tenant, "1 -").split(" ")
        return (math.inf if most == "-" else int(most)), float(weight)

    def may_run(self, tenant):
        return self.running[tenant] < self.limits_of(tenant)[0]

    def spare(self):
        if self.capacity and self.capacity > 1 and self.mixed and (
                self.now() - self.mixed < MIXED_MS):
            return max(1, self.capacity // SPARE)
        return 0

    def free(self):
        return (self.capacity or 0) - len(self.seats)

    def may_sit(self, tenant):
        _, weight = self.limits_of(tenant)
        return self.may_run(tenant) and self.free() > 0 and (
            self.free() > self.spare() or self.running[tenant] < self.spare() * weight)

    def others_are_about(self, tenant, stand):
        seated = len(self.seats) if self.capacity else 0
        return seated + sum(map(len, self.lines.values())) > self.running[tenant] + stand

    def take_seat(self, response_id):
        whose = self.whose_of(response_id)
        if whose and self.is_open(response_id) and response_id not in self.seats:
            self.running[whose.tenant] += 1
            self.seats[response_id] = whose

    def beginning(self, line):
        return max(self.pace.get(line[0], 0.0), self.passes.get(line, 0.0))

    def enter_turns(self, line):
        self.turns.setdefault(line, int(line[0]) * TIER + self.beginning(line))

    def leave_turns(self, line):
        if line in self.turns:
            self.passes[line] = self.turns.pop(line) - int(line[0]) * TIER

    def block(self, tenant):
        for tier in TIERS:
            self.leave_turns(tier + tenant)

    def unblock(self, tenant):
        for tier in TIERS:
            if tier + tenant in self.lines:
                self.enter_turns(tier + tenant)

    def heed(self, tenant, heeded):
        if heeded != self.limits.get(tenant, "1 -"):
            self.limits[tenant] = heeded
            self.block(tenant)
            if self.may_run(tenant):
                self.unblock(tenant)

    def stand(self, line, response_id, at_head):
        """In a line, as the next one or the last."""
        if line not in self.lines:
            self.lines[line] = []
            if self.may_run(line[1:]):
                self.enter_turns(line)
        self.lines[line].insert(len(self.lines[line]) if at_head else 0, response_id)

    def close(self, line):
        """If nobody stands there any more."""
        if line not in self.lines or self.lines[line]:
            return
        del self.lines[line]
        self.leave_turns(line)
        if not self.lines:
            self.turns, self.passes, self.pace, self.served = {}, {}, {}, {}
            self.favoured = None

    def stand_up(self, tenant):
        most, _ = self.limits_of(tenant)
        running = self.running[tenant]
        self.running[tenant] -= 1
        if running <= 1:
            del self.running[tenant]
        if running == most:
            self.unblock(tenant)

    def leave_seat(self, response_id):
        if response_id in self.seats:
            self.stand_up(self.seats.pop(response_id).tenant)

    # What turns.lua does.

    def in_order(self):
        return sorted(self.turns, key=lambda line: (self.turns[line], line))

    def passed_over(self, tier):
        """The first lines of a tier, if one of those has waited there for long."""
        first = [line for line in self.in_order() if line[0] == tier][:LOOKED_AT]
        since = [self.waiting_since(self.lines[line][-1]) for line in first]
        waited = max((self.now() - at for at in since if at is not None), default=0)
        unserved = self.now() - self.served.get(tier, 0)
        return first if min(waited, unserved) >= PASSED_OVER_MS else []

    def first_fitting(self, lines):
        """And whether somebody went out of the turns."""
        blocked = False
        for line in lines:
            if self.may_sit(line[1:]):
                return line, blocked
            if not self.may_run(line[1:]):
                self.block(line[1:])
                blocked = True
        return None, blocked

    def next_turn(self):
        first = self.in_order()[:1 if self.free() > self.spare() else LOOKED_AT]
        if first and not self.favoured:
            for tier in TIERS[int(first[0][0]) + 1:]:
                line, _ = self.first_fitting(self.passed_over(tier))
                if line:
                    self.counts["turns out of order"] += 1
                    return line, True
        line, blocked = self.first_fitting(first)
        return self.next_turn() if blocked and not line else (line, False)

    def give_turn(self, line, favoured):
        tenant = line[1:]
        most, weight = self.limits_of(tenant)
        score = self.turns[line]
        self.pace[line[0]] = score - int(line[0]) * TIER
        self.favoured = favoured
        if not favoured:
            self.served[line[0]] = self.now()
        self.turns[line] = score + 1 / weight
        response_id = self.lines[line].pop()
        self.expect(self.running[tenant] < most, "{} has {} running and gets another turn", tenant,
                    self.running)
        self.queue.insert(0, response_id)
        self.take_seat(response_id)
        self.close(line)
        if not self.may_run(tenant):
            self.block(tenant)
        self.counts["turns"] += 1

    def give_turns(self, most):
        """Returns whether more may follow."""
        for _ in range(most):
            line = None
            if self.lines and self.free() > 0:
                line, favoured = self.next_turn()
            if not line:
                left = [line for line in self.lines if self.may_sit(line[1:])]
                self.expect(not left or len(self.lines) > LOOKED_AT,
                            "{} may have a seat, and wait", left)
                return False
            self.give_turn(line, favoured)
        return True

    # What limits.lua and usage.lua do.

    def left(self, limits, tenant):
        """Of requests and of tokens, in thousandths, as of now."""
        requests, tokens, at = self.rates.get(tenant, "- - 0").split(" ")
        ago = max(0, self.now() - int(at))

        def left_now(kept, most):
            if most is None or kept == "-":
                return most and most * 1000
            return min(most * 1000, int(kept) + ago * (most * 1000) / 60000)
        return left_now(requests, limits.rpm), left_now(tokens, limits.tpm)

    def tell(self, limits, left):
        reply = []
        for most, kept in zip((limits.rpm, limits.tpm), left):
            reply += [-1, -1, -1] if most is None else [
                most, max(0, math.floor(kept / 1000)), math.ceil((most * 1000 - kept) * 60 / most)]
        return reply

    def read_budget(self, tenant):
        """What is spent, when that begins anew, and after how long."""
        if tenant not in self.budgets:
            return None, None, None
        spent, ends, every = self.budgets[tenant].split(" ")
        spent, ends, every = float(spent), int(ends), int(every)
        return (0.0, self.now() + every, every) if ends and self.now() >= ends else (
            spent, ends, every)

    def refuse_budget(self, limits, tenant):
        if limits.budget is None:
            return None
        spent, ends, every = self.read_budget(tenant)
        if spent is None or every != limits.every:
            spent, ends = spent or 0.0, self.now() + limits.every if limits.every else 0
            self.budgets[tenant] = f"{spent:.12g} {ends} {limits.every}"
        if spent >= limits.budget:
            return BUDGET, ends - self.now() if ends else 0
        return None

    def refuse_rate(self, limits, left, reserved):
        def wait(kept, wanted, most):
            return max(1, math.ceil((wanted - kept) * 60 / most))
        if left[0] is not None and left[0] < 1000:
            return RPM, wait(left[0], 1000, limits.rpm)
        if left[1] is not None and left[1] < reserved * 1000:
            return TPM, wait(left[1], reserved * 1000, limits.tpm)
        return None

    def refuse(self, tenant, why, tell):
        self.limited["\x1f".join((LIMITED, tenant, LIMIT_NAMES[why[0]]))] += 1
        self.counts[f"refused by {LIMIT_NAMES[why[0]]}"] += 1
        return [*why, *tell]

    def charge(self, limits, tenant, left, reserved):
        """Returns what is left then."""
        left = (left[0] if left[0] is None else left[0] - 1000,
                left[1] if left[1] is None else left[1] - reserved * 1000)
        if left != (None, None):
            kept = ["-" if kept is None else f"{int(kept)}" for kept in left]
            self.rates[tenant] = " ".join((*kept, f"{self.now()}"))
        return left

    def settle_rate(self, tenant, reserved, used):
        requests, tokens, at = self.rates.get(tenant, "- - -").split(" ")
        if reserved and reserved != used and tokens != "-":
            self.rates[tenant] = f"{requests} {int(tokens) + (reserved - used) * 1000} {at}"

    def note_use(self, whose, ended, use):
        """ended is how, if that is counted by this."""
        first, second, cost = read_use(use)
        name = f"{whose.tenant}\x1f{whose.label}"
        old = self.usage.get(name, "0 0 0 0 0 0").split(" ")
        numbers = (ended is not None, ended == "failed", ended in ("cancelled", "deleted"), first,
                   second)
        self.usage[name] = " ".join(
            [*(f"{int(was) + new}" for was, new in zip(old, numbers)),
             f"{float(old[5]) + cost:.12g}"])
        spent, ends, every = self.read_budget(whose.tenant) if cost else (None, None, None)
        if spent is not None:
            self.budgets[whose.tenant] = f"{spent + cost:.12g} {ends} {every}"

    # The scripts.

    def admit(self, response_id, job, paused, full, parked):
        """What enqueue must answer. full(queued) says why it is too much, or None; parked is the
        list of what is."""
        if job.key and self.keys.get(job.key, (None, None))[0] not in (None, job.gone):
            stands_for, digest = self.keys[job.key]
            self.counts["keys that stand for another" if digest == job.digest else
                        "keys that are taken"] += 1
            return [8 if digest == job.digest else 9, stands_for]
        limits, whose = job.limits or Limits(), job.whose
        tenant = whose.tenant
        if job.limits:
            self.heed(tenant, limits.heeded())
        stand = sum(len(self.lines.get(tier + tenant, [])) for tier in TIERS)
        sits = not paused and not stand and self.may_sit(tenant)
        left = self.left(limits, tenant)
        why = self.refuse_budget(limits, tenant)
        if not why and limits.queue is not None and not sits and (
                stand + self.parked[tenant] >= limits.queue):
            why = MAX_QUEUE, 1000
        why = why or self.refuse_rate(limits, left, whose.reserved)
        if why:
            return self.refuse(tenant, why, self.tell(limits, left))
        refused = full(len(self.queue) + sum(map(len, self.lines.values())) + len(parked))
        if refused is not None:
            return refused
        if job.key:
            self.keys[job.key] = (response_id, job.digest)
        self.charge(limits, tenant, left, whose.reserved)
        if self.last != tenant:
            self.mixed = self.now() if self.last is not None else 0
            self.last = tenant
        elif self.others_are_about(tenant, stand) and self.now() - self.mixed > MIXED_MS / 2:
            self.mixed = self.now()
        if paused:
            parked.insert(0, response_id)
            self.parked[tenant] += 1
        elif sits:
            self.running[tenant] += 1
            self.seats[response_id] = whose
            self.queue.insert(0, response_id)
            if self.lines:
                _, weight = self.limits_of(tenant)
                self.passes[job.tier + tenant] = self.beginning(job.tier + tenant) + 1 / weight
        else:
            self.stand(job.tier + tenant, response_id, False)
        return 1 if limits.rpm is None and limits.tpm is None else self.rates[tenant]

    def drop(self, response_id, how, use, whose, ends, found, leaves):
        """whose it is the index says, or None; ends, if it has just learnt the end. found of the
        id were in lists."""
        seat = self.seats.get(response_id)
        freed = seat is not None and (leaves or found > 0)
        if not ends and not freed:
            return
        whose = seat or whose
        if freed:
            del self.seats[response_id]
        if freed or not seat:
            used = read_use(use)
            self.settle_rate(whose.tenant, whose.reserved, used[0] + used[1])
        self.expect(not use or response_id not in self.settled, "{} is settled twice", response_id)
        if use:
            self.settled.add(response_id)
        self.note_use(whose, how if ends else None, use)
        if freed:
            self.stand_up(whose.tenant)
            self.give_turns(2)

    def leave_lines(self, response_id, tier, tenant):
        """Returns how often it was there."""
        line = tier + tenant
        found = self.lines.get(line, []).count(response_id)
        if found:
            self.lines[line] = [one for one in self.lines[line] if one != response_id]
            self.close(line)
        return found

    def beat(self, worker, predecessor, room, is_new, known):
        """known are the workers that there are."""
        if is_new:
            self.rooms = {name: of for name, of in self.rooms.items()
                          if name in known and name != predecessor}
        if is_new or self.rooms.get(worker, 0) != room:
            self.rooms[worker] = room
            self.capacity = sum(self.rooms.values())

    def doubted_seat(self):
        """One whose seat has been doubtful for long. Which one is doubted is left to beat."""
        if self.doubted is None or self.now() - self.doubted[1] < DOUBTED_MS:
            return None
        response_id, self.doubted = self.doubted[0], None
        over = response_id in self.seats and not self.is_open(response_id)
        return response_id if over else None

    def bury(self, worker):
        if worker in self.rooms:
            self.capacity -= self.rooms.pop(worker)

    def park(self, response_id, whose):
        self.leave_seat(response_id)
        if whose:
            self.parked[whose.tenant] += 1

    def pass_through(self, whose, limits):
        """What admit must answer."""
        left = self.left(limits, whose.tenant)
        why = self.refuse_budget(limits, whose.tenant)
        if not why and limits.parallel is not None and (
                self.running[whose.tenant] >= limits.parallel):
            why = PARALLEL, 1000
        why = why or self.refuse_rate(limits, left, whose.reserved)
        if why:
            return self.refuse(whose.tenant, why, self.tell(limits, left))
        left = self.charge(limits, whose.tenant, left, whose.reserved)
        self.running[whose.tenant] += 1
        self.passing[whose.tenant] += 1
        return [1, 0, *self.tell(limits, left)]

    def end_passage(self, whose, how, use):
        used = read_use(use)
        self.settle_rate(whose.tenant, whose.reserved, used[0] + used[1])
        self.passing[whose.tenant] -= 1
        self.stand_up(whose.tenant)
        self.note_use(whose, how, use)

    # What is stored.

    def check(self, stored):
        self.check_promises()
        if stored != self.seen:
            self.compare(*json.loads(stored))
            self.seen = stored

    def check_promises(self):
        sitting = Counter(whose.tenant for whose in self.seats.values())
        self.expect(sitting + self.passing == +self.running, "{} sit, {} run", sitting,
                    self.running)
        for tenant in {line[1:] for line in self.lines}:
            lines = {tier + tenant for tier in TIERS} & self.lines.keys()
            self.expect(lines <= self.turns.keys() or not self.may_run(tenant),
                        "{} may have turns, and only these do: {}", lines, self.turns)

    def expected_shares(self):
        shares = {f"running\x1f{tenant}": str(number) for tenant, number in self.running.items()}
        shares |= {f"parked\x1f{tenant}": str(number) for tenant, number in self.parked.items()}
        shares |= {f"limits\x1f{tenant}": limits for tenant, limits in self.limits.items()}
        shares |= {f"served{tier}": str(at) for tier, at in self.served.items()}
        for name, value in (("capacity", self.capacity), ("last", self.last),
                            ("mixed", self.mixed)):
            if value is not None:
                shares[name] = str(value)
        if self.lines:
            shares["waiting"] = str(sum(map(len, self.lines.values())))
        if self.favoured is not None:
            shares["favoured"] = str(int(self.favoured))
        return shares

    def learn_doubt(self, doubted):
        if doubted is None:
            self.expect(self.doubted is None, "{} is not doubted any more", self.doubted)
            return
        response_id, since = doubted.rsplit(" ", 1)
        if self.doubted is None:
            self.expect(int(since) == self.now() and not self.is_open(response_id) and
                        response_id in self.seats, "{} is doubted", doubted)
            self.doubted = (response_id, int(since))
        self.expect(self.doubted == (response_id, int(since)), "{} is doubted, not {}", doubted,
                    self.doubted)

    def compare(self, shares, seats, lines, turns, passes, rooms, rates, budgets, usage, lists,
                keys):
        shares, turns, passes = fields(shares), fields(turns), fields(passes)
        self.learn_doubt(shares.pop("doubted", None))
        paces = {name[4:]: float(shares.pop(name)) for name in list(shares)
                 if name.startswith("pace")}
        for what, found, expected in (
                ("lines have", fields(lists), self.lines),
                ("there are lines", fields(lines),
                 {line: str(len(ids)) for line, ids in self.lines.items()}),
                ("seats are", fields(seats),
                 {one: whose.text() for one, whose in self.seats.items()}),
                ("turns are", {line: float(score) for line, score in turns.items()}, self.turns),
                ("passes are", {line: float(at) for line, at in passes.items()}, self.passes),
                ("rooms are", fields(rooms),
                 {name: str(room) for name, room in self.rooms.items()}),
                ("rates are", fields(rates), self.rates),
                ("budgets are", fields(budgets), self.budgets),
                ("used is", fields(usage), self.usage),
                ("paces are", paces, self.pace),
                ("shares are", shares, self.expected_shares()),
                ("keys are", fields(keys),
                 {key: " ".join(what) for key, what in self.keys.items()})):
            self.expect(found == expected, "{} {}, not {}", what, found, expected)
        self.lines = {line: self.lines[line] for line in fields(lines)}  # in that order


def fields(flat):
    return dict(zip((flat or [])[::2], (flat or [])[1::2]))
