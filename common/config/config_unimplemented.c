#include "config_unimplemented.h"

#include <stddef.h>
#include <string.h>

static const char nothing[] = "";
static const char not_logged[] = "requests are not reported there";
static const char not_guarded[] = "what is asked and answered is not checked";
static const char not_limited[] = "requests are not limited by it";
static const char not_budgeted[] =
    "only max_budget in respool.api_keys refuses what costs too much";
static const char not_alerted[] = "nobody is told of failures";
static const char not_signed[] = "api_key is all that a deployment is asked with";
static const char not_cached[] = "every request is sent to its provider, no answer is kept for it";
static const char not_router_redis[] =
    "the rests of deployments are shared in the Redis of responses, if there is one";
static const char not_served[] = "nothing of it is served";
static const char other_keys[] = "only general_settings.master_key and respool.api_keys are let in";
static const char not_granted[] = "only models in respool.api_keys says which models a key may use";
static const char any_route[] = "any key may use every route";
static const char not_routed[] = "deployments are drawn by weight or rpm";
static const char not_tagged[] = "tags do not choose the deployment";
static const char not_changed[] = "requests are sent as the clients wrote them";
static const char not_counted[] = "rests and retries are the same for all kinds of errors";
static const char not_paused[] = "deployments rest when they have failed allowed_fails times";
static const char other_fallbacks[] = "those of router_settings and litellm_settings hold";
static const char other_secrets[] = "values are read from the file and the environment alone";
static const char not_forwarded[] = "the deployment's own headers and keys are sent";
static const char not_probed[] = "deployments are known to be ill by failed requests alone";
static const char not_sized[] = "max_request_bytes and max_response_bytes in respool count";
static const char not_mocked[] = "requests are sent to the provider";
static const char not_templated[] = "the provider makes its prompt of a request";
static const char not_prompted[] = "prompts are those of the requests and of the provider";

/*
 * A path that ends in '*' stands for all that begin so, unless there is one that is just it or is
 * longer.
 */
