"""The services of deploy/compose.yaml, started in the order of what they depend on."""

import fcntl
import shutil
import socket
import struct
from pathlib import Path

import pytest

from containers import SERVICES, Container
from harness import Client, short_directory
from upstream import Upstream

KEYS = {"RESPOOL_MASTER_KEY": "sk-client-51f0c2", "OPENAI_API_KEY": "sk-provider-77ab19"}


@pytest.fixture(scope="session", autouse=True)
def loopback():
    """It is down in a new namespace."""
    siocsifflags, iff_up = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh", b"lo", iff_up))


def in_order(names):
    """These services and all that they need, each behind what it needs."""
    ordered = []
    for name in names:
        ordered += in_order(SERVICES[name].get("depends_on", {})) + [name]
    return list(dict.fromkeys(ordered))


class Composed:
    """Running services, and the provider that they call."""

    def __init__(self, names, trace):
        self.directory = short_directory()
        self.directory.chmod(0o755)
        self.upstream = Upstream()
        self.variables = {**KEYS, "extra": {"OPENAI_BASE_URL": self.upstream.base}}
        self.running = {}
        self.trace = trace
        try:
            for name in in_order(names):
                self.start(name)
        except BaseException:
            self.close()
            raise
        self.client = Client(("127.0.0.1", 80), key=KEYS["RESPOOL_MASTER_KEY"])

    def start(self, name):
        container = Container(name, self.directory, self.variables, self.trace)
        self.running[name] = container
        container.await_start()
        container.await_health()
        return container

    def __getitem__(self, name):
        return self.running[name]

    def end(self, name):
        self.running.pop(name).end()

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')}"
                         for path in sorted(Path(self.directory).glob("*.log")))

    def close(self):
        self.upstream.release()
        for container in reversed(list(self.running.values())):
            container.end()
        self.upstream.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def compose(request):
    """Starts services, or all of them."""
    started = []

    def start(*names, trace=False):
        started.append(Composed(names or SERVICES, trace))
        request.node.composed = started[-1]
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and hasattr(item, "composed"):
        report.sections.append(("logs", item.composed.logs()[-10000:]))
