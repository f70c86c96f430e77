#include "gateway_names_internal.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "gateway_members.h"

static const char *const consequences[] = {
    [GUARDS] = "nothing is checked by it",
    [MOCKS] = "the provider is asked all the same",
    [CACHES] = "no answer is kept or taken from a cache",
    [PLACES] = "what the configuration says of the deployment holds",
    [OTHERS] = "it is left out",
};

/* In the order of their bytes. One that ends in '*' stands for all that begin so. */
static const struct gateway_name table[] = {
    {"additional_drop_params", OTHERS},
    {"allowed_model_region", OTHERS},
    {"allowed_openai_params", OTHERS},
    {"api_base", PLACES},
    {"api_key", PLACES},
    {"api_version", PLACES},
    {"arize_*", BOOKKEEPING},
    {"assistant_continue_message", OTHERS},
    {"aws_*", PLACES},
    {"azure_*", PLACES},
    {"base_model", PLACES},
    {"base_url", PLACES},
    {"budget_duration", OTHERS},
    {"cache", CACHES},
    {"cache_key", CACHES},
    {"caching", CACHES},
    {"caching_groups", CACHES},
    {"client_id", PLACES},
    {"client_secret", PLACES},
    {"configurable_clientside_auth_params", PLACES},
    {"content_policy_fallbacks", OBEYED},
    {"context_window_fallback_dict", OTHERS},
    {"context_window_fallbacks", OBEYED},
    {"cooldown_time", OTHERS},
    {"custom_llm_provider", PLACES},
    {"disable_fallbacks", OBEYED},
    {"disable_global_guardrails", GUARDS},
    {"drop_params", OTHERS},
    {"enable_json_schema_validation", OTHERS},
    {"enable_tag_filtering", OTHERS},
    {"ensure_alternating_roles", OTHERS},
    {"extra_headers", OTHERS},
    {"fallback_depth", BOOKKEEPING},
    {"fallbacks", OBEYED},
    {"fastest_response", OTHERS},
    {"force_timeout", OTHERS},
    {"gcs_*", BOOKKEEPING},
    {"guardrails", GUARDS},
    {"humanloop_*", BOOKKEEPING},
    {"include_fallback_errors", BOOKKEEPING},
    {"input_cost_per_*", BOOKKEEPING},
    {"langfuse_*", BOOKKEEPING},
    {"langsmith_*", BOOKKEEPING},
    {"litellm_*", BOOKKEEPING},
    {"max_budget", OTHERS},
    {"max_fallbacks", OTHERS},
    {"max_parallel_requests", OTHERS},
    {"max_retries", OBEYED},
    {"merge_reasoning_content_in_choices", OTHERS},
    {"mock_delay", MOCKS},
    {"mock_response", MOCKS},
    {"mock_testing_*", MOCKS},
    {"mock_timeout", MOCKS},
    {"mock_tool_calls", MOCKS},
    {"model_config", PLACES},
    {"model_group_retry_policy", OTHERS},
    {"model_info", BOOKKEEPING},
    {"model_list", PLACES},
    {"no-log", BOOKKEEPING},
    {"num_retries", OBEYED},
    {"num_retries_per_request", OTHERS},
    {"organization", PLACES},
    {"output_cost_per_*", BOOKKEEPING},
    {"policies", GUARDS},
    {"posthog_*", BOOKKEEPING},
    {"preset_cache_key", CACHES},
    {"prompt_id", OTHERS},
    {"prompt_label", OTHERS},
    {"prompt_variables", OTHERS},
    {"prompt_version", OTHERS},
    {"provider_specific_header", OTHERS},
    {"proxy_server_request", BOOKKEEPING},
    {"region_name", PLACES},
    {"request_timeout", OBEYED},
    {"retry_policy", OTHERS},
    {"retry_strategy", OTHERS},
    {"router_settings", OTHERS},
    {"routing_strategy", OTHERS},
    {"rpm", OTHERS},
    {"secret_fields", BOOKKEEPING},
    {"specific_deployment", PLACES},
    {"stream_timeout", OBEYED},
    {"tags", BOOKKEEPING},
    {"tenant_id", PLACES},
    {"timeout", OBEYED},
    {"tpm", OTHERS},
    {"ttl", CACHES},
    {"turn_off_message_logging", BOOKKEEPING},
    {"use_chat_completions_api", OTHERS},
    {"use_in_pass_through", OTHERS},
    {"use_litellm_proxy", PLACES},
    {"user_config", PLACES},
    {"user_continue_message", OTHERS},
    {"vertex_*", PLACES},
    {"wandb_api_key", BOOKKEEPING},
    {"weave_project_id", BOOKKEEPING},
};

enum { NAMES = sizeof(table) / sizeof(table[0]) };

_Static_assert(NAMES <= 8 * sizeof((struct gateway_notes){{0}}.said), "a bit for each");

/*
 * <0, 0 or >0: where the name stands to one of the table. Each member of each request is looked
 * for, and nearly all differ in their first letters: no length is counted for that.
 */
static int compare(struct span name, const char *known)
{
	for (size_t i = 0; known[i] != '*'; i++) {
		if (known[i] == '\0')
			return i < name.len;
		if (i == name.len)
			return -1;
		if (name.p[i] != known[i])
			return (unsigned char)name.p[i] - (unsigned char)known[i];
	}
	return 0;
}

const struct gateway_name *gateway_name_find(struct span name)
{
	size_t low = 0, high = NAMES;

	if (name.len == 0)
		return NULL;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(name, table[middle].name);

		if (order == 0)
			return &table[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool gateway_member_is_ours(struct span name)
{
	return gateway_name_find(name) != NULL;
}

bool gateway_member_is_obeyed(struct span name)
{
	const struct gateway_name *known = gateway_name_find(name);

	return known != NULL && known->handling == OBEYED;
}

/* Notes that a name is said now; false if it was before. */
static bool is_new(struct gateway_notes *notes, const struct gateway_name *known)
{
	size_t i = (size_t)(known - table);
	unsigned long long bit = 1ULL << i % 64;
	bool said = (notes->said[i / 64] & bit) != 0;

	notes->said[i / 64] |= bit;
	return !said;
}

static void note(struct gateway_notes *notes, const struct gateway_name *known, struct span name)
{
	if (known->handling > BOOKKEEPING && is_new(notes, known))
		log_warnx("a request has '%.*s', which is not implemented: %s; not said again",
		    (int)(name.len < 64 ? name.len : 64), name.p, consequences[known->handling]);
}

void gateway_members_note(struct gateway_notes *notes, struct span body)
{
	struct json_scan scan = json_open(body, 0);
	struct span key, value, name;
	struct buf scratch = {0};
	const struct gateway_name *known;

	while (json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		known = json_is_given(value) ? gateway_name_find(name) : NULL;
		if (known != NULL)
			note(notes, known, name);
	}
	buf_free(&scratch);
}
