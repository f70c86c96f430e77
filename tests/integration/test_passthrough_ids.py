"""Ids that a provider has given: whose they are, and where requests about them go."""

import threading

import pytest

from harness import BOB, MASTER_KEY, PROVIDER_KEY, wait_until
from passing import STACK  # noqa: F401  (what the stack is)
from passing import answer, event, native_key, response_object, streaming
from passing import native  # noqa: F401  (a fixture)
from upstream import Gate, Script, event_bytes

SEVEN_DAYS = 7 * 24 * 3600


@pytest.mark.parametrize("method, suffix, query", [
    ("GET", "", ""),
    ("GET", "", "?include%5B%5D=a&include%5B%5D=b"),
    ("DELETE", "", ""),
    ("POST", "/cancel", ""),
    ("GET", "/input_items", "?limit=3&order=asc"),
])
def test_requests_about_a_provider_s_response_go_to_it(
        client, upstream, native, method, suffix, query):
    path = f"/v1/responses/{native}{suffix}"
    upstream.script(path, answer({"seen": native}, x_request_id="req_native"))
    reply = client.request(method, path + query)
    assert (reply.status, reply.json()) == (200, {"seen": native})
    assert reply.headers["x-request-id"] == "req_native"
    sent = upstream.wait_request(path)
    assert (sent.method, sent.path) == (method, path + query)
    assert sent.header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_id_is_remembered_with_its_tenant_for_seven_days(stack, native):
    record = stack.redis.hgetall(native_key(native))
    assert record[b"tenant"] == b"alice"
    assert SEVEN_DAYS - 60 <= stack.redis.ttl(native_key(native)) <= SEVEN_DAYS


def test_id_of_a_stream_is_known_as_soon_as_the_client_has_it(client, stack, upstream, model):
    created = {"type": "response.created", "sequence_number": 0,
               "response": response_object(f"resp_s_{model}", status="in_progress")}
    gate = Gate()
    upstream.script(model, [created, gate])
    with streaming(client, model) as stream:
        assert stream.next() == created
        assert stack.redis.exists(native_key(f"resp_s_{model}"))
        gate.open()


def test_native_background_response_is_created_polled_and_cancelled_at_the_provider(make_stack):
    stack = make_stack({"litellm_settings": {"responses": {"background_mode": {
        "native_background_mode": ["deep"]}}}}, supervisor=False)
    client, upstream = stack.client, stack.upstream
    upstream.script("deep", answer(response_object("resp_deep", status="queued")))
    body = {"model": "deep", "input": "x", "background": True}
    assert client.post_create(body).json()["id"] == "resp_deep"
    assert upstream.wait_request("deep").json() == body
    upstream.script("/v1/responses/resp_deep", answer(response_object("resp_deep")))
    upstream.script("/v1/responses/resp_deep/cancel",
                    answer(response_object("resp_deep", status="cancelled")))
    assert client.get_response("resp_deep").json()["status"] == "completed"
    assert client.cancel("resp_deep").json()["status"] == "cancelled"


def test_another_tenant_s_id_is_a_404_and_reaches_no_provider(client, upstream, native):
    for key in (BOB, MASTER_KEY):
        for reply in (client.with_key(key).get_response(native),
                      client.with_key(key).cancel(native),
                      client.with_key(key).delete(native),
                      client.with_key(key).input_items(native)):
            assert reply.status == 404
            assert reply.error()["code"] == "response_not_found"
    assert not upstream.requests(f"/v1/responses/{native}")


@pytest.mark.parametrize("response_id", ["resp_unknown", "x" * 200, "resp_%2e%2e%2fmodels", "a b"])
def test_unknown_id_is_a_404(client, upstream, response_id):
    path = f"/v1/responses/{response_id}".replace(" ", "%20")
    assert client.request("GET", path).status == 404
    assert not upstream.requests(path)


