"""What administrators get and order over HTTP, whoever's the responses are."""

import json

import pytest

from admin import Admin
from events import delta, message_stream, opening
from harness import ADMIN, BOB, MASTER_KEY, output_text, response_key, wait_until
from upstream import Feed, json_error

UNKNOWN_ID = "litellm_poll_00000000-0000-4000-8000-000000000000"
STACK = {"config": {"respool": {"failed_request_ttl": 600, "allow_anonymous": True}}}
ALONE = {"supervisor": False}


@pytest.fixture
def admin(stack):
    return Admin(stack)


@pytest.fixture
def growing(stack, client, model):
    """One of alice's that has its first text and waits for more: its id and feed."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening(), delta("begun"))
    client.wait_for(response_id, lambda o: output_text(o) == "begun", "the first text")
    yield response_id, feed
    feed.finish()


def failed(stack, model, key, then=message_stream(["better"])):
    stack.upstream.script(model, json_error(400, {"error": {"message": "no"}}), then)
    client = stack.client.with_key(key)
    response_id = client.create(model)["id"]
    assert client.wait_terminal(response_id)["status"] == "failed"
    return response_id


# ---- one response -------------------------------------------------------------------------------


def test_anybody_s_response_is_polled_as_its_owner_polls_it(stack, client, admin, model):
    stack.upstream.script(model, *[message_stream(["text"])] * 3)
    for key in (BOB, MASTER_KEY, None):
        owner = client.with_key(key)
        response_id = owner.create(model)["id"]
        owner.wait_terminal(response_id)
        own, theirs = owner.get_response(response_id), admin.get_response(response_id)
        assert own.body == theirs.body
        for name in ("etag", "cache-control", "content-type"):
            assert own.headers[name] == theirs.headers[name]
        same = {"If-None-Match": own.headers["etag"]}
        assert admin.get_response(response_id, headers=same).status == 304


def test_growing_response_says_when_to_ask_again(admin, growing):
    reply = admin.get_response(growing[0])
    assert output_text(reply.json()) == "begun"
    assert reply.headers["openai-poll-after-ms"]


def test_head_has_no_body(admin, growing):
    reply = admin.request("HEAD", f"/respool/v1/responses/{growing[0]}")
    assert (reply.status, reply.body) == (200, b"")
    assert admin.request("HEAD", "/respool/v1/status").body == b""


def test_streamed_response_is_followed(stack, admin, client, model):
    stack.upstream.script(model, message_stream(["a", "b"]))
    response_id = client.create(model, stream=False)["id"]
    refused = admin.get(f"/respool/v1/responses/{response_id}?stream=true")
    assert (refused.status, refused.error()["param"]) == (400, "stream")
    stack.upstream.script(model, message_stream(["a", "b"]))
    created = client.post_create({"model": model, "input": "x", "background": True, "stream": True})
    response_id = json.loads(created.body.split(b"data: ")[1].split(b"\n")[0])["response"]["id"]
    own = client.get(f"/v1/responses/{response_id}?stream=true&starting_after=1")
    theirs = admin.get(f"/respool/v1/responses/{response_id}?stream=true&starting_after=1")
    assert theirs.headers["content-type"].startswith("text/event-stream")
    assert own.body == theirs.body and b"response.completed" in theirs.body


@pytest.mark.parametrize("method, end", [
    ("GET", ""), ("GET", "/details"), ("POST", "/cancel"), ("POST", "/retry")])
def test_what_is_not_stored_here_is_404_and_no_provider_is_asked(stack, admin, method, end):
    before = len(stack.upstream.exchanges)
    for response_id in (UNKNOWN_ID, "resp_of_a_provider", "x" * 300, "*"):
        reply = admin.request(method, f"/respool/v1/responses/{response_id}{end}")
        assert (reply.status, reply.error()["code"]) == (404, "response_not_found"), response_id
    assert len(stack.upstream.exchanges) == before


def test_other_program_s_response_is_polled_and_cancelled(stack, admin):
    response_id = "litellm_poll_11111111-1111-4111-8111-111111111111"
    stored = {"id": response_id, "object": "response", "status": "in_progress", "output": []}
    stack.redis.set(response_key(response_id), json.dumps(json.dumps(stored)), 600)
    assert admin.get_response(response_id).json() == stored
    assert admin.details(response_id)["response"] == stored
    assert admin.retry(response_id).status == 409
    assert admin.cancel(response_id).json() == {**stored, "status": "cancelled"}


def test_details_tell_what_a_poll_does_not(stack, admin, growing):
    response_id, _ = growing
    detail = admin.details(response_id)
    assert detail["id"] == detail["response"]["id"] == response_id
    assert detail["tenant"] == "alice" and detail["status"] == "in_progress"
    assert detail["owner"] in [worker["worker"] for worker in admin.workers()]
    assert detail["can_retry"] is False and detail["streamed"] is False
    assert detail["waited_seconds"] >= 0 and detail["history"] == []


def test_cancel_ends_anybody_s_response_and_the_log_says_who_did(stack, client, admin, growing):
    response_id, _ = growing
    reply = admin.cancel(response_id)
    assert (reply.status, reply.json()["status"]) == (200, "cancelled")
    assert client.poll(response_id) == reply.json()
    assert f": cancel_ordered id={response_id} admin=ops" in stack.responder.stderr()
    assert ADMIN not in stack.responder.stderr()


# ---- retry --------------------------------------------------------------------------------------


def test_retry_makes_a_new_response_of_the_same_tenant(stack, client, admin, model):
    response_id = failed(stack, model, BOB)
    assert admin.details(response_id)["can_retry"] is True
    reply = admin.retry(response_id)
    assert reply.status == 200 and reply.headers["openai-poll-after-ms"]
    new = reply.json()
    assert (new["status"], new["id"] != response_id) == ("queued", True)
    bob = client.with_key(BOB)
    assert output_text(bob.wait_terminal(new["id"])) == "better"
    assert bob.poll(response_id)["status"] == "failed"
    assert client.get_response(new["id"]).status == 404
    assert f"id={response_id} admin=ops" in stack.responder.stderr()


def test_retry_of_what_has_not_failed_is_409_that_says_so(stack, client, admin, growing, model):
    for response_id in (growing[0], client.create(model)["id"]):
        reply = admin.retry(response_id)
        assert (reply.status, reply.error()["code"]) == (409, "response_not_failed")


def test_retry_of_what_is_not_kept_is_409_that_says_how_to_keep_it(make_stack, model):
    stack = make_stack()
    reply = Admin(stack).retry(failed(stack, model, BOB))
    assert (reply.status, reply.error()["code"]) == (409, "request_not_kept")
    assert "respool.failed_request_ttl" in reply.error()["message"]


def test_retry_while_the_queue_is_full_is_refused_as_a_create_is(make_stack, model):
    stack = make_stack({"respool": {"failed_request_ttl": 600, "max_queue": 1}})
    admin = Admin(stack)
    response_id = failed(stack, model, BOB)
    assert admin.order("pause").status == 200
    stack.client.create(model)
    full = stack.client.post_create({"model": model, "input": "x", "background": True})
    reply = admin.retry(response_id)
    assert (reply.status, full.status) == (429, 429)
    assert reply.error() == full.error()
    assert admin.order("resume").status == 200


# ---- lists --------------------------------------------------------------------------------------


def test_list_has_everybody_s_responses_the_latest_first(make_stack):
    stack = make_stack(**ALONE)
    admin = Admin(stack)
    ids = [stack.client.with_key(key).create(model)["id"]
           for key, model in ((BOB, "m"), (MASTER_KEY, "n"), (BOB, "n"))]
    ids.append(stack.client.create("m")["id"])
    assert sorted(admin.ids()) == sorted(ids)
    assert {row["tenant"] for row in admin.list()["data"]} == {"alice", "bob", "master"}
    assert sorted(admin.ids("?tenant=bob")) == sorted([ids[0], ids[2]])
    assert sorted(admin.ids("?tenant=bob&model=n")) == [ids[2]]
    assert admin.ids("?status=in_progress") == admin.ids("?older_than=3600") == []
    assert len(admin.ids("?status=queued&limit=3")) == 3
    assert admin.list("?limit=4")["has_more"] is False


def test_pages_follow_one_another(make_stack):
    stack = make_stack(**ALONE)
    admin = Admin(stack)
    for _ in range(5):
        stack.client.create("m")
    whole, paged, after = admin.ids(), [], ""
    while True:
        page = admin.list(f"?limit=2{after}")
        paged += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        after = f"&after={paged[-1]}"
    assert paged == whole and len(paged) == 5


@pytest.mark.parametrize("query, param", [
    ("status=done", "status"), ("limit=0", "limit"), ("limit=5000", "limit"),
    ("older_than=1h", "older_than"), ("after=resp_1", "after"), (f"after={UNKNOWN_ID}", "after")])
def test_bad_value_of_a_list_s_query_is_named(admin, query, param):
    reply = admin.get(f"/respool/v1/responses?{query}")
    assert (reply.status, reply.error()["param"]) == (400, param)
    assert query.partition("=")[2] in reply.error()["message"]


# ---- status, pause, workers ---------------------------------------------------------------------


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


# ---- without Redis ------------------------------------------------------------------------------


def every_answer(stack):
    admin = Admin(stack)
    for path in ("status", "workers", "responses", f"responses/{UNKNOWN_ID}",
                 f"responses/{UNKNOWN_ID}/details"):
        yield admin.get(f"/respool/v1/{path}")
    for path in ("pause", "resume", "workers/w/drain", f"responses/{UNKNOWN_ID}/cancel",
                 f"responses/{UNKNOWN_ID}/retry"):
        yield admin.request("POST", f"/respool/v1/{path}", body="")


def test_without_redis_everything_is_503(make_stack):
    stack = make_stack({"litellm_settings": {"cache": None, "cache_params": None}}, **ALONE)
    for reply in every_answer(stack):
        assert (reply.status, reply.error()["code"]) == (503, "store_unavailable")


def test_while_redis_is_away_everything_is_503(make_stack):
    stack = make_stack(**ALONE)
    stack.stop(stack.redis_program)
    for reply in every_answer(stack):
        assert (reply.status, reply.error()["code"]) == (503, "store_unavailable")
        assert reply.headers["retry-after"]
