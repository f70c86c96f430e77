"""What operators see of jobs and do to them, as the state machine's test plays it.

Books says what the scripts must have kept, after the steps so far; what is stored is compared with
it after each. It follows the lists of what waits, entry by entry.
"""

import json
from collections import Counter

from state_shares import DOUBTED_MS, TURNS, Shares, Whose
from state_webhooks import DELIVERIES, ENDPOINTS, has_webhooks

NAMES = ("queue", "parked", "paused", "index", "index_about", "index_ended", "counters", "minutes",
         "workers_about", "draining", "relays", "relays_about")
# Labels, and models as clients name them.
MODELS = (("fast-*", "fast-1"), ("fast-*", "quick"), ("slow", "slow"), ("other", "odd one"))
PAUSABLE = ("*", "*", "fast-*", "quick", "slow", "other")
TENANTS = ("alice", "carol %s [1-", "")  # the last is anonymous
CREATED = "respool_responses_created_total"
ENDED = "respool_responses_ended_total"
TOKENS = "respool_tokens_total"
RESTARTED = "respool_jobs_restarted_total"
HISTORY_BYTES = 2000


def number_of(response_id):
    return int(response_id[13:21], 16) * 7 + int(response_id[-2:], 16)


def label_of(response_id):
    return MODELS[number_of(response_id) % len(MODELS)][0]


def model_of(response_id):
    return MODELS[number_of(response_id) % len(MODELS)][1]


def tenant_of(response_id):
    return TENANTS[number_of(response_id) % len(TENANTS)]


