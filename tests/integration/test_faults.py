"""Nothing lost, nothing stuck: processes, streams and Redis break, and every response ends."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from events import completed, delta, message_stream, opening
from faulty import FaultyStack, half_then_whole, seconds_since, texts_for
from harness import (TERMINAL, ProgramFailed, free_port, job_key, output_text, response_key,
                     strict_json, wait_until)
from upstream import Cut, Feed, Gate, Hang, Reset, Script, Sleep, json_error

# What a busy machine may add to a bound.
SLACK = 3


@pytest.fixture
def faulty():
    stacks = []

    def make(*args, **options):
        stacks.append(FaultyStack(*args, **options))
        return stacks[-1]

    yield make
    problems = []
    for stack in reversed(stacks):
        try:
            stack.close()
        except ProgramFailed as failure:
            problems.append(str(failure))
    assert not problems, "\n".join(problems)


def deployments(*params, retries=0):
    """A configuration with these deployments of the model "m"."""
    return {
        "litellm_settings": {"num_retries": retries},
        "model_list": [{"model_name": "m", "litellm_params": {"api_key": "sk-x", **one}}
                       for one in params],
    }


def create_all(stack, texts):
    return {name: stack.client.create(name)["id"] for name in texts}


def assert_completed(stack, ids, texts, timeout=20):
    for name, response_id in ids.items():
        final = stack.client.wait_terminal(response_id, timeout=timeout)
        assert (final["status"], output_text(final)) == ("completed", texts[name]), final


# Processes.


def start_halves(stack, count):
    """So many streams that have stopped half way, and that end when they are asked again."""
    texts = texts_for(count)
    for name, text in texts.items():
        stack.upstream.script(name, *half_then_whole(text))
    ids = create_all(stack, texts)
    for name, response_id in ids.items():
        stack.client.wait_for(response_id, output_text, "the first half")
    return texts, ids


def assert_taken_up(stack, names, begun, bound, what):
    """Every stream is asked for again within the bound."""
    for name in names:
        stack.upstream.wait_request(name, 2, bound + SLACK)
    latest = max(stack.upstream.requests(name)[1].arrived_at for name in names) - begun
    print(f"{what}: {len(names)} jobs taken up again after at most {latest:.2f} s")
    assert latest < bound + SLACK


def test_killed_worker_s_jobs_are_run_again_at_once(faulty):
    stack = faulty({"respool": {"lease_seconds": 20}})
    texts, ids = start_halves(stack, 5)
    begun = time.monotonic()
    os.kill(stack.worker(), signal.SIGKILL)
    # The worker that follows knows whose place it takes: no lease has to end.
    assert_taken_up(stack, texts, begun, 2, "kill -9 of a worker")
    assert_completed(stack, ids, texts)
    stack.assert_nothing_is_left()


def test_20_streams_survive_kill_9_of_the_whole_supervisor(faulty):
    stack = faulty(workers=2)
    texts, ids = start_halves(stack, 20)
    begun = time.monotonic()
    stack.kill_program(stack.supervisor)
    for response_id in ids.values():
        assert stack.client.poll(response_id)["status"] == "in_progress"
    stack.start_supervisor()
    assert_taken_up(stack, texts, begun, stack.lease + 2, "kill -9 of the supervisor")
    assert_completed(stack, ids, texts)
    assert all(len(stack.upstream.requests(name)) == 2 for name in texts)
    stack.assert_nothing_is_left()


def test_jobs_of_a_lost_supervisor_are_taken_up_by_another_one(faulty):
    stack = faulty()
    texts, ids = start_halves(stack, 5)
    stack.add_supervisor()
    time.sleep(2.5)  # until it knows the others
    begun = time.monotonic()
    stack.kill_program(stack.supervisor)
    assert_taken_up(stack, texts, begun, stack.lease + 2, "another supervisor")
    assert_completed(stack, ids, texts)
    stack.assert_nothing_is_left()


def test_frozen_worker_that_wakes_up_changes_nothing(faulty, model):
    stack = faulty({"respool": {"max_attempts": 5}})
    old, new = Feed(), Feed()
    stack.upstream.script(model, [*opening(), delta("old "), old], [*opening(), new])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == "old ", "the first text")
    worker = stack.worker()
    os.kill(worker, signal.SIGSTOP)
    try:
        other = stack.add_supervisor()
        second = stack.upstream.wait_request(model, 2, stack.lease + 2 + SLACK)
        new.send(delta("new "))
        stack.client.wait_for(response_id, lambda o: output_text(o) == "new ", "the new text")
        old.send(delta("stale "), completed())
        old.end()
        stored = stack.stored(response_id)
    finally:
        os.kill(worker, signal.SIGCONT)
    first = stack.upstream.requests(model)[0]
    wait_until(lambda: first.peer_closed.is_set() or first.answered.is_set(), 5,
               "the old stream to end")
    for _ in range(20):
        assert stack.stored(response_id) == stored
        time.sleep(0.05)
    new.send(delta("end"), completed())
    new.end()
    final = stack.client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "new end")
    assert len(stack.upstream.requests(model)) == 2
    assert other.alive() and not second.peer_closed.is_set()
    stack.assert_nothing_is_left()


def test_frozen_worker_that_wakes_up_closes_its_connections(faulty, model):
    stack = faulty({"respool": {"max_attempts": 5}})
    gate = Gate()
    stack.upstream.script(model, [*opening(), delta("old"), Hang()],
                          [gate, *message_stream(["new"])])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == "old", "the first text")
    worker = stack.worker()
    os.kill(worker, signal.SIGSTOP)
    try:
        stack.add_supervisor()
        stack.upstream.wait_request(model, 2, stack.lease + 2 + SLACK)
    finally:
        os.kill(worker, signal.SIGCONT)
    begun = time.monotonic()
    # The stream is quiet: it is its renewal that is refused.
    assert stack.upstream.requests(model)[0].peer_closed.wait(stack.lease + SLACK)
    print(f"closed {seconds_since(begun):.2f} s after waking up")
    gate.open()
    final = stack.client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "new")
    stack.assert_nothing_is_left()


def test_job_that_comes_to_a_frozen_worker_is_run_by_another_one(faulty):
    """A wait for the queue that began before the freeze brings an id into a list nobody reads."""
    stack = faulty(workers=1)
    stack.upstream.script("first", message_stream(["x"]))
    stack.client.wait_terminal(stack.client.create("first")["id"])
    worker = stack.worker()
    os.kill(worker, signal.SIGSTOP)
    try:
        stack.add_supervisor()
        texts = texts_for(20, "late")
        ids = {}
        for name, text in texts.items():
            stack.upstream.script(name, message_stream([text]))
            ids[name] = stack.client.create(name)["id"]
            time.sleep(0.3)
        assert_completed(stack, ids, texts, timeout=stack.lease + 2 + SLACK)
    finally:
        os.kill(worker, signal.SIGCONT)
    stack.assert_nothing_is_left()


def test_response_fails_as_lost_when_max_attempts_are_over(faulty, model):
    stack = faulty({"respool": {"max_attempts": 2}})
    stack.upstream.script(model, [*opening(), delta("part"), Hang()])
    response_id = stack.client.create(model)["id"]
    for attempt in (1, 2):
        stack.upstream.wait_request(model, attempt)
        stack.client.wait_for(response_id, lambda o: output_text(o) == "part", "its text")
        os.kill(stack.worker(), signal.SIGKILL)
    final = stack.client.wait_terminal(response_id, timeout=stack.lease + 2 + SLACK)
    assert (final["status"], final["error"]["code"]) == ("failed", "supervisor_lost")
    assert len(stack.upstream.requests(model)) == 2
    stack.assert_nothing_is_left()


def test_reclaimed_response_is_in_progress_and_begins_from_an_empty_output(faulty, model):
    stack = faulty()
    gate = Gate()
    stack.upstream.script(model, [*opening(), delta("first attempt"), Hang()],
                          [gate, *message_stream(["second"])])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, output_text, "the first text")
    os.kill(stack.worker(), signal.SIGKILL)
    stack.upstream.wait_request(model, 2)
    assert stack.client.poll(response_id)["status"] == "in_progress"
    gate.open()
    final = stack.client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "second")
    assert len(final["output"]) == 1


def test_queued_jobs_wait_while_no_supervisor_runs(faulty):
    stack = faulty(supervisor=False)
    texts = texts_for(5)
    for name, text in texts.items():
        stack.upstream.script(name, message_stream([text]))
    ids = create_all(stack, texts)
    time.sleep(stack.lease + 1)
    assert {stack.client.poll(one)["status"] for one in ids.values()} == {"queued"}
    assert len(stack.queued()) == 5
    stack.start_supervisor()
    assert_completed(stack, ids, texts)
    stack.assert_nothing_is_left()


def test_two_supervisors_share_the_work_and_do_nothing_twice(faulty):
    stack = faulty({"respool": {"max_streams": 10}})
    stack.add_supervisor()
    gate = Gate()
    texts = texts_for(20)
    for name, text in texts.items():
        stack.upstream.script(name, [gate, *message_stream([text])])
    ids = create_all(stack, texts)
    for name in texts:
        stack.upstream.wait_request(name)
    gate.open()
    assert_completed(stack, ids, texts)
    assert [len(stack.upstream.requests(name)) for name in texts] == [1] * 20
    stack.assert_nothing_is_left()


def test_worker_that_keeps_dying_is_started_again_with_growing_pauses(faulty):
    stack = faulty(responder=False, web=False)
    seen = set()
    for _ in range(5):
        worker = wait_until(
            lambda: [pid for pid in stack.supervisor.children() if pid not in seen], 10,
            "another worker")[0]
        seen.add(worker)
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: stack.supervisor.stderr().count("starting another in") == 5, 5, "the log")
    pauses = [float(found) for found in
              re.findall(r"starting another in ([0-9.]+) s", stack.supervisor.stderr())]
    print(f"pauses: {pauses}")
    assert pauses[0] < 0.2 and pauses == sorted(pauses) and pauses[-1] >= 0.5


def test_ids_that_arrive_while_supervisors_leave_are_not_lost(faulty):
    """Jobs keep coming while one supervisor after the other is stopped."""
    stack = faulty({"respool": {"drain_seconds": 5}})
    texts, ids = {}, {}
    for turn in range(4):
        following = stack.add_supervisor()
        stack.supervisor.expect_exit = True
        stack.supervisor.send_signal(signal.SIGTERM)
        for number in range(15):
            name = f"turn{turn}-{number}"
            texts[name] = f"text of {name}"
            stack.upstream.script(name, message_stream([texts[name]]))
            ids[name] = stack.client.create(name)["id"]
        assert stack.supervisor.wait(15) == 0
        stack.programs.remove(stack.supervisor)
        stack.supervisor = following
    assert_completed(stack, ids, texts, timeout=stack.lease + 2 + SLACK)
    stack.assert_nothing_is_left()


# Broken streams.


def run(stack, name="m", timeout=20):
    return stack.client.wait_terminal(stack.client.create(name)["id"], timeout=timeout)


def gaps(stack, name):
    times = [exchange.arrived_at for exchange in stack.upstream.requests(name)]
    return [later - earlier for earlier, later in zip(times, times[1:])]


def test_refused_connection_is_tried_again_on_the_other_deployment(faulty):
    stack = faulty(deployments(
        {"model": "openai/closed", "api_base": f"http://127.0.0.1:{free_port()}/v1"},
        {"model": "openai/open"}, retries=1))
    stack.upstream.script("open", message_stream(["fine"]))
    for _ in range(6):
        final = run(stack)
        assert (final["status"], output_text(final)) == ("completed", "fine")


def test_refused_connection_fails_when_the_retries_are_over(faulty):
    stack = faulty(deployments(
        {"model": "openai/closed", "api_base": f"http://127.0.0.1:{free_port()}/v1"}, retries=1))
    final = run(stack)
    assert (final["status"], final["error"]["code"]) == ("failed", "upstream_unreachable")
    stack.assert_nothing_is_left()


def test_retry_after_of_429_is_honoured(faulty):
    stack = faulty(deployments({"model": "openai/up"}, retries=2))
    stack.upstream.script("up", json_error(429, {"error": {"message": "slow down"}},
                                           {"Retry-After": "2"}), message_stream(["then"]))
    final = run(stack)
    assert (final["status"], output_text(final)) == ("completed", "then")
    assert 2 <= gaps(stack, "up")[0] < 2 + SLACK


@pytest.mark.parametrize("status", [500, 503])
def test_5xx_before_the_first_event_is_tried_again_with_growing_pauses(faulty, status):
    stack = faulty(deployments({"model": "openai/up"}, retries=3))
    error = json_error(status, {"error": {"message": "broken"}})
    stack.upstream.script("up", error, error, error, message_stream(["at last"]))
    final = run(stack)
    assert (final["status"], output_text(final)) == ("completed", "at last")
    pauses = gaps(stack, "up")
    print("pauses:", [f"{pause:.2f}" for pause in pauses])
    # At least half of 0.5 s, 1 s, 2 s: the other half is left to chance.
    assert len(pauses) == 3 and all(
        least <= pause for pause, least in zip(pauses, (0.24, 0.49, 0.99)))


def test_num_retries_bounds_the_tries_and_the_last_error_is_shown(faulty):
    stack = faulty(deployments({"model": "openai/up"}, retries=1))
    stack.upstream.script("up", *(json_error(
        503, {"error": {"message": f"error {number}", "code": "busy"}}) for number in (1, 2, 3)))
    final = run(stack)
    assert (final["status"], final["error"]["message"]) == ("failed", "error 2")
    assert len(stack.upstream.requests("up")) == 2
    stack.assert_nothing_is_left()


def test_each_try_is_made_on_another_deployment(faulty):
    names = ("one", "two", "three")
    stack = faulty(deployments(*({"model": f"openai/{name}"} for name in names), retries=2))
    for name in names:
        stack.upstream.script(name, json_error(500, {"error": {"message": name}}))
    final = run(stack)
    assert final["status"] == "failed"
    assert [len(stack.upstream.requests(name)) for name in names] == [1, 1, 1]


def test_other_4xx_fails_at_once(faulty):
    stack = faulty(deployments({"model": "openai/up"}, {"model": "openai/up"}, retries=3))
    stack.upstream.script("up", json_error(422, {"error": {"message": "no", "code": "bad"}}))
    final = run(stack)
    assert (final["status"], final["error"]["code"]) == ("failed", "bad")
    assert len(stack.upstream.requests("up")) == 1


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BREAKS = {
    "reset": lambda steps: Script([*steps, Sleep(50), Reset()]),
    "closed within the chunks": lambda steps: Script([*steps, Cut()]),
    "truncated chunk": lambda steps: Script(
        [HEAD, *(b"%x\r\n%b\r\n" % (len(data), data) for data in map(bytes_of, steps)),
         b"ffff\r\ndata: {"], framing="raw"),
    "closed without any framing": lambda steps: Script([*steps, Cut()], framing="close"),
    "short of its Content-Length": lambda steps: Script(
        steps, framing="close", headers={"Content-Length": "100000"}),
}


def bytes_of(event):
    return f"data: {json.dumps(event)}\n\n".encode()


@pytest.mark.parametrize("how", BREAKS)
def test_stream_that_breaks_off_is_run_again(faulty, how):
    stack = faulty(deployments({"model": "openai/up"}))
    stack.upstream.script("up", BREAKS[how]([*opening(), delta("torn")]),
                          message_stream(["whole"]))
    final = run(stack)
    assert (final["status"], output_text(final)) == ("completed", "whole")
    assert len(stack.upstream.requests("up")) == 2
    stack.assert_nothing_is_left()


@pytest.mark.parametrize("how", BREAKS)
def test_stream_that_always_breaks_off_fails_and_keeps_its_text(faulty, how):
    stack = faulty(deployments({"model": "openai/up"}))
    stack.upstream.script("up", BREAKS[how]([*opening(), delta("torn")]))
    final = run(stack)
    assert (final["status"], final["error"]["code"]) == ("failed", "upstream_disconnected")
    assert output_text(final) == "torn"
    assert len(stack.upstream.requests("up")) == 2
    stack.assert_nothing_is_left()


@pytest.mark.parametrize("header", [b"X-%d: y\r\n", b"X-%d: " + b"y" * 60000 + b"\r\n"],
                         ids=["many", "long"])
def test_headers_without_an_end_are_refused(faulty, header):
    """Long before a time limit, and without keeping them all."""
    stack = faulty(deployments({"model": "openai/up"}))
    lines = b"".join(header % number for number in range(20_000_000 // len(header)))
    stack.upstream.script("up", Script(
        [b"HTTP/1.1 200 OK\r\n", lines, Hang()], framing="raw"))
    begun = time.monotonic()
    final = run(stack)
    assert final["status"] == "failed"
    assert seconds_since(begun) < 5 + SLACK
    stack.assert_nothing_is_left()


class TlsProvider:
    """Answers each connection with the next of the given bytes, and ends it without a word."""

    def __init__(self, directory, *answers):
        self.certificate = directory / "certificate.pem"
        key = directory / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
            check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"https://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        self.answers = list(answers)
        self.count = 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            with plain:
                connection = self.context.wrap_socket(plain, server_side=True)
                connection.recv(65536)
                connection.sendall(self.answers[min(self.count, len(self.answers) - 1)])
                self.count += 1
                socket.socket(fileno=connection.detach()).close()  # no close_notify

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.mark.parametrize("framing", ["none", "chunked"])
def test_tls_that_ends_without_close_notify_is_a_stream_that_broke_off(
        faulty, directory, monkeypatch, framing):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    events = b"".join(map(bytes_of, [*opening(), delta("torn")]))
    torn = head + (b"Connection: close\r\n\r\n" + events if framing == "none" else
                   b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(events), events))
    whole = b"".join(map(bytes_of, message_stream(["whole"])))
    provider = TlsProvider(directory, torn, torn, torn,
                           head + b"Content-Length: %d\r\n\r\n%b" % (len(whole), whole))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(provider.certificate))
    try:
        stack = faulty(deployments({"model": "openai/up", "api_base": provider.base}))
        final = run(stack)
        assert (final["status"], final["error"]["code"]) == ("failed", "upstream_disconnected")
        assert (output_text(final), provider.count) == ("torn", 2)
        final = run(stack)
        assert (final["status"], output_text(final)) == ("completed", "whole")
        assert provider.count == 4
    finally:
        provider.close()


@pytest.mark.parametrize("of_all", [False, True], ids=["its own", "of all"])
@pytest.mark.parametrize("limit", ["timeout", "silence_timeout"])
def test_stream_past_its_time_fails_as_timed_out(faulty, limit, of_all):
    times = {"timeout": 30, "silence_timeout": 20, limit: 1}
    config = deployments({"model": "openai/up", **({} if of_all else times)})
    if of_all:
        config["respool"] = {"silence_timeout": times.pop("silence_timeout")}
        config["router_settings"] = times
    stack = faulty(config)
    steps = [*opening(), delta("x")]
    if limit == "timeout":  # not quiet, only long
        steps += [step for _ in range(40) for step in (Sleep(200), b": still here\n\n")]
    stack.upstream.script("up", [*steps, Hang()])
    begun = time.monotonic()
    final = run(stack)
    assert (final["status"], final["error"]["code"]) == ("failed", "upstream_timeout")
    assert output_text(final) == "x"
    assert 0.9 < seconds_since(begun) < 1 + SLACK
    assert len(stack.upstream.requests("up")) == 1
    assert stack.upstream.requests("up")[0].peer_closed.wait(2)


# Redis away.


def assert_unavailable(call):
    begun = time.monotonic()
    reply = call()
    took = seconds_since(begun)
    assert reply.status == 503, reply
    assert int(reply.headers["Retry-After"]) >= 1
    reply.error()
    assert took < 2, f"answered after {took:.2f} s"
    return took


def assert_503_for_all(stack, response_id):
    body = {"model": "m", "input": "x", "background": True}
    longest = 0
    for _ in range(3):
        longest = max(longest, *(assert_unavailable(call) for call in (
            lambda: stack.client.post_create(body),
            lambda: stack.client.get_response(response_id),
            lambda: stack.client.cancel(response_id),
            lambda: stack.client.get("/health/readiness"))))
    print(f"503 after at most {longest:.2f} s")


def test_requests_are_answered_503_while_redis_is_gone_and_well_afterwards(faulty, model):
    stack = faulty(aof=True)
    stack.upstream.script(model, message_stream(["x"]))
    response_id = stack.client.create(model)["id"]
    stack.client.wait_terminal(response_id)
    responders = stack.responder.children()
    stack.kill_redis()
    assert_503_for_all(stack, response_id)
    stack.start_redis()
    wait_until(lambda: stack.client.get_response(response_id).status == 200, 3, "a 200")
    final = stack.client.wait_terminal(stack.client.create(model)["id"], timeout=10)
    assert output_text(final) == "x"
    assert stack.responder.children() == responders


def answered(call):
    """The object with which one of several processes answers, when not all are well again."""
    return wait_until(lambda: next((reply.json() for reply in [call()] if reply.status == 200), None),
                      5, "a 200")


def final_object(seen):
    return seen if seen["status"] in TERMINAL else None


def test_requests_are_answered_503_while_redis_hangs_and_well_afterwards(faulty, model):
    stack = faulty()
    stack.upstream.script(model, message_stream(["x"]))
    response_id = stack.client.create(model)["id"]
    stack.client.wait_terminal(response_id)
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        assert_503_for_all(stack, response_id)
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)
    # Each process waits a little before it tries again.
    body = {"model": model, "input": "Hello", "background": True}
    created = answered(lambda: stack.client.post_create(body))
    final = wait_until(lambda: final_object(answered(
        lambda: stack.client.get_response(created["id"]))), 15, "the end of a new response")
    assert output_text(final) == "x"
    assert answered(lambda: stack.client.get_response(response_id))["status"] == "completed"


def test_both_programs_survive_the_loss_of_the_scripts(faulty, model):
    stack = faulty()
    feed = Feed()
    stack.upstream.script(model, [*opening(), delta("a"), feed])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == "a", "a")
    stack.redis.script_flush()
    feed.send(delta("b"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "ab", "ab")
    stack.redis.script_flush()
    stack.upstream.script("other", message_stream(["fine"]))
    for _ in range(stack.children * 2):  # every child of the responder
        assert stack.client.create("other")["status"] == "queued"
    stack.redis.script_flush()
    assert stack.client.cancel(stack.client.create("hangs")["id"]).status == 200
    feed.send(completed())
    feed.end()
    final = stack.client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "ab")
    assert len(stack.upstream.requests(model)) == 1
    stack.assert_nothing_is_left()
    # The stream was never taken for lost.
    assert stack.redis.hget(job_key(response_id), "attempts") == b"1"


@pytest.mark.parametrize("length", ["short", "longer than a lease"])
def test_10_streams_catch_up_after_a_restart_of_redis(faulty, length):
    stack = faulty(aof=True)
    texts, feeds = texts_for(10), {}
    for name in texts:
        feeds[name] = Feed()
        stack.upstream.script(name, [*opening(), feeds[name]])
    ids = create_all(stack, texts)
    for name, text in texts.items():
        feeds[name].send(delta(text[:20]))
    for response_id in ids.values():
        stack.client.wait_for(response_id, output_text, "the first text")
    stack.kill_redis()
    for name, text in texts.items():
        for start in range(20, len(text), 7):
            feeds[name].send(delta(text[start:start + 7]))
    for name in list(texts)[:5]:  # half of them end while it is away
        feeds[name].send(completed())
        feeds[name].end()
    time.sleep(0.5 if length == "short" else stack.lease + 1)
    stack.start_redis()
    for name in list(texts)[5:]:
        stack.client.wait_for(ids[name], lambda o, name=name: output_text(o) == texts[name],
                              "all of the text")
        feeds[name].send(completed())
        feeds[name].end()
    assert_completed(stack, ids, texts)
    assert [len(stack.upstream.requests(name)) for name in texts] == [1] * 10
    stack.assert_nothing_is_left()


def test_streams_go_on_while_redis_hangs(faulty, model):
    stack = faulty()
    feed = Feed()
    stack.upstream.script(model, [*opening(), delta("before "), feed])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, output_text, "the first text")
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        feed.send(delta("meanwhile "))
        time.sleep(stack.lease + 1)
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)
    feed.send(delta("after"), completed())
    feed.end()
    final = stack.client.wait_terminal(response_id, timeout=15)
    assert (final["status"], output_text(final)) == ("completed", "before meanwhile after")
    stack.assert_nothing_is_left()


def test_streams_whose_data_redis_has_lost_are_closed(faulty):
    stack = faulty()
    texts = texts_for(5)
    for name, text in texts.items():
        stack.upstream.script(name, [*opening(), delta(text), Hang()])
    ids = create_all(stack, texts)
    for response_id in ids.values():
        stack.client.wait_for(response_id, output_text, "the text")
    stack.kill_redis()
    stack.start_redis()
    begun = time.monotonic()
    for name in texts:
        assert stack.upstream.requests(name)[0].peer_closed.wait(stack.lease + 2 + SLACK)
    print(f"closed after {seconds_since(begun):.2f} s")
    for response_id in ids.values():
        assert stack.client.get_response(response_id).status == 404
    assert stack.response_keys() == stack.job_keys() == []
    # And the worker goes on.
    stack.upstream.script("next", message_stream(["fine"]))
    assert output_text(run(stack, "next")) == "fine"


def test_stored_text_of_another_length_is_written_whole(faulty, model):
    """As after a failover to a replica that lags."""
    stack = faulty()
    feed = Feed()
    stack.upstream.script(model, [*opening(), delta("one "), feed])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == "one ", "one")
    older = stack.stored(response_id)
    feed.send(delta("two "))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "one two ", "two")
    for text in ("three ", "four "):
        stack.redis.set(response_key(response_id), older, keepttl=True)
        feed.send(delta(text))
        stack.client.wait_for(response_id, lambda o: output_text(o).endswith(text), text)
        strict_json(stack.stored(response_id))
    stack.redis.set(response_key(response_id), older, keepttl=True)
    feed.send(completed())
    feed.end()
    final = stack.client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "one two three four ")
    assert stack.keys_without_ttl() == []


# Stop and reload.


def stop_with(stack, supervisor, *signals):
    """Sends the signals and returns how long the supervisor lived on."""
    supervisor.expect_exit = True
    begun = time.monotonic()
    for number in signals:
        supervisor.send_signal(number)
        time.sleep(0.3)
    assert supervisor.wait(20) == 0
    stack.programs.remove(supervisor)
    return seconds_since(begun)


def test_sigterm_finishes_what_it_can_and_gives_the_rest_to_another_supervisor(faulty):
    """max_attempts is 1: an attempt that is given back does not count."""
    stack = faulty({"respool": {"drain_seconds": 2, "max_attempts": 1}})
    quick = Feed()
    stack.upstream.script("quick", [*opening(), delta("quick"), quick])
    stack.upstream.script("slow", [*opening(), delta("half"), Hang()], message_stream(["whole"]))
    ids = create_all(stack, {"quick": 1, "slow": 1})
    for response_id in ids.values():
        stack.client.wait_for(response_id, output_text, "text")
    stack.add_supervisor()
    first, stack.supervisor = stack.supervisor, stack.programs[-1]
    quick.send(Sleep(700), completed())
    quick.end()
    took = stop_with(stack, first, signal.SIGTERM)
    assert 1.5 < took < 2 + SLACK
    assert_completed(stack, ids, {"quick": "quick", "slow": "whole"}, timeout=5)
    assert [len(stack.upstream.requests(name)) for name in ids] == [1, 2]
    assert stack.redis.hget(job_key(ids["slow"]), "attempts") == b"1"
    stack.assert_nothing_is_left()


def test_second_sigterm_gives_back_at_once(faulty, model):
    stack = faulty({"respool": {"drain_seconds": 60, "max_attempts": 1}})
    stack.upstream.script(model, [*opening(), delta("half"), Hang()], message_stream(["whole"]))
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, output_text, "text")
    took = stop_with(stack, stack.supervisor, signal.SIGTERM, signal.SIGTERM)
    assert took < SLACK
    assert stack.queued() == [response_id] and stack.running() == []
    assert stack.upstream.requests(model)[0].peer_closed.wait(1)
    stack.start_supervisor()
    final = stack.client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "whole")


def test_worker_whose_last_write_hangs_ends_all_the_same(faulty, model):
    stack = faulty({"respool": {"drain_seconds": 1}})
    feed = Feed()
    stack.upstream.script(model, [*opening(), delta("half"), feed], message_stream(["whole"]))
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, output_text, "text")
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        feed.send(completed())
        feed.end()
        took = stop_with(stack, stack.supervisor, signal.SIGTERM)
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)
    assert took < 1 + 2 + SLACK
    stack.start_supervisor()
    stack.client.wait_status(response_id, "completed")


def reload(program, stack):
    offset = program.stderr_size()
    stack.write_config()
    program.send_signal(signal.SIGHUP)
    return lambda: program.stderr(offset)


def test_sighup_gives_new_streams_the_new_config_and_leaves_running_ones_alone(faulty):
    stack = faulty()
    feed = Feed()
    stack.upstream.script("before", [*opening(), delta("a"), feed])
    response_id = stack.client.create("before")["id"]
    stack.client.wait_for(response_id, output_text, "text")
    worker = stack.worker()
    stack.config["model_list"][0]["litellm_params"]["model"] = "openai/renamed"
    stack.upstream.script("renamed", message_stream(["by the new config"]))
    log = reload(stack.supervisor, stack)
    wait_until(lambda: log().count("read again") == 2, 5, "supervisor and worker to say so")
    assert output_text(run(stack, "anything")) == "by the new config"
    feed.send(delta("b"), completed())
    feed.end()
    final = stack.client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "ab")
    assert len(stack.upstream.requests("before")) == 1
    assert stack.supervisor.children() == [worker]


def test_sighup_with_a_broken_config_is_logged_and_the_old_one_stays(faulty):
    stack = faulty()
    stack.upstream.script("m", message_stream(["x"]))
    assert output_text(run(stack)) == "x"
    good = stack.config
    stack.config = {**good, "respool": {**good["respool"], "max_streams": "many"}}
    logs = [reload(program, stack) for program in (stack.supervisor, stack.responder)]
    for log in logs:
        wait_until(lambda: "max_streams" in log() and "stays" in log(), 5, "the log to say so")
        assert str(stack.config_path) in log()
    assert output_text(run(stack)) == "x"
    # A worker that is started now gets the old one, too.
    os.kill(stack.worker(), signal.SIGKILL)
    assert output_text(run(stack)) == "x"
    stack.config = good


@pytest.mark.parametrize("children", [0, 2])
def test_sighup_gives_the_responder_the_new_config(faulty, children):
    stack = faulty(children=children, supervisor=False)
    body = {"model": "m", "input": "x", "background": True}
    other = stack.client.with_key("sk-carol-1a2b")
    assert other.post_create(body).status == 401
    before = stack.responder.children()
    stack.config["respool"]["api_keys"] = [{"name": "carol", "key": "sk-carol-1a2b"}]
    reload(stack.responder, stack)
    wait_until(lambda: all(other.post_create(body).status == 200 for _ in range(8)), 5,
               "the new key to be known to all")
    assert all(stack.client.post_create(body).status == 401 for _ in range(8))
    assert stack.responder.alive() and len(stack.responder.children()) == len(before)


def test_sighup_does_not_break_requests(faulty):
    stack = faulty(supervisor=False)
    response_id = stack.client.create("m")["id"]
    for turn in range(60):
        if turn % 10 == 0:
            stack.responder.send_signal(signal.SIGHUP)
        assert stack.client.get_response(response_id).status == 200
    assert stack.responder.alive()


def test_sighup_ends_no_child_that_has_just_begun(faulty):
    stack = faulty(workers=4, children=4)
    for _ in range(10):
        stack.stop(stack.supervisor)
        stack.supervisor = stack.launch_supervisor()
        stack.supervisor.await_start()  # returns as soon as there is one worker
        for turn in range(10):
            stack.supervisor.send_signal(signal.SIGHUP)
            stack.responder.send_signal(signal.SIGHUP)
            if turn == 5:
                os.kill(stack.responder.children()[0], signal.SIGKILL)
            time.sleep(0.005)
    stack.upstream.script("m", message_stream(["x"]))
    assert output_text(run(stack)) == "x"
    for program in (stack.supervisor, stack.responder):
        ends = re.findall("killed by signal [0-9]+|ended with status [0-9]+", program.stderr())
        assert set(ends) <= {"killed by signal 9"}


# What is kept of the input.


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("end", ["completed", "cancelled", "cancelled in the queue"])
def test_input_is_kept_as_configured(faulty, keep, end, model):
    stack = faulty({"respool": {"store_input": keep}}, supervisor=end[-5:] != "queue")
    words = "words-that-nobody-else-writes"
    stack.upstream.script(model, [*opening(), *([completed()] if end == "completed" else [Hang()])])
    response_id = stack.client.create(model, input=words, instructions="be brief")["id"]
    assert stack.client.input_items(response_id).status == 200
    if end == "cancelled":
        stack.upstream.wait_request(model)
    if end != "completed":
        assert stack.client.cancel(response_id).json()["status"] == "cancelled"
    assert stack.client.wait_terminal(response_id)["status"] == end.split()[0]
    items = stack.client.input_items(response_id)
    assert items.status == 200
    assert (words in items.body.decode()) == keep
    if not keep:
        assert items.json()["data"] == [] and items.json()["has_more"] is False
    assert (words.encode() in stack.everything_stored()) == keep
    job = stack.job(response_id)
    assert b"request" not in job and (b"input" in job) == keep
