"""What is measured, counted and logged of responses and of calls to providers."""

import re
import shlex
import signal
import time

import pytest

from events import completed, delta, message_stream, opening
from harness import children_of, script_text, title_of, wait_until
from passing import EventReader
from upstream import Cut, Feed, Hang, Reset, Script, json_error

SEPARATOR = "\x1f"
COUNTERS = "litellm:polling:{jobs}:counters"
DRAINING = "litellm:polling:{jobs}:draining"
WORKERS = "litellm:polling:{jobs}:workers"
RELAYS = "litellm:polling:{jobs}:relays"
RELAYS_ABOUT = "litellm:polling:{jobs}:relays:about"
USAGE = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 8},
    "output_tokens": 34,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 46,
}


def counters(stack):
    """The numbers, by the name and the labels' values."""
    return {tuple(field.decode().split(SEPARATOR)): int(number)
            for field, number in stack.redis.hgetall(stack.key(COUNTERS)).items()}


def await_counters(stack, **expected):
    """Waits for these; "calls": {outcome: number} stands for all calls to providers, and so on."""
    def of(name, label=None):
        return {key[-1]: number for key, number in counters(stack).items()
                if key[0] == f"respool_{name}" and (label is None or key[1] == label)}

    def seen():
        return {name: of(NAMES[name]) for name in expected}

    try:
        wait_until(lambda: seen() == expected, 10, "the counters")
    except AssertionError:
        assert seen() == expected


NAMES = {
    "ended": "responses_ended_total",
    "tokens": "tokens_total",
    "calls": "provider_calls_total",
    "restarted": "jobs_restarted_total",
}


def observed(stack, name, *labels):
    """How often a histogram has observed something, and the sum (ms)."""
    found = {key[-1]: number for key, number in counters(stack).items()
             if key[:-1] == (f"respool_{name}", *labels)}
    total = found.pop("sum", 0)
    return sum(found.values()), total


def logged(program, event):
    """The facts of each line of that event."""
    lines = re.findall(rf"info: (?:event=)?{event} (.*)", program.stderr())
    return [dict(word.split("=", 1) for word in shlex.split(line)) for line in lines]


def ended_line(stack, response_id):
    def found():
        lines = [line for line in logged(stack.supervisor, "response_ended")
                 if line["id"] == response_id]
        assert len(lines) < 2, lines
        return lines and lines[0]

    return wait_until(found, 10, "the line of the response's end")


def history(stack, response_id):
    """The words of the job's history, without their times."""
    lines = stack.job(response_id).get(b"history", b"").decode().splitlines()
    return [line.split(" ", 1)[1] for line in lines]


def begun(stack, model, *steps, **fields):
    """A response whose first text can be polled."""
    feed = Feed()
    stack.upstream.script(model, [*opening(), delta("begun"), *steps, feed])
    created = stack.client.create(model, **fields)
    stack.client.wait_for(created["id"], lambda object: object["output"], "text")
    return created["id"], feed


def test_a_completed_response_is_logged_and_counted_with_its_tokens(make_stack):
    stack = make_stack()
    stack.upstream.script("m", [*opening(), delta("Hi"), completed(usage=USAGE)])
    created = stack.client.create("m")
    stack.client.wait_status(created["id"], "completed")
    line = ended_line(stack, created["id"])
    assert line.items() >= {
        "tenant": "alice", "model": "m", "deployment": "openai/*", "status": "completed",
        "attempts": "1", "input_tokens": "12", "output_tokens": "34"}.items()
    assert "error_code" not in line
    assert 0 <= int(line["queued_ms"]) <= int(line["total_ms"]) < 10000
    assert 0 <= int(line["first_event_ms"]) <= int(line["total_ms"])
    await_counters(stack, ended={"completed": 1}, calls={"success": 1}, tokens={
        "input": 12, "output": 34, "cached": 8, "reasoning": 5})
    assert observed(stack, "queue_wait_seconds") == (1, int(line["queued_ms"]))
    assert observed(stack, "time_to_first_event_seconds", "*") == (1, int(line["first_event_ms"]))
    assert observed(stack, "response_duration_seconds", "*") == (1, int(line["total_ms"]))


