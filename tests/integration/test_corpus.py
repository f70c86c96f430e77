"""What providers answer in other dialects, one directory each (see tests/upstreams/README.md).

Each case is run without servers by tests/translate, in pieces of several sizes, and by the real
programs: in the background, streamed and not. All have to tell the same.
"""

import concurrent.futures
import json
import re
import time

import pytest

import corpus
from corpus import (SPLITS, answered, bare_events, cases, difference, normal_events,
                    normal_object, translate, translate_beginning)
from harness import Stack, output_text
from schema import event_misfits, misfits, skip_reason
from stream_rules import TERMINAL, accumulate, events_of, problems
from upstream import Feed, Script

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


# ---- the case by itself --------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_case_is_whole(name):
    case = CASES[name]
    assert case.info["why"] and case.request
    assert not {"background", "stream"} & set(case.request)
    if case.error:
        assert set(case.error) >= {"status", "param", "code"}
        assert not case.has_own_answer
        return
    assert case.upstream_request and case.answer_path.exists()
    if not case.has_own_answer:
        return
    assert case.response
    assert case.events is not None or case.http_status != 200
    if case.events is not None:
        assert case.events[-1]["type"] == f"response.{case.response['status']}"
        assert expected_output(case) == case.response["output"]


def expected_output(case):
    """What the expected events add up to."""
    begun = {"id": "resp_1", "status": "in_progress", "output": [], "usage": None}
    return accumulate([{**event, "response": {**begun}} if event["type"] in (
        "response.created", "response.in_progress", *TERMINAL) else event
        for event in case.events])["output"]


# ---- without servers -----------------------------------------------------------------------------


@needs_translate
@pytest.mark.parametrize("name", REFUSED)
def test_request_is_refused(name):
    error = translate(CASES[name]).error
    assert error is not None
    check_error(error, CASES[name])


def check_error(error, case):
    expected = {member: case.error[member] for member in ("param", "code", "message")
                if member in case.error}
    assert {member: error[member] for member in expected} == expected


@needs_translate
@pytest.mark.parametrize("name", ANSWERED)
def test_case_without_servers(name):
    case = CASES[name]
    whole = translate(case)
    assert whole.request == case.upstream_request
    if case.answer_path.suffix == ".http":
        return
    told = case.told()
    check_translation(case, whole, told)
    for split in SPLITS[1:] if case.has_own_answer and case.answer_path.suffix == ".sse" else ():
        check_same(whole, translate(case, split), told)


def check_translation(case, found, told):
    """What broke off is for those who read it to end."""
    if skip_reason() is None:
        assert [misfit for event in found.events for misfit in event_misfits(event)] == []
    if found.end != "truncated":
        check_answer(case, found.events, found.object, told)
        return
    assert case.response["status"] == "failed"
    events = bare_events(normal_events(found.events, told))
    assert case.events is None or events == case.events[:len(events)]


def check_same(one, other, told):
    assert bare_events(normal_events(one.events, told)) == bare_events(
        normal_events(other.events, told))
    assert answered(normal_object(one.object, told)) == answered(
        normal_object(other.object, told))
    assert one.end == other.end


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


# ---- with the programs ---------------------------------------------------------------------------


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


def in_background(stack, case, mode="background"):
    body = request_of(stack, case, mode, background=True)
    before = script(stack, case, mode)
    reply = stack.client.post_create(body)
    if reply.status != 200:
        return reply, before
    return stack.client.wait_terminal(reply.json()["id"], timeout=20), before


def streamed(stack, case, mode="streamed"):
    body = request_of(stack, case, mode, stream=True)
    before = script(stack, case, mode)
    return stack.client.post_create(body), before


def whole(stack, case, mode="whole"):
    body = request_of(stack, case, mode)
    before = script(stack, case, mode)
    return stack.client.post_create(body), before


def all_at_once(*calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(*call) for call in calls]]


@pytest.mark.parametrize("name", ANSWERED)
def test_case_with_the_programs(played, name):
    case, told = CASES[name], CASES[name].told()
    (polled, polls), (stream, streams), (object, objects) = all_at_once(
        (in_background, played, case), (streamed, played, case), (whole, played, case))
    check_requests(played, case, background=polls, streamed=streams, whole=objects)
    assert isinstance(polled, dict), polled
    check_stored(case, polled, told)
    if case.http_status == 200:
        assert object.status == 200, object
        check_stored(case, object.json(), told)
    else:
        check_http_error(case, object)
    if case.events is None and case.has_own_answer:
        check_http_error(case, stream)
        return
    last = check_stream(case, stream, told)
    check_equal(case, [polled, last] + ([object.json()] if object.status == 200 else []), told)


