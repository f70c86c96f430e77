"""One client with OpenAI's SDKs, and models whose providers speak three APIs: it cannot tell."""

import pytest

from sdk import SdkSite
from three_dialects import DIALECTS, MESSAGE, USAGE, Answer, Failure

pytestmark = pytest.mark.once

SDKS = ("node", "python")
TEXT = "Grüße, \U0001f600!"
WEATHER = '{"city":"Ulm","degrees":12}'
CALLS = [("call", "call_a", "lookup", '{"city":"Ulm"}'),
         ("call", "call_b", "lookup", '{"city":"Bern"}')]
# What each model says; or what to the first request, that is streamed, and what to the second.
FEATURES = {
    "text": Answer(("text", TEXT)),
    "reasoning": Answer(("reasoning", "Hm, well."), ("text", TEXT)),
    "calls": (Answer(("reasoning", "Hm, well."), ("text", "Let me see."), *CALLS),
              Answer(("text", TEXT))),
    "refusal": Answer(("refusal", "I cannot."), end="refusal"),
    "structured": Answer(("text", WEATHER)),
    "structured_as_tool": Answer(("text", WEATHER)),
    "incomplete": Answer(("text", TEXT), end="length"),
    "parts": Answer(("text", TEXT)),
    "error_before": Failure(),
    "error_within": Answer(("text", TEXT), end="error"),
    "cancel": Answer(("text", TEXT), end="never"),
}
# What an older model of Anthropic's says in its place.
AS_TOOL = Answer(("call", "toolu_1", "json_answer", WEATHER))
OLDER = "anthropic/claude-3-5-haiku-20241022"
PATHS = {"responses": "/responses", "chat": "/chat/completions", "messages": "/messages"}
MODELS = {"responses": "openai/upstream-model", "chat": "openai_like/upstream-model",
          "messages": "anthropic/claude-sonnet-4-5"}


def each_model():
    return [(sdk, dialect, feature) for sdk in SDKS for dialect in DIALECTS for feature in FEATURES]


def root_of(model):
    return "/" + "/".join(model) + "/v1"


def path_of(*model):
    return root_of(model) + PATHS[model[1]]


def is_older(model):
    return model[1:] == ("messages", "structured_as_tool")


def deployment(root, model):
    return {"model_name": "-".join(model), "litellm_params": {
        "model": OLDER if is_older(model) else MODELS[model[1]], "api": model[1],
        "api_base": root + root_of(model), "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY",
        "timeout": 20, "stream_timeout": 20}}


def scripts_of(model):
    said = AS_TOOL if is_older(model) else FEATURES[model[2]]
    first, second = said if isinstance(said, tuple) else (said, said)
    if model[2] == "parts":
        return [first.whole(model[1])]
    if model[2] == "cancel":
        return [first.streamed(model[1])]
    return [first.streamed(model[1]), second.whole(model[1]), second.streamed(model[1])]


@pytest.fixture(scope="module")
def site():
    site = SdkSite({"model_list": [], "respool": {"max_attempts": 1},
                    "router_settings": {"allowed_fails": 1000}},
                   children=40, responder=False, supervisor=False, web=False)
    try:
        root = site.upstream.base.removesuffix("/v1")
        for model in each_model():
            site.config["model_list"].append(deployment(root, model))
            site.upstream.script(path_of(*model), *scripts_of(model))
        site.write_config()
        site.start_all()
        yield site
    finally:
        site.close()


@pytest.fixture(scope="module", params=SDKS)
def sdk(request):
    return request.getfixturevalue(f"{request.param}_sdk")


@pytest.fixture(scope="module")
def seen(sdk, site, tmp_path_factory):
    """By dialect and feature, what a client with the SDK has seen."""
    about = {dialect: {feature: "-".join((sdk.name, dialect, feature)) for feature in FEATURES}
             for dialect in DIALECTS}
    scenario = sdk.begin("dialects", "everything", about, site.base_url,
                         tmp_path_factory.mktemp("sdk"))
    try:
        yield scenario.result()
    finally:
        scenario.close()


@pytest.fixture(params=DIALECTS)
def dialect(request):
    return request.param


def item(value):
    """What a client reads of it."""
    if value["type"] == "message":
        parts = [part.get("text", part.get("refusal")) for part in value["content"]]
        kinds = [part["type"] for part in value["content"]]
        return ["message", value["status"], *zip(kinds, parts)]
    if value["type"] == "reasoning":
        return ["reasoning", *(part["text"] for part in value["summary"])]
    return [value[name] for name in ("type", "status", "call_id", "name", "arguments")]


