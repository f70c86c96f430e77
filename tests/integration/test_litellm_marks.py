"""Ids and items that a LiteLLM proxy has marked lead to the deployment that they name."""

import base64
import hashlib
import json

import pytest

from harness import BOB
from sealing import EAST, WEST, Sealer, deployment, next_turn

STACK = {"config": {
    "model_list": [
        {**deployment("m", EAST), "model_info": {"id": "gpt-east"}},
        {**deployment("m", WEST), "model_info": {"id": "gpt-west"}},
        {**deployment("n", EAST), "model_info": {"id": "gpt-n"}},
        {**deployment("far", "sk-farr-1", custom_llm_provider="azure",
                      api_version="2025-04-01-preview"), "model_info": {"id": "far"}},
    ],
}, "children": 2}


def b64(text):
    return base64.b64encode(text.encode()).decode()


def response_id(native, model="gpt-east", provider="openai"):
    return "resp_" + b64(
        f"litellm:custom_llm_provider:{provider};model_id:{model};response_id:{native}")


def item_id(native, model="gpt-east"):
    return "encitem_" + b64(f"litellm:model_id:{model};item_id:{native}")


def content(native, model="gpt-east"):
    return f"litellm_enc:{b64('model_id:' + model)};{native}"


@pytest.fixture(scope="module")
def sealer(stack):
    return Sealer(stack.upstream)


@pytest.fixture(autouse=True)
def nothing_sent_yet(request):
    if "sealer" in request.fixturenames:
        request.getfixturevalue("sealer").sent.clear()


OF = {"gpt-east": EAST, "gpt-west": WEST}
SPELLINGS = {
    "padded": lambda marked: marked,
    "unpadded": lambda marked: marked.rstrip("="),
    "urlsafe": lambda marked: marked.replace("+", "-"),
    "escaped": lambda marked: marked.replace("=", "%3D"),
}


@pytest.mark.parametrize("model", OF)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("method,suffix", [
    ("GET", ""), ("GET", "?stream=true"), ("POST", "/cancel"), ("DELETE", ""),
    ("GET", "/input_items?limit=2")])
def test_the_deployment_that_is_named_is_asked(client, sealer, model, spelling, method, suffix):
    marked = SPELLINGS[spelling](response_id("resp_68a1", model))
    reply = client.request(method, f"/v1/responses/{marked}{suffix}")
    assert reply.status == 200, reply
    (exchange, key), = sealer.sent
    assert (exchange.method, exchange.path, key) == (
        method, f"/v1/responses/resp_68a1{suffix}", OF[model])


def test_a_long_id_is_understood(client, sealer):
    native = "resp_" + "0123456789abcdef" * 20
    reply = client.get_response(response_id(native))
    assert reply.status == 200, reply
    assert sealer.sent[0][0].path == f"/v1/responses/{native}"


def test_else_the_only_account_of_the_provider_is_asked(client, sealer):
    assert client.get_response(response_id("resp_1", "gone", "azure")).status == 200
    assert sealer.keys() == ["sk-farr-1"]
    sealer.sent.clear()
    assert client.get_response(response_id("resp_1", "gone", "openai")).status == 404
    assert client.get_response(response_id("resp_1", "gone", "groq")).status == 404
    assert sealer.sent == []


@pytest.mark.parametrize("unknown", [
    "resp_" + b64("litellm_proxy:responses_api:response_id:resp_1;user_id:u"),
    "resp_gAAAAABoencrypted", response_id("../x"), response_id("resp 1")])
def test_other_ids_are_as_unknown_as_before(client, sealer, unknown):
    assert client.get_response(unknown).status == 404
    assert sealer.sent == []


def test_a_response_that_was_made_here_is_its_tenant_s_alone(client, sealer):
    made = client.post_create({"model": "m", "input": "Hello"}).json()
    maker = sealer.keys()[-1]
    other = "gpt-west" if maker == EAST else "gpt-east"
    sealer.sent.clear()
    marked = response_id(made["id"], other)
    bob = client.with_key(BOB)
    assert bob.get_response(marked).status == 404
    assert bob.post_create({"model": "m", "input": "x", "previous_response_id": marked}).status == 400
    assert sealer.sent == []
    assert client.get_response(marked).status == 200
    assert sealer.keys() == [maker]


def test_a_response_of_ours_that_was_asked_for_through_a_proxy_is_found(client, sealer):
    created = client.create("m")
    ended = client.wait_terminal(created["id"])
    marked = response_id(created["id"])
    assert client.poll(marked) == ended
    assert client.with_key(BOB).get_response(marked).status == 404
    reply = client.post_create({"model": "m", "input": "x", "previous_response_id": marked})
    assert reply.status == 200, reply
    assert client.delete(marked).status == 200
    assert client.get_response(created["id"]).status == 404


def test_a_mark_of_a_response_of_ours_does_not_say_who_made_it(make_stack):
    stack = make_stack({"model_list": STACK["config"]["model_list"]})
    sealer = Sealer(stack.upstream)
    sealer.sealed_type = None
    previous = response_id(polled(stack.client, input="Hello")["id"])
    sealer.failing = {EAST: 401}
    answer = polled(stack.client, input="x", previous_response_id=previous)
    assert answer["status"] == "completed", answer
    assert sealer.keys()[-1] == WEST


def passed(client, **fields):
    return client.post_create({"model": "m", **fields}).json()


def streamed(client, **fields):
    reply = client.post_create({"model": "m", "stream": True, **fields})
    return {"status": "completed" if b"response.completed" in reply.body else "failed"}


