"""The events of streamed responses in Redis: how they are written, how they end, how they are read.

The scripts are called as they stand, and tests/event_log.c does what responder, worker and relay do.
"""

import itertools
import signal
import subprocess
import threading

import pytest

from harness import (BUILD, SANITIZER_REPORT, environment, events_key, job_key, request_key,
                     response_key, script_text, wait_until)

STACK = {"supervisor": False, "responder": False, "web": False}
ALONE = dict(STACK)
QUEUED = '{"id":"x","status":"queued"     ,"output":[]}'
SLOT = '"cancelled"  '
TTL = 3600
OK, NOT_FOUND, QUEUE_FULL = "0", "1", "3"

numbers = itertools.count(1)


def keys(response_id):
    return response_key(response_id), job_key(response_id), events_key(response_id)


def event(number, size=0):
    return f'event: e\ndata: {{"sequence_number":{number}{" " * size}}}\n\n'


def events(first, count, size=0):
    return "".join(event(number, size) for number in range(first, first + count))


@pytest.fixture
def response_id():
    return f"litellm_poll_{next(numbers):036}"


@pytest.fixture
def redis(stack):
    return stack.redis


class Job:
    """A job whose scripts are called as they stand. Created with a first event unless told not to."""

    def __init__(self, redis, response_id, streamed=True, **fields):
        self.redis = redis
        self.id = response_id
        self.keys = keys(response_id)
        self.text = QUEUED
        self.fence = self.writes = self.kept = 0
        pairs = [word for pair in fields.items() for word in pair]
        if streamed:
            assert self.run("create", self.keys, TTL, QUEUED, "tenant", "alice", *pairs, "streamed",
                            1, event(0)) == 1
        else:
            assert self.run("create", self.keys[:2], TTL, QUEUED, "tenant", "alice", *pairs) == 1

    def run(self, script, keys, *arguments):
        return self.redis.eval(script_text(script), len(keys), *keys, *arguments)

    def claim(self, worker="w1", slot=QUEUED.index('"queued"')):
        reply = self.run("claim", self.keys, worker, slot, '"in_progress"')
        self.fence, self.text, self.writes = reply[0], reply[5].decode(), 0
        return reply

    def flush(self, first, text, *end, document=None, known=None):
        """With the whole document, or only with what is known of it."""
        if document is not None:
            self.writes += 1
            self.text = document
        return self.write("v", document, known, *end, first, text)

    def renew(self, *end):
        """As it is for what is not streamed."""
        return self.write("", None, None, *end)

    def write(self, flags, document, known, *words):
        """words are the terminal state, if there is one, and the events, if there are any."""
        ends = len(words) % 2 == 1
        if ends:
            words = (f"{words[0]} {self.kept} -", *words[1:])
        flags += "r" + ("e" if ends else "") + ("" if document is None else "w")
        length, writes = (known or f"{len(self.text)} {self.writes}").split()
        if document is not None:
            words = (document, *words)
        head = f"{len(words)} {flags} {length} {self.fence} {writes}"
        reply, = self.run("flush", [self.keys[1]], 1, head, *words)
        return reply

    def cancel(self):
        return self.run("cancel", self.keys, "alice", QUEUED.index('"queued"'), SLOT, "cancels",
                        self.id, '"in_progress"', '"incomplete" ')

    def delete(self):
        return self.run("delete", (*self.keys, request_key(self.id)), "alice", "cancels", self.id, 0, "{")

    def follow(self, number, most=65536):
        return self.run("follow", self.keys, number, most)

    def stored(self):
        return b"".join(self.redis.lrange(self.keys[2], 0, -1)).decode()

    def ttls(self):
        return [self.redis.ttl(key) for key in self.keys]


@pytest.fixture
def job(redis, response_id):
    return Job(redis, response_id)


class Channel:
    """What is published about a response."""

    def __init__(self, redis, response_id):
        self.pubsub = redis.pubsub(ignore_subscribe_messages=False)
        self.pubsub.subscribe(events_key(response_id))
        assert self.pubsub.get_message(timeout=5)["type"] == "subscribe"

    def next(self):
        return self.pubsub.get_message(timeout=5)["data"].decode()


