#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/jobs_internal.h"
#include "common/store/webhooks.h"
#include "fake_clock.h"

#define DELIVERY_ID "wh_0123456789abcdef0123456789abcdef"
#define RESPONSE_ID "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd"

enum { ASKED_AT = 1000, ANSWERED_AT = 1400, REDIS_NOW = 50000, GONE = 60000 };
enum { LEASE_SECONDS = 2, LATE_MS = 2 * LEASE_SECONDS * 1000 };

static bool is_up;
static long long reported_gone; /* of a report, which has that so far from its end: */
enum { GONE_FROM_END = 5 };
static redisCallbackFn *answer;
static void *privdata_of_answer;

bool redis_client_call(
    struct redis_client *client, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	(void)client;
	if (!is_up)
		return false;
	if (args->count >= GONE_FROM_END)
		reported_gone = strtoll(args->values[args->count - GONE_FROM_END], NULL, 10);
	answer = fn;
	privdata_of_answer = privdata;
	return true;
}

bool redis_client_failed(struct redis_client *client, const redisReply *reply, const char *doing)
{
	(void)client;
	(void)doing;
	return reply == NULL || reply->type == REDIS_REPLY_ERROR;
}

/* What a user of webhooks was told. */
struct told {
	struct config config;
	struct jobs jobs;
	struct webhooks_user user;
	struct webhook_delivery delivery; /* the last one */
	int claimed, done;
	long long pause;
	enum webhook_subject subject;
	long long gone_at;
};

static void on_claimed(void *ctx, const struct webhook_delivery *delivery)
{
	struct told *told = ctx;

	told->delivery = *delivery;
	told->claimed++;
}

static void on_done(void *ctx, long long pause_ms)
{
	struct told *told = ctx;

	told->pause = pause_ms;
	told->done++;
}

static void on_subject(void *ctx, enum webhook_subject subject, long long gone_at)
{
	struct told *told = ctx;

	told->subject = subject;
	told->gone_at = gone_at;
}

static void on_reported(void *ctx, const struct webhook_reported *reported)
{
	(void)ctx;
	(void)reported;
}

static void on_idle(void *ctx)
{
	(void)ctx;
}

static void begin(struct told *told)
{
	*told = (struct told){.jobs.lists.idle = on_idle};
	told->user = (struct webhooks_user){on_claimed, on_done, told};
	told->config.lease_seconds = LEASE_SECONDS;
	told->jobs.config = &told->config;
	key_space_init(&told->jobs.space, NULL);
	is_up = true;
	fake_clock_ms = ASKED_AT;
}

static void answer_at(long long ms, redisReply *reply)
{
	fake_clock_ms = ms;
	answer(NULL, reply, privdata_of_answer);
}

static redisReply number(long long integer)
{
	return (redisReply){.type = REDIS_REPLY_INTEGER, .integer = integer};
}

static redisReply text(char *str)
{
	return (redisReply){.type = REDIS_REPLY_STRING, .str = str, .len = strlen(str)};
}

/* One delivery and what is none, of which a response is gone at that time of Redis' clock. */
static void claim(struct told *told, long long gone)
{
	char line[256], word[] = DELIVERY_ID, foreign_word[] = "foreign";
	redisReply now = number(REDIS_NOW), pause = number(7), id = text(word), about;
	redisReply foreign = text(foreign_word);
	redisReply *elements[] = {&now, &pause, &foreign, &about, &id, &about, &id, &foreign};
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 8, .element = elements};

	snprintf(
	    line, sizeof(line), "hook " RESPONSE_ID " completed 40000 %lld 75000 2 5 0 ", gone);
	about = text(line);
	assert_true(jobs_claim_webhooks(&told->jobs, NULL, 0, &told->user));
	answer_at(ANSWERED_AT, &reply);
}

static void look(struct told *told, long long pttl, long long answered_at)
{
	redisReply reply = number(pttl);

	assert_true(jobs_look_for_subject(&told->jobs, &told->delivery, on_subject, told));
	answer_at(answered_at, &reply);
}

