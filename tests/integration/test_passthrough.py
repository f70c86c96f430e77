"""Requests that are not polled: they go to a deployment while the client waits."""

import contextlib
import fcntl
import json
import os
import re
import signal
import threading
import time

import pytest

import fastcgi
from events import message_stream
from harness import (ALICE, BOB, MASTER_KEY, PROVIDER_KEY, UnixConnection, children_of,
                     private_part, wait_until)
from upstream import Cut, Feed, Gate, Hang, Reset, Script, Sleep, event_bytes, json_error

STACK = {"children": 4}
SEVEN_DAYS = 7 * 24 * 3600


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


# ---- what goes to the provider ------------------------------------------------------------------


def test_request_goes_on_as_the_client_spelled_it_with_the_deployment_s_model(make_stack):
    stack = make_stack({"model_list": [{"model_name": "nice", "litellm_params": {
        "model": "openai/real-model", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY"}}]},
        supervisor=False)
    stack.upstream.script("real-model", answer(response_object()))
    body = '{ "input":"\\u00e9\\/x", "temperature":1.10e0, "model":"nice","metadata":{"a":"b"} }'
    reply = stack.client.post_create(body)
    assert reply.status == 200, reply
    sent = stack.upstream.wait_request("real-model")
    assert (sent.method, sent.path) == ("POST", "/v1/responses")
    text = sent.body.decode()
    assert '"\\u00e9\\/x"' in text and "1.10e0" in text
    assert json.loads(text) == {**json.loads(body), "model": "real-model"}
    assert sent.header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_client_s_own_key_and_cookies_stay_here(client, upstream, model):
    upstream.script(model, answer(response_object()))
    client.post_create({"model": model, "input": "x"}, headers={
        "Cookie": "secret=1", "OpenAI-Organization": "org-client", "OpenAI-Beta": "thing=v1"})
    sent = upstream.wait_request(model)
    everything = repr(sent.headers) + sent.body.decode()
    assert ALICE not in everything and "secret=1" not in everything
    assert "org-client" not in everything
    assert sent.header("openai-beta") == "thing=v1"


def test_one_idempotency_key_of_two_tenants_is_two_for_the_provider(client, upstream, model):
    upstream.script(model, answer(response_object()))
    body = {"model": model, "input": "x"}
    for key in (ALICE, ALICE, BOB, MASTER_KEY):
        client.with_key(key).post_create(body, headers={"Idempotency-Key": "order-7"})
    client.post_create(body, headers={"Idempotency-Key": "order-8" * 100})
    client.post_create(body)
    first, again, *others, none = (
        sent.header("idempotency-key") for sent in upstream.requests(model))
    assert first == again and none is None
    assert len({first, *others}) == 4
    for sent in (first, *others):
        assert re.fullmatch("[0-9a-f]{64}", sent)


@pytest.mark.parametrize("client_s", ["api-version=2024-01-01&", "API%2dVersion=v1&", ""])
def test_only_the_deployment_s_api_version_goes_to_azure(make_stack, client_s):
    stack = make_stack(supervisor=False)
    stack.config["model_list"] = [{"model_name": "a", "litellm_params": {
        "model": "azure/a", "api_base": stack.upstream.base.removesuffix("/v1"),
        "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "api_version": "2025-04-01-preview"}}]
    stack.write_config()
    stack.stop(stack.responder)
    stack.start_responder()
    stack.upstream.script("a", answer(response_object()))
    reply = stack.client.request("POST", f"/v1/responses?{client_s}x=1",
                                 body={"model": "a", "input": "x"})
    assert reply.status == 200, reply
    assert stack.upstream.wait_request("a").path == \
        "/openai/responses?api-version=2025-04-01-preview&x=1"


def test_api_version_is_no_provider_s_business_but_azure_s(client, upstream, model):
    upstream.script(model, answer(response_object()))
    client.request("POST", "/v1/responses?api-version=2024-01-01",
                   body={"model": model, "input": "x"})
    assert upstream.wait_request(model).path == "/v1/responses"


@pytest.mark.parametrize("fields", [{}, {"background": False}, {"background": None}])
def test_request_that_is_not_for_polling_leaves_nothing_but_the_id_in_redis(
        client, stack, upstream, model, fields):
    before = set(stack.response_keys() + stack.job_keys())
    upstream.script(model, answer(response_object(f"resp_{model}")))
    assert client.post_create({"model": model, "input": "x", **fields}).status == 200
    assert set(stack.response_keys() + stack.job_keys()) == before
    assert stack.redis.exists(native_key(f"resp_{model}"))


# ---- what comes back ----------------------------------------------------------------------------


def test_answer_comes_back_byte_for_byte(client, upstream, model):
    body = '{ "id":"resp_bytes",\n "object":"response", "x":1.50, "e":"\\u00e9é" }'.encode()
    upstream.script(model, answer(body))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.status, reply.body) == (200, body)
    assert reply.headers["content-length"] == str(len(body))


def test_headers_about_the_answer_come_back_and_those_of_the_connection_do_not(
        client, upstream, model):
    upstream.script(model, answer(
        response_object(), x_request_id="req_provider", openai_processing_ms="12",
        openai_version="2020-10-01", x_ratelimit_remaining_requests="41", Set_Cookie="a=b",
        Keep_Alive="timeout=5", Proxy_Authenticate="Basic", Server="provider"))
    headers = client.post_create({"model": model, "input": "x"}).headers
    assert headers.get_all("x-request-id") == ["req_provider"]
    assert headers["openai-processing-ms"] == "12"
    assert headers["openai-version"] == "2020-10-01"
    assert headers["x-ratelimit-remaining-requests"] == "41"
    assert headers["content-type"] == "application/json"
    for name in ("set-cookie", "keep-alive", "proxy-authenticate"):
        assert name not in headers, name
    assert "provider" not in headers.get("server", "")


@pytest.mark.parametrize("first, second", [
    ("text/html", "application/json"), ("application/json", "text/html")])
def test_one_content_type_comes_back(client, upstream, model, first, second):
    """The one that counts for HTTP clients, too: the last."""
    upstream.script(model, Script([
        f"HTTP/1.1 200 OK\r\nContent-Type: {first}\r\nContent-Type: {second}\r\n"
        "Content-Length: 2\r\n\r\n{}".encode()], framing="raw"))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.headers.get_all("content-type") == [second]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [200, 404])
def test_answers_are_one_client_s_whatever_the_provider_says(
        client, upstream, model, stream, status):
    upstream.script(model, Script([b"data: {}\n\n"], status, {
        "Cache-Control": "public, max-age=3600", "Expires": "Thu, 01 Jan 2099 00:00:00 GMT",
        "X-Content-Type-Options": "sniff", **({} if stream else {"Content-Type": "text/plain"})}))
    headers = client.post_create({"model": model, "input": "x", "stream": stream}).headers
    assert headers.get_all("cache-control") == ["private, no-store"]
    assert headers.get_all("x-content-type-options") == ["nosniff"]
    assert "expires" not in headers


def test_answer_without_a_request_id_has_ours(client, upstream, model):
    upstream.script(model, answer(response_object()))
    assert client.post_create({"model": model, "input": "x"}).headers["x-request-id"]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 418, 422, 429, 500, 503])
def test_provider_s_error_comes_back_unchanged(client, upstream, model, status):
    error = {"error": {"message": "no, thanks", "type": "odd_type", "param": "p", "code": "c",
                       "more": [1]}}
    upstream.script(model, json_error(status, error, {
        "Retry-After": "17", "x-should-retry": "false", "x-request-id": "req_error"}))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.status, json.loads(reply.body)) == (status, error)
    assert reply.headers["retry-after"] == "17"
    assert reply.headers["x-should-retry"] == "false"
    assert reply.headers["x-request-id"] == "req_error"


def test_answer_that_is_no_json_comes_back_too(client, upstream, model):
    upstream.script(model, Script([b"<h1>Teapot</h1>"], 502, {"Content-Type": "text/html"}))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.status, reply.body) == (502, b"<h1>Teapot</h1>")
    assert reply.headers["content-type"] == "text/html"


@pytest.mark.parametrize("stream", [False, True])
def test_key_that_the_provider_repeats_is_masked(client, upstream, model, stream):
    half = len(PROVIDER_KEY) // 2
    pieces = [f'{{"error":"{PROVIDER_KEY}", "again":"{PROVIDER_KEY[:half]}'.encode(),
              f'{PROVIDER_KEY[half:]}"}}\n\n'.encode()]
    if stream:
        upstream.script(model, Script([b"data: " + pieces[0], pieces[1]]))
    else:
        upstream.script(model, Script(pieces, 401, {
            "Content-Type": "application/json", "openai-note": f"key {PROVIDER_KEY}"}))
    reply = client.post_create({"model": model, "input": "x", "stream": stream})
    assert PROVIDER_KEY.encode() not in reply.body
    assert reply.body.count(b"*" * len(PROVIDER_KEY)) == 2
    assert len(reply.body) == sum(map(len, pieces)) + (6 if stream else 0)
    assert PROVIDER_KEY not in str(reply.headers)


def test_large_answer_comes_back_whole(client, upstream, model):
    body = json.dumps(response_object(text="x" * 3_000_000)).encode()
    upstream.script(model, answer(body))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.body == body


# ---- streams ------------------------------------------------------------------------------------


def test_stream_arrives_in_step_with_the_provider(client, upstream, model):
    feed = Feed()
    upstream.script(model, [feed])
    feed.send(event(0))
    with streaming(client, model) as stream:
        assert stream.answer.status == 200
        assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.next() == event(0)
        for n in range(1, 20):
            feed.send(event(n))
            assert stream.next() == event(n)
        feed.end()
        assert stream.next() is None


def test_stream_is_byte_equal_however_the_provider_splits_it(client, upstream, model):
    whole = b"".join(event_bytes(event(n, delta="é\u2028☃" * n)) for n in range(30))
    whole += b": comment\n\ndata: [DONE]\n\n"
    upstream.script(model, [whole[i:i + 7] for i in range(0, len(whole), 7)])
    reply = client.post_create({"model": model, "input": "x", "stream": True})
    assert reply.body == whole


def test_client_that_leaves_closes_the_provider_s_connection(client, upstream, model):
    upstream.script(model, [event(0), Hang()])
    with streaming(client, model) as stream:
        assert stream.next() == event(0)
        exchange = upstream.wait_request(model)
        assert not exchange.peer_closed.is_set()
    assert exchange.peer_closed.wait(5), "the provider's connection is still open after 5 s"


@pytest.mark.parametrize("leave", [fastcgi.Connection.abort, fastcgi.Connection.close])
def test_web_server_s_word_that_the_client_is_gone_closes_the_provider_s_connection(
        stack, upstream, model, leave):
    """Before the answer has begun; lighttpd would not say so before it has something to send."""
    upstream.script(model, [Hang()])
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"},
        json.dumps({"model": model, "input": "x"}).encode())
    exchange = upstream.wait_request(model)
    leave(connection)
    assert exchange.peer_closed.wait(5), "the provider's connection is still open after 5 s"
    connection.close()


