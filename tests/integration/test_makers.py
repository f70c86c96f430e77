"""What only one deployment can read goes back to it, and to no other."""


import signal
import time

import pytest

from harness import BOB, wait_until
from redis_cluster import Cluster
from redis_proxy import RedisProxy
from sealing import (EAST, WEST, Sealer, deployment, events_of, next_turn,
                     two_deployments)
from upstream import Gate, Script, json_error

TURNS = 50
SEALED = "litellm:polling:sealed:*"


@pytest.fixture(scope="module")
def sealer(stack):
    return Sealer(stack.upstream)


STACK = {"config": {"model_list": [*two_deployments(), deployment("alone", EAST)]}, "children": 4}


@pytest.fixture(autouse=True)
def a_new_conversation(request):
    if "sealer" in request.fixturenames:
        sealer = request.getfixturevalue("sealer")
        sealer.sent.clear()
        sealer.failing.clear()
        sealer.sealed_type = "reasoning"
        sealer.at_the_end = False


def polled(client, input, **fields):
    created = client.create("m", input=input, **fields)
    return client.wait_terminal(created["id"])


def followed(client, input, **fields):
    reply = client.post_create(
        {"model": "m", "input": input, "background": True, "stream": True, **fields})
    assert reply.status == 200, reply
    return events_of(reply.body)[-1]["response"]


def passed(client, input, **fields):
    reply = client.post_create({"model": "m", "input": input, **fields})
    return reply.json() if reply.status == 200 else {"status": "failed", **reply.json()}


def streamed(client, input, **fields):
    reply = client.post_create({"model": "m", "input": input, "stream": True, **fields})
    if reply.status != 200:
        return {"status": "failed", **reply.json()}
    return events_of(reply.body)[-1]["response"]


def unstored(client, input):
    return streamed(client, input, store=False)


WAYS = [polled, followed, passed, streamed, unstored]


def converse(client, first, then=None, turns=TURNS):
    """So many conversations of two turns; how each second one has ended."""
    ends = []
    for _ in range(turns):
        output = first(client, "Hello")["output"]
        ends.append((then or first)(client, next_turn(output))["status"])
    return ends


@pytest.mark.parametrize("way", WAYS)
def test_reasoning_that_comes_back_can_always_be_read(client, sealer, way):
    assert converse(client, way) == ["completed"] * TURNS
    assert set(sealer.keys()) == {EAST, WEST}


@pytest.mark.parametrize("way", WAYS[1:])
def test_it_does_not_matter_how_it_was_made_and_how_it_comes_back(client, sealer, way):
    assert converse(client, polled, way, 15) == ["completed"] * 15
    assert converse(client, way, polled, 15) == ["completed"] * 15


@pytest.mark.parametrize("way", WAYS)
def test_a_conversation_stays_where_it_is(client, sealer, way):
    output = []
    for _ in range(12):
        answer = way(client, next_turn(output))
        assert answer["status"] == "completed", answer
        output += answer["output"]
    assert len(set(sealer.keys())) == 1


def test_what_a_compaction_has_made_goes_back_to_its_maker(client, sealer):
    sealer.sealed_type = "compaction"
    assert converse(client, passed, turns=20) == ["completed"] * 20
    assert converse(client, polled, turns=20) == ["completed"] * 20


def test_what_is_compacted_is_sent_to_its_maker_and_comes_back_from_it(client, sealer):
    for _ in range(15):
        input = next_turn(passed(client, "Hello")["output"])
        reply = client.request("POST", "/v1/responses/compact", body={"model": "m", "input": input})
        assert reply.status == 200, reply
        assert passed(client, reply.json()["output"])["status"] == "completed"
    assert set(sealer.keys()) == {EAST, WEST}


@pytest.mark.parametrize("way", [polled, streamed])
def test_it_may_come_with_the_response_at_the_end_alone(client, sealer, way):
    sealer.at_the_end = True
    assert converse(client, way, turns=20) == ["completed"] * 20


