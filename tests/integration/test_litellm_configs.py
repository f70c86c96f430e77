"""
Configurations as a LiteLLM proxy's documentation shows them, in litellm/: each loads, what is not
implemented is named, and what is asked for happens.
"""

import base64
import json
import os
import shutil
import time

import pytest

from events import delta, message_stream, opening
from harness import output_text, run_program, wait_until
from litellm_files import (DIRECTORY, FILES, MASTER, NORTH, REDIS_PASSWORD, SOUTH, VARIABLES,
                           FileStack, all_keys, checked, text_of, with_polling)
from passing import answer, response_object
from redis_tls import require_tls
from upstream import Gate, Hang, Script, Sleep, json_error

pytestmark = pytest.mark.once

PROGRAMS = ("respool.fcgi", "respoold")
WAYS = ("background", "passed_through")
both_ways = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    """Those that the files name, and none of the machine's that would count."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE")) or name.startswith(
                ("REDIS_", "LITELLM_", "AZURE_", "AWS_")):
            monkeypatch.delenv(name)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def start():
    """start(NAME) is a stack with that file."""
    stacks = []

    def make(name, **options):
        stack = FileStack(name, **options)
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        stack.close()


def good(way, text="Hello", **fields):
    """A provider's answer, to a request that came this way."""
    if way == "background":
        return Script(message_stream([text], **fields))
    message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
               "content": [{"type": "output_text", "text": text, "annotations": []}]}
    return answer(response_object(output=[message], status="completed", **fields))


def failure(status, code="server_error", message="no", **headers):
    return json_error(status, {"error": {
        "message": message, "type": "invalid_request_error", "param": None, "code": code}}, headers)


class Asked:
    """What became of a request: text, or status and code of an error."""

    def __init__(self, text=None, status=None, code=None, object=None):
        self.text, self.status, self.code, self.object = text, status, code, object

    def __repr__(self):
        return f"<{self.text!r} {self.status} {self.code}>"


def ask(stack, way, model, within=20, **fields):
    """Has a request of this way answered."""
    body = {"input": "Hi", **({"model": model} if model else {}), **fields}
    if way == "background":
        reply = stack.client.post_create({**body, "background": True})
        if reply.status != 200:
            return Asked(status=reply.status, code=reply.error()["code"])
        object = stack.client.wait_terminal(reply.json()["id"], within)
        error = object["error"] or {}
        if object["status"] != "completed":
            return Asked(status=object["status"], code=error.get("code"), object=object)
        return Asked(output_text(object), object=object)
    reply = stack.client.post_create(body, timeout=within)
    if reply.status != 200:
        return Asked(status=reply.status, code=json.loads(reply.body)["error"]["code"])
    return Asked(output_text(reply.json()), object=reply.json())


def counts(stack, *served):
    return [len(stack.upstream.requests(name)) for name in served]


def bearer(exchange):
    return exchange.header("authorization")


# They load.

