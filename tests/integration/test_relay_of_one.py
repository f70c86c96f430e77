"""The relay of a responder that has no parent of ours."""

import contextlib
import os
import signal
import socket
import threading

import fastcgi
from harness import wait_until
from passing import answer
from passing_faults import deployment, fastcgi_answer, fastcgi_create
from relaying import (BODY, PATIENT, FedStream, assert_polls_are_answered,
                      assert_streams_outlive_the_process_above, await_end, await_relay, end,
                      fed_streams, relays_of, tell_to_end)

ALONE = {"supervisor": False, "children": 0}


def test_process_of_its_own_starts_a_relay_when_one_is_needed(make_stack):
    stack = make_stack(**ALONE)
    assert stack.client.create("m")["status"] == "queued"
    assert not stack.responder.children()
    polled = stack.client.create("polled")["id"]
    streams = fed_streams(stack, 5)
    assert len(relays_of(stack)) == 1
    for stream in streams:
        stream.assert_in_step()
    assert_polls_are_answered(stack.client, polled)
    for stream in streams:
        stream.assert_ends_whole()


def test_process_of_its_own_and_its_relay_end_when_the_streams_have(make_stack):
    stack = make_stack(PATIENT, **ALONE)
    streams = fed_streams(stack, 3)
    relay = await_relay(stack)
    tell_to_end(stack)
    for stream in streams:
        stream.assert_in_step()
    for stream in streams:
        stream.assert_ends_whole()
    assert end(stack) == 0
    assert not os.path.exists(f"/proc/{relay}")


def test_process_of_its_own_tells_streams_that_do_not_end(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, **ALONE)
    streams = fed_streams(stack, 3)
    tell_to_end(stack)
    for stream in streams:
        assert stream.last_event()["code"] == "shutting_down"
    assert end(stack) == 0


def test_relay_of_a_process_that_is_killed_finishes_its_streams_and_ends(make_stack):
    assert_streams_outlive_the_process_above(make_stack(PATIENT, **ALONE))


def test_idle_relay_of_a_process_that_is_killed_ends(make_stack):
    stack = make_stack(PATIENT, **ALONE)
    stack.upstream.script("m", answer(BODY))
    assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
    relay = await_relay(stack)
    stack.responder.expect_exit = True
    stack.responder.send_signal(signal.SIGKILL)
    end(stack)
    await_end(relay)


def test_process_of_its_own_replaces_a_relay_that_was_killed(make_stack):
    stack = make_stack(**ALONE)
    stack.upstream.script("next", answer(BODY))
    polled = stack.client.create("polled")["id"]
    for _ in range(3):
        stream = FedStream(stack, "fed")
        relay = await_relay(stack)
        os.kill(relay, signal.SIGKILL)
        assert stream.is_cut()
        assert_polls_are_answered(stack.client, polled)
        assert stack.client.post_create({"model": "next", "input": "x"}).status == 200
        assert await_relay(stack, relay)


def test_process_of_its_own_that_ends_while_its_relay_is_about_to_begin_answers_first(make_stack):
    stack = make_stack(**ALONE)
    stack.upstream.script("next", answer(BODY))
    assert stack.client.post_create({"model": "next", "input": "x"}).status == 200
    relay = await_relay(stack)
    os.kill(relay, signal.SIGKILL)
    await_relay(stack, relay)
    connection = fastcgi_create(stack, {"model": "next", "input": "x"})
    wait_until(lambda: "has ended" in stack.responder.stderr(), 5, "the end to be noticed")
    tell_to_end(stack)
    assert fastcgi_answer(connection).endswith(BODY)
    assert end(stack) == 0


def test_reload_of_a_process_of_its_own_counts_for_its_relay(make_stack):
    stack = make_stack({"model_list": [deployment("old", api_key="k")]}, **ALONE)
    stack.upstream.script("renamed", answer(BODY))
    stream = FedStream(stack, "old")
    stack.upstream.script("old", answer(b"{}"))
    relay = await_relay(stack)
    stack.config["model_list"][0]["litellm_params"]["model"] = "openai/renamed"
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.client.post_create({"model": "old", "input": "x"}).body == BODY, 5,
               "the new list to count")
    stream.assert_in_step()
    stream.assert_ends_whole()
    assert relays_of(stack) == [relay]


def test_relay_that_is_started_after_a_reload_has_the_new_configuration(make_stack):
    stack = make_stack({"model_list": [deployment("old", api_key="k")]}, **ALONE)
    stack.upstream.script("renamed", answer(BODY))
    stack.upstream.script("old", answer(b"{}"))
    stack.config["model_list"][0]["litellm_params"]["model"] = "openai/renamed"
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: "read again" in stack.responder.stderr(), 5, "the reload")
    assert stack.client.post_create({"model": "old", "input": "x"}).body == BODY


def test_request_that_comes_slowly_does_not_keep_streams_from_being_told_of_the_end(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, supervisor=False, children=2)
    stream = FedStream(stack, "m")
    slow = fastcgi.Connection(stack.directory / "fcgi.sock")
    slow.socket.sendall(fastcgi.begin())
    tell_to_end(stack)
    assert stream.reader.rest()[-1]["code"] == "shutting_down"
    slow.close()
    assert end(stack) == 0


class Fickle(threading.Thread):
    """A provider that closes a connection when a second request comes on it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],),
                                 daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            self.read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY))
            self.read_request(connection)

    @staticmethod
    def read_request(connection):
        text = b""
        while b"\r\n\r\n" not in text or not text.endswith(b"}"):
            piece = connection.recv(65536)
            if not piece:
                return
            text += piece


def test_kept_connections_that_are_dead_are_replaced_however_often(make_stack):
    provider = Fickle()
    stack = make_stack({"model_list": [deployment(
        "m", api_key="k", api_base=f"http://127.0.0.1:{provider.port}/v1")]}, supervisor=False)
    try:
        assert [stack.client.post_create({"model": "m", "input": "x"}).status
                for _ in range(20)] == [200] * 20
    finally:
        provider.listener.close()
