"""What each script costs Redis: scripts.sh tells what is asked.

The real programs do one thing after the other. They reach Redis, which runs under callgrind,
through a desk: it hands over one command at a time, and counts before and behind it what Redis has
done. So nothing else is in a figure, beats and the cron of Redis included. Each thing is done some
times, and the least counts: now and then a hash table grows, or a time to live is renewed.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import harness
from costs import CONFIG, DELTA, PACE, Probe, Work, spent
from events import completed, delta, opening
from harness import ALICE, Stack, merged, wait_until
from upstream import Feed, event_bytes

STEPS = int(os.environ.get("SCRIPTS_STEPS", "7"))
# The second of these options has to stand behind the first, which would reverse it.
VALGRIND = ("valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=/dev/null",
            "--toggle-collect=serverCron", "--collect-atstart=yes")
LIMITS = {
    "model_list": [{
        "model_name": "*",
        "litellm_params": {"model": "openai/*", "api_key": "none"},
        "model_info": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}}],
    "respool": {"api_keys": [{
        "name": "alice", "key": ALICE, "rpm": 100000, "tpm": 10**9, "max_parallel": 50,
        "max_queue": 1000, "weight": 2, "max_budget": 10**6, "budget_duration": "30d"}]}}
RATES = "litellm:polling:{jobs}:rates"  # is there if the programs know of limits


class Cost(NamedTuple):
    instructions: int
    calls: Counter  # commands, by name


class Row(NamedTuple):
    title: str
    limited: bool  # the key has limits
    meanwhile: str  # what is done
    names: tuple  # of what Redis is asked for that


ROWS = (
    Row("`enqueue.lua`: a create that gets a seat", False, "create", ("enqueue.lua",)),
    Row("the same, with all limits", True, "create", ("enqueue.lua",)),
    Row("a create that has to wait", False, "create that waits", ("enqueue.lua",)),
    Row("the same, with all limits", True, "create that waits", ("enqueue.lua",)),
    Row("`claim.lua`: a job's claim", False, "create", ("claim.lua",)),
    Row("`flush.lua`: a job's first write", False, "first write", ("flush.lua",)),
    Row("the write of one delta", False, "delta", ("flush.lua",)),
    Row("the same, and a client follows", False, "event", ("flush.lua",)),
    Row("a job's last write", False, "end", ("flush.lua",)),
    Row("`drop.lua`: a job's end", False, "end", ("drop.lua",)),
    Row("the same, with all limits", True, "end", ("drop.lua",)),
    Row("a poll", False, "poll", ("HMGET", "GET")),
    Row("a poll that is answered 304", False, "unchanged", ("HMGET",)),
)
WANTED = {(row.meanwhile, name) for row in ROWS for name in row.names}


def read_whole(stream):
    """A command, or a reply."""
    line = stream.readline()
    kind, size = line[:1], line[1:-2]
    if kind == b"$" and size != b"-1":
        return line + stream.read(int(size) + 2)
    if kind == b"*":
        return line + b"".join(read_whole(stream) for _ in range(int(size)))
    return line


class Desk:
    """Where the programs reach Redis."""

    def __init__(self, directory, pid, scripts):
        self.redis_path = str(directory / "redis.sock")
        self.path = str(directory / "desk.sock")
        self.pid = pid
        self.scripts = scripts
        self.lock = threading.Lock()
        self.meanwhile = ""
        self.found = defaultdict(list)
        self.probe = Probe(directory)
        self.probe.read()
        self.idle = 0
        self.idle = min(self.cost_of(lambda: None)[1] for _ in range(5))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.run(self.accept)

    def run(self, function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def accept(self):
        while True:
            self.run(self.attend, self.listener.accept()[0])

    def attend(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.redis_path)
        commands, replies = client.makefile("rb"), server.makefile("rb")
        with client, server, suppress(OSError):  # the program may end
            while command := read_whole(commands):
                name = self.name_of(command)
                if name == "SUBSCRIBE":
                    self.run(self.pass_on, replies, client)
                    server.sendall(command)
                    self.pass_on(commands, server)
                elif name == "BLMOVE":  # waits for others
                    server.sendall(command)
                    client.sendall(read_whole(replies))
                else:
                    client.sendall(self.count(name, server, command, replies))

    def pass_on(self, source, target):
        with suppress(OSError):
            while piece := source.read1():
                target.sendall(piece)

    def name_of(self, command):
        """A command has a line for how many words it has, and two for each word."""
        _, _, name, _, *rest = command.split(b"\r\n", 5)
        name = name.decode().upper()
        return self.scripts[rest[0].decode()] if name == "EVALSHA" else name

    def count(self, name, server, command, replies):
        def ask():
            server.sendall(command)
            return read_whole(replies)

        with self.lock:
            if (self.meanwhile, name) not in WANTED:
                return ask()
            before = self.probe.read()
            reply, instructions = self.cost_of(ask)
            calls = spent(before, self.probe.read())["commands"]
            self.found[self.meanwhile, name].append(Cost(instructions, calls))
        return reply

    def cost_of(self, ask):
        """The reply, and the instructions, without those that it takes to be asked for them."""
        self.instructions()
        before = self.instructions()
        reply = ask()
        return reply, self.instructions() - before - self.idle

    def instructions(self):
        """All so far. Seldom valgrind leaves that out of its answer."""
        def told():
            answer = subprocess.run(["vgdb", f"--pid={self.pid}", "--max-invoke-ms=5", "status",
                                     "internal"], check=True, capture_output=True, text=True)
            return re.search(r"^events-1: (\d+)", answer.stdout, re.MULTILINE)

        return int(wait_until(told, 10, "valgrind to tell of instructions")[1])

    def ask(self, *words):
        """A question that is not counted."""
        with self.lock:
            return self.probe.ask(*words)

    def least(self, row):
        """None if it has not been asked for."""
        found = [min(self.found[row.meanwhile, name], key=itemgetter(0), default=None)
                 for name in row.names]
        if None in found:
            return None
        return Cost(sum(cost.instructions for cost in found),
                    sum((cost.calls for cost in found), Counter()))


class CountedStack(Stack):
    redis_settings = ("--hz", "1")

    def start(self, name, argv, **options):
        if name == "redis":
            argv = [*VALGRIND, *argv]
        return super().start(name, argv, **options)

    def start_redis(self):
        super().start_redis()
        text = (harness.BUILD / "common" / "store" / "scripts_lua.h").read_text()
        scripts = {sha: f"{name}.lua" for name, sha in
                   re.findall(r'script_(\w+)_sha\[\] = "(\w+)"', text)}
        self.desk = Desk(self.directory, self.redis_program.pid, scripts)
        self.config["litellm_settings"]["cache_params"]["socket_path"] = self.desk.path
        self.write_config()


class Life(Work):
    """What is done, and what the desk is told of it."""

    def __init__(self, stack):
        self.stack = stack
        wait_until(self.is_ready, 30, "the responder to have reached Redis")
        super().__init__(stack, stack.desk)

    def is_ready(self):
        with closing(self.send("GET", "/health/readiness")) as connection:
            return b"Status: 200" in connection.read_answer()[0]

    def each(self, name, step):
        """What is done before the first step and after the last is not told."""
        for number, _ in enumerate(step(STEPS)):
            self.probe.meanwhile = name if number < STEPS else ""

    def waiting(self):
        self.each("create that waits", self.create)
        self.each("poll", self.poll)
        self.each("unchanged", self.poll_unchanged)

    def running(self):
        for number in range(STEPS):
            self.run_job(number)

    def run_job(self, number):
        feed = Feed()
        self.stack.upstream.script("job", [feed])
        self.probe.meanwhile = "create"
        response_id = self.create_one("job")
        self.stack.upstream.wait_request("job", number + 1)
        self.probe.meanwhile = "first write"
        feed.send(b"".join(map(event_bytes, [*opening(), delta(DELTA)])))
        self.await_text(response_id, 1)
        time.sleep(PACE)
        self.probe.meanwhile = "delta"
        feed.send(delta(DELTA))
        self.await_text(response_id, 2)
        self.probe.meanwhile = "end"
        feed.send(completed())
        feed.end()
        self.await_end(response_id)

    def followed(self):
        self.each("event", self.event)


def live(way, limits):
    """What each row says of such a life, as far as it is in there."""
    stack = CountedStack(merged(CONFIG, LIMITS if limits else None), web=False, children=1,
                         supervisor=way != "waiting")
    try:
        life = Life(stack)
        if limits and not stack.desk.ask("HGET", RATES, "alice"):
            return {}
        getattr(life, way)()
        found = {row: stack.desk.least(row) for row in ROWS if row.limited == limits}
        return {row: cost for row, cost in found.items() if cost}
    finally:
        stack.close()


def measure(build):
    harness.BUILD = Path(build).resolve()
    lives = [("running", False), ("running", True), ("waiting", False), ("waiting", True),
             ("followed", False)]
    with ThreadPoolExecutor(2) as pool:
        return {row: cost for found in pool.map(lambda life: live(*life), lives)
                for row, cost in found.items()}


def line(*cells):
    return f"| {' | '.join(cells)} |"


def table(builds):
    blank = [""] * (len(builds) - 1)
    yield line("", "commands", *blank, "instructions", *blank)
    yield "|" + "---|" * (1 + 2 * len(builds))
    yield line("", *builds, *builds)
    for row in ROWS:
        costs = [found.get(row) for found in builds.values()]
        yield line(row.title, *(str(cost.calls.total()) if cost else "" for cost in costs),
                   *(str(round(cost.instructions, -2)) if cost else "" for cost in costs))


def commands(found):
    yield from (line("", "commands"), "|---|---|")
    for row in ROWS:
        if row in found:
            calls = sorted((-count, name) for name, count in found[row].calls.items())
            yield line(row.title, ", ".join(f"{-count} {name}" for count, name in calls))


def main():
    path = Path(sys.argv[1])
    builds = {name: measure(build) for name, _, build in
              (argument.partition("=") for argument in sys.argv[2:])}
    text = "\n".join([*table(builds), "", *commands(list(builds.values())[-1])])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")
    print(text)


if __name__ == "__main__":
    main()
