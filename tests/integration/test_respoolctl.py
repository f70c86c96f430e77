"""respoolctl against real servers: each command, its exit status and its JSON."""

import hashlib
import json
import re
import signal

import pytest

from console import Console
from events import Stream, delta, message_stream, opening
from harness import (ADMIN, Client, environment, job_key, kill, output_text, response_key,
                     run_program, wait_until)
from passing import response_object
from upstream import Cut, Gate, json_error

UNKNOWN = "litellm_poll_00000000-0000-4000-8000-000000000000"
STACK = {"config": {"respool": {"failed_request_ttl": 600, "lease_seconds": 3}}}


@pytest.fixture
def console(stack):
    return Console(stack)


def completed_one(stack, model):
    stack.upstream.script(model, message_stream(["Hello"]))
    response_id = stack.client.create(model)["id"]
    stack.client.wait_terminal(response_id)
    return response_id


def failed_one(stack, model):
    stack.upstream.script(model, json_error(400, {"error": {"message": "no", "code": "bad"}}))
    response_id = stack.client.create(model)["id"]
    assert stack.client.wait_terminal(response_id)["status"] == "failed"
    return response_id


def running_one(stack, model, gate, client=None):
    stack.upstream.script(model, [*opening(), delta("some"), gate, *message_stream(["x"])[-2:]])
    response_id = (client or stack.client).create(model)["id"]
    stack.client.with_key(client.key if client else stack.client.key).wait_for(
        response_id, lambda object: output_text(object) == "some", "its first text")
    return response_id


def start_one(stack, model, feed):
    """A response that grows by what is put into the feed."""
    stack.upstream.script(model, [*opening(), feed])
    return stack.client.create(model)["id"]


# What there is.


def test_status_tells_what_waits_and_runs(stack, console, model):
    gate = Gate()
    running_one(stack, model, gate)
    [row] = console.json("list", "--model", model)["data"]
    assert (row["status"], row["deployment"]) == ("in_progress", "openai/*")
    status = console.json("status")
    assert (status["queued"], status["in_progress"], status["workers"]) == (0, 1, 1)
    assert status["paused"] == [] and len(status["last_hour"]) == 60
    text = console.text("status")
    assert re.search(r"^queued +0$", text, re.M)
    assert re.search(r"^in progress +1$", text, re.M)
    assert re.search(r"^workers +1$", text, re.M)
    assert re.search(r"^last hour +\d+ created; ", text, re.M)
    gate.open()


def ids_of(console, *filters):
    return [row["id"] for row in console.json("list", *filters)["data"]]


def test_list_shows_those_that_fit_the_latest_first(stack, console, model):
    first, second = completed_one(stack, model), failed_one(stack, model)
    rows = console.json("list", "--model", model)["data"]
    assert [(row["id"], row["status"]) for row in rows] == [
        (second, "failed"), (first, "completed")]
    assert set(rows[0]) >= {"id", "tenant", "model", "status", "created_at", "age_seconds",
                            "attempts", "deployment"}
    page = console.json("list", "--model", model, "--limit", "1")
    assert page["has_more"] and [row["id"] for row in page["data"]] == [second]
    rest = console.json("list", "--model", model, "--after", second)
    assert not rest["has_more"] and [row["id"] for row in rest["data"]] == [first]
    assert ids_of(console, "--model", model, "--status=completed") == [first]
    head, row = console.text("list", "--model", model, "--tenant", "alice", "--limit",
                             "5", "--status", "failed").splitlines()
    assert head.split() == ["ID", "STATUS", "AGE", "TENANT", "MODEL", "TRIES", "DEPLOYMENT"]
    assert row.split()[:2] == [second, "failed"] and row.split()[3:5] == ["alice", model]
    assert head.index("STATUS") == row.index("failed")


def test_list_of_nothing_ends_with_1(console):
    assert console.complaint("list", "--tenant", "nobody") == "list: no response is like that"
    assert console.json("list", "--tenant", "nobody", status=1) == {"data": [], "has_more": False}
    assert UNKNOWN in console.complaint("list", "--after", UNKNOWN)


