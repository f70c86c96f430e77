"""What goes wrong between client, responder and provider while a request is passed through."""

import gzip
import http.client
import json
import os
import signal
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import deployed
import fastcgi
from deployed import SERVERS
from events import message_stream
from harness import ALICE, PROVIDER_KEY, children_of, output_text, private_part, wait_until
from test_passthrough import native  # noqa: F401  (a fixture)
from test_passthrough import (answer, event, held_streams, response_object, streaming,
                              two_deployments)
from upstream import Cut, Gate, Hang, Reset, Script, Sleep, event_bytes, json_error

STACK = {"children": 4}
KEY = "os.environ/RESPOOL_TEST_PROVIDER_KEY"
BODY = json.dumps(response_object()).encode()


def raw(*steps):
    return Script(steps, framing="raw")


def deployment(name, **params):
    return {"model_name": name, "litellm_params": {"model": f"openai/{name}", **params}}


def fastcgi_create(stack, body, **variables):
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}", **variables}, json.dumps(body).encode())
    return connection


def fastcgi_answer(connection):
    """What comes as the answer's body and head; None if the connection ends before the request."""
    text = b""
    stream = connection.socket.makefile("rb")
    while True:
        head = stream.read(8)
        if len(head) < 8:
            return None
        _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
        content = stream.read(length)
        stream.read(padding)
        if kind == fastcgi.STDOUT:
            text += content
        if kind == fastcgi.END_REQUEST:
            return text


# ---- answers of every form ----------------------------------------------------------------------


@pytest.mark.parametrize("key", ["none", "EMPTY", "k", "ollama", "lm-studio", "not-needed"])
def test_placeholder_for_a_key_is_no_secret(make_stack, key):
    stack = make_stack({"model_list": [deployment("m", api_key=key)]}, supervisor=False)
    body = json.dumps(response_object(text=f"background {key}; {key}")).encode()
    stack.upstream.script("m", answer(body), [event(0, delta=key)])
    assert stack.client.post_create({"model": "m", "input": "x"}).body == body
    reply = stack.client.post_create({"model": "m", "input": "x", "stream": True})
    assert reply.body == event_bytes(event(0, delta=key))


@pytest.mark.parametrize("status_line", [
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade", "HTTP/1.1 700 Odd",
    "HTTP/1.1 999 Odd", "HTTP/1.1 099 Odd", "HTTP/1.1 000 Odd", "HTTP/9.9 200 OK", "SSH-2.0-x",
    "HTTP/1.1 2000 OK", "HTTP/1.1 200 OK\r\nContent-Length: many",
    "HTTP/1.1 200 OK\r\nopenai-a\rSet-Cookie: evil=1\r\nContent-Length: 5"])
