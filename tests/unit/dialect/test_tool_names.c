#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/dialect/tool_names.h"

#define NONE ((struct span){0})
#define LONG "a_name_that_is_so_long_that_it_does_not_fit_behind_a_namespace"

static void test_a_tool_is_found_by_either_name(void **state)
{
	struct tool_names tools = {0};

	(void)state;
	assert_true(tool_names_add(&tools, TOOL_FUNCTION, SPAN("files"), SPAN("read")));
	assert_true(tool_names_add(&tools, TOOL_CUSTOM, NONE, SPAN("read")));
	assert_string_equal(tool_names_find(&tools, SPAN("files__read"))->name, "read");
	assert_string_equal(tool_names_find(&tools, SPAN("files__read"))->space, "files");
	assert_int_equal(tool_names_find(&tools, SPAN("read"))->kind, TOOL_CUSTOM);
	assert_string_equal(
	    tool_names_of_client(&tools, SPAN("files"), SPAN("read"))->sent, "files__read");
	assert_string_equal(tool_names_of_client(&tools, NONE, SPAN("read"))->sent, "read");
	assert_null(tool_names_of_client(&tools, SPAN("mail"), SPAN("read")));
	tool_names_free(&tools);
}

static void test_a_name_is_sent_for_one_tool_only(void **state)
{
	struct tool_names tools = {0};

	(void)state;
	assert_true(tool_names_add(&tools, TOOL_FUNCTION, NONE, SPAN("files__read")));
	assert_false(tool_names_add(&tools, TOOL_FUNCTION, SPAN("files"), SPAN("read")));
	tool_names_free(&tools);
}

static void test_long_names_are_cut_and_stay_different(void **state)
{
	struct tool_names tools = {0};

	(void)state;
	assert_true(tool_names_add(&tools, TOOL_FUNCTION, SPAN("space"), SPAN(LONG "1")));
	assert_true(tool_names_add(&tools, TOOL_FUNCTION, SPAN("space"), SPAN(LONG "2")));
	assert_int_equal(strlen(tools.names[0].sent), TOOL_NAME_MAX);
	assert_string_not_equal(tools.names[0].sent, tools.names[1].sent);
	tool_names_free(&tools);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_tool_is_found_by_either_name),
	    cmocka_unit_test(test_a_name_is_sent_for_one_tool_only),
	    cmocka_unit_test(test_long_names_are_cut_and_stay_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
