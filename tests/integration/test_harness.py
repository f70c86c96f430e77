"""The harness itself: what it claims about programs, the provider and the oracle holds."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from events import (Stream, completed, delta, fold, message_item, message_stream, opening,
                    text_part)
from harness import (Client, Program, ProgramFailed, Stack, children_of, merged, strict_json,
                     wait_until)
from upstream import Cut, Feed, Gate, Hang, Reset, Script, Sleep, Upstream, event_bytes

pytestmark = pytest.mark.once


@pytest.fixture
def provider():
    upstream = Upstream()
    yield upstream
    upstream.close()
    assert not upstream.thread.is_alive()


def post(provider, model, connection=None):
    connection = connection or http.client.HTTPConnection("127.0.0.1", provider.port, timeout=5)
    connection.request("POST", "/v1/responses", f'{{"model": "{model}"}}')
    return connection, connection.getresponse()


def test_stack_starts_redis_and_lighttpd_and_leaves_nothing():
    stack = Stack(supervisor=False, responder=False)
    pids = [program.pid for program in stack.programs]
    assert stack.redis.ping()
    assert stack.client.get("/v1/responses/x").status in (500, 503)  # nobody listens behind it
    assert set(pids) <= set(children_of(os.getpid()))
    stack.close()
    assert not set(pids) & set(children_of(os.getpid()))
    assert not stack.directory.exists()


def test_lighttpd_answers_on_a_unix_socket():
    stack = Stack({}, supervisor=False, responder=False, mounts=("/app",))
    (stack.directory / "www" / "hello.txt").write_text("hello")
    reply = Client(stack.directory / "http.sock").get("/hello.txt")
    stack.close()
    assert (reply.status, reply.body) == (200, b"hello")


def test_program_that_ends_by_itself_is_a_fault(directory):
    program = Program("false", ["sh", "-c", "echo gone >&2; exit 3"], directory)
    wait_until(lambda: not program.alive(), 5, "the end of the shell")
    assert "ended by itself with 3" in program.fault() and "gone" in program.fault()
    program.wait()


def test_program_with_a_sanitizer_report_is_a_fault(directory):
    command = "echo '==1==ERROR: AddressSanitizer: x' >&2; exec sleep 60"
    program = Program("bad", ["sh", "-c", command], directory)
    wait_until(program.stderr, 5, "the report")
    assert "sanitizer" in program.fault()
    assert program.fault() is None  # it is told once
    program.stop()


def test_program_that_ignores_sigterm_is_killed_and_reported(directory):
    program = Program("stubborn", [sys.executable, "-c",
                                   "import signal, time; signal.signal(15, signal.SIG_IGN);"
                                   "print('ready', flush=True); time.sleep(60)"], directory)
    wait_until(lambda: "ready" in program.stderr(), 5, "the program to be ready")
    with pytest.raises(ProgramFailed):
        program.stop(timeout=0.2)
    assert not program.alive()


# Starts its children late, each with a title, as if it were a busy parent's.
SLOW_PARENT = """
import signal, subprocess, sys, time
for role in sys.argv[1:]:
    time.sleep(0.1)
    subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-c",
                      "import signal; signal.pause()", f": {role}"])
