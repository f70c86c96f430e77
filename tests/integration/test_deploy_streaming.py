"""Requests that are passed through, behind each web server with its file in deploy as it is."""

import contextlib
import http.client
import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

import deployed
from deployed import SERVERS, SPAWNED, NginxSite
from harness import ALICE, TOP, wait_until
from upstream import Feed, Gate, Script, event_bytes, json_error

pytestmark = pytest.mark.once

# With spawn-fcgi.sh plain there is one process only, and polls wait.
PREFORKED = [way for way in SPAWNED if way != "spawn-fcgi-plain"]
WAYS = {**SERVERS, **SPAWNED}
MAX_PASSTHROUGH = 2
OPTIONS = {"config": {"respool": {"max_passthrough": MAX_PASSTHROUGH}}, "children": 4,
           "supervisor": False}


@pytest.fixture(scope="module", params=[
    *((way, mount) for way in SERVERS for mount in ("", "/llm")), *((way, "") for way in PREFORKED)
], ids=lambda param: f"{param[0]}-{param[1].strip('/') or 'root'}")
def site(request):
    way, mount = request.param
    with deployed.sites() as make:
        yield make(WAYS[way], mount, **OPTIONS)


@pytest.fixture
def make_site():
    with deployed.sites() as make:
        yield make


def event(n, text="x"):
    return {"type": "response.output_text.delta", "delta": text, "sequence_number": n}


class EventReader:
    """An answer that is read event by event."""

    def __init__(self, client, method, path, body=None):
        self.connection = http.client.HTTPConnection(*client.address, timeout=20)
        self.connection.request(method, path, json.dumps(body) if body else None,
                                {"Authorization": f"Bearer {client.key}"})
        self.answer = self.connection.getresponse()

    def next(self):
        """The bytes of the next event; none at the end."""
        lines = []
        for line in iter(self.answer.readline, b""):
            lines.append(line)
            if line == b"\n":
                break
        return b"".join(lines)

    def close(self):
        self.answer.close()
        self.connection.close()


def start_stream(client, model):
    return EventReader(client, "POST", f"{client.prefix}/responses",
                       {"model": model, "input": "x", "stream": True})


def occupy_process(client, model):
    """A stream, as soon as there is a process for it."""
    def attempt():
        reader = start_stream(client, model)
        if reader.answer.status == 200:
            return reader
        reader.close()
        return None

    return wait_until(attempt, 10, "a process that may pass a stream on")


def assert_in_step(reader, feed, sizes=(1, 1, 20_000, 200_000, 1)):
    """The first event has been sent; each other one is when the one before has come."""
    assert reader.answer.status == 200
    assert reader.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reader.next() == event_bytes(event(0))
    for n, size in enumerate(sizes, 1):
        feed.send(event(n, "x" * size))
        assert reader.next() == event_bytes(event(n, "x" * size))
    feed.end()
    assert reader.next() == b""


