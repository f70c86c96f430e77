"""Responses that continue another one: what the provider is sent, and what cannot be continued."""

import json
import re

import pytest

from asked import asked_about
from events import Stream, completed, delta, message_item, message_stream, opening, text_part
from harness import (BOB, HELD, HELD_UNTIL, MASTER_KEY, UNKNOWN_ID, job_key, output_text,
                     response_key)
from upstream import Gate, Hang, json_error



def user(text):
    """The item that a string as input stands for."""
    return {"type": "message", "role": "user", "content": text}


def answered(text, item_id="msg_1"):
    """The item of an answer, as message_stream() makes it."""
    return message_item(item_id, "completed", [text_part(text)])


def finished(stack, model, input="Hello", answer="text", client=None, **fields):
    """A response that has been run to its end: its object."""
    stack.upstream.script(model, message_stream([answer]))
    client = client or stack.client
    final = client.wait_terminal(client.create(model, input, **fields)["id"])
    assert final["status"] == "completed", final
    return final


def sent(stack, model, number=-1):
    """The body of the last request for the model, or of another one."""
    return stack.upstream.requests(model)[number].json()


def refused(reply, response_id, words, code):
    assert reply.status == 400, reply
    error = reply.error()
    assert error["type"] == "invalid_request_error"
    assert error["param"] == "previous_response_id"
    assert error["code"] == code
    assert error["message"].startswith(f"Previous response with id '{response_id}' ")
    assert words in error["message"]


def continued(client, model, response_id, input="more", **fields):
    return client.post_create({"model": model, "input": input, "background": True,
                               "previous_response_id": response_id, **fields})


# What the provider is sent.


def test_chain_of_three_sends_all_that_was_said_before(stack, model):
    first = finished(stack, model, "one", "answer one")
    second = finished(stack, model, [user("two"), user("and two")], "answer two",
                      previous_response_id=first["id"])
    third = finished(stack, model, "three", "answer three", previous_response_id=second["id"])
    assert sent(stack, model, 0)["input"] == "one"
    assert sent(stack, model, 1)["input"] == [
        user("one"), answered("answer one"), user("two"), user("and two")]
    assert sent(stack, model, 2)["input"] == [
        user("one"), answered("answer one"), user("two"), user("and two"), answered("answer two"),
        user("three")]
    assert not any("previous_response_id" in request.json()
                   for request in stack.upstream.requests(model))
    for earlier, later in ((first, second), (second, third)):
        assert later["previous_response_id"] == earlier["id"]


def test_one_response_can_be_continued_twice(stack, model):
    first = finished(stack, model, "one", "a")
    for text in ("this way", "that way"):
        finished(stack, model, text, "b", previous_response_id=first["id"])
        assert sent(stack, model)["input"] == [user("one"), answered("a"), user(text)]


def test_created_object_shows_the_id_that_the_client_sent(stack, client, model):
    first = finished(stack, model)
    reply = continued(client, model, first["id"])
    assert reply.json()["previous_response_id"] == first["id"]
    client.wait_terminal(reply.json()["id"])


def test_context_keeps_every_character(stack, client, model):
    item = '{"type":"message","n":[0.10,1e-7,12345678901234567890],"s":"\\u0000\\/\\u00e9é"}'
    output = {**answered("\x00 é \U0001d11e \"q\""), "x": {"n": 1}}
    raw = json.dumps(output, ensure_ascii=False).replace('"n": 1', '"n": 0.10e-7')
    stack.upstream.script(model, [
        b'data: {"type":"response.completed","response":{"id":"r","object":"response",'
        b'"status":"completed","output":[' + raw.encode() + b"]}}\n\n"])
    first = client.post_create(
        f'{{"model":"{model}","background":true,"input":[ {item} ,{{}}]}}'.encode()).json()["id"]
    client.wait_terminal(first)
    finished(stack, model, "next", previous_response_id=first)
    body = stack.upstream.requests(model)[-1].body
    assert b"[" + item.encode() + b" ,{}," in body
    assert b'"x":{"n":0.10e-7}' in body
    assert sent(stack, model)["input"][2:] == [
        {**output, "x": {"n": 0.10e-7}}, user("next")]


