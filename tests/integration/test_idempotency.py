"""Idempotency-Key on a background create: the same request again is answered with the response that
there is."""

import json
import os
import select
import signal
import threading

import pytest

import fastcgi
from events import delta, message_stream, opening
from following import Follower, events_after
from harness import ALICE, BOB, PROVIDER_KEY, children_of, output_text, wait_until
from operating import jobs_key
from redis_cluster import Cluster
from redis_proxy import RedisProxy
from store_stack import StoreStack

STACK = {"children": 2}
REPLAYED = "idempotent-replayed"
NAME = "Idempotency-Key"


@pytest.fixture
def key(model):
    return f"key {model} !~"


def body(model, **fields):
    return {"model": model, "input": "Hello", "background": True, **fields}


def post(client, key, request):
    return client.post_create(request, headers={NAME: key})


def created(reply):
    """The id of a new response."""
    assert reply.status == 200, reply
    assert REPLAYED not in reply.headers, reply
    return reply.json()["id"]


def replayed(reply):
    """The id of one that there was."""
    assert reply.status == 200, reply
    assert reply.headers[REPLAYED] == "true", reply
    return reply.json()["id"]


def idempotency_keys(stack):
    return list(stack.redis.scan_iter("*idempotent*"))


def test_same_request_is_answered_with_the_same_response(stack, client, model, key):
    stack.upstream.script(model, message_stream(["hello"]))
    response_id = created(post(client, key, body(model)))
    assert replayed(post(client, key, body(model))) == response_id
    client.wait_terminal(response_id)
    reply = post(client, key, body(model))
    assert replayed(reply) == response_id
    assert (reply.json()["status"], output_text(reply.json())) == ("completed", "hello")
    assert reply.json() == client.poll(response_id)
    assert "openai-poll-after-ms" not in reply.headers
    assert len(stack.upstream.requests(model)) == 1


def test_answer_is_the_object_as_it_is_by_then(stack, client, model, key, feed):
    stack.upstream.script(model, [*opening(), feed])
    response_id = created(post(client, key, body(model)))
    feed.send(delta("partly"))
    client.wait_for(response_id, lambda object: output_text(object) == "partly", "some text")
    reply = post(client, key, body(model))
    assert replayed(reply) == response_id
    assert (reply.json()["status"], output_text(reply.json())) == ("in_progress", "partly")
    assert reply.headers["openai-poll-after-ms"] == "500"
    client.cancel(response_id)
    assert post(client, key, body(model)).json()["status"] == "cancelled"


@pytest.mark.parametrize("other", [
    {"input": "Hallo"}, {"metadata": {"a": "b"}}, {"stream": True}])
def test_same_key_of_another_body_is_a_conflict(stack, client, model, key, other):
    response_id = created(post(client, key, body(model)))
    before = stack.response_keys()
    reply = post(client, key, body(model, **other))
    error = reply.error()
    assert (reply.status, error["type"], error["param"], error["code"]) == (
        409, "invalid_request_error", None, "idempotency_key_in_use")
    assert reply.headers["x-should-retry"] == "false"
    assert response_id not in error["message"] and key not in error["message"]
    assert stack.response_keys() == before


def test_body_counts_to_the_letter(client, model, key):
    text = '{"model": "%s", "input": "x", "background": true}' % model
    response_id = created(post(client, key, text))
    assert replayed(post(client, key, text)) == response_id
    assert post(client, key, text + " ").status == 409


def test_each_tenant_has_keys_of_its_own(client, model, key):
    mine = created(post(client, key, body(model)))
    other = client.with_key(BOB)
    theirs = created(post(other, key, body(model, input="other")))
    assert replayed(post(client, key, body(model))) == mine
    assert replayed(post(other, key, body(model, input="other"))) == theirs
    assert client.get_response(theirs).status == 404


def test_without_a_key_each_request_is_a_new_one(client, model):
    assert created(post(client, "", body(model))) != created(post(client, "", body(model)))
    assert created(client.post_create(body(model))) != created(client.post_create(body(model)))


@pytest.mark.parametrize("key", ["x", "x" * 255, "~ !\"#'(){}"])
def test_printable_characters_are_a_key(client, model, key):
    response_id = created(post(client, key, body(model)))
    assert replayed(post(client, key, body(model))) == response_id
    client.delete(response_id)


@pytest.mark.parametrize("key", ["x" * 256, "x" * 1000, "a\tb", "\xe9t\xe9"])
def test_anything_else_is_a_mistake(stack, client, model, key):
    before = stack.response_keys()
    reply = post(client, key, body(model))
    error = reply.error()
    assert (reply.status, error["code"]) == (400, "invalid_header")
    assert "Idempotency-Key" in error["message"] and "1 to 255" in error["message"]
    assert key not in error["message"]
    assert stack.response_keys() == before


