"""Web servers with the configurations in deploy, as they are but for paths and addresses."""

import contextlib
import grp
import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from harness import (BUILD, TOP, Client, Program, ProgramFailed, Stack, await_socket, environment,
                     running_programs, wait_until)

PROGRAM = "/usr/libexec/respool"
CONFIG = "/etc/respool/config.yaml"
SOCKET = "/run/respool/fcgi.sock"


def need(program):
    """The path of a program, or the test is skipped."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def deploy_file(name, replacements):
    """The text of a file in deploy, with every one of the replacements made."""
    text = (TOP / "deploy" / name).read_text()
    for old, new in replacements.items():
        assert old in text, f"{old!r} is not in deploy/{name}"
        text = text.replace(old, str(new))
    return text


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def answers(address):
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True


class DescriptorProgram(Program):
    """A program whose descriptor 0 is a listening socket."""

    def __init__(self, name, argv, directory, listener):
        self.name = name
        self.good_exits = (0,)
        self.stderr_path = Path(directory) / f"{name}.stderr"
        self.expect_exit = False
        self.checked = 0
        with open(self.stderr_path, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *map(str, argv)],
                stdin=listener, stdout=log, stderr=log, cwd=directory, env=environment())
        running_programs.append(self)


class Site(Stack):
    """A stack whose web server is one of the four, mounted at a path: "" for the root."""

    # Servers that start processes without root's rights need to reach what is in the directory.
    opens_directory = False
    own_responder = False  # the web server starts it

    def __init__(self, mount="", **options):
        self.mount = mount
        # A key that is not known makes each process write a line to stderr when it starts.
        options.setdefault("config", {"litellm_settings": {"drop_params": True},
                                      "respool": {"max_queue": 10_000_000}})
        options.setdefault("children", 8)
        options.setdefault("responder", not self.own_responder)
        self.address = None
        super().__init__(**options)
        if self.address:
            self.client = Client(self.address, prefix=f"{self.mount}/v1")

    def start_redis(self):
        if self.opens_directory:
            self.directory.chmod(0o755)
        super().start_redis()

    def installed_program(self):
        """The directory of a respool.fcgi that every user may run."""
        programs = self.directory / "respool"
        if not programs.exists():
            programs.mkdir()
            shutil.copy(BUILD / "respool.fcgi", programs)
        return programs

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def error_log(self):
        return (self.directory / "web.error").read_text(errors="replace")

    def responder_log(self):
        """Where the messages of the responder's processes are."""
        return self.responder.stderr()

    def reload_web(self):
        """Has the web server read its configuration again without losing a request."""
        self.web.send_signal(self.reload_signal)


NGINX = """
daemon off;
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/web.error;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {directory}/nginx-body;
    proxy_temp_path {directory}/nginx-proxy;
    fastcgi_temp_path {directory}/nginx-fastcgi;
    uwsgi_temp_path {directory}/nginx-uwsgi;
    scgi_temp_path {directory}/nginx-scgi;
    include {directory}/deployed.conf;
}}
"""


class NginxSite(Site):
    reload_signal = 1  # SIGHUP

    def start_web(self):
        nginx = need("nginx")
        path = self.directory / "http.sock"
        replacements = {"/run/respool/fcgi.sock": self.directory / "fcgi.sock",
                        "listen 80;": f"listen unix:{path};"}
        if self.mount:
            replacements["location / {"] = f"location {self.mount}/ {{"
        self.write("deployed.conf", deploy_file("nginx.conf", replacements))
        main = self.write("nginx.conf", NGINX.format(
            directory=self.directory, user="user root;" if os.geteuid() == 0 else ""))
        self.web = self.start("nginx", [nginx, "-c", main, "-e", self.directory / "web.error"])
        await_socket(self.web, path)
        self.address = path


LIGHTTPD = """
server.modules = ( )
server.document-root = "{directory}/www"
server.bind = "{directory}/http.sock"
server.errorlog = "{directory}/web.error"
server.upload-dirs = ( "{directory}" )
server.feature-flags += ( "server.graceful-shutdown-timeout" => 5 )
include "{directory}/deployed.conf"
"""


class LighttpdSite(Site):
    """With a responder that runs by itself."""

    reload_signal = 10  # SIGUSR1
    file = "lighttpd-socket.conf"

    def replacements(self):
        return {SOCKET: self.directory / "fcgi.sock"}

    def start_web(self):
        lighttpd = need("lighttpd")
        (self.directory / "www").mkdir(exist_ok=True)
        path = self.directory / "http.sock"
        replacements = self.replacements()
        if self.mount:
            replacements['( "/" =>'] = f'( "{self.mount}" =>'
        self.write("deployed.conf", deploy_file(self.file, replacements))
        main = self.write("lighttpd.conf", LIGHTTPD.format(directory=self.directory))
        self.web = self.start("lighttpd", [lighttpd, "-D", "-f", main], good_exits=(0, 1))
        await_socket(self.web, path)
        self.address = path


class LighttpdSpawnSite(LighttpdSite):
    """With responders that lighttpd starts."""

    file = "lighttpd-spawn.conf"
    own_responder = True

    def responder_log(self):
        return self.web.stderr()

    def replacements(self):
        return {PROGRAM: self.installed_program(), CONFIG: self.config_path,
                "/run/lighttpd/respool.sock": self.directory / "spawned.sock"}


APACHE = """
ServerRoot {directory}
ServerName localhost
PidFile {directory}/apache.pid
Listen 127.0.0.1:{port}
ErrorLog {directory}/web.error
Mutex file:{directory} default
DefaultRuntimeDir {directory}
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule reqtimeout_module {modules}/mod_reqtimeout.so
{loaded}
StartServers 1
MinSpareThreads 2
ThreadsPerChild 16
MaxRequestWorkers 32
Include {directory}/deployed.conf
"""

