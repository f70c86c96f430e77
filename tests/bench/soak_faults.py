"""What breaks in a soak, by turns, what stalls by itself, and what clients may see of it."""

import os
import random
import signal
import threading
import time

import redis

from faulty import ended
from harness import children_of, wait_until

GRACE = 6  # s after a fault's end in which it may still show
FREEZE = (0.5, 4)  # s
SECONDS_BETWEEN = (3, 8)


class Windows:
    """When what was away. A kind is what clients miss: redis, responder, relay or provider."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = []  # [kind, begin, end or None]

    def open(self, kind, begin=None):
        window = [kind, begin or time.monotonic(), None]
        with self.lock:
            self.known = [one for one in self.known[-200:]] + [window]
        return window

    @staticmethod
    def close(window):
        window[2] = time.monotonic() + GRACE

    def cover(self, kinds, begin, end):
        """Whether one of these was away at some time between."""
        with self.lock:
            return any(kind in kinds and opened <= end and (closed is None or closed >= begin)
                       for kind, opened, closed in self.known)


class Stalls:
    """
    Watches Redis and the machine: what does not answer, or run, for half a second or more counts as
    away, as it does for respool. A disk that is busy stops a Redis that waits for it.
    """

    EVERY, SLOW = 0.2, 0.5  # s

    def __init__(self, stack, windows):
        self.client = redis.Redis(unix_socket_path=str(stack.directory / "redis.sock"),
                                  socket_timeout=self.SLOW)
        self.windows = windows
        self.counts = {"of Redis": 0, "of the machine": 0}  # while nothing was broken

    def run(self, over):
        due = time.monotonic() + self.EVERY
        while not over.wait(max(0, due - time.monotonic())):
            if time.monotonic() - due > self.SLOW:
                self.machine_stalled(due)
            self.probe(over)
            due = time.monotonic() + self.EVERY

    def machine_stalled(self, since):
        self.counts["of the machine"] += 1
        for kind in ("redis", "responder", "relay", "provider"):
            self.windows.close(self.windows.open(kind, since))

    def probe(self, over):
        begun = time.monotonic()
        window = None
        while not self.answers() and not over.is_set():
            if window is None:
                self.counts["of Redis"] += not self.windows.cover(("redis",), begun, begun)
                window = self.windows.open("redis", begun)
            time.sleep(0.05)
        if window is None and time.monotonic() - begun > self.SLOW:
            window = self.windows.open("redis", begun)
        if window:
            self.windows.close(window)

    def answers(self):
        try:
            return self.client.ping()
        except (redis.exceptions.RedisError, OSError):
            return False


class Faults:
    """
    One child in each role is spared, and the second supervisor and its worker: theirs are the
    memory and the descriptors that are looked at.
    """

    def __init__(self, stack, seed, clients):
        self.stack = stack
        self.random = random.Random(seed)
        self.clients = clients
        self.windows = Windows()
        self.victim = stack.add_supervisor()  # the stack's own is spared
        self.frozen = []  # (when to go on, process id, window or None)
        self.counts = dict.fromkeys(self.kinds(), 0)
        self.turn = []
        self.are_over = threading.Event()

    @staticmethod
    def kinds():
        return ("kill_worker", "kill_relay", "kill_responder", "kill_supervisor",
                "kill_supervisor_alone", "restart_redis", "kill_redis", "freeze_redis",
                "freeze_worker", "freeze_relay", "freeze_responder", "reload", "break_clients",
                "break_providers", "break_subscriptions")

    def run(self, over):
        """
        Each kind once, in some order, then all again. Never returns: what a thread has started is
        ended with the thread.
        """
        while not over.wait(self.random.uniform(*SECONDS_BETWEEN)):
            self.thaw()
            if not self.turn:
                self.turn = list(self.kinds())
                self.random.shuffle(self.turn)
            name = self.turn.pop()
            getattr(self, name)()
            self.counts[name] += 1
            while self.frozen and not over.wait(0.1):
                self.thaw()
        self.thaw(everything=True)
        self.are_over.set()
        threading.Event().wait()

    # Who is spared, and who is not.

    def children(self, role):
        return children_of(self.stack.responder.pid, role)

    def victims(self, role):
        """The first children that were started are those that are watched."""
        return [pid for pid in self.children(role) if pid not in self.stack.watched.values()]

    def kill_one(self, pids):
        if pids:
            os.kill(self.random.choice(pids), signal.SIGKILL)

    # Kills.

    def kill_worker(self):
        self.kill_one(self.victim.children())

    def kill_child(self, role):
        window = self.windows.open(role)
        count = len(self.children(role))
        self.kill_one(self.victims(role))
        wait_until(lambda: len(self.children(role)) == count, 30, f"another {role}")
        self.windows.close(window)

    def kill_relay(self):
        self.kill_child("relay")

    def kill_responder(self):
        self.kill_child("responder")

    def kill_supervisor(self):
        self.stack.kill_program(self.victim)
        self.victim = self.stack.add_supervisor()

    def kill_supervisor_alone(self):
        """Its workers have to end by themselves."""
        lost = self.victim
        pids = lost.children()
        lost.expect_exit = True
        os.kill(lost.pid, signal.SIGKILL)
        lost.wait()
        self.stack.programs.remove(lost)
        self.victim = self.stack.add_supervisor()
        for pid in pids:
            wait_until(lambda pid=pid: ended(pid), 60, f"worker {pid} to end without its parent")

    # Redis.

    def start_redis_again(self, window):
        time.sleep(self.random.choice((0, 0.3, 1.5)))
        self.stack.start_redis()
        self.windows.close(window)

    def restart_redis(self):
        window = self.windows.open("redis")
        self.stack.stop_redis()
        self.start_redis_again(window)

    def kill_redis(self):
        window = self.windows.open("redis")
        self.stack.kill_redis()
        self.start_redis_again(window)

    def freeze_redis(self):
        self.freeze(self.stack.redis_program.pid, self.windows.open("redis"))

    # Others.

    def freeze(self, pid, window=None):
        os.kill(pid, signal.SIGSTOP)
        self.frozen.append((time.monotonic() + self.random.uniform(*FREEZE), pid, window))

    def thaw(self, everything=False):
        for one in list(self.frozen):
            when, pid, window = one
            if everything or when <= time.monotonic():
                self.frozen.remove(one)
                os.kill(pid, signal.SIGCONT)
                if window:
                    self.windows.close(window)

    def freeze_worker(self):
        """Any of them, for longer than its lease at times."""
        workers = [*self.victim.children(), *self.stack.supervisor.children()]
        self.freeze(self.random.choice(workers))

    def freeze_relay(self):
        self.freeze(self.random.choice(self.children("relay")), self.windows.open("relay"))

    def freeze_responder(self):
        self.freeze(self.random.choice(self.children("responder")))

    def reload(self):
        for program in (self.stack.responder, self.stack.supervisor, self.victim):
            program.send_signal(signal.SIGHUP)

    def break_clients(self):
        self.clients.break_connections()

    def break_providers(self):
        window = self.windows.open("provider")
        upstream = self.stack.upstream
        with upstream.lock:
            connections = [connection for connection, _ in upstream.connections.values()]
        for connection in self.random.sample(connections, (len(connections) + 1) // 2):
            try:
                connection.shutdown(2)
            except OSError:
                pass
        self.windows.close(window)

    def break_subscriptions(self):
        self.stack.redis.client_kill_filter(_type="pubsub")