def named_by(response_id):
    """The endpoint of webhooks that its request names: one of three does, if there are any."""
    number = number_of(response_id)
    if not has_webhooks(int(response_id[13:21], 16)) or number % 3:
        return ""
    return ENDPOINTS[number // 3 % len(ENDPOINTS)]


def tier_of(response_id):
    return "0112"[number_of(response_id) * 5 // 3 % 4]


def use_of(response_id):
    """What its provider reports in the end: tokens of input, of output, and the cost."""
    return ("", "10,5,0.25", "100,0,0", "7,2000,0.125")[number_of(response_id) % 7 % 4]


def about_of(response_id, reserved):
    """As it is told the index."""
    about = "\x1f".join(of(response_id) for of in (tenant_of, label_of, model_of))
    named, tier = named_by(response_id), tier_of(response_id)
    if named or tier != "1" or reserved:
        about += f"\x1f{named}\x1f{tier}\x1f{reserved}"
    return about


def counter(name, *labels):
    return "\x1f".join((name, *labels))


def keeps_request(response_id):
    """One of three, if it fails."""
    return number_of(response_id) % 3 == 1


def fields(flat):
    """A hash's, or a sorted set's with its scores, as Redis tells them."""
    return dict(zip((flat or [])[::2], (flat or [])[1::2]))


class Books:
    """expect(holds, what, *values) is told of each promise."""

    def __init__(self, expect, longest, on_end, now):
        """longest(response_id): how many s it may be there after its end. on_end(response_id, how)
        is called when that is found to be counted. now() is the time in ms."""
        self.expect = expect
        self.longest = longest
        self.on_end = on_end
        self.now = now
        self.shares = Shares(expect, now, self.whose_of, self.waiting_since, self.is_open)
        self.parked = []  # the next one is the last
        self.reserved = {}  # tokens for each that has entered
        self.created = {}  # ms
        self.waiting = {}  # when it began to wait last (ms)
        self.unindexed = set()  # by the steps so far
        self.paused = set()
        self.entered = set()  # ids that were queued, and with that entered and counted
        self.ended = {}  # id: how it was counted
        self.dropping = {}  # id: how it is ended by this step
        self.tokens = Counter()  # by worker
        self.deliveries = Counter()  # of webhooks, by what has become of them
        self.restarted = 0
        self.removed = set()  # no more in the index
        self.faded = set()  # of those that have ended, whose time is over
        self.pruning = False  # in this step
        self.seen = None  # what was stored when all this was compared with it last
        self.draining = set()
        self.said = {}  # worker: what it said of itself at its last beat
        self.histories = {}  # id: why it was begun anew, each time
        self.pace = {}  # id: (created, waited) as stored first

    # What the index has, after the steps so far.

    def is_indexed(self, response_id):
        return response_id in self.entered and response_id not in self.unindexed

    def whose_of(self, response_id):
        if not self.is_indexed(response_id):
            return None
        return Whose(tenant_of(response_id), label_of(response_id), self.reserved[response_id])

    def waiting_since(self, response_id):
        return self.waiting[response_id] if self.is_indexed(response_id) else None

    def is_open(self, response_id):
        return self.is_indexed(response_id) and response_id not in self.ended and (
            response_id not in self.dropping)

    def eldest_open(self):
        """It, if the eldest one is open, for long."""
        indexed = self.entered - self.unindexed
        eldest = min(indexed, key=lambda one: (self.created[one], one), default=None)
        return eldest and self.long_open(eldest)

    def long_open(self, response_id):
        """It, if it is."""
        long = self.is_indexed(response_id) and (
            self.created[response_id] + DOUBTED_MS < self.now())
        return response_id if long and self.is_open(response_id) else None

    # What steps lead to.

    @property
    def queue(self):
        """The next one is the last."""
        return self.shares.queue

    def waits_for_resume(self, response_id):
        names = {"*"}
        if self.is_indexed(response_id):
            names |= {label_of(response_id), model_of(response_id)}
        return bool(self.paused & names)

    def enter(self, response_id, job, full):
        """Returns what enqueue must answer."""
        paused = bool(self.paused & {"*", label_of(response_id), model_of(response_id)})
        answer = self.shares.admit(response_id, job, paused, full, self.parked)
        self.seen = None
        if answer == 1 or isinstance(answer, str):
            self.entered.add(response_id)
            self.reserved[response_id] = job.whose.reserved
            self.created[response_id] = self.waiting[response_id] = self.now()
        return answer

    def wait_again(self, response_id):
        """It is in a list twice."""
        self.seen = None
        paused = self.waits_for_resume(response_id)
        (self.parked if paused else self.queue).insert(0, response_id)
        return paused

    def requeue(self, response_id, anew):
        self.seen = None
        if anew and self.is_indexed(response_id):
            self.waiting[response_id] = self.now()
        if self.waits_for_resume(response_id):
            self.parked.append(response_id)
            self.shares.park(response_id, self.whose_of(response_id))
            self.shares.give_turns(1)
        else:
            self.queue.append(response_id)
            self.shares.take_seat(response_id)

    def take(self):
        if not self.queue:
            return None
        self.seen = None
        return self.queue.pop()

    def drop(self, response_id, how, use, truths, waits, in_list):
        """in_list is how often it was in the worker's list, or None if none has it. Returns how
        often it was anywhere."""
        self.expect(how in truths, "{} is ended as {}, and has as {}", response_id, how, truths)
        self.seen = None
        found = self.leave_waiting(response_id) if waits else 0
        found += in_list or 0
        ends, whose = self.is_open(response_id), self.whose_of(response_id)
        self.dropping[response_id] = how
        if how == "deleted":
            self.unindexed.add(response_id)
        self.shares.drop(response_id, how, use, whose, ends, found, in_list is not None)
        return found

    def leave_waiting(self, response_id):
        found = self.queue.count(response_id)
        parked = self.parked.count(response_id)
        self.shares.queue = [entry for entry in self.queue if entry != response_id]
        self.parked = [entry for entry in self.parked if entry != response_id]
        if self.is_indexed(response_id):
            tenant = tenant_of(response_id)
            found += self.shares.leave_lines(response_id, tier_of(response_id), tenant)
            if parked:
                self.shares.parked[tenant] -= parked
        return found + parked

    def beat(self, worker, what, predecessor, tokens, room):
        """Returns whether another beat is to give more turns."""
        self.seen = None
        is_new = worker not in self.said
        self.said[worker] = what
        self.count_tokens(worker, tokens)
        self.pruning = True
        self.unindexed |= self.faded
        if predecessor in self.draining:
            self.draining.add(worker)
        self.shares.beat(worker, predecessor, room, is_new, self.said)
        return self.shares.give_turns(TURNS)

    def pause(self, name):
        if name in self.paused:
            return 0
        self.seen = None
        self.paused.add(name)
        moved = [entry for entry in self.queue if self.waits_for_resume(entry)]
        self.shares.queue = [entry for entry in self.queue if not self.waits_for_resume(entry)]
        self.park(moved)
        for line, entries in list(self.shares.lines.items()):
            moved = [entry for entry in entries if self.waits_for_resume(entry)]
            self.shares.lines[line] = [entry for entry in entries
                                       if not self.waits_for_resume(entry)]
            self.shares.close(line)
            self.park(moved)
        self.shares.give_turns(TURNS)
        return 1

    def park(self, entries):
        self.parked = entries + self.parked
        for entry in reversed(entries):
            self.shares.park(entry, self.whose_of(entry))

    def resume(self, name):
        if name not in self.paused:
            return 0
        self.seen = None
        self.paused.remove(name)
        if "*" in self.paused:
            return 1
        for entry in self.parked:
            if self.waits_for_resume(entry):
                continue
            if self.is_indexed(entry):
                self.shares.stand(tier_of(entry) + tenant_of(entry), entry, True)
            else:
                self.queue.append(entry)
        self.parked = [entry for entry in self.parked if self.waits_for_resume(entry)]
        self.shares.parked = Counter(tenant_of(entry) for entry in self.parked)
        self.shares.give_turns(TURNS)
        return 1

    def bury(self, worker, by_itself):
        self.seen = None
        self.shares.bury(worker)
        if by_itself and worker in self.draining:
            return  # whoever takes its place is to hear of it
        self.said.pop(worker, None)
        self.draining.discard(worker)

    def drain(self, worker, wanted):
        self.seen = None
        if wanted:
            self.draining.add(worker)
        else:
            self.draining.discard(worker)

    def fade(self, response_id):
        self.seen = None
        self.faded.add(response_id)

    def count_tokens(self, worker, number):
        self.seen = None
        if number:
            self.tokens[worker] += number

    def count_restart(self, number):
        self.seen = None
        self.restarted += number

    def count_delivery(self, outcome):
        self.seen = None
        self.deliveries[outcome] += 1

    def restart(self, response_id, why):
        self.histories.setdefault(response_id, []).append(f"restart {why}")

    def note_retry(self, response_id, why):
        self.histories.setdefault(response_id, []).append(f"retry {why}")

    def find(self, status, tenant, model):
        """The ids that a list of these has: of what is open nobody knows here how it is."""
        return sorted(
            one for one in self.entered - self.removed
            if (not status or self.ended.get(one, status) == status) and
            tenant in (None, tenant_of(one)) and
            (not model or model in (label_of(one), model_of(one))))

    # What is stored.

    def check(self, stored):
        """Nothing has to be looked at that is as it was, if it should be."""
        if stored != self.seen:
            self.compare(*json.loads(stored))
            self.seen = stored

    def compare(self, queue, parked, paused, index, about, ends, counters, minutes, workers_about,
                draining):
        queue, parked = list(queue), list(parked)  # an empty one may be an object
        self.expect(queue == self.queue, "the queue is {}, not {}", queue, self.queue)
        self.expect(parked == self.parked, "parked are {}, not {}", parked, self.parked)
        self.expect(set(paused) == self.paused, "paused are {}, not {}", paused, self.paused)
        self.expect(set(draining) == self.draining, "draining are {}, not {}", draining,
                    self.draining)
        said = {worker: " ".join(what.split(" ")[:1] + what.split(" ")[2:])
                for worker, what in fields(workers_about).items()}
        self.expect(said == self.said, "workers said {}, not {}", said, self.said)
        index, about, ends = fields(index), fields(about), fields(ends)
        self.expect(index.keys() == about.keys(), "the index has {} and {}", index, about)
        for response_id in sorted(self.entered - self.removed):
            if response_id in about:
                self.check_entry(response_id, index, about, ends)
            else:
                self.check_removal(response_id)
        self.expect(about.keys() == self.entered - self.removed, "the index has {}, not {}", about,
                    self.entered - self.removed)
        self.expect(ends.keys() <= about.keys(), "{} are to go and not there", ends)
        self.check_counters(counters, minutes)
        self.dropping, self.pruning = {}, False

    def check_entry(self, response_id, index, about, ends):
        head, label, model, *named = about[response_id].split("\x1f")
        created, queued, status, tenant = head.split(" ", 3)
        expected = about_of(response_id, self.reserved[response_id])
        self.expect((tenant, label, model, *named) == tuple(expected.split("\x1f")),
                    "the index has {}", about)
        times = [self.created[response_id], self.created[response_id], self.waiting[response_id]]
        self.expect([int(created), int(index[response_id]), int(queued)] == times,
                    "{} came in turn {}, not at {}", about, index, times)
        if status != "open" and response_id not in self.ended:
            self.note_end(response_id, status)
        known = self.ended.get(response_id, "open")
        self.expect(status == known, "{} has ended as {} and then {}", response_id, known, status)
        self.expect((response_id in ends) == (status != "open"), "{} is {} and goes at {}",
                    response_id, status, ends.get(response_id))
        if status != "open" and response_id not in self.faded:
            left = (int(ends[response_id]) - self.now()) / 1000
            self.expect(0 < left <= self.longest(response_id) + 1, "{} goes in {}", response_id,
                        left)
        how = self.dropping.get(response_id)
        self.expect(how is None or status != "open", "{} was dropped and is open", response_id)
        self.expect(how != "deleted", "{} was deleted and is in the index", response_id)
        self.expect(response_id not in self.faded or not self.pruning, "{} was not taken out",
                    response_id)

    def check_removal(self, response_id):
        how = self.dropping.get(response_id)
        if how == "deleted":
            if response_id not in self.ended:
                self.note_end(response_id, "deleted")
        else:
            self.expect(response_id in self.faded and self.pruning, "{} is not in the index",
                        response_id)
        self.removed.add(response_id)
        self.unindexed.add(response_id)

    def note_end(self, response_id, status):
        how = self.dropping.get(response_id)
        self.expect(how == status, "{} was ended as {}, while {}", response_id, status,
                    self.dropping)
        self.ended[response_id] = status
        self.on_end(response_id, status)

    def check_counters(self, counters, minutes):
        """Each creation and each end is counted once, in all and in its minute."""
        counters = {name: int(number) for name, number in fields(counters).items()}
        expected = Counter(counter(CREATED, label_of(one), tenant_of(one)) for one in self.entered)
        expected += Counter(counter(ENDED, label_of(one), how) for one, how in self.ended.items())
        expected += Counter({counter(TOKENS, label, "input"): number
                             for label, number in self.tokens.items()})
        expected += Counter({counter(DELIVERIES, outcome): number
                             for outcome, number in self.deliveries.items()})
        expected += self.shares.limited
        restarted = sum(counters.pop(name) for name in list(counters) if name.startswith(RESTARTED))
        self.expect(counters == expected, "counted are {}, not {}", counters, dict(expected))
        self.expect(restarted == self.restarted, "{} restarts, not {}", restarted, self.restarted)
        in_minutes = Counter()
        for field, number in fields(minutes).items():
            in_minutes[field.split(" ")[1]] += int(number)
        expected = Counter(self.ended.values())
        expected["created"] = len(self.entered)
        self.expect(in_minutes == expected, "the minutes have {}, not {}", in_minutes, expected)

    def check_job(self, response_id, created, waited, history, attempts):
        """Of one that is there."""
        known = self.pace.setdefault(response_id, (created, waited))
        self.expect(created and created == known[0], "created {}, then {}", known[0], created)
        if known[1]:
            self.expect(waited == known[1], "waited {}, then {}", known[1], waited)
        self.pace[response_id] = (created, waited)
        self.expect(waited or attempts == 0, "begun, and waited {}", waited)
        told = [line.split(" ", 1)[1] for line in (history or "").splitlines()]
        known = self.histories.get(response_id, [])
        self.expect(told == known[len(known) - len(told):], "its history is {}, not {}", told,
                    known)
        self.expect(len(history or "") <= HISTORY_BYTES, "a long history: {}", history)
        self.expect(len(told) >= min(len(known), 4), "{} lines of {}", len(told), len(known))
