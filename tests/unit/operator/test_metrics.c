#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/operator/metrics.h"
#include "tests/unit/literal.h"

static struct buf written(const struct store_snapshot *snapshot)
{
	struct deployment deployments[] = {
	    {.label = text("openai/a"), .id = text("id-a"), .model_name = text("a")},
	    {.label = text("openai/b"), .id = text("id-b"), .model_name = text("b")},
	    {.label = text("openai/b#2"), .id = text("id-c"), .model_name = text("b")},
	};
	struct config config = {.deployments = deployments, .deployment_count = 3};
	struct buf out = {0};

	metrics_write(&out, &config, snapshot);
	return out;
}

/* All samples of a metric, "name" or "name_bucket", without its name, and a '|' behind each. */
static void assert_samples(
    const struct store_snapshot *snapshot, const char *name, const char *expected)
{
	struct buf all = written(snapshot), found = {0};
	size_t len = strlen(name);

	for (char *line = strtok(all.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strncmp(line, name, len) == 0 && (line[len] == '{' || line[len] == ' '))
			buf_printf(&found, "%s|", line + len);
	assert_string_equal(buf_cstr(&found), expected);
	buf_free(&found);
	buf_free(&all);
}

static void each_metric_is_told_of_once_and_by_the_table(void **state)
{
	struct store_snapshot snapshot = {0};
	struct buf all = written(&snapshot), line = {0};

	(void)state;
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const char *found;

		buf_clear(&line);
		buf_printf(&line, "# TYPE %s ", metric_line(metric)->name);
		found = strstr(buf_cstr(&all), buf_cstr(&line));
		assert_non_null(found);
		assert_null(strstr(found + 1, buf_cstr(&line)));
	}
	buf_free(&line);
	buf_free(&all);
}

static void what_has_no_labels_is_there_from_the_beginning(void **state)
{
	struct store_snapshot nothing = {0};

	(void)state;
	assert_samples(&nothing, "respool_queue_oldest_seconds", " 0|");
	assert_samples(&nothing, "respool_workers", " 0|");
	assert_samples(&nothing, "respool_relay_streams", " 0|");
	assert_samples(&nothing, "respool_queue_wait_seconds_count", " 0|");
	assert_samples(&nothing, "respool_queue_wait_seconds_sum", " 0|");
	assert_samples(
	    &nothing, "respool_responses", "{state=\"queued\"} 0|{state=\"in_progress\"} 0|");
	assert_samples(&nothing, "respool_responses_created_total", "");
	assert_samples(&nothing, "respool_response_duration_seconds_count", "");
	assert_samples(&nothing, "respool_build_info", "{version=\"" PACKAGE_VERSION "\"} 1|");
}

static void gauges_are_what_the_snapshot_has(void **state)
{
	struct store_process workers[] = {
	    {.name = "w1", .streams = 3}, {.name = "w2", .streams = 9, .lost = true}};
	struct store_process relays[] = {
	    {.name = "r1", .streams = 2}, {.name = "r2", .streams = 5}};
	struct store_snapshot snapshot = {.queued = 7,
	    .in_progress = 3,
	    .oldest_seconds = 12.25,
	    .workers = workers,
	    .worker_count = 2,
	    .relays = relays,
	    .relay_count = 2,
	    .round_trip = 0.00025};

	(void)state;
	assert_samples(
	    &snapshot, "respool_responses", "{state=\"queued\"} 7|{state=\"in_progress\"} 3|");
	assert_samples(&snapshot, "respool_queue_oldest_seconds", " 12.25|");
	assert_samples(&snapshot, "respool_workers", " 1|");
	assert_samples(&snapshot, "respool_worker_streams", "{worker=\"w1\"} 3|");
	assert_samples(&snapshot, "respool_relay_streams", " 7|");
	assert_samples(&snapshot, "respool_redis_rtt_seconds", " 0.00025|");
}

