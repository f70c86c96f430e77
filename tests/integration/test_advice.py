"""What respoold says about the Redis that it finds, once."""

import itertools
import os
import re
import signal

import pytest

from events import message_stream
from harness import Stack, wait_until
from redis_proxy import RedisProxy
from redis_rights import TOP

EVICTION = (
    "Redis evicts keys when its memory is full (maxmemory-policy allkeys-lru): responses can"
    " disappear before their time. Set maxmemory-policy noeviction.")
EVICTION_LATER = (
    "Redis would evict keys if its memory were limited (maxmemory-policy volatile-ttl, maxmemory"
    " 0): responses could disappear before their time. Set maxmemory-policy noeviction.")
PERSISTENCE = (
    "Redis keeps nothing on disk (appendonly no, and no save points): when it is started again,"
    " all responses and the queue are lost. Set appendonly yes.")
VERSION = (
    "has no BLMOVE, which came with 6.2: no background response is ever begun. Upgrade it to 6.2 or"
    " later, or to Valkey.")
ROUND_TRIP = (
    " ms: each poll and each write waits for one at least, and a responder answers nobody else"
    " meanwhile. Run respool near its Redis, or start more responders.")

GOOD = ("--appendonly", "yes", "--maxmemory", "1gb")


class Advised(Stack):
    """Redis has settings of the test's, and perhaps a proxy before it. Nothing else runs yet."""

    def __init__(self, *settings, **proxy):
        self.redis_settings = settings
        self.proxy = None
        super().__init__(supervisor=False, responder=False, web=False)
        if proxy:
            path = self.directory / "proxy.sock"
            self.proxy = RedisProxy(path, self.directory / "redis.sock", **proxy)
            self.config["litellm_settings"]["cache_params"]["socket_path"] = str(path)
            self.write_config()

    def log_in(self, *rules):
        """The programs are a user of Redis with these rules."""
        self.redis.execute_command("ACL", "SETUSER", "limited", "on", ">secret", *rules)
        self.config["litellm_settings"]["cache_params"] |= {
            "username": "limited", "password": "secret"}
        self.write_config()

    def close(self, check=True):
        super().close(check)
        if self.proxy:
            self.proxy.close()

    def warnings(self):
        return re.findall(r"^respoold\[\d+\]: warning: (.*)$", self.supervisor.stderr(), re.M)

    def calls(self, command):
        """How often Redis has been sent a command, refused ones included."""
        stats = self.redis.info("commandstats").get(f"cmdstat_{command}", {})
        return stats.get("calls", 0) + stats.get("rejected_calls", 0)

    def await_advice(self, *texts):
        """Waits for all of these warnings, and sees to it that there are no others."""
        wait_until(lambda: len(self.warnings()) >= len(texts), 10, f"{len(texts)} warnings")
        found = self.warnings()
        assert len(found) == len(texts), found
        for warning, text in zip(found, texts):
            assert text in warning

    def await_questions(self):
        """Waits until Redis has been asked all, and what was sent to it then."""
        wait_until(lambda: self.calls("ping") >= 5 and self.calls("info") >= 3, 10,
                   "the questions to be asked")
        self.run_job()

    def run_job(self):
        """Lets a response begin and end."""
        self.upstream.script("m", message_stream(["Hello"]))
        self.start_responder()
        self.start_web()
        response = self.client.create("m")
        assert self.client.wait_terminal(response["id"])["status"] == "completed"


@pytest.fixture
def make_advised():
    stacks = []

    def make(*settings, **proxy):
        stacks.append(Advised(*settings, **proxy))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.close()


def test_of_a_good_redis_nothing_is_said(make_advised):
    stack = make_advised(*GOOD)
    stack.start_supervisor()
    stack.await_questions()
    assert stack.warnings() == []
    assert stack.calls("config|get") == 0


@pytest.mark.parametrize("settings, texts", [
    (("--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru", "--appendonly", "yes"),
     [EVICTION]),
    (("--maxmemory-policy", "volatile-ttl", "--appendonly", "yes"), [EVICTION_LATER]),
    (("--appendonly", "no"), [PERSISTENCE]),
    (("--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru"), [EVICTION, PERSISTENCE]),
], ids=["eviction", "eviction without a limit", "persistence", "both"])
def test_each_finding_is_said_once(make_advised, settings, texts):
    stack = make_advised(*settings)
    stack.workers = 2
    stack.start_supervisor()
    stack.await_advice(*texts)
    stack.run_job()
    stack.await_advice(*texts)


def test_save_points_are_persistence_enough(make_advised):
    stack = make_advised("--save", "3600 1")
    stack.start_supervisor()
    wait_until(lambda: stack.calls("config|get"), 10, "the last question")
    stack.run_job()
    assert stack.warnings() == []


def test_a_round_trip_over_5_ms_is_said_with_its_length(make_advised):
    stack = make_advised(*GOOD, delays=itertools.repeat(0.007))
    stack.start_supervisor()
    stack.await_advice(ROUND_TRIP)
    length = re.search(r"^A round trip to Redis takes ([0-9.]+) ms: ", stack.warnings()[0])
    assert 7 <= float(length[1]) < 500


def test_one_slow_answer_is_no_slow_redis(make_advised):
    stack = make_advised(*GOOD, delays=itertools.cycle([0.05, 0, 0]))
    stack.start_supervisor()
    stack.await_questions()
    assert stack.warnings() == []


