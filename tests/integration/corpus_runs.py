"""Runs of the cases of the corpus: without servers, and with the programs."""

import json

import pytest

import corpus
from corpus import bare_events, cases, difference, normal_events, normal_object
from harness import Stack
from schema import misfits, skip_reason

CASES = {case.name: case for case in cases()}
REFUSED = [name for name, case in CASES.items() if case.error]
ANSWERED = [name for name, case in CASES.items() if not case.error]
OWN = [name for name in ANSWERED if CASES[name].has_own_answer]
MODES = ("background", "streamed", "whole", "again")
PLAIN = "plain"
# Answers that are long or odd enough for a look at them on their way.
PAUSED = [name for name in OWN if CASES[name].info.get("paused")]

needs_translate = pytest.mark.skipif(
    not corpus.has_translate(), reason=f"not built: {corpus.TRANSLATE}; make check builds it")


def check_error(error, case):
    expected = {member: case.error[member] for member in ("param", "code", "message")
                if member in case.error}
    assert {member: error[member] for member in expected} == expected


def check_answer(case, events, response, told):
    if case.events is not None and events is not None:
        differs = difference(bare_events(normal_events(events, told)), case.events)
        assert differs is None, differs
    if response is not None:
        check_object(case, normal_object(response, told))


def check_object(case, response):
    if not case.has_own_answer:
        assert response["status"] == "completed"
        return
    found = {member: response[member] for member in case.response}
    for member, expected in case.response.items():
        if member == "output":
            differs = difference(found[member], expected)
            assert differs is None, f"output: {differs}"
        elif member == "error" and expected is not None:
            assert {name: found[member][name] for name in expected} == expected
        else:
            assert found[member] == expected, member


@pytest.fixture(scope="module")
def played():
    """The servers, with a deployment for each case and mode."""
    stack = Stack({"model_list": [], "litellm_settings": {"num_retries": 0, "allowed_fails": 1000},
                   "respool": {"max_attempts": 1}}, supervisor=False, responder=False, web=False)
    root = stack.upstream.base.removesuffix("/v1")
    stack.config["model_list"] = [
        case.deployment(root, mode) for case in CASES.values() for mode in MODES]
    stack.config["model_list"].append({"model_name": PLAIN, "litellm_params": {
        "model": "openai_like/plain", "api": "chat", "api_base": f"{root}/plain/v1"}})
    stack.config["litellm_settings"]["fallbacks"] = [
        {f"{name}/again": [PLAIN]} for name in CASES]
    stack.upstream.script("plain", [(corpus.DIRECTORY / "chat" / "plain.sse").read_bytes()])
    stack.write_config()
    try:
        stack.start_all()
        yield stack
    finally:
        stack.close()


def request_of(stack, case, mode, **fields):
    """The request of a case; where it repeats what only its deployment has made, its own."""
    text = json.dumps({**case.request, "model": f"{case.name}/{mode}", **fields})
    if ".ORIGIN." in text:
        text = text.replace(".ORIGIN.", f".{origin_of(stack, case, mode)}.")
    return json.loads(text)


def origin_of(stack, case, mode):
    """By what name the deployment of a case marks what only it can read."""
    path = case.upstream_path(mode)
    stack.upstream.script(path, [corpus.SEALED[case.dialect]])
    reply = stack.client.post_create({"model": f"{case.name}/{mode}", "input": "x"})
    return corpus.origin_in(reply.body.decode().replace("\\", ""))


def script(stack, case, mode, answer=None):
    """What it is asked by request_of() is not counted."""
    path = case.upstream_path(mode)
    stack.upstream.script(path, answer or case.answer())
    return len(stack.upstream.requests(path))


def check_stored(case, response, told):
    check_object(case, normal_object(response, told))
    assert skip_reason() is not None or misfits(response) == []
    for member in ("metadata", "instructions", "temperature", "max_output_tokens"):
        if case.request.get(member) is not None:
            assert response[member] == case.request[member]
