"""Readers that take a stream up again, while the test writes."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from following import follow
from harness import BOB, UNKNOWN_ID, response_key
from told_streams import STACK  # noqa: F401  (what the stack is)
from told_streams import assert_terminal, numbers
from told_streams import response_id, teller  # noqa: F401  (fixtures)



def test_stored_events_come_first_and_then_live_ones_without_a_gap(client, teller, response_id):
    told = teller.tell(40)
    with follow(client, response_id) as reader:
        assert reader.take(41)[1:] == told
        assert reader.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        for count in (1, 1, 30, 1):
            assert teller.tell(count) == reader.take(count)
        object = teller.end()
        assert_terminal(reader.next(), 74, object, "completed")
        assert reader.next() is None


def test_twenty_readers_that_come_at_any_time_get_all(client, teller, response_id):
    def read(number):
        time.sleep(number * 0.01)
        with follow(client, response_id) as reader:
            return reader.rest()

    with ThreadPoolExecutor(20) as threads:
        results = [threads.submit(read, number) for number in range(20)]
        for _ in range(60):
            teller.tell(5)
            time.sleep(0.005)
        object = teller.end()
        for result in results:
            events = result.result()
            assert numbers(events) == list(range(302))
            assert_terminal(events[-1], 301, object, "completed")


def test_a_large_log_comes_whole(client, teller, response_id):
    """Many pages, and events that are larger than one."""
    teller.tell(3000, "y" * 100)
    teller.tell(3, "z" * 300_000)
    teller.tell(5)
    teller.end()
    with follow(client, response_id) as reader:
        events = reader.rest()
    assert numbers(events) == list(range(3010))
    assert len(events[3002].data["delta"]) == 300_000


@pytest.mark.parametrize("after, expected", [
    (0, [1, 2, 3, 4]), (2, [3, 4]), (3, [4]), (4, []), (5, []), (10 ** 15, [])])
def test_a_final_one_goes_on_behind_a_number(client, teller, response_id, after, expected):
    teller.tell(3)
    teller.end("incomplete")
    with follow(client, response_id, after) as reader:
        events = reader.rest()
    assert numbers(events) == expected
    assert not expected or events[-1].type == "response.incomplete"


@pytest.mark.parametrize("after, expected", [(0, [1, 2, 3]), (1, [2, 3]), (2, [3]), (4, [])])
def test_one_that_runs_goes_on_behind_a_number(client, teller, response_id, after, expected):
    teller.tell(1)
    with follow(client, response_id, after) as reader:
        teller.tell(1)
        teller.end()
        assert numbers(reader.rest()) == expected


def test_what_is_past_the_end_of_one_that_runs_is_waited_for(client, teller, response_id):
    with follow(client, response_id, 5) as reader:
        teller.tell(4)
        teller.tell(3)
        assert numbers([reader.next(), reader.next()]) == [6, 7]


@pytest.mark.parametrize("status, kind", [
    ("completed", "completed"), ("failed", "failed"), ("incomplete", "incomplete"),
    ("cancelled", "failed")])
def test_the_last_event_is_the_object_that_is_polled(client, teller, response_id, status, kind):
    with follow(client, response_id) as reader:
        reader.take(1)
        teller.end(status)
        event = reader.next()
        assert_terminal(event, 1, client.poll(response_id), kind)
        assert event.data["response"]["status"] == status
        assert reader.next() is None


def test_cancel_ends_readers_with_a_failed_event(client, response_id):
    with follow(client, response_id) as reader:
        reader.take(1)
        cancelled = client.cancel(response_id).json()
        assert_terminal(reader.next(), 1, cancelled, "failed")
        assert reader.next() is None


def test_delete_ends_readers(client, response_id):
    with follow(client, response_id) as reader:
        reader.take(1)
        began = time.monotonic()
        assert client.delete(response_id).status == 200
        assert reader.next() is None
        assert time.monotonic() - began < 3
    assert client.get(f"/v1/responses/{response_id}?stream=true").status == 404


def test_what_ended_while_a_reader_was_away_is_there(client, teller, response_id):
    with follow(client, response_id) as reader:
        reader.take(1)
    teller.tell(3, publish=False)
    teller.end(publish=False)
    with follow(client, response_id, 1) as reader:
        assert numbers(reader.rest()) == [2, 3, 4]


@pytest.mark.parametrize("query", [
    "&include_obfuscation=true", "&include_obfuscation=false", "&include[]=reasoning.encrypted",
    "&include%5B%5D=x&include=y", "&starting_after=0&api-version=1"])
def test_other_parameters_are_accepted(client, response_id, query):
    follow(client, response_id, query=f"stream=true{query}").close()


@pytest.mark.parametrize("query, param", [
    ("?stream=yes", "stream"), ("?stream=", "stream"), ("?stream=1", "stream"),
    ("?stream=true&starting_after=-1", "starting_after"),
    ("?stream=true&starting_after=x", "starting_after"),
    ("?stream=true&starting_after=", "starting_after"),
    ("?stream=true&starting_after=9223372036854775807", "starting_after"),
    ("?stream=true&include_obfuscation=x", "include_obfuscation")])
def test_parameters_are_checked(client, response_id, query, param):
    reply = client.get_response(response_id + query)
    assert (reply.status, reply.error()["param"]) == (400, param)


@pytest.mark.parametrize("query", ["", "?stream=false", "?stream=false&starting_after=7",
                                   "?starting_after=x"])
def test_one_that_is_streamed_can_be_polled(client, response_id, query):
    reply = client.get_response(response_id + query)
    assert (reply.status, reply.json()["id"]) == (200, response_id)


def test_another_tenant_s_and_unknown_ones_are_not_found(client, response_id):
    for reply in (client.with_key(BOB).get_response(f"{response_id}?stream=true"),
                  client.get_response(f"{UNKNOWN_ID}?stream=true")):
        assert reply.status == 404
        assert reply.error()["code"] == "response_not_found"
    assert client.with_key("wrong").get_response(f"{response_id}?stream=true").status == 401


def test_one_that_was_not_created_so_is_no_stream(client, stack, model):
    response_id = client.create(model)["id"]
    foreign = "litellm_poll_11111111-0000-4000-8000-000000000000"
    stack.redis.set(response_key(foreign), json.dumps({"id": foreign, "status": "completed"}))
    for one in (response_id, foreign):
        reply = client.get_response(f"{one}?stream=true")
        assert (reply.status, reply.error()["param"]) == (400, "stream")
        assert "cannot be streamed" in reply.error()["message"]


def test_head_is_answered_with_a_head(client, response_id):
    reply = client.request("HEAD", f"/v1/responses/{response_id}?stream=true")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert client.request("HEAD", f"/v1/responses/{UNKNOWN_ID}?stream=true").status == 404
