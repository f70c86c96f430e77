#!/usr/bin/env python3
"""A client of background responses, wherever they are served.

It speaks OpenAI's Responses API. An URL that ends in /async/responses is one of Bifrost's, where a
job has its response in "result" once it has ended.
"""
import argparse
import http.client
import json
import queue
import statistics
import threading
import time
import urllib.parse

FINAL = ("completed", "failed", "incomplete", "cancelled")
TIMEOUT = 60


class Api:
    """One connection, which stays open."""

    def __init__(self, url, key):
        parts = urllib.parse.urlsplit(url)
        self.path = parts.path
        self.bifrost = parts.path.endswith("/async/responses")
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)

    def ask(self, method, path, body=None):
        """The status, and the answer."""
        self.connection.request(method, path, body, self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def create(self):
        """The id of a new response."""
        request = {"model": "m", "input": "Say something about spools.", "background": True}
        if self.bifrost:
            request = {"model": "openai/m", "input": request["input"]}
        status, answer = self.ask("POST", self.path, json.dumps(request).encode())
        if status not in (200, 202):
            raise RuntimeError(f"a create was answered {status}: {answer[:500]!r}")
        return json.loads(answer)["id"]

    def poll(self, identity):
        """What is known of it: its status and its text; None if it cannot be polled."""
        status, answer = self.ask("GET", f"{self.path}/{identity}")
        if status not in (200, 202):
            return None, ""
        answer = json.loads(answer)
        return answer["status"], text_of(answer.get("result") if self.bifrost else answer)

    def cancel(self, identity):
        return self.ask("POST", f"{self.path}/{identity}/cancel", b"")[0]


def text_of(response):
    parts = []
    for item in (response or {}).get("output") or []:
        for part in item.get("content") or []:
            parts.append(part.get("text") or "")
    return "".join(parts)


def pause_until(due):
    time.sleep(max(0, due - time.monotonic()))


def time_first_text(api, interval):
    """ms from sending a create until a poll shows text; returns when the response has ended."""
    began = time.monotonic()
    identity = api.create()
    due = time.monotonic()
    first = None
    while True:
        status, text = api.poll(identity)
        if first is None and text:
            first = (time.monotonic() - began) * 1000
            interval = 0.1
        if status not in ("queued", "in_progress", "pending", "processing"):
            break
        due += interval
        pause_until(due)
        due = max(due, time.monotonic() - interval)
    if first is None:
        raise SystemExit(f"client.py: a response ended as {status} without text")
    return first


def first_text(args):
    """Prints median, 99th percentile and the greatest time of so many, one after the other."""
    api = Api(args.url, args.key)
    time_first_text(api, args.interval_ms / 1000)
    times = sorted(time_first_text(api, args.interval_ms / 1000) for _ in range(args.count))
    late = times[min(len(times) - 1, int(len(times) * 0.99))]
    print(f"{statistics.median(times):.1f} {late:.1f} {times[-1]:.1f}")


def create(args):
    """Prints the ids of so many, several being asked for at once."""
    wanted = queue.SimpleQueue()
    ids = queue.SimpleQueue()

    def work():
        api = Api(args.url, args.key)
        while True:
            try:
                wanted.get_nowait()
            except queue.Empty:
                return
            ids.put(api.create())

    for number in range(args.count):
        wanted.put(number)
    threads = [threading.Thread(target=work) for _ in range(args.at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if ids.qsize() != args.count:
        raise SystemExit(f"client.py: {ids.qsize()} of {args.count} were created")
    for _ in range(args.count):
        print(ids.get())


def outcomes(args):
    """What becomes of the responses whose ids are in a file: prints how many are complete with all
    their text, end in another way, still run at the end of the time, and cannot be polled, and how
    long it took."""
    api = Api(args.url, args.key)
    with open(args.ids, encoding="ascii") as ids:
        seen = {identity: ("queued", "") for identity in ids.read().split()}
    began = time.monotonic()
    while True:
        due = time.monotonic() + 1
        for identity, (status, _) in seen.items():
            if status not in FINAL:
                seen[identity] = api.poll(identity)
        took = time.monotonic() - began
        if all(status in FINAL for status, _ in seen.values()) or took >= args.seconds:
            break
        pause_until(due)
    whole = sum(s == "completed" and len(t) == args.bytes for s, t in seen.values())
    gone = sum(s is None for s, _ in seen.values())
    running = sum(s is not None and s not in FINAL for s, _ in seen.values())
    print(f"{whole} {len(seen) - whole - gone - running} {running} {gone} {took:.1f}")


def cancel(args):
    """Asks for it, and prints how that was answered."""
    print(Api(args.url, args.key).cancel(args.id))


def state(args):
    """Prints the status of a response."""
    print(Api(args.url, args.key).poll(args.id)[0])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(required=True)
    options = {
        first_text: (("count", int), ("interval_ms", float)),
        create: (("count", int), ("at_once", int)),
        outcomes: (("ids", str), ("bytes", int), ("seconds", float)),
        cancel: (("id", str),),
        state: (("id", str),),
    }
    for function, arguments in options.items():
        command = commands.add_parser(function.__name__.replace("_", "-"))
        command.add_argument("url")
        command.add_argument("key")
        for name, kind in arguments:
            command.add_argument(name, type=kind)
        command.set_defaults(function=function)
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse_arguments()
    arguments.function(arguments)
