#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/counts.h"

static void assert_counts(const struct counts *counts, const char *expected)
{
	struct buf text = {0};

	counts_write(counts, &text);
	assert_string_equal(buf_cstr(&text), expected);
	buf_free(&text);
}

static void a_counter_is_named_by_its_metric_and_its_labels(void **state)
{
	struct counts counts = {0};

	(void)state;
	counts_add(&counts, METRIC_CREATED, "gpt-5", "alice", 2);
	counts_add(&counts, METRIC_RESTARTED, "drained", NULL, 1);
	counts_add(&counts, METRIC_CREATED, "gpt-5", "alice", 3);
	assert_counts(&counts, "respool_responses_created_total\x1fgpt-5\x1f"
			       "alice\t5\n"
			       "respool_jobs_restarted_total\x1f"
			       "drained\t1\n");
	counts_clear(&counts);
}

static void what_a_label_says_ends_no_field_and_no_line(void **state)
{
	struct counts counts = {0};

	(void)state;
	counts_add(&counts, METRIC_ENDED, "a\x1f\t", "b\n", 1);
	assert_counts(&counts, "respool_responses_ended_total\x1f"
			       "a??\x1f"
			       "b?\t1\n");
	counts_clear(&counts);
}

static void an_observation_falls_into_the_first_bucket_that_holds_it(void **state)
{
	struct counts counts = {0};

	(void)state;
	counts_observe(&counts, METRIC_QUEUE_WAIT, NULL, 0.05);
	counts_observe(&counts, METRIC_QUEUE_WAIT, NULL, 3601);
	assert_counts(&counts, "respool_queue_wait_seconds\x1f"
			       "0.05\t1\n"
			       "respool_queue_wait_seconds\x1fsum\t3601050\n"
			       "respool_queue_wait_seconds\x1f+Inf\t1\n");
	counts_clear(&counts);
}

static void what_is_taken_is_not_in_it_any_more(void **state)
{
	struct counts counts = {0};
	struct buf taken = {0};

	(void)state;
	counts_add(&counts, METRIC_RESTARTED, "overtaken", NULL, 1);
	counts_take(&counts, &taken);
	assert_int_equal(counts.len, 0);
	assert_string_equal(buf_cstr(&taken), "respool_jobs_restarted_total\x1fovertaken\t1\n");
	buf_free(&taken);
	counts_clear(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_counter_is_named_by_its_metric_and_its_labels),
	    cmocka_unit_test(what_a_label_says_ends_no_field_and_no_line),
	    cmocka_unit_test(an_observation_falls_into_the_first_bucket_that_holds_it),
	    cmocka_unit_test(what_is_taken_is_not_in_it_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
