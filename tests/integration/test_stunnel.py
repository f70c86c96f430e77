"""The tunnel of deploy/stunnel-redis.conf: how TLS to Redis is spoken where hiredis has none."""

import os
import pwd
import re
import shutil

import pytest
import redis

from events import message_stream
from harness import TOP, Stack, output_text, wait_until
from redis_tls import PORT, Authority, TlsRedis, answer_to_tls, own_address, speaks_tls
from test_faults import assert_unavailable

TUNNEL_PORT = 6392


def find_stunnel():
    return shutil.which("stunnel4") or shutil.which("stunnel")


class TunnelStack(Stack):
    """A stack with that tunnel between respool and its Redis."""

    def __init__(self, authority, certificate, host, **changes):
        self.authority, self.certificate, self.host, self.changes = (
            authority, certificate, host, changes)
        super().__init__({"litellm_settings": {"cache_params": {
            "socket_path": None, "host": host, "port": TUNNEL_PORT, "password": "pw"}}})

    def start_redis(self):
        server = TlsRedis(self, self.host, self.certificate, self.authority,
                          ("--requirepass", "pw"))
        self.redis_program = server.program
        self.redis = redis.Redis(
            unix_socket_path=str(self.directory / "redis.sock"), password="pw")
        self.tunnel = self.start_tunnel()

    def start_tunnel(self):
        """The file with names of the test's in it, as a user would put in theirs."""
        values = {"accept": f"{self.host}:{TUNNEL_PORT}", "connect": f"{self.host}:{PORT}",
                  "CAfile": self.authority.path, "checkHost": "redis.test", "setuid": None,
                  "setgid": None, "syslog": "no", **self.changes}
        text = (TOP / "deploy" / "stunnel-redis.conf").read_text()
        for name, value in values.items():
            text, count = re.subn(rf"^{name} = .*\n", f"{name} = {value}\n" if value else "", text,
                                  flags=re.MULTILINE)
            assert count == 1, name
        path = self.directory / "stunnel.conf"
        path.write_text(text)
        tunnel = self.start("stunnel", [find_stunnel(), path])
        wait_until(lambda: "Configuration successful" in tunnel.stderr(), 10, "the tunnel")
        return tunnel


@pytest.fixture(autouse=True)
def stunnel():
    if find_stunnel() is None:
        pytest.skip("stunnel (Debian's stunnel4) is not installed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def make_tunnel_stack(authority):
    stacks = []

    def make(*names, **changes):
        host = own_address()
        stacks.append(TunnelStack(authority, authority.issue(f"redis{len(stacks)}", *names), host,
                                  **changes))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.close()


def test_respool_reaches_redis_through_the_tunnel(make_tunnel_stack, model):
    stack = make_tunnel_stack("DNS:redis.test")
    long = "thread " * 100_000
    stack.upstream.script(model, message_stream([long]))
    response_id = stack.client.create(model, input=long)["id"]
    assert output_text(stack.client.wait_terminal(response_id)) == long


def test_the_tunnel_is_taken_again_after_redis_was_away(make_tunnel_stack, model):
    stack = make_tunnel_stack("DNS:redis.test")
    stack.upstream.script(model, message_stream(["x"]))
    stack.client.wait_terminal(stack.client.create(model)["id"])
    stack.stop(stack.redis_program)
    assert_unavailable(lambda: stack.client.post_create(
        {"model": model, "input": "x", "background": True}))
    stack.stop(stack.tunnel)
    stack.start_redis()
    wait_until(lambda: stack.client.get("/health/readiness").status == 200, 10, "a 200")
    wait_until(lambda: stack.redis.exists("litellm:polling:{jobs}:workers"), 10, "a worker")


@pytest.mark.parametrize("what", ["host", "authority"])
def test_the_tunnel_refuses_a_redis_that_it_is_not_to_trust(
        make_tunnel_stack, directory, model, what):
    if what == "host":
        stack = make_tunnel_stack("DNS:other.test")
        reason = "Subject checks failed"
    else:
        stack = make_tunnel_stack(
            "DNS:redis.test", CAfile=Authority(directory, "stranger").path)
        reason = "certificate verify failed"
    assert_unavailable(lambda: stack.client.post_create(
        {"model": model, "input": "x", "background": True}))
    wait_until(lambda: reason in stack.tunnel.stderr(), 10, "the tunnel to say why")


def test_the_file_names_users_and_files_of_debian():
    text = (TOP / "deploy" / "stunnel-redis.conf").read_text()
    user, = re.findall(r"^setuid = (.*)$", text, re.MULTILINE)
    trusted, = re.findall(r"^CAfile = (.*)$", text, re.MULTILINE)
    assert pwd.getpwnam(user)
    assert os.path.exists(trusted) or not os.path.exists("/etc/ssl/certs")


def test_without_tls_in_hiredis_the_ways_out_are_named():
    if speaks_tls():
        pytest.skip("hiredis has TLS here")
    result = answer_to_tls()
    assert result.returncode == 1
    assert (b"litellm_settings.cache_params.ssl: built with a hiredis that has no TLS, expected "
            b"hiredis 1.0 or later, or a tunnel as deploy/stunnel-redis.conf makes it") in (
        result.stderr)
