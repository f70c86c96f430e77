"""Relays and a configuration that is read again."""

import signal

from harness import wait_until
from passing import answer
from passing_faults import deployment
from relaying import BODY, FedStream, await_relay, relays_of


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
