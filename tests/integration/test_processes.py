"""The programs as processes: options, exit statuses, signals, children."""

import os
import signal
import subprocess
import threading
import time

import pytest

from events import completed, delta, message_stream, opening
from harness import (BUILD, children_of, environment, output_text, run_program, title_of,
                     wait_until)
from upstream import Feed, Gate, Hang

PROGRAMS = ("respool.fcgi", "respoold")
both = pytest.mark.parametrize("program", PROGRAMS)

GOOD = """\
model_list:
  - model_name: "*"
    litellm_params:
      model: openai/*
      api_key: os.environ/RESPOOL_TEST_PROVIDER_KEY
general_settings:
  master_key: os.environ/RESPOOL_TEST_MASTER_KEY
litellm_settings:
  cache: true
  cache_params: { type: redis, host: 127.0.0.1, port: 1 }
  responses:
    background_mode:
      polling_via_cache: ["openai"]
      ttl: 3600
"""


@pytest.fixture
def config(tmp_path):
    def write(text=GOOD):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


# Options.


@both
def test_option_t_accepts_a_good_config(program, config):
    result = run_program(program, "-t", "-c", config())
    assert result.returncode == 0, result


@both
def test_option_t_starts_nothing(program, config):
    """The config's Redis is not there."""
    begun = time.monotonic()
    assert run_program(program, "-t", "-c", config()).returncode == 0
    assert time.monotonic() - begun < 5


@both
def test_option_V_prints_name_and_version(program):
    result = run_program(program, "-V")
    assert result.returncode == 0
    assert b"0.2.0" in result.stdout
    assert b"respool" in result.stdout
    assert not result.stderr


@both
def test_option_h_prints_the_options(program):
    result = run_program(program, "-h")
    assert result.returncode == 0
    for option in (b"-c", b"-w", b"-t", b"-V", b"-h"):
        assert option in result.stdout
    assert (b"-s" in result.stdout) == (program == "respool.fcgi")
    assert not result.stderr


@both
@pytest.mark.parametrize("arguments", [
    ["-x"], ["-c"], ["-w"], ["-w", "x"], ["-w", "-1"], ["-w", ""], ["-w", "2x"],
    ["-w", "99999999999999999999"], ["extra"], ["--nonsense"],
], ids=" ".join)
def test_wrong_usage_exits_2_with_a_message(program, arguments, config):
    result = run_program(program, "-t", "-c", config(), *arguments)
    assert result.returncode == 2, result
    assert result.stderr
    assert not result.stdout


@pytest.mark.parametrize("where", [
    "", "unix:", "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999",
    "unix:" + "x" * 200, "unix:/nonexistent/directory/sock",
], ids=lambda where: where[:40])
def test_socket_that_cannot_be_opened_is_an_error_that_names_it(where, config):
    result = run_program("respool.fcgi", "-c", config(), "-s", where)
    assert result.returncode in (1, 2)
    assert where.removeprefix("unix:")[:30].encode() in result.stderr


@both
def test_missing_config_exits_1_and_names_it(program, tmp_path):
    result = run_program(program, "-t", "-c", tmp_path / "none.yaml")
    assert result.returncode == 1
    assert str(tmp_path / "none.yaml").encode() in result.stderr


@both
def test_config_is_found_by_environment(program, config):
    env = {**environment(), "RESPOOL_CONFIG": str(config())}
    assert run_program(program, "-t", env=env).returncode == 0
    env["RESPOOL_CONFIG"] = "/nonexistent/config.yaml"
    result = run_program(program, "-t", env=env)
    assert result.returncode == 1
    assert b"/nonexistent/config.yaml" in result.stderr


@both
def test_option_c_wins_over_the_environment(program, config):
    env = {**environment(), "RESPOOL_CONFIG": "/nonexistent/config.yaml"}
    assert run_program(program, "-t", "-c", config(), env=env).returncode == 0


