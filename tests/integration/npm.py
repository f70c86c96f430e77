"""What tests have npm fetch: once for a run, or once for all runs."""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SETTINGS = ["--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
            "--fetch-timeout=15000", "--no-update-notifier", "--loglevel=error"]


class Unavailable(Exception):
    """What is wanted cannot be had here. The text says why."""


def npm(directory, *command, seconds, purpose):
    """Runs npm in the directory. purpose says what for, as "get this". Returns what it said."""
    program = shutil.which("npm")
    if program is None:
        raise Unavailable("npm is not installed")
    try:
        done = subprocess.run([program, *command, *SETTINGS], cwd=directory, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not {purpose} within {seconds} s") from None
    assert "EINTEGRITY" not in done.stderr, done.stderr
    if done.returncode != 0:
        said = "; ".join(done.stderr.strip().splitlines()[:3])
        raise Unavailable(f"npm cannot {purpose}: {said or f'exit status {done.returncode}'}")
    return done.stdout


def why_not(target, install):
    """
    Has the target installed, and returns why it cannot be, or "". All processes of a run ask for the
    same target: one of them installs it, the others wait for it.
    """
    outcome = target.with_name(f"{target.name}.outcome")
    with open(target.with_name(f"{target.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not outcome.exists():
            try:
                install(target)
                outcome.write_text("")
            except Unavailable as reason:
                outcome.write_text(str(reason))
        return outcome.read_text()


def kept(target, install):
    """Has it installed where it is kept from one run to the next. Returns the target."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as partial:
            install(Path(partial) / target.name)
            (Path(partial) / target.name).rename(target)
    return target


def main(keep):
    """For a program with a directory as its argument: prints what keep makes of that."""
    try:
        print(keep(sys.argv[1]))
    except Unavailable as reason:
        sys.exit(str(reason))
