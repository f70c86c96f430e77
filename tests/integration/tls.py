"""Providers behind TLS: what stands between respool and the scripted provider in some tests."""

import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from harness import Program, wait_until


def make_certificate(directory, address="127.0.0.1"):
    """Paths of a certificate for that address which signs itself, and of its key."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", "-subj", f"/CN={address}", "-addext",
         f"subjectAltName=IP:{address}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key


class Http1OverTls:
    """Hands the bytes on to and fro; those of the provider in small TLS records of their own."""

    RECORD = 100

    def __init__(self, directory, port):
        self.certificate, key = make_certificate(directory)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.provider_port = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.base = f"https://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.relay, args=(plain,), daemon=True).start()

    def relay(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as client, \
                    socket.create_connection(("127.0.0.1", self.provider_port)) as provider:
                while self.hand_on(client, provider):
                    pass
        except OSError:
            pass

    def hand_on(self, client, provider):
        """False when one side has closed."""
        ready = [client] if client.pending() else select.select([client, provider], [], [])[0]
        if client in ready:
            data = client.recv(65536)
            provider.sendall(data)
            return bool(data)
        data = provider.recv(65536)
        for at in range(0, len(data), self.RECORD):
            client.sendall(data[at:at + self.RECORD])
        return bool(data)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def find_nghttpx():
    return shutil.which("nghttpx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Http2OverTls:
    """nghttpx in front of the provider."""

    def __init__(self, directory, port):
        if find_nghttpx() is None:
            pytest.skip("nghttpx (Debian's nghttp2-proxy) is not installed")
        self.certificate, key = make_certificate(directory)
        with socket.create_server(("127.0.0.1", 0)) as free:
            own = free.getsockname()[1]
        self.base = f"https://127.0.0.1:{own}/v1"
        self.program = Program("nghttpx", [
            find_nghttpx(), "--conf=/dev/null", "--workers=1",
            "--log-level=ERROR", "--accesslog-file=/dev/null", f"--frontend=127.0.0.1,{own}",
            f"--backend=127.0.0.1,{port}", key, self.certificate,
        ], directory, good_exits=(0, -signal.SIGTERM))

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", own)) == 0

        wait_until(listens, what="nghttpx to listen")

    def close(self):
        assert self.program.stop_cleanly() is None
