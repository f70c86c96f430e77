"""What runs by deploy/compose.yaml, with requests that come in through its nginx."""

import json
import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from containers import COMPOSE, DEPLOY, IMAGE, SERVICES, is_ours
from events import completed, delta, message_stream, opening
from harness import output_text, title_of, wait_until
from upstream import Feed

OURS = [name for name, service in SERVICES.items() if is_ours(service)]


class TestFile:
    def test_every_service_is_confined(self):
        for name, service in SERVICES.items():
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert not service.get("privileged"), name
            assert (service.get("user") or IMAGE["User"]).split(":")[0] not in ("0", "root"), name

    def test_only_nginx_is_reached_from_outside_and_only_on_loopback(self):
        assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["nginx"]
        assert all(port.startswith("127.0.0.1:") for port in SERVICES["nginx"]["ports"])
        assert COMPOSE["networks"]["redis"]["internal"] is True
        assert SERVICES["redis"]["networks"] == ["redis"]

    def test_what_it_mounts_is_there(self):
        named = set()
        for name, service in SERVICES.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    assert (DEPLOY / source).is_file(), f"{name}: {source}"
                else:
                    named.add(source)
        assert named == set(COMPOSE["volumes"])

    def test_it_builds_what_is_tested_here(self):
        for name in OURS:
            build = SERVICES[name]["build"]
            context = (DEPLOY / build["context"]).resolve()
            assert context == DEPLOY.parent
            assert (context / build["dockerfile"]).samefile(DEPLOY / "Containerfile")

    def test_the_image_s_tag_and_label_are_the_version(self, compose):
        version = compose("responder")["responder"].run("respoold", "-V").stdout.split()[1]
        assert IMAGE["Labels"]["org.opencontainers.image.version"] == version
        assert {SERVICES[name]["image"] for name in OURS} == {f"respool:{version}"}

    def test_every_service_waits_for_the_health_of_those_that_it_needs(self):
        for service in SERVICES.values():
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
            for needed, how in service.get("depends_on", {}).items():
                assert how == {"condition": "service_healthy"} and needed in SERVICES

    def test_sigterm_leaves_the_time_to_drain(self):
        configuration = (DEPLOY / "container" / "config.yaml").read_text()
        drain = int(configuration.partition("drain_seconds:")[2].split()[0])
        for name in OURS:
            assert SERVICES[name]["stop_signal"] == "SIGTERM"
            assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > drain + 5

    def test_no_secret_is_in_the_file(self):
        for name, service in SERVICES.items():
            for variable, value in service.get("environment", {}).items():
                assert value.startswith("${" + variable + ":?"), name
        assert "RESPOOL_MASTER_KEY" not in SERVICES["supervisor"]["environment"]


class TestRequests:
    def test_a_background_response_grows_to_its_end(self, compose):
        stack = compose()
        stack.upstream.script("gpt-5", message_stream(["a spool ", "holds ", "thread"]))
        response_id = stack.client.create("gpt-5")["id"]
        final = stack.client.wait_terminal(response_id)
        assert (final["status"], output_text(final)) == ("completed", "a spool holds thread")

    def test_it_can_be_streamed_and_passed_through(self, compose):
        stack = compose()
        for _ in range(2):
            stack.upstream.script("gpt-5", message_stream(["thread"]))
        body = {"model": "gpt-5", "input": "x", "stream": True}
        for request in (body, {**body, "background": True}):
            reply = stack.client.post_create(request)
            assert reply.status == 200
            assert b"event: response.completed" in reply.body

    def test_nobody_is_served_without_a_key(self, compose):
        stack = compose()
        assert stack.client.with_key(None).post_create({"model": "gpt-5"}).status == 401

    def test_responses_outlive_the_containers(self, compose):
        """All but Redis are made anew, as for a new version; and then Redis, which has a volume."""
        stack = compose()
        stack.upstream.script("gpt-5", message_stream(["kept"]))
        response_id = stack.client.create("gpt-5")["id"]
        stack.client.wait_terminal(response_id)
        for name in ("redis", "responder", "supervisor", "nginx"):
            stack[name].kill(signal.SIGTERM)
            stack[name].wait()
            stack.start(name)
        assert output_text(stack.client.poll(response_id)) == "kept"


