"""What is tried when a deployment fails before its answer begins."""

import signal

import pytest

from events import message_stream
from harness import output_text, wait_until
from passing import answer, response_object, two_deployments
from passing_faults import STACK  # noqa: F401  (what the stack is)
from passing_faults import BODY, KEY, deployment, fastcgi_answer, fastcgi_create
from upstream import Hang, json_error


def test_deployment_that_is_silent_gives_way_to_the_next(make_stack):
    settings = two_deployments()
    for one in settings["model_list"]:
        one["litellm_params"]["timeout"] = 0.5
    stack = make_stack(settings, supervisor=False)
    stack.upstream.script("first", [Hang()])
    stack.upstream.script("second", answer(response_object("resp_second")))
    reply = stack.client.post_create({"model": "both", "input": "x"})
    assert (reply.status, reply.json()["id"]) == (200, "resp_second")


def test_fallback_answers_for_a_deployment_that_wants_to_be_left_alone_for_long(make_stack):
    stack = make_stack({
        "model_list": [deployment("busy", api_key="k"), deployment("idle", api_key="k")],
        "litellm_settings": {"num_retries": 2, "fallbacks": [{"busy": ["idle"]}]}},
        supervisor=False)
    stack.upstream.script("busy", json_error(429, {"error": {}}, {"Retry-After": "60"}))
    stack.upstream.script("idle", answer(BODY))
    assert stack.client.post_create({"model": "busy", "input": "x"}).body == BODY
    assert len(stack.upstream.requests("busy")) == 1


def test_error_that_says_when_to_come_again_is_not_waited_for(make_stack):
    stack = make_stack({"litellm_settings": {"num_retries": 2}}, supervisor=False)
    stack.upstream.script("m", json_error(429, {"error": {}}, {"Retry-After": "60"}))
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert (reply.status, reply.headers["retry-after"]) == (429, "60")
    assert len(stack.upstream.requests("m")) == 1


@pytest.mark.parametrize("query", ["a b", "a=%0\n", "a\x01", "\x7f", "é"])
def test_query_that_no_url_may_have_is_a_400_and_no_deployment_s_fault(make_stack, query):
    stack = make_stack(two_deployments(), supervisor=False)
    stack.upstream.script("first", answer(BODY))
    for _ in range(4):
        connection = fastcgi_create(stack, {"model": "both", "input": "x"}, QUERY_STRING=query)
        assert b"Status: 400" in fastcgi_answer(connection)
        connection.close()
    assert not stack.upstream.exchanges
    assert not stack.redis.exists("litellm:polling:{deployments}:failures")


@pytest.mark.parametrize("path", ["/v1/responses/..", "/v1/responses/.", "/v1/responses/../cancel"])
def test_id_of_dots_leads_nowhere(make_stack, path):
    stack = make_stack({"respool": {"default_deployment": "m"},
                        "model_list": [deployment("m", api_key="k")]}, supervisor=False)
    connection = fastcgi_create(
        stack, {}, SCRIPT_NAME=path, REQUEST_METHOD="POST" if "cancel" in path else "GET")
    assert b"Status: 404" in fastcgi_answer(connection)
    assert not stack.upstream.exchanges


def test_default_deployment_is_one_that_can_be_called(make_stack):
    stack = make_stack({"respool": {"default_deployment": "m"}, "model_list": [
        deployment("m", api_key="os.environ/RESPOOL_TEST_UNSET"),
        deployment("m", api_key=KEY)]}, supervisor=False)
    stack.upstream.script("/v1/responses/resp_old", answer(BODY))
    assert stack.client.get_response("resp_old").status == 200


def test_id_is_remembered_although_redis_has_lost_the_scripts(make_stack):
    stack = make_stack(supervisor=False, children=1)
    for number in range(3):
        stack.upstream.script("m", answer({**response_object(), "id": f"resp_flushed_{number}"}))
        stack.redis.script_flush()
        assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
        assert stack.redis.exists(f"litellm:polling:native:resp_flushed_{number}")


def test_ids_are_remembered_while_the_connection_to_redis_comes_back(make_stack):
    stack = make_stack(supervisor=False, children=2)

    def create(number):
        stack.upstream.script(f"m{number}", answer(response_object(f"resp_back_{number}")))
        return stack.client.post_create({"model": f"m{number}", "input": "x"}).status

    assert create(0) == 200
    stack.redis.script_flush()
    assert [create(number) for number in range(1, 31)] == [200] * 30
    stack.responder.send_signal(signal.SIGHUP)
    assert [create(number) for number in range(31, 61)] == [200] * 30
    lost = [number for number in range(61)
            if not stack.redis.exists(f"litellm:polling:native:resp_back_{number}")]
    assert lost == []


@pytest.mark.parametrize("default", [False, True])
def test_response_whose_deployment_is_gone_from_the_configuration(make_stack, default):
    stack = make_stack({"model_list": [deployment("m", api_key=KEY), deployment("n", api_key=KEY)]},
                       supervisor=False, children=1)
    stack.upstream.script("m", answer(response_object("resp_kept")))
    assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
    del stack.config["model_list"][0]
    if default:
        stack.config["respool"]["default_deployment"] = "n"
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: stack.client.post_create({"model": "m", "input": "x"}).status == 404, 10,
               "the new configuration")
    stack.upstream.script("/v1/responses/resp_kept", answer(BODY))
    assert stack.client.get_response("resp_kept").status == (200 if default else 404)


@pytest.mark.parametrize("response_id", [
    "resp_" + "bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOm9wZW5haTt" * 5 + "Zg==", "x" * 512,
    "gen-1722.a_B", "0", "3f2b6c1e-1111-4222-8333-944444444444", "...", "x" * 128])
def test_id_of_any_form_leads_to_the_deployment_that_made_it(client, upstream, model, response_id):
    upstream.script(model, answer(response_object(response_id)))
    assert client.post_create({"model": model, "input": "x"}).status == 200
    path = f"/v1/responses/{response_id}"
    upstream.script(path, answer(BODY))
    assert client.get_response(response_id).body == BODY


@pytest.mark.parametrize("response_id", ["resp_v\0tail", "", " ", "a/b", "resp_\n"])
def test_id_that_is_none_is_not_remembered(client, stack, upstream, model, response_id):
    before = set(stack.redis.keys("litellm:polling:native:*"))
    upstream.script(model, answer(response_object(response_id)))
    assert client.post_create({"model": model, "input": "x"}).status == 200
    assert set(stack.redis.keys("litellm:polling:native:*")) == before


def test_request_to_be_polled_is_accepted_if_only_a_fallback_can_be_called(make_stack):
    stack = make_stack({
        "model_list": [{"model_name": "lost", "litellm_params": {
            "model": "in_house/x", "api_key": "k", "api_base": None}},
            deployment("spare", api_key="k")],
        "litellm_settings": {"fallbacks": [{"lost": ["nobody", "spare"]}]}})
    stack.upstream.script("spare", message_stream(["from the fallback"]))
    response = stack.client.wait_terminal(stack.client.create("lost")["id"])
    assert output_text(response) == "from the fallback"
