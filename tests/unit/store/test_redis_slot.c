#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/keys.h"
#include "common/store/redis_slot.h"

static int slot(const char *key)
{
	return redis_slot(span_of(key));
}

/* As CLUSTER KEYSLOT answers. */
static void a_key_is_in_the_slot_of_its_crc(void **state)
{
	(void)state;
	assert_int_equal(slot("123456789"), 0x31C3);
	assert_int_equal(slot("foo"), 12182);
	assert_int_equal(slot("a"), 15495);
	assert_int_equal(slot(""), 0);
	assert_int_equal(redis_slot((struct span){"\0\xff", 2}), 7920);
}

static void only_the_hash_tag_counts_if_there_is_one(void **state)
{
	(void)state;
	assert_int_equal(slot("{user1000}.following"), 3443);
	assert_int_equal(slot("{user1000}.followers"), slot("user1000"));
	assert_int_equal(slot("foo{{bar}}zap"), slot("{bar"));
	assert_int_equal(slot("foo{bar}{zap}"), slot("bar"));
}

static void an_empty_or_open_tag_is_none(void **state)
{
	(void)state;
	assert_int_equal(slot("foo{}{bar}"), 8363);
	assert_int_not_equal(slot("foo{}{bar}"), slot("bar"));
	assert_int_not_equal(slot("{bar"), slot("bar"));
	assert_int_not_equal(slot("}bar{"), slot("bar"));
}

static void the_keys_of_a_response_are_in_one_slot(void **state)
{
	struct key_space space;
	struct response_keys keys;

	(void)state;
	key_space_init(&space, "prod");
	response_keys(&keys, &space, "litellm_poll_abc123");
	assert_int_equal(slot(keys.job), slot(keys.response));
	assert_int_equal(slot(keys.events), slot(keys.response));
	assert_int_equal(slot(space.held), slot(space.queue));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_in_the_slot_of_its_crc),
	    cmocka_unit_test(only_the_hash_tag_counts_if_there_is_one),
	    cmocka_unit_test(an_empty_or_open_tag_is_none),
	    cmocka_unit_test(the_keys_of_a_response_are_in_one_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
