"""The real programs on private sockets in a temporary directory.

Everything started here is a child of the test process, ended by process id, and dies with the test
process even if that is killed. What a program wrote to stderr is kept until its directory goes.
"""

import copy
import ctypes
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import redis

from upstream import Upstream

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RESPOOL_BUILD", TOP)).resolve()
REDIS_SERVER = os.environ.get("RESPOOL_REDIS_SERVER", "redis-server")  # or valkey-server

RESPONSE_KEY = "litellm:polling:response:"
QUEUE = "litellm:polling:{jobs}:queue"
LINE = "litellm:polling:{jobs}:line:"
RUNNING = "litellm:polling:{jobs}:running:"
HELD = "litellm:polling:{jobs}:held"
HELD_UNTIL = "litellm:polling:{jobs}:held_until"
ID_FORM = re.compile(
    r"litellm_poll_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"
)
TERMINAL = ("completed", "failed", "incomplete", "cancelled")

MASTER_KEY = "sk-master-6f1c0d7e"
ALICE = "sk-alice-27b4e9aa"
BOB = "sk-bob-93cc51d0"
ADMIN = "sk-admin-5d0e82b4"
PROVIDER_KEY = "sk-provider-e0b7716d"
SECRETS = (MASTER_KEY, ALICE, BOB, ADMIN, PROVIDER_KEY)
UNKNOWN_ID = "litellm_poll_00000000-0000-4000-8000-000000000000"

SANITIZER_REPORT = re.compile(
    r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|ThreadSanitizer|: runtime error: "
    r"|Assertion .* failed|stack smashing detected|corrupted (size|double-linked)|double free"
)

# Programs that run now, for the checks and reports in conftest.py.
running_programs = []


def adopt_orphans():
    """Makes this process the parent of whatever its children leave behind, so that it is seen."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def title_of(pid):
    """What the list of processes says of it; "" once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode()
    except OSError:
        return ""


def is_in_role(pid, role):
    return title_of(pid).endswith(f": {role}")


def children_of(pid, role=None):
    """The process ids of the live children of pid, or of those in that role, in ascending order."""
    if role is not None:
        return [child for child in children_of(pid) if is_in_role(child, role)]
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        state, parent = stat.rpartition(")")[2].split()[:2]
        if int(parent) == pid and state != "Z":
            found.append(int(entry))
    return sorted(found)


def private_part(pid, name):
    """What of a process in /proc only root may read, as the programs keep it from all others."""
    path = Path(f"/proc/{pid}/{name}")
    if not os.access(path, os.R_OK):
        pytest.skip(f"only root can read {path}")
    return path


def wait_until(predicate, timeout=10, what="a condition", interval=0.01):
    """Calls predicate until it returns something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}; last saw {value!r}")
        time.sleep(interval)


def bindable(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_ports(host, count):
    """So many in a row, below those that the kernel gives to clients."""
    while True:
        first = random.SystemRandom().randint(10000, 30000)
        if all(bindable(host, first + number) for number in range(count)):
            return range(first, first + count)


def free_port():
    return free_ports("127.0.0.1", 1)[0]


def short_directory():
    """A temporary directory whose path leaves room for a socket's name (108 bytes in all)."""
    path = tempfile.mkdtemp(prefix="rs-")
    if len(path) > 60:
        os.rmdir(path)
        path = tempfile.mkdtemp(prefix="rs-", dir="/tmp")
    return Path(path)


def remove(directory):
    if "RESPOOL_KEEP" not in os.environ:
        shutil.rmtree(directory, ignore_errors=True)


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def merged(base, overrides):
    """base with overrides laid over it; None removes a key, a list replaces a list."""
    result = copy.deepcopy(base)
    for key, value in (overrides or {}).items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


class ProgramFailed(AssertionError):
    pass