static void each_deployment_rests_or_does_not(void **state)
{
	struct store_troubled troubled[] = {
	    {.deployment = text("id-a"), .failures = 2},
	    {.deployment = text("id-b"), .resting_until = 5000},
	    {.deployment = text("not-configured"), .resting_until = 5000},
	};
	struct store_snapshot snapshot = {.troubled = troubled, .troubled_count = 3};

	(void)state;
	assert_samples(&snapshot, "respool_deployment_resting",
	    "{deployment=\"openai/a\"} 0|{deployment=\"openai/b\"} 1|"
	    "{deployment=\"openai/b#2\"} 0|");
}

static void counters_have_their_labels_in_the_order_of_the_table(void **state)
{
	struct store_snapshot snapshot = {0};

	(void)state;
	counts_add(&snapshot.counters, METRIC_CREATED, "m", "bob", 2);
	counts_add(&snapshot.counters, METRIC_TOKENS, "m", "input", 123456789012345);
	counts_add(&snapshot.counters, METRIC_CREATED, "m", "", 1);
	counts_add(&snapshot.counters, METRIC_CREATED, "a\"b\\c", "alice", 4);
	assert_samples(&snapshot, "respool_responses_created_total",
	    "{model=\"a\\\"b\\\\c\",tenant=\"alice\"} 4|{model=\"m\",tenant=\"\"} 1|"
	    "{model=\"m\",tenant=\"bob\"} 2|");
	assert_samples(
	    &snapshot, "respool_tokens_total", "{model=\"m\",type=\"input\"} 123456789012345|");
	counts_add(&snapshot.counters, METRIC_LIMITED, "bob", "max_queue", 3);
	assert_samples(
	    &snapshot, "respool_requests_limited_total", "{tenant=\"bob\",limit=\"max_queue\"} 3|");
	counts_clear(&snapshot.counters);
}

/* An alert is on the increase, which is not seen if the first one makes the counter appear. */
static void each_outcome_of_a_delivery_is_there_from_the_beginning(void **state)
{
	struct store_snapshot snapshot = {0};

	(void)state;
	assert_samples(&snapshot, "respool_webhook_deliveries_total",
	    "{outcome=\"delivered\"} 0|{outcome=\"failed\"} 0|{outcome=\"dead\"} 0|"
	    "{outcome=\"dropped\"} 0|");
	counts_add(&snapshot.counters, METRIC_WEBHOOK_DELIVERIES, "dead", NULL, 2);
	counts_add(&snapshot.counters, METRIC_WEBHOOK_DELIVERIES, "delivered", NULL, 7);
	assert_samples(&snapshot, "respool_webhook_deliveries_total",
	    "{outcome=\"dead\"} 2|{outcome=\"delivered\"} 7|{outcome=\"failed\"} 0|"
	    "{outcome=\"dropped\"} 0|");
	counts_clear(&snapshot.counters);
}

static void what_another_version_has_counted_is_left_out(void **state)
{
	struct store_snapshot snapshot = {0};

	(void)state;
	counts_add_field(&snapshot.counters, SPAN("respool_unknown_total"), 1);
	counts_add_field(&snapshot.counters, SPAN("respool_tokens_total\x1fm"), 1);
	counts_add_field(&snapshot.counters, SPAN("respool_tokens_total\x1fm\x1fx\x1fy\x1fz"), 1);
	counts_add_field(&snapshot.counters, SPAN("respool_tokens_total_more\x1fm\x1fx"), 1);
	assert_samples(&snapshot, "respool_tokens_total", "");
	assert_samples(&snapshot, "respool_unknown_total", "");
	counts_clear(&snapshot.counters);
}