def test_what_is_no_answer_of_http_is_a_502(client, upstream, model, status_line):
    upstream.script(model, raw(f"{status_line}\r\n\r\nhello".encode(), Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.status == 502
    assert reply.error()["message"]


@pytest.mark.parametrize("line", [
    b"openai-x: a\rSet-Cookie: evil=1", b"openai-x: a\x01b", b"openai-a b: x",
    b"Content-Disposition: a\rStatus: 204", b"openai-\xc3\xa9: x",
    b"openai-: x", b"openai-f: a\r\n b\x7fc"])
def test_header_that_is_no_clean_one_stays_here(client, upstream, model, line):
    upstream.script(model, raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + line +
        b"\r\nopenai-version: 7\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY, Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.status, reply.body) == (200, BODY)
    assert "set-cookie" not in reply.headers
    assert reply.headers["openai-version"] == "7"
    assert "evil" not in str(reply.headers)


@pytest.mark.parametrize("head, body", [
    (b"204 No Content", b""),
    (b"200 OK\r\nContent-Length: 0", b""),
    (b"304 Not Modified\r\nContent-Length: 50", b""),
    (b"100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK"
     b"\r\nContent-Length: 2", b"{}"),
    (b"302 Found\r\nLocation: /v1/elsewhere\r\nContent-Length: 2", b"{}"),
    (b"200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-end", b"{}"),
    (b"200 OK", b"no length, ends with the connection"),
])
def test_answer_of_any_framing_comes_back(client, upstream, model, head, body):
    sent = b"2\r\n{}\r\n0\r\nopenai-end: 1\r\n\r\n" if b"chunked" in head else body
    upstream.script(model, raw(b"HTTP/1.1 " + head + b"\r\n\r\n" + sent, Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.body == body
    assert str(reply.status).encode() in head
    assert "location" not in reply.headers and "openai-end" not in reply.headers
    assert not upstream.requests("/v1/elsewhere")


@pytest.mark.parametrize("framing", [
    b"Content-Length: 1000000", b"Content-Length: -1", b"Content-Length: 5, 6",
    b"Transfer-Encoding: chunked\r\n\r\nZZ"])
def test_answer_whose_framing_is_broken_is_a_502(client, upstream, model, framing):
    upstream.script(model, raw(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n{}", Cut()))
    reply = client.post_create({"model": model, "input": "x"})
    assert reply.status == 502, reply
    assert reply.error()["code"] in ("upstream_disconnected", "upstream_unreachable")


def test_compressed_answer_comes_back_as_it_is(client, upstream, model):
    body = gzip.compress(BODY)
    upstream.script(model, answer(body, Content_Encoding="gzip"))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.body, reply.headers["content-encoding"]) == (body, "gzip")
    assert upstream.wait_request(model).header("accept-encoding") is None


def test_head_of_a_provider_s_response_has_no_body(client, upstream, native):
    upstream.script(f"/v1/responses/{native}", answer(BODY))
    reply = client.request("HEAD", f"/v1/responses/{native}")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("status", [401, 413])
def test_answer_that_comes_before_the_body_is_read_comes_back(make_stack, status):
    """The stand-in reads a whole request; this one does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: 4\r\nConnection: close\r\n\r\n{  }" % status)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        thread = threading.Thread(target=serve)
        thread.start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        stack = make_stack({"model_list": [deployment("m", api_key="k", api_base=base)]},
                           supervisor=False)
        reply = stack.client.post_create({"model": "m", "input": "x" * 5_000_000})
        assert (reply.status, reply.body) == (status, b"{  }")
        thread.join(10)


def test_large_request_is_sent_without_asking_first(client, upstream, model):
    upstream.script(model, answer(BODY))
    assert client.post_create({"model": model, "input": "x" * 3_000_000}).status == 200
    assert upstream.wait_request(model).header("expect") is None


# ---- answers that break off ---------------------------------------------------------------------


def is_cut(client, body):
    """Whether the web server says that the answer is not whole."""
    try:
        client.post_create(body)
    except (http.client.IncompleteRead, ConnectionError):
        return True
    return False


def test_large_answer_that_breaks_off_is_no_whole_one_for_the_client(make_stack):
    stack = make_stack({"respool": {"max_response_bytes": 1000}}, supervisor=False)
    stack.upstream.script(
        "m", Script([b"x" * 5000, Sleep(100), b"y" * 5000, Cut()],
                    headers={"Content-Type": "application/json"}))
    assert is_cut(stack.client, {"model": "m", "input": "x"})


def test_answer_longer_than_what_is_held_comes_back_whole(make_stack):
    stack = make_stack({"respool": {"max_response_bytes": 1000}}, supervisor=False)
    body = os.urandom(300_000)
    stack.upstream.script("m", answer(body))
    assert stack.client.post_create({"model": "m", "input": "x"}).body == body


def test_stream_that_breaks_off_within_an_event_is_no_whole_one_for_the_client(
        client, upstream, model):
    upstream.script(model, [event(0), b"data: {\"type\":", Sleep(50), Cut()])
    assert is_cut(client, {"model": model, "input": "x", "stream": True})


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed"])
@pytest.mark.parametrize("split", [1, 7, 10000])
def test_stream_whose_last_event_has_come_is_whole_however_it_is_closed(
        client, upstream, model, kind, split):
    last = event_bytes({"type": f"response.{kind}", "sequence_number": 1,
                        "response": response_object(f"resp_{model}", status=kind)})
    whole = event_bytes(event(0)) + last
    upstream.script(model, [*(whole[i:i + split] for i in range(0, len(whole), split)), Cut()])
    reply = client.post_create({"model": model, "input": "x", "stream": True})
    assert reply.body == whole


# mod_fcgid cannot break off an answer: it appends a page that says "Internal Server Error".
@pytest.mark.parametrize("way", [way for way in SERVERS if way != "apache-mod_fcgid"])
def test_answer_that_breaks_off_is_no_whole_one_behind_a_web_server(way):
    with deployed.sites() as make:
        site = make(SERVERS[way], "", config={"respool": {"max_response_bytes": 1000}},
                    supervisor=False)
        broken = {
            "event": [event(0), b"data: {\"type\":", Sleep(50), Cut()],
            "chunked": Script([b"x" * 5000, Sleep(50), b"y" * 5000, Cut()],
                              headers={"Content-Type": "application/json"}),
            "length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", b"x" * 5000, Cut()),
        }
        for model, script in broken.items():
            site.upstream.script(model, script)
            assert is_cut(site.client, {"model": model, "input": "x", "stream": True}), model
        site.upstream.script("whole", answer(os.urandom(50_000)))
        assert site.client.post_create({"model": "whole", "input": "x"}).status == 200


# ---- the client goes, or is slow ----------------------------------------------------------------


def test_web_server_that_resets_its_connection_closes_the_provider_s(stack, upstream, model):
    """As a web server does that closes while it has not read all of the answer."""
    upstream.script(model, [event(0), Hang()])
    connection = fastcgi_create(stack, {"model": model, "input": "x", "stream": True})
    exchange = upstream.wait_request(model)
    wait_until(lambda: connection.socket.recv(1, socket.MSG_PEEK), 5, "the first event")
    connection.close()
    assert exchange.peer_closed.wait(5), "the provider's connection is still open after 5 s"


def test_slow_reader_gets_everything(client, upstream, model):
    events = [event(n, delta="x" * 20000) for n in range(300)]
    upstream.script(model, events)
    with streaming(client, model) as stream:
        time.sleep(0.5)
        for n, expected in enumerate(events):
            assert stream.next() == expected
            if n % 50 == 0:
                time.sleep(0.1)
        assert stream.next() is None


def test_client_that_leaves_between_two_tries_gives_its_place_back(make_stack):
    stack = make_stack({"litellm_settings": {"num_retries": 5}, "respool": {"max_passthrough": 1}},
                       supervisor=False)
    stack.upstream.script("m", json_error(503, {"error": {}}, {"Retry-After": "5"}))
    connection = fastcgi_create(stack, {"model": "m", "input": "x"})
    stack.upstream.wait_request("m")
    connection.close()
    stack.upstream.script("n", answer(BODY))
    wait_until(lambda: stack.client.post_create({"model": "n", "input": "x"}).status == 200, 4,
               "the place to be free again")
    assert len(stack.upstream.requests("m")) == 1


def test_nobody_is_turned_away_while_there_is_a_place(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 4}}, supervisor=False, children=8)
    stack.upstream.script("m", answer(BODY))

    def ask_often(_):
        return {stack.client.post_create({"model": "m", "input": "x"}).status for _ in range(60)}

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(ask_often, range(4))) == {200}


# ---- which deployment ---------------------------------------------------------------------------


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


# ---- secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {"X-Api-Key": "gateway-secret-7d1"}, {"Authorization": "Basic gateway-secret-7d1"},
    {"api-key": "gateway-secret-7d1", "Authorization": "Bearer other-secret-99"},
    {"Ocp-Apim-Subscription-Key": "gateway-secret-7d1"}, {"X-Auth-Token": "gateway-secret-7d1"}])
def test_key_in_an_extra_header_is_masked_too(make_stack, headers):
    stack = make_stack({"model_list": [
        deployment("m", api_key=KEY, extra_headers={**headers, "X-Title": "My application"})]},
        supervisor=False)
    text = json.dumps({"echo": {**headers, "key": PROVIDER_KEY, "title": "My application"}})
    stack.upstream.script("m", json_error(400, text.encode()))
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert reply.status == 400
    assert "My application" in reply.body.decode()
    for secret in ("gateway-secret-7d1", "other-secret-99"):
        assert secret not in reply.body.decode() + str(reply.headers)
    if "Authorization" not in headers:
        assert PROVIDER_KEY not in reply.body.decode()


# ---- Redis and signals --------------------------------------------------------------------------


def test_answer_comes_while_redis_hangs(make_stack):
    stack = make_stack(two_deployments(), supervisor=False)
    stack.upstream.script("first", answer(BODY))
    os.kill(stack.redis_program.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert stack.client.post_create({"model": "both", "input": "x"}).body == BODY
        assert time.monotonic() - begun < 8
    finally:
        os.kill(stack.redis_program.pid, signal.SIGCONT)


def test_stream_goes_on_when_redis_goes_away(make_stack):
    stack = make_stack(two_deployments(), supervisor=False)
    gate = Gate()
    stack.upstream.script("first", [event(0), gate, event(1)])
    with streaming(stack.client, "both") as stream:
        assert stream.next() == event(0)
        stack.stop(stack.redis_program)
        gate.open()
        assert stream.rest() == [event(1)]
    assert stack.client.get_response("resp_1").status == 503


def test_reload_does_not_touch_a_stream(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1}}, supervisor=False, children=2)
    gate, readers = held_streams(stack, 1)
    for _ in range(3):
        stack.responder.send_signal(signal.SIGHUP)
    stack.upstream.script("n", answer(BODY))
    assert stack.client.post_create({"model": "n", "input": "x"}).status == 503
    gate.open()
    assert readers[0].rest() == []
    readers[0].close()
    wait_until(lambda: stack.client.post_create({"model": "n", "input": "x"}).status == 200, 10,
               "the place to be free again")


def sockets(pid):
    return sum(link.is_socket() for link in private_part(pid, "fd").iterdir())


def test_request_that_comes_with_the_end_does_not_outlast_it(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 1}}, supervisor=False, children=1)
    stack.upstream.script("m", [event(0), Hang()])
    body = json.dumps({"model": "m", "input": "x", "stream": True}).encode()
    (child,) = wait_until(lambda: children_of(stack.responder.pid, "responder"), 5, "a responder")
    before = sockets(child)
    assert stack.client.get("/health/liveliness").status == 200
    wait_until(lambda: sockets(child) == before, 5, "the last connection to be closed")
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    wait_until(lambda: sockets(child) == before + 1, 5, "the connection to be accepted")
    stack.responder.expect_exit = True
    os.kill(stack.responder.pid, signal.SIGTERM)
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"}, body)
    text = fastcgi_answer(connection)
    assert text is not None and b"shutting_down" in text


def test_error_that_was_read_in_part_is_not_given_as_whole_when_the_process_ends(make_stack):
    stack = make_stack({"respool": {"drain_seconds": 0},
                        "litellm_settings": {"num_retries": 1}}, supervisor=False, children=1)
    stack.upstream.script("m", Script([b'{"error":{"message":"' + b"x" * 200_000, Hang()], 503,
                                      {"Content-Type": "application/json", "Retry-After": "5"}))
    connection = fastcgi.Connection(stack.directory / "fcgi.sock")
    connection.send_request(
        {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/responses",
         "HTTP_AUTHORIZATION": f"Bearer {ALICE}"}, b'{"model": "m", "input": "x"}')
    assert stack.upstream.wait_request("m").peer_closed.wait(5)
    stack.responder.expect_exit = True
    os.kill(stack.responder.pid, signal.SIGTERM)
    text = fastcgi_answer(connection)
    assert text is not None and b"shutting_down" in text


# ---- nothing is left behind ---------------------------------------------------------------------


def test_faults_of_every_kind_leave_nothing_behind(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1, "max_response_bytes": 2000}},
                       supervisor=False, children=1)
    scripts = [
        [Cut()], [event(0), Cut()], [event(0), Reset()], [Reset()], raw(Cut()), raw(b"x", Cut()),
        raw(b"HTTP/1.1 101 x\r\n\r\nx", Cut()), json_error(500, b""), answer(b"y" * 5000),
        Script([b"y" * 5000, Cut()], headers={"Content-Type": "a/b"}),
        Script([b"plain"], framing="close"), answer(BODY, 204),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123456789012345", Cut())]
    stack.upstream.script("m", answer(BODY))
    children = wait_until(lambda: children_of(stack.responder.pid), 10, "the children")

    def descriptors():
        return sum(len(os.listdir(private_part(child, "fd"))) for child in children)

    def round_of_faults():
        for number, script in enumerate(scripts):
            stack.upstream.script(f"fault-{number}", script)
            for stream in (False, True):
                is_cut(stack.client, {"model": f"fault-{number}", "input": "x", "stream": stream})
        assert stack.client.post_create({"model": "m", "input": "x"}).body == BODY
        return descriptors()

    before = round_of_faults()
    for _ in range(4):
        round_of_faults()
    wait_until(lambda: descriptors() <= before, 5, "the last connection to be closed")
    assert children_of(stack.responder.pid) == children
