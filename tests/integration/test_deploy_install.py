"""What make installs and packs, the manual pages, the units, and how the programs start."""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile

import pytest

from deployed import need
from events import message_stream
from harness import BUILD, TOP, await_socket, environment, run_program, wait_until
from standard_webhooks import new_secret
from webhooks_clock import held_deliveries

pytestmark = pytest.mark.once

PROGRAMS = ("respool.fcgi", "respoold")
both = pytest.mark.parametrize("program", PROGRAMS)
MANUALS = ("respool.fcgi.8", "respoolctl.8", "respoold.8", "respool.yaml.5")
UNITS = ("respool-fcgi.service", "respool.socket", "respoold.service")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become somebody else")


def run_make(*arguments):
    return subprocess.run(
        [need("make"), *arguments], cwd=BUILD, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)


def make(*arguments):
    """Runs make in the build directory, one at a time. It must not build what other tests run."""
    if not (BUILD / "Makefile").exists():
        pytest.skip(f"no Makefile in {BUILD}")
    with open(BUILD / "Makefile") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if run_make("-q", "all").returncode != 0:
            pytest.skip(f"sources are newer than what is in {BUILD}")
        result = run_make(*arguments)
    assert result.returncode == 0, result.stdout[-3000:]


def files_below(top):
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if not path.is_dir())


def committed_files():
    """All but what only git needs; an empty set if this is no work tree of git."""
    result = subprocess.run(["git", "-C", str(TOP), "ls-files"], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True) if shutil.which("git") else None
    listed = set(result.stdout.split()) if result else set()
    return {name for name in listed if (TOP / name).exists()} - {".gitignore"}


def members_of(tarball):
    with tarfile.open(tarball) as archive:
        return {member.name: (member.mode, member.mtime, member.isfile()
                              and hashlib.sha256(archive.extractfile(member).read()).hexdigest())
                for member in archive}


PATHS = ["prefix=/usr", "sysconfdir=/etc", "systemdsystemunitdir=/usr/lib/systemd/system"]
CONFIG = "etc/respool/config.yaml"


@pytest.fixture
def installed(tmp_path):
    def install():
        make("install", f"DESTDIR={tmp_path}", *PATHS)
        return tmp_path

    return install