@both
@pytest.mark.parametrize("old, new, line, key", [
    ("ttl: 3600", "ttl: soon", 14, "ttl"),
    ("ttl: 3600", "ttl: 0", 14, "ttl"),
    ("ttl: 3600", "ttl: -5", 14, "ttl"),
    ('["openai"]', "sometimes", 13, "polling_via_cache"),
    ('["openai"]', "{ a: b }", 13, "polling_via_cache"),
    ("port: 1", "port: 70000", 10, "port"),
    ("port: 1", "port: x", 10, "port"),
    ("cache: true", "cache: maybe", 9, "cache"),
    ('model_name: "*"', 'model_name: "a*b*"', 2, "model_name"),
    ("      model: openai/*\n", "", 3, "model"),
    ("      model: openai/*", "      model: []", 4, "model"),
    ("ttl: 3600\n", "ttl: 3600\nrespool:\n  flush_interval_ms: fast\n", 16, "flush_interval_ms"),
    ("ttl: 3600\n", "ttl: 3600\nrespool:\n  max_queue: -1\n", 16, "max_queue"),
    ("ttl: 3600\n", "ttl: 3600\nrespool:\n  max_streams: 0\n", 16, "max_streams"),
    ("ttl: 3600\n", "ttl: 3600\nrespool:\n  lease_seconds: 1.5s\n", 16, "lease_seconds"),
    ("ttl: 3600\n", "ttl: 3600\nrespool:\n  allow_anonymous: 7\n", 16, "allow_anonymous"),
    ("ttl: 3600\n", "ttl: 3600\nrespool:\n  api_keys: 5\n", 16, "api_keys"),
    ("ttl: 3600\n", "ttl: 3600\nrespool:\n  api_keys: [ { name: a } ]\n", 16, "key"),
], ids=lambda value: str(value)[:40].strip().replace("\n", " "))
def test_bad_value_names_file_line_and_key(program, config, old, new, line, key):
    assert old in GOOD
    path = config(GOOD.replace(old, new))
    result = run_program(program, "-t", "-c", path)
    assert result.returncode == 1, result
    message = result.stderr.decode()
    assert f"{path}:{line}:" in message, message
    assert key in message
    assert "expected" in message


@both
@pytest.mark.parametrize("options", [("-t",), ()], ids=["check", "start"])
@pytest.mark.parametrize("old, new, key", [
    ("port: 1", "redis_startup_nodes: [{host: h, port: 7000}], db: 1", "cache_params"),
    ("port: 1", "sentinel_nodes: [[h, 26379]]", "cache_params"),
    ("model: openai/*", "model: my-model", "litellm_params.model"),
])
def test_what_would_lead_elsewhere_keeps_a_program_from_starting(
        program, config, options, old, new, key):
    path = config(GOOD.replace(old, new))
    where = ("-s", f"unix:{path.parent}/sock") if program == "respool.fcgi" else ()
    result = run_program(program, "-c", path, *options, *where)
    assert result.returncode == 1, result
    assert f"{path}:" in result.stderr.decode()
    assert f"{key}: " in result.stderr.decode()


@both
@pytest.mark.parametrize("text", [
    "a: [", "\t", "a: b: c", "- x", "text", "a: *nowhere", "\x00", "a: 1\na: 2", "%YAML 9.9\n",
    "model_list: {}", "model_list: [7]", "litellm_settings: text", "respool: []",
], ids=ascii)
def test_broken_file_is_an_error_that_names_it(program, config, text):
    path = config(text)
    result = run_program(program, "-t", "-c", path)
    assert result.returncode == 1, result
    assert str(path).encode() in result.stderr


@both
def test_unset_environment_variable_is_named(program, config):
    name = {"respool.fcgi": "RESPOOL_TEST_MASTER_KEY", "respoold": "RESPOOL_TEST_PROVIDER_KEY"}
    env = environment()
    del env[name[program]]
    result = run_program(program, "-t", "-c", config(), env=env)
    assert result.returncode == 1
    assert name[program].encode() in result.stderr


