#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/idempotency.h"

static void a_tenant_s_key_is_the_same_every_time(void **state)
{
	char first[IDEMPOTENCY_KEY_SIZE], second[IDEMPOTENCY_KEY_SIZE];

	(void)state;
	idempotency_key(first, "alice", "order-7");
	idempotency_key(second, "alice", "order-7");
	assert_string_equal(first, second);
	/* printf %s "5:alice:order-7" | sha256sum */
	assert_string_equal(
	    first, "3d3e060825ecf6f74723a4c8ccd4350910f4f2d7ee04a56aada4d45d1e361afb");
}

static void another_tenant_or_key_makes_another_one(void **state)
{
	static const char *const pairs[][2] = {
	    {"alice", "k"},
	    {"bob", "k"},
	    {"", "k"},
	    {"alice", ""},
	    {"alic", "ek"},
	    {"alice:k", ""},
	    {"alice", ":k"},
	    {"", "5:alice:k"},
	};
	enum { COUNT = sizeof(pairs) / sizeof(pairs[0]) };
	char keys[COUNT][IDEMPOTENCY_KEY_SIZE];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		idempotency_key(keys[i], pairs[i][0], pairs[i][1]);
		assert_int_equal(strspn(keys[i], "0123456789abcdef"), 64);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(keys[i], keys[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tenant_s_key_is_the_same_every_time),
	    cmocka_unit_test(another_tenant_or_key_makes_another_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