def check_http_error(case, reply):
    assert reply.status == case.http_status, reply
    message = case.response["error"].get("message")
    assert message in (None, reply.error()["message"])


def check_stream(case, stream, told):
    """Returns its last object."""
    assert stream.status == 200, stream
    assert stream.headers["content-type"].startswith("text/event-stream")
    events = events_of(stream.body)
    check_answer(case, events if case.has_own_answer else None, events[-1]["response"], told)
    assert problems(events) == []
    assert accumulate(events) == events[-1]["response"]
    return events[-1]["response"]


def check_equal(case, objects, told):
    """They are one object, but for what names the response."""
    first, *others = [answered(normal_object(one, told)) for one in objects]
    for one in others:
        assert {**one, "model": ""} == {**first, "model": ""}
        assert one["model"] == first["model"] or one["model"].startswith(case.name)


def check_stored(case, response, told):
    check_object(case, normal_object(response, told))
    assert skip_reason() is not None or misfits(response) == []
    for member in ("metadata", "instructions", "temperature", "max_output_tokens"):
        if case.request.get(member) is not None:
            assert response[member] == case.request[member]


def check_requests(stack, case, **counts):
    for mode, before in counts.items():
        sent = stack.upstream.requests(case.upstream_path(mode))[before:]
        assert [one.json() for one in sent] == [case.upstream_request], mode


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_with_the_programs(played, name):
    case = CASES[name]
    (polled, _), (stream, _), (object, _) = all_at_once(
        (in_background, played, case), (streamed, played, case), (whole, played, case))
    for mode in ("background", "streamed", "whole"):
        assert played.upstream.requests(case.upstream_path(mode)) == []
    for reply in (stream, object):
        assert reply.status == case.error["status"], reply
        check_error(reply.error(), case)
    if isinstance(polled, dict):
        assert polled["status"] == "failed"
        assert polled["error"]["code"] == case.error["code"]
    else:
        assert polled.status == case.error["status"]
        check_error(polled.error(), case)


@pytest.mark.parametrize("name", [name for name in ANSWERED if CASES[name].tried_again
                                  is not None])
def test_fallback_is_asked_where_nothing_was_said(played, name):
    case = CASES[name]
    (polled, _), (stream, _), (object, _) = all_at_once(
        (in_background, played, case, "again"), (streamed, played, case, "again"),
        (whole, played, case, "again"))
    if not case.tried_again:
        check_object(case, normal_object(polled, case.told()))
        assert object.status == case.http_status
        return
    answers = [polled, object.json()]
    if case.events is None:
        answers.append(events_of(stream.body)[-1]["response"])
    for answer in answers:
        assert (answer["status"], output_text(answer)) == ("completed", "Hello")


# ---- on the way ----------------------------------------------------------------------------------


def blocks_of(case):
    """The bytes of the answer, an event each."""
    return re.findall(rb".*?\n\n", case.answer_path.read_bytes(), re.S)


def certain_events(case, beginning):
    """
    How many events a beginning of the answer has, however it goes on; None if it could end there.
    """
    told = case.told()
    so_far = translate_beginning(case, beginning)
    if so_far.end != "truncated":
        return None
    whole = bare_events(normal_events(translate(case).events, told))
    count = len(so_far.events)
    assert bare_events(normal_events(so_far.events, told)) == whole[:count]
    return count


@needs_translate
@pytest.mark.parametrize("name", PAUSED)
def test_poll_shows_what_has_come(played, name):
    """And not more, however long the provider takes."""
    case, told = CASES[name], CASES[name].told()
    events = translate(case).events
    feed, blocks = Feed(), blocks_of(case)
    script(played, case, "background", Script([feed]))
    response_id = played.client.post_create(
        request_of(played, case, "background", background=True)).json()["id"]
    for sent in range(1, len(blocks) + 1):
        feed.send(blocks[sent - 1])
        count = certain_events(case, b"".join(blocks[:sent]))
        if count is None:
            break
        if count > 0:
            check_poll(played.client, response_id, accumulate(events[:count]), told)
    feed.send(*blocks[sent:])
    feed.end()
    check_stored(case, played.client.wait_terminal(response_id), told)


def check_poll(client, response_id, so_far, told):
    expected = normal_object(so_far, told)["output"]
    deadline = time.monotonic() + 5
    while True:
        now = normal_object(client.poll(response_id), told)
        if now["output"] == expected or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    assert now["output"] == expected
    assert now["status"] == "in_progress"
    assert skip_reason() is not None or misfits(now) == []
