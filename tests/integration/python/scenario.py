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


def main():
    task = hear()
    try:
        from openai import OpenAI

        scenario = getattr(importlib.import_module(task["file"]), task["scenario"])
        client = OpenAI(**task["client"]) if task["client"] else None
        write({"result": scenario(client, task["request"])})
    except Exception:
        write({"failure": traceback.format_exc()})


if __name__ == "__main__":
    main()
