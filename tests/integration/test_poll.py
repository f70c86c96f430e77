"""Polling: what a client sees while the answer grows."""

import time

import pytest

from asked import asked_about
from events import delta, message_stream, opening
from harness import TERMINAL, UNKNOWN_ID, output_text, response_key, wait_until
from upstream import Feed, Gate, Sleep



@pytest.fixture
def fed(stack, model):
    feed = Feed()
    stack.upstream.script(model, [feed], [{"type": "response.in_progress"}, b"data: [DONE]\n\n"])
    yield feed
    feed.finish()


def test_forty_deltas_at_50_ms_grow_and_complete_byte_equal(client, upstream, model):
    deltas = [f"Δ{number:02d} " for number in range(40)]
    steps = []
    for event in message_stream(deltas):
        steps.append(event)
        if event["type"] == "response.output_text.delta":
            steps.append(Sleep(50))
    upstream.script(model, steps)
    response_id = client.create(model)["id"]
    texts = []

    def ended(object):
        text = output_text(object)
        assert not texts or text.startswith(texts[-1]), f"{text!r} after {texts[-1]!r}"
        if text not in texts[-1:]:
            texts.append(text)
        return object["status"] in TERMINAL

    final = client.wait_for(response_id, ended, "the end", timeout=15)
    assert final["status"] == "completed"
    assert output_text(final) == "".join(deltas)
    assert len(texts) >= 20, f"grew in {len(texts)} steps only"


def test_first_text_is_visible_at_once_although_the_stream_goes_quiet(client, fed, model):
    response_id = client.create(model)["id"]
    fed.send(*opening(), delta("first words"))
    object = client.wait_for(response_id, lambda o: output_text(o) == "first words",
                             "the first delta", timeout=2)
    assert object["status"] == "in_progress"
    assert object["completed_at"] is None
    assert object["usage"] is None


def test_later_text_is_visible_although_the_stream_goes_quiet(client, fed, model):
    response_id = client.create(model)["id"]
    fed.send(*opening())
    for number in range(1, 6):
        fed.send(delta("x"))
        client.wait_for(response_id, lambda o: output_text(o) == "x" * number,
                        f"{number} deltas", timeout=2)
    # Two within one interval: the second must not wait for a third.
    fed.send(delta("y"), delta("z"))
    client.wait_for(response_id, lambda o: output_text(o) == "xxxxxyz", "the last one", timeout=2)


def test_item_without_text_is_visible(client, fed, model):
    response_id = client.create(model)["id"]
    fed.send(*opening()[:3])
    client.wait_for(response_id, lambda o: len(o["output"]) == 1, "the item", timeout=2)


def test_status_is_in_progress_from_the_claim_on(client, fed, stack, model):
    response_id = client.create(model)["id"]
    stack.upstream.wait_request(model)
    assert client.wait_status(response_id, "in_progress", timeout=2)["output"] == []


