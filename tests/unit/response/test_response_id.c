#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/response_id.h"

static void generated_id_has_the_prefix_and_more(void **state)
{
	char id[RESPONSE_ID_SIZE];

	(void)state;
	response_id_generate(id);
	assert_memory_equal(id, "litellm_poll_", 13);
	assert_int_equal(strlen(id), RESPONSE_ID_LEN);
	assert_true(response_id_is_polling(id));
	assert_true(response_id_valid(id));
}

static void generated_id_holds_a_uuid_of_version_4(void **state)
{
	char id[RESPONSE_ID_SIZE];
	const char *uuid = id + 13;

	(void)state;
	for (int i = 0; i < 100; i++) {
		response_id_generate(id);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
		assert_true(
		    uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-');
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void generated_ids_are_unique(void **state)
{
	static char ids[10000][RESPONSE_ID_SIZE];

	(void)state;
	for (int i = 0; i < 10000; i++)
		response_id_generate(ids[i]);
	qsort(ids, 10000, sizeof(ids[0]), compare);
	for (int i = 1; i < 10000; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
}

static void ids_of_providers_are_not_polling_ids(void **state)
{
	(void)state;
	assert_false(response_id_is_polling("resp_abc123"));
	assert_false(response_id_is_polling("msg_01ABCdefGHIjklMNOpqrSTUv"));
	assert_false(response_id_is_polling("123e4567-e89b-12d3-a456-426614174000"));
}

static void detection_looks_at_the_prefix_alone(void **state)
{
	(void)state;
	assert_false(response_id_is_polling(""));
	assert_true(response_id_is_polling("litellm_poll_"));
	assert_false(response_id_is_polling("litellm_poll"));
	assert_false(response_id_is_polling("litellm_polling_abc"));
	assert_false(response_id_is_polling("LITELLM_POLL_abc"));
}

static void a_valid_id_has_a_suffix_of_letters_digits_underscores_and_hyphens(void **state)
{
	(void)state;
	assert_true(response_id_valid("litellm_poll_abc123"));
	assert_true(response_id_valid("litellm_poll_A-z_9"));
	assert_false(response_id_valid("litellm_poll_"));
	assert_false(response_id_valid("resp_abc"));
	assert_false(response_id_valid("litellm_poll_a b"));
	assert_false(response_id_valid("litellm_poll_a:b"));
	assert_false(response_id_valid("litellm_poll_{a}"));
	assert_false(response_id_valid("litellm_poll_a\r\n"));
	assert_false(response_id_valid("litellm_poll_\xc3\xa4"));
	assert_false(response_id_valid("litellm_poll_*"));
}

static void an_id_longer_than_the_maximum_is_not_valid(void **state)
{
	char id[RESPONSE_ID_MAX + 2];

	(void)state;
	memset(id, 'a', sizeof(id));
	memcpy(id, "litellm_poll_", 13);
	id[RESPONSE_ID_MAX] = '\0';
	assert_true(response_id_valid(id));
	id[RESPONSE_ID_MAX] = 'a';
	id[RESPONSE_ID_MAX + 1] = '\0';
	assert_false(response_id_valid(id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(generated_id_has_the_prefix_and_more),
	    cmocka_unit_test(generated_id_holds_a_uuid_of_version_4),
	    cmocka_unit_test(generated_ids_are_unique),
	    cmocka_unit_test(ids_of_providers_are_not_polling_ids),
	    cmocka_unit_test(detection_looks_at_the_prefix_alone),
	    cmocka_unit_test(a_valid_id_has_a_suffix_of_letters_digits_underscores_and_hyphens),
	    cmocka_unit_test(an_id_longer_than_the_maximum_is_not_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
