"""Clients for Node with all that they depend on, installed once for a run of the tests.

node/clients/package-lock.json says which versions, and the digest of each. $RESPOOL_CLIENT_MODULES
may name a node_modules directory that has them already. As a program, with a directory: installs
them below it unless they are there, and prints what $RESPOOL_CLIENT_MODULES may name.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

CLIENTS = Path(__file__).resolve().parent / "node" / "clients"
LISTS = ("package.json", "package-lock.json")
PACKAGES = tuple(json.loads((CLIENTS / "package.json").read_text())["dependencies"])
NPM_SECONDS = 240


class Unavailable(Exception):
    """The packages cannot be had here. The text says why."""


def modules(shared):
    """
    The directory that has the packages, or the test is skipped. All processes of a run name the
    same directory as shared: one of them installs the packages, the others wait for it.
    """
    given = os.environ.get("RESPOOL_CLIENT_MODULES")
    if given:
        return check_given(Path(given))
    target = Path(shared) / "clients"
    outcome = Path(shared) / "clients.outcome"
    with open(Path(shared) / "clients.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not outcome.exists():
            try:
                install(target)
                outcome.write_text("")
            except Unavailable as reason:
                outcome.write_text(str(reason))
        reason = outcome.read_text()
    if reason:
        pytest.skip(f"{reason}; RESPOOL_CLIENT_MODULES may name a node_modules directory that has "
                    f"what {CLIENTS.name}/package.json says")
    return target / "node_modules"


def check_given(given):
    missing = [name for name in PACKAGES if not (given / name / "package.json").is_file()]
    if missing:
        pytest.fail(f"RESPOOL_CLIENT_MODULES is '{given}': expected a node_modules directory that "
                    f"has {', '.join(missing)}", pytrace=False)
    return given.resolve()


def install(target):
    """None of the packages' code runs."""
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed")
    target.mkdir(parents=True)
    for name in LISTS:
        shutil.copy(CLIENTS / name, target)
    # What is to be installed is asked for all at once, and takes long to fail.
    npm(target, "view", "zod", "version")
    npm(target, "ci", "--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund")


def npm(directory, *command):
    settings = ["--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
                "--fetch-timeout=15000", "--no-update-notifier", "--loglevel=error"]
    try:
        done = subprocess.run(["npm", *command, *settings], cwd=directory, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=NPM_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not install the clients within {NPM_SECONDS} s") from None
    assert "EINTEGRITY" not in done.stderr, done.stderr
    if done.returncode != 0:
        said = "; ".join(done.stderr.strip().splitlines()[:3])
        raise Unavailable(
            f"npm cannot install the clients: {said or f'exit status {done.returncode}'}")


def kept(directory):
    """Where the packages are in a directory that keeps them from one run to the next."""
    digest = hashlib.sha256(b"".join((CLIENTS / name).read_bytes() for name in LISTS))
    target = Path(directory) / f"clients-{digest.hexdigest()[:16]}"
    if not target.exists():
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as partial:
            install(Path(partial) / target.name)
            (Path(partial) / target.name).rename(target)
    return target / "node_modules"


if __name__ == "__main__":
    try:
        print(kept(sys.argv[1]))
    except Unavailable as reason:
        sys.exit(str(reason))
