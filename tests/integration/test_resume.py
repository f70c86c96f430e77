"""Background responses that are followed as streams: created so, cut, and taken up again.

The truth of each: its events are numbered from 0 by 1, each the same for every reader and at any
time; they are a stream that OpenAI's SDKs take; they add up to the object of the terminal event, of
which there is one; and that is the object that is polled, to the byte.
"""

import json

import pytest

from events import delta, message_stream, opening
from following import (Collection, Follower, create_stream, created_stream, events_after, follow,
                       follow_path)
from harness import BOB, UNKNOWN_ID, output_text, response_key
from resuming import STACK  # noqa: F401  (what the stack is)
from resuming import idle  # noqa: F401  (a fixture)
from whole_streams import assert_whole, counted, ended, finish, texts_of


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