@both
def test_unknown_keys_are_named_once_and_are_no_error(program, config):
    text = GOOD.replace("  cache: true", "  cache: true\n  callbacks: x\n  strange_key: false")
    result = run_program(program, "-t", "-c", config(text + "stranger: { a: 1 }\n"))
    assert result.returncode == 0
    for key in (b"callbacks", b"strange_key", b"stranger"):
        assert result.stderr.count(key) == 1, result.stderr


@both
def test_secrets_are_in_no_message(program, config):
    text = GOOD.replace("os.environ/RESPOOL_TEST_MASTER_KEY", "sk-in-the-file-9921")
    text = text.replace("os.environ/RESPOOL_TEST_PROVIDER_KEY", "sk-in-the-file-7733")
    text = text.replace("port: 1", "port: x, password: secret-5566")
    result = run_program(program, "-t", "-c", config(text))
    assert result.returncode == 1
    for secret in (b"sk-in-the-file-9921", b"sk-in-the-file-7733", b"secret-5566"):
        assert secret not in result.stderr + result.stdout


# The responder's life.


def cancel_in_thread(stack, response_id):
    """Starts a cancellation; returns the thread and the list that its reply comes into."""
    replies = []
    thread = threading.Thread(target=lambda: replies.append(stack.client.cancel(response_id)))
    thread.start()
    return thread, replies


@pytest.mark.parametrize("children", [0, 2])
def test_idle_responder_ends_at_once_on_sigterm(make_stack, children):
    stack = make_stack(supervisor=False, children=children)
    assert stack.client.create("m")
    begun = time.monotonic()
    assert stack.responder.stop(timeout=2) == 0
    print(f"ended after {(time.monotonic() - begun) * 1000:.1f} ms")
    stack.programs.remove(stack.responder)


@pytest.mark.parametrize("children", [0, 2])
def test_fresh_responder_ends_at_once_on_sigterm(make_stack, children):
    """Also one that has never had a request."""
    stack = make_stack(supervisor=False, children=children, web=False)
    assert stack.responder.stop(timeout=2) == 0
    stack.programs.remove(stack.responder)


def has_waiting_client(connection):
    """Whether Redis has taken a command that it holds back."""
    return any("b" in client["flags"] for client in connection.client_list())


@pytest.mark.parametrize("children", [0, 2])
def test_busy_responder_ends_after_its_request_on_sigterm(make_stack, children):
    stack = make_stack(supervisor=False, children=children)
    response_id = stack.client.create("m")["id"]
    stack.redis.execute_command("CLIENT", "PAUSE", 10000, "WRITE")
    try:
        thread, replies = cancel_in_thread(stack, response_id)
        wait_until(lambda: has_waiting_client(stack.redis), 5, "the responder to ask Redis")
        stack.responder.expect_exit = True
        stack.responder.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            stack.responder.process.wait(0.1)
    finally:
        stack.redis.execute_command("CLIENT", "UNPAUSE")
    assert stack.responder.wait(5) == 0
    thread.join()
    assert replies[0].status == 200
    stack.programs.remove(stack.responder)


def test_killed_child_is_replaced(make_stack):
    stack = make_stack(supervisor=False)
    response_id = stack.client.create("m")["id"]
    before = stack.responder.children()
    assert len(before) == 3, "two responders and a relay"
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(set(stack.responder.children()) - set(before)) == 3, 5, "new children")
    for _ in range(5):
        assert stack.client.get_response(response_id).status == 200


def kill(stack, program):
    """Kills a program's parent process and waits for its children to end by themselves."""
    children = program.children()
    assert children
    program.expect_exit = True
    program.send_signal(signal.SIGKILL)
    program.wait()
    stack.programs.remove(program)

    def gone():
        for pid in children:
            try:
                os.waitpid(pid, os.WNOHANG)  # they are adopted by this process
            except ChildProcessError:
                pass
        return not any(os.path.exists(f"/proc/{pid}") for pid in children)

    wait_until(gone, 5, "the children to end")


