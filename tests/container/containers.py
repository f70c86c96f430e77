"""Runs the services of deploy/compose.yaml as a container engine would, by namespaces and mounts.

All share this process's network, which is a namespace with nothing but its loopback: so ports are
those of the file, and the names of services lead to 127.0.0.1. respool runs in the image that was
built; nginx and Redis are this machine's, on a root of their own.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
IMAGE_ROOT = Path(os.environ["RESPOOL_CONTAINER_ROOT"])
IMAGE = json.loads(Path(os.environ["RESPOOL_CONTAINER_IMAGE"]).read_text())["Docker"]["config"]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]

sys.path.insert(0, str(TOP / "tests" / "integration"))

from harness import children_of, title_of, wait_until  # noqa: E402  (needs the path above)

# $1 is the root, $2 a list of further mounts as a script. The rest is what to run in it.
ENTER = """
set -e
root=$1 mounts=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom; do
	: >dev/$device
	mount --bind /dev/$device dev/$device
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
eval "$mounts"
mount -o remount,bind,ro "$root"
exec chroot . "$@"
"""


def as_user(user):
    uid, gid = user.split(":")
    return ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs",
            "--bounding-set=-all", "--inh-caps=-all", "--"]


def is_ours(service):
    return "build" in service


def substituted(value, variables):
    """As compose does it."""
    return re.sub(r"\$\{(\w+):?[-?]?[^}]*\}", lambda match: variables[match[1]], value)


def machine_root(path):
    """A root with this machine's programs, for the services that have other images."""
    path.mkdir()
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (path / name).symlink_to(os.readlink(f"/{name}"))
    for name in ("usr", "dev", "proc", "var/lib/nginx", "var/log/nginx", "data", "tmp", "run"):
        (path / name).mkdir(parents=True)
    (path / "etc").mkdir()
    for name in ("passwd", "group", "ld.so.cache", "nsswitch.conf"):
        shutil.copy(f"/etc/{name}", path / "etc")
    shutil.copytree("/etc/nginx", path / "etc" / "nginx", symlinks=True)
    return path


class Container:
    """A running service."""

    def __init__(self, name, directory, variables, trace=False):
        self.name = name
        self.service = SERVICES[name]
        self.directory = directory
        self.user = IMAGE["User"] if is_ours(self.service) else self.service["user"]
        self.environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        if is_ours(self.service):
            self.environment = dict(pair.split("=", 1) for pair in IMAGE["Env"])
        for key, value in self.service.get("environment", {}).items():
            self.environment[key] = substituted(value, variables)
        self.environment.update(variables.get("extra", {}))
        for key, value in self.service.get("sysctls", {}).items():
            Path("/proc/sys", *key.split(".")).write_text(str(value))
        self.trace_path = directory / f"{name}.trace"
        self.log_path = directory / f"{name}.log"
        self.process = subprocess.Popen(
            [*self.tracer(trace), "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
             ENTER, "sh", str(self.root()), self.mounts(), *as_user(self.user),
             *self.service["command"]],
            stdin=subprocess.DEVNULL, stdout=self.log_path.open("ab"), stderr=subprocess.STDOUT,
            env=self.environment)

    def tracer(self, trace):
        if not trace:
            return []
        return ["strace", "-D", "-f", "-qq", "-e", "trace=%file", "-o", str(self.trace_path)]

    def root(self):
        if is_ours(self.service):
            return IMAGE_ROOT
        root = self.directory / f"{self.name}.root"
        return root if root.exists() else machine_root(root)

    def mounts(self):
        """The service's volumes and temporary file systems, each where the root has a place for it."""
        lines = []
        root = self.root()
        if not is_ours(self.service):
            lines.append("mount --bind -o ro /usr usr")
        for path in self.service.get("tmpfs", []):
            lines.append(f"mount -t tmpfs -o mode=1777 tmpfs {path[1:]}")
        hosts = self.directory / "hosts"
        hosts.write_text("127.0.0.1 localhost " + " ".join(SERVICES) + "\n")
        for volume in [f"{hosts}:/etc/hosts:ro", *self.service.get("volumes", [])]:
            source, target, *mode = volume.split(":")
            inner = root / target[1:]
            source = self.source(source, inner)
            if source.is_dir():
                inner.mkdir(parents=True, exist_ok=True)
            else:
                inner.parent.mkdir(parents=True, exist_ok=True)
                inner.touch()
            lines.append(f"mount --bind {source} {target[1:]}")
            if mode == ["ro"]:
                lines.append(f"mount -o remount,bind,ro {target[1:]}")
        return "\n".join(lines)

    def source(self, name, inner):
        """A file of the tree, or a volume, which gets the owner of the directory that it covers."""
        if name.startswith(("/", ".")):
            return (DEPLOY / name).resolve()
        volume = self.directory / f"{name}.volume"
        if not volume.exists():
            volume.mkdir()
            owner = inner.stat() if is_ours(self.service) else None
            uid, gid = (owner.st_uid, owner.st_gid) if owner else map(int, self.user.split(":"))
            os.chown(volume, uid, gid)
        return volume

    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def first(self):
        """The process that is the first one in the container; None before it runs the program."""
        children = children_of(self.process.pid)
        if children and self.service["command"][0] in title_of(children[0]).split("\0")[0]:
            return children[0]
        return None

    def await_start(self):
        def started():
            assert self.process.poll() is None, f"{self.name} has ended:\n{self.log()}"
            return self.first

        return wait_until(started, 15, f"{self.name} to start")

    def run(self, *command, user=None, timeout=20):
        """Runs a command inside, as an engine's exec does."""
        return subprocess.run(
            ["nsenter", "--target", str(self.first), "--mount", "--pid", "--root", "--wd", "--",
             *([] if user == "root" else as_user(user or self.user)), *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
            env=self.environment)

    def health_command(self):
        kind, *command = self.service["healthcheck"]["test"]
        return ["sh", "-c", *command] if kind == "CMD-SHELL" else command

    def check_health(self):
        return self.run(*self.health_command())

    def await_health(self, timeout=20):
        said = ""

        def healthy():
            nonlocal said
            assert self.process.poll() is None, f"{self.name} has ended:\n{self.log()}"
            result = self.check_health()
            said = result.stdout + result.stderr
            return result.returncode == 0

        try:
            wait_until(healthy, timeout, f"{self.name} to be healthy", interval=0.1)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; it says: {said}\n{self.log()}") from None

    def processes(self):
        """The process ids, here, of all in the container."""
        namespace = os.readlink(f"/proc/{self.first}/ns/pid")
        found = []
        for path in Path("/proc").glob("[0-9]*/ns/pid"):
            try:
                if os.readlink(path) == namespace:
                    found.append(int(path.parts[2]))
            except OSError:
                pass
        return found

    def kill(self, number):
        os.kill(self.first, number)

    def wait(self, timeout=30):
        return self.process.wait(timeout)

    def end(self):
        """All of its processes have ended when the first one has."""
        if self.process.poll() is None:
            for pid in children_of(self.process.pid) or [self.process.pid]:
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