# What is warned of, by file, if anything is.
WARNED = {
    "first_steps.yaml": {"litellm_settings.success_callback", "general_settings.alerting"},
    "other_providers.yaml": {
        "model_list.litellm_params", "model_list.litellm_params.vertex_project",
        "model_list.litellm_params.vertex_location",
        "model_list.litellm_params.aws_access_key_id",
        "model_list.litellm_params.aws_secret_access_key", "model_list.litellm_params.tenant_id",
        "model_list.litellm_params.max_new_tokens", "model_list.litellm_params.cooldown_time"},
}
# Of these it makes no difference to anybody whether they are warned of.
HARMLESS = {
    "litellm_settings.set_verbose", "litellm_settings.json_logs", "litellm_settings.force_ipv4",
    "litellm_settings.cache_params.ttl", "litellm_settings.cache_params.mode",
    "litellm_settings.cache_params.default_in_memory_ttl",
    "litellm_settings.cache_params.default_in_redis_ttl",
    "litellm_settings.cache_params.max_connections",
    "litellm_settings.cache_params.supported_call_types",
    "router_settings.enable_pre_call_checks", "router_settings.optional_pre_call_checks",
    "router_settings.cache_params", "router_settings.redis_port", "router_settings.redis_password",
    "router_settings.routing_strategy_args", "router_settings.max_fallbacks",
    "general_settings.alerting_threshold", "general_settings.database_connection_pool_limit",
    "general_settings.database_connection_timeout", "general_settings.user_api_key_cache_ttl",
    "litellm_settings.turn_off_message_logging", "litellm_settings.redact_user_api_key_info",
    "litellm_settings.cold_storage_custom_logger", "litellm_settings.s3_callback_params",
    "callback_settings", "litellm_settings.mcp_aliases",
    "model_list.litellm_params.input_cost_per_token",
    "model_list.litellm_params.output_cost_per_token",
    "model_list.litellm_params.max_retries", "model_list.litellm_params.region_name",
    "general_settings.store_prompts_in_cold_storage",
    "general_settings.store_prompts_in_spend_logs",
    "general_settings.disable_responses_id_security",
}
# Without which something happens that the file does not ask for, or does not happen that it does.
MISSED = {
    "litellm_settings.callbacks", "litellm_settings.success_callback",
    "litellm_settings.failure_callback", "litellm_settings.service_callbacks",
    "general_settings.alerting", "general_settings.custom_auth", "general_settings.database_url",
    "general_settings.store_model_in_db", "general_settings.max_parallel_requests",
    "general_settings.global_max_parallel_requests", "general_settings.allowed_ips",
    "general_settings.enable_jwt_auth", "general_settings.enforce_user_param",
    "general_settings.allowed_routes", "general_settings.pass_through_endpoints",
    "router_settings.routing_strategy", "router_settings.redis_host",
    "router_settings.enable_tag_filtering", "router_settings.disable_cooldowns",
    "router_settings.retry_policy", "router_settings.allowed_fails_policy",
    "router_settings.default_litellm_params",
    "router_settings.provider_budget_config", "guardrails", "mcp_servers",
    "model_list.litellm_params.cooldown_time",
    "model_list.litellm_params.azure_ad_token", "model_list.litellm_params.mock_response",
    "model_list.litellm_params.initial_prompt_value",
    "model_list.litellm_params.final_prompt_value", "model_list.litellm_params.bos_token",
    "model_list.litellm_params.roles", "model_list.model_info.access_groups",
    "model_list.model_info.supported_environments",
}
# What the environment says for a file.
ELSEWHERE = {
    "master_key_of_the_environment.yaml": {"LITELLM_MASTER_KEY": MASTER},
    "redis_of_the_environment.yaml": {"REDIS_HOST": "127.0.0.1"},
    "first_steps.yaml": {"AWS_BEARER_TOKEN_BEDROCK": "sk-bedrock"},
}


@pytest.fixture
def polled(tmp_path, variables):
    """polled(NAME) is the path of that file, with a Redis, without which respoold has no work."""
    def write(name):
        for variable, value in ELSEWHERE.get(name, {}).items():
            variables.setenv(variable, value)
        shutil.copytree(DIRECTORY / "included", tmp_path / "included")
        path = tmp_path / "config.yaml"
        path.write_text(with_polling(text_of(name)).replace("PORT", "6379"))
        return path

    return write


def named(program, path):
    """The keys that are warned of, once each for each thing that is said of it."""
    warned = checked(program, path)
    assert len(warned) == len(set(warned)), warned
    return {key for key, _ in warned}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", [name for name in FILES if name not in (
    "not_here.yaml", "other_caches.yaml", "redis_tls.yaml")])
def test_it_loads_and_only_what_is_not_implemented_is_warned_of(program, name, polled):
    keys = named(program, polled(name))
    assert keys - HARMLESS == WARNED.get(name, set())


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_litellm_s_own_is_named_once_each(program, polled):
    keys = named(program, polled("not_here.yaml"))
    assert MISSED - keys == set(), "is not warned of"
    assert keys - MISSED - HARMLESS == set(), "is warned of"


def test_with_another_cache_than_redis_the_responder_says_that_nothing_is_polled(polled):
    path = polled("other_caches.yaml")
    assert [text for _, text in checked("respool.fcgi", path) if "polling is off" in text]
    result = run_program("respoold", "-t", "-c", path)
    assert result.returncode == 1
    assert b"must name a Redis" in result.stderr


def test_what_is_litellm_s_own_leaves_the_rest_serving(start):
    stack = start("not_here.yaml")
    for served in ("essay-served", "essay-served-too"):
        stack.upstream.script(served, good("background"))
    assert ask(stack, "background", "essay").text == "Hello"


