"""What makes an attack harder: how the programs are linked, logs that cannot be forged, secrets
that stay in memory."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from events import completed, delta, opening
from faulty import ended
from harness import (BOB, BUILD, PROVIDER_KEY, SECRETS, Program, children_of, default_config,
                     environment, job_key, run_program, strict_json, wait_until)
from upstream import Cut, Script, json_error

both = pytest.mark.parametrize("program", ["respool.fcgi", "respoold"])

# C0 except the line end, DEL, and C1 as UTF-8.
CONTROLS = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


# How the programs are linked.


def readelf(program, *options):
    if not shutil.which("readelf"):
        pytest.skip("no readelf here")
    return subprocess.run(["readelf", "-W", *options, BUILD / program], check=True, text=True,
                          capture_output=True).stdout


def sanitized(program):
    return b"__asan_init" in (BUILD / program).read_bytes()


@both
def test_program_is_position_independent(program):
    assert re.search(r"Type:\s+DYN", readelf(program, "-h"))
    assert re.search(r"FLAGS_1.*\bPIE\b", readelf(program, "-d"))


@both
def test_relocations_are_bound_at_start_and_then_read_only(program):
    dynamic = readelf(program, "-d")
    assert "BIND_NOW" in dynamic or re.search(r"FLAGS_1.*\bNOW\b", dynamic)
    assert "GNU_RELRO" in readelf(program, "-l")
    assert "TEXTREL" not in dynamic


@both
def test_stack_is_not_executable_and_no_segment_is_writable_and_executable(program):
    segments = readelf(program, "-l")
    stack = re.search(r"GNU_STACK(?:\s+0x\w+){5}\s+(.{3})", segments)
    assert stack and "E" not in stack[1]
    flags = re.findall(r"^\s+LOAD(?:\s+0x\w+){5}\s+(.{3})", segments, re.MULTILINE)
    assert flags and not any("W" in one and "E" in one for one in flags)


@both
def test_stacks_are_protected(program):
    assert "__stack_chk_fail" in readelf(program, "--dyn-syms")


@both
def test_library_calls_are_fortified(program):
    if sanitized(program):
        pytest.skip("the sanitizers check more")
    assert re.search(r"__(vsnprintf|snprintf|memcpy|read|strcat|vasprintf|fprintf)_chk",
                     readelf(program, "--dyn-syms"))


@both
def test_libraries_are_looked_for_in_the_system_s_places_alone(program):
    assert not re.search(r"\b(RPATH|RUNPATH)\b", readelf(program, "-d"))


# Logs.


def assert_clean(program, offset=0):
    """Each line begins as the program's own lines do, and none holds a control character."""
    name = program.name.encode()
    text = program.stderr_path.read_bytes()[offset:]
    assert not CONTROLS.search(text), CONTROLS.search(text)
    for line in text.splitlines():
        assert re.match(name + rb"\[\d+\]: (info|warning|fatal): ", line), line


NASTY = "x\nrespoold[1]: info: forged\r\x1b[31mred\x1b[0m\x00\x07\x7f\x85\u2028é"


def test_what_clients_send_cannot_forge_log_lines(make_stack):
    stack = make_stack()
    client = stack.client
    escaped = "".join(f"%{byte:02x}" for byte in NASTY.replace("\0", "").encode())
    client.get_response(f"litellm_poll_{escaped}")
    client.delete(f"litellm_poll_{escaped}")
    client.get(f"/v1/{escaped}")
    client.get("/v1/responses/x", headers={"x-request-id": "a\x1b[31m", "api-key": "\x1b[31m"})
    client.with_key("\x1b[31mkey").get_response("x")
    for model in (NASTY, NASTY.replace("\0", "")):
        reply = client.post_create({"model": model, "input": NASTY, "background": True,
                                    "metadata": {"a": NASTY}, NASTY: 1})
        assert reply.status in (200, 400)
        if reply.status == 200:
            client.wait_terminal(reply.json()["id"])
    assert_clean(stack.responder)
    assert_clean(stack.supervisor)


def test_ids_that_others_put_into_the_queue_cannot_forge_log_lines(make_stack):
    stack = make_stack(responder=False, web=False)
    stack.redis.lpush("litellm:polling:{jobs}:queue", NASTY.encode(), b"\xff\xfe\x1b", b"x" * 9000)
    wait_until(lambda: stack.supervisor.stderr().count("warning") >= 3, 5, "warnings")
    assert_clean(stack.supervisor)
    stack.wait_idle()