@pytest.mark.parametrize("fault", [Cut(), Reset()])
def test_stream_that_breaks_off_between_events_ends_with_an_error_event(
        client, upstream, model, fault):
    upstream.script(model, [event(0), fault])
    with streaming(client, model) as stream:
        assert stream.next() == event(0)
        last = stream.next()
        assert (last["type"], last["code"]) == ("error", "upstream_disconnected")
        assert last["message"]
        assert stream.next() is None


def test_stream_that_breaks_off_before_its_first_byte_is_a_502(client, upstream, model):
    upstream.script(model, [Cut()])
    reply = client.post_create({"model": model, "input": "x", "stream": True})
    assert reply.status == 502
    assert reply.error()["code"] == "upstream_disconnected"


def test_provider_s_silence_is_a_504(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "stream_timeout": 0.3}}]}, supervisor=False)
    stack.upstream.script("quiet", [Hang()])
    reply = stack.client.post_create({"model": "quiet", "input": "x", "stream": True})
    assert reply.status == 504
    assert reply.error()["code"] == "upstream_timeout"
    assert "no event came for 0.3 seconds" in reply.error()["message"]
    assert stack.upstream.wait_request("quiet").peer_closed.wait(5)


def test_answer_that_is_no_stream_may_be_silent_until_it_is_whole(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "stream_timeout": 0.1, "silence_timeout": 0.2, "timeout": 30}}]},
        supervisor=False)
    body = json.dumps(response_object()).encode()
    stack.upstream.script("slow", Script([Sleep(600), body], 200,
                                         {"Content-Type": "application/json"}))
    reply = stack.client.post_create({"model": "slow", "input": "x"})
    assert (reply.status, reply.body) == (200, body)


