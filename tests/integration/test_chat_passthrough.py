"""Chat completions and embeddings: they go to a deployment that has them, and nothing changes."""

import json

import pytest

from harness import PROVIDER_KEY, wait_until
from passing import EventReader, answer, response_object, two_deployments
from test_deployments import FAILURES
from upstream import Cut, Feed, Hang, Reset, Script, json_error

STACK = {"supervisor": False, "children": 4}
CHAT = "/v1/chat/completions"
PATHS = [CHAT, "/v1/embeddings"]
KEY = "os.environ/RESPOOL_TEST_PROVIDER_KEY"


def chunk(text):
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": {"content": text}}]}


def data(value):
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


DONE = data(b"[DONE]")


def deployment(name, model=None, **params):
    return {"model_name": name, "litellm_params": {
        "model": model or f"openai/{name}", "api_key": KEY, **params}}


def post(stack_or_client, path, body, **options):
    client = getattr(stack_or_client, "client", stack_or_client)
    return client.request("POST", path, body=body, **options)


@pytest.mark.parametrize("path", PATHS)
def test_both_ways_it_is_the_same_but_for_the_model(make_stack, path):
    stack = make_stack({"model_list": [deployment("nice", "openai/real-model")]},
                       supervisor=False)
    body = '{ "input":[[1,2]], "metadata":"any", "m\\u006fdel":"nice","x":1.10e0, "user":"\\u00e9"}'
    text = '{ "object":"list",\n "x":1.50, "e":"\\u00e9" }'.encode()
    stack.upstream.script("real-model", answer(text, openai_version="7"))
    reply = post(stack, path, body)
    assert (reply.status, reply.body) == (200, text)
    assert reply.headers["openai-version"] == "7"
    sent = stack.upstream.wait_request("real-model")
    assert (sent.method, sent.path) == ("POST", path)
    assert sent.json() == {**json.loads(body), "model": "real-model"}
    assert b'"x":1.10e0' in sent.body and b'"user":"\\u00e9"' in sent.body
    assert sent.header("authorization") == f"Bearer {PROVIDER_KEY}"


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("path", PATHS)
def test_deployment_of_either_api_serves_it(make_stack, api, path):
    stack = make_stack({"model_list": [deployment("m", api=api)]}, supervisor=False)
    stack.upstream.script("m", answer({"object": "some"}))
    assert post(stack, path, {"model": "m"}).json() == {"object": "some"}
    assert stack.upstream.wait_request("m").path == path


def test_deployment_whose_mode_is_embedding_is_no_surprise(make_stack):
    stack = make_stack({"model_list": [
        {**deployment("vectors", "openai/text-embedding-3-small"),
         "model_info": {"mode": "embedding"}}]}, supervisor=False)
    assert "embedding" not in stack.responder.stderr()
    stack.upstream.script("text-embedding-3-small", answer({"object": "list"}))
    assert post(stack, "/v1/embeddings", {"model": "vectors", "input": "x"}).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_model_that_speaks_messages_alone_is_a_404_that_says_so(make_stack, path):
    stack = make_stack({"model_list": [deployment("claude", api="messages")]}, supervisor=False)
    reply = post(stack, path, {"model": "claude", "messages": []})
    assert (reply.status, reply.error()["code"]) == (404, "route_not_served")
    assert "'claude'" in reply.error()["message"] and path[4:] in reply.error()["message"]
    assert not stack.upstream.requests("claude")


@pytest.mark.parametrize("path", PATHS)
def test_of_several_deployments_one_that_has_it_is_asked(make_stack, path):
    stack = make_stack({"model_list": [
        deployment("both", "openai/old", api="messages", weight=1000000),
        deployment("both", "openai/new", weight=1)]}, supervisor=False)
    stack.upstream.script("new", answer({"object": "some"}))
    for _ in range(5):
        assert post(stack, path, {"model": "both"}).status == 200
    assert not stack.upstream.requests("old")


@pytest.mark.parametrize("body, status, code", [
    ("{", 400, None), ("[]", 400, None), ("", 400, None),
    ({"messages": []}, 400, "missing_required_parameter"),
    ({"model": "m", "stream": 1}, 400, "invalid_type"),
    ('{"model":"m","model":"n"}', 400, "duplicate_parameter")])
