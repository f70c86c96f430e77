"""The state machine of jobs under random interleavings, on the real scripts in a real Redis.

Clients, workers, readers, operators and crashes are played here, a script or list command at a
time, as jobs_*.c, store_*.c, operate_*.c and event_feed*.c in common/store play them; after each
step what Redis holds is checked against the promises that common/store/scripts.h makes.
RESPOOL_SEQUENCES and RESPOOL_SEED choose how many sequences and which.
"""

import json
import os
import random
import re
import socket
import time
from collections import Counter

import pytest

from following import create_stream
from harness import (HELD, HELD_UNTIL, REDIS_SERVER, TOP, Program, await_socket, events_key,
                     job_key, request_key, response_key, script_text)
from redis_cluster import Cluster
from redis_servers import found_servers
from state_operators import (CREATED, ENDED, NAMES, PAUSABLE, RESTARTED, TENANTS, TOKENS, Books,
                             about_of, counter, fields, keeps_request, label_of, model_of, named_by,
                             tenant_of, tier_of, use_of)
from state_passages import SNAPSHOT as PASSAGES_SNAPSHOT
from state_passages import Passages
from state_readers import (CHANNEL, Message, Reader, event_text, number_of, split_events, writer_of)
from state_shares import NAMES as SHARE_NAMES
from state_shares import (LIMIT_NAMES, LIMITED, TIERS, Limits, Whose, random_limits, read_use,
                          with_short_times)
from state_webhooks import NAMES as WEBHOOK_NAMES
from state_webhooks import (DELIVERIES, EVENTS, WEBHOOKS_EVERY, Endpoint, Webhooks, has_webhooks,
                            with_few_deliveries, with_moved_clock)

SEQUENCES = int(os.environ.get("RESPOOL_SEQUENCES", "5000"))
SEED = int(os.environ.get("RESPOOL_SEED", "20240607"))
TOGETHER = 64  # sequences that run side by side, to share the round trips
MAX_STEPS = 40
MOST_MS = 60_000  # that the clock moves: less than anything is kept for

TTL = 1000
UNSTORED_TTL = 100
REQUEST_TTL = 300
MARKER = "marker"  # a channel: what came before it was published before it
LEASE_MS = 10_000_000
CANCEL_CHANNEL = "litellm:polling:{jobs}:cancel"
WORKERS = "litellm:polling:{jobs}:workers"
JOBS = "litellm:polling:{jobs}"
CLOCK = f"{JOBS}:clock"
RUNNING = "litellm:polling:{jobs}:running:"
MAX_BYTES = 1_000_000
PAUSING = ("paused", "queue", "parked", "index_about", "shares", "seats", "lines", "turns",
           "passes")
TERMINAL = ("completed", "incomplete", "failed", "cancelled")
# The layout of a stored object: common/response/response.h.
STATUS_OFFSET = 111
STATUS_WIDTH = 13
STATUS_NAME = ',"status":'


def slot(status):
    return f'"{status}"'.ljust(STATUS_WIDTH)


def object_text(response_id, status, writer, text):
    """A Response object as far as the scripts care: the slot where it is, output at the end."""
    item = "in_progress" if status == "in_progress" else "completed"
    output = (f'[{{"status":{slot(item)},"writer":{json.dumps(writer)},'
              f'"text":{json.dumps(text)}}}]') if writer else "[]"
    return (f'{{"id":"{response_id}","object":"response","created_at":1700000000,'
            f'"status":{slot(status)},"completed_at":null      ,"background":true,'
            f'"output":{output},"usage":null}}').encode()


def item_slots(text):
    """Where an item in progress has its status, as flush is told."""
    at = text.rindex(b'"output":') + len('"output":[{"status":')
    return f"{at}" if text[at:at + STATUS_WIDTH] == slot("in_progress").encode() else ""


def wire_form(command):
    out = [b"*%d\r\n" % len(command)]
    for part in command:
        if isinstance(part, int):
            part = b"%d" % part
        elif isinstance(part, str):
            part = part.encode()
        out.append(b"$%d\r\n%b\r\n" % (len(part), part))
    return b"".join(out)


class Connection:
    """The Redis protocol, with many commands in one round trip."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rb", 1 << 16)

    def close(self):
        self.stream.close()
        self.socket.close()

    def call(self, *command):
        return self.batch([command])[0]

    def batch(self, commands):
        """A command may be written out already: wire_form()."""
        self.socket.sendall(b"".join(
            command if isinstance(command, bytes) else wire_form(command) for command in commands))
        return [self.read() for _ in commands]

    def read(self):
        line = self.stream.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self.stream.read(length + 2)[:-2]
        if kind == b":":
            return int(rest)
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        if kind == b"+":
            return rest
        raise AssertionError(f"Redis: {rest.decode()}")


# All that the invariants look at, in one reply: JSON, as Python reads that fastest; what operators
# see by itself, as few steps change it. What is not there is false, a list without elements may be
# an object without members. The keys are no declared ones, as they are in several slots, which only a
# server that has all of them puts up with.
SNAPSHOT = """
local jobs = {}
local count = tonumber(ARGV[1]) + 1
local KEYS = {unpack(ARGV, 2, count)}
for i = 19, #KEYS, 4 do
    local object = redis.call('GET', KEYS[i])
    local job = redis.call('HMGET', KEYS[i + 1], 'state', 'fence', 'owner', 'attempts')
    jobs[#jobs + 1] = {object, job[1], job[2], job[3], job[4],
        redis.call('HEXISTS', KEYS[i + 1], 'request'),
        redis.call('HMGET', KEYS[i + 1], 'input', 'context'),
        redis.call('PTTL', KEYS[i]), redis.call('PTTL', KEYS[i + 1]),
        redis.call('LRANGE', KEYS[i + 2], 0, -1), redis.call('PTTL', KEYS[i + 2]),
        redis.call('HMGET', KEYS[i + 1], 'created', 'waited', 'history'),
        redis.call('HGETALL', KEYS[i + 3]), redis.call('PTTL', KEYS[i + 3])}
