"""How OpenAI's SDK is fetched for the tests with it, and what happens where it cannot be."""

import io
import re
import tarfile

import pytest

import node_package

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch):
    monkeypatch.delenv("RESPOOL_NODE_MODULES", raising=False)


def skip_reason(shared):
    with pytest.raises(pytest.skip.Exception) as skipped:
        node_package.modules(shared)
    return str(skipped.value)


def tarball(path, **files):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_version_and_digest_are_exact():
    assert re.fullmatch(r"\d+\.\d+\.\d+", node_package.PINNED["dependencies"]["openai"])
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", node_package.PINNED["integrity"]["openai"])


def test_without_npm_the_tests_are_skipped(tmp_path, fake_npm):
    fake_npm(None)
    assert "npm is not installed" in skip_reason(tmp_path)


def test_npm_that_fails_is_asked_once_and_its_words_are_told(tmp_path, fake_npm):
    fake_npm(f"echo asked >>{tmp_path}/asked; echo 'error ENOTFOUND' >&2; exit 1")
    assert "npm cannot get openai@" in skip_reason(tmp_path)
    assert "error ENOTFOUND" in skip_reason(tmp_path)
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_npm_that_hangs_is_not_waited_for(tmp_path, fake_npm, monkeypatch):
    monkeypatch.setattr(node_package, "NPM_SECONDS", 0.2)
    fake_npm("exec sleep 60")
    assert "within 0.2 s" in skip_reason(tmp_path)


def test_tarball_with_another_digest_is_refused(tmp_path, fake_npm):
    made = tarball(tmp_path / "made", **{"package/index.mjs": "process.exit()"})
    fake_npm(f"cp {made} openai.tgz")
    with pytest.raises(AssertionError, match="another sha512"):
        node_package.modules(tmp_path)
    assert not (tmp_path / "node_modules").exists()


def test_unpacking_leaves_out_types_and_stays_in_its_directory(tmp_path):
    made = tarball(tmp_path / "made", **{
        "package/index.mjs": "a", "package/lib/b.mjs": "b", "package/index.d.ts": "c",
        "package/../../outside.mjs": "d", "package/package.json": "{}"})
    node_package.unpack(made, tmp_path / "x" / "openai")
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"made", "x/openai/index.mjs", "x/openai/lib/b.mjs", "x/openai/package.json"}


def test_given_directory_is_used(tmp_path, fake_npm, monkeypatch):
    fake_npm("exit 1")
    (tmp_path / "given" / "openai").mkdir(parents=True)
    (tmp_path / "given" / "openai" / "index.mjs").touch()
    monkeypatch.setenv("RESPOOL_NODE_MODULES", str(tmp_path / "given"))
    assert node_package.modules(tmp_path) == tmp_path / "given"


def test_given_directory_without_the_package_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("RESPOOL_NODE_MODULES", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="expected a directory that has openai"):
        node_package.modules(tmp_path)
