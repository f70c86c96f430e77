#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <stdio.h>

#include "common/base/lookup.h"

struct answer {
	int count;
	char address[LOOKUP_ADDRESS_SIZE];
	char error[128];
};

static void note(void *ctx, const char *address, const char *error)
{
	struct answer *answer = ctx;

	answer->count++;
	snprintf(answer->address, sizeof(answer->address), "%s", address != NULL ? address : "");
	snprintf(answer->error, sizeof(answer->error), "%s", error != NULL ? error : "");
}

static struct answer look_up(const char *host)
{
	struct event_base *base = event_base_new();
	struct answer answer = {0};

	assert_non_null(lookup_start(base, host, note, &answer));
	assert_int_equal(answer.count, 0);
	event_base_dispatch(base);
	assert_int_equal(answer.count, 1);
	event_base_free(base);
	return answer;
}

static void a_name_becomes_an_address(void **state)
{
	(void)state;
	assert_string_equal(look_up("localhost").address, "127.0.0.1");
}

static void a_name_that_nobody_has_is_an_error(void **state)
{
	struct answer answer = look_up("no such host");

	(void)state;
	assert_string_equal(answer.address, "");
	assert_true(answer.error[0] != '\0');
}

static void a_lookup_that_is_cancelled_is_not_answered(void **state)
{
	struct event_base *base = event_base_new();
	struct answer answer = {0};

	(void)state;
	lookup_cancel(lookup_start(base, "localhost", note, &answer));
	event_base_dispatch(base);
	assert_int_equal(answer.count, 0);
	event_base_free(base);
	lookup_cancel(NULL);
}

static void an_address_is_known_as_one(void **state)
{
	(void)state;
	assert_true(lookup_is_numeric("127.0.0.1"));
	assert_true(lookup_is_numeric("::1"));
	assert_false(lookup_is_numeric("localhost"));
	assert_false(lookup_is_numeric(""));
}

static int count_threads(void)
{
	DIR *directory = opendir("/proc/self/task");
	int count = 0;

	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

/* What a thread has not freed yet would be taken for a leak. */
static int await_threads(void **state)
{
	int tries = 1000;

	(void)state;
	while (count_threads() > 1 && tries-- > 0)
		poll(NULL, 0, 10);
	return count_threads() == 1 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_becomes_an_address),
	    cmocka_unit_test(a_name_that_nobody_has_is_an_error),
	    cmocka_unit_test(a_lookup_that_is_cancelled_is_not_answered),
	    cmocka_unit_test(an_address_is_known_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, await_threads);
}