def check(response, status, items, usage=True, reason=None, error=None):
    assert response.get("status") == status, response
    assert response["object"] == "response" and response["id"]
    assert [item(one) for one in response["output"]] == items
    assert all(one["id"] for one in response["output"])
    text = "".join(part[1] for one in items if one[0] == "message" for part in one[2:]
                   if part[0] == "output_text")
    assert response.get("output_text", text) == text  # Node's cancel() adds none
    assert (response["usage"] is not None) == usage
    if usage:
        response["usage"]["input_tokens_details"].pop("cache_write_tokens", None)
        assert response["usage"] == USAGE
    assert response["incomplete_details"] == ({"reason": reason} if reason else None)
    assert (response["error"] or {}).get("message") == error


def message(text, status="completed", kind="output_text"):
    return ["message", status, (kind, text)]


WAYS = {"streamed", "whole", "polled"}


def each_way(seen, dialect, feature):
    ways = seen[dialect][feature]
    assert set(ways) == WAYS, ways
    return ways.values()


def test_text(seen, dialect):
    for response in each_way(seen, dialect, "text"):
        check(response, "completed", [message(TEXT)])


def test_reasoning(seen, dialect):
    for response in each_way(seen, dialect, "reasoning"):
        check(response, "completed", [["reasoning", "Hm, well."], message(TEXT)])


def test_refusal(seen, dialect):
    """Anthropic's is an end of its own, not a text."""
    status, reason = "completed", None
    if dialect == "messages":
        status, reason = "incomplete", "content_filter"
    for response in each_way(seen, dialect, "refusal"):
        assert [item(one)[2:] for one in response["output"]] == [[("refusal", "I cannot.")]]
        check(response, status, [item(one) for one in response["output"]], reason=reason)


def test_incomplete(seen, dialect):
    for response in each_way(seen, dialect, "incomplete"):
        check(response, "incomplete", [message(TEXT, "incomplete")], reason="max_output_tokens")


def test_error_before_the_answer(seen, dialect):
    ways = seen[dialect]["error_before"]
    check(ways.pop("polled"), "failed", [], usage=False, error=MESSAGE)
    for raised in ways.values():
        assert raised.get("raised") == "RateLimitError", raised
        assert (raised["status"], raised["code"]) == (429, "rate_limit_error")
        assert MESSAGE in raised["message"]


def test_error_within_the_answer(seen, dialect):
    for response in each_way(seen, dialect, "error_within"):
        check(response, "failed", [message(TEXT, "incomplete")], usage=False, error=MESSAGE)
        assert response["error"]["code"] == ("api_error" if dialect == "messages"
                                             else "server_error")


@pytest.mark.parametrize("feature", ["structured", "structured_as_tool"])
def test_structured_output_is_parsed(seen, dialect, feature):
    weather = {"city": "Ulm", "degrees": 12}
    assert seen[dialect][feature] == {"streamed": weather, "whole": weather, "text": WEATHER}


def test_parallel_calls_and_their_outputs(seen, sdk, site, dialect):
    calls = seen[dialect]["calls"]
    assert calls.get("parsed") == [{"city": "Ulm"}, {"city": "Bern"}], calls
    check(calls["first"], "completed", [
        ["reasoning", "Hm, well."], message("Let me see."),
        *(["function_call", "completed", *call[1:]] for call in CALLS)])
    check(calls["second"], "completed", [message(TEXT)])
    second = site.upstream.requests(path_of(sdk.name, dialect, "calls"))[1].body.decode()
    for city in ("Ulm", "Bern"):
        assert second.count(f"12 degrees in {city}") == 1
    for call_id in ("call_a", "call_b"):
        assert second.count(f'"{call_id}"') == 2, "the call and its output"
    assert ("Hm, well." in second) == (dialect != "chat")
    assert ('"signature":"c2ln"' in second) == (dialect == "messages")


def test_image_and_file(seen, sdk, site, dialect):
    check(seen[dialect]["parts"], "completed", [message(TEXT)])
    request, = site.upstream.requests(path_of(sdk.name, dialect, "parts"))
    body = request.json()
    content = body["input" if dialect == "responses" else "messages"][0]["content"]
    assert [part["type"] for part in content] == {
        "responses": ["input_text", "input_image", "input_file"],
        "chat": ["text", "image_url", "file"], "messages": ["text", "image", "document"]}[dialect]
    for data in ("iVBORw0KGgo", "JVBERi0xLjQKJSVFT0YK", "a.pdf"):
        assert data in request.body.decode()


def test_cancelled_background_response(seen, sdk, site, dialect):
    for response in seen[dialect]["cancel"].values():
        check(response, "cancelled", [message(TEXT, "incomplete")], usage=False)
    request, = site.upstream.requests(path_of(sdk.name, dialect, "cancel"))
    assert request.peer_closed.wait(5)