# Every key that the pages on configuration, load balancing, fallbacks, caching, time-outs, files
# and the Responses API show, in the place that they show it in.
SHOWN = """
model_list model_list.model_name model_list.litellm_params model_list.model_info
model_list.litellm_params.{model,api_base,api_key,api_version,rpm,tpm,weight,order,aws_region_name,
organization,temperature,max_tokens,seed,extra_headers,azure_ad_token,timeout,stream_timeout,
max_retries,litellm_credential_name,region_name,cooldown_time,max_parallel_requests,
initial_prompt_value,final_prompt_value,roles,bos_token,mock_response,input_cost_per_token,
output_cost_per_token,tenant_id,max_new_tokens,vertex_project,vertex_location,aws_access_key_id,
aws_secret_access_key}
model_list.model_info.{id,version,mode,base_model,supported_environments,access_groups,
custom_tokenizer,input_cost_per_token,output_cost_per_token,max_tokens}
litellm_settings.{drop_params,success_callback,failure_callback,callbacks,service_callbacks,
num_retries,request_timeout,fallbacks,context_window_fallbacks,default_fallbacks,allowed_fails,
cooldown_time,set_verbose,json_logs,force_ipv4,cache,cache_params,cold_storage_custom_logger,
s3_callback_params,responses,turn_off_message_logging,redact_user_api_key_info,mcp_aliases}
litellm_settings.cache_params.{type,host,port,password,namespace,ttl,default_in_memory_ttl,
default_in_redis_ttl,redis_startup_nodes,service_name,sentinel_nodes,sentinel_password,
supported_call_types,mode,max_connections,s3_bucket_name,s3_region_name,s3_endpoint_url,
s3_aws_access_key_id,s3_aws_secret_access_key,s3_aws_session_token,s3_api_version,s3_use_ssl,
s3_verify,gcs_bucket_name,gcs_path_service_account,gcs_path,qdrant_collection_name,
qdrant_semantic_cache_embedding_model,qdrant_quantization_config,similarity_threshold,
redis_semantic_cache_embedding_model,disk_cache_dir,gcp_service_account,gcp_ssl_ca_certs,ssl,
ssl_cert_reqs,ssl_check_hostname}
litellm_settings.responses.background_mode.{polling_via_cache,ttl,native_background_mode}
general_settings.{master_key,alerting,completion_model,database_url,database_connection_pool_limit,
database_connection_timeout,user_api_key_cache_ttl,disable_responses_id_security,
store_prompts_in_cold_storage,store_prompts_in_spend_logs,max_parallel_requests,
global_max_parallel_requests,custom_auth,enable_jwt_auth,enforce_user_param,allowed_routes,
alerting_threshold,store_model_in_db,allowed_ips,pass_through_endpoints}
router_settings.{routing_strategy,routing_strategy_args,model_group_alias,num_retries,timeout,
redis_host,redis_port,redis_password,cache_params,enable_pre_call_checks,allowed_fails,
cooldown_time,disable_cooldowns,retry_policy,allowed_fails_policy,content_policy_fallbacks,
optional_pre_call_checks,retry_after,default_max_parallel_requests,default_litellm_params,
max_fallbacks,enable_tag_filtering,provider_budget_config}
environment_variables include callback_settings
credential_list.{credential_name,credential_values,credential_info}
"""


def shown():
    for word in SHOWN.replace(",\n", ",").split():
        before, brace, inside = word.partition("{")
        for name in inside.rstrip("}").split(",") if brace else [""]:
            yield before + name


def test_every_key_that_the_documentation_shows_is_in_one_of_the_files():
    assert set(shown()) - all_keys() == set()


# model_list


def test_deployments_of_azure_are_asked_with_a_key_of_their_own_and_the_file_s_version(start):
    stack = start("first_steps.yaml")
    for served in ("essay-north", "essay-south"):
        stack.upstream.script(served, good("background"))
    keys = set()
    for _ in range(20):
        assert ask(stack, "background", "essay").text == "Hello"
    for served in ("essay-north", "essay-south"):
        for exchange in stack.upstream.requests(served):
            assert exchange.path.endswith("/responses?api-version=2025-04-01-preview")
            keys.add((served, exchange.header("api-key")))
    assert keys == {("essay-north", NORTH), ("essay-south", SOUTH)}


@both_ways
def test_only_the_first_slash_of_a_model_s_name_is_cut(start, way):
    stack = start("first_steps.yaml")
    stack.upstream.script("weaver/tiny-125m", good(way))
    assert ask(stack, way, "tiny").text == "Hello"
    assert bearer(stack.upstream.requests("weaver/tiny-125m")[0]) == "Bearer none"


