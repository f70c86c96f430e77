"""Programs of the first release are replaced by those of now, and the other way round, while
responses wait and run and clients create and poll. What was acknowledged is not lost."""

import json
import socket

import pytest

import first_release
from deployed import DescriptorProgram
from events import message_stream
from harness import BOB, BUILD, Stack, output_text, wait_until
from load import Load
from operating import Operator, jobs_key
from redis_rights import rights
from upstream import Gate, Hang, Script, json_error

RESPONDERS = 4
FIRST, SECOND = "The first half, \"é\\\" ", "and the second.\n"
NATIVE = "resp_" + "1f" * 20
PASSWORD = "of-redis-77d2"
OLD_RIGHTS = ("+multi", "+exec")  # which NEWS names, beside those of the manual
CONFIG = {"respool": {"max_streams": 5, "drain_seconds": 1, "lease_seconds": 5}}


@pytest.fixture(scope="module")
def old():
    """The directory with the first release's programs."""
    return first_release.programs()


@pytest.fixture
def stack(old):
    stack = UpgradeStack()
    yield stack
    stack.close()


class UpgradeStack(Stack):
    """Its programs can be replaced, behind a socket that stays, as that of respool.socket does."""

    redis_settings = ("--appendonly", "yes", "--maxmemory", "1gb")

    def __init__(self):
        self.listener = None
        self.started = 0
        super().__init__(CONFIG, supervisor=False, responder=False, web=False)
        self.redis.execute_command("ACL", "SETUSER", "respool", *rights(PASSWORD), *OLD_RIGHTS)
        self.config["litellm_settings"]["cache_params"] |= {
            "username": "respool", "password": PASSWORD}
        self.write_config()

    def begin(self, programs):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.directory / "fcgi.sock"))
        self.listener.listen(1024)
        self.start_supervisor_of(programs)
        self.start_responder_of(programs)
        self.start_web()

    def close(self, check=True):
        super().close(check)
        if self.listener:
            self.listener.close()

    def name(self, program):
        self.started += 1
        return f"{program}-{self.started}"

    def start_supervisor_of(self, programs):
        self.supervisor = self.start(
            self.name("respoold"), [programs / "respoold", "-c", self.config_path])
        self.await_children(self.supervisor, 1)

    def start_responder_of(self, programs):
        self.responder = DescriptorProgram(self.name("respool.fcgi"), [
            programs / "respool.fcgi", "-c", self.config_path, "-w", RESPONDERS,
        ], self.directory, self.listener)
        self.programs.append(self.responder)
        self.await_children(self.responder, RESPONDERS)

    def await_children(self, program, count):
        wait_until(lambda: len(program.children()) >= count or not program.alive(), 15,
                   f"{program.name} to start")
        assert program.alive(), program.stderr()

    def replace_supervisor(self, programs, beside):
        """The new one runs before the old one is stopped, or begins after that."""
        before = self.supervisor
        if not beside:
            self.stop(before)
        self.start_supervisor_of(programs)
        if beside:
            self.stop(before)

    def replace_responder(self, programs, beside):
        before = self.responder
        if not beside:
            self.stop(before)
        self.start_responder_of(programs)
        if beside:
            self.stop(before)


class Polled(Load):
    """The first release streams no response that is polled."""

    def create(self, number, streamed):
        super().create(number, False)


