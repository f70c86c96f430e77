"""Clients that go, or are slow, while an answer is passed through."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

from harness import wait_until
from passing import answer, event, streaming
from passing_faults import STACK  # noqa: F401  (what the stack is)
from passing_faults import BODY, fastcgi_create
from upstream import Hang, json_error


def test_web_server_that_resets_its_connection_closes_the_provider_s(stack, upstream, model):
    """As a web server does that closes while it has not read all of the answer."""
    upstream.script(model, [event(0), Hang()])
    connection = fastcgi_create(stack, {"model": model, "input": "x", "stream": True})
    exchange = upstream.wait_request(model)
    wait_until(lambda: connection.socket.recv(1, socket.MSG_PEEK), 5, "the first event")
    connection.close()
    assert exchange.peer_closed.wait(5), "the provider's connection is still open after 5 s"


def test_slow_reader_gets_everything(client, upstream, model):
    events = [event(n, delta="x" * 20000) for n in range(300)]
    upstream.script(model, events)
    with streaming(client, model) as stream:
        time.sleep(0.5)
        for n, expected in enumerate(events):
            assert stream.next() == expected
            if n % 50 == 0:
                time.sleep(0.1)
        assert stream.next() is None


def test_client_that_leaves_between_two_tries_gives_its_place_back(make_stack):
    stack = make_stack({"litellm_settings": {"num_retries": 5}, "respool": {"max_passthrough": 1}},
                       supervisor=False)
    stack.upstream.script("m", json_error(503, {"error": {}}, {"Retry-After": "5"}))
    connection = fastcgi_create(stack, {"model": "m", "input": "x"})
    stack.upstream.wait_request("m")
    connection.close()
    stack.upstream.script("n", answer(BODY))
    wait_until(lambda: stack.client.post_create({"model": "n", "input": "x"}).status == 200, 4,
               "the place to be free again")
    assert len(stack.upstream.requests("m")) == 1


def test_nobody_is_turned_away_while_there_is_a_place(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 4}}, supervisor=False, children=8)
    stack.upstream.script("m", answer(BODY))

    def ask_often(_):
        return {stack.client.post_create({"model": "m", "input": "x"}).status for _ in range(60)}

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(ask_often, range(4))) == {200}
