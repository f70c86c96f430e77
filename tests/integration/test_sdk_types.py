"""The corpus, by the types of the official SDKs: what is sent to providers and what to clients."""

import copy
import json

import pytest

import corpus
import python_package
import sdk
from harness import strict_json
from test_sdk_streams import cases as cases_with_events
from test_sdk_streams import whole_events

pytestmark = pytest.mark.once

# What is not of OpenAI's own API, by the quirk of the deployments that take it.
OF_OTHERS = {
    "reasoning_sent_back": ["messages.*.reasoning_content"],
    "reasoning_details": ["messages.*.reasoning_details", "reasoning"],
    "thinking_switch": ["thinking"],
    "thinking_template": ["chat_template_kwargs"],
    "thought_signatures": ["messages.*.tool_calls.*.extra_content"],
}
# The newest models refuse them, and the newest types do not have them.
OF_OLDER_MODELS = {"temperature", "top_p", "top_k"}

# Answers that Anthropic does not give so; servers that are compatible do, or later versions.
OF_OTHER_SERVERS = {
    "call-without-id", "call-without-name", "error-flat", "error-untyped", "index-missing",
    "members-of-wrong-types", "model-missing", "stop-of-another-kind", "unknown-events",
    "usage-at-the-end-alone", "usage-at-the-start-alone", "usage-missing", "usage-of-wrong-types"}

# Members of events and objects that are in the API's reference, or of providers, but not in the
# types.
FURTHER = {
    "Response.store", "ResponseFunctionCallArgumentsDoneEvent.name",
    "ResponseCustomToolCall.status", "ResponseFunctionToolCall.extra_content", "Logprob.bytes",
    "LogprobTopLogprob.bytes"}


def fits(package, about, directory):
    """What a function of python/fits.py finds, that is called like the package."""
    python = python_package.interpreter(package)
    scenario = sdk.Scenario([python, python_package.PYTHON / "scenario.py"], {
        "file": "fits", "scenario": package, "client": None, "request": about}, directory)
    try:
        return scenario.result()
    finally:
        scenario.close()


def cases_of(dialect):
    return [case for case in corpus.cases() if case.dialect == dialect]


def without(value, path):
    """Without the member; * is each element of a list."""
    name, _, rest = path.partition(".")
    if name == "*":
        for one in value:
            without(one, rest)
    elif rest and name in value:
        without(value[name], rest)
    elif not rest:
        value.pop(name, None)


def chat_requests():
    """Without what is not of OpenAI's API."""
    requests = {}
    for case in cases_of("chat"):
        if case.upstream_request is None:
            continue
        requests[case.name] = copy.deepcopy(case.upstream_request)
        for quirk, paths in OF_OTHERS.items():
            for path in paths if case.info.get("params", {}).get(quirk) else []:
                without(requests[case.name], path)
    return requests


def responses_events():
    """An error's code may be a provider's: the types know OpenAI's own."""
    streams = {}
    for name, case in cases_with_events().items():
        streams[name] = whole_events(case)
        error = streams[name][-1]["response"]["error"]
        if error is not None:
            assert isinstance(error["code"], str) and error["code"]
            error["code"] = "server_error"
    return streams


def events_in(answer):
    """Of an answer of Anthropic's API, but for pings and errors, of which there are no types."""
    text = answer.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    events = []
    for block in text.split("\n\n"):
        data = "\n".join(line[5:] for line in block.split("\n") if line.startswith("data:"))
        if data.strip() not in ("", "[DONE]"):
            events.append(json.loads(data))
    return [event for event in events if event.get("type") not in ("ping", "error")]


def messages_events():
    return {case.path.name: events_in(case.answer_path.read_bytes())
            for case in cases_of("messages") if case.answer_path.suffix == ".sse"}


def messages_objects():
    objects = {case.path.name: strict_json(case.answer_path.read_bytes())
               for case in cases_of("messages") if case.answer_path.suffix == ".json"}
    return {name: one for name, one in objects.items() if one.get("type") == "message"}


@pytest.fixture(scope="module")
def by_openai(tmp_path_factory):
    return fits("openai", {"chat_requests": chat_requests(),
                           "responses_events": responses_events()}, tmp_path_factory.mktemp("sdk"))


@pytest.fixture(scope="module")
def by_anthropic(tmp_path_factory):
    requests = {case.name: case.upstream_request for case in cases_of("messages")
                if case.upstream_request is not None}
    return fits("anthropic", {
        "messages_requests": requests, "messages_events": messages_events(),
        "messages_objects": messages_objects()}, tmp_path_factory.mktemp("sdk"))


def test_requests_to_openai_fit(by_openai):
    """What goes to others fits but for what they added."""
    assert by_openai["chat_requests"] == {}


def test_events_to_clients_fit(by_openai):
    found = by_openai["responses_events"]
    assert found["misfits"] == {}
    assert set(found["further"]) <= FURTHER, found["further"]


def test_requests_to_anthropic_fit(by_anthropic):
    found = by_anthropic["messages_requests"]
    lacking = OF_OLDER_MODELS - set(found["members"])
    allowed = {f"{member}: Extra inputs are not permitted" for member in lacking}
    assert {name: faults for name, faults in found["misfits"].items()
            if set(faults) - allowed} == {}


def test_answers_of_the_corpus_are_as_anthropic_gives_them(by_anthropic):
    faults = by_anthropic["messages_events"]
    assert {name: fault for name, fault in faults.items() if name not in OF_OTHER_SERVERS} == {}
    assert OF_OTHER_SERVERS - set(faults) == set(), "they fit after all"


def test_objects_of_the_corpus_are_as_anthropic_gives_them(by_anthropic):
    assert by_anthropic["messages_objects"] == {}