@pytest.mark.parametrize("fields", [{}, {"input": "another one"}, {"stream": True}])
def test_response_that_was_deleted_frees_its_key(client, model, key, fields):
    response_id = created(post(client, key, body(model)))
    assert client.delete(response_id).status == 200
    if "stream" in fields:
        with stream(client, key, body(model, **fields)) as follower:
            assert REPLAYED not in follower.accepted().headers
            second = follower.next().data["response"]["id"]
    else:
        second = created(post(client, key, body(model, **fields)))
        assert replayed(post(client, key, body(model, **fields))) == second
    assert second != response_id
    assert post(client, key, body(model, input="a third one")).status == 409


def test_response_that_is_gone_frees_its_key(stack, client, model, key):
    response_id = created(post(client, key, body(model)))
    stack.redis.delete(*(name for name in stack.redis.scan_iter(f"*{response_id}*")))
    assert created(post(client, key, body(model))) != response_id


def test_key_holds_for_as_long_as_it_is_configured(make_stack):
    stack = make_stack({"respool": {"idempotency_ttl": 1000}}, supervisor=False, children=1)
    created(post(stack.client, "k", body("m")))
    [name] = idempotency_keys(stack)
    assert 990 < stack.redis.ttl(name) <= 1000
    stack.redis.delete(name)
    created(post(stack.client, "k", body("m")))


def test_neither_key_nor_body_is_stored_with_it_or_logged(stack, client, model):
    secret = "idem-very-secret-5c1"
    for request in (body(model), body(model), body(model, input="y")):
        post(client, secret, request)
    assert secret.encode() not in stack.everything_stored()
    assert not any(secret in program.stderr() for program in stack.programs)