def test_provider_that_cannot_be_reached_is_a_502(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "k", "api_base": "http://127.0.0.1:1/v1"}}]},
        supervisor=False)
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert reply.status == 502
    assert reply.error()["code"] == "upstream_unreachable"


# ---- which deployment ---------------------------------------------------------------------------


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


# ---- ids of the provider's ----------------------------------------------------------------------


@pytest.fixture
def native(client, upstream, model):
    """The id of a response that the provider keeps."""
    response_id = f"resp_{model.replace('-', '_')}"
    upstream.script(model, answer(response_object(response_id)))
    assert client.post_create({"model": model, "input": "x"}).json()["id"] == response_id
    return response_id


@pytest.mark.parametrize("method, suffix, query", [
    ("GET", "", ""),
    ("GET", "", "?include%5B%5D=a&include%5B%5D=b"),
    ("DELETE", "", ""),
    ("POST", "/cancel", ""),
    ("GET", "/input_items", "?limit=3&order=asc"),
])
def test_requests_about_a_provider_s_response_go_to_it(
        client, upstream, native, method, suffix, query):
    path = f"/v1/responses/{native}{suffix}"
    upstream.script(path, answer({"seen": native}, x_request_id="req_native"))
    reply = client.request(method, path + query)
    assert (reply.status, reply.json()) == (200, {"seen": native})
    assert reply.headers["x-request-id"] == "req_native"
    sent = upstream.wait_request(path)
    assert (sent.method, sent.path) == (method, path + query)
    assert sent.header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_id_is_remembered_with_its_tenant_for_seven_days(stack, native):
    record = stack.redis.hgetall(native_key(native))
    assert record[b"tenant"] == b"alice"
    assert SEVEN_DAYS - 60 <= stack.redis.ttl(native_key(native)) <= SEVEN_DAYS