def test_all_kinds_of_output_items_are_context(stack, client, model):
    items = [
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "abc"},
        {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f",
         "arguments": '{"a": 1}', "status": "completed"},
        answered("text"),
    ]
    stack.upstream.script(model, [completed(items)])
    first = client.create(model, "call f")["id"]
    client.wait_terminal(first)
    result = {"type": "function_call_output", "call_id": "call_1", "output": "7"}
    finished(stack, model, [result], previous_response_id=first)
    assert sent(stack, model)["input"] == [user("call f"), *items, result]


def test_context_has_no_blanks_where_the_stored_object_has_room_to_grow(stack, client, model):
    stack.upstream.script(model, [
        *opening("msg_1", 0), *opening("msg_2", 1),
        *[delta("word", f"msg_{1 + n % 2}", n % 2) for n in range(200)],
        {"type": "response.completed", "response": {"id": "r", "status": "completed"}}])
    first = client.create(model, "one")["id"]
    output = client.wait_terminal(first)["output"]
    assert b"     " in stack.stored(first)
    finished(stack, f"{model}-2", "two", previous_response_id=first)
    assert b"     " not in stack.upstream.requests(f"{model}-2")[0].body
    assert sent(stack, f"{model}-2")["input"] == [user("one"), *output, user("two")]
    assert output_text({"output": output}) == "word" * 200


def test_context_is_sent_again_when_the_request_is_repeated(make_stack):
    stack = make_stack({"litellm_settings": {"num_retries": 2}})
    first = finished(stack, "first", "one", "a")
    stack.upstream.script("second", json_error(500, {"error": {"message": "no"}}),
                          message_stream(["b"]))
    second = continued(stack.client, "second", first["id"], "two").json()["id"]
    assert stack.client.wait_terminal(second)["status"] == "completed"
    expected = [user("one"), answered("a"), user("two")]
    assert [request.json()["input"] for request in stack.upstream.requests("second")] == [
        expected, expected]


def test_request_without_input_continues_with_the_context_alone(stack, client, model):
    first = finished(stack, model, "one", "a")
    reply = client.post_create(
        {"model": model, "background": True, "previous_response_id": first["id"]})
    client.wait_terminal(reply.json()["id"])
    assert sent(stack, model)["input"] == [user("one"), answered("a")]


def test_previous_request_without_input_has_its_output_as_context(stack, client, model):
    stack.upstream.script(model, message_stream(["a"]))
    first = client.post_create({"model": model, "background": True, "prompt": {"id": "p"}})
    client.wait_terminal(first.json()["id"])
    finished(stack, model, "two", previous_response_id=first.json()["id"])
    assert sent(stack, model)["input"] == [answered("a"), user("two")]


def test_incomplete_response_can_be_continued(stack, client, model):
    stack.upstream.script(model, Stream().begin().message(["half"]).end(
        "incomplete", incomplete_details={"reason": "max_output_tokens"}).events)
    first = client.create(model, "one")["id"]
    assert client.wait_terminal(first)["status"] == "incomplete"
    finished(stack, model, "go on", previous_response_id=first)
    assert sent(stack, model)["input"] == [user("one"), answered("half"), user("go on")]


def test_other_models_and_fields_may_be_used_to_continue(stack, client, model):
    first = finished(stack, model, "one", "a", instructions="be brief", temperature=0.5)
    finished(stack, f"{model}-other", "two", previous_response_id=first["id"])
    body = sent(stack, f"{model}-other")
    assert body["input"] == [user("one"), answered("a"), user("two")]
    assert set(body) == {"model", "stream", "input"}


def test_input_items_are_the_response_s_own(stack, client, model):
    first = finished(stack, model, "one")
    second = finished(stack, model, "two", previous_response_id=first["id"])
    item, = client.input_items(second["id"]).json()["data"]
    assert item["content"] == [{"type": "input_text", "text": "two"}]


