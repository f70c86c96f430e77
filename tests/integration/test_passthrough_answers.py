"""What comes back of an answer that is passed through."""

import json

import pytest

from harness import PROVIDER_KEY
from passing import STACK  # noqa: F401  (what the stack is)
from passing import answer, response_object
from upstream import Script, json_error


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
