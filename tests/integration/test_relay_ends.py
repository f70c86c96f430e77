"""What becomes of answers when their relay ends."""

import contextlib
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from deployed import DescriptorProgram
from harness import BUILD, Stack, children_of, wait_until
from passing import answer, response_object
from passing_faults import fastcgi_answer, fastcgi_create
from relaying import (BODY, PATIENT, FedStream, assert_streams_outlive_the_process_above,
                      await_relay, end, fed_streams, redis_hangs, tell_to_end)
from upstream import Gate, Hang, Script


@contextlib.contextmanager
def polling(client, response_id):
    """Polls all the while; none may fail."""
    stop, statuses = threading.Event(), []

    def poll():
        while not stop.is_set():
            statuses.append(client.get_response(response_id).status)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        thread.join(20)
    assert set(statuses) == {200}


def test_killed_relay_takes_its_own_answers_and_nothing_else(make_stack):
    """Its streams end as none that is whole does, and who asks meanwhile is answered."""
    stack = make_stack(supervisor=False, children=4)
    stack.upstream.script("next", answer(BODY))
    polled = stack.client.create("polled")["id"]
    streams = fed_streams(stack, 8)
    with polling(stack.client, polled), ThreadPoolExecutor(3) as threads:
        for _ in range(3):  # the second and third time its end is a quick one
            relay = await_relay(stack)
            os.kill(relay, signal.SIGKILL)
            replies = list(threads.map(
                lambda _: stack.client.post_create({"model": "next", "input": "x"}), range(6)))
            assert [reply.status for reply in replies] == [200] * 6
            assert await_relay(stack, relay)
    assert all(stream.is_cut() for stream in streams)
    for number in range(8):
        assert stack.upstream.wait_request(f"fed-{number}").peer_closed.wait(5)


def test_killed_relay_s_answer_that_is_no_stream_is_not_taken_for_whole(make_stack):
    stack = make_stack(supervisor=False)
    gate = Gate()
    stack.upstream.script("m", Script([BODY[:10], gate, BODY[10:]],
                                      headers={"Content-Type": "application/json"}))
    connection = fastcgi_create(stack, {"model": "m", "input": "x"})
    stack.upstream.wait_request("m")
    os.kill(await_relay(stack), signal.SIGKILL)
    assert fastcgi_answer(connection) is None
    gate.open()


def test_relay_that_is_told_to_end_finishes_its_streams_and_has_a_successor(make_stack):
    stack = make_stack(PATIENT, supervisor=False)
    stack.upstream.script("next", answer(BODY))
    relay = await_relay(stack)
    streams = fed_streams(stack, 5)
    os.kill(relay, signal.SIGTERM)
    for stream in streams:
        stream.assert_in_step()
        assert stack.client.post_create({"model": "next", "input": "x"}).status == 200
        stream.assert_ends_whole()
    await_relay(stack, relay)
    assert stack.client.post_create({"model": "next", "input": "x"}).status == 200
    FedStream(stack, "last").assert_ends_whole()


def test_relay_that_is_told_to_end_does_so_while_requests_go_on_coming(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, supervisor=False, children=4)
    stack.upstream.script("next", answer(BODY))
    relay, stop = await_relay(stack), threading.Event()

    def ask():
        statuses = []
        while not stop.is_set():
            statuses.append(stack.client.post_create({"model": "next", "input": "x"}).status)
        return statuses

    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask) for _ in range(4)]
        try:
            os.kill(relay, signal.SIGTERM)
            await_relay(stack, relay)
        finally:
            stop.set()
        assert {status for one in asking for status in one.result()} <= {200, 503}


def test_sigterm_lets_many_streams_end_that_do_so_in_time(make_stack):
    stack = make_stack(PATIENT, supervisor=False)
    streams = fed_streams(stack, 12)
    tell_to_end(stack)
    for stream in streams:
        stream.assert_in_step()
        stream.assert_in_step()
    assert stack.responder.alive()
    for stream in streams:
        stream.assert_ends_whole()
    assert end(stack) == 0


def test_sigterm_tells_those_whose_answer_has_not_ended_in_time(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, supervisor=False)
    stack.upstream.script("whole", [Hang()])
    streams = fed_streams(stack, 4)
    with ThreadPoolExecutor(1) as threads:
        whole = threads.submit(stack.client.post_create, {"model": "whole", "input": "x"})
        stack.upstream.wait_request("whole")
        for stream in streams:
            stream.assert_in_step()
        tell_to_end(stack)
        streams[0].assert_ends_whole()
        for stream in streams[1:]:
            last = stream.last_event()
            told = {"code": "shutting_down", "param": None, "message": last["message"]}
            assert last == {"type": "error", "sequence_number": 2, **told,
                            "error": {"type": "server_error", **told}}
            assert last["message"]
        assert (whole.result().status, whole.result().error()["code"]) == (503, "shutting_down")
        assert "retry-after" in whole.result().headers
    assert end(stack) == 0


