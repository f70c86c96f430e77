"""A relay's clients that are slow, stop or leave."""

import contextlib
import time
from pathlib import Path

import pytest

from harness import wait_until
from passing import answer, event
from passing_faults import fastcgi_answer, fastcgi_create
from relaying import BODY, PIECE, PIECES, FedStream, Flood, assert_polls_are_answered, await_relay
from test_chaos import sanitized
from tls import Http1OverTls, Http2OverTls
from upstream import Hang, event_bytes, json_error

SOME = 160  # 10 MB: more than sockets take


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
