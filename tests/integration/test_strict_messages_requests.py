"""Requests to the Messages API as they are translated, without servers."""

import json
import random
import subprocess

import pytest

import strict_messages
from corpus import TRANSLATE, has_translate, origin_in
from harness import default_config, environment, strict_json
from messages_talk import CRM, HAIKU, NOW, OPUS, PNG, SHELL, SONNET, ZONE_FORMAT
from messages_talk import stack  # noqa: F401  (a fixture)
from strict_messages import Answer, Refused, redacted
from upstream import event_bytes

# No object in it says that it is closed.
PLACE = {"$defs": {"place": {"type": ["object", "null"], "properties": {
             "town": {"type": "string"}, "in": {"anyOf": [{"$ref": "#/$defs/place"}, {
                 "properties": {"zone": {"type": "string"}}}]}}}},
         "type": "object", "properties": {"places": {
             "type": "array", "items": {"$ref": "#/$defs/place"}}}}
PLACE_FORMAT = {"format": {"type": "json_schema", "name": "place", "schema": PLACE}}

# What it signed, and what the client has of it.
THOUGHTS = {"sig1": "One.", "sig2": "Two.", "sig3": ""}
CALL_IDS = ("call_1", "call_2", "functions.now:3", "\u00fc", "x" * 70, "toolu_1")


class Client:
    """Says things at random that a client may say, in any order."""

    def __init__(self, seed, origin):
        self.random = random.Random(seed)
        self.origin = origin

    def words(self):
        return self.random.choice(["Hello", "", " ", "\n", "Well?\n", "\u00fc \U0001f600"])

    def part(self, kind):
        part = {"type": kind, "text": self.words()}
        if self.random.random() < 0.3:
            part["cache_control"] = {"type": "ephemeral"}
        return part

    def picture(self):
        return {"type": "input_image", "image_url": self.random.choice(
            [f"data:image/png;base64,{PNG}", f"data:image/jpeg;base64,{PNG}",
             "https://example.com/a.png"])}

    def content(self, role):
        if self.random.random() < 0.4:
            return self.words()
        kind = "output_text" if role == "assistant" else "input_text"
        parts = [self.part(kind) for _ in range(self.random.randrange(3))]
        if role == "user" and self.random.random() < 0.3:
            parts.insert(self.random.randrange(len(parts) + 1), self.picture())
        return parts

    def message(self):
        role = self.random.choice(["user", "user", "assistant", "assistant", "system", "developer"])
        return {"role": role, "content": self.content(role)}

    def reasoning(self):
        signature, words = self.random.choice(list(THOUGHTS.items()))
        item = {"type": "reasoning", "id": "rs_1",
                "summary": [{"type": "summary_text", "text": words}] if words else []}
        sealed = f"signature.{self.origin}.{signature}" if words else (
            f"omitted.{self.origin}.{signature}")
        item["encrypted_content"] = self.random.choice(
            [f"respool.{sealed}", f"respool.{sealed}", f"respool.{sealed}",
             f"respool.redacted.{self.origin}.data", "respool.signature.0123456789abcdef.x",
             "gAAAAABo", None])
        return item

    def call(self):
        return {"type": "function_call", "call_id": self.random.choice(CALL_IDS), "name": "now",
                "arguments": self.random.choice(["", "{}", '{"a": 1}', "[1]", '{"a"', " { } "])}

    def custom_call(self):
        return {"type": "custom_tool_call", "call_id": self.random.choice(CALL_IDS),
                "name": "shell", "input": self.words()}

    def output(self):
        kind = self.random.choice(["function_call_output", "custom_tool_call_output"])
        content = self.content("user")
        item = {"type": kind, "call_id": self.random.choice(CALL_IDS), "output": content}
        if isinstance(content, str) and self.random.random() < 0.2:
            item["status"] = "incomplete"
        return item

    def searched(self):
        return {"type": "web_search_call", "id": "ws_1", "status": "completed",
                "action": {"type": "search", "query": "x"}}

    def items(self):
        kinds = [self.message, self.message, self.reasoning, self.call, self.call, self.output,
                 self.output, self.output, self.custom_call, self.searched]
        return [self.random.choice(kinds)() for _ in range(self.random.randrange(12))]

    def request(self):
        body = {"model": "m", "input": self.items()}
        may = {
            "instructions": ["", "Be brief."],
            "tools": [[], [NOW, SHELL], [{**NOW, "cache_control": {"type": "ephemeral"}}, CRM]],
            "tool_choice": ["auto", "none", "required"],
            "parallel_tool_calls": [True, False],
            "reasoning": [{"effort": effort, "summary": "auto"}
                          for effort in (None, "none", "minimal", "low", "high", "xhigh")],
            "max_output_tokens": [16, 2000, 5000],
            "temperature": [0, 0.5, 1, 1.5],
            "top_p": [0.1, 0.99, 1],
            "text": [{"format": {"type": "text"}}, {"verbosity": "low"}, ZONE_FORMAT, PLACE_FORMAT],
            "user": ["u1"],
            "service_tier": ["auto", "default", "flex"],
            "stop": ["END", ["END"]],
            "store": [False],
        }
        for name, values in may.items():
            if self.random.random() < 0.4:
                body[name] = self.random.choice(values)
        return body


def translated(directory, model, bodies, answer=None):
    """For each: what the provider gets, or why nothing; and how its answer is read."""
    config = default_config(directory)
    config["model_list"] = [{"model_name": "m", "litellm_params": {
        "model": f"anthropic/{model}", "api_base": "http://127.0.0.1:1", "api_key": "k"}}]
    (directory / "config.yaml").write_text(json.dumps(config))
    (directory / "requests").write_text("".join(json.dumps(body) + "\n" for body in bodies))
    argv = [TRANSLATE, "-c", directory / "config.yaml", "-m", "m", directory / "requests"]
    if answer is not None:
        (directory / "answer").write_bytes(answer)
        argv.append(directory / "answer")
    done = subprocess.run([*map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=20, env=environment())
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return [strict_json(line) for line in done.stdout.splitlines()]


def may_be_refused(model, body, param):
    """A form beside thinking by an old model, a choice among no tools, and nothing at all."""
    if param == "input":
        return not body["input"] and not body.get("instructions")
    if param == "tool_choice":
        return body["tool_choice"] == "required" and not body.get("tools")
    return param == "text" and model == HAIKU


@pytest.mark.skipif(not has_translate(), reason=f"not built: {TRANSLATE}; make check builds it")
@pytest.mark.parametrize("model", [SONNET, OPUS, HAIKU])
@pytest.mark.parametrize("hundred", range(1))
def test_whatever_a_client_says_is_taken(directory, model, hundred):
    answer = Answer(redacted("data"))
    stream = b"".join(event_bytes(event) for event in strict_messages.stream_of(
        model, "msg_1", answer.blocks, answer))
    *_, last = translated(directory, model, [{"model": "m", "input": "x"}], stream)
    origin = origin_in(json.dumps(last))
    taken = 0
    bodies = {seed: Client(seed, origin).request()
              for seed in range(100 * hundred, 100 * hundred + 100)}
    told = translated(directory, model, bodies.values())
    for (seed, body), first in zip(bodies.items(), told, strict=True):
        if "error" in first:
            assert may_be_refused(model, body, first["error"]["param"]), (seed, first, body)
            continue
        taken += 1
        try:
            strict_messages.check(first["request"], THOUGHTS, {"data"})
        except Refused as refused:
            raise AssertionError((seed, str(refused), body, first["request"])) from None
    assert taken > 80
