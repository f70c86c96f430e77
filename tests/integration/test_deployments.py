"""Which deployment a job's request goes to, what it is sent there, and which one is asked next."""

import json
import os
import signal
import socket

import pytest

from events import message_stream
from harness import PROVIDER_KEY, job_key, output_text, wait_until
from upstream import Cut, Gate, Hang, Script, json_error

FAILURES = "litellm:polling:{deployments}:failures"
RESTING = "litellm:polling:{deployments}:resting"


def deployment(served, name="m", **params):
    """A deployment of the model `name`; the provider calls it `served`."""
    return {"model_name": name, "litellm_params": {
        "model": f"openai/{served}", "api_key": PROVIDER_KEY, "timeout": 60, "stream_timeout": 30,
        **params}}


def config(*deployments, retries=0, **sections):
    sections.setdefault("litellm_settings", {})
    sections["litellm_settings"]["num_retries"] = retries
    return {"model_list": list(deployments), **sections}


def fallbacks(**models):
    return {"fallbacks": [{name: list(others)} for name, others in models.items()]}


def error(status, message="busy", **headers):
    body = {"error": {"message": message, "type": "t", "param": None, "code": "c"}}
    return json_error(status, body, {name.replace("_", "-"): value
                                     for name, value in headers.items()})


def run(stack, name="m", **fields):
    return stack.client.wait_terminal(stack.client.create(name, **fields)["id"], timeout=20)


def assert_answered(final, text):
    assert (final["status"], output_text(final)) == ("completed", text), final


def counts(stack, *served):
    return [len(stack.upstream.requests(one)) for one in served]


def rests(stack):
    return stack.redis.zcard(RESTING)


# The choice.


def drawn(stack, names):
    """How many of 120 responses each of the deployments has made."""
    for served in names:
        stack.upstream.script(served, message_stream([served]))
    ids = [stack.client.create("m")["id"] for _ in range(120)]
    for response_id in ids:
        assert stack.client.wait_terminal(response_id)["status"] == "completed"
    return counts(stack, *names)


def test_deployments_are_drawn_by_weight(make_stack):
    stack = make_stack(config(deployment("a", weight=3), deployment("b", weight=1)))
    a, b = drawn(stack, "ab")
    assert a + b == 120
    assert a > b >= 5


def test_deployments_are_drawn_by_rpm_where_none_has_a_weight(make_stack):
    stack = make_stack(config(deployment("a", rpm=900), deployment("b", rpm=300)))
    a, b = drawn(stack, "ab")
    assert a + b == 120
    assert a > b >= 5


def test_deployments_without_weights_are_drawn_evenly(make_stack):
    stack = make_stack(config(deployment("a"), deployment("b"), deployment("c")))
    assert all(15 <= count <= 70 for count in drawn(stack, "abc"))