static void report(struct told *told)
{
	const struct webhook_report report = {
	    .delivery = &told->delivery, .outcome = WEBHOOK_TRY_FAILED, .why = "", .off = ""};

	assert_true(jobs_report_webhook(&told->jobs, &report, on_reported, told));
	answer_at(fake_clock_ms, NULL);
}

/* When the response is gone, as the report says. */
static void what_is_no_delivery_is_passed_over(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, GONE);
	assert_int_equal(told.claimed, 1);
	assert_int_equal(told.done, 1);
	assert_int_equal(told.pause, 7);
	assert_string_equal(told.delivery.id, DELIVERY_ID);
	assert_string_equal(told.delivery.endpoint, "hook");
	assert_string_equal(told.delivery.response, RESPONSE_ID);
	assert_int_equal(told.delivery.tries, 2);
	assert_int_equal(told.delivery.claim, 5);
}

static void a_claim_that_fails_is_done(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	assert_true(jobs_claim_webhooks(&told.jobs, NULL, 0, &told.user));
	answer_at(ANSWERED_AT, NULL);
	assert_int_equal(told.claimed, 0);
	assert_int_equal(told.done, 1);
	assert_int_equal(told.pause, -1);
	is_up = false;
	assert_false(jobs_claim_webhooks(&told.jobs, NULL, 0, &told.user));
	assert_int_equal(told.done, 1);
}

/* Redis may have looked at its clock when it was asked, at the earliest. */
static void no_response_is_thought_to_stay_for_longer_than_it_does(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, GONE);
	assert_int_equal(told.delivery.gone_at, ASKED_AT + GONE - REDIS_NOW);
}

static void no_report_has_a_response_stay_for_longer_than_it_does(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, GONE);
	report(&told);
	assert_in_range(reported_gone, GONE - (ANSWERED_AT - ASKED_AT), GONE);

	look(&told, 5000, fake_clock_ms + 300);
	told.delivery.gone_at = told.gone_at;
	report(&told);
	/* Redis looked when the claim was answered, at the latest. */
	assert_int_equal(reported_gone, REDIS_NOW + 5000);
}

static void a_report_has_no_time_before_all_times(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, 1);
	report(&told);
	assert_int_equal(reported_gone, 0);
}

static void what_is_there_is_so_for_as_long_as_it_was_when_asked(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, GONE);
	look(&told, 5000, ANSWERED_AT + 300);
	assert_int_equal(told.subject, SUBJECT_THERE);
	assert_int_equal(told.gone_at, ANSWERED_AT + 5000);
}

static void what_is_missing_before_it_can_have_expired_is_deleted(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, GONE);
	look(&told, -2, told.delivery.gone_at - LATE_MS - 1);
	assert_int_equal(told.subject, SUBJECT_DELETED);
}

/* Or before it was asked, if the end was noted by whoever found its worker lost. */
static void what_may_have_expired_while_redis_was_asked_is_told(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, GONE);
	look(&told, -2, told.delivery.gone_at - LATE_MS);
	assert_int_equal(told.subject, SUBJECT_THERE);
	assert_int_equal(told.gone_at, told.delivery.gone_at);
}

static void without_an_answer_nothing_is_known_of_a_response(void **state)
{
	struct told told;

	(void)state;
	begin(&told);
	claim(&told, GONE);
	assert_true(jobs_look_for_subject(&told.jobs, &told.delivery, on_subject, &told));
	answer_at(ANSWERED_AT, NULL);
	assert_int_equal(told.subject, SUBJECT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_delivery_is_passed_over),
	    cmocka_unit_test(a_claim_that_fails_is_done),
	    cmocka_unit_test(no_response_is_thought_to_stay_for_longer_than_it_does),
	    cmocka_unit_test(no_report_has_a_response_stay_for_longer_than_it_does),
	    cmocka_unit_test(a_report_has_no_time_before_all_times),
	    cmocka_unit_test(what_is_there_is_so_for_as_long_as_it_was_when_asked),
	    cmocka_unit_test(what_is_missing_before_it_can_have_expired_is_deleted),
	    cmocka_unit_test(what_may_have_expired_while_redis_was_asked_is_told),
	    cmocka_unit_test(without_an_answer_nothing_is_known_of_a_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