def test_list_is_cut_to_the_terminal_and_whole_in_a_pipe(stack, console, model):
    response_id = completed_one(stack, f"{model}-{'long' * 20}")
    status, text = console.start_on_terminal(
        "list", "--model", f"{model}-{'long' * 20}", columns=110).end()
    assert status == 0
    assert all(len(line) <= 110 for line in text.splitlines()), text
    assert response_id in text and "…" in text
    assert f"{model}-{'long' * 20}" in console.text("list", "--limit", "1")


def test_show_tells_all_about_one_response(stack, console, model):
    response_id = failed_one(stack, model)
    shown = console.json("show", response_id)
    assert (shown["id"], shown["status"], shown["can_retry"]) == (response_id, "failed", True)
    assert shown["response"] == stack.client.poll(response_id)
    text = console.text("show", response_id)
    assert re.search(r"^status +failed$", text, re.M)
    assert re.search(r"^tenant +alice$", text, re.M)
    assert re.search(r"^created +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \([\d.]+s ago\)$", text, re.M)
    assert re.search(r"^can retry +yes$", text, re.M)
    assert re.search(r"^because +\w+: ", text, re.M)
    assert "Hello" in console.text("show", completed_one(stack, model)).splitlines()[-1]


@pytest.mark.parametrize("command", ["show", "watch", "cancel", "retry"])
@pytest.mark.parametrize("response_id", [UNKNOWN, "resp_1", "x" * 200])
def test_what_is_not_there_is_named_and_ends_with_1(console, command, response_id):
    assert console.complaint(command, response_id) == (
        f"{response_id}: no such response, or not any more")


def test_workers_are_listed(stack, console):
    worker, = console.json("workers")
    assert worker["pid"] in stack.supervisor.children()
    head, row = console.text("workers").splitlines()
    assert head.split()[:3] == ["WORKER", "STATE", "STREAMS"]
    assert row.split()[:2] == [worker["worker"], "alive"]


# A text as it grows.


def test_watch_prints_what_is_new_and_ends_with_the_response(stack, console, model, feed):
    response_id = start_one(stack, model, feed)
    watch = console.start("watch", response_id)
    for text in ("The first", " and \x1b[1mthe second", " and the last"):
        feed.send(delta(text))
        watch.await_text(text)
    whole = "The first and \x1b[1mthe second and the last"
    feed.send(*message_stream([whole])[-4:])
    feed.finish()
    assert watch.end() == 0
    assert (watch.printed.decode(), watch.complained) == (whole + "\n", b"")


def test_watch_of_a_failed_response_ends_with_1_and_says_why(stack, console, model):
    response_id = failed_one(stack, model)
    result = console.run("watch", response_id)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.decode().startswith(f"respoolctl: {response_id}: failed: ")
    assert console.json("watch", response_id, status=1)["status"] == "failed"


def test_watch_begins_anew_with_an_answer_that_does(stack, console, model, feed):
    stack.upstream.script(model, [*opening(), delta("first try"), feed, Cut()],
                          message_stream(["the second"]))
    response_id = stack.client.create(model)["id"]
    watch = console.start("watch", response_id)
    watch.await_text("first try")
    feed.end()
    assert watch.end(30) == 0
    assert watch.printed == b"first try\nthe second\n"
    assert watch.complained.decode() == f"respoolctl: {response_id}: the answer begins anew\n"


def test_watch_ends_when_the_response_is_deleted(stack, console, model, feed):
    response_id = start_one(stack, model, feed)
    feed.send(delta("some"))
    watch = console.start("watch", response_id)
    watch.await_text("some")
    assert stack.client.delete(response_id).status == 200
    assert watch.end() == 1
    assert b"no such response" in watch.complained


def test_watch_lets_no_model_drive_the_terminal(stack, console, model):
    stack.upstream.script(model, message_stream(["a\x1b]0;title\x07\nb\u009b1m"]))
    response_id = stack.client.create(model)["id"]
    status, text = console.start_on_terminal("watch", response_id).end()
    assert (status, text) == (0, "a␛]0;title␇\nb\ufffd1m\n")


