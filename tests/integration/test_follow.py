"""Background responses as streams: what readers get while a worker, here the test, writes."""

import http.client
import json
import os
import resource
import select
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import fastcgi
from deployed import (ApacheProxySite, ApacheSite, LighttpdSite, LighttpdSpawnSite, NginxSite,
                      sites)
from following import Follower, create_stream, created_stream, data_of, follow
from harness import (ALICE, BOB, children_of, events_key, job_key, private_part, response_key,
                     wait_until)
from teller import Teller

STACK = {"supervisor": False}
UNKNOWN_ID = "litellm_poll_00000000-0000-4000-8000-000000000000"


@pytest.fixture
def response_id(client, model):
    return created_stream(client, model)


@pytest.fixture
def teller(stack, response_id):
    return Teller(stack.redis, response_id)


def relays_of(stack):
    return children_of(stack.responder.pid, "relay")


def descriptors(pid):
    return len(os.listdir(private_part(pid, "fd")))


def followed(stack):
    return stack.redis.pubsub_channels(events_key("*"))


def is_cut(reader):
    """Whether what is left of the stream breaks off, and that can be seen."""
    try:
        reader.answer.read()
    except (http.client.IncompleteRead, ConnectionError):
        return True
    finally:
        reader.close()
    return False


def numbers(events):
    return [event.number for event in events]


def assert_terminal(event, number, object, kind):
    assert event.data == {"type": f"response.{kind}", "sequence_number": number, "response": object}


# ---- create -------------------------------------------------------------------------------------


def test_the_answer_to_create_is_the_stream_from_the_first_event_on(client, stack, model):
    reader, response_id = create_stream(client, model, metadata={"a": "\n\u00e9"})
    assert reader.events[0].data["response"] == client.poll(response_id)
    assert reader.events[0].data["response"]["status"] == "queued"
    assert reader.events[0].data["response"]["background"] is True
    assert response_id in stack.queued()
    headers = reader.answer.headers
    assert headers.get_all("content-type") == ["text/event-stream; charset=utf-8"]
    assert headers.get_all("cache-control") == ["private, no-cache"]
    assert headers.get_all("x-content-type-options") == ["nosniff"]
    assert headers.get_all("x-request-id")
    assert "content-length" not in headers
    teller = Teller(stack.redis, response_id)
    assert teller.tell(2) == reader.take(2)
    teller.end()
    assert_terminal(reader.next(), 3, client.poll(response_id), "completed")
    assert reader.next() is None
    reader.close()


def test_a_first_event_is_whole_however_long(client, stack, model):
    reader, response_id = create_stream(client, model, instructions="i" * 500_000)
    assert reader.events[0].data["response"] == client.poll(response_id)
    assert Teller(stack.redis, response_id).tell(2) == reader.take(2)
    reader.close()


def test_the_first_event_needs_no_redis_any_more(make_stack):
    """A client that has created a response knows its id, and comes again when Redis is back."""
    stack = make_stack({"respool": {"keepalive_seconds": 1}}, supervisor=False, children=1)
    relay, = relays_of(stack)
    os.kill(relay, signal.SIGSTOP)
    try:
        connection = send_create(stack)
        wait_until(stack.queued, 5, "the response to be created")
        stack.redis.save()
        # The responder is done with it when it answers this.
        assert stack.client.get("/health/liveliness").status == 200
        stack.stop(stack.redis_program)
    finally:
        os.kill(relay, signal.SIGCONT)
    records = b""
    while b"response.created" not in records or b": keep-alive" not in records:
        records += connection.read_record()[2]
    stack.start_redis()
    teller = Teller(stack.redis, stack.queued()[0])
    wait_until(lambda: stack.redis.exists(teller.key), 5, "the log")
    teller.tell(1, "told")
    while b"told" not in records:
        records += connection.read_record()[2]
    assert records.count(b"response.created") == 2  # the line "event: " and the type
    connection.close()


def test_the_client_s_request_id_is_on_the_stream(client, model):
    reader = Follower(
        client, body={"model": model, "input": "x", "background": True, "stream": True},
        headers={"X-Request-ID": "my-id.1"})
    assert reader.answer.headers.get_all("x-request-id") == ["my-id.1"]
    reader.close()


@pytest.mark.parametrize("options", [
    None, {}, {"include_obfuscation": True}, {"include_obfuscation": False},
    {"include_obfuscation": None}])
def test_stream_options_are_taken(client, model, options):
    reader, _ = create_stream(client, model, stream_options=options)
    reader.close()


@pytest.mark.parametrize("options, param", [
    (7, "stream_options"), ([], "stream_options"),
    ({"include_obfuscation": "yes"}, "stream_options.include_obfuscation")])
