"""Receivers that hang, are slow, break off or never end."""

import pytest

import receiver as scripted
from receiver import OK, answer
from upstream import Endless, Gate, Script
from webhooks import WebhookStack

WEBHOOK_SECONDS = 15
MAX_PARALLEL = 8


@pytest.fixture(scope="module")
def stack():
    stack = WebhookStack()
    yield stack
    stack.close()


@pytest.mark.slowish
def test_receiver_that_hangs_is_given_up_and_delays_no_other(stack, hook):
    hook.script(*[scripted.HANGS] * MAX_PARALLEL, OK)
    others = [stack.hook() for _ in range(3)]
    for _ in range(MAX_PARALLEL + 2):
        hook.create()
    hook.await_deliveries(MAX_PARALLEL)
    for other in others:
        other.end()
        other.await_rest()
    assert len(hook.deliveries()) == MAX_PARALLEL  # the others wait for these
    begun = min(one.exchange.arrived_at for one in hook.deliveries())
    first = hook.deliveries()[0]
    assert first.exchange.peer_closed.wait(WEBHOOK_SECONDS + 10)
    assert first.exchange.peer_closed_at - begun > WEBHOOK_SECONDS - 2
    stack.receiver.await_deliveries(MAX_PARALLEL + 2, hook.path)
    failed = [one for one in hook.held() if one.tries]
    assert failed and all("15 s" in one.why for one in failed), [vars(one) for one in failed]
    stack.pass_time(6)
    hook.await_rest()


@pytest.mark.parametrize("script", [scripted.late(700), scripted.dripping(5, 100)],
                         ids=["late", "dripping"])
def test_slow_answer_is_an_answer(hook, script):
    hook.script(script)
    hook.end()
    hook.await_rest()
    assert len(hook.deliveries()) == 1 and hook.state() is None


@pytest.mark.parametrize("script", [
    scripted.CLOSES, scripted.RESETS, Script([b"HTTP/1.1 200"], framing="raw"),
    Script([b"not HTTP at all\r\n\r\n"], framing="raw")],
    ids=["closes", "resets", "half a head", "not http"])
def test_connection_that_ends_without_an_answer_is_a_failure(stack, hook, script):
    """On connections that were kept libcurl sends it again at once, so that may arrive often."""
    hook.script(script)
    hook.end()
    held = hook.await_tries(1)
    assert held.why and hook.secret not in held.why
    known = len(hook.deliveries())
    hook.script(OK)
    stack.pass_time(6)
    hook.await_rest(known + 1)
    assert len({(one.id, one.body) for one in hook.deliveries()}) == 1


def test_receiver_that_closes_before_it_reads_is_tried_again(stack, hook):
    stack.receiver.refuse(1)
    hook.end()
    held = hook.await_tries(1)
    assert held.why
    stack.pass_time(6)
    hook.await_deliveries(1)
    hook.await_rest()


@pytest.mark.parametrize("status", [200, 500])
def test_endless_body_is_not_read(stack, hook, status):
    hook.script(answer(status, [Endless(b"x" * 65536)]), OK)
    hook.end()
    first = hook.await_delivery()
    assert first.exchange.peer_closed.wait(5)
    if status == 500:
        assert "x" * 100 not in hook.await_tries(1).why
        stack.pass_time(6)
        hook.await_deliveries(2)
    hook.await_rest()


def test_body_that_drips_behind_a_failure_holds_nobody_up(stack, hook):
    """Of a failure the beginning of the body is wanted, for the log, but others go on meanwhile."""
    gate = Gate()
    hook.script(Script([b"no", gate], 500), OK)
    first = hook.end()
    hook.await_delivery()
    second = hook.end()
    assert [one.response for one in hook.await_deliveries(2)] == [first, second]
    gate.open()
    hook.await_tries(1)
    stack.pass_time(6)
    hook.await_rest()


def test_heads_without_end_are_refused(stack, hook):
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(200000))
    hook.script(Script([b"HTTP/1.1 200 OK\r\n", lines, Gate()], framing="raw"), OK)
    hook.end()
    assert hook.await_tries(1).why
    stack.pass_time(6)
    hook.await_rest()


def test_connections_are_kept_for_the_next_delivery(hook):
    for number in range(5):
        hook.end()
        hook.await_rest(number + 1)
    assert len({one.exchange.connection for one in hook.deliveries()}) == 1


def test_no_more_are_under_way_than_the_endpoint_allows(stack):
    hook, gate = stack.hook(), Gate()
    hook.script(scripted.held(gate))
    responses = [hook.create() for _ in range(3 * MAX_PARALLEL)]
    for response in responses:
        stack.client.wait_terminal(response)
    stack.receiver.await_deliveries(MAX_PARALLEL, hook.path)
    other = stack.hook()
    other.end()
    other.await_rest()
    assert len(hook.deliveries()) == MAX_PARALLEL
    gate.open()
    told = hook.await_deliveries(3 * MAX_PARALLEL)
    assert sorted(one.response for one in told) == sorted(responses)
    hook.await_rest()
