"""Who is told of the ends of responses."""

import pytest

from events import Stream, message_stream, opening
from harness import Stack
from receiver import Receiver
from standard_webhooks import new_secret
from upstream import Feed, json_error

SECRET = new_secret()


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def stack(receiver):
    stack = Stack({"respool": {"webhooks": [receiver.endpoint("hook", SECRET)]}})
    yield stack
    stack.close()


@pytest.fixture
def running(stack, model):
    """The id of a response that the provider has begun to answer."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = stack.client.create(model)["id"]
    feed.send(*opening())
    stack.client.wait_status(response_id, "in_progress")
    yield response_id
    feed.finish()


def told(receiver, response_id):
    """The one event about a response, which is verified."""
    delivery = receiver.await_delivery(response=response_id)
    event = delivery.verify(SECRET)
    assert (delivery.method, delivery.path) == ("POST", "/hook")
    assert event["object"] == "event" and event["data"] == {"id": response_id}
    return event["type"]


def test_the_end_of_a_response_is_told(stack, receiver, model):
    stack.upstream.script(model, message_stream(["text"]))
    response_id = stack.client.create(model)["id"]
    assert told(receiver, response_id) == "response.completed"


def test_a_response_that_fails_is_told(stack, receiver, model):
    stack.upstream.script(model, json_error(400, {"error": {"message": "no"}}))
    response_id = stack.client.create(model)["id"]
    assert told(receiver, response_id) == "response.failed"


def test_a_response_that_is_incomplete_is_told(stack, receiver, model):
    stream = Stream().begin().message(["text"])
    stream.end("incomplete", incomplete_details={"reason": "max_output_tokens"})
    stack.upstream.script(model, stream.events)
    response_id = stack.client.create(model)["id"]
    assert told(receiver, response_id) == "response.incomplete"


def test_a_running_response_that_is_cancelled_is_told(stack, receiver, running):
    stack.client.cancel(running)
    assert told(receiver, running) == "response.cancelled"
