"""A stack whose programs are killed, frozen and started again."""

import os
import signal
import time

import redis

from events import delta, message_stream, opening
from harness import HELD, REDIS_SERVER, Stack, await_socket, wait_until
from upstream import Hang


class FaultyStack(Stack):
    """lease_seconds is 2 unless the configuration says otherwise; aof: Redis keeps its data."""

    def __init__(self, config=None, aof=False, **options):
        self.aof = aof
        self.supervisors = 0
        config = dict(config or {})
        config["respool"] = {"lease_seconds": 2, **config.get("respool", {})}
        super().__init__(config, **options)

    @property
    def lease(self):
        return self.config["respool"]["lease_seconds"]

    # Redis.

    def start_redis(self):
        if self.servers:
            super().start_redis()
            return
        path = self.directory / "redis.sock"
        self.redis_program = self.start("redis", [
            REDIS_SERVER, "--port", "0", "--unixsocket", path, "--unixsocketperm", "777",
            "--save", "", "--appendonly", "yes" if self.aof else "no", "--appendfsync", "always",
            "--dir", self.directory, "--loglevel", "warning", "--enable-debug-command", "yes",
        ])
        await_socket(self.redis_program, path)
        self.redis = redis.Redis(unix_socket_path=str(path))
        wait_until(self.redis_is_loaded, 10, "Redis to have loaded its data")

    def redis_is_loaded(self):
        try:
            return self.redis.ping()
        except redis.exceptions.ConnectionError:
            return False

    def kill_redis(self):
        self.kill_program(self.redis_program)

    # Supervisors and their workers.

    def add_supervisor(self):
        """Starts one more, as on another machine."""
        self.supervisors += 1
        program = self.launch_supervisor(f"respoold-{self.supervisors}")
        program.await_children(worker=self.workers)
        return program

    def worker(self, supervisor=None):
        """The process id of the (first) worker."""
        supervisor = supervisor or self.supervisor
        return wait_until(supervisor.children, 5, "a worker")[0]

    def kill_program(self, program):
        """kill -9 of a program and all its children, none of which can act on that."""
        program.expect_exit = True
        os.kill(program.pid, signal.SIGSTOP)  # so that it starts no other child
        pids = [program.pid, *program.children()]
        for pid in pids[1:]:
            os.kill(pid, signal.SIGSTOP)
        for pid in reversed(pids):
            os.kill(pid, signal.SIGKILL)
        program.wait()
        for pid in pids[1:]:
            wait_until(lambda pid=pid: ended(pid), 5, f"process {pid} to end")
        if program in self.programs:
            self.programs.remove(program)

    # What is left in Redis.

    def keys_without_ttl(self):
        return [key for key in (*self.response_keys(), *self.job_keys())
                if self.redis.pttl(key) < 0]

    def assert_nothing_is_left(self, timeout=15):
        """No id in any list, nothing counted, every key of a response with its time to live."""
        self.wait_idle(timeout)
        assert self.keys_without_ttl() == []
        # A job that is given back may go round all lists while they are looked at one by one.
        wait_until(lambda: int(self.redis.hget(self.key(HELD), "waiting") or 0) == 0, timeout,
                   "no job to be counted as waiting")


def ended(pid):
    try:
        os.waitpid(pid, os.WNOHANG)  # it may have become ours
    except ChildProcessError:
        pass
    return not os.path.exists(f"/proc/{pid}")


def half_then_whole(text):
    """Scripts: an answer that stops half way, for the first request; all of it, for the others."""
    half = len(text) // 2
    return ([*opening(), delta(text[:half]), Hang()],
            message_stream([text[:half], text[half:]]))


def texts_for(count, prefix="m"):
    return {f"{prefix}{number}": "".join(
        f"{prefix}{number} \"{turn}\" é\n" for turn in range(8)) for number in range(count)}


def seconds_since(begun):
    return time.monotonic() - begun
