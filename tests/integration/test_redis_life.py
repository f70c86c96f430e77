"""The life of responses wherever Redis is: behind Sentinels or as a Cluster, Redis or Valkey."""

import pytest

import harness
from events import delta, message_stream, opening
from following import create_stream, events_after, follow
from harness import Stack, output_text, wait_until
from redis_cluster import Cluster, slot_of
from redis_places import places
from upstream import Hang, Script

PLACES = places()


@pytest.fixture(scope="module", params=PLACES, ids=[place.name for place in PLACES])
def place(request):
    return request.param


@pytest.fixture(scope="module")
def servers(place):
    directory = harness.short_directory()
    servers = place.start(directory)
    yield servers
    servers.close()
    harness.remove(directory)


@pytest.fixture(scope="module")
def stack(place, servers):
    stack = Stack(place.config(), servers=servers)
    yield stack
    stack.close()


def test_response_grows_is_polled_and_stays_what_it_became(client, upstream, model, feed):
    upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening(), delta("Hello"))
    client.wait_for(response_id, lambda object: output_text(object) == "Hello", "its first text")
    seen = client.get_response(response_id)
    same = {"If-None-Match": seen.headers["etag"]}
    assert client.get_response(response_id, headers=same).status == 304
    feed.send(delta(" there"))
    client.wait_for(response_id, lambda object: output_text(object) == "Hello there", "more")
    assert client.get_response(response_id, headers=same).status == 200
    feed.finish()
    final = client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "Hello there")
    assert client.poll(response_id) == final


def test_cancel_reaches_the_provider(client, upstream, model):
    upstream.script(model, [*opening(), delta("Hello"), Hang()])
    response_id = client.create(model)["id"]
    client.wait_for(response_id, output_text, "some text")
    reply = client.cancel(response_id)
    assert (reply.status, reply.json()["status"]) == (200, "cancelled")
    assert upstream.wait_request(model).peer_closed.wait(5)
    assert output_text(client.poll(response_id)) == "Hello"


def test_deleted_response_is_gone_with_all_of_its_keys(stack, client, upstream, model):
    upstream.script(model, message_stream(["Hello"]))
    follower, response_id = create_stream(client, model)
    with follower:
        follower.rest()
    assert client.delete(response_id).status == 200
    assert client.get_response(response_id).status == 404
    assert not [key for key in stack.redis.scan_iter() if response_id.encode() in key]


def test_stream_that_was_cut_is_taken_up_where_it_was(client, upstream, model, feed):
    upstream.script(model, [feed])
    follower, response_id = create_stream(client, model)
    with follower:
        feed.send(*opening(), delta("Hel"))
        last = follower.text_upto("Hel")[-1].number
    with follow(client, response_id, last) as follower:
        feed.send(delta("lo"))
        follower.text_upto("lo")
        feed.finish()
        final = follower.rest()[-1]
    assert output_text(final.data["response"]) == "Hello"
    assert final.data["response"] == client.poll(response_id)
    whole = events_after(client, response_id)
    assert [event.number for event in whole] == list(range(len(whole)))


def test_response_continues_another_and_tells_what_was_asked(client, upstream, model):
    upstream.script(model, message_stream(["Hello"]), message_stream(["Again"]))
    first = client.create(model, input="First")["id"]
    client.wait_terminal(first)
    second = client.create(model, input="Second", previous_response_id=first)["id"]
    assert output_text(client.wait_terminal(second)) == "Again"
    asked = upstream.wait_request(model, 2).json()["input"]
    assert [text for text in ("First", "Hello", "Second") if text in str(asked)] == [
        "First", "Hello", "Second"]
    assert "Second" in str(client.input_items(second).json()["data"])


def test_who_made_a_passed_through_response_is_remembered(client, upstream, model):
    native = f"resp_{model}"
    answer = Script([b'{"id": "%s", "object": "response"}' % native.encode()],
                    headers={"Content-Type": "application/json"})
    upstream.script(model, answer)
    upstream.script(f"/v1/responses/{native}", answer)
    assert client.post_create({"model": model, "input": "x"}).json()["id"] == native
    assert client.get_response(native).json()["id"] == native
    assert client.with_key(harness.BOB).get_response(native).status == 404
    assert client.delete(native).status == 200


def test_job_of_a_lost_worker_is_done_again(stack, client, upstream, model):
    upstream.script(model, [*opening(), delta("Hel"), Hang()], message_stream(["Hello"]))
    response_id = client.create(model)["id"]
    client.wait_for(response_id, output_text, "some text")
    harness.kill(stack.supervisor.children()[0])
    assert output_text(client.wait_terminal(response_id)) == "Hello"


def test_all_that_is_stored_is_in_the_namespace_and_where_it_belongs(stack, servers, client,
                                                                      upstream, model):
    upstream.script(model, message_stream(["Hello"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    keys = [key.decode() for key in stack.redis.scan_iter()]
    assert keys and all(key.startswith(stack.key("litellm:polling:")) for key in keys)
    slots = {slot_of(key) for key in keys if response_id in key}
    assert len(slots) == 1
    if isinstance(servers, Cluster):
        assert stack.stored(response_id) == servers.owner(slots.pop()).client.get(
            harness.response_key(response_id, stack.key_prefix))


def test_nobody_complains_about_redis(stack, client):
    """Comes last. A name of the connections that Redis shows is a courtesy to the operator."""
    wait_until(lambda: client.get("/health/readiness").status == 200, what="readiness")
    for program in (stack.responder, stack.supervisor):
        said = [line for line in program.stderr().splitlines()
                if "edis" in line and "keeps nothing on disk" not in line]
        assert not said
    names = {connection["name"] for server in stack.servers.masters()
             for connection in server.client.client_list()}
    assert {"respool-responder", "respool-worker-commands"} <= names