def test_a_continued_response_stays_with_the_maker_of_its_reasoning(client, sealer):
    for _ in range(20):
        first = polled(client, "Hello")
        sealer.failing = {sealer.keys()[-1]: 401}
        second = polled(client, "Go on.", previous_response_id=first["id"])
        assert second["status"] == "failed"
        assert second["error"]["code"] != "invalid_encrypted_content"
        sealer.failing = {}
        third = polled(client, "Go on.", previous_response_id=first["id"])
        assert third["status"] == "completed", third


@pytest.mark.parametrize("way", [polled, passed])
def test_no_other_deployment_is_asked_while_the_maker_fails(client, sealer, way):
    for _ in range(10):
        output = way(client, "Hello")["output"]
        maker = sealer.keys()[-1]
        sealer.sent.clear()
        sealer.failing = {maker: 401}
        assert way(client, next_turn(output))["status"] == "failed"
        assert set(sealer.keys()) == {maker}
        sealer.failing = {}


def test_the_last_one_that_is_known_counts(client, sealer):
    outputs = {}
    while len(outputs) < 2:
        output = passed(client, "Hello")["output"]
        outputs[sealer.keys()[-1]] = output[:1]
    unknown = {**outputs[EAST][0], "encrypted_content": "gAAA/none"}
    for key, other in ((EAST, WEST), (WEST, EAST)):
        for _ in range(8):
            sealer.sent.clear()
            passed(client, next_turn([*outputs[other], *outputs[key], unknown]))
            assert sealer.keys() == [key]


def test_it_is_found_behind_many_others(client, sealer):
    output = passed(client, "Hello")["output"]
    maker = sealer.keys()[-1]
    older = [{**output[0], "id": f"rs_old{i}", "encrypted_content": f"gAAA/{maker[3:7]}-{i}"}
             for i in range(40)]
    sealer.sent.clear()
    for _ in range(8):
        assert passed(client, next_turn([*older, *output]))["status"] == "completed"
    assert set(sealer.keys()) == {maker}


def test_answers_are_the_provider_s_own(client, sealer):
    answer = json_error(200, {"id": "resp_1", "object": "response", "output": [
        {"type": "reasoning", "encrypted_content": "gAAA/\u00e9"}]})
    stream = b'event: response.output_item.done\ndata: {"type":"response.output_item.done",' \
             b'"item":{"encrypted_content":"gA\\/A"}}\n\ndata: [DONE]\n\n'
    own, sealer.answer = sealer.answer, lambda key, number, streams: (
        Script([stream[:70], stream[70:]]) if streams else answer)
    try:
        reply = client.post_create({"model": "m", "input": "x"})
        assert reply.body == answer.steps[0]
        reply = client.post_create({"model": "m", "input": "x", "stream": True})
        assert reply.body == stream
    finally:
        sealer.answer = own


def test_another_tenant_learns_nothing_of_who_made_it(client, sealer):
    output = passed(client, "Hello")["output"]
    sealer.sent.clear()
    for _ in range(40):
        passed(client.with_key(BOB), next_turn(output))
    assert set(sealer.keys()) == {EAST, WEST}


def test_what_is_stored_does_not_show_the_content(stack, client, sealer):
    stack.redis.flushdb()
    output = passed(client, "Hello")["output"]
    key, = stack.redis.keys(SEALED)
    ttl = stack.redis.ttl(key)
    value = stack.redis.get(key).decode()
    assert 7 * 24 * 3600 - 60 < ttl <= 7 * 24 * 3600
    assert output[0]["encrypted_content"] not in key.decode() + value
    assert len(value.split(" ")[0]) == 16 and value.split(" ")[1] == "m"


def calls(stack):
    """How often Redis has been asked to GET and to SET."""
    stats = stack.redis.info("commandstats")
    return [stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("get", "set")]