def test_context_outlives_the_responses_that_it_came_from(stack, client, model):
    first = finished(stack, model, "one", "a")
    second = finished(stack, model, "two", "b", previous_response_id=first["id"])
    assert stack.redis.expire(response_key(first["id"]), 0)
    assert stack.redis.expire(job_key(first["id"]), 0)
    refused(continued(client, model, first["id"]), first["id"], "not found.",
            "previous_response_not_found")
    finished(stack, model, "three", previous_response_id=second["id"])
    assert sent(stack, model)["input"] == [
        user("one"), answered("a"), user("two"), answered("b"), user("three")]


# What cannot be continued.


@pytest.mark.parametrize("response_id", [
    UNKNOWN_ID, "litellm_poll_", "litellm_poll_a b", "litellm_poll_{x}", "litellm_poll_*",
    "litellm_poll_é",
])
def test_unknown_response_is_not_found(stack, client, model, response_id):
    refused(continued(client, model, response_id), response_id, "not found.",
            "previous_response_not_found")
    assert stack.upstream.requests(model) == []


def test_very_long_id_is_not_found(client, model):
    reply = continued(client, model, "litellm_poll_" + "a" * 5000)
    assert reply.status == 400
    assert reply.error()["code"] == "previous_response_not_found"
    assert len(reply.error()["message"]) < 300


@pytest.mark.parametrize("key", [BOB, MASTER_KEY])
def test_response_of_another_tenant_is_not_found(stack, client, model, key):
    first = finished(stack, model, "secret words", "secret answer")
    other = client.with_key(key)
    reply = continued(other, model, first["id"])
    refused(reply, first["id"], "not found.", "previous_response_not_found")
    assert reply.body == continued(other, model, UNKNOWN_ID).body.replace(
        UNKNOWN_ID.encode(), first["id"].encode())
    assert len(stack.upstream.requests(model)) == 1


def test_deleted_response_is_not_found(stack, client, model):
    first = finished(stack, model)
    assert client.delete(first["id"]).status == 200
    refused(continued(client, model, first["id"]), first["id"], "not found.",
            "previous_response_not_found")


def test_response_that_has_not_ended_cannot_be_continued_yet(stack, client, model):
    gate = Gate()
    stack.upstream.script(model, [*opening(), gate, completed([answered("late")])])
    first = client.create(model, "one")["id"]
    client.wait_status(first, "in_progress")
    refused(continued(client, model, first), first, "has not ended yet",
            "previous_response_in_progress")
    gate.open()
    client.wait_terminal(first)
    finished(stack, model, "two", previous_response_id=first)
    assert sent(stack, model)["input"] == [user("one"), answered("late"), user("two")]


def test_queued_response_cannot_be_continued_yet(make_stack):
    stack = make_stack(supervisor=False)
    first = stack.client.create("m")["id"]
    refused(continued(stack.client, "m", first), first, "has not ended yet",
            "previous_response_in_progress")
    assert stack.queued() == [first]
    assert len(stack.job_keys()) == 1


def test_failed_response_cannot_be_continued(stack, client, model):
    stack.upstream.script(model, json_error(400, {"error": {"message": "bad", "code": "x"}}))
    first = client.create(model)["id"]
    assert client.wait_terminal(first)["status"] == "failed"
    refused(continued(client, model, first), first, "it has failed", "previous_response_failed")


def test_cancelled_response_cannot_be_continued(stack, client, model):
    stack.upstream.script(model, [*opening(), Hang()])
    first = client.create(model)["id"]
    client.wait_status(first, "in_progress")
    assert client.cancel(first).json()["status"] == "cancelled"
    refused(continued(client, model, first), first, "it was cancelled",
            "previous_response_cancelled")


def test_response_made_with_store_false_cannot_be_continued(stack, client, model):
    first = finished(stack, model, store=False)
    refused(continued(client, model, first["id"]), first["id"], "'store' set to false",
            "previous_response_not_stored")