signal.pause()
"""


def test_children_are_waited_for_until_all_have_their_roles(directory):
    program = Program("parent", [sys.executable, "-c", SLOW_PARENT, "worker", "worker", "relay"],
                      directory, good_exits=(-signal.SIGTERM,))
    program.await_children(worker=2, relay=1)
    children = set(program.children())
    assert len(children) == 3
    assert program.stop_cleanly() is None
    wait_until(lambda: not children & set(children_of(os.getpid())), 10, "the children to end")


def test_wait_until_says_what_it_waited_for():
    with pytest.raises(AssertionError, match="the moon"):
        wait_until(lambda: False, 0.05, "the moon")


def test_merged_lays_over_and_removes():
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None, "e": 4}, "d": 5}) == {
        "a": {"c": 2, "e": 4}, "d": 5}


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "NaN", "[1,]", "\ufeff{}"])
def test_strict_json_refuses_what_is_not_json(text):
    with pytest.raises((AssertionError, ValueError)):
        strict_json(text)


def test_provider_records_requests_and_keeps_connections(provider):
    provider.script("m", [{"type": "a"}, b"raw"])
    connection, answer = post(provider, "m")
    assert answer.read() == b'event: a\ndata: {"type":"a"}\n\nraw'
    _, answer = post(provider, "m", connection)
    answer.read()
    first, second = provider.requests("m")
    assert first.connection == second.connection
    assert (first.method, first.path, first.body) == ("POST", "/v1/responses", b'{"model": "m"}')
    assert first.answered.wait(5)


def test_provider_answers_a_model_without_a_script_404(provider):
    assert post(provider, "nobody")[1].status == 404


def test_provider_plays_scripts_in_order_and_repeats_the_last(provider):
    provider.script("m", [b"one"], [b"two"])
    assert [post(provider, "m")[1].read() for _ in range(3)] == [b"one", b"two", b"two"]


def test_gate_holds_a_stream_back(provider):
    gate = Gate()
    provider.script("m", [b"a", gate, b"b"])
    _, answer = post(provider, "m")
    assert answer.read(1) == b"a"
    assert not provider.requests("m")[0].answered.is_set()
    gate.open()
    assert answer.read() == b"b"


def test_feed_hands_over_steps_one_by_one(provider):
    feed = Feed()
    provider.script("m", [feed])
    _, answer = post(provider, "m")
    feed.send(b"a", Sleep(1))
    assert answer.read(1) == b"a"
    feed.send(b"b")
    assert answer.read(1) == b"b"
    feed.end()
    assert answer.read() == b""


def test_cut_breaks_the_framing_and_reset_the_connection(provider):
    provider.script("cut", [b"a", Cut()])
    with pytest.raises(http.client.IncompleteRead):
        post(provider, "cut")[1].read()
    gate = Gate()
    provider.script("reset", [b"a", gate, Reset()])
    _, answer = post(provider, "reset")
    assert answer.read(1) == b"a"
    gate.open()
    with pytest.raises(ConnectionResetError):
        answer.read()


def test_framing_close_ends_with_the_connection(provider):
    provider.script("m", Script([b"abc"], framing="close"))
    assert post(provider, "m")[1].read() == b"abc"


def test_provider_notices_that_the_other_side_closed(provider):
    provider.script("m", [b"a", Hang()])
    connection, answer = post(provider, "m")
    answer.read(1)
    exchange = provider.wait_request("m")
    answer.close()
    connection.close()
    assert exchange.peer_closed.wait(2)
    assert exchange.peer_closed_at <= time.monotonic()


def test_provider_serves_many_connections_at_once(provider):
    gate = Gate()
    provider.script("m", [gate, b"done"])
    bodies = []
    threads = [threading.Thread(target=lambda: bodies.append(post(provider, "m")[1].read()))
               for _ in range(50)]
    for thread in threads:
        thread.start()
    provider.wait_request("m", 50)
    gate.open()
    for thread in threads:
        thread.join()
    assert bodies == [b"done"] * 50


def test_release_ends_a_hanging_script(provider):
    provider.script("m", [Hang()])
    _, answer = post(provider, "m")
    provider.release()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()


def test_event_bytes_escape_lone_surrogates_only():
    assert event_bytes({"type": "t", "x": "é\ud800"}) == (
        'event: t\ndata: {"type":"t","x":"é\\ud800"}\n\n'.encode())


def test_oracle_folds_a_message():
    folded = fold({"status": "queued", "output": [], "usage": None, "model": "m"},
                  message_stream(["Hel", "lo"]))
    assert folded["status"] == "completed"
    assert folded["output"] == [message_item("msg_1", "completed", [text_part("Hello")])]
    assert folded["usage"]["total_tokens"] == 46
    assert folded["model"] == "provider-model"


def test_oracle_shows_partial_text():
    folded = fold({"status": "queued", "output": []}, [*opening(), delta("a"), delta("b")])
    assert folded["status"] == "in_progress"
    assert folded["output"] == [message_item("msg_1", content=[text_part("ab")])]


def test_oracle_replaces_output_by_id_and_keeps_the_rest():
    start = {"status": "in_progress", "output": [{"id": "a", "v": 1}, {"id": "b", "v": 1}]}
    folded = fold(start, [completed([{"id": "b", "v": 2}, {"id": "c", "v": 3}])])
    assert folded["output"] == [{"id": "a", "v": 1}, {"id": "b", "v": 2}, {"id": "c", "v": 3}]


def test_stream_numbers_its_events():
    events = Stream().begin().message(["x"]).completed().events
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


def test_no_program_outlives_a_killed_test_process(directory):
    script = (f"import sys; sys.path.insert(0, {str(os.path.dirname(__file__))!r});"
              "from harness import Program;"
              f"print(Program('sleep', ['sleep', '60'], {str(directory)!r}).pid, flush=True);"
              "import time; time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    command = Path(f"/proc/{child}/comm")
    wait_until(lambda: command.read_text() == "sleep\n", 5, "the program itself")
    parent.kill()
    parent.wait()
    parent.stdout.close()

    def gone():
        # Adopted by this process, which has to reap it.
        try:
            return os.waitpid(child, os.WNOHANG)[0] == child
        except ChildProcessError:
            return not os.path.exists(f"/proc/{child}")

    wait_until(gone, 5, "the grandchild to end")


def test_unix_socket_paths_are_short_enough(directory):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "a-long-name-for-a-socket.sock"))