@pytest.fixture
def channel(redis, response_id):
    channel = Channel(redis, response_id)
    yield channel
    channel.pubsub.close()


def test_created_response_has_its_first_event_for_as_long_as_itself(job):
    assert job.stored() == event(0)
    assert all(TTL - 5 <= ttl <= TTL for ttl in job.ttls())
    assert job.redis.hget(job.keys[1], "streamed") == b"1"


def test_response_that_is_not_streamed_has_no_events_and_no_field(redis, response_id):
    job = Job(redis, response_id, streamed=False)
    assert len(job.claim()) == 14
    assert job.renew("completed") == 1
    assert not redis.exists(job.keys[2])
    assert not {b"streamed", b"unstored_ttl"} & redis.hgetall(job.keys[1]).keys()


def test_events_that_are_stored_already_are_not_stored_twice(job):
    job.claim()
    assert job.flush(1, events(1, 3), document="one") == 1
    assert job.flush(1, events(1, 3), document="one") == 1
    assert job.flush(2, events(2, 5)) == 1
    assert job.flush(1, events(1, 2)) == 1
    assert job.flush(7, "") == 1
    assert job.stored() == events(0, 7)


def test_lost_events_are_told_and_nothing_is_written(job):
    job.claim()
    assert job.flush(1, events(1, 3), document="before") == 1
    job.redis.rpop(job.keys[2])
    assert job.flush(4, event(4), "completed", document="after") == 4
    assert job.flush(4, "", known="6 1") == 4
    assert job.redis.get(job.keys[0]) == b"before"
    assert job.redis.hget(job.keys[1], "state") == b"in_progress"
    assert job.stored() == events(0, 3)


def test_nothing_is_appended_unless_the_document_is_written(job):
    job.claim()
    assert job.flush(1, event(1), known="1 1") == 2
    job.fence -= 1
    assert job.flush(1, event(1), document="one") == 3
    job.fence += 1
    assert job.stored() == event(0)
    assert job.flush(1, event(1), document="one") == 1
    job.cancel()
    assert job.flush(2, event(2), document="two") == 0
    assert job.stored() == events(0, 2)


def test_20000_events_are_appended_at_once_and_are_to_be_read(job, channel):
    job.claim()
    assert job.flush(1, events(1, 20000)) == 1
    assert job.redis.llen(job.keys[2]) == 20001
    assert job.stored() == events(0, 20001)
    assert channel.next() == "1 20000\n"


def test_appended_events_are_published_and_with_the_last_of_them_the_end(job, channel):
    job.claim()
    job.flush(1, events(1, 2))
    assert channel.next() == "1 2\n" + events(1, 2)
    job.flush(3, "", document="one")
    job.flush(3, event(3), "completed", document="two")
    assert channel.next() == "3 1 ended\n" + event(3)


def test_end_without_events_is_published(job, channel):
    job.claim()
    assert job.flush(1, "", "failed") == 1
    assert channel.next() == "1 0 ended\n"


def test_cancelled_and_deleted_are_published(job, channel):
    job.claim()
    job.flush(1, event(1))
    channel.next()
    job.cancel()
    assert channel.next() == "2 0 ended\n"
    job.cancel()
    assert job.delete() == 2
    assert channel.next() == "gone\n"
    assert not job.redis.exists(*job.keys)


def test_nothing_is_published_of_what_is_not_streamed(redis, response_id, channel):
    job = Job(redis, response_id, streamed=False)
    job.claim()
    job.renew()
    job.cancel()
    job.delete()
    redis.publish(events_key(response_id), "the end")
    assert channel.next() == "the end"