def test_no_response_can_be_continued_where_inputs_are_not_kept(make_stack, model):
    stack = make_stack({"respool": {"store_input": False}})
    first = finished(stack, model)
    refused(continued(stack.client, model, first["id"]), first["id"], "input was not kept",
            "previous_response_not_stored")


def test_response_of_another_program_cannot_be_continued(stack, client, model):
    stack.redis.set(response_key(UNKNOWN_ID), json.dumps(json.dumps(
        {"id": UNKNOWN_ID, "object": "response", "status": "completed", "output": []})))
    try:
        refused(continued(client, model, UNKNOWN_ID), UNKNOWN_ID, "input was not kept",
                "previous_response_not_stored")
    finally:
        stack.redis.delete(response_key(UNKNOWN_ID))


def test_response_whose_job_is_lost_is_not_found(stack, client, model):
    first = finished(stack, model)
    stack.redis.delete(job_key(first["id"]))
    refused(continued(client, model, first["id"]), first["id"], "not found.",
            "previous_response_not_found")


@pytest.mark.parametrize("background", [True, False])
def test_context_and_input_are_no_longer_than_a_request_may_be(make_stack, model, background):
    """Else a few bytes would have Redis and the provider take whatever has come together."""
    limit = 65536
    stack = make_stack({"respool": {"max_request_bytes": limit}})
    first = finished(stack, model, "x" * 30000, "y" * 20000)
    second = finished(stack, model, "short", previous_response_id=first["id"])
    context = len(stack.job(second["id"])[b"context"])
    assert 50000 < context < limit
    longest = "x" * (limit - context - len('""'))
    stored = len(stack.job_keys())
    reply = continued(stack.client, model, first["id"], longest + "x", background=background)
    assert reply.status == 400
    error = reply.error()
    assert (error["param"], error["code"]) == ("previous_response_id", "context_length_exceeded")
    assert re.findall(r"\d+", error["message"]) == [
        str(context), str(limit - context + 1), str(limit)]
    assert len(stack.job_keys()) == stored
    requests = len(stack.upstream.requests(model))
    stack.upstream.script(model, message_stream(["z"]))
    reply = continued(stack.client, model, first["id"], longest, background=background)
    assert reply.status == 200
    stack.upstream.wait_request(model, requests + 1)
    if background:
        stack.client.wait_terminal(reply.json()["id"])


def test_chain_that_grows_comes_to_its_end(make_stack, model):
    stack = make_stack({"respool": {"max_request_bytes": 65536}})
    last = finished(stack, model, "x" * 1000, "y" * 9000)["id"]
    for step in range(10):
        stack.upstream.script(model, message_stream(["y" * 9000]))
        reply = continued(stack.client, model, last, "x")
        if reply.status == 400:
            break
        last = stack.client.wait_terminal(reply.json()["id"])["id"]
    assert (reply.status, reply.error()["code"]) == (400, "context_length_exceeded")
    assert 5 <= step <= 7
    assert all(sum(map(len, stack.redis.hvals(key))) <= 65536 for key in stack.job_keys())


