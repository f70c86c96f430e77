#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/responder/route.h"

static void expect(const char *path, enum route_kind kind, const char *id)
{
	struct route route = route_find(span_of(path));

	if (route.kind != kind || !span_is(route.id, id))
		fail_msg("%s: route %d with id '%.*s', expected %d with '%s'", path, route.kind,
		    (int)route.id.len, route.id.p != NULL ? route.id.p : "", kind, id);
}

static void each_spelling_of_create_is_the_same_route(void **state)
{
	(void)state;
	expect("/v1/responses", ROUTE_RESPONSES, "");
	expect("/responses", ROUTE_RESPONSES, "");
	expect("/openai/v1/responses", ROUTE_RESPONSES, "");
}

static void any_mount_point_is_accepted(void **state)
{
	(void)state;
	expect("/llm/v1/responses", ROUTE_RESPONSES, "");
	expect("/a/b/c/responses/litellm_poll_1", ROUTE_RESPONSE, "litellm_poll_1");
	expect("/cgi/respool.fcgi/v1/responses/x/cancel", ROUTE_CANCEL, "x");
	expect("/llm/health/readiness", ROUTE_READINESS, "");
}

static void a_response_is_named_by_the_segment_after_responses(void **state)
{
	(void)state;
	expect("/v1/responses/litellm_poll_abc", ROUTE_RESPONSE, "litellm_poll_abc");
	expect("/v1/responses/litellm_poll_abc/cancel", ROUTE_CANCEL, "litellm_poll_abc");
	expect("/v1/responses/litellm_poll_abc/input_items", ROUTE_INPUT_ITEMS, "litellm_poll_abc");
}

static void a_repeated_path_is_matched_from_its_end(void **state)
{
	(void)state;
	expect("/v1/responses/v1/responses", ROUTE_RESPONSES, "");
	expect("/v1/responses/a/v1/responses/a", ROUTE_RESPONSE, "a");
	expect("/v1/responses/a/cancel/v1/responses/a/cancel", ROUTE_CANCEL, "a");
}

static void slashes_at_the_end_and_doubled_ones_do_not_matter(void **state)
{
	(void)state;
	expect("/v1/responses/", ROUTE_RESPONSES, "");
	expect("//v1//responses//a//", ROUTE_RESPONSE, "a");
	expect("/v1/responses/a//cancel/", ROUTE_CANCEL, "a");
	expect("responses", ROUTE_RESPONSES, "");
}

static void health_routes_have_both_spellings(void **state)
{
	(void)state;
	expect("/health/liveliness", ROUTE_LIVENESS, "");
	expect("/health/liveness", ROUTE_LIVENESS, "");
	expect("/health/readiness", ROUTE_READINESS, "");
	expect("/llm/health", ROUTE_READINESS, "");
}

static void what_is_done_with_a_request_is_no_response_s_id(void **state)
{
	(void)state;
	expect("/v1/responses/compact", ROUTE_COMPACT, "");
	expect("/responses/input_tokens/", ROUTE_INPUT_TOKENS, "");
	expect("/llm/openai/v1/responses/compact", ROUTE_COMPACT, "");
	expect("/v1/responses/compact/cancel", ROUTE_CANCEL, "compact");
	expect("/v1/responses/compacted", ROUTE_RESPONSE, "compacted");
	expect("/v1/responses/health", ROUTE_RESPONSE, "health");
	expect("/v1/responses/../models", ROUTE_UNKNOWN, "");
	expect("/v1/responses/a/models/b", ROUTE_UNKNOWN, "");
}

static void other_apis_have_their_own_paths(void **state)
{
	(void)state;
	expect("/v1/chat/completions", ROUTE_CHAT, "");
	expect("/any/prefix/chat/completions/", ROUTE_CHAT, "");
	expect("/openai/v1/embeddings", ROUTE_EMBEDDINGS, "");
	expect("/v1/completions", ROUTE_UNKNOWN, "");
	expect("/v1/chat", ROUTE_UNKNOWN, "");
	expect("/v1/chat/completions/x", ROUTE_UNKNOWN, "");
}

static void a_model_s_name_may_have_slashes(void **state)
{
	(void)state;
	expect("/v1/models", ROUTE_MODELS, "");
	expect("/models/", ROUTE_MODELS, "");
	expect("/v1/models/gpt-5", ROUTE_MODEL, "gpt-5");
	expect("/llm/v1/models/openai/gpt-4o/", ROUTE_MODEL, "openai/gpt-4o");
	expect("/models/openai/gpt-4o", ROUTE_MODEL, "openai/gpt-4o");
	expect("/v1//models//openai/gpt-4o", ROUTE_MODEL, "openai/gpt-4o");
}

