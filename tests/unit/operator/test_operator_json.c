#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/operator/operator_json.h"
#include "tests/unit/literal.h"

#define ID "litellm_poll_123e4567-e89b-42d3-a456-426614174000"

static struct deployment *two_deployments(void)
{
	static struct deployment deployments[2];

	deployments[0] = (struct deployment){
	    .label = text("openai/a"), .id = text("id-a"), .model_name = text("a")};
	deployments[1] = (struct deployment){
	    .label = text("openai/*"), .id = text("id-b"), .model_name = text("*")};
	return deployments;
}

static struct config config_of_two(void)
{
	return (struct config){.deployments = two_deployments(), .deployment_count = 2};
}

static void assert_json(struct buf *out, const char *expected)
{
	assert_true(json_check(buf_span(out), 0, NULL, NULL));
	assert_string_equal(buf_cstr(out), expected);
	buf_free(out);
}

static void a_status_counts_those_who_are_alive(void **state)
{
	struct store_process workers[] = {{.name = "w1"}, {.name = "w2", .lost = true}};
	struct store_process relays[] = {
	    {.name = "r1", .streams = 4}, {.name = "r2", .streams = 1}};
	char *paused[] = {text("a"), text("*")};
	struct store_troubled troubled[] = {
	    {.deployment = text("id-b"), .resting_until = 1500, .failures = 2},
	    {.deployment = text("gone"), .resting_until = 1500}};
	struct store_snapshot snapshot = {.now = 1000,
	    .queued = 5,
	    .in_progress = 2,
	    .oldest_seconds = 3.25,
	    .round_trip = 0.0125,
	    .workers = workers,
	    .worker_count = 2,
	    .relays = relays,
	    .relay_count = 2,
	    .paused = paused,
	    .paused_count = 2,
	    .troubled = troubled,
	    .troubled_count = 2};
	struct config config = config_of_two();
	struct buf out = {0}, expected = {0};

	(void)state;
	for (int i = 0; i < SNAPSHOT_MINUTES; i++)
		snapshot.minutes[i].minute = 100 + i;
	snapshot.minutes[59] = (struct store_minute){159, 1, 2, 3, 4, 5, 6};
	operator_status_json(&out, &config, &snapshot);
	buf_puts(&expected,
	    "{\"queued\":5,\"in_progress\":2,\"oldest_seconds\":3.250,\"workers\":1,\"relays\":2,"
	    "\"paused\":[\"a\",\"*\"],\"relay_streams\":5,\"max_queue\":0,"
	    "\"redis_rtt_seconds\":0.013,\"deployments\":["
	    "{\"deployment\":\"openai/a\",\"model\":\"a\",\"resting_seconds\":0,\"failures\":0},"
	    "{\"deployment\":\"openai/*\",\"model\":\"*\",\"resting_seconds\":0.500,"
	    "\"failures\":2}],\"last_hour\":[");
	for (int i = 0; i < 59; i++)
		buf_printf(&expected,
		    "{\"time\":%d,\"created\":0,\"completed\":0,\"incomplete\":0,\"failed\":0,"
		    "\"cancelled\":0,\"deleted\":0},",
		    (100 + i) * 60);
	buf_puts(&expected, "{\"time\":9540,\"created\":1,\"completed\":2,\"incomplete\":3,"
			    "\"failed\":4,\"cancelled\":5,\"deleted\":6}]}");
	assert_json(&out, buf_cstr(&expected));
	buf_free(&expected);
}

static void workers_are_shown_as_they_said(void **state)
{
	struct store_process workers[] = {
	    {"w1", "house", "0.1.0", 4711, 3, 1700000000, 1700000060, false, true}, {.name = "w2"}};
	struct store_snapshot snapshot = {.workers = workers, .worker_count = 2};
	struct buf out = {0};

	(void)state;
	operator_workers_json(&out, &snapshot);
	assert_json(&out,
	    "[{\"worker\":\"w1\",\"host\":\"house\",\"pid\":4711,\"version\":\"0.1.0\","
	    "\"streams\":3,\"started_at\":1700000000,\"beat_at\":1700000060,\"lost\":false,"
	    "\"draining\":true},{\"worker\":\"w2\",\"host\":\"\",\"pid\":0,\"version\":\"\","
	    "\"streams\":0,\"started_at\":0,\"beat_at\":0,\"lost\":false,\"draining\":false}]");
}