def test_contexts_that_small_steps_leave_in_redis_are_bounded(make_stack, model):
    """Each step has ended when the next one begins, so that nothing waits."""
    limit, long = 300_000, "x" * 30000
    stack = make_stack({"respool": {"max_queue_bytes": limit}})
    last = finished(stack, model, long)["id"]
    steps, sent_bytes = [], 0
    for _ in range(30):
        stack.upstream.script(model, message_stream(["y"]))
        body = json.dumps({"model": model, "input": "x", "background": True,
                           "previous_response_id": last})
        reply = stack.client.post_create(body)
        if reply.status != 200:
            break
        last = stack.client.wait_terminal(reply.json()["id"])["id"]
        steps.append(last)
        sent_bytes += len(body)
    assert (reply.status, reply.error()["code"]) == (429, "queue_full")
    assert reply.error()["param"] == "previous_response_id"
    assert str(limit) in reply.error()["message"] and "bytes" in reply.error()["message"]
    assert len(steps) == 9
    kept = sum(len(stack.job(step)[b"context"]) for step in steps)
    assert int(stack.redis.hget(HELD, "contexts")) == kept <= limit
    print(f"{kept} bytes of context in Redis for {sent_bytes} sent, then 429")
    # Others are served, and deleting or expiring makes room.
    finished(stack, model, long)
    for room in (lambda: stack.client.delete(steps[0]),
                 lambda: stack.redis.zadd(HELD_UNTIL, {steps[1]: 1}, xx=True)):
        assert continued(stack.client, model, last).status == 429
        room()
        stack.upstream.script(model, message_stream(["y"]))
        reply = continued(stack.client, model, last)
        assert reply.status == 200
        stack.client.wait_terminal(reply.json()["id"])


def test_many_steps_from_one_large_context_hit_the_bound_of_what_waits(make_stack, model):
    stack = make_stack({"respool": {"max_queue_bytes": 300_000}})
    first = finished(stack, model, "x" * 30000)["id"]
    stack.stop(stack.supervisor)
    replies = [continued(stack.client, model, first).status for _ in range(20)]
    assert replies == [200] * 9 + [429] * 11
    assert len(stack.queued()) == 9


# What stays in Redis.


def test_context_of_a_response_with_store_false_goes_at_the_end(stack, client, model):
    words = f"words-{model}"
    first = finished(stack, model, words, "a")
    second = finished(stack, model, "two", "b", previous_response_id=first["id"], store=False)
    assert sent(stack, model)["input"] == [user(words), answered("a"), user("two")]
    assert not {b"context", b"input", b"request"} & set(stack.job(second["id"]))
    client.delete(first["id"])
    assert words.encode() not in stack.everything_stored()


def test_context_stays_as_long_as_the_input(stack, client, model):
    first = finished(stack, model, "one", "a")
    second = finished(stack, model, "two", "b", previous_response_id=first["id"])
    job = stack.job(second["id"])
    assert json.loads(b"[" + job[b"context"] + b"]") == [user("one"), answered("a")]
    assert json.loads(job[b"input"]) == "two"
    assert b"request" not in job
    client.delete(second["id"])
    assert stack.job(second["id"]) == {}


# Responses that a provider keeps.


def remember(stack, response_id, tenant, deployment="0123456789abcdef"):
    stack.redis.hset(f"litellm:polling:native:{response_id}", mapping={
        "tenant": tenant, "deployment": deployment, "model": "m"})
    stack.redis.expire(f"litellm:polling:native:{response_id}", 60)


def tenant_of(stack, client):
    """How the client's tenant is called in Redis."""
    response_id = client.create("tenant-probe")["id"]
    tenant = stack.job(response_id)[b"tenant"]
    client.delete(response_id)
    return tenant


@pytest.mark.parametrize("response_id", [
    "resp_68af1e0c", "", "LITELLM_POLL_a", "resp_a b", "resp_" + "a" * 200, "resp_é*:{}",
])
def test_unknown_response_of_a_provider_is_the_provider_s_to_judge(stack, client, model,
                                                                   response_id):
    final = finished(stack, model, "two", previous_response_id=response_id)
    assert final["previous_response_id"] == response_id
    body = sent(stack, model)
    assert (body["previous_response_id"], body["input"]) == (response_id, "two")


def test_known_response_of_a_provider_goes_back_to_its_deployment(make_stack):
    stack = make_stack(supervisor=False)
    remember(stack, "resp_1", tenant_of(stack, stack.client))
    created = continued(stack.client, "m", "resp_1").json()
    job = stack.job(created["id"])
    assert job[b"deployment"] == b"0123456789abcdef"
    assert b'"previous_response_id":"resp_1"' in job[b"request"]
    assert b"context" not in job