def test_nothing_is_remembered_where_there_is_no_choice(stack, client, sealer):
    before = calls(stack)
    for stream in (False, True):
        reply = client.post_create({"model": "alone", "input": next_turn([
            {"type": "reasoning", "encrypted_content": "gAAA/east1"}]), "stream": stream})
        assert reply.status == 200, reply
    assert calls(stack) == before


def test_other_requests_cost_no_round_trip(stack, client, sealer):
    own, sealer.answer = sealer.answer, lambda key, number, streams: json_error(
        200, {"id": "resp_1", "object": "response", "output": []})
    try:
        before = calls(stack)
        for text in ("Hello", [{"role": "user", "content": "encrypted_content"}]):
            assert passed(client, text)["object"] == "response"
        assert calls(stack) == before
    finally:
        sealer.answer = own


@pytest.mark.parametrize("way", [polled, passed])
def test_all_of_it_is_known_after_a_restart(make_stack, way):
    stack = make_stack({"model_list": two_deployments()})
    sealer = Sealer(stack.upstream)
    outputs = [way(stack.client, "Hello")["output"] for _ in range(20)]
    assert set(sealer.keys()) == {EAST, WEST}
    stack.stop(stack.responder)
    stack.stop(stack.supervisor)
    stack.start_responder()
    stack.start_supervisor()
    ends = [way(stack.client, next_turn(output))["status"] for output in outputs]
    assert ends == ["completed"] * 20


def test_without_redis_any_deployment_is_asked(make_stack):
    stack = make_stack({"model_list": two_deployments()}, supervisor=False)
    sealer = Sealer(stack.upstream)
    output = passed(stack.client, "Hello")["output"]
    sealer.sent.clear()
    stack.stop(stack.redis_program)
    replies = [stack.client.post_create({"model": "m", "input": next_turn(output)})
               for _ in range(30)]
    assert set(sealer.keys()) == {EAST, WEST}
    assert {reply.status for reply in replies} == {200, 400}
    assert {reply.error()["code"] for reply in replies if reply.status == 400} == \
        {"invalid_encrypted_content"}


@pytest.mark.parametrize("way", [passed, streamed, unstored])
def test_a_redis_that_hangs_holds_nobody_up_for_long(make_stack, way):
    stack = make_stack({"model_list": two_deployments()}, supervisor=False)
    sealer = Sealer(stack.upstream)
    way(stack.client, "Hello")
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert way(stack.client, "Hello")["status"] == "completed"
        assert time.monotonic() - began < 5
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)
    assert len(sealer.sent) == 2

    def output_that_is_noted():
        """The relay may not have connected again yet."""
        before = len(stack.redis.keys("litellm:polling:sealed:*"))
        output = way(stack.client, "Hello")["output"]
        return len(stack.redis.keys("litellm:polling:sealed:*")) > before and output

    output = wait_until(output_that_is_noted, 10, "makers to be noted again")
    assert way(stack.client, next_turn(output))["status"] == "completed"


def test_what_was_made_while_redis_was_away_is_known_when_it_is_back(make_stack):
    stack = make_stack({"model_list": two_deployments()}, supervisor=False, responder=False,
                       web=False)
    path = stack.directory / "proxy.sock"
    proxy = RedisProxy(path, stack.directory / "redis.sock")
    stack.config["litellm_settings"]["cache_params"]["socket_path"] = str(path)
    stack.write_config()
    stack.start_all()
    sealer, gate = Sealer(stack.upstream), Gate()
    own = sealer.answer
    sealer.answer = lambda *args: Script([gate, *own(*args).steps])
    response_id = stack.client.create("m")["id"]
    wait_until(lambda: sealer.sent, what="the request")
    sealer.answer = own
    proxy.close()
    gate.open()
    exchange, maker = sealer.sent[0]
    assert exchange.answered.wait(5)
    path.unlink()
    proxy = RedisProxy(path, stack.directory / "redis.sock")
    output = stack.client.wait_terminal(response_id)["output"]
    sealer.sent.clear()
    for _ in range(8):
        assert passed(stack.client, next_turn(output))["status"] == "completed"
    assert set(sealer.keys()) == {maker}
    stack.stop(stack.supervisor)
    stack.stop(stack.responder)
    proxy.close()


