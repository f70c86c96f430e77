"""What an operator has: the console, and the numbers that Prometheus would be given."""

import re
import time

from console import Console
from harness import title_of, wait_until

SAMPLE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)\Z')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
DAY = 24 * 60 * 60  # seconds
DRAINING_TITLE = "respoold (draining): worker"


def note_use(stack, days_ago, tenant, label, line):
    """As scripts have what was used on a day: requests, failed and cancelled ones, tokens of input
    and of output, and the cost."""
    day = use_day(days_ago)
    stack.redis.hset(stack.key(jobs_key(f"usage:{day}")), f"{tenant}\x1f{label}", line)
    return day


def use_day(days_ago):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days_ago * DAY))


def await_whole_day():
    """Until the day (UTC) is the same for a minute at least, as long as a test may take."""
    left = DAY - time.time() % DAY
    if left < 60:
        time.sleep(left)


def jobs_key(name):
    return "litellm:polling:{jobs}:" + name


class Operator:
    """The console of a stack, by what it is asked."""

    def __init__(self, stack):
        self.console = Console(stack)

    def run(self, *arguments, status=0):
        return self.console.text(*arguments, status=status)

    def ask(self, *arguments, status=0):
        return self.console.json(*arguments, status=status)

    def status(self):
        return self.ask("status")

    def rows(self, *filters):
        return self.ask("list", *filters)["data"]

    def show(self, response_id):
        return self.ask("show", response_id)

    def retry(self, response_id):
        """The id of the new response."""
        return self.ask("retry", response_id)["id"]

    def workers(self):
        """Those that are alive: {name: what it says of itself}."""
        return {worker["worker"]: worker for worker in self.ask("workers")
                if not worker["lost"]}

    def await_workers(self, count):
        wait_until(lambda: len(self.workers()) == count, 10, f"{count} workers")
        return self.workers()

    def drain(self, worker, *options):
        """Waits until the worker has heard of it: its process says so."""
        self.run("drain", *options, worker)
        self.await_title(worker, "respoold: worker" if "--end" in options else DRAINING_TITLE)

    def await_title(self, worker, title):
        pid = self.workers()[worker]["pid"]
        wait_until(lambda: title_of(pid) == title, 10, f"{worker} to be called {title}")


def metrics_of(stack):
    """What is counted and measured: {(name, value of each label in turn): number}."""
    reply = stack.client.request("GET", "/metrics")
    assert reply.status == 200, reply
    found = {}
    for line in reply.body.decode().splitlines():
        if not line.startswith("#"):
            name, labels, number = SAMPLE.match(line).groups()
            found[(name, *(value for _, value in LABEL.findall(labels or "")))] = float(number)
    return found


def await_metric(stack, least, *key, timeout=10):
    """Waits until it has come to that number."""
    wait_until(lambda: metrics_of(stack).get(key, 0) >= least, timeout, f"{key} to be {least}")


def owner_of(stack, response_id):
    """The name of the worker that is at work on it, or None."""
    return (stack.job(response_id).get(b"owner") or b"").decode() or None


def await_owner(stack, response_id):
    return wait_until(lambda: owner_of(stack, response_id), 10, "a worker to begin with it")


def parked(stack):
    return [entry.decode() for entry in stack.redis.lrange(stack.key(jobs_key("parked")), 0, -1)]


def index_of(stack):
    """What the index has of each: {id: [created, queued, status, tenant, label, model]}."""
    with stack.redis.pipeline() as at_once:
        at_once.hgetall(stack.key(jobs_key("index:about")))
        at_once.zrange(stack.key(jobs_key("index")), 0, -1)
        about, ids = at_once.execute()
    assert sorted(ids) == sorted(about)
    return {name.decode(): split_about(text.decode()) for name, text in about.items()}


def split_about(text):
    head, label, model = text.split("\x1f")
    return [*head.split(" ", 3), label, model]


def total_calls(redis):
    """How often each command was called, and for how many microseconds: {name: (calls, µs)}."""
    return {name.removeprefix("cmdstat_"): (stats["calls"], stats["usec"])
            for name, stats in redis.info("commandstats").items()}