def test_socket_of_a_killed_responder_is_taken_over(make_stack):
    """Its children end with it, and its socket's name does not stop the next one."""
    stack = make_stack(supervisor=False)
    kill(stack, stack.responder)
    assert (stack.directory / "fcgi.sock").exists()
    stack.start_responder()
    assert stack.client.create("m")["status"] == "queued"


def test_responder_without_a_socket_says_so(config):
    """Descriptor 0 is no listening socket."""
    result = run_program("respool.fcgi", "-c", config())
    assert result.returncode in (1, 2)
    assert b"socket" in result.stderr


# The supervisor's life.


def test_idle_supervisor_ends_on_sigterm_with_0(make_stack, model):
    stack = make_stack()
    stack.upstream.script(model, message_stream(["x"]))
    stack.client.wait_terminal(stack.client.create(model)["id"])
    assert stack.supervisor.stop(timeout=5) == 0
    stack.programs.remove(stack.supervisor)


def test_fresh_supervisor_ends_on_sigterm_with_0(make_stack):
    stack = make_stack(responder=False, web=False)
    assert stack.supervisor.stop(timeout=5) == 0
    stack.programs.remove(stack.supervisor)


def test_supervisor_lets_a_stream_finish_that_ends_within_the_drain(make_stack, model):
    stack = make_stack({"respool": {"drain_seconds": 20}})
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = stack.client.create(model)["id"]
    feed.send(*opening(), delta("a"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "a", "a")
    stack.supervisor.expect_exit = True
    stack.supervisor.send_signal(signal.SIGTERM)
    feed.send(delta("b"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "ab", "text while draining")
    assert stack.supervisor.alive()
    feed.send(completed())
    feed.end()
    assert stack.supervisor.wait(10) == 0
    stack.programs.remove(stack.supervisor)
    assert stack.client.poll(response_id)["status"] == "completed"
    assert stack.running() == stack.queued() == []


def test_supervisor_takes_no_new_job_while_it_drains(make_stack, model):
    stack = make_stack({"respool": {"drain_seconds": 20}})
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream(["x"])])
    stack.client.create(model)
    stack.upstream.wait_request(model)
    stack.supervisor.expect_exit = True
    stack.supervisor.send_signal(signal.SIGTERM)
    # Whatever it still takes within its current wait it must not keep.
    later = stack.client.create("later")["id"]
    gate.open()
    assert stack.supervisor.wait(15) == 0
    stack.programs.remove(stack.supervisor)
    assert stack.queued() == [later] or stack.client.poll(later)["status"] == "failed"


def test_stream_that_outlasts_the_drain_is_run_by_the_next_supervisor(make_stack, model):
    stack = make_stack({"respool": {"drain_seconds": 1, "lease_seconds": 2}})
    stack.upstream.script(model, [*opening(), delta("half"), Hang()],
                          [*opening(), delta("whole"), completed()])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == "half", "the first attempt")
    assert stack.supervisor.stop(timeout=10) == 0
    stack.programs.remove(stack.supervisor)
    assert stack.client.poll(response_id)["status"] in ("queued", "in_progress")
    stack.start_supervisor()
    final = stack.client.wait_terminal(response_id, timeout=20)
    assert (final["status"], output_text(final)) == ("completed", "whole")


def test_supervisor_keeps_as_many_workers_as_asked(make_stack):
    stack = make_stack(responder=False, web=False, workers=3)
    before = wait_until(lambda: len(stack.supervisor.children()) == 3
                        and stack.supervisor.children(), 5, "three workers")
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(set(stack.supervisor.children()) - set(before)) == 1, 5, "a new one")


def rename_model_upstream(stack, name):
    """Another configuration file, and the signal that it is there."""
    stack.config["model_list"][0]["litellm_params"]["model"] = f"openai/{name}"
    stack.write_config()
    stack.supervisor.send_signal(signal.SIGHUP)


def test_supervisor_reads_its_config_again_on_sighup(make_stack):
    stack = make_stack(workers=2)
    stack.upstream.script("renamed", message_stream(["again"]))
    rename_model_upstream(stack, "renamed")

    def reached():
        final = stack.client.wait_terminal(stack.client.create("m")["id"])
        return output_text(final) == "again"

    wait_until(reached, 10, "a job to be run by the new configuration")


