"""SDKs for Python: packages that are not fetched, but looked for.

$RESPOOL_SDK_PYTHON may name a Python that has them, as of a virtual environment into which
python/requirements.txt was installed. Else they are looked for beside pytest.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parent / "python"
# Ends with the names of those that are not there.
LOOK = """import importlib.util, sys
sys.exit(", ".join(name for name in sys.argv[1:] if not importlib.util.find_spec(name)) or 0)
"""


def interpreter(*packages):
    """The path of a Python that has the packages, or the test is skipped."""
    python = os.environ.get("RESPOOL_SDK_PYTHON") or sys.executable
    try:
        done = subprocess.run([python, "-c", LOOK, *packages], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
    except OSError as error:
        pytest.fail(f"RESPOOL_SDK_PYTHON is {python!r}: {error.strerror}", pytrace=False)
    if done.returncode != 0:
        pytest.skip(f"{python} has no {done.stderr.strip() or 'SDKs'}; RESPOOL_SDK_PYTHON may name "
                    f"a Python with what {PYTHON.name}/requirements.txt says")
    return python
