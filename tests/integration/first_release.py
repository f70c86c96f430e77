"""The programs of the first release, built from the history of this repository.

$RESPOOL_UPGRADE_FROM may name another commit, such as one on the way from there to here.
"""

import fcntl
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from harness import BUILD, TOP

FIRST_RELEASE = "14a703108aa741d6b4df924947a9bb12ed166064"  # 0.1.0
NAMES = ("respool.fcgi", "respoold")


def programs():
    """The directory that has them, or the test is skipped. They are built once, and kept."""
    commit = commit_of(os.environ.get("RESPOOL_UPGRADE_FROM", FIRST_RELEASE))
    place = BUILD / "first-release" / commit[:12]
    place.parent.mkdir(exist_ok=True)
    with open(place.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            build(commit, place)
    return place


def git(*arguments):
    # Whoever runs the tests need not own the tree.
    return ["git", "-C", str(TOP), "-c", "safe.directory=*", *arguments]


def commit_of(name):
    if not (TOP / ".git").exists():
        pytest.skip("the sources have no history")
    for program in ("git", "autoreconf", "make"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    found = subprocess.run(git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"),
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if found.returncode != 0:
        pytest.skip(f"the history here does not go back to {name[:12]}")
    return found.stdout.strip()


def build(commit, place):
    """Its programs come to that directory together, or not at all."""
    with tempfile.TemporaryDirectory(dir=place.parent) as directory:
        tree = Path(directory) / "tree"
        unpack(commit, tree)
        for step in (["./autogen.sh"], ["./configure", "--quiet"],
                     ["make", f"-j{os.cpu_count()}", *NAMES]):
            run(step, tree)
        built = Path(directory) / "programs"
        built.mkdir()
        for name in NAMES:
            shutil.move(tree / name, built)
        built.rename(place)


def unpack(commit, tree):
    with subprocess.Popen(git("archive", commit), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as archive:
        with tarfile.open(fileobj=archive.stdout, mode="r|") as files:
            files.extractall(tree)
    assert archive.returncode == 0


def run(command, tree):
    # What a make around the tests has said to its own programs is not meant for this one.
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["nice", *command], cwd=tree, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-5000:]}"