def test_what_an_answer_does_besides_writing_is_named(stack, console, model):
    call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "look_up",
            "arguments": "{}", "status": "completed"}
    stream = Stream().begin().item_added(call).item_done(call).message(["Hello"]).completed()
    stack.upstream.script(model, stream.events)
    response_id = stack.client.create(model)["id"]
    status, text = console.start_on_terminal("watch", response_id).end()
    assert (status, text) == (0, f"respoolctl: {response_id}: function_call look_up\nHello\n")
    assert console.text("watch", response_id) == "Hello\n"
    assert "steps       function_call look_up\n" in console.text("show", response_id)


def test_watch_of_one_of_litellm_s_shows_its_text(stack, console):
    response_id = "litellm_poll_11111111-2222-4333-8444-000000000001"
    answer = {**response_object("resp_1"), "id": response_id}
    stack.redis.set(response_key(response_id), json.dumps(answer), ex=60)
    assert console.run("watch", response_id).returncode == 0
    assert "another program" in console.text("show", response_id)


# What is done about it.


def test_cancel_cancels_each_that_is_named(stack, console, model):
    gate = Gate()
    ids = [running_one(stack, model, gate), running_one(stack, model, gate)]
    assert console.text("cancel", *ids) == f"{ids[0]} cancelled\n{ids[1]} cancelled\n"
    assert [stack.client.poll(one)["status"] for one in ids] == ["cancelled", "cancelled"]
    gate.open()


def test_cancel_says_what_it_could_not_cancel(stack, console, model):
    gate = Gate()
    running, ended = running_one(stack, model, gate), completed_one(stack, f"{model}-b")
    result = console.run("--json", "cancel", running, ended, UNKNOWN)
    assert result.returncode == 1
    assert json.loads(result.stdout) == {
        "cancelled": [running], "ended": [ended], "not_found": [UNKNOWN]}
    assert console.complaint("cancel", ended) == f"{ended}: it has ended already: completed"
    gate.open()


def test_cancel_of_one_of_litellm_s_leaves_its_object_cancelled(stack, console):
    response_id = "litellm_poll_11111111-2222-4333-8444-000000000002"
    answer = {**response_object("resp_1"), "id": response_id, "status": "in_progress"}
    stack.redis.set(response_key(response_id), json.dumps(answer), ex=60)
    assert console.json("cancel", response_id)["cancelled"] == [response_id]
    assert json.loads(stack.redis.get(response_key(response_id)))["status"] == "cancelled"


class TestBulk:
    @pytest.fixture
    def running(self, stack, model):
        gate = Gate()
        yield [running_one(stack, model, gate) for _ in range(2)]
        gate.open()

    def statuses(self, stack, ids):
        return {stack.client.poll(response_id)["status"] for response_id in ids}

    def test_it_says_how_many_and_wants_yes_where_nobody_types(
            self, stack, console, model, running):
        assert console.complaint("cancel", "--model", model) == (
            "cancel: 2 responses are like that, and nobody types: expected --yes")
        assert self.statuses(stack, running) == {"in_progress"}
        assert console.text("cancel", "--model", model, "--yes") == "2 cancelled, 0 had ended\n"
        assert self.statuses(stack, running) == {"cancelled"}

    @pytest.mark.parametrize("answer, status, after", [
        ("y", 0, "cancelled"), ("n", 1, "in_progress"), ("", 1, "in_progress")])
    def test_it_asks_on_a_terminal(self, stack, console, model, running, answer, status, after):
        asked = console.start_on_terminal("cancel", "--model", model, "--status", "in_progress")
        asked.await_text("Cancel 2 responses? [y/N] ")
        asked.type(answer)
        assert asked.end()[0] == status
        assert self.statuses(stack, running) == {after}

    def test_what_runs_and_what_waits_is_cancelled_and_no_other(
            self, stack, console, model, running):
        completed_one(stack, f"{model}-b")
        others = running_one(stack, model, Gate(), stack.client.with_key(
            stack.config["respool"]["api_keys"][1]["key"]))
        done = console.json("cancel", "--tenant", "alice", "--older-than", "0", "--yes")
        assert sorted(done["cancelled"]) == sorted(running)
        assert console.json("show", others)["status"] == "in_progress"
        assert console.json("cancel", others)["cancelled"] == [others]

    def test_nothing_that_fits_ends_with_1(self, console):
        assert console.complaint("cancel", "--tenant", "nobody", "--yes") == (
            "cancel: no response that waits or runs is like that")

    @pytest.mark.parametrize("arguments", [
        (), ("--yes",), (UNKNOWN, "--model", "m"), ("--status", "failed")], ids=str)
    def test_what_is_not_clear_is_wrong_usage(self, console, arguments):
        assert console.complaint("cancel", *arguments, status=2).startswith("cancel: ")


