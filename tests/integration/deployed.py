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
                     free_port, merged, running_programs, wait_until)

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


def on_free_port(stack, start):
    """start(port) starts a program that listens there. Returns the program and its address."""
    for _ in range(5):
        address = ("127.0.0.1", free_port())
        program = start(address[1])
        if wait_until(lambda: answers(address) or not program.alive(), 15, program.name) \
                and program.alive():
            return program, address
        program.wait()
        stack.programs.remove(program)
    raise ProgramFailed(f"{program.name} does not come to listen:\n{program.stderr()}")


def installed_program(stack):
    """The directory of a respool.fcgi that every user may run."""
    programs = stack.directory / "respool"
    if not programs.exists():
        programs.mkdir()
        shutil.copy(BUILD / "respool.fcgi", programs)
    return programs


NGINX = """
daemon off;
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/web.error;
events {{ worker_connections 768; }}
http {{
    access_log off;
    client_body_temp_path {directory}/nginx-body;
    proxy_temp_path {directory}/nginx-proxy;
    fastcgi_temp_path {directory}/nginx-fastcgi;
    uwsgi_temp_path {directory}/nginx-uwsgi;
    scgi_temp_path {directory}/nginx-scgi;
    include {directory}/nginx-http.conf;
}}
"""


def start_nginx(stack, http):
    """nginx with this text in its http block. Returns the program and its address."""
    nginx = need("nginx")
    main = stack.directory / "nginx.conf"
    main.write_text(NGINX.format(directory=stack.directory,
                                 user="user root;" if os.geteuid() == 0 else ""))

    def start(port):
        (stack.directory / "nginx-http.conf").write_text(
            http.replace("listen 80;", f"listen 127.0.0.1:{port};"))
        return stack.start("nginx", [nginx, "-c", main, "-e", stack.directory / "web.error"])

    return on_free_port(stack, start)


APACHE = """
ServerRoot {directory}
ServerName localhost
PidFile {directory}/apache.pid
Listen 127.0.0.1:{port}
ErrorLog {directory}/web.error
DefaultRuntimeDir {directory}
{user}
{modules}
StartServers 2
MinSpareThreads 25
MaxSpareThreads 75
ThreadsPerChild 25
MaxRequestWorkers 150
Include {directory}/apache-site.conf
"""

MOD_FCGID = """
FcgidIPCDir {directory}/ipc
FcgidProcessTableFile {directory}/fcgid.shm
"""

# The keys that the configuration of the tests takes from the environment.
KEYS = ("RESPOOL_TEST_MASTER_KEY", "RESPOOL_TEST_PROVIDER_KEY")


def keys_for_mod_fcgid():
    return "".join(f"FcgidInitialEnv {name} {environment()[name]}\n" for name in KEYS)


def prepare_mod_fcgid(directory, account):
    """Its part of the configuration, with a directory for its sockets."""
    (directory / "ipc").mkdir(exist_ok=True)
    if account:
        os.chown(directory / "ipc", account.pw_uid, account.pw_gid)
    return MOD_FCGID.format(directory=directory)


def start_apache(stack, site, *modules):
    """Apache with this text in its configuration. Returns the program and its address."""
    apache = need("apache2")
    directory = stack.directory
    modules = ("mpm_event", "authz_core", "reqtimeout", *modules)
    loaded = ""
    for module in modules:
        path = Path(f"/usr/lib/apache2/modules/mod_{module}.so")
        if not path.exists():
            pytest.skip(f"mod_{module} is not installed")
        loaded += f"LoadModule {module}_module {path}\n"
    user = ""
    account = None
    if os.geteuid() == 0:  # Apache does not serve as root
        account = pwd.getpwnam("nobody")
        user = f"User nobody\nGroup {grp.getgrgid(account.pw_gid).gr_name}"
        directory.chmod(0o755)
    if "fcgid" in modules:
        loaded += prepare_mod_fcgid(directory, account)

    def start(port):
        (directory / "apache-site.conf").write_text(site.replace("*:80", f"127.0.0.1:{port}"))
        main = directory / "apache.conf"
        main.write_text(APACHE.format(directory=directory, port=port, user=user, modules=loaded))
        # It sends SIGTERM to its whole group, and may be hit by it itself.
        return stack.start("apache2", [apache, "-f", main, "-D", "FOREGROUND"],
                           good_exits=(0, -signal.SIGTERM))

    return on_free_port(stack, start)


class Site(Stack):
    """A stack whose web server is one of the four, mounted at a path: "" for the root."""

    own_responder = False  # the web server starts it
    sees_clients_leave = True  # also when there is nothing to send to them
    # Whether the processes are children of one parent of ours, which counts for max_passthrough.
    bounds_passthrough = True

    def __init__(self, mount="", **options):
        self.mount = mount
        # A key that is not known makes each process write a line to stderr when it starts.
        options["config"] = merged({"litellm_settings": {"strange_key": False},
                                    "respool": {"max_queue": 10_000_000}}, options.get("config"))
        options.setdefault("children", 8)
        options.setdefault("responder", not self.own_responder)
        self.address = None
        super().__init__(**options)
        if self.address:
            self.client = Client(self.address, prefix=f"{self.mount}/v1")

    def replacements(self):
        """What is to be replaced in the file, beside addresses and the mount point."""
        return {SOCKET: self.directory / "fcgi.sock"}

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


