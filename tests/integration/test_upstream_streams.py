"""Streams that real providers send, one file each, and what has to come of them."""

import json
import re
from pathlib import Path

import pytest

from harness import output_text
from schema import misfits, skip_reason
from upstream import Feed

DIRECTORY = Path(__file__).resolve().parents[1] / "upstreams" / "responses"
CASES = json.loads((DIRECTORY / "expected.json").read_text())


def pieces(name):
    """The bytes of a case's stream, cut at its pause."""
    text = (DIRECTORY / f"{name}.sse").read_text()
    return [piece.encode() + b"\n\n" for piece in re.split(r"^: pause .*\n", text, flags=re.M)]


def play(client, upstream, model, name):
    """The object at the pause, or None, and at the end."""
    at_pause = CASES[name].get("at_pause")
    feed, seen = Feed(), None
    upstream.script(model, [feed], [b"".join(pieces(name))])  # for one that is tried again
    response_id = client.create(model)["id"]
    first, *others = pieces(name)
    feed.send(first)
    if at_pause is not None:
        seen = client.wait_for(response_id, lambda o: output_text(o) == at_pause, "the pause")
    feed.send(*others)
    feed.end()
    return seen, client.wait_terminal(response_id, timeout=20)


def parts(final, item_type, member):
    return [part for item in final["output"] if item["type"] == item_type
            for part in item.get(member) or []]


def joined(final, item_type, member, name):
    return "".join(part.get(name) or "" for part in parts(final, item_type, member))


def shell(final, item_type, member):
    return next(item for item in final["output"] if item["type"] == item_type)[member]


FOUND = {
    "status": lambda o: o["status"],
    "error_code": lambda o: o["error"] and o["error"]["code"],
    "model": lambda o: o["model"],
    "text": output_text,
    "refusal": lambda o: joined(o, "message", "content", "refusal"),
    "summary": lambda o: joined(o, "reasoning", "summary", "text"),
    "types": lambda o: [item["type"] for item in o["output"]],
    "arguments": lambda o: [item["arguments"] for item in o["output"]],
    "annotations": lambda o: sum(len(p["annotations"]) for p in parts(o, "message", "content")),
    "logprobs": lambda o: sum(len(p["logprobs"]) for p in parts(o, "message", "content")),
    "commands": lambda o: shell(o, "shell_call", "action")["commands"],
    "outputs": lambda o: shell(o, "shell_call_output", "output"),
}


@pytest.mark.parametrize("name", CASES)
def test_stream_becomes_what_it_means(client, upstream, model, name):
    expected = CASES[name]
    seen, final = play(client, upstream, model, name)
    assert {member: find(final) for member, find in FOUND.items() if member in expected} == {
        member: expected[member] for member in FOUND if member in expected}
    if seen is not None:
        assert seen["status"] == "in_progress"
        assert skip_reason() is not None or misfits(seen) == []


def test_every_file_is_a_case():
    assert sorted(path.stem for path in DIRECTORY.glob("*.sse")) == sorted(CASES)