@both_ways
def test_members_of_litellm_params_are_sent_where_the_client_says_nothing(start, way):
    stack = start("parameters.yaml")
    stack.upstream.script("calm-served", good(way))
    assert ask(stack, way, "calm").text == "Hello"
    exchange = stack.upstream.requests("calm-served")[0]
    body = exchange.json()
    assert body["temperature"] == 0.2 and body["top_p"] == 0.9
    assert body["max_output_tokens"] == 321
    assert body["reasoning"] == {"effort": "low"}
    assert body["loom"] == {"threads": 7}
    for name in ("max_tokens", "reasoning_effort", "extra_body"):
        assert name not in body
    assert exchange.header("openai-organization") == "org-spinners"
    assert exchange.header("x-loom") == "third"
    assert exchange.header("ai-loom") == "wool"


@both_ways
def test_the_client_s_own_members_win(start, way):
    stack = start("parameters.yaml")
    stack.upstream.script("calm-served", good(way))
    said = {"temperature": 1, "top_p": 0.1, "max_output_tokens": 7,
            "reasoning": {"effort": "high", "summary": "auto"}}
    assert ask(stack, way, "calm", **said).text == "Hello"
    body = stack.upstream.requests("calm-served")[0].json()
    assert {name: body[name] for name in said} == said


@both_ways
def test_only_the_effort_is_added_to_a_reasoning_that_lacks_it(start, way):
    stack = start("parameters.yaml")
    stack.upstream.script("calm-served", good(way))
    assert ask(stack, way, "calm", reasoning={"summary": "auto"}).text == "Hello"
    body = stack.upstream.requests("calm-served")[0].json()
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}


@both_ways
def test_dropped_members_do_not_reach_the_provider(start, way):
    stack = start("parameters.yaml")
    stack.upstream.script("strict-served", good(way))
    assert ask(stack, way, "strict", user="ada").text == "Hello"
    body = stack.upstream.requests("strict-served")[0].json()
    assert "user" not in body
    assert body["max_output_tokens"] == 55