class NginxSite(Site):
    reload_signal = signal.SIGHUP

    def start_web(self):
        replacements = self.replacements()
        if self.mount:
            replacements["location / {"] = f"location {self.mount}/ {{"
        self.web, self.address = start_nginx(self, deploy_file("nginx.conf", replacements))


LIGHTTPD = """
server.modules = ( )
server.document-root = "{directory}/www"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{directory}/web.error"
server.upload-dirs = ( "{directory}" )
server.feature-flags += ( "server.graceful-shutdown-timeout" => 5 )
include "{directory}/deployed.conf"
"""


class LighttpdSite(Site):
    """With a responder that runs by itself."""

    reload_signal = signal.SIGUSR1
    file = "lighttpd-socket.conf"

    def start_web(self):
        lighttpd = need("lighttpd")
        (self.directory / "www").mkdir(exist_ok=True)
        replacements = self.replacements()
        if self.mount:
            replacements['( "/" =>'] = f'( "{self.mount}" =>'
        self.write("deployed.conf", deploy_file(self.file, replacements))

        def start(port):
            main = self.write("lighttpd.conf",
                              LIGHTTPD.format(directory=self.directory, port=port))
            return self.start("lighttpd", [lighttpd, "-D", "-f", main], good_exits=(0, 1))

        self.web, self.address = on_free_port(self, start)


class LighttpdSpawnSite(LighttpdSite):
    """With responders that lighttpd starts."""

    file = "lighttpd-spawn.conf"
    own_responder = True

    def responder_log(self):
        return self.web.stderr()

    def replacements(self):
        return {PROGRAM: installed_program(self), CONFIG: self.config_path,
                "/run/lighttpd/respool.sock": self.directory / "spawned.sock"}


class ApacheProxySite(Site):
    """With a responder that runs by itself."""

    reload_signal = signal.SIGUSR1
    sees_clients_leave = False
    file = "apache-proxy_fcgi.conf"
    modules = ("proxy", "proxy_fcgi")
    mount_points = ("ProxyPass /", "fcgi://respool/", "<Location /")

    def await_reload(self, count):
        """Waits for the end of the count-th reload."""
        wait_until(lambda: self.error_log().count("resuming normal operations") > count, 15,
                   "Apache to reload")

    def prepare(self):
        (self.directory / "fcgi.sock").chmod(0o666)

    def start_web(self):
        self.prepare()
        replacements = self.replacements()
        if self.mount:
            for point in self.mount_points:
                replacements[point] = f"{point.rstrip('/')}{self.mount}/"
        self.web, self.address = start_apache(
            self, deploy_file(self.file, replacements), *self.modules)


class ApacheSite(ApacheProxySite):
    """With responders that mod_fcgid starts."""

    own_responder = True
    bounds_passthrough = False
    file = "apache-mod_fcgid.conf"
    modules = ("alias", "fcgid")
    mount_points = ("ScriptAlias /",)

    def replacements(self):
        return {PROGRAM: installed_program(self), CONFIG: self.config_path,
                "/etc/respool/apache-keys.conf": self.directory / "keys.conf"}

    def prepare(self):
        self.write("keys.conf", keys_for_mod_fcgid())

    def responder_log(self):
        return self.error_log()


class SpawnFcgiSite(LighttpdSite):
    """lighttpd, and responders that deploy/spawn-fcgi.sh starts."""

    way = "plain"

    def start_responder(self):
        need("spawn-fcgi")
        if self.way == "multiwatch":
            need("multiwatch")
        self.directory.chmod(0o755)  # they run without root's rights
        sockets = self.directory / "run"
        sockets.mkdir()
        script = self.write("spawn-fcgi.sh", deploy_file("spawn-fcgi.sh", {
            f"program={PROGRAM}": f"program={installed_program(self)}",
            f"config={CONFIG}": f"config={self.config_path}",
            f"socket={SOCKET}": f"socket={sockets}/fcgi.sock"}))
        self.responder = self.start("spawn-fcgi", ["sh", script, self.way])
        await_socket(self.responder, sockets / "fcgi.sock")

    def replacements(self):
        return {SOCKET: self.directory / "run" / "fcgi.sock"}


def spawn_fcgi_site(way):
    return type("SpawnFcgiSite", (SpawnFcgiSite,),
                {"way": way, "bounds_passthrough": way == "prefork"})


# A site for each file for a web server, and one for each way of spawn-fcgi.sh.
SERVERS = {
    "apache-mod_fcgid": ApacheSite,
    "apache-proxy_fcgi": ApacheProxySite,
    "lighttpd": LighttpdSite,
    "lighttpd-spawn": LighttpdSpawnSite,
    "nginx": NginxSite,
}
SPAWNED = {f"spawn-fcgi-{way}": spawn_fcgi_site(way) for way in ("plain", "prefork", "multiwatch")}


@contextlib.contextmanager
def sites():
    """Gives a function that makes sites, all of which are closed at the end."""
    with contextlib.ExitStack() as stack:
        def make(kind, *args, **options):
            site = kind(*args, **options)
            stack.callback(site.close)
            return site

        yield make


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
