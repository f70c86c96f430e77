"""What the log tells of webhooks, and what workers have to do with them at signals."""

import signal

import pytest

import receiver as scripted
from events import message_stream
from harness import Stack, response_key, strict_json, wait_until
from receiver import Receiver, failure
from standard_webhooks import new_secret
from upstream import Gate
from webhooks_clock import held_deliveries, pass_time

SECRET = new_secret()
NAMES = ("broken", "gone", "busy", "lost", "held", "hook")
ANSWER = b"POST /broken?key=s3cret is not taken\0\x1b[31m" + b"x" * 2000
TRIED = ["time", "level", "event", "webhook", "endpoint", "site", "response", "status", "error",
         "tries", "took_ms", "next_ms", "body"]


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    receiver.script("/broken", scripted.answer(500, [ANSWER]))
    receiver.script("/gone", failure(410))
    receiver.script("/busy", failure(429, Retry_After="7"))
    receiver.script("/lost", scripted.CLOSES)
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def stack(receiver):
    endpoints = [receiver.endpoint(name, SECRET, tenants=[]) for name in NAMES]
    endpoints[0]["url"] += "?key=s3cret"
    stack = Stack({"respool": {"log_format": "json", "drain_seconds": 60, "webhooks": endpoints,
                               "allow_request_webhooks": True}})
    stack.upstream.script("m", message_stream(["text"]))
    yield stack
    stack.close()


def create(stack, endpoint):
    """The id of a response whose end that endpoint alone is told of."""
    reply = stack.client.post_create({"model": "m", "input": "x", "background": True},
                                     headers={"X-Respool-Webhook": endpoint})
    assert reply.status == 200, reply
    return reply.json()["id"]


def lines(stack, event, **members):
    found = map(strict_json, stack.supervisor.stderr().splitlines())
    return [line for line in found if line["event"] == event and members.items() <= line.items()]


def await_line(stack, event, **members):
    [line] = wait_until(lambda: lines(stack, event, **members), 10, f"the line {event}")
    return line


def test_what_is_delivered_is_told_with_the_answer_s_status(stack, receiver):
    response_id = create(stack, "hook")
    line = await_line(stack, "webhook_delivered", response=response_id)
    [delivery] = receiver.deliveries("/hook", response_id)
    assert (line["level"], line["webhook"], line["endpoint"]) == ("info", delivery.id, "hook")
    assert (line["status"], line["tries"]) == (200, 1)
    assert 0 <= line["took_ms"] < 10000


def test_what_fails_is_a_warning_with_the_answer_s_beginning(stack, receiver):
    response_id = create(stack, "broken")
    line = await_line(stack, "webhook_failed", response=response_id)
    assert list(line) == TRIED
    assert (line["level"], line["endpoint"], line["status"]) == ("warning", "broken", 500)
    assert line["site"] == f"http://127.0.0.1:{receiver.port}"
    assert line["tries"] == 1 and 4000 < line["next_ms"] < 6000
    assert line["body"].startswith("POST \u2026 is not taken \x1b[31mxxx")
    assert len(line["body"]) <= 1024
    log = stack.supervisor.stderr()
    assert "s3cret" not in log and SECRET not in log and "\x1b" not in log


def test_one_that_gives_no_answer_has_no_status(stack):
    response_id = create(stack, "lost")
    line = await_line(stack, "webhook_failed", response=response_id)
    assert (line["status"], line["body"]) == (None, None) and line["error"]


def test_one_that_is_gone_is_an_error_and_off(stack):
    response_id = create(stack, "gone")
    line = await_line(stack, "webhook_dead", response=response_id)
    assert (line["level"], line["status"], line["next_ms"]) == ("error", 410, None)
    line = await_line(stack, "webhook_endpoint_off", endpoint="gone")
    assert (line["level"], line["failures"]) == ("warning", 1)


def test_one_that_is_left_alone_is_told_with_the_time(stack):
    response_id = create(stack, "busy")
    line = await_line(stack, "webhook_failed", response=response_id)
    assert line["next_ms"] >= 7000
    assert 6000 < await_line(stack, "webhook_endpoint_rests", endpoint="busy")["rests_ms"] <= 7000


def test_what_is_not_told_as_its_response_is_deleted_has_a_line(stack):
    response_id = create(stack, "lost")
    wait_until(lambda: [one.tries for one in held_deliveries(stack).values()
                        if one.response == response_id] == [1], 10, "the report of the failure")
    stack.redis.delete(response_key(response_id))
    pass_time(stack, 30)
    line = await_line(stack, "webhook_dropped", response=response_id)
    assert (line["endpoint"], line["tries"]) == ("lost", 1)


def test_endpoint_that_comes_with_a_reload_is_told(stack, receiver):
    stack.config["respool"]["webhooks"].append(receiver.endpoint("new", SECRET, tenants=[]))
    stack.write_config()
    for program in (stack.responder, stack.supervisor):
        program.send_signal(signal.SIGHUP)

    def told():
        """The worker may be the last to know of the endpoint: then it is not told of the first."""
        stack.client.post_create({"model": "m", "input": "x", "background": True},
                                 headers={"X-Respool-Webhook": "new"})
        return receiver.deliveries("/new")

    wait_until(told, 10, "the new endpoint to be told", interval=0.1)
    receiver.deliveries("/new")[0].verify(SECRET)


def test_signals_tell_of_what_is_under_way_and_the_second_one_gives_it_back(stack, receiver):
    gate = Gate()
    receiver.script("/held", scripted.held(gate))
    response_id = create(stack, "held")
    receiver.await_delivery("/held", response_id)
    stack.supervisor.send_signal(signal.SIGUSR2)
    assert await_line(stack, "worker_state")["webhooks"] == 1
    [worker] = stack.supervisor.children()
    stack.supervisor.send_signal(signal.SIGTERM)
    wait_until(lambda: "0 streams and 1 webhooks have 60 s" in stack.supervisor.stderr(), 10,
               "that it waits")
    assert stack.supervisor.children() == [worker]
    stack.supervisor.send_signal(signal.SIGTERM)
    assert stack.supervisor.wait() == 0
    stack.programs.remove(stack.supervisor)
    [held] = [one for one in held_deliveries(stack).values() if one.response == response_id]
    assert (held.tries, held.is_dead) == (0, False)
    gate.open()
    receiver.script("/held", scripted.OK)
    stack.start_supervisor()
    receiver.await_deliveries(2, "/held", response_id)
    await_line(stack, "webhook_delivered", response=response_id)


def commands_until_beats(stack, count):
    """What Redis is asked until workers have shown so often that they live."""
    key = stack.key("litellm:polling:{jobs}:workers")
    asked = []
    with stack.redis.monitor() as monitor:
        while sum(command.startswith("EVALSHA") and key in command for command in asked) < count:
            asked.append(monitor.next_command()["command"])
    return asked


def test_without_endpoints_nothing_of_webhooks_is_asked(make_stack):
    stack = make_stack()
    stack.upstream.script("m", message_stream(["text"]))
    response_id = stack.client.create("m")["id"]
    stack.client.wait_status(response_id, "completed")
    asked = commands_until_beats(stack, 3)
    assert not [command for command in asked if "webhooks" in command]
