"""The configurations in litellm/: what a LiteLLM proxy's documentation shows, in our own words."""

import copy
import re
from pathlib import Path

import yaml

from harness import Client, Stack, free_port, run_program

DIRECTORY = Path(__file__).resolve().parent / "litellm"
FILES = sorted(path.name for path in DIRECTORY.glob("*.yaml"))

MASTER = "sk-weaver-1"
NORTH, SOUTH, REDIS_PASSWORD = "sk-north-7d2a", "sk-south-90be", "wool-and-silk"
VARIABLES = {
    "SPOOL_NORTH_KEY": NORTH, "SPOOL_SOUTH_KEY": SOUTH, "SPOOL_REDIS_PASSWORD": REDIS_PASSWORD}

# Where the files have the provider and Redis.
PROVIDER = "http://127.0.0.1:8000"
PORT = re.compile(r"^( +port: \"?)6379\b", re.M)

POLLED = """  cache: true
  cache_params: { type: redis, host: 127.0.0.1, port: PORT }
  responses: { background_mode: { polling_via_cache: all } }
"""


def text_of(name):
    return (DIRECTORY / name).read_text()


def with_polling(text):
    """A file that says nothing of a cache, and what has background responses polled."""
    if re.search(r"^  cache:", text, re.M):
        return text
    if "\nlitellm_settings:\n" in text:
        return text.replace("\nlitellm_settings:\n", f"\nlitellm_settings:\n{POLLED}")
    return f"{text}\nlitellm_settings:\n{POLLED}"


class FileStack(Stack):
    """
    A stack with one of the files, in which only the addresses of the provider and of Redis are
    others, and which is polled.
    """

    def __init__(self, name, password=None, key=MASTER, **options):
        self.name = name
        self.port = free_port()
        self.redis_settings = ("--port", str(self.port), "--bind", "127.0.0.1")
        if password:
            self.redis_settings += ("--requirepass", password)
        self.password = password
        super().__init__(**options)
        self.client = Client(self.directory / "http.sock", key=key)

    def here(self, text):
        """With the addresses of this stack."""
        text = text.replace(PROVIDER, self.upstream.base.removesuffix("/v1"))
        return PORT.sub(rf"\g<1>{self.port}", text).replace("PORT", str(self.port))

    def write_config(self):
        for path in DIRECTORY.glob("included/*.yaml"):
            copied = self.directory / "included" / path.name
            copied.parent.mkdir(exist_ok=True)
            copied.write_text(self.here(path.read_text()))
        text = self.here(with_polling(text_of(self.name)))
        self.config_path.write_text(text)
        self.config = yaml.safe_load(text)

    @property
    def key_prefix(self):
        name = self.config["litellm_settings"].get("cache_params", {}).get("namespace")
        return f"{name}:" if name else ""

    def start_redis(self):
        super().start_redis()
        if self.password:
            self.redis.connection_pool.connection_kwargs["password"] = self.password


# What -t says.

WARNING = re.compile(r"warning: .*?\.yaml(?::\d+)?: (?:(?P<key>[\w.\[\]]+): )?(?P<text>.*)")


def warnings_in(text):
    """What is warned of, as pairs of a key, "" if there is none, and what is said of it."""
    found = []
    for line in text.splitlines():
        warning = WARNING.search(line)
        assert warning, line
        found.append((re.sub(r"\[\d*\]", "", warning["key"] or ""), warning["text"]))
    return found


def checked(program, path):
    """Has the program check the file, which has to be good. Returns its warnings."""
    result = run_program(program, "-t", "-c", path)
    assert result.returncode == 0, result.stderr.decode()
    return warnings_in(result.stderr.decode())


def keys_of(value, path=""):
    """The paths of all keys in what was read from a file; lists have no part in a path."""
    if isinstance(value, dict):
        for name, member in value.items():
            below = f"{path}.{name}" if path else str(name)
            yield below
            yield from keys_of(member, below)
    elif isinstance(value, list):
        for member in value:
            yield from keys_of(member, path)


def all_keys():
    """The paths of all keys in all files."""
    paths = [*DIRECTORY.glob("*.yaml"), *DIRECTORY.glob("included/*.yaml")]
    return {key for path in paths for key in keys_of(copy.deepcopy(yaml.safe_load(
        path.read_text())))}
