"""OpenAI's SDKs as clients of background responses that are followed as streams."""

import json
import os
import signal
import threading

import pytest

from events import Stream, delta, message_stream, opening, usage
from harness import Client, children_of, output_text, wait_until
from sdk import SdkSite
from stream_rules import accumulate, problems
from sloppy_streams import SLOPPY
from test_sdk_streams import NO_FINAL, own
from test_upstream_streams import CASES, pieces
from three_dialects import DIALECTS, Answer
from upstream import Cut, Feed, Gate, Hang

pytestmark = pytest.mark.once

SDKS = ("node", "python")
PATHS = {"responses": "/responses", "chat": "/chat/completions", "messages": "/messages"}
MODELS = {"responses": "openai/upstream-model", "chat": "openai_like/upstream-model",
          "messages": "anthropic/claude-sonnet-4-5"}
ANSWER = Answer(("reasoning", "Hm, well."), ("text", "Grüße, \U0001f600!"),
                ("call", "call_a", "lookup", '{"city":"Ulm"}'),
                ("call", "call_b", "lookup", '{"city":"Bern"}'))
TEXT = ["a ", "Δ ", "\U0001f600\n", "end"]


def deployment(root, sdk, dialect):
    return {"model_name": f"{sdk}-{dialect}", "litellm_params": {
        "model": MODELS[dialect], "api": dialect, "api_base": f"{root}/{sdk}/{dialect}/v1",
        "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 20, "stream_timeout": 20}}


@pytest.fixture(scope="module")
def site():
    site = SdkSite({"model_list": [], "respool": {"keepalive_seconds": 1, "lease_seconds": 2}},
                   children=4, responder=False, supervisor=False, web=False)
    try:
        root = site.upstream.base.removesuffix("/v1")
        site.config["model_list"] = [
            *(deployment(root, sdk, dialect) for sdk in SDKS for dialect in DIALECTS),
            {"model_name": "*", "litellm_params": {
                "model": "openai/*", "api_base": site.upstream.base, "timeout": 20,
                "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "stream_timeout": 20}}]
        for sdk in SDKS:
            for dialect in DIALECTS:
                script = ANSWER.streamed(dialect)
                site.upstream.script(f"/{sdk}/{dialect}/v1{PATHS[dialect]}", script)
        site.write_config()
        site.start_all()
        site.client = Client(site.address)
        yield site
    finally:
        site.close()


@pytest.fixture(scope="module", params=SDKS)
def sdk(request):
    return request.getfixturevalue(f"{request.param}_sdk")


@pytest.fixture
def begin(sdk, site, directory):
    begun = []

    def begin(name, about, **options):
        begun.append(sdk.begin("following", name, about, site.base_url, directory, **options))
        return begun[-1]

    yield begin
    for scenario in begun:
        scenario.close()


def script_calls(site, model, *steps):
    site.upstream.script(model, *steps)
    return {"model": model, "input": "x"}


def assert_whole(events, polled, restarted=False):
    events, polled = own(events), own(polled)
    assert problems(events, restarted) == []
    assert events[-1]["response"] == polled
    assert accumulate(events, restarted) == polled


def assert_final(seen, polled_status="completed", sdk=None):
    """What the helper has added up to is what is polled; each event came once, in order."""
    polled = own(seen["polled"])
    assert polled["status"] == polled_status
    assert own(seen["last"]) == polled
    if sdk == "python" and polled_status != "completed":
        assert seen["final"] == NO_FINAL.removeprefix("RuntimeError: ")
    else:
        assert own(seen["final"]) == polled
    numbers = [number for number, _ in seen["events"]]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return numbers


@pytest.mark.parametrize("cut_at", [0, 3, 5, 100])
def test_stream_is_iterated_cut_and_taken_up_again(begin, site, model, feed, cut_at):
    about = script_calls(site, model, [feed])
    scenario = begin("createAndCut", {**about, "cut_at": cut_at})
    events = message_stream(TEXT)
    feed.send(*events[:6])
    if cut_at == 100:
        feed.send(*events[6:])
        feed.finish()
    response_id = scenario.said()
    if cut_at != 100:
        feed.send(*events[6:])
        feed.finish()
    scenario.tell()
    seen = scenario.result()
    assert seen["polled"]["id"] == response_id
    assert output_text(seen["polled"]) == "".join(TEXT)
    assert_whole(seen["events"], seen["polled"])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_helper_from_the_start_has_the_final_response(begin, sdk, dialect):
    scenario = begin("streamFromTheStart", {"model": f"{sdk.name}-{dialect}", "input": "x"})
    response_id = scenario.said()
    seen = scenario.result()
    assert seen["polled"]["id"] == response_id
    assert assert_final(seen)[0] == 0
    assert [item["type"] for item in seen["polled"]["output"]] == [
        "reasoning", "message", "function_call", "function_call"]


@pytest.mark.parametrize("after", [None, 0, 4])
def test_helper_takes_up_a_response_that_exists(begin, site, model, feed, after):
    about = script_calls(site, model, [feed])
    first = begin("createAndCut", {**about, "cut_at": 0})
    response_id = first.said()
    second = begin("streamOfAnother", {"id": response_id, "after": after})
    feed.send(*message_stream(TEXT))
    feed.finish()
    if after is None:
        assert second.said() == response_id
    seen = second.result()
    numbers = assert_final(seen)
    assert numbers[0] == (0 if after is None else after + 1)
    assert output_text(seen["polled"]) == "".join(TEXT)


def test_helper_goes_over_a_restart_of_the_job(begin, site, model):
    again = message_stream(TEXT)
    gate = Gate()
    about = script_calls(site, model, [*opening(), delta("lost"), gate, Cut()], again)
    scenario = begin("streamFromTheStart", about)
    site.client.wait_for(scenario.said(), lambda o: output_text(o) == "lost", "the text")
    gate.open()
    seen = scenario.result()
    assert_final(seen)
    assert output_text(seen["polled"]) == "".join(TEXT)
    types = [kind for _, kind in seen["events"]]
    assert types.count("response.output_item.done") == 2
    assert types.count("response.in_progress") == 1


def test_iteration_goes_over_a_killed_worker(begin, site, model):
    about = script_calls(site, model, [*opening(), delta("lost"), Hang()], message_stream(TEXT))
    scenario = begin("createAndCut", {**about, "cut_at": 4})
    response_id = scenario.said()
    os.kill(wait_until(site.supervisor.children, 5, "a worker")[0], signal.SIGKILL)
    scenario.tell()
    seen = scenario.result()
    assert seen["polled"]["id"] == response_id
    assert_whole(seen["events"], seen["polled"], restarted=True)
    assert output_text(seen["polled"]) == "".join(TEXT)


def sloppy_scripts(gates):
    """
    By name: what a provider sends that is no good stream, once; and after it has broken off, when
    a gate opens, of which there is one for each name in gates.
    """
    streams = {f"corpus: {name}": [b"".join(pieces(name))] for name in CASES}
    streams |= {f"once: {name}": steps for name, steps in SLOPPY.items()}
    scripts = {name: [steps] for name, steps in streams.items()}
    for name, gate in gates.items():
        steps = SLOPPY[name]
        scripts[f"again: {name}"] = [[*steps[:-1], *opening("msg_9", 9)[2:],
                                      delta("open", "msg_9", 9), gate, Cut()], steps]
    return scripts


def has_told(site, model, text):
    for key in site.redis.scan_iter("litellm:polling:job:*"):
        if site.redis.hget(key, "model") == model.encode():
            log = site.redis.lrange(key.replace(b":job:", b":events:"), 0, -1)
            return any(text in event for event in log)
    return False


def open_in_turn(site, model, gates):
    """Each when the first attempt has told all that it has to tell."""
    for name, gate in gates.items():
        try:
            wait_until(lambda n=name: has_told(site, f"{model} again: {n}", b'"delta":"open"'), 30)
        finally:
            gate.open()


def test_sdk_adds_up_whatever_a_provider_sends(sdk, site, model, directory):
    gates = {name: Gate() for name in SLOPPY}
    scripts = sloppy_scripts(gates)
    for name, steps in scripts.items():
        site.upstream.script(f"{model} {name}", *steps)
    requests = [{"model": f"{model} {name}", "input": "x", "background": True} for name in scripts]
    opener = threading.Thread(target=open_in_turn, args=(site, model, gates))
    opener.start()
    scenario = sdk.begin("accumulate", "each", requests, site.base_url, directory)
    try:
        seen = scenario.result()
    finally:
        scenario.close()
        for gate in gates.values():
            gate.open()
        opener.join()
    faults = {}
    for name in scripts:
        one = seen[f"{model} {name}"]
        polled = site.client.poll(one["last"]["id"]) if one["last"] else None
        completed = polled is not None and polled["status"] == "completed"
        error = None if completed or sdk.name == "node" else NO_FINAL
        final = polled if error is None else None
        if (one["error"], own(one["final"])) != (error, final) or own(one["last"]) != polled:
            faults[name] = (one["error"], one["final"], polled)
    assert not faults, "\n".join(f"{name}: {json.dumps(fault)}" for name, fault in faults.items())


ENDS = {
    "incomplete": Stream().begin().message(["a"]).end(
        "incomplete", usage=usage(), incomplete_details={"reason": "max_output_tokens"}).events,
    "failed": [*opening(), delta("a"),
               {"type": "error", "code": "server_error", "message": "no"}],
}


@pytest.mark.parametrize("status", ENDS)
def test_helper_knows_other_ends(begin, sdk, site, model, status):
    scenario = begin("streamFromTheStart", script_calls(site, model, ENDS[status]))
    scenario.said()
    assert_final(scenario.result(), status, sdk.name)


def test_helper_knows_that_it_was_cancelled(begin, sdk, site, model):
    about = script_calls(site, model, [*opening(), delta("a"), Hang()])
    scenario = begin("streamFromTheStart", about)
    response_id = scenario.said()
    site.client.wait_for(response_id, lambda o: output_text(o) == "a", "the text")
    assert site.client.cancel(response_id).status == 200
    assert_final(scenario.result(), "cancelled", sdk.name)


def test_application_that_resumes_is_not_disturbed_by_killed_relays(
        node_sdk, site, model, directory):
    feed = Feed()
    about = script_calls(site, model, [feed])
    scenario = node_sdk.begin("following", "followWhateverBreaks", about, site.base_url, directory,
                              maxRetries=10)
    try:
        scenario.said()
        first, *events = message_stream([f"{number} " for number in range(40)])
        feed.send(first)
        for number, event in enumerate(events):
            feed.send(event)
            if number % 15 == 7:
                kill_relay(site)
        feed.finish()
        seen = scenario.result()
    finally:
        scenario.close()
        feed.end()
    assert_whole(seen["events"], seen["polled"])
    assert seen["cuts"] > 0


def relays_of(site):
    return children_of(site.responder.pid, "relay")


def kill_relay(site):
    before = wait_until(lambda: relays_of(site), 5, "a relay")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: set(relays_of(site)) - set(before), 5, "another relay")
