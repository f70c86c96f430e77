#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/redirection.h"

static const struct redis_address asked = {"10.0.0.1", 7000};

static enum redirection_kind read_error(struct redirection *redirection, const char *text)
{
	char copy[1024];
	redisReply reply = {.type = REDIS_REPLY_ERROR, .str = copy, .len = strlen(text)};

	snprintf(copy, sizeof(copy), "%s", text);
	return redirection_read(redirection, &reply, &asked);
}

static void expect(
    const char *text, enum redirection_kind kind, int slot, const char *host, int port)
{
	struct redirection redirection;

	assert_int_equal(read_error(&redirection, text), kind);
	assert_int_equal(redirection.kind, kind);
	assert_int_equal(redirection.slot, slot);
	assert_string_equal(redirection.to.host, host);
	assert_int_equal(redirection.to.port, port);
}

static void moved_and_ask_name_a_slot_and_a_server(void **state)
{
	(void)state;
	expect("MOVED 3999 127.0.0.1:6381", REDIRECTION_MOVED, 3999, "127.0.0.1", 6381);
	expect("ASK 0 127.0.0.1:6381", REDIRECTION_ASK, 0, "127.0.0.1", 6381);
	expect(
	    "MOVED 16383 redis-2.example:6381", REDIRECTION_MOVED, 16383, "redis-2.example", 6381);
	expect("ASK 5 2001:db8::2:6381", REDIRECTION_ASK, 5, "2001:db8::2", 6381);
}

static void a_host_that_is_not_told_is_the_one_that_was_asked(void **state)
{
	(void)state;
	expect("MOVED 3999 :6381", REDIRECTION_MOVED, 3999, "10.0.0.1", 6381);
	expect("ASK 3999 ?:6381", REDIRECTION_ASK, 3999, "10.0.0.1", 6381);
}

static void some_errors_are_for_a_moment(void **state)
{
	static const char *const errors[] = {
	    "TRYAGAIN Multiple keys request during rehashing of slot",
	    "CLUSTERDOWN The cluster is down",
	    "CLUSTERDOWN Hash slot not served",
	    "LOADING Redis is loading the dataset in memory",
	    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
	};
	struct redirection redirection;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(read_error(&redirection, errors[i]), REDIRECTION_LATER);
}

static void any_other_error_is_what_it_is(void **state)
{
	static const char *const errors[] = {"", "ERR unknown command", "MOVED", "MOVED ",
	    "MOVED x 127.0.0.1:1", "MOVED 1", "MOVED 1 host", "MOVED 1 host:0", "MOVED -1 host:1",
	    "MOVED 16384 host:1", "ASK 1 host:x", "MOVEDED 1 host:1",
	    "NOSCRIPT No matching script.",
	    "CROSSSLOT Keys in request don't hash to the same slot"};
	struct redirection redirection;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(read_error(&redirection, errors[i]), REDIRECTION_NONE);
}

static void a_host_that_is_too_long_is_none(void **state)
{
	char text[800] = "MOVED 1 ";
	struct redirection redirection;

	(void)state;
	memset(text + 8, 'h', 700);
	memcpy(text + 708, ":1", 3);
	assert_int_equal(read_error(&redirection, text), REDIRECTION_NONE);
}

static void a_reply_that_is_no_error_redirects_nobody(void **state)
{
	char text[] = "MOVED 1 host:1";
	redisReply reply = {.type = REDIS_REPLY_STRING, .str = text, .len = sizeof(text) - 1};
	struct redirection redirection;

	(void)state;
	assert_int_equal(redirection_read(&redirection, &reply, &asked), REDIRECTION_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(moved_and_ask_name_a_slot_and_a_server),
	    cmocka_unit_test(a_host_that_is_not_told_is_the_one_that_was_asked),
	    cmocka_unit_test(some_errors_are_for_a_moment),
	    cmocka_unit_test(any_other_error_is_what_it_is),
	    cmocka_unit_test(a_host_that_is_too_long_is_none),
	    cmocka_unit_test(a_reply_that_is_no_error_redirects_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
