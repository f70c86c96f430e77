"""A master that is lost while 20 responses run, are polled and followed, and more are created.

Nothing that was acknowledged and replicated is lost: nothing is created in the moment before the
master goes, and the replicas are given time to have what was. All that was created then has to end,
whole to the byte, and all that is read meanwhile has to be right. Figures are printed: pytest -s.
"""

import time
from contextlib import contextmanager

from faulty import FaultyStack
from harness import remove, short_directory, wait_until
from load import Load
from monitor import Monitor

WRITES_AGAIN = 2  # s after the new master is known
HOW = ("kill", "freeze", "planned")


@contextmanager
def running(kind, program):
    """Servers of that kind, each of them that program."""
    directory = short_directory()
    servers = kind(directory, program=program)
    yield servers
    servers.close()
    remove(directory)


def make_stack(servers):
    return FaultyStack({"respool": {"lease_seconds": 10, "stream_interval_ms": 20}},
                       servers=servers)


class Failover:
    """One, of this master, with the load on it, and what it takes."""

    def __init__(self, load, servers, master):
        self.load = load
        self.servers = servers
        self.master = master
        self.monitors = [Monitor(server) for server in servers.replicas_of(master)]

    def run(self, how):
        self.load.hold_creates()
        self.servers.await_replication()
        self.lost = time.monotonic()
        if how == "planned":
            self.successor, self.known = self.servers.plan_failover(self.master)
            self.load.go_on_creating()
        else:
            getattr(self.master, how)()
            self.load.go_on_creating()
            self.successor, self.known = self.servers.await_failover(self.master)
        self.monitor = next(one for one in self.monitors if one.server is self.successor)
        wait_until(lambda: self.load.check() or self.monitor.first_after(self.lost), 15,
                   "a write to the new master")
        self.created = self.load.await_create(self.known, 15)
        self.restore(how)

    def restore(self, how):
        """The old master comes back, as a replica."""
        self.load.for_seconds(1)
        if how == "kill":
            self.master.start()
        elif how == "freeze":
            self.master.thaw()
        self.servers.await_health()
        assert self.master.role() == "slave"

    @property
    def writes(self):
        """Seconds from when the new master was known until it was written to."""
        return self.monitor.first_after(self.lost) - self.known

    def figures(self):
        return (f"new master known after {self.known - self.lost:.2f} s, written to "
                f"{self.writes * 1000:.0f} ms later, created {self.created * 1000:.0f} ms later")

    def close(self):
        for monitor in self.monitors:
            monitor.close()


def assert_failover_is_survived(stack, servers, master, how):
    with Load(stack) as load:
        load.await_running()
        failover = Failover(load, servers, master)
        try:
            failover.run(how)
            load.for_seconds(1)
            load.finish()
        finally:
            failover.close()
    print(f"\n{type(servers).__name__} {how}: {failover.figures()}; {load.figures()}")
    assert failover.writes <= WRITES_AGAIN and failover.created <= WRITES_AGAIN
    assert load.counts["shrunk"] == 0
    stack.assert_nothing_is_left()
