"""All of respool under load while something breaks each few seconds: soak.sh tells what is asked.

Begins with the load alone, breaks things for so many minutes, lets all come to rest, and looks at
what is left. Each answer is checked by who has asked for it (soak_clients.py); what memory and
descriptors were is compared at the end (soak_samples.py).
"""

import datetime
import os
import platform
import random
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import redis

import harness
from console import Console
from faulty import FaultyStack
from harness import BUILD, HELD, SANITIZER_REPORT, wait_until
from sharing import books, tenants
from soak_clients import Clients
from soak_faults import Faults, Stalls
from soak_provider import Ledger, Plans
from soak_samples import Samples, limit
from standard_webhooks import new_secret
from webhooks_clock import held_deliveries, pass_time

TTL = 60  # s: after some of them Redis holds as much as it ever will
WARM_UP = 3 * TTL
LEAST_FOR_THIRDS = 3 * 60  # s behind that in which growth can be told
REST = 120  # s until all has come to rest
LIMITS = {"alice": {"max_parallel": 8, "tpm": 10_000_000}, "bob": {"weight": 3, "priority": True},
          "carol": {"rpm": 20}}

BEGUN = {"polled": "in background, polled", "streamed": "in background, streamed",
         "whole": "passed through", "passed": "passed through, streamed"}


def deployment(name, model, **params):
    return {"model_name": f"{name}-*", "litellm_params": {
        "model": model, "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 60,
        "stream_timeout": 20, "silence_timeout": 10, **params}}


def configuration(webhooks):
    return {
        "model_list": [
            deployment("responses", "openai/*"), deployment("limited", "openai/*"),
            deployment("chat", "openai/*", api="chat"),
            deployment("messages", "openai/*", api="messages")],
        "router_settings": {"allowed_fails": 1_000_000, "cooldown_time": 0},
        "litellm_settings": {"num_retries": 20, "responses": {
            "background_mode": {"polling_via_cache": "all", "ttl": TTL}}},
        "respool": {
            "api_keys": tenants(**LIMITS), "open_metrics": True, "lease_seconds": 3,
            "max_attempts": 100, "idempotency_ttl": TTL, "native_ttl": TTL, "unstored_ttl": TTL,
            "webhooks": webhooks},
    }


class SoakStack(FaultyStack):
    """redis-server keeps its data, and rewrites its file often enough to be seen at that."""

    ttl = TTL

    def __init__(self, ledger):
        self.ledger = ledger
        self.watched = {}  # kind: process id
        super().__init__(configuration([ledger.endpoint("told", ledger.secret)]), aof=True,
                         children=4, workers=1)
        self.sampler = redis.Redis(unix_socket_path=str(self.directory / "redis.sock"),
                                   socket_timeout=2)

    def start_redis(self):
        super().start_redis()
        self.redis.config_set("auto-aof-rewrite-min-size", "16mb")

    def stop_redis(self):
        self.stop(self.redis_program)

    def start_responder(self, relays=2):
        super().start_responder(relays)

    def add_supervisor(self):
        """With two workers, which are not spared."""
        self.workers, spared = 2, self.workers
        try:
            return super().add_supervisor()
        finally:
            self.workers = spared

    def watch(self):
        """Those that live from the beginning to the end."""
        self.watched = {
            "respool.fcgi": self.responder.pid,
            "responder": harness.children_of(self.responder.pid, "responder")[0],
            "relay": harness.children_of(self.responder.pid, "relay")[0],
            "respoold": self.supervisor.pid,
            "worker": self.supervisor.children()[0],
        }


