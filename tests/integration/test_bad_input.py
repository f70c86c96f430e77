"""What clients do wrong: the right status, a message that names it, and nothing left in Redis."""

import json
import re
import socket

import pytest

from asked import asked_while
from events import message_stream
from harness import HELD, HELD_UNTIL, ID_FORM, UNKNOWN_ID, job_key, wait_until
from upstream import Gate

MAX_REQUEST = 20000
STACK = {"supervisor": False, "config": {
    "respool": {"max_request_bytes": MAX_REQUEST},
    "model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m"}},
                   {"model_name": "team/*", "litellm_params": {"model": "openai/*"}}]}}


@pytest.fixture(autouse=True)
def nothing_is_left(stack):
    yield
    assert stack.response_keys() == []
    assert stack.job_keys() == []
    assert stack.queued() == []


def body(**members):
    merged = {"model": "m", "input": "x", "background": True, **members}
    return json.dumps({name: value for name, value in merged.items() if value is not ...})


BAD_BODIES = {
    # name: (body, words of the message, param)
    "empty": (b"", "empty", None),
    "blanks": (b"  \n ", "empty|JSON", None),
    "no JSON": (b"hello", "JSON", None),
    "half": (body().encode()[:-1], "JSON", None),
    "trailing comma": (b'{"model":"m","background":true,}', "JSON", None),
    "trailing garbage": (body().encode() + b"x", "JSON", None),
    "two values": (body().encode() * 2, "JSON", None),
    "single quotes": (b"{'model':'m'}", "JSON", None),
    "comment": (b'{"model":"m"/* */}', "JSON", None),
    "NaN": (b'{"model":"m","background":true,"top_p":NaN}', "JSON", None),
    "leading zero": (b'{"model":"m","background":true,"top_p":01}', "JSON", None),
    "bare minus": (b'{"model":"m","background":true,"top_p":-}', "JSON", None),
    "control character": (b'{"model":"m","background":true,"input":"a\x01b"}', "JSON", None),
    "bad escape": (b'{"model":"m","background":true,"input":"\\x41"}', "JSON", None),
    "byte order mark": (b"\xef\xbb\xbf" + body().encode(), "JSON", None),
    "NUL": (b"\x00", "JSON", None),
    "NUL after": (body().encode() + b"\x00", "JSON", None),
    "form": (b"model=m&background=true", "JSON", None),
    "bad UTF-8": (b'{"model":"m","background":true,"input":"\xff"}', "UTF-8", None),
    "overlong UTF-8": (b'{"model":"m","background":true,"input":"\xc0\xaf"}', "UTF-8", None),
    "surrogate in UTF-8": (b'{"model":"m","background":true,"input":"\xed\xa0\x80"}', "UTF-8",
                           None),
    "bad UTF-8 in a name": (b'{"model":"m","background":true,"\xff":1}', "UTF-8", None),
    "an array": (b"[]", "object", None),
    "a string": (b'"text"', "object", None),
    "a number": (b"7", "object", None),
    "null": (b"null", "object", None),
    "too deep": (b'{"model":"m","background":true,"input":' + b"[" * 5000 + b"]" * 5000 + b"}",
                 "deep|nest", None),
    "too deep and unclosed": (b"[" * 15000, "deep|nest", None),
    "no model": (body(model=...).encode(), "model", "model"),
    "model null": (body(model=None).encode(), "model", "model"),
    "model with NUL": (body(model="m\0").encode(), "model", "model"),
    "model very long": (body(model="m" * 10000).encode(), "model", "model"),
    "member twice": (b'{"model":"m","background":true,"input":"a","input":"b"}', "input", None),
    "model twice": (b'{"model":"m","background":true,"model":"m"}', "model", None),
    "member twice in two spellings": (
        b'{"model":"m","background":true,"\\u006dodel":"m"}', "model", None),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_body_is_400_and_named(client, name):
    data, words, param = BAD_BODIES[name]
    reply = client.post_create(data)
    assert reply.status == 400, reply
    error = reply.error()
    assert error["type"] == "invalid_request_error"
    assert param is None or error["param"] == param
    assert re.search(words, error["message"], re.IGNORECASE | re.DOTALL), error["message"]
    assert len(error["message"]) < 1000


def too_long(length, most):
    return (f"string too long. Expected a string with maximum length {most}, but got a string with "
            f"length {length} instead.")


# What OpenAI says to the same: (members, param, code, message).
KNOWN_MISTAKES = [
    ({"model": ...}, "model", "missing_required_parameter",
     "Missing required parameter: 'model'."),
    ({"model": 7}, "model", "invalid_type",
     "Invalid type for 'model': expected a string, but got an integer instead."),
    ({"model": {}}, "model", "invalid_type",
     "Invalid type for 'model': expected a string, but got an object instead."),
    ({"model": ""}, "model", "model_not_found", "The requested model '' does not exist."),
    ({"model": "nope"}, "model", "model_not_found", "The requested model 'nope' does not exist."),
    ({"background": "true"}, "background", "invalid_type",
     "Invalid type for 'background': expected a boolean, but got a string instead."),
    ({"background": 1}, "background", "invalid_type",
     "Invalid type for 'background': expected a boolean, but got an integer instead."),
    ({"background": 1.5}, "background", "invalid_type",
     "Invalid type for 'background': expected a boolean, but got a decimal number instead."),
    ({"background": {}}, "background", "invalid_type",
     "Invalid type for 'background': expected a boolean, but got an object instead."),
    ({"stream": "yes"}, "stream", "invalid_type",
     "Invalid type for 'stream': expected a boolean, but got a string instead."),
    ({"store": "yes"}, "store", "invalid_type",
     "Invalid type for 'store': expected a boolean, but got a string instead."),
    ({"input": {"a": 1}}, "input", "invalid_type",
     "Invalid type for 'input': expected one of a string or array of input items, but got an "
     "object instead."),
    ({"previous_response_id": {"a": 1}}, "previous_response_id", "invalid_type",
     "Invalid type for 'previous_response_id': expected a string, but got an object instead."),
    ({"temperature": "hot"}, "temperature", "invalid_type",
     "Invalid type for 'temperature': expected a decimal, but got a string instead."),
    ({"max_output_tokens": True}, "max_output_tokens", "invalid_type",
     "Invalid type for 'max_output_tokens': expected an integer, but got a boolean instead."),
    ({"instructions": {"a": 1}}, "instructions", "invalid_type",
     "Invalid type for 'instructions': expected a string, but got an object instead."),
    ({"tools": "x"}, "tools", "invalid_type",
     "Invalid type for 'tools': expected an array of tools, but got a string instead."),
    ({"tool_choice": 7}, "tool_choice", "invalid_type",
     "Invalid type for 'tool_choice': expected one of an object or 'none', 'auto', or 'required', "
     "but got an integer instead."),
    ({"text": []}, "text", "invalid_type",
     "Invalid type for 'text': expected an object, but got an array instead."),
    ({"metadata": "x"}, "metadata", "invalid_type",
     "Invalid type for 'metadata': expected a metadata object, but got a string instead."),
    ({"metadata": {"k": 1}}, "metadata.k", "invalid_type",
     "Invalid type for 'metadata.k': expected a string, but got an integer instead."),
    ({"metadata": {"k": None}}, "metadata.k", "invalid_type",
     "Invalid type for 'metadata.k': expected a string, but got null instead."),
    ({"metadata": {"k": "x" * 600}}, "metadata.k", "string_above_max_length",
     "Invalid 'metadata.k': " + too_long(600, 512)),
    ({"metadata": {str(n): "" for n in range(17)}}, "metadata", "object_above_max_properties",
     "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but "
     "got an object with 17 properties instead."),
]


@pytest.mark.parametrize("members, param, code, message", KNOWN_MISTAKES)
def test_mistakes_are_answered_in_openai_s_words(client, members, param, code, message):
    reply = client.post_create(body(**members))
    assert reply.status == (404 if code == "model_not_found" else 400)
    assert reply.error() == {"message": message, "type": "invalid_request_error", "param": param,
                             "code": code}


def test_name_in_metadata_that_is_too_long_is_named(client):
    reply = client.post_create(body(metadata={"é" * 70: "x"}))
    assert reply.status == 400
    error = reply.error()
    assert error["code"] == "property_name_above_max_length"
    assert error["param"] == "metadata." + "é" * 70
    assert error["message"].startswith("Invalid property name in 'metadata': 'é")
    assert error["message"].endswith("maximum length 64, but got a string with length 70 instead.")


@pytest.mark.parametrize("name", ["unknown", "M", "m ", "openai/m", "team", "teams/a", "*",
                                  "team/"])
def test_unknown_model_is_refused_and_named(client, name):
    reply = client.post_create(body(model=name))
    assert reply.status == 404, reply
    error = reply.error()
    assert error["message"] == f"The requested model '{name}' does not exist."
    assert error["param"] == "model"
    assert error["code"] == "model_not_found"


def test_model_s_name_in_a_message_is_escaped(client):
    reply = client.post_create(body(model='x"\n\x01<script>'))
    assert reply.status in (400, 404)
    assert 'x"' in reply.error()["message"]


def test_body_past_the_limit_is_413(client):
    reply = client.post_create(body(input="x" * MAX_REQUEST))
    assert reply.status == 413
    assert str(MAX_REQUEST) in reply.error()["message"]


def test_body_far_past_the_limit_is_413(client):
    reply = client.post_create(body(input="x" * 5_000_000))
    assert reply.status == 413
    assert reply.error()


def test_body_of_just_the_limit_is_read(client):
    data = body(model="unknown", input="")
    data = body(model="unknown", input="x" * (MAX_REQUEST - len(data)))
    assert len(data) == MAX_REQUEST
    assert "unknown" in client.post_create(data).error()["message"]


def test_chunked_body_is_read(client):
    data = body(model="unknown").encode()
    reply = client.request("POST", "/v1/responses", body=iter([data[:10], data[10:]]),
                           headers={"Content-Type": "application/json"})
    assert "unknown" in reply.error()["message"]


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


@pytest.mark.parametrize("path, allowed", [
    ("/v1/responses", {"POST"}),
    (f"/v1/responses/{UNKNOWN_ID}", {"GET", "HEAD", "DELETE"}),
    (f"/v1/responses/{UNKNOWN_ID}/cancel", {"POST"}),
    (f"/v1/responses/{UNKNOWN_ID}/input_items", {"GET", "HEAD"}),
    ("/v1/responses/input_tokens", {"POST"}),
    ("/v1/responses/compact", {"POST"}),
    ("/v1/chat/completions", {"POST"}),
    ("/v1/embeddings", {"POST"}),
    ("/v1/models", {"GET", "HEAD"}),
    ("/v1/models/openai/gpt-4o", {"GET", "HEAD"}),
    ("/v1/conversations", {"GET", "HEAD", "POST", "DELETE"}),
    ("/health", {"GET", "HEAD"}),
    ("/health/liveliness", {"GET", "HEAD"}),
    ("/health/readiness", {"GET", "HEAD"}),
])
def test_wrong_method_is_405_with_allow(client, path, allowed):
    for method in METHODS:
        if method in allowed:
            continue
        reply = client.request(method, path, body=b"{}" if method in ("PUT", "PATCH") else None)
        assert reply.status == 405, (method, reply)
        offered = {name.strip() for name in reply.headers["allow"].split(",")}
        assert offered == allowed, method
        if method != "HEAD":
            assert method in reply.error()["message"]


@pytest.mark.parametrize("path", [
    "/", "/v1", "/v1/", "/v1/completions", "/v1/responsesx", "/v1/response",
    f"/v1/responses/{UNKNOWN_ID}/nothing", f"/v1/responses/{UNKNOWN_ID}/cancel/x", "/v1/chat",
    "/health/x", "/favicon.ico", "/%00", "/v1/responses%2f" + UNKNOWN_ID[:5], "//",
])
def test_unknown_route_is_404(client, path):
    reply = client.get(path)
    assert reply.status == 404 or (reply.status == 400 and "%00" in path), reply
    if reply.headers.get("x-request-id"):
        assert reply.error()


@pytest.mark.parametrize("response_id", [
    "litellm_poll_", "litellm_poll_a%20b", "litellm_poll_a*", "litellm_poll_*",
    "litellm_poll_a:b", "litellm_poll_a%7Bb%7D", "litellm_poll_..", "litellm_poll_%2e%2e%2fx",
    "litellm_poll_%C3%A9", "litellm_poll_a%5Cb", "litellm_poll_a%22b",
    "litellm_poll_" + "a" * 200, "litellm_poll_" + "a" * 7000, "LITELLM_POLL_abc",
    "litellm_polling_abc", "x", "null", "litellm_poll_a'b", "litellm_poll_a;b", "litellm_poll_[a]",
])
@pytest.mark.parametrize("action", ["GET", "DELETE", "cancel", "input_items"])
def test_malformed_id_is_404(client, response_id, action):
    path = f"/v1/responses/{response_id}"
    reply = {
        "GET": lambda: client.get(path), "DELETE": lambda: client.request("DELETE", path),
        "cancel": lambda: client.request("POST", path + "/cancel"),
        "input_items": lambda: client.get(path + "/input_items"),
    }[action]()
    assert reply.status == 404, reply
    assert len(reply.error()["message"]) < 1000


@pytest.mark.parametrize("response_id", ["litellm_poll_%0a", "litellm_poll_%ff", "%00"])
def test_id_that_the_web_server_may_refuse_itself_is_400_or_404(client, response_id):
    assert client.get(f"/v1/responses/{response_id}").status in (400, 404)


@pytest.mark.parametrize("response_id", ["resp_abc123", "msg_01XFDUDYJgAACzvnptvVoYEL",
                                         "550e8400-e29b-41d4-a716-446655440000"])
def test_id_of_a_provider_is_not_ours(client, response_id):
    reply = client.get(f"/v1/responses/{response_id}")
    assert reply.status in (404, 501)
    assert reply.error()


def test_malformed_ids_never_reach_redis(client, stack):
    def ask():
        for response_id in ("litellm_poll_*", "litellm_poll_a%0d%0aFLUSHALL", "resp_1",
                            "litellm_poll_"):
            client.get(f"/v1/responses/{response_id}")

    not_ours = re.compile(r"response:(?!litellm_poll_[0-9a-f]{8}-)|poll_\*|FLUSHALL")
    a_providers = re.compile(r"resp_1|litellm_poll_(?![0-9a-f]{8}-)")
    asked = asked_while(stack.redis, ask)
    assert [command for command in asked if not_ours.search(command)] == []
    # Whose deployment made it is asked for, and nothing else.
    assert {command.split(" ")[0] for command in asked if a_providers.search(command)} <= {"HMGET"}


def test_head_is_get_without_the_body(client, stack):
    response_id = client.create("m")["id"]
    got = client.get_response(response_id)
    head = client.request("HEAD", f"/v1/responses/{response_id}")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["etag"] == got.headers["etag"]
    assert head.headers["content-type"] == got.headers["content-type"]
    missing = client.request("HEAD", f"/v1/responses/{UNKNOWN_ID}")
    assert (missing.status, missing.body) == (404, b"")
    client.delete(response_id)
    stack.redis.delete("litellm:polling:{jobs}:queue")


def test_body_that_ends_early_leaves_nothing(client, stack):
    """The connection breaks within the body."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(client.address))
        connection.sendall(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                           b"Authorization: Bearer " + client.key.encode() + b"\r\n\r\n"
                           b'{"model":"m","background":true,"input":"')
    assert client.post_create(b"{").status == 400


def test_many_members_are_refused_or_taken_but_quickly(client, stack):
    members = ",".join(f'"m{number}":{number}' for number in range(1500))
    reply = client.post_create(f'{{"model":"m","background":true,{members}}}')
    if reply.status == 200:
        client.delete(reply.json()["id"])
        stack.redis.delete("litellm:polling:{jobs}:queue")
    else:
        assert reply.status == 400
        assert "member" in reply.error()["message"]


# The bound of the queue.


def test_full_queue_is_429_with_retry_after(make_stack):
    stack = make_stack({"respool": {"max_queue": 3}}, supervisor=False)
    ids = [stack.client.create("m")["id"] for _ in range(3)]
    assert all(ID_FORM.match(response_id) for response_id in ids)
    for _ in range(2):
        reply = stack.client.post_create({"model": "m", "input": "x", "background": True})
        assert reply.status == 429
        assert int(reply.headers["retry-after"]) > 0
        assert reply.error()
    assert len(stack.response_keys()) == len(stack.job_keys()) == 3
    assert len(stack.queued()) == 3


def test_bytes_that_wait_are_bounded(make_stack):
    """Not the ids alone: few requests may be long ones."""
    stack = make_stack({"respool": {"max_queue_bytes": 50000}}, supervisor=False)
    ids = [stack.client.create("m", "x" * 20000)["id"] for _ in range(2)]
    for _ in range(2):
        reply = stack.client.post_create({"model": "m", "input": "x" * 20000, "background": True})
        assert reply.status == 429
        assert int(reply.headers["retry-after"]) > 0
        error = reply.error()
        assert (error["type"], error["code"]) == ("rate_limit_error", "queue_full")
        assert "50000" in error["message"] and "bytes" in error["message"]
    assert len(stack.response_keys()) == len(stack.job_keys()) == len(stack.queued()) == 2
    held = stack.redis.hgetall(HELD)
    assert 40000 < int(held[b"waiting"]) < 50000 and int(held[b"contexts"]) == 0
    ids.append(stack.client.create("m", "short")["id"])
    assert stack.client.delete(ids[0]).status == 200
    ids.append(stack.client.create("m", "x" * 20000)["id"])
    assert stack.client.cancel(ids[1]).status == 200
    ids.append(stack.client.create("m", "x" * 20000)["id"])
    for response_id in ids[1:]:
        stack.client.delete(response_id)
    assert not stack.redis.exists(HELD, HELD_UNTIL)


@pytest.mark.parametrize("fields", [{"store": False}, {"instructions": "x" * 20000}])
def test_all_of_a_request_counts(make_stack, fields):
    stack = make_stack({"respool": {"max_queue_bytes": 30000}}, supervisor=False)
    body = {"model": "m", "input": "x" * 20000, "background": True, **fields}
    assert stack.client.post_create(body).status == 200
    assert stack.client.post_create(body).status == 429
    assert sum(len(value) for key in stack.job_keys() for value in stack.redis.hvals(key)) - 200 < (
        int(stack.redis.hget(HELD, "waiting")))


def test_request_that_is_longer_than_all_may_be_is_taken_if_none_waits(make_stack):
    """It could wait for ever."""
    stack = make_stack({"respool": {"max_queue_bytes": 10}}, supervisor=False)
    first = stack.client.create("m")["id"]
    body = {"model": "m", "input": "x", "background": True}
    assert stack.client.post_create(body).status == 429
    assert stack.client.delete(first).status == 200
    assert stack.client.post_create(body).status == 200


def test_bytes_are_counted_until_the_response_ends(make_stack):
    stack = make_stack({"respool": {"max_queue_bytes": 30000}})
    gate = Gate()
    stack.upstream.script("m", [gate, *message_stream(["y"])])
    first = stack.client.create("m", "x" * 20000)["id"]
    stack.client.wait_status(first, "in_progress")
    body = {"model": "m", "input": "x" * 20000, "background": True}
    assert stack.client.post_create(body).status == 429
    gate.open()
    stack.client.wait_terminal(first)
    stack.wait_idle()
    assert not stack.redis.exists(HELD, HELD_UNTIL)
    stack.upstream.script("m", message_stream(["y"]))
    stack.client.wait_terminal(stack.client.post_create(body).json()["id"])


def test_bytes_of_a_job_that_has_expired_are_not_counted(make_stack):
    """Also where no worker takes its id out of the queue."""
    stack = make_stack({
        "respool": {"max_queue_bytes": 30000},
        "litellm_settings": {"responses": {"background_mode": {"ttl": 1}}}}, supervisor=False)
    first = stack.client.create("m", "x" * 20000)["id"]
    wait_until(lambda: not stack.redis.exists(job_key(first)), 5, "the job to expire")
    stack.client.create("m", "x" * 20000)
    assert int(stack.redis.hget(HELD, "waiting")) < 30000


def test_queue_that_was_full_takes_jobs_again(make_stack):
    stack = make_stack({"respool": {"max_queue": 1}}, supervisor=False)
    stack.upstream.script("m", [b"data: [DONE]\n\n"])
    stack.client.create("m")
    assert stack.client.post_create(
        {"model": "m", "input": "x", "background": True}).status == 429
    stack.start_supervisor()
    wait_until(lambda: not stack.queued(), 10, "the queue to be empty")
    stack.client.wait_terminal(stack.client.create("m")["id"])
