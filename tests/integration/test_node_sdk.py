"""OpenAI's own SDK for Node as the client, behind lighttpd with the configuration in deploy."""

import json

import pytest

from events import PROVIDER_ID, delta, message_item, message_stream, opening, text_part, usage
from harness import ALICE, BOB, PROVIDER_KEY, merged, output_text
from sdk import SdkSite
from upstream import Cut, Gate, Hang, Script, json_error

pytestmark = pytest.mark.once

NATIVE = "native-model"
MAX_PASSTHROUGH = 12

CONFIG = {
    "litellm_settings": {
        "responses": {"background_mode": {"native_background_mode": [NATIVE]}},
    },
    # Many errors of one deployment in a row are what is to be seen here.
    "router_settings": {"allowed_fails": 1000},
    "respool": {"max_passthrough": MAX_PASSTHROUGH},
}


class Site(SdkSite):
    def __init__(self, config=None, **options):
        super().__init__(merged(CONFIG, config), children=2 * MAX_PASSTHROUGH, **options)


@pytest.fixture(scope="module")
def stack(node_sdk):
    site = Site()
    yield site
    site.close()


@pytest.fixture
def make_site(node_sdk):
    """Sites with a configuration of their own, ended after the test."""
    sites = []

    def make(*args, **options):
        sites.append(Site(*args, **options))
        return sites[-1]

    yield make
    for site in reversed(sites):
        site.close()


@pytest.fixture
def begin(request, node_sdk, directory):
    """Begins a scenario: its file and name, what it is about, and options of the SDK's client."""
    begun = []

    def begin(file, name, about, site=None, **options):
        site = site or request.getfixturevalue("stack")
        begun.append(node_sdk.begin(file, name, about, site.base_url, directory, **options))
        return begun[-1]

    yield begin
    for scenario in begun:
        scenario.close()


@pytest.fixture
def run(begin):
    """Runs a scenario that needs nobody meanwhile, and returns its result."""
    return lambda *args, **options: begin(*args, **options).result()


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open()


def response_object(text, **fields):
    """A provider's answer that is no stream."""
    return {"id": PROVIDER_ID, "object": "response", "created_at": 1700000000,
            "status": "completed", "model": "provider-model",
            "output": [message_item("msg_1", "completed", [text_part(text)])],
            "usage": usage(), "metadata": {"ünï": "\U0001f600"}, **fields}


def json_answer(body, **headers):
    return json_error(200, body, {name.replace("_", "-"): value
                                  for name, value in headers.items()})


def assert_typed(error, name, status, code, param=None):
    assert (error["class"], error["status"], error["code"], error["param"]) == \
        (name, status, code, param), error
    assert error["message"].startswith(f"{status} ") and len(error["message"]) > 10, error
    assert error["type"] and error["requestId"], error
    assert error["requestId"] == error["headers"]["x-request-id"]


# Background responses.


def test_background_response_is_created_and_polled_to_its_end(run, upstream, model):
    deltas = [f"Δ{number} \U0001f600\n" for number in range(50)]
    upstream.script(model, message_stream(deltas))
    seen = run("background", "createAndPoll", {"model": model, "input": "Hello"})
    assert seen["created"]["status"] == "queued"
    assert seen["created"]["background"] is True
    assert seen["final"]["id"] == seen["created"]["id"]
    assert seen["final"]["status"] == "completed"
    assert seen["outputText"] == "".join(deltas)
    assert seen["final"]["usage"] == usage()


def test_sdk_finds_the_request_id_and_when_to_poll(run, upstream, model):
    upstream.script(model, [Hang()])
    seen = run("background", "createAndReadHeaders", {"model": model, "input": "x"})
    assert seen["requestId"] == seen["headers"]["x-request-id"]
    assert seen["requestId"] and seen["retrieved"] not in (None, "", seen["requestId"])
    assert int(seen["headers"]["openai-poll-after-ms"]) > 0
    assert seen["headers"]["content-type"].startswith("application/json")


def test_cancel_ends_the_response_and_the_connection_to_the_provider(begin, upstream, model):
    upstream.script(model, [*opening(), delta("so far"), Hang()])
    scenario = begin("background", "createAndCancel", {"model": model, "input": "x"})
    response_id = scenario.said()
    exchange = upstream.wait_request(model)
    scenario.tell()
    seen = scenario.result()
    for response in seen["cancelled"], seen["again"], seen["retrieved"]:
        assert (response["id"], response["status"]) == (response_id, "cancelled")
    assert exchange.peer_closed.wait(5)


