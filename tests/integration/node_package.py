"""OpenAI's SDK for Node: a package without dependencies, fetched once for a run of the tests.

node/package.json says which version, and the digest of its tarball. $RESPOOL_NODE_MODULES may name
a directory that has the package already, of that version or another one. As a program, with a
directory: fetches the package unless it is there, and prints what $RESPOOL_NODE_MODULES may name.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from npm import Unavailable, main, npm, why_not
from npm import kept as kept_at

NODE = Path(__file__).resolve().parent / "node"
PINNED = json.loads((NODE / "package.json").read_text())
PACKAGE = "openai"
OLDEST_NODE = int(re.search(r"\d+", PINNED["engines"]["node"])[0])
NPM_SECONDS = 90


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
    reason = why_not(target, install)
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
    wanted = f"{PACKAGE}@{PINNED['dependencies'][PACKAGE]}"
    npm(directory, "pack", wanted, "--ignore-scripts", seconds=NPM_SECONDS, purpose=f"get {wanted}")
    tarballs = list(Path(directory).glob("*.tgz"))
    if len(tarballs) != 1:
        raise Unavailable(f"npm cannot get {wanted}: it made {len(tarballs)} tarballs")
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
    return kept_at(Path(directory) / f"{PACKAGE}-{PINNED['dependencies'][PACKAGE]}", install)


if __name__ == "__main__":
    main(kept)