class TestEveryServer:
    def test_stream_arrives_in_step_with_the_provider(self, site, model):
        feed = Feed()
        site.upstream.script(model, [feed])
        feed.send(event(0))
        with contextlib.closing(start_stream(site.client, model)) as reader:
            assert_in_step(reader, feed)

    def test_stream_of_a_response_that_exists_arrives_in_step_too(self, site, model):
        client, feed = site.client, Feed()
        response_id = f"resp_{model}"
        site.upstream.script(model, json_error(200, {"object": "response", "id": response_id}))
        assert client.post_create({"model": model, "input": "x"}).status == 200
        site.upstream.script(f"/v1/responses/{response_id}", [feed])
        feed.send(event(0))
        path = f"{client.prefix}/responses/{response_id}?stream=true"
        with contextlib.closing(EventReader(client, "GET", path)) as reader:
            assert_in_step(reader, feed)

    def test_answer_that_is_not_streamed_comes_back_as_the_provider_sent_it(self, site, model):
        body = json.dumps({"object": "response", "id": "resp_x", "x": "y" * 300_000}).encode()
        site.upstream.script(model, Script([body], headers={
            "Content-Type": "application/json", "x-request-id": "req_1", "openai-version": "2"}))
        reply = site.client.post_create({"model": model, "input": "x"})
        assert (reply.status, reply.body) == (200, body)
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers.get_all("x-request-id") == ["req_1"]
        assert reply.headers["openai-version"] == "2"

    def test_client_that_goes_away_closes_the_connection_to_the_provider(self, site, model):
        """At once, or when more events come from servers that notice it only then."""
        feed = Feed()
        site.upstream.script(model, [feed])
        feed.send(event(0))
        with contextlib.closing(start_stream(site.client, model)) as reader:
            assert reader.next() == event_bytes(event(0))
        closed = site.upstream.wait_request(model).peer_closed
        if site.sees_clients_leave:
            assert closed.wait(10)
        else:
            wait_until(lambda: feed.send(event(1)) or closed.is_set(), 10,
                       "the connection to the provider to be closed")
        feed.end()

    def test_polls_are_answered_while_streams_occupy_as_many_processes_as_they_may(
            self, site, model):
        client = site.client
        gates = [Gate() for _ in range(MAX_PASSTHROUGH)]
        site.upstream.script(
            model, *([event(0), gate, event(1)] for gate in gates), [event(0)])
        response_id = client.create("polled")["id"]
        with contextlib.ExitStack() as stack:
            readers = [stack.enter_context(contextlib.closing(occupy_process(client, model)))
                       for _ in gates]
            for reader in readers:
                assert reader.next() == event_bytes(event(0))

            for stream in (True, False) if site.bounds_passthrough else ():
                refused = client.post_create({"model": model, "input": "x", "stream": stream})
                assert refused.status == 503
                assert int(refused.headers["retry-after"]) >= 1
                assert refused.error()["message"]
            with ThreadPoolExecutor(8) as threads:
                polls = list(threads.map(lambda _: client.get_response(response_id), range(40)))
            assert [poll.status for poll in polls] == [200] * 40

            gates[0].open()
            assert readers[0].next() == event_bytes(event(1))
            assert readers[0].next() == b""
            wait_until(lambda: client.post_create({"model": model, "input": "x"}).status == 200, 10,
                       "a free process")
            for gate in gates:
                gate.open()


class TestBeforeTheAnswerBegins:
    def test_nginx_notices_that_a_client_goes_away(self, make_site, model):
        site = make_site(NginxSite, **OPTIONS)
        gate = Gate()
        site.upstream.script(model, Script([gate], headers={"Content-Type": "application/json"}))
        connection = http.client.HTTPConnection(*site.client.address, timeout=10)
        connection.request("POST", "/v1/responses", json.dumps({"model": model, "input": "x"}),
                           {"Authorization": f"Bearer {ALICE}"})
        exchange = site.upstream.wait_request(model)
        connection.close()
        assert exchange.peer_closed.wait(10)
        gate.open()


class TestClientThatDoesNotRead:
    @pytest.mark.parametrize("server", ["lighttpd", "lighttpd-spawn"])
    def test_it_does_not_hold_up_the_provider(self, make_site, model, server):
        site = make_site(SERVERS[server], **OPTIONS)
        site.upstream.script(model, [event(n, "x" * 1_000_000) for n in range(20)])
        body = json.dumps({"model": model, "input": "x", "stream": True})
        with socket.create_connection(site.client.address, 10) as connection:
            connection.sendall((
                f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode())
            exchange = site.upstream.wait_request(model)
            assert exchange.answered.wait(20)
            assert not exchange.peer_closed.is_set()


def seconds(name, pattern):
    """The number of seconds that a file in deploy sets."""
    found = re.findall(pattern, (TOP / "deploy" / name).read_text(), re.MULTILINE)
    assert len(found) == 1, f"{pattern} is {len(found)} times in deploy/{name}"
    return int(found[0])


class TestTimeLimits:
    """Of the web servers, against those of a deployment in deploy/config.yaml."""

    @pytest.mark.parametrize("name, pattern", [
        ("nginx.conf", r"^\tfastcgi_read_timeout (\d+)s;"),
        ("apache-mod_fcgid.conf", r"^FcgidIOTimeout (\d+)$"),
        ("apache-mod_fcgid.conf", r"^FcgidBusyTimeout (\d+)$"),
        ("apache-proxy_fcgi.conf", r"^\tProxyPass .* timeout=(\d+)"),
    ])
    def test_they_wait_for_a_whole_answer(self, name, pattern):
        assert seconds(name, pattern) > seconds("config.yaml", r"^      timeout: (\d+)")

    @pytest.mark.parametrize("name", ["lighttpd-socket.conf", "lighttpd-spawn.conf"])
    def test_lighttpd_waits_for_the_next_event(self, name):
        assert seconds(name, r"^server.max-write-idle = (\d+)$") > \
            seconds("config.yaml", r"^      silence_timeout: (\d+)")
