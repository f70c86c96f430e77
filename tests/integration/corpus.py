"""The corpus of tests/upstreams/chat and tests/upstreams/messages: a directory for each case.

tests/upstreams/README.md says which files there are. Run as a program, with --write and the names
of cases ("chat/finish-length"), this writes what the programs make of them into events.jsonl and
response.json, for somebody to read.
"""

import argparse
import copy
import functools
import json
import re
import subprocess
import tempfile
from pathlib import Path

from harness import BUILD, TOP, default_config, environment, strict_json
from upstream import Script

DIRECTORY = TOP / "tests" / "upstreams"
DIALECTS = ("chat", "messages")
PATHS = {"chat": "/chat/completions", "messages": "/messages"}
MODELS = {"chat": "openai_like/upstream-model", "messages": "anthropic/upstream-model"}
TRANSLATE = BUILD / "tests" / "translate"

# What an answer decides; the rest of an object repeats the request.
ANSWERED = ("status", "error", "incomplete_details", "output", "usage", "model", "service_tier")
# Answers that hold something which only the deployment itself can read.
SEALED = {
    "chat": b'data: {"choices":[{"index":0,"delta":{"content":"x","reasoning_details":'
            b'[{"type":"reasoning.encrypted","data":"d"}]},"finish_reason":"stop"}]}\n\n'
            b"data: [DONE]\n\n",
    "messages": b'data: {"type":"message_start","message":{"id":"m","usage":{}}}\n\n'
                b'data: {"type":"content_block_start","index":0,"content_block":'
                b'{"type":"redacted_thinking","data":"d"}}\n\n'
                b'data: {"type":"content_block_stop","index":0}\n\n'
                b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n'
                b'data: {"type":"message_stop"}\n\n',
}
# Members of which a provider's id may be the value.
ID_MEMBERS = ("id", "item_id", "call_id")
MADE_ID = re.compile(r"(litellm_poll_[0-9a-f-]+|([a-z]+)_[A-Za-z0-9]+)\Z")
ORIGIN = re.compile(r"\b(respool\.[a-z]+)\.[^.\"]+\.")


def _read_json(path):
    return strict_json(path.read_bytes()) if path.exists() else None


class Case:
    def __init__(self, dialect, path):
        self.dialect = dialect
        self.path = path
        self.name = f"{dialect}/{path.name}"
        self.info = _read_json(path / "case.json")
        self.request = _read_json(path / "request.json")
        self.error = _read_json(path / "error.json")
        self.upstream_request = _read_json(path / "upstream-request.json")
        self.response = _read_json(path / "response.json")

    def __repr__(self):
        return self.name

    @property
    def events(self):
        """As expected; None if the case does not say."""
        path = self.path / "events.jsonl"
        if not path.exists():
            return None
        return [strict_json(line) for line in path.read_text().splitlines()]

    @property
    def answer_path(self):
        """The file with the provider's answer: the case's own, or the plain one of its dialect."""
        for name in ("upstream.sse", "upstream.json", "upstream.http"):
            if (self.path / name).exists():
                return self.path / name
        return self.path.parent / "plain.sse"

    @property
    def has_own_answer(self):
        return self.answer_path.parent == self.path

    @property
    def tried_again(self):
        """Whether a fallback is asked; None if the case does not say."""
        return self.info.get("tried_again")

    @property
    def http_status(self):
        """What a client that waits gets in the place of an object, where it is no 200."""
        return self.error["status"] if self.error else self.info.get("http_status", 200)

    @property
    def model(self):
        return self.info.get("params", {}).get("model", MODELS[self.dialect])

    def answer(self):
        """The script of the provider."""
        path = self.answer_path
        if path.suffix == ".sse":
            return Script([path.read_bytes()])
        if path.suffix == ".json":
            return Script([path.read_bytes()], headers={"Content-Type": "application/json"})
        head = _read_json(path)
        body = head["body"]
        return Script([body.encode() if isinstance(body, str) else json.dumps(body).encode()],
                      head["status"], {"Content-Type": "application/json", **head["headers"]})

    def deployment(self, root, mode):
        """A line in model_list, for a provider at root: each mode has one of its own."""
        return {"model_name": f"{self.name}/{mode}", "litellm_params": {
            "model": self.model, "api": self.dialect, "api_base": f"{root}/{self.name}/{mode}/v1",
            "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 20, "stream_timeout": 20,
            **self.info.get("params", {})}}

    def upstream_path(self, mode):
        """By which the provider knows its requests."""
        return f"/{self.name}/{mode}/v1{PATHS[self.dialect]}"

    def told(self):
        """All that the provider says, to know its ids by."""
        return self.answer_path.read_text("utf-8", "replace") if self.answer_path.exists() else ""


def cases():
    return [Case(dialect, path.parent) for dialect in DIALECTS
            for path in sorted((DIRECTORY / dialect).glob("*/case.json"))]


def case_named(name):
    dialect, _, last = name.partition("/")
    return Case(dialect, DIRECTORY / dialect / last)