def test_stream_options_are_checked(client, stack, model, options, param):
    before = len(stack.response_keys())
    reply = client.post_create({"model": model, "input": "x", "background": True, "stream": True,
                                "stream_options": options})
    assert (reply.status, reply.error()["param"]) == (400, param)
    assert len(stack.response_keys()) == before


def test_one_that_is_not_to_be_stored_is_streamed_as_well(client, stack, model):
    reader, response_id = create_stream(client, model, store=False)
    assert reader.events[0].data["response"]["store"] is False
    assert stack.job(response_id)[b"unstored_ttl"] == b"600"
    assert Teller(stack.redis, response_id).tell() == reader.take(1)
    reader.close()


def test_errors_of_create_are_answered_as_ever(client, stack, make_stack):
    body = {"model": "m", "input": "x", "background": True, "stream": True}
    for changes, status in (({"model": 7}, 400), ({"input": 7}, 400), ({"metadata": 7}, 400)):
        assert client.post_create({**body, **changes}).status == status
    assert client.with_key("wrong").post_create(body).status == 401
    full = make_stack({"respool": {"max_queue": 1}}, supervisor=False)
    created_stream(full.client, "m")
    assert full.client.post_create(body).error()["code"] == "queue_full"


def send_create(stack):
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"},
        json.dumps({"model": "m", "input": "x", "background": True, "stream": True}).encode())
    return connection


def test_nothing_is_left_of_one_that_no_relay_takes(make_stack):
    stack = make_stack(supervisor=False, children=1)
    relay, = relays_of(stack)
    waiting, refused = [], None
    os.kill(relay, signal.SIGSTOP)
    try:
        # As many as the line has room for wait on it.
        while refused is None:
            connection = send_create(stack)
            # The one responder answers this when it is done with that.
            assert stack.client.get("/health/liveliness").status == 200
            if select.select([connection.socket], [], [], 0)[0]:
                refused = connection.read_answer()[0]
            else:
                waiting.append(connection)
            assert len(waiting) < 2000
        assert b"Status: 503" in refused and b"relay_unavailable" in refused
        assert b"Retry-After: " in refused
        assert len(stack.queued()) == len(stack.response_keys()) == len(waiting)
    finally:
        os.kill(relay, signal.SIGCONT)
    for connection in waiting:
        assert connection.read_record()[0] == fastcgi.STDOUT
        connection.close()


# ---- resume -------------------------------------------------------------------------------------


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


# ---- silence, slowness, leaving -----------------------------------------------------------------


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
    stack.redis.config_resetstat()
    teller = Teller(stack.redis, response_id)
    for _ in range(20):
        events = teller.tell(2)
        for reader in readers:
            assert reader.take(2) == events
    stats = stack.redis.info("commandstats")
    assert not {name for name in stats if "eval" in name or "lrange" in name}
    for reader in readers:
        reader.close()


# ---- what breaks --------------------------------------------------------------------------------


def test_readers_outlive_a_restart_of_redis(make_stack, model):
    stack = make_stack({"respool": {"keepalive_seconds": 1}}, supervisor=False)
    reader, response_id = create_stream(stack.client, model)
    teller = Teller(stack.redis, response_id)
    assert teller.tell(3) == reader.take(3)
    stack.redis.save()
    stack.stop(stack.redis_program)
    reply = stack.client.get_response(f"{response_id}?stream=true")
    assert (reply.status, reply.error()["code"]) == (503, "store_unavailable")
    assert reply.headers["retry-after"]
    assert reader.next_comment() == b": keep-alive"
    stack.start_redis()
    teller.redis = stack.redis
    wait_until(lambda: stack.redis.exists(teller.key), 5, "the log")
    told = teller.tell(3)
    assert reader.take(3) == told
    teller.end()
    assert reader.next().number == 7
    reader.close()


def test_readers_outlive_the_loss_of_a_connection(stack, client, teller, response_id):
    with follow(client, response_id) as reader:
        reader.take(1)
        for kind in ("pubsub", "normal"):
            for connection in stack.redis.client_list(_type=kind):
                if int(connection["id"]) != stack.redis.client_id():
                    stack.redis.client_kill_filter(_id=connection["id"])
            told = teller.tell(2, publish=False) + teller.tell(2)
            assert reader.take(4) == told


def test_any_relay_serves_any_response(make_stack):
    stack = make_stack(supervisor=False, responder=False)
    stack.start_responder(relays=2)
    response_id = created_stream(stack.client, "m")
    readers = [follow(stack.client, response_id) for _ in range(6)]
    for reader in readers:
        reader.take(1)
    assert stack.redis.pubsub_numsub(events_key(response_id))[0][1] == 2
    teller = Teller(stack.redis, response_id)
    told = teller.tell(3)
    teller.end()
    for reader in readers:
        assert data_of(reader.rest())[:3] == told
        reader.close()