def test_retry_makes_a_new_response_of_a_failed_one(stack, console, model):
    response_id = failed_one(stack, model)
    stack.upstream.script(model, message_stream(["now"]))
    new_id = console.text("retry", response_id).strip()
    assert output_text(stack.client.wait_terminal(new_id)) == "now"
    again = console.json("retry", response_id)
    assert again["retry_of"] == response_id and again["id"] not in (response_id, new_id)
    stack.client.wait_terminal(again["id"])


def test_retry_refuses_what_has_not_failed_or_is_not_kept(stack, console, model):
    assert "it has not failed" in console.complaint("retry", completed_one(stack, model))
    response_id = failed_one(stack, model)
    stack.redis.delete(job_key(response_id).replace(":job:", ":request:"))
    assert "failed_request_ttl" in console.complaint("retry", response_id)


@pytest.fixture
def resumed(console):
    yield
    for name in console.json("status")["paused"]:
        console.run("resume", name)


def test_a_paused_model_waits_until_it_is_resumed(stack, console, model, resumed):
    stack.upstream.script(model, message_stream(["Hello"]))
    assert console.text("pause", model) == f"{model} paused, 0 queued\n"
    response_id = stack.client.create(model)["id"]
    assert console.json("pause", model) == {"paused": [model]}
    assert console.json("status")["queued"] == 1
    assert f"paused       {model}\n" in console.text("status")
    assert console.text("resume", model) == f"{model} resumed, 0 queued\n"
    assert stack.client.wait_terminal(response_id)["status"] == "completed"
    assert "is not paused" in console.complaint("resume", model)


def test_all_can_be_paused(stack, console, model, resumed):
    assert console.json("pause") == {"paused": ["*"]}
    response_id = stack.client.create(model)["id"]
    assert console.json("list", "--status", "queued")["data"][0]["id"] == response_id
    assert console.json("resume") == {"paused": []}
    stack.client.cancel(response_id)


def test_a_drained_worker_gives_its_jobs_to_others(stack, console, model):
    gate = Gate()
    response_id = running_one(stack, model, gate)
    worker, = console.json("workers")
    assert "no worker" in console.complaint("drain", "nobody")
    assert console.json("drain", worker["worker"][:12]) == {
        "worker": worker["worker"], "draining": True}
    wait_until(lambda: console.json("show", response_id)["owner"] is None, 10, "it to be given up")
    assert "draining" in console.text("workers")
    assert console.json("drain", "--end", worker["worker"])["draining"] is False
    gate.open()
    assert stack.client.wait_terminal(response_id, 20)["status"] == "completed"


# The installation.


def test_a_key_is_known_by_its_hash(make_stack, tmp_path):
    result = run_program("respoolctl", "--json", "key", "new one")
    made = json.loads(result.stdout)
    assert made["key_hash"] == "sha256:" + hashlib.sha256(made["key"].encode()).hexdigest()
    text = run_program("respoolctl", "key", "new one").stdout.decode()
    assert made["key"] not in text
    assert re.search(r'^    - name: "new one"\n      key_hash: "sha256:[0-9a-f]{64}"$', text, re.M)
    stack = make_stack(supervisor=False)
    stack.config["respool"]["api_keys"].append(
        {"name": made["name"], "key_hash": made["key_hash"]})
    stack.write_config()
    stack.stop(stack.responder)
    stack.start_responder()
    assert Client(stack.directory / "http.sock", key=made["key"]).create("m")["id"]


