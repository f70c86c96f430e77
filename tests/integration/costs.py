"""What one thing costs: commands and bytes of Redis, system calls, allocations.

A thing is done again and again, and what comes once, at the start or at the end, falls out.
Requests go to the FastCGI socket itself, so that no web server cuts them into pieces, and what the
provider sends comes in one piece.
"""

import contextlib
import json
import os
import re
import signal
import socket
import time
from collections import Counter

import fastcgi
from events import completed, delta, message_stream, opening
from fastcgi import PARAMS, STDIN, STDOUT, begin, pairs, record
from harness import (ALICE, TOP, Stack, children_of, is_in_role, response_key, title_of,
                     wait_until)
from upstream import Feed, Script, event_bytes

ROLES = ("responder", "relay", "worker")
CONFIG = {"respool": {"flush_interval_ms": 1, "stream_interval_ms": 1, "lease_seconds": 60}}
PACE = 0.015  # s, for the pause to end that the worker makes after a write: else the next one waits
DELTA = "eight by"
ENDED = "litellm:polling:{jobs}:index:ended"  # has the ids of which nothing is left to be done


# What is done.


class Work:
    """
    Each method that takes a number does one thing so often. It is a generator that yields when it
    is ready to begin, and after each time.
    """

    def __init__(self, stack, probe):
        self.stack = stack
        self.probe = probe
        self.queued = self.create_one("created")
        self.etag = re.search(rb'ETag: ("\w+")', self.get(self.queued))[1].decode()

    def send(self, method, path, body=None, **headers):
        """On a connection of its own, as lighttpd and nginx do it."""
        text = json.dumps(body).encode() if body else b""
        variables = {"REQUEST_METHOD": method, "SCRIPT_NAME": path,
                     "CONTENT_LENGTH": str(len(text)), "HTTP_AUTHORIZATION": f"Bearer {ALICE}",
                     **headers}
        connection = fastcgi.Connection(self.stack.directory / "fcgi.sock")
        connection.socket.sendall(
            begin(flags=0) + record(PARAMS, pairs(variables)) + record(PARAMS) +
            (record(STDIN, text) if text else b"") + record(STDIN))
        return connection

    def ask(self, method, path, body=None, status=200, **headers):
        with contextlib.closing(self.send(method, path, body, **headers)) as connection:
            text, _ = connection.read_answer()
        assert b"Status: %d" % status in text, text
        return text

    def get(self, response_id, **options):
        return self.ask("GET", f"/v1/responses/{response_id}", **options)

    def create_one(self, model):
        text = self.ask("POST", "/v1/responses",
                        {"model": model, "input": "Hello", "background": True})
        return json.loads(text.partition(b"\r\n\r\n")[2])["id"]

    def poll(self, count):
        yield
        for _ in range(count):
            self.get(self.queued)
            yield

    def poll_unchanged(self, count):
        yield
        for _ in range(count):
            self.get(self.queued, status=304, HTTP_IF_NONE_MATCH=self.etag)
            yield

    def create(self, count):
        """Nobody takes it: these stacks have no worker."""
        yield
        for _ in range(count):
            self.create_one("created")
            yield

    def pass_request(self, count):
        body = json.dumps({"id": "resp_1", "object": "response", "status": "completed"}).encode()
        self.stack.upstream.script("passed", Script(
            [body], headers={"Content-Type": "application/json"}, framing="whole"))
        yield
        for _ in range(count):
            assert self.ask("POST", "/v1/responses", {"model": "passed"}).endswith(body)
            yield

    def pass_event(self, count):
        with self.streamed("passed event") as (feed, read_until):
            feed.send(*opening())
            yield
            for number in range(count):
                feed.send(delta(DELTA))
                read_until(number + 1)
                yield
            feed.send(completed())

    def response(self, count):
        """From create to end, with one delta. The provider says all of it at once."""
        self.stack.upstream.script("short", Script(
            [b"".join(map(event_bytes, message_stream([DELTA])))], framing="whole"))
        yield
        for _ in range(count):
            self.await_end(self.create_one("short"))
            yield

    def delta(self, count):
        """Each is a write of its own."""
        feed = Feed()
        self.stack.upstream.script("deltas", [feed])
        response_id = self.create_one("deltas")
        feed.send(*opening(), delta(DELTA))
        self.await_text(response_id, 1)
        yield
        for number in range(count):
            time.sleep(PACE)
            feed.send(delta(DELTA))
            self.await_text(response_id, number + 2)
            yield
        feed.send(completed())
        feed.end()
        self.await_end(response_id)

    def event(self, count):
        """Each is a write of its own, and one client follows."""
        with self.streamed("events", background=True) as (feed, read_until):
            feed.send(*opening(), delta(DELTA))
            read_until(1)
            yield
            for number in range(count):
                time.sleep(PACE)
                feed.send(delta(DELTA))
                read_until(number + 2)
                yield
            feed.send(completed())

    @contextlib.contextmanager
    def streamed(self, model, **members):
        """What the provider sends is fed, and a function reads until so many deltas have come."""
        feed, text = Feed(), b""
        self.stack.upstream.script(model, [feed])
        body = {"model": model, "input": "Hello", "stream": True, **members}
        connection = self.send("POST", "/v1/responses", body)

        def read_until(count):
            nonlocal text
            while text.count(b"event: response.output_text.delta") < count:
                kind, _, content = connection.read_record()
                assert kind == STDOUT
                text += content

        with contextlib.closing(connection):
            yield feed, read_until
            feed.end()
            while connection.read_record():
                pass

    def await_text(self, response_id, count):
        text, key = DELTA.encode(), response_key(response_id)
        wait_until(lambda: self.probe.ask("GET", key).count(text) == count, 20,
                   "the delta to be stored", interval=0.001)

    def await_end(self, response_id):
        wait_until(lambda: self.probe.ask("ZSCORE", ENDED, response_id), 20,
                   "the response to have ended", interval=0.001)


