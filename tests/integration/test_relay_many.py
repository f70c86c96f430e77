"""Many answers at once on one event loop."""

import os
import signal

from harness import wait_until
from passing import answer, event
from relaying import BODY, assert_polls_are_answered, fed_streams, relays_of


def test_sixty_streams_of_two_responders_go_on_in_step_while_polls_are_answered(make_stack):
    stack = make_stack(supervisor=False, children=2)
    polled = stack.client.create("polled")["id"]
    streams = fed_streams(stack, 60)
    for _ in range(4):
        for stream in streams:
            stream.advance()
        assert_polls_are_answered(stack.client, polled)
        for stream in reversed(streams):
            assert stream.reader.next() == event(stream.sent)
    for stream in streams:
        stream.assert_ends_whole()


def test_one_above_the_most_is_refused_while_the_others_go_on(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 20}}, supervisor=False, children=2)
    stack.upstream.script("other", answer(BODY))
    streams = fed_streams(stack, 20)
    for stream in (True, False):
        reply = stack.client.post_create({"model": "other", "input": "x", "stream": stream})
        assert (reply.status, reply.error()["code"]) == (503, "passthrough_busy")
        assert int(reply.headers["retry-after"]) > 0
    for stream in streams:
        stream.assert_in_step()
    streams[0].assert_ends_whole()
    wait_until(lambda: stack.client.post_create({"model": "other", "input": "x"}).status == 200,
               5, "the place of the one that has ended")
    for stream in streams[1:]:
        stream.assert_in_step()
        stream.assert_ends_whole()


def test_two_relays_share_the_streams_and_one_s_end_is_not_the_other_s(make_stack):
    stack = make_stack(supervisor=False, responder=False)
    stack.start_responder(relays=2)
    relays = wait_until(lambda: len(relays_of(stack)) == 2 and relays_of(stack), 5, "two relays")
    streams = fed_streams(stack, 10)
    os.kill(relays[0], signal.SIGKILL)
    wait_until(lambda: len(relays_of(stack)) == 2 and relays[0] not in relays_of(stack), 5,
               "another relay")
    cut = 0
    for stream in streams:
        stream.advance()
        if stream.reader.next() == event(stream.sent):
            stream.assert_ends_whole()
        else:
            cut += 1
    assert cut == 5
