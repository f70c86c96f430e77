"""Runs one scenario with an SDK for Python and tells its test what it saw, in lines of JSON.

The first line of stdin is {file, scenario, client, request}: which function of which file beside
this one to call, the options of the client of OpenAI's SDK, and what the scenario is about. Lines
after it are what the test says meanwhile: hear(). Lines of stdout are {said} for each say(), and at
the end {result} or {failure}.
"""

import importlib
import json
import sys
import traceback


def hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit(1)  # the test is gone
    return json.loads(line)


def write(message):
    print(json.dumps(message), flush=True)


def say(value):
    write({"said": value})


def client_of(options):
    """None without options."""
    if options is None:
        return None
    from openai import OpenAI

    return OpenAI(**options)


def main():
    task = hear()
    try:
        scenario = getattr(importlib.import_module(task["file"]), task["scenario"])
        write({"result": scenario(client_of(task["client"]), task["request"])})
    except Exception:
        write({"failure": traceback.format_exc()})


if __name__ == "__main__":
    main()