@pytest.fixture
def cluster(directory):
    cluster = Cluster(directory, replicas=0)
    yield cluster
    cluster.close()


@pytest.mark.parametrize("way", [polled, passed, streamed])
def test_in_a_cluster_it_is_found_as_well(make_stack, cluster, way):
    stack = make_stack({"model_list": two_deployments()}, servers=cluster)
    sealer = Sealer(stack.upstream)
    assert converse(stack.client, way, turns=20) == ["completed"] * 20
    output = way(stack.client, "Hello")["output"]
    unknown = [{**output[0], "encrypted_content": f"gAAA/{sealer.keys()[-1][3:7]}-{i}"}
               for i in range(6)]
    answer = way(stack.client, next_turn([*output, *unknown]))
    assert answer["status"] == "completed", answer


@pytest.mark.parametrize("way", [polled, passed, streamed])
def test_a_fallback_that_made_it_is_asked_first(make_stack, way):
    stack = make_stack({
        "model_list": [deployment("m", EAST), deployment("spare", WEST)],
        "litellm_settings": {"fallbacks": [{"m": ["spare"]}]}})
    sealer = Sealer(stack.upstream)
    sealer.failing = {EAST: 401}
    output = way(stack.client, "Hello")["output"]
    sealer.sent.clear()
    sealer.failing = {}
    assert way(stack.client, next_turn(output))["status"] == "completed"
    assert sealer.keys() == [WEST]


@pytest.mark.parametrize("way", [polled, passed, streamed])
def test_a_fallback_of_the_request_s_own_is_asked_again(make_stack, way):
    stack = make_stack({"model_list": [deployment("m", EAST), deployment("spare", WEST)]})
    sealer = Sealer(stack.upstream)
    sealer.failing = {EAST: 401}
    output = way(stack.client, "Hello", fallbacks=["spare"])["output"]
    sealer.sent.clear()
    sealer.failing = {}
    answer = way(stack.client, next_turn(output), fallbacks=["spare"])
    assert answer["status"] == "completed", answer
    assert sealer.keys() == [WEST]


@pytest.mark.parametrize("way", [polled, passed, streamed])
def test_a_model_is_the_same_by_its_alias(make_stack, way):
    stack = make_stack({
        "model_list": [deployment("real", EAST), deployment("real", WEST, stream_timeout=10)],
        "router_settings": {"model_group_alias": {"m": "real"}}})
    sealer = Sealer(stack.upstream)
    assert converse(stack.client, way, turns=15) == ["completed"] * 15
    assert set(sealer.keys()) == {EAST, WEST}


def test_another_model_of_the_same_account_can_read_it(make_stack):
    stack = make_stack({"model_list": [*two_deployments(), *two_deployments("other")]},
                       supervisor=False)
    sealer = Sealer(stack.upstream)
    for _ in range(15):
        output = passed(stack.client, "Hello")["output"]
        reply = stack.client.post_create({"model": "other", "input": next_turn(output)})
        assert reply.status == 200, reply
    assert set(sealer.keys()) == {EAST, WEST}


def test_a_maker_that_is_not_configured_any_more_is_not_waited_for(make_stack):
    stack = make_stack({"model_list": two_deployments()}, supervisor=False)
    sealer = Sealer(stack.upstream)
    output = passed(stack.client, "Hello")["output"]
    for entry in stack.config["model_list"]:
        entry["litellm_params"]["model"] = "openai/renamed"
    stack.write_config()
    stack.stop(stack.responder)
    stack.start_responder()
    sealer.sent.clear()
    for _ in range(30):
        passed(stack.client, next_turn(output))
    assert set(sealer.keys()) == {EAST, WEST}