def test_deleted_response_is_not_found_by_any_call(run, upstream, model):
    upstream.script(model, [Hang()])
    seen = run("background", "createAndDelete", {"model": model, "input": "x"})
    if seen["deleted"] is not None:  # the SDK promises no value
        assert seen["deleted"]["deleted"] is True
    for error in seen["errors"].values():
        assert_typed(error, "NotFoundError", 404, "response_not_found", "id")


ITEMS = [{"type": "message", "role": "user", "id": f"msg_{number}",
          "content": [{"type": "input_text", "text": f"é {number}"}]} for number in range(45)]


def test_input_items_are_iterated_over_all_pages(run, upstream, model):
    upstream.script(model, [Hang()])
    seen = run("background", "listInputItems", {"model": model, "input": ITEMS})
    assert seen["sizes"] == [20, 20, 5]
    assert seen["byDefault"] == ITEMS[::-1]
    assert seen["ascending"] == ITEMS
    assert seen["all"] == ITEMS[::-1]


def test_input_items_without_ids_are_iterated_over_all_pages(run, upstream, model):
    upstream.script(model, [Hang()])
    bare = [{name: value for name, value in item.items() if name != "id"} for item in ITEMS]
    seen = run("background", "listInputItems", {"model": model, "input": bare})
    ids = [item.pop("id") for item in seen["ascending"]]
    assert len(set(ids)) == 45
    assert seen["ascending"] == bare
    assert [item["id"] for item in seen["byDefault"]] == ids[::-1]


def test_input_items_after_one(run, upstream, model):
    upstream.script(model, [Hang()])
    seen = run("background", "listAfter", {"model": model, "input": ITEMS, "after": "msg_40"})
    assert seen == ITEMS[41:]


def test_forty_background_responses_at_once_are_byte_equal(run, upstream, model):
    texts = {}
    for number in range(40):
        deltas = [f"{number}:{count} é\U0001f600\n" for count in range(20)]
        upstream.script(f"{model}-{number}", message_stream(deltas))
        texts[f"{model}-{number}"] = "".join(deltas)
    seen = run("background", "manyAtOnce",
               {"requests": [{"model": name, "input": "x"} for name in texts]})
    assert len({response["id"] for response in seen}) == 40
    assert [response["status"] for response in seen] == ["completed"] * 40
    assert [output_text(response) for response in seen] == list(texts.values())


# Errors of respool itself.


def test_wrong_key_is_an_authentication_error(run, model):
    error = run("errors", "ofCreate", {"model": model, "input": "x", "background": True},
                apiKey="sk-wrong-81d0f3")
    assert_typed(error, "AuthenticationError", 401, "invalid_api_key")
    assert "81d0f3" not in json.dumps(error)


@pytest.mark.parametrize("fields, code, param", [
    ({"background": "yes"}, "invalid_type", "background"),
    ({"background": 1}, "invalid_type", "background"),
    ({"stream": "no"}, "invalid_type", "stream"),
    ({"model": 7}, "invalid_type", "model"),
    ({"model": None}, "invalid_type", "model"),
    ({"model": ...}, "missing_required_parameter", "model"),
    ({"metadata": "x"}, "invalid_type", "metadata"),
    ({"metadata": {"a": 1}}, "invalid_type", "metadata.a"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "object_above_max_properties", "metadata"),
])
def test_wrong_parameter_is_a_bad_request_error(run, model, fields, code, param):
    request = {"model": model, "input": "x", "background": True, **fields}
    request = {name: value for name, value in request.items() if value is not ...}
    assert_typed(run("errors", "ofCreate", request), "BadRequestError", 400, code, param)


def test_full_queue_is_a_rate_limit_error(make_site, run, model):
    site = make_site({"respool": {"max_queue": 1}}, supervisor=False)
    site.client.create(model)
    error = run("errors", "ofCreate", {"model": model, "input": "x", "background": True}, site)
    assert_typed(error, "RateLimitError", 429, "queue_full")
    assert int(error["headers"]["retry-after"]) > 0


@pytest.mark.parametrize("response_id", [
    "litellm_poll_00000000-0000-4000-8000-000000000000", "resp_0123456789abcdef", "x yü?#%"])
