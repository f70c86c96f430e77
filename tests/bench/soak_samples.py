"""Memory and descriptors of processes, and what Redis holds, over time: are they flat?"""

import os
import re
import time
from pathlib import Path

import redis

PRIVATE = re.compile(r"Private_(?:Clean|Dirty|Hugetlb):\s+(\d+) kB")
SECONDS_BETWEEN = 3
# What the least of the last third may be above that of the first: a part of it, and an amount. The
# least, as malloc gives back what is free by steps; what leaks is never free.
LIMITS = {"private KB": (0.1, 256), "descriptors": (0.1, 4), "memory KB": (0.1, 1024),
          "keys": (0.1, 100)}


def private_kb(pid):
    return sum(map(int, PRIVATE.findall(Path(f"/proc/{pid}/smaps_rollup").read_text())))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Samples:
    def __init__(self, stack):
        self.stack = stack
        self.rows = []  # (time, {(kind, measure): value})

    def run(self, over):
        while not over.wait(SECONDS_BETWEEN):
            self.rows.append((time.monotonic(), self.take()))

    def take(self):
        found = {}
        for kind, pid in self.stack.watched.items():
            found[kind, "private KB"] = private_kb(pid)
            found[kind, "descriptors"] = descriptors(pid)
        return found | self.of_redis()

    def of_redis(self):
        """Nothing while it is away."""
        client = self.stack.sampler
        try:
            memory, keys = client.info("memory")["used_memory"], client.dbsize()
        except (redis.exceptions.RedisError, OSError):
            return {}
        return {("redis", "memory KB"): memory // 1024, ("redis", "keys"): keys}

    def last(self):
        return self.rows[-1][1] if self.rows else {}

    def thirds(self, begin):
        """{(kind, measure): (the least of the first third since then, that of the last)}"""
        rows = [row for row in self.rows if row[0] >= begin]
        third = len(rows) // 3
        names = sorted({name for _, row in rows for name in row})
        found = {}
        for name in names:
            parts = [[row[name] for _, row in part if name in row]
                     for part in (rows[:third], rows[len(rows) - third:])]
            if all(parts):
                found[name] = tuple(min(part) for part in parts)
        return found


def limit(measure, first):
    share, amount = LIMITS[measure]
    return first * (1 + share) + amount