def test_supervisor_s_streams_outlive_sighup(make_stack, model):
    stack = make_stack()
    feed = Feed()
    stack.upstream.script(model, [feed])
    stack.upstream.script("renamed", message_stream(["again"]))
    response_id = stack.client.create(model)["id"]
    feed.send(*opening(), delta("a"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "a", "a")
    rename_model_upstream(stack, "renamed")
    wait_until(lambda: output_text(stack.client.wait_terminal(
        stack.client.create("m")["id"])) == "again", 10, "the new configuration to be in use")
    feed.send(delta("b"), completed())
    feed.end()
    assert output_text(stack.client.wait_terminal(response_id)) == "ab"
    assert len(stack.upstream.requests(model)) == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_bad_config_on_sighup_is_logged_and_changes_nothing(make_stack, model, program):
    stack = make_stack()
    stack.upstream.script(model, message_stream(["x"]))
    running = {"respool.fcgi": stack.responder, "respoold": stack.supervisor}[program]
    stack.config["respool"]["max_queue"] = "many"
    stack.write_config()
    running.send_signal(signal.SIGHUP)
    wait_until(lambda: "max_queue" in running.stderr(), 5, "the error in the log")
    assert str(stack.config_path) in running.stderr()
    final = stack.client.wait_terminal(stack.client.create(model)["id"])
    assert output_text(final) == "x"


@pytest.mark.parametrize("children", [0, 2])
def test_responder_reads_its_config_again_on_sighup(make_stack, children):
    stack = make_stack(supervisor=False, children=children)
    newcomer = stack.client.with_key("sk-new-key-1188")
    assert newcomer.get_response("x").status == 401
    stack.config["respool"]["api_keys"].append({"name": "new", "key": "sk-new-key-1188"})
    stack.write_config()
    stack.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: all(newcomer.get_response("x").status == 404 for _ in range(10)), 5,
               "the new key to be known")
    assert stack.client.create("m")["status"] == "queued"


def test_supervisor_starts_without_redis_and_works_when_it_comes(make_stack, model):
    stack = make_stack(supervisor=False)
    stack.stop(stack.redis_program)
    (stack.directory / "redis.sock").unlink(missing_ok=True)
    stack.start_supervisor()
    wait_until(lambda: stack.supervisor.children(), 5, "a worker")
    stack.start_redis()
    stack.upstream.script(model, message_stream(["x"]))
    created = wait_until(
        lambda: (reply := stack.client.post_create(
            {"model": model, "input": "x", "background": True})).status == 200 and reply.json(),
        10, "a create to succeed")
    assert output_text(stack.client.wait_terminal(created["id"], timeout=20)) == "x"


def test_worker_that_has_no_lease_says_so_in_its_title(make_stack):
    stack = make_stack({"respool": {"lease_seconds": 3}}, responder=False, web=False)
    (worker,) = children_of(stack.supervisor.pid, "worker")
    wait_until(lambda: title_of(worker) == "respoold: worker", 10, "the lease")
    stack.redis_program.send_signal(signal.SIGSTOP)
    wait_until(lambda: title_of(worker) == "respoold (no Redis): worker", 15, "the lease to end")
    stack.redis_program.send_signal(signal.SIGCONT)
    wait_until(lambda: title_of(worker) == "respoold: worker", 15, "the lease again")


@both
def test_nothing_is_written_to_stdout(program, config, directory):
    """Messages go to stderr, a line each, with the program's name."""
    argv = [BUILD / program, "-c", config(), "-w", "1"]
    if program == "respool.fcgi":
        argv += ["-s", f"unix:{directory}/sock"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment()) as process:
        try:
            wait_until(lambda: children_of(process.pid), 5, "a child")
        finally:
            process.terminate()
        out, err = process.communicate(timeout=15)
    assert process.returncode == 0
    assert out == b""
    assert all(line.startswith(program.encode()) for line in err.splitlines() if line)
