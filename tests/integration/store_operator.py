"""What operators see and do, without the programs that they use: tests/operate.c, and by hand what
the other programs would have written to Redis."""

import json
import subprocess

from harness import BUILD, environment, job_key, response_key
from operating import use_day

JOBS = "litellm:polling:{jobs}:"


def new_id(number):
    return f"litellm_poll_00000000-0000-4000-8000-{number:012x}"


class StoreOperator:
    """Says what it is told to do, and what comes of it."""

    def __init__(self, stack):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", BUILD / "tests" / "operate",
             stack.config_path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())

    def ask(self, *words):
        """The result's name, and the text."""
        line = " ".join("-" if word is None else str(word) for word in words)
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        result, size = self.process.stdout.readline().split()
        text = self.process.stdout.read(int(size) + 1)[:-1]
        return result.decode(), text.decode()

    def text(self, *words):
        result, text = self.ask(*words)
        assert result == "ok", (words, result, text)
        return text

    def json(self, *words):
        return json.loads(self.text(*words))

    def list(self, status=None, tenant=None, model=None, older_than=None, limit=None, after=None):
        return self.json("list", status, tenant, model, older_than, limit, after)

    def ids(self, **query):
        return [row["id"] for row in self.list(**query)["data"]]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()


class Records:
    """Responses, workers and relays as the programs write them, in a Redis that none of them uses."""

    def __init__(self, stack):
        self.redis = stack.redis
        self.prefix = stack.key_prefix
        self.namespace = stack.key_prefix

    def key(self, name):
        return self.prefix + JOBS + name

    def now(self):
        """ms, as the server with the jobs has it"""
        script = "local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000)"
        return self.redis.eval(script, 1, self.key("queue"))

    def job(self, response_id, state, tenant, model, attempts=1, **fields):
        key = job_key(response_id, self.namespace)
        self.redis.hset(key, mapping={"state": state, "tenant": tenant, "model": model,
                                      "attempts": attempts, **fields})
        object = {"id": response_id, "status": state, "created_at": 1_700_000_000}
        self.redis.set(response_key(response_id, self.namespace), json.dumps(object))

    def note(self, response_id, created, status="open", tenant="", label="m", model="m"):
        """Puts it into the index."""
        about = f"{created} {created} {status} {tenant}\x1f{label}\x1f{model}"
        self.redis.zadd(self.key("index"), {response_id: created})
        self.redis.hset(self.key("index:about"), response_id, about)
        if status != "open":
            self.redis.zadd(self.key("index:ended"), {response_id: created + 3_600_000})

    def add(self, response_id, created, state="queued", tenant="", label="m", model="m", **fields):
        self.job(response_id, state, tenant, model, created=created, **fields)
        ended = state not in ("queued", "in_progress")
        self.note(response_id, created, state if ended else "open", tenant, label, model)

    def queue(self, response_id, parked=False):
        self.redis.lpush(self.key("parked" if parked else "queue"), response_id)

    def queued(self, parked=False):
        """The ids in their turn: in the queue, and behind them in the line of clients without a
        key."""
        return [entry.decode() for name in (("parked",) if parked else ("queue", "line:1"))
                for entry in reversed(self.redis.lrange(self.key(name), 0, -1))]

    def worker(self, name, lease=30_000, streams=0, holds=(), kind="workers"):
        now = self.now()
        self.redis.zadd(self.key(kind), {name: now + lease})
        about = f"{streams} {now} {now // 1000 - 60} 4711 0.1.0 house-1"
        self.redis.hset(self.key(f"{kind}:about"), name, about)
        for response_id in holds:
            self.redis.lpush(self.key(f"running:{name}"), response_id)

    def use(self, days_ago, tenant, label):
        """A request a day, and which day that was."""
        day = use_day(days_ago)
        self.redis.hset(self.key(f"usage:{day}"), f"{tenant}\x1f{label}", "1 0 0 10 1 0.5")
        return day

    def forget_all(self):
        for key in self.redis.scan_iter(f"{self.prefix}litellm:polling:*"):
            self.redis.delete(key)
