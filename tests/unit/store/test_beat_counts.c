#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/beat_counts.h"

static void assert_sent(struct beat_counts *counts, const char *numbers, const char *made_at)
{
	struct redis_args args = {0};

	beat_counts_send(counts, &args);
	assert_int_equal(args.count, 2);
	assert_int_equal(args.lengths[0], strlen(numbers));
	assert_memory_equal(args.values[0] != NULL ? args.values[0] : "", numbers, strlen(numbers));
	assert_string_equal(args.values[1], made_at);
}

static void restart(struct beat_counts *counts)
{
	counts_add(&counts->gathered, METRIC_RESTARTED, "drained", NULL, 1);
}

#define RESTARTED                                                                                  \
	"respool_jobs_restarted_total\x1f"                                                         \
	"drained\t"

static void what_was_not_answered_goes_again_as_it_was(void **state)
{
	struct beat_counts counts = {0};

	(void)state;
	restart(&counts);
	assert_sent(&counts, RESTARTED "1\n", "0");
	restart(&counts);
	restart(&counts);
	assert_sent(&counts, RESTARTED "1\n", "0");
	beat_counts_answered(&counts, 5);
	assert_sent(&counts, RESTARTED "2\n", "5");
	beat_counts_free(&counts);
}

static void what_was_nothing_goes_again_as_nothing(void **state)
{
	struct beat_counts counts = {0};

	(void)state;
	assert_sent(&counts, "", "0");
	restart(&counts);
	assert_sent(&counts, "", "0");
	beat_counts_answered(&counts, 7);
	assert_sent(&counts, RESTARTED "1\n", "7");
	beat_counts_free(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_not_answered_goes_again_as_it_was),
	    cmocka_unit_test(what_was_nothing_goes_again_as_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