static void a_model_s_name_may_look_like_a_route(void **state)
{
	(void)state;
	expect("/v1/models/fireworks_ai/accounts/fireworks/models/llama", ROUTE_MODEL,
	    "fireworks_ai/accounts/fireworks/models/llama");
	expect("/v1/models/nvidia/embeddings", ROUTE_MODEL, "nvidia/embeddings");
	expect("/models/v1/models/gpt-5", ROUTE_MODEL, "gpt-5");
	expect("/models/v1/responses", ROUTE_RESPONSES, "");
}

static void conversations_have_anything_below_them(void **state)
{
	(void)state;
	expect("/v1/conversations", ROUTE_CONVERSATIONS, "");
	expect("/conversations/", ROUTE_CONVERSATIONS, "");
	expect("/v1/conversations/conv_1", ROUTE_CONVERSATIONS, "conv_1");
	expect("/llm/v1/conversations/conv_1/items/", ROUTE_CONVERSATIONS, "conv_1/items");
	expect("/conversations/c/items/msg_1", ROUTE_CONVERSATIONS, "c/items/msg_1");
}

static void a_path_that_comes_twice_is_taken_once(void **state)
{
	(void)state;
	expect("/v1/models/a/b/v1/models/a/b", ROUTE_MODEL, "a/b");
	expect("/v1/conversations/c/v1/conversations/c", ROUTE_CONVERSATIONS, "c");
	expect("/health/health", ROUTE_READINESS, "");
}

static void patterns_are_no_paths(void **state)
{
	enum route_kind kind;
	const char *pattern;

	(void)state;
	for (size_t i = 0; (pattern = route_pattern(i, &kind)) != NULL; i++) {
		if (strchr(pattern, '{') == NULL && strstr(pattern, "…") == NULL)
			expect(pattern, kind, "");
	}
	expect("/v1/models/{model}", ROUTE_MODEL, "{model}");
	expect("/{model}", ROUTE_UNKNOWN, "");
}

static void what_is_for_administrators_has_respool_before_v1(void **state)
{
	(void)state;
	expect("/respool/v1/status", ROUTE_ADMIN_STATUS, "");
	expect("/llm/respool/v1/usage", ROUTE_ADMIN_USAGE, "");
	expect("/llm/respool/v1/workers/", ROUTE_ADMIN_WORKERS, "");
	expect("/respool/v1/workers/3fa9.1/drain", ROUTE_ADMIN_DRAIN, "3fa9.1");
	expect("/respool/v1/pause", ROUTE_ADMIN_PAUSE, "");
	expect("//respool//v1//resume", ROUTE_ADMIN_RESUME, "");
	expect("/respool/v1/responses", ROUTE_ADMIN_RESPONSES, "");
	expect("/cgi/respool.fcgi/respool/v1/responses/a", ROUTE_ADMIN_RESPONSE, "a");
	expect("/respool/v1/responses/a/details", ROUTE_ADMIN_DETAILS, "a");
	expect("/respool/v1/responses/a/cancel", ROUTE_ADMIN_CANCEL, "a");
	expect("/respool/v1/responses/a/retry", ROUTE_ADMIN_RETRY, "a");
	expect("/respool/v1/responses/status", ROUTE_ADMIN_RESPONSE, "status");
	expect("/respool/v1/responses/a/respool/v1/responses/a", ROUTE_ADMIN_RESPONSE, "a");
	expect("/respool/v1/responses/a/other", ROUTE_UNKNOWN, "");
	expect("/respool/v1/nothing", ROUTE_UNKNOWN, "");
	expect("/respool/status", ROUTE_UNKNOWN, "");
	expect("/v1/status", ROUTE_UNKNOWN, "");
}

/* As for an application that is mounted at /respool. */
static void what_clients_alone_have_is_theirs_with_respool_before_v1_too(void **state)
{
	(void)state;
	expect("/respool/v1/responses/a/input_items", ROUTE_INPUT_ITEMS, "a");
	expect("/respool/v1/responses/compact", ROUTE_COMPACT, "");
	expect("/respool/v1/models/openai/gpt-5", ROUTE_MODEL, "openai/gpt-5");
	expect("/respool/v1/chat/completions", ROUTE_CHAT, "");
	expect("/respool/health/readiness", ROUTE_READINESS, "");
	expect("/respool/responses/a", ROUTE_RESPONSE, "a");
	expect("/respool/openai/v1/responses/a/cancel", ROUTE_CANCEL, "a");
}

