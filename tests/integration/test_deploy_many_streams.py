"""Hundreds of streams at once, behind each web server with its file in deploy as it is."""

import contextlib
import http.client
import json
import resource
from concurrent.futures import ThreadPoolExecutor

import pytest

import deployed
from deployed import SERVERS
from test_chaos import sanitized
from test_deploy_streaming import event
from upstream import Feed, event_bytes

pytestmark = pytest.mark.once

# With mod_fcgid each has two processes, which a sanitizer makes large.
STREAMS = 60 if sanitized() else 300
ROUNDS = 3
POLLS = 30


@pytest.fixture(autouse=True, scope="module")
def descriptors_for_all():
    """Both ends of a stream are here, and what moves it on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Stream:
    """Is asked for at once; its answer is read later."""

    def __init__(self, site, model):
        self.feed = Feed()
        self.sent = 0
        site.upstream.script(model, [self.feed])
        self.connection = http.client.HTTPConnection(*site.client.address, timeout=60)
        self.connection.request(
            "POST", "/v1/responses", json.dumps({"model": model, "input": "x", "stream": True}),
            {"Authorization": f"Bearer {site.client.key}"})

    def begin(self):
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()

    def send(self):
        self.feed.send(event(self.sent))
        self.sent += 1

    def assert_arrived(self):
        expected = event_bytes(event(self.sent - 1))
        assert b"".join(self.answer.readline() for _ in range(3)) == expected

    def assert_ends(self):
        self.feed.end()
        assert self.answer.read() == b""

    def close(self):
        self.connection.close()


@pytest.mark.parametrize("server", SERVERS)
def test_each_event_of_each_stream_arrives_when_it_comes_while_polls_are_answered(server):
    with deployed.sites() as make, contextlib.ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        site = make(SERVERS[server], supervisor=False)
        polled = site.client.create("polled")["id"]
        streams = [stack.enter_context(contextlib.closing(Stream(site, f"m{number}")))
                   for number in range(STREAMS)]
        for stream in streams:
            stream.send()
        for stream in streams:
            stream.begin()
            stream.assert_arrived()
        for _ in range(ROUNDS):
            for stream in streams:
                stream.send()
            polls = pool.map(lambda _: site.client.get_response(polled).status, range(POLLS))
            assert set(polls) == {200}
            for stream in streams:
                stream.assert_arrived()
        for stream in streams:
            stream.assert_ends()
