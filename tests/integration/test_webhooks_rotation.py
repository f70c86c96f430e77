"""An endpoint's secret is changed while deliveries go on."""

import pytest

from harness import wait_until
from receiver import OK, failure
from standard_webhooks import Refused, new_secret
from webhooks import MINUTE, WebhookStack


@pytest.fixture
def stack():
    stack = WebhookStack(hooks=3)
    yield stack
    stack.close()


def endpoint_of(endpoints, hook):
    return next(one for one in endpoints if one["name"] == hook.name)


def change_secret(stack, hook, secret):
    """And waits until deliveries are signed by as many secrets."""
    count = len(secret) if isinstance(secret, list) else 1
    stack.configure(lambda endpoints: endpoint_of(endpoints, hook).update(secret=secret))

    def is_used():
        delivery = stack.receiver.await_delivery(hook.path, hook.end())
        return len(delivery.signatures) == count and delivery

    return wait_until(is_used, 10, f"{count} signatures")


def test_receiver_with_either_secret_verifies_while_there_are_two(stack):
    hook, new = stack.hook(), new_secret()
    delivery = change_secret(stack, hook, [new, hook.secret])
    assert delivery.verify(hook.secret) == delivery.verify(new)
    with pytest.raises(Refused):
        delivery.verify(new_secret())
    delivery = change_secret(stack, hook, new)
    delivery.verify(new)
    with pytest.raises(Refused):
        delivery.verify(hook.secret)


def test_delivery_that_has_failed_is_signed_anew_by_the_secret_of_its_next_try(stack):
    hook, new = stack.hook(), new_secret()
    hook.script(failure(500), OK)
    hook.end()
    hook.await_tries(1)
    stack.configure(lambda endpoints: endpoint_of(endpoints, hook).update(secret=[new]))
    stack.pass_time(MINUTE)
    first, second = hook.await_deliveries(2)
    first.verify(hook.secret)
    second.verify(new)
    assert first.id == second.id and first.body == second.body
