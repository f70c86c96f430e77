#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/responder/input_items.h"
#include "common/base/json.h"

enum { ITEMS = 250 };

static const char id[] = "litellm_poll_00000000-0000-4000-8000-000000000000";
static const char other_id[] = "litellm_poll_00000000-0000-4000-8000-000000000001";

/* Every kind of item: with an id, with one in escapes, without one, and what is no object. */
static void put_input(struct buf *out)
{
	buf_putc(out, '[');
	for (int i = 0; i < ITEMS; i++) {
		static const char *const kinds[] = {
		    "{\"x\":\"\\n\",\"id\":\"own_%d\",\"n\":%d}",
		    "{\"id\":\"\\u0065scaped_%d\",\"n\":%d}",
		    "{\"content\":\"%d\",\"n\":%d}",
		    "{\"type\":\"reasoning\",\"summary\":\"own_%d\",\"n\":%d}",
		    "\"%d %d\"",
		};

		buf_puts(out, i > 0 ? ", " : " ");
		buf_printf(out, kinds[i % 5], i, i);
	}
	buf_puts(out, " ]");
}

static bool list(struct buf *out, const char *response_id, struct span input, const char *query)
{
	struct items_query parsed;
	struct api_error error;
	bool found;

	buf_clear(out);
	assert_true(items_query_parse(&parsed, query, &error));
	found = input_items_list(out, response_id, input, &parsed, &error);
	items_query_free(&parsed);
	if (!found)
		assert_int_equal(error.status, 400);
	else
		assert_true(json_check(buf_span(out), 0, NULL, NULL));
	return found;
}

/* Appends the text that tells an item from the others. Returns how many items there are. */
static int add_items(struct buf *out, struct span page)
{
	struct json_scan scan = json_open(json_get(page, "data"), 0);
	struct span item;
	int count = 0;

	while (json_element(&scan, &item)) {
		buf_append_span(out, json_type(item) == JSON_OBJECT ? json_get(item, "n") : item);
		buf_putc(out, '\n');
		count++;
	}
	return count;
}

static void put_expected(struct buf *out, bool ascending)
{
	for (int n = 0; n < ITEMS; n++) {
		int i = ascending ? n : ITEMS - 1 - n;

		buf_printf(out, i % 5 == 4 ? "\"%d %d\"\n" : "%d\n", i, i);
	}
}

static void check_pages(const char *order, int limit)
{
	struct buf input = {0}, page = {0}, found = {0}, expected = {0}, last = {0}, query = {0};
	bool more = true;

	put_input(&input);
	put_expected(&expected, strcmp(order, "asc") == 0);
	while (more) {
		int count;

		buf_clear(&query);
		buf_printf(&query, "order=%s&limit=%d&after=%s", order, limit, buf_cstr(&last));
		assert_true(list(&page, id, buf_span(&input), buf_cstr(&query)));
		count = add_items(&found, buf_span(&page));
		more = json_type(json_get(buf_span(&page), "has_more")) == JSON_TRUE;
		assert_true(more ? count == limit : count > 0 && count <= limit);
		buf_clear(&last);
		assert_true(json_decode(json_get(buf_span(&page), "last_id"), &last));
	}
	assert_string_equal(buf_cstr(&found), buf_cstr(&expected));
	buf_free(&input);
	buf_free(&page);
	buf_free(&found);
	buf_free(&expected);
	buf_free(&last);
	buf_free(&query);
}

static void pages_of_any_size_follow_each_other(void **state)
{
	static const int limits[] = {1, 7, 20, 50, 99, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		check_pages("asc", limits[i]);
		check_pages("desc", limits[i]);
	}
}

static void an_id_that_was_made_is_another_response_s_elsewhere(void **state)
{
	struct buf input = {0}, page = {0}, query = {0}, made = {0};

	(void)state;
	buf_puts(&input, "[{\"a\":1},{\"a\":2},{\"a\":3}]");
	assert_true(list(&page, id, buf_span(&input), "order=asc&limit=2"));
	assert_true(json_decode(json_get(buf_span(&page), "last_id"), &made));
	assert_memory_equal(buf_cstr(&made), "msg_00000001", 12);
	buf_printf(&query, "order=asc&after=%s", buf_cstr(&made));
	assert_true(list(&page, id, buf_span(&input), buf_cstr(&query)));
	assert_false(list(&page, other_id, buf_span(&input), buf_cstr(&query)));
	buf_free(&input);
	buf_free(&page);
	buf_free(&query);
	buf_free(&made);
}

static void an_id_of_the_client_may_look_like_one_that_was_made(void **state)
{
	struct buf input = {0}, page = {0}, query = {0}, made = {0};

	(void)state;
	buf_puts(&input, "[{\"a\":1}]");
	assert_true(list(&page, id, buf_span(&input), ""));
	assert_true(json_decode(json_get(buf_span(&page), "last_id"), &made));
	buf_clear(&input);
	buf_printf(&input, "[{\"id\":\"x\"},{\"id\":\"%s\"},{\"id\":\"y\"}]", buf_cstr(&made));
	buf_printf(&query, "order=asc&after=%s", buf_cstr(&made));
	assert_true(list(&page, id, buf_span(&input), buf_cstr(&query)));
	assert_true(json_string_is(json_get(buf_span(&page), "first_id"), "y"));
	buf_free(&input);
	buf_free(&page);
	buf_free(&query);
	buf_free(&made);
}

static void what_is_in_no_id_is_not_found(void **state)
{
	struct buf input = {0}, page = {0};

	(void)state;
	buf_puts(&input, "[{\"id\":\"abc\",\"text\":\"wanted\",\"more\":{\"id\":\"inner\"}},"
			 "{\"id\":7},[{\"id\":\"deep\"}],{\"id\":\"a\\u0000b\"}]");
	assert_false(list(&page, id, buf_span(&input), "after=wanted"));
	assert_false(list(&page, id, buf_span(&input), "after=inner"));
	assert_false(list(&page, id, buf_span(&input), "after=ab"));
	assert_false(list(&page, id, buf_span(&input), "after=7"));
	assert_false(list(&page, id, buf_span(&input), "after=deep"));
	assert_false(list(&page, id, buf_span(&input), "after=a"));
	assert_false(list(&page, id, buf_span(&input), "after=a%5Cu0000b"));
	assert_true(list(&page, id, buf_span(&input), "after=a%00b"));
	assert_true(list(&page, id, buf_span(&input), "after=abc"));
	buf_free(&input);
	buf_free(&page);
}

/* The text behind the page is broken, and nobody sees it. */
static void nothing_behind_an_ascending_page_is_looked_at(void **state)
{
	struct buf page = {0};

	(void)state;
	assert_true(list(&page, id, SPAN("[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}, ..."),
	    "order=asc&limit=1&after=a"));
	assert_true(json_string_is(json_get(buf_span(&page), "last_id"), "b"));
	assert_int_equal(json_type(json_get(buf_span(&page), "has_more")), JSON_TRUE);
	buf_free(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages_of_any_size_follow_each_other),
	    cmocka_unit_test(an_id_that_was_made_is_another_response_s_elsewhere),
	    cmocka_unit_test(an_id_of_the_client_may_look_like_one_that_was_made),
	    cmocka_unit_test(what_is_in_no_id_is_not_found),
	    cmocka_unit_test(nothing_behind_an_ascending_page_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
