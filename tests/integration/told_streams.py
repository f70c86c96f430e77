"""Background responses that a test writes itself, and their readers."""

import pytest

from following import created_stream
from teller import Teller

STACK = {"supervisor": False}


@pytest.fixture
def response_id(client, model):
    return created_stream(client, model)


@pytest.fixture
def teller(stack, response_id):
    return Teller(stack.redis, response_id)


def numbers(events):
    return [event.number for event in events]


def assert_terminal(event, number, object, kind):
    assert event.data == {"type": f"response.{kind}", "sequence_number": number, "response": object}