static void a_page_has_rows_and_says_whether_there_are_more(void **state)
{
	struct store_row rows[] = {
	    {ID, text("bob"), text("a \"b\""), STATUS_FAILED, 1700000000125, 2, text("id-a")},
	    {ID, text(""), text("a"), STATUS_QUEUED, 1700000001000, 0, NULL}};
	struct store_page page = {1700000002000, rows, 2, true};
	struct config config = config_of_two();
	struct buf out = {0};

	(void)state;
	operator_page_json(&out, &config, &page);
	assert_json(&out,
	    "{\"data\":[{\"id\":\"" ID "\",\"tenant\":\"bob\",\"model\":\"a \\\"b\\\"\","
	    "\"status\":\"failed\",\"created_at\":1700000000.125,\"age_seconds\":1.875,"
	    "\"attempts\":2,\"deployment\":\"openai/a\"},{\"id\":\"" ID "\",\"tenant\":\"\","
	    "\"model\":\"a\",\"status\":\"queued\",\"created_at\":1700000001,\"age_seconds\":1,"
	    "\"attempts\":0,\"deployment\":null}],\"has_more\":true}");
	operator_page_json(&out, &config, &(struct store_page){0});
	assert_json(&out, "{\"data\":[],\"has_more\":false}");
}

static void a_detail_has_its_history_and_the_object(void **state)
{
	struct store_detail detail = {.now = 1700000010000,
	    .row = {ID, text("bob"), text("a"), STATUS_FAILED, 1700000000000, 2, text("old-id")},
	    .streamed = true,
	    .can_retry = true,
	    .owner = text("w1"),
	    .waited_ms = 40,
	    .history = text("1700000001500 retry openai/a: HTTP 500, \"no\"\n"
			    "1700000002000 restart worker_lost\n")};
	struct config config = config_of_two();
	struct buf out = {0};

	(void)state;
	buf_puts(&detail.object, "{\"id\":\"x\"}");
	operator_detail_json(&out, &config, &detail);
	assert_json(&out,
	    "{\"id\":\"" ID "\",\"tenant\":\"bob\",\"model\":\"a\",\"status\":\"failed\","
	    "\"created_at\":1700000000,\"age_seconds\":10,\"attempts\":2,"
	    "\"deployment\":\"old-id\",\"foreign\":false,\"owner\":\"w1\",\"request_id\":null,"
	    "\"waited_seconds\":0.040,\"streamed\":true,\"can_retry\":true,\"history\":["
	    "{\"time\":1700000001.500,\"what\":\"retry\",\"why\":\"openai/a: HTTP 500, "
	    "\\\"no\\\"\"},{\"time\":1700000002,\"what\":\"restart\",\"why\":\"worker_lost\"}],"
	    "\"response\":{\"id\":\"x\"}}");
	buf_free(&detail.object);
}

static void of_another_program_s_response_little_is_known(void **state)
{
	struct store_detail detail = {
	    .row = {.id = ID, .status = STATUS_COUNT}, .foreign = true, .waited_ms = -1};
	struct config config = config_of_two();
	struct buf out = {0};

	(void)state;
	buf_puts(&detail.object, "{}");
	operator_detail_json(&out, &config, &detail);
	assert_json(&out,
	    "{\"id\":\"" ID "\",\"tenant\":null,\"model\":null,\"status\":null,"
	    "\"created_at\":null,\"age_seconds\":null,\"attempts\":0,\"deployment\":null,"
	    "\"foreign\":true,\"owner\":null,\"request_id\":null,\"waited_seconds\":null,"
	    "\"streamed\":false,\"can_retry\":false,\"history\":[],\"response\":{}}");
	buf_free(&detail.object);
}