class Soak:
    def __init__(self, minutes, seed, rate):
        self.minutes = minutes
        self.seed = seed
        self.over = threading.Event()
        self.calm = threading.Event()
        self.lock = threading.Lock()
        self.wrongs = []
        self.begun = time.monotonic()
        self.ledger = Ledger(new_secret(), random.Random(f"{seed}-receiver"), self.wrong)
        self.stack = SoakStack(self.ledger)
        self.stack.plans = Plans(self.stack.upstream, self.wrong)
        self.clients = Clients(self.stack, seed, rate, self.wrong)
        self.faults = Faults(self.stack, f"{seed}-faults", self.clients)
        self.clients.windows = self.faults.windows
        self.stalls = Stalls(self.stack, self.faults.windows)
        self.stack.watch()
        self.samples = Samples(self.stack)

    def wrong(self, text):
        """Ends it all."""
        with self.lock:
            self.wrongs.append(str(text)[:20000])
        self.calm.set()
        self.over.set()

    def start(self, job, until):
        def guarded():
            try:
                job(until)
            except BaseException:
                self.wrong(traceback.format_exc())

        threading.Thread(target=guarded, daemon=True).start()

    def run(self):
        self.findings = self.check()
        self.start(self.stalls.run, self.over)
        self.start(self.clients.run, self.calm)
        self.start(self.faults.run, self.calm)
        self.start(self.clients.check_expired, self.over)
        self.start(self.samples.run, self.calm)
        for minute in range(1, self.minutes + 1):
            if self.calm.wait(max(0, self.begun + 60 * minute - time.monotonic())):
                return
            self.say(minute)
        self.calm.set()
        self.come_to_rest()
        self.look_at_what_is_left()

    def say(self, minute):
        counts, last = self.clients.counts, self.samples.last()
        memory = " ".join(f"{kind} {last.get((kind, 'private KB'), 0) / 1024:.1f}"
                          for kind in self.stack.watched)
        print(f"{minute:3d} min: {self.clients.number} begun, {counts['ended']} ended, "
              f"{self.clients.active} open, {counts['answers']} answers, "
              f"{counts['events']} events, {counts['away']} while something was away, "
              f"{self.ledger.taken} webhooks, {sum(self.faults.counts.values())} faults; "
              f"MB: {memory}; redis {last.get(('redis', 'memory KB'), 0) / 1024:.1f}, "
              f"{last.get(('redis', 'keys'), 0)} keys", flush=True)

    # The end.

    def come_to_rest(self):
        def rests():
            return self.wrongs or (self.clients.active == 0 and self.faults.are_over.is_set())

        wait_until(rests, 2 * REST, "all clients to have what they asked for", 0.1)
        if self.wrongs:
            return
        deadline = time.monotonic() + REST
        while self.ledger.overdue() or held_deliveries(self.stack):
            if time.monotonic() > deadline:
                self.wrong(f"nobody was told of {self.ledger.overdue()}; "
                           f"Redis holds {list(map(vars, held_deliveries(self.stack).values()))}")
                return
            time.sleep(6)
            pass_time(self.stack, 300, ends_leases=False)
            self.faults.reload()  # so that workers look for what is due

    def look_at_what_is_left(self):
        if self.wrongs:
            return
        stack = self.stack
        stack.assert_nothing_is_left(REST)
        wait_until(lambda: not books(stack), REST, "all seats to be given back", 0.1)
        assert int(stack.redis.hget(stack.key(HELD), "waiting") or 0) == 0
        wait_until(lambda: not stack.response_keys() and not stack.job_keys() and
                   not self.clients.expiring, TTL + REST, "all responses to expire", 0.5)
        self.left = stack.redis.dbsize()
        found = self.check()
        assert found == self.findings, f"respoolctl check finds {found}, and {self.findings} before"
        self.over.set()
        self.look_at_logs()
        self.judge()

    def check(self):
        result = Console(self.stack).run("--json", "check")
        return sorted(one["name"] for one in harness.strict_json(result.stdout)["findings"])

    def look_at_logs(self):
        """Each end of a process in the logs is one that was made."""
        for path in self.stack.directory.glob("*.stderr"):
            for line in path.open(errors="replace"):
                if SANITIZER_REPORT.search(line) or (
                        re.search("killed by signal|ended with status", line)
                        and "signal 9" not in line):
                    self.wrong(f"{path.name}: {line}")

    def judge(self):
        thirds, is_judged = self.thirds()
        for (kind, measure), (first, last) in thirds.items():
            if is_judged and last > limit(measure, first):
                self.wrong(f"{measure} of {kind} have grown from {first:.0f} to {last:.0f}")

    def thirds(self):
        """The least of the thirds, and whether it has been long enough to judge by them."""
        warm_up = max(WARM_UP, self.minutes * 6)
        is_judged = self.minutes * 60 - warm_up >= LEAST_FOR_THIRDS
        return self.samples.thirds(self.begun + warm_up * is_judged), is_judged

    # What is told of it.

    def report(self):
        clients, counts = self.clients, self.clients.counts
        faults = self.faults.counts
        thirds, is_judged = self.thirds()
        lines = [
            f"{datetime.date.today()}, {machine()}, {versions()}, seed {self.seed}.", "",
            "| | |", "|---|---|",
            f"| minutes | {self.minutes} |",
            f"| responses begun, {clients.rate:g} a second | "
            f"{clients.number + counts['continued']} |",
            *(f"| {what} | {of_each(dict(sorted(clients.begun[kind].items())))} |"
              for kind, what in BEGUN.items()),
            f"| that continue another | {counts['continued']} |",
            "| ended in background | " + of_each(
                {one: counts[one] for one in ("completed", "failed", "cancelled")}) + " |",
            f"| deleted, and gone | {counts['deletes']} |",
            f"| expired when they had to | {counts['expired']} |",
            f"| creates sent again with their key | {counts['sent again']} |",
            f"| passed through to the end | {counts['passed whole']} |",
            f"| ends told by webhooks, and told again | {self.ledger.taken}, "
            f"{self.ledger.told_again} |",
            f"| requests to the provider | {self.stack.plans.requests} |",
            f"| answers checked | {counts['answers'] + counts['taken up']} |",
            f"| events checked | {counts['events']} |",
            f"| connections that clients broke off | {counts['cuts']} |",
            f"| refused by a limit | {sum(clients.refused.values())} |",
            f"| answers while something was away | {counts['away']} |",
            f"| faults | {of_each(faults)} |",
            f"| stalls | {of_each(self.stalls.counts)} |",
            f"| answers lost or wrong | {len(self.wrongs)} |", "",
            "| the least | first third | last third | limit |", "|---|---|---|---|",
            *(f"| {kind}, {measure} | {first:.0f} | {last:.0f} | "
              + (f"{limit(measure, first):.0f} |" if is_judged else "too short to tell |")
              for (kind, measure), (first, last) in thirds.items())]
        return "\n".join(lines) + "\n"