def test_unknown_id_goes_to_the_default_deployment(make_stack):
    stack = make_stack({"respool": {"default_deployment": "openai/known"}, "model_list": [
        {"model_name": "openai/*", "litellm_params": {"model": "openai/*", "api_key": "k"}}]},
        supervisor=False)
    stack.upstream.script("/v1/responses/resp_old", answer(response_object("resp_old")))
    assert stack.client.get_response("resp_old").json()["id"] == "resp_old"


@pytest.fixture
def echoing(stack):
    """Creates a response at a provider that takes the id which the client has chosen."""
    def create(client, model, response_id):
        stack.upstream.script(model, answer(response_object(response_id)))
        body = {"model": model, "input": "x", "request_id": response_id}
        reply = client.post_create(body)
        assert (reply.status, reply.json()["id"]) == (200, response_id)
        assert stack.upstream.requests(model)[-1].json()["request_id"] == response_id

    return create


def test_id_that_a_provider_repeats_stays_the_first_tenant_s(
        client, stack, upstream, echoing, native, model):
    other = client.with_key(BOB)
    record, path = stack.redis.hgetall(native_key(native)), f"/v1/responses/{native}"
    echoing(other, f"{model}-2", native)
    assert stack.redis.hgetall(native_key(native)) == record
    assert other.get_response(native).status == 404
    assert not upstream.requests(path)
    upstream.script(path, answer(response_object(native)))
    assert client.get_response(native).json()["id"] == native


def test_id_that_a_provider_repeats_for_the_same_tenant_is_the_newest_one_s(
        client, stack, echoing, native, model):
    echoing(client, f"{model}-2", native)
    assert stack.redis.hget(native_key(native), "model") == f"{model}-2".encode()


def test_only_the_tenant_s_own_record_is_forgotten(make_stack):
    """The id becomes another tenant's while the provider deletes what was nobody's."""
    stack = make_stack({"respool": {"default_deployment": "openai/known"}, "model_list": [
        {"model_name": "openai/*", "litellm_params": {"model": "openai/*", "api_key": "k"}}]},
        supervisor=False)
    path, gate = "/v1/responses/resp_raced", Gate()
    stack.upstream.script(path, Script([gate, b"{}"], 200, {"Content-Type": "application/json"}))
    deleting = threading.Thread(target=stack.client.delete, args=["resp_raced"])
    deleting.start()
    stack.upstream.wait_request(path)
    stack.redis.hset(native_key("resp_raced"), mapping={"tenant": "bob", "deployment": "d"})
    gate.open()
    deleting.join()
    assert stack.redis.hget(native_key("resp_raced"), "tenant") == b"bob"


def test_deleted_response_is_forgotten(client, stack, upstream, native):
    path = f"/v1/responses/{native}"
    upstream.script(path, answer({"id": native, "object": "response", "deleted": True}))
    assert client.delete(native).json()["deleted"] is True
    wait_until(lambda: not stack.redis.exists(native_key(native)), 5, "it to be forgotten")


def test_response_that_the_provider_does_not_keep_is_not_remembered(
        client, stack, upstream, model):
    upstream.script(model, answer(response_object(f"resp_{model}")))
    assert client.post_create({"model": model, "input": "x", "store": False}).status == 200
    assert not stack.redis.exists(native_key(f"resp_{model}"))


def test_stored_response_can_be_streamed_again(client, upstream, native):
    path = f"/v1/responses/{native}"
    upstream.script(path, [event(5), event(6)])
    reply = client.request("GET", f"{path}?stream=true&starting_after=4")
    assert reply.body == event_bytes(event(5)) + event_bytes(event(6))


def test_answer_is_given_without_redis(make_stack):
    stack = make_stack({"litellm_settings": {"cache": False}}, supervisor=False)
    stack.upstream.script("m", answer(response_object()))
    assert stack.client.post_create({"model": "m", "input": "x"}).status == 200
    assert stack.client.get_response("resp_1").status == 404