def test_what_a_provider_sends_cannot_forge_log_lines(make_stack, model):
    stack = make_stack()
    error = {"message": NASTY, "type": NASTY, "code": NASTY, "param": NASTY}
    stack.upstream.script(
        model, json_error(400, {"error": error}), json_error(500, NASTY.encode()),
        [{"type": NASTY}, {"type": "response.output_text.delta", "item_id": NASTY,
                           "content_index": 0, "delta": "x"},
         *opening(NASTY), {"type": "error", **error}],
        [*opening(), {"type": "response.failed", "response": {"error": error}}],
        Script([b"HTTP/1.1 200 \x1b[31m\r\nX: \x1b\r\n\r\n", Cut()], framing="raw"),
        Script([b"\x1b[31mrespoold[1]: info: forged\r\n"], framing="raw"),
        Script([], 302, {"Location": "http://\x1b[31m/"}))
    for _ in range(7):
        final = stack.client.wait_terminal(stack.client.create(model)["id"], timeout=20)
        strict_json(stack.stored(final["id"]))
    assert_clean(stack.supervisor)


@both
def test_config_errors_cannot_forge_log_lines(program, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text('"a\\nrespoold: forged\\e[31m": 1\nrespool: {max_queue: "\\n\\e[31mx"}\n')
    result = run_program(program, "-t", "-c", path)
    assert result.returncode == 1
    assert not CONTROLS.search(result.stderr)
    assert not any(line.startswith(b"respoold: forged") for line in result.stderr.splitlines())


# Secrets.


def test_no_secret_is_in_redis_or_in_a_log(make_stack, model):
    """Nor the request, once the response is final."""
    stack = make_stack()
    stack.upstream.script(model, [*opening(), delta("x"), completed()],
                          json_error(401, {"error": {"message": f"bad key {PROVIDER_KEY}",
                                                     "code": PROVIDER_KEY}}),
                          json_error(401, f"<b>{PROVIDER_KEY}</b>".encode()))
    shown = []
    for _ in range(3):
        created = stack.client.create(model, instructions="instructions-4711", user="u")
        shown.append(json.dumps(stack.client.wait_terminal(created["id"])))
    stack.client.with_key("sk-wrong-guess-77").post_create({"model": model})
    stored = stack.everything_stored().decode("utf-8", "replace")
    logs = "".join(program.stderr() for program in stack.programs)
    for secret in (*SECRETS, "sk-wrong-guess-77"):
        assert secret not in stored
        assert secret not in logs
        assert not any(secret in answer for answer in shown)
    for key in stack.job_keys():
        assert b"instructions-4711" not in b"".join(stack.redis.hvals(key))


@pytest.mark.parametrize("event", [
    {"type": "error", "message": f"Incorrect API key: {PROVIDER_KEY}", "code": "invalid_api_key"},
    {"type": "response.failed", "response": {
        "status": "failed", "error": {"code": "c", "message": f"key {PROVIDER_KEY} is wrong"}}},
], ids=["error", "failed"])
def test_key_that_a_provider_echoes_in_a_stream_s_error_is_taken_out(make_stack, model, event):
    stack = make_stack()
    stack.upstream.script(model, [*opening(), delta("x"), event])
    final = stack.client.wait_terminal(stack.client.create(model)["id"])
    assert final["status"] == "failed"
    assert PROVIDER_KEY not in json.dumps(final)
    assert PROVIDER_KEY.encode() not in stack.everything_stored()


def test_response_whose_job_was_evicted_is_nobody_s(make_stack):
    """Its tenant is not known any more."""
    stack = make_stack(supervisor=False)
    response_id = stack.client.create("m")["id"]
    stack.redis.delete(job_key(response_id))
    for client in (stack.client, stack.client.with_key(BOB)):
        for call in (client.get_response, client.cancel, client.input_items, client.delete):
            assert call(response_id).status == 404
    assert stack.stored(response_id)


def test_wrong_redis_password_is_in_no_message(make_stack, tmp_path):
    password = "redis-secret-5b1e"
    stack = make_stack({"litellm_settings": {"cache_params": {"password": password}}})
    reply = stack.client.post_create({"model": "m", "input": "x", "background": True})
    assert reply.status == 503
    wait_until(lambda: "AUTH" in stack.supervisor.stderr(), 5, "the supervisor to complain")
    logs = stack.responder.stderr() + stack.supervisor.stderr()
    assert "AUTH" in stack.responder.stderr()
    assert password not in logs and password not in reply.body.decode()


def test_keys_of_clients_are_not_in_the_environment_or_arguments_of_processes(make_stack):
    """What "ps" shows to other users."""
    stack = make_stack()
    for program in (stack.responder, stack.supervisor):
        for pid in (program.pid, *program.children()):
            with open(f"/proc/{pid}/cmdline", "rb") as arguments:
                assert not any(secret.encode() in arguments.read() for secret in SECRETS)
    assert environment()["RESPOOL_TEST_PROVIDER_KEY"] == PROVIDER_KEY  # so keys come by it


def test_redis_password_in_a_url_is_on_no_command_line(make_stack):
    password = "redis-secret-77aa"
    stack = make_stack(web=False)
    stack.config["litellm_settings"]["cache_params"] = {
        "type": "redis", "url": f"unix://u:{password}@{stack.directory}/redis.sock"}
    stack.write_config()
    for program in (stack.responder, stack.supervisor):
        stack.stop(program)
    stack.start_responder()
    stack.start_supervisor()
    for program in (stack.responder, stack.supervisor):
        for pid in (program.pid, *program.children()):
            assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
            assert password not in Path(f"/proc/{pid}/comm").read_text()


# Processes, as others of the same user see them.


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


@pytest.fixture
def as_nobody(directory):
    """Starts programs that run as nobody, with core dumps allowed."""
    if os.geteuid() != 0:
        pytest.skip("takes root to become somebody else")
    directory.chmod(0o777)
    started = []

    def start(name, *argv, env=None):
        program = Program(
            name, [*NOBODY, "prlimit", "--core=unlimited:unlimited", "--", *argv], directory,
            env={**environment(), **(env or {})})
        started.append(program)
        return program

    yield start
    for program in started:
        program.stop()


@pytest.fixture
def hidden(as_nobody, directory):
    """Both programs, run by nobody: the process ids of parents and children by their names."""
    if sanitized("respoold"):
        pytest.skip("LeakSanitizer attaches to its own process")
    config = directory / "config.yaml"
    config.write_text(json.dumps(default_config(directory)))
    for name in ("respool.fcgi", "respoold"):
        shutil.copy(BUILD / name, directory / name)
    responder = as_nobody("respool.fcgi", directory / "respool.fcgi", "-c", config,
                          "-s", f"unix:{directory}/fcgi.sock", "-w", "1")
    supervisor = as_nobody("respoold", directory / "respoold", "-c", config)
    pids = {}
    responder.await_children(responder=1, relay=1)
    supervisor.await_children(worker=1)
    for program in (responder, supervisor):
        pids[program.name], pids[f"child of {program.name}"] = program.pid, program.children()[0]
    return pids


def read_as_nobody(*argv):
    return subprocess.run([*NOBODY, *map(str, argv)], capture_output=True, timeout=10)


def test_keys_are_hidden_from_other_processes_of_the_same_user(as_nobody, hidden):
    """In /proc, where a program that has been broken into would look for them."""
    open_one = as_nobody("sleep", "sleep", "1000")
    wait_until(lambda: b"sleep" in Path(f"/proc/{open_one.pid}/cmdline").read_bytes()[:6], 10,
               "sleep to run")
    assert PROVIDER_KEY.encode() in read_as_nobody("cat", f"/proc/{open_one.pid}/environ").stdout
    for name, pid in hidden.items():
        for part in ("environ", "maps", "mem", "auxv", "io"):
            result = read_as_nobody("head", "-c", "1", f"/proc/{pid}/{part}")
            assert (result.returncode, result.stdout) == (1, b""), f"{part} of {name}"
            assert b"Permission denied" in result.stderr, f"{part} of {name}"
        assert read_as_nobody("ls", f"/proc/{pid}/fd").returncode != 0
        # The tests, and those who look after the programs, still see what they are.
        assert Path(f"/proc/{pid}/cmdline").read_bytes()
    open_one.expect_exit = True
    open_one.process.kill()
    open_one.wait()


def test_core_dumps_are_off(hidden):
    """Whatever the limit was at the start."""
    for name, pid in hidden.items():
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits), name


