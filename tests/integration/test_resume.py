"""Background responses that are followed as streams: created so, cut, and taken up again.

The truth of each: its events are numbered from 0 by 1, each the same for every reader and at any
time; they are a stream that OpenAI's SDKs take; they add up to the object of the terminal event, of
which there is one; and that is the object that is polled, to the byte.
"""

import json
import os
import signal
import time

import pytest

from events import Stream, delta, message_stream, opening, usage
from faulty import FaultyStack
from following import (Collection, Follower, create_stream, created_stream, events_after, follow,
                       follow_path)
from harness import (BOB, BUILD, Stack, await_socket, events_key, job_key, output_text,
                     response_key, wait_until)
from stream_rules import problems
from test_cancel_delete import UNKNOWN_ID
from upstream import Cut, Feed, Gate, Hang, Reset, Script, json_error
from whole_streams import (TTL, assert_abandoned_items_end, assert_whole, counted, data_of, ended,
                           finish, last_of, log_of, texts_of, types_of)

KEEPALIVE = 1
UNSTORED_TTL = 300


def models(**params):
    return [{"model_name": name, "litellm_params": {
        "model": f"openai/{name}", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY",
        "timeout": 20, "silence_timeout": seconds}} for name, seconds in params.items()]


STACK = {
    "config": {
        "model_list": models(**{"*": 20, "impatient": 1}),
        "router_settings": {"allowed_fails": 1000},
        "respool": {"keepalive_seconds": KEEPALIVE, "unstored_ttl": UNSTORED_TTL,
                    "lease_seconds": 2},
    },
    "children": 4,
}


@pytest.fixture(scope="module")
def idle():
    """Nothing takes jobs from its queue."""
    stack = Stack({"respool": {"keepalive_seconds": KEEPALIVE}}, supervisor=False, children=4)
    yield stack
    stack.close()