class Kept:
    """What one client has before the programs are replaced, each kind of it."""

    def __init__(self, stack):
        self.stack = stack
        self.client = stack.client
        self.gate = Gate()  # at which those that run wait, once they have begun again
        self.completed = self.ended("completed", message_stream([FIRST, SECOND]))
        self.failed = self.ended("failed", json_error(400, {"error": {
            "message": "No.", "type": "invalid_request_error", "param": None, "code": "no"}}))
        self.cancelled = self.running("cancelled")
        assert self.client.cancel(self.cancelled).json()["status"] == "cancelled"
        self.deleted = self.ended("deleted", message_stream([FIRST]))
        assert self.client.delete(self.deleted).status == 200
        self.runs, self.to_cancel, self.to_delete = map(self.running, ("runs", "cancel", "delete"))
        self.native = self.passed_through()
        self.final = {id: self.client.get_response(id).body
                      for id in (self.completed, self.failed, self.cancelled)}

    def ended(self, status, script):
        self.stack.upstream.script(status, script)
        created = self.client.create(status, f"What is {status}?")
        self.client.wait_terminal(created["id"])
        return created["id"]

    def running(self, model):
        """One whose provider says no more than half, until it is asked again and the gate opens."""
        events = message_stream([FIRST, SECOND])
        half = 1 + next(place for place, event in enumerate(events)
                        if event["type"] == "response.output_text.delta")
        self.stack.upstream.script(model, [*events[:half], Hang()],
                                   [*events[:half], self.gate, *events[half:]])
        id = self.client.create(model)["id"]
        self.client.wait_for(id, lambda object: output_text(object) == FIRST, "half of the text")
        return id

    def passed_through(self):
        object = {"id": NATIVE, "object": "response", "status": "completed", "output": []}
        script = Script([json.dumps(object).encode()], 200, {"Content-Type": "application/json"})
        self.stack.upstream.script("native", script)
        self.stack.upstream.script(f"/v1/responses/{NATIVE}", script)
        reply = self.client.post_create({"model": "native", "input": "x"})
        assert reply.json() == object
        return object

    def check(self):
        """What holds at any time, whoever is asked."""
        for id, body in self.final.items():
            assert self.client.get_response(id).body == body
            assert self.client.with_key(BOB).get_response(id).status == 404
        assert self.client.get_response(self.deleted).status == 404
        assert self.client.get_response(NATIVE).json() == self.native
        for id in (self.runs, self.to_cancel, self.to_delete):
            object = self.client.poll(id)
            assert object["status"] in ("queued", "in_progress"), object
            assert FIRST.startswith(output_text(object)), object

    def await_second_attempts(self):
        for model in ("runs", "cancel", "delete"):
            self.stack.upstream.wait_request(model, 2, timeout=30)

    def finish(self):
        """Asks for all that can be asked for."""
        assert self.client.cancel(self.to_cancel).json()["status"] == "cancelled"
        assert self.client.delete(self.to_delete).status == 200
        assert self.client.get_response(self.to_delete).status == 404
        self.gate.open()
        ended = self.client.wait_terminal(self.runs, timeout=20)
        assert (ended["status"], output_text(ended)) == ("completed", FIRST + SECOND)
        assert self.client.poll(self.to_cancel)["status"] == "cancelled"
        self.go_on()
        assert self.client.delete(self.completed).status == 200
        assert self.client.get_response(self.completed).status == 404

    def go_on(self):
        """A response continues one that had ended."""
        asked = self.client.input_items(self.completed).json()["data"]
        assert "What is completed?" in json.dumps(asked)
        self.stack.upstream.script("next", message_stream(["Next."]))
        following = self.client.create("next", "And?", previous_response_id=self.completed)
        assert output_text(self.client.wait_terminal(following["id"])) == "Next."
        said = json.dumps(self.stack.upstream.requests("next")[0].json(), ensure_ascii=False)
        for part in ("What is completed?", json.dumps(FIRST + SECOND, ensure_ascii=False), "And?"):
            assert part in said


def make_index_older(stack):
    """By more than the minute after which workers look up what seems to run still."""
    about_key, index_key = stack.key(jobs_key("index:about")), stack.key(jobs_key("index"))
    for id, about in stack.redis.hgetall(about_key).items():
        created, rest = about.split(b" ", 1)
        stack.redis.hset(about_key, id, b"%d %s" % (int(created) - 61000, rest))
        stack.redis.zincrby(index_key, -61000, id)


def check_rest(stack):
    """Nothing is left anywhere of what has ended, and what operators are told is so."""
    stack.wait_idle()
    operator = Operator(stack)
    wait_until(lambda: not stack.redis.hlen(jobs_key("seats")), 20, "all seats to be free")
    assert operator.run("check") == "no findings\n"
    assert [entry["object"] for entry in stack.redis.acl_log()] == []
    for row in operator.rows("--limit", "1000"):
        reply = stack.client.get_response(row["id"])
        assert reply.status == 200 and reply.json()["status"] == row["status"], row


@pytest.mark.once
@pytest.mark.parametrize("beside", [False, True], ids=["restarted", "beside one another"])
def test_an_upgrade_loses_nothing(stack, old, beside):
    stack.begin(old)
    kept = Kept(stack)
    with Polled(stack, streams=6, deltas=16, pause_ms=60, endings=True) as load:
        load.await_running()
        stack.replace_supervisor(BUILD, beside)
        kept.await_second_attempts()
        kept.check()
        load.for_seconds(1)
        stack.replace_responder(BUILD, beside)
        kept.check()
        load.for_seconds(1)
        kept.finish()
        load.finish()
    check_rest(stack)


@pytest.mark.once
def test_the_way_back_loses_nothing_either(stack, old):
    """As doc/operating.md has it: nothing is paused or queued when the programs are replaced."""
    stack.begin(BUILD)
    kept = Kept(stack)
    operator = Operator(stack)
    with Polled(stack, streams=6, deltas=16, pause_ms=60) as load:
        load.await_running()
        operator.run("pause")
        load.for_seconds(1)
        load.hold_creates()
        operator.run("resume")
        stack.stop(stack.responder)
        wait_until(lambda: operator.status()["queued"] == 0, 20, "an empty queue")
        stack.replace_supervisor(old, beside=False)
        stack.start_responder_of(old)
        kept.await_second_attempts()
        kept.check()
        load.go_on_creating()
        load.for_seconds(1)
        kept.finish()
        load.finish()
    stack.replace_supervisor(BUILD, beside=False)
    stack.replace_responder(BUILD, beside=False)
    make_index_older(stack)
    check_rest(stack)
