"""What administrators are told and order over HTTP: status, pauses, workers."""

import pytest

from admin import Admin
from admin_routes import STACK  # noqa: F401  (what the stack is)
from admin_routes import ALONE
from admin_routes import admin  # noqa: F401  (a fixture)
from events import message_stream
from harness import output_text, wait_until


def test_status_tells_what_there_is(make_stack):
    stack = make_stack(**ALONE)
    stack.client.create("m")
    status = Admin(stack).status()
    assert (status["queued"], status["in_progress"], status["workers"]) == (1, 0, 0)
    assert status["paused"] == [] and status["oldest_seconds"] >= 0
    assert [deployment["deployment"] for deployment in status["deployments"]] == ["openai/*"]
    assert len(status["last_hour"]) == 60 and status["last_hour"][-1]["created"] == 1


def test_pause_and_resume_answer_what_is_paused_then(make_stack, model):
    stack = make_stack()
    admin = Admin(stack)
    assert admin.order("pause", {"model": model}).json() == {"paused": [model]}
    assert sorted(admin.order("pause").json()["paused"]) == sorted(["*", model])
    assert admin.order("resume", {"model": "*"}).json() == {"paused": [model]}
    stack.upstream.script(model, message_stream(["late"]))
    response_id = stack.client.create(model)["id"]
    assert admin.status()["queued"] == 1
    assert admin.order("resume", {"model": model}).json() == {"paused": []}
    assert output_text(stack.client.wait_terminal(response_id)) == "late"
    assert f": paused model={model} admin=ops" in stack.responder.stderr()
    assert admin.order("resume", "").json() == admin.order("resume", "{}").json() == {"paused": []}


@pytest.mark.parametrize("body", [
    '{"modle": "gpt-5"}', '{"model": ""}', '{"model": 5}', '["gpt-5"]', '"gpt-5"', "{", "gpt-5"])
def test_order_that_is_not_understood_pauses_nothing(admin, body):
    for what in ("pause", "resume"):
        reply = admin.order(what, body)
        assert reply.status == 400
        assert "model" in reply.error()["message"]
    assert admin.status()["paused"] == []


def test_model_that_nothing_serves_is_not_paused(make_stack):
    stack = make_stack({"model_list": [{"model_name": "gpt-5", "litellm_params": {
        "model": "openai/gpt-5", "api_key": "sk-x"}}]}, **ALONE)
    reply = Admin(stack).order("pause", {"model": "gpt-6"})
    assert (reply.status, reply.error()["code"]) == (404, "model_not_found")
    assert Admin(stack).order("resume", {"model": "gpt-6"}).json() == {"paused": []}


def test_worker_is_drained_and_takes_jobs_again(make_stack):
    stack = make_stack()
    admin = Admin(stack)
    (worker,) = wait_until(admin.workers, what="a worker")
    assert worker["pid"] in stack.supervisor.children() and worker["draining"] is False
    for body, draining in ((None, True), ({"drain": False}, False), ({"drain": True}, True)):
        assert admin.drain(worker["worker"], body).json() == {
            "worker": worker["worker"], "draining": draining}
        assert admin.workers()[0]["draining"] is draining
    assert f": worker_drained worker={worker['worker']} admin=ops" in stack.responder.stderr()


@pytest.mark.parametrize("worker", ["nobody", "x" * 200, "a%20b"])
def test_worker_that_is_not_there_is_404(admin, worker):
    reply = admin.drain(worker)
    assert (reply.status, reply.error()["code"]) == (404, "worker_not_found")


def test_drain_that_is_not_understood_is_400(admin):
    for body in ('{"drain": "no"}', '{"undo": true}', "no"):
        assert admin.drain("nobody", body).status == 400
