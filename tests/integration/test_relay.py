"""Relays: many answers at once on one event loop, and what becomes of them when one ends."""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fastcgi
from deployed import DescriptorProgram
from harness import BUILD, SECRETS, Stack, children_of, private_part, title_of, wait_until
from test_chaos import sanitized
from test_passthrough import EventReader, answer, event, native_key, response_object
from test_passthrough_faults import deployment, fastcgi_answer, fastcgi_create, is_cut
from tls import Http1OverTls, Http2OverTls
from upstream import Cut, Feed, Gate, Hang, Reset, Script, event_bytes, json_error

BODY = json.dumps(response_object()).encode()
PATIENT = {"respool": {"drain_seconds": 20}}
POLLS = 5  # between two events of all streams


def relays_of(stack):
    return children_of(stack.responder.pid, "relay")


def await_relay(stack, *before):
    """The process id of the relay that runs, which is none of those before."""
    def found():
        relays = relays_of(stack)
        return relays and relays[0] not in before and relays[0]

    return wait_until(found, 5, "a relay")


class FedStream:
    """A stream that goes on by hand."""

    def __init__(self, stack, model):
        self.feed = Feed()
        self.sent = 0
        stack.upstream.script(model, [self.feed])
        self.feed.send(event(0))
        self.reader = EventReader(
            stack.client, {"model": model, "input": "x", "stream": True})
        assert self.reader.answer.status == 200
        assert self.reader.next() == event(0)

    def advance(self):
        self.sent += 1
        self.feed.send(event(self.sent))

    def assert_in_step(self):
        self.advance()
        assert self.reader.next() == event(self.sent)

    def assert_ends_whole(self):
        self.feed.end()
        assert self.reader.answer.read() == b""
        self.reader.close()

    def is_cut(self):
        """Whether what is left is less than the provider's, and that can be seen."""
        try:
            self.reader.answer.read()
        except (http.client.IncompleteRead, ConnectionError):
            return True
        return False

    def last_event(self):
        last = self.reader.rest()[-1]
        self.reader.close()
        return last


def fed_streams(stack, count):
    return [FedStream(stack, f"fed-{number}") for number in range(count)]


def assert_polls_are_answered(client, response_id, count=POLLS):
    for _ in range(count):
        assert client.get_response(response_id).status == 200


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


# ---- many at once -------------------------------------------------------------------------------


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


# ---- a relay's end ------------------------------------------------------------------------------


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


def end(stack):
    """Waits for the end of the responder, which has been told."""
    stack.programs.remove(stack.responder)
    return stack.responder.wait(15)


def tell_to_end(stack):
    stack.responder.expect_exit = True
    stack.responder.send_signal(signal.SIGTERM)


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


def assert_streams_outlive_the_process_above(stack):
    streams = fed_streams(stack, 3)
    relay = await_relay(stack)
    stack.responder.expect_exit = True
    stack.responder.send_signal(signal.SIGKILL)
    end(stack)
    for stream in streams:
        stream.assert_in_step()
        stream.assert_ends_whole()
    await_end(relay)


def test_streams_end_whole_when_the_parent_is_killed(make_stack):
    assert_streams_outlive_the_process_above(make_stack(PATIENT, supervisor=False))


def await_end(pid):
    """Of a process whose parent has died: it is a child of this one now."""
    def ended():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        return not os.path.exists(f"/proc/{pid}")

    wait_until(ended, 5, f"process {pid} to end")


# ---- a reload -----------------------------------------------------------------------------------


def test_reload_counts_for_the_next_request_and_a_stream_goes_on_with_the_old(make_stack):
    stack = make_stack({"model_list": [deployment("old", api_key="k")]}, supervisor=False)
    relay = await_relay(stack)
    stack.upstream.script("renamed", answer(BODY))
    stream = FedStream(stack, "old")
    stack.upstream.script("old", answer(b"{}"))
    stack.config["model_list"][0]["litellm_params"]["model"] = "openai/renamed"
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.client.post_create({"model": "old", "input": "x"}).body == BODY, 5,
               "the new list to count")
    assert stack.upstream.wait_request("renamed")
    stream.assert_in_step()
    stream.assert_ends_whole()
    assert relays_of(stack) == [relay]


