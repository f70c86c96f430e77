"""Connections that a web server keeps: each request on one is answered on it, whoever answers."""

import contextlib
import http.client
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import deployed
import fastcgi
from deployed import NginxSite
from fastcgi import KEEP_CONN, PARAMS, STDIN, begin, pairs, record
from harness import ALICE, Stack, children_of, private_part, wait_until
from passing import answer, event, response_object
from upstream import Gate, Hang, event_bytes

BODY = json.dumps(response_object()).encode()
KINDS = ("whole", "stream", "poll")
DELAYS = [0, 0, 0.0002, 0.001, 0.003]


@pytest.fixture(scope="module", params=[2, 0], ids=["responders", "alone"])
def stack(request):
    stack = Stack(supervisor=False, children=request.param)
    yield stack
    stack.close()


def create(body, request_id=1, flags=KEEP_CONN):
    """The records of a request to create a response."""
    text = json.dumps(body).encode()
    variables = {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
                 "HTTP_AUTHORIZATION": f"Bearer {ALICE}", "CONTENT_LENGTH": str(len(text))}
    pieces = [text[at:at + 60_000] for at in range(0, len(text), 60_000)]
    return (begin(flags=flags, request_id=request_id) +
            record(PARAMS, pairs(variables), request_id) + record(PARAMS, b"", request_id) +
            b"".join(record(STDIN, piece, request_id) for piece in pieces) +
            record(STDIN, b"", request_id))


class Asker:
    """Makes requests of every kind, and knows what their answers are."""

    def __init__(self, stack):
        self.polled = stack.client.create("polled")["id"]
        self.text = event_bytes(event(0)) + event_bytes(event(1))
        stack.upstream.script("whole", answer(BODY))
        stack.upstream.script("stream", [event(0), event(1)])

    def records(self, kind, size=1):
        if kind == "poll":
            return fastcgi.get(f"/v1/responses/{self.polled}",
                               HTTP_AUTHORIZATION=f"Bearer {ALICE}")
        return create({"model": kind, "input": "x" * size, "stream": kind == "stream"})

    def assert_answered(self, connection, kind):
        answered = connection.read_answer()
        assert answered is not None, f"the connection ended before the answer to a {kind}"
        (head, _, body), status = answered[0].partition(b"\r\n\r\n"), answered[1]
        assert status == fastcgi.REQUEST_COMPLETE
        assert b"Status: 200" in head
        if kind == "poll":
            assert json.loads(body)["id"] == self.polled
        else:
            assert body == (BODY if kind == "whole" else self.text)


@pytest.fixture
def asker(stack):
    return Asker(stack)


@pytest.fixture
def connection(stack):
    with contextlib.closing(fastcgi.Connection(stack.directory / "fcgi.sock")) as connection:
        yield connection