def test_answer_has_an_etag_and_matching_if_none_match_is_304(client, upstream, model):
    upstream.script(model, message_stream(["text"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    reply = client.get_response(response_id)
    etag = reply.headers["etag"]
    assert etag.strip('W/').startswith('"') and etag.endswith('"')
    for match in (etag, "*", f'"other", {etag}', f'"other",{etag} , "more"',
                  "W/" + etag.removeprefix("W/")):
        again = client.get_response(response_id, headers={"If-None-Match": match})
        assert (again.status, again.body) == (304, b""), match
        assert again.headers["etag"] == etag
        assert again.headers["x-request-id"]
    for match in ('"other"', "", "nonsense", etag.rstrip('"')):
        assert client.get_response(response_id, headers={"If-None-Match": match}).status == 200
    assert client.get_response(response_id).headers["etag"] == etag


def test_etag_changes_with_the_object(client, fed, model):
    response_id = client.create(model)["id"]
    fed.send(*opening(), delta("a"))
    client.wait_for(response_id, lambda o: output_text(o) == "a", "a", timeout=2)
    first = client.get_response(response_id).headers["etag"]
    fed.send(delta("b"))
    client.wait_for(response_id, lambda o: output_text(o) == "ab", "ab", timeout=2)
    assert client.get_response(response_id).headers["etag"] != first
    assert client.get_response(response_id, headers={"If-None-Match": first}).status == 200


def test_poll_after_is_there_only_while_not_terminal(client, stack, model):
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream(["x"])])
    reply = client.post_create({"model": model, "input": "x", "background": True})
    response_id = reply.json()["id"]
    polled = client.get_response(response_id)
    assert int(polled.headers["openai-poll-after-ms"]) > 0
    unchanged = client.get_response(
        response_id, headers={"If-None-Match": polled.headers["etag"]})
    if unchanged.status == 304:
        assert int(unchanged.headers["openai-poll-after-ms"]) > 0
    gate.open()
    client.wait_terminal(response_id)
    assert "openai-poll-after-ms" not in client.get_response(response_id).headers


def test_every_answer_has_its_own_request_id(client, stack, fed, model):
    response_id = client.create(model)["id"]
    fed.send(*opening())
    replies = [
        client.get_response(response_id), client.get_response(response_id),
        client.get_response(UNKNOWN_ID), client.get("/v1/nothing"), client.post_create("{"),
        client.post_create({"model": 1}), client.request("PUT", "/v1/responses", body="{}"),
        client.with_key(None).get_response(response_id), client.input_items(response_id),
        client.cancel(response_id), client.delete(response_id),
        client.get("/health/liveliness"), client.get("/health/readiness"),
    ]
    ids = [reply.headers["x-request-id"] for reply in replies]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("query, status", [
    ("?stream=true", 400), ("?include[]=x&stream=true", 400), ("?stream=false", 200),
    ("?stream=maybe", 400), ("?xstream=true", 200)])
def test_poll_of_one_that_is_not_streamed_is_told_so_if_it_asks_for_a_stream(
        client, upstream, model, query, status):
    upstream.script(model, message_stream(["x"]))
    response_id = client.create(model)["id"]
    reply = client.get(f"/v1/responses/{response_id}{query}")
    assert reply.status == status
    if status == 400:
        assert reply.error()["param"] == "stream"


@pytest.mark.parametrize("size", [16000, 16384, 65528, 65529, 131056, 1_300_000])
def test_large_objects_come_whole(client, upstream, model, size):
    upstream.script(model, message_stream(["é" * (size // 2)]))
    response_id = client.create(model)["id"]
    object = client.wait_terminal(response_id)
    assert output_text(object) == "é" * (size // 2)


def test_answers_are_not_cached_by_others(client, upstream, model):
    upstream.script(model, message_stream(["x"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    reply = client.get_response(response_id)
    assert int(reply.headers["content-length"]) == len(reply.body)
    unchanged = client.get_response(response_id, headers={"If-None-Match": reply.headers["etag"]})
    assert unchanged.status == 304
    for answer in (reply, unchanged):
        assert answer.headers.get_all("cache-control") == ["private, no-cache"]
        assert answer.headers.get_all("x-content-type-options") == ["nosniff"]


def test_answers_that_are_not_polls_are_kept_by_nobody(client, model):
    created = client.post_create({"model": model, "input": "x", "background": True})
    response_id = created.json()["id"]
    for reply in (
            created, client.input_items(response_id), client.cancel(response_id, body=""),
            client.delete(response_id), client.get_response(response_id),
            client.with_key("wrong").get_response(response_id), client.get("/none"),
            client.post_create("no JSON"), client.request("PUT", "/v1/responses", body="x"),
            client.get("/health/liveliness"), client.get("/health/readiness")):
        assert reply.headers.get_all("cache-control") == ["private, no-store"], reply
        assert reply.headers.get_all("x-content-type-options") == ["nosniff"], reply


def test_poll_is_one_round_trip(client, stack, upstream, model):
    """Redis sees no more than the two reads of a poll, and no script."""
    upstream.script(model, message_stream(["x" * 1000]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    stack.wait_idle()
    client.get_response(response_id)

    def poll():
        for _ in range(20):
            assert client.get_response(response_id).status == 200

    assert asked_about(stack.redis, response_id, poll) == ["HMGET", "GET"] * 20


def test_304_does_not_fetch_the_object(client, stack, upstream, model):
    upstream.script(model, message_stream(["x" * 1000]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    stack.wait_idle()
    etag = client.get_response(response_id).headers["etag"]

    def poll():
        for _ in range(20):
            reply = client.get_response(response_id, headers={"If-None-Match": etag})
            assert (reply.status, reply.body) == (304, b"")

    assert asked_about(stack.redis, response_id, poll) == ["HMGET"] * 20


def test_etag_of_a_quiet_stream_stays_while_its_time_to_live_is_renewed(make_stack):
    stack = make_stack({"litellm_settings": {"responses": {"background_mode": {"ttl": 3}}}})
    gate = Gate()
    stack.upstream.script("m", [*opening(), delta("x"), gate])
    response_id = stack.client.create("m")["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == "x", "the text")
    key = response_key(response_id)
    etag = stack.client.get_response(response_id).headers["etag"]
    for _ in range(2):
        wait_until(lambda: stack.redis.pttl(key) < 2500, 10, "time to pass")
        wait_until(lambda: stack.redis.pttl(key) > 2500, 10, "the time to live to be renewed")
    reply = stack.client.get_response(response_id, headers={"If-None-Match": etag})
    assert reply.status == 304
    gate.open()


def test_etag_changes_with_every_state(client, stack, upstream, model):
    """Queued, claimed, text, more text, cancelled: each has a tag of its own, and the 304 goes."""
    feed = Feed()
    upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    seen = {}

    def note(predicate, what):
        client.wait_for(response_id, predicate, what)
        reply = client.get_response(response_id)
        seen[reply.headers["etag"]] = reply.body
        return reply.headers["etag"]

    note(lambda o: o["status"] == "in_progress", "the claim")
    feed.send(*opening(), delta("one"))
    note(lambda o: output_text(o) == "one", "the first text")
    feed.send(delta("two"))
    etag = note(lambda o: output_text(o) == "onetwo", "the second text")
    client.cancel(response_id)
    reply = client.get_response(response_id, headers={"If-None-Match": etag})
    assert (reply.status, reply.json()["status"]) == (200, "cancelled")
    seen[reply.headers["etag"]] = reply.body
    assert len(seen) == len(set(seen.values())) == 4


def test_polling_while_writing_always_sees_whole_json(client, upstream, model):
    """client.poll() parses strictly; the stored string is valid at every instant."""
    deltas = [f"{number} \"quoted\" \\ \u20ac \n" for number in range(400)]
    steps = []
    for number, event in enumerate(message_stream(deltas)):
        steps.append(event)
        if number % 4 == 0:
            steps.append(Sleep(1))
    upstream.script(model, steps)
    response_id = client.create(model)["id"]
    polls = 0

    def ended(object):
        nonlocal polls
        polls += 1
        return object["status"] in TERMINAL

    final = client.wait_for(response_id, ended, "the end", timeout=15)
    assert output_text(final) == "".join(deltas)
    assert polls > 10


def test_raw_stored_string_is_valid_json_while_it_grows(client, stack, upstream, model):
    import json

    deltas = [f"{number} " for number in range(300)]
    upstream.script(model, [step for event in message_stream(deltas)
                            for step in (event, Sleep(1))])
    response_id = client.create(model)["id"]
    deadline = time.monotonic() + 15
    seen = set()
    while time.monotonic() < deadline:
        stored = stack.stored(response_id)
        object = json.loads(stored)
        seen.add(len(stored))
        if object["status"] in TERMINAL:
            break
    assert output_text(object) == "".join(deltas)
    assert len(seen) > 5


def test_unknown_id_is_404(client):
    reply = client.get_response(UNKNOWN_ID)
    assert reply.status == 404
    assert UNKNOWN_ID in reply.error()["message"]


def test_poll_after_completion_is_stable(client, upstream, model):
    upstream.script(model, message_stream(["x"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    first = client.get_response(response_id).body
    wait_until(lambda: client.get_response(response_id).body == first, 2, "an equal answer")
    assert client.get_response(response_id).body == first