class TestInstall:
    def test_every_file_is_where_an_administrator_looks_for_it(self, installed):
        assert files_below(installed()) == sorted([
            CONFIG,
            "usr/libexec/respool/respool.fcgi",
            "usr/sbin/respoolctl",
            "usr/sbin/respoold",
            "usr/share/bash-completion/completions/respoolctl",
            "usr/share/doc/respool/LICENSE",
            "usr/share/doc/respool/NEWS",
            "usr/share/doc/respool/README.md",
            "usr/share/doc/respool/examples/apache-mod_fcgid.conf",
            "usr/share/doc/respool/examples/apache-proxy_fcgi.conf",
            "usr/share/doc/respool/examples/config.yaml",
            "usr/share/doc/respool/examples/lighttpd-socket.conf",
            "usr/share/doc/respool/examples/lighttpd-spawn.conf",
            "usr/share/doc/respool/examples/nginx.conf",
            "usr/share/doc/respool/examples/respool-alerts.yml",
            "usr/share/doc/respool/examples/respool.json",
            "usr/share/doc/respool/examples/spawn-fcgi.sh",
            "usr/share/doc/respool/examples/stunnel-redis.conf",
            "usr/share/doc/respool/installing.md",
            "usr/share/doc/respool/migrating.md",
            "usr/share/doc/respool/operating.md",
            "usr/share/man/man5/respool.yaml.5",
            "usr/share/man/man8/respool.fcgi.8",
            "usr/share/man/man8/respoolctl.8",
            "usr/share/man/man8/respoold.8",
            *(f"usr/lib/systemd/system/{unit}" for unit in UNITS),
        ])

    def test_a_configuration_that_is_there_stays_as_it_is(self, installed):
        top = installed()
        (top / CONFIG).write_text("# mine\n")
        installed()
        assert (top / CONFIG).read_text() == "# mine\n"
        make("uninstall", f"DESTDIR={top}", *PATHS)
        assert files_below(top) == [CONFIG]

    def test_uninstall_leaves_nothing_else(self, installed):
        top = installed()
        make("uninstall", f"DESTDIR={top}", *PATHS)
        assert files_below(top) == []
        assert not (top / "etc/respool").exists()

    @pytest.mark.parametrize("program, variables", [
        ("respool.fcgi", ["RESPOOL_MASTER_KEY", "OPENAI_API_KEY"]),
        ("respoold", ["OPENAI_API_KEY"])])
    def test_the_sample_configuration_needs_what_it_says(self, program, variables):
        env = {"PATH": os.environ["PATH"], **dict.fromkeys(variables, "sk-x")}
        sample = TOP / "deploy" / "config.yaml"
        result = run_program(program, "-t", "-c", sample, env=env)
        assert (result.returncode, result.stderr) == (0, b"")
        del env[variables[0]]
        result = run_program(program, "-t", "-c", sample, env=env)
        assert result.returncode == 1
        assert variables[0].encode() in result.stderr

    def test_the_responder_polls_without_the_provider_s_key(self):
        env = {"PATH": os.environ["PATH"], "RESPOOL_MASTER_KEY": "sk-x"}
        result = run_program("respool.fcgi", "-t", "-c", TOP / "deploy/config.yaml", env=env)
        assert result.returncode == 0
        assert b"OPENAI_API_KEY" in result.stderr

    def test_the_same_tree_makes_the_same_tarball(self, tmp_path):
        tarballs = []
        for _ in range(2):
            make("dist", "distdir=respool-repeated")
            tarballs.append(tmp_path / f"{len(tarballs)}.tar.gz")
            shutil.move(BUILD / "respool-repeated.tar.gz", tarballs[-1])
        assert members_of(tarballs[0]) == members_of(tarballs[1])
        assert tarballs[0].read_bytes() == tarballs[1].read_bytes()
        packed = {name.partition("/")[2] for name in members_of(tarballs[0])}
        assert {"configure", "deploy/debian/rules", "common/store/scripts/claim.lua"} <= packed
        assert committed_files() - packed == set()
        assert not [name for name in packed if name.endswith((".o", ".pyc", ".log", ".trs"))]