def test_response_that_a_provider_keeps_for_another_tenant_is_not_found(make_stack):
    stack = make_stack(supervisor=False)
    remember(stack, "resp_1", tenant_of(stack, stack.client.with_key(BOB)))
    refused(continued(stack.client, "m", "resp_1"), "resp_1", "not found.",
            "previous_response_not_found")
    assert stack.queued() == []


def provider_object(response_id):
    return {"id": response_id, "object": "response", "status": "completed", "output": []}


def begun_at_a_provider(make_stack, text):
    """A stack, the id of a response that one of two deployments made, and that one's name."""
    names = ("up-a", "up-b")
    stack = make_stack({"model_list": [
        {"model_name": "m", "litellm_params": {"model": f"openai/{name}", "api_key": "sk-1"}}
        for name in names]})
    for name in names:
        stack.upstream.script(name, json_error(200, provider_object(f"resp_of_{name}")),
                              message_stream([text]))
    first = stack.client.post_create({"model": "m", "input": "one"}).json()["id"]
    assert first in ("resp_of_up-a", "resp_of_up-b")
    return stack, first, first.removeprefix("resp_of_")


def test_background_request_continues_at_the_deployment_that_was_passed_the_first(make_stack):
    stack, first, home = begun_at_a_provider(make_stack, "x")
    for _ in range(8):
        created = continued(stack.client, "m", first, "two").json()["id"]
        assert stack.client.wait_terminal(created)["status"] == "completed"
    assert len(stack.upstream.requests(home)) == 9
    assert sent(stack, home)["previous_response_id"] == first
    assert sent(stack, home)["input"] == "two"


@pytest.mark.parametrize("background", [True, False])
def test_provider_that_alone_knows_the_previous_response_has_the_last_word(make_stack, background):
    """Another one would answer that there is no such response, and hide what can be mended."""
    names = ("up-a", "up-b")
    stack = make_stack({
        "model_list": [
            {"model_name": "m", "litellm_params": {"model": f"openai/{name}", "api_key": "sk-1"}}
            for name in names],
        "litellm_settings": {"num_retries": 1, "fallbacks": [{"m": ["m"]}]}})
    busy = json_error(503, {"error": {"message": "busy now", "type": "t", "code": "busy"}})
    for name in names:
        stack.upstream.script(name, json_error(200, provider_object(f"resp_of_{name}")), busy)
    first = stack.client.post_create({"model": "m", "input": "one"}).json()["id"]
    home = first.removeprefix("resp_of_")
    reply = stack.client.post_create({"model": "m", "input": "two", "background": background,
                                      "previous_response_id": first})
    if background:
        final = stack.client.wait_terminal(reply.json()["id"])
        assert (final["status"], final["error"]["code"]) == ("failed", "busy")
    else:
        assert (reply.status, reply.json()["error"]["code"]) == (503, "busy")
    assert {name: len(stack.upstream.requests(name)) for name in names} == {
        name: 3 if name == home else 0 for name in names}


def test_continued_response_of_ours_begins_at_the_deployment_that_answered(make_stack):
    """Its output may hold what only that account of the provider can read."""
    names = ("up-a", "up-b", "up-c")
    stack = make_stack({"model_list": [
        {"model_name": "m", "litellm_params": {"model": f"openai/{name}", "api_key": "sk-1"}}
        for name in names]})
    for name in names:
        stack.upstream.script(name, message_stream([name]))
    first = stack.client.wait_terminal(stack.client.create("m")["id"])
    home = first["output"][0]["content"][0]["text"]
    previous = first["id"]
    for _ in range(8):
        created = continued(stack.client, "m", previous, "two").json()["id"]
        final = stack.client.wait_terminal(created)
        assert (final["status"], final["output"][0]["content"][0]["text"]) == ("completed", home)
        previous = created


