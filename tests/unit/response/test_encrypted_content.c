#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/encrypted_content.h"

static void add(void *ctx, struct span content)
{
	buf_append_span(ctx, content);
}

static void assert_found(const char *items, const char *expected)
{
	struct buf found = {0};

	encrypted_content_each(span_of(items), add, &found);
	assert_string_equal(buf_cstr(&found), expected);
	buf_free(&found);
}

static void the_contents_of_items_are_found_in_order(void **state)
{
	(void)state;
	assert_found("[{\"encrypted_content\":\"a\"},{\"type\":\"message\"},"
		     "{\"type\":\"compaction\",\"encrypted_content\":\"b\"}]",
	    "\"a\"\"b\"");
}

static void what_is_no_item_has_none(void **state)
{
	(void)state;
	assert_found("\"encrypted_content\"", "");
	assert_found("{\"encrypted_content\":\"a\"}", "");
	assert_found("[\"encrypted_content\",7,null,[{\"encrypted_content\":\"a\"}]]", "");
	assert_found("[{\"encrypted_content\":null},{\"encrypted_content\":\"\"},"
		     "{\"encrypted_content\":7},{\"content\":[{\"encrypted_content\":\"a\"}]}]",
	    "");
	assert_found("", "");
}

static void assert_same_hash(
    bool same, const char *tenant, const char *content, const char *other_tenant, const char *other)
{
	char a[ENCRYPTED_HASH_SIZE], b[ENCRYPTED_HASH_SIZE];

	encrypted_content_hash(a, tenant, span_of(content));
	encrypted_content_hash(b, other_tenant, span_of(other));
	assert_int_equal(strlen(a), ENCRYPTED_HASH_SIZE - 1);
	assert_int_equal(strcmp(a, b) == 0, same);
}

static void a_hash_does_not_depend_on_the_spelling(void **state)
{
	(void)state;
	assert_same_hash(true, "web", "\"gA/=\"", "web", "\"gA/=\"");
	assert_same_hash(true, "web", "\"gA/=\"", "web", "\"g\\u0041\\/=\"");
	assert_same_hash(false, "web", "\"gA/=\"", "web", "\"gA/\"");
}

static void each_tenant_has_hashes_of_its_own(void **state)
{
	(void)state;
	assert_same_hash(false, "web", "\"a\"", "", "\"a\"");
	assert_same_hash(false, "web", "\"a\"", "we", "\"ba\"");
	assert_same_hash(false, "a:", "\"b\"", "a", "\":b\"");
}

static void a_look_tells_where_there_may_be_some(void **state)
{
	(void)state;
	assert_true(encrypted_content_may_be_in(SPAN("{\"encrypted_content\":null}")));
	assert_false(encrypted_content_may_be_in(SPAN("{\"encrypted\":\"content\"}")));
	assert_false(encrypted_content_may_be_in((struct span){0}));
}

static bool is_new(struct buf *hashes, const char *content)
{
	char hash[ENCRYPTED_HASH_SIZE];
	bool new;

	encrypted_content_hash(hash, "web", span_of(content));
	new = encrypted_hash_is_new(buf_span(hashes), hash);
	if (new)
		buf_append(hashes, hash, sizeof(hash));
	return new;
}

static void a_content_is_remembered_once_for_an_answer(void **state)
{
	struct buf hashes = {0};

	(void)state;
	assert_true(is_new(&hashes, "\"a\""));
	assert_true(is_new(&hashes, "\"b\""));
	assert_false(is_new(&hashes, "\"a\""));
	buf_free(&hashes);
}

static void not_all_of_very_many_contents_are_remembered(void **state)
{
	struct buf hashes = {0};
	char content[16];

	(void)state;
	for (int i = 0; i < ENCRYPTED_MOST + 10; i++) {
		snprintf(content, sizeof(content), "\"%d\"", i);
		assert_int_equal(is_new(&hashes, content), i < ENCRYPTED_MOST);
	}
	buf_free(&hashes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_contents_of_items_are_found_in_order),
	    cmocka_unit_test(what_is_no_item_has_none),
	    cmocka_unit_test(a_hash_does_not_depend_on_the_spelling),
	    cmocka_unit_test(each_tenant_has_hashes_of_its_own),
	    cmocka_unit_test(a_content_is_remembered_once_for_an_answer),
	    cmocka_unit_test(not_all_of_very_many_contents_are_remembered),
	    cmocka_unit_test(a_look_tells_where_there_may_be_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
