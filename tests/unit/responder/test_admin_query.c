#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/responder/admin_query.h"

static void what_is_not_given_is_not_asked_for(void **state)
{
	static const char *const queries[] = {
	    "", "status=&tenant=&model=&limit=&after=&older_than=", "other=1"};
	struct admin_query query;
	struct api_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		assert_true(admin_query_parse(&query, queries[i], &error));
		assert_null(query.list.status);
		assert_null(query.list.tenant);
		assert_null(query.list.model);
		assert_null(query.list.after);
		assert_int_equal(query.list.limit, STORE_LIST_DEFAULT);
		assert_int_equal(query.list.older_than, 0);
		admin_query_free(&query);
	}
}

static void everything_can_be_asked_for_at_once(void **state)
{
	struct admin_query query;
	struct api_error error;

	(void)state;
	assert_true(admin_query_parse(&query,
	    "status=in_progress&tenant=a%20b&model=openai%2Fgpt-5&limit=1000&older_than=60"
	    "&after=litellm_poll_1",
	    &error));
	assert_string_equal(query.list.status, "in_progress");
	assert_string_equal(query.list.tenant, "a b");
	assert_string_equal(query.list.model, "openai/gpt-5");
	assert_string_equal(query.list.after, "litellm_poll_1");
	assert_int_equal(query.list.limit, 1000);
	assert_int_equal(query.list.older_than, 60);
	admin_query_free(&query);
}

static void what_is_there_twice_counts_as_it_is_there_last(void **state)
{
	struct admin_query query;
	struct api_error error;

	(void)state;
	assert_true(
	    admin_query_parse(&query, "status=failed&status=queued&limit=1&limit=2", &error));
	assert_string_equal(query.list.status, "queued");
	assert_int_equal(query.list.limit, 2);
	admin_query_free(&query);
}

static void a_bad_value_is_named(void **state)
{
	static const struct {
		const char *query, *param, *expected;
	} cases[] = {
	    {"status=done", "status", "'failed'"},
	    {"status=Failed", "status", "'failed'"},
	    {"limit=0", "limit", "from 1 to 1000"},
	    {"limit=1001", "limit", "from 1 to 1000"},
	    {"limit=-1", "limit", "from 1 to 1000"},
	    {"limit=10x", "limit", "from 1 to 1000"},
	    {"limit=99999999999999999999", "limit", "from 1 to 1000"},
	    {"older_than=-5", "older_than", "seconds"},
	    {"older_than=1h", "older_than", "seconds"},
	    {"after=resp_1", "after", "id of a response"},
	    {"tenant=a&after=*", "after", "id of a response"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct admin_query query;
		struct api_error error;

		assert_false(admin_query_parse(&query, cases[i].query, &error));
		assert_int_equal(error.status, 400);
		assert_string_equal(error.param, cases[i].param);
		assert_non_null(strstr(error.message, cases[i].param));
		assert_non_null(strstr(error.message, cases[i].expected));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_given_is_not_asked_for),
	    cmocka_unit_test(everything_can_be_asked_for_at_once),
	    cmocka_unit_test(what_is_there_twice_counts_as_it_is_there_last),
	    cmocka_unit_test(a_bad_value_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
