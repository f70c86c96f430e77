"""A provider that sends what never becomes an answer: each such call ends, soon and cheaply."""

import gzip
import json
import os
import signal
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import http2
from events import completed, delta, message_stream, opening
from harness import children_of, output_text, wait_until
from passing import streaming
from passing_faults import raw
from upstream import Cut, Endless, Feed, Hang, Script, Sleep, event_bytes, json_error

BODY = json.dumps({"id": "resp_1", "object": "response", "status": "completed", "output": []})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SOON = 50  # s, for a busy machine; the time limits are longer where nothing else is said
INVALID = {"background": "invalid_provider_answer", "passed through": "upstream_invalid"}

both_ways = pytest.mark.parametrize("way", INVALID)


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def deployment(name, **params):
    return {"model_name": "m", "litellm_params": {
        "model": f"openai/{name}", "api_key": "k", "timeout": 120, "stream_timeout": 120, **params}}


def one_deployment(**params):
    return {"model_list": [deployment("m", **params)]}


def outcome(stack, way, model="m", input="x"):
    """The answer's text, or None, and the error's code and message if it has one."""
    if way == "background":
        final = stack.client.wait_terminal(stack.client.create(model, input)["id"], timeout=SOON)
        return json.dumps(final["output"]), final["error"]
    reply = stack.client.post_create({"model": model, "input": input}, timeout=SOON)
    return reply.body.decode(), None if reply.status == 200 else reply.error()


def assert_refused(stack, way, word, model="m", begun=None):
    begun = begun or time.monotonic()
    _, error = outcome(stack, way, model)
    assert (error or {}).get("code") == INVALID[way], error
    assert word in error["message"], error
    assert time.monotonic() - begun < SOON
    if way == "background":
        stack.wait_idle()


def callers(stack):
    """The processes that call providers."""
    return stack.supervisor.children() + children_of(stack.responder.pid)


