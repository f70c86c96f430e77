"""Creating a response: the initial object, what is in Redis, what the provider is sent."""

import json
import time

import pytest

from events import message_stream
from harness import (ALICE, ID_FORM, PROVIDER_KEY, SECRETS, TERMINAL, job_key, output_text,
                     response_key, wait_until)
from upstream import Gate

STACK = {"config": {"litellm_settings": {"responses": {"background_mode": {"ttl": 1234}}}}}

NULLABLE = ("completed_at", "incomplete_details", "previous_response_id", "instructions", "error",
            "reasoning", "user", "usage", "max_output_tokens", "max_tool_calls",
            "safety_identifier", "prompt_cache_key")
DEFAULTS = {
    "object": "response", "status": "queued", "output": [], "tools": [], "tool_choice": "auto",
    "truncation": "disabled", "parallel_tool_calls": True, "text": {"format": {"type": "text"}},
    "top_p": 1, "temperature": 1, "presence_penalty": 0, "frequency_penalty": 0,
    "top_logprobs": 0, "store": True, "background": True, "metadata": {},
}
ALL_FIELDS = {"id", "created_at", "model", "service_tier", *NULLABLE, *DEFAULTS}
OWN_FIELDS = {
    "instructions": "Be brief: \"quoted\" and \\ slashed\n",
    "max_output_tokens": 4321, "max_tool_calls": 7, "metadata": {"topic": "tests", "n": "1"},
    "parallel_tool_calls": False, "previous_response_id": "resp_previous",
    "prompt_cache_key": "cache-key", "reasoning": {"effort": "high", "summary": "auto"},
    "safety_identifier": "someone", "service_tier": "flex", "store": False, "temperature": 0.7,
    "text": {"format": {"type": "json_object"}, "verbosity": "low"}, "tool_choice": "required",
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"},
               "strict": True, "description": None}],
    "top_logprobs": 3, "top_p": 0.25, "truncation": "auto", "user": "user-1",
    "presence_penalty": -0.5, "frequency_penalty": 1.5,
}


@pytest.fixture
def held(stack, model):
    """A model whose provider answers nothing until the gate opens."""
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream(["done"])])
    yield gate
    gate.open()


def test_create_poll_completed(client, upstream, model):
    upstream.script(model, message_stream(["Hello, ", "world"]))
    created = client.create(model)
    assert created["status"] == "queued"
    final = client.wait_terminal(created["id"])
    assert final["status"] == "completed"
    assert output_text(final) == "Hello, world"
    assert final["id"] == created["id"]
    assert final["created_at"] == created["created_at"]
    assert created["created_at"] <= final["completed_at"] <= time.time() + 1
    assert final["background"] is True


def test_initial_object_has_every_field_with_its_default(client, model, held):
    created = client.create(model)
    assert ALL_FIELDS <= set(created)
    assert created["model"] == model
    assert {name: created[name] for name in NULLABLE} == dict.fromkeys(NULLABLE)
    assert {name: created[name] for name in DEFAULTS} == DEFAULTS
    assert created["service_tier"] in ("auto", "default")


def test_initial_object_has_the_request_s_own_fields(client, model, held):
    created = client.create(model, **OWN_FIELDS)
    assert {name: created[name] for name in OWN_FIELDS} == OWN_FIELDS


def test_fields_that_the_request_sets_null_have_their_defaults(client, model, held):
    created = client.create(model, **dict.fromkeys(OWN_FIELDS))
    assert {name: created[name] for name in DEFAULTS} == DEFAULTS
    assert {name: created[name] for name in NULLABLE} == dict.fromkeys(NULLABLE)


def test_every_field_is_there_at_every_poll(client, stack, model, held):
    created = client.create(model)
    assert ALL_FIELDS <= set(client.poll(created["id"]))
    stack.upstream.wait_request(model)
    assert ALL_FIELDS <= set(client.poll(created["id"]))
    held.open()
    assert ALL_FIELDS <= set(client.wait_terminal(created["id"]))


def test_id_is_the_prefix_and_a_random_uuid(client, model, held):
    ids = {client.create(model)["id"] for _ in range(20)}
    assert len(ids) == 20
    assert all(ID_FORM.match(response_id) for response_id in ids)


def test_created_at_is_now(client, model, held):
    before = int(time.time())
    created = client.create(model)
    assert before <= created["created_at"] <= time.time()
    assert isinstance(created["created_at"], int)


