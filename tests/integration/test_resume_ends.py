"""Every end of a streamed background response."""

import os
import signal
import time

import pytest

from events import Stream, delta, message_stream, opening, usage
from faulty import FaultyStack
from following import Collection, create_stream, created_stream, events_after, follow, follow_path
from harness import output_text, wait_until
from resuming import STACK  # noqa: F401  (what the stack is)
from resuming import idle, running  # noqa: F401  (fixtures)
from stream_rules import problems
from upstream import Cut, Gate, Hang, Reset, Script, json_error
from whole_streams import (assert_abandoned_items_end, assert_whole, data_of, ended, finish,
                           last_of, texts_of, types_of)

FAILURES = {
    "HTTP error": (json_error(400, {"error": {
        "message": "no", "type": "invalid_request_error", "param": None, "code": "bad"}}), "bad"),
    "error event": (Script([{"type": "error", "code": "server_error", "message": "no"}]),
                    "server_error"),
    "error event within": (Script([*opening(), delta("a"), {
        "type": "error", "code": "server_error", "message": "no"}]), "server_error"),
    "failed": (Script([*opening(), delta("a"), {"type": "response.failed", "response": {
        "status": "failed", "error": {"code": "server_error", "message": "no"}}}]),
        "server_error"),
    "disconnection": (Script([*opening(), delta("a"), Reset()]), "upstream_disconnected"),
    "disconnection before": (Script([Cut()]), "upstream_disconnected"),
    "silence": (Script([*opening(), delta("a"), Hang()]), "upstream_timeout"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_failed_response_has_one_terminal_event(stack, model, how):
    script, code = FAILURES[how]
    name = "impatient" if how == "silence" else model
    events = ended(stack, name, script)
    final = assert_whole(stack, events, restarted=how in ("disconnection", "silence"))
    assert last_of(events)[0] == "failed"
    assert (final["status"], final["error"]["code"]) == ("failed", code)


def test_incomplete_response_has_one_terminal_event(stack, model):
    events = ended(stack, model, Stream().begin().message(["a"]).end(
        "incomplete", usage=usage(), incomplete_details={"reason": "max_output_tokens"}).events)
    assert_whole(stack, events)
    kind, final = last_of(events)
    assert (kind, final["status"]) == ("incomplete", "incomplete")


def test_cancel_while_queued_ends_the_stream_as_failed_and_cancelled(idle):
    follower, response_id = create_stream(idle.client, "m")
    with follower:
        shown = idle.client.cancel(response_id).json()
        follower.rest()
        events = follower.events
    assert types_of(events) == ["created", "failed"]
    assert last_of(events)[1] == shown == idle.client.poll(shown["id"])
    assert (shown["status"], problems(data_of(events))) == ("cancelled", [])
    assert texts_of(events_after(idle.client, shown["id"])) == texts_of(events)


def test_cancel_while_it_runs_ends_the_stream_as_failed_and_cancelled(stack, model, feed, running):
    exchange = stack.upstream.wait_request(model)
    with follow(stack.client, running) as follower:
        events = follower.text_upto("begun")
        shown = stack.client.cancel(running).json()
        events += follower.rest()
    assert exchange.peer_closed.wait(5)
    assert shown == assert_whole(stack, events)
    kind, final = last_of(events)
    assert (kind, final["status"], output_text(final)) == ("failed", "cancelled", "begun")
    assert stack.client.cancel(running).json() == shown
    assert texts_of(events_after(stack.client, running)) == texts_of(events)


@pytest.mark.parametrize("end", ["completed", "cancelled"])
def test_terminal_event_reaches_who_was_away_at_the_end(stack, feed, running, end):
    with follow(stack.client, running) as follower:
        events = follower.text_upto("begun")
    if end == "completed":
        finish(feed, "begun")
    else:
        stack.client.cancel(running)
    stack.client.wait_terminal(running)
    late = events_after(stack.client, running, events[-1].number)
    assert_whole(stack, [*events, *late])
    assert last_of(late)[1]["status"] == end


def kill_worker(stack):
    pid = wait_until(stack.supervisor.children, 5, "a worker")[0]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: [child for child in stack.supervisor.children() if child != pid], 5,
               "another worker")


def test_killed_worker_s_stream_goes_on_where_it_was(stack, model):
    stack.upstream.script(model, [*opening(), delta("first"), Hang()],
                          message_stream(["the ", "second"]))
    follower, _ = create_stream(stack.client, model)
    with follower:
        follower.text_upto("first")
        kill_worker(stack)
        follower.rest()
        events = follower.events
    final = assert_whole(stack, events, restarted=True)
    assert output_text(final) == "the second"
    assert_abandoned_items_end(events, final, True)
    done = next(event.data["item"] for event in events if event.type.endswith("item.done"))
    assert (done["status"], done["content"][0]["text"]) == ("incomplete", "first")


def test_frozen_worker_that_wakes_up_adds_nothing_to_the_stream(model):
    """Another one has run the job meanwhile, and has said more."""
    stack = FaultyStack()
    gate = Gate()
    try:
        second = message_stream(["the ", "second"])
        stack.upstream.script(model, [*opening(), delta("first"), gate, delta("late"), Hang()],
                              [*second[:6], gate, *second[6:]])
        follower, _ = create_stream(stack.client, model)
        with follower:
            follower.text_upto("first")
            frozen = stack.worker()
            other = stack.add_supervisor()
            os.kill(frozen, signal.SIGSTOP)
            follower.text_upto("the second")
            os.kill(frozen, signal.SIGCONT)
            gate.open()
            follower.rest()
            assert_whole(stack, follower.events, restarted=True)
        stack.assert_nothing_is_left()
        assert other.alive()
    finally:
        stack.close()


def test_attempts_that_are_used_up_end_the_stream_as_failed(stack, model):
    stack.upstream.script(model, [*opening(), delta("first"), Hang()],
                          [*opening(), delta("second"), Hang()])
    follower, _ = create_stream(stack.client, model)
    with follower:
        follower.text_upto("first")
        kill_worker(stack)
        follower.text_upto("second")
        kill_worker(stack)
        follower.rest()
        events = follower.events
    final = assert_whole(stack, events, restarted=True)
    assert final["status"] == "failed"
    assert final["error"]["code"]
    assert types_of(events).count("output_item.done") == 2


def test_reader_that_comes_between_two_attempts_gets_both(stack, model):
    gate = Gate()
    stack.upstream.script(model, [*opening(), delta("first"), gate, Cut()],
                          message_stream(["second"]))
    response_id = created_stream(stack.client, model)
    with follow(stack.client, response_id) as follower:
        events = follower.text_upto("first")
    gate.open()
    stack.client.wait_terminal(response_id)
    collection = Collection(stack.client, response_id)
    collection.events = events
    final = assert_whole(stack, collection.to_end().events, restarted=True)
    assert output_text(final) == "second"


def test_deletion_ends_the_readers_soon(stack, running):
    with follow(stack.client, running) as one, follow(stack.client, running, 3) as other:
        one.text_upto("begun")
        assert stack.client.delete(running).status == 200
        begun = time.monotonic()
        for reader in (one, other):
            while reader.next() is not None:
                pass
        assert time.monotonic() - begun < 3
        assert not any(event.is_terminal for event in one.events)
    assert stack.client.get(follow_path(stack.client, running)).status == 404
    assert list(stack.redis.scan_iter(f"*{running}*")) == []


def test_deletion_while_queued_ends_the_readers_soon(idle):
    follower, response_id = create_stream(idle.client, "m")
    with follower:
        assert idle.client.delete(response_id).status == 200
        begun = time.monotonic()
        assert follower.next() is None
        assert time.monotonic() - begun < 3
    assert list(idle.redis.scan_iter(f"*{response_id}*")) == []