def of_each(numbers):
    """All together, and each."""
    return f"{sum(numbers.values())}: " + ", ".join(
        f"{number} {name.replace('_', ' ')}" for name, number in numbers.items())


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (f"{os.cpu_count()} processors ({model[1] if model else 'unknown'}), "
            f"Linux {platform.release().split('-')[0]}")


def versions():
    respool = harness.run_program("respoold", "-V").stdout.decode().split("\n")[0]
    server = subprocess.run([harness.REDIS_SERVER, "--version"], capture_output=True,
                                    check=True, text=True).stdout
    return f"{respool}, Redis {re.search(r'v=([^ ]+)', server)[1]}"


def main():
    minutes, path = int(sys.argv[1]), Path(sys.argv[2])
    seed = os.environ.get("SOAK_SEED") or str(random.SystemRandom().randrange(10**6))
    harness.adopt_orphans()
    soak = Soak(minutes, seed, float(os.environ.get("SOAK_RATE") or 3))
    print(f"seed {seed}, {minutes} minutes, {BUILD}, in {soak.stack.directory}", flush=True)
    signal.signal(signal.SIGUSR1, lambda *_: print(soak.report(), flush=True))
    try:
        soak.run()
    except BaseException:
        soak.wrong(traceback.format_exc())
    if not soak.wrongs:
        try:
            soak.stack.close()
        except AssertionError as problem:
            soak.wrong(problem)
    if soak.wrongs:
        print("\n".join(soak.wrongs), file=sys.stderr)
        print(f"seed {seed}: {len(soak.wrongs)} things are wrong; see {soak.stack.directory}",
              file=sys.stderr)
        os.environ["RESPOOL_KEEP"] = "1"
        soak.faults.thaw(everything=True)
        soak.stack.close(check=False)
        sys.exit(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(soak.report())
    print(soak.report())
    soak.ledger.close()


if __name__ == "__main__":
    main()