MOD_FCGID = """
LoadModule alias_module {modules}/mod_alias.so
LoadModule fcgid_module {modules}/mod_fcgid.so
FcgidIPCDir {directory}/ipc
FcgidProcessTableFile {directory}/fcgid.shm
"""

MOD_PROXY_FCGI = """
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_fcgi_module {modules}/mod_proxy_fcgi.so
"""


class ApacheProxySite(Site):
    """With a responder that runs by itself."""

    reload_signal = 10  # SIGUSR1
    opens_directory = True
    file = "apache-proxy_fcgi.conf"
    loaded = MOD_PROXY_FCGI
    mount_points = ("ProxyPass /", "fcgi://respool/", "<Location /")

    def replacements(self):
        return {SOCKET: self.directory / "fcgi.sock"}

    def prepare(self, account):
        """Makes what the server's user (None if Apache is not started by root) needs."""
        (self.directory / "fcgi.sock").chmod(0o666)

    def await_reload(self, count):
        """Waits for the end of the count-th reload."""
        wait_until(lambda: self.error_log().count("resuming normal operations") > count, 15,
                   "Apache to reload")

    def start_web(self):
        apache = need("apache2")
        modules = Path("/usr/lib/apache2/modules")
        if not (modules / "mod_fcgid.so").exists():
            pytest.skip("mod_fcgid is not installed")
        user = ""
        account = None
        if os.geteuid() == 0:  # Apache does not serve as root
            account = pwd.getpwnam("nobody")
            user = f"User nobody\nGroup {grp.getgrgid(account.pw_gid).gr_name}"
        self.prepare(account)
        loaded = self.loaded.format(directory=self.directory, modules=modules)
        for _ in range(5):
            port = free_port()
            replacements = {**self.replacements(), "*:80": f"127.0.0.1:{port}"}
            if self.mount:
                for point in self.mount_points:
                    replacements[point] = f"{point.rstrip('/')}{self.mount}/"
            self.write("deployed.conf", deploy_file(self.file, replacements))
            main = self.write("apache.conf", APACHE.format(
                directory=self.directory, port=port, modules=modules, user=user, loaded=loaded))
            # It sends SIGTERM to its whole group, and may be hit by it itself.
            self.web = self.start("apache2", [apache, "-f", main, "-D", "FOREGROUND"],
                                  good_exits=(0, -signal.SIGTERM))
            self.address = ("127.0.0.1", port)
            if wait_until(lambda: answers(self.address) or not self.web.alive(), 15, "Apache") \
                    and self.web.alive():
                return
            self.web.wait()
            self.programs.remove(self.web)
        raise ProgramFailed("no free port for Apache:\n" + self.web.stderr())


class ApacheSite(ApacheProxySite):
    """With responders that mod_fcgid starts."""

    own_responder = True
    file = "apache-mod_fcgid.conf"
    loaded = MOD_FCGID
    mount_points = ("ScriptAlias /",)

    def replacements(self):
        return {PROGRAM: self.installed_program(), CONFIG: self.config_path,
                "/etc/respool/apache-keys.conf": self.directory / "keys.conf"}

    def prepare(self, account):
        (self.directory / "ipc").mkdir()
        if account:
            os.chown(self.directory / "ipc", account.pw_uid, account.pw_gid)
        name = "RESPOOL_TEST_MASTER_KEY"
        self.write("keys.conf", f"FcgidInitialEnv {name} {environment()[name]}")

    def responder_log(self):
        return self.error_log()


class SpawnFcgiSite(LighttpdSite):
    """lighttpd, and responders that deploy/spawn-fcgi.sh starts."""

    opens_directory = True
    way = "plain"

    def start_responder(self):
        need("spawn-fcgi")
        if self.way == "multiwatch":
            need("multiwatch")
        sockets = self.directory / "run"
        sockets.mkdir()
        script = self.write("spawn-fcgi.sh", deploy_file("spawn-fcgi.sh", {
            f"program={PROGRAM}": f"program={self.installed_program()}",
            f"config={CONFIG}": f"config={self.config_path}",
            f"socket={SOCKET}": f"socket={sockets}/fcgi.sock"}))
        self.responder = self.start("spawn-fcgi", ["sh", script, self.way])
        await_socket(self.responder, sockets / "fcgi.sock")

    def replacements(self):
        return {SOCKET: self.directory / "run" / "fcgi.sock"}


class Load:
    """Clients that create, poll and delete without a pause, on a new connection each time."""

    def __init__(self, client, threads=3):
        self.client = client
        self.stop = threading.Event()
        self.done = 0
        self.failures = []
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]

    def request(self, what, call):
        try:
            reply = call()
        except (OSError, http.client.HTTPException) as error:
            reply = error
        if getattr(reply, "status", None) == 200:
            self.done += 1
            return reply
        self.failures.append(f"{what}: {reply!r}")
        if len(self.failures) > 20:
            self.stop.set()
        return None

    def run(self):
        body = {"model": "m", "input": "x", "background": True}
        while not self.stop.is_set():
            created = self.request("create", lambda: self.client.post_create(body))
            if created is None:
                continue
            response_id = created.json()["id"]
            self.request("poll", lambda: self.client.get_response(response_id))
            self.request("delete", lambda: self.client.delete(response_id))

    @contextlib.contextmanager
    def running(self):
        for thread in self.threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in self.threads:
                thread.join(30)
