"""Webhooks as a receiver sees them: OpenAI's events, signed as Standard Webhooks has it."""

import re
import subprocess

import pytest

from events import message_stream, opening
from harness import BOB, BUILD, wait_until
from operating import Operator
from receiver import OK, failure
from standard_webhooks import Refused, new_secret
from upstream import Gate, Hang
from webhooks import DAY, ENDS, HEADER, MINUTE, WebhookStack
from webhooks_clock import held_deliveries

ALL, FAILURES, BOBS = new_secret(), new_secret(), new_secret()


def endpoints(receiver):
    return [
        receiver.endpoint("all", ALL),
        receiver.endpoint("failures", FAILURES,
                          events=["response.failed", "response.cancelled"]),
        receiver.endpoint("bobs", BOBS, tenants=["bob"]),
    ]


@pytest.fixture(scope="module")
def stack():
    stack = WebhookStack(endpoints)
    yield stack
    stack.close()


@pytest.fixture
def receiver(stack):
    return stack.receiver


def paths_told(stack, response, count):
    """To which paths the end of a response is told; so many are expected."""
    def is_over():
        return response not in [one.response for one in held_deliveries(stack).values()]

    stack.receiver.await_deliveries(count, response=response)
    wait_until(is_over, 10, "nothing more to be told of it")
    return sorted(one.path for one in stack.receiver.deliveries(response=response))


@pytest.mark.parametrize("how", ENDS)
def test_each_end_is_told_as_openai_tells_it(stack, receiver, how):
    response = stack.end(how)
    delivery = receiver.await_delivery("/all", response)
    event = delivery.verify(ALL)
    ended = stack.client.poll(response)
    assert list(event) == ["object", "id", "type", "created_at", "data"]
    assert (event["object"], event["type"]) == ("event", f"response.{how}")
    assert event["data"] == {"id": response}
    assert re.fullmatch(r"evt_[0-9a-f]{32}", event["id"])
    assert isinstance(event["created_at"], int)
    assert ended["created_at"] <= event["created_at"] <= delivery.received_at


@pytest.mark.parametrize("how", ENDS)
def test_nothing_of_the_content_is_told(stack, receiver, how):
    delivery = receiver.await_delivery("/all", stack.end(how))
    assert b"secret" not in delivery.body and len(delivery.body) < 300
    assert "secret" not in str(delivery.headers)


def test_headers_are_those_of_standard_webhooks(stack, receiver):
    delivery = receiver.await_delivery("/all", stack.end())
    version = subprocess.run([BUILD / "respoold", "-V"], capture_output=True, text=True,
                             check=True).stdout.split()[-1]
    headers = dict(delivery.headers)
    assert (delivery.method, delivery.path) == ("POST", "/all")
    assert re.fullmatch(r"wh_[0-9a-f]{32}", headers.pop("webhook-id"))
    assert 0 <= delivery.received_at - int(headers.pop("webhook-timestamp")) < 5
    assert re.fullmatch(r"v1,[A-Za-z0-9+/]{43}=", headers.pop("webhook-signature"))
    assert headers == {
        "host": f"127.0.0.1:{receiver.port}", "user-agent": f"respool/{version}", "accept": "*/*",
        "content-type": "application/json", "content-length": str(len(delivery.body))}


def test_what_another_has_signed_or_somebody_has_changed_is_refused(stack, receiver):
    delivery = receiver.await_delivery("/all", stack.end())
    with pytest.raises(Refused):
        delivery.verify(BOBS)
    delivery.received_at += 301
    with pytest.raises(Refused):
        delivery.verify(ALL)
    delivery.received_at -= 301
    delivery.body = delivery.body.replace(b"completed", b"failed")
    with pytest.raises(Refused):
        delivery.verify(ALL)


def test_response_that_is_cancelled_while_it_waits_is_told(stack, receiver):
    operator = Operator(stack)
    operator.run("pause")
    response = stack.create()
    assert stack.client.cancel(response).json()["status"] == "cancelled"
    operator.run("resume")
    event = receiver.await_delivery("/all", response).verify(ALL)
    assert event["type"] == "response.cancelled"