end
local lists = {}
for i = count + 1, #ARGV do
    lists[#lists + 1] = redis.call('LRANGE', ARGV[i], 0, -1)
end
return {cjson.encode({jobs, lists, redis.call('HGETALL', KEYS[1]),
    redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')}), cjson.encode({
    redis.call('LRANGE', KEYS[3], 0, -1), redis.call('LRANGE', KEYS[4], 0, -1),
    redis.call('SMEMBERS', KEYS[5]), redis.call('ZRANGE', KEYS[6], 0, -1, 'WITHSCORES'),
    redis.call('HGETALL', KEYS[7]), redis.call('ZRANGE', KEYS[8], 0, -1, 'WITHSCORES'),
    redis.call('HGETALL', KEYS[9]), redis.call('HGETALL', KEYS[10]),
    redis.call('HGETALL', KEYS[11]), redis.call('SMEMBERS', KEYS[12])}),
    redis.call('EXISTS', KEYS[15], KEYS[16], KEYS[17], KEYS[18]) > 0 and cjson.encode({
    redis.call('ZRANGE', KEYS[15], 0, -1), redis.call('HGETALL', KEYS[16]),
    redis.call('ZRANGE', KEYS[17], 0, -1, 'WITHSCORES'), redis.call('HGETALL', KEYS[18])}) or ''}
"""

# What state_shares.py looks at, likewise. The lists of lines stand by themselves, as nothing may be
# left of those that are in no hash.
SHARES_SNAPSHOT = """
local function all(i)
    return redis.call('HGETALL', ARGV[i])
end
local lists, keys = {}, {}
for _, line in ipairs(redis.call('HKEYS', ARGV[3])) do
    lists[#lists + 1] = line
    lists[#lists + 1] = redis.call('LRANGE', ARGV[10] .. line, 0, -1)
end
local first = 12 + ARGV[11]
assert(redis.call('EXISTS', unpack(ARGV, 12, first - 1)) * 2 == #lists, 'lists of lines')
for i = first, #ARGV do
    local stands_for = redis.call('GET', ARGV[i])
    if stands_for then
        keys[#keys + 1] = ARGV[i]
        keys[#keys + 1] = stands_for
    end
end
return cjson.encode({all(1), all(2), all(3), redis.call('ZRANGE', ARGV[4], 0, -1, 'WITHSCORES'),
    all(5), all(6), all(7), all(8), all(9), lists, keys})
"""


def continues(response_id):
    """Two of three responses continue another one."""
    return (int(response_id[13:21], 16) + int(response_id[-1], 16)) % 3 != 0


def is_streamed(response_id):
    """Three of five have an event log."""
    return (int(response_id[13:21], 16) + 2 * int(response_id[-1], 16)) % 5 < 3


def is_unstored(response_id):
    """One of four, streamed or not."""
    return (int(response_id[13:21], 16) + int(response_id[-1], 16)) % 4 == 0


def has_headers(response_id):
    """Two of seven, whatever else they are."""
    return (int(response_id[13:21], 16) + 3 * int(response_id[-1], 16)) % 7 < 2


def fields_of(response_id):
    """The fields of a job as created."""
    fields = ("tenant", tenant_of(response_id), "model", model_of(response_id), "request",
              '"a":1', "input", '"Hi"')
    if continues(response_id):
        fields += ("context", '{"c":1}', "deployment", "d1", "follows", "f1")
    if has_headers(response_id):
        fields += ("headers", "tracestate: a=1\n")
    if is_streamed(response_id):
        fields += ("streamed", "1")
    if is_unstored(response_id):
        fields += ("unstored_ttl", UNSTORED_TTL)
    return fields


def as_text(reply):
    if isinstance(reply, list):
        return [as_text(part) for part in reply]
    return reply.decode() if isinstance(reply, bytes) else reply


def is_granted(reply):
    """Whether enqueue has taken the job in: then what is left of rates may be what it says."""
    return reply == 1 or isinstance(reply, str)


def kept_after_end(response_id):
    """s"""
    return UNSTORED_TTL if is_unstored(response_id) else TTL


def keys_of(response_id):
    return [response_key(response_id), job_key(response_id), events_key(response_id),
            request_key(response_id)]


def created(response_id):
    """The keys of a new response, and what is stored there: the object, the job, the event."""
    text = object_text(response_id, "queued", None, "")
    if is_streamed(response_id):
        return keys_of(response_id)[:3], [text, *fields_of(response_id),
                                          event_text(0, "nobody 0", "created")]
    return keys_of(response_id)[:2], [text, *fields_of(response_id)]


def sizes_of(response_id):
    """What is counted for a job: all of it, and its context. No two are the same."""
    number = int(response_id[-2:], 16)
    return 1000 + 17 * number, (900 + number if continues(response_id) else 0)


class Job:
    """What enqueue is told of one."""

    def __init__(self, response_id, limits, tokens):
        self.limits = limits
        reserved = limits.reserve(tokens) if limits else 0
        self.whose = Whose(tenant_of(response_id), label_of(response_id), reserved)
        self.tier = tier_of(response_id)
        self.key = self.digest = self.gone = None  # of idempotency

    def idempotency(self):
        if not self.key:
            return ""
        return f"{self.digest} 1000" + (f" {self.gone}" if self.gone else "")


class Stream:
    """A claimed job in a worker's hands: what it wants stored, and what it thinks is stored."""

    def __init__(self, response_id, fence, stored):
        self.id = response_id
        self.fence = fence
        self.stored = stored  # None: not known
        self.writes = 0
        self.slots = None  # as flush was told last
        self.text = ""
        self.ending = None
        self.first = 0  # the number of the first event that is not known to be stored
        self.events = []  # these

    def tell(self, worker, what):
        number = self.first + len(self.events)
        self.events.append(event_text(number, f"{worker.name} {self.fence}", what))


class Worker:
    def __init__(self, name):
        self.name = name
        self.alive = True
        self.frozen = False
        self.leaving = False
        self.lease_ended = False
        self.streams = {}
        self.watched = set()  # ids in its list whose jobs are others'
        self.todo = []  # what its program will do next, in this order
        self.telling = 0  # what it has counted, and does not know to be told
        self.unheard = False  # its last beat was made, and it does not know
        self.made_at = 0  # that which it knows of
        self.room = 1
        self.draining = False


class Violation(AssertionError):
    pass


class Sequence:
    """One interleaving. run() yields commands and is sent their replies."""

    def __init__(self, number, scripts):
        self.number = number
        self.random = random.Random(SEED * 1_000_003 + number)
        self.scripts = scripts
        self.zset = f"{WORKERS}:{number}"
        self.keys = {name: f"{number}:{JOBS}:{name}"
                     for name in (*NAMES, *WEBHOOK_NAMES, *SHARE_NAMES)}
        self.line = f"{number}:{JOBS}:line:"
        self.idempotent = [f"{number}:{JOBS}:idempotent:{key}" for key in range(2)]
        self.queue = self.keys["queue"]
        self.held_key = f"{HELD}:{number}"
        self.until_key = f"{HELD_UNTIL}:{number}"
        self.max_workers = self.random.choice((2, 2, 3, 6))
        self.crowded = self.random.random() < 0.15 and not has_webhooks(number)
        self.max_jobs = 12 if self.crowded else self.random.choice((1, 1, 2, 4))
        # With one server only, as that takes keys of several slots.
        self.creates_at_once = "one_server" in scripts and self.random.random() < 0.7
        self.unrest = self.random.choice((0, 0.3, 1))  # of clients
        self.meddling = self.random.choice((0, 1, 3))  # of operators
        self.begun = self.clock = int(time.time() * 1000) - 2 * MOST_MS
        self.real_begun = time.monotonic()
        self.limits = {tenant: self.new_limits() for tenant in TENANTS}
        self.workers = []
        self.ids = []
        self.jobs = {}  # id: Job
        self.uses = {}  # id: what its job says that it has used
        self.waiting = set()  # created, and not yet queued: its client is not answered
        self.forsaken = set()  # created by a responder that crashed then
        self.gone = set()  # deleted or expired
        self.final = {}  # id: (state, object) once terminal
        self.attempts = {}
        self.before = {}  # id: the last snapshot
        self.lists = []  # in the last snapshot: the queue's and each worker's
        self.held = {}  # id: (bytes, context) as counted in the last snapshot
        self.over = set()  # those of them whose time is over
        self.lapsed = set()  # whose time was over once: whether they are counted is left open
        self.given_back = set()  # deleted, and taken out of the count
        self.readers = []
        self.torn = set()  # whose log has lost events, as by a failover to a replica that lags
        self.may_free = (None, "", None)  # which job may be given back, if this is as it says
        self.asked = (-1, -1, b"")  # the last snapshot's command: of how many ids and workers
        self.trace = []
        self.counts = Counter()
        self.shares_asked = wire_form(self.shares_snapshot_command())
        self.books = Books(self.expect, self.longest_after_end, self.note_end, self.now)
        self.shares = self.books.shares
        self.webhooks = Webhooks(self, TENANTS) if has_webhooks(number) else None
        self.passages = Passages(self)

    def now(self):
        return self.clock

    def new_limits(self):
        """None if nothing is said of them."""
        if has_webhooks(self.number):
            return None  # that there are many ends to tell of
        return self.random.choice((None, Limits(), *[random_limits(self.random)] * 2))

    # Names and commands.

    def list_of(self, name):
        return f"{RUNNING}{name}"

    def script(self, name, keys, *arguments):
        return ("EVALSHA", self.scripts[name], len(keys), *keys, *arguments)

    def job_script(self, name, response_id, *arguments, keys=3):
        return self.script(name, keys_of(response_id)[:keys], *arguments)

    def keys_named(self, *names):
        return [self.keys[name] for name in names]

    def flush_script(self, stream, slots, known, *arguments, ending=None):
        """known is the stored text's length, or None if it is written as a whole."""
        flags = "r" + ("w" if known is None else "") + ("" if slots is None else "s")
        writes = stream.writes + 1 if known is None else stream.writes
        if ending:
            flags += "e"
            kept = REQUEST_TTL if ending == "failed" and keeps_request(stream.id) else 0
            arguments += (f"{ending} {kept} {use_of(stream.id) or '-'}",)
        if is_streamed(stream.id):
            flags += "v"
            arguments += (stream.first, b"".join(stream.events))
        head = f"{len(arguments)} {flags} {known or 0} {stream.fence} {writes}"
        if slots is not None:
            head += f" {slots}"
        # One server needs the first key only; all have to do as well.
        keys = [job_key(stream.id)]
        if self.random.random() < 0.5:
            keys += [response_key(stream.id), events_key(stream.id), request_key(stream.id)]
        return self.script("flush", keys, 1, head, *arguments)

    def create_script(self, response_id):
        keys, (text, *what) = created(response_id)
        return self.script("create", keys, TTL, text, *what)

    def new_worker(self):
        worker = Worker(f"{self.number:08x}{len(self.workers):08x}")
        worker.room = self.random.choice((1, 1, 2, 3))
        self.workers.append(worker)
        return worker

    def note(self, *what):
        self.trace.append(" ".join(map(str, what)))

    # The steps of clients.

    def create(self):
        response_id = (f"litellm_poll_{self.number:08x}-0000-4000-8000-{len(self.ids):012x}")
        self.ids.append(response_id)
        self.waiting.add(response_id)
        self.attempts[response_id] = 0
        if self.creates_at_once:
            yield from self.enqueue(response_id)
            return
        self.note("create", response_id)
        reply = yield self.create_script(response_id)
        self.expect(reply == 1, "create did not create")

    def enqueue(self, response_id):
        bound = self.random.choice((100, 100, 100, 1))
        needed = self.sums_of_the_rest()[0] + sizes_of(response_id)[0]
        contexts = self.sums_of_the_rest()[1] + sizes_of(response_id)[1]
        most = self.random.choice((*[MAX_BYTES] * 4, needed, needed, needed - 1,
                                   max(1, contexts - 1)))
        self.note("enqueue", response_id, "of", bound, "and", most, "bytes")
        job = self.jobs[response_id] = self.new_job(response_id)
        reply = yield self.enqueue_script(response_id, bound, most)
        expected = self.books.enter(
            response_id, job, lambda queued: self.too_much(response_id, queued, bound, most))
        reply = as_text(reply)
        self.expect(reply == expected, "enqueue answered {}, expected {}", reply, expected)
        answer = reply[0] if isinstance(reply, list) else 1 if is_granted(reply) else reply
        self.counts[f"enqueue answered {answer}"] += 1
        if answer in (8, 9) and reply[1] in self.gone:
            self.note("what the key stands for is gone")
            job.gone = reply[1]
            yield from self.enqueue_again(response_id)
            return
        if answer == 1:
            self.counts["parked at once"] += response_id in self.books.parked
        else:
            if not self.creates_at_once:
                self.note("refused; drop", response_id)
                yield ("DEL", *keys_of(response_id))
            self.gone.add(response_id)
        self.waiting.discard(response_id)
        if answer == 1 and self.random.random() < 0.05:
            # The reply was lost, and the commands are repeated.
            self.note("repeat", response_id)
            if not self.creates_at_once:
                reply = yield self.create_script(response_id)
                self.expect(reply == 0, "create overwrote what was there")
            reply = yield self.enqueue_script(response_id, 1, 1)
            self.expect(reply == 1, f"enqueue once more answered {reply}")
            self.note("as a failover may have it,", response_id, "is there twice all the same")
            parked = self.books.waits_for_resume(response_id)
            yield ("LPUSH", self.keys["parked" if parked else "queue"], response_id)
            self.books.wait_again(response_id)

    def new_job(self, response_id):
        job = Job(response_id, self.limits[tenant_of(response_id)],
                  self.random.choice((1, 50, 2000)))
        if self.random.random() < 0.3:
            job.key = self.random.choice(self.idempotent)
            job.digest = self.random.choice(("d1", "d1", "d2"))
        return job

    def enqueue_again(self, response_id):
        """With the word that what the key stands for is gone; nothing else is against it."""
        job = self.jobs[response_id]
        self.note("enqueue", response_id, "in the place of", job.gone)
        if self.creates_at_once:
            self.gone.add(response_id)  # until then
        reply = yield self.enqueue_script(response_id, 100, MAX_BYTES)
        expected = self.books.enter(
            response_id, job, lambda queued: self.too_much(response_id, queued, 100, MAX_BYTES))
        reply = as_text(reply)
        self.expect(reply == expected, "enqueue answered {}, expected {}", reply, expected)
        self.gone.discard(response_id)
        if not is_granted(reply):
            if not self.creates_at_once:
                yield ("DEL", *keys_of(response_id))
            self.gone.add(response_id)
        self.counts["keys that were freed"] += 1
        self.waiting.discard(response_id)

    def enqueue_script(self, response_id, bound, most):
        job = self.jobs[response_id]
        line = job.tier + job.whose.tenant
        keys = [self.queue, self.held_key, self.until_key, *self.keys_named(
            "parked", "paused", "index", "index_about", "index_ended", "counters", "minutes",
            "shares", "seats", "lines", "turns", "passes"), self.line + line,
            *self.keys_named("rates", "budgets")] + [job.key] * bool(job.key)
        its_keys, what = created(response_id) if self.creates_at_once else ([], [])
        return self.script("enqueue", keys + its_keys, response_id, bound, *sizes_of(response_id),
                           TTL, most, kept_after_end(response_id),
                           about_of(response_id, job.whose.reserved),
                           counter(CREATED, label_of(response_id), tenant_of(response_id)),
                           line, job.limits.text(job.whose.reserved) if job.limits else "",
                           counter(LIMITED, tenant_of(response_id)), job.idempotency(), *what)

    def sums_of_the_rest(self):
        rest = [held for name, held in self.held.items() if name not in self.over]
        return [sum(held[column] for held in rest) for column in (0, 1)]

    def too_much(self, response_id, queued, bound, most):
        """What is to come of it, when those whose time is over are not counted any more."""
        size, context = sizes_of(response_id)
        waiting, contexts = self.sums_of_the_rest()
        if queued >= bound:
            return 0
        if waiting and waiting + size > most:
            return 2
        if context and contexts and contexts + context > most:
            return 3
        return None

    def crash_before_enqueue(self, response_id):
        self.note("the responder crashes before enqueue of", response_id)
        self.waiting.discard(response_id)
        self.forsaken.add(response_id)

    def cancel(self, response_id):
        tenant = self.random.choice((*[tenant_of(response_id)] * 3, "bob"))
        self.note("cancel", response_id, "by", tenant)
        before = self.before.get(response_id)
        reply = yield self.job_script("cancel", response_id, tenant, STATUS_OFFSET,
                                      slot("cancelled"), CANCEL_CHANNEL, response_id,
                                      slot("in_progress"), slot("incomplete"))
        if response_id in self.gone or tenant == "bob":
            self.expect(reply == [], f"cancel answered {reply}")
        else:
            self.expect(reply[0] == {"queued": 3, "in_progress": 4}.get(before["state"], 1),
                        f"cancel answered {reply}")
            shown = json.loads(reply[1])
            if before["state"] not in TERMINAL:
                self.expect(all(item["status"] == "incomplete" for item in shown["output"]),
                            f"cancel left items as {shown['output']}")
                self.counts["items that cancel ended"] += len(shown["output"])
            shown = shown["status"]
            self.expect(shown == (before["state"] if before["state"] in TERMINAL
                                  else "cancelled"), f"cancel shows {shown}")
            if reply[0] in (3, 4):
                self.expect(reply[2] == kept_after_end(response_id), "it lives for {}", reply[2])
                if reply[0] == 3:
                    self.check_about(response_id, reply[3:])
                self.revoke(response_id, "cancelled")
                yield from self.leave_queue(response_id, reply[0], "cancelled")

    def delete(self, response_id):
        tenant = self.random.choice((*[tenant_of(response_id)] * 3, "bob"))
        self.note("delete", response_id, "by", tenant)
        reply = yield self.job_script("delete", response_id, tenant, CANCEL_CHANNEL, response_id,
                                      STATUS_OFFSET - len(STATUS_NAME), STATUS_NAME, keys=4)
        removed = tenant != "bob" and response_id not in self.gone
        if removed:
            state = self.before[response_id]["state"]
            removed = 3 if state == "queued" else 2
        if isinstance(reply, list):
            reply, *about = reply
            self.check_about(response_id, about)
        self.expect(reply == removed, f"delete answered {reply}")
        if reply:
            self.gone.add(response_id)
            self.revoke(response_id, "deleted")
            yield from self.leave_queue(response_id, reply, "deleted")

    def check_about(self, response_id, about):
        """What is told of one that has ended while it was queued, for the log."""
        model, request_id, age, attempts = about
        self.expect((model.decode(), request_id) == (model_of(response_id), b"") and
                    0 <= age < 600_000 and attempts == self.attempts[response_id],
                    "it is {}", about)

    def leave_queue(self, response_id, reply, how):
        """The responder's second step, unless it dies before."""
        if self.random.random() < 0.8:
            yield from self.drop(None, response_id, how, waits=reply == 3)
            if how == "deleted":
                self.given_back.add(response_id)
        else:
            self.counts["drops of responders that were lost"] += 1

    def drop(self, worker, response_id, how, waits=False):
        """worker is the name of the one that has it in its list, or None. how may have what was
        used behind it."""
        keys = [self.held_key, self.until_key, *self.keys_named(
            "index", "index_about", "index_ended", "counters", "minutes", "queue", "parked",
            "shares", "seats", "lines", "turns", "passes", "rates", "budgets", "usage")]
        if self.webhooks and self.webhooks.endpoints:
            keys += self.keys_named("webhooks", "webhooks_about", "webhooks_dead")
        in_list = None
        if worker is not None:
            keys.append(self.list_of(worker))
            number = next(i for i, other in enumerate(self.workers) if other.name == worker)
            in_list = self.lists[2 + number].count(response_id)
        endpoints = self.webhooks.lines() if self.webhooks else ""
        reply = yield self.script("drop", keys, response_id, how, TTL, ENDED, int(waits), endpoints,
                                  *[DELIVERIES] * bool(endpoints))
        how, _, use = how.partition(" ")
        found = self.books.drop(response_id, how, use, self.truths(response_id), waits, in_list)
        self.expect(reply == found, "drop answered {}, and it was there {} times", reply, found)
        if self.webhooks and how == "deleted":
            self.webhooks.forget(response_id)

    def note_end(self, response_id, how):
        if self.webhooks and how != "deleted":
            self.webhooks.end(response_id, how, tenant_of(response_id), named_by(response_id))

    def truths(self, response_id):
        """How it has ended."""
        known = {self.final[response_id][0]} if response_id in self.final else set()
        return known | ({"deleted"} if response_id in self.gone else set())

    def lapse(self, response_id):
        """As when its time to live is over since it was queued, or has ended."""
        self.note("the count of", response_id, "lapses")
        self.lapsed.add(response_id)
        yield ("ZADD", self.until_key, "XX", 1, response_id)

    def fade(self, response_id):
        """As when the time to live of one that has ended is over."""
        self.note("the entry of", response_id, "fades")
        self.books.fade(response_id)
        yield ("ZADD", self.keys["index_ended"], "XX", 1, response_id)

    # The steps of operators.

    def pause(self):
        name = self.random.choice(PAUSABLE)
        self.note("pause", name)
        reply = yield self.script("pause", self.keys_named(*PAUSING), name)
        before = len(self.books.parked)
        self.expect(reply == self.books.pause(name), "pause answered {}", reply)
        self.counts["parked by pause"] += len(self.books.parked) - before

    def resume(self, name):
        self.note("resume", name)
        before = len(self.books.parked)
        reply = yield self.script("resume", self.keys_named(*PAUSING), name)
        self.expect(reply == self.books.resume(name), "resume answered {}", reply)
        self.counts["resumed"] += before - len(self.books.parked)

    def look(self):
        self.note("an operator looks")
        reply = yield self.script("snapshot", [*self.keys_named(
            "queue", "parked", "index_about"), self.zset, *self.keys_named(
                "workers_about", "draining", "relays", "relays_about", "paused", "shares",
                "lines")], RUNNING)
        _, queued, running, oldest, workers, relays, paused = reply
        held = [self.list_of(worker[0].decode()) for worker in workers]
        waits = [self.books.queue, self.books.parked, *self.shares.lines.values()]
        self.expect(queued == sum(map(len, waits)), "{} wait", queued)
        self.expect(running == sum(len(ids) for worker, ids in zip(self.workers, self.lists[2:])
                                   if self.list_of(worker.name) in held), "{} run", running)
        since = [self.books.waiting_since(ids[-1]) for ids in waits if ids]
        longest = max((self.clock - at for at in since if at is not None), default=0)
        self.expect(oldest == longest, "the oldest has waited {}, not {}", oldest, longest)
        self.expect({name.decode() for name in paused} == self.books.paused, "paused {}", paused)
        for name, _, draining, _ in workers:
            self.expect(draining == (name.decode() in self.books.draining), "workers {}", workers)
        self.expect({relay[0].decode() for relay in relays} == self.passages.heard_of(),
                    "relays {}", relays)

    def list_index(self):
        self.note("an operator lists")
        status = self.random.choice(("", "", "open", *TERMINAL))
        tenant = self.random.choice((None, None, "alice", ""))
        model = self.random.choice(("", "", "slow", "quick", "fast-*"))
        most = self.random.choice((1, 2, 100))
        after, since, found, over = "", "", [], 0
        while not over:
            reply = yield self.script(
                "list", self.keys_named("index", "index_about"), after, since, 0, status,
                int(tenant is not None), tenant or "", model, most)
            _, over, after, since, page = reply
            self.expect(len(page) <= 2 * most, "a page of {}", page)
            found += [name.decode() for name in page[::2]]
        self.expect(sorted(found) == self.books.find(status, tenant, model), "it lists {}", found)
        self.counts["rows listed"] += len(found)

    def drain(self, worker, wanted=None):
        wanted = self.random.random() < 0.7 if wanted is None else wanted
        self.note("drain" if wanted else "do not drain", worker.name)
        reply = yield self.script("drain", [self.zset, self.keys["draining"]], worker.name,
                                  int(wanted))
        known = worker.name in self.books.said and not worker.lease_ended
        self.expect(reply == known, "drain answered {}", reply)
        if reply:
            self.books.drain(worker.name, wanted)

    def revoke(self, response_id, how):
        """The message reaches some workers; the others learn it by their next write."""
        for worker in self.workers:
            if (worker.alive and not worker.frozen and response_id in worker.streams and
                    self.random.random() < 0.5):
                del worker.streams[response_id]
                worker.todo.append(("drop", worker.name, response_id, how))

    def expire(self, response_id):
        self.note("expire", response_id)
        yield ("DEL", *keys_of(response_id))
        self.gone.add(response_id)
        for reader in self.readers_of(response_id):
            reader.to_look = True  # which they do when nothing has come for a while

    def tear(self, response_id):
        """As a failover to a replica that lags: the last events are not there any more."""
        self.note("the log of", response_id, "loses its last events")
        self.torn.add(response_id)
        self.readers = [reader for reader in self.readers if reader.id != response_id]
        stored = len(self.before[response_id]["events"])
        yield ("LTRIM", events_key(response_id), 0, self.random.randrange(0, stored - 1))

    # The steps of readers.

    def readers_of(self, response_id):
        return [reader for reader in self.readers if reader.id == response_id]

    def open_reader(self):
        unknown = self.waiting | self.forsaken | self.torn
        followed = [one for one in self.ids if is_streamed(one) and one not in unknown]
        if followed:
            response_id = self.random.choice(followed)
            self.note("a reader of", response_id, "comes")
            self.readers.append(Reader(response_id))

    def cut_reader(self, reader):
        self.note("a reader of", reader.id, "is cut")
        reader.cut(self.random.randint(0, len(reader.events)))
        self.counts["readers that were cut"] += 1

    def resume_reader(self, reader):
        self.note("a reader of", reader.id, "resumes after", len(reader.events) - 1)
        reader.resume()

    def read_log(self, reader):
        self.note("a reader of", reader.id, "reads from", len(reader.events))
        first = len(reader.events)
        reply = yield self.script("follow", keys_of(reader.id), first,
                                  self.random.choice((1, 60, 65536)))
        if not reply:
            self.expect(reader.id in self.gone, "follow knows nothing of {}", reader.id)
            reader.gone = True
            return
        stored, state, final, page = reply
        before = self.before[reader.id]
        self.expect(stored == len(before["events"]), "follow says {} events", stored)
        self.expect(state.decode() == before["state"], "follow says {}", state)
        self.expect(page == before["events"][first:first + len(page)], "follow gave {}", page)
        self.expect(page or first >= stored, "follow gave nothing of {}", stored)
        over = before["state"] in TERMINAL and first + len(page) >= stored
        self.expect(final == (before["object"] if over else None), "follow gave {}", final)
        reader.take(first, page, final, stored)
        self.counts["terminal events"] += over

    def hear(self, response_id, payload):
        """What was published in this step, and what is stored after it."""
        try:
            message = Message(payload)
        except ValueError as error:
            self.expect(False, "{}", error)
        log = self.before[response_id]["events"]
        self.counts["messages"] += 1
        if not message.gone:
            end = message.first + message.count
            self.expect(message.events == log[message.first:end], "{} tells of {}", message, log)
            self.expect(message.count == 0 or end == len(log), "{}, and {} events", message, log)
            self.expect(message.ended == (response_id in self.final), "{}", message)
        else:
            self.expect(response_id in self.gone, "{} is not gone", response_id)
        for reader in self.readers_of(response_id):
            reader.hear(message)

    # The steps of a worker.

    def take(self, worker):
        self.note(worker.name, "takes")
        reply = yield ("LMOVE", self.queue, self.list_of(worker.name), "RIGHT", "LEFT")
        self.expect((reply and reply.decode()) == self.books.take(), "took {}", reply)
        if reply is not None:
            worker.todo.append(("claim", reply.decode()))

    def beat(self, worker, may_be_unheard=True):
        self.note(worker.name, "beats")
        about = f"1700000000 {len(self.trace)} 0.1.0 host"
        streams = len(worker.streams)
        if not worker.unheard:
            worker.telling = self.random.choice((0, 1, 7))
        counts, is_new = self.tokens(worker), self.is_new(worker)
        predecessor = self.predecessor_of(worker)
        room = 0 if worker.leaving or worker.draining else worker.room
        reply = yield self.script(
            "beat", [self.zset, *self.keys_named("workers_about", "draining", "counters", "index",
                                                 "index_about", "index_ended", "rooms", "queue",
                                                 "shares", "seats", "lines", "turns", "passes",
                                                 "rates", "budgets", "relays", "usage")],
            worker.name, LEASE_MS, streams, about, predecessor, counts, worker.made_at, room)
        worker.lease_ended = False
        self.passages.give_back_lost()
        more = self.books.beat(worker.name, f"{streams} {about}", predecessor,
                               is_new * worker.telling, room)
        self.check_doubt(reply[2].decode(), reply[1])
        worker.unheard = may_be_unheard and self.random.random() < 0.2
        if worker.unheard:
            self.note("and the reply is lost")
            self.counts["beats without a reply"] += 1
            return
        worker.telling = 0
        draining, worker.made_at, doubted, more_follow, *lost = reply
        self.expect(more_follow == more, "do more turns follow? {}", more_follow)
        self.expect(draining == (worker.name in self.books.draining), "drain? {}", draining)
        worker.draining = draining == 1
        if doubted:
            worker.todo.append(("look_up", doubted.decode()))
            self.counts["jobs looked up"] += 1
        self.counts["beats of those that drain"] += draining
        for name in lost:
            worker.todo.append(("take_over", name.decode()))

    def check_doubt(self, told, beat):
        """Which id a beat says to look up: one's with a doubtful seat, or one that is open for
        long, in turns the eldest and any that has a seat."""
        doubted = self.shares.doubted_seat()
        if doubted:
            expected = {doubted}
        elif beat % 2 == 0 or not self.shares.seats:
            expected = {self.books.eldest_open()}
        else:
            expected = {self.books.long_open(one) for one in self.shares.seats}
        self.expect((told or None) in expected, "{} is to be looked up, not {}", told, expected)

    def tokens(self, worker):
        return f"{TOKENS}\x1f{worker.name}\x1finput\t{worker.telling}\n" if worker.telling else ""

    def is_new(self, worker):
        """Whether Redis does not know what the worker tells."""
        return not worker.unheard or worker.name not in self.books.said

    def predecessor_of(self, worker):
        """At its first beat."""
        number = self.workers.index(worker)
        if number == 0 or worker.name in self.books.said or self.random.random() < 0.3:
            return ""
        return self.workers[number - 1].name

    def do_next(self, worker):
        what, *arguments = worker.todo.pop(0)
        self.note(worker.name, what, *arguments)
        yield from getattr(self, "do_" + what)(worker, *arguments)

    def claim(self, worker, response_id):
        """Returns the owner if that is another worker."""
        before = self.before.get(response_id)
        reply = yield self.job_script(
            "claim", response_id, worker.name, STATUS_OFFSET, slot("in_progress"))
        if isinstance(reply, list) and len(reply) == 1:
            owner = reply[0].decode()
            self.expect(owner == before["owner"] != worker.name, f"{owner} is not the owner")
            return owner
        worker.watched.discard(response_id)
        if not reply or isinstance(reply, bytes):
            how = self.end_told(response_id, reply)
            worker.todo.append(("drop", worker.name, response_id, how))
            return None
        fence, attempts, model, request, input_text, text, *optional = reply
        optional, headers, tenant, pace, log = (
            optional[:3], optional[3], optional[4], optional[5:8], optional[8:])
        self.expect(0 <= pace[1] <= pace[0] < 600_000 and pace[2] is None, "its ages are {}", pace)
        self.expect(before["state"] == "queued" or before["owner"] == worker.name,
                    f"claimed what was {before}")
        self.expect(fence > before["fence"], "the fence did not rise")
        self.expect((model.decode(), request, input_text, tenant.decode()) == (
            model_of(response_id), b'"a":1', b'"Hi"', tenant_of(response_id)),
            f"claim gave {reply}")
        self.expect(optional == ([b'{"c":1}', b"d1", b"f1"] if continues(response_id)
                                 else [None, None, None]), f"claim gave {reply}")
        self.expect(headers == (b"tracestate: a=1\n" if has_headers(response_id) else None),
                    f"claim gave the headers {headers}")
        self.attempts[response_id] += before["state"] == "queued"
        self.expect(attempts == self.attempts[response_id], f"{attempts} attempts")
        told = before["events"]
        expected = [] if not told else [1] if len(told) == 1 else [len(told), told]
        self.expect(log == expected, "claim gave the log {}", log)
        known = worker.streams.get(response_id)
        if known and (before["state"] == "in_progress" or not told):
            known.fence, known.stored = fence, None
        else:
            stream = worker.streams[response_id] = Stream(response_id, fence, text)
            if told:
                stream.first = len(told)
                stream.tell(worker, "in_progress" if len(told) == 1 else "what was open has ended")
        return None

    def end_told(self, response_id, reply):
        """How it has ended, as a script says: a terminal state and what was used, or nothing if it
        is gone."""
        told = reply.decode() if reply else "deleted"
        how, _, use = told.partition(" ")
        self.expect(how in self.truths(response_id), "ended as {}, and not {}", how,
                    self.truths(response_id))
        self.expect(use == (self.uses.get(response_id, "") if reply else ""), "{} has used {}",
                    response_id, use)
        return told

    def do_look_up(self, worker, response_id):
        """One that should have ended long ago, perhaps."""
        state, use = yield ("HMGET", job_key(response_id), "state", "use")
        if state is None or state.decode() in TERMINAL:
            reply = state and b" ".join((state, use) if use else (state,))
            worker.todo.append(("drop", worker.name, response_id,
                                self.end_told(response_id, reply)))

    def do_claim(self, worker, response_id):
        if (yield from self.claim(worker, response_id)):
            worker.watched.add(response_id)

    def look_again(self, worker, response_id):
        """At a job of another worker whose id is in this one's list: is that one still there?"""
        self.note(worker.name, "looks again at", response_id)
        self.counts["ids of others looked at again"] += 1
        owner = yield from self.claim(worker, response_id)
        if owner is None:
            return
        if not (yield self.script("lapsed", [self.zset], owner)):
            return
        reply = yield from self.reclaim(owner, response_id)
        if reply in (1, 2):
            worker.todo.append(("claim", response_id))
        else:
            how = self.end_told(response_id, reply)
            worker.todo.append(("drop", worker.name, response_id, how))
        worker.watched.discard(response_id)

    def do_drop(self, worker, name, response_id, how):
        yield from self.drop(name, response_id, how)

    def do_requeue(self, worker, name, response_id, anew):
        keys = self.keys_named("queue", "parked", "paused", "index_about", "counters", "shares",
                               "seats", "lines", "turns", "passes")
        counted = counter(RESTARTED, "worker_lost") if anew else ""
        reply = yield self.script("requeue", [self.list_of(name), *keys], response_id, anew, counted)
        self.books.count_restart(anew)
        number = next(i for i, other in enumerate(self.workers) if other.name == name)
        self.expect(reply == (response_id in self.lists[2 + number]), "requeue answered {}", reply)
        if reply:
            self.books.requeue(response_id, anew)

    def put_back_or_drop(self, worker, name, response_id, reply):
        """After reclaim and release."""
        if reply in (1, 2):
            worker.todo.append(("requeue", name, response_id, int(reply == 1)))
        else:
            how = self.end_told(response_id, reply)
            worker.todo.append(("drop", name, response_id, how))

    def do_take_over(self, worker, name):
        reply = yield ("LRANGE", self.list_of(name), 0, -1)
        for entry in reply:
            worker.todo.append(("reclaim", name, entry.decode()))
        if name == worker.name:
            worker.todo.append(("bury_self",))
        elif not reply:
            worker.todo.append(("bury", name))

    def do_reclaim(self, worker, name, response_id):
        reply = yield from self.reclaim(name, response_id)
        self.put_back_or_drop(worker, name, response_id, reply)

    def reclaim(self, name, response_id):
        before = self.before.get(response_id)
        self.may_free = (response_id, "owner", name)
        reply = yield self.job_script("reclaim", response_id, name, "worker_lost", keys=2)
        over = response_id in self.gone or before["state"] in TERMINAL
        owns = not over and before["owner"] == name
        if not over:
            self.expect(reply == (1 if owns else 2), f"reclaim answered {reply}")
        if owns:
            self.books.restart(response_id, "worker_lost")
        self.counts["jobs reclaimed"] += owns
        return reply

    def do_bury(self, worker, name):
        yield from self.bury(name)

    def bury(self, name, worker=None):
        """worker has that name, if it does that itself; its last beat was never made, or unheard."""
        keys = [self.zset, self.list_of(name),
                *self.keys_named("workers_about", "draining", "counters", "rooms", "shares")]
        counts = []
        if worker:
            if not worker.unheard:
                worker.telling = self.random.choice((0, 1, 7))
            counts = [f"{RESTARTED}\x1f{name}\t1\n", self.tokens(worker), worker.made_at]
            self.books.count_tokens(name, self.is_new(worker) * worker.telling)
        reply = yield self.script("bury", keys, name, int(worker is not None), *counts)
        self.books.count_restart(worker is not None)
        if reply:
            self.books.bury(name, worker is not None)

    def do_list_own(self, worker):
        reply = yield ("LRANGE", self.list_of(worker.name), 0, -1)
        for entry in reply:
            if entry.decode() not in worker.streams and entry.decode() not in worker.watched:
                worker.todo.append(("claim", entry.decode()))

    def flush(self, worker, stream):
        stream.text += self.random.choice(("a", 'b"\\', "é\n", "longer " * 5))
        for _ in range(self.random.choice((0, 1, 1, 3)) if is_streamed(stream.id) else 0):
            stream.tell(worker, self.random.choice(("x", "é", "long " * 9)))
        if self.random.random() < 0.25:
            stream.ending = self.random.choice(("completed", "incomplete", "failed", "cancelled"))
        writer = f"{worker.name} {stream.fence}"
        new = object_text(stream.id, stream.ending or "in_progress", writer, stream.text)
        known = stream.stored
        pick = self.random.random()
        if pick < 0.08 and known is not None:
            known += b" "  # as after a failover to a replica that lags
        whole = known is None or pick > 0.9 or len(new) < len(known)
        arguments = [new] if whole else self.patches(known, new)
        before = self.before.get(stream.id)
        self.note(worker.name, "flushes", stream.id, "fence", stream.fence, stream.ending or "",
                  "whole" if whole else "patches")
        slots = item_slots(new)
        told = slots if whole or slots != stream.slots else None
        stream.slots = slots
        command = self.flush_script(stream, told, None if whole else len(known), *arguments,
                                    ending=stream.ending)
        stream.writes += 1
        reply, = yield command
        owns = (stream.id not in self.gone and before["state"] == "in_progress" and
                before["fence"] == stream.fence)
        if not owns:
            self.expect(reply == self.refusal(stream, stream.ending),
                        f"a refused flush answered {reply}")
        elif len(before["events"]) < stream.first:
            self.expect(reply == 4, f"a flush behind a gap answered {reply}")
        elif whole or len(before["object"]) == len(known):
            self.expect(reply == 1, f"the owner's flush answered {reply}")
        else:
            self.expect(reply == 2, f"a flush for another length answered {reply}")
        if owns and reply == 1 and stream.ending:
            self.uses[stream.id] = use_of(stream.id)
        if reply == 2:
            stream.stored = None
            return
        if reply == 1 and self.random.random() < 0.05:
            self.note("and the reply is lost")
            self.lose_connection(worker)
            return
        if reply == 4:
            yield from self.release(worker, stream)
            return
        stream.stored = new
        if reply == 1:
            self.drop_events(stream)
        if reply != 1 or stream.ending:
            self.let_go(worker, stream, reply)

    def drop_events(self, stream):
        """They are stored."""
        stream.first += len(stream.events)
        stream.events = []

    def refusal(self, stream, ending=None):
        """What flush answers to one who does not own the job."""
        self.counts["stale writes refused"] += 1
        if stream.id in self.gone:
            return 5
        before = self.before[stream.id]
        if before["state"] == "cancelled":
            return 0
        made = before["fence"] == stream.fence and before["state"] in TERMINAL
        return 1 if made and before["state"] == ending else 3

    def let_go(self, worker, stream, reply):
        """Only the id of a job that is over is dropped."""
        worker.streams.pop(stream.id, None)
        if reply == 3:
            worker.todo.append(self.random.choice((
                ("claim", stream.id), ("requeue", worker.name, stream.id, 0))))
            return
        how = {0: "cancelled", 1: stream.ending, 5: "deleted"}[reply]
        use = use_of(stream.id) if stream.ending or self.random.random() < 0.5 else ""
        worker.todo.append(("drop", worker.name, stream.id, f"{how} {use}" if use else how))

    def patches(self, old, new):
        """From the first difference on; at times the status slot as a patch of its own."""
        output = old.index(b'"output":')
        parts = []
        if old[:output] != new[:output]:
            parts += [STATUS_OFFSET, new[STATUS_OFFSET:STATUS_OFFSET + STATUS_WIDTH]]
        first = next((i for i in range(output, len(old)) if old[i] != new[i]), len(old))
        return [*parts, first, new[first:]]

    def renew(self, worker, stream):
        """A write without patches: it changes no text, and tells what is to be told."""
        if stream.stored is None:
            return
        self.note(worker.name, "renews", stream.id, "fence", stream.fence)
        before = self.before.get(stream.id)
        reply, = yield self.flush_script(stream, None, len(stream.stored))
        owns = (stream.id not in self.gone and before["state"] == "in_progress" and
                before["fence"] == stream.fence)
        torn = owns and len(before["events"]) < stream.first
        self.expect(reply in ((4,) if torn else (1, 2)) if owns else
                    reply == self.refusal(stream), f"renewal answered {reply}")
        if reply == 1:
            self.drop_events(stream)
        if reply == 4:
            yield from self.release(worker, stream)
        if reply in (0, 3, 5):
            self.let_go(worker, stream, reply)
        elif reply == 2:
            stream.stored = None

    def release(self, worker, stream):
        counted = self.random.random() < 0.5
        self.note(worker.name, "releases", stream.id, "fence", stream.fence)
        before = self.before.get(stream.id)
        self.may_free = (stream.id, "fence", stream.fence)
        why = self.random.choice(("drained", "worker_stopped", "x" * 300))
        reply = yield self.job_script("release", stream.id, stream.fence, int(counted), why, keys=2)
        owns = (stream.id not in self.gone and before["state"] == "in_progress" and
                before["fence"] == stream.fence)
        if stream.id not in self.gone and before["state"] not in TERMINAL:
            self.expect(reply == (1 if owns else 2), f"release answered {reply}")
        if owns:
            self.books.restart(stream.id, why)
        if owns and not counted:
            self.attempts[stream.id] -= 1
        worker.streams.pop(stream.id, None)
        self.put_back_or_drop(worker, worker.name, stream.id, reply)

    def note_retry(self, worker, stream):
        self.note(worker.name, "notes a retry of", stream.id)
        before = self.before.get(stream.id)
        why = self.random.choice(("d1: http_500", "y" * 400))
        reply = yield self.script("note", [job_key(stream.id)], stream.fence, why)
        owns = (stream.id not in self.gone and before["state"] == "in_progress" and
                before["fence"] == stream.fence)
        self.expect(reply == owns, "note answered {}", reply)
        if owns:
            self.books.note_retry(stream.id, why)

    def kill(self, worker):
        self.note(worker.name, "is killed")
        worker.alive = False

    def freeze(self, worker):
        self.note(worker.name, "freezes")
        worker.frozen = True

    def wake(self, worker):
        self.note(worker.name, "wakes up")
        worker.frozen = False

    def leave(self, worker):
        """Gives back what it holds, and forgets itself."""
        self.note(worker.name, "leaves")
        worker.leaving = True
        worker.todo += [("release", response_id) for response_id in worker.streams]
        worker.todo += [("take_over", worker.name)]

    def do_release(self, worker, response_id):
        if response_id in worker.streams:
            yield from self.release(worker, worker.streams[response_id])

    def do_bury_self(self, worker):
        if worker.todo:  # what was under way when this was put off
            worker.todo.append(("bury_self",))
            return
        yield from self.bury(worker.name, worker)
        worker.alive = False

    def lose_connection(self, worker):
        """Replies under way are lost; the worker asks what it holds."""
        self.note(worker.name, "reconnects")
        worker.watched.clear()
        worker.todo = [("take_over", worker.name) if worker.leaving else ("list_own",)]
        for stream in worker.streams.values():
            stream.stored = None

    def end_lease(self, worker):
        self.note(worker.name, "lease ends")
        worker.lease_ended = True
        yield ("ZADD", self.zset, "XX", 1, worker.name)

    def move_clock(self):
        self.clock += self.random.choice((1, 100, 1000, 3000, 6000))
        self.note("the clock moves to", self.clock)

    def change_limits(self):
        tenant = self.random.choice(TENANTS)
        self.limits[tenant] = self.new_limits()
        self.note(f'"{tenant}" may', self.limits[tenant])

    # Which step is next.

    def choose(self):
        """One of the steps that are possible now, by their weights."""
        options = [*self.options_of_clients(), *self.options_of_operators(),
                   *self.passages.options(), (0.1, self.change_limits)]
        if self.clock < self.begun + MOST_MS:
            options.append((0.5, self.move_clock))
        if sum(worker.alive for worker in self.workers) < self.max_workers:
            options.append((4 if not any(w.alive and not w.frozen for w in self.workers) else 0.3,
                            lambda: self.beat(self.new_worker())))
        for worker in self.workers:
            options += self.options_of(worker)
        if self.webhooks:
            options += self.webhooks.options()
        weights = [weight for weight, _ in options]
        return self.random.choices([step for _, step in options], weights)[0]()

    def options_of_clients(self):
        if self.waiting:
            first = min(self.waiting)
            yield 4, lambda: self.enqueue(first)
            yield 0.2, lambda: self.crash_before_enqueue(first)
        if len(self.ids) < self.max_jobs:
            yield (1 + 3 * self.crowded if self.ids else 8), self.create
        for response_id in self.ids:
            if response_id not in self.waiting and response_id not in self.gone:
                yield 0.15 * self.unrest, lambda i=response_id: self.cancel(i)
                told = self.webhooks is not None and response_id in self.final
                yield (1 if told else 0.05) * self.unrest, lambda i=response_id: self.delete(i)
                yield 0.05 * self.unrest, lambda i=response_id: self.expire(i)
            if response_id in self.before and len(self.before[response_id]["events"]) > 1:
                if response_id not in self.final and response_id not in self.gone:
                    yield 0.01 * self.unrest, lambda i=response_id: self.tear(i)
        if len(self.readers) < 4 and self.ids:
            yield 0.5, self.open_reader
        for reader in self.readers:
            if not reader.connected:
                yield 0.5, lambda r=reader: self.resume_reader(r)
            elif not reader.gone:
                yield 0.1, lambda r=reader: self.cut_reader(r)
            if reader.connected and reader.to_look and not reader.is_over:
                yield 1, lambda r=reader: self.read_log(r)
        for response_id in sorted(set(self.held) - self.lapsed):
            yield 0.1 * self.unrest, lambda i=response_id: self.lapse(i)
        for response_id in sorted(self.books.ended.keys() - self.books.removed - self.books.faded):
            yield 0.1 * self.unrest, lambda i=response_id: self.fade(i)

    def options_of_operators(self):
        yield 0.15 * self.meddling, self.pause
        yield 0.05 * self.meddling, self.look
        yield 0.1 * self.meddling, self.list_index
        for name in sorted(self.books.paused):
            yield 0.4, lambda n=name: self.resume(n)
        for worker in self.workers:
            yield 0.05 * self.meddling, lambda w=worker: self.drain(w)

    def options_of(self, worker):
        if not worker.alive:
            if not worker.lease_ended:
                yield 0.7, lambda: self.end_lease(worker)
            return
        if worker.frozen:
            yield 0.25, lambda: self.wake(worker)
            if not worker.lease_ended:
                yield 2, lambda: self.end_lease(worker)
                # A wait for the queue that began before may still bring it a job.
                yield 0.2, lambda: self.take(worker)
            return
        if worker.todo:
            yield 2, lambda: self.do_next(worker)
        busy = bool(worker.todo or worker.streams)
        yield (0.3 if busy else 0.05), lambda: self.freeze(worker)
        yield (0.1 if busy else 0.02), lambda: self.kill(worker)
        yield (0.1 if busy else 0.02), lambda: self.lose_connection(worker)
        for stream in list(worker.streams.values()):
            stale = self.before[stream.id]["fence"] != stream.fence
            yield 0.8, lambda s=stream: self.flush(worker, s)
            yield (0.8 if stale else 0.1), lambda s=stream: self.renew(worker, s)
            yield (0.8 if stale else 0.1), lambda s=stream: self.release(worker, s)
            yield (0.8 if stale else 0.2), lambda s=stream: self.note_retry(worker, s)
        if self.webhooks:
            yield from self.webhooks.options_of(worker)
        if worker.leaving:
            return
        yield 0.05, lambda: self.leave(worker)
        lost = any(w.lease_ended for w in self.workers)
        yield (1.5 if lost or worker.lease_ended else 0.1), lambda: self.beat(worker)
        for response_id in sorted(worker.watched):
            yield 0.5, lambda i=response_id: self.look_again(worker, i)
        # Else it beats first: it may have been forgotten.
        if not worker.lease_ended:
            yield (1.5 if self.books.queue else 0.05), lambda: self.take(worker)

    # Running and checking.

    def expect(self, holds, what, *values):
        """The values go into what, in the place of each {}; most often nobody reads that."""
        if not holds:
            what = what.format(*values) if values else what
            raise Violation(f"sequence {self.number} (RESPOOL_SEED={SEED}): {what}; steps:\n  "
                            + "\n  ".join(self.trace))

    def snapshot(self):
        known = (len(self.ids), len(self.workers))
        if self.asked[:2] != known:
            self.asked = (*known, wire_form(self.snapshot_command()))
        return self.asked[2]

    def shares_snapshot_command(self):
        lists = [self.line + tier + tenant for tier in TIERS for tenant in TENANTS]
        return ("EVALSHA", self.scripts["shares"], 0, *self.keys_named(*SHARE_NAMES), self.line,
                len(lists), *lists, *self.idempotent)

    def snapshot_command(self):
        keys = [self.held_key, self.until_key, *self.keys_named(*NAMES, *WEBHOOK_NAMES)]
        for response_id in self.ids:
            keys += keys_of(response_id)
        return ("EVALSHA", self.scripts["all"], 0, len(keys), *keys,
                *(self.list_of(worker.name) for worker in self.workers))

    def check(self, reply):
        jobs, lists, held, until = json.loads(reply[0])
        self.books.check(reply[1])
        if self.webhooks:
            self.webhooks.check(reply[2], self.longest_after_end)
        waiting = [self.books.queue, self.books.parked, *self.shares.lines.values()]
        listed = {entry for entries in (*lists, *waiting) for entry in entries}
        for response_id, row in zip(self.ids, jobs, strict=True):
            self.check_job(response_id, row, response_id in listed)
        self.held = self.check_sums(held or [], until or [])
        for response_id in self.ids:
            self.check_count(response_id, listed)
        return [*waiting[:2], *map(list, lists)]

    def check_sums(self, held, until):
        """The sums are those of what is counted, and each has an end. Returns what is counted."""
        fields = dict(zip(held[::2], held[1::2]))
        sums = [int(fields.pop(name, 0)) for name in ("waiting", "contexts")]
        counted = {name: tuple(map(int, value.split())) for name, value in fields.items()}
        ends = {name: int(score) for name, score in zip(until[::2], until[1::2])}
        self.expect(set(ends) == set(counted), "{} are held until {}", counted, ends)
        for column, total in enumerate(sums):
            self.expect(total == sum(held[column] for held in counted.values()),
                        "the sums of {} are {}", counted, sums)
        self.expect(all(held[2:] == (TTL, kept_after_end(name)) for name, held in counted.items()),
                    "{}", counted)
        now = self.clock
        self.expect(all(end == 1 or now < end <= now + TTL * 1000 for end in ends.values()),
                    "held until {}", ends)
        self.over = {name for name, end in ends.items() if end == 1}
        return {name: held[:2] for name, held in counted.items()}

    def check_count(self, response_id, listed):
        """What waits or runs is counted whole, and in the end its context as long as it is kept."""
        size, context = sizes_of(response_id)
        held = self.held.get(response_id)
        before = self.before.get(response_id)
        self.expect(held in (None, (size, context), (0, context)),
                    "{} counts {}", response_id, held)
        if held is not None and held[0] != 0:
            self.expect(
                response_id in listed, "{} counts {} and is in no list", response_id, held)
        if response_id in self.given_back:
            self.expect(held is None, "{} was given back and counts {}", response_id, held)
        if response_id in self.lapsed | self.gone | self.waiting | self.forsaken:
            return
        if before["state"] not in TERMINAL:
            self.expect(held == (size, context), "{}, {}, counts {}", response_id, before, held)
        elif context:
            self.expect(held is not None and held[1] == context,
                        "the context of {} counts {}", response_id, held)

    def check_job(self, response_id, row, listed):
        (text, state, fence, owner, attempts, request, inputs, ttl, job_ttl, events, events_ttl,
         pace, kept, kept_ttl) = (None if value is False else value for value in row)
        events = [event.encode() for event in events or []]
        self.check_kept(response_id, state, kept, kept_ttl)
        if text is None or state is None:
            self.expect(response_id in self.gone, "{} is gone", response_id)
            self.expect(text is None and state is None and events == [],
                        "half of {} is gone", response_id)
            return
        self.expect(response_id not in self.gone, "{} has come back", response_id)
        text, fence = text.encode(), int(fence)
        before = self.before.get(response_id)
        if before is None or text != before["object"]:
            shown = self.read_object(text)
            status = shown["status"]
        else:
            status = before["status"]
        now = {"object": text, "state": state, "fence": fence, "owner": owner, "status": status,
               "events": events}
        self.check_log(response_id, before, now)
        self.check_lives(response_id, state, [ttl, job_ttl] + [events_ttl] * bool(events))
        self.expect(before is None or fence >= before["fence"], "the fence fell")
        self.expect(int(attempts) == self.attempts[response_id], "{} attempts counted", attempts)
        self.books.check_job(response_id, *pace, int(attempts))
        self.expect(inputs == ['"Hi"', continues(response_id) and '{"c":1}'],
                    "input and context are {}", inputs)
        if state in TERMINAL:
            self.expect(status == state, "state {} but status {}", state, status)
            self.expect(not request and owner is None, "terminal with a request or owner: {}", row)
            final = self.final.setdefault(response_id, (state, text))
            self.expect(final == (state, text), "{} became {}", final, (state, text))
        else:
            self.expect(response_id not in self.final, "terminal became {}", state)
            self.expect(request == 1, "the request is lost")
            self.expect((owner is not None) == (state == "in_progress"), "owner of {}", row)
            if before is not None and (before["state"], state) == ("in_progress", "queued"):
                freed, member, value = self.may_free
                self.expect(freed == response_id and before[member] == value,
                            "given back by another than its owner: {}", before)
            self.expect(status == "in_progress" or (state, status) == ("queued", "queued"),
                        "state {} but status {}", state, status)
            self.expect(listed or response_id in self.waiting or response_id in self.forsaken,
                        "{}, {}, is in no list", response_id, state)
        if before is not None and text != before["object"]:
            self.check_writer(before, now, shown)
        self.before[response_id] = now

    def check_kept(self, response_id, state, kept, ttl):
        """What was asked of one that has failed, if that is wanted."""
        if state != "failed" or not keeps_request(response_id):
            self.expect(not kept, "of {}, {}, {} is kept", response_id, state, kept)
            return
        headers = "tracestate: a=1\n" if has_headers(response_id) else ""
        self.expect(fields(kept) == {"request": '"a":1', "headers": headers}, "{} is kept", kept)
        most = min(REQUEST_TTL, kept_after_end(response_id)) * 1000
        passed = 1000 * (time.monotonic() - self.real_begun)
        self.expect(most - passed - 1000 < ttl <= most, "what was asked is kept for {}", ttl)

    def check_lives(self, response_id, state, lives):
        """All keys live equally long: what is not to be stored, not for long after its end."""
        seconds = UNSTORED_TTL if state in TERMINAL and is_unstored(response_id) else TTL
        self.expect(all(0 < life <= 1000 * seconds for life in lives), "{}, {}, lives {}",
                    response_id, state, lives)
        self.expect(state not in TERMINAL or max(lives) - min(lives) < 1000, "{} lives {}",
                    response_id, lives)

    def check_log(self, response_id, before, now):
        """It only grows, by what its owner tells, and not when all is over."""
        events, known = now["events"], before["events"] if before else []
        if not is_streamed(response_id):
            self.expect(events == [], "{} is not streamed and has {}", response_id, events)
            return
        self.expect(events != [], "the log of {} is lost", response_id)
        if len(events) == len(known) and events == known:
            return
        self.expect([number_of(event) for event in events] == list(range(len(events))),
                    "the log of {} is {}", response_id, events)
        if response_id in self.torn and len(events) < len(known):
            self.expect(events == known[:len(events)], "{} became {}", known, events)
            return
        self.expect(events[:len(known)] == known, "{} became {}", known, events)
        if before is None:
            return
        self.expect(before["state"] == "in_progress", "told while {}: {}", before["state"], events)
        new = [writer_of(event) for event in events[len(known):]]
        self.expect(all(writer == before["owner"] and fence <= before["fence"]
                        for writer, fence in new), "told by {}: {}", new, before)
        self.counts["events"] += len(new)

    def check_readers(self):
        """What each has is the beginning of the log, and the object behind it."""
        for reader in self.readers:
            if reader.id in self.gone:
                continue
            log = self.before[reader.id]["events"]
            self.expect(reader.events == log[:len(reader.events)],
                        "a reader of {} has {}, not of {}", reader.id, reader.events, log)
            if reader.final is not None:
                self.expect((len(reader.events), reader.final) == (
                    len(log), self.final[reader.id][1]), "a reader's end is {}", reader.final)

    def read_object(self, text):
        try:
            return json.loads(text)
        except ValueError:
            self.expect(False, "{} is not JSON", text)

    def check_writer(self, before, now, shown):
        """Output that has changed was written under the last fence, by the owner; a cancel only
        ends its items."""
        output = output_of(before["object"])
        if now["state"] == "cancelled":
            ended = output.replace(slot("in_progress").encode(), slot("incomplete").encode())
            if output_of(now["object"]) == ended:
                return
        if output_of(now["object"]) == output:
            return
        self.expect(before["state"] == "in_progress", f"written while {before['state']}")
        writer, fence = shown["output"][0]["writer"].split()
        self.expect(writer == before["owner"] and int(fence) == now["fence"] == before["fence"],
                    f"{writer} wrote under fence {fence}; before that: {before}")

    def play(self, step):
        """Plays a step's commands; after each of them what is stored is checked."""
        command = next(step, None)
        while command is not None:
            _, reply, seen, shared, passing, heard = yield [
                ("SET", CLOCK, self.clock), command, self.snapshot(),
                self.shares_asked, self.passages.asked]
            self.counts["steps"] += 1
            try:
                command = step.send(reply)
            except StopIteration:
                command = None
            self.lists = self.check(seen)
            self.shares.check(shared)
            self.passages.check(passing)
            for response_id, payload in heard:
                self.hear(response_id, payload)
            self.check_readers()

    def run(self):
        if self.webhooks:
            yield [*self.webhooks.begin(), ("PING",)]
        longer = 3 if self.webhooks or self.crowded else 1
        for _ in range(self.random.randint(10, MAX_STEPS) * longer):
            step = self.choose()
            if step is not None:
                yield from self.play(step)
        yield from self.settle()
        self.counts += self.shares.counts
        keys = [self.zset, self.held_key, self.until_key, *self.keys.values(), *self.idempotent,
                *self.passages.keys(),
                *(self.list_of(worker.name) for worker in self.workers)]
        for response_id in self.ids:
            keys += keys_of(response_id)
        yield [("DEL", key) for key in keys]

    def settle(self):
        """All workers are lost; a fresh one takes over everything and runs the queue empty."""
        self.note("settling")
        begun = len(self.trace)
        self.forsaken |= self.waiting
        self.waiting.clear()
        for name in sorted(self.books.paused):
            yield from self.play(self.resume(name))
        for worker in self.workers:
            worker.alive = False
            yield from self.play(self.end_lease(worker))
        yield from self.passages.lose_all()
        fresh = self.new_worker()
        for _ in range(1 + 3 * len(self.workers)):
            yield from self.play(self.beat(fresh, may_be_unheard=False))
            while fresh.todo:
                yield from self.play(self.do_next(fresh))
        if fresh.name in self.books.draining:
            yield from self.play(self.drain(fresh, False))
        while any(self.lists) or self.shares.lines or fresh.todo:
            if fresh.todo:
                yield from self.play(self.do_next(fresh))
            elif fresh.streams:
                yield from self.play(self.flush(fresh, next(iter(fresh.streams.values()))))
            elif fresh.watched:
                yield from self.play(self.look_again(fresh, min(fresh.watched)))
            elif not self.books.queue:
                yield from self.play(self.beat(fresh))
            else:
                yield from self.play(self.take(fresh))
            self.expect(len(self.trace) < begun + 400, f"it does not come to an end: {self.lists}")
        self.expect(not any(self.lists), f"ids left in lists: {self.lists}")
        self.expect(not any(held[0] for held in self.held.values()), f"counted: {self.held}")
        for response_id in self.ids:
            if response_id not in self.gone | self.forsaken:
                self.expect(response_id in self.final, f"{response_id} was never finished")
        self.check_ends()
        self.check_use()
        if self.webhooks:
            yield from self.play(self.webhooks.settle(fresh))
        yield from self.settle_readers()
        names, *_ = yield [("ZRANGE", self.zset, 0, -1), ("PING",)]
        self.expect(names == [fresh.name.encode()], f"workers known in the end: {names}")

    def longest_after_end(self, response_id):
        """s that it is in the index; whose count is over may be taken for any."""
        return TTL if response_id in self.lapsed else kept_after_end(response_id)

    def check_ends(self):
        """Each that was queued has been counted out."""
        unknown = self.books.entered - self.books.ended.keys()
        self.expect(not unknown, "{} have ended, and were not counted", unknown)
        self.counts["ended"] += len(self.books.ended)

    def check_use(self):
        """Each has been counted once, with what is known to have been used; all seats are free."""
        counted = [list(map(float, line.split(" "))) for line in self.shares.usage.values()]
        counted = [sum(column) for column in zip(*counted)] or [0] * 6
        used = [read_use(self.uses.get(response_id, "")) for response_id in self.books.ended
                if response_id not in self.gone]
        ended = len(self.books.ended) + self.passages.ended
        self.expect(counted[0] == ended, "used is {}", counted)
        self.expect(all(number >= sum(column) for number, column in zip(counted[3:], zip(*used))),
                    "used is {}, not {}", counted, used)
        self.expect(not self.shares.running, "{} are running", self.shares.running)

    def settle_readers(self):
        """All come to the end, by what was published and by the reading that this has made due."""
        for reader in self.readers:
            if not reader.connected:
                self.resume_reader(reader)
            while reader.to_look and not reader.is_over:
                yield from self.play(self.read_log(reader))
            self.expect(reader.is_over, "a reader of {} waits for ever, at {}", reader.id,
                        reader.events)
            self.counts["readers at the end"] += 1


def output_of(text):
    return text[text.index(b'"output":'):]


class Listener:
    """Hears what is published, of each sequence by itself."""

    def __init__(self, path):
        self.connection = Connection(path)
        assert self.connection.call("SUBSCRIBE", MARKER)[:2] == [b"subscribe", MARKER.encode()]
        self.connection.socket.sendall(wire_form(("PSUBSCRIBE", CHANNEL + b"*")))
        assert self.connection.read()[0] == b"psubscribe"

    def heard(self):
        """What came before the next marker: sequence number: its messages in turn."""
        heard = {}
        while True:
            kind, *message = self.connection.read()
            if kind == b"message":
                return heard
            _, channel, payload = message
            response_id = channel[len(CHANNEL):-1].decode()
            heard.setdefault(int(response_id[13:21], 16), []).append((response_id, payload))


def play_all(connection, scripts, numbers, listener):
    """Plays the sequences, some side by side. Returns what was counted."""
    numbers = iter(numbers)
    counts = Counter()
    playing = []
    while True:
        while len(playing) < TOGETHER and (number := next(numbers, None)) is not None:
            sequence = Sequence(number, scripts)
            run = sequence.run()
            playing.append((sequence, run, next(run)))
        if not playing:
            return counts
        replies = iter(connection.batch([
            *(command for _, _, commands in playing for command in commands),
            ("PUBLISH", MARKER, "")]))
        heard = listener.heard()
        going_on = []
        for sequence, run, commands in playing:
            seen = [*(next(replies) for _ in commands), heard.get(sequence.number, [])]
            try:
                going_on.append((sequence, run, run.send(seen)))
            except StopIteration:
                counts += sequence.counts
        playing = going_on


@pytest.fixture
def path(directory):
    return directory / "redis.sock"


@pytest.fixture
def listen(path):
    """Makes a Listener, once there is a server."""
    listeners = []

    def listen():
        listeners.append(Listener(path))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.connection.close()


@pytest.fixture
def redis_connection(directory, path):
    program = Program("redis", [
        REDIS_SERVER, "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no",
        "--dir", directory, "--loglevel", "warning"], directory)
    await_socket(program, path)
    connection = Connection(path)
    yield connection
    connection.close()
    assert program.stop() == 0


@pytest.fixture(params=found_servers())
def node_connection(request, directory, path):
    """That to the one node of a Cluster, which has all slots."""
    cluster = Cluster(directory, masters=1, replicas=0, program=request.param,
                      settings=[f"unixsocket {path}"])
    connection = Connection(path)
    yield connection
    connection.close()
    cluster.close()


# The scripts of the slot of the lists.
OF_THE_LISTS = ("enqueue", "drop", "beat", "bury", "pause", "resume", "requeue", "snapshot", "list",
                "lapsed", "drain", "relay_beat", "admit", "settle")


def load_scripts(connection, head=""):
    texts = {path.stem: head + with_few_deliveries(script_text(path.stem))
             for path in sorted((TOP / "common" / "store" / "scripts").glob("*.lua"))}
    for name in ("webhooks_claim", "webhooks_report", "webhooks_retry"):
        texts[name] = with_moved_clock(texts[name])
    for name in OF_THE_LISTS:
        texts[name] = with_short_times(with_set_clock(texts[name]))
    scripts = {name: connection.call("SCRIPT", "LOAD", text) for name, text in texts.items()}
    assert len(scripts) >= 12
    snapshots = {"all": SNAPSHOT, "shares": SHARES_SNAPSHOT, "passages": PASSAGES_SNAPSHOT}
    return scripts | {name: connection.call("SCRIPT", "LOAD", text)
                      for name, text in snapshots.items()}


def with_set_clock(text):
    """A script whose time (ms) is under a key, which each step sets."""
    clock = f"tonumber(redis.call('GET', '{CLOCK}'))"
    text, count = re.subn(r"(redis\.)?call\('TIME'\)",
                          f"{{math.floor({clock} / 1000), {clock} % 1000 * 1000}}", text)
    assert count == 1
    return text


def test_the_object_of_these_tests_is_laid_out_as_the_real_one(make_stack):
    """The status slot of an object that respool made is where these sequences have it."""
    stack = make_stack(supervisor=False)
    created = stack.client.create("m")
    stored = stack.stored(created["id"])
    played = object_text(created["id"], "queued", None, "")
    slots = slice(STATUS_OFFSET - len(STATUS_NAME), STATUS_OFFSET + STATUS_WIDTH)
    assert stored[slots] == played[slots] == (STATUS_NAME + slot("queued")).encode()
    job = stack.job(created["id"])
    assert {b"state", b"tenant", b"model", b"request", b"input", b"ttl", b"fence",
            b"attempts"} <= set(job)


def test_log_of_these_tests_is_kept_as_the_real_one(make_stack):
    stack = make_stack(supervisor=False)
    follower, response_id = create_stream(stack.client, "m", store=False)
    follower.close()
    first = follower.events[0]
    job = stack.job(response_id)
    assert (job[b"streamed"], int(job[b"unstored_ttl"])) == (b"1", 600)
    assert stack.redis.lrange(events_key(response_id), 0, -1) == [first.text + b"\n\n"]
    assert split_events(first.text + b"\n\n") == [first.text + b"\n\n"]
    assert {"streamed", "unstored_ttl"} <= {
        name for response_id in (f"litellm_poll_{n:08x}-0000-4000-8000-{0:012x}" for n in range(8))
        for name in fields_of(response_id)[::2]}


@pytest.mark.slowish
def test_random_interleavings_keep_the_promises(redis_connection, listen, record_property):
    scripts = {**load_scripts(redis_connection), "one_server": True}
    begun = time.monotonic()
    counts = play_all(redis_connection, scripts, range(SEQUENCES), listen())
    seconds = time.monotonic() - begun
    print(f"{SEQUENCES} interleavings in {seconds:.1f} s: {dict(counts)}")
    for name, count in counts.items():
        record_property(name, count)
    assert counts["steps"] > 20 * SEQUENCES
    for name in ("stale writes refused", "jobs reclaimed", "ids of others looked at again",
                 "events", "messages", "terminal events", "readers that were cut",
                 "drops of responders that were lost", "parked at once", "parked by pause",
                 "resumed", "beats of those that drain", "beats without a reply", "rows listed",
                 *(f"enqueue answered {reply}" for reply in (0, 2))):
        assert counts[name] > SEQUENCES / 200, f"too rare: {name}"
    assert counts["enqueue answered 3"] > SEQUENCES / 1000
    for name in ("turns", "turns out of order", "passages", "passages given back",
                 "passages settled too late", "endpoints that rest",
                 "keys that stand for another", "keys that are taken",
                 *(f"refused by {limit}" for limit in LIMIT_NAMES.values())):
        assert counts[name] > SEQUENCES / 500, f"too rare: {name}"
    for name in ("noted", "claimed", "claimed after a lease", "delivered", "failed", "dead",
                 "dropped", "released", "retried", "forgotten", "forgotten after a week",
                 "to strangers", "to what is off"):
        assert counts[f"deliveries {name}"] > SEQUENCES / 500, f"too rare: deliveries {name}"
    for name in ("late reports", "claims while an endpoint rests",
                 "claims of fewer than are due"):
        assert counts[name] > SEQUENCES / 200, f"too rare: {name}"


@pytest.mark.slowish
def test_promises_are_kept_in_a_cluster_which_refuses_keys_of_several_slots(
        node_connection, listen):
    """A script with this head may touch the keys of one slot alone."""
    scripts = load_scripts(node_connection, "#!lua\n")
    counts = play_all(node_connection, scripts, range(SEQUENCES // 10), listen())
    assert all(counts.values())


def play_step(connection, sequence, step):
    run = sequence.play(step)
    commands = next(run)
    while commands:
        try:
            commands = run.send([*connection.batch(commands), []])
        except StopIteration:
            commands = None


def do_all(connection, sequence, worker):
    while worker.todo:
        play_step(connection, sequence, sequence.do_next(worker))


def end_a_response(connection, sequence, worker):
    """The worker has written its end, and knows that or not."""
    play_step(connection, sequence, sequence.beat(worker))
    while not sequence.books.queue:
        play_step(connection, sequence, sequence.create())
        for response_id in sorted(sequence.waiting):
            play_step(connection, sequence, sequence.enqueue(response_id))
    play_step(connection, sequence, sequence.take(worker))
    do_all(connection, sequence, worker)
    while not sequence.final:
        stream, = worker.streams.values()
        play_step(connection, sequence, sequence.flush(worker, stream))


@pytest.mark.parametrize("last", ("write", "drop", "claim", "report"))
def test_webhooks_survive_a_worker_that_is_killed_behind_its(redis_connection, last):
    """After each step the other worker goes on."""
    scripts = load_scripts(redis_connection)
    for number in range(0, 5 * WEBHOOKS_EVERY, WEBHOOKS_EVERY):
        sequence = Sequence(number, scripts)
        webhooks = sequence.webhooks
        webhooks.endpoints = {name: Endpoint(name, EVENTS, None, 2, "d") for name in "ab"}
        killed, other = sequence.new_worker(), sequence.new_worker()
        end_a_response(redis_connection, sequence, killed)
        if last != "write":
            do_all(redis_connection, sequence, killed)
        if last in ("claim", "report"):
            play_step(redis_connection, sequence, webhooks.claim(killed))
            assert len(webhooks.leases) == 2
        if last == "report":
            for one, delivery in webhooks.waiting.items():
                play_step(redis_connection, sequence, webhooks.bring(killed, (
                    one, delivery.claims, "failed", delivery.gone, 5000, "HTTP 500", 0, "")))
        sequence.kill(killed)
        play_step(redis_connection, sequence, sequence.end_lease(killed))
        while any(sequence.lists):
            play_step(redis_connection, sequence, sequence.beat(other))
            play_step(redis_connection, sequence, sequence.take(other))
            do_all(redis_connection, sequence, other)
        assert len(webhooks.waiting) == 2
        play_step(redis_connection, sequence, webhooks.settle(other))
        assert webhooks.books.deliveries == Counter(delivered=2, failed=2 * (last == "report"))