def test_unknown_id_is_a_not_found_error(run, response_id):
    errors = run("errors", "ofEachCall", {"id": response_id})
    assert len(errors) == 4
    for error in errors.values():
        assert_typed(error, "NotFoundError", 404, "response_not_found", "id")


def test_id_with_a_slash_is_a_path_that_is_not_found(run):
    """The web server resolves what the SDK has escaped, and its access rules are for that."""
    for error in run("errors", "ofEachCall", {"id": "x/y"}).values():
        assert_typed(error, "NotFoundError", 404, "unknown_url")


def assert_waited(exchanges):
    """Each request but the first came when the answer before it had allowed it."""
    for before, after in zip(exchanges, exchanges[1:]):
        waited = after["began"] - before["answered"]
        assert waited >= 1000 * float(before["retryAfter"]) - 5, exchanges
    assert [int(exchange["retryCount"]) for exchange in exchanges] == list(range(len(exchanges)))


def test_sdk_tries_again_after_retry_after_until_redis_is_back(make_site, begin, model):
    site = make_site()
    site.upstream.script(model, [Hang()])
    site.stop(site.redis_program)
    scenario = begin("background", "createUntilItSucceeds", {"model": model, "input": "x"}, site)
    exchanges = [scenario.said()]
    assert exchanges[0]["status"] == 503
    site.start_redis()
    while exchanges[-1]["status"] == 503:
        exchanges.append(scenario.said())
    assert exchanges[-1]["status"] == 200
    assert_waited(exchanges)
    assert site.client.poll(scenario.result()["id"])["status"] in ("queued", "in_progress")


# Pass-through.


def test_foreground_answer_is_the_providers_own(run, upstream, model):
    answer = response_object("Grüße \U0001f600", id="resp_own_1")
    upstream.script(model, json_answer(
        answer, x_request_id="req_provider_1", openai_processing_ms="17",
        openai_version="2020-10-01", x_ratelimit_remaining_requests="99",
        Keep_Alive="timeout=5", Proxy_Authenticate="Basic"))
    seen = run("foreground", "create", {
        "model": model, "input": "Hello", "temperature": 0.25, "metadata": {"ünï": "\U0001f600"}})
    assert seen["outputText"] == "Grüße \U0001f600"
    assert {name: seen["response"][name] for name in answer} == answer
    assert seen["requestId"] == "req_provider_1"
    for name, value in {"openai-processing-ms": "17", "openai-version": "2020-10-01",
                        "x-ratelimit-remaining-requests": "99"}.items():
        assert seen["headers"][name] == value
    assert "proxy-authenticate" not in seen["headers"]
    assert seen["headers"].get("keep-alive") != "timeout=5"


