"""Which deployment answers a request that is passed through."""

from harness import wait_until
from passing import STACK  # noqa: F401  (what the stack is)
from passing import answer, event, response_object, two_deployments
from upstream import Cut, json_error


def test_another_deployment_answers_when_the_first_fails(make_stack):
    stack = make_stack(
        two_deployments(litellm_settings={"num_retries": 1}), supervisor=False)
    stack.upstream.script("first", json_error(500, {"error": {"message": "down"}}))
    stack.upstream.script("second", answer(response_object("resp_second")))
    reply = stack.client.post_create({"model": "both", "input": "x"})
    assert (reply.status, reply.json()["id"]) == (200, "resp_second")
    assert len(stack.upstream.requests("first")) == 1


def test_fallback_model_answers_when_all_deployments_fail(make_stack):
    stack = make_stack(two_deployments(litellm_settings={
        "num_retries": 1, "fallbacks": [{"both": ["spare"]}]}), supervisor=False)
    for name in ("first", "second"):
        stack.upstream.script(name, [Cut()])
    stack.upstream.script("third", answer(response_object("resp_third")))
    reply = stack.client.post_create({"model": "both", "input": "x"})
    assert (reply.status, reply.json()["id"]) == (200, "resp_third")


def test_error_of_the_request_itself_is_not_tried_elsewhere(make_stack):
    stack = make_stack(
        two_deployments(litellm_settings={"num_retries": 3, "fallbacks": [{"both": ["spare"]}]}),
        supervisor=False)
    stack.upstream.script("first", json_error(400, {"error": {"message": "bad"}}))
    assert stack.client.post_create({"model": "both", "input": "x"}).status == 400
    assert not stack.upstream.requests("second") and not stack.upstream.requests("third")


def test_stream_that_has_begun_is_not_tried_elsewhere(make_stack):
    stack = make_stack(two_deployments(litellm_settings={"num_retries": 3}), supervisor=False)
    stack.upstream.script("first", [event(0), Cut()])
    reply = stack.client.post_create({"model": "both", "input": "x", "stream": True})
    assert reply.status == 200
    assert not stack.upstream.requests("second")


def test_deployment_that_failed_three_times_rests_for_all_processes(make_stack):
    stack = make_stack(
        two_deployments(litellm_settings={"num_retries": 1},
                        router_settings={"cooldown_time": 60, "allowed_fails": 3}),
        supervisor=False, children=3)
    stack.upstream.script("first", json_error(503, {"error": {"message": "down"}}))
    stack.upstream.script("second", answer(response_object()))

    def rests():
        before = len(stack.upstream.requests("first"))
        assert stack.client.post_create({"model": "both", "input": "x"}).status == 200
        return len(stack.upstream.requests("first")) == before

    wait_until(rests, 20, "the failing deployment to be left alone")
    assert len(stack.upstream.requests("first")) >= 3
    assert stack.redis.zcard("litellm:polling:{deployments}:resting") == 1


def test_model_that_nobody_serves_is_a_404(make_stack):
    stack = make_stack(two_deployments(), supervisor=False)
    reply = stack.client.post_create({"model": "nobody", "input": "x"})
    error = reply.error()
    assert (reply.status, error["param"], error["code"]) == (404, "model", "model_not_found")


def test_deployment_whose_key_is_not_set_here_is_an_error_that_says_so(make_stack):
    stack = make_stack({"model_list": [{"model_name": "m", "litellm_params": {
        "model": "openai/m", "api_key": "os.environ/RESPOOL_TEST_UNSET"}}]}, supervisor=False)
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert reply.status == 500
    assert "API key" in reply.error()["message"]
    assert "RESPOOL_TEST_UNSET" in stack.responder.stderr()


def test_passthrough_can_be_turned_off(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 0}}, supervisor=False)
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert (reply.status, reply.error()["code"]) == (501, "not_implemented")
    assert stack.client.get_response("resp_1").status == 404
    assert not stack.upstream.requests("m")
