"""A Redis Cluster on loopback: masters and replicas that fail, and slots that move."""

import binascii
import threading
import time

import redis

from harness import free_ports, wait_until
from redis_servers import (AWAY, Access, RoutingClient, Server, Servers, named_answer,
                           own_address)

SLOTS = 16384
NODE_TIMEOUT = 600  # ms


def slot_of(key):
    key = key.encode() if isinstance(key, str) else key
    opening = key.find(b"{")
    if opening >= 0:
        closing = key.find(b"}", opening + 1)
        if closing > opening + 1:
            key = key[opening + 1:closing]
    return binascii.crc_hqx(key, 0) % SLOTS


JOBS_SLOT = slot_of("litellm:polling:{jobs}:queue")


class Cluster(Servers):
    """
    So many masters, with so many replicas each. access is an Access, or a function that makes one
    for a directory and an address; settings are more lines of redis.conf.
    """

    def __init__(self, directory, masters=3, replicas=1, access=None, program=None, settings=(),
                 node_timeout=NODE_TIMEOUT):
        super().__init__(directory)
        self.node_timeout = node_timeout
        host = own_address()
        self.access = access(directory, host) if callable(access) else access or Access()
        count = masters * (1 + replicas)
        ports = free_ports(host, 2 * count)
        nodes = [Server(f"node{number}", directory, host, ports[number], self.access,
                        [*self.settings(host, ports[count + number]), *settings], program)
                 for number in range(count)]
        self.bus_ports = {node: ports[count + number] for number, node in enumerate(nodes)}
        try:
            self.launch(nodes)
            self.ids = {node: self.cluster(node, "MYID").decode() for node in nodes}
            self.join(nodes[:masters], nodes[masters:])
        except BaseException:
            self.close_quietly()
            raise

    def settings(self, host, bus_port):
        return ["cluster-enabled yes", f"cluster-node-timeout {self.node_timeout}",
                f"cluster-port {bus_port}", f"cluster-announce-ip {host}",
                "cluster-replica-validity-factor 0", "cluster-allow-replica-migration no",
                *(["tls-cluster yes"] if self.access.tls else [])]

    def join(self, masters, replicas):
        for number, node in enumerate(masters):
            first = number * SLOTS // len(masters)
            last = (number + 1) * SLOTS // len(masters) - 1
            self.cluster(node, "ADDSLOTSRANGE", first, last)
            self.cluster(node, "SET-CONFIG-EPOCH", number + 1)
        wait_until(self.have_met, 30, "the nodes to know each other", interval=0.1)
        for number, node in enumerate(replicas):
            self.cluster(node, "REPLICATE", self.ids[masters[number % len(masters)]])
        self.await_health()

    def have_met(self):
        """Those that the first one does not know are told to it: a slow node forgets a word soon."""
        known = self.known(self.all[0])
        for node in self.all[1:]:
            if not self.is_met(node, known):
                self.cluster(self.all[0], "MEET", node.host, node.port, self.bus_ports[node])
        return all(len(self.known(node)) == len(self.all) for node in self.all)

    @staticmethod
    def is_met(node, known):
        """Its address is known, be it under an id that is not its own yet."""
        return any(words[1].startswith(f"{node.host}:{node.port}@") for words in known.values())

    # What respool and the tests use.

    def cache_params(self):
        return {"type": "redis", "redis_startup_nodes": [
            {"host": node.host, "port": node.port} for node in self.all],
            **self.access.cache_params()}

    def client(self):
        return RoutingClient(self)

    def command(self, key, *arguments, **options):
        node = self.owner(slot_of(key))
        try:
            return node.client.execute_command(*arguments, **options)
        except redis.exceptions.ResponseError as error:
            asked = asks(error)
            if asked is None:
                raise
            node = self.at(asked)
            with node.client.client() as connection:  # both have to go over one
                connection.execute_command("ASKING")
                return connection.execute_command(*arguments, **options)

    # Who is what.

    def cluster(self, node, *arguments):
        return node.client.execute_command("CLUSTER", *arguments)

    def known(self, node):
        """What a node knows of all: {id: words of its line}."""
        lines = self.cluster(node, "NODES").decode().splitlines()
        return {line.split(" ")[0]: line.split(" ") for line in lines}

    def slots(self, node):
        """Who has which slots, as a node sees it: [(first, last, server)]."""
        return [(first, last, self.at((master[0].decode(), master[1])))
                for first, last, master, *_ in self.cluster(node, "SLOTS")]

    def owner(self, slot):
        """The server that has it: that which says so of itself, else that of which others do."""
        named = None
        for node in self.running():
            try:
                for first, last, server in self.slots(node):
                    if first <= slot <= last and server.runs:
                        if server is node:
                            return server
                        named = server
            except AWAY:
                pass
        if named is None:
            raise redis.exceptions.ConnectionError(f"nobody has slot {slot}")
        return named

    def owner_of(self, key):
        return self.owner(slot_of(key))

    def jobs_master(self, namespace=""):
        """Of the queue, and all that is there once."""
        return self.owner(JOBS_SLOT)

    def masters(self):
        """Those with slots that are there."""
        return wait_until(self.some_masters, 15, "a master with slots")

    def some_masters(self):
        for node in self.running():
            try:
                return list(dict.fromkeys(
                    server for _, _, server in self.slots(node) if server.runs))
            except AWAY:
                pass
        return []

    def is_healthy(self):
        """All nodes agree, all slots are served, each running replica has its master's data."""
        views = []
        replicas = []
        for node in self.running():
            try:
                info = self.info(node)
                if info["cluster_state"] != "ok" or info["cluster_slots_ok"] != str(SLOTS):
                    return False
                if not all(self.is_joined(words) for words in self.known(node).values()):
                    return False
                replicas += self.replicas_of(node)
                views.append(sorted((first, last, server.port)
                                    for first, last, server in self.slots(node)))
            except AWAY:
                return False
        known = {server.port for server in replicas} | {port for _, _, port in views[0]}
        return (all(view == views[0] for view in views) and
                known == {server.port for server in self.running()})

    @staticmethod
    def is_joined(words):
        """What a node says of another one."""
        flags, link = words[2].split(","), words[7]
        return link == "connected" and not {"fail", "fail?", "handshake", "noaddr"} & set(flags)

    def info(self, node):
        lines = self.cluster(node, "INFO").decode().splitlines()
        return dict(line.split(":") for line in lines)

    def await_health(self, timeout=20):
        wait_until(self.is_healthy, timeout, "the cluster to be healthy", interval=0.03)

    # Fail-over.

    def await_failover(self, lost, timeout=20):
        """
        Waits until another node says that what was lost's is somebody else's. Returns that server
        and when that was seen: time.monotonic().
        """
        slot = self.first_slot(lost)
        return wait_until(lambda: self.successor(lost, slot), timeout, f"a successor of {lost}",
                          interval=0.005)

    def successor(self, lost, slot):
        """Who has the slot that was lost's, as another node says, and when; None if nobody has."""
        for node in self.running():
            if node is not lost:
                try:
                    for first, last, server in self.slots(node):
                        if first <= slot <= last and server is not lost:
                            return server, time.monotonic()
                except AWAY:
                    pass
        return None

    def first_slot(self, server):
        """One that is or was its own, as it was seen last by one node or other."""
        for node in [*self.running(), *self.all]:
            if node is not server and node.runs:
                for first, _, owner in self.slots(node):
                    if owner is server:
                        return first
        raise AssertionError(f"{server} has no slot")

    def plan_failover(self, master):
        """
        Its replica takes over, with nothing lost. It is asked until it does, as the word may be
        lost between nodes that have just met again. Returns it and when that was known.
        """
        replica = wait_until(lambda: self.replicas_of(master), 10, f"a replica of {master}")[0]
        slot = self.first_slot(master)
        for _ in range(10):
            self.cluster(replica, "FAILOVER")
            try:
                return wait_until(lambda: self.successor(master, slot), 2,
                                  f"{replica} to take over", interval=0.005)
            except AssertionError:
                pass
        raise AssertionError(f"{replica} does not take over from {master}")

    def hand_over(self, master):
        """The same, and waits until the old master is a replica."""
        self.plan_failover(master)
        self.await_health()

    # Slots that move.

    def begin_move(self, slot, source, target):
        """Half of it: what is there stays there, what is new is the target's."""
        self.cluster(target, "SETSLOT", slot, "IMPORTING", self.ids[source])
        self.cluster(source, "SETSLOT", slot, "MIGRATING", self.ids[target])

    def move_keys(self, slot, source, target, most=None):
        """The keys of a slot whose move has begun, or so many of them. Returns how many."""
        moved = 0
        while most is None or moved < most:
            keys = self.cluster(source, "GETKEYSINSLOT", slot,
                                100 if most is None else most - moved)
            if not keys:
                break
            username, password = self.access.login()
            login = ("AUTH2", username, password) if username else ()
            login = ("AUTH", password) if password and not username else login
            source.client.execute_command(
                "MIGRATE", target.host, target.port, "", 0, 5000, "REPLACE", *login, "KEYS", *keys)
            moved += len(keys)
        return moved

    def end_move(self, slot, target):
        """Target first: only it may say that the slot is its own."""
        for node in [target, *(node for node in self.some_masters() if node is not target)]:
            self.cluster(node, "SETSLOT", slot, "NODE", self.ids[target])

    def move_slot(self, slot, target, dwell=0):
        """
        As redis-cli --cluster reshard does. For dwell seconds the slot is half moved, and at the half
        of that time one key goes ahead of the others.
        """
        source = self.owner(slot)
        if source is target:
            return
        self.begin_move(slot, source, target)
        if dwell:
            time.sleep(dwell / 2)
            self.move_keys(slot, source, target, 1)
            time.sleep(dwell / 2)
        self.move_keys(slot, source, target)
        self.end_move(slot, target)
        self.await_agreement(slot)

    def await_agreement(self, slot):
        """
        Until all have heard of it. Before that, a slot must not move on: with an epoch that two
        nodes have both taken, each may go on to say that the other one has it.
        """
        def agree():
            epochs = {self.info(node)["cluster_current_epoch"] for node in self.running()}
            owners = {self.named_owner(node, slot) for node in self.running()}
            return len(epochs) == len(owners) == 1

        wait_until(agree, 10, f"the nodes to agree about slot {slot}", interval=0.002)

    def named_owner(self, node, slot):
        return next((server for first, last, server in self.slots(node) if first <= slot <= last),
                    None)


class Mover(threading.Thread):
    """Moves slots to and fro until it is stopped, each to the master that comes next."""

    def __init__(self, cluster, slots, pause=0.02, dwell=0):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.slots = slots  # a list, or a function that makes one each time
        self.pause = pause  # s between two moves
        self.dwell = dwell  # s that each takes at least
        self.moves = 0
        self.fault = None
        self.stopping = threading.Event()

    def run(self):
        try:
            while not self.stopping.is_set():
                for slot in self.slots() if callable(self.slots) else self.slots:
                    self.move(slot)
                    if self.stopping.wait(self.pause):
                        return
        except BaseException as fault:
            self.fault = fault

    def move(self, slot):
        masters = sorted(self.cluster.masters(), key=lambda server: server.port)
        source = self.cluster.owner(slot)
        target = masters[(masters.index(source) + 1) % len(masters)]
        self.cluster.move_slot(slot, target, self.dwell)
        self.moves += 1

    def stop(self):
        self.stopping.set()
        self.join(30)
        if self.fault:
            raise self.fault

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()


def asks(error):
    """The address that -ASK names, or None."""
    words = named_answer(error).split()
    if words[:1] == ["ASK"]:
        host, _, port = words[2].rpartition(":")
        return host, int(port)
    return None
