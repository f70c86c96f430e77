#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/slot_map.h"

static const struct redis_address asked = {"10.0.0.1", 7000};
static struct slot_map map;

static bool read_reply(const char *protocol)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;
	bool ok;

	assert_int_equal(redisReaderFeed(reader, protocol, strlen(protocol)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	ok = slot_map_read(&map, reply, &asked);
	freeReplyObject(reply);
	redisReaderFree(reader);
	return ok;
}

static void expect_owner(int slot, const char *host, int port)
{
	const struct redis_address *owner = slot_map_owner(&map, slot);

	assert_non_null(owner);
	assert_string_equal(owner->host, host);
	assert_int_equal(owner->port, port);
}

#define SERVER(host, port)         "*3\r\n" host ":" port "\r\n$4\r\nname\r\n"
#define HOST_2                     "$8\r\n10.0.0.2\r\n"
#define HOST_3                     "$8\r\n10.0.0.3\r\n"
#define RANGE(first, last, server) "*3\r\n:" first "\r\n:" last "\r\n" server

static void forget(void)
{
	slot_map_free(&map);
}

static void each_slot_has_the_master_of_its_range(void **state)
{
	(void)state;
	assert_true(read_reply("*3\r\n" RANGE("0", "5000", SERVER(HOST_2, "1")) RANGE(
	    "5001", "9999", SERVER(HOST_3, "2")) RANGE("16383", "16383", SERVER(HOST_2, "1"))));
	expect_owner(0, "10.0.0.2", 1);
	expect_owner(5000, "10.0.0.2", 1);
	expect_owner(5001, "10.0.0.3", 2);
	expect_owner(16383, "10.0.0.2", 1);
	assert_null(slot_map_owner(&map, 10000));
	assert_int_equal(map.node_count, 2);
	forget();
}

static void replicas_are_passed_over(void **state)
{
	(void)state;
	assert_true(read_reply("*1\r\n*4\r\n:0\r\n:9\r\n" SERVER(HOST_2, "1") SERVER(HOST_3, "2")));
	assert_int_equal(map.node_count, 1);
	forget();
}

static void a_host_that_is_not_told_is_the_one_that_was_asked(void **state)
{
	(void)state;
	assert_true(read_reply("*3\r\n" RANGE("0", "1", SERVER("$-1\r\n", "1")) RANGE(
	    "2", "3", SERVER("$0\r\n\r\n", "2")) RANGE("4", "5", SERVER("$1\r\n?\r\n", "3"))));
	expect_owner(0, "10.0.0.1", 1);
	expect_owner(2, "10.0.0.1", 2);
	expect_owner(4, "10.0.0.1", 3);
	forget();
}

static void what_stands_beside_the_host_is_read_if_that_is_not_known(void **state)
{
	(void)state;
	assert_true(read_reply(
	    "*2\r\n"
	    "*3\r\n:0\r\n:1\r\n*4\r\n$7\r\nr.local\r\n:1\r\n$4\r\nname\r\n"
	    "*2\r\n$2\r\nip\r\n" HOST_2 "*3\r\n:2\r\n:3\r\n*4\r\n$1\r\n?\r\n:2\r\n$4\r\nname\r\n"
	    "*2\r\n$2\r\nip\r\n" HOST_3));
	expect_owner(0, "r.local", 1);
	expect_owner(2, "10.0.0.3", 2);
	forget();
}

static void a_broken_reply_changes_nothing(void **state)
{
	static const char *const broken[] = {
	    "*0\r\n",
	    "-ERR This instance has cluster support disabled\r\n",
	    "+OK\r\n",
	    "*1\r\n:1\r\n",
	    "*1\r\n*2\r\n:0\r\n:1\r\n",
	    "*1\r\n*3\r\n:0\r\n:1\r\n:2\r\n",
	    "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n" HOST_3,
	    "*1\r\n" RANGE("0", "16384", SERVER(HOST_3, "2")),
	    "*1\r\n" RANGE("-1", "1", SERVER(HOST_3, "2")),
	    "*1\r\n" RANGE("2", "1", SERVER(HOST_3, "2")),
	    "*1\r\n" RANGE("0", "1", SERVER(HOST_3, "0")),
	    "*1\r\n" RANGE("0", "1", SERVER(HOST_3, "65536")),
	    "*1\r\n" RANGE("0", "1", SERVER(HOST_3, "-4294967295")),
	    "*2\r\n" RANGE("0", "1", SERVER(HOST_3, "2")) ":1\r\n",
	};
	size_t i;

	(void)state;
	assert_true(read_reply("*1\r\n" RANGE("0", "9", SERVER(HOST_2, "1"))));
	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_false(read_reply(broken[i]));
		expect_owner(0, "10.0.0.2", 1);
		assert_int_equal(map.node_count, 1);
	}
	forget();
}

static void a_slot_moves_and_its_server_may_be_new(void **state)
{
	const struct redis_address old = {"10.0.0.2", 1}, new = {"10.0.0.3", 2};

	(void)state;
	assert_true(read_reply("*1\r\n" RANGE("0", "1", SERVER(HOST_2, "1"))));
	slot_map_move(&map, 0, &new);
	expect_owner(0, "10.0.0.3", 2);
	expect_owner(1, "10.0.0.2", 1);
	assert_true(slot_map_has(&map, &old));
	slot_map_move(&map, 1, &new);
	assert_true(slot_map_has(&map, &new));
	assert_false(slot_map_has(&map, &old));
	assert_false(slot_map_has(&map, &asked));
	forget();
}

static void the_next_reply_replaces_what_was_known(void **state)
{
	const struct redis_address old = {"10.0.0.2", 1};

	(void)state;
	assert_true(read_reply("*1\r\n" RANGE("0", "9", SERVER(HOST_2, "1"))));
	assert_true(read_reply("*1\r\n" RANGE("5", "9", SERVER(HOST_3, "2"))));
	assert_null(slot_map_owner(&map, 0));
	assert_false(slot_map_has(&map, &old));
	forget();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_slot_has_the_master_of_its_range),
	    cmocka_unit_test(replicas_are_passed_over),
	    cmocka_unit_test(a_host_that_is_not_told_is_the_one_that_was_asked),
	    cmocka_unit_test(what_stands_beside_the_host_is_read_if_that_is_not_known),
	    cmocka_unit_test(a_broken_reply_changes_nothing),
	    cmocka_unit_test(a_slot_moves_and_its_server_may_be_new),
	    cmocka_unit_test(the_next_reply_replaces_what_was_known),
	};

	slot_map_init(&map);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