@pytest.fixture
def running(stack, model, feed):
    """A streamed response that has said "begun", and goes on by feed: its id."""
    stack.upstream.script(model, [feed], message_stream(["another attempt"]))
    response_id = created_stream(stack.client, model)
    feed.send(*opening(), delta("begun"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "begun", "the first text")
    return response_id


# ---- create --------------------------------------------------------------------------------------


def test_stream_begins_at_once_while_the_response_is_queued(idle):
    follower, _ = create_stream(idle.client, "m", metadata={"a": "b"})
    with follower:
        assert follower.headers["x-accel-buffering"] == "no"
        first = follower.events[0]
        response = first.data["response"]
        assert response["id"].startswith("litellm_poll_")
        assert (response["status"], response["output"]) == ("queued", [])
        assert (response["background"], response["metadata"]) == (True, {"a": "b"})
        assert response == idle.client.poll(response["id"])
        assert first.object_text() == idle.stored(response["id"])
        assert idle.queued().count(response["id"]) == 1
        follower.next_comment()
        follower.next_comment()
        assert follower.waiting == []


def test_stream_from_0_is_what_the_provider_sent_under_our_id(stack, model):
    deltas = ["one ", "zwei ü ", "\U0001f600 \"three\"\\", "\n\r\n\t end"]
    events = ended(stack, model, message_stream(deltas))
    final = assert_whole(stack, events)
    assert (final["status"], output_text(final)) == ("completed", "".join(deltas))
    assert types_of(events) == [
        "created", "in_progress", "output_item.added", "content_part.added",
        *["output_text.delta"] * 4, "output_text.done", "content_part.done", "output_item.done",
        "completed"]
    assert [event.data["delta"] for event in events if "delta" in event.data] == deltas
    assert all(event.data["response"]["id"] == final["id"]
               for event in events if "response" in event.data)


def test_events_come_as_the_provider_sends_them(stack, model, feed):
    stack.upstream.script(model, [feed])
    follower, _ = create_stream(stack.client, model)
    with follower:
        feed.send(*opening())
        follower.upto("response.content_part.added")
        for number in range(20):
            feed.send(delta(f"{number} "))
            assert [event.data["delta"] for event in follower.text_upto(f"{number} ")] == [
                f"{number} "]
        finish(feed, counted(0, 20))
        follower.rest()
        assert_whole(stack, follower.events)


@pytest.mark.parametrize("fields, status", [({"model": 7}, 400), ({"metadata": "x"}, 400)])
def test_errors_before_the_first_event_are_envelopes(idle, fields, status):
    reply = idle.client.post_create(
        {"model": "m", "input": "x", "background": True, "stream": True, **fields})
    assert reply.status == status
    assert reply.error()["param"] == next(iter(fields))


def test_full_queue_refuses_a_streamed_one_and_keeps_nothing(make_stack):
    stack = make_stack({"respool": {"max_queue": 1}}, supervisor=False)
    created_stream(stack.client, "m")
    kept = sorted(stack.redis.scan_iter())
    reply = stack.client.post_create(
        {"model": "m", "input": "x", "background": True, "stream": True})
    assert (reply.status, reply.error()["code"]) == (429, "queue_full")
    assert int(reply.headers["retry-after"]) > 0
    assert sorted(stack.redis.scan_iter()) == kept


def test_client_that_leaves_at_the_first_event_changes_nothing(stack, model, feed):
    stack.upstream.script(model, [feed])
    response_id = created_stream(stack.client, model)
    feed.send(*opening(), delta("a"))
    with follow(stack.client, response_id, 0) as follower:
        follower.text_upto("a")
        follower.next_comment()  # the first one's keep-alive is due as well
        finish(feed, "a")
        follower.rest()
    final = assert_whole(stack, events_after(stack.client, response_id))
    assert (final["status"], output_text(final)) == ("completed", "a")
    assert len(stack.upstream.requests(model)) == 1


def test_client_that_leaves_while_it_is_queued_changes_nothing(make_stack, model):
    stack = make_stack({"respool": {"keepalive_seconds": KEEPALIVE}}, supervisor=False)
    stack.upstream.script(model, message_stream(["text"]))
    left, stays = Collection(stack.client), Collection(stack.client)
    body = {"model": model, "input": "x", "background": True, "stream": True}
    left.create(body).cut()
    follower = stays.create(body)
    follower.next_comment()
    stack.start_supervisor()
    stays.read(follower)
    for collection in (stays, left.to_end()):
        assert assert_whole(stack, collection.events)["status"] == "completed"
    assert len(stack.upstream.requests(model)) == 2


def test_quiet_stream_has_comments_between_its_events(stack, model, feed):
    stack.upstream.script(model, [feed])
    follower, _ = create_stream(stack.client, model)
    with follower:
        feed.send(*opening(), delta("a"))
        follower.text_upto("a")
        follower.next_comment()
        follower.next_comment()
        feed.send(delta("b"))
        finish(feed, "ab")
        follower.rest()
        assert_whole(stack, follower.events)


# ---- resume --------------------------------------------------------------------------------------


def test_resume_at_every_event_of_one_that_has_ended(stack, model):
    events = ended(stack, model, message_stream(["a", "b", "c"]))
    response_id = assert_whole(stack, events)["id"]
    assert texts_of(events_after(stack.client, response_id)) == texts_of(events)
    for number in range(len(events)):
        found = events_after(stack.client, response_id, number)
        assert texts_of(found) == texts_of(events[number + 1:])


@pytest.mark.parametrize("beyond", [0, 1, 1000, 2**53])
def test_resume_at_or_past_the_end_of_one_that_has_ended_is_an_empty_stream(stack, model, beyond):
    events = ended(stack, model, message_stream(["a"]))
    response_id = events[0].data["response"]["id"]
    assert events_after(stack.client, response_id, events[-1].number + beyond) == []


def test_many_readers_at_once_get_the_same_wherever_they_begin(stack, model, feed):
    stack.upstream.script(model, [feed])
    response_id = created_stream(stack.client, model)
    feed.send(*opening(), *(delta(f"{number} ") for number in range(20)))
    with follow(stack.client, response_id) as first:
        first.text_upto(counted(0, 20))
        begun = len(first.events)
        readers = [follow(stack.client, response_id, after)
                   for after in (None, *range(0, begun + 3))]
        feed.send(*(delta(f"{number} ") for number in range(20, 40)))
        finish(feed, counted(0, 40))
        first.rest()
        assert_whole(stack, first.events)
        for reader, after in zip(readers, (-1, *range(0, begun + 3))):
            with reader:
                assert texts_of(reader.rest()) == texts_of(first.events[after + 1:])


def test_reader_that_is_cut_at_every_byte_loses_nothing(stack, model):
    """A cut at each place of the events, which are short here; each connection goes on by one."""
    events = ended(stack, model, message_stream(["a", "b"]))
    response_id = assert_whole(stack, events)["id"]
    length = len(events[4].text) + 4
    collection = Collection(stack.client, response_id)
    for cut in range(1, length):
        again = Collection(stack.client, response_id)
        again.events = list(events[:4])
        again.read(again.follow(), cut)
        assert len(again.events) in (4, 5)
    while not collection.is_whole:  # the last event is a long one
        collection.read(collection.follow(), 500 + 100 * collection.cuts)
    assert texts_of(collection.events) == texts_of(events)
    assert collection.cuts > 3


def test_reader_that_is_cut_while_it_grows_has_each_event_once(stack, model, feed):
    stack.upstream.script(model, [feed])
    collection = Collection(stack.client)
    follower = collection.create({"model": model, "input": "x", "background": True, "stream": True})
    feed.send(*opening())
    text = ""
    for number in range(30):
        feed.send(delta(f"{number} "))
        text += f"{number} "
        most = follower.received + 1 + 37 * number % 400
        collection.read(follower, most)
        follower = collection.follow(back=number % 3)
    follower.close()
    finish(feed, text)
    collection.to_end()
    assert output_text(assert_whole(stack, collection.events)) == text
    assert collection.cuts > 20


def test_query_members_of_openai_are_accepted(stack, model):
    events = ended(stack, model, message_stream(["text"]))
    response_id = events[0].data["response"]["id"]
    for query in ("stream=true&include_obfuscation=false", "include_obfuscation=true&stream=true",
                  "stream=true&include[]=message.output_text.logprobs&include[]=x",
                  "stream=true&include%5B%5D=reasoning.encrypted_content"):
        with Follower(stack.client, response_id, query=query) as follower:
            assert texts_of(follower.accepted().rest()) == texts_of(events)
    reply = stack.client.get(follow_path(stack.client, response_id, query="stream=false"))
    assert (reply.status, reply.json()) == (200, events[-1].data["response"])


def test_one_of_another_program_cannot_be_followed(idle):
    """As LiteLLM's proxy stores them: without a job, and so without events."""
    response_id = "litellm_poll_6f1c0d7e-0000-4000-8000-000000000001"
    idle.redis.set(response_key(response_id), json.dumps({
        "id": response_id, "object": "response", "status": "completed", "output": []}), ex=60)
    assert idle.client.poll(response_id)["status"] == "completed"
    reply = idle.client.get(follow_path(idle.client, response_id))
    assert (reply.status, reply.error()["param"]) == (400, "stream")


@pytest.mark.parametrize("who", ["another tenant", "nobody", "deleted"])
def test_what_is_not_the_readers_is_not_found(idle, who):
    response_id = created_stream(idle.client, "m")
    client = idle.client.with_key(BOB) if who == "another tenant" else idle.client
    if who == "deleted":
        assert client.delete(response_id).status == 200
    reply = client.get(follow_path(client, UNKNOWN_ID if who == "nobody" else response_id))
    assert (reply.status, reply.error()["code"]) == (404, "response_not_found")
    plain = client.get_response(UNKNOWN_ID if who == "nobody" else response_id)
    assert reply.error() == plain.error()


def test_reader_without_a_key_is_refused(idle):
    response_id = created_stream(idle.client, "m")
    client = idle.client.with_key("sk-wrong")
    assert client.get(follow_path(client, response_id)).status == 401


def test_each_path_leads_to_the_stream(idle):
    for prefix in ("", "/v1", "/openai/v1"):
        client = idle.client.with_prefix(prefix)
        first, response_id = create_stream(client, "m")
        first.close()
        with follow(client, response_id) as follower:
            assert follower.next().text == first.events[0].text


def test_long_events_and_many_of_them_are_whole_for_late_readers_too(stack, model):
    deltas = ["x" * 200_000, *(f"{number} " for number in range(3000)), "é" * 70_000, "end"]
    events = ended(stack, model, message_stream(deltas))
    final = assert_whole(stack, events)
    assert output_text(final) == "".join(deltas)
    for after in (None, 3, 4, 1000):
        late = events_after(stack.client, final["id"], after)
        assert texts_of(late) == texts_of(events)[0 if after is None else after + 1:]


# ---- every end -----------------------------------------------------------------------------------


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


# ---- store, keys and what it costs ---------------------------------------------------------------


def keys_of(response_id):
    return [response_key(response_id), job_key(response_id), events_key(response_id)]


def test_unstored_response_is_kept_for_its_time_after_its_end(stack, model, feed):
    stack.upstream.script(model, [feed])
    follower, response_id = create_stream(stack.client, model, store=False)
    assert follower.events[0].data["response"]["store"] is False
    with follower:
        feed.send(*opening(), delta("a"))
        follower.text_upto("a")
        for key in keys_of(response_id):
            assert UNSTORED_TTL < stack.redis.ttl(key) <= TTL
        finish(feed, "a")
        follower.rest()
        events = follower.events
    assert output_text(assert_whole(stack, events)) == "a"
    for _ in range(2):
        for key in keys_of(response_id):
            assert 0 < stack.redis.ttl(key) <= UNSTORED_TTL
        assert texts_of(events_after(stack.client, response_id)) == texts_of(events)
        assert stack.client.poll(response_id)["store"] is False


def test_unstored_response_that_is_cancelled_is_kept_for_its_time(idle):
    follower, response_id = create_stream(idle.client, "m", store=False)
    with follower:
        idle.client.cancel(response_id)
        assert last_of(follower.rest())[0] == "failed"
    assert all(0 < idle.redis.ttl(key) <= 600 for key in keys_of(response_id))


def test_unstored_response_that_is_polled_is_kept_for_its_time(stack, model):
    stack.upstream.script(model, message_stream(["text"]))
    response_id = stack.client.create(model, store=False)["id"]
    assert stack.client.wait_terminal(response_id)["status"] == "completed"
    assert all(0 < stack.redis.ttl(key) <= UNSTORED_TTL for key in keys_of(response_id)[:2])


def test_response_that_is_not_streamed_has_no_events(stack, model):
    stack.upstream.script(model, message_stream(["text"]))
    plain = stack.client.create(model)["id"]
    stack.client.wait_terminal(plain)
    assert not stack.redis.exists(events_key(plain))
    followed = created_stream(stack.client, model)
    stack.client.wait_terminal(followed)
    assert set(stack.job(followed)) - set(stack.job(plain)) == {
        name for name in stack.job(followed) if name.startswith(b"stream")}


def test_keys_of_a_stream_live_as_long_as_its_object(stack, running):
    lives = [stack.redis.pttl(key) for key in keys_of(running)]
    assert max(lives) - min(lives) < 2000
    assert TTL * 1000 - 10_000 < min(lives) <= TTL * 1000
    stack.redis.expire(events_key(running), 100)
    stack.client.cancel(running)
    assert min(stack.redis.ttl(key) for key in keys_of(running)) > TTL - 10


def test_log_counts_as_the_response_s_length(make_stack):
    """Many short events are far longer than the text that they make."""
    stack = make_stack({"respool": {"max_response_bytes": 20_000}})
    stack.upstream.script("m", message_stream(["ab"] * 500))
    plain = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (plain["status"], output_text(plain)) == ("completed", "ab" * 500)
    events = ended(stack, "m", message_stream(["ab"] * 500))
    assert last_of(events)[0] == "failed"
    final = assert_whole(stack, events)
    assert final["error"]["code"]
    assert sum(map(len, log_of(stack, final["id"]))) < 25_000
    assert "ab" * 500 != output_text(final)


def calls_of_scripts(stack):
    stats = stack.redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


def written_during(stack, model, count):
    """How often scripts were called while so many events came one by one."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    follower, _ = create_stream(stack.client, model)
    with follower:
        feed.send(*opening())
        assert follower.next().type == "response.in_progress"  # at once, whatever the interval
        before = calls_of_scripts(stack)
        feed.send(*(delta(f"{number} ") for number in range(count)))
        finish(feed, counted(0, count))
        follower.rest()
        assert_whole(stack, follower.events)
        return calls_of_scripts(stack) - before


def test_events_are_written_once_in_an_interval(make_stack):
    """It is longer than the test, so that what comes in between waits for the end."""
    stack = make_stack({"respool": {"stream_interval_ms": 60_000, "flush_interval_ms": 60_000,
                                    "lease_seconds": 120, "keepalive_seconds": 60}})
    assert written_during(stack, "m", 300) < 12


# ---- several of each program ---------------------------------------------------------------------


class TwoResponders(Stack):
    """Two respool.fcgi with two relays each behind one web server, the second one under /two."""

    def start_responder(self, relays=2):
        super().start_responder(relays)
        path = self.directory / "two.sock"
        second = self.start("respool.fcgi-two", [
            BUILD / "respool.fcgi", "-c", self.config_path, "-s", f"unix:{path}", "-w", "2",
            "-r", "2"])
        await_socket(second, path)
        second.await_start()

    def fastcgi_config(self):
        return "fastcgi.server = (\n" + ",\n".join(
            f'  "{mount}" => (( "socket" => "{self.directory}/{name}.sock", '
            f'"check-local" => "disable" ))' for mount, name in (("/two", "two"), ("/", "fcgi"))
        ) + "\n)"


def test_two_programs_with_two_relays_each_serve_the_same_stream(model, feed):
    stack = TwoResponders()
    try:
        stack.upstream.script(model, [feed])
        follower, response_id = create_stream(stack.client, model)
        clients = [stack.client, stack.client.with_prefix("/two/v1")]
        readers = [follow(clients[number % 2], response_id) for number in range(16)]
        feed.send(*opening(), *(delta(f"{number} ") for number in range(50)))
        finish(feed, counted(0, 50))
        with follower:
            follower.rest()
        assert_whole(stack, follower.events)
        for reader in readers:
            with reader:
                assert texts_of(reader.rest()) == texts_of(follower.events)
    finally:
        stack.close()


def test_cancel_and_deletion_by_one_program_reach_readers_of_the_other(model):
    stack = TwoResponders()
    try:
        stack.upstream.script(model, [Hang()])
        other = stack.client.with_prefix("/two/v1")
        for call in (stack.client.cancel, stack.client.delete):
            follower, response_id = create_stream(other, model)
            with follower:
                assert call(response_id).status == 200
                ends = [event for event in follower.rest() if event.is_terminal]
                assert types_of(ends) == (["failed"] if call == stack.client.cancel else [])
    finally:
        stack.close()