class TestStopping:
    def test_the_supervisor_drains(self, compose):
        stack = compose()
        feed = Feed()
        stack.upstream.script("gpt-5", [feed])
        response_id = stack.client.create("gpt-5")["id"]
        feed.send(*opening(), delta("a"))
        stack.client.wait_for(response_id, lambda o: output_text(o) == "a", "a")
        stack["supervisor"].kill(signal.SIGTERM)
        wait_until(lambda: "have 30 s to finish" in stack["supervisor"].log(), 10, "the drain")
        feed.send(delta("b"), completed())
        feed.end()
        assert stack["supervisor"].wait() == 0
        final = stack.client.poll(response_id)
        assert (final["status"], output_text(final)) == ("completed", "ab")

    def test_the_responder_drains(self, compose):
        stack = compose()
        feed = Feed()
        stack.upstream.script("gpt-5", [feed])
        request = urllib.request.Request(
            "http://127.0.0.1/v1/responses", json.dumps(
                {"model": "gpt-5", "input": "x", "stream": True}).encode(),
            {"Authorization": f"Bearer {stack.client.key}", "Content-Type": "application/json"})
        feed.send(*opening(), delta("a"))
        with urllib.request.urlopen(request, timeout=20) as stream:
            read_until(stream, b'"delta":"a"')
            stack["responder"].kill(signal.SIGTERM)
            wait_until(lambda: responders(stack["responder"]) == [], 10, "the responders to end")
            feed.send(delta("b"), completed())
            feed.end()
            read_until(stream, b"event: response.completed")
        assert stack["responder"].wait() == 0


def read_until(stream, text):
    assert any(text in line for line in iter(stream.readline, b"")), text


def responders(container):
    return [pid for pid in container.processes() if title_of(pid) == "respool.fcgi: responder"]


def children_and_zombies(parent):
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.add(int(path.parts[2]))
    return found


def workers(container):
    return [pid for pid in container.processes() if title_of(pid).endswith(": worker")]


def all_of(container, role):
    """As many as its command asks for. Each has its title only a moment after it was forked."""
    command = SERVICES[container.name]["command"]
    count = int(command[command.index("-w") + 1])
    return wait_until(lambda: len(found := role(container)) == count and found, 10,
                      f"the {role.__name__} of {container.name} to be {count}")


def unhealthy(container, why):
    def told():
        result = container.check_health()
        return result.returncode != 0 and why in result.stdout + result.stderr

    wait_until(told, 40, f"{container.name} to be unhealthy: {why}", interval=0.1)


class TestHealth:
    """Each check has succeeded when a stack runs: that is how it starts. Here they fail."""

    def test_all_tell_that_redis_is_gone_and_back(self, compose):
        stack = compose()
        stack["redis"].kill(signal.SIGSTOP)
        # As an engine's time-out, which counts as a failure.
        assert stack["redis"].run("timeout", "1", *stack["redis"].health_command()).returncode != 0
        unhealthy(stack["responder"], "503")
        unhealthy(stack["supervisor"], "no lease")
        stack["redis"].kill(signal.SIGCONT)
        for name in ("redis", "responder", "supervisor"):
            stack[name].await_health()

    def test_the_supervisor_s_tells_that_a_worker_hangs(self, compose):
        stack = compose("supervisor")
        worker = all_of(stack["supervisor"], workers)[0]
        os.kill(worker, signal.SIGSTOP)
        unhealthy(stack["supervisor"], "hangs")
        os.kill(worker, signal.SIGCONT)
        stack["supervisor"].await_health()

    def test_the_responder_s_tells_that_nobody_answers(self, compose):
        stack = compose("responder")
        stopped = all_of(stack["responder"], responders)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        unhealthy(stack["responder"], "no answer")
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        stack["responder"].await_health()

    def test_nginx_s_tells_that_the_responder_is_gone(self, compose):
        stack = compose("nginx")
        stack.end("responder")
        unhealthy(stack["nginx"], "502")

    def test_what_a_check_leaves_behind_is_reaped(self, compose):
        """The programs are the first processes of their containers, and parents of all orphans."""
        stack = compose("responder", "supervisor")
        for name in OURS:
            first = stack[name].first
            before = children_and_zombies(first)
            stack[name].run("sh", "-c", "sleep 1 >/dev/null 2>&1 & true")
            assert children_and_zombies(first) > before
            wait_until(lambda pid=first, old=before: children_and_zombies(pid) == old, 10,
                       "the orphan to go")


