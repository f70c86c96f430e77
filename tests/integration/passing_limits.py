"""Keys with limits, for requests that are passed through."""

import pytest

from harness import ALICE, wait_until
from passing import answer, response_object

JOBS = "litellm:polling:{jobs}:"
EMBEDDINGS = "/v1/embeddings"
COST = 0.25
USAGE = {"input_tokens": 12, "output_tokens": 30, "total_tokens": 42}
LIMITS = {
    "three": {"rpm": 3},
    "spender": {"tpm": 1000},
    "guesser": {"tpm": 1000},
    "pair": {"max_parallel": 2},
    "poor": {"max_budget": 20, "budget_duration": "1h"},
    "cut": {"max_parallel": 1},
    "stuck": {"max_parallel": 1},
    "free": {},
    "streams": {},
    "talker": {},
    "unlucky": {},
    "leaver": {},
    "translated": {},
    "impatient": {},
    "packed": {},
}


def key_of(name):
    return f"sk-test-key-of-{name}-0123456789"


def deployment(name, model, cost=None, **params):
    costs = {"input_cost_per_token": cost, "output_cost_per_token": cost} if cost else {}
    return {"model_name": name, "model_info": costs, "litellm_params": {
        "model": model, "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", **params}}


def configuration(limits, **respool):
    keys = [{"name": name, "key": key_of(name), **own} for name, own in limits.items()]
    return {
        "model_list": [deployment("*", "openai/*"), deployment("dear", "openai/dear", COST),
                       deployment("chat", "openai/chat", api="chat"),
                       deployment("messages", "openai/messages", COST, api="messages")],
        "respool": {"api_keys": [{"name": "alice", "key": ALICE}, *keys], **respool},
    }


STACK = {"config": configuration(LIMITS), "supervisor": False, "children": 4}


@pytest.fixture
def as_tenant(stack):
    return lambda name: stack.client.with_key(key_of(name))


def create(client, model, path="/v1/responses", **fields):
    return client.request("POST", path, body={"model": model, "input": "x", **fields})


def answered(**usage):
    return answer(response_object(usage={**USAGE, **usage}))


def use(stack, tenant):
    """Of each label requests, failed, cancelled, input, output, cost."""
    rows = {}
    for key in stack.redis.scan_iter(f"{JOBS}usage:*"):
        for whose, line in stack.redis.hgetall(key).items():
            name, label = whose.decode().split("\x1f")
            if name == tenant:
                rows[label] = [float(number) for number in line.split()]
    return rows


def await_use(stack, tenant, row, label="*", timeout=10):
    wait_until(lambda: use(stack, tenant).get(label) == row, timeout,
               f"{tenant}'s use to be {row}, not {use(stack, tenant)}")


def running(stack, tenant):
    return int(stack.redis.hget(f"{JOBS}shares", f"running\x1f{tenant}") or 0)


def held(stack):
    """What relays hold: of each the tenant."""
    return [whose.split(b"\x1f")[0].decode() for key in stack.redis.scan_iter(f"{JOBS}passages:*")
            for whose in stack.redis.hvals(key)]


def await_nothing_held(stack, tenant, timeout=10):
    wait_until(lambda: tenant not in held(stack) and running(stack, tenant) == 0, timeout,
               f"nothing of {tenant} to be held")


def tokens_left(stack, tenant):
    return int(stack.redis.hget(f"{JOBS}rates", tenant).split()[1]) / 1000


def assert_limited(reply, limit, code="rate_limit_exceeded"):
    assert reply.status == 429, reply
    assert reply.error()["code"] == code
    assert limit in reply.error()["message"]
    return reply


def limited_stack(make_stack, limits, **options):
    stack = make_stack(configuration({"web": limits}), supervisor=False, children=2, **options)
    if options.get("responder", True):
        await_connected(stack)
    return stack


def await_connected(stack):
    wait_until(lambda: stack.redis.zcard(f"{JOBS}relays") == 1, 10, "the relay's first beat")