def test_created_object_is_the_stored_one(client, stack, model):
    gate = Gate()
    stack.upstream.script(model, [gate])
    reply = client.post_create({"model": model, "input": "x", "background": True})
    stored = stack.stored(reply.json()["id"])
    assert {**json.loads(stored), "status": "queued"} == reply.json()
    assert reply.headers["content-type"].startswith("application/json")
    gate.open()


def test_keys_are_named_as_the_contract_says(client, stack, model, held):
    response_id = client.create(model)["id"]
    assert response_key(response_id).encode() in stack.response_keys()
    assert job_key(response_id).encode() in stack.job_keys()
    assert stack.redis.type(response_key(response_id)) == b"string"
    assert stack.redis.type(job_key(response_id)) == b"hash"


def test_job_holds_the_tenant(client, stack, model, held):
    response_id = client.create(model)["id"]
    assert b"alice" in stack.job(response_id).values()


def test_both_keys_have_the_configured_ttl(client, stack, model, held):
    response_id = client.create(model)["id"]
    for key in (response_key(response_id), job_key(response_id)):
        assert 1224 <= stack.redis.ttl(key) <= 1234


def test_every_write_refreshes_the_ttl_of_both_keys(client, stack, model, held):
    response_id = client.create(model)["id"]
    client.wait_status(response_id, "in_progress")
    for key in (response_key(response_id), job_key(response_id)):
        stack.redis.expire(key, 100)
    held.open()
    client.wait_terminal(response_id)
    for key in (response_key(response_id), job_key(response_id)):
        assert stack.redis.ttl(key) > 1200


