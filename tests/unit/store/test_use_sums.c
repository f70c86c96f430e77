#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/use_sums.h"

static void add(struct use_sums *sums, const char *tenant, const char *label,
    const struct settlement *settlement)
{
	use_sums_add(sums, span_of(tenant), span_of(label), settlement);
}

static void assert_taken(struct use_sums *sums, const char *expected)
{
	struct buf out = {0};

	use_sums_take(sums, &out);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void each_tenant_and_label_has_a_sum_of_its_own(void **state)
{
	const struct settlement well = {.use = {10, 20, 0.5}};
	const struct settlement failed = {.failed = true};
	const struct settlement left = {.cancelled = true, .use = {1, 0, 0.25}};
	struct use_sums sums = {0};

	(void)state;
	add(&sums, "web", "gpt", &well);
	add(&sums, "web", "claude", &well);
	add(&sums, "web", "gpt", &failed);
	add(&sums, "", "gpt", &left);
	add(&sums, "web", "gpt", &left);
	assert_taken(&sums, "web\x1fgpt\t3 1 1 11,20,0.75\n"
			    "web\x1f"
			    "claude\t1 0 0 10,20,0.5\n"
			    "\x1fgpt\t1 0 1 1,0,0.25\n");
	assert_taken(&sums, "");
}

static void many_of_them_are_kept_apart(void **state)
{
	const struct settlement one = {.use = {1, 1, 1}};
	struct use_sums sums = {0};
	struct buf name = {0};

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			buf_clear(&name);
			buf_printf(&name, "tenant %d", i);
			add(&sums, buf_cstr(&name), "gpt", &one);
		}
	}
	assert_int_equal(sums.len, 100);
	use_sums_clear(&sums);
	assert_int_equal(sums.len, 0);
	buf_free(&name);
}

static void control_characters_cannot_end_a_line(void **state)
{
	const struct settlement one = {0};
	struct use_sums sums = {0};

	(void)state;
	add(&sums, "a\tb", "c\nd", &one);
	assert_taken(&sums, "a?b\x1f"
			    "c?d\t1 0 0 0,0,0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_tenant_and_label_has_a_sum_of_its_own),
	    cmocka_unit_test(many_of_them_are_kept_apart),
	    cmocka_unit_test(control_characters_cannot_end_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
