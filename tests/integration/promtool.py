"""Prometheus' promtool, of Debian's package prometheus: on the PATH, or where $RESPOOL_PROMTOOL says."""

import os
import shutil
import subprocess

import pytest


def check(what, *arguments, input=None):
    """Fails if "promtool check WHAT" finds anything wrong. Skips the test without promtool."""
    promtool = os.environ.get("RESPOOL_PROMTOOL") or shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool, of Debian's package prometheus, is not installed")
    checked = subprocess.run([promtool, "check", what, *arguments], input=input, text=True,
                             capture_output=True, timeout=60, check=False)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout + checked.stderr
    return checked.stdout