def test_readers_are_served_where_nothing_is_passed_through(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 0}}, supervisor=False)
    reader, response_id = create_stream(stack.client, "m")
    teller = Teller(stack.redis, response_id)
    assert teller.tell(2) == reader.take(2)
    reader.close()
    assert stack.client.post_create({"model": "m", "input": "x", "stream": True}).status == 501


def test_without_a_parent_the_process_starts_its_relay(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 0}}, supervisor=False, children=0)
    reader, response_id = create_stream(stack.client, "m")
    assert Teller(stack.redis, response_id).tell(2) == reader.take(2)
    assert stack.client.poll(response_id)["id"] == response_id
    reader.close()


def test_one_reader_too_many_is_told_to_come_back(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 0}}, supervisor=False)
    relay, = relays_of(stack)
    resource.prlimit(relay, resource.RLIMIT_NOFILE, (192, 192))
    os.kill(relay, signal.SIGHUP)
    first, response_id = create_stream(stack.client, "m")
    readers = [first] + [follow(stack.client, response_id) for _ in range(63)]
    reply = stack.client.get_response(f"{response_id}?stream=true")
    assert (reply.status, reply.error()["code"]) == (503, "streams_busy")
    assert reply.headers["retry-after"]
    created, created_id = create_stream(stack.client, "m")
    assert created.next() is None
    assert created_id in stack.queued()
    for reader in readers:
        reader.close()

    def has_room():
        with Follower(stack.client, response_id) as reader:
            return reader.status == 200

    wait_until(has_room, 5, "room for a reader")


def test_readers_have_time_to_end_and_are_cut_off_then(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 2}}, supervisor=False)
    reader, response_id = create_stream(stack.client, "m")
    other, _ = create_stream(stack.client, "m")
    stack.responder.send_signal(signal.SIGTERM)
    teller = Teller(stack.redis, response_id)
    assert teller.tell(1) == reader.take(1)
    teller.end()
    assert reader.next().type == "response.completed"
    assert reader.next() is None
    assert is_cut(other)
    assert stack.responder.wait(10) == 0
    stack.programs.remove(stack.responder)
    reader.close()


def test_another_redis_ends_readers_of_the_first(make_stack):
    stack = make_stack(supervisor=False)
    other = make_stack(supervisor=False, responder=False, web=False)
    reader, _ = create_stream(stack.client, "m")
    stack.config["litellm_settings"]["cache_params"]["socket_path"] = \
        str(other.directory / "redis.sock")
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    assert is_cut(reader)

    def is_followed():
        """Responders and relays do not change at the same moment."""
        body = {"model": "m", "input": "x", "background": True, "stream": True}
        with Follower(stack.client, body=body) as new:
            if new.status != 200:
                return False
            new_id = new.next().data["response"]["id"]
            told = other.redis.exists(events_key(new_id)) and Teller(other.redis, new_id).tell(1)
            return told and new.take(1) == told

    wait_until(is_followed, 5, "a stream of the other Redis")


def test_a_connection_is_kept_for_the_next_request(stack, client, response_id):
    """Streams and polls in turn on one FastCGI connection."""
    client.cancel(response_id)
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    for query in ("stream=true", "", "stream=true", "stream=true&starting_after=1", ""):
        connection.send_request(
            {"REQUEST_METHOD": "GET", "SCRIPT_NAME": f"/v1/responses/{response_id}",
             "QUERY_STRING": query, "HTTP_AUTHORIZATION": f"Bearer {ALICE}"})
        text, status = connection.read_answer()
        assert (b"Status: 200" in text, status) == (True, 0)
        assert text.count(b"event: ") == (2 if query == "stream=true" else 0)
    connection.close()


# ---- behind each web server ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [LighttpdSite, LighttpdSpawnSite, NginxSite, ApacheProxySite, ApacheSite])
def test_events_come_in_step_behind_every_web_server(kind, model):
    with sites() as make:
        site = make(kind, supervisor=False, children=2)
        reader, response_id = create_stream(site.client, model)
        teller = Teller(site.redis, response_id)
        assert reader.answer.headers.get_all("content-type") == [
            "text/event-stream; charset=utf-8"]
        assert len(reader.answer.headers.get_all("connection") or ["keep-alive"]) == 1
        for size in (1, 1, 20_000, 200_000, 1):
            assert teller.tell(2, "w" * size) == reader.take(2)
        reader.close()
        with follow(site.client, response_id, 3) as second:
            assert numbers(second.next() for _ in range(7)) == list(range(4, 11))
            object = teller.end()
            assert_terminal(second.next(), 11, object, "completed")
            assert second.next() is None