def test_foreground_request_reaches_the_provider_with_the_providers_key(run, upstream, model):
    upstream.script(model, json_answer(response_object("x")))
    request = {"model": model, "input": "Grüße", "temperature": 0.25, "store": False,
               "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]}
    run("foreground", "create", request)
    exchange, = upstream.requests(model)
    assert (exchange.method, exchange.path) == ("POST", "/v1/responses")
    assert exchange.json() == request
    assert exchange.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert ALICE not in str(exchange.headers)


def test_background_false_passes_through(run, upstream, model):
    upstream.script(model, json_answer(response_object("x")))
    seen = run("foreground", "create", {"model": model, "input": "x", "background": False})
    assert seen["response"]["id"] == PROVIDER_ID


def test_stream_arrives_in_step_with_the_provider(begin, upstream, model, feed):
    upstream.script(model, Script([feed], headers={"x-request-id": "req_provider_2"}))
    scenario = begin("foreground", "stream", {"model": model, "input": "x"})
    first, *events = message_stream([f"Δ{number}" for number in range(20)])
    feed.send(first)
    headers = scenario.said()
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-request-id"] == "req_provider_2"
    assert scenario.said() == first
    for event in events:
        feed.send(event)
        assert scenario.said() == event
    feed.end()
    assert scenario.result() is None
    assert upstream.requests(model)[0].json()["stream"] is True


def test_long_event_of_a_stream_arrives_before_the_next_is_sent(begin, upstream, model, feed):
    upstream.script(model, [feed])
    scenario = begin("foreground", "stream", {"model": model, "input": "x"})
    feed.send(delta("first"))
    scenario.said()
    assert scenario.said() == delta("first")
    for length in 100_000, 1, 1_000_000, 2:
        event = delta("é" * length)
        feed.send(event)
        assert scenario.said() == event
    feed.end()
    assert scenario.result() is None


def test_sdk_builds_the_final_response_from_the_stream(run, upstream, model):
    deltas = [f"Δ{number} " for number in range(20)]
    upstream.script(model, message_stream(deltas))
    seen = run("foreground", "streamToFinalResponse", {"model": model, "input": "x"})
    assert seen["deltas"] == deltas
    assert seen["final"]["output_text"] == "".join(deltas)
    assert seen["final"]["status"] == "completed"


def test_aborted_stream_closes_the_connection_to_a_quiet_provider(begin, upstream, model, feed):
    upstream.script(model, [feed])
    scenario = begin("foreground", "streamAndAbort", {"model": model, "input": "x"})
    exchange = upstream.wait_request(model)
    first = opening()[0]
    feed.send(first)
    assert scenario.said() == first
    assert not exchange.peer_closed.is_set()
    scenario.tell()
    assert scenario.said() == "aborted"
    assert exchange.peer_closed.wait(10)


def test_stream_aborted_before_it_began_is_closed_when_it_begins_at_the_latest(
        begin, upstream, model, gate):
    """Some versions of lighttpd do not look whether a new client is there before that."""
    upstream.script(model, [gate, opening()[0], Hang()])
    scenario = begin("foreground", "abortBeforeTheAnswer",
                     {"model": model, "input": "x", "stream": True})
    exchange = upstream.wait_request(model)
    assert not exchange.peer_closed.is_set()
    scenario.tell()
    assert scenario.said() == "APIUserAbortError"
    gate.open()
    assert exchange.peer_closed.wait(10)


def served(exchanges):
    return sum(exchange["status"] == 200 for exchange in exchanges)


def test_forty_streams_at_once_are_served_or_tried_again(begin, stack, upstream, model, gate):
    texts = {}
    for number in range(40):
        deltas = [f"{number}:{count} é\n" for count in range(10)]
        texts[f"{model}-{number}"] = "".join(deltas)
        first, *events = message_stream(deltas)
        upstream.script(f"{model}-{number}", [first, gate, *events])
    upstream.script(model, message_stream(["polled"]))
    scenario = begin("foreground", "manyStreamsAtOnce",
                     {"requests": [{"model": name, "input": "x"} for name in texts]})
    exchanges = []
    while len(exchanges) < 40 or served(exchanges) < MAX_PASSTHROUGH:
        exchanges.append(scenario.said())
    assert served(exchanges) == MAX_PASSTHROUGH
    polled = stack.client.wait_terminal(stack.client.create(model)["id"])
    assert output_text(polled) == "polled"
    gate.open()
    while served(exchanges) < 40:
        exchanges.append(scenario.said())
    refused = [exchange for exchange in exchanges if exchange["status"] != 200]
    assert all(exchange["status"] == 503 for exchange in refused), refused
    assert all(float(exchange["retryAfter"]) > 0 for exchange in refused), refused
    assert scenario.result() == list(texts.values())
    assert all(len(upstream.requests(name)) == 1 for name in texts)


PROVIDER_ERRORS = [
    (400, "BadRequestError", {"message": "Unsupported value: 'temperature'.",
                              "type": "invalid_request_error", "param": "temperature",
                              "code": "unsupported_value"}, {}),
    (403, "PermissionDeniedError", {"message": "Country not supported",
                                    "type": "request_forbidden", "param": None,
                                    "code": "unsupported_country_region_territory"}, {}),
    (404, "NotFoundError", {"message": "The model does not exist",
                            "type": "invalid_request_error", "param": "model",
                            "code": "model_not_found"}, {}),
    (422, "UnprocessableEntityError", {"message": "no", "type": "x", "param": None, "code": None,
                                       "more": [1.0, "é"]}, {}),
    (429, "RateLimitError", {"message": "Rate limit reached", "type": "requests", "param": None,
                             "code": "rate_limit_exceeded"},
     {"retry-after": "37", "retry-after-ms": "36500", "x-ratelimit-limit-requests": "60",
      "x-ratelimit-reset-requests": "1s"}),
    (500, "InternalServerError", {"message": "The server had an error", "type": "server_error",
                                  "param": None, "code": None}, {}),
    (503, "InternalServerError", {"message": "Overloaded", "type": "server_error", "param": None,
                                  "code": "overloaded"}, {"retry-after": "11"}),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("status, name, body, headers", PROVIDER_ERRORS)
def test_providers_error_is_passed_on(run, upstream, model, status, name, body, headers, stream):
    upstream.script(model, json_error(
        status, {"error": body}, {**headers, "x-request-id": "req_provider_3"}))
    error = run("errors", "ofCreate", {"model": model, "input": "x", "stream": stream})
    assert (error["class"], error["status"], error["body"]) == (name, status, body)
    assert error["requestId"] == "req_provider_3"
    for header, value in headers.items():
        assert error["headers"][header] == value


def test_sdk_tries_again_after_the_providers_retry_after(begin, upstream, model):
    limited = json_error(429, {"error": {"message": "slow down", "type": "requests",
                                         "param": None, "code": "rate_limit_exceeded"}},
                         {"retry-after": "1"})
    upstream.script(model, limited, json_answer(response_object("at last")))
    scenario = begin("foreground", "createWithRetries", {"model": model, "input": "x"})
    exchanges = [scenario.said(), scenario.said()]
    assert [exchange["status"] for exchange in exchanges] == [429, 200]
    assert exchanges[0]["retryAfter"] == "1"
    assert_waited(exchanges)
    assert scenario.result() == "at last"


def test_stream_that_breaks_off_ends_with_an_error(run, upstream, model):
    events = opening() + [delta("half")]
    upstream.script(model, [*events, Cut()])
    seen = run("foreground", "streamToEnd", {"model": model, "input": "x"})
    # Some versions of the SDK hand on the event that says so, some throw it.
    last = seen["error"] or seen["events"].pop()
    assert last["type"] == ("server_error" if seen["error"] else "error")
    assert last["code"] and last["message"]
    assert seen["events"] == events


def test_event_that_breaks_off_is_not_seen(run, upstream, model):
    events = opening() + [delta("half")]
    upstream.script(model, [*events, b'event: x\ndata: {"type":"x', Cut()])
    seen = run("foreground", "streamToEnd", {"model": model, "input": "x"})
    assert seen["events"] == events


# Background responses of the provider's own.


def test_native_background_response_lives_at_the_provider(make_site, run):
    site = make_site()
    queued = response_object("", id="resp_native_1", status="queued", background=True, output=[])
    done = response_object("native text", id="resp_native_1", background=True)
    items = {"object": "list", "data": ITEMS[:5], "first_id": "msg_0", "last_id": "msg_4",
             "has_more": False}
    site.upstream.script(NATIVE, json_answer(queued, x_request_id="req_native"))
    path = "/v1/responses/resp_native_1"
    deleted = {"id": "resp_native_1", "object": "response", "deleted": True}
    site.upstream.script(path, json_answer(done), json_answer(deleted))
    site.upstream.script(f"{path}/cancel", json_answer({**done, "status": "cancelled"}))
    site.upstream.script(f"{path}/input_items", json_answer(items))
    seen = run("native", "wholeLife", {"model": NATIVE, "input": "x"}, site)
    assert seen["created"]["id"] == "resp_native_1"
    assert seen["created"]["status"] == "queued"
    assert seen["requestId"] == "req_native"
    assert seen["retrieved"]["status"] == "completed"
    assert seen["outputText"] == "native text"
    assert seen["cancelled"]["status"] == "cancelled"
    assert seen["inputItems"] == ITEMS[:5]
    created, = site.upstream.requests(NATIVE)
    assert created.json() == {"model": NATIVE, "input": "x", "background": True}
    calls = site.upstream.exchanges[1:]
    assert [(call.method, call.path) for call in calls] == [
        ("GET", path), ("POST", f"{path}/cancel"), ("GET", f"{path}/input_items?limit=5"),
        ("DELETE", path)]
    for call in calls:
        assert call.header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_native_background_response_of_another_tenant_is_not_found(run, upstream):
    upstream.script(NATIVE, json_answer(response_object("", id="resp_native_2", status="queued")))
    errors = run("native", "otherTenant", {"model": NATIVE, "input": "x", "key": BOB})
    for error in errors.values():
        assert_typed(error, "NotFoundError", 404, "response_not_found", "id")
    assert not [call for call in upstream.exchanges if "resp_native_2" in call.path]