def test_reload_with_an_error_in_the_file_changes_nothing(make_stack):
    stack = make_stack(supervisor=False)
    stack.upstream.script("m", answer(BODY))
    stream = FedStream(stack, "fed")
    stack.config["respool"]["max_passthrough"] = "many"
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.responder.stderr().count("max_passthrough") >= 4, 5,
               "all processes to complain")
    assert stack.client.post_create({"model": "m", "input": "x"}).body == BODY
    stream.assert_in_step()
    stream.assert_ends_whole()


# ---- clients that are slow, stop or leave -------------------------------------------------------


PIECE = b"data: " + b"x" * 65520 + b"\n\n"
PIECES = 512  # 32 MB: far more than sockets take
SOME = 160  # 10 MB: more than sockets take


class Flood:
    """A stream of more than a client's and a provider's sockets hold, to a client of FastCGI."""

    def __init__(self, stack, model="flood", pieces=PIECES, last=None):
        self.feed = Feed()
        self.feed.send(*[PIECE] * pieces)
        if last is None:
            self.feed.end()
        else:
            self.feed.send(last)
        stack.upstream.script(model, [self.feed])
        self.connection = fastcgi_create(stack, {"model": model, "input": "x", "stream": True})
        self.exchange = stack.upstream.wait_request(model)

    def body(self, taken=b""):
        """The body of the answer, of which some bytes have been taken; None if it does not end."""
        records, pieces = io.BytesIO(taken + self.rest(taken)), []
        while len(head := records.read(8)) == 8:
            _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
            content = records.read(length + padding)
            if kind == fastcgi.STDOUT:
                pieces.append(content[:length])
            if kind == fastcgi.END_REQUEST:
                return b"".join(pieces).partition(b"\r\n\r\n")[2]
        return None

    def rest(self, taken):
        """All that comes up to the request's end, or the connection's."""
        end = fastcgi.record(fastcgi.END_REQUEST, bytes(8))
        pieces, tail = [], taken[-len(end):]
        while tail != end and (piece := self.take(1 << 20)):
            pieces.append(piece)
            tail = (tail + piece)[-len(end):]
        return b"".join(pieces)

    def take(self, size):
        try:
            return self.connection.socket.recv(size)
        except ConnectionError:
            return b""

    def await_standstill(self):
        """Waits until the provider is stopped. Returns how many pieces it has left."""
        left = None

        def stands_still():
            nonlocal left
            before, left = left, self.feed.steps.qsize()
            return left == before

        wait_until(stands_still, 10, "the provider to be stopped", interval=0.3)
        return left