def test_every_key_of_a_response_expires(client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    keys = [key for key in stack.redis.scan_iter() if response_id.encode() in key]
    assert len(keys) >= 2
    assert all(stack.redis.ttl(key) > 0 for key in keys)


def test_expired_response_is_not_found(make_stack, model):
    stack = make_stack({"litellm_settings": {"responses": {"background_mode": {"ttl": 1}}}})
    stack.upstream.script(model, message_stream(["x"]))
    response_id = stack.client.create(model)["id"]
    wait_until(lambda: stack.client.get_response(response_id).status == 404, 10,
               "the response to expire")
    wait_until(lambda: not stack.job_keys(), 10, "the job to expire")


def test_default_ttl_is_one_hour_in_redis(make_stack, model):
    stack = make_stack(supervisor=False)
    response_id = stack.client.create(model)["id"]
    assert 3590 <= stack.redis.ttl(response_key(response_id)) <= 3600
    assert 3590 <= stack.redis.ttl(job_key(response_id)) <= 3600


def test_queue_and_running_lists_are_empty_at_the_end(client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    stack.wait_idle()


def test_running_job_is_in_one_running_list(client, stack, model, held):
    response_id = client.create(model)["id"]
    stack.upstream.wait_request(model)
    assert stack.running().count(response_id) == 1
    assert response_id not in stack.queued()


def test_request_body_is_gone_from_redis_when_terminal(client, stack, model, held):
    marker = "marker-5d1f7c"
    response_id = client.create(model, x_unknown=marker)["id"]
    stack.upstream.wait_request(model)
    assert marker.encode() in stack.everything_stored()
    held.open()
    client.wait_terminal(response_id)
    assert marker.encode() not in stack.everything_stored()


def test_no_key_of_provider_or_client_is_in_redis_or_a_log(client, stack, model, held):
    response_id = client.create(model)["id"]
    client.with_key("sk-wrong-77aa").get_response(response_id)
    stack.upstream.wait_request(model)
    during = stack.everything_stored()
    held.open()
    client.wait_terminal(response_id)
    after = stack.everything_stored()
    logs = stack.responder.stderr() + stack.supervisor.stderr()
    for secret in (*SECRETS, "sk-wrong-77aa"):
        assert secret.encode() not in during
        assert secret.encode() not in after
        assert secret not in logs


# What the provider is sent.


def sent_for(client, upstream, model, body):
    """The raw body that reaches the provider for a raw body of the client's."""
    upstream.script(model, message_stream(["x"]))
    reply = client.post_create(body)
    assert reply.status == 200, reply
    request = upstream.wait_request(model)
    assert client.wait_terminal(reply.json()["id"])["status"] == "completed"
    return request


def test_provider_gets_model_stream_and_no_background(make_stack):
    stack = make_stack({"model_list": [
        {"model_name": "alias", "litellm_params": {"model": "openai/upstream-name"}}]})
    stack.upstream.script("upstream-name", message_stream(["x"]))
    created = stack.client.create("alias", "hi", temperature=0.5)
    assert created["model"] == "alias"
    request = stack.upstream.wait_request("upstream-name")
    assert request.json() == {"model": "upstream-name", "stream": True, "input": "hi",
                              "temperature": 0.5}
    stack.client.wait_terminal(created["id"])


def test_provider_gets_a_json_post_with_the_deployment_s_key(client, upstream, model):
    request = sent_for(client, upstream, model,
                       {"model": model, "input": "x", "background": True})
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert request.header("content-type").startswith("application/json")
    assert "text/event-stream" in (request.header("accept") or "text/event-stream")
    assert ALICE not in str(request.headers)
    assert not request.header("expect")


def test_stream_false_from_the_client_becomes_true(client, upstream, model):
    request = sent_for(client, upstream, model,
                       {"model": model, "input": "x", "background": True, "stream": False})
    assert request.json()["stream"] is True
    assert "background" not in request.json()


@pytest.mark.parametrize("number", [
    "0.7", "1e-7", "1E+2", "-0", "-0.0", "12345678901234567890", "0.1000", "1.0",
    "123456789012345678901234567890.123456789012345678901234567890", "1e400",
])
def test_numbers_keep_their_digits(client, upstream, model, number):
    request = sent_for(client, upstream, model,
                       f'{{"model":"{model}","background":true,"input":"x","number":{number},'
                       f'"temperature":{number},"nested":[{{"n":{number}}}]}}')
    assert request.body.count(number.encode()) == 3


@pytest.mark.parametrize("number", ["0.7", "1e-7", "12345678901234567890", "0.10"])
def test_numbers_keep_their_digits_in_the_object(client, upstream, model, number):
    upstream.script(model, message_stream(["x"]))
    reply = client.post_create(
        f'{{"model":"{model}","background":true,"input":"x","temperature":{number}}}')
    assert f'"temperature":{number},'.encode() in reply.body
    client.wait_terminal(reply.json()["id"])


@pytest.mark.parametrize("text", [
    "\\u0000", "a\\u0000b", "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\\u001f", "é", "\\u00e9", "\U0001d11e",
    "\\ud834\\udd1e", "</script>", "\\u2028", "%s%n%d", "'; DROP TABLE x; --", "\x7f",
])
def test_strings_keep_every_character(client, upstream, model, text):
    expected = json.loads(f'"{text}"')
    request = sent_for(client, upstream, model,
                       f'{{"input":"{text}","metadata":{{"m":"{text}"}},"background":true,'
                       f'"x":{{"{text}":["{text}"]}},"model":"{model}"}}')
    body = request.json()
    assert body["input"] == expected
    assert body["metadata"] == {"m": expected}
    assert body["x"] == {expected: [expected]}


def test_unknown_members_are_kept(client, upstream, model):
    extra = {"future": {"a": [1, None, True, {"b": "c"}]}, "include": ["reasoning.encrypted"],
             "prompt": {"id": "pmpt_1"}, "conversation": "conv_1"}
    request = sent_for(client, upstream, model,
                       {"model": model, "input": "x", "background": True, **extra})
    body = request.json()
    assert {name: body[name] for name in extra} == extra


def test_names_alike_to_ours_in_nested_objects_are_kept(client, upstream, model):
    nested = {"model": "m", "stream": False, "background": True, "input": [1]}
    request = sent_for(client, upstream, model,
                       {"model": model, "input": [nested], "background": True, "x": nested})
    assert request.json()["x"] == nested
    assert request.json()["input"] == [nested]


@pytest.mark.parametrize("order", [
    ("model", "input", "background", "x"), ("x", "background", "input", "model"),
    ("background", "x", "model", "input"),
])
def test_order_of_members_is_irrelevant(client, upstream, model, order):
    members = {"model": model, "input": "text", "background": True, "x": 1}
    request = sent_for(client, upstream, model, {name: members[name] for name in order})
    assert request.json() == {"model": model, "input": "text", "stream": True, "x": 1}


def test_blanks_around_everything_are_fine(client, upstream, model):
    request = sent_for(client, upstream, model,
                       f' \r\n\t{{ "model" : "{model}" ,\n "background" : true ,'
                       f' "input" : [ 1 , 2 ] , "x" : {{ }} }} \n')
    assert request.json() == {"model": model, "input": [1, 2], "stream": True, "x": {}}


def test_escaped_member_names_mean_the_same(client, upstream, model):
    request = sent_for(client, upstream, model,
                       f'{{"\\u006dodel":"{model}","backgroun\\u0064":true,"inp\\u0075t":"x"}}')
    assert request.json() == {"model": model, "input": "x", "stream": True}


def test_large_request_arrives_whole(client, upstream, model):
    text = "".join(chr(0x4E00 + i % 20000) for i in range(300000))
    request = sent_for(client, upstream, model,
                       json.dumps({"model": model, "input": text, "background": True},
                                  ensure_ascii=False))
    assert request.json()["input"] == text


def test_request_without_input_is_passed_on_without(client, upstream, model):
    request = sent_for(client, upstream, model,
                       {"model": model, "background": True, "prompt": {"id": "pmpt_1"}})
    assert request.json() == {"model": model, "stream": True, "prompt": {"id": "pmpt_1"}}


# Which requests are polled.


WITHOUT_PASSTHROUGH = {"respool": {"max_passthrough": 0}}


def test_request_that_is_not_polled_is_answered_501_without_pass_through(make_stack):
    stack = make_stack(WITHOUT_PASSTHROUGH, supervisor=False)
    for background in ({}, {"background": False}, {"background": None}):
        reply = stack.client.post_create({"model": "any", "input": "x", **background})
        assert reply.status == 501
        assert "background" in reply.error()["message"]
    assert stack.response_keys() == []


@pytest.mark.parametrize("background_mode", [
    {"polling_via_cache": False},
    {"polling_via_cache": ["anthropic"]},
    {"polling_via_cache": "all", "native_background_mode": ["any"]},
])
def test_model_that_polling_is_off_for_is_answered_501_without_pass_through(
        make_stack, background_mode):
    stack = make_stack({
        **WITHOUT_PASSTHROUGH,
        "litellm_settings": {"responses": {"background_mode": background_mode}},
    }, supervisor=False)
    reply = stack.client.post_create({"model": "any", "input": "x", "background": True})
    assert reply.status == 501
    assert reply.error()
    assert stack.response_keys() == []


def test_provider_list_decides_by_the_deployment(make_stack):
    stack = make_stack({"litellm_settings": {"responses": {"background_mode": {
        "polling_via_cache": ["openai"]}}}}, supervisor=False)
    assert stack.client.create("any")["status"] == "queued"


def test_wildcard_deployment_passes_on_what_it_matched(make_stack):
    stack = make_stack({"model_list": [
        {"model_name": "team/*", "litellm_params": {"model": "openai/up-*", "api_key": "sk-1"}},
        {"model_name": "team/exact", "litellm_params": {"model": "openai/exact",
                                                        "api_key": "sk-2"}}]})
    for model, upstream_name, key in (("team/a", "up-a", "sk-1"), ("team/exact", "exact", "sk-2")):
        stack.upstream.script(upstream_name, message_stream(["x"]))
        created = stack.client.create(model)
        assert stack.client.wait_terminal(created["id"])["status"] == "completed"
        request = stack.upstream.requests(upstream_name)[0]
        assert request.header("authorization") == f"Bearer {key}"


def test_every_status_on_the_way_is_one_of_the_specified(client, upstream, model):
    upstream.script(model, message_stream(["x"] * 5))
    response_id = client.create(model)["id"]
    seen = []
    client.wait_for(response_id, lambda object: seen.append(object["status"])
                    or object["status"] in TERMINAL, "the end", timeout=10)
    order = ["queued", "in_progress", "completed"]
    assert [order.index(status) for status in seen] == sorted(
        order.index(status) for status in seen)


def test_readiness_and_liveness_answer(stack):
    anonymous = stack.client.with_key(None)
    assert anonymous.get("/health/liveliness").status == 200
    assert anonymous.get("/health/readiness").status == 200


def test_readiness_is_503_with_the_reason_without_redis(make_stack):
    stack = make_stack(supervisor=False)
    assert stack.client.get("/health/readiness").status == 200
    stack.stop(stack.redis_program)
    reply = stack.client.get("/health/readiness")
    assert reply.status == 503
    assert "store" in reply.error()["message"]
    assert stack.client.get("/health/liveliness").status == 200


def test_requests_are_503_with_retry_after_without_redis_and_work_again_with_it(make_stack, model):
    stack = make_stack(supervisor=False)
    assert stack.client.create(model)["status"] == "queued"
    stack.stop(stack.redis_program)
    body = {"model": model, "input": "x", "background": True}
    unknown = "litellm_poll_00000000-0000-4000-8000-000000000000"
    for reply in (stack.client.post_create(body), stack.client.get_response(unknown),
                  stack.client.cancel(unknown), stack.client.delete(unknown)):
        assert reply.status == 503, reply
        assert int(reply.headers["retry-after"]) > 0
        assert reply.error()
    (stack.directory / "redis.sock").unlink(missing_ok=True)
    stack.start_redis()
    wait_until(lambda: stack.client.post_create(body).status == 200, 5, "a create to succeed")
