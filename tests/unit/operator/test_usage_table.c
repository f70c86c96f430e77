#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/operator/operator_json.h"
#include "tests/unit/literal.h"

static struct config *one_pattern(void)
{
	static struct deployment deployment;
	static struct config config;

	deployment = (struct deployment){
	    .label = text("openai/*"), .id = text("id"), .model_name = text("gpt-*")};
	config = (struct config){.deployments = &deployment, .deployment_count = 1};
	return &config;
}

static void take(struct usage_table *table, const char *day, const char *tenant, const char *model,
    long long requests, double cost)
{
	const struct usage_line line = {
	    .tenant = span_of(tenant),
	    .label = span_of(model),
	    .requests = requests,
	    .failed = 1,
	    .input_tokens = 10 * requests,
	    .output_tokens = requests,
	    .cost = cost,
	};

	usage_table_take(table, day, &line);
}

/* What two tenants have used on two days. */
static void take_all(struct usage_table *table)
{
	take(table, "2026-11-30", "web", "gpt-*", 4, 0.1);
	take(table, "2026-11-30", "", "*", 2, 0);
	take(table, "2026-11-29", "web", "*", 3, 0.2);
	take(table, "2026-11-29", "batch", "gpt-*", 5, 0);
	take(table, "2026-11-29", "batch", "*", 1, 0);
}

static void assert_names(const struct usage_table *table, const char *expected)
{
	struct buf names = {0};

	for (size_t i = 0; i < table->count; i++) {
		const struct usage_row *row = &table->rows[i];

		buf_printf(&names, "%s%s/%s/%s:%lld", i > 0 ? " " : "", row->day,
		    row->tenant != NULL ? row->tenant : "-", row->model != NULL ? row->model : "-",
		    row->requests);
	}
	assert_string_equal(buf_cstr(&names), expected);
	buf_free(&names);
}

static void assert_table(const struct usage_query *query, const char *expected)
{
	struct usage_table table;

	usage_table_open(&table, one_pattern(), query);
	take_all(&table);
	usage_table_finish(&table);
	assert_names(&table, expected);
	usage_table_free(&table);
}

static void rows_stand_by_day_the_latest_first_then_by_name(void **state)
{
	(void)state;
	assert_table(&(struct usage_query){0},
	    "2026-11-30//*:2 2026-11-30/web/gpt-*:4 2026-11-29/batch/*:1 "
	    "2026-11-29/batch/gpt-*:5 2026-11-29/web/*:3");
	assert_table(
	    &(struct usage_query){.by = USAGE_BY_DAY}, "2026-11-30/-/-:6 2026-11-29/-/-:9");
}

static void who_has_cost_most_stands_first_then_who_took_most_tokens(void **state)
{
	(void)state;
	assert_table(&(struct usage_query){.by = USAGE_BY_TENANT}, "/web/-:7 /batch/-:6 //-:2");
	assert_table(&(struct usage_query){.by = USAGE_BY_MODEL}, "/-/*:6 /-/gpt-*:9");
}

static void only_what_is_asked_for_is_taken(void **state)
{
	(void)state;
	assert_table(
	    &(struct usage_query){.by = USAGE_BY_DAY, .tenant = "batch"}, "2026-11-29/-/-:6");
	assert_table(&(struct usage_query){.tenant = ""}, "2026-11-30//*:2");
	assert_table(&(struct usage_query){.by = USAGE_BY_TENANT, .model = "*"},
	    "/web/-:3 //-:2 /batch/-:1");
	assert_table(
	    &(struct usage_query){.by = USAGE_BY_TENANT, .model = "gpt-5"}, "/web/-:4 /batch/-:5");
	assert_table(&(struct usage_query){.model = "nobody's"}, "");
	assert_table(&(struct usage_query){.tenant = "we"}, "");
}

