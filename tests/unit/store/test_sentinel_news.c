#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/sentinel_news.h"

static redisReply text(const char *value)
{
	return (redisReply){.type = REDIS_REPLY_STRING, .str = (char *)value, .len = strlen(value)};
}

static bool read_message(
    const char *kind, const char *channel, const char *payload, struct redis_address *master)
{
	redisReply parts[] = {text(kind), text(channel), text(payload)};
	redisReply *elements[] = {&parts[0], &parts[1], &parts[2]};
	redisReply message = {.type = REDIS_REPLY_ARRAY, .elements = 3, .element = elements};

	return sentinel_news_read(&message, "mymaster", master);
}

static void switch_names_the_new_master(void **state)
{
	struct redis_address master = {0};

	(void)state;
	assert_true(read_message(
	    "message", "+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 6380", &master));
	assert_string_equal(master.host, "10.0.0.2");
	assert_int_equal(master.port, 6380);
}

static void promotion_names_the_new_master(void **state)
{
	struct redis_address master = {0};

	(void)state;
	assert_true(read_message("message", "+promoted-slave",
	    "slave [fd00::2]:6380 fd00::2 6380 @ mymaster fd00::1 6379", &master));
	assert_string_equal(master.host, "fd00::2");
	assert_int_equal(master.port, 6380);
}

static void another_service_is_no_concern(void **state)
{
	struct redis_address master = {0};

	(void)state;
	assert_false(read_message(
	    "message", "+switch-master", "mymaster2 10.0.0.1 6379 10.0.0.2 6380", &master));
	assert_false(read_message("message", "+promoted-slave",
	    "slave 10.0.0.2:6380 10.0.0.2 6380 @ other 10.0.0.1 6379", &master));
	assert_string_equal(master.host, "");
}

static void what_is_no_such_message_is_no_news(void **state)
{
	struct redis_address master = {0};
	redisReply error = {.type = REDIS_REPLY_ERROR, .str = (char *)"NOPERM", .len = 6};

	(void)state;
	assert_false(sentinel_news_read(&error, "mymaster", &master));
	assert_false(read_message("subscribe", "+switch-master", "1", &master));
	assert_false(read_message("message", "+switch-master", "mymaster 10.0.0.1", &master));
	assert_false(read_message("message", "+promoted-slave", "mymaster", &master));
	assert_false(
	    read_message("message", "+sdown", "mymaster 10.0.0.1 6379 10.0.0.2 6380", &master));
	assert_false(read_message(
	    "message", "+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 0", &master));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(switch_names_the_new_master),
	    cmocka_unit_test(promotion_names_the_new_master),
	    cmocka_unit_test(another_service_is_no_concern),
	    cmocka_unit_test(what_is_no_such_message_is_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
