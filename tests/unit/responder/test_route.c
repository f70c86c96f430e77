#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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
}

static void everything_else_is_unknown(void **state)
{
	(void)state;
	expect("", ROUTE_UNKNOWN, "");
	expect("/", ROUTE_UNKNOWN, "");
	expect("////", ROUTE_UNKNOWN, "");
	expect("/v1/chat/completions", ROUTE_UNKNOWN, "");
	expect("/v1/responsesx", ROUTE_UNKNOWN, "");
	expect("/v1/Responses", ROUTE_UNKNOWN, "");
	expect("/health", ROUTE_UNKNOWN, "");
	expect("/health/other", ROUTE_UNKNOWN, "");
	expect("/v1/responses/a/other", ROUTE_UNKNOWN, "a");
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
	    cmocka_unit_test(everything_else_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