@pytest.mark.parametrize("path", PATHS)
def test_body_that_cannot_be_read_is_a_400(client, path, body, status, code):
    reply = post(client, path, body)
    assert (reply.status, reply.error()["code"]) == (status, code)


def test_unknown_model_is_told_as_for_responses(make_stack):
    stack = make_stack({"model_list": [deployment("m")]}, supervisor=False)
    for path in PATHS:
        assert post(stack, path, {"model": "nope"}).error()["code"] == "model_not_found"


def reader(client, model):
    return EventReader(client, {"model": model, "messages": [], "stream": True}, CHAT)


def test_stream_arrives_in_step_with_the_provider(client, upstream, model):
    feed = Feed()
    upstream.script(model, [feed])
    feed.send(data(chunk("0")))
    stream = reader(client, model)
    assert stream.answer.headers["content-type"].startswith("text/event-stream")
    assert stream.next() == chunk("0")
    for n in range(1, 10):
        feed.send(data(chunk(str(n))))
        assert stream.next() == chunk(str(n))
    feed.finish()
    assert stream.rest() == ["[DONE]"]
    stream.close()
    assert upstream.wait_request(model).header("accept") == "text/event-stream"


def test_stream_is_byte_equal_however_it_is_split(client, upstream, model):
    whole = b"".join(data(chunk(f"é{n}")) for n in range(30)) + b": x\n\n" + DONE
    upstream.script(model, [whole[i:i + 7] for i in range(0, len(whole), 7)])
    reply = post(client, CHAT, {"model": model, "messages": [], "stream": True})
    assert reply.body == whole


@pytest.mark.parametrize("done", [DONE, b"data:[DONE]\n\n"])
@pytest.mark.parametrize("after", [Cut(), Reset()])
def test_what_becomes_of_a_stream_after_its_last_word_is_nobody_s_business(
        client, upstream, model, done, after):
    upstream.script(model, [data(chunk("x")), done, after])
    reply = post(client, CHAT, {"model": model, "messages": [], "stream": True})
    assert reply.body == data(chunk("x")) + done


@pytest.mark.parametrize("fault", [Cut(), Reset()])
def test_stream_that_breaks_off_ends_with_an_error_in_chat_s_form(client, upstream, model, fault):
    upstream.script(model, [data(chunk("x")), fault])
    reply = post(client, CHAT, {"model": model, "messages": [], "stream": True})
    first, last = reply.body[:len(data(chunk("x")))], reply.body[len(data(chunk("x"))):]
    assert first == data(chunk("x"))
    assert last.startswith(b'data: {"error":') and last.endswith(b"}\n\n")
    error = json.loads(last[6:])["error"]
    assert (error["code"], error["param"]) == ("upstream_disconnected", None)
    assert error["message"] and error["type"] == "server_error"
    assert b"event:" not in last and b"sequence_number" not in last


def test_client_that_leaves_closes_the_provider_s_connection(client, upstream, model):
    upstream.script(model, [data(chunk("x")), Hang()])
    stream = reader(client, model)
    assert stream.next() == chunk("x")
    stream.close()
    assert upstream.wait_request(model).peer_closed.wait(5)


def test_key_that_the_provider_repeats_is_masked(client, upstream, model):
    upstream.script(model, [data(chunk(PROVIDER_KEY)), DONE])
    reply = post(client, CHAT, {"model": model, "messages": [], "stream": True})
    assert PROVIDER_KEY.encode() not in reply.body
    upstream.script(model, json_error(401, {"error": {"message": f"wrong {PROVIDER_KEY}"}}))
    assert PROVIDER_KEY.encode() not in post(client, CHAT, {"model": model}).body


@pytest.mark.parametrize("path", PATHS)
def test_another_deployment_answers_when_the_first_fails(make_stack, path):
    stack = make_stack(two_deployments(litellm_settings={"num_retries": 1}), supervisor=False)
    stack.upstream.script("first", json_error(500, {"error": {"message": "down"}}))
    stack.upstream.script("second", answer({"object": "some"}))
    assert post(stack, path, {"model": "both"}).json() == {"object": "some"}
    assert len(stack.upstream.requests("first")) == 1


