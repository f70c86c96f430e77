"""Cancel and delete, in every state of a response."""

import json
import time

import pytest

from events import completed, delta, message_stream, opening
from harness import BOB, MASTER_KEY, UNKNOWN_ID, job_key, output_text, response_key, wait_until
from upstream import Feed, Hang, json_error



@pytest.fixture
def streaming(stack, model):
    """A response whose stream has brought its first text and waits for more: its id and feed."""
    feed = Feed()
    stack.upstream.script(model, [feed], [{"type": "response.in_progress"}, b"data: [DONE]\n\n"])
    response_id = stack.client.create(model)["id"]
    feed.send(*opening(), delta("begun"))
    stack.client.wait_for(response_id, lambda o: output_text(o) == "begun", "the first text")
    yield response_id, feed
    feed.finish()


@pytest.fixture
def unclaimed(make_stack):
    """A stack in which nothing takes jobs from the queue."""
    return make_stack(supervisor=False)


def finished(stack, model, steps=None):
    stack.upstream.script(model, steps or message_stream(["text"]))
    response_id = stack.client.create(model)["id"]
    return stack.client.wait_terminal(response_id)


def test_cancel_of_a_running_response_closes_the_provider_s_connection(
        client, stack, upstream, model, streaming):
    response_id, _ = streaming
    exchange = upstream.wait_request(model)
    assert not exchange.peer_closed.is_set()
    begun = time.monotonic()
    reply = client.cancel(response_id)
    assert exchange.peer_closed.wait(2), "the provider's connection is still open after 2 s"
    print(f"connection closed {(exchange.peer_closed_at - begun) * 1000:.1f} ms after the request")
    assert reply.status == 200
    assert reply.json()["status"] == "cancelled"
    stack.wait_idle()


def test_cancel_answers_the_whole_object_as_it_is_then(client, streaming):
    response_id, _ = streaming
    reply = client.cancel(response_id)
    object = reply.json()
    assert (object["id"], object["status"]) == (response_id, "cancelled")
    assert output_text(object) == "begun"
    assert object == client.poll(response_id)
    assert "openai-poll-after-ms" not in client.get_response(response_id).headers


def test_cancel_leaves_no_item_in_progress(client, stack, model):
    feed = Feed()
    stack.upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*message_stream(["done"])[:-1], *opening("msg_2", 1)[2:], delta("half", "msg_2", 1))
    client.wait_for(response_id, lambda o: output_text(o) == "donehalf", "the text")
    shown = client.cancel(response_id).json()
    assert [item["status"] for item in shown["output"]] == ["completed", "incomplete"]
    assert output_text(shown) == "donehalf"
    assert client.poll(response_id) == shown


def test_cancel_of_a_queued_response(unclaimed):
    created = unclaimed.client.create("m")
    reply = unclaimed.client.cancel(created["id"])
    assert reply.status == 200
    assert reply.json() == {**created, "status": "cancelled"}
    assert unclaimed.client.poll(created["id"]) == reply.json()


def test_cancelled_queued_response_never_reaches_the_provider(unclaimed):
    response_id = unclaimed.client.create("m")["id"]
    unclaimed.client.cancel(response_id)
    unclaimed.start_supervisor()
    unclaimed.wait_idle()
    assert unclaimed.upstream.requests("m") == []
    assert unclaimed.client.poll(response_id)["status"] == "cancelled"


@pytest.mark.parametrize("end", ["completed", "failed", "incomplete"])
def test_cancel_of_a_terminal_response_changes_nothing(client, stack, model, end):
    final = finished(stack, model, [*opening(), {"type": f"response.{end}", "response": {}}])
    assert final["status"] == end
    stored = stack.stored(final["id"])
    for _ in range(2):
        reply = client.cancel(final["id"])
        assert (reply.status, reply.json()) == (200, final)
    assert stack.stored(final["id"]) == stored


def test_cancel_is_idempotent(client, streaming):
    response_id, _ = streaming
    first, second = client.cancel(response_id), client.cancel(response_id)
    assert (first.status, second.status) == (200, 200)
    assert first.json() == second.json()


def test_late_events_change_nothing_after_cancel(client, stack, streaming):
    response_id, feed = streaming
    object = client.cancel(response_id).json()
    feed.send(delta(" and more"), completed())
    feed.end()
    stack.wait_idle()
    assert client.poll(response_id) == object


def test_cancel_while_deltas_pour_in_is_final(client, stack, upstream, model):
    upstream.script(model, [*opening(), *[delta("x") for _ in range(2000)], Hang()])
    response_id = client.create(model)["id"]
    client.wait_for(response_id, output_text, "text")
    object = client.cancel(response_id).json()
    assert object["status"] == "cancelled"
    stack.wait_idle()
    assert client.poll(response_id) == object


def test_request_body_is_gone_after_cancel(client, stack, model):
    stack.upstream.script(model, [Hang()])
    response_id = client.create(model, x_marker="marker-a81b")["id"]
    stack.upstream.wait_request(model)
    client.cancel(response_id)
    assert b"marker-a81b" not in stack.everything_stored()


