"""Relays keep nothing of what has ended."""

import os
from concurrent.futures import ThreadPoolExecutor

from harness import SECRETS, children_of, private_part, title_of, wait_until
from passing import answer, event, response_object
from passing_faults import fastcgi_create, is_cut
from relaying import BODY, Flood, await_relay
from upstream import Cut, Hang, Reset, json_error


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
