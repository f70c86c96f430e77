"""How clients for Node are installed for tests with them, and what happens where they cannot be."""

import json
import re

import pytest

import client_packages
import npm
from client_packages import CLIENTS, PACKAGES

pytestmark = pytest.mark.once

WANTED = json.loads((CLIENTS / "package.json").read_text())
LOCKED = json.loads((CLIENTS / "package-lock.json").read_text())["packages"]
# Has npm make what is wanted, as far as the tests look.
MAKE = " && ".join(f"mkdir -p node_modules/{name} && echo '{{}}' >node_modules/{name}/package.json"
                   for name in PACKAGES)


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch):
    monkeypatch.delenv("RESPOOL_CLIENT_MODULES", raising=False)


def skip_reason(shared):
    with pytest.raises(pytest.skip.Exception) as skipped:
        client_packages.modules(shared)
    return str(skipped.value)


def test_versions_are_exact():
    for name, version in WANTED["dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert LOCKED[f"node_modules/{name}"]["version"] == version


def test_each_package_has_a_digest_and_no_address():
    for path, package in LOCKED.items():
        assert "resolved" not in package, path
        if path:
            assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"]), path


def test_each_client_is_made_for_the_oldest_node_of_the_tests():
    oldest = re.search(r"\d+", WANTED["engines"]["node"])[0]
    for name in PACKAGES:
        engines = LOCKED[f"node_modules/{name}"].get("engines", {"node": f">={oldest}"})
        assert int(re.match(r">= ?(\d+)", engines["node"])[1]) <= int(oldest), name


def test_without_npm_the_tests_are_skipped(tmp_path, fake_npm):
    fake_npm(None)
    assert "npm is not installed" in skip_reason(tmp_path)


def test_npm_that_fails_is_asked_once_and_its_words_are_told(tmp_path, fake_npm):
    fake_npm(f"echo asked >>{tmp_path}/asked; echo 'error ENOTFOUND' >&2; exit 1")
    assert "npm cannot install the clients" in skip_reason(tmp_path)
    assert "error ENOTFOUND" in skip_reason(tmp_path)
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_npm_that_hangs_is_not_waited_for(tmp_path, fake_npm, monkeypatch):
    monkeypatch.setattr(client_packages, "NPM_SECONDS", 0.2)
    fake_npm("exec sleep 60")
    assert "within 0.2 s" in skip_reason(tmp_path)


def test_package_with_another_digest_is_refused(tmp_path, fake_npm):
    fake_npm("echo 'npm error code EINTEGRITY' >&2; exit 1")
    with pytest.raises(AssertionError, match="EINTEGRITY"):
        client_packages.modules(tmp_path)


def test_npm_installs_what_is_locked_once_and_runs_nothing_of_it(tmp_path, fake_npm):
    fake_npm(f'echo "$@" >>{tmp_path}/asked; cat package-lock.json >locked; {MAKE}')
    found = client_packages.modules(tmp_path)
    assert client_packages.modules(tmp_path) == found
    probed, installed = (tmp_path / "asked").read_text().splitlines()
    assert probed.startswith("view zod ")
    assert installed.startswith("ci --ignore-scripts ")
    assert (found.parent / "locked").read_bytes() == (CLIENTS / "package-lock.json").read_bytes()


def test_kept_packages_are_installed_once(tmp_path, fake_npm):
    fake_npm(f"echo asked >>{tmp_path}/asked; {MAKE}")
    found = client_packages.kept(tmp_path / "kept")
    assert client_packages.kept(tmp_path / "kept") == found
    assert (tmp_path / "asked").read_text() == "asked\n" * 2
    assert client_packages.check_given(found) == found


def test_packages_that_cannot_be_kept_leave_nothing(tmp_path, fake_npm):
    fake_npm("exit 1")
    with pytest.raises(npm.Unavailable, match="exit status 1"):
        client_packages.kept(tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_given_directory_is_used(tmp_path, fake_npm, monkeypatch):
    fake_npm("exit 1")
    for name in PACKAGES:
        (tmp_path / "node_modules" / name).mkdir(parents=True)
        (tmp_path / "node_modules" / name / "package.json").touch()
    monkeypatch.setenv("RESPOOL_CLIENT_MODULES", str(tmp_path / "node_modules"))
    assert client_packages.modules(tmp_path) == tmp_path / "node_modules"


def test_given_directory_without_the_packages_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("RESPOOL_CLIENT_MODULES", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="expected a node_modules directory that has "):
        client_packages.modules(tmp_path)