def test_cancel_with_a_body_is_fine(client, streaming):
    response_id, _ = streaming
    assert client.cancel(response_id, body={}).status == 200


def test_cancel_of_an_unknown_response_is_404(client):
    reply = client.cancel(UNKNOWN_ID)
    assert reply.status == 404
    assert UNKNOWN_ID in reply.error()["message"]


def test_delete_of_a_running_response_cancels_it(client, stack, upstream, model, streaming):
    response_id, _ = streaming
    exchange = upstream.wait_request(model)
    reply = client.delete(response_id)
    assert reply.status == 200
    assert reply.json() == {"id": response_id, "object": "response", "deleted": True}
    assert exchange.peer_closed.wait(2), "the provider's connection is still open after 2 s"
    stack.wait_idle()
    assert client.get_response(response_id).status == 404


def test_delete_of_a_queued_response(unclaimed):
    response_id = unclaimed.client.create("m")["id"]
    assert unclaimed.client.delete(response_id).status == 200
    assert unclaimed.response_keys() == unclaimed.job_keys() == []
    unclaimed.start_supervisor()
    unclaimed.wait_idle()
    assert unclaimed.upstream.requests("m") == []
    assert unclaimed.client.get_response(response_id).status == 404


def test_delete_of_a_terminal_response(client, stack, model):
    response_id = finished(stack, model)["id"]
    reply = client.delete(response_id)
    assert (reply.status, reply.json()["deleted"]) == (200, True)
    assert response_id.encode() not in stack.everything_stored()


def test_deleted_response_is_404_for_everything(client, stack, model):
    response_id = finished(stack, model)["id"]
    client.delete(response_id)
    for reply in (client.get_response(response_id), client.cancel(response_id),
                  client.delete(response_id), client.input_items(response_id)):
        assert reply.status == 404
        assert reply.error()


def test_late_events_bring_nothing_back_after_delete(client, stack, streaming):
    response_id, feed = streaming
    client.delete(response_id)
    feed.send(delta(" and more"), completed())
    feed.end()
    stack.wait_idle()
    assert client.get_response(response_id).status == 404
    assert response_id.encode() not in stack.everything_stored()


def test_delete_while_deltas_pour_in_leaves_nothing(client, stack, upstream, model):
    upstream.script(model, [*opening(), *[delta("x") for _ in range(2000)], Hang()])
    response_id = client.create(model)["id"]
    client.wait_for(response_id, output_text, "text")
    assert client.delete(response_id).status == 200
    stack.wait_idle()
    assert response_id.encode() not in stack.everything_stored()


def test_delete_of_an_unknown_response_is_404(client):
    assert client.delete(UNKNOWN_ID).status == 404


def test_response_that_expires_while_it_streams_ends_the_stream(client, stack, upstream, model,
                                                                streaming):
    """Somebody removed the keys: nothing brings them back, and the provider is not left waiting."""
    response_id, feed = streaming
    stack.redis.delete(response_key(response_id), job_key(response_id))
    feed.send(delta("more"))
    assert upstream.wait_request(model).peer_closed.wait(10)
    stack.wait_idle()
    assert client.get_response(response_id).status == 404


@pytest.mark.parametrize("state", ["running", "terminal"])
def test_another_tenant_finds_nothing(client, stack, model, state):
    if state == "running":
        stack.upstream.script(model, [Hang()])
        response_id = client.create(model)["id"]
        stack.upstream.wait_request(model)
    else:
        response_id = finished(stack, model)["id"]
    before = client.poll(response_id)
    for key in (BOB, MASTER_KEY):
        other = client.with_key(key)
        for reply in (other.get_response(response_id), other.cancel(response_id),
                      other.delete(response_id), other.input_items(response_id)):
            assert reply.status == 404, reply
            # Word for word what an id gets that never was.
            message = other.get_response(UNKNOWN_ID).error()["message"]
            assert reply.error()["message"] == message.replace(UNKNOWN_ID, response_id)
    assert client.poll(response_id) == before
    client.cancel(response_id)