@both
def test_crash_leaves_no_core(program, directory):
    """Also where the limit and the system allow one."""
    if sanitized(program):
        pytest.skip("LeakSanitizer attaches to its own process")
    config = directory / "config.yaml"
    config.write_text(json.dumps(default_config(directory)))
    listen = ["-s", f"unix:{directory}/sock"] if program == "respool.fcgi" else []
    pid = os.fork()
    if pid == 0:
        os.chdir(directory)
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
        os.execve(BUILD / program, [program, "-c", str(config), *listen, "-w", "1"], environment())
    children = wait_until(lambda: children_of(pid), 10, "its child")
    os.kill(pid, signal.SIGSEGV)
    status = os.waitpid(pid, 0)[1]
    assert os.WTERMSIG(status) == signal.SIGSEGV
    assert not os.WCOREDUMP(status) and not list(directory.glob("core*"))
    for child in children:
        wait_until(lambda one=child: ended(one), 10, "its child to end")


def test_redirect_of_a_provider_is_not_followed(make_stack, model):
    """It would take the key to another host."""
    stack = make_stack()
    stack.upstream.script(model, Script([], 307, {
        "Location": f"{stack.upstream.base}/elsewhere", "Content-Length": "0"}, framing="close"))
    final = stack.client.wait_terminal(stack.client.create(model)["id"])
    assert final["status"] == "failed"
    assert [exchange.path for exchange in stack.upstream.exchanges] == ["/v1/responses"]
