"""OpenAI's SDK for Node: a package without dependencies, fetched once for a run of the tests.

node/package.json says which version, and the digest of its tarball. $RESPOOL_NODE_MODULES may name
a directory that has the package already, of that version or another one. As a program, with a
directory: fetches the package unless it is there, and prints what $RESPOOL_NODE_MODULES may name.
"""

import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

NODE = Path(__file__).resolve().parent / "node"
PINNED = json.loads((NODE / "package.json").read_text())
PACKAGE = "openai"
OLDEST_NODE = int(re.search(r"\d+", PINNED["engines"]["node"])[0])
NPM_SECONDS = 90


class Unavailable(Exception):
    """The package cannot be had here. The text says why."""


def node():
    """The path of node, or the test is skipped."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("node is not installed")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30).stdout
    major = re.match(r"v(\d+)", version)
    if not major or int(major[1]) < OLDEST_NODE:
        pytest.skip(f"{path} is {version.strip()!r}, expected v{OLDEST_NODE} or newer")
    return path


def modules(shared):
    """
    The directory that has the package, or the test is skipped. All processes of a run name the same
    directory as shared: one of them fetches the package, the others wait for it.
    """
    given = os.environ.get("RESPOOL_NODE_MODULES")
    if given:
        if not (Path(given) / PACKAGE / "index.mjs").is_file():
            pytest.fail(f"RESPOOL_NODE_MODULES is {given!r}: expected a directory that has "
                        f"{PACKAGE}/index.mjs", pytrace=False)
        return Path(given).resolve()
    target = Path(shared) / "node_modules"
    outcome = Path(shared) / "node_modules.outcome"
    with open(Path(shared) / "node_modules.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not outcome.exists():
            try:
                install(target)
                outcome.write_text("")
            except Unavailable as reason:
                outcome.write_text(str(reason))
        reason = outcome.read_text()
    if reason:
        pytest.skip(f"{reason}; RESPOOL_NODE_MODULES may name a directory that has {PACKAGE}")
    return target


def install(target):
    with tempfile.TemporaryDirectory() as directory:
        tarball = fetch(directory)
        check_integrity(tarball)
        unpack(tarball, target / PACKAGE)


def fetch(directory):
    """Has npm put the package's tarball into the directory. None of the package's code runs."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("npm is not installed")
    wanted = f"{PACKAGE}@{PINNED['dependencies'][PACKAGE]}"
    command = [npm, "pack", wanted, "--ignore-scripts", "--prefer-offline", "--fetch-retries=1",
               "--fetch-retry-mintimeout=1000", "--fetch-timeout=15000", "--no-update-notifier",
               "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=NPM_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not get {wanted} within {NPM_SECONDS} s") from None
    tarballs = list(Path(directory).glob("*.tgz"))
    if done.returncode != 0 or len(tarballs) != 1:
        said = "; ".join(done.stderr.strip().splitlines()[:3])
        raise Unavailable(f"npm cannot get {wanted}: {said or f'exit status {done.returncode}'}")
    return tarballs[0]


def check_integrity(tarball):
    algorithm, _, expected = PINNED["integrity"][PACKAGE].partition("-")
    digest = base64.b64encode(hashlib.new(algorithm, tarball.read_bytes()).digest()).decode()
    assert digest == expected, f"{tarball.name} has another {algorithm} than node/package.json says"


def unpack(tarball, target):
    """Takes from the tarball what node reads, and leaves out types and source maps."""
    with tarfile.open(tarball) as archive:
        for member in archive:
            path = Path(*Path(member.name).parts[1:])
            if not member.isfile() or ".." in path.parts:
                continue
            if path.suffix == ".mjs" or path.name in ("package.json", "LICENSE"):
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                (target / path).write_bytes(archive.extractfile(member).read())


def kept(directory):
    """Where the package is in a directory that keeps it from one run to the next."""
    target = Path(directory) / f"{PACKAGE}-{PINNED['dependencies'][PACKAGE]}"
    if not target.exists():
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as partial:
            install(Path(partial) / target.name)
            (Path(partial) / target.name).rename(target)
    return target


if __name__ == "__main__":
    try:
        print(kept(sys.argv[1]))
    except Unavailable as reason:
        sys.exit(str(reason))
