"""Webhooks to receivers behind TLS."""

import pytest

from receiver import OK, failure
from webhooks import WebhookStack


@pytest.fixture
def make(directory):
    stacks = []

    def make(**options):
        stacks.append(WebhookStack(hooks=1, tls_directory=directory, **options))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.close()


def test_receiver_with_a_good_certificate_is_told(make, directory, monkeypatch):
    monkeypatch.setenv("CURL_CA_BUNDLE", str(directory / "certificate.pem"))
    stack = make()
    hook = stack.hook()
    hook.script(failure(500), OK)
    hook.end()
    hook.await_tries(1)
    stack.pass_time(6)
    for delivery in hook.await_deliveries(2):
        delivery.verify(hook.secret)
    hook.await_rest()


def test_receiver_whose_certificate_nobody_vouches_for_is_told_nothing(make):
    stack = make()
    hook = stack.hook()
    hook.end()
    held = hook.await_tries(1)
    assert "certificate" in held.why
    assert not hook.deliveries() and not stack.receiver.arrived
