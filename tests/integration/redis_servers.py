"""Servers of Redis, or of Valkey, that listen on a loopback address of their own.

Each group of servers has an address out of 127.0.0.0/8 to itself, so that a server which was killed
finds its port free when it starts again, however many tests run side by side.
"""

import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from harness import REDIS_SERVER, Program, ProgramFailed, wait_until
from tls import make_certificate

ADMIN = "admin"  # the tests' own user where there are any
ADMIN_PASSWORD = "pw-admin-55d1c08e"
AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError,
        redis.exceptions.BusyLoadingError)


def found_servers():
    """The kinds of servers that are installed here: the one that is meant, and Valkey's."""
    return [program for program in dict.fromkeys((REDIS_SERVER, "valkey-server"))
            if shutil.which(program)]


def own_address():
    """A loopback address that most likely nobody else uses."""
    chance = random.SystemRandom()
    return "127." + ".".join(str(chance.randint(1, 254)) for _ in range(3))


@dataclass
class Access:
    """How servers are to be reached. With a user, nobody may do anything without a login."""

    username: str = None
    password: str = None
    rules: str = "~* &* +@all"  # of that user
    tls: bool = False
    certificate: Path = None  # which is its own authority
    key: Path = None

    @classmethod
    def with_tls(cls, directory, host, **options):
        """Makes a certificate for host."""
        certificate, key = make_certificate(directory, host)
        return cls(tls=True, certificate=certificate, key=key, **options)

    def login(self):
        """The login of the tests themselves, and of servers at each other: what AUTH is given."""
        if self.username:
            return ADMIN, ADMIN_PASSWORD
        return (None, self.password) if self.password else (None, None)

    def settings(self):
        """Lines of redis.conf."""
        lines = []
        if self.username:
            lines += [f"user {self.username} on >{self.password} {self.rules}",
                      f"user {ADMIN} on >{ADMIN_PASSWORD} ~* &* +@all", "user default off",
                      f"masteruser {ADMIN}", f"masterauth {ADMIN_PASSWORD}"]
        elif self.password:
            lines += [f"requirepass {self.password}", f"masterauth {self.password}"]
        if self.tls:
            lines += [f"tls-cert-file {self.certificate}", f"tls-key-file {self.key}",
                      f"tls-ca-cert-file {self.certificate}", "tls-auth-clients no",
                      "tls-replication yes"]
        return lines

    def cache_params(self):
        """What respool's configuration has to say of it."""
        params = {}
        if self.username:
            params["username"] = self.username
        if self.password:
            params["password"] = self.password
        if self.tls:
            params |= {"ssl": True, "ssl_ca_certs": str(self.certificate)}
        return params

    def client(self, host, port, timeout=5):
        """Redis as the tests see it."""
        username, password = self.login()
        secured = {"ssl": True, "ssl_ca_certs": str(self.certificate)} if self.tls else {}
        return redis.Redis(host=host, port=port, username=username, password=password,
                           socket_timeout=timeout, socket_connect_timeout=timeout, **secured)


class Server:
    """One process, that can be killed, frozen and started again."""

    def __init__(self, name, directory, host, port, access, settings=(), program=None,
                 sentinel=False):
        self.name = name
        self.directory = Path(directory) / name
        self.directory.mkdir()
        self.host = host
        self.port = port
        self.sentinel = sentinel
        self.argv = [program or REDIS_SERVER, self.directory / "redis.conf"]
        self.argv += ["--sentinel"] if sentinel else []
        self.process = None
        self.frozen = False
        self.client = access.client(host, port)
        listen = f"port 0\ntls-port {port}" if access.tls else f"port {port}"
        self.argv[1].write_text("\n".join(
            [f"bind {host}", f"bind-source-addr {host}", "protected-mode no", listen,
             f"dir {self.directory}",
             *access.settings(), *([] if sentinel else self.storage()), *settings, ""]))

    @staticmethod
    def storage():
        return ['save ""', "appendonly no", "loglevel notice", "repl-diskless-sync-delay 0",
                "shutdown-timeout 0", "repl-ping-replica-period 1"]

    @property
    def address(self):
        return self.host, self.port

    @property
    def runs(self):
        """It answers, as far as we have not seen to the contrary."""
        return self.process is not None and not self.frozen

    def launch(self):
        """Starts it and does not wait."""
        self.process = Program(self.name, self.argv, self.directory)

    def start(self):
        self.launch()
        self.await_answers()
        return self

    def await_answers(self):
        def answers():
            if not self.process.alive():
                raise ProgramFailed(f"{self.name} ended at once:\n{self.process.stderr()}")
            try:
                return self.client.ping()
            except AWAY:
                return False

        wait_until(answers, 15, f"{self.name} to answer")

    def kill(self):
        """As when the power fails. Returns when that was: time.monotonic()."""
        process, self.process = self.process, None
        process.expect_exit = True
        process.send_signal(signal.SIGKILL)
        when = time.monotonic()
        self.frozen = False
        process.wait()
        return when

    def freeze(self):
        """It answers nobody and its connections stay open. Returns when that was."""
        self.process.send_signal(signal.SIGSTOP)
        self.frozen = True
        return time.monotonic()

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
        self.frozen = False

    def ask_to_stop(self):
        """And does not wait for it."""
        if self.process:
            self.process.expect_exit = True
            self.process.send_signal(signal.SIGTERM)
        if self.frozen:
            self.thaw()

    def stop(self):
        """What was wrong about its end, or None."""
        self.client.close()
        if self.process is None:
            return None
        process, self.process = self.process, None
        self.insist(process)
        return process.stop_cleanly()

    @staticmethod
    def insist(process):
        """Redis refuses to end while it rewrites its append-only file, and forgets the signal."""
        for _ in range(5):
            try:
                process.process.wait(2)
                return
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGTERM)

    def role(self):
        """"master", "slave" or "sentinel"; None if it does not say."""
        try:
            return self.told_role()[0] if self.runs else None
        except AWAY:
            return None

    def told_role(self):
        """All that it says of its role, which comes first; what follows depends on that."""
        role, *more = self.client.execute_command("ROLE")
        return role.decode(), *more

    def __repr__(self):
        return f"<{self.name} {self.host}:{self.port}>"


