"""A master with replicas and the Sentinels that watch them, on loopback."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import redis

from harness import free_ports, wait_until
from redis_servers import AWAY, Access, RoutingClient, Server, Servers, own_address

DOWN_AFTER = 600  # ms
SERVICE = "mymaster"
# Milliseconds. What Sentinel does by the second would else be most of the time that tests take.
PACE = {"info-period": 200, "ping-period": 300, "ask-period": 100, "publish-period": 250,
        "tilt-trigger": 10_000, "tilt-period": 500, "election-timeout": 2000}


class Sentinels(Servers):
    """
    access is that of the data, sentinel_access that of the Sentinels: an Access each, or a function
    that makes one for a directory and an address.
    """

    def __init__(self, directory, replicas=2, sentinels=3, access=None, sentinel_access=None,
                 program=None, settings=(), service=SERVICE, down_after=DOWN_AFTER):
        super().__init__(directory)
        self.service = service
        self.down_after = down_after
        self.program = program
        self.host = host = own_address()
        self.access = made(access, directory, host)
        self.sentinel_access = made(sentinel_access or replace(self.access, rules="+@all"),
                                    directory, host)
        ports = free_ports(host, 1 + replicas + sentinels)
        self.data = [
            Server(f"data{number}", directory, host, ports[number], self.access,
                   [*self.settings(ports, number), *settings], program)
            for number in range(1 + replicas)]
        self.sentinels = [
            Server(f"sentinel{number}", directory, host, ports[1 + replicas + number],
                   self.sentinel_access, self.sentinel_settings(number, sentinels, ports[0]),
                   program, sentinel=True)
            for number in range(sentinels)]
        try:
            self.launch(self.data)
            self.launch(self.sentinels)
            for sentinel in self.sentinels:
                self.set_pace(sentinel)
            self.await_health()
        except BaseException:
            self.close_quietly()
            raise

    def settings(self, ports, number):
        return [f"replica-announce-ip {self.host}", f"replica-announce-port {ports[number]}",
                *([f"replicaof {self.host} {ports[0]}"] if number else [])]

    def sentinel_settings(self, number, count, master_port):
        username, password = self.access.login()
        own_user, own_password = self.sentinel_access.login()
        name = self.service
        return [
            f"sentinel announce-ip {self.host}", f"sentinel myid {number:040x}",
            f"sentinel monitor {name} {self.host} {master_port} {count // 2 + 1}",
            f"sentinel down-after-milliseconds {name} {self.down_after}",
            f"sentinel failover-timeout {name} 2000", f"sentinel parallel-syncs {name} 5",
            *([f"sentinel auth-user {name} {username}"] if username else []),
            *([f"sentinel auth-pass {name} {password}"] if password else []),
            *([f"sentinel sentinel-user {own_user}"] if own_user else []),
            *([f"sentinel sentinel-pass {own_password}"] if own_password else []),
        ]

    @staticmethod
    def set_pace(sentinel):
        for name, value in PACE.items():
            sentinel.client.execute_command("SENTINEL", "DEBUG", name, value)

    # What respool and the tests use.

    def cache_params(self):
        params = {"type": "redis", "service_name": self.service, "sentinel_nodes": [
            [sentinel.host, sentinel.port] for sentinel in self.sentinels],
            **self.access.cache_params()}
        if self.sentinel_access.password:
            params["sentinel_password"] = self.sentinel_access.password
        if self.sentinel_access.username:
            params["sentinel_username"] = self.sentinel_access.username
        return params

    def client(self):
        return RoutingClient(self)

    def command(self, key, *arguments, **options):
        return self.master().client.execute_command(*arguments, **options)

    # Who is what.

    def named(self, sentinel):
        """The server that a Sentinel names as the master; None if it does not answer."""
        try:
            host, port = sentinel.client.execute_command(
                "SENTINEL", "get-master-addr-by-name", self.service)
        except AWAY:
            return None
        return self.at((host.decode(), int(port)))

    def running_sentinels(self):
        return [sentinel for sentinel in self.sentinels if sentinel.runs]

    def master(self):
        """Which the Sentinels name, and which says so itself."""
        def found():
            for sentinel in self.running_sentinels():
                server = self.named(sentinel)
                if server and server.role() == "master":
                    return server
            return None

        return wait_until(found, 15, "a master")

    def masters(self):
        return [self.master()]

    def owner_of(self, key):
        return self.master()

    def jobs_master(self):
        return self.master()

    def is_healthy(self):
        """All Sentinels name one master and know each other, and all that runs replicates it."""
        try:
            names = {self.named(sentinel) for sentinel in self.running_sentinels()}
            if len(names) != 1 or None in names:
                return False
            master = names.pop()
            if master.role() != "master":
                return False
            replicas = [server for server in self.data if server.runs and server is not master]
            if set(self.replicas_of(master)) != set(replicas):
                return False
            return all(self.is_complete(sentinel, len(replicas))
                       for sentinel in self.running_sentinels())
        except AWAY:
            return False

    def is_complete(self, sentinel, replicas):
        state = fields(sentinel.client.execute_command("SENTINEL", "MASTER", self.service))
        known = [fields(row) for row in
                 sentinel.client.execute_command("SENTINEL", "REPLICAS", self.service)]
        return (state["flags"] == "master" and
                int(state["num-other-sentinels"]) == len(self.sentinels) - 1 and
                sum(row["flags"] == "slave" for row in known) >= replicas)

    def await_health(self, timeout=20):
        wait_until(self.is_healthy, timeout, "Sentinels and servers to be healthy", interval=0.03)

    # Fail-over.

    def await_failover(self, lost, timeout=25):
        """
        Waits until a Sentinel names another master than the lost one. Returns that server and when
        that was seen: time.monotonic().
        """
        return wait_until(lambda: self.successor(lost), timeout, f"a successor of {lost}",
                          interval=0.005)

    def successor(self, lost):
        for sentinel in self.running_sentinels():
            server = self.named(sentinel)
            if server and server is not lost:
                return server, time.monotonic()
        return None

    def await_word(self, master):
        """Until all Sentinels name it."""
        wait_until(lambda: all(self.named(sentinel) is master
                               for sentinel in self.running_sentinels()), 10,
                   f"all Sentinels to name {master}", interval=0.005)

    def plan_failover(self, master, pause=3000):
        """
        As an operator does it. It is asked for until it is done, as Sentinels may still be busy
        with the one before. Returns the new master and when that was known.

        The old master goes on to take writes for as long as Sentinels do not make a replica of it,
        which will be lost; so it is told first to let them wait for so long (ms), if at all.
        """
        if pause:
            master.client.execute_command("CLIENT", "PAUSE", pause, "WRITE")
            self.await_replication()
        for _ in range(5):
            try:
                self.running_sentinels()[0].client.execute_command(
                    "SENTINEL", "FAILOVER", self.service)
            except redis.exceptions.ResponseError:
                pass  # one is under way
            try:
                return self.await_failover(master, 4)
            except AssertionError:
                pass
        raise AssertionError(f"no replica takes over from {master}")

    def hand_over(self, master):
        """
        The same, and waits until the old master is a replica. What waits there is lost without an
        answer; who comes again hears of the new one, however slow all of them are.
        """
        successor, _ = self.plan_failover(master, 60_000)
        self.await_word(successor)
        master.client.client_kill_filter(_type="normal", skipme=True)
        master.client.execute_command("CLIENT", "UNPAUSE")
        self.await_health()


def made(access, directory, host):
    """A certificate for each kind of servers, in a directory of its own."""
    if not callable(access):
        return access or Access()
    own = Path(tempfile.mkdtemp(prefix="access-", dir=directory))
    return access(own, host)


def fields(row):
    """A reply of names and values in turn."""
    words = [word.decode() for word in row]
    return dict(zip(words[::2], words[1::2]))
