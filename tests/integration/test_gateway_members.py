"""What a request's body asks of the gateway: obeyed where we have it, and sent to no provider."""

import json

import pytest

from events import message_stream
from harness import job_key, output_text
from passing import answer, response_object, streaming
from test_deployments import config, counts, deployment, error, fallbacks, run
from test_dialects import whole
from upstream import Gate, Hang

OURS = {
    "fallbacks": ["spare", {"model": "last", "input": "of one's own"}], "num_retries": 0,
    "max_retries": 0, "timeout": 30, "stream_timeout": 20.5, "request_timeout": 30,
    "context_window_fallbacks": [{"m": ["spare"]}], "content_policy_fallbacks": [],
    "disable_fallbacks": False, "guardrails": ["pii"], "policies": ["p"], "tags": ["t"],
    "mock_response": "mocked", "mock_testing_fallbacks": True, "mock_timeout": False,
    "cache": {"no-cache": True}, "caching": True, "ttl": 60, "no-log": True,
    "litellm_metadata": {"a": "b"}, "litellm_session_id": "s", "api_key": "sk-of-the-client",
    "api_base": "http://127.0.0.1:9/stolen", "base_url": "http://127.0.0.1:9/stolen",
    "api_version": "v", "custom_llm_provider": "azure", "drop_params": True,
    "additional_drop_params": ["store"], "allowed_openai_params": ["x"],
    "user_config": {"model_list": []}, "enable_json_schema_validation": True,
    "retry_policy": {}, "retry_strategy": "constant", "cooldown_time": 1, "model_info": {},
    "proxy_server_request": {}, "aws_secret_access_key": "sk-of-the-client",
}
THEIRS = {"metadata": {"a": "b"}, "user": "u", "store": True, "service_tier": "auto",
          "prompt_cache_key": "k", "temperature": 0.5, "top_k": 4}
TYPES = [("timeout", "5", "invalid_type"), ("timeout", 0, "invalid_value"),
         ("stream_timeout", -1, "invalid_value"), ("num_retries", "2", "invalid_type"),
         ("max_retries", 0.5, "invalid_value"), ("fallbacks", "gpt", "invalid_type"),
         ("fallbacks", [1], "invalid_type"), ("disable_fallbacks", 1, "invalid_type"),
         ("context_window_fallbacks", {}, "invalid_type")]


def sent_members(stack, served):
    return json.loads(stack.upstream.wait_request(served).body)


def assert_free_of_ours(members):
    assert not set(members) & set(OURS), members
    assert "sk-of-the-client" not in json.dumps(members)


def test_no_member_of_ours_is_sent_in_the_background_or_kept(make_stack):
    stack = make_stack(config(deployment("a"), deployment("b", "spare")))
    gate = Gate()
    stack.upstream.script("a", [gate, *message_stream(["done"])])
    created = stack.client.create("m", **OURS, **THEIRS)
    members = sent_members(stack, "a")
    assert_free_of_ours(members)
    assert members.items() >= THEIRS.items()
    everything = repr(stack.everything_stored())
    assert "sk-of-the-client" not in everything and "stolen" not in everything
    assert "of one's own" not in everything
    assert not set(created) & set(OURS)
    gate.open()
    final = stack.client.wait_terminal(created["id"])
    assert final["status"] == "completed" and not set(final) & set(OURS)


def test_no_member_of_ours_is_passed_through(make_stack):
    stack = make_stack(config(deployment("a")), supervisor=False)
    stack.upstream.script("a", answer(response_object()), message_stream(["done"]))
    assert stack.client.post_create({"model": "m", "input": "x", **OURS, **THEIRS}).status == 200
    with streaming(stack.client, "m", **OURS) as reader:
        assert reader.rest()
    for request in stack.upstream.requests("a"):
        assert_free_of_ours(request.json())
    assert stack.upstream.requests("a")[0].json().items() >= THEIRS.items()


@pytest.mark.parametrize("path", ["chat/completions", "embeddings", "responses/input_tokens"])
def test_beside_responses_they_are_obeyed_and_not_sent_either(make_stack, path):
    stack = make_stack(config(deployment("a"), deployment("b", "spare")), supervisor=False)
    stack.upstream.script("a", error(500))
    stack.upstream.script("b", answer({"object": "whatever"}))
    body = json.dumps({"model": "m", "messages": [], **OURS, **THEIRS})
    reply = stack.client.request("POST", f"/v1/{path}", body)
    assert (reply.status, reply.json()) == (200, {"object": "whatever"}), reply
    for served in "ab":
        members = sent_members(stack, served)
        assert_free_of_ours(members)
        assert members.items() >= THEIRS.items()
    refused = stack.client.request(
        "POST", f"/v1/{path}", json.dumps({"model": "m", "num_retries": "1"}))
    assert (refused.status, refused.error()["param"]) == (400, "num_retries")


@pytest.mark.parametrize("background", [True, False])
def test_no_member_of_ours_is_translated(make_stack, background):
    stack = make_stack(config(
        deployment("c", model="openai_like/c", use_chat_completions_api=True),
        deployment("a", "k", model="anthropic/k")))
    for served, api in (("c", "chat"), ("k", "messages")):
        stack.upstream.script(served, whole(api))
        name = "m" if served == "c" else "k"
        if background:
            assert run(stack, name, **OURS)["status"] == "completed"
        else:
            reply = stack.client.post_create({"model": name, "input": "x", **OURS})
            assert reply.status == 200, reply
            assert not set(reply.json()) & set(OURS)
        assert_free_of_ours(sent_members(stack, served))