def resident(pid):
    """Bytes of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def test_client_that_stops_reading_stops_its_provider_and_disturbs_nobody(make_stack):
    stack = make_stack({"respool": {"client_timeout": 600}}, supervisor=False, children=2)
    polled = stack.client.create("polled")["id"]
    relay, other = await_relay(stack), FedStream(stack, "other")
    other.assert_in_step()
    before = resident(relay)
    floods = [Flood(stack, f"flood-{number}") for number in range(4)]
    for flood in floods:
        assert flood.await_standstill() > PIECES / 2
    if not sanitized():  # a sanitizer keeps what is freed
        assert resident(relay) - before < 8 << 20
    for _ in range(5):
        other.assert_in_step()
    assert_polls_are_answered(stack.client, polled)
    other.assert_ends_whole()
    for flood in floods:
        assert not flood.exchange.peer_closed.is_set()
        flood.connection.close()
        assert flood.exchange.peer_closed.wait(5)


def test_client_that_goes_on_reading_in_the_end_gets_everything(make_stack):
    stack = make_stack({"respool": {"client_timeout": 600}}, supervisor=False)
    floods = [Flood(stack, f"flood-{number}", SOME) for number in range(2)]
    for flood in floods:
        flood.await_standstill()
    for flood in floods:
        assert flood.body() == PIECE * SOME


class Http1InLargeRecords(Http1OverTls):
    RECORD = 5000


@pytest.mark.parametrize("front", [Http1InLargeRecords, Http2OverTls])
def test_client_that_goes_on_reading_gets_everything_from_behind_tls(
        make_stack, directory, monkeypatch, front):
    """What libcurl has taken from the socket already is not forgotten over a pause."""
    stack = make_stack({"respool": {"client_timeout": 600}}, supervisor=False, responder=False)
    with contextlib.closing(front(directory, stack.upstream.port)) as tls:
        monkeypatch.setenv("CURL_CA_BUNDLE", str(tls.certificate))
        stack.config["model_list"][0]["litellm_params"]["api_base"] = tls.base
        stack.write_config()
        stack.start_responder()
        flood = Flood(stack, pieces=SOME)
        flood.await_standstill()
        taken = b""
        for _ in range(4):
            taken += flood.connection.socket.recv(300_000)
            flood.await_standstill()
        assert flood.body(taken) == PIECE * SOME


def test_client_s_own_slowness_is_not_its_provider_s_silence(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "silence_timeout": 1}}],
        "respool": {"client_timeout": 600}}, supervisor=False)
    flood = Flood(stack, pieces=SOME)
    quiet = Flood(stack, "quiet", pieces=0, last=event(0))
    flood.await_standstill()
    assert quiet.exchange.peer_closed.wait(5), "what is silent for a second is given up"
    assert not flood.exchange.peer_closed.is_set()
    assert flood.body() == PIECE * SOME
    assert b"upstream_timeout" in fastcgi_answer(quiet.connection)


def test_provider_that_is_silent_after_its_client_was_slow_is_given_up(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "silence_timeout": 1}}],
        "respool": {"client_timeout": 600}}, supervisor=False)
    flood = Flood(stack, pieces=SOME, last=event(0))
    flood.await_standstill()
    whole = PIECE * SOME + event_bytes(event(0))
    body = flood.body()
    assert body.startswith(whole)
    assert b"upstream_timeout" in body[len(whole):]
    assert flood.exchange.peer_closed.wait(5)


def test_client_that_takes_nothing_for_client_timeout_is_let_go_of(make_stack):
    stack = make_stack({"respool": {"client_timeout": 1, "max_passthrough": 2}}, supervisor=False)
    stack.upstream.script("next", answer(BODY))
    other, flood = FedStream(stack, "other"), Flood(stack)
    assert flood.exchange.peer_closed.wait(10)
    assert flood.body() is None, "it is not taken for whole"
    wait_until(lambda: stack.client.post_create({"model": "next", "input": "x"}).status == 200, 5,
               "its place to be free")
    other.assert_in_step()
    other.assert_ends_whole()


def test_client_that_takes_something_now_and_then_is_kept(make_stack):
    stack = make_stack({"respool": {"client_timeout": 1}}, supervisor=False)
    flood = Flood(stack, pieces=SOME)
    until = time.monotonic() + 2.5
    taken = b""
    while time.monotonic() < until:
        taken += flood.connection.socket.recv(200_000)
        time.sleep(0.2)
    assert not flood.exchange.peer_closed.is_set()
    assert len(taken) < SOME * len(PIECE), "all has been taken"
    assert flood.body(taken) == PIECE * SOME


@pytest.mark.parametrize("moment", ["before the answer", "within a stream", "while it is full"])
def test_client_that_leaves_closes_its_provider_s_connection(make_stack, moment):
    stack = make_stack(supervisor=False)
    if moment == "while it is full":
        flood = Flood(stack)
        flood.await_standstill()
        connection, exchange = flood.connection, flood.exchange
    else:
        stack.upstream.script(
            "m", [Hang()] if moment == "before the answer" else [event(0), Hang()])
        connection = fastcgi_create(stack, {"model": "m", "input": "x", "stream": True})
        exchange = stack.upstream.wait_request("m")
        if moment == "within a stream":
            assert connection.read_record()
    connection.close()
    assert exchange.peer_closed.wait(5)


def test_client_that_leaves_while_the_next_try_is_waited_for_is_not_asked_for(make_stack):
    stack = make_stack({"litellm_settings": {"num_retries": 3}}, supervisor=False)
    stack.upstream.script("m", json_error(503, {"error": {}}, {"Retry-After": "1"}))
    stack.upstream.script("next", answer(BODY))
    connection = fastcgi_create(stack, {"model": "m", "input": "x"})
    stack.upstream.wait_request("m")
    connection.close()
    time.sleep(1.5)
    assert len(stack.upstream.requests("m")) == 1
    assert stack.client.post_create({"model": "next", "input": "x"}).body == BODY


# ---- requests of every size ---------------------------------------------------------------------


def assert_sent_whole(stack, size):
    text = ("0123456789abcdef" * (size // 16 + 1))[:size]
    reply = stack.client.post_create({"model": "sized", "input": text})
    assert (reply.status, reply.body) == (200, BODY)
    assert stack.upstream.requests("sized")[-1].json()["input"] == text


def test_request_of_any_size_reaches_its_provider_whole(make_stack):
    """In the message to the relay itself, and in a file beside it."""
    stack = make_stack(supervisor=False)
    stack.upstream.script("sized", answer(BODY))
    for size in (1, 1000, 65535, 65536, 65537, 1_000_000, 4_000_000):
        assert_sent_whole(stack, size)


def test_request_around_the_most_that_a_message_holds_reaches_its_provider_whole(make_stack):
    stack = make_stack(supervisor=False)
    stack.upstream.script("sized", answer(BODY))
    for size in [*range(15_900, 16_300, 9), *range(16_300, 16_390)]:
        assert_sent_whole(stack, size)


def test_large_requests_of_many_clients_at_once_reach_their_providers_whole(make_stack):
    stack = make_stack(supervisor=False, children=4)

    def ask(number):
        name, text = f"large-{number}", str(number) * 1_500_000
        stack.upstream.script(name, answer(BODY))
        assert stack.client.post_create({"model": name, "input": text}).body == BODY
        return stack.upstream.wait_request(name).json()["input"] == text

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(8)))


# ---- Redis --------------------------------------------------------------------------------------


@contextlib.contextmanager
def redis_hangs(stack):
    os.kill(stack.redis_program.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stack.redis_program.pid, signal.SIGCONT)


def created(response_id):
    return {"type": "response.created", "sequence_number": 0,
            "response": response_object(response_id, status="in_progress")}


def test_stream_is_held_until_redis_has_its_id_and_holds_up_nobody(make_stack):
    stack = make_stack(supervisor=False)
    other, gate = FedStream(stack, "other"), Gate()
    stack.upstream.script("m", [created("resp_held"), event(1), gate, event(2)])
    with redis_hangs(stack):
        connection = fastcgi_create(stack, {"model": "m", "input": "x", "stream": True})
        stack.upstream.wait_request("m")
        connection.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.socket.recv(1)
        for _ in range(5):
            other.assert_in_step()
    connection.socket.settimeout(20)
    connection.socket.recv(1, socket.MSG_PEEK)
    assert stack.redis.exists(native_key("resp_held"))
    gate.open()
    body = fastcgi_answer(connection).partition(b"\r\n\r\n")[2]
    assert body == b"".join(map(event_bytes, (created("resp_held"), event(1), event(2))))
    other.assert_ends_whole()


@pytest.mark.parametrize("stream", [True, False])
def test_redis_that_hangs_is_given_up_and_the_answer_comes_whole(make_stack, stream):
    stack = make_stack(supervisor=False)
    events = [created("resp_late"), *map(event, range(1, 50))]
    stack.upstream.script("m", events if stream else answer(response_object("resp_late")))
    with redis_hangs(stack):
        for _ in range(3):  # from the second on, it is known to be away
            begun = time.monotonic()
            reply = stack.client.post_create({"model": "m", "input": "x", "stream": stream})
            assert reply.status == 200
            assert time.monotonic() - begun < 5
            if stream:
                assert reply.body == b"".join(map(event_bytes, events))
            else:
                assert reply.json() == response_object("resp_late")


def test_answers_come_while_redis_is_away_and_are_remembered_when_it_is_back(make_stack):
    stack = make_stack(supervisor=False)
    stack.upstream.script("m", answer(response_object("resp_one")))
    stream = FedStream(stack, "fed")
    stack.stop(stack.redis_program)
    for _ in range(3):
        assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
    stream.assert_in_step()
    (stack.directory / "redis.sock").unlink(missing_ok=True)
    stack.start_redis()

    def remembered():
        assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
        return stack.redis.exists(native_key("resp_one"))

    wait_until(remembered, 10, "an id to be remembered")
    stream.assert_in_step()
    stream.assert_ends_whole()


def test_redis_that_is_restarted_has_no_stream_broken(make_stack):
    stack = make_stack(supervisor=False)
    gate = Gate()
    stack.upstream.script("m", [gate, created("resp_a"), event(1)])
    with ThreadPoolExecutor(1) as threads:
        reply = threads.submit(
            stack.client.post_create, {"model": "m", "input": "x", "stream": True})
        stack.upstream.wait_request("m")
        stack.stop(stack.redis_program)
        gate.open()
        body = b"".join(map(event_bytes, (created("resp_a"), event(1))))
        assert reply.result().body == body


def test_relay_works_where_no_redis_is_configured(make_stack):
    stack = make_stack({"litellm_settings": {"cache": False}}, supervisor=False)
    streams = fed_streams(stack, 3)
    stack.upstream.script("m", [created("resp_a"), event(1)])
    reply = stack.client.post_create({"model": "m", "input": "x", "stream": True})
    assert reply.body == event_bytes(created("resp_a")) + event_bytes(event(1))
    for stream in streams:
        stream.assert_in_step()
        stream.assert_ends_whole()


# ---- nothing is left behind ---------------------------------------------------------------------


def descriptors(pids):
    return sum(len(os.listdir(private_part(pid, "fd"))) for pid in pids)


def test_many_at_once_of_every_fate_leave_nothing_behind(make_stack):
    stack = make_stack({"respool": {"client_timeout": 600}}, supervisor=False, children=2)
    scripts = [[event(0)], [event(0), Cut()], [Cut()], [Reset()], answer(BODY),
               json_error(429, {"error": {}}), [event(0), b"data: {", Cut()]]
    for number, script in enumerate(scripts):
        stack.upstream.script(f"m{number}", script)
    stack.upstream.script("held", [event(0), Hang()])
    stack.upstream.script("large", answer(BODY))
    children = wait_until(lambda: children_of(stack.responder.pid), 10, "the children")
    at_once = 4 + 5  # of which each may leave a connection to the provider for the next

    def one_round(threads):
        leaving = [fastcgi_create(stack, {"model": "held", "input": "x", "stream": True})
                   for _ in range(5)]
        list(threads.map(
            lambda n: is_cut(stack.client, {"model": f"m{n % len(scripts)}", "input": "x",
                                            "stream": True}), range(3 * len(scripts))))
        stack.client.post_create({"model": "large", "input": "x" * 50_000})
        for connection in leaving:
            assert connection.read_record()
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        one_round(threads)
        before = descriptors(children)
        for _ in range(at_once):
            one_round(threads)
    wait_until(lambda: descriptors(children) < before + at_once, 5, "all to be closed")
    assert children_of(stack.responder.pid) == children


def test_no_secret_is_in_what_a_relay_says_or_is_called(make_stack):
    stack = make_stack({"respool": {"client_timeout": 1}}, supervisor=False)
    stack.upstream.script("cut", [Reset()])
    stack.upstream.script("m", [event(0), Cut()])
    for model in ("cut", "m", "none"):
        is_cut(stack.client, {"model": model, "input": "x", "stream": True})
    assert Flood(stack).exchange.peer_closed.wait(10)
    stack.stop(stack.redis_program)
    stack.upstream.script("kept", answer(response_object("resp_a")))
    assert stack.client.post_create({"model": "kept", "input": "x"}).status == 200
    log = wait_until(lambda: "Redis is away" in stack.responder.stderr()
                     and stack.responder.stderr(), 5, "the relay to say so")
    assert "has taken nothing" in log
    assert not [secret for secret in SECRETS if secret in log]
    assert title_of(await_relay(stack)) == "respool.fcgi: relay"


# ---- a responder that has no parent of ours -----------------------------------------------------


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