def peak_memory(pid):
    """Bytes that the process has ever held."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def encoded(codings):
    """A body that has these codings, and is chunked after that."""
    body = BODY.encode()
    for coding in codings.lower().replace("\r\ntransfer-encoding:", ",").split(","):
        if coding.strip() in ("gzip", "x-gzip"):
            body = gzip.compress(body)
        if coding.strip() == "deflate":
            body = zlib.compress(body)
    return chunk(body) + b"0\r\n\r\n"


@both_ways
@pytest.mark.parametrize("codings", [
    "gzip, chunked", "GZIP , Chunked", "\tdeflate,chunked", "gzip, gzip, chunked", "identity",
    "gzip\r\nTransfer-Encoding: chunked", "chunked\r\nTransfer-Encoding: gzip", "chunked, gzip",
    "x-gzip,chunked", "br, chunked", "zstd", "unheard-of, chunked", "chunked;q=1", "", ",",
    "gzip,gzip,gzip,gzip,gzip,gzip,gzip,chunked"])
def test_transfer_coding_that_is_not_chunked_is_refused(client, stack, model, way, codings):
    stack.upstream.script(model, raw(
        HEAD + f"Transfer-Encoding: {codings}\r\n\r\n".encode() + encoded(codings), Hang()))
    assert_refused(stack, way, "transfer coding", model)


@both_ways
@pytest.mark.parametrize("codings", [
    "Chunked", "  CHUNKED\t", "chunked, chunked", ",chunked ,",
    "chunked\r\ntransfer-encoding:chunked"])
def test_chunked_is_understood_however_it_is_spelled(client, stack, model, way, codings):
    stack.upstream.script(model, raw(
        HEAD + f"Transfer-Encoding: {codings}\r\n\r\n".encode() + encoded(codings)))
    text, error = outcome(stack, way, model)
    assert error is None
    assert text == ("[]" if way == "background" else BODY)


def bomb():
    """Blank lines, ten gigabytes of them, as twice compressed that is some ten kilobytes."""
    block = zlib.compressobj(9, zlib.DEFLATED, -15)
    repeated = block.compress(b"\n" * (1 << 20)) + block.flush(zlib.Z_FULL_FLUSH)
    once = gzip.compress(b"")[:10] + repeated * 10_000
    return gzip.compress(once)


@both_ways
def test_compressed_bomb_costs_nothing(make_stack, way):
    stack = make_stack(one_deployment(timeout=3, stream_timeout=3))
    data = bomb()
    assert len(data) < 100_000
    stack.upstream.script("m", raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Transfer-Encoding: gzip, gzip, chunked\r\n\r\n" + chunk(data) + b"0\r\n\r\n", Hang()))
    before = {pid: cpu_seconds(pid) for pid in callers(stack)}
    assert_refused(stack, way, "transfer coding")
    assert all(cpu_seconds(pid) - spent < 1 for pid, spent in before.items())


@both_ways
def test_another_deployment_answers_for_one_that_is_refused(make_stack, way):
    stack = make_stack({"model_list": [
        deployment("first", weight=1000000), deployment("second", weight=0)]})
    stack.upstream.script("first", raw(
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + encoded("gzip"), Hang()))
    stack.upstream.script("second", json_error(200, BODY.encode()))
    _, error = outcome(stack, way)
    assert error is None
    assert [len(stack.upstream.requests(name)) for name in ("first", "second")] == [1, 1]


def test_compressed_content_is_not_decoded_for_a_background_response(client, stack, model):
    """It was not asked for. What is passed through comes back as it is, with its header."""
    stack.upstream.script(model, json_error(
        200, gzip.compress(BODY.encode()), {"Content-Encoding": "gzip"}))
    _, error = outcome(stack, "background", model)
    assert error["code"] == "invalid_provider_answer"
    assert stack.upstream.wait_request(model).header("accept-encoding") is None
    assert stack.upstream.wait_request(model).header("te") is None


LINES = b"".join(b"X-Line-%d: %s\r\n" % (number, b"y" * 100) for number in range(500))
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 500


@both_ways
@pytest.mark.parametrize("steps", [
    [CHUNKED + chunk(b"{}") + b"0\r\n", Endless(LINES)],
    [CHUNKED + b"0\r\n", Endless(b"a:\r\n" * 10000)],
    [Endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)], [Endless(EARLY)],
    [b"HTTP/1.1 200 OK\r\n", Endless(LINES)]],
    ids=["trailers", "tiny trailers", "100", "103", "head"])
def test_headers_are_bounded_to_the_end_of_an_answer(make_stack, way, steps):
    stack = make_stack(one_deployment(), children=1)
    before = {pid: peak_memory(pid) for pid in callers(stack)}
    stack.upstream.script("m", raw(*steps))
    assert_refused(stack, way, "headers")
    for pid, bytes_held in before.items():
        assert peak_memory(pid) - bytes_held < 16 << 20
    assert stack.upstream.wait_request("m").peer_closed.wait(5)


@both_ways
def test_head_and_trailers_of_a_sane_size_are_taken(client, stack, model, way):
    lines = b"".join(b"X-Line-%d: %s\r\n" % (number, b"y" * 900) for number in range(50))
    stack.upstream.script(model, raw(
        b"HTTP/1.1 103 Early Hints\r\n" + lines + b"\r\n" + HEAD + lines +
        b"Transfer-Encoding: chunked\r\n\r\n" + chunk(BODY.encode()) + b"0\r\n" + lines + b"\r\n"))
    assert outcome(stack, way, model)[1] is None


def stop_while(pid, seconds, call):
    """What call() returns while the process sleeps, for so long at least."""
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        call()
        wait_until(lambda: time.monotonic() - begun > seconds, seconds + 5, "the time to pass")
    finally:
        os.kill(pid, signal.SIGCONT)


def many_pieces():
    """More than is read at once, and the end of a response."""
    return [*(delta("x" * 4000) for _ in range(10)), completed()]


def test_what_comes_in_one_go_after_the_whole_time_is_not_read_to_its_end(make_stack):
    stack = make_stack({**one_deployment(timeout=2), "respool": {"lease_seconds": 30}})
    feed = Feed()
    stack.upstream.script("m", [*opening(), delta("first"), feed])
    response_id = stack.client.create("m")["id"]
    stack.client.wait_for(response_id, output_text, "the first text")
    (worker,) = stack.supervisor.children()
    stop_while(worker, 2.5, lambda: (feed.send(*many_pieces()), feed.end()))
    error = stack.client.wait_terminal(response_id)["error"]
    assert (error or {}).get("code") == "upstream_timeout"
    assert "not whole after 2 seconds" in error["message"]


def test_what_comes_in_one_go_after_the_whole_time_is_not_passed_through_to_its_end(make_stack):
    stack = make_stack(one_deployment(timeout=2), supervisor=False, children=1)
    feed = Feed()
    stack.upstream.script("m", [delta("first"), feed])
    (relay,) = wait_until(lambda: children_of(stack.responder.pid, "relay"), 5, "the relay")
    with streaming(stack.client, "m") as stream:
        assert stream.next()["delta"] == "first"
        stop_while(relay, 2.5, lambda: (feed.send(*many_pieces()), feed.end()))
        events = stream.rest()
    assert "response.completed" not in [event["type"] for event in events]
    assert events == [] or events[-1].get("code", "upstream_timeout") == "upstream_timeout"


@both_ways
def test_chunk_extension_without_an_end_is_refused(make_stack, way):
    stack = make_stack(one_deployment())
    stack.upstream.script("m", raw(CHUNKED + b"2;", Endless(b"x" * 65536)))
    assert_refused(stack, way, "no part of an answer")
    assert stack.upstream.wait_request("m").peer_closed.wait(5)


def whole_answer():
    yield http2.head(200, content_type="application/json")
    yield ended(http2.frame(http2.DATA, 0, 1, BODY.encode()))


@pytest.fixture
def make_http2(make_stack, directory, monkeypatch):
    """A stack whose provider answers with frames; answer as http2.py has it."""
    providers = []

    def make(answer, whole_request=True, **params):
        provider = http2.Http2Provider(directory, answer, whole_request)
        providers.append(provider)
        monkeypatch.setenv("CURL_CA_BUNDLE", str(provider.certificate))
        return make_stack(one_deployment(api_base=provider.base, **params)), provider

    yield make
    for provider in providers:
        provider.close()


def frames_of(*events):
    for event in events:
        yield http2.frame(http2.DATA, 0, 1, event_bytes(event))


needs_http2 = pytest.mark.skipif(
    not http2.IS_SPOKEN, reason="with a libcurl before 8.12 no HTTP/2 is spoken")


def ended(frame):
    return frame[:4] + bytes([frame[4] | http2.END_STREAM]) + frame[5:]


def test_http2_is_spoken_where_libcurl_reads_it_in_pieces_of_bounded_size(make_http2):
    stack, provider = make_http2(whole_answer)
    for way in INVALID:
        outcome(stack, way)
    assert set(provider.spoken) == {"h2" if http2.IS_SPOKEN else "http/1.1"}


@needs_http2
def test_http2_provider_of_the_tests_is_understood(make_http2):
    def answer():
        yield http2.head(200, content_type="text/event-stream")
        *most, last = frames_of(*message_stream(["one ", "two"]))
        yield from most
        yield ended(last)

    stack, provider = make_http2(answer)
    final = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (final["status"], output_text(final)) == ("completed", "one two")
    assert provider.count == 1


FLOODS = {
    "empty data": http2.frame(http2.DATA, 0, 1),
    "unknown frames": http2.frame(0xbb, 0, 0, b"?"),
    "window updates": http2.frame(http2.WINDOW_UPDATE, 0, 0, b"\0\0\0\1"),
    "answers to no ping": http2.frame(http2.PING, http2.ACK, 0, b"pingpong"),
    "pings": http2.frame(http2.PING, 0, 0, b"pingpong"),
    "settings": http2.frame(http2.SETTINGS),
}


@needs_http2
@both_ways
@pytest.mark.parametrize("after", ["nothing", "head"])
@pytest.mark.parametrize("flood", FLOODS)
def test_http2_frames_without_a_part_of_the_answer_are_refused(make_http2, way, after, flood):
    def answer():
        if after == "head" or flood == "empty data":
            yield http2.head(200, content_type="application/json")
        while True:
            yield FLOODS[flood] * 1000

    stack, provider = make_http2(answer)
    begun = time.monotonic()
    _, error = outcome(stack, way)
    # libnghttp2 may notice before: always where it would have to answer, since 1.66 elsewhere.
    assert error["code"] in (INVALID[way], "upstream_disconnected", "upstream_unreachable"), error
    assert time.monotonic() - begun < SOON
    if error["code"] == INVALID[way]:
        assert provider.peer_closed.wait(5)


def window(stream, increment):
    return http2.frame(http2.WINDOW_UPDATE, 0, stream, increment.to_bytes(4, "big"))


@needs_http2
@both_ways
def test_request_that_has_to_wait_for_its_window_is_no_flood(make_http2, way):
    def answer():
        for _ in range(6):
            time.sleep(0.5)
            yield window(0, 100_000) + window(1, 100_000)
        yield http2.END_OF_REQUEST
        yield from whole_answer()

    stack, _ = make_http2(answer, whole_request=False)
    assert outcome(stack, way, input="x" * 600_000)[1] is None


@needs_http2
@both_ways
def test_signs_of_life_are_no_flood(make_http2, way):
    def answer():
        for _ in range(400):
            yield FLOODS["pings"]
            yield FLOODS["unknown frames"]
            time.sleep(0.005)
        yield from whole_answer()

    stack, provider = make_http2(answer)
    assert outcome(stack, way)[1] is None
    assert provider.count == 1


ERROR = json.dumps({"error": {"message": "told once", "code": "some_code"}}).encode()


def error_script(status, *steps):
    return Script(steps, status, {"Content-Type": "application/json"})


@pytest.mark.parametrize("status", [302, 400, 503])
def test_error_without_an_end_is_told_when_enough_of_it_has_come(make_stack, status):
    stack = make_stack(one_deployment())
    stack.upstream.script("m", error_script(status, Endless(b"x" * 10000)))
    begun = time.monotonic()
    _, error = outcome(stack, "background")
    assert error["message"].startswith(f"The provider answered HTTP {status}: xxx")
    assert time.monotonic() - begun < SOON / 2
    assert stack.upstream.wait_request("m").peer_closed.wait(5)
    stack.wait_idle()


def timed(call, *arguments):
    begun = time.monotonic()
    result = call(*arguments)
    return result, time.monotonic() - begun


def all_at_once(function, values):
    """A list of what function returns for each of the values."""
    with ThreadPoolExecutor(len(values)) as threads:
        return list(threads.map(function, values))


def test_error_that_does_not_end_is_told_after_a_moment(make_stack):
    steps = {"trickles": [ERROR, Endless(b" ", 100)], "silent": [ERROR, Hang()]}
    stack = make_stack({"model_list": [
        {**deployment(name), "model_name": name} for name in steps]})
    for name in steps:
        stack.upstream.script(name, error_script(503, *steps[name]))
    told = all_at_once(lambda name: timed(outcome, stack, "background", name), steps)
    for (_, error), seconds in told:
        assert (error["code"], error["message"]) == ("some_code", "told once")
        assert 9 < seconds < 10 + SOON / 2


@pytest.mark.parametrize("limit", ["timeout", "silence_timeout"])
def test_error_that_does_not_end_is_told_when_its_time_is_over(make_stack, limit):
    stack = make_stack(one_deployment(**{limit: 0.5}))
    stack.upstream.script("m", error_script(400, ERROR, Hang()))
    _, error = outcome(stack, "background")
    assert (error["code"], error["message"]) == ("some_code", "told once")


def test_error_that_broke_off_is_told(client, stack, model):
    stack.upstream.script(model, error_script(400, ERROR, Cut()))
    assert outcome(stack, "background", model)[1]["message"] == "told once"


@pytest.mark.parametrize("steps, least, most", [
    ([Endless(b"x" * 10000)], 0, SOON / 2), ([b"{", Endless(b" ", 100)], 9, 10 + SOON / 2)],
    ids=["endless", "trickles"])
def test_error_that_does_not_end_gives_way_to_another_deployment(
        make_stack, steps, least, most):
    stacks = {way: make_stack({
        "litellm_settings": {"num_retries": 1}, "respool": {"max_response_bytes": 5000},
        "model_list": [
            deployment("first", weight=1000000), deployment("second", weight=0)]})
        for way in INVALID}
    for stack in stacks.values():
        stack.upstream.script("first", error_script(503, *steps))
        stack.upstream.script("second", json_error(200, BODY.encode()))
    answers = all_at_once(lambda way: timed(outcome, stacks[way], way), stacks)
    for (_, error), seconds in answers:
        assert error is None
        assert least <= seconds < most
    for stack in stacks.values():
        assert stack.upstream.wait_request("first").peer_closed.wait(5)


def test_last_error_is_passed_through_whole(client, stack, model):
    body = b"x" * 300_000
    stack.upstream.script(model, error_script(503, body[:1000], Sleep(50), body[1000:]))
    reply = client.post_create({"model": model, "input": "x"})
    assert (reply.status, reply.body) == (503, body)


def test_error_that_is_not_tried_again_is_passed_through_as_it_comes(make_stack):
    """It lasts as long as its client likes."""
    stack = make_stack({"litellm_settings": {"num_retries": 2}, **one_deployment(),
                        "respool": {"max_response_bytes": 1000}}, supervisor=False)
    stack.upstream.script("m", error_script(400, b"x" * 200_000, Sleep(100), b"y" * 200_000))
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert (reply.status, len(reply.body)) == (400, 400_000)
    assert len(stack.upstream.requests("m")) == 1


def test_connection_of_a_short_error_is_kept(client, stack, model):
    stack.upstream.script(model, json_error(503, ERROR), [*message_stream(["x"])])
    assert outcome(stack, "background", model)[1]["message"] == "told once"
    assert outcome(stack, "background", model)[1] is None
    first, second = stack.upstream.requests(model)
    assert first.connection == second.connection
