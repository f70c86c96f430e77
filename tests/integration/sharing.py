"""Tenants that share workers, and the books that Redis has of that."""

import threading

from events import message_stream
from faulty import FaultyStack
from harness import ALICE, BOB, QUEUE, TERMINAL, wait_until
from operating import jobs_key, metrics_of
from upstream import Gate, Script

CAROL = "sk-carol-0c94de17"
KEYS = {"alice": ALICE, "bob": BOB, "carol": CAROL}


def tenants(**members):
    """The keys of alice, bob and carol, with what else is said of each."""
    return [{"name": name, "key": key, **members.get(name, {})} for name, key in KEYS.items()]


class Turnstile:
    """
    Answers in the place of an upstream's scripts. Each request waits until it is let through, and
    says by its model whose it is: "alice-7" is the eighth of alice.
    """

    def __init__(self, upstream):
        self.changed = threading.Condition()
        self.is_open = False
        self.models = []  # of all requests, as they have come
        self.waiting = []  # (exchange, gate, model)
        self.most_inside = 0  # at once
        upstream._script_for = self.script_for

    def script_for(self, exchange):
        model, gate = exchange.json()["model"], Gate()
        with self.changed:
            self.models.append(model)
            if self.is_open:
                gate.open()
            else:
                self.waiting.append((exchange, gate, model))
                self.most_inside = max(self.most_inside, len(self._inside()))
            self.changed.notify_all()
        return Script([gate, *message_stream(["x"])])

    def await_arrivals(self, count, timeout=10):
        """The models of the first so many requests."""
        with self.changed:
            arrived = self.changed.wait_for(lambda: len(self.models) >= count, timeout)
            assert arrived, f"waited for request {count} in vain; there are {self.models}"
            return self.models[:count]

    def inside(self, tenant=""):
        """The models of the requests that wait here."""
        with self.changed:
            return [model for model in self._inside() if model.startswith(tenant)]

    def _inside(self):
        return [model for exchange, _, model in self.waiting if not exchange.peer_closed.is_set()]

    def let_through(self, model=None):
        """One request: the first, or the first of a model."""
        with self.changed:
            place = next(place for place, (exchange, _, name) in enumerate(self.waiting)
                         if model in (None, name) and not exchange.peer_closed.is_set())
            self.waiting.pop(place)[1].open()

    def next_arrivals(self, count):
        """Lets one request through after the other. The models of those that come then."""
        found = []
        for _ in range(count):
            before = len(self.models)
            self.let_through()
            found += self.await_arrivals(before + 1)[before:]
        return found

    def open(self):
        with self.changed:
            self.is_open = True
            for _, gate, _ in self.waiting:
                gate.open()
            self.waiting.clear()


class SharedStack(FaultyStack):
    """A stack of tenants, whose worker has room for one job unless respool says otherwise."""

    def __init__(self, respool=None, **options):
        super().__init__({"respool": {
            "api_keys": tenants(), "max_streams": 1, "lease_seconds": 1, "max_attempts": 20,
            "open_metrics": True, **(respool or {})}}, **options)
        self.turnstile = Turnstile(self.upstream)
        self.ids = {}  # of the responses, by their models

    def create(self, tenant, count=1, **fields):
        """So many responses of a tenant, one after the other. The models that they ask for."""
        client = self.client.with_key(KEYS[tenant])
        models = []
        for _ in range(count):
            model = f"{tenant}-{sum(name.startswith(f'{tenant}-') for name in self.ids)}"
            self.ids[model] = client.create(model, **fields)["id"]
            models.append(model)
        return models

    def share(self, name):
        value = self.redis.hget(self.key(jobs_key("shares")), name)
        return value.decode() if value is not None else None

    def await_share(self, name, expected):
        wait_until(lambda: self.share(name) == str(expected), what=f"{name} to be {expected}")

    def waiting(self):
        return int(self.share("waiting") or 0)

    def state(self, model):
        return (self.job(self.ids[model]).get(b"state") or b"").decode()

    def await_end(self, timeout=20):
        """Lets all through. All have completed then, in whosever hands they were."""
        self.turnstile.open()
        for model in self.ids:
            wait_until(lambda name=model: self.state(name) in TERMINAL, timeout, f"{model} to end")
        assert {self.state(model) for model in self.ids} <= {"completed"}
        assert_books_are_empty(self)

    def in_queue(self):
        """How many have a seat, and no worker yet."""
        return self.redis.llen(self.key(QUEUE))


def books(stack):
    """What Redis has of those who wait and run, and of what they have been promised."""
    found = {name: stack.redis.exists(stack.key(jobs_key(name)))
             for name in ("queue", "seats", "lines", "turns", "passes")}
    for pattern in ("line:*", "running:*", "passages:*"):
        found |= {key.decode(): 1 for key in stack.redis.scan_iter(stack.key(jobs_key(pattern)))
                  if stack.redis.type(key) != b"none"}
    shares = stack.redis.hgetall(stack.key(jobs_key("shares")))
    for name, value in shares.items():
        if name.split(b"\x1f")[0] in (b"waiting", b"running", b"parked", b"favoured", b"pace0",
                                      b"pace1", b"pace2", b"served1", b"served2"):
            found[name.decode()] = int(float(value))
    return {name: number for name, number in found.items() if number != 0}


def assert_books_are_empty(stack, timeout=10):
    """Nobody has a seat, stands in a line, or is remembered for it."""
    last = None

    def empty():
        nonlocal last
        last = books(stack)
        return not last

    try:
        wait_until(empty, timeout)
    except AssertionError:
        raise AssertionError(f"what is left: {last}") from None


def refused_of(stack):
    """How many requests were refused: {(tenant, limit): number}."""
    return {key[1:]: int(number) for key, number in metrics_of(stack).items()
            if key[0] == "respool_requests_limited_total"}