def test_deployment_without_a_weight_is_drawn_last(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b")))
    stack.upstream.script("a", message_stream(["a"]))
    for _ in range(20):
        assert_answered(run(stack), "a")


def test_workers_draw_independently(make_stack):
    """Rounds of one stream for each worker: with the same numbers they would always agree."""
    stack = make_stack(config(deployment("a"), deployment("b"), respool={"max_streams": 1}),
                       workers=2)
    splits = set()
    for _ in range(25):
        gate = Gate()
        for served in "ab":
            stack.upstream.script(served, [gate, *message_stream([served])])
        before = counts(stack, "a", "b")
        ids = [stack.client.create("m")["id"] for _ in range(2)]
        wait_until(lambda: sum(counts(stack, "a", "b")) == sum(before) + 2, what="two streams")
        splits.add(counts(stack, "a", "b")[0] - before[0])
        gate.open()
        for response_id in ids:
            stack.client.wait_terminal(response_id)
    assert 1 in splits


def test_deployment_whose_address_is_not_known_is_not_asked(make_stack):
    stack = make_stack(config(
        deployment("a", weight=1, custom_llm_provider="unheard_of", api_base=None),
        deployment("b")))
    stack.upstream.script("b", message_stream(["b"]))
    assert_answered(run(stack), "b")
    assert counts(stack, "a") == [0]


def test_job_begins_with_the_deployment_that_it_names_and_its_context(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b"), retries=1))
    stack.upstream.script("a", error(500))
    stack.upstream.script("b", message_stream(["from b"]), error(500))
    run(stack)
    first = set(stack.redis.hkeys(FAILURES))
    run(stack)
    (second,) = set(stack.redis.hkeys(FAILURES)) - first
    stack.stop(stack.supervisor)
    for served in "ab":
        stack.upstream.script(served, message_stream([f"from {served}"]))
    response_id = stack.client.create("m", input="Now")["id"]
    stack.redis.hset(job_key(response_id), mapping={
        "deployment": second, "context": '{"type":"message","role":"user","content":"Before"}'})
    stack.start_supervisor()
    assert_answered(stack.client.wait_terminal(response_id), "from b")
    assert counts(stack, "a", "b") == [2, 3]
    assert stack.upstream.requests("b")[2].json()["input"] == [
        {"type": "message", "role": "user", "content": "Before"},
        {"type": "message", "role": "user", "content": "Now"}]


# The next one.


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_retry_goes_to_another_deployment_without_waiting(make_stack, status):
    stack = make_stack(config(deployment("a", weight=1), deployment("b"), retries=1))
    stack.upstream.script("a", error(status, Retry_After="60"))
    stack.upstream.script("b", message_stream(["from b"]))
    response_id = stack.client.create("m")["id"]
    assert_answered(stack.client.wait_terminal(response_id, timeout=20), "from b")
    assert counts(stack, "a", "b") == [1, 1]


def test_deployment_that_is_asked_again_gets_time(make_stack):
    stack = make_stack(config(deployment("a"), retries=1))
    stack.upstream.script("a", error(503, Retry_After="1"), Script(message_stream(["again"])))
    assert_answered(run(stack), "again")
    first, second = stack.upstream.requests("a")
    assert second.arrived_at - first.arrived_at >= 1


def test_both_deployments_are_asked_again_while_retries_are_left(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b"), retries=3))
    stack.upstream.script("a", error(500), Script(message_stream(["second time"])))
    stack.upstream.script("b", error(500))
    assert_answered(run(stack), "second time")
    a, b = counts(stack, "a", "b")
    assert a == 2 and 1 <= b <= 2


def test_without_retries_a_passing_failure_is_the_last(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b")))
    stack.upstream.script("a", error(500, "a is busy"))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "a is busy")
    assert counts(stack, "a", "b") == [1, 0]


def test_last_error_is_shown_when_all_deployments_fail(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b"), retries=1))
    stack.upstream.script("a", error(500, "a is busy"))
    stack.upstream.script("b", error(503, "b is busy"))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "b is busy")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_deployment_that_refuses_us_is_passed_over_without_retries(make_stack, status):
    stack = make_stack(config(deployment("a", weight=1), deployment("b")))
    stack.upstream.script("a", error(status))
    stack.upstream.script("b", message_stream(["from b"]))
    assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [1, 1]


def test_bad_request_is_asked_once_and_falls_back_nowhere(make_stack):
    stack = make_stack(config(
        deployment("a", weight=1), deployment("b"), deployment("c", "other"), retries=3,
        litellm_settings=fallbacks(m=["other"])))
    stack.upstream.script("a", error(400, "no such parameter"))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "no such parameter")
    assert counts(stack, "a", "b", "c") == [1, 0, 0]


def test_deployment_that_cannot_be_reached_is_passed_over(make_stack):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    stack = make_stack(config(
        deployment("a", weight=1, api_base=base), deployment("b"), retries=1))
    stack.upstream.script("b", message_stream(["from b"]))
    assert_answered(run(stack), "from b")


def test_deployment_that_stays_silent_is_passed_over(make_stack):
    stack = make_stack(config(deployment("a", weight=1, stream_timeout=1), deployment("b")))
    stack.upstream.script("a", [Hang()])
    stack.upstream.script("b", message_stream(["from b"]))
    assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [1, 1]


def test_deployment_that_breaks_off_before_its_first_event_is_passed_over(make_stack):
    stack = make_stack(config(deployment("a", weight=1), deployment("b"), retries=1))
    stack.upstream.script("a", [Cut()])
    stack.upstream.script("b", message_stream(["from b"]))
    assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [1, 1]


# Fallbacks.


def test_fallback_is_asked_after_all_deployments_of_the_first_model(make_stack):
    stack = make_stack(config(
        deployment("a"), deployment("b"), deployment("c", "other"), retries=1,
        litellm_settings=fallbacks(m=["other"])))
    for served in "ab":
        stack.upstream.script(served, error(503))
    stack.upstream.script("c", message_stream(["from c"]))
    final = run(stack)
    assert_answered(final, "from c")
    assert counts(stack, "a", "b", "c") == [1, 1, 1]
    fallback = stack.upstream.requests("c")[0]
    assert all(stack.upstream.requests(one)[0].arrived_at < fallback.arrived_at for one in "ab")


def test_second_fallback_is_asked_after_the_first_one(make_stack):
    stack = make_stack(config(
        deployment("a"), deployment("b", "other"), deployment("c", "third"),
        litellm_settings=fallbacks(m=["other", "third"])))
    stack.upstream.script("a", error(401))
    stack.upstream.script("b", error(500))
    stack.upstream.script("c", message_stream(["from c"]))
    assert_answered(run(stack), "from c")
    assert counts(stack, "a", "b", "c") == [1, 1, 1]


def test_fallback_to_a_pattern_names_the_model_as_that_deployment_does(make_stack):
    stack = make_stack(config(
        deployment("a"), deployment("served-*", "other-*"),
        litellm_settings=fallbacks(m=["other-big"])))
    stack.upstream.script("a", error(500))
    stack.upstream.script("served-big", message_stream(["big"]))
    assert_answered(run(stack), "big")


# Rest.


def failing_first(make_stack, retries=1, cooldown=60, **options):
    """A stack whose deployment "a" is always asked first and fails, and "b" answers."""
    stack = make_stack(config(
        deployment("a", weight=1), deployment("b"), retries=retries,
        router_settings={"cooldown_time": cooldown}, respool=options.pop("respool", {})), **options)
    stack.upstream.script("a", error(500))
    stack.upstream.script("b", message_stream(["from b"]))
    return stack


def test_deployment_rests_after_three_failures_in_a_row(make_stack):
    stack = failing_first(make_stack)
    for failures in range(1, 4):
        assert rests(stack) == 0
        assert_answered(run(stack), "from b")
        assert counts(stack, "a") == [failures]
    assert rests(stack) == 1
    for _ in range(5):
        assert_answered(run(stack), "from b")
    assert counts(stack, "a", "b") == [3, 8]


def test_deployment_is_asked_again_after_its_rest(make_stack):
    stack = failing_first(make_stack, cooldown=2)
    for _ in range(3):
        run(stack)
    stack.upstream.script("a", message_stream(["from a"]))
    wait_until(lambda: output_text(run(stack)) == "from a", 20, "a to be asked again")
    wait_until(lambda: rests(stack) == 0 and not stack.redis.hlen(FAILURES),
               what="the success to be known")


def test_success_ends_a_row_of_failures(make_stack):
    stack = failing_first(make_stack)
    good = Script(message_stream(["from a"]))
    stack.upstream.script("a", error(500), error(500), good, error(500), error(500), good)
    for expected in ["from b", "from b", "from a"] * 2:
        assert_answered(run(stack), expected)
    assert counts(stack, "a") == [6]
    assert rests(stack) == 0
    wait_until(lambda: not stack.redis.hlen(FAILURES), what="the row to be forgotten")


def test_bad_requests_do_not_make_a_deployment_rest(make_stack):
    stack = failing_first(make_stack)
    stack.upstream.script("a", error(400))
    for _ in range(5):
        assert run(stack)["status"] == "failed"
    assert counts(stack, "a", "b") == [5, 0]
    assert rests(stack) == 0


def test_rest_is_shared_by_the_workers_of_a_supervisor(make_stack):
    """Rounds of as many streams as both workers together can hold."""
    stack = failing_first(make_stack, workers=2, respool={"max_streams": 3})
    for _ in range(3):
        run(stack)
    assert rests(stack) == 1

    def no_worker_asks_a():
        gate = Gate()
        stack.upstream.script("b", [gate, *message_stream(["from b"])])
        before = counts(stack, "a", "b")
        ids = [stack.client.create("m")["id"] for _ in range(6)]
        wait_until(lambda: counts(stack, "b")[0] == before[1] + 6, what="six streams at once")
        asked = counts(stack, "a")[0] - before[0]
        for response_id in ids:
            stack.client.cancel(response_id)
        stack.wait_idle()
        return asked == 0

    wait_until(no_worker_asks_a, 20, "both workers to know of the rest")


def test_rest_is_shared_by_supervisors(make_stack):
    stack = failing_first(make_stack)
    for _ in range(3):
        run(stack)
    first = stack.supervisor
    stack.start_supervisor()
    stack.stop(first)
    for _ in range(3):
        assert_answered(run(stack), "from b")
    assert counts(stack, "a") == [3]


def test_rest_outlasts_a_reload(make_stack):
    stack = failing_first(make_stack)
    for _ in range(3):
        run(stack)
    worker = stack.supervisor.children()[0]
    offset = stack.supervisor.stderr_size()
    stack.config["respool"]["max_event_bytes"] = 4096
    stack.write_config()
    os.kill(worker, signal.SIGHUP)

    def reloaded_and_rests():
        before = counts(stack, "a")
        assert_answered(run(stack), "from b")
        return stack.supervisor.stderr(offset) and counts(stack, "a") == before

    wait_until(reloaded_and_rests, what="the rest to be known again")


def test_resting_deployment_is_the_last_resort(make_stack):
    stack = make_stack(config(deployment("a"), deployment("b"), retries=1,
                              router_settings={"cooldown_time": 60}))
    for served in "ab":
        stack.upstream.script(served, error(500))
    for _ in range(3):
        assert run(stack)["status"] == "failed"
    assert rests(stack) == 2
    for served in "ab":
        stack.upstream.script(served, message_stream(["awake"]))
    assert_answered(run(stack), "awake")


def test_deployment_that_is_the_only_one_leaves_no_trace_of_its_health(make_stack):
    stack = make_stack(config(deployment("a")))
    stack.upstream.script("a", error(500))
    for _ in range(4):
        run(stack)
    assert counts(stack, "a") == [4]
    assert not stack.redis.exists(FAILURES, RESTING)


def test_reloads_that_renumber_the_deployments_leave_streams_and_rests_alone(make_stack):
    """Streams that wait for another try or an event, and reports of those that began before."""
    served = "abcde"
    stack = make_stack(config(*(deployment(one, weight=1) for one in served[:4]),
                              deployment(served[4]), retries=8,
                              router_settings={"cooldown_time": 60}))
    gate = Gate()
    for one in served[:4]:
        stack.upstream.script(one, error(500))
    stack.upstream.script("e", [gate, *message_stream(["from e"])])
    ids = [stack.client.create("m", input=f"job {number}")["id"] for number in range(12)]

    def begun():
        asked = [request for one in served for request in stack.upstream.requests(one)]
        return len({request.json()["input"] for request in asked}) == len(ids)

    wait_until(begun, what="every stream to have begun")
    full = stack.config["model_list"]
    for kept in ([4, 2, 0], [3], [1, 4, 3, 2, 0], [], [0, 1, 2, 3, 4]):
        done = stack.supervisor.stderr().count("config.yaml read again")
        stack.config["model_list"] = [full[number] for number in kept]
        stack.write_config()
        stack.supervisor.send_signal(signal.SIGHUP)
        wait_until(lambda: stack.supervisor.stderr().count("config.yaml read again") >= done + 2,
                   what="supervisor and worker to have reloaded")
        stack.redis.ping()
    gate.open()
    for response_id in ids:
        assert_answered(stack.client.wait_terminal(response_id, timeout=30), "from e")
    assert rests(stack) == 4
    before = counts(stack, *"abcd")
    assert_answered(run(stack), "from e")
    assert counts(stack, *"abcd") == before


def test_stream_goes_on_with_the_deployments_that_it_began_with(make_stack):
    stack = make_stack(config(deployment("a"), deployment("b"), retries=2))
    for served in "ab":
        stack.upstream.script(served, error(503, Retry_After="1"),
                              Script(message_stream(["old one"])))
    stack.upstream.script("c", message_stream(["new one"]))
    response_id = stack.client.create("m")["id"]
    wait_until(lambda: counts(stack, "a", "b") == [1, 1], what="both to have failed")
    stack.config["model_list"] = [
        {**one, "litellm_params": {**one["litellm_params"], "api_base": stack.upstream.base}}
        for one in (deployment("c"), deployment("c", "d"))]
    stack.write_config()
    stack.supervisor.send_signal(signal.SIGHUP)
    assert_answered(stack.client.wait_terminal(response_id, timeout=20), "old one")
    wait_until(lambda: run(stack)["status"] == "completed" and counts(stack, "c")[0] > 0,
               what="a new stream to use the new deployments")


# What is sent.


def base_without_path(stack):
    return stack.upstream.base.removesuffix("/v1")


def reconfigure(stack, *deployments):
    """Puts deployments in place whose api_base depends on the stack."""
    stack.config["model_list"] = list(deployments)
    stack.write_config()
    for program in (stack.responder, stack.supervisor):
        stack.stop(program)
    stack.start_responder()
    stack.start_supervisor()


def test_azure_has_its_path_and_its_key_header(make_stack):
    stack = make_stack(config(deployment("x")))
    reconfigure(stack, deployment(
        "x", model="azure/my-gpt", api_base=base_without_path(stack), api_key="azure-key-1",
        api_version="2025-04-01-preview"))
    stack.upstream.script("my-gpt", message_stream(["azure"]))
    assert_answered(run(stack), "azure")
    request = stack.upstream.requests("my-gpt")[0]
    assert request.path == "/openai/responses?api-version=2025-04-01-preview"
    assert request.header("api-key") == "azure-key-1"
    assert request.header("authorization") is None
    assert request.header("accept") == "text/event-stream"


def test_organization_and_extra_headers_are_sent(make_stack):
    stack = make_stack(config(deployment(
        "a", organization="org-17", extra_headers={"X-Team": "blue", "X-Ratio": "3:1"})))
    stack.upstream.script("a", message_stream(["a"]))
    assert_answered(run(stack), "a")
    request = stack.upstream.requests("a")[0]
    assert request.header("openai-organization") == "org-17"
    assert request.header("x-team") == "blue"
    assert request.header("x-ratio") == "3:1"
    assert request.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert request.header("content-type") == "application/json"


def test_extra_header_takes_the_place_of_ours(make_stack):
    stack = make_stack(config(deployment(
        "a", organization="org-17",
        extra_headers={"AUTHORIZATION": "Basic Z2F0ZQ==", "openai-organization": "org-18"})))
    stack.upstream.script("a", message_stream(["a"]))
    assert_answered(run(stack), "a")
    headers = stack.upstream.requests("a")[0].headers
    assert [value for name, value in headers if name == "authorization"] == ["Basic Z2F0ZQ=="]
    assert [value for name, value in headers if name == "openai-organization"] == ["org-18"]


def test_dropped_members_are_not_sent_to_that_deployment(make_stack):
    stack = make_stack(config(
        deployment("a", weight=1, additional_drop_params=["top_p", "metadata"]),
        deployment("b"), retries=1))
    stack.upstream.script("a", error(500))
    stack.upstream.script("b", message_stream(["b"]))
    final = run(stack, top_p=0.5, metadata={"k": "v"}, temperature=1, instructions="Go.")
    assert_answered(final, "b")
    assert (final["top_p"], final["metadata"]) == (0.5, {"k": "v"})
    there, here = (stack.upstream.requests(one)[0].json() for one in "ab")
    assert there == {"model": "a", "stream": True, "input": "Hello", "temperature": 1,
                     "instructions": "Go."}
    assert here == {**there, "model": "b", "top_p": 0.5, "metadata": {"k": "v"}}


def test_drop_params_drops_what_the_provider_does_not_take(make_stack):
    stack = make_stack(config(deployment("x", model="xai/a", drop_params=True)))
    stack.upstream.script("a", message_stream(["a"]))
    assert_answered(run(stack, metadata={"k": "v"}, temperature=1), "a")
    sent = stack.upstream.requests("a")[0].json()
    assert sent == {"model": "a", "stream": True, "input": "Hello", "temperature": 1}


# Secrets.


SECOND_KEY = "sk-second-5b0c44d1"


def assert_kept_secret(stack, final, *secrets):
    for secret in secrets:
        assert secret not in json.dumps(final)
        assert secret not in stack.supervisor.stderr()
        assert secret not in stack.responder.stderr()
        assert secret.encode() not in stack.everything_stored()


def test_key_of_the_second_deployment_reaches_nobody_by_its_error(make_stack):
    stack = make_stack(config(
        deployment("a", weight=1), deployment("b", api_key=SECOND_KEY)))
    stack.upstream.script("a", error(401, f"bad key {PROVIDER_KEY}"))
    stack.upstream.script("b", error(401, f"bad key {SECOND_KEY}"))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "bad key [redacted]")
    assert stack.upstream.requests("b")[0].header("authorization") == f"Bearer {SECOND_KEY}"
    assert_kept_secret(stack, final, PROVIDER_KEY, SECOND_KEY)


def test_key_of_the_second_deployment_reaches_nobody_by_its_events(make_stack):
    stack = make_stack(config(
        deployment("a", weight=1), deployment("b", api_key=SECOND_KEY), retries=1))
    stack.upstream.script("a", error(500))
    stack.upstream.script("b", message_stream([f"the key is {SECOND_KEY}"]))
    final = run(stack)
    assert_answered(final, "the key is [redacted]")
    assert_kept_secret(stack, final, PROVIDER_KEY, SECOND_KEY)


def test_key_in_an_extra_header_reaches_nobody(make_stack):
    stack = make_stack(config(deployment(
        "a", extra_headers={"Authorization": f"Bearer {SECOND_KEY}"})))
    stack.upstream.script("a", error(401, f"bad key {SECOND_KEY}"))
    final = run(stack)
    assert final["error"]["message"] == "bad key [redacted]"
    assert_kept_secret(stack, final, SECOND_KEY)


@pytest.mark.parametrize("answer", ["error", "events", "object"])
def test_no_key_of_several_reaches_anybody(make_stack, answer):
    third = "Zm9vOmJhcmJhemJhcg=="
    stack = make_stack(config(deployment("a", extra_headers={
        "X-Gateway-Key": SECOND_KEY, "Proxy-Authorization": f"Basic {third}"})))
    said = f"keys {PROVIDER_KEY} {SECOND_KEY} {third}."
    events = message_stream([said])
    stack.upstream.script("a", {
        "error": error(400, said), "events": events,
        "object": json_error(200, events[-1]["response"])}[answer])
    final = run(stack)
    shown = final["error"]["message"] if answer == "error" else output_text(final)
    assert shown == "keys [redacted] [redacted] [redacted]."
    assert_kept_secret(stack, final, PROVIDER_KEY, SECOND_KEY, third)


@pytest.mark.parametrize("key", ["none", "EMPTY", "anything", "not-needed"])
def test_word_that_stands_for_a_key_is_left_in_answers(make_stack, key):
    stack = make_stack(config(deployment("a", api_key=key)))
    stack.upstream.script("a", message_stream([f"There is {key} here."]))
    assert_answered(run(stack, tool_choice="none"), f"There is {key} here.")
    assert stack.upstream.requests("a")[0].header("authorization") == f"Bearer {key}"


# Whose a model is.


@pytest.fixture
def any_provider(make_stack, monkeypatch):
    """A stack with one deployment, of any provider. What OpenAI and xAI are asked comes to it."""
    def make(**sections):
        stack = make_stack(config({"model_name": "*", "litellm_params": {
            "model": "*", "api_base": None}}, **sections), supervisor=False, responder=False)
        for name in ("OPENAI", "XAI"):
            monkeypatch.setenv(f"{name}_API_KEY", f"sk-of-{name}")
            monkeypatch.setenv(f"{name}_API_BASE", stack.upstream.base)
        stack.start_responder()
        stack.start_supervisor()
        return stack

    return make


def test_model_is_asked_of_the_provider_whose_it_is_by_name(any_provider):
    stack = any_provider()
    for model, asked, key in [("gpt-5", "gpt-5", "sk-of-OPENAI"), ("grok-4", "grok-4", "sk-of-XAI"),
                              ("openai/responses/o3", "o3", "sk-of-OPENAI")]:
        stack.upstream.script(asked, message_stream(["yes"]))
        assert_answered(run(stack, model), "yes")
        assert stack.upstream.requests(asked)[0].header("authorization") == f"Bearer {key}"


@pytest.mark.parametrize("background", [True, False], ids=["polled", "passed through"])
@pytest.mark.parametrize("sections", [{}, {"respool": {"max_passthrough": 0}}], ids=["", "alone"])
def test_model_that_is_nobodys_by_name_is_refused(any_provider, sections, background):
    stack = any_provider(**sections)
    reply = stack.client.post_create(
        {"model": "llama3", "input": "x", "background": background})
    assert reply.status == 400
    assert (reply.error()["code"], reply.error()["param"]) == ("model_not_configured", "model")
    assert "'llama3' cannot be resolved to a provider" in reply.error()["message"]
    assert stack.upstream.requests("llama3") == []


def test_model_of_a_provider_that_is_not_served_goes_to_no_other(any_provider):
    stack = any_provider()
    for background in (True, False):
        reply = stack.client.post_create(
            {"model": "medlm-large", "input": "x", "background": background})
        assert reply.error()["code"] == "model_not_configured"
    assert stack.upstream.requests("medlm-large") == []