def test_a_failed_response_tells_its_code_and_each_try_its_reason(make_stack):
    stack = make_stack({"litellm_settings": {"num_retries": 2}})
    error = {"error": {"message": "no", "type": "t", "param": None, "code": "overloaded"}}
    stack.upstream.script(
        "m", json_error(429, error), json_error(503, error), json_error(400, error))
    created = stack.client.create("m")
    stack.client.wait_status(created["id"], "failed")
    line = ended_line(stack, created["id"])
    assert (line["status"], line["error_code"], line["attempts"]) == ("failed", "overloaded", "1")
    assert "input_tokens" not in line and "first_event_ms" not in line
    reasons = ["the provider answered HTTP 429", "the provider answered HTTP 503"]
    retries = logged(stack.supervisor, "request_retried")
    assert [(retry["id"], retry["deployment"], retry["why"]) for retry in retries] == [
        (created["id"], "openai/*", reason) for reason in reasons]
    wait_until(lambda: len(history(stack, created["id"])) == 2, 5, "the history")
    assert history(stack, created["id"]) == [f"retry by openai/*, after: {reason}" for reason in reasons]
    await_counters(stack, ended={"failed": 1}, tokens={},
                   calls={"http_429": 1, "http_5xx": 1, "http_4xx": 1})
    assert observed(stack, "response_duration_seconds", "*")[0] == 1
    assert observed(stack, "time_to_first_event_seconds", "*")[0] == 0


@pytest.mark.parametrize("how", ["cancelled", "deleted"])
def test_a_response_that_its_client_ends_has_no_duration(make_stack, how):
    stack = make_stack()
    response_id, _feed = begun(stack, "m")
    if how == "cancelled":
        stack.client.cancel(response_id)
    else:
        stack.client.delete(response_id)
    line = ended_line(stack, response_id)
    assert (line["status"], line["deployment"]) == (how, "openai/*")
    await_counters(stack, ended={how: 1}, calls={"stopped": 1}, tokens={})
    assert observed(stack, "time_to_first_event_seconds", "*") == (1, int(line["first_event_ms"]))
    assert observed(stack, "response_duration_seconds", "*")[0] == 0
    stack.wait_idle()


def test_a_restarted_response_ends_once_and_waits_once(make_stack):
    stack = make_stack()
    stack.upstream.script(
        "m", Script([*opening(), delta("half"), Cut()]), message_stream(["whole"]))
    created = stack.client.create("m")
    stack.client.wait_status(created["id"], "completed", timeout=20)
    assert ended_line(stack, created["id"])["attempts"] == "2"
    [restart] = logged(stack.supervisor, "job_restarted")
    assert (restart["id"], restart["reason"]) == (created["id"], "broken_off")
    await_counters(stack, ended={"completed": 1}, calls={"disconnected": 1, "success": 1},
                   restarted={"broken_off": 1})
    assert observed(stack, "queue_wait_seconds")[0] == 1
    assert history(stack, created["id"]) == ["restart broken_off"]


def test_each_way_in_which_a_call_ends_has_its_word(make_stack):
    stack = make_stack({"respool": {"max_attempts": 1}, "model_list": [
        {"model_name": "slow", "litellm_params": {
            "model": "openai/slow", "api_key": "sk-x", "stream_timeout": 1}},
        {"model_name": "nowhere", "litellm_params": {
            "model": "openai/nowhere", "api_key": "sk-x", "api_base": "http://127.0.0.1:1/v1"}},
        {"model_name": "*", "litellm_params": {"model": "openai/*", "api_key": "sk-x"}}]})
    refusal = {"type": "error", "code": "server_error", "message": "no", "param": None}
    stack.upstream.script("slow", Script([Hang()]))
    stack.upstream.script("refusing", Script([refusal]))
    stack.upstream.script("page", Script([b"<html>"], headers={"Content-Type": "text/html"}))
    stack.upstream.script("torn", Script([*opening(), Reset()]))
    for model in ("slow", "nowhere", "refusing", "page", "torn"):
        stack.client.wait_status(stack.client.create(model)["id"], "failed", timeout=20)
    await_counters(stack, calls={"timeout": 1, "unreachable": 1, "refused": 1, "invalid": 1,
                                 "disconnected": 1})


def workers(stack):
    return {name.decode() for name in stack.redis.zrange(stack.key(WORKERS), 0, -1)}


def holder(stack, response_id):
    return stack.job(response_id)[b"owner"].decode()


def worker_titles(stack):
    return sorted(title_of(pid) for pid in stack.supervisor.children())


