"""How many requests are passed through at once, and what becomes of them at the end."""

import fcntl
import os
import re
import signal
import threading
import time

import pytest

from events import message_stream
from harness import PROVIDER_KEY, children_of, private_part, wait_until
from passing import STACK  # noqa: F401  (what the stack is)
from passing import answer, event, held_streams, response_object
from upstream import Reset


@pytest.mark.parametrize("children, most", [(4, 3), (1, 5)])
def test_no_more_than_max_passthrough_are_under_way_and_the_next_is_told_to_wait(
        make_stack, children, most):
    stack = make_stack({"respool": {"max_passthrough": most}}, supervisor=False,
                       children=children)
    gate, readers = held_streams(stack, most)
    reply = stack.client.post_create({"model": "held", "input": "x"})
    assert (reply.status, reply.error()["code"]) == (503, "passthrough_busy")
    assert int(reply.headers["retry-after"]) > 0
    assert stack.client.get_response("litellm_poll_none").status == 404
    gate.open()
    for reader in readers:
        assert reader.rest() == []
        reader.close()
    stack.upstream.script("free", answer(response_object()))
    wait_until(lambda: stack.client.post_create({"model": "free", "input": "x"}).status == 200,
               10, "a place to be free again")


def test_polls_are_answered_while_all_places_are_taken(make_stack):
    stack = make_stack(children=2)
    stack.upstream.script("polled", message_stream(["text"]))
    response_id = stack.client.create("polled")["id"]
    stack.client.wait_terminal(response_id)
    gate, readers = held_streams(stack, 1)
    for _ in range(50):
        assert stack.client.get_response(response_id).status == 200
    gate.open()
    for reader in readers:
        reader.close()


def test_place_of_a_process_that_is_killed_is_free_again(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=2)
    gate, readers = held_streams(stack, 1)
    assert stack.client.post_create({"model": "held", "input": "x"}).status == 503
    for pid in children_of(stack.responder.pid):
        os.kill(pid, signal.SIGKILL)
    gate.open()
    for reader in readers:
        reader.close()
    stack.upstream.script("free", answer(response_object()))
    wait_until(lambda: stack.client.post_create({"model": "free", "input": "x"}).status == 200,
               10, "the place to be free again")


def test_who_can_read_the_configuration_cannot_take_the_places(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=2)
    stack.upstream.script("free", answer(response_object()))
    with open(stack.config_path, "rb") as config:
        fcntl.lockf(config, fcntl.LOCK_SH)
        assert stack.client.post_create({"model": "free", "input": "x"}).status == 200


def test_sigterm_lets_a_stream_end(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 20}}, supervisor=False, children=2)
    gate, readers = held_streams(stack, 1)
    stopped = threading.Thread(target=stack.stop, args=(stack.responder,))
    stopped.start()
    gate.open()
    assert readers[0].rest() == []
    stopped.join(20)
    assert not stopped.is_alive()
    assert stack.problems == []


def test_sigterm_cuts_a_stream_that_does_not_end_in_time(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, supervisor=False, children=2)
    _, readers = held_streams(stack, 1)
    begun = time.monotonic()
    stack.stop(stack.responder)
    assert 0.9 <= time.monotonic() - begun
    last = readers[0].rest()[-1]
    assert (last["type"], last["code"]) == ("error", "shutting_down")
    assert stack.problems == []


def test_many_streams_one_after_the_other_leave_no_descriptor_behind(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=1)
    stack.upstream.script("m", [event(0), event(1)])
    children = wait_until(lambda: children_of(stack.responder.pid), 10, "the children")

    def descriptors():
        return sum(len(os.listdir(private_part(child, "fd"))) for child in children)

    def ask():
        assert stack.client.post_create({"model": "m", "input": "x", "stream": True}).status == 200

    for _ in range(3):
        ask()
    before = descriptors()
    for _ in range(30):
        ask()
    wait_until(lambda: descriptors() <= before, 5, "the last connection to be closed")


def test_errors_of_ours_carry_no_secret(client, upstream, model):
    upstream.script(model, [Reset()])
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.status == 502
    assert not re.search(PROVIDER_KEY, str(reply.headers) + reply.body.decode())