class Program:
    """A child process with its stderr in a file."""

    def __init__(self, name, argv, directory, env=None, good_exits=(0,)):
        self.name = name
        self.good_exits = good_exits
        self.stderr_path = Path(directory) / f"{name}.stderr"
        self.expect_exit = False
        self.checked = 0  # how far stderr has been searched for reports
        with open(self.stderr_path, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                env=env,
            )
        running_programs.append(self)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def stderr(self, offset=0):
        with open(self.stderr_path, "rb") as log:
            log.seek(offset)
            return log.read().decode("utf-8", "replace")

    def stderr_size(self):
        return self.stderr_path.stat().st_size

    def children(self):
        return children_of(self.pid)

    def handles(self, number):
        """Whether the program has installed a handler for the signal by now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (number - 1) & 1

    def await_start(self):
        """Waits until SIGTERM ends it in good order: it has children, or a handler."""
        self._await(lambda: self.children() or self.handles(signal.SIGTERM), "start")

    def await_children(self, **roles):
        """Waits until it has so many children in each role, and no others: responder=2, relay=1."""
        def complete():
            children = self.children()
            return len(children) == sum(roles.values()) and roles == {
                role: sum(is_in_role(child, role) for child in children) for role in roles}

        self._await(complete, f"have the children {roles}")

    def _await(self, predicate, what):
        def holds():
            if not self.alive():
                raise ProgramFailed(f"{self.name} ended at once:\n{self.stderr()}")
            return predicate()

        wait_until(holds, 15, f"{self.name} to {what}")

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=15):
        """The exit status; a program that does not end in time is killed and that is a failure."""
        self.expect_exit = True
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ProgramFailed(f"{self.name} did not end within {timeout} s") from None
        finally:
            if self in running_programs:
                running_programs.remove(self)

    def stop(self, number=signal.SIGTERM, timeout=15):
        self.expect_exit = True
        if self.alive():
            self.send_signal(number)
        return self.wait(timeout)

    def fault(self):
        """What is wrong with the program now, or None."""
        text = self.stderr(self.checked)
        report = SANITIZER_REPORT.search(text)
        if report:
            self.checked += len(text.encode())
            return f"{self.name}: sanitizer or crash report in its stderr:\n{text}"
        if not self.alive() and not self.expect_exit:
            return f"{self.name} ended by itself with {self.process.returncode}:\n{self.stderr()}"
        return None

    def stop_cleanly(self):
        """Stops the program; a string that says what was wrong about its end, or None."""
        early = self.fault()
        try:
            status = self.stop()
        except ProgramFailed as failure:
            return f"{failure}:\n{self.stderr()}"
        if early:
            return early
        if status not in self.good_exits:
            return f"{self.name} ended with {status} after SIGTERM:\n{self.stderr()}"
        return self.fault()


def connectable(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def await_socket(program, path, timeout=15):
    def ready():
        if not program.alive():
            raise ProgramFailed(f"{program.name} ended at once:\n{program.stderr()}")
        return connectable(path)

    wait_until(ready, timeout, f"{program.name} to listen on {path}")


def strict_json(text):
    """Parses JSON and refuses what RFC 8259 does not allow, and members that are there twice."""

    def constant(name):
        raise AssertionError(f"{name} is not JSON")

    def members(pairs):
        result = dict(pairs)
        assert len(result) == len(pairs), f"a member is there twice: {[k for k, _ in pairs]}"
        return result

    if isinstance(text, bytes):
        text = text.decode("utf-8")
    return json.loads(text, parse_constant=constant, object_pairs_hook=members)


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return strict_json(self.body)

    def error(self):
        """The members of the error envelope, checked for its form."""
        assert self.headers["content-type"].startswith("application/json"), self
        envelope = self.json()
        assert set(envelope) == {"error"}, envelope
        error = envelope["error"]
        assert set(error) == {"message", "type", "param", "code"}, error
        assert isinstance(error["message"], str) and error["message"], error
        assert isinstance(error["type"], str) and error["type"], error
        assert error["param"] is None or isinstance(error["param"], str), error
        assert error["code"] is None or isinstance(error["code"], str), error
        return error

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:500]!r}>"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    """Speaks HTTP to a web server; address is a socket's path or a (host, port)."""

    def __init__(self, address, key=ALICE, prefix="/v1"):
        self.address = address
        self.key = key
        self.prefix = prefix

    def with_key(self, key):
        return Client(self.address, key, self.prefix)

    def with_prefix(self, prefix):
        return Client(self.address, self.key, prefix)

    def request(self, method, path, body=None, headers=None, timeout=20):
        if isinstance(self.address, tuple):
            connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        else:
            connection = UnixConnection(self.address, timeout)
        sent = {"Connection": "close"}
        if self.key is not None:
            sent["Authorization"] = f"Bearer {self.key}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        for name, value in (headers or {}).items():
            if value is None:
                sent.pop(name, None)
            else:
                sent[name] = value
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post_create(self, body, **options):
        return self.request("POST", f"{self.prefix}/responses", body=body, **options)

    def create(self, model, input="Hello", **fields):
        """Creates a background response and returns its initial object."""
        reply = self.post_create({"model": model, "input": input, "background": True, **fields})
        assert reply.status == 200, reply
        return reply.json()

    def get_response(self, response_id, **options):
        return self.request("GET", f"{self.prefix}/responses/{response_id}", **options)

    def poll(self, response_id):
        reply = self.get_response(response_id)
        assert reply.status == 200, reply
        return reply.json()

    def cancel(self, response_id, **options):
        return self.request("POST", f"{self.prefix}/responses/{response_id}/cancel", **options)

    def delete(self, response_id):
        return self.request("DELETE", f"{self.prefix}/responses/{response_id}")

    def input_items(self, response_id, query=""):
        return self.request("GET", f"{self.prefix}/responses/{response_id}/input_items{query}")

    def wait_for(self, response_id, predicate, what, timeout=10):
        """Polls until predicate(object) holds, and returns that object."""
        last = None

        def matches():
            nonlocal last
            last = self.poll(response_id)
            return predicate(last)

        try:
            wait_until(matches, timeout, what)
        except AssertionError as failure:
            shown = json.dumps(last, ensure_ascii=False)
            raise AssertionError(f"{failure}; last object: {shown[:3000]}") from None
        return last

    def wait_status(self, response_id, *statuses, timeout=10):
        return self.wait_for(
            response_id,
            lambda object: object["status"] in statuses,
            f"status {' or '.join(statuses)}",
            timeout,
        )

    def wait_terminal(self, response_id, timeout=10):
        return self.wait_status(response_id, *TERMINAL, timeout=timeout)


