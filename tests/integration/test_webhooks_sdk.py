"""OpenAI's own SDKs verify and unwrap what a receiver got."""

import time

import pytest

from standard_webhooks import TOLERANCE, new_secret, sign
from webhooks import ENDS, WebhookStack

pytestmark = pytest.mark.once

OLD, NEW, OTHER = new_secret(24), new_secret(64), new_secret()
ERROR = {"error": "InvalidWebhookSignatureError"}


@pytest.fixture(scope="module")
def stack():
    stack = WebhookStack(lambda receiver: [receiver.endpoint("changing", [OLD, NEW])], hooks=1)
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def told(stack):
    """A delivery of each type."""
    return {how: stack.receiver.await_delivery("/changing", stack.end(how)) for how in ENDS}


@pytest.fixture
def unwrap(request, directory):
    """What an SDK makes of deliveries, each with the secret that its receiver has."""
    sdk = request.getfixturevalue(request.param)

    def unwrap(*deliveries):
        scenario = sdk.begin("webhooks", "unwrap", {"deliveries": [
            {"body": body.decode(), "headers": headers, "secret": secret}
            for body, headers, secret in deliveries]}, "http://127.0.0.1:9/v1", directory)
        try:
            return scenario.result()
        finally:
            scenario.close()

    return unwrap


BY_BOTH = pytest.mark.parametrize("unwrap", ["node_sdk", "python_sdk"], indirect=True)


@BY_BOTH
def test_events_of_all_types_are_unwrapped(told, unwrap):
    results = unwrap(*[(one.body, one.headers, secret) for one in told.values()
                       for secret in (OLD, NEW)])
    assert [result["event"] for result in results] == [
        one.event for one in told.values() for _ in (OLD, NEW)]
    kinds = [result["class"] for result in results if "class" in result]
    assert kinds in ([], [f"Response{how.title()}WebhookEvent" for how in ENDS for _ in (OLD, NEW)])


@BY_BOTH
def test_what_is_not_ours_is_refused(told, unwrap):
    one = told["completed"]
    old = int(time.time()) - TOLERANCE - 10
    stale = one.headers | {"webhook-timestamp": str(old),
                           "webhook-signature": sign(OLD, one.id, old, one.body)}
    assert unwrap(
        (one.body, one.headers, OTHER),
        (one.body, stale, OLD),
        (one.body, one.headers | {"webhook-timestamp": str(one.timestamp + 1)}, OLD),
        (one.body, one.headers | {"webhook-id": "wh_other"}, OLD),
        (one.body.replace(b"completed", b"failed"), one.headers, OLD),
    ) == [ERROR] * 5


def test_sdk_for_node_takes_the_secret_of_its_client(told, node_sdk, directory):
    one = told["failed"]
    scenario = node_sdk.begin(
        "webhooks", "unwrapByOption", {"body": one.body.decode(), "headers": one.headers},
        "http://127.0.0.1:9/v1", directory, webhookSecret=NEW)
    try:
        assert scenario.result() == one.event
    finally:
        scenario.close()