class TestConfinement:
    def test_no_process_has_rights(self, compose):
        stack = compose()
        for name in SERVICES:
            for pid in stack[name].processes():
                status = dict(line.split(":\t", 1) for line in
                              Path(f"/proc/{pid}/status").read_text().splitlines())
                assert "0" not in status["Uid"].split(), name
                assert {int(status[f"Cap{which}"], 16) for which in ("Prm", "Eff", "Bnd")} == {0}
                assert status["NoNewPrivs"] == "1"

    def test_not_even_root_can_write_to_the_image(self, compose):
        stack = compose()
        for name in SERVICES:
            for path in ("/file", "/etc/file", "/usr/bin/file"):
                result = stack[name].run("touch", path, user="root")
                assert "Read-only file system" in result.stderr, name

    def test_nobody_tries_to_write_to_the_image(self, compose):
        if shutil.which("strace") is None:
            pytest.skip("strace is not installed")
        stack = compose("responder", "supervisor", "nginx", trace=True)
        stack.upstream.script("gpt-5", message_stream(["x"]))
        stack.client.wait_terminal(stack.client.create("gpt-5", input="x" * 500000)["id"])
        stack.upstream.script("gpt-5", message_stream(["x"]))
        assert stack.client.post_create({"model": "gpt-5", "input": "x" * 500000}).status == 200
        for name in OURS:
            stack[name].kill(signal.SIGHUP)
            stack[name].kill(signal.SIGTERM)
            assert stack[name].wait() == 0
            trace = stack[name].trace_path.read_text()
            assert "fcgi.sock" in trace or name != "responder"
            assert "/etc/respool/config.yaml" in trace
            assert [line for line in trace.splitlines() if "EROFS" in line] == []


def test_only_what_is_versioned_is_given_to_the_build():
    listed = subprocess.run(["git", "-C", str(DEPLOY.parent), "ls-files", "--cached", "--others",
                             "--exclude-standard"], capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no work tree of git")
    given = set(Path(os.environ["RESPOOL_CONTAINER_CONTEXT"]).read_text().splitlines())
    versioned = set(listed.stdout.splitlines())
    assert given - versioned == set()
    assert [name for name in versioned - given if name.startswith(("app/", "common/"))] == []


class TestImage:
    def test_it_has_nothing_to_build_with(self, compose):
        container = compose("responder")["responder"]
        for program in ("cc", "gcc", "g++", "ld", "as", "make", "automake", "dpkg-buildpackage"):
            assert container.run("sh", "-c", f"command -v {program}").returncode != 0
        assert container.run("sh", "-c", "ls -d /src /package /usr/include/*.h").stdout == ""

    def test_it_has_no_server_but_respool(self, compose):
        container = compose("responder")["responder"]
        for program in ("nginx", "redis-server", "lighttpd", "apache2"):
            assert container.run("sh", "-c", f"command -v {program}").returncode != 0

    def test_it_trusts_the_authorities_that_debian_does(self, compose):
        container = compose("responder")["responder"]
        assert container.run("test", "-s", "/etc/ssl/certs/ca-certificates.crt").returncode == 0

    def test_it_says_what_it_runs_by_default(self):
        assert IMAGE["Cmd"] == SERVICES["responder"]["command"]
        assert IMAGE["Healthcheck"]["Test"] == SERVICES["responder"]["healthcheck"]["test"]
        assert IMAGE["StopSignal"] == "SIGTERM"
        assert IMAGE["User"] == SERVICES["nginx"]["user"]