# What it costs.


def spent(before, after):
    """Of each kind: how much, by name."""
    return {kind: +Counter({name: number - before[kind][name] for name, number in counted.items()})
            for kind, counted in after.items()}


def costs(read, steps):
    """Of each kind, in the step that is the median: now and then a beat comes between."""
    readings = [read() for _ in steps]
    each = list(map(spent, readings, readings[1:]))
    return {kind: sorted((one[kind] for one in each), key=Counter.total)[len(each) // 2]
            for kind in each[0]}


class Probe:
    """Asks Redis what tests want to know, and counts that, to take it off."""

    def __init__(self, directory):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(directory / "redis.sock"))
        self.stream = self.socket.makefile("rb")
        self.own = Counter()
        self.sent = self.received = 0

    def ask(self, *words):
        """A bulk string; b"" where there is none."""
        words = [word.encode() for word in words]
        request = b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        self.socket.sendall(request)
        self.own[words[0].decode().lower()] += 1
        self.sent += len(request)
        head = self.stream.readline()
        assert head.startswith(b"$"), head
        size = int(head[1:])
        answer = self.stream.read(size + 2)[:-2] if size >= 0 else b""
        self.received += len(head) + (size + 2 if size >= 0 else 0)
        return answer

    def read(self):
        """What others have had of it so far: commands, those in scripts too, and bytes."""
        calls = Counter({
            name.decode(): int(number) for name, number in
            re.findall(rb"cmdstat_([^:]+):calls=(\d+)", self.ask("INFO", "commandstats"))})
        received = self.received
        stats = self.ask("INFO", "stats")
        calls.subtract(self.own)
        del calls["info"]

        def total(direction):
            return int(re.search(rb"total_net_%b_bytes:(\d+)" % direction, stats)[1])

        return {"commands": calls, "bytes to": Counter(bytes=total(b"input") - self.sent),
                "bytes from": Counter(bytes=total(b"output") - received)}

    def close(self):
        self.stream.close()
        self.socket.close()


# Waits take as many calls as there is time. Memory is asked for in large pieces, now and then, and
# some systems have random bytes without a call.
UNCOUNTED = ("epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select",
             "pselect6", "rt_sigtimedwait", "rt_sigreturn", "restart_syscall", "getrandom",
             "brk", "mmap", "munmap", "mremap", "madvise", "mprotect")
TOO_EARLY = ("EAGAIN", "EINTR")
CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed).* = \S+ ?(\w*)", re.MULTILINE)
STRACE = ("strace", "-D", "-f", "-q", "-s", "0")


class Traced:
    """System calls of the processes in each role, as strace sees them."""

    def __init__(self, stack):
        self.paths = [stack.directory / f"{name}.strace" for name in stack.in_tool]
        children = [pid for program in (stack.responder, stack.supervisor) if program
                    for pid in program.children()]
        self.roles = {pid: role for pid in children for role in ROLES if is_in_role(pid, role)}

    def sizes(self):
        return [path.stat().st_size for path in self.paths]

    def await_quiet(self):
        def is_quiet():
            before = self.sizes()
            time.sleep(0.02)
            return self.sizes() == before

        wait_until(is_quiet, 20, "the programs to be idle")

    def read(self):
        self.await_quiet()
        counted = {role: Counter() for role in self.roles.values()}
        for path in self.paths:
            for pid, name, error in CALL.findall(path.read_text()):
                if int(pid) in self.roles and name not in UNCOUNTED and error not in TOO_EARLY:
                    counted[self.roles[int(pid)]][name] += 1
        assert all(counted.values()), f"strace has not seen all of them: {counted}"
        return counted


