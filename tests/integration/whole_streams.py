"""What holds of the event stream of a background response, and how tests come by one."""

import re

from events import completed, message_item, text_part
from following import create_stream, data_of
from harness import events_key, job_key, response_key
from stream_rules import accumulate, problems
from upstream import Cut, Gate

TTL = 3600  # the configuration's default


def log_of(stack, response_id):
    return stack.redis.lrange(events_key(response_id), 0, -1)


def assert_whole(stack, events, restarted=False, client=None):
    """All that holds of a stream that was read from 0 to its end. Returns the object."""
    data = data_of(events)
    assert problems(data, restarted) == []
    assert [event.is_terminal for event in events] == [False] * (len(events) - 1) + [True]
    final, response_id = data[-1]["response"], data[0]["response"]["id"]
    assert accumulate(data, restarted) == final
    reply = (client or stack.client).get_response(response_id)
    assert reply.status == 200, reply
    assert reply.json() == final
    assert events[-1].object_text() == reply.body.replace(b"\r", b" ").replace(b"\n", b" ")
    assert [event.text + b"\n\n" for event in events[:-1]] == log_of(stack, response_id)
    for key in (events_key(response_id), response_key(response_id), job_key(response_id)):
        assert 0 < stack.redis.ttl(key) <= TTL
    return final


def assert_abandoned_items_end(events, final, restarted):
    """Before the first item of the last attempt is announced; what was open is incomplete."""
    announced = [event.data for event in events if event.type == "response.output_item.added"]
    done = {event.data["output_index"]: event.data["item"]
            for event in events if event.type == "response.output_item.done"}
    abandoned = len(announced) - len(final["output"])
    assert restarted == (abandoned > 0)
    assert types_of(events).count("in_progress") == 1
    if not restarted:
        return
    assert [one["output_index"] for one in announced] == list(range(len(announced)))
    assert "incomplete" in [done[index].get("status") for index in range(abandoned)]
    ids = [item["id"] for item in done.values()]
    assert len(set(ids)) == len(ids)


# What the events of items say of the object, where it is as the provider has made it: members that
# it has left out or put in at last, and states that it has not brought to an end.
OF_THE_PROVIDER = re.compile(
    r": done-status: |: call-name: |: done-agrees: (the part|its content) is not what has come"
    r"|: members: response.output_text.done lacks something: KeyError\('logprobs'\)")

OF_REPLACED_TEXT = re.compile(r": done-agrees: |" + OF_THE_PROVIDER.pattern)


def texts_agree(data):
    """Of each text, whether its deltas add up to it."""
    grown = {}
    for event in data:
        place = (event.get("output_index"), event.get("content_index"))
        if event["type"] == "response.output_text.delta":
            grown[place] = grown.get(place, "") + event["delta"]
        elif event["type"] == "response.output_item.done":
            for index, part in enumerate(event["item"].get("content") or []):
                if part["type"] == "output_text":
                    yield grown.pop((place[0], index), "") == part["text"]
    yield grown == {}


def assert_sound(stack, events, replaced=False):
    """
    As assert_whole(), but the object may be as wrong as the provider's, and have changed items that
    were done. replaced: the provider has put another text in the place of one that had come.
    Returns the object.
    """
    data, final = data_of(events), events[-1].data["response"]
    told = data[:-1]
    allowed = OF_REPLACED_TEXT if replaced else OF_THE_PROVIDER
    assert [problem for problem in problems(told) if not allowed.search(problem)] == [
        f"event {len(told)}: terminal: the stream has no terminal event"]
    assert all(texts_agree(told)) or replaced
    assert [event.is_terminal for event in events] == [False] * len(told) + [True]
    reply = stack.client.get_response(final["id"])
    assert reply.json() == final
    assert events[-1].object_text() == reply.body.replace(b"\n", b" ")
    items = accumulate(told)["output"]
    last = items[len(items) - len(final["output"]):]
    for member in ("type", "call_id"):
        assert [item.get(member) for item in last] == [
            item.get(member) for item in final["output"]]
    assert {item["id"] for item in final["output"] if item.get("id")} <= {
        item.get("id") for item in last}
    return final


def ended(stack, model, *scripts, **fields):
    """A streamed response that has ended: its events."""
    stack.upstream.script(model, *scripts)
    follower, _ = create_stream(stack.client, model, **fields)
    with follower:
        follower.rest()
        return follower.events


def ended_again(stack, model, first, second, seen):
    """One whose first attempt breaks off when the reader has an event of which seen is true."""
    gate = Gate()
    stack.upstream.script(model, [*first, gate, Cut()], second)
    follower, _ = create_stream(stack.client, model)
    with follower:
        follower.upto(seen)
        gate.open()
        follower.rest()
        return follower.events


def types_of(events):
    return [event.type.removeprefix("response.") for event in events]


def texts_of(events):
    return [event.text for event in events]


def last_of(events):
    return events[-1].type.removeprefix("response."), events[-1].data["response"]


def counted(first, end):
    return "".join(f"{number} " for number in range(first, end))


def ending(text):
    """The events behind the last delta of the message that opening() began."""
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    item = message_item("msg_1", "completed", [text_part(text)])
    return [{"type": "response.output_text.done", **at, "text": text, "logprobs": []},
            {"type": "response.content_part.done", **at, "part": text_part(text)},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            completed([item])]


def finish(feed, text):
    """The stream ends; text is all that it has said."""
    feed.send(*ending(text))
    feed.finish()