def test_id_of_a_stream_is_known_as_soon_as_the_client_has_it(client, stack, upstream, model):
    created = {"type": "response.created", "sequence_number": 0,
               "response": response_object(f"resp_s_{model}", status="in_progress")}
    gate = Gate()
    upstream.script(model, [created, gate])
    with streaming(client, model) as stream:
        assert stream.next() == created
        assert stack.redis.exists(native_key(f"resp_s_{model}"))
        gate.open()


def test_native_background_response_is_created_polled_and_cancelled_at_the_provider(make_stack):
    stack = make_stack({"litellm_settings": {"responses": {"background_mode": {
        "native_background_mode": ["deep"]}}}}, supervisor=False)
    client, upstream = stack.client, stack.upstream
    upstream.script("deep", answer(response_object("resp_deep", status="queued")))
    body = {"model": "deep", "input": "x", "background": True}
    assert client.post_create(body).json()["id"] == "resp_deep"
    assert upstream.wait_request("deep").json() == body
    upstream.script("/v1/responses/resp_deep", answer(response_object("resp_deep")))
    upstream.script("/v1/responses/resp_deep/cancel",
                    answer(response_object("resp_deep", status="cancelled")))
    assert client.get_response("resp_deep").json()["status"] == "completed"
    assert client.cancel("resp_deep").json()["status"] == "cancelled"


def test_another_tenant_s_id_is_a_404_and_reaches_no_provider(client, upstream, native):
    for key in (BOB, MASTER_KEY):
        for reply in (client.with_key(key).get_response(native),
                      client.with_key(key).cancel(native),
                      client.with_key(key).delete(native),
                      client.with_key(key).input_items(native)):
            assert reply.status == 404
            assert reply.error()["code"] == "response_not_found"
    assert not upstream.requests(f"/v1/responses/{native}")