def output_text(object):
    """All text of the messages in an object."""
    return "".join(
        part.get("text", "")
        for item in object["output"]
        if item.get("type") == "message"
        for part in item.get("content", [])
    )


def default_config(directory):
    """A deployment without api_base gets that of the scripted provider."""
    return {
        "model_list": [
            {
                "model_name": "*",
                "litellm_params": {
                    "model": "openai/*",
                    "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY",
                    "timeout": 60,
                    "stream_timeout": 30,
                },
            }
        ],
        "general_settings": {"master_key": "os.environ/RESPOOL_TEST_MASTER_KEY"},
        "litellm_settings": {
            "num_retries": 0,
            "cache": True,
            "cache_params": {"type": "redis", "socket_path": f"{directory}/redis.sock"},
            "responses": {"background_mode": {"polling_via_cache": "all"}},
        },
        "respool": {
            "api_keys": [{"name": "alice", "key": ALICE}, {"name": "bob", "key": BOB}],
            "admin_keys": [{"name": "ops", "key": ADMIN}],
            "flush_interval_ms": 30,
            "drain_seconds": 1,
        },
    }


def environment():
    return {
        **os.environ,
        "RESPOOL_TEST_PROVIDER_KEY": PROVIDER_KEY,
        "RESPOOL_TEST_MASTER_KEY": MASTER_KEY,
        "LSAN_OPTIONS": os.environ.get("LSAN_OPTIONS", "report_objects=0"),
    }


LIGHTTPD = """
server.modules = ("mod_fastcgi")
server.document-root = "{directory}/www"
server.bind = "{directory}/http.sock"
server.errorlog = "{directory}/lighttpd.error"
server.upload-dirs = ("{directory}")
server.max-request-size = 65536
server.stream-response-body = 1
{fastcgi}
"""