@pytest.mark.parametrize("how", ["flush", "cancel", "cancel while queued"])
def test_what_is_not_to_be_kept_goes_soon_after_its_end(redis, response_id, how):
    job = Job(redis, response_id, unstored_ttl=60)
    if how != "cancel while queued":
        job.claim()
        job.flush(1, event(1), document="one")
        assert all(ttl > 3000 for ttl in job.ttls())
    if how == "flush":
        assert job.flush(2, "", "completed", document="two") == 1
    else:
        job.cancel()
    assert all(55 <= ttl <= 60 for ttl in job.ttls())
    for key in job.keys:
        redis.expire(key, 30)
    assert job.cancel()[0] == 1
    assert job.run("claim", job.keys, "w2", 0, "x") in (b"cancelled", b"completed")
    assert job.flush(2, "", document="three") == (3 if how == "flush" else 0)
    assert len(job.follow(0)) == 4
    assert all(ttl <= 30 for ttl in job.ttls()), "something has renewed them"


def test_last_write_that_is_repeated_counts_as_written(job):
    job.claim()
    assert job.flush(1, event(1), "completed", document="one") == 1
    assert job.flush(1, event(1), "completed", document="one") == 1
    assert job.stored() == events(0, 2)
    assert job.flush(2, "", "failed", document="two") == 3


def test_last_write_behind_that_of_another_worker_says_that_the_job_was_taken(job):
    job.claim("w1")
    fence = job.fence
    assert job.run("reclaim", job.keys[:2], "w1", "worker_lost") == 1
    job.claim("w2")
    assert job.flush(1, event(1), "completed", document="one") == 1
    job.fence = fence
    assert job.flush(1, event(1), "completed", document="two") == 3


def test_write_of_what_is_gone_says_so(job):
    job.claim()
    job.delete()
    assert job.flush(1, event(1), document="one") == 5


@pytest.mark.parametrize("kept, unstored, ttl", [(600, None, 600), (2 * TTL, None, TTL),
                                                 (600, 60, 60)])
def test_what_was_asked_outlives_a_failure_but_not_the_response(
        redis, response_id, kept, unstored, ttl):
    job = Job(redis, response_id, request='"a":1', headers="h",
              **({"unstored_ttl": unstored} if unstored else {}))
    job.kept = kept
    job.claim()
    assert job.flush(1, "", "failed", document="one") == 1
    key = request_key(response_id)
    assert redis.hgetall(key) == {b"request": b'"a":1', b"headers": b"h"}
    assert ttl - 5 <= redis.ttl(key) <= ttl
    assert redis.hmget(job.keys[1], "request", "headers") == [None, None]
    job.delete()
    assert not redis.exists(key)


def test_history_has_the_last_of_what_happened_in_whole_lines(job):
    for number in range(100):
        job.claim()
        assert job.run("note", job.keys[1:2], job.fence, f"{number} timeout") == 1
        assert job.run("note", job.keys[1:2], job.fence - 1, "not mine") == 0
        assert job.run("release", job.keys[:2], job.fence, 1, "drained") == 1
    lines = job.redis.hget(job.keys[1], "history").decode().splitlines()
    assert lines[-2].endswith(" retry 99 timeout") and lines[-1].endswith(" restart drained")
    assert 20 <= len(lines) <= 80
    assert all(line.split()[0].isdigit() and line.split()[1] in ("retry", "restart")
               for line in lines)


def test_what_is_not_to_be_kept_never_lives_longer_for_it(redis, response_id):
    job = Job(redis, response_id, unstored_ttl=2 * TTL)
    job.claim()
    job.flush(1, event(1), "completed")
    assert all(TTL - 5 <= ttl <= TTL for ttl in job.ttls())


def test_claim_has_all_events_once_there_are_more_than_the_first(job):
    assert job.claim()[14:] == [1]
    job.flush(1, events(1, 2))
    told, again = job.claim()[14:]
    assert told == 3
    assert b"".join(again).decode() == events(0, 3)
    job.redis.delete(job.keys[2])
    assert job.claim()[14:] == [0]


def test_pages_are_bounded_and_without_gap_or_repeat(job):
    job.claim()
    job.flush(1, events(1, 999, 900))
    found, number = "", 0
    while number < 1000:
        stored, state, object, page = job.follow(number)
        assert (stored, state, object) == (1000, b"in_progress", None)
        assert page and len(b"".join(page)) <= 65536
        assert len(b"".join(page)) > 64000 or number + len(page) == 1000
        found += b"".join(page).decode()
        number += len(page)
    assert found == event(0) + events(1, 999, 900)


