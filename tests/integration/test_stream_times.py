"""How long a provider's stream is waited for: its first event for stream_timeout, the next byte for
silence_timeout; by jobs of the background, and by requests that are passed through, whatever the
provider speaks."""

import time

import pytest

from events import completed, delta, message_item, opening, text_part
from harness import PROVIDER_KEY, Stack, output_text
from passing import answer, response_object, streaming
from test_dialects import BEGINNING, END, text as translated_text
from upstream import Hang, Sleep

APIS = ("responses", "chat", "messages")
PROVIDERS = {"responses": "openai", "chat": "openai_like", "messages": "anthropic"}
PINGS = {
    "responses": [{"type": "keepalive", "sequence_number": 0}],
    "chat": [b": PROCESSING\n\n"],
    "messages": [{"type": "ping"}],
}


def background(stack, model):
    return stack.client.wait_terminal(stack.client.create(model)["id"], timeout=20)


def streamed(stack, model):
    with streaming(stack.client, model) as stream:
        return stream.rest()[-1]["response"]


WAYS = {"background": background, "streamed": streamed}


def finished(said):
    return message_item("msg_1", "completed", [text_part(said)])


def beginning(api):
    return opening() if api == "responses" else BEGINNING[api]


def words(api, said):
    return delta(said) if api == "responses" else translated_text(api, said)


def end(api, said):
    return [completed([finished(said)])] if api == "responses" else END[api]


def whole(api, said, *pauses):
    """The answer, with pauses after its first event."""
    first, *rest = beginning(api)
    return [first, *pauses, *rest, words(api, said), *end(api, said)]


def deployments(name, **params):
    """In each API one that is asked first, and one that answers for it."""
    made = []
    for api in APIS:
        for place, weight in (("first", 1), ("second", 0)):
            own = params if place == "first" else {}
            made.append({"model_name": f"{name}-{api}", "litellm_params": {
                "model": f"{PROVIDERS[api]}/{name}-{api}-{place}", "api_key": PROVIDER_KEY,
                "weight": weight, **own}})
    return made


@pytest.fixture(scope="module")
def stack():
    stack = Stack({"model_list": [
        *deployments("event", stream_timeout=1),
        *deployments("byte", silence_timeout=1),
        *deployments("both", stream_timeout=3, silence_timeout=1)],
        "respool": {"max_attempts": 1, "silence_timeout": 20},
        "router_settings": {"allowed_fails": 1000}})
    yield stack
    stack.close()


def ask(stack, way, name, api, *steps):
    """The answer, and how often each of the two deployments has been asked."""
    served = [f"{name}-{api}-first", f"{name}-{api}-second"]
    before = [len(stack.upstream.requests(one)) for one in served]
    stack.upstream.script(served[0], list(steps))
    stack.upstream.script(served[1], whole(api, "from the second"))
    response = WAYS[way](stack, f"{name}-{api}")
    return response, [len(stack.upstream.requests(one)) - then
                      for one, then in zip(served, before)]


each = pytest.mark.parametrize("api", APIS)
each_way = pytest.mark.parametrize("way", WAYS)


@each
@each_way
def test_pause_after_the_first_event_is_not_bound_by_the_wait_for_it(stack, way, api):
    response, asked = ask(stack, way, "event", api, *whole(api, "Slowly", Sleep(2000)))
    assert (response["status"], output_text(response)) == ("completed", "Slowly")
    assert asked == [1, 0]


@each
@each_way
def test_deployment_whose_first_event_is_late_gives_way_to_another(stack, way, api):
    begun = time.monotonic()
    response, asked = ask(stack, way, "event", api, Sleep(4000), *whole(api, "Too late"))
    assert (response["status"], output_text(response)) == ("completed", "from the second")
    assert asked == [1, 1]
    assert 0.9 < time.monotonic() - begun < 3.5


@each
@each_way
def test_signs_of_life_are_no_first_event(stack, way, api):
    pings = [step for _ in range(20) for step in (*PINGS[api], Sleep(200))]
    response, asked = ask(stack, way, "event", api, *pings, *whole(api, "Too late"))
    assert (response["status"], output_text(response)) == ("completed", "from the second")
    assert asked == [1, 1]


@each
@each_way
def test_signs_of_life_are_no_silence(stack, way, api):
    pings = [step for _ in range(8) for step in (*PINGS[api], Sleep(250))]
    response, asked = ask(stack, way, "byte", api, *pings, *whole(api, "At last", *pings))
    assert (response["status"], output_text(response)) == ("completed", "At last")
    assert asked == [1, 0]


@each
@each_way
def test_silence_before_the_first_event_is_bound_where_nothing_else_bounds_it(stack, way, api):
    response, asked = ask(stack, way, "byte", api, Hang())
    assert (response["status"], output_text(response)) == ("completed", "from the second")
    assert asked == [1, 1]


@each
@each_way
def test_silence_counts_after_the_first_event_alone_if_that_may_take_longer(stack, way, api):
    response, asked = ask(stack, way, "both", api, Sleep(2000), *whole(api, "It thought"))
    assert (response["status"], output_text(response)) == ("completed", "It thought")
    assert asked == [1, 0]


@each
def test_stream_that_falls_silent_fails_and_says_so(stack, api):
    begun = time.monotonic()
    response, asked = ask(stack, "background", "both", api, *beginning(api), words(api, "Hel"),
                          Hang())
    assert (response["status"], output_text(response)) == ("failed", "Hel")
    assert response["error"]["code"] == "upstream_timeout"
    assert "no byte came for 1 seconds" in response["error"]["message"]
    assert asked == [1, 0]
    assert time.monotonic() - begun < 2.5, "the wait for the first event is over"


def test_response_without_a_first_event_says_so(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": PROVIDER_KEY, "stream_timeout": 0.5}}]})
    stack.upstream.script("m", [b": nothing yet\n\n", Hang()])
    error = background(stack, "m")["error"]
    assert error["code"] == "upstream_timeout"
    assert "no event came for 0.5 seconds" in error["message"]
    assert stack.upstream.requests("m")[0].peer_closed.wait(5)


def test_wait_for_the_first_event_may_be_that_of_all_deployments(make_stack):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": PROVIDER_KEY}}],
        "router_settings": {"stream_timeout": 0.5}})
    stack.upstream.script("m", [Hang()])
    assert "no event came for 0.5 seconds" in background(stack, "m")["error"]["message"]


@each_way
def test_object_in_the_place_of_a_stream_has_the_whole_time(make_stack, way):
    stack = make_stack({"model_list": [{"model_name": "*", "litellm_params": {
        "model": "openai/*", "api_key": PROVIDER_KEY, "stream_timeout": 0.5,
        "silence_timeout": 0.5}}]})
    script = answer(response_object(output=[finished("Whole")]))
    script.steps[:0] = [b" ", Sleep(1500)]
    stack.upstream.script("m", script)
    if way == "background":
        assert output_text(background(stack, "m")) == "Whole"
    else:
        reply = stack.client.post_create({"model": "m", "input": "x", "stream": True})
        assert (reply.status, output_text(reply.json())) == (200, "Whole")