static void a_deployment_is_called_by_its_label_or_else_by_its_id(void **state)
{
	struct config config = config_of_two();

	(void)state;
	assert_string_equal(operator_deployment(&config, "id-b"), "openai/*");
	assert_string_equal(operator_deployment(&config, "gone"), "gone");
	assert_string_equal(operator_deployment(&config, NULL), "");
}

static void webhooks_are_their_endpoints_and_what_has_not_arrived(void **state)
{
	struct webhook_endpoint configured[] = {{.name = text("crm"),
	    .url = text("https://a.example/secret"),
	    .site = text("https://a.example")}};
	struct store_endpoint endpoints[] = {
	    {"crm", 2, 10, 61500, false}, {"gone", 1, 0, 0, false}};
	struct store_delivery deliveries[] = {{"wh_1", "crm", ID, STATUS_FAILED, DELIVERY_WAITING,
						  1000, 60250, 55000, 2, text("answered \"500\"")},
	    {"wh_2", "gone", ID, STATUS_COMPLETED, DELIVERY_DEAD, 1000, 0, 0, 0, text("")}};
	struct store_webhooks webhooks = {60000, 3, 1, endpoints, 2, deliveries, 2, true};
	struct config config = {.webhooks = {.endpoints = configured, .count = 1}};
	struct buf out = {0};

	(void)state;
	operator_webhooks_json(&out, &config, &webhooks);
	assert_json(&out,
	    "{\"waiting\":3,\"dead\":1,\"endpoints\":[{\"name\":\"crm\","
	    "\"url\":\"https://a.example\",\"state\":\"resting\",\"failures\":10,"
	    "\"resting_seconds\":1.500,\"waiting\":2},{\"name\":\"gone\",\"url\":null,"
	    "\"state\":\"unknown\",\"failures\":0,\"resting_seconds\":0,\"waiting\":1}],"
	    "\"data\":[{\"id\":\"wh_1\",\"endpoint\":\"crm\",\"type\":\"response.failed\","
	    "\"response\":\"" ID "\",\"state\":\"waiting\",\"tries\":2,\"ended_at\":1,"
	    "\"tried_at\":55,\"due_at\":60.250,\"error\":\"answered \\\"500\\\"\"},"
	    "{\"id\":\"wh_2\",\"endpoint\":\"gone\",\"type\":\"response.completed\","
	    "\"response\":\"" ID "\",\"state\":\"dead\",\"tries\":0,\"ended_at\":1,"
	    "\"tried_at\":null,\"due_at\":null,\"error\":null}],\"has_more\":true}");
}

static void an_endpoint_that_is_off_is_so_however_it_rests(void **state)
{
	struct webhook_endpoint configured[] = {{.name = text("crm"), .site = text("http://a")}};
	struct store_endpoint endpoints[] = {{"crm", 0, 1, 2000, true}};
	struct store_webhooks webhooks = {.now = 1000, .endpoints = endpoints, .endpoint_count = 1};
	struct config config = {.webhooks = {.endpoints = configured, .count = 1}};
	struct buf out = {0};

	(void)state;
	operator_webhooks_json(&out, &config, &webhooks);
	assert_non_null(strstr(buf_cstr(&out), "\"state\":\"off\""));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_status_counts_those_who_are_alive),
	    cmocka_unit_test(workers_are_shown_as_they_said),
	    cmocka_unit_test(a_page_has_rows_and_says_whether_there_are_more),
	    cmocka_unit_test(a_detail_has_its_history_and_the_object),
	    cmocka_unit_test(of_another_program_s_response_little_is_known),
	    cmocka_unit_test(webhooks_are_their_endpoints_and_what_has_not_arrived),
	    cmocka_unit_test(an_endpoint_that_is_off_is_so_however_it_rests),
	    cmocka_unit_test(a_deployment_is_called_by_its_label_or_else_by_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
