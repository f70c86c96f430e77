"""Each case of the corpus, with the programs."""

import concurrent.futures

import pytest

from corpus import answered, normal_object
from corpus_runs import (ANSWERED, CASES, REFUSED, check_answer, check_error, check_object,
                         check_stored, request_of, script)
from corpus_runs import played  # noqa: F401  (a fixture)
from harness import output_text
from stream_rules import accumulate, events_of, problems


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