@pytest.mark.parametrize("path", PATHS)
def test_fallback_answers_when_all_deployments_fail(make_stack, path):
    stack = make_stack(two_deployments(litellm_settings={
        "num_retries": 0, "fallbacks": [{"both": ["spare"]}]}), supervisor=False)
    stack.upstream.script("first", [Cut()])
    stack.upstream.script("third", answer({"object": "some"}))
    assert post(stack, path, {"model": "both"}).json() == {"object": "some"}
    assert stack.upstream.wait_request("third").path == path


@pytest.mark.parametrize("path", PATHS)
def test_provider_s_error_comes_back_unchanged(client, upstream, model, path):
    error = {"error": {"message": "no", "type": "odd", "more": [1]}}
    upstream.script(model, json_error(429, error, {"Retry-After": "17"}))
    reply = post(client, path, {"model": model})
    assert (reply.status, json.loads(reply.body)) == (429, error)
    assert reply.headers["retry-after"] == "17"


def test_path_that_a_deployment_lacks_is_no_failure_of_its(make_stack):
    stack = make_stack(two_deployments(litellm_settings={"num_retries": 1}), supervisor=False)
    stack.upstream.script("first", json_error(404, {"error": {"message": "no such path"}}))
    stack.upstream.script("second", answer(response_object()))
    for _ in range(2):
        assert post(stack, "/v1/embeddings", {"model": "both"}).status == 200
    stack.upstream.script("first", json_error(500, {"error": {"message": "down"}}))
    assert stack.client.post_create({"model": "both", "input": "x"}).status == 200
    assert len(stack.upstream.requests("first")) == 3
    wait_until(lambda: stack.redis.hvals(FAILURES), what="the failure to be told")
    assert stack.redis.hvals(FAILURES) == [b"1"]


@pytest.mark.parametrize("params, expected", [
    ({"model": "azure/m", "api_version": "2024-10-21"},
     "/openai/deployments/m/{}?api-version=2024-10-21"),
    ({"model": "azure/m"}, "/openai/v1/{}"),
    ({"model": "mistral/m"}, "/v1/{}"),
    ({"model": "openai/m", "suffix": "/sub/chat/completions"}, "/sub/{}")])
@pytest.mark.parametrize("path", ["chat/completions", "embeddings"])
def test_provider_is_asked_where_it_has_it(make_stack, params, expected, path):
    stack = make_stack({"model_list": [deployment("m")]}, supervisor=False, responder=False,
                       web=False)
    params = dict(params)
    base = stack.upstream.base.removesuffix("/v1") + params.pop("suffix", "")
    stack.config["model_list"] = [deployment("m", api_base=base, **params)]
    stack.write_config()
    stack.start_responder()
    stack.start_web()
    stack.upstream.script("m", answer({"object": "some"}))
    assert post(stack, f"/v1/{path}", {"model": "m"}).status == 200
    assert stack.upstream.wait_request("m").path == expected.format(path)


def test_query_goes_on_but_for_azure_s_version(client, upstream, model):
    upstream.script(model, answer({"object": "some"}))
    post(client, f"{CHAT}?api-version=2024-01-01&x=1", {"model": model})
    assert upstream.wait_request(model).path == f"{CHAT}?x=1"


def test_answer_that_is_large_and_no_stream_comes_back_whole(client, upstream, model):
    body = json.dumps({"data": "x" * 2_000_000}).encode()
    upstream.script(model, Script([body], headers={"Content-Type": "application/json"}))
    assert post(client, "/v1/embeddings", {"model": model, "input": "x"}).body == body


@pytest.mark.parametrize("path", PATHS)
def test_it_needs_no_redis(make_stack, path):
    stack = make_stack({"litellm_settings": {"cache": None, "cache_params": None}},
                       supervisor=False)
    stack.upstream.script("m", answer({"object": "some"}))
    assert post(stack, path, {"model": "m"}).json() == {"object": "some"}


def test_stream_of_the_default_model_is_one_as_well(make_stack):
    stack = make_stack({"model_list": [deployment("m")], "respool": {"default_model": "m"}},
                       supervisor=False)
    stack.upstream.script("m", [data(chunk("x")), DONE])
    reply = post(stack, CHAT, {"messages": [], "stream": True})
    assert reply.body == data(chunk("x")) + DONE