def test_continued_response_begins_where_the_last_try_of_the_first_one_went_well(make_stack):
    stack = make_stack({"model_list": [
        {"model_name": "m", "litellm_params": {"model": "openai/bad", "api_key": "sk-1",
                                               "weight": 1}},
        {"model_name": "m", "litellm_params": {"model": "openai/good", "api_key": "sk-1"}}],
        "litellm_settings": {"num_retries": 1}})
    stack.upstream.script("bad", json_error(500, {"error": {"message": "busy"}}))
    stack.upstream.script("good", message_stream(["x"]))
    first = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert first["status"] == "completed"
    created = continued(stack.client, "m", first["id"], "two").json()["id"]
    assert stack.client.wait_terminal(created)["status"] == "completed"
    assert [len(stack.upstream.requests(name)) for name in ("bad", "good")] == [1, 2]


@pytest.mark.parametrize("background", [True, False])
def test_provider_s_response_at_a_chain_s_beginning_stays_there(make_stack, background):
    stack, first, home = begun_at_a_provider(make_stack, "answer")
    last = first
    for text in ("two", "three"):
        last = continued(stack.client, "m", last, text).json()["id"]
        assert stack.client.wait_terminal(last)["status"] == "completed"
    for _ in range(2):
        reply = stack.client.post_create({"model": "m", "input": "four", "background": background,
                                          "previous_response_id": last})
        assert reply.status == 200
        if background:
            final = stack.client.wait_terminal(reply.json()["id"])
            assert final["previous_response_id"] == last
        body = sent(stack, home)
        assert body["previous_response_id"] == first
        assert body["input"] == [user("two"), answered("answer"), user("three"),
                                 answered("answer"), user("four")]
    assert len(stack.upstream.requests(home)) == 5


# Requests that are passed through.


@pytest.mark.parametrize("input, items", [
    ("two", [user("two")]), ([user("a"), user("b")], [user("a"), user("b")]), ([], []),
])
def test_foreground_request_continues_a_background_response(stack, client, model, input, items):
    first = finished(stack, model, "one", "a")
    other = f"{model}-fore"
    stack.upstream.script(other, json_error(200, provider_object("resp_2")))
    reply = client.post_create({"x": 0.10, "previous_response_id": first["id"], "input": input,
                                "model": other})
    assert (reply.status, reply.json()) == (200, provider_object("resp_2"))
    assert sent(stack, other) == {
        "x": 0.10, "input": [user("one"), answered("a"), *items], "model": other}


def test_foreground_stream_continues_a_background_response(stack, client, model):
    first = finished(stack, model, "one", "a")
    other = f"{model}-fore"
    stack.upstream.script(other, message_stream(["b"]))
    reply = client.post_create({"model": other, "stream": True,
                                "previous_response_id": first["id"]})
    assert reply.status == 200
    assert b"response.completed" in reply.body
    assert sent(stack, other) == {
        "model": other, "stream": True, "input": [user("one"), answered("a")]}


def test_foreground_request_cannot_continue_what_is_not_there(stack, client, model):
    reply = client.post_create({"model": model, "input": "x", "previous_response_id": UNKNOWN_ID})
    refused(reply, UNKNOWN_ID, "not found.", "previous_response_not_found")
    assert stack.upstream.requests(model) == []


# Refusals cost nothing.


def test_refused_request_leaves_nothing_in_redis(make_stack):
    stack = make_stack(supervisor=False)
    refused(continued(stack.client, "m", UNKNOWN_ID), UNKNOWN_ID, "not found.",
            "previous_response_not_found")
    assert stack.response_keys() == stack.job_keys() == stack.queued() == []


def test_ids_that_cannot_be_ours_are_not_asked_for(stack, client, model):
    def ask():
        refused(continued(client, model, "litellm_poll_a:b*"), "litellm_poll_a:b*", "not found.",
                "previous_response_not_found")

    assert asked_about(stack.redis, "poll_a:b", ask) == []


def test_without_redis_a_previous_response_is_503(make_stack, model):
    stack = make_stack(supervisor=False)
    first = stack.client.create(model)["id"]
    stack.stop(stack.redis_program)
    reply = continued(stack.client, model, first)
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
