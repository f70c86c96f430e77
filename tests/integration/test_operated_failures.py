"""Failures made on purpose are found by numbers and the console alone, without a log."""

import itertools

import pytest

import harness
from events import delta, message_stream, opening
from harness import Stack, free_port, wait_until
from operating import Operator, await_metric, metrics_of
from redis_proxy import RedisProxy
from upstream import Hang


def with_metrics(config=None, **respool):
    return {**(config or {}), "respool": {"open_metrics": True, **respool}}


@pytest.fixture
def operated(make_stack):
    """Makes a stack and its operator."""
    def make(config, **options):
        stack = make_stack(config, **options)
        return stack, Operator(stack)
    return make


def calls_of(stack):
    """Of each deployment and outcome, how many calls."""
    return {key[1:]: number for key, number in metrics_of(stack).items()
            if key[0] == "respool_provider_calls_total"}


def test_provider_that_is_down(operated):
    away = f"http://127.0.0.1:{free_port()}/v1"
    stack, operator = operated(with_metrics({
        "model_list": [
            {"model_name": name, "litellm_params": {"model": "openai/m", "api_key": "k", **where}}
            for name, where in (("down", {"api_base": away}), ("well", {}))],
        "litellm_settings": {"allowed_fails": 1},
        "router_settings": {"cooldown_time": 60}}))
    stack.upstream.script("m", message_stream(["Hello"]))
    ids = {name: [stack.client.create(name)["id"] for _ in range(4)] for name in ("down", "well")}
    for response_id in (*ids["down"], *ids["well"]):
        stack.client.wait_terminal(response_id)
    await_metric(stack, 4, "respool_responses_ended_total", "down", "failed")
    await_metric(stack, 4, "respool_responses_ended_total", "well", "completed")
    wait_until(lambda: {"unreachable", "success"} <= {outcome for _, outcome in calls_of(stack)},
               10, "the calls to be counted")
    calls, metrics = calls_of(stack), metrics_of(stack)
    assert {name for name, outcome in calls if outcome == "unreachable"}.isdisjoint(
        {name for name, outcome in calls if outcome == "success"})
    resting = {key[1] for key, number in metrics.items()
               if key[0] == "respool_deployment_resting" and number == 1}
    assert resting == {name for name, outcome in calls if outcome == "unreachable"}
    status = operator.status()
    assert {one["model"] for one in status["deployments"] if one["resting_seconds"] > 0} == {"down"}
    assert sum(minute["failed"] for minute in status["last_hour"]) == 4
    assert {row["id"] for row in operator.rows("--status", "failed")} == set(ids["down"])
    assert operator.show(ids["down"][0])["response"]["error"]["message"]


def test_worker_that_is_killed_again_and_again(operated):
    stack, operator = operated(with_metrics(max_attempts=5, lease_seconds=2))
    stack.upstream.script("m", *[[*opening(), delta("Hel"), Hang()]] * 3, message_stream(["Hello"]))
    response_id = stack.client.create("m")["id"]
    for number in range(1, 4):
        stack.upstream.wait_request("m", number)
        harness.kill(wait_until(stack.supervisor.children)[0])
    assert stack.client.wait_terminal(response_id)["status"] == "completed"
    await_metric(stack, 3, "respool_jobs_restarted_total", "worker_lost")
    detail = operator.show(response_id)
    assert [(entry["what"], entry["why"]) for entry in detail["history"]] == [
        ("restart", "worker_lost")] * 3
    assert detail["attempts"] == 4
    assert operator.rows()[0]["attempts"] == 4
    wait_until(lambda: metrics_of(stack)[("respool_workers",)] == 1, 10, "the lost to be forgotten")


def test_queue_that_is_full_as_nobody_works(operated):
    stack, operator = operated(with_metrics(max_queue=2), supervisor=False)
    for _ in range(2):
        stack.client.create("m")
    assert stack.client.post_create(
        {"model": "m", "input": "x", "background": True}).status == 429
    wait_until(lambda: operator.status()["oldest_seconds"] > 0, 10, "the oldest to grow older")
    status, metrics = operator.status(), metrics_of(stack)
    assert (status["queued"], status["in_progress"], status["workers"]) == (2, 0, 0)
    assert metrics[("respool_responses", "queued")] == 2
    assert metrics[("respool_responses", "in_progress")] == 0
    assert metrics[("respool_workers",)] == 0
    assert metrics[("respool_queue_oldest_seconds",)] > 0
    assert metrics[("respool_responses_created_total", "*", "alice")] == 2


class SlowStack(Stack):
    """Redis answers later than it could."""

    SECONDS = 0.05

    def start_redis(self):
        super().start_redis()
        path = self.directory / "slow.sock"
        self.proxy = RedisProxy(path, self.directory / "redis.sock",
                                delays=itertools.repeat(self.SECONDS))
        self.config["litellm_settings"]["cache_params"]["socket_path"] = str(path)
        self.write_config()

    def close(self, check=True):
        super().close(check)
        self.proxy.close()


def test_redis_that_is_slow():
    stack = SlowStack(with_metrics())
    try:
        operator = Operator(stack)
        stack.upstream.script("m", message_stream(["Hello"]))
        stack.client.wait_terminal(stack.client.create("m")["id"])
        assert metrics_of(stack)[("respool_redis_rtt_seconds",)] >= SlowStack.SECONDS
        assert operator.status()["redis_rtt_seconds"] >= SlowStack.SECONDS
        check = operator.console.run("check")
        assert check.returncode == 1 and b"round_trip" in check.stdout, check
    finally:
        stack.close()