class Servers:
    """What kinds of groups of servers have in common. Their own: cache_params(), client()."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.all = []

    def launch(self, servers):
        """Starts them all together."""
        self.all += servers
        for server in servers:
            server.launch()
        for server in servers:
            server.await_answers()

    def at(self, address):
        """The server that listens there."""
        return next(server for server in self.all if server.address == tuple(address))

    def running(self):
        return [server for server in self.all if server.runs]

    def replicas_of(self, master):
        """Those that get from it what it is told now: none when it is no master any more."""
        role, *more = master.told_role()
        rows = more[1] if role == "master" else []
        return [self.at((row[0].decode(), int(row[1]))) for row in rows]

    def await_replication(self, timeout=10):
        """Waits until all that the masters were told before is with their replicas, too."""
        for master in self.masters():
            offset = master.told_role()[1]
            for replica in self.replicas_of(master):
                wait_until(lambda replica=replica, offset=offset: (
                    replica.told_role()[4] >= offset), timeout,
                    f"{replica} to have what {master} has", interval=0.002)

    def close(self):
        problems = [server.process.fault() for server in self.all if server.process]
        for server in self.all:
            server.ask_to_stop()
        problems += [server.stop() for server in self.all]
        self.all = []
        problems = [problem for problem in problems if problem]
        assert not problems, "\n".join(problems)

    def close_quietly(self):
        try:
            self.close()
        except AssertionError:
            pass


class RoutingClient(redis.Redis):
    """
    redis.Redis whose commands go to the server that has their key, which servers_of(key) tells, and
    are repeated while there is none. Commands without a key go to all that masters() tells.
    """

    KEYLESS = {"PING", "SCRIPT", "CLIENT", "CONFIG", "INFO", "DBSIZE", "FLUSHALL", "DEBUG", "SCAN"}
    PATIENCE = 15  # s
    LATER = ("MOVED", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "UNBLOCKED", "LOADING")

    def __init__(self, servers):
        super().__init__(host=servers.all[0].host, port=servers.all[0].port)
        self.servers = servers

    def execute_command(self, *arguments, **options):
        def done():
            try:
                return (self._somewhere(arguments, options),)
            except AWAY as error:
                seen.append(error)
            except redis.exceptions.ResponseError as error:
                if not is_for_later(error):
                    raise
                seen.append(error)
            return None

        seen = []
        try:
            return wait_until(done, self.PATIENCE, f"Redis to do {arguments[0]}")[0]
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {seen[-1:]}") from None

    def _somewhere(self, arguments, options):
        word = arguments[0].split()[0].upper()
        if word in self.KEYLESS:
            return [server.client.execute_command(*arguments, **options)
                    for server in self.servers.masters()][-1]
        key = arguments[3] if word in ("EVAL", "EVALSHA") else arguments[1]
        return self.servers.command(key, *arguments, **options)

    def scan_iter(self, match=None, count=None, _type=None, **options):
        for server in self.servers.masters():
            yield from server.client.scan_iter(match, count, _type, **options)

    def pubsub(self, **options):
        return self.servers.masters()[0].client.pubsub(**options)

    def pipeline(self, *arguments, **options):
        raise NotImplementedError("its commands may belong to several servers")


def is_for_later(error):
    return named_answer(error).startswith(RoutingClient.LATER)


def named_answer(error):
    """What Redis has answered. redis-py makes classes of some words, which are not the same in all of
    its versions, and takes the word off."""
    word = {"MovedError": "MOVED ", "AskError": "ASK ", "TryAgainError": "TRYAGAIN ",
            "ClusterDownError": "CLUSTERDOWN ", "MasterDownError": "MASTERDOWN ",
            "ReadOnlyError": "READONLY "}.get(type(error).__name__, "")
    return word + str(error)
