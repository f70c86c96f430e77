"""The ways in which Redis is operated, for tests that are the same in all of them."""

import contextlib

from harness import BUILD, Stack
from redis_cluster import Cluster
from redis_sentinel import Sentinels
from redis_servers import Access, found_servers

NAMESPACE = "my-app"
KEYS = f"~{NAMESPACE}:litellm:polling:* &{NAMESPACE}:litellm:polling:* +@all -@dangerous +role +info"
USER = {"username": "respool", "password": "of-redis-5b1e"}


def tls_is_built():
    return b"built without TLS to Redis" not in (BUILD / "respoold").read_bytes()


def login(directory, address):
    return Access(**USER, rules=KEYS)


def login_and_tls(directory, address):
    return Access.with_tls(directory, address, **USER)


class Place:
    """A kind of servers, with how it is reached. start() begins it in a directory."""

    def __init__(self, name, kind, program=None, namespace=None, **options):
        self.name = name
        self.kind = kind
        self.program = program
        self.namespace = namespace
        self.options = options

    def start(self, directory):
        return self.kind(directory, program=self.program, **self.options)

    def config(self):
        """What a stack's configuration has of it beside what its servers know."""
        return {"litellm_settings": {"cache_params": {"namespace": self.namespace}}}


@contextlib.contextmanager
def stack_at(place, directory, config, **options):
    """A stack with Redis as the place has it; if that is None, with one server on a socket."""
    if place is None:
        servers = None
    else:
        servers = place.start(directory)
        config = {**config, **place.config()}
    stack = Stack(config, servers=servers, **options)
    yield stack
    stack.close()
    if servers:
        servers.close()


def places():
    """All of them with the program that is meant, the most different ones with others too."""
    meant, *others = found_servers()
    found = []
    for name, kind in (("sentinel", Sentinels), ("cluster", Cluster)):
        found += [Place(name, kind, meant),
                  Place(f"{name} password", kind, meant, access=Access(password="of-redis-77c0")),
                  Place(f"{name} user namespace", kind, meant, NAMESPACE, access=login)]
        if tls_is_built():
            found.append(Place(f"{name} user tls", kind, meant, access=login_and_tls))
        found += [Place(f"{name} user namespace {program}", kind, program, NAMESPACE, access=login)
                  for program in others]
    return found