static void sums_are_whole_however_many_lines_there_are(void **state)
{
	enum { LINES = 10000, TENANTS = 7 };
	const struct usage_query query = {.by = USAGE_BY_TENANT};
	struct usage_table table;
	struct usage_row sum;

	(void)state;
	usage_table_open(&table, one_pattern(), &query);
	for (int i = 0; i < LINES; i++) {
		char tenant[16];

		snprintf(tenant, sizeof(tenant), "t%d", i % TENANTS);
		take(&table, "2026-11-30", tenant, "*", 1, 0.5);
		assert_true(table.count < LINES / 2);
	}
	usage_table_finish(&table);
	assert_int_equal(table.count, TENANTS);
	sum = usage_table_sum(&table);
	assert_int_equal(sum.requests, LINES);
	assert_int_equal(sum.failed, LINES);
	assert_int_equal(sum.input_tokens, 10 * LINES);
	assert_int_equal(sum.output_tokens, LINES);
	assert_float_equal(sum.cost, LINES / 2, 1e-6);
	usage_table_free(&table);
}

static void assert_json(const struct usage_query *query, const char *expected)
{
	struct usage_table table;
	struct buf out = {0};

	usage_table_open(&table, one_pattern(), query);
	iso_day_write(table.since, 1795996800);
	take(&table, "2026-11-30", "\"web\"", "gpt-*", 4, 0.1);
	take(&table, "2026-11-30", "\"web\"", "gpt-*", 1, 0.2);
	usage_table_finish(&table);
	operator_usage_json(&out, &table);
	assert_true(json_check(buf_span(&out), 0, NULL, NULL));
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
	usage_table_free(&table);
}

#define NUMBERS                                                                                    \
	"\"requests\":5,\"failed\":2,\"cancelled\":0,\"input_tokens\":50,\"output_tokens\":5,"     \
	"\"cost\":0.3}]}"

static void rows_have_what_they_are_summed_up_by_and_the_numbers(void **state)
{
	(void)state;
	assert_json(&(struct usage_query){0},
	    "{\"since\":\"2026-11-30\",\"data\":[{\"tenant\":\"\\\"web\\\"\",\"model\":\"gpt-*\","
	    "\"day\":\"2026-11-30\"," NUMBERS);
	assert_json(&(struct usage_query){.by = USAGE_BY_TENANT},
	    "{\"since\":\"2026-11-30\",\"data\":[{\"tenant\":\"\\\"web\\\"\"," NUMBERS);
	assert_json(&(struct usage_query){.by = USAGE_BY_MODEL},
	    "{\"since\":\"2026-11-30\",\"data\":[{\"model\":\"gpt-*\"," NUMBERS);
	assert_json(&(struct usage_query){.by = USAGE_BY_DAY},
	    "{\"since\":\"2026-11-30\",\"data\":[{\"day\":\"2026-11-30\"," NUMBERS);
	assert_json(
	    &(struct usage_query){.tenant = "nobody"}, "{\"since\":\"2026-11-30\",\"data\":[]}");
}

static void a_cost_has_as_many_digits_as_it_needs(void **state)
{
	static const struct {
		double cost;
		const char *text;
	} cases[] = {{0, "0"}, {1, "1"}, {100, "100"}, {0.5, "0.5"}, {12.345678, "12.345678"},
	    {0.1 + 0.2, "0.3"}, {0.0000004, "0"}, {1234567.1, "1234567.1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};

		usage_cost_write(&out, cases[i].cost);
		assert_string_equal(buf_cstr(&out), cases[i].text);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_stand_by_day_the_latest_first_then_by_name),
	    cmocka_unit_test(who_has_cost_most_stands_first_then_who_took_most_tokens),
	    cmocka_unit_test(only_what_is_asked_for_is_taken),
	    cmocka_unit_test(sums_are_whole_however_many_lines_there_are),
	    cmocka_unit_test(rows_have_what_they_are_summed_up_by_and_the_numbers),
	    cmocka_unit_test(a_cost_has_as_many_digits_as_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