def test_event_that_is_larger_than_a_page_is_one(job):
    job.claim()
    job.flush(1, event(1, 200000) + event(2))
    assert [len(page) for page in (job.follow(0)[3], job.follow(1)[3], job.follow(2)[3])] == [1, 1, 1]
    assert job.follow(1)[3] == [event(1, 200000).encode()]
    assert job.follow(3)[3] == []


def test_object_comes_with_the_last_page_of_what_has_ended(job):
    job.claim()
    job.flush(1, events(1, 3), document="before")
    assert job.follow(0)[1:3] == [b"in_progress", None]
    job.flush(4, event(4), "incomplete", document="after")
    assert job.follow(0, 50)[:3] == [5, b"incomplete", None]
    assert job.follow(4)[:3] == [5, b"incomplete", b"after"]
    assert job.follow(5) == [5, b"incomplete", b"after", []]
    assert job.follow(99) == [5, b"incomplete", b"after", []]


def test_what_is_gone_or_has_no_events_cannot_be_followed(redis, job):
    for key in (0, 1, 2):
        other = Job(redis, f"{job.id}{key}")
        redis.delete(other.keys[key])
        assert other.follow(0) == []
    assert Job(redis, f"{job.id}-", streamed=False).follow(0) == []


def test_a_server_that_forbids_to_publish_loses_no_event(make_stack):
    job = Job(make_stack(**ALONE).redis, "litellm_poll_1")
    job.claim()
    job.redis.execute_command("ACL", "SETUSER", "default", "-publish")
    assert job.flush(1, event(1), document="one") == 1
    assert job.flush(2, event(2), "completed") == 1
    assert job.stored() == events(0, 3)
    assert job.cancel()[0] == 1
    assert job.delete() == 2


class Program:
    """tests/event_log.c: what it says is kept until it is asked for."""

    def __init__(self, stack):
        self.stderr = open(stack.directory / f"event_log{next(numbers)}", "w+b")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", BUILD / "tests" / "event_log",
             stack.config_path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr, env=environment())
        self.said = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            words = line.decode().split()
            if words[0] in ("came", "page", "claimed"):
                words.append(self.process.stdout.read(int(words[-1])).decode())
                self.process.stdout.readline()
            with self.changed:
                self.said.append(words)
                self.changed.notify_all()

    def tell(self, *words):
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()

    def hear(self, *beginning, timeout=10):
        """What it says that begins so, and has not been heard yet."""
        beginning = [str(word) for word in beginning]

        def find():
            for place, words in enumerate(self.said):
                if words[:len(beginning)] == beginning:
                    return place
            return None

        with self.changed:
            found = self.changed.wait_for(lambda: find() is not None, timeout)
            assert found, f"{beginning} is not among {self.said[:20]}"
            return self.said.pop(find())[len(beginning):]

    def ask(self, *words):
        self.tell(*words)
        return self.hear({"create": "created", "find": "found", "flush": "flushed",
                          "renew": "flushed", "read": "page"}[words[0]], *(
                              words[1:2] if words[0] in ("flush", "renew", "read") else ()))

    def forget(self):
        with self.changed:
            self.said.clear()

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(15)
        self.reader.join(5)
        self.process.stdout.close()
        self.stderr.seek(0)
        text = self.stderr.read().decode()
        self.stderr.close()
        assert status == 0 and not SANITIZER_REPORT.search(text), text


@pytest.fixture
def make_program():
    programs = []

    def make(stack):
        programs.append(Program(stack))
        return programs[-1]

    yield make
    for program in programs:
        program.close()


@pytest.fixture
def program(stack, make_program):
    return make_program(stack)


def test_responder_knows_what_can_be_followed(stack, program, response_id):
    program.ask("create", response_id, "alice", 1, 0)
    program.ask("create", f"{response_id}-", "alice", 0, 0)
    stack.redis.set(response_key("litellm_poll_foreign"), '{"another":"program"}')
    assert program.ask("find", response_id, "alice") == [OK, "1"]
    assert program.ask("find", response_id, "bob")[0] == NOT_FOUND
    assert program.ask("find", f"{response_id}-", "alice") == [OK, "0"]
    assert program.ask("find", "litellm_poll_foreign", "alice") == [OK, "0"]
    assert program.ask("find", "litellm_poll_nobody", "alice")[0] == NOT_FOUND
    stack.redis.delete(job_key(response_id))
    assert program.ask("find", response_id, "alice") == [NOT_FOUND, "0"]


