"""The rights of respool's user in Redis: as the manual has them, so that it is held to be true."""

import re
import shlex
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
MANUAL = TOP / "doc" / "respool.yaml.5"
KEYS = "litellm:polling:*"


def documented_rights(sentinel=False):
    """What follows "ACL SETUSER respool" in the manual, a list of words."""
    source = MANUAL.read_text().replace("\\e\n", "")
    where = "-p 26379 " if sentinel else ""
    [command] = re.findall(rf"^redis-cli {where}ACL SETUSER respool (.*)$", source, re.M)
    return shlex.split(command)


def rights(password, namespace=None, sentinel=False):
    """The same with the test's password and namespace."""
    def adapted(word):
        if word == ">password":
            return f">{password}"
        if namespace and word[0] in "~&" and not sentinel:
            return f"{word[0]}{namespace}:{word[1:]}"
        return word

    return [adapted(word) for word in documented_rights(sentinel)]