def post_at_once(clients, key, request):
    """What all are answered."""
    gate = threading.Barrier(len(clients))
    replies = []

    def run(client):
        gate.wait()
        replies.append(post(client, key, request))

    threads = [threading.Thread(target=run, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def test_of_many_at_once_one_is_new(stack, client, model, key):
    stack.upstream.script(model, message_stream(["hello"]))
    for _ in range(5):
        replies = post_at_once([client] * 8, key, body(model))
        assert [reply.status for reply in replies] == [200] * 8
        assert len({reply.json()["id"] for reply in replies}) == 1
        assert sum(REPLAYED not in reply.headers for reply in replies) == 1
        client.delete(replies[0].json()["id"])


def test_of_two_bodies_at_once_one_is_served(client, model, key):
    replies = post_at_once([client], key, body(model)) + post_at_once([client], key, body(
        model, input="other"))
    assert sorted(reply.status for reply in replies) == [200, 409]


def stream(client, key, request):
    return Follower(client, body=request, headers={NAME: key})


def test_stream_is_followed_from_its_beginning(stack, client, model, key, feed):
    stack.upstream.script(model, [*opening(), feed])
    request = body(model, stream=True)
    with stream(client, key, request) as first:
        assert REPLAYED not in first.accepted().headers
        response_id = first.next().data["response"]["id"]
        feed.send(delta("one"))
        first.text_upto("one")
        with stream(client, key, request) as second:
            assert second.accepted().headers[REPLAYED] == "true"
            begin = second.next()
            assert (begin.number, begin.data["response"]["id"]) == (0, response_id)
            second.text_upto("one")
            feed.send(delta(" two"))
            assert second.text_upto(" two") and first.text_upto(" two")
            client.cancel(response_id)
            events = second.events + second.rest()
    with stream(client, key, request) as third:
        again = third.accepted().rest()
    assert [event.number for event in again] == list(range(len(again)))
    assert [event.data for event in again] == [event.data for event in events_after(
        client, response_id)]
    assert events[-1].is_terminal and len(stack.upstream.requests(model)) == 1


def test_stream_that_was_deleted_begins_anew(stack, client, model, key):
    stack.upstream.script(model, message_stream(["hello"]))
    request = body(model, stream=True)
    ids = []
    for _ in range(2):
        with stream(client, key, request) as follower:
            assert REPLAYED not in follower.accepted().headers
            ids.append(follower.rest()[0].data["response"]["id"])
        client.delete(ids[-1])
    assert ids[0] != ids[1]


def test_passed_through_requests_are_each_their_own(stack, client, model, key):
    stack.upstream.script(model, [{"type": "response.completed", "response": {}}])
    request = {"model": model, "input": "x", "stream": True}
    for _ in range(2):
        reply = post(client, key, request)
        assert reply.status == 200 and REPLAYED not in reply.headers
    assert len(stack.upstream.requests(model)) == 2


class Cutter(RedisProxy):
    """Cuts a responder's connection in the place of an answer to a create, when that has ended."""

    def __init__(self, stack, ended):
        self.ended = ended  # how many may have, with that one
        self.stack = stack
        self.armed = False
        path = stack.directory / "proxy.sock"
        super().__init__(path, stack.directory / "redis.sock", change=self.cut)
        stack.config["litellm_settings"]["cache_params"]["socket_path"] = str(path)
        stack.write_config()
        stack.start_responder()

    def has_ended(self):
        index = self.stack.redis.hvals(jobs_key("index:about"))
        return sum(b" completed " in about for about in index) == self.ended

    def cut(self, answer):
        if not self.armed or answer != b":1\r\n":
            return answer
        self.armed = False
        wait_until(self.has_ended, what="the end")
        raise OSError("cut")


@pytest.mark.parametrize("key", ["k", ""])
def test_create_whose_answer_is_lost_is_new_also_when_it_has_ended(make_stack, key):
    costs = {"input_cost_per_token": 1, "output_cost_per_token": 1}
    stack = make_stack({
        "model_list": [{"model_name": "m", "model_info": costs, "litellm_params": {
            "model": "openai/m", "api_key": PROVIDER_KEY}}],
        # What two spend; the sum of their tokens is 92.
        "respool": {"api_key_defaults": {"max_budget": 90}}}, responder=False, children=1)
    stack.upstream.script("m", message_stream(["hello"]))
    cutter = Cutter(stack, ended=2)
    stack.client.wait_terminal(stack.client.create("m")["id"])
    cutter.armed = True
    response_id = created(post(stack.client, key, body("m")))
    assert not cutter.armed
    assert stack.client.poll(response_id)["status"] == "completed"
    assert len(stack.upstream.requests("m")) == 2
    assert post(stack.client, "other", body("m")).status == 429
    cutter.close()


class TestLimits:
    def limited(self, make_stack, **limits):
        return make_stack({"respool": {"api_keys": [{"name": "alice", "key": ALICE, **limits}]}},
                          supervisor=False, children=1)

    def test_what_is_answered_again_costs_nothing(self, make_stack):
        stack = self.limited(make_stack, rpm=2, tpm=1000)
        request = body("m", max_output_tokens=400)
        response_id = created(post(stack.client, "k", request))
        left = stack.redis.hget(jobs_key("rates"), "alice")
        for _ in range(5):
            reply = post(stack.client, "k", request)
            assert replayed(reply) == response_id
            assert not any(name.startswith("x-ratelimit") for name in reply.headers)
        assert stack.redis.hget(jobs_key("rates"), "alice") == left
        assert post(stack.client, "k", body("m")).status == 409
        created(post(stack.client, "other", request))
        assert post(stack.client, "third", request).status == 429
        assert replayed(post(stack.client, "k", request)) == response_id

    def test_key_of_a_create_that_is_refused_is_free(self, make_stack):
        stack = self.limited(make_stack, max_queue=1)
        waiting = stack.client.create("m")["id"]
        assert post(stack.client, "k", body("m")).status == 429
        assert idempotency_keys(stack) == []
        stack.client.delete(waiting)
        created(post(stack.client, "k", body("m", input="another one")))


def refused_by_all_relays(stack):
    """The key of a create that found no room with the relay, which stands still, and the answer."""
    for number in range(2000):
        connection = fastcgi.Connection(stack.directory / "fcgi.sock")
        connection.send_request(
            {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
             "HTTP_AUTHORIZATION": f"Bearer {ALICE}", "HTTP_IDEMPOTENCY_KEY": f"key {number}"},
            json.dumps(body("m", stream=True)).encode())
        # The one responder answers this when it is done with that.
        assert stack.client.get("/health/liveliness").status == 200
        if select.select([connection.socket], [], [], 0)[0]:
            return f"key {number}", connection.read_answer()[0]
    raise AssertionError("a relay that stands still takes any number of connections")


def test_key_is_free_again_where_no_relay_takes_the_stream(make_stack):
    stack = make_stack(supervisor=False, children=1)
    relay, = children_of(stack.responder.pid, "relay")
    os.kill(relay, signal.SIGSTOP)
    try:
        key, answer = refused_by_all_relays(stack)
    finally:
        os.kill(relay, signal.SIGCONT)
    assert b"relay_unavailable" in answer
    with stream(stack.client, key, body("m", stream=True)) as follower:
        assert REPLAYED not in follower.accepted().headers
        response_id = follower.next().data["response"]["id"]
    with stream(stack.client, key, body("m", stream=True)) as follower:
        assert follower.accepted().headers[REPLAYED] == "true"
        assert follower.next().data["response"]["id"] == response_id


class TestCluster:
    @pytest.fixture(scope="class")
    def stack(self, tmp_path_factory):
        cluster = Cluster(tmp_path_factory.mktemp("cluster"), replicas=0)
        stack = StoreStack(cluster, children=2)
        yield stack
        stack.close()
        cluster.close()

    def test_same_request_is_answered_with_the_same_response(self, stack, client, key):
        response_id = created(post(client, key, body("m")))
        before = stack.response_keys()
        assert replayed(post(client, key, body("m"))) == response_id
        assert post(client, key, body("m", input="x")).status == 409
        assert stack.response_keys() == before
        client.delete(response_id)
        assert created(post(client, key, body("m"))) != response_id

    def test_of_many_at_once_one_is_new(self, stack, client, key):
        for number in range(5):
            replies = post_at_once([client] * 6, f"{key}{number}", body("m"))
            assert len({reply.json()["id"] for reply in replies}) == 1, replies
            assert sum(REPLAYED not in reply.headers for reply in replies) == 1