static void buckets_of_a_histogram_hold_all_that_is_below(void **state)
{
	struct store_snapshot snapshot = {0};

	(void)state;
	counts_observe(&snapshot.counters, METRIC_FIRST_EVENT, "m", 0.2);
	counts_observe(&snapshot.counters, METRIC_FIRST_EVENT, "m", 7);
	counts_observe(&snapshot.counters, METRIC_FIRST_EVENT, "m", 9000);
	counts_observe(&snapshot.counters, METRIC_FIRST_EVENT, "n", 0.001);
	assert_samples(&snapshot, "respool_time_to_first_event_seconds_count",
	    "{model=\"m\"} 3|{model=\"n\"} 1|");
	assert_samples(&snapshot, "respool_time_to_first_event_seconds_sum",
	    "{model=\"m\"} 9007.2|{model=\"n\"} 0.001|");
	assert_samples(&snapshot, "respool_time_to_first_event_seconds_bucket",
	    "{model=\"m\",le=\"0.1\"} 0|{model=\"m\",le=\"0.25\"} 1|{model=\"m\",le=\"0.5\"} 1|"
	    "{model=\"m\",le=\"1\"} 1|{model=\"m\",le=\"2.5\"} 1|{model=\"m\",le=\"5\"} 1|"
	    "{model=\"m\",le=\"10\"} 2|{model=\"m\",le=\"20\"} 2|{model=\"m\",le=\"30\"} 2|"
	    "{model=\"m\",le=\"60\"} 2|{model=\"m\",le=\"120\"} 2|{model=\"m\",le=\"300\"} 2|"
	    "{model=\"m\",le=\"600\"} 2|{model=\"m\",le=\"+Inf\"} 3|"
	    "{model=\"n\",le=\"0.1\"} 1|{model=\"n\",le=\"0.25\"} 1|{model=\"n\",le=\"0.5\"} 1|"
	    "{model=\"n\",le=\"1\"} 1|{model=\"n\",le=\"2.5\"} 1|{model=\"n\",le=\"5\"} 1|"
	    "{model=\"n\",le=\"10\"} 1|{model=\"n\",le=\"20\"} 1|{model=\"n\",le=\"30\"} 1|"
	    "{model=\"n\",le=\"60\"} 1|{model=\"n\",le=\"120\"} 1|{model=\"n\",le=\"300\"} 1|"
	    "{model=\"n\",le=\"600\"} 1|{model=\"n\",le=\"+Inf\"} 1|");
	counts_clear(&snapshot.counters);
}

/* A bound that another version had counts where it is sure to belong. */
static void no_observation_is_lost_when_bounds_have_changed(void **state)
{
	struct store_snapshot snapshot = {0};

	(void)state;
	counts_add_field(&snapshot.counters,
	    SPAN("respool_queue_wait_seconds\x1f"
		 "45"),
	    2);
	counts_add_field(&snapshot.counters,
	    SPAN("respool_queue_wait_seconds\x1f"
		 "99999"),
	    1);
	assert_samples(&snapshot, "respool_queue_wait_seconds_count", " 3|");
	assert_samples(&snapshot, "respool_queue_wait_seconds_bucket",
	    "{le=\"0.01\"} 0|{le=\"0.05\"} 0|{le=\"0.1\"} 0|{le=\"0.5\"} 0|{le=\"1\"} 0|"
	    "{le=\"5\"} 0|{le=\"10\"} 0|{le=\"30\"} 0|{le=\"60\"} 2|{le=\"300\"} 2|"
	    "{le=\"600\"} 2|{le=\"1800\"} 2|{le=\"3600\"} 2|{le=\"+Inf\"} 3|");
	counts_clear(&snapshot.counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_metric_is_told_of_once_and_by_the_table),
	    cmocka_unit_test(what_has_no_labels_is_there_from_the_beginning),
	    cmocka_unit_test(gauges_are_what_the_snapshot_has),
	    cmocka_unit_test(each_deployment_rests_or_does_not),
	    cmocka_unit_test(counters_have_their_labels_in_the_order_of_the_table),
	    cmocka_unit_test(each_outcome_of_a_delivery_is_there_from_the_beginning),
	    cmocka_unit_test(what_another_version_has_counted_is_left_out),
	    cmocka_unit_test(buckets_of_a_histogram_hold_all_that_is_below),
	    cmocka_unit_test(no_observation_is_lost_when_bounds_have_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
