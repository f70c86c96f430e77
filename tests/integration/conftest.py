"""Fixtures of the integration tests. Run with
/usr/bin/python3 -m pytest tests/integration [-n 5 --dist loadfile].

$RESPOOL_BUILD is the directory that holds the programs; by default the top of the
tree. With $RESPOOL_KEEP set, the temporary directories stay.
"""

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import client_packages  # noqa: E402  (needs the path above)
import harness  # noqa: E402
import node_package  # noqa: E402
import python_package  # noqa: E402
import sdk  # noqa: E402
from harness import BUILD, Stack, adopt_orphans, children_of, running_programs  # noqa: E402
from upstream import Feed  # noqa: E402

numbers = itertools.count(1)

# The modules that take longest, for the most part asleep. They begin first, so that others fill the
# time; with --dist loadfile each has a process to itself.
LONGEST = (
    "test_chaos", "test_faults", "test_hostile_provider", "test_fastcgi_slow", "test_state_machine",
    "test_held_streams", "test_webhooks_receivers", "test_costs")

# The modules that start none of our programs.
WITHOUT_PROGRAMS = (
    "test_harness", "test_sdk_streams", "test_sdk_types", "test_stream_rules",
    "test_webhooks_harness")


def pytest_configure(config):
    adopt_orphans()


def pytest_collection_modifyitems(items):
    """A stable sort: within a module, and among the other modules, the order stays."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.module.__name__, len(LONGEST)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Attaches to a failure what each program wrote to stderr since the test began."""
    report = (yield).get_result()
    if report.failed:
        offsets = getattr(item, "stderr_offsets", {})
        for program in list(running_programs):
            text = program.stderr(offsets.get(program, 0))
            if text.strip():
                report.sections.append((f"stderr of {program.name}", text[-20000:]))


@pytest.fixture(scope="session", autouse=True)
def no_child_process_is_left():
    before = set(children_of(os.getpid()))
    yield
    left = []
    for pid in set(children_of(os.getpid())) - before:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        left.append(f"{pid}: {command}")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert not left, f"processes left at the end: {left}"


@pytest.fixture(scope="module", autouse=True)
def programs_are_built(request):
    missing = [name for name in ("respool.fcgi", "respoold", "respoolctl") if not (BUILD / name).exists()]
    if missing and request.module.__name__ not in WITHOUT_PROGRAMS:
        pytest.fail(f"not built: {', '.join(missing)} in {BUILD}; run make, or set RESPOOL_BUILD",
                    pytrace=False)


@pytest.fixture(autouse=True)
def programs_are_sound(request):
    """Fails a test after which a program has crashed or a sanitizer has complained."""
    request.node.stderr_offsets = {
        program: program.stderr_size() for program in running_programs
    }
    yield
    faults = [fault for fault in (program.fault() for program in running_programs) if fault]
    assert not faults, "\n".join(faults)


@pytest.fixture
def directory():
    """A temporary directory with a short path."""
    path = harness.short_directory()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make_stack():
    """Stacks with a configuration of their own, ended after the test."""
    stacks = []

    def make(*args, **options):
        stack = Stack(*args, **options)
        stacks.append(stack)
        return stack

    yield make
    problems = []
    for stack in reversed(stacks):
        try:
            stack.close()
        except harness.ProgramFailed as failure:
            problems.append(str(failure))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def stack(request):
    """One stack for all tests of a module; STACK in the module says how it is made."""
    stack = Stack(**getattr(request.module, "STACK", {}))
    yield stack
    stack.close()


@pytest.fixture
def client(stack):
    return stack.client


@pytest.fixture
def upstream(stack):
    return stack.upstream


@pytest.fixture
def hook(stack):
    """An endpoint of webhooks that no other test has; stack is a WebhookStack."""
    return stack.hook()


@pytest.fixture
def model():
    """The name of a model that no other test uses, so that each test scripts its own answers."""
    return f"model-{os.getpid()}-{next(numbers)}"


def shared_directory(tmp_path_factory):
    """The same for all workers of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def node_sdk(tmp_path_factory):
    """OpenAI's SDK for Node, or the test is skipped."""
    node = node_package.node()
    return sdk.NodeSdk(node, node_package.modules(shared_directory(tmp_path_factory)))


@pytest.fixture(scope="session")
def node_clients(tmp_path_factory):
    """Other clients for Node, or the test is skipped."""
    node = node_package.node()
    return sdk.NodeClients(node, client_packages.modules(shared_directory(tmp_path_factory)))


@pytest.fixture(scope="session")
def python_sdk():
    """OpenAI's SDK for Python, or the test is skipped."""
    return sdk.PythonSdk(python_package.interpreter("openai"))


@pytest.fixture
def fake_npm(tmp_path, monkeypatch):
    """Puts a shell script in npm's place; None takes npm away."""
    programs = tmp_path / "bin"
    programs.mkdir()

    def fake(script):
        if script is None:
            monkeypatch.setenv("PATH", str(programs))
        else:
            (programs / "npm").write_text(f"#!/bin/sh\n{script}\n")
            (programs / "npm").chmod(0o755)
            monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    return fake


@pytest.fixture
def feed():
    feed = Feed()
    yield feed
    feed.end()
