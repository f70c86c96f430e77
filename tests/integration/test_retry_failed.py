"""Responses that have failed, and are asked for again while what was asked is kept."""

import pytest

from events import message_stream
from following import create_stream, events_after
from harness import SECRETS, output_text, request_key, response_key, wait_until
from operating import Operator
from upstream import json_error

TTL = 300
REFUSAL = json_error(400, {"error": {"message": "no", "type": "invalid_request_error",
                                     "param": None, "code": "bad"}})
STACK = {"config": {"respool": {"failed_request_ttl": TTL}}}
SECRET = "a word that nobody else says"


@pytest.fixture
def operator(stack):
    return Operator(stack)


def failed(stack, model, answer="Hello", **fields):
    """A response that has failed; when it is asked for again, the provider answers."""
    stack.upstream.script(model, REFUSAL, message_stream([answer]))
    response_id = stack.client.create(model, **fields)["id"]
    assert stack.client.wait_terminal(response_id)["status"] == "failed"
    return response_id


def test_what_was_asked_is_not_kept_by_default(make_stack):
    stack = make_stack()
    operator = Operator(stack)
    response_id = failed(stack, "m", input=SECRET)
    assert not stack.redis.exists(request_key(response_id))
    assert not operator.show(response_id)["can_retry"]
    operator.run("retry", response_id, status=1)
    assert len(stack.upstream.requests("m")) == 1


def test_failed_one_is_asked_for_again_by_a_response_of_its_own(stack, operator, client, upstream,
                                                               model):
    fields = {"input": [{"role": "user", "content": "Hi é \u0001"}], "instructions": "Be brief.",
              "metadata": {"a": "b"}, "temperature": 0.25, "service_tier": "flex"}
    response_id = failed(stack, model, **fields)
    old = client.poll(response_id)
    assert operator.show(response_id)["can_retry"]
    new_id = operator.retry(response_id)
    assert new_id != response_id
    new = client.wait_terminal(new_id)
    assert (new["status"], output_text(new)) == ("completed", "Hello")
    told = ("instructions", "metadata", "temperature")
    assert [new[name] for name in told] == [old[name] for name in told]
    assert client.poll(response_id) == old
    first, second = upstream.requests(model)
    assert first.body == second.body
    assert client.input_items(new_id).json()["data"][0]["content"] == (
        client.input_items(response_id).json()["data"][0]["content"])
    operator.run("retry", new_id, status=1)


def test_it_continues_what_the_failed_one_has_continued(stack, operator, client, upstream, model):
    upstream.script(f"{model}-first", message_stream(["one"]))
    first = client.create(f"{model}-first", input="First")["id"]
    client.wait_terminal(first)
    response_id = failed(stack, model, input="Second", previous_response_id=first)
    client.delete(first)
    new = client.wait_terminal(operator.retry(response_id))
    assert (output_text(new), new["previous_response_id"]) == ("Hello", first)
    one, two = upstream.requests(model)
    assert one.body == two.body and b"First" in two.body and b"one" in two.body


def test_it_is_streamed_if_the_failed_one_was(stack, operator, client, upstream, model):
    upstream.script(model, REFUSAL, message_stream(["Hello"]))
    follower, response_id = create_stream(client, model)
    with follower:
        assert follower.rest()[-1].type == "response.failed"
    new_id = operator.retry(response_id)
    events = events_after(client, new_id)
    assert [event.number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert events[-1].data["response"] == client.poll(new_id)
    assert events_after(client, response_id)[-1].type == "response.failed"


def test_it_is_its_tenant_s(stack, operator, client, model):
    response_id = failed(stack, model)
    new_id = operator.retry(response_id)
    client.wait_terminal(new_id)
    assert operator.show(new_id)["tenant"] == operator.show(response_id)["tenant"] == "alice"


@pytest.mark.parametrize("end", ["delete", "expire"])
def test_what_was_asked_lives_no_longer_than_it_is_to(stack, client, model, end):
    response_id = failed(stack, model, input=SECRET, instructions=SECRET, store=True)
    key = request_key(response_id)
    assert 0 < stack.redis.ttl(key) <= TTL < stack.redis.ttl(response_key(response_id))
    if end == "delete":
        assert client.delete(response_id).status == 200
    else:
        stack.redis.pexpire(key, 1)
        wait_until(lambda: not stack.redis.exists(key), 5, "the key to be gone")
        assert Operator(stack).run("retry", response_id, status=1) == ""
        assert client.poll(response_id)["status"] == "failed"
        client.delete(response_id)
    assert SECRET.encode() not in stack.everything_stored()


def test_response_that_is_not_to_be_stored_keeps_its_request_no_longer_than_itself(
        make_stack):
    stack = make_stack({"respool": {"failed_request_ttl": TTL, "unstored_ttl": 60}})
    response_id = failed(stack, "m", store=False)
    assert 0 < stack.redis.ttl(request_key(response_id)) <= 60


def test_only_what_has_failed_keeps_its_request(stack, operator, client, upstream, model):
    upstream.script(model, message_stream(["Hello"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    operator.run("retry", response_id, status=1)
    assert not stack.redis.exists(request_key(response_id))


def test_no_key_is_kept_with_it(stack, client, model):
    failed(stack, model)
    everything = stack.everything_stored()
    assert not [secret for secret in SECRETS if secret.encode() in everything]
