"""Webhooks to receivers behind TLS."""

import pytest

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
    make().hook().assert_is_told_when_tried_again()


def test_receiver_whose_certificate_nobody_vouches_for_is_told_nothing(make):
    stack = make()
    hook = stack.hook()
    hook.end()
    held = hook.await_tries(1)
    assert "certificate" in held.why
    assert not hook.deliveries() and not stack.receiver.arrived
