"""A delta costs its own size plus a constant on the wire to Redis, however long the answer is.

The stream goes on only when the last delta is in Redis, so that each is a write of its own; what
these tests themselves send to Redis is counted and taken off.
"""

import json

import pytest

from events import Stream, completed, delta, message_item, text_part
from harness import output_text, response_key, wait_until
from upstream import Feed, Sleep

STACK = {"config": {"respool": {"flush_interval_ms": 1, "lease_seconds": 60}}}
PIECE = 256


class Meter:
    """Bytes that Redis received from others."""

    def __init__(self, redis, response_id):
        self.redis = redis
        self.key = response_key(response_id)
        self.own = 0

    def stored(self):
        self.own += len(f"*2\r\n$3\r\nGET\r\n${len(self.key)}\r\n{self.key}\r\n")
        return self.redis.get(self.key)

    def received(self):
        self.own += len("*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n")
        return self.redis.info("stats")["total_net_input_bytes"] - self.own


def messages(count):
    """The beginning of a stream of so many messages."""
    stream = Stream().begin()
    for index in range(count):
        stream.item_added(message_item(f"msg_{index}"))
        stream.add("response.content_part.added", item_id=f"msg_{index}", output_index=index,
                   content_index=0, part=text_part())
    return stream.events


def cost(stack, model, size, items):
    """Bytes that Redis receives per byte of output while the texts of items grow in turn."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = stack.client.create(model)["id"]
    feed.send(*messages(items))
    stack.client.wait_for(
        response_id, lambda o: len(o["output"]) == items and o["output"][-1]["content"],
        "the items")
    meter = Meter(stack.redis, response_id)
    before = meter.received()
    for number in range(size // PIECE):
        index = number % items
        feed.send(delta("#" * PIECE, f"msg_{index}", index))
        wait_until(lambda: meter.stored().count(b"#") == (number + 1) * PIECE, 5,
                   "the delta to be stored", interval=0.001)
    received = meter.received() - before
    feed.send(completed())
    feed.end()
    assert output_text(stack.client.wait_terminal(response_id)) == "#" * size
    return received / size


@pytest.mark.slowish
@pytest.mark.parametrize("items, short, long", [(1, 2048, 65536), (2, 32768, 131072),
                                                (5, 32768, 131072)])
def test_bytes_written_per_byte_of_output_do_not_grow_with_its_length(
        stack, model, items, short, long):
    """Several items each get room to spare, which has to be in its stride in the shorter run."""
    before = cost(stack, f"{model}-short", short, items)
    after = cost(stack, f"{model}-long", long, items)
    print(f"{items} items: {before:.2f} bytes per byte for {short}, {after:.2f} for {long}")
    assert after <= before * 1.3
    assert after <= 12


@pytest.mark.slowish
def test_stored_object_is_not_much_longer_than_what_it_says(stack, model):
    """Room to spare within the object is bounded."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = stack.client.create(model)["id"]
    feed.send(*messages(3))
    for number in range(300):
        feed.send(delta("y" * 97, f"msg_{number % 3}", number % 3))
    object = stack.client.wait_for(response_id, lambda o: len(output_text(o)) == 29100, "the text")
    compact = json.dumps(object, separators=(",", ":"), ensure_ascii=False)
    assert len(stack.stored(response_id)) <= 3 * len(compact)
    feed.send(completed())
    feed.end()
    stack.client.wait_terminal(response_id)


@pytest.mark.slowish
def test_changes_in_front_of_a_large_item_do_not_write_it_over_and_over(stack, model):
    """Without a bound each of them would: 800 MB."""
    large = "z" * (2 << 20)
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = stack.client.create(model)["id"]
    feed.send(*messages(400))
    feed.send({"type": "response.output_item.added", "output_index": 400,
               "item": message_item("large", content=[text_part(large)])})
    stack.client.wait_for(response_id, lambda o: len(o["output"]) == 401, "the items")
    meter = Meter(stack.redis, response_id)
    before = meter.received()
    for index in range(400):
        feed.send(delta("#" * 300, f"msg_{index}", index), Sleep(5))
    feed.send(completed())
    feed.end()
    final = stack.client.wait_terminal(response_id, timeout=60)
    assert output_text(final) == "#" * 300 * 400 + large
    assert meter.received() - before < 130 << 20
