#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/redis_retry.h"

static const struct redis_address asked = {"127.0.0.1", 7000};

static enum redis_retry_step next(
    struct redis_retry *retry, const char *error, long long now, struct redirection *to)
{
	const redisReply reply = {
	    .type = REDIS_REPLY_ERROR, .str = (char *)error, .len = strlen(error)};

	return redis_retry_next(retry, &reply, &asked, now, to);
}

static void what_is_no_answer_of_a_cluster_is_the_callers(void **state)
{
	static const char *const errors[] = {"ERR no", "WRONGTYPE x", "OOM command", "READONLY x",
	    "NOPERM this user", "MOVED somewhere", ""};
	const redisReply done = {.type = REDIS_REPLY_INTEGER, .integer = 1};
	struct redis_retry retry = {0};
	struct redirection to;

	(void)state;
	assert_int_equal(redis_retry_next(&retry, &done, &asked, 1000, &to), RETRY_NOT);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(next(&retry, errors[i], 1000, &to), RETRY_NOT);
}

static void redirections_are_followed_to_where_they_lead(void **state)
{
	struct redis_retry retry = {0};
	struct redirection to;

	(void)state;
	assert_int_equal(next(&retry, "MOVED 12 10.0.0.1:7001", 1000, &to), RETRY_MOVED);
	assert_int_equal(to.slot, 12);
	assert_string_equal(to.to.host, "10.0.0.1");
	assert_int_equal(next(&retry, "ASK 13 :7002", 1000, &to), RETRY_ASK);
	assert_string_equal(to.to.host, "127.0.0.1");
	assert_int_equal(to.to.port, 7002);
}

static void servers_that_send_a_command_round_in_circles_are_left(void **state)
{
	struct redis_retry retry = {0};
	struct redirection to;

	(void)state;
	for (int i = 0; i < RETRY_REDIRECTIONS; i++)
		assert_int_equal(next(&retry, "MOVED 1 10.0.0.1:7001", 1000, &to), RETRY_MOVED);
	assert_int_equal(next(&retry, "MOVED 1 10.0.0.1:7001", 1000, &to), RETRY_NOT);
}

static void later_is_tried_until_the_time_is_up(void **state)
{
	static const char *const errors[] = {
	    "TRYAGAIN x", "CLUSTERDOWN x", "LOADING x", "MASTERDOWN x"};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct redis_retry retry = {0};
		struct redirection to;

		assert_int_equal(next(&retry, errors[i], 5000, &to), RETRY_LATER);
		assert_int_equal(next(&retry, errors[i], 4999 + RETRY_FOR_MS, &to), RETRY_LATER);
		assert_int_equal(next(&retry, errors[i], 5000 + RETRY_FOR_MS, &to), RETRY_NOT);
	}
}

/* A slot that moves: its old server sends on what it has not, and the new one has not all yet. */
static void redirections_between_pauses_do_not_add_up(void **state)
{
	struct redis_retry retry = {0};
	struct redirection to;

	(void)state;
	for (int i = 0; i < 3 * RETRY_REDIRECTIONS; i++) {
		assert_int_equal(next(&retry, "ASK 1 10.0.0.1:7001", 1000 + i, &to), RETRY_ASK);
		assert_int_equal(next(&retry, "TRYAGAIN x", 1000 + i, &to), RETRY_LATER);
	}
	assert_int_equal(next(&retry, "TRYAGAIN x", 1000 + RETRY_FOR_MS, &to), RETRY_NOT);
}

static void pauses_grow_up_to_a_bound(void **state)
{
	struct redis_retry retry = {0};
	struct redirection to;
	int last = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		next(&retry, "TRYAGAIN x", 1000, &to);
		assert_in_range(redis_retry_pause(&retry), last > 10 ? last : 10, 50);
		last = redis_retry_pause(&retry);
	}
	assert_int_equal(last, 50);
}

static void server_without_our_scripts_is_met_anew_for_a_while(void **state)
{
	struct redis_retry retry = {0};
	struct redirection to;

	(void)state;
	assert_int_equal(next(&retry, "NOSCRIPT No matching script", 1000, &to), RETRY_ANEW);
	assert_int_equal(
	    next(&retry, "NOSCRIPT No matching script", 1000 + RETRY_FOR_MS, &to), RETRY_NOT);
}

static bool is_useless(int type, const char *text)
{
	const redisReply reply = {.type = type, .str = (char *)text, .len = strlen(text)};

	return redis_retry_is_useless_server(&reply);
}

static void some_errors_are_about_the_whole_server(void **state)
{
	(void)state;
	assert_true(is_useless(REDIS_REPLY_ERROR, "LOADING Redis is loading"));
	assert_true(is_useless(REDIS_REPLY_ERROR, "MASTERDOWN Link with MASTER is down"));
	assert_true(is_useless(REDIS_REPLY_ERROR, "READONLY You can't write"));
	assert_false(is_useless(REDIS_REPLY_ERROR, "TRYAGAIN Multiple keys request"));
	assert_false(is_useless(REDIS_REPLY_STATUS, "LOADING is what it says"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_answer_of_a_cluster_is_the_callers),
	    cmocka_unit_test(redirections_are_followed_to_where_they_lead),
	    cmocka_unit_test(servers_that_send_a_command_round_in_circles_are_left),
	    cmocka_unit_test(later_is_tried_until_the_time_is_up),
	    cmocka_unit_test(redirections_between_pauses_do_not_add_up),
	    cmocka_unit_test(pauses_grow_up_to_a_bound),
	    cmocka_unit_test(server_without_our_scripts_is_met_anew_for_a_while),
	    cmocka_unit_test(some_errors_are_about_the_whole_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
