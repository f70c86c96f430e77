"""With the rights in Redis that the manual names, all works; and it names none too many."""

import json
import os
import re
import signal

import pytest

from events import delta, message_stream, opening
from following import create_stream, events_after, follow
from harness import QUEUE, Stack, output_text, wait_until
from store_operator import StoreOperator
from redis_cluster import JOBS_SLOT, Cluster, Mover, slot_of
from redis_rights import KEYS, TOP, documented_rights, rights
from redis_sentinel import Sentinels
from redis_servers import Access
from upstream import Hang, Script, json_error

PASSWORD = "of-redis-5b1e"
SENTINEL_PASSWORD = "of-sentinels-77c0"

TWO_DEPLOYMENTS = [
    {"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 60}},
    {"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 61}},
]


class Limited(Stack):
    """
    The programs are the manual's user. Servers keep an append-only file, so that nobody asks for
    what that user may not know.
    """

    redis_settings = ("--appendonly", "yes")

    def __init__(self, config=None, namespace=None, left_out=(), servers=None):
        super().__init__(config, supervisor=False, responder=False, web=False, servers=servers)
        if servers is None:
            self.log_in([word for word in rights(PASSWORD, namespace) if word not in left_out],
                        namespace)

    def log_in(self, rules, namespace):
        self.redis.execute_command("ACL", "SETUSER", "respool", *rules)
        params = {"username": "respool", "password": PASSWORD, "namespace": namespace}
        self.config["litellm_settings"]["cache_params"] |= params
        self.write_config()

    def refused(self):
        """What Redis has refused to whom, since it began."""
        servers = [server.client for server in self.servers.all] if self.servers else [self.redis]
        return [(entry["reason"], entry["object"], entry["username"])
                for server in servers for entry in server.acl_log()]

    def assert_nothing_was_refused(self):
        assert self.refused() == []
        for program in (self.responder, self.supervisor):
            assert "NOPERM" not in program.stderr()


@pytest.fixture
def limited(directory):
    """Makes a Limited; make_servers(directory) starts other servers than one Redis."""
    made = []

    def make(*args, make_servers=None, **options):
        servers = make_servers(directory) if make_servers else None
        made.extend([servers] if servers else [])
        stack = Limited(*args, servers=servers, **options)
        made.append(stack)
        stack.start_all()
        return stack

    yield make
    for one in reversed(made):
        one.close()


def run_to_the_end(stack):
    stack.upstream.script("m", message_stream(["Hello"]))
    response = stack.client.create("m")
    final = stack.client.wait_terminal(response["id"])
    assert (final["status"], output_text(final)) == ("completed", "Hello")
    assert stack.client.input_items(response["id"]).status == 200
    return response["id"]


def continue_and_delete(stack, response_id):
    response = stack.client.create("m", previous_response_id=response_id)
    assert stack.client.wait_terminal(response["id"])["status"] == "completed"
    for one in (response_id, response["id"]):
        assert stack.client.delete(one).status == 200
        assert stack.client.get_response(one).status == 404


def follow_and_cancel(stack):
    stack.upstream.script("s", [*opening(), delta("Hello"), Hang()])
    follower, response_id = create_stream(stack.client, "s")
    with follower:
        follower.text_upto("Hello")
        with follow(stack.client, response_id) as other:
            other.text_upto("Hello")
            assert stack.client.cancel(response_id).status == 200
            assert [event.type for event in other.rest()][-1] == "response.failed"
        assert [event.type for event in follower.rest()][-1] == "response.failed"
    assert events_after(stack.client, response_id, 3)[-1].is_terminal


def lose_a_worker(stack):
    stack.upstream.script("k", [*opening(), delta("Hel"), Hang()], message_stream(["Hello"]))
    response = stack.client.create("k")
    stack.client.wait_for(response["id"], output_text, "some text")
    [worker] = stack.supervisor.children()
    os.kill(worker, signal.SIGKILL)
    assert output_text(stack.client.wait_terminal(response["id"])) == "Hello"


def give_back_and_take_again(stack):
    """The supervisor ends while a job runs and another is being waited for."""
    stack.upstream.script("b", [*opening(), delta("Hel"), Hang()], message_stream(["Hello"]))
    response = stack.client.create("b")
    stack.client.wait_for(response["id"], output_text, "some text")
    stack.stop(stack.supervisor)
    waiting = stack.client.create("m")
    assert stack.client.cancel(waiting["id"]).json()["status"] == "cancelled"
    stack.start_supervisor()
    assert output_text(stack.client.wait_terminal(response["id"])) == "Hello"


def find_nonsense_in_the_queue(stack):
    stack.redis.lpush(stack.key(QUEUE), "no id")
    wait_until(lambda: "no id" in stack.supervisor.stderr(), 10, "the worker to say so")


def fail_and_rest(stack):
    """With two deployments, all know of a failure."""
    stack.upstream.script("f", json_error(500, {"message": "no"}))
    response = stack.client.create("f")
    assert stack.client.wait_terminal(response["id"])["status"] == "failed"


def pass_through_and_forget(stack):
    item = b'{"type": "reasoning", "encrypted_content": "gAAA"}'
    body = b'{"id": "resp_1", "object": "response", "status": "completed", "output": [%b]}' % item
    headers = {"Content-Type": "application/json"}
    stack.upstream.script("p", Script([body], headers=headers))
    stack.upstream.script("/v1/responses/resp_1", Script([body], headers=headers))
    for _ in range(2):
        reply = stack.client.post_create({"model": "p", "input": [json.loads(item)]})
        assert reply.status == 200, reply
    assert stack.client.get_response("resp_1").status == 200
    assert stack.client.delete("resp_1").status == 200


def operate(stack, response_id):
    operator = StoreOperator(stack)
    assert operator.json("show", response_id)["id"] == response_id
    for words in (("metrics",), ("list", *[None] * 6), ("pause", "m"), ("resume", "m"),
                  ("retry", response_id), ("advise",), ("webhooks", 5),
                  ("redeliver", response_id), ("since", 60)):
        operator.text(*words)
    assert operator.ask("list", None, None, None, 1, 5, "unknown")[0] == "not_found"
    assert operator.ask("drain", "nobody", 1)[0] == "not_found"
    operator.close()


@pytest.mark.parametrize("namespace", [None, "my-app"])
def test_all_of_a_response_s_life_needs_no_more_than_the_manual_says(limited, namespace):
    stack = limited({"model_list": TWO_DEPLOYMENTS, "respool": {"drain_seconds": 0}}, namespace)
    assert stack.client.get("/health/readiness").status == 200
    operate(stack, run_to_the_end(stack))
    continue_and_delete(stack, run_to_the_end(stack))
    follow_and_cancel(stack)
    lose_a_worker(stack)
    give_back_and_take_again(stack)
    find_nonsense_in_the_queue(stack)
    fail_and_rest(stack)
    pass_through_and_forget(stack)
    users = {client["user"] for client in stack.redis.client_list()}
    assert users == {"default", "respool"}
    stack.assert_nothing_was_refused()


def access(password, **options):
    """That of servers on which respool's user has what the manual says."""
    rules = [word for word in rights(password, **options) if word not in ("on", f">{password}")]
    return Access("respool", password, " ".join(rules))


def cluster(directory):
    return Cluster(directory, replicas=0, access=access(PASSWORD),
                   settings=["appendonly yes", "appendfsync no"])


def sentinels(directory):
    return Sentinels(directory, replicas=1, access=access(PASSWORD),
                     sentinel_access=access(SENTINEL_PASSWORD, sentinel=True),
                     settings=["appendonly yes", "appendfsync no"])


def test_in_a_cluster_whose_slots_move_the_same_rights_are_enough(limited):
    stack = limited({"respool": {"drain_seconds": 0}}, make_servers=cluster)
    mover = Mover(stack.servers, lambda: [
        JOBS_SLOT, *(slot_of(key) for key in stack.response_keys())])
    mover.start()
    try:
        continue_and_delete(stack, run_to_the_end(stack))
        follow_and_cancel(stack)
        lose_a_worker(stack)
        give_back_and_take_again(stack)
    finally:
        mover.stop()
    stack.assert_nothing_was_refused()


def test_with_sentinels_the_same_rights_are_enough_and_few_at_the_sentinels(limited):
    stack = limited({"respool": {"drain_seconds": 0}}, make_servers=sentinels)
    servers = stack.servers
    continue_and_delete(stack, run_to_the_end(stack))
    servers.plan_failover(servers.master())
    servers.await_health()
    wait_until(lambda: stack.client.get("/health/readiness").status == 200, 10, "the new master")
    follow_and_cancel(stack)
    lose_a_worker(stack)
    stack.assert_nothing_was_refused()


def test_another_database_needs_no_more(limited):
    stack = limited({"litellm_settings": {"cache_params": {"db": 3}}})
    run_to_the_end(stack)
    stack.assert_nothing_was_refused()


def test_without_the_rights_to_name_connections_and_to_ask_all_else_works(limited):
    stack = limited(left_out=("+client|setname", "+info"))
    run_to_the_end(stack)
    follow_and_cancel(stack)
    assert {thing for _, thing, _ in stack.refused()} <= {"client|setname", "info"}
    assert "NOPERM" not in stack.responder.stderr() + stack.supervisor.stderr()


def test_the_user_reaches_no_other_keys_and_channels(limited):
    stack = limited()
    for command in (["GET", "other"], ["GET", "x:litellm:polling:y"], ["PUBLISH", "other", "x"],
                    ["SUBSCRIBE", "other"], ["FLUSHALL"], ["KEYS", "*"], ["CONFIG", "GET", "*"],
                    ["EVAL", "return 1", "0"], ["ACL", "WHOAMI"], ["CLIENT", "KILL", "x"]):
        said = stack.redis.execute_command("ACL", "DRYRUN", "respool", *command)
        assert b"no permissions" in said, (command, said)
    allowed = stack.redis.execute_command("ACL", "DRYRUN", "respool", "GET", KEYS[:-1] + "x")
    assert allowed in (b"OK", True)


def test_the_manual_names_no_right_that_the_sources_do_not_use():
    store = TOP / "common" / "store"
    sources = "".join(path.read_text() for path in store.glob("*.c"))
    scripts = "".join(path.read_text() for path in store.glob("scripts/**/*.lua"))
    used = set(re.findall(r'"([A-Za-z-]+)[" \\]', sources)) | set(
        re.findall(r"\bp?call\('([A-Z]+)'", scripts))
    for sentinel in (False, True):
        named = [word.removeprefix("+") for word in documented_rights(sentinel) if word[0] == "+"]
        assert named == sorted(set(named))
        for right in named:
            for word in right.split("|"):
                assert {word, word.upper()} & used, f"nothing in common/store uses {right}"


def test_the_manual_names_each_command_of_the_scripts():
    scripts = "".join(
        path.read_text() for path in (TOP / "common" / "store" / "scripts").rglob("*.lua"))
    named = documented_rights()
    for command in set(re.findall(r"\bp?call\('([A-Z]+)'", scripts)):
        assert f"+{command.lower()}" in named, f"scripts use {command}"