def orders(count):
    """So many kinds of requests, each pair of which comes one behind the other."""
    return [KINDS[(n * n // 3 + n) % 3] for n in range(count)]


def test_one_connection_has_request_after_request_answered(asker, connection):
    for kind in orders(60):
        connection.socket.sendall(asker.records(kind))
        asker.assert_answered(connection, kind)


def test_request_that_is_pipelined_behind_another_is_answered_after_it(asker, connection):
    for first in KINDS:
        for second in KINDS:
            connection.socket.sendall(asker.records(first) + asker.records(second))
            asker.assert_answered(connection, first)
            asker.assert_answered(connection, second)


def test_many_requests_that_are_pipelined_are_answered_in_turn(asker, connection):
    kinds = orders(40)
    connection.socket.sendall(b"".join(map(asker.records, kinds)))
    for kind in kinds:
        asker.assert_answered(connection, kind)


def test_padding_behind_a_request_is_not_taken_for_the_next_one(asker, connection):
    for length in (1, 8, 255):
        padded = bytes([1, STDIN, 0, 1, 0, 0, length, 0]) + bytes(length)
        assert asker.records("whole").endswith(record(STDIN, b""))
        connection.socket.sendall(asker.records("whole")[:-8] + padded)
        asker.assert_answered(connection, "whole")


@pytest.mark.parametrize("kind", ["whole", "stream"])
def test_pipelined_request_may_come_in_two_parts_split_anywhere(asker, connection, kind):
    second = asker.records(kind)
    for at in range(1, len(second), 11):
        connection.socket.sendall(asker.records("stream") + second[:at])
        asker.assert_answered(connection, "stream")
        connection.socket.sendall(second[at:])
        asker.assert_answered(connection, kind)


@pytest.mark.parametrize("size", [30_000, 65_000, 66_000, 300_000])
def test_large_requests_that_are_pipelined_arrive_whole(stack, asker, connection, size):
    count = len(stack.upstream.requests("whole"))
    sender = threading.Thread(target=connection.socket.sendall,
                              args=[b"".join(asker.records("whole", size + n) for n in range(4))])
    sender.start()
    for _ in range(4):
        asker.assert_answered(connection, "whole")
    sender.join()
    sent = [len(one.json()["input"]) for one in stack.upstream.requests("whole")[count:]]
    assert sent == [size, size + 1, size + 2, size + 3]


def test_request_in_the_instant_in_which_the_answer_ends_is_answered(stack, asker, connection):
    """Before, while and after the connection goes back."""
    for turn in range(60):
        gate = Gate()
        stack.upstream.script("gated", [event(0), gate, event(1)])
        connection.socket.sendall(create({"model": "gated", "input": "x", "stream": True}))
        while connection.read_record()[2].find(b"part 0") < 0:
            pass
        kind = KINDS[turn % 3]
        sender = threading.Timer(DELAYS[turn % len(DELAYS)], connection.socket.sendall,
                                 [asker.records(kind)])
        sender.start()
        gate.open()
        text, _ = connection.read_answer()
        assert text == event_bytes(event(1))
        asker.assert_answered(connection, kind)
        sender.join()


def test_request_without_keep_conn_ends_the_connection_after_its_answer(asker, connection):
    for kind in KINDS[:2]:
        connection.socket.sendall(asker.records(kind))
        asker.assert_answered(connection, kind)
    connection.socket.sendall(create({"model": "whole", "input": "x"}, flags=0))
    asker.assert_answered(connection, "whole")
    assert connection.read_record() is None


def test_answers_carry_the_number_of_their_request(stack, asker, connection):
    for request_id in (1, 7, 256, 65535):
        connection.socket.sendall(create({"model": "stream", "input": "x", "stream": True},
                                         request_id=request_id))
        kind = None
        while kind != fastcgi.END_REQUEST:
            kind, number, _ = connection.read_record()
            assert number == request_id


def test_request_that_is_aborted_has_its_provider_left(stack, connection):
    stack.upstream.script("hung", [event(0), Hang()])
    count = len(stack.upstream.requests("hung"))
    connection.socket.sendall(create({"model": "hung", "input": "x", "stream": True}))
    assert connection.read_record()
    connection.abort()
    assert stack.upstream.wait_request("hung", count + 1).peer_closed.wait(5)


def test_connection_that_ends_while_nobody_uses_it_leaves_nothing_behind(stack, asker):
    def descriptors():
        return sum(len(os.listdir(private_part(pid, "fd")))
                   for pid in [stack.responder.pid, *children_of(stack.responder.pid)])

    def use_connections():
        with contextlib.ExitStack() as closing:
            connections = [closing.enter_context(contextlib.closing(
                fastcgi.Connection(stack.directory / "fcgi.sock"))) for _ in range(10)]
            for connection in connections:
                connection.socket.sendall(asker.records("stream"))
                asker.assert_answered(connection, "stream")

    use_connections()
    before = descriptors()
    for _ in range(5):
        use_connections()
    # One to the provider may be left.
    wait_until(lambda: descriptors() <= before + 1, 5, "the last connection to be closed")


def test_connections_that_are_kept_keep_nobody_else_waiting(stack, asker):
    """There are more of them than processes."""
    with contextlib.ExitStack() as closing:
        connections = [closing.enter_context(contextlib.closing(
            fastcgi.Connection(stack.directory / "fcgi.sock"))) for _ in range(12)]
        for turn in range(3):
            for number, connection in enumerate(connections):
                kind = KINDS[(number + turn) % 2]
                connection.socket.sendall(asker.records(kind))
                asker.assert_answered(connection, kind)
            assert stack.client.get_response(asker.polled).status == 200


def test_kept_connection_is_not_lost_when_the_relay_ends(make_stack):
    """It closes; what was asked on it before is answered."""
    stack = make_stack(supervisor=False)
    asker = Asker(stack)
    (relay,) = wait_until(lambda: children_of(stack.responder.pid, "relay"), 5, "the relay")
    with contextlib.closing(fastcgi.Connection(stack.directory / "fcgi.sock")) as connection:
        connection.socket.sendall(asker.records("stream"))
        asker.assert_answered(connection, "stream")
        os.kill(relay, signal.SIGTERM)
        assert connection.read_record() is None
    assert stack.client.post_create({"model": "whole", "input": "x"}).status == 200


class Requests:
    """What several clients ask nginx for, each on a connection of its own that it keeps."""

    def __init__(self, site):
        self.client = site.client
        self.asker = Asker(site)

    def ask(self, connection, kind):
        headers = {"Authorization": f"Bearer {ALICE}", "Content-Type": "application/json"}
        if kind == "poll":
            connection.request("GET", f"/v1/responses/{self.asker.polled}", headers=headers)
        else:
            connection.request("POST", "/v1/responses", json.dumps(
                {"model": kind, "input": "x", "stream": kind == "stream"}), headers)
        reply = connection.getresponse()
        return reply.status, reply.read()

    def expected(self, kind):
        return BODY if kind == "whole" else self.asker.text

    def run(self, count):
        """What was not answered as it should have been."""
        wrong = []
        with contextlib.closing(
                http.client.HTTPConnection(*self.client.address, timeout=20)) as connection:
            for kind in orders(count):
                status, body = self.ask(connection, kind)
                if status != 200 or (kind != "poll" and body != self.expected(kind)):
                    wrong.append((kind, status, body[:200]))
        return wrong

    def run_many(self, clients, count):
        with ThreadPoolExecutor(clients) as threads:
            return sum(threads.map(lambda _: self.run(count), range(clients)), [])


OPTIONS = {"children": 4, "supervisor": False}


def test_nginx_loses_no_request_on_connections_that_it_keeps():
    with deployed.sites() as make:
        assert Requests(make(NginxSite, **OPTIONS)).run_many(6, 100) == []


def test_nginx_loses_no_request_while_the_responder_is_reloaded():
    with deployed.sites() as make:
        site = make(NginxSite, **OPTIONS)
        requests, stop = Requests(site), threading.Event()

        def reload():
            while not stop.wait(0.05):
                site.responder.send_signal(signal.SIGHUP)

        reloading = threading.Thread(target=reload)
        reloading.start()
        try:
            assert requests.run_many(4, 60) == []
        finally:
            stop.set()
            reloading.join()


def test_nginx_loses_no_request_while_relays_are_told_to_end():
    """A connection that its relay was about to close costs nginx a second try at most."""
    with deployed.sites() as make:
        site = make(NginxSite, **OPTIONS)
        requests, stop = Requests(site), threading.Event()

        def end_relays():
            while not stop.wait(0.05):
                for relay in children_of(site.responder.pid, "relay"):
                    os.kill(relay, signal.SIGTERM)

        ending = threading.Thread(target=end_relays)
        ending.start()
        try:
            assert requests.run_many(4, 60) == []
        finally:
            stop.set()
            ending.join()
