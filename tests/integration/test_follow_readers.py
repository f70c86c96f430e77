"""Readers that hear nothing, are slow or leave."""

import os
import time

from asked import asked_about
from following import create_stream, created_stream, follow
from harness import events_key, job_key, private_part, response_key, wait_until
from relaying import relays_of
from teller import Teller
from told_streams import STACK  # noqa: F401  (what the stack is)
from told_streams import assert_terminal, numbers
from told_streams import response_id, teller  # noqa: F401  (fixtures)


def descriptors(pid):
    return len(os.listdir(private_part(pid, "fd")))


def followed(stack):
    return stack.redis.pubsub_channels(events_key("*"))


def test_silence_is_filled_with_comments_also_while_it_is_queued(make_stack, model):
    stack = make_stack({"respool": {"keepalive_seconds": 1}}, supervisor=False)
    reader, response_id = create_stream(stack.client, model)
    teller = Teller(stack.redis, response_id)
    began = time.monotonic()
    assert [reader.next_comment() for _ in range(2)] == [b": keep-alive"] * 2
    assert time.monotonic() - began > 1.5
    assert teller.tell(2) == reader.take(2)
    assert reader.next_comment() == b": keep-alive"
    reader.close()


def test_what_nobody_was_told_of_is_found_all_the_same(client, stack, teller, response_id, model):
    """Redis may forbid to publish, and tells of no key that has expired."""
    expired, expired_id = create_stream(client, model)
    stack.redis.delete(response_key(expired_id), job_key(expired_id), events_key(expired_id))
    with follow(client, response_id) as reader:
        told = teller.tell(3, publish=False)
        object = teller.end(publish=False)
        assert reader.take(4)[1:] == told
        assert_terminal(reader.next(), 4, object, "completed")
    assert expired.next() is None
    expired.close()


def test_who_stops_reading_holds_up_nobody_and_gets_all(client, teller, response_id):
    slow = follow(client, response_id)
    slow.take(1)
    with follow(client, response_id) as fast:
        fast.take(1)
        for _ in range(100):
            assert teller.tell(20, "s" * 2000) == fast.take(20)
    teller.end()
    assert numbers(slow.rest()) == list(range(1, 2002))
    slow.close()


def test_readers_that_leave_leave_nothing_behind(make_stack):
    stack = make_stack(supervisor=False)
    relay, = relays_of(stack)
    ids = [created_stream(stack.client, "m") for _ in range(3)]
    with follow(stack.client, ids[2]) as reader:
        reader.take(1)
    wait_until(lambda: not followed(stack), 5, "all to be unsubscribed")
    before = descriptors(relay)
    readers = [follow(stack.client, ids[i % 3]) for i in range(30)]
    for reader in readers:
        reader.take(1)
    assert len(followed(stack)) == 3
    assert descriptors(relay) > before + 20
    for reader in readers:
        reader.close()
    wait_until(lambda: descriptors(relay) <= before + 1, 10, "all to be closed")
    wait_until(lambda: not followed(stack), 5, "all to be unsubscribed")


def test_one_subscription_serves_all_readers(make_stack):
    stack = make_stack(supervisor=False)
    response_id = created_stream(stack.client, "m")
    readers = [follow(stack.client, response_id) for _ in range(10)]
    for reader in readers:
        reader.take(1)
    assert stack.redis.pubsub_numsub(events_key(response_id))[0][1] == 1
    teller = Teller(stack.redis, response_id)

    def tell():
        for _ in range(20):
            events = teller.tell(2)
            for reader in readers:
                assert reader.take(2) == events

    asked = asked_about(stack.redis, response_id, tell)
    assert asked.count("PUBLISH") == 20
    assert not {"EVALSHA", "LRANGE"} & set(asked)
    for reader in readers:
        reader.close()