@pytest.mark.parametrize("response_id", ["resp_unknown", "x" * 200, "resp_%2e%2e%2fmodels", "a b"])
def test_unknown_id_is_a_404(client, upstream, response_id):
    path = f"/v1/responses/{response_id}".replace(" ", "%20")
    assert client.request("GET", path).status == 404
    assert not upstream.requests(path)


def test_unknown_id_goes_to_the_default_deployment(make_stack):
    stack = make_stack({"respool": {"default_deployment": "openai/known"}, "model_list": [
        {"model_name": "openai/*", "litellm_params": {"model": "openai/*", "api_key": "k"}}]},
        supervisor=False)
    stack.upstream.script("/v1/responses/resp_old", answer(response_object("resp_old")))
    assert stack.client.get_response("resp_old").json()["id"] == "resp_old"


@pytest.fixture
def echoing(stack):
    """Creates a response at a provider that takes the id which the client has chosen."""
    def create(client, model, response_id):
        stack.upstream.script(model, answer(response_object(response_id)))
        body = {"model": model, "input": "x", "request_id": response_id}
        reply = client.post_create(body)
        assert (reply.status, reply.json()["id"]) == (200, response_id)
        assert stack.upstream.requests(model)[-1].json()["request_id"] == response_id

    return create


def test_id_that_a_provider_repeats_stays_the_first_tenant_s(
        client, stack, upstream, echoing, native, model):
    other = client.with_key(BOB)
    record, path = stack.redis.hgetall(native_key(native)), f"/v1/responses/{native}"
    echoing(other, f"{model}-2", native)
    assert stack.redis.hgetall(native_key(native)) == record
    assert other.get_response(native).status == 404
    assert not upstream.requests(path)
    upstream.script(path, answer(response_object(native)))
    assert client.get_response(native).json()["id"] == native


def test_id_that_a_provider_repeats_for_the_same_tenant_is_the_newest_one_s(
        client, stack, echoing, native, model):
    echoing(client, f"{model}-2", native)
    assert stack.redis.hget(native_key(native), "model") == f"{model}-2".encode()


def test_only_the_tenant_s_own_record_is_forgotten(make_stack):
    """The id becomes another tenant's while the provider deletes what was nobody's."""
    stack = make_stack({"respool": {"default_deployment": "openai/known"}, "model_list": [
        {"model_name": "openai/*", "litellm_params": {"model": "openai/*", "api_key": "k"}}]},
        supervisor=False)
    path, gate = "/v1/responses/resp_raced", Gate()
    stack.upstream.script(path, Script([gate, b"{}"], 200, {"Content-Type": "application/json"}))
    deleting = threading.Thread(target=stack.client.delete, args=["resp_raced"])
    deleting.start()
    stack.upstream.wait_request(path)
    stack.redis.hset(native_key("resp_raced"), mapping={"tenant": "bob", "deployment": "d"})
    gate.open()
    deleting.join()
    assert stack.redis.hget(native_key("resp_raced"), "tenant") == b"bob"


def test_deleted_response_is_forgotten(client, stack, upstream, native):
    path = f"/v1/responses/{native}"
    upstream.script(path, answer({"id": native, "object": "response", "deleted": True}))
    assert client.delete(native).json()["deleted"] is True
    wait_until(lambda: not stack.redis.exists(native_key(native)), 5, "it to be forgotten")


def test_response_that_the_provider_does_not_keep_is_not_remembered(
        client, stack, upstream, model):
    upstream.script(model, answer(response_object(f"resp_{model}")))
    assert client.post_create({"model": model, "input": "x", "store": False}).status == 200
    assert not stack.redis.exists(native_key(f"resp_{model}"))


def test_stored_response_can_be_streamed_again(client, upstream, native):
    path = f"/v1/responses/{native}"
    upstream.script(path, [event(5), event(6)])
    reply = client.request("GET", f"{path}?stream=true&starting_after=4")
    assert reply.body == event_bytes(event(5)) + event_bytes(event(6))


def test_answer_is_given_without_redis(make_stack):
    stack = make_stack({"litellm_settings": {"cache": False}}, supervisor=False)
    stack.upstream.script("m", answer(response_object()))
    assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
    assert stack.client.get_response("resp_1").status == 404


# ---- how many at once ---------------------------------------------------------------------------


