"""Clients for Node with all that they depend on, installed once for a run of the tests.

node/clients/package-lock.json says which versions, and the digest of each. $RESPOOL_CLIENT_MODULES
may name a node_modules directory that has them already. As a program, with a directory: installs
them below it unless they are there, and prints what $RESPOOL_CLIENT_MODULES may name.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from npm import kept as kept_at
from npm import main, npm, why_not

CLIENTS = Path(__file__).resolve().parent / "node" / "clients"
LISTS = ("package.json", "package-lock.json")
PACKAGES = tuple(json.loads((CLIENTS / "package.json").read_text())["dependencies"])
NPM_SECONDS = 240


def modules(shared):
    """
    The directory that has the packages, or the test is skipped. All processes of a run name the
    same directory as shared: one of them installs the packages, the others wait for it.
    """
    given = os.environ.get("RESPOOL_CLIENT_MODULES")
    if given:
        return check_given(Path(given))
    target = Path(shared) / "clients"
    reason = why_not(target, install)
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
    target.mkdir(parents=True)
    for name in LISTS:
        shutil.copy(CLIENTS / name, target)
    asked = {"seconds": NPM_SECONDS, "purpose": "install the clients"}
    # What is to be installed is asked for all at once, and takes long to fail.
    npm(target, "view", "zod", "version", **asked)
    npm(target, "ci", "--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund", **asked)


def kept(directory):
    """Where the packages are in a directory that keeps them from one run to the next."""
    digest = hashlib.sha256(b"".join((CLIENTS / name).read_bytes() for name in LISTS))
    target = Path(directory) / f"clients-{digest.hexdigest()[:16]}"
    return kept_at(target, install) / "node_modules"


if __name__ == "__main__":
    main(kept)
