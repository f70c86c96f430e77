"""100 streams at any time while processes are killed and frozen, Redis restarts, connections break.

In the end every response is whole to the byte, and nothing is left behind. RESPOOL_CHAOS_SECONDS
says for how long faults are injected, RESPOOL_CHAOS_SEED which.
"""

import os
import random
import signal
import time

import pytest

from events import message_stream
from faulty import FaultyStack, ended
from harness import BUILD, SANITIZER_REPORT, TERMINAL, output_text, strict_json, wait_until
from upstream import Sleep

STREAMS = 100
SEED = int(os.environ.get("RESPOOL_CHAOS_SEED", "42"))


def sanitized():
    return b"__asan_init" in (BUILD / "respoold").read_bytes()


SECONDS = float(os.environ.get("RESPOOL_CHAOS_SECONDS", "20" if sanitized() else "60"))
# Of these one comes after the other, by their weights.
FAULTS = {
    "kill_worker": 6, "kill_supervisor": 2, "stop_supervisor": 2, "freeze_worker": 3,
    "restart_redis": 2, "break_connections": 5, "lose_scripts": 1, "reload": 1,
    "kill_responder_child": 2,
}


class Chaos:
    def __init__(self, stack):
        self.stack = stack
        self.random = random.Random(SEED)
        self.supervisors = [stack.supervisor, stack.add_supervisor()]
        self.frozen = []  # (when to go on, process id)
        self.texts = {}
        self.ids = {}
        self.finals = {}
        self.counts = dict.fromkeys(FAULTS, 0)
        self.unavailable = 0

    # Load.

    def script(self, number):
        name = f"m{number}"
        deltas = [f"{name}-{turn} \"é\\\" {self.random.getrandbits(64):x}\n"
                  for turn in range(self.random.randint(5, 25))]
        steps = []
        for event in message_stream(deltas):
            steps.append(event)
            if event["type"].endswith("text.delta"):
                steps.append(Sleep(self.random.choice((0, 100, 200, 400))))
        self.texts[name] = "".join(deltas)
        self.stack.upstream.script(name, steps)
        return name

    def create(self):
        """Creates the next response; when Redis is away the client has to try again."""
        name = self.script(len(self.ids))
        reply = self.stack.client.post_create({"model": name, "input": "x", "background": True})
        assert reply.status in (200, 503), reply
        if reply.status == 200:
            self.ids[name] = reply.json()["id"]
        self.unavailable += reply.status == 503

    def poll_some(self):
        names = sorted(set(self.ids) - set(self.finals)) or sorted(self.ids)
        for name in [*self.random.sample(names, min(3, len(names))),
                     *self.random.sample(sorted(self.finals), min(1, len(self.finals)))]:
            reply = self.stack.client.get_response(self.ids[name])
            assert reply.status in (200, 503), reply
            if reply.status == 200:
                self.check(name, reply.body)

    def check(self, name, body):
        """Valid at every instant; terminal is final; nothing but its own text."""
        seen = strict_json(body)
        if name in self.finals:
            assert body == self.finals[name]
        elif seen["status"] in TERMINAL:
            self.finals[name] = body
            assert seen["status"] == "completed", seen
        assert self.texts[name].startswith(output_text(seen)), seen

    # Faults.

    def workers(self):
        frozen = {pid for _, pid in self.frozen}
        return [pid for supervisor in self.supervisors for pid in supervisor.children()
                if pid not in frozen]

    def kill_worker(self):
        workers = self.workers()
        if workers:
            os.kill(self.random.choice(workers), signal.SIGKILL)

    def kill_supervisor(self):
        lost = self.supervisors.pop(self.random.randrange(2))
        gone = set(lost.children())
        self.frozen = [entry for entry in self.frozen if entry[1] not in gone]
        self.stack.kill_program(lost)
        self.supervisors.append(self.stack.add_supervisor())

    def stop_supervisor(self):
        self.thaw(everything=True)
        leaving = self.supervisors.pop(self.random.randrange(2))
        self.supervisors.append(self.stack.add_supervisor())
        assert leaving.stop() == 0, leaving.stderr()
        self.stack.programs.remove(leaving)

    def freeze_worker(self):
        workers = self.workers()
        if workers:
            pid = self.random.choice(workers)
            os.kill(pid, signal.SIGSTOP)
            seconds = self.stack.lease + self.random.uniform(-0.5, 2)
            self.frozen.append((time.monotonic() + seconds, pid))

    def thaw(self, everything=False):
        for when, pid in list(self.frozen):
            if everything or when <= time.monotonic():
                self.frozen.remove((when, pid))
                if not ended(pid):
                    os.kill(pid, signal.SIGCONT)

    def restart_redis(self):
        if self.random.random() < 0.5:
            self.stack.kill_redis()
        else:
            self.stack.stop(self.stack.redis_program)
        pause = self.random.choice((0, 0.3, 2.5))
        until = time.monotonic() + pause
        while time.monotonic() < until:
            self.create()
            self.poll_some()
            time.sleep(0.2)
        self.stack.start_redis()

    def break_connections(self):
        upstream = self.stack.upstream
        with upstream.lock:
            connections = [connection for connection, _ in upstream.connections.values()]
        for connection in self.random.sample(connections, min(4, len(connections))):
            try:
                connection.shutdown(2)
            except OSError:
                pass

    def lose_scripts(self):
        self.stack.redis.script_flush()

    def reload(self):
        self.random.choice(self.supervisors).send_signal(signal.SIGHUP)
        self.stack.responder.send_signal(signal.SIGHUP)

    def kill_responder_child(self):
        children = self.stack.responder.children()
        if children:
            os.kill(self.random.choice(children), signal.SIGKILL)

    # The whole.

    def inject(self, seconds):
        begun = time.monotonic()
        next_fault = begun + 1
        while time.monotonic() < begun + seconds:
            if len(self.ids) - len(self.finals) < STREAMS:
                self.create()
            self.thaw()
            self.poll_some()
            if time.monotonic() >= next_fault:
                fault = self.random.choices(list(FAULTS), FAULTS.values())[0]
                self.counts[fault] += 1
                getattr(self, fault)()
                next_fault = time.monotonic() + self.random.uniform(0.2, 1.2)
            time.sleep(0.02)
        self.thaw(everything=True)

    def final_of(self, response_id):
        """The last fault may still make a process answer 503 for a moment."""
        def terminal():
            reply = self.stack.client.get_response(response_id)
            assert reply.status in (200, 503), reply
            return reply if reply.status == 200 and reply.json()["status"] in TERMINAL else None

        return wait_until(terminal, 40, f"{response_id} to end")

    def assert_all_whole(self):
        assert len(self.ids) >= STREAMS
        for name, response_id in self.ids.items():
            reply = self.final_of(response_id)
            final = reply.json()
            assert (final["status"], output_text(final)) == ("completed", self.texts[name]), final
            assert len(final["output"]) == 1
            self.check(name, reply.body)

    def assert_no_crash(self):
        """Every end of a process in the logs is one of ours."""
        for path in self.stack.directory.glob("*.stderr"):
            text = path.read_text(errors="replace")
            assert not SANITIZER_REPORT.search(text), f"{path.name}:\n{text[-5000:]}"
            ends = [line for line in text.splitlines()
                    if "killed by signal" in line or "ended with status" in line]
            assert all("signal 9;" in line for line in ends), f"{path.name}: {ends}"


@pytest.mark.slowish
def test_100_streams_end_whole_whatever_breaks():
    stack = FaultyStack(
        {"respool": {"max_attempts": 100, "drain_seconds": 1},
         "litellm_settings": {"num_retries": 20}}, aof=True, workers=2)
    chaos = Chaos(stack)
    try:
        chaos.inject(SECONDS)
        begun = time.monotonic()
        chaos.assert_all_whole()
        print(f"{SECONDS:.0f} s of chaos, seed {SEED}: {chaos.counts}; {chaos.unavailable} creates "
              f"refused; all {len(chaos.ids)} responses whole {time.monotonic() - begun:.1f} s "
              f"after its end; {len(stack.upstream.exchanges)} requests to the provider")
        stack.assert_nothing_is_left(30)
        wait_until(lambda: stack.redis.zcard("litellm:polling:{jobs}:workers") <= 4, 15,
                   "lost workers to be forgotten")
        chaos.assert_no_crash()
    finally:
        chaos.thaw(everything=True)
        stack.close()