def chat_stream(text):
    def line(data):
        return b"data: " + json.dumps(data).encode() + b"\n\n"

    return [line({"model": "up", "choices": [{"index": 0, "delta": {"role": "assistant"}}]}),
            line({"choices": [{"index": 0, "delta": {"content": text}}]}),
            line({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
            b"data: [DONE]\n\n"]


@both_ways
def test_members_of_litellm_params_are_those_of_chat_completions_there(start, way):
    stack = start("parameters.yaml")
    stack.upstream.script("chatty-served", chat_stream("Hello"))
    assert ask(stack, way, "chatty").text == "Hello"
    exchange = stack.upstream.requests("chatty-served")[0]
    assert exchange.path == "/v1/chat/completions"
    body = exchange.json()
    assert (body["seed"], body["temperature"], body["max_tokens"]) == (12, 0.4, 20)


def test_request_for_chat_completions_has_no_members_of_the_other_api(start):
    """It is passed through in the API that it is written in."""
    stack = start("parameters.yaml")
    stack.upstream.script("calm-served", answer({"object": "chat.completion", "choices": []}))
    reply = stack.client.request("POST", "/v1/chat/completions", body={
        "model": "calm", "messages": [{"role": "user", "content": "Hi"}], "fallbacks": ["x"]})
    assert reply.status == 200, reply
    body = stack.upstream.requests("calm-served")[0].json()
    assert set(body) & {"max_output_tokens", "reasoning", "text", "fallbacks"} == set()


def test_request_for_embeddings_has_no_defaults_of_other_requests(start):
    stack = start("parameters.yaml")
    stack.upstream.script("calm-served", answer({"object": "list", "data": []}))
    reply = stack.client.request("POST", "/v1/embeddings", body={"model": "calm", "input": "Hi"})
    assert reply.status == 200, reply
    body = stack.upstream.requests("calm-served")[0].json()
    assert set(body) - {"loom"} == {"model", "input"}


def test_each_organization_is_a_deployment(start):
    stack = start("organizations.yaml")
    stack.upstream.script("anything", good("background"))
    for _ in range(40):
        assert ask(stack, "background", "anything").text == "Hello"
    exchanges = stack.upstream.requests("anything")
    assert {exchange.header("openai-organization") for exchange in exchanges} == {
        "org-first", "org-second", "org-third"}
    assert {bearer(exchange) for exchange in exchanges} == {f"Bearer {NORTH}"}


# Routing


@pytest.mark.parametrize("by", ["requests", "tokens", "weight"])
def test_deployments_are_drawn_by_what_the_file_says_of_them(start, by):
    """With nine in ten for one of them, 60 of 120 for the other never happen."""
    stack = start("shares.yaml")
    for size in ("small", "large"):
        stack.upstream.script(f"{by}-{size}", good("background"))
    ids = [stack.client.create(f"by-{by}")["id"] for _ in range(120)]
    for response_id in ids:
        assert stack.client.wait_terminal(response_id)["status"] == "completed"
    small, large = counts(stack, f"{by}-small", f"{by}-large")
    assert small + large == 120
    assert 0 < small < 40


@both_ways
def test_deployment_of_a_lower_order_is_asked_first(start, way):
    stack = start("order.yaml")
    for served in ("essay-first", "essay-second"):
        stack.upstream.script(served, good(way, served))
    for _ in range(10):
        assert ask(stack, way, "essay").text == "essay-first"
    assert counts(stack, "essay-first", "essay-second") == [10, 0]


@both_ways
def test_deployment_of_a_higher_order_is_asked_when_the_lower_one_fails(start, way):
    stack = start("order.yaml")
    stack.upstream.script("essay-first", failure(500))
    stack.upstream.script("essay-second", good(way, "the second"))
    assert ask(stack, way, "essay").text == "the second"
    assert counts(stack, "essay-first", "essay-second") == [1, 1]


def test_no_more_requests_at_once_than_a_deployment_takes(start):
    stack = start("parallel.yaml")
    gate = Gate()
    stack.upstream.script("essay-served", [*opening(), gate, *message_stream(["x"])[4:]],
                          good("background"))
    first = stack.client.create("essay")["id"]
    stack.upstream.wait_request("essay-served")
    second = stack.client.create("essay")["id"]
    assert stack.client.wait_status(first, "in_progress")["status"] == "in_progress"
    with pytest.raises(AssertionError):
        wait_until(lambda: counts(stack, "essay-served") != [1], timeout=1)
    gate.open()
    for response_id in (first, second):
        assert stack.client.wait_terminal(response_id)["status"] == "completed"
    assert counts(stack, "essay-served") == [2]


@both_ways
@pytest.mark.parametrize("alias", ["essay-2", "ESSAY"])
def test_alias_is_another_name_for_a_model(start, way, alias):
    stack = start("aliases.yaml")
    stack.upstream.script("essay-served", good(way))
    assert ask(stack, way, alias).text == "Hello"


@both_ways
def test_alias_wins_over_a_model_of_its_name(start, way):
    stack = start("aliases.yaml")
    stack.upstream.script("essay-served", good(way))
    assert ask(stack, way, "shadowed").text == "Hello"
    assert counts(stack, "essay-served", "shadowed-served") == [1, 0]


def test_aliases_are_listed_but_for_those_that_are_hidden(start):
    listed = start("aliases.yaml").client.get("/v1/models").json()
    assert listed["object"] == "list"
    assert {model["id"] for model in listed["data"]} == {"essay", "essay-2", "shadowed"}


@both_ways
def test_aliases_may_stand_beside_other_settings(start, way):
    stack = start("shares.yaml")
    for size in ("small", "large"):
        stack.upstream.script(f"weight-{size}", good(way))
    assert ask(stack, way, "oldest").text == "Hello"


# Fallbacks, retries and time-outs

CONTEXT = failure(400, "context_length_exceeded",
                  "Your input exceeds the context window of this model.")
POLICY = failure(400, "content_policy_violation", "The content was refused.")


@both_ways
@pytest.mark.parametrize("first, instead", [
    (failure(500), "broad"), (failure(429, "rate_limit_exceeded"), "broad"),
    (failure(401, "invalid_api_key"), "broad"), (CONTEXT, "longer"), (POLICY, "bolder"),
], ids=["error", "rate", "key", "context", "policy"])
def test_fallback_is_of_the_kind_of_the_failure(start, way, first, instead):
    stack = start("fallbacks.yaml")
    stack.upstream.script("essay-served", first)
    stack.upstream.script(f"{instead}-served", good(way, instead))
    assert ask(stack, way, "essay").text == instead
    others = {"broad", "longer", "bolder", "last"} - {instead}
    assert counts(stack, *(f"{other}-served" for other in sorted(others))) == [0, 0, 0]


@both_ways
def test_fallbacks_are_asked_in_their_order(start, way):
    stack = start("fallbacks.yaml")
    for served in ("essay-served", "broad-served"):
        stack.upstream.script(served, failure(500))
    stack.upstream.script("last-served", good(way, "the last"))
    assert ask(stack, way, "essay").text == "the last"
    assert counts(stack, "essay-served", "broad-served") == [1, 1]


@both_ways
def test_model_without_fallbacks_has_the_default_ones(start, way):
    stack = start("fallbacks.yaml")
    stack.upstream.script("plain-served", failure(500))
    stack.upstream.script("last-served", good(way, "the last"))
    assert ask(stack, way, "plain").text == "the last"


@both_ways
def test_fallback_may_be_one_that_a_pattern_has(start, way):
    stack = start("fallbacks.yaml")
    stack.upstream.script("wild-served", failure(500))
    stack.upstream.script("any-one", good(way, "any one"))
    assert ask(stack, way, "wild").text == "any one"


@both_ways
def test_bad_request_is_the_client_s_and_has_no_fallback(start, way):
    stack = start("fallbacks.yaml")
    stack.upstream.script("essay-served", failure(400, "unknown_parameter"))
    asked = ask(stack, way, "essay")
    assert asked.text is None and asked.code == "unknown_parameter"
    assert counts(stack, "essay-served", "broad-served", "longer-served", "bolder-served",
                  "last-served") == [1, 0, 0, 0, 0]


@both_ways
def test_fallback_may_be_the_id_of_a_deployment(start, way):
    stack = start("fallback_to_a_deployment.yaml")
    stack.upstream.script("essay-served", failure(500))
    stack.upstream.script("spare-south", good(way, "south"))
    stack.upstream.script("spare-north", good(way, "north"))
    for _ in range(5):
        assert ask(stack, way, "essay").text == "south"


@both_ways
def test_request_is_tried_again_as_often_as_the_file_says_and_not_sooner(start, way):
    stack = start("retries.yaml")
    stack.upstream.script("essay-served", failure(500), failure(500), good(way, "third"))
    assert ask(stack, way, "essay").text == "third"
    times = [exchange.arrived_at for exchange in stack.upstream.requests("essay-served")]
    assert len(times) == 3
    assert min(later - earlier for earlier, later in zip(times, times[1:])) > 0.9


@both_ways
def test_it_is_not_tried_again_more_often(start, way):
    stack = start("retries.yaml")
    stack.upstream.script("essay-served", failure(500))
    assert ask(stack, way, "essay").text is None
    assert counts(stack, "essay-served") == [3]


def test_stream_timeout_is_for_the_first_event(start):
    stack = start("timeouts.yaml")
    stack.upstream.script("begins-late", [Hang()])
    began = time.monotonic()
    asked = ask(stack, "background", "slow-to-begin")
    assert asked.status == "failed"
    assert 0.4 < time.monotonic() - began < 5


def test_stream_that_has_begun_may_be_silent_for_longer_than_stream_timeout(start):
    stack = start("timeouts.yaml")
    events = message_stream(["Hello"])
    stack.upstream.script("begins-late", [*events[:4], Sleep(1500), *events[4:]])
    assert ask(stack, "background", "slow-to-begin").text == "Hello"


@both_ways
@pytest.mark.parametrize("model, seconds", [("impatient", 0.8), ("as-all", 1.5)])
def test_timeout_is_for_the_whole_answer(start, way, model, seconds):
    """The deployment's own, else that of router_settings, which wins over request_timeout."""
    stack = start("timeouts.yaml")
    stack.upstream.script(f"{model}-served", [*opening(), *[
        step for _ in range(40) for step in (Sleep(100), delta("x"))]]
        if way == "background" else [Sleep(6000)])
    began = time.monotonic()
    assert ask(stack, way, model).text is None
    assert seconds - 0.2 < time.monotonic() - began < seconds + 2.5


# Redis, and what is polled


@pytest.mark.parametrize("ttl", [900])
def test_redis_of_the_file_is_reached_with_its_password_and_namespace(start, ttl):
    stack = start("redis.yaml", password=REDIS_PASSWORD)
    stack.upstream.script("essay-served", good("background"))
    object = ask(stack, "background", "essay").object
    key = f"weaver.spool:litellm:polling:response:{object['id']}"
    assert ttl - 20 < stack.redis.ttl(key) <= ttl
    others = [name for name in stack.redis.scan_iter() if not name.startswith(b"weaver.spool:")]
    assert others == []


@pytest.mark.parametrize("how", ["host", "url"])
def test_redis_is_where_the_environment_says_if_the_file_does_not(start, variables, how):
    class Environment(FileStack):
        def write_config(self):
            super().write_config()
            if how == "host":
                variables.setenv("REDIS_HOST", "127.0.0.1")
                variables.setenv("REDIS_PORT", str(self.port))
                variables.setenv("REDIS_PASSWORD", REDIS_PASSWORD)
            else:
                variables.setenv("REDIS_URL", f"redis://:{REDIS_PASSWORD}@127.0.0.1:{self.port}/3")

    stack = Environment("redis_of_the_environment.yaml", password=REDIS_PASSWORD)
    try:
        stack.upstream.script("essay-served", good("background"))
        object = ask(stack, "background", "essay").object
        assert object["id"].startswith("litellm_poll_")
        stack.redis.select(0 if how == "host" else 3)
        assert stack.stored(object["id"])
    finally:
        stack.close()


def test_background_responses_of_a_listed_provider_are_polled(start):
    stack = start("polling.yaml")
    stack.upstream.script("essay-served", good("background"))
    object = ask(stack, "background", "essay").object
    assert object["id"].startswith("litellm_poll_")
    assert 100 < stack.redis.ttl(f"litellm:polling:response:{object['id']}") <= 120


@pytest.mark.parametrize("model", ["research", "elsewhere"])
def test_background_responses_of_other_models_are_the_provider_s(start, model):
    """One is in native_background_mode, the other one's provider is not listed."""
    stack = start("polling.yaml")
    stack.upstream.script(f"{model}-served", answer(response_object("resp_9", background=True,
                                                                    status="queued")))
    reply = stack.client.post_create({"model": model, "input": "x", "background": True})
    assert (reply.status, reply.json()["id"]) == (200, "resp_9")
    assert stack.upstream.requests(f"{model}-served")[0].json()["background"] is True


@pytest.mark.parametrize("program", PROGRAMS)
def test_redis_over_tls_is_logged_in_to_by_name_and_password_alone(program, polled):
    """Its certificate is checked: a null is no word for that it shall not be."""
    require_tls()
    keys = named(program, polled("redis_tls.yaml"))
    assert {"litellm_settings.cache_params.gcp_service_account",
            "litellm_settings.cache_params"} <= keys


def test_without_redis_background_responses_are_the_provider_s(start):
    stack = start("other_caches.yaml", supervisor=False)
    stack.upstream.script("essay-served", answer(response_object("resp_9", background=True)))
    reply = stack.client.post_create({"model": "essay", "input": "x", "background": True})
    assert (reply.status, reply.json()["id"]) == (200, "resp_9")


# Credentials, files, environment


@both_ways
def test_credentials_by_name_are_those_of_the_deployment(start, way):
    stack = start("credentials.yaml")
    stack.upstream.script("essay-served", good(way))
    assert ask(stack, way, "essay").text == "Hello"
    assert bearer(stack.upstream.requests("essay-served")[0]) == f"Bearer {NORTH}"


@both_ways
def test_what_a_deployment_says_itself_wins_over_its_credentials(start, way):
    stack = start("credentials.yaml")
    stack.upstream.script("own-served", good(way))
    assert ask(stack, way, "own-key").text == "Hello"
    assert bearer(stack.upstream.requests("own-served")[0]) == "Bearer sk-of-its-own"


@both_ways
@pytest.mark.parametrize("model", ["essay", "letters"])
def test_models_of_files_that_are_included_are_served_beside_the_own_ones(start, way, model):
    stack = start("include.yaml")
    stack.upstream.script(f"{model}-served", good(way))
    assert ask(stack, way, model).text == "Hello"


@pytest.mark.parametrize("program", PROGRAMS)
def test_included_files_are_looked_for_beside_the_file(program, polled, monkeypatch):
    path = polled("include.yaml")
    monkeypatch.chdir("/")
    assert checked(program, path) == []


@both_ways
@pytest.mark.parametrize("model, key", [
    ("essay", "sk-set-in-the-file"), ("letters", "sk-default-of-the-file")])
def test_environment_variables_of_the_file_count_for_the_rest_of_it(start, way, model, key):
    stack = start("environment.yaml")
    stack.upstream.script(f"{model}-served", good(way))
    assert ask(stack, way, model).text == "Hello"
    assert bearer(stack.upstream.requests(f"{model}-served")[0]) == f"Bearer {key}"


def test_master_key_may_be_the_environment_s(start, variables):
    variables.setenv("LITELLM_MASTER_KEY", "sk-of-the-environment")
    stack = start("master_key_of_the_environment.yaml", key="sk-of-the-environment")
    stack.upstream.script("essay-served", good("background"))
    assert ask(stack, "background", "essay").text == "Hello"
    assert stack.client.with_key(MASTER).post_create({}).status == 401


@both_ways
def test_request_without_a_model_gets_the_default_one(start, way):
    stack = start("default_model.yaml")
    stack.upstream.script("letters-served", good(way))
    assert ask(stack, way, None, prompt={"id": "pmpt_1"}).text == "Hello"
    assert counts(stack, "essay-served", "letters-served") == [0, 1]


@both_ways
def test_request_that_names_a_model_gets_that(start, way):
    stack = start("default_model.yaml")
    stack.upstream.script("essay-served", good(way))
    assert ask(stack, way, "essay").text == "Hello"


# Who has made something gets it back.


def test_follow_up_goes_to_the_deployment_that_made_what_it_continues(start):
    stack = start("continuity.yaml")
    for served in ("essay-north", "essay-south"):
        stack.upstream.script(served, good("passed_through", id=f"resp_of_{served}"))
    for _ in range(12):
        made = ask(stack, "passed_through", "essay").object["id"]
        before = counts(stack, "essay-north", "essay-south")
        assert ask(stack, "passed_through", "essay", previous_response_id=made).text == "Hello"
        north, south = counts(stack, "essay-north", "essay-south")
        assert (made == "resp_of_essay-north", made == "resp_of_essay-south") == (
            north > before[0], south > before[1])


@both_ways
def test_encrypted_reasoning_goes_back_to_the_deployment_that_made_it(start, way):
    stack = start("continuity.yaml")
    for served in ("essay-north", "essay-south"):
        secret = base64.b64encode(served.encode() * 10).decode()
        item = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": secret}
        stream = [*message_stream([served])]
        stream[-1]["response"]["output"].insert(0, item)
        script = Script(stream) if way == "background" else answer(
            response_object(output=[item], status="completed"))
        stack.upstream.script(served, script)
    for _ in range(12):
        object = ask(stack, way, "essay").object
        item = next(item for item in object["output"] if item["type"] == "reasoning")
        maker = base64.b64decode(item["encrypted_content"])[:11].decode()
        before = counts(stack, maker)
        ask(stack, way, "essay", input=[{"role": "user", "content": "x"}, item,
                                       {"role": "user", "content": "y"}])
        assert counts(stack, maker) == [before[0] + 1]


# Members of requests that are the gateway's.


@both_ways
@pytest.mark.parametrize("member, value", [
    ("fallbacks", ["last"]), ("num_retries", 1), ("timeout", 30), ("guardrails", ["no-secrets"]),
    ("tags", ["free"]), ("mock_response", "made up"), ("cache", {"no-cache": True}),
    ("disable_fallbacks", False), ("mock_testing_fallbacks", False),
    ("mock_testing_context_window_fallbacks", False),
    ("mock_testing_content_policy_fallbacks", False), ("mock_testing_rate_limit_error", False),
    ("mock_timeout", False)])
def test_member_that_is_the_gateway_s_is_not_sent_to_a_provider(start, way, member, value):
    stack = start("fallbacks.yaml")
    stack.upstream.script("essay-served", good(way))
    assert ask(stack, way, "essay", **{member: value}).text == "Hello"
    assert member not in stack.upstream.requests("essay-served")[0].json()


@both_ways
def test_fallbacks_of_a_request_stand_in_the_place_of_the_file_s(start, way):
    stack = start("fallbacks.yaml")
    stack.upstream.script("essay-served", failure(500))
    stack.upstream.script("plain-served", good(way, "plain"))
    assert ask(stack, way, "essay", fallbacks=["plain"]).text == "plain"


@both_ways
def test_request_may_have_fewer_retries(start, way):
    stack = start("retries.yaml")
    stack.upstream.script("essay-served", failure(500))
    assert ask(stack, way, "essay", num_retries=0).text is None
    assert counts(stack, "essay-served") == [1]


@both_ways
def test_request_may_have_a_time_out_of_its_own(start, way):
    stack = start("aliases.yaml")
    stack.upstream.script("essay-served", [Sleep(6000)])
    began = time.monotonic()
    assert ask(stack, way, "essay", timeout=0.5, num_retries=0).text is None
    assert time.monotonic() - began < 4


@both_ways
def test_time_out_and_retries_may_be_said_in_headers(start, way):
    stack = start("retries.yaml")
    stack.upstream.script("essay-served", [Sleep(6000)], failure(500))
    headers = {"x-litellm-timeout": "0.5", "x-litellm-num-retries": "0"}
    began = time.monotonic()
    reply = stack.client.post_create({"model": "essay", "input": "Hi",
                                      "background": way == "background"}, headers=headers)
    if way == "background":
        assert stack.client.wait_terminal(reply.json()["id"])["status"] == "failed"
    else:
        assert reply.status == 504
    assert time.monotonic() - began < 4
    exchange, = stack.upstream.requests("essay-served")
    assert [name for name, _ in exchange.headers if name.startswith("x-litellm")] == []
