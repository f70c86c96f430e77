"""What the programs write to their logs: a line for each thing that has ended, and what they are at
when somebody asks."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from events import message_stream, usage
from harness import SECRETS, children_of, strict_json, wait_until
from upstream import Cut, Feed, Gate, Reset, Script, event_bytes, json_error

STACK = {"config": {"respool": {"log_format": "json"}}}

MEMBERS = [
    "time", "level", "event", "id", "tenant", "model", "deployment", "status", "attempts",
    "queued_ms", "first_event_ms", "total_ms", "input_tokens", "output_tokens", "error_code",
    "request_id"]
PROMPT = "the prompt that is nobody's business"
ANSWER = "the answer that is nobody's business"


def objects(program):
    """The lines of a log, each of which is a JSON object."""
    return [strict_json(line) for line in program.stderr().splitlines()]


def events(program, name, **members):
    """The lines about such an event that have these members."""
    return [line for line in objects(program)
            if line["event"] == name and members.items() <= line.items()]


def await_event(program, name, **members):
    [line] = wait_until(lambda: events(program, name, **members), 10, f"the line {name}")
    return line


def finished(stack, model, status="completed", **fields):
    created = stack.client.create(model, **fields)
    stack.client.wait_status(created["id"], status)
    return created["id"]


def test_each_response_that_ends_has_one_line_with_what_is_known_of_it(stack):
    stack.upstream.script("m", message_stream(["Hello"], usage=usage(12, 34)))
    reply = stack.client.post_create(
        {"model": "m", "input": PROMPT, "background": True},
        headers={"X-Request-Id": "my-request-1"})
    response_id = reply.json()["id"]
    stack.client.wait_terminal(response_id)
    line = await_event(stack.supervisor, "response_ended", id=response_id)
    assert list(line) == MEMBERS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert abs(time.time() - time.mktime(time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S"))
               + time.timezone) < 60
    assert (line["level"], line["tenant"], line["model"], line["status"]) == (
        "info", "alice", "m", "completed")
    assert (line["attempts"], line["error_code"]) == (1, None)
    assert line["deployment"] == "openai/*"
    assert 0 <= line["queued_ms"] <= line["total_ms"] < 10000
    assert 0 <= line["first_event_ms"] <= line["total_ms"]
    assert (line["input_tokens"], line["output_tokens"]) == (12, 34)
    assert line["request_id"] == reply.headers["x-request-id"] == "my-request-1"


def test_a_response_that_fails_tells_its_error_s_code_and_why_and_no_more(stack):
    stack.upstream.script("failing", json_error(400, {"error": {
        "code": "context_length_exceeded", "message": PROMPT}}))
    response_id = finished(stack, "failing", "failed")
    line = await_event(stack.supervisor, "response_ended", id=response_id)
    assert (line["status"], line["error_code"]) == ("failed", "context_length_exceeded")
    assert (line["input_tokens"], line["output_tokens"]) == (None, None)
    [failing] = events(stack.supervisor, "response_failing", id=response_id)
    assert failing["why"] == "the provider answered HTTP 400"
    assert failing["request_id"] == line["request_id"]


def test_a_response_that_is_cancelled_while_it_runs_has_one_line(stack):
    feed = Feed()
    stack.upstream.script("cancelled", Script([feed]))
    created = stack.client.create("cancelled")
    stack.upstream.wait_request("cancelled")
    stack.client.cancel(created["id"])
    line = await_event(stack.supervisor, "response_ended", id=created["id"])
    assert (line["status"], line["first_event_ms"]) == ("cancelled", None)
    assert events(stack.responder, "response_ended", id=created["id"]) == []


@pytest.mark.parametrize("end, status", [("cancel", "cancelled"), ("delete", "deleted")])
def test_a_response_that_ends_in_the_queue_has_one_line_by_its_responder(make_stack, end, status):
    stack = make_stack({"respool": {"log_format": "json"}}, supervisor=False)
    reply = stack.client.post_create({"model": "m", "input": PROMPT, "background": True})
    response_id = reply.json()["id"]
    for _ in range(2):
        getattr(stack.client, end)(response_id)
    line = await_event(stack.responder, "response_ended", id=response_id)
    assert list(line) == MEMBERS
    assert (line["tenant"], line["model"], line["status"]) == ("alice", "m", status)
    assert (line["attempts"], line["deployment"]) == (0, None)
    assert 0 <= line["queued_ms"] == line["total_ms"] < 10000
    assert line["request_id"] == reply.headers["x-request-id"]


def test_a_stream_that_is_passed_through_has_one_line(stack):
    stack.upstream.script("passed", message_stream(["Hello"]))
    reply = stack.client.post_create(
        {"model": "passed", "input": PROMPT, "stream": True},
        headers={"X-Request-Id": "my-request-2"})
    assert reply.status == 200, reply
    line = await_event(stack.responder, "request_passed", model="passed")
    assert list(line) == [*MEMBERS, "http_status"]
    assert (line["tenant"], line["deployment"], line["status"]) == ("alice", "openai/*", "completed")
    assert (line["attempts"], line["http_status"], line["id"]) == (1, 200, None)
    assert 0 <= line["first_event_ms"] <= line["total_ms"] < 10000
    assert (line["request_id"], line["error_code"]) == ("my-request-2", None)


def test_an_object_that_is_passed_through_tells_its_tokens(stack):
    stack.upstream.script("object", json_error(200, {
        "id": "resp_1", "object": "response", "status": "completed", "output": [],
        "usage": usage(5, 6)}))
    assert stack.client.post_create({"model": "object", "input": PROMPT}).status == 200
    line = await_event(stack.responder, "request_passed", model="object")
    assert (line["status"], line["input_tokens"], line["output_tokens"]) == ("completed", 5, 6)


@pytest.mark.parametrize("model, script, status, http_status, code", [
    ("refused", json_error(429, {"error": {"code": "rate_limit_exceeded", "message": PROMPT}}),
     "failed", 429, "rate_limit_exceeded"),
    ("odd", json_error(500, {"error": {"code": f"{PROMPT}", "message": PROMPT}}),
     "failed", 500, None),
    ("reset", Script([Reset()], framing="raw"), "failed", 502, "upstream_unreachable"),
    ("incomplete", Script([event_bytes({"type": "response.incomplete", "response": {}})]),
     "incomplete", 200, None),
    ("broken", Script([event_bytes({"type": "response.created", "response": {}}), Cut()]),
     "failed", 200, "upstream_disconnected"),
], ids=lambda value: value if isinstance(value, str) and value.isalpha() else "")
def test_what_became_of_a_passed_request_is_told(stack, model, script, status, http_status, code):
    stack.upstream.script(model, script)
    stack.client.post_create({"model": model, "input": PROMPT, "stream": True})
    line = await_event(stack.responder, "request_passed", model=model)
    assert (line["status"], line["http_status"], line["error_code"]) == (
        status, http_status, code)


def test_each_further_try_is_told_with_its_reason(make_stack):
    stack = make_stack({
        "respool": {"log_format": "json"}, "litellm_settings": {"num_retries": 1}})
    for model in ("tried", "passed"):
        stack.upstream.script(model, json_error(500, {"error": {"message": PROMPT}}),
                              message_stream(["Hello"]))
    response_id = finished(stack, "tried")
    line = await_event(stack.supervisor, "request_retried", id=response_id)
    assert line["deployment"] == "openai/*" and line["why"] and PROMPT not in line["why"]
    assert await_event(stack.supervisor, "response_ended", id=response_id)["status"] == "completed"
    stack.client.post_create({"model": "passed", "input": "x", "stream": True},
                             headers={"X-Request-Id": "again"})
    await_event(stack.responder, "request_retried", request_id="again")
    assert await_event(stack.responder, "request_passed", model="passed")["attempts"] == 2


def test_lines_are_text_by_default_and_another_format_comes_with_the_next_reload(make_stack):
    stack = make_stack()
    stack.upstream.script("m a", message_stream(["Hello"]), message_stream(["Hello"]))
    response_id = finished(stack, "m a")
    [worker] = stack.supervisor.children()
    line = wait_until(lambda: re.search(
        rf"^respoold\[{worker}\]: info: response_ended id={response_id} tenant=alice model=\"m a\" "
        r"deployment=openai/\* status=completed attempts=1 .*$",
        stack.supervisor.stderr(), re.M), 5, "the line")
    assert "error_code" not in line[0]
    stack.config["respool"]["log_format"] = "json"
    stack.write_config()
    stack.supervisor.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.supervisor.stderr().count("read again") == 2, 10, "the reload")
    assert stack.supervisor.stderr().splitlines()[-1].startswith("{")
    response_id = finished(stack, "m a")
    wait_until(lambda: f'"id":"{response_id}"' in stack.supervisor.stderr(), 5, "the line")


def test_sigusr2_tells_what_workers_and_their_parent_are_at(stack):
    feed = Feed()
    stack.upstream.script("held", Script([feed]))
    created = stack.client.create("held", input=PROMPT)
    stack.upstream.wait_request("held")
    stack.supervisor.send_signal(signal.SIGUSR2)
    stream = await_event(stack.supervisor, "stream_state", id=created["id"])
    assert (stream["model"], stream["tenant"], stream["deployment"]) == (
        "held", "alice", "openai/*")
    assert (stream["attempts"], stream["state"]) == (1, "asking")
    assert 0 <= stream["since_ms"] < 20000
    [parent] = events(stack.supervisor, "parent_state")
    [child] = events(stack.supervisor, "child_state")
    [worker] = events(stack.supervisor, "worker_state")
    assert (parent["pid"], parent["children"]) == (stack.supervisor.pid, 1)
    assert (child["slot"], child["state"]) == (0, "running")
    assert [child["child"]] == [worker["pid"]] == stack.supervisor.children()
    assert (worker["state"], worker["lease"]) == ("running", "held")
    assert worker["streams"] == len(events(stack.supervisor, "stream_state"))
    feed.send(*message_stream([ANSWER]))
    feed.end()
    stack.client.wait_status(created["id"], "completed")


def told_anew(program, *names):
    """The lines that SIGUSR2 brings about, once there is one of each name."""
    before = program.stderr_size()
    program.send_signal(signal.SIGUSR2)

    def told():
        lines = [strict_json(line) for line in program.stderr(before).splitlines()]
        return set(names) <= {line["event"] for line in lines} and lines

    return wait_until(told, 20, f"lines about {names}")


def told_of_idle(program, children):
    """Likewise, if all responders are idle: one may not have handed its request over yet."""
    lines = told_anew(program, "relay_state", "passage_state", "responder_state")
    states = [line["state"] for line in lines if line["event"] == "responder_state"]
    return states == ["idle"] * children and lines


@pytest.mark.parametrize("children", [2, 0])
def test_sigusr2_tells_what_responders_and_relays_are_at(make_stack, children):
    stack = make_stack({"respool": {"log_format": "json"}}, supervisor=False, children=children)
    feed = Feed()
    stack.upstream.script("fed", Script([feed]))
    followed = stack.client.create("m", stream=False)["id"]
    with ThreadPoolExecutor(1) as threads:
        passed = threads.submit(
            stack.client.post_create, {"model": "fed", "input": PROMPT, "stream": True})
        stack.upstream.wait_request("fed")
        lines = wait_until(lambda: told_of_idle(stack.responder, max(children, 1)), 20,
                           "the responders to be idle")
        feed.send(*message_stream([ANSWER]))
        feed.end()
        assert passed.result().status == 200
    [relay] = [line for line in lines if line["event"] == "relay_state"]
    [passage] = [line for line in lines if line["event"] == "passage_state"]
    responders = [line for line in lines if line["event"] == "responder_state"]
    assert (relay["state"], relay["passages"], relay["redis"]) == ("running", 1, "up")
    assert [relay["pid"]] == children_of(stack.responder.pid, "relay")
    assert (passage["model"], passage["tenant"], passage["state"]) == ("fed", "alice", "asking")
    assert sum(line["served"] for line in responders) >= 2
    assert followed not in passage.values()


def test_a_responder_that_waits_for_redis_is_told_of_by_its_parent(make_stack):
    stack = make_stack({"respool": {"log_format": "json"}}, supervisor=False, children=1)
    created = stack.client.create("m")["id"]
    os.kill(stack.redis_program.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as threads:
            poll = threads.submit(stack.client.get_response, created)
            wait_until(lambda: [line for line in told_anew(stack.responder, "responder_state")
                                if line.get("state") == "answering"
                                and line["route"] == "responses/{id}"], 5, "the poll to be told")
            os.kill(stack.redis_program.pid, signal.SIGCONT)
            poll.result()
    finally:
        os.kill(stack.redis_program.pid, signal.SIGCONT)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_neither_secrets_nor_content_are_ever_in_a_log(make_stack, log_format):
    stack = make_stack({
        "respool": {"log_format": log_format}, "litellm_settings": {"num_retries": 1}})
    told = {"error": {"message": f"{PROMPT} {' '.join(SECRETS)}", "code": PROMPT, "type": PROMPT}}
    gate = Gate()
    stack.upstream.script("good", *[message_stream([ANSWER])] * 2)
    stack.upstream.script("bad", *[json_error(400, told), json_error(500, told)] * 3)
    stack.upstream.script("held", Script([gate]))
    finished(stack, "good", input=PROMPT, instructions=PROMPT)
    for _ in range(2):
        finished(stack, "bad", "failed", input=PROMPT)
    for model in ("good", "bad", "bad"):
        stack.client.post_create({"model": model, "input": PROMPT, "stream": True})
    stack.client.with_key(f"{SECRETS[1]}-not").post_create({"model": "good", "input": PROMPT})
    stack.client.create("held", input=PROMPT)
    stack.upstream.wait_request("held")
    for program, line in ((stack.supervisor, "stream_state"), (stack.responder, "relay_state")):
        program.send_signal(signal.SIGUSR2)
        wait_until(lambda program=program, line=line: line in program.stderr(), 5, line)
    gate.open()
    logs = stack.responder.stderr() + stack.supervisor.stderr()
    assert logs.count("response_ended") >= 3 and logs.count("request_passed") >= 3
    for secret in (*SECRETS, PROMPT, ANSWER):
        assert secret not in logs