class Stack:
    """
    redis-server, the provider, respool.fcgi, respoold and lighttpd, or those of them wanted. Given
    servers, a Cluster or Sentinels that run already, these stand in redis-server's place.
    """

    redis_settings = ()  # arguments of redis-server that win over those here

    def __init__(self, config=None, supervisor=True, responder=True, web=True, children=2,
                 workers=1, mounts=("/",), spawned_by_web=False, servers=None):
        self.directory = short_directory()
        self.programs = []
        self.upstream = None
        self.redis = None
        self.children = children
        self.workers = workers
        self.mounts = mounts
        self.spawned_by_web = spawned_by_web
        self.problems = []
        self.servers = servers
        self.redis_program = self.responder = self.supervisor = self.web = None
        try:
            self.upstream = Upstream()
            self.config = merged(default_config(self.directory), config)
            if servers:
                own = (config or {}).get("litellm_settings", {}).get("cache_params", {})
                self.config["litellm_settings"]["cache_params"] = {**servers.cache_params(), **own}
            for deployment in self.config["model_list"]:
                deployment["litellm_params"].setdefault("api_base", self.upstream.base)
            self.config_path = self.directory / "config.yaml"
            self.write_config()
            self.start_redis()
            if responder and not spawned_by_web:
                self.start_responder()
            if supervisor:
                self.start_supervisor()
            if web:
                self.start_web()
        except BaseException:
            self.close(check=False)
            raise
        self.client = Client(self.directory / "http.sock")

    def write_config(self):
        # JSON is YAML's flow style. A program may read the file at any time, so it appears whole.
        new = self.config_path.with_suffix(".new")
        new.write_text(json.dumps(self.config, indent=1))
        new.rename(self.config_path)

    def start(self, name, argv, **options):
        program = Program(name, argv, self.directory, env=environment(), **options)
        self.programs.append(program)
        return program

    @property
    def key_prefix(self):
        """What stands before every key: the namespace."""
        name = self.config["litellm_settings"]["cache_params"].get("namespace")
        return f"{name}:" if name else ""

    def start_redis(self):
        if self.servers:
            self.redis = self.servers.client()
            return
        path = self.directory / "redis.sock"
        self.redis_program = self.start("redis", [
            REDIS_SERVER, "--port", "0", "--unixsocket", path, "--unixsocketperm", "777",
            "--save", "", "--appendonly", "no", "--dir", self.directory, "--loglevel", "warning",
            *self.redis_settings,
        ])
        await_socket(self.redis_program, path)
        self.redis = redis.Redis(unix_socket_path=str(path))

    def start_responder(self, relays=1):
        path = self.directory / "fcgi.sock"
        self.responder = self.start("respool.fcgi", [
            BUILD / "respool.fcgi", "-c", self.config_path, "-s", f"unix:{path}",
            "-w", str(self.children), "-r", str(relays),
        ])
        await_socket(self.responder, path)
        self.await_responders(relays)

    def await_responders(self, relays=1):
        """Waits until all processes are there. One that is alone starts relays only later."""
        if self.children > 0:
            self.responder.await_children(responder=self.children, relay=relays)
        else:
            self.responder.await_start()

    def launch_supervisor(self, name="respoold"):
        """Starts one, and does not wait for it."""
        return self.start(name, [
            BUILD / "respoold", "-c", self.config_path, "-w", str(self.workers)])

    def start_supervisor(self):
        self.supervisor = self.launch_supervisor()
        self.supervisor.await_children(worker=self.workers)

    def fastcgi_config(self):
        if self.spawned_by_web:
            where = (f'"socket" => "{self.directory}/spawned.sock", "max-procs" => 1, '
                     f'"bin-path" => "{BUILD}/respool.fcgi -c {self.config_path}"')
        else:
            where = f'"socket" => "{self.directory}/fcgi.sock"'
        lines = [
            f'  "{mount}" => (( {where}, "check-local" => "disable" ))' for mount in self.mounts
        ]
        return "fastcgi.server = (\n" + ",\n".join(lines) + "\n)"

    def start_web(self):
        (self.directory / "www").mkdir(exist_ok=True)
        path = self.directory / "lighttpd.conf"
        path.write_text(
            LIGHTTPD.format(directory=self.directory, fastcgi=self.fastcgi_config()))
        lighttpd = shutil.which("lighttpd") or "/usr/sbin/lighttpd"
        self.web = self.start("lighttpd", [lighttpd, "-D", "-f", path], good_exits=(0, 1))
        await_socket(self.web, self.directory / "http.sock")

    def start_all(self):
        """Starts what a stack was told to leave, once its configuration is whole."""
        self.start_responder()
        self.start_supervisor()
        self.start_web()

    def stop(self, program):
        """Stops one program early and keeps what was wrong about that for close()."""
        problem = program.stop_cleanly()
        if problem:
            self.problems.append(problem)
        self.programs.remove(program)

    def close(self, check=True):
        if self.upstream:
            self.upstream.release()
        for program in (self.web, self.responder, self.supervisor):
            if program in self.programs:
                self.stop(program)
        for program in reversed(list(self.programs)):
            self.stop(program)
        if self.upstream:
            self.upstream.close()
        if self.redis:
            self.redis.close()
        remove(self.directory)
        if check and self.problems:
            raise ProgramFailed("\n".join(self.problems))

    # What is in Redis.

    def key(self, name):
        return f"{self.key_prefix}{name}"

    def stored(self, response_id):
        return self.redis.get(response_key(response_id, self.key_prefix))

    def job(self, response_id):
        return self.redis.hgetall(job_key(response_id, self.key_prefix))

    def response_keys(self):
        return sorted(self.redis.scan_iter(self.key("litellm:polling:response:*")))

    def job_keys(self):
        return sorted(self.redis.scan_iter(self.key("litellm:polling:job:*")))

    def queued(self):
        """The ids that wait for a worker, with a seat or without, those last that go first."""
        lines = sorted(self.redis.scan_iter(self.key(f"{LINE}*")), reverse=True)
        return [entry.decode() for key in [*lines, self.key(QUEUE)]
                for entry in self.redis.lrange(key, 0, -1)]

    def running(self):
        """The ids in all running lists."""
        ids = []
        for key in self.redis.scan_iter(self.key("litellm:polling:{jobs}:running:*")):
            if self.redis.type(key) == b"list":
                ids += [entry.decode() for entry in self.redis.lrange(key, 0, -1)]
        return ids

    def everything_stored(self):
        """All keys and values of Redis as one byte string, to search in."""
        found = []
        for key in self.redis.scan_iter():
            found.append(key)
            kind = self.redis.type(key)
            if kind == b"string":
                found.append(self.redis.get(key) or b"")
            elif kind == b"hash":
                for name, value in self.redis.hgetall(key).items():
                    found += [name, value]
            elif kind == b"list":
                found += self.redis.lrange(key, 0, -1)
            elif kind == b"set":
                found += self.redis.smembers(key)
            elif kind == b"zset":
                found += self.redis.zrange(key, 0, -1)
            elif kind == b"stream":
                found.append(repr(self.redis.xrange(key)).encode())
        return b"\n".join(found)

    def wait_idle(self, timeout=10):
        """Waits until no id is queued or in a worker's hands, from which it may be given back."""
        wait_until(lambda: not self.queued() and not self.running() and not self.queued(), timeout,
                   "the queue and the running lists to be empty")


def response_key(response_id, namespace=""):
    return f"{namespace}{RESPONSE_KEY}{response_id}"


def job_key(response_id, namespace=""):
    return f"{namespace}litellm:polling:job:{{{response_key(response_id, namespace)}}}"


def events_key(response_id, namespace=""):
    return f"{namespace}litellm:polling:events:{{{response_key(response_id, namespace)}}}"


def request_key(response_id, namespace=""):
    return f"{namespace}litellm:polling:request:{{{response_key(response_id, namespace)}}}"


def script_text(name):
    """A Lua script with what it shares with others in it, as the programs have it."""
    directory = TOP / "common" / "store" / "scripts"
    return subprocess.run(
        ["awk", "-v", f"dir={directory}", "-f", directory / "include.awk",
         directory / f"{name}.lua"], check=True, capture_output=True, text=True).stdout


def run_program(name, *arguments, env=None, timeout=15):
    """Runs one of our programs to its end, with stdin closed to it."""
    return subprocess.run(
        [str(BUILD / name), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        env=env or environment(),
    )