class TestManuals:
    @pytest.mark.parametrize("manual", MANUALS)
    def test_lint_is_silent(self, manual):
        result = subprocess.run([need("mandoc"), "-T", "lint", manual], cwd=TOP / "doc",
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert (result.returncode, result.stdout + result.stderr) == (0, "")

    def test_every_key_of_the_configuration_is_described(self):
        keys = set()
        for source in (TOP / "common" / "config").glob("*.c"):
            keys |= set(re.findall(r'\{"(\w+)", CONFIG_', source.read_text()))
        defaults = TOP / "common" / "config" / "config_deployment_internal.h"
        keys |= set(re.findall(r'^\tX\("(\w+)",', defaults.read_text(), re.M))
        assert {"model_list", "ssl", "max_queue", "api_key", "temperature"} <= keys
        manual = (TOP / "doc" / "respool.yaml.5").read_text()
        described = set(re.findall(r"\w+", " ".join(
            line for line in manual.splitlines() if line.startswith((".It Cm", ".Ss", ".Cm")))))
        assert keys - described == set()

    def test_every_quirk_and_every_provider_is_described(self):
        config = TOP / "common" / "config"
        quirks = re.findall(r'X\(\w+, "(\w+)"', (config / "dialect.h").read_text())
        table = (config / "provider.c").read_text().partition("with_own_api")[0]
        providers = re.findall(r'^    \{"(\w+)", ', table, re.M)
        manual = (TOP / "doc" / "respool.yaml.5").read_text()
        names = manual.partition(".Ss Providers\n")[2].partition(".El")[0]
        listed = set(re.findall(r"\w+", " ".join(
            line[4:] for line in names.splitlines() if line.startswith(".It "))))
        assert {"think_tags", "fixed_temperature"} <= set(quirks)
        assert {"openai", "zai"} <= set(providers)
        assert [quirk for quirk in quirks if f".It Cm {quirk}\n" not in manual] == []
        assert set(providers) == listed

    @both
    def test_every_option_is_described(self, program):
        usage = run_program(program, "-h").stdout.decode()
        options = set(re.findall(r"^  -(\w) ", usage, re.M))
        manual = (TOP / "doc" / f"{program}.8").read_text()
        assert options and options == set(re.findall(r"^\.It Fl (\w)", manual, re.M))


class TestConsole:
    """The table of commands, by what help says of it, against what else tells of them."""

    @pytest.fixture(scope="class")
    def commands(self):
        """The options of each."""
        usage = run_program("respoolctl", "-h").stdout.decode().partition("commands:\n")[2]
        names = re.findall(r"^  (\w+) ", usage, re.M)
        assert {"status", "cancel", "help"} <= set(names)
        return {name: re.findall(
            r"^  (--[\w-]+)", run_program("respoolctl", "help", name).stdout.decode(), re.M)
            for name in names}

    def test_the_manual_describes_every_command_with_its_options(self, commands):
        manual = (TOP / "doc" / "respoolctl.8").read_text()
        manual = manual.partition(".Ss Commands")[2].partition(".Ss Findings")[0]
        described = {}
        for item in re.findall(r"^\.It (Xo\n.*?\n\.Xc|Cm .*?)\n", manual, re.M | re.S):
            name = re.search(r"Cm (\w+)", item)[1]
            described.setdefault(name, set()).update(re.findall(r"Fl (-[\w-]+)", item))
        assert described == {name: {option[1:] for option in options}
                             for name, options in commands.items()}

    def test_the_manual_describes_every_finding(self):
        sources = TOP / "app" / "ctl"
        names = set(re.findall(r'findings_add\(\s*\w+, "(\w+)"', "".join(
            path.read_text() for path in sources.glob("*.c"))))
        names |= set(re.findall(r'^    \{"(\w+)", \w+\},', (
            TOP / "common/store/redis_advice.c").read_text(), re.M))
        manual = (TOP / "doc" / "respoolctl.8").read_text().partition(".Ss Findings")[2]
        described = set(re.findall(r"\w+", " ".join(
            re.findall(r"^\.It Cm (.*)$", manual.partition(".El")[0], re.M))))
        assert {"no_workers", "configuration", "eviction"} <= names
        assert names == described

    def complete(self, *words):
        script = TOP / "deploy/bash-completion/respoolctl"
        result = subprocess.run(
            [need("bash"), "--norc", "-c", f". {script}; COMP_WORDS=(\"$@\"); "
             "COMP_CWORD=$(($# - 1)); _respoolctl; printf '%s\n' \"${COMPREPLY[@]}\"",
             "bash", "respoolctl", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env={**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}"})
        assert (result.returncode, result.stderr) == (0, ""), result
        return set(result.stdout.split())

    def test_the_shell_completes_every_command_and_its_options(self, commands):
        assert self.complete("") == self.complete("help", "") == set(commands)
        for name, options in commands.items():
            assert self.complete(name, "-") == {*options, "--json", "-c", "-h"}, name
        assert self.complete("--json", "list", "--lim") == {"--limit"}

    def test_the_shell_completes_statuses_and_what_is_in_redis(self, make_stack):
        expected = run_program("respoolctl", "list", "--status", "x").stderr.decode()
        statuses = re.findall(r"\w+", expected.partition("one of ")[2])
        assert statuses and self.complete("list", "--status", "") == set(statuses)
        stack = make_stack(supervisor=False)
        ids = {stack.client.create("m")["id"] for _ in range(2)}
        assert self.complete("-c", str(stack.config_path), "show", "") == ids
        assert self.complete("-c", str(stack.config_path), "drain", "") == set()

    def test_the_shell_completes_what_there_is_of_webhooks(self, make_stack):
        stack = make_stack({"respool": {"webhooks": [
            {"name": name, "url": "http://127.0.0.1:9", "secret": new_secret()}
            for name in ("crm", "ops")]}}, supervisor=False)
        config = "-c", str(stack.config_path)
        assert self.complete("webhooks", "") == {"list", "retry", "test"}
        assert self.complete(*config, "webhooks", "test", "") == {"crm", "ops"}
        assert self.complete(*config, "webhooks", "retry", "") == set()
        stack.client.cancel(stack.client.create("m")["id"])
        waiting = set(held_deliveries(stack))
        assert len(waiting) == 2
        assert self.complete(*config, "webhooks", "test", "") == {"crm", "ops"}
        assert self.complete(*config, "webhooks", "retry", "wh_") == waiting


def named_paths(text, *tops):
    """What a text names, in brackets, in backticks or as a link, that looks like a path below one
    of the tops, and is not made by building. What stands behind "::" is in the file."""
    first = {path.name for top in (TOP, *tops) for path in top.iterdir() if path.is_dir()}
    first.discard("build")
    found = set(re.findall(r"\]\((?!\w+:|#)([^)\s]+)\)", text))
    for quoted in re.findall(r"\[([^]]*)\](?!\()|`([^`\n]*)`", text):
        for word in re.split(r"[,\s]+", "".join(quoted)):
            word = word.partition("::")[0]
            if re.fullmatch(r"[\w.-]+(/[\w.-]*)+", word) and word.split("/")[0] in first:
                found.add(word)
    return found


class TestDocuments:
    def test_every_file_that_they_name_is_there(self):
        documents = [*TOP.glob("*.md"), *TOP.glob("doc/*.md"), *TOP.glob("tests/*.md")]
        assert {"README.md", "SECURITY.md"} <= {document.name for document in documents}
        for document in documents:
            paths = named_paths(document.read_text(), document.parent)
            # A link leads from where the document is, a name from the top.
            missing = {path for path in paths
                       if not (TOP / path).exists() and not (document.parent / path).exists()}
            assert not missing, f"{document.relative_to(TOP)} names {sorted(missing)}"

    def test_every_test_that_stands_for_one_of_the_seed_is_there(self):
        """As tests/seed-parity.md has them: `unit/response/test_fold.c::name_of_the_test`."""
        text = (TOP / "tests" / "seed-parity.md").read_text()
        named = re.findall(r"`([\w/.-]+)::(\w+)", text)
        assert named
        missing = [(path, name) for path, name in named if not re.search(
            rf"\b(def|void) {name}\(", (TOP / "tests" / path).read_text())]
        assert missing == []

    def test_security_names_files_by_their_whole_path(self):
        """So that the test above sees them."""
        text = (TOP / "SECURITY.md").read_text()
        for bracket in re.findall(r"\[([^]]*)\](?!\()", text):
            assert named_paths(f"[{bracket}]") == set(re.split(r",\s+", bracket)), bracket

    def test_the_architecture_has_each_folder_and_what_it_may_include(self):
        """As tests/arrows.sh has it, which compares it with the sources."""
        page = (TOP / "doc" / "architecture.md").read_text()
        table = dict(re.findall(r"^\| `(\S+)/` \|.*\| (.*) \|$", page, re.MULTILINE))
        script = (TOP / "tests" / "arrows.sh").read_text()
        lines = script.partition("arrows='")[2].partition("'")[0]
        arrows = dict(re.findall(r"^\t(\S+):(.*)$", lines, re.MULTILINE))
        assert table.keys() == arrows.keys()
        words = {"all": "app common", "nothing": "", "`common/`": "common"}
        for folder, said in table.items():
            names = words.get(said, said).replace(",", "").split()
            allowed = [name.removeprefix("common/") for name in arrows[folder].split()]
            assert sorted(names) == sorted(allowed), folder

    def test_every_function_that_the_architecture_names_is_in_the_sources(self):
        sources = "".join(path.read_text() for top in ("app", "common")
                          for path in (TOP / top).rglob("*.[ch]"))
        named = set(re.findall(r"`(\w+)\(\)`", (TOP / "doc" / "architecture.md").read_text()))
        assert named
        assert {name for name in named if not re.search(rf"\b{name}\(", sources)} == set()


def test_units_are_valid(tmp_path):
    analyze = need("systemd-analyze")
    for unit in UNITS:
        text = (TOP / "deploy" / "systemd" / unit).read_text()
        text = text.replace("/usr/libexec/respool/", f"{BUILD}/").replace("/usr/sbin/", f"{BUILD}/")
        (tmp_path / unit).write_text(text)
    result = subprocess.run([analyze, "verify", "--man=no", *(tmp_path / unit for unit in UNITS)],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


SERVICES = [unit for unit in UNITS if unit.endswith(".service")]


@pytest.mark.parametrize("unit", SERVICES)
def test_services_run_confined(unit):
    path = TOP / "deploy" / "systemd" / unit
    settings = set(path.read_text().splitlines())
    assert {"LimitCORE=0", "NoNewPrivileges=yes", "SystemCallFilter=@system-service",
            "SystemCallFilter=~@privileged @resources", "SystemCallArchitectures=native",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"} <= settings
    assert any(re.fullmatch(r"MemoryMax=\d+G", line) for line in settings)
    # One process that is killed for its memory does not end the others.
    assert "OOMPolicy=continue" in settings
    result = subprocess.run(
        [need("systemd-analyze"), "security", "--no-pager", "--offline=yes", "--threshold=14",
         path], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-200:]


def system_calls(*names):
    """The calls that systemd knows by these names, all sets among them resolved."""
    text = subprocess.run([need("systemd-analyze"), "syscall-filter", "--no-pager", *names],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    members = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    inner = [member for member in members if member.startswith("@")]
    plain = {member for member in members if not member.startswith(("@", "#"))}
    return plain | (system_calls(*inner) if inner else set())


def test_services_may_call_what_the_programs_call(make_stack):
    """Their filters refuse everything else, and no test runs under systemd."""
    if b"__asan_init" in (BUILD / "respoold").read_bytes():
        pytest.skip("sanitizers make calls of their own")
    need("strace")
    stack = make_stack(responder=False, supervisor=False, web=False)

    def traced(program, *arguments):
        trace = ["strace", "-D", "-f", "-qq", "-o", stack.directory / f"{program}.trace"]
        return stack.start(program, [*trace, BUILD / program, "-c", stack.config_path, *arguments])

    stack.responder = traced("respool.fcgi", "-s", f"unix:{stack.directory}/fcgi.sock", "-w", "2")
    stack.supervisor = traced("respoold")
    await_socket(stack.responder, stack.directory / "fcgi.sock")
    stack.start_web()
    stack.upstream.script("m", message_stream(["text"]))
    assert stack.client.wait_terminal(stack.client.create("m")["id"])["status"] == "completed"
    assert stack.client.post_create({"model": "m", "input": "x", "stream": True}).status == 200
    for program in (stack.responder, stack.supervisor):
        program.send_signal(signal.SIGHUP)
        wait_until(lambda one=program: "read again" in one.stderr(), 10, "the configuration")
        stack.stop(program)
    allowed = (system_calls("@system-service") - system_calls("@privileged", "@resources")
               | system_calls("@default"))
    for program in PROGRAMS:
        trace = (stack.directory / f"{program}.trace").read_text()
        called = set(re.findall(r"^\d+ +(\w+)\(", trace, re.M))
        assert {"socket", "connect", "prctl", "clone"} <= called
        assert called - allowed == set(), program


class TestNotify:
    def test_supervisor_tells_the_service_manager(self, make_stack, monkeypatch, directory):
        """The protocol of sd_notify(3)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(directory / "notify"))
            manager.settimeout(10)
            monkeypatch.setenv("NOTIFY_SOCKET", str(directory / "notify"))
            stack = make_stack(responder=False, web=False)
            assert manager.recv(100) == b"READY=1"
            stack.supervisor.send_signal(signal.SIGHUP)
            assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", manager.recv(100))
            assert manager.recv(100) == b"READY=1"

    def test_a_manager_that_is_gone_is_no_reason_to_fail(self, make_stack, monkeypatch, directory):
        monkeypatch.setenv("NOTIFY_SOCKET", str(directory / "nobody"))
        stack = make_stack(responder=False, web=False)
        wait_until(lambda: "cannot notify" in stack.supervisor.stderr(), 5, "a warning")
        assert stack.supervisor.alive()


# Starting.


CONFIG_TEXT = "respool: { allow_anonymous: true }\n" \
    "litellm_settings: { cache: true, cache_params: { type: redis } }\n"


@pytest.fixture
def config(directory):
    directory.chmod(0o755)
    path = directory / "config.yaml"
    path.write_text(CONFIG_TEXT)
    return path


def run_as_nobody(program, directory, *arguments):
    """The status and the messages of a program that has no rights."""
    copied = directory / program
    shutil.copy(BUILD / program, copied)
    result = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
         str(copied), *map(str, arguments)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=15, env=environment())
    return result.returncode, result.stderr


class TestStart:
    def test_socket_path_that_is_too_long(self, config):
        path = "/tmp/" + "x" * 120
        result = run_program("respool.fcgi", "-c", config, "-s", f"unix:{path}")
        assert result.returncode == 1
        message = result.stderr.decode()
        assert path in message and "too long" in message and "107" in message

    def test_socket_in_use(self, config, directory):
        path = directory / "sock"
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            result = run_program("respool.fcgi", "-c", config, "-s", f"unix:{path}")
        assert result.returncode == 1
        assert f"{path} is in use" in result.stderr.decode()
        assert path.exists()

    def test_port_in_use(self, config):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = f"127.0.0.1:{other.getsockname()[1]}"
            result = run_program("respool.fcgi", "-c", config, "-s", address)
        assert result.returncode == 1
        assert address in result.stderr.decode()
        assert "Address already in use" in result.stderr.decode()

    @as_root
    def test_socket_in_a_directory_without_permission(self, config, directory):
        path = directory / "sock"
        status, message = run_as_nobody("respool.fcgi", directory, "-c", config, "-s",
                                        f"unix:{path}")
        assert status == 1
        assert str(path) in message and "Permission denied" in message

    @as_root
    @both
    def test_configuration_without_permission(self, program, config, directory):
        config.chmod(0o600)
        status, message = run_as_nobody(program, directory, "-t", "-c", config)
        assert status == 1
        assert str(config) in message and "Permission denied" in message

    @both
    def test_configuration_that_is_a_directory(self, program, directory):
        result = run_program(program, "-t", "-c", directory)
        assert result.returncode == 1
        assert str(directory) in result.stderr.decode()

    @both
    def test_wrong_option(self, program):
        result = run_program(program, "-q")
        assert result.returncode == 2
        assert b"usage:" in result.stderr and b"q" in result.stderr

    def test_as_a_plain_cgi_program(self, config):
        """It says what it is, and how to run it."""
        env = {**environment(), "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET"}
        result = run_program("respool.fcgi", "-c", config, env=env)
        assert result.returncode == 1
        message = result.stderr.decode()
        assert "FastCGI" in message and "CGI program" in message and "-s" in message
