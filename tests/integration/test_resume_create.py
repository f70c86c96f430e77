"""Streamed background responses: how they are created."""

import pytest

from events import delta, message_stream, opening
from following import Collection, create_stream, created_stream, events_after, follow
from harness import output_text
from resuming import STACK  # noqa: F401  (what the stack is)
from resuming import KEEPALIVE
from resuming import idle  # noqa: F401  (a fixture)
from whole_streams import assert_whole, counted, ended, finish, types_of


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
