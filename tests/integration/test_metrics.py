"""GET /metrics: who gets it, and that it is whole whichever process is asked."""

import re
import signal

import pytest

from events import message_stream
from harness import ADMIN, ALICE, MASTER_KEY, wait_until

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
VALUE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
HIDDEN = {"supervisor": False}


def samples_of(reply):
    """The value of each name with its labels."""
    assert (reply.status, reply.headers["content-type"]) == (200, CONTENT_TYPE), reply
    lines = [line for line in reply.body.decode().splitlines() if not line.startswith("#")]
    found = [VALUE.fullmatch(line).groups() for line in lines]
    assert len({sample[:2] for sample in found}) == len(found)
    return {name + (f"{{{labels}}}" if labels else ""): float(value)
            for name, labels, value in found}


def test_metrics_take_an_administrator_s_key_under_any_prefix(make_stack):
    stack = make_stack(**HIDDEN)
    for path in ("/metrics", "/respool/metrics", "/llm/v1/metrics"):
        for key, status in ((None, 401), ("sk-guess", 401), (ALICE, 403), (MASTER_KEY, 403)):
            assert stack.client.with_key(key).get(path).status == status
        assert samples_of(stack.client.with_key(ADMIN).get(path))["respool_workers"] == 0
    head = stack.client.with_key(ADMIN).request("HEAD", "/metrics")
    assert (head.status, head.headers["content-type"], head.body) == (200, CONTENT_TYPE, b"")
    assert stack.client.with_key(ADMIN).request("POST", "/metrics").status == 405


def test_open_metrics_are_for_whoever_asks_and_open_nothing_else(make_stack):
    stack = make_stack({"respool": {"open_metrics": True, "admin_keys": None}}, **HIDDEN)
    for key in (None, "sk-guess", ALICE):
        assert "respool_workers" in samples_of(stack.client.with_key(key).get("/metrics"))
    assert stack.client.with_key(None).get("/respool/v1/status").status == 401


def test_metrics_are_open_or_closed_after_a_reload(make_stack):
    stack = make_stack(**HIDDEN)
    anonymous = stack.client.with_key(None)
    assert anonymous.get("/metrics").status == 401
    stack.config["respool"]["open_metrics"] = True
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: all(anonymous.get("/metrics").status == 200 for _ in range(8)),
               what="every responder to read the configuration again")


def test_metrics_are_whole_whichever_process_is_asked(make_stack, model):
    stack = make_stack({"respool": {"open_metrics": True}}, children=3, workers=2)
    count = 6
    for _ in range(count):
        stack.upstream.script(model, message_stream(["text"]))
    for response_id in [stack.client.create(model)["id"] for _ in range(count)]:
        stack.client.wait_terminal(response_id)

    def is_whole():
        samples = samples_of(stack.client.get("/metrics"))
        return (samples['respool_responses_created_total{model="*",tenant="alice"}'] == count
                and samples.get('respool_responses_ended_total{model="*",status="completed"}')
                == count and samples["respool_workers"] == 2)

    wait_until(is_whole, what="all that was counted")
    for _ in range(12):
        assert is_whole()
    status = stack.client.with_key(ADMIN).get("/respool/v1/status").json()
    assert status["last_hour"][-1]["completed"] + status["last_hour"][-2]["completed"] == count


def test_metrics_without_redis_are_the_version_alone(make_stack):
    stack = make_stack({"litellm_settings": {"cache": None, "cache_params": None}}, **HIDDEN)
    (name,) = samples_of(stack.client.with_key(ADMIN).get("/metrics"))
    assert re.fullmatch(r'respool_build_info\{version="[0-9.]+"\}', name)


def test_metrics_while_redis_is_away_are_503(make_stack):
    stack = make_stack(**HIDDEN)
    stack.stop(stack.redis_program)
    reply = stack.client.with_key(ADMIN).get("/metrics")
    assert (reply.status, reply.error()["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize("path", ["/v1/responses/metrics", "/v1/models/metrics"])
def test_name_that_is_metrics_is_no_route(make_stack, path):
    stack = make_stack({"respool": {"open_metrics": True}}, **HIDDEN)
    assert stack.client.with_key(None).get(path).status == 401
