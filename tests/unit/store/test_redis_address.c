#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/redis_address.h"

static void expect(const char *text, const char *host, int port)
{
	struct redis_address address;

	assert_true(redis_address_parse(&address, text));
	assert_string_equal(address.host, host);
	assert_int_equal(address.port, port);
}

static void an_address_is_host_and_port(void **state)
{
	(void)state;
	expect("127.0.0.1:6379", "127.0.0.1", 6379);
	expect("redis-0.redis.svc:65535", "redis-0.redis.svc", 65535);
	expect("2001:db8::1:6380", "2001:db8::1", 6380);
	expect("[2001:db8::1]:6380", "2001:db8::1", 6380);
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"", ":", "host", "host:", ":6379", "host:0", "host:65536",
	    "host:-1", "host: 1", "host:+1", "host:1x", "host:99999999999999999999"};
	struct redis_address address;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(redis_address_parse(&address, bad[i]));
}

static void a_host_has_its_greatest_length(void **state)
{
	char text[REDIS_HOST_SIZE + 8];
	struct redis_address address;

	(void)state;
	memset(text, 'h', sizeof(text));
	memcpy(text + REDIS_HOST_SIZE - 1, ":1", 3);
	assert_true(redis_address_parse(&address, text));
	assert_int_equal(strlen(address.host), REDIS_HOST_SIZE - 1);
	assert_int_equal(address.port, 1);
	memset(text, 'h', sizeof(text));
	memcpy(text + REDIS_HOST_SIZE, ":1", 3);
	assert_false(redis_address_parse(&address, text));
	text[REDIS_HOST_SIZE] = '\0';
	assert_false(redis_address_set(&address, text, 1));
}

static void a_path_is_a_socket(void **state)
{
	struct redis_address address;
	char text[REDIS_ADDRESS_TEXT_SIZE];

	(void)state;
	assert_true(redis_address_set(&address, "/run/redis.sock", 6379));
	assert_true(redis_address_is_socket(&address));
	assert_int_equal(address.port, 0);
	assert_string_equal(redis_address_text(&address, text), "/run/redis.sock");
}

static void its_text_has_brackets_where_it_needs_them(void **state)
{
	struct redis_address address;
	char text[REDIS_ADDRESS_TEXT_SIZE];

	(void)state;
	assert_true(redis_address_set(&address, "::1", 6379));
	assert_string_equal(redis_address_text(&address, text), "[::1]:6379");
	assert_true(redis_address_set(&address, "localhost", 6379));
	assert_string_equal(redis_address_text(&address, text), "localhost:6379");
}

static void addresses_differ_by_host_and_by_port(void **state)
{
	struct redis_address a, b, c, d;

	(void)state;
	assert_true(redis_address_set(&a, "h", 1) && redis_address_set(&b, "h", 1) &&
		    redis_address_set(&c, "h", 2) && redis_address_set(&d, "i", 1));
	assert_true(redis_address_same(&a, &b));
	assert_false(redis_address_same(&a, &c));
	assert_false(redis_address_same(&a, &d));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_is_host_and_port),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(a_host_has_its_greatest_length),
	    cmocka_unit_test(a_path_is_a_socket),
	    cmocka_unit_test(its_text_has_brackets_where_it_needs_them),
	    cmocka_unit_test(addresses_differ_by_host_and_by_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