def test_refused_create_leaves_no_events_behind(make_stack, make_program, response_id):
    stack = make_stack(**ALONE)
    program = make_program(stack)
    stack.redis.lpush("litellm:polling:{jobs}:queue", *range(10000))
    assert program.ask("create", response_id, "alice", 1, 60) == [QUEUE_FULL]
    assert not stack.redis.exists(*keys(response_id))
    stack.redis.ltrim("litellm:polling:{jobs}:queue", 1, 0)
    assert program.ask("create", response_id, "alice", 1, 60) == [OK]
    assert stack.redis.hget(job_key(response_id), "unstored_ttl") == b"60"
    object, first = stack.stored(response_id), stack.redis.lindex(events_key(response_id), 0)
    assert first.startswith(b"event: response.created\n") and object in first
    held = stack.redis.hget("litellm:polling:{jobs}:held", response_id).split()
    assert int(held[0]) == len(object) + len(first) + len("{}")


def test_worker_writes_events_with_the_document(make_stack, make_program, response_id):
    stack = make_stack(**ALONE)
    program = make_program(stack)
    program.ask("create", response_id, "alice", 1, 0)
    program.tell("work", "a" * 16)
    assert program.hear("claimed", response_id) == ["1", "1", "0", "0", ""]
    assert program.ask("flush", response_id, 1, 3, "-") == ["done"]
    assert program.ask("flush", response_id, 2, 3, "-") == ["done"]
    assert program.ask("flush", response_id, 6, 1, "-") == ["lost"]
    assert program.ask("flush", response_id, 5, 1, "completed") == ["done"]
    assert program.ask("flush", response_id, 6, 1, "-") == ["taken"]
    stored = stack.redis.lrange(events_key(response_id), 1, -1)
    assert b"".join(stored).decode() == events(1, 5)
    assert b'"status":"completed"' in stack.stored(response_id)


def test_next_worker_gets_all_events(make_stack, make_program):
    stack = make_stack(**ALONE)
    program = make_program(stack)
    streamed, other = (f"litellm_poll_{number:036}" for number in (1, 2))
    program.ask("create", streamed, "alice", 1, 0)
    program.ask("create", other, "alice", 0, 0)
    job = Job.__new__(Job)
    job.redis, job.keys = stack.redis, keys(streamed)
    job.claim("lost", stack.stored(streamed).index(b'"queued"'))
    assert job.flush(1, events(1, 4)) == 1
    assert job.run("release", job.keys[:2], job.fence, 1, "drained") == 1
    program.tell("work", "b" * 16)
    assert program.hear("claimed", other) == ["0", "0", "0", "0", ""]
    is_streamed, told, count, _, text = program.hear("claimed", streamed)
    assert (is_streamed, told, count) == ("1", "5", "5")
    assert text.endswith(events(1, 4))
    assert program.ask("flush", streamed, 5, 1, "-") == ["done"]
    assert program.ask("renew", other) == ["done"]


def page(answer):
    result, stored, status, count, object, _, text = answer
    return result, int(stored), status, int(count), int(object) > 0, text


def test_reader_gets_pages_and_then_what_comes(job, program):
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    wait_until(lambda: program.ask("read", job.id, 0)[0] == "read", 5, "a reading")
    assert page(program.ask("read", job.id, 0)) == ("read", 1, "queued", 1, False, event(0))
    job.claim()
    job.flush(1, events(1, 2))
    assert program.hear("came", job.id)[:2] == ["1", "2"]
    job.flush(3, event(3), "completed")
    assert program.hear("came", job.id)[3] == event(3)
    program.hear("look", job.id)
    assert page(program.ask("read", job.id, 2)) == (
        "read", 4, "completed", 2, True, events(2, 2))
    assert page(program.ask("read", job.id, 4)) == ("read", 4, "completed", 0, True, "")
    job.delete()
    program.hear("look", job.id)
    assert page(program.ask("read", job.id, 4))[0] == "gone"


