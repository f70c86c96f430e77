"""Installations that share one Redis, each with a namespace of its own before its keys."""

import json

import pytest
import redis

from events import delta, message_stream, opening
from following import create_stream, follow
from harness import Stack, output_text, wait_until
from passing import answer, response_object
from upstream import Feed

LITELLM_ID = "litellm_poll_11111111-2222-4333-8444-555555555555"


class NeighbourStack(Stack):
    """A stack on the Redis of another one."""

    def __init__(self, other, cache_params, **options):
        self.socket = str(other.directory / "redis.sock")
        super().__init__({"litellm_settings": {"cache_params": {
            "socket_path": self.socket, **cache_params}}}, **options)

    def start_redis(self):
        self.redis = redis.Redis(unix_socket_path=self.socket)


def namespaced(name):
    return {"litellm_settings": {"cache_params": {"namespace": name}}}


@pytest.fixture(params=["spool-a", "{spool}-a", "a:b"])
def two(request):
    """Two installations; the second one's namespace begins as the first one's."""
    first = Stack(namespaced(request.param))
    try:
        second = NeighbourStack(first, {"namespace": f"{request.param}-too"})
        try:
            yield first, second
        finally:
            second.close()
    finally:
        first.close()


def prefix_of(stack):
    """With what each of its keys begins."""
    return f"{stack.config['litellm_settings']['cache_params']['namespace']}:litellm:polling:"


def keys_of(stack):
    return [key.decode() for key in stack.redis.scan_iter()]


def test_two_installations_on_one_redis_do_not_see_each_other(two, model):
    first, second = two
    ids = {}
    for stack, text in ((first, "one"), (second, "two")):
        stack.upstream.script(model, message_stream([text]))
        ids[stack] = [stack.client.create(model)["id"] for _ in range(5)]
    for stack, other, text in ((first, second, "one"), (second, first, "two")):
        for response_id in ids[stack]:
            assert output_text(stack.client.wait_terminal(response_id)) == text
            assert other.client.get_response(response_id).status == 404
            assert other.client.cancel(response_id).status == 404
            assert other.client.delete(response_id).status == 404
    assert len(first.upstream.requests(model)) == len(second.upstream.requests(model)) == 5
    for stack in two:
        assert f"{prefix_of(stack)}response:{ids[stack][0]}" in keys_of(first)
    prefixes = prefix_of(first), prefix_of(second)
    assert [key for key in keys_of(first) if not key.startswith(prefixes)] == []


def test_a_response_is_followed_and_cancelled_within_its_namespace(two, model):
    first, second = two
    feed = Feed()
    first.upstream.script(model, [*opening(), delta("a"), feed])
    reader, response_id = create_stream(first.client, model)
    with reader:
        reader.text_upto("a")
        feed.send(delta("b"))
        reader.text_upto("b")
        assert second.client.cancel(response_id).status == 404
        assert first.client.cancel(response_id).json()["status"] == "cancelled"
        assert reader.rest()[-1].data["response"]["status"] == "cancelled"
    with follow(first.client, response_id) as again:
        assert len(again.rest()) == len(reader.events)


def test_a_provider_s_response_is_known_within_its_namespace(two, model):
    first, second = two
    native = f"resp_{model.replace('-', '_')}"
    for stack in two:
        stack.upstream.script(model, answer(response_object(native)))
        stack.upstream.script(f"/v1/responses/{native}", answer({"seen": native}))
    assert first.client.post_create({"model": model, "input": "x"}).json()["id"] == native
    assert first.client.get_response(native).status == 200
    assert second.client.get_response(native).status == 404


def test_the_job_of_a_worker_that_was_lost_is_taken_up_within_its_namespace(model):
    stack = Stack({**namespaced("spool"), "respool": {"lease_seconds": 1}}, supervisor=False)
    try:
        stack.upstream.script(model, message_stream(["x"]))
        queue = "spool:litellm:polling:{jobs}:queue"
        # As if a worker had had room, taken it and died at once.
        stack.redis.hset("spool:litellm:polling:{jobs}:shares", "capacity", 1)
        response_id = stack.client.create(model)["id"]
        assert stack.redis.lmove(queue, "spool:litellm:polling:{jobs}:running:dead", "LEFT", "RIGHT")
        stack.redis.zadd("spool:litellm:polling:{jobs}:workers", {"dead": 1})
        stack.start_supervisor()
        assert output_text(stack.client.wait_terminal(response_id)) == "x"
    finally:
        stack.close()


@pytest.mark.parametrize("name", ["spool", "{spool}"])
@pytest.mark.parametrize("encode", [json.dumps, lambda value: json.dumps(json.dumps(value))])
def test_litellm_s_object_is_read_and_cancelled_under_the_namespace(make_stack, name, encode):
    stack = make_stack(namespaced(name), supervisor=False)
    key = f"{name}:litellm:polling:response:{LITELLM_ID}"
    object = {"id": LITELLM_ID, "object": "response", "status": "in_progress",
              "created_at": 1700000000, "output": [], "metadata": {}, "usage": None}
    stack.redis.set(f"litellm:polling:response:{LITELLM_ID}", encode({**object, "status": "failed"}))
    assert stack.client.get_response(LITELLM_ID).status == 404
    stack.redis.set(key, encode(object), ex=500)
    assert stack.client.poll(LITELLM_ID) == object
    assert stack.client.cancel(LITELLM_ID).json() == {**object, "status": "cancelled"}
    value = json.loads(stack.redis.get(key))
    assert (json.loads(value) if isinstance(value, str) else value)["status"] == "cancelled"
    assert stack.client.delete(LITELLM_ID).status == 200
    assert not stack.redis.exists(key)


def test_a_namespace_with_which_litellm_s_keys_begin_changes_nothing(make_stack, model):
    stack = make_stack(namespaced("litellm:polling"))
    stack.upstream.script(model, message_stream(["x"]))
    response_id = stack.client.create(model)["id"]
    stack.client.wait_terminal(response_id)
    assert stack.redis.exists(f"litellm:polling:response:{response_id}")
    wait_until(lambda: stack.redis.exists("litellm:polling:{jobs}:workers"), 5, "a worker's beat")
