"""A provider that seals its reasoning as OpenAI does: with each key another, that no other opens."""

import itertools
import json
import threading

from events import Stream, usage
from upstream import Script, json_error

EAST, WEST = "sk-east-0b7716d1", "sk-west-93cc51d0"


def deployment(name, key, model=None, **params):
    return {"model_name": name, "litellm_params": {
        "model": f"openai/{model or name}", "api_key": key, **params}}


def two_deployments(name="m"):
    return [deployment(name, EAST), deployment(name, WEST)]


def refusal():
    return json_error(400, {"error": {
        "message": "The encrypted content could not be verified.",
        "type": "invalid_request_error", "param": None, "code": "invalid_encrypted_content"}})


class Sealer:
    """Answers in the place of an upstream's scripts."""

    def __init__(self, upstream):
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.failing = {}  # the status that a key's requests get
        self.sealed_type = "reasoning"  # None: nothing is sealed
        self.at_the_end = False  # streams tell of all items with the response alone
        self.sent = []  # (exchange, key), in their order
        upstream._script_for = self.script_for

    def script_for(self, exchange):
        key = exchange.header("api-key")  # azure's
        key = key or exchange.header("authorization").removeprefix("Bearer ")
        with self.lock:
            self.sent.append((exchange, key))
            number = next(self.numbers)
        if key in self.failing:
            return json_error(self.failing[key], {"error": {
                "message": "Not now.", "type": "server_error", "param": None, "code": None}})
        if exchange.method != "POST" or not exchange.path.endswith(("/responses", "/compact")):
            return json_error(200, {"id": exchange.path.split("/")[-1], "object": "response",
                                    "by": key})
        body = exchange.json()
        if not self.can_read(key, body):
            return refusal()
        return self.answer(key, number, body.get("stream"))

    def can_read(self, key, body):
        items = body.get("input")
        contents = [item["encrypted_content"] for item in items
                    if "encrypted_content" in item] if isinstance(items, list) else []
        previous = body.get("previous_response_id")
        return (all(content.startswith(f"gAAA/{key[3:7]}") for content in contents) and
                (previous is None or previous.startswith(f"resp_{key[3:7]}")))

    def answer(self, key, number, streams):
        stream = Stream(id=f"resp_{key[3:7]}{number}").begin()
        item = {"id": f"rs_{number}", "type": self.sealed_type, "summary": [],
                "encrypted_content": f"gAAA/{key[3:7]}+{number}=="}
        if self.sealed_type is not None:
            stream.item_added({**item, "encrypted_content": None}).item_done(item)
        stream.message(["Well."], item_id=f"msg_{number}").completed()
        if self.at_the_end:
            stream.events[1:-1] = []
        if streams:
            return Script(stream.events)
        return json_error(200, {**stream.events[-1]["response"], "usage": usage()})

    def keys(self):
        return [key for _, key in self.sent]

    def last(self):
        return self.sent[-1][0].json()


def next_turn(output, text="Go on."):
    """The input of a client that keeps the conversation itself."""
    return [{"type": "message", "role": "user", "content": "Hello"}, *output,
            {"type": "message", "role": "user", "content": text}]


def events_of(body):
    """The data of all events in the body of a stream."""
    return [json.loads(line[6:]) for line in body.decode().splitlines()
            if line.startswith("data: ") and line != "data: [DONE]"]
