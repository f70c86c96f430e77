"""Stacks whose administrators ask over HTTP."""

import pytest

from admin import Admin
from events import delta, opening
from harness import output_text
from upstream import Feed

STACK = {"config": {"respool": {"failed_request_ttl": 600, "allow_anonymous": True}}}
ALONE = {"supervisor": False}


@pytest.fixture
def admin(stack):
    return Admin(stack)


@pytest.fixture
def growing(stack, client, model):
    """One of alice's that has its first text and waits for more: its id and feed."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening(), delta("begun"))
    client.wait_for(response_id, lambda o: output_text(o) == "begun", "the first text")
    yield response_id, feed
    feed.finish()