@pytest.mark.parametrize("children", [2, 0])
def test_second_sigterm_ends_all_at_once(make_stack, children):
    stack = make_stack({"respool": {"drain_seconds": 600}}, supervisor=False, children=children)
    streams = fed_streams(stack, 3)
    relay = await_relay(stack)
    tell_to_end(stack)
    wait_until(lambda: children_of(stack.responder.pid) == [relay], 5, "the responders to end")
    streams[0].assert_in_step()
    wait_until(lambda: "3 answers" in stack.responder.stderr(), 5, "the relay to be told")
    tell_to_end(stack)
    for stream in streams:
        assert stream.last_event()["code"] == "shutting_down"
    assert end(stack) == 0


def test_second_sigterm_that_comes_before_the_relay_has_had_a_first_one_ends_all_too(make_stack):
    """A responder is still busy: Redis does not answer it."""
    stack = make_stack({"respool": {"drain_seconds": 600}}, supervisor=False, children=1)
    polled, stream = stack.client.create("polled")["id"], FedStream(stack, "fed")
    with redis_hangs(stack), ThreadPoolExecutor(1) as threads:
        poll = threads.submit(stack.client.get_response, polled)
        time.sleep(0.3)
        tell_to_end(stack)
        time.sleep(0.1)
        assert children_of(stack.responder.pid, "responder"), "it waits for Redis"
        tell_to_end(stack)
        assert stream.last_event()["code"] == "shutting_down"
        poll.result()
    assert end(stack) == 0


@pytest.mark.parametrize("drain_seconds, signals", [(1, 1), (600, 2)])
def test_client_that_does_not_take_the_last_of_its_answer_does_not_hold_up_the_end(
        make_stack, drain_seconds, signals):
    """The provider has no more part in it, and cannot be broken off."""
    stack = make_stack({"respool": {"drain_seconds": drain_seconds}}, supervisor=False)
    stack.upstream.script("m", answer(response_object(text="x" * 8_000_000)))
    connection = fastcgi_create(stack, {"model": "m", "input": "x"})
    wait_until(lambda: connection.socket.recv(1, socket.MSG_PEEK), 5, "the answer to begin")
    tell_to_end(stack)
    wait_until(lambda: "1 answers" in stack.responder.stderr(), 5, "the relay to be told")
    if signals > 1:
        tell_to_end(stack)
    assert end(stack) == 0
    assert "killing" not in stack.responder.stderr()
    assert fastcgi_answer(connection) is None


class InheritingStack(Stack):
    """Its responders serve a socket that is there before and after them, as systemd's is."""

    def start_responder(self):
        path = self.directory / "fcgi.sock"
        if not path.exists():
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen(512)
        self.responder = DescriptorProgram(
            "respool.fcgi", [BUILD / "respool.fcgi", "-c", self.config_path,
                             "-w", str(self.children)], self.directory, self.listener)
        self.programs.append(self.responder)
        self.await_responders()

    def close(self, check=True):
        super().close(check)
        self.listener.close()


@pytest.mark.parametrize("children", [3, 0])
def test_restart_on_the_same_socket_loses_no_request(children):
    with contextlib.closing(InheritingStack(PATIENT, supervisor=False, children=children)) as stack:
        stack.upstream.script("m", answer(BODY))
        polled, stop = stack.client.create("polled")["id"], threading.Event()

        def ask():
            done = 0
            while not stop.is_set():
                with contextlib.closing(fastcgi_create(stack, {"model": "m", "input": "x"})) as one:
                    assert (fastcgi_answer(one) or b"").endswith(BODY)
                done += 1
            return done

        with ThreadPoolExecutor(4) as threads, polling(stack.client, polled):
            asking = [threads.submit(ask) for _ in range(4)]
            try:
                for _ in range(5):
                    before = stack.responder
                    stack.start_responder()
                    stack.stop(before)
            finally:
                stop.set()
            assert all(one.result() for one in asking)


def test_streams_end_whole_when_the_parent_is_killed(make_stack):
    assert_streams_outlive_the_process_above(make_stack(PATIENT, supervisor=False))
