"""Streamed background responses, and the stacks that they run on."""

import pytest

from events import delta, message_stream, opening
from following import created_stream
from harness import Stack, output_text

KEEPALIVE = 1
UNSTORED_TTL = 300


def models(**params):
    return [{"model_name": name, "litellm_params": {
        "model": f"openai/{name}", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY",
        "timeout": 20, "silence_timeout": seconds}} for name, seconds in params.items()]


STACK = {
    "config": {
        "model_list": models(**{"*": 20, "impatient": 1}),
        "router_settings": {"allowed_fails": 1000},
        "respool": {"keepalive_seconds": KEEPALIVE, "unstored_ttl": UNSTORED_TTL,
                    "lease_seconds": 2},
    },
    "children": 4,
}


@pytest.fixture(scope="module")
def idle():
    """Nothing takes jobs from its queue."""
    stack = Stack({"respool": {"keepalive_seconds": KEEPALIVE}}, supervisor=False, children=4)
    yield stack
    stack.close()


@pytest.fixture
def running(stack, model, feed):
    """A streamed response that has said "begun", and goes on by feed: its id."""
    stack.upstream.script(model, [feed], message_stream(["another attempt"]))
    response_id = created_stream(stack.client, model)
    feed.send(*opening(), delta("begun"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "begun", "the first text")
    return response_id