def test_a_version_without_blmove_is_said(make_advised):
    stack = make_advised(*GOOD, change=lambda answer: re.sub(
        rb"redis_version:\d", b"redis_version:5", answer))
    stack.start_supervisor()
    stack.await_advice(VERSION)
    assert stack.warnings()[0].startswith("Redis is of version 5.")


@pytest.mark.parametrize("forbidden", [
    ["-config"], ["-info"], ["-info", "-config"], ["-@dangerous"],
    ["-info", "+info|memory", "-config"],
])
def test_what_redis_refuses_to_tell_gives_neither_advice_nor_an_error(make_advised, forbidden):
    stack = make_advised("--maxmemory", "1gb")
    stack.log_in("~*", "&*", "+@all", *forbidden)
    stack.start_supervisor()
    stack.await_questions()
    assert stack.warnings() == []


def test_what_redis_tells_in_part_is_advice_in_part(make_advised):
    stack = make_advised("--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru")
    stack.log_in("~*", "&*", "+@all", "-info", "+info|memory")
    stack.start_supervisor()
    stack.await_advice(EVICTION)


def test_advice_is_not_repeated_when_a_worker_is_replaced_or_the_configuration_read_again(
        make_advised):
    stack = make_advised("--appendonly", "no")
    stack.start_supervisor()
    stack.await_advice(PERSISTENCE)

    [worker] = stack.supervisor.children()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: stack.supervisor.children() not in ([], [worker]), 10, "another worker")
    stack.run_job()
    stack.supervisor.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.supervisor.stderr().count("read again") == 2, 10, "the reload")
    [worker] = stack.supervisor.children()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: stack.supervisor.children() not in ([], [worker]), 10, "another worker")
    response = stack.client.create("m")
    stack.client.wait_terminal(response["id"])

    assert [text for text in stack.warnings() if "Redis" in text] == [PERSISTENCE]


def test_advice_is_given_again_at_the_next_start(make_advised):
    stack = make_advised("--appendonly", "no")
    stack.start_supervisor()
    stack.await_advice(PERSISTENCE)
    stack.stop(stack.supervisor)
    stack.supervisor = stack.launch_supervisor("respoold-again")
    stack.await_advice(PERSISTENCE)


def test_advice_comes_when_redis_is_first_reached(make_advised):
    stack = make_advised("--appendonly", "no")
    stack.stop(stack.redis_program)
    stack.start_supervisor()
    wait_until(lambda: "connecting again" in stack.supervisor.stderr(), 10, "the failure")
    stack.start_redis()
    wait_until(lambda: PERSISTENCE in stack.warnings(), 10, "the advice")
    assert stack.warnings().count(PERSISTENCE) == 1


def fcgi_warnings(stack):
    return re.findall(r"^respool.fcgi\[\d+\]: warning: (.*)$", stack.responder.stderr(), re.M)


@pytest.mark.parametrize("children", [2, 0])
def test_respool_fcgi_says_each_finding_once_and_again_of_another_redis(make_advised, children):
    stack = make_advised("--appendonly", "no")
    stack.children = children
    stack.start_responder()
    wait_until(lambda: fcgi_warnings(stack) == [PERSISTENCE], 10, "the advice")
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: "read again" in stack.responder.stderr(), 10, "the reload")
    stack.config["litellm_settings"]["cache_params"]["db"] = 1
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: fcgi_warnings(stack) == [PERSISTENCE] * 2, 10, "the advice")


def test_respool_fcgi_warns_once_of_a_redis_that_it_cannot_reach_and_waits_for_nothing(
        make_advised):
    stack = make_advised()
    stack.stop(stack.redis_program)
    stack.start_responder()
    [warning] = wait_until(
        lambda: [text for text in fcgi_warnings(stack) if text.startswith("redis: ")], 10,
        "the warning")
    assert "redis.sock" in warning


def test_respool_fcgi_serves_while_its_advice_waits_for_redis(make_advised):
    stack = make_advised()
    os.kill(stack.redis_program.pid, signal.SIGSTOP)
    try:
        stack.start_responder()
        stack.start_web()
        assert stack.client.get("/v1/models").status == 200
        assert fcgi_warnings(stack) == []
    finally:
        os.kill(stack.redis_program.pid, signal.SIGCONT)


def test_the_manual_has_each_finding():
    source = (TOP / "common" / "store" / "redis_advice.c").read_text()
    [table] = re.findall(r"\} findings\[\] = \{(.*?)\n\};", source, re.S)
    manual = (TOP / "doc" / "respoold.8").read_text()
    [section] = re.findall(r"^\.Ss Advice\n(.*?)^\.Ss ", manual, re.M | re.S)
    assert sorted(re.findall(r'\{"(\w+)", ', table)) == re.findall(
        r"^\.It Cm (\w+)$", section, re.M)


def test_advice_about_another_redis_is_given_once_it_is_used(make_advised):
    """The configuration leads to another one after a reload, which workers take over that are
    started later."""
    stack = make_advised("--appendonly", "no")
    stack.start_supervisor()
    stack.await_advice(PERSISTENCE)
    stack.config["litellm_settings"]["cache_params"]["db"] = 1
    stack.write_config()
    stack.supervisor.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.supervisor.stderr().count("read again") == 2, 10, "the reload")
    [worker] = stack.supervisor.children()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: stack.warnings().count(PERSISTENCE) == 2, 10, "the advice")