def test_a_body_without_them_is_sent_as_before(make_stack):
    stack = make_stack(config(deployment("m")), supervisor=False)
    stack.upstream.script("m", answer(response_object()))
    body = '{ "model": "m" ,"input":"x\\u00e9", "temperature":1.0e0 }'
    assert stack.client.post_create(body).status == 200
    assert stack.upstream.wait_request("m").body.decode() == \
        '{"model":"m","input":"x\\u00e9","temperature":1.0e0}'


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("name,value,code", TYPES)
def test_a_wrong_type_is_named(client, model, background, name, value, code):
    reply = client.post_create(
        {"model": model, "input": "x", "background": background, name: value})
    assert (reply.status, reply.error()["param"], reply.error()["code"]) == (400, name, code), reply


def ask(stack, background, **fields):
    if background:
        return run(stack, **fields)
    return stack.client.post_create({"model": "m", "input": "x", **fields}).json()


def answers(stack, background, served, text):
    """Has a deployment answer with a text, as it is asked to: by a stream or by an object."""
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}
    stack.upstream.script(
        served, message_stream([text]) if background else answer(response_object(output=[item])))


@pytest.mark.parametrize("background", [True, False])
def test_a_request_s_own_fallbacks_take_the_place_of_the_configuration_s(make_stack, background):
    stack = make_stack(config(
        deployment("a"), deployment("b", "configured"), deployment("c", "own"),
        router_settings=fallbacks(m=["configured"])))
    stack.upstream.script("a", error(500), error(500), error(500))
    answers(stack, background, "b", "configured")
    answers(stack, background, "c", "own")
    assert output_text(ask(stack, background)) == "configured"
    assert output_text(ask(stack, background, fallbacks=["unknown", "own"])) == "own"
    final = ask(stack, background, disable_fallbacks=True)
    assert final.get("status") != "completed" and final["error"]
    assert counts(stack, "a", "b", "c") == [3, 1, 1]


@pytest.mark.parametrize("background", [True, False])
def test_num_retries_of_a_request_win(make_stack, background):
    stack = make_stack(config(deployment("a"), retries=0))
    stack.upstream.script("a", error(500))
    ask(stack, background)
    assert counts(stack, "a") == [1]
    ask(stack, background, num_retries=1)
    assert counts(stack, "a") == [3]
    ask(stack, background, max_retries=1)
    assert counts(stack, "a") == [5]


def test_time_outs_of_a_request_win(make_stack):
    stack = make_stack(config(deployment("a", timeout=60, stream_timeout=30)))
    stack.upstream.script("a", [Hang()])
    final = run(stack, stream_timeout=0.3)
    assert final["error"]["code"] == "upstream_timeout" and "0.3 s" in final["error"]["message"]
    final = run(stack, timeout=0.4)
    assert "0.4 s" in final["error"]["message"]
    reply = stack.client.post_create({"model": "m", "input": "x", "timeout": 0.3})
    assert reply.status == 504 and "0.3 s" in reply.error()["message"]


@pytest.mark.parametrize("background", [True, False])
def test_headers_of_litellm_s_win_over_the_body(make_stack, background):
    stack = make_stack(config(deployment("a"), retries=0))
    stack.upstream.script("a", error(500), error(500), [Hang()])
    body = {"model": "m", "input": "x", "background": background, "num_retries": 0}
    for headers, said in (({"X-LiteLLM-Num-Retries": "1"}, "busy"),
                          ({"x-litellm-timeout": "0.4"}, "not whole after 0.4 seconds"),
                          ({"x-litellm-stream-timeout": "0.3", "x-litellm-timeout": "20"},
                           "no event came for 0.3 seconds")):
        reply = stack.client.post_create({**body, "stream": not background}, headers=headers)
        if background:
            final = stack.client.wait_terminal(reply.json()["id"], timeout=20)
            assert said in final["error"]["message"], final
        else:
            assert said in reply.error()["message"], reply
    assert counts(stack, "a") == [4]
    reply = stack.client.post_create(body, headers={"x-litellm-timeout": "soon"})
    assert reply.status == 400 and "x-litellm-timeout" in reply.error()["message"]


def test_what_is_not_done_is_said_once_in_the_log(make_stack):
    stack = make_stack(config(deployment("a")), supervisor=False, children=1)
    stack.upstream.script("a", answer(response_object()))
    for _ in range(3):
        stack.client.post_create({"model": "m", "input": "x", "guardrails": ["g"], "tags": ["t"],
                                  "cache": {"ttl": 3}, "num_retries": 1})
    log = stack.responder.stderr()
    assert log.count("'guardrails'") == 1 and log.count("'cache'") == 1
    assert "tags" not in log and "num_retries" not in log


def test_a_job_that_waits_keeps_what_is_to_be_obeyed(make_stack):
    stack = make_stack(config(deployment("a"), deployment("b", "spare")), supervisor=False)
    response_id = stack.client.create("m", fallbacks=["spare"], temperature=0.25)["id"]
    request = json.loads("{" + stack.redis.hget(job_key(response_id), "request").decode() + "}")
    assert request.pop("input", None) in (None, "Hello")
    assert request == {"fallbacks": ["spare"], "temperature": 0.25}
    stack.upstream.script("a", error(500))
    stack.upstream.script("b", message_stream(["spare"]))
    stack.start_supervisor()
    assert output_text(stack.client.wait_terminal(response_id, timeout=20)) == "spare"
    assert sent_members(stack, "b")["temperature"] == 0.25
