"""Relays, and streams that go on through them by hand."""

import contextlib
import http.client
import io
import json
import os
import signal
import struct

import fastcgi
from harness import children_of, wait_until
from passing import EventReader, event, response_object
from passing_faults import fastcgi_create
from upstream import Feed

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


def end(stack):
    """Waits for the end of the responder, which has been told."""
    stack.programs.remove(stack.responder)
    return stack.responder.wait(15)


def tell_to_end(stack):
    stack.responder.expect_exit = True
    stack.responder.send_signal(signal.SIGTERM)


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


def await_end(pid):
    """Of a process whose parent has died: it is a child of this one now."""
    def ended():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        return not os.path.exists(f"/proc/{pid}")

    wait_until(ended, 5, f"process {pid} to end")


PIECE = b"data: " + b"x" * 65520 + b"\n\n"
PIECES = 512  # 32 MB: far more than sockets take


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


@contextlib.contextmanager
def redis_hangs(stack):
    os.kill(stack.redis_program.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stack.redis_program.pid, signal.SIGCONT)
