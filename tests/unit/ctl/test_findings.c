#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/ctl/findings.h"
#include "app/ctl/processes.h"

enum { NOW = 1000000 };

static struct findings look(const struct store_snapshot *snapshot, long long local_now)
{
	static const struct config config;
	struct findings findings = {0};

	findings_of_snapshot(&findings, &config, snapshot, local_now);
	return findings;
}

static void assert_names(struct findings findings, const char *expected)
{
	char names[256] = "";

	for (size_t i = 0; i < findings.count; i++) {
		strcat(names, i > 0 ? " " : "");
		strcat(names, findings.list[i].name);
	}
	assert_string_equal(names, expected);
	findings_free(&findings);
}

static void of_an_installation_that_is_well_nothing_is_said(void **state)
{
	struct store_process worker = {.name = "aa", .streams = 3};
	struct store_troubled troubled = {.resting_until = 0, .failures = 1};
	const struct store_snapshot snapshot = {.now = NOW,
	    .workers = &worker,
	    .worker_count = 1,
	    .troubled = &troubled,
	    .troubled_count = 1};

	(void)state;
	assert_names(look(&snapshot, NOW + 4000), "");
}

static void each_thing_that_is_wrong_is_a_finding(void **state)
{
	struct store_process workers[] = {
	    {.name = "aa", .lost = true}, {.name = "ab", .draining = true}};
	char *paused[] = {(char *)"*", (char *)"gpt-5"};
	char deployment[] = "0123";
	struct store_troubled troubled = {.deployment = deployment, .resting_until = NOW + 9000};
	const struct store_snapshot snapshot = {.now = NOW,
	    .workers = workers,
	    .worker_count = 2,
	    .paused = paused,
	    .paused_count = 2,
	    .troubled = &troubled,
	    .troubled_count = 1};
	const struct store_snapshot empty = {.now = NOW};

	(void)state;
	assert_names(
	    look(&snapshot, NOW - 60000), "clock draining lost_worker paused paused resting");
	assert_names(look(&empty, NOW), "no_workers");
}

static void of_webhooks_it_is_told_what_is_off_rests_is_unknown_or_dead(void **state)
{
	struct webhook_endpoint configured[] = {
	    {.name = (char *)"on"}, {.name = (char *)"off"}, {.name = (char *)"tired"}};
	const struct config config = {.webhooks = {.endpoints = configured, .count = 3}};
	struct store_endpoint endpoints[] = {{.name = "on", .failures = 2, .waiting = 4},
	    {.name = "off", .off = true},
	    {.name = "tired", .failures = 10, .rests_until = NOW + 72000},
	    {.name = "gone", .waiting = 7}};
	const struct store_webhooks webhooks = {
	    .now = NOW, .endpoints = endpoints, .endpoint_count = 4, .dead = 3};
	const struct store_webhooks well = {
	    .now = NOW, .endpoints = endpoints, .endpoint_count = 1, .waiting = 4};
	struct findings findings = {0}, none = {0};

	(void)state;
	findings_of_webhooks(&findings, &config, &webhooks);
	assert_non_null(strstr(findings.list[1].text, "1m12s more, with 10 failures"));
	assert_names(findings, "webhook_off webhook_resting webhook_unknown webhook_dead");
	findings_of_webhooks(&none, &config, &well);
	assert_names(none, "");
}

static void a_clock_is_told_by_how_far_it_is_off(void **state)
{
	const struct store_snapshot snapshot = {.now = NOW};
	struct findings findings = look(&snapshot, NOW + 72000);

	(void)state;
	assert_string_equal(findings.list[0].name, "clock");
	assert_non_null(strstr(findings.list[0].text, "1m12s behind"));
	findings_free(&findings);
}

static void a_configuration_names_each_variable_that_is_not_here_once(void **state)
{
	struct deployment deployments[] = {
	    {.label = (char *)"openai/a", .missing = (char *)"KEY_A"},
	    {.label = (char *)"openai/b", .missing = (char *)"KEY_A"},
	    {.label = (char *)"openai/c"}};
	const struct config config = {.deployments = deployments, .deployment_count = 3};
	struct findings findings = {0};

	(void)state;
	findings_of_config(&findings, &config, NOW);
	assert_non_null(strstr(findings.list[0].text, "KEY_A"));
	assert_non_null(strstr(findings.list[0].text, "openai/a"));
	assert_names(findings, "deployment admin_key");
}

static void a_key_that_ends_is_named_two_weeks_before(void **state)
{
	enum { DAY = 24 * 3600, FAR = 1000 * DAY };
	struct access_key keys[] = {{.name = (char *)"forever"},
	    {.name = (char *)"later", .expires = FAR + 14 * DAY + 1},
	    {.name = (char *)"soon", .expires = FAR + 14 * DAY},
	    {.name = (char *)"over", .expires = FAR}};
	struct access_key admin = {.name = (char *)"ops"};
	const struct config config = {
	    .tenants = keys, .tenant_count = 4, .admin_keys = &admin, .admin_key_count = 1};
	struct findings findings = {0};

	(void)state;
	findings_of_config(&findings, &config, FAR);
	assert_non_null(
	    strstr(findings.list[0].text, "Key \"soon\" expires on 1972-10-11T00:00:00Z."));
	assert_non_null(
	    strstr(findings.list[1].text, "Key \"over\" has expired on 1972-09-27T00:00:00Z:"));
	assert_names(findings, "key_expires key_expired");
}

static void a_worker_is_found_by_a_beginning_that_no_other_has(void **state)
{
	struct store_process workers[] = {
	    {.name = "aab1"}, {.name = "aac2"}, {.name = "aab3", .lost = true}};
	const struct store_snapshot snapshot = {.workers = workers, .worker_count = 3};
	size_t count;

	(void)state;
	assert_ptr_equal(worker_find(&snapshot, "aab", &count), &workers[0]);
	assert_ptr_equal(worker_find(&snapshot, "aac2", &count), &workers[1]);
	assert_null(worker_find(&snapshot, "aa", &count));
	assert_int_equal(count, 2);
	assert_null(worker_find(&snapshot, "aab3", &count));
	assert_null(worker_find(&snapshot, "", &count));
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_an_installation_that_is_well_nothing_is_said),
	    cmocka_unit_test(each_thing_that_is_wrong_is_a_finding),
	    cmocka_unit_test(of_webhooks_it_is_told_what_is_off_rests_is_unknown_or_dead),
	    cmocka_unit_test(a_clock_is_told_by_how_far_it_is_off),
	    cmocka_unit_test(a_configuration_names_each_variable_that_is_not_here_once),
	    cmocka_unit_test(a_key_that_ends_is_named_two_weeks_before),
	    cmocka_unit_test(a_worker_is_found_by_a_beginning_that_no_other_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
