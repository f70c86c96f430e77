"""Requests that are passed through: what providers answer, and what readers make of it."""

import contextlib
import json

import pytest

from harness import UnixConnection
from upstream import Gate, Script

STACK = {"children": 4}


def response_object(response_id="resp_1", **fields):
    return {"id": response_id, "object": "response", "status": "completed", "output": [], **fields}


def answer(body, status=200, **headers):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Script([text], status, {"Content-Type": "application/json", **named})


def event(n, **fields):
    return {"type": "response.output_text.delta", "delta": f"part {n} ", "sequence_number": n,
            "item_id": "msg_1", "output_index": 0, "content_index": 0, **fields}


class EventReader:
    """A streaming request under way."""

    def __init__(self, client, body, path=None):
        self.connection = UnixConnection(client.address, 20)
        self.connection.request(
            "POST", path or f"{client.prefix}/responses", json.dumps(body),
            {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"})
        self.answer = self.connection.getresponse()

    def next(self):
        """The data of the next event, or None at the end."""
        data = None
        for line in iter(self.answer.readline, b""):
            line = line.rstrip(b"\r\n")
            if line.startswith(b"data: "):
                data = line[6:]
            elif not line and data is not None:
                return json.loads(data) if data != b"[DONE]" else "[DONE]"
        return None

    def rest(self):
        return list(iter(self.next, None))

    def close(self):
        self.answer.close()
        self.connection.close()


@contextlib.contextmanager
def streaming(client, model, **fields):
    reader = EventReader(client, {"model": model, "input": "x", "stream": True, **fields})
    try:
        yield reader
    finally:
        reader.close()


def native_key(response_id):
    return f"litellm:polling:native:{response_id}"


def two_deployments(**settings):
    return {
        "model_list": [
            {"model_name": "both", "litellm_params": {
                "model": f"openai/{name}", "weight": weight,
                "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY"}}
            for name, weight in (("first", 1000000), ("second", 0))
        ] + [{"model_name": "spare", "litellm_params": {"model": "openai/third", "api_key": "k"}}],
        **settings,
    }


@pytest.fixture
def native(client, upstream, model):
    """The id of a response that the provider keeps."""
    response_id = f"resp_{model.replace('-', '_')}"
    upstream.script(model, answer(response_object(response_id)))
    assert client.post_create({"model": model, "input": "x"}).json()["id"] == response_id
    return response_id


def held_streams(stack, count):
    """So many streams that the provider does not end yet."""
    gate = Gate()
    stack.upstream.script("held", [event(0), gate])
    readers = [EventReader(stack.client, {"model": "held", "input": "x", "stream": True})
               for _ in range(count)]
    for reader in readers:
        assert reader.next() == event(0)
    return gate, readers
