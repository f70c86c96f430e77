"""Answers that break off while they are passed through."""

import os

import pytest

import deployed
from deployed import SERVERS
from passing import answer, event, response_object
from passing_faults import STACK  # noqa: F401  (what the stack is)
from passing_faults import is_cut, raw
from upstream import Cut, Script, Sleep, event_bytes


def test_large_answer_that_breaks_off_is_no_whole_one_for_the_client(make_stack):
    stack = make_stack({"respool": {"max_response_bytes": 1000}}, supervisor=False)
    stack.upstream.script(
        "m", Script([b"x" * 5000, Sleep(100), b"y" * 5000, Cut()],
                    headers={"Content-Type": "application/json"}))
    assert is_cut(stack.client, {"model": "m", "input": "x"})


def test_answer_longer_than_what_is_held_comes_back_whole(make_stack):
    stack = make_stack({"respool": {"max_response_bytes": 1000}}, supervisor=False)
    body = os.urandom(300_000)
    stack.upstream.script("m", answer(body))
    assert stack.client.post_create({"model": "m", "input": "x"}).body == body


def test_stream_that_breaks_off_within_an_event_is_no_whole_one_for_the_client(
        client, upstream, model):
    upstream.script(model, [event(0), b"data: {\"type\":", Sleep(50), Cut()])
    assert is_cut(client, {"model": model, "input": "x", "stream": True})


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed"])
@pytest.mark.parametrize("split", [1, 7, 10000])
def test_stream_whose_last_event_has_come_is_whole_however_it_is_closed(
        client, upstream, model, kind, split):
    last = event_bytes({"type": f"response.{kind}", "sequence_number": 1,
                        "response": response_object(f"resp_{model}", status=kind)})
    whole = event_bytes(event(0)) + last
    upstream.script(model, [*(whole[i:i + split] for i in range(0, len(whole), split)), Cut()])
    reply = client.post_create({"model": model, "input": "x", "stream": True})
    assert reply.body == whole


# mod_fcgid cannot break off an answer: it appends a page that says "Internal Server Error".
@pytest.mark.parametrize("way", [way for way in SERVERS if way != "apache-mod_fcgid"])
def test_answer_that_breaks_off_is_no_whole_one_behind_a_web_server(way):
    with deployed.sites() as make:
        site = make(SERVERS[way], "", config={"respool": {"max_response_bytes": 1000}},
                    supervisor=False)
        broken = {
            "event": [event(0), b"data: {\"type\":", Sleep(50), Cut()],
            "chunked": Script([b"x" * 5000, Sleep(50), b"y" * 5000, Cut()],
                              headers={"Content-Type": "application/json"}),
            "length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", b"x" * 5000, Cut()),
        }
        for model, script in broken.items():
            site.upstream.script(model, script)
            assert is_cut(site.client, {"model": model, "input": "x", "stream": True}), model
        site.upstream.script("whole", answer(os.urandom(50_000)))
        assert site.client.post_create({"model": "whole", "input": "x"}).status == 200
