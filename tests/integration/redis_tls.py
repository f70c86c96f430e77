"""Redis behind TLS: an authority that issues certificates, and a stack that speaks TLS to its Redis."""

import functools
import json
import random
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from harness import Stack, await_socket, merged, run_program

PORT = 6390


def own_address():
    """A loopback address that most likely nobody else uses."""
    chance = random.SystemRandom()
    return "127." + ".".join(str(chance.randint(1, 254)) for _ in range(3))


def answer_to_tls():
    """What respoold says to a configuration that wants TLS to Redis."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "config.yaml"
        path.write_text(json.dumps({"litellm_settings": {
            "cache": True, "cache_params": {"host": "127.0.0.1", "ssl": True}}}))
        return run_program("respoold", "-t", "-c", path)


@functools.cache
def speaks_tls():
    return answer_to_tls().returncode == 0


def require_tls():
    if not speaks_tls():
        pytest.skip("hiredis has no TLS here")


@dataclass
class Certificate:
    path: Path
    key: Path


class Authority:
    """One that signs certificates, with openssl."""

    def __init__(self, directory, name="authority"):
        self.directory = Path(directory)
        self.name = name
        self.path = self.directory / f"{name}.pem"
        self.key = self.directory / f"{name}.key"
        self.openssl("req", "-x509", *self.new_key(self.key), "-days", "1", "-subj", f"/CN={name}",
                     "-out", self.path)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    @staticmethod
    def new_key(path):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path)

    def issue(self, name, *hosts, validity=("-days", "1")):
        """A certificate for hosts, as IP:127.0.0.1 or DNS:localhost."""
        made = Certificate(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(hosts)}\n" if hosts else "")
        self.openssl("req", *self.new_key(made.key), "-subj", f"/CN={name}", "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.key,
                     "-CAcreateserial", "-extfile", extensions, *validity, "-out", made.path)
        return made

    def issue_expired(self, name, *hosts):
        return self.issue(name, *hosts, validity=(
            "-not_before", "20200101000000Z", "-not_after", "20200102000000Z"))


class TlsRedis:
    """For a stack: a redis-server that others reach by TLS alone, and the test by its socket."""

    def __init__(self, stack, host, certificate, authority, settings=()):
        self.stack = stack
        path = stack.directory / "redis.sock"
        self.program = stack.start("redis", [
            "redis-server", "--port", "0", "--unixsocket", path, "--bind", host,
            "--tls-port", str(PORT), "--tls-cert-file", certificate.path,
            "--tls-key-file", certificate.key, "--tls-ca-cert-file", authority.path,
            "--tls-auth-clients", "no", "--save", "", "--appendonly", "no",
            "--dir", stack.directory, "--loglevel", "warning", *settings,
        ])
        await_socket(self.program, path)
        self.client = redis.Redis(unix_socket_path=str(path))


class TlsStack(Stack):
    """A stack whose Redis shows that certificate. cache_params are laid over those that fit."""

    def __init__(self, authority, certificate, host, cache_params=None, settings=(), config=None,
                 **options):
        self.authority = authority
        self.certificate = certificate
        self.host = host
        self.settings = settings
        params = {"socket_path": None, "host": host, "port": PORT, "ssl": True,
                  "ssl_ca_certs": str(authority.path), **(cache_params or {})}
        super().__init__(
            merged(config or {}, {"litellm_settings": {"cache_params": params}}), **options)

    def start_redis(self):
        server = TlsRedis(self, self.host, self.certificate, self.authority, self.settings)
        self.redis_program, self.redis = server.program, server.client

    def show(self, certificate):
        """From now on Redis shows that one."""
        self.set("tls-cert-file", certificate.path, "tls-key-file", certificate.key)

    def set(self, *settings):
        self.redis.execute_command("CONFIG", "SET", *map(str, settings))