def polled(client, **fields):
    return client.wait_terminal(client.create("m", **fields)["id"])


@pytest.mark.parametrize("way", [passed, streamed, polled])
@pytest.mark.parametrize("model", OF)
def test_a_previous_response_is_continued_where_it_is(client, sealer, way, model):
    native = f"resp_{OF[model][3:7]}77"
    for _ in range(8):
        sealer.sent.clear()
        answer = way(client, input="x", previous_response_id=response_id(native, model))
        assert answer["status"] == "completed", answer
        assert sealer.keys() == [OF[model]]
        assert sealer.last()["previous_response_id"] == native


@pytest.mark.parametrize("way", [passed, streamed, polled])
@pytest.mark.parametrize("model", OF)
def test_items_go_back_to_the_deployment_that_they_name(client, sealer, way, model):
    native = f"gAAA/{OF[model][3:7]}+1;x"
    marked = [{"type": "reasoning", "summary": [], "id": item_id("rs_1", model),
               "encrypted_content": content(native, model)},
              {"type": "reasoning", "summary": [], "encrypted_content": content(native, model)}]
    plain = [{"type": "reasoning", "summary": [], "id": "rs_1", "encrypted_content": native},
             {"type": "reasoning", "summary": [], "encrypted_content": native}]
    for _ in range(8):
        sealer.sent.clear()
        answer = way(client, input=next_turn(marked))
        assert answer["status"] == "completed", answer
        assert sealer.keys() == [OF[model]]
        assert sealer.last()["input"] == next_turn(plain)


def test_another_model_of_the_account_that_is_named_is_asked(client, sealer):
    for _ in range(8):
        marked = [{"type": "reasoning", "encrypted_content": content("gAAA/east1", "gpt-n")}]
        assert passed(client, input=next_turn(marked))["status"] == "completed"
    assert set(sealer.keys()) == {EAST}


def test_all_else_of_a_body_stays_as_it_is_spelled(client, sealer):
    body = ('{ "model":"m","metadata":{"id":"%s"}, "input" : [ {"role":"user", "content":"%s"},'
            '{"id":"%s" ,"type":"item_reference"} ], "temperature":1.10e0}')
    text = item_id("rs_9")
    reply = client.post_create(body % (text, text, text))
    assert reply.status == 200, reply
    sent = sealer.sent[0][0].body.decode()
    assert json.loads(sent) == json.loads(body % (text, text, "rs_9"))
    assert '"id":"rs_9" ,"type"' in sent and "1.10e0" in sent


def test_a_container_is_known_by_its_own_id(client, sealer):
    marked = "cntr_" + b64("litellm:custom_llm_provider:openai;model_id:gpt-west;container_id:c_1")
    for _ in range(8):
        answer = passed(client, input="x", tools=[
            {"type": "code_interpreter", "container": marked}])
        assert answer["status"] == "completed", answer
        assert sealer.last()["tools"] == [{"type": "code_interpreter", "container": "c_1"}]
    assert set(sealer.keys()) == {WEST}


def test_a_deployment_without_an_id_has_the_one_that_litellm_makes(make_stack):
    entries = [deployment("m", EAST, rpm=60), deployment("m", "os.environ/RESPOOL_TEST_WEST")]
    stack = make_stack({"model_list": entries}, supervisor=False, responder=False, web=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESPOOL_TEST_WEST", WEST)
        stack.start_responder()
    stack.start_web()
    sealer = Sealer(stack.upstream)
    for entry, key in zip(stack.config["model_list"], (EAST, WEST)):
        params = {**entry["litellm_params"], "api_key": key}
        text = entry["model_name"] + "".join(f"{name}{value}" for name, value in params.items())
        model = hashlib.sha256(text.encode()).hexdigest()
        assert stack.client.get_response(response_id("resp_1", model)).status == 200
        assert sealer.keys()[-1] == key


def test_the_default_deployment_is_asked_last(make_stack):
    stack = make_stack({
        "model_list": [deployment("m", EAST), deployment("m", WEST),
                       deployment("spare", "sk-spare")],
        "respool": {"default_deployment": "spare"}}, supervisor=False)
    sealer = Sealer(stack.upstream)
    assert stack.client.get_response(response_id("resp_1", "gone")).status == 200
    assert sealer.keys() == ["sk-spare"]
    assert sealer.sent[0][0].path == "/v1/responses/resp_1"


def test_a_deployment_of_any_provider_is_asked_for_that_of_the_mark(make_stack):
    stack = make_stack({"model_list": [
        {"model_name": "*", "litellm_params": {"model": "*", "api_key": EAST},
         "model_info": {"id": "all"}}]}, supervisor=False)
    sealer = Sealer(stack.upstream)
    assert stack.client.get_response(response_id("resp_1", "all")).status == 200
    assert sealer.keys() == [EAST]


def test_marks_are_understood_without_redis(make_stack):
    stack = make_stack({"model_list": STACK["config"]["model_list"],
                        "litellm_settings": {"cache": False}}, supervisor=False)
    sealer = Sealer(stack.upstream)
    assert stack.client.get_response(response_id("resp_1", "gpt-west")).status == 200
    assert sealer.keys() == [WEST]
    for _ in range(8):
        marked = [{"type": "reasoning", "encrypted_content": content("gAAA/west1", "gpt-west")}]
        answer = passed(stack.client, input=next_turn(marked))
        assert answer["status"] == "completed", answer
