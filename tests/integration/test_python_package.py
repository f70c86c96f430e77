"""Where the SDKs for Python are looked for, and what happens where they are not."""

import sys

import pytest

import python_package

pytestmark = pytest.mark.once


def test_python_of_the_tests_is_asked_if_none_is_named(monkeypatch):
    monkeypatch.delenv("RESPOOL_SDK_PYTHON", raising=False)
    assert python_package.interpreter("json") == sys.executable


def test_python_that_is_named_is_asked(monkeypatch):
    monkeypatch.setenv("RESPOOL_SDK_PYTHON", sys.executable)
    assert python_package.interpreter("json", "pytest") == sys.executable


def test_without_a_package_the_test_is_skipped_and_told_which_one_to_install(monkeypatch):
    monkeypatch.setenv("RESPOOL_SDK_PYTHON", sys.executable)
    with pytest.raises(pytest.skip.Exception) as skipped:
        python_package.interpreter("json", "no_such_package", "nor_this")
    assert f"{sys.executable} has no no_such_package, nor_this; " in str(skipped.value)
    assert (python_package.PYTHON / "requirements.txt").is_file()


def test_python_that_is_not_there_fails_the_test(monkeypatch):
    monkeypatch.setenv("RESPOOL_SDK_PYTHON", "/nonexistent/python")
    with pytest.raises(pytest.fail.Exception, match="No such file"):
        python_package.interpreter("json")