class _Names:
    """Gives ids that were made here names by the order in which they come."""

    def __init__(self, told):
        self.told = told
        self.names = {}
        self.counts = {}

    def of(self, value):
        if value in self.names:
            return self.names[value]
        made = MADE_ID.match(value)
        if not made or f'"{value}"' in self.told:
            return value
        prefix = made[2] or "resp"
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        self.names[value] = f"{prefix}_{self.counts[prefix]}"
        return self.names[value]

    def put(self, value):
        if isinstance(value, list):
            return [self.put(one) for one in value]
        if isinstance(value, dict):
            return {name: self.of(one) if name in ID_MEMBERS and isinstance(one, str)
                    else self.put(one) for name, one in value.items()}
        if isinstance(value, str):
            return ORIGIN.sub(r"\1.ORIGIN.", value)
        return value

    def object(self, response):
        """The parts of an object that an answer decides have the ids."""
        result = {**response, "id": self.of(response["id"]),
                  "output": self.put(response["output"])}
        for name in ("created_at", "completed_at"):
            if isinstance(result.get(name), int):
                result[name] = 0
        return result


def normal_object(response, told):
    return _Names(told).object(response)


def normal_events(events, told):
    """Without numbers; the objects of events that have one go by the same names as the rest."""
    names, result = _Names(told), []
    for event in copy.deepcopy(events):
        event.pop("sequence_number", None)
        response = event.pop("response", None)
        if response is not None:
            result.append({**event, "response": names.object(response)})
        else:
            result.append(names.put(event))
    return result


def bare_events(events):
    """Events without their objects, to be compared."""
    return [{name: value for name, value in event.items()
             if name not in ("response", "sequence_number")} for event in events]


def answered(response):
    """What the answer decides of an object."""
    return {name: response[name] for name in ANSWERED if name in response}


def difference(found, expected):
    """The first thing in which two lists differ, in words; None if they are equal."""
    for number, (one, other) in enumerate(zip(found, expected)):
        if one != other:
            return f"line {number + 1} is\n  {_line(one)}\nexpected\n  {_line(other)}"
    if len(found) != len(expected):
        longer = found if len(found) > len(expected) else expected
        word = "more" if longer is found else "missing"
        number = min(len(found), len(expected))
        return f"line {number + 1} is {word}:\n  {_line(longer[number])}"
    return None


def _line(value):
    return json.dumps(value, ensure_ascii=False)


class Translation:
    """What tests/translate printed."""

    def __init__(self):
        self.request = self.error = self.end = self.object = None
        self.events = []

    def add(self, line):
        if "type" in line:
            self.events.append(line)
        elif "object" in line:
            self.end, self.object = line["end"], line["object"]
        elif "request" in line:
            self.request = line["request"]
        else:
            self.error = line["error"]


@functools.lru_cache(None)
def _directory():
    """It is ours until the end."""
    return tempfile.TemporaryDirectory(prefix="corpus-")


@functools.lru_cache(None)
def _config_of(name):
    """A configuration with one case's deployment: it is read quickly."""
    config = default_config(_directory().name)
    config["model_list"] = [case_named(name).deployment("http://127.0.0.1:1", MODE)]
    path = Path(_directory().name) / f"{name.replace('/', '-')}.yaml"
    path.write_text(json.dumps(config, indent=1))
    return path


MODE = "translate"


# Of how many bytes at once an answer is read; 0 for all.
SPLITS = (0, 1, 7)


def translate(case, split=0):
    return _translate_in_pieces(case)[SPLITS.index(split)]


@functools.lru_cache(None)
def translate_beginning(case, answer):
    """answer: bytes in the place of the provider's answer."""
    return _run(case.name, _request_text(case), case.answer_path.suffix, answer)[0]


@functools.lru_cache(None)
def _translate_in_pieces(case):
    return _run(case.name, _request_text(case), case.answer_path.suffix,
                case.answer_path.read_bytes(), SPLITS)


def _request_text(case):
    text = json.dumps({"model": f"{case.name}/{MODE}", **case.request})
    if ".ORIGIN." in text:
        text = text.replace(".ORIGIN.", f".{_origin(case.name)}.")
    return text


def _run(name, request, suffix, answer, splits=(0,)):
    """A translation for each of the splits."""
    with tempfile.TemporaryDirectory(dir=_directory().name) as directory:
        request_path, answer_path = Path(directory) / "request", Path(directory) / f"answer{suffix}"
        request_path.write_text(request)
        answer_path.write_bytes(answer)
        argv = [TRANSLATE, "-c", _config_of(name), "-m", f"{name}/{MODE}",
                *(word for split in splits for word in ("-n", split)),
                request_path, answer_path]
        done = subprocess.run([*map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=20, env=environment())
    assert done.returncode == 0, (argv, done.stderr.decode("utf-8", "replace"))
    found = []
    for line in map(strict_json, done.stdout.splitlines()):
        if "request" in line or "error" in line:
            found.append(Translation())
        found[-1].add(line)
    return found


@functools.lru_cache(None)
def _origin(name):
    """By what name the deployment marks what only it can read."""
    request = json.dumps({"model": f"{name}/{MODE}", "input": "x"})
    found, = _run(name, request, ".sse", SEALED[name.partition("/")[0]])
    return origin_in(json.dumps(found.object))


def origin_in(text):
    return re.search(r"respool\.[a-z]+\.([^.\"]+)\.", text)[1]


@functools.lru_cache(None)
def has_translate():
    return TRANSLATE.exists()


def write(case):
    found = translate(case)
    told = case.told()
    events = bare_events(normal_events(found.events, told))
    (case.path / "events.jsonl").write_text("".join(_line(event) + "\n" for event in events))
    response = answered(normal_object(found.object, told))
    if response["model"].startswith(case.name):
        del response["model"]
    (case.path / "response.json").write_text(
        json.dumps(response, indent="\t", ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", nargs="+", metavar="CASE", required=True)
    for name in parser.parse_args().write:
        write(case_named(name))


if __name__ == "__main__":
    main()
