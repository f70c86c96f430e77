"""What breaks while readers follow a response."""

import http.client
import os
import resource
import signal

import fastcgi
from following import Follower, create_stream, created_stream, data_of, follow
from harness import ALICE, events_key, wait_until
from relaying import relays_of
from teller import Teller
from told_streams import STACK  # noqa: F401  (what the stack is)
from told_streams import response_id, teller  # noqa: F401  (fixtures)


def is_cut(reader):
    """Whether what is left of the stream breaks off, and that can be seen."""
    try:
        reader.answer.read()
    except (http.client.IncompleteRead, ConnectionError):
        return True
    finally:
        reader.close()
    return False


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