static const struct {
	const char *path;
	const char *follows;
} keys[] = {
    {"litellm_settings.success_callback", not_logged},
    {"litellm_settings.failure_callback", not_logged},
    {"litellm_settings.callbacks", not_logged},
    {"litellm_settings.service_callbacks", not_logged},
    {"litellm_settings.input_callback", not_logged},
    {"litellm_settings.audit_log_callbacks", nothing},
    {"litellm_settings.turn_off_message_logging", nothing},
    {"litellm_settings.redact_*", nothing},
    {"litellm_settings.langfuse_*", nothing},
    {"litellm_settings.prometheus_*", nothing},
    {"litellm_settings.custom_prometheus_*", nothing},
    {"litellm_settings.datadog_*", nothing},
    {"litellm_settings.s3_callback_params", nothing},
    {"litellm_settings.gcs_*", nothing},
    {"litellm_settings.set_verbose", nothing},
    {"litellm_settings.json_logs", nothing},
    {"litellm_settings.log_raw_request_response", nothing},
    {"litellm_settings.suppress_*", nothing},
    {"litellm_settings.store_audit_logs", nothing},
    {"litellm_settings.telemetry", nothing},
    {"litellm_settings.stream_timeout", "that of router_settings and of litellm_params holds"},
    {"litellm_settings.enable_azure_ad_token_refresh", not_signed},
    {"litellm_settings.enable_preview_features", nothing},
    {"litellm_settings.enable_redis_auth_cache", nothing},
    {"litellm_settings.disable_end_user_cost_tracking*", nothing},
    {"litellm_settings.disable_hf_tokenizer_download", nothing},
    {"litellm_settings.disable_token_counter", nothing},
    {"litellm_settings.disable_streaming_logging", nothing},
    {"litellm_settings.disable_copilot_system_to_assistant", nothing},
    {"litellm_settings.disable_add_transform_inline_image_block", nothing},
    {"litellm_settings.use_chat_completions_url_for_anthropic_messages", nothing},
    {"litellm_settings.enable_key_alias_format_validation", nothing},
    {"litellm_settings.key_generation_settings", nothing},
    {"litellm_settings.key_alias_pattern", nothing},
    {"litellm_settings.default_key_generate_params", nothing},
    {"litellm_settings.upperbound_key_generate_params", nothing},
    {"litellm_settings.default_internal_user_*", nothing},
    {"litellm_settings.default_max_internal_user_budget", nothing},
    {"litellm_settings.max_internal_user_budget", nothing},
    {"litellm_settings.internal_user_budget_duration", nothing},
    {"litellm_settings.max_ui_session_budget", nothing},
    {"litellm_settings.ui_theme_config", nothing},
    {"litellm_settings.public_model_groups*", nothing},
    {"litellm_settings.cost_*", nothing},
    {"litellm_settings.include_cost_in_streaming_usage", nothing},
    {"litellm_settings.default_in_memory_ttl", nothing},
    {"litellm_settings.default_redis_ttl", nothing},
    {"litellm_settings.default_redis_batch_cache_expiry", nothing},
    {"litellm_settings.REPEATED_STREAMING_CHUNK_LIMIT",
	"a stream that repeats itself is not broken off"},
    {"litellm_settings.default_team_settings", not_logged},
    {"litellm_settings.max_budget", not_budgeted},
    {"litellm_settings.budget_duration", not_budgeted},
    {"litellm_settings.budget_reset_time", nothing},
    {"litellm_settings.max_end_user_budget*", not_budgeted},
    {"litellm_settings.max_user_budget", not_budgeted},
    {"litellm_settings.require_auth_for_metrics_endpoint", nothing},
    {"litellm_settings.websearch_interception_params", not_served},
    {"litellm_settings.code_interpreter_interception_params", not_served},
    {"litellm_settings.max_parallel_requests", not_limited},
    {"litellm_settings.guardrails", not_guarded},
    {"litellm_settings.llm_guard_mode", not_guarded},
    {"litellm_settings.banned_keywords_list", not_guarded},
    {"litellm_settings.blocked_user_list", "nobody is refused for it"},
    {"litellm_settings.post_call_rules", not_guarded},
    {"litellm_settings.pre_call_rules", not_guarded},
    {"litellm_settings.presidio_ad_hoc_recognizers", not_guarded},
    {"litellm_settings.output_parse_pii", not_guarded},
    {"litellm_settings.enable_json_schema_validation", "an answer is not held against its schema"},
    {"litellm_settings.modify_params", not_changed},
    {"litellm_settings.add_function_to_prompt", not_changed},
    {"litellm_settings.user_header_*", not_changed},
    {"litellm_settings.force_ipv4", "addresses of IPv6 are used, too"},
    {"litellm_settings.ssl_verify", "certificates of providers are always checked"},
    {"litellm_settings.ssl_certificate", "no certificate is shown to providers"},
    {"litellm_settings.ssl_*", "what TLS to providers is made with is the system's choice"},
    {"litellm_settings.forward_traceparent_to_llm_provider", nothing},
    {"litellm_settings.return_response_headers", nothing},
    {"litellm_settings.extra_spend_tag_headers", nothing},
    {"litellm_settings.disable_add_user_agent_to_request_tags", nothing},
    {"litellm_settings.model_group_settings", not_forwarded},
    {"litellm_settings.priority_reservation*", not_limited},
    {"litellm_settings.default_priority", not_limited},
    {"litellm_settings.custom_provider_map", "its providers are asked as any with OpenAI's API"},
    {"litellm_settings.default_vertex_config", not_signed},
    {"litellm_settings.mcp_*", not_served},
    {"litellm_settings.vector_store_registry", not_served},
    {"litellm_settings.default_vector_store*", not_served},
    {"litellm_settings.global_prompt_directory", not_prompted},
    {"litellm_settings.global_gitlab_config", not_prompted},
    {"litellm_settings.global_bitbucket_config", not_prompted},
    {"litellm_settings.disable_cooldowns", not_paused},
    {"litellm_settings.max_fallbacks", "all fallbacks of a model are asked"},
    {"litellm_settings.cache_params.ttl", nothing},
    {"litellm_settings.cache_params.mode", nothing},
    {"litellm_settings.cache_params.supported_call_types", nothing},
    {"litellm_settings.cache_params.default_in_memory_ttl", nothing},
    {"litellm_settings.cache_params.default_in_redis_ttl", nothing},
    {"litellm_settings.cache_params.default_redis_ttl", nothing},
    {"litellm_settings.cache_params.similarity_threshold", nothing},
    {"litellm_settings.cache_params.redis_semantic_*", nothing},
    {"litellm_settings.cache_params.qdrant_*", nothing},
    {"litellm_settings.cache_params.s3_*", nothing},
    {"litellm_settings.cache_params.gcs_*", nothing},
    {"litellm_settings.cache_params.azure_*", nothing},
    {"litellm_settings.cache_params.disk_cache_dir", nothing},
    {"litellm_settings.cache_params.max_connections",
	"each process has one or two connections to Redis"},
    {"litellm_settings.cache_params.redis_flush_size", nothing},
    {"litellm_settings.cache_params.socket_timeout", nothing},
    {"litellm_settings.cache_params.decode_responses", nothing},
    {"litellm_settings.cache_params.gcp_*", "Redis is logged in to with username and password"},
    {"litellm_settings.cache_params.aws_*", "Redis is logged in to with username and password"},
    {"litellm_settings.cache_params.azure_redis_*",
	"Redis is logged in to with username and password"},

    {"router_settings.redis_host", not_router_redis},
    {"router_settings.redis_url", not_router_redis},
    {"router_settings.redis_*", nothing},
    {"router_settings.cache_kwargs", nothing},
    {"router_settings.cache_params", nothing},
    {"router_settings.cache_responses", not_cached},
    {"router_settings.caching_groups", not_cached},
    {"router_settings.routing_strategy_args", nothing},
    {"router_settings.routing_groups", not_routed},
    {"router_settings.weights", not_routed},
    {"router_settings.default_priority", not_routed},
    {"router_settings.polling_interval", nothing},
    {"router_settings.client_ttl", nothing},
    {"router_settings.set_verbose", nothing},
    {"router_settings.debug_level", nothing},
    {"router_settings.ignore_invalid_deployments", nothing},
    {"router_settings.router_general_settings", nothing},
    {"router_settings.assistants_config", not_served},
    {"router_settings.search_tools", not_served},
    {"router_settings.guardrail_list", not_guarded},
    {"router_settings.alerting_config", not_alerted},
    {"router_settings.provider_budget_config", not_budgeted},
    {"router_settings.enable_pre_call_check*",
	"nobody but the provider says that a request is too long"},
    {"router_settings.optional_pre_call_checks",
	"what a request continues stays with its deployment in any case, all else is drawn"},
    {"router_settings.deployment_affinity_ttl_seconds", not_routed},
    {"router_settings.model_group_affinity_config", not_routed},
    {"router_settings.session_affinity*", not_routed},
    {"router_settings.enable_tag_filtering", not_tagged},
    {"router_settings.tag_*", not_tagged},
    {"router_settings.disable_cooldowns", not_paused},
    {"router_settings.retry_policy", not_counted},
    {"router_settings.model_group_retry_policy", not_counted},
    {"router_settings.allowed_fails_policy", not_counted},
    {"router_settings.enable_health_check_routing", not_probed},
    {"router_settings.health_check_*", not_probed},
    {"router_settings.max_fallbacks", "all fallbacks of a model are asked"},
    {"router_settings.default_litellm_params", not_changed},
    {"router_settings.plugins", not_routed},

    {"general_settings.database_*", nothing},
    {"general_settings.database_url", other_keys},
    {"general_settings.store_model_in_db", "models are those of model_list alone"},
    {"general_settings.store_prompts_in_spend_logs", nothing},
    {"general_settings.supported_db_objects", nothing},
    {"general_settings.disable_*", nothing},
    {"general_settings.allow_requests_on_db_unavailable", nothing},
    {"general_settings.maximum_*", nothing},
    {"general_settings.use_spend_logs_*", nothing},
    {"general_settings.spend_*", nothing},
    {"general_settings.proxy_*", nothing},
    {"general_settings.user_api_key_cache_*", nothing},
    {"general_settings.use_redis_transaction_buffer", nothing},
    {"general_settings.use_shared_health_check", nothing},
    {"general_settings.litellm_license", nothing},
    {"general_settings.salt_key", nothing},
    {"general_settings.ui_*", nothing},
    {"general_settings.custom_ui_*", nothing},
    {"general_settings.custom_sso", nothing},
    {"general_settings.custom_team_*", nothing},
    {"general_settings.team_metadata_*", nothing},
    {"general_settings.custom_key_*", nothing},
    {"general_settings.default_team_disabled", nothing},
    {"general_settings.enable_public_model_hub", nothing},
    {"general_settings.user_mcp_management_mode", nothing},
    {"general_settings.mcp_*", not_served},
    {"general_settings.docs_*", nothing},
    {"general_settings.return_wildcard_routes", nothing},
    {"general_settings.otel", nothing},
    {"general_settings.tracing", nothing},
    {"general_settings.control_plane_url", nothing},
    {"general_settings.health_check_*", nothing},
    {"general_settings.background_health_check*", not_probed},
    {"general_settings.enable_health_check_routing", not_probed},
    {"general_settings.infer_model_from_keys", nothing},
    {"general_settings.image_generation_model", nothing},
    {"general_settings.moderation_model", nothing},
    {"general_settings.embedding_model", "requests are for the model that they name"},
    {"general_settings.alert*", not_alerted},
    {"general_settings.custom_auth*", other_keys},
    {"general_settings.enable_jwt_auth", other_keys},
    {"general_settings.litellm_jwtauth", other_keys},
    {"general_settings.enable_oauth2_*", other_keys},
    {"general_settings.oauth2_config_mappings", other_keys},
    {"general_settings.allow_user_auth", other_keys},
    {"general_settings.service_account_settings", other_keys},
    {"general_settings.role_permissions", not_granted},
    {"general_settings.litellm_key_header_name", "keys are taken from the usual headers alone"},
    {"general_settings.allowed_routes", any_route},
    {"general_settings.admin_only_routes", any_route},
    {"general_settings.public_routes", "all routes but those for health want a key"},
    {"general_settings.allowed_ips", "clients of any address are served"},
    {"general_settings.use_x_forwarded_for", nothing},
    {"general_settings.enforce_user_param", "requests without it are served"},
    {"general_settings.enforced_params", "requests without them are served"},
    {"general_settings.reject_clientside_metadata_tags", nothing},
    {"general_settings.user_header_*", not_changed},
    {"general_settings.max_parallel_requests", not_limited},
    {"general_settings.global_max_parallel_requests", not_limited},
    {"general_settings.max_in_flight_requests_per_worker", not_limited},
    {"general_settings.max_queued_requests_per_worker", not_limited},
    {"general_settings.max_request_size_mb", not_sized},
    {"general_settings.max_response_size_mb", not_sized},
    {"general_settings.use_client_credentials_pass_through_routes", not_served},
    {"general_settings.pass_through_*", not_served},
    {"general_settings.search_tools", not_served},
    {"general_settings.forward_client_headers_to_llm_api", not_forwarded},
    {"general_settings.forward_openai_org_id", not_forwarded},
    {"general_settings.forward_llm_provider_auth_headers", not_forwarded},
    {"general_settings.allow_client_side_credentials", not_forwarded},
    {"general_settings.key_management_*", other_secrets},
    {"general_settings.use_google_kms", other_secrets},
    {"general_settings.use_azure_key_vault", other_secrets},

    {"model_list[].litellm_params.tags", not_tagged},
    {"model_list[].litellm_params.tag_regex", not_tagged},
    {"model_list[].litellm_params.max_budget", not_budgeted},
    {"model_list[].litellm_params.budget_duration", not_budgeted},
    {"model_list[].litellm_params.input_cost_per_*", nothing},
    {"model_list[].litellm_params.output_cost_per_*", nothing},
    {"model_list[].litellm_params.cost_per_second", nothing},
    {"model_list[].litellm_params.cache_read_input_token_cost*", nothing},
    {"model_list[].litellm_params.cache_creation_input_token_cost*", nothing},
    {"model_list[].litellm_params.cooldown_time", "that of router_settings holds"},
    {"model_list[].litellm_params.allowed_fails", "that of router_settings holds"},
    {"model_list[].litellm_params.itpm", not_limited},
    {"model_list[].litellm_params.otpm", not_limited},
    {"model_list[].litellm_params.tpd", not_limited},
    {"model_list[].litellm_params.rpd", not_limited},
    {"model_list[].litellm_params.default_api_key_*", not_limited},
    {"model_list[].litellm_params.mock_response", not_mocked},
    {"model_list[].litellm_params.mock_*", not_mocked},
    {"model_list[].litellm_params.configurable_clientside_auth_params", not_forwarded},
    {"model_list[].litellm_params.use_in_pass_through", not_served},
    {"model_list[].litellm_params.merge_reasoning_content_in_choices",
	"reasoning is an item of its own"},
    {"model_list[].litellm_params.guardrails", not_guarded},
    {"model_list[].litellm_params.cache_control_injection_points", not_changed},
    {"model_list[].litellm_params.prompt_*", not_prompted},
    {"model_list[].litellm_params.auto_router_*", "the model is asked as it is named"},
    {"model_list[].litellm_params.complexity_router_*", "the model is asked as it is named"},
    {"model_list[].litellm_params.vertex_*", not_signed},
    {"model_list[].litellm_params.azure_*", not_signed},
    {"model_list[].litellm_params.tenant_id", not_signed},
    {"model_list[].litellm_params.client_id", not_signed},
    {"model_list[].litellm_params.client_secret", not_signed},
    {"model_list[].litellm_params.aws_*", not_signed},
    {"model_list[].litellm_params.aws_batch_role_arn", nothing},
    {"model_list[].litellm_params.adaptive_router_*", "the model is asked as it is named"},
    {"model_list[].litellm_params.quality_router_*", "the model is asked as it is named"},
    {"model_list[].litellm_params.s3_*", nothing},
    {"model_list[].litellm_params.gcs_*", nothing},
    {"model_list[].litellm_params.watsonx_*", not_signed},
    {"model_list[].litellm_params.region_name", nothing},
    {"model_list[].litellm_params.hf_model_name", nothing},
    {"model_list[].litellm_params.ssl_verify", "its certificate is always checked"},
    {"model_list[].litellm_params.input_type", nothing},
    {"model_list[].litellm_params.base_model", nothing},
    {"model_list[].litellm_params.mode", "that of model_info holds"},
    {"model_list[].litellm_params.stream", "clients say whether an answer is streamed"},
    {"model_list[].litellm_params.fallbacks", other_fallbacks},
    {"model_list[].litellm_params.context_window_fallbacks", other_fallbacks},
    {"model_list[].litellm_params.content_policy_fallbacks", other_fallbacks},
    {"model_list[].litellm_params.supports_system_message",
	"instructions are sent as those of a system or developer"},
    {"model_list[].litellm_params.roles", not_templated},
    {"model_list[].litellm_params.initial_prompt_value", not_templated},
    {"model_list[].litellm_params.final_prompt_value", not_templated},
    {"model_list[].litellm_params.bos_token", not_templated},
    {"model_list[].litellm_params.eos_token", not_templated},

    /* What the model costs and can, for LiteLLM's lists of models and its accounts. */
    {"model_list[].model_info.*", nothing},
    {"model_list[].model_info.access_groups", not_granted},
    {"model_list[].model_info.team_id", not_granted},
    {"model_list[].model_info.access_windows", not_granted},
    {"model_list[].model_info.supported_environments",
	"the deployment is served in every environment"},
    {"model_list[].model_info.max_input_tokens", nothing},
    {"model_list[].tpm", nothing},
    {"model_list[].rpm", nothing},

    {"guardrails", not_guarded},
    {"policies", not_guarded},
    {"policy_attachments", nothing},
    {"callbacks", not_logged},
    {"callback_settings", nothing},
    {"mcp_servers", not_served},
    {"mcp_tools", not_served},
    {"agents", not_served},
    {"agent_list", not_served},
    {"vector_store_registry", not_served},
    {"vector_stores", not_served},
    {"search_tools", not_served},
    {"sandbox_tools", not_served},
    {"files_settings", not_served},
    {"finetune_settings", not_served},
    {"assistant_settings", not_served},
    {"pass_through_endpoints", not_served},
    {"prompts", not_prompted},
    {"default_vertex_config", not_signed},
    {"worker_registry", nothing},
    {"litellm_jwtauth", other_keys},
    {"enable_jwt_auth", other_keys},
    /* For anchors. */
    {"x-*", nothing},
};

/* Here false is what says something. */
static const char *const on_by_default[] = {
    "litellm_settings.ssl_verify",
    "model_list[].litellm_params.ssl_verify",
    "model_list[].litellm_params.supports_system_message",
};

/* How much of the path the pattern names; 0 if it does not fit. */
static size_t fit(const char *pattern, const char *path)
{
	const size_t len = strlen(pattern);

	if (strcmp(pattern, path) == 0)
		return len + 1;
	if (pattern[len - 1] != '*' || strncmp(pattern, path, len - 1) != 0)
		return 0;
	return len;
}

const char *config_unimplemented(const char *path)
{
	const char *follows = NULL;
	size_t best = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const size_t len = fit(keys[i].path, path);

		if (len > best) {
			best = len;
			follows = keys[i].follows;
		}
	}
	return follows;
}

bool config_unimplemented_is_off(const char *path, bool value)
{
	for (size_t i = 0; i < sizeof(on_by_default) / sizeof(on_by_default[0]); i++) {
		if (strcmp(on_by_default[i], path) == 0)
			return value;
	}
	return !value;
}