# Frames: of what is done as time passes, and of those who allocate for others. A socket is watched
# only if what it waits for has not come already.
BEAT = re.compile(r"(on_beat|send_beat|watch_socket)\b")
ALLOCATOR = re.compile(r".*vgpreload|strn?dup\b|.*\(alloc\.c:")
DHAT = ("valgrind", "--quiet", "--tool=dhat", "--num-callers=40")
FEW, OFTEN = 2, 66


class Lives:
    """Allocations of the processes in each role, as valgrind's DHAT sees them when they end."""

    def __init__(self, stack):
        self.stack = stack
        self.programs = [program for program in (stack.responder, stack.supervisor) if program]
        self.sources = {path.name for folder in ("app", "common")
                        for path in (TOP / folder).rglob("*.c")}

    def live(self, probe, counts):
        """Each thing is done so often; then all processes end, and others come in their place."""
        work = Work(self.stack, probe)
        for name, count in counts.items():
            for _ in getattr(work, name)(count):
                pass
        pids = {program: set(program.children()) for program in self.programs}
        for pid in set().union(*pids.values()):
            os.kill(pid, signal.SIGTERM)
        for program, ended in pids.items():
            wait_until(lambda one=program, before=ended:
                       len(set(one.children()) - before) == len(before), 30, "those that follow")
        return dict(self.profile(pid) for pid in set().union(*pids.values()))

    def profile(self, pid):
        """The role, and the allocations by where they were made: by our code itself, or for it."""
        profile = json.loads((self.stack.directory / f"{pid}.dhat").read_text())
        frames = [frame.partition(": ")[2] for frame in profile["ftbl"]]
        ours = {frame for frame in frames if self.is_ours(frame)}
        beats = {frame for frame in frames if BEAT.match(frame)}
        role = next(role for role in ROLES for frame in ours if frame.startswith(f"{role}_run "))
        made = {"allocations": Counter(), "libraries'": Counter()}
        for point in profile["pps"]:
            stack = self.callback([frames[number] for number in point["fs"]])
            known = [frame for frame in stack if frame in ours]
            if known and beats.isdisjoint(stack):
                kind = "allocations" if stack[0] in ours else "libraries'"
                made[kind][" < ".join(known[:3])] += point["tbk"]
        assert all(made.values()), f"valgrind has not seen where the {role} allocates: {made}"
        return role, made

    def callback(self, stack):
        """Without what allocates, and without what is the same in each turn of the loop."""
        loop = next((at for at, frame in enumerate(stack) if "event_base_loop" in frame), None)
        return [frame for frame in stack[:loop] if not ALLOCATOR.match(frame)]

    def is_ours(self, frame):
        place = frame.rpartition(" (")[2]
        return place.partition(":")[0] in self.sources or place.endswith(("fcgi)", "respoold)"))


def heap_costs(lives, probe, names, pairs):
    """
    Of each thing and role. A place in the code that allocates less than every other time does so as
    a buffer grows, or as time passes. Pairs are done together, as they are of different processes.
    """
    few = lives.live(probe, dict.fromkeys(names, FEW))
    found = {}
    for pair in pairs:
        often = lives.live(probe, {name: OFTEN if name in pair else FEW for name in names})
        found.update(dict.fromkeys(pair, {
            role: {kind: +Counter({place: round(number / (OFTEN - FEW))
                                   for place, number in places.items()})
                   for kind, places in spent(few[role], often[role]).items()}
            for role in often}))
    return found


class CostStack(Stack):
    """Our programs run in a tool, if one is given: a function of their directory and name."""

    def __init__(self, supervisor, tool=None):
        self.tool = tool
        self.in_tool = []
        super().__init__(CONFIG, web=False, children=1, supervisor=supervisor)

    def start(self, name, argv, **options):
        if self.tool and name in ("respool.fcgi", "respoold"):
            argv = [*self.tool(self.directory, name), *argv]
            self.in_tool.append(name)
        return super().start(name, argv, **options)

    def close(self, check=True):
        super().close(check)
        for pid in children_of(os.getpid()):  # a tracer ends after what it has traced
            if str(self.directory) in title_of(pid):
                os.waitpid(pid, 0)


def in_strace(directory, name):
    return [*STRACE, "-o", directory / f"{name}.strace"]


class HeapStack(CostStack):
    """In valgrind, a process cannot tell its role to the list of processes."""

    def __init__(self, supervisor):
        super().__init__(supervisor, lambda directory, name: [
            *DHAT, f"--dhat-out-file={directory}/%p.dhat"])

    def await_responders(self, relays=1):
        wait_until(lambda: len(self.responder.children()) == 1 + relays, 30, "the children")

    def start_supervisor(self):
        self.supervisor = self.launch_supervisor()
        wait_until(self.supervisor.children, 30, "the worker")


@contextlib.contextmanager
def probed(make, *options):
    """A stack, and a probe of its Redis."""
    stack = make(*options)
    try:
        with contextlib.closing(Probe(stack.directory)) as probe:
            yield stack, probe
    finally:
        stack.close()