@pytest.mark.parametrize("how, told", [
    ("completed", ["/all"]), ("incomplete", ["/all"]),
    ("failed", ["/all", "/failures"]), ("cancelled", ["/all", "/failures"])])
def test_endpoint_is_told_of_its_events_alone(stack, how, told):
    assert paths_told(stack, stack.end(how), len(told)) == told


def test_endpoint_is_told_of_its_tenants_alone(stack):
    response = stack.end("completed", client=stack.client.with_key(BOB))
    assert paths_told(stack, response, 2) == ["/all", "/bobs"]


def test_endpoints_get_deliveries_of_their_own_about_one_event(stack, receiver):
    response = stack.end("failed", client=stack.client.with_key(BOB))
    told = {one.path: one for one in receiver.await_deliveries(3, response=response)}
    assert len({one.id for one in told.values()}) == 3
    assert len({one.event["id"] for one in told.values()}) == 1
    for path, secret in (("/all", ALL), ("/failures", FAILURES), ("/bobs", BOBS)):
        told[path].verify(secret)
        for other in {"/all", "/failures", "/bobs"} - {path}:
            with pytest.raises(Refused):
                told[other].verify(secret)


def test_request_may_name_an_endpoint_that_is_told_then_as_well(stack, hook):
    assert paths_told(stack, hook.end(), 2) == ["/all", hook.path]
    hook.deliveries()[0].verify(hook.secret)


def test_named_endpoint_is_told_of_its_events_alone_and_once(stack):
    assert paths_told(stack, stack.end("completed", "failures"), 1) == ["/all"]
    assert paths_told(stack, stack.end("failed", "failures"), 2) == ["/all", "/failures"]


def test_request_that_names_an_unknown_endpoint_is_refused(stack):
    reply = stack.client.post_create({"model": "completed", "input": "x", "background": True},
                                     headers={HEADER: "nobody"})
    assert reply.status == 400 and "nobody" not in stack.receiver.scripts
    assert HEADER.lower() in reply.error()["message"].lower()


def test_ids_stay_over_all_tries_and_the_timestamp_is_of_each(stack, hook):
    hook.script(failure(500), failure(500), OK)
    response = hook.end()
    hook.await_tries(1)
    stack.pass_time(6)
    hook.await_tries(2)
    stack.pass_time(6 * MINUTE)
    tries = hook.await_deliveries(3)
    assert len({(one.id, one.body) for one in tries}) == 1
    for one in tries:
        assert one.verify(hook.secret)["data"]["id"] == response
        assert 0 <= one.received_at - one.timestamp < 5
    hook.await_rest()


def test_what_waits_for_its_end_is_not_told_yet(stack):
    hook, gate = stack.hook(), Gate()
    stack.upstream.script("gated", [*opening(), gate, *message_stream(["x"])[2:]])
    waiting = hook.create("gated")
    stack.client.wait_status(waiting, "in_progress")
    other = hook.end()
    assert [one.response for one in hook.await_deliveries(1)] == [other]
    gate.open()
    assert hook.await_deliveries(2)[1].response == waiting


def test_what_is_deleted_before_its_end_is_not_told(stack, hook):
    stack.upstream.script("hanging", [*opening(), Hang()])
    response = hook.create("hanging")
    stack.client.wait_status(response, "in_progress")
    assert stack.client.delete(response).status == 200
    other = hook.end()
    assert hook.await_delivery().response == other
    hook.await_rest()
    stack.pass_time(DAY)
    hook.await_rest()
    assert len(hook.deliveries()) == 1 and not stack.receiver.deliveries(response=response)


@pytest.mark.parametrize("fields", [{}, {"stream": True}])
def test_what_is_passed_through_is_not_told(stack, receiver, fields):
    known = len(receiver.deliveries("/all"))
    reply = stack.client.post_create({"model": "completed", "input": "x", **fields})
    assert reply.status == 200
    told = stack.end()
    receiver.await_delivery("/all", told)
    assert [one.response for one in receiver.deliveries("/all")[known:]] == [told]