class TestCheck:
    GOOD = ("--appendonly", "yes", "--maxmemory", "1gb")

    def names(self, console, status=1):
        result = console.run("--json", "check")
        assert (result.returncode, result.stderr) == (status, b""), result
        return [finding["name"] for finding in json.loads(result.stdout)["findings"]]

    def test_an_installation_that_is_well_has_no_findings(self, make_good_stack):
        console = Console(make_good_stack())
        wait_until(lambda: console.json("workers", status=0), 10, "a worker")
        assert self.names(console, 0) == []
        assert console.text("check") == "no findings\n"

    def test_each_thing_that_is_wrong_is_a_sentence(self, make_good_stack):
        stack = make_good_stack(supervisor=False, responder=False, web=False)
        stack.config["general_settings"]["strange_key"] = 1
        stack.config["respool"].pop("admin_keys", None)
        stack.write_config()
        stack.redis.config_set("maxmemory-policy", "allkeys-lru")
        console = Console(stack)
        env = {key: value for key, value in environment().items() if "RESPOOL_TEST" not in key}
        result = console.run("check", env=env)
        assert result.returncode == 1
        lines = result.stdout.decode().splitlines()
        assert [line.partition(": ")[0] for line in lines] == [
            "configuration", "deployment", "admin_key", "eviction", "no_workers"]
        assert "strange_key" in lines[0] and "RESPOOL_TEST_PROVIDER_KEY" in lines[1]

    def test_a_wrong_file_is_a_finding_for_each_error(self, tmp_path):
        path = tmp_path / "config.yaml"
        path.write_text("respool: {max_queue: none, lease_seconds: x}\n")
        result = run_program("respoolctl", "-c", path, "--json", "check")
        assert result.returncode == 1
        assert [finding["name"] for finding in json.loads(result.stdout)["findings"]] == [
            "configuration", "configuration"]

    def test_a_redis_that_is_away_is_a_finding(self, make_stack):
        stack = make_stack(supervisor=False, responder=False, web=False)
        stack.stop(stack.redis_program)
        assert "redis" in self.names(Console(stack))
        assert Console(stack).complaint("status").startswith("Redis: ")

    @pytest.fixture
    def make_good_stack(self, make_stack, monkeypatch):
        import harness
        monkeypatch.setattr(harness.Stack, "redis_settings", self.GOOD)
        config = {"respool": {"admin_keys": [{"name": "ops", "key": ADMIN}]}}
        return lambda **options: make_stack(config, **options)


def test_it_works_without_responders_and_without_keys(make_stack):
    stack = make_stack(supervisor=False, responder=False, web=False)
    console = Console(stack)
    env = {key: value for key, value in environment().items() if "RESPOOL_TEST" not in key}
    result = console.run("--json", "status", env=env)
    assert (result.returncode, result.stderr) == (0, b"")
    assert json.loads(result.stdout)["workers"] == 0
    assert "respoold starts them" in console.complaint("workers")


def test_a_worker_that_was_killed_is_lost_until_another_takes_its_place(make_stack):
    stack = make_stack({"respool": {"lease_seconds": 1}}, responder=False, web=False)
    console = Console(stack)
    wait_until(lambda: console.run("workers").returncode == 0, 10, "the worker's first beat")
    stack.supervisor.send_signal(signal.SIGSTOP)  # so that it starts no other
    for pid in (*stack.supervisor.children(), stack.supervisor.pid):
        kill(pid)
    stack.supervisor.wait()
    stack.programs.remove(stack.supervisor)
    wait_until(lambda: b"lost" in console.run("workers").stdout, 10, "the worker to be lost")
    assert b"lost_worker: Worker " in console.run("check").stdout


@pytest.mark.parametrize("arguments", [
    ("-x",), ("--nonsense",), ("nonsense",), (), ("status", "-c"), ("list", "--limit", "0"),
    ("list", "--status", "done"), ("show",), ("status", "extra"), ("help", "nonsense"),
    ("key", "a\nb"), ("status", "--yes")], ids=str)
def test_wrong_usage_ends_with_2_and_a_line(arguments):
    result = run_program("respoolctl", *arguments)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"respoolctl: ") and result.stderr.count(b"\n") == 1


def test_a_reader_that_goes_is_no_reason_to_complain(stack, console, model):
    completed_one(stack, model)
    running = console.start("list")
    running.process.stdout.close()
    running.process.stdout = None
    assert running.process.wait(15) == 1
    assert running.process.stderr.read() == b""
    running.process.stderr.close()