static void respool_elsewhere_in_a_path_means_nothing(void **state)
{
	(void)state;
	expect("/respool/llm/v1/responses", ROUTE_RESPONSES, "");
	expect("/my-respool/v1/responses/a", ROUTE_RESPONSE, "a");
	expect("/respool.fcgi/v1/responses/a/cancel", ROUTE_CANCEL, "a");
	expect("/v1/responses/respool", ROUTE_RESPONSE, "respool");
	expect("/v1/responses/respool/cancel", ROUTE_CANCEL, "respool");
	expect("/v1/models/respool/v1/status", ROUTE_MODEL, "respool/v1/status");
	expect("/v1/responses/respool/v1/status", ROUTE_UNKNOWN, "");
}

static void webhooks_are_for_administrators_alone(void **state)
{
	(void)state;
	expect("/llm/respool/v1/webhooks", ROUTE_ADMIN_WEBHOOKS, "");
	expect("/respool/v1/webhooks/wh_1/retry", ROUTE_ADMIN_REDELIVER, "wh_1");
	expect("/respool/v1/webhooks/wh_1", ROUTE_UNKNOWN, "");
	expect("/v1/webhooks", ROUTE_UNKNOWN, "");
	expect("/respool/v1/responses/webhooks/retry", ROUTE_ADMIN_RETRY, "webhooks");
}

static void the_page_is_behind_a_slash(void **state)
{
	(void)state;
	expect("/respool/", ROUTE_PAGE, "");
	expect("/llm/respool/", ROUTE_PAGE, "");
	expect("/respool//respool/", ROUTE_PAGE, "");
	expect("/respool", ROUTE_PAGE_MOVED, "");
	expect("/respool/v1/", ROUTE_UNKNOWN, "");
}

static void metrics_are_anywhere(void **state)
{
	(void)state;
	expect("/metrics", ROUTE_METRICS, "");
	expect("/respool/metrics", ROUTE_METRICS, "");
	expect("/llm/v1/metrics/", ROUTE_METRICS, "");
	expect("/v1/responses/metrics", ROUTE_RESPONSE, "metrics");
	expect("/v1/models/metrics", ROUTE_MODEL, "metrics");
}

static void everything_else_is_unknown(void **state)
{
	(void)state;
	expect("", ROUTE_UNKNOWN, "");
	expect("/", ROUTE_UNKNOWN, "");
	expect("////", ROUTE_UNKNOWN, "");
	expect("/v1/responsesx", ROUTE_UNKNOWN, "");
	expect("/v1/Responses", ROUTE_UNKNOWN, "");
	expect("/health/other", ROUTE_UNKNOWN, "");
	expect("/v1/responses/a/other", ROUTE_UNKNOWN, "");
	expect("/v1/responses/a/b/cancel", ROUTE_UNKNOWN, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_spelling_of_create_is_the_same_route),
	    cmocka_unit_test(any_mount_point_is_accepted),
	    cmocka_unit_test(a_response_is_named_by_the_segment_after_responses),
	    cmocka_unit_test(a_repeated_path_is_matched_from_its_end),
	    cmocka_unit_test(slashes_at_the_end_and_doubled_ones_do_not_matter),
	    cmocka_unit_test(health_routes_have_both_spellings),
	    cmocka_unit_test(what_is_done_with_a_request_is_no_response_s_id),
	    cmocka_unit_test(other_apis_have_their_own_paths),
	    cmocka_unit_test(a_model_s_name_may_have_slashes),
	    cmocka_unit_test(a_model_s_name_may_look_like_a_route),
	    cmocka_unit_test(conversations_have_anything_below_them),
	    cmocka_unit_test(a_path_that_comes_twice_is_taken_once),
	    cmocka_unit_test(patterns_are_no_paths),
	    cmocka_unit_test(what_is_for_administrators_has_respool_before_v1),
	    cmocka_unit_test(what_clients_alone_have_is_theirs_with_respool_before_v1_too),
	    cmocka_unit_test(respool_elsewhere_in_a_path_means_nothing),
	    cmocka_unit_test(webhooks_are_for_administrators_alone),
	    cmocka_unit_test(the_page_is_behind_a_slash),
	    cmocka_unit_test(metrics_are_anywhere),
	    cmocka_unit_test(everything_else_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