def test_a_job_of_a_drained_worker_is_logged_and_counted_as_restarted_for_that(make_stack):
    stack = make_stack(workers=2)
    wait_until(lambda: len(workers(stack)) == 2, 10, "both leases")
    response_id, _feed = begun(stack, "m")
    stack.upstream.script("m", message_stream(["elsewhere"]))
    drained = holder(stack, response_id)
    stack.redis.sadd(stack.key(DRAINING), drained)
    final = stack.client.wait_status(response_id, "completed")
    assert ended_line(stack, response_id)["attempts"] == "1"
    [restart] = logged(stack.supervisor, "job_restarted")
    assert (restart["id"], restart["reason"]) == (response_id, "drained")
    assert final["output"]
    assert worker_titles(stack) == ["respoold (draining): worker", "respoold: worker"]
    await_counters(stack, restarted={"drained": 1}, ended={"completed": 1})
    assert observed(stack, "queue_wait_seconds")[0] == 1


# Relays.


def relay_records(stack):
    """What the relays say of themselves, by name."""
    return {name.decode(): record.decode().split(" ")
            for name, record in stack.redis.hgetall(stack.key(RELAYS_ABOUT)).items()}


def relay_streams(stack):
    return [record[0] for record in relay_records(stack).values()]


def stream(client, model):
    return client.post_create({"model": model, "input": "x", "stream": True})


def test_a_relay_tells_what_it_holds_open_and_counts_its_calls(make_stack):
    stack = make_stack(supervisor=False)
    [(name, record)] = wait_until(lambda: relay_records(stack), 5, "the first beat").items()
    assert re.fullmatch(r"[0-9a-f]{16}", name)
    streams, beat_ms, started_s, pid, _version, host = record
    assert streams == "0" and int(pid) in children_of(stack.responder.pid, "relay") and host
    assert abs(int(beat_ms) / 1000 - time.time()) < 60 and int(started_s) <= time.time()
    assert 0 < stack.redis.zscore(stack.key(RELAYS), name) - int(beat_ms) <= 10000

    stack.upstream.script("m", message_stream(["x"]))
    assert stream(stack.client, "m").status == 200
    stack.upstream.script("bad", json_error(500, {"error": {"message": "no"}}))
    assert stream(stack.client, "bad").status == 500

    feed = Feed()
    stack.upstream.script("open", [*opening(), feed])
    reader = EventReader(stack.client, {"model": "open", "input": "x", "stream": True})
    wait_until(lambda: relay_streams(stack) == ["1"], 5, "the open answer")
    reader.close()
    await_counters(stack, calls={"success": 1, "http_5xx": 1, "stopped": 1})


def test_a_relay_that_ends_tells_its_last_counts_and_is_forgotten(make_stack):
    stack = make_stack(supervisor=False)
    wait_until(lambda: relay_records(stack), 5, "the first beat")
    stack.upstream.script("m", message_stream(["x"]))
    assert stream(stack.client, "m").status == 200
    stack.stop(stack.responder)
    await_counters(stack, calls={"success": 1})
    assert not relay_records(stack) and not stack.redis.zcard(stack.key(RELAYS))


def test_a_relay_counts_on_while_redis_is_away_and_ends_all_the_same(make_stack):
    stack = make_stack(supervisor=False)
    wait_until(lambda: relay_records(stack), 5, "the first beat")
    stack.redis_program.send_signal(signal.SIGSTOP)
    stack.upstream.script("m", *[message_stream(["x"])] * 3)
    for _ in range(3):
        assert stream(stack.client, "m").status == 200
    stack.redis_program.send_signal(signal.SIGCONT)
    await_counters(stack, calls={"success": 3})
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        stack.stop(stack.responder)
        assert "did not end" not in stack.responder.stderr()
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)


def test_what_a_relay_sends_again_is_added_once(make_stack):
    stack = make_stack(supervisor=False, responder=False, web=False)
    script = script_text("relay_beat")

    shared = [f"litellm:polling:{{jobs}}:{name}" for name in (
        "queue", "shares", "seats", "lines", "turns", "passes", "index:about", "rates", "budgets",
        "usage:2026-12-31")]

    def beat(known, counted, lease=10000):
        return stack.redis.eval(script, 13, RELAYS, RELAYS_ABOUT, COUNTERS, *shared, "a", lease, 0,
                                "1 2 v host", counted, known)

    def at_another_time(before, *rest):
        wait_until(lambda: stack.redis.time()[0] * 1000 + stack.redis.time()[1] // 1000 > before)
        return beat(*rest)

    first = beat(0, "x\t2\n")
    second = at_another_time(first, 0, "x\t2\n")
    assert counters(stack) == {("x",): 2}
    at_another_time(second, second, "x\t3\n")
    assert counters(stack) == {("x",): 5}
    stack.redis.hdel(RELAYS_ABOUT, "a")
    beat(second, "x\t1\n", lease=0)
    assert counters(stack) == {("x",): 6}
    assert not relay_records(stack) and not stack.redis.zcard(RELAYS)
