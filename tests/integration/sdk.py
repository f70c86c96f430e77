"""Programs with a provider's SDK as clients, and a site that they can reach."""

import contextlib
import http.client
import json
import os
import queue
import shutil
import subprocess
import threading

from client_packages import CLIENTS
from deployed import LighttpdSite
from harness import ALICE, Client, ProgramFailed, free_port
from node_package import NODE
from python_package import PYTHON

PATIENCE = 60  # s: an interpreter and an SDK take long to start on a busy machine

# What names of variables begin with by which clients can be told to do something else.
FOR_CLIENTS = ("OPENAI_", "ANTHROPIC_", "LANGCHAIN_", "LANGSMITH_", "NODE_", "PYTHON")


class SdkSite(LighttpdSite):
    """Listens on a port of the loopback interface too: the SDK takes no socket's path."""

    def __init__(self, config=None, **options):
        self.port = None
        super().__init__(config=config, **options)

    def write(self, name, text):
        if name == "lighttpd.conf":
            text += f'$SERVER["socket"] == "127.0.0.1:{self.port}" {{ }}\n'
        return super().write(name, text)

    def start_web(self):
        for _ in range(5):
            self.port = free_port()
            try:
                super().start_web()
                # Answering, it has all its ports.
                assert Client(self.address).get("/health/liveliness").status == 200
                return
            except (ProgramFailed, OSError, http.client.HTTPException):
                self.web.stop()  # the port was taken meanwhile
                self.programs.remove(self.web)
        raise ProgramFailed("no free port for lighttpd:\n" + self.web.stderr())

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/v1"


class Scenario:
    """
    A function of node/*.mjs or python/*.py, that runs in a process of its own. argv is of the
    interpreter with the scenario program of its directory.
    """

    def __init__(self, argv, task, directory):
        self.lines = queue.SimpleQueue()
        self.stderr_path = directory / "scenario.stderr"
        with open(self.stderr_path, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *argv],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=directory,
                env={name: value for name, value in os.environ.items()
                     if not name.startswith(FOR_CLIENTS)})
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.tell(task)

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def tell(self, value=None):
        with contextlib.suppress(BrokenPipeError):  # said() tells why it ended
            self.process.stdin.write(json.dumps(value).encode() + b"\n")
            self.process.stdin.flush()

    def _next(self, kind, timeout):
        try:
            message = self.lines.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"the scenario said nothing for {timeout} s") from None
        if message is None:
            raise AssertionError("it ended early:\n" + self.stderr_path.read_text())
        assert kind in message, f"expected that it has {kind}: {message}"
        return message[kind]

    def said(self, timeout=PATIENCE):
        """What the scenario says next."""
        return self._next("said", timeout)

    def result(self, timeout=PATIENCE):
        """What the scenario returned."""
        return self._next("result", timeout)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(5)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()


class NodeSdk:
    name = "node"

    def __init__(self, node, modules):
        self.argv = [node, NODE / "scenario.mjs"]
        self.modules = str(modules)

    def begin(self, file, name, about, base_url, directory, **options):
        """Begins a scenario: its file and name, what it is about, options of the SDK's client."""
        return Scenario(self.argv, {
            "modules": self.modules, "file": f"./{file}.mjs", "scenario": name, "request": about,
            "client": {"baseURL": base_url, "apiKey": ALICE, "maxRetries": 0, "timeout": 30000,
                       **options}}, directory)


class NodeClients:
    """Other clients for Node, that find their packages as in a project of their own."""

    def __init__(self, node, modules):
        self.node = node
        self.modules = modules

    def prepare(self, directory):
        """Makes a project of the directory."""
        for program in CLIENTS.glob("*.mjs"):
            shutil.copy(program, directory)
        (directory / "node_modules").symlink_to(self.modules)

    def begin(self, file, directory):
        """A process that takes scenarios of this file: what node/clients/scenarios.mjs says."""
        return Scenario([self.node, directory / "scenarios.mjs"], {"file": f"./{file}.mjs"},
                        directory)


class PythonSdk:
    name = "python"

    def __init__(self, python):
        self.argv = [python, PYTHON / "scenario.py"]

    def begin(self, file, name, about, base_url, directory, **options):
        return Scenario(self.argv, {
            "file": file, "scenario": name, "request": about,
            "client": {"base_url": base_url, "api_key": ALICE, "max_retries": 0, "timeout": 30,
                       **options}}, directory)