def test_two_subscriptions_of_one_response_are_both_served(job, program):
    job.claim()
    for _ in range(2):
        program.tell("subscribe", job.id)
        program.hear("look", job.id)
    job.flush(1, event(1))
    program.hear("came", job.id)
    program.hear("came", job.id)
    program.tell("unsubscribe", job.id)
    job.flush(2, event(2))
    assert program.hear("came", job.id)[0] == "2"


def test_reader_may_leave_from_whatever_it_is_called(job, program):
    job.claim()
    program.tell("once", job.id)
    program.hear("look", job.id)
    for number in range(1, 50):
        for _ in range(number % 3 + 1):
            program.tell("once", job.id)
            program.tell("glance", job.id)
        job.flush(number, event(number))
    left = sum(2 * (number % 3 + 1) for number in range(1, 50))
    wait_until(lambda: len(program.said) == left, 10, "all to be called once")
    program.forget()
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    job.flush(50, event(50))
    program.hear("came", job.id, 50)
    program.tell("unsubscribe", job.id)
    wait_until(lambda: job.redis.pubsub_numsub(job.keys[2])[0][1] == 0, 5, "the end of it")


def test_one_that_leaves_and_comes_again_at_once_misses_nothing(job, program):
    job.claim()
    for number in range(1, 200):
        program.tell("subscribe", job.id)
        program.hear("look", job.id)
        job.flush(number, event(number))
        program.hear("came", job.id, number)
        program.tell("unsubscribe", job.id)
    for _ in range(1000):
        program.tell("subscribe", job.id)
        program.tell("unsubscribe", job.id)
    program.forget()
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    job.flush(200, event(200))
    program.hear("came", job.id, 200)


def test_thousands_are_followed_at_once(redis, program):
    ids = [f"litellm_poll_many-{number}" for number in range(5000)]
    for response_id in ids:
        program.tell("subscribe", response_id)
    for response_id in ids[-1], ids[0]:
        program.hear("look", response_id, timeout=30)
    wait_until(lambda: len(program.said) == 4998, 30, "all to look")
    program.forget()
    pipeline = redis.pipeline(transaction=False)
    for number in range(10):
        for response_id in ids:
            pipeline.publish(events_key(response_id), f"{number} 1\n{event(number)}")
    pipeline.execute()
    wait_until(lambda: len(program.said) >= 50000, 60, "all that was published")
    with program.changed:
        came = [words for words in program.said if words[0] == "came"]
    assert len(came) == 50000
    assert {words[1] for words in came[-5000:]} == set(ids)


def test_reader_looks_again_when_its_subscription_was_cut(job, program):
    job.claim()
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    assert job.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub") >= 1
    program.hear("look", job.id)
    job.flush(1, event(1))
    assert program.hear("came", job.id)[:2] == ["1", "1"]


def test_reader_that_takes_too_little_is_cut_off_and_looks_again(make_stack, make_program):
    stack = make_stack(**ALONE)
    stack.redis.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 1")
    program = make_program(stack)
    program.tell("subscribe", "litellm_poll_1")
    program.hear("look", "litellm_poll_1")
    program.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: stack.redis.publish(events_key("litellm_poll_1"),
                                           "1 1\n" + event(1, 60000)) == 0, 10, "the cut")
    program.process.send_signal(signal.SIGCONT)
    program.hear("look", "litellm_poll_1")
    stack.redis.publish(events_key("litellm_poll_1"), f"2 1\n{event(2)}")
    program.hear("came", "litellm_poll_1", 2)