def test_what_the_master_key_made_is_its_own(client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    master = client.with_key(MASTER_KEY)
    response_id = master.create(model)["id"]
    assert output_text(master.wait_terminal(response_id)) == "x"
    assert client.get_response(response_id).status == 404


def test_etag_of_another_tenant_s_response_is_no_304(client, stack, model):
    response_id = finished(stack, model)["id"]
    etag = client.get_response(response_id).headers["etag"]
    for match in (etag, "*"):
        reply = client.with_key(BOB).get_response(response_id, headers={"If-None-Match": match})
        assert reply.status == 404


def test_cancel_of_a_failed_job_keeps_its_error(client, stack, model):
    final = finished(stack, model, None)
    assert final["status"] == "completed"
    stack.upstream.script(model + "-x", json_error(400, {"error": {"message": "no", "code": "c"}}))
    failed = client.wait_terminal(client.create(model + "-x")["id"])
    assert client.cancel(failed["id"]).json()["error"]["message"] == "no"


# What a LiteLLM proxy wrote: a JSON string that holds JSON, without a job of ours.


@pytest.fixture(params=["double", "plain"])
def foreign(request, stack):
    """The id and object of a running response of a LiteLLM proxy, in both spellings it has used."""
    response_id = "litellm_poll_11111111-2222-4333-8444-" + format(time.time_ns() % 16**12, "012x")
    object = {"id": response_id, "object": "response", "status": "in_progress",
              "created_at": 1700000000, "output": [{"id": "item_1", "type": "message", "content": [
                  {"type": "text", "text": "H\u00e9llo \"\U0001f600\" \\ \n"}]}],
              "metadata": {}, "usage": None}
    text = json.dumps(object)
    if request.param == "double":
        text = json.dumps(text)
    stack.redis.set(response_key(response_id), text, ex=500)
    yield response_id, object
    stack.redis.delete(response_key(response_id))


def test_litellm_s_object_is_polled(client, foreign):
    response_id, object = foreign
    assert client.poll(response_id) == object


def test_litellm_s_object_has_an_etag_and_poll_after(client, foreign):
    response_id, _ = foreign
    reply = client.get_response(response_id)
    assert int(reply.headers["openai-poll-after-ms"]) > 0
    again = client.get_response(response_id, headers={"If-None-Match": reply.headers["etag"]})
    assert again.status == 304


def test_litellm_s_object_is_cancelled(client, stack, foreign):
    response_id, object = foreign
    reply = client.cancel(response_id)
    assert reply.status == 200
    assert reply.json() == {**object, "status": "cancelled"}
    assert client.poll(response_id) == reply.json()
    # A write, and so for as long as any other of ours.
    assert 3590 < stack.redis.ttl(response_key(response_id)) <= 3600
    assert client.cancel(response_id).json() == reply.json()


def test_cancel_leaves_no_item_of_litellm_s_in_progress(client, stack, foreign):
    response_id, object = foreign
    object["output"] = [{"id": "a", "status": "completed"}, {"id": "b", "status": "in_progress"}]
    stack.redis.set(response_key(response_id), json.dumps(object))
    shown = client.cancel(response_id).json()
    assert [item["status"] for item in shown["output"]] == ["completed", "incomplete"]


def test_litellm_s_cancelled_object_is_one_that_litellm_can_read(client, stack, foreign):
    """LiteLLM decodes what it gets from Redis, and decodes again if that is still a string."""
    response_id, _ = foreign
    client.cancel(response_id)
    value = json.loads(stack.stored(response_id))
    if isinstance(value, str):
        value = json.loads(value)
    assert value["status"] == "cancelled"


def test_litellm_s_object_is_deleted(client, stack, foreign):
    response_id, _ = foreign
    reply = client.delete(response_id)
    assert (reply.status, reply.json()["deleted"]) == (200, True)
    assert stack.stored(response_id) is None
    assert client.get_response(response_id).status == 404


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_litellm_s_terminal_object_stays_as_it_is(client, stack, status):
    response_id = "litellm_poll_11111111-2222-4333-8444-555555555555"
    object = {"id": response_id, "object": "response", "status": status, "output": []}
    stack.redis.set(response_key(response_id), json.dumps(json.dumps(object)), ex=50)
    assert client.cancel(response_id).json() == object
    assert "openai-poll-after-ms" not in client.get_response(response_id).headers
    assert client.poll(response_id) == object


def test_litellm_s_object_with_an_id_of_another_form_is_polled(client, stack):
    response_id = "litellm_poll_abc-123_XYZ"
    stack.redis.set(response_key(response_id), json.dumps(json.dumps({"id": response_id})), ex=50)
    assert client.poll(response_id) == {"id": response_id}


@pytest.mark.parametrize("value", [b"", b"nonsense", b'"half', b"\xff\xfe", b"[]", b"7", b'"7"',
                                   b'"\\"deep\\""', b'"{\\"a\\":"', b"{"], ids=repr)
def test_rubbish_under_a_response_s_key_is_an_error_and_no_crash(client, stack, value):
    response_id = "litellm_poll_99999999-2222-4333-8444-555555555555"
    stack.redis.set(response_key(response_id), value, ex=50)
    for reply in (client.get_response(response_id), client.cancel(response_id)):
        assert reply.status in (404, 500, 502)
        assert reply.error()
    stack.redis.delete(response_key(response_id))


def test_wrong_type_under_a_response_s_key_is_an_error_and_no_crash(client, stack):
    response_id = "litellm_poll_99999999-2222-4333-8444-666666666666"
    stack.redis.lpush(response_key(response_id), "x")
    stack.redis.expire(response_key(response_id), 50)
    for reply in (client.get_response(response_id), client.cancel(response_id)):
        assert reply.status in (404, 500, 503)
        assert reply.error()
    wait_until(lambda: client.get("/health/readiness").status == 200, 5, "readiness")