def held_streams(stack, count):
    """So many streams that the provider does not end yet."""
    gate = Gate()
    stack.upstream.script("held", [event(0), gate])
    readers = [EventReader(stack.client, {"model": "held", "input": "x", "stream": True})
               for _ in range(count)]
    for reader in readers:
        assert reader.next() == event(0)
    return gate, readers


@pytest.mark.parametrize("children, most", [(4, 3), (1, 5)])
def test_no_more_than_max_passthrough_are_under_way_and_the_next_is_told_to_wait(
        make_stack, children, most):
    stack = make_stack({"respool": {"max_passthrough": most}}, supervisor=False,
                       children=children)
    gate, readers = held_streams(stack, most)
    reply = stack.client.post_create({"model": "held", "input": "x"})
    assert (reply.status, reply.error()["code"]) == (503, "passthrough_busy")
    assert int(reply.headers["retry-after"]) > 0
    assert stack.client.get_response("litellm_poll_none").status == 404
    gate.open()
    for reader in readers:
        assert reader.rest() == []
        reader.close()
    stack.upstream.script("free", answer(response_object()))
    wait_until(lambda: stack.client.post_create({"model": "free", "input": "x"}).status == 200,
               10, "a place to be free again")


def test_polls_are_answered_while_all_places_are_taken(make_stack):
    stack = make_stack(children=2)
    stack.upstream.script("polled", message_stream(["text"]))
    response_id = stack.client.create("polled")["id"]
    stack.client.wait_terminal(response_id)
    gate, readers = held_streams(stack, 1)
    for _ in range(50):
        assert stack.client.get_response(response_id).status == 200
    gate.open()
    for reader in readers:
        reader.close()


def test_place_of_a_process_that_is_killed_is_free_again(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=2)
    gate, readers = held_streams(stack, 1)
    assert stack.client.post_create({"model": "held", "input": "x"}).status == 503
    for pid in children_of(stack.responder.pid):
        os.kill(pid, signal.SIGKILL)
    gate.open()
    for reader in readers:
        reader.close()
    stack.upstream.script("free", answer(response_object()))
    wait_until(lambda: stack.client.post_create({"model": "free", "input": "x"}).status == 200,
               10, "the place to be free again")


def test_who_can_read_the_configuration_cannot_take_the_places(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=2)
    stack.upstream.script("free", answer(response_object()))
    with open(stack.config_path, "rb") as config:
        fcntl.lockf(config, fcntl.LOCK_SH)
        assert stack.client.post_create({"model": "free", "input": "x"}).status == 200


def test_sigterm_lets_a_stream_end(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 20}}, supervisor=False, children=2)
    gate, readers = held_streams(stack, 1)
    stopped = threading.Thread(target=stack.stop, args=(stack.responder,))
    stopped.start()
    gate.open()
    assert readers[0].rest() == []
    stopped.join(20)
    assert not stopped.is_alive()
    assert stack.problems == []


def test_sigterm_cuts_a_stream_that_does_not_end_in_time(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, supervisor=False, children=2)
    _, readers = held_streams(stack, 1)
    begun = time.monotonic()
    stack.stop(stack.responder)
    assert 0.9 <= time.monotonic() - begun
    last = readers[0].rest()[-1]
    assert (last["type"], last["code"]) == ("error", "shutting_down")
    assert stack.problems == []


def test_many_streams_one_after_the_other_leave_no_descriptor_behind(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=1)
    stack.upstream.script("m", [event(0), event(1)])
    children = wait_until(lambda: children_of(stack.responder.pid), 10, "the children")

    def descriptors():
        return sum(len(os.listdir(private_part(child, "fd"))) for child in children)

    def ask():
        assert stack.client.post_create({"model": "m", "input": "x", "stream": True}).status == 200

    for _ in range(3):
        ask()
    before = descriptors()
    for _ in range(30):
        ask()
    wait_until(lambda: descriptors() <= before, 5, "the last connection to be closed")


def test_errors_of_ours_carry_no_secret(client, upstream, model):
    upstream.script(model, [Reset()])
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.status == 502
    assert not re.search(PROVIDER_KEY, str(reply.headers) + reply.body.decode())