def test_reading_fails_while_redis_is_away_and_is_to_be_done_when_it_is_back(
        make_stack, make_program):
    stack = make_stack(**ALONE)
    stack.stop(stack.redis_program)
    program = make_program(stack)
    program.tell("subscribe", "litellm_poll_1")
    assert page(program.ask("read", "litellm_poll_1", 0))[0] == "failed"
    stack.start_redis()
    job = Job(stack.redis, "litellm_poll_1")
    program.hear("look", job.id)
    wait_until(lambda: page(program.ask("read", job.id, 0))[0] == "read", 5, "a reading")
    wait_until(lambda: stack.redis.pubsub_numsub(job.keys[2])[0][1], 5, "the subscription")
    job.claim()
    job.flush(1, event(1))
    program.hear("came", job.id)
    stack.stop(stack.redis_program)
    wait_until(lambda: page(program.ask("read", job.id, 0))[0] == "failed", 5, "a failed reading")
    program.forget()
    stack.start_redis()
    program.hear("look", job.id)
    wait_until(lambda: page(program.ask("read", job.id, 0))[0] == "gone", 5, "a reading")


def test_reader_reads_again_when_redis_has_lost_the_scripts(make_stack, make_program):
    stack = make_stack(**ALONE)
    job = Job(stack.redis, "litellm_poll_1")
    program = make_program(stack)
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    # The connection that reads may come up later than the one that has told it to look.
    wait_until(lambda: page(program.ask("read", job.id, 0))[0] == "read", 5, "a reading")
    program.forget()
    stack.redis.script_flush()
    assert page(program.ask("read", job.id, 0))[0] == "failed"
    program.hear("look", job.id)
    assert page(program.ask("read", job.id, 0))[0] == "read"


def test_reader_needs_no_other_names_than_ours(make_stack, make_program):
    stack = make_stack(**ALONE)
    stack.redis.execute_command("ACL", "SETUSER", "default", "resetkeys", "~litellm:polling:*",
                                "resetchannels", "&litellm:polling:*")
    job = Job(stack.redis, "litellm_poll_1")
    program = make_program(stack)
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    job.claim()
    job.flush(1, event(1))
    program.hear("came", job.id)
    wait_until(lambda: program.ask("read", job.id, 0)[0] == "read", 5, "a reading")
    assert page(program.ask("read", job.id, 0))[3] == 2


def test_program_ends_with_readings_and_subscriptions_under_way(make_stack):
    stack = make_stack(**ALONE)
    for number in range(100):
        Job(stack.redis, f"litellm_poll_{number}")
    program = Program(stack)
    program.tell("subscribe", "litellm_poll_0")
    program.hear("look", "litellm_poll_0")
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        for number in range(100):
            program.tell("glance", f"litellm_poll_{number}")
        program.tell("unsubscribe", "litellm_poll_7")
        program.close()
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)


@pytest.mark.slowish
def test_reading_fails_when_redis_hangs(make_stack, make_program):
    stack = make_stack(**ALONE)
    job = Job(stack.redis, "litellm_poll_1")
    program = make_program(stack)
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        program.tell("read", job.id, 0)
        assert program.hear("page", job.id, timeout=15)[0] == "failed"
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)
    program.hear("look", job.id, timeout=15)
    wait_until(lambda: page(program.ask("read", job.id, 0))[0] == "read", 10, "a reading")
    job.claim()
    wait_until(lambda: stack.redis.pubsub_numsub(job.keys[2])[0][1] >= 1, 15, "the subscription")
    job.flush(1, event(1))
    program.hear("came", job.id)


@pytest.mark.slowish
def test_reader_looks_now_and_then_as_expiry_is_told_to_nobody(job, program):
    program.tell("subscribe", job.id)
    program.hear("look", job.id)
    for key in job.keys:
        job.redis.pexpire(key, 1)
    program.hear("look", job.id, timeout=20)
    assert page(program.ask("read", job.id, 0))[0] == "gone"


@pytest.mark.slowish
def test_reader_looks_now_and_then_where_it_may_not_subscribe(make_stack, make_program):
    stack = make_stack(**ALONE)
    job = Job(stack.redis, "litellm_poll_1")
    stack.redis.execute_command("ACL", "SETUSER", "default", "resetchannels")
    program = make_program(stack)
    program.tell("subscribe", job.id)
    program.hear("look", job.id, timeout=20)
    assert page(program.ask("read", job.id, 0))[0] == "read"
