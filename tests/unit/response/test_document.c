#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "document_world.h"
#include "tests/unit/rounds.h"

static void random_changes_keep_text_nodes_and_stored_copy_right(void **state)
{
	struct world w;
	int step;

	(void)state;
	for (uint64_t seed = 0; seed < rounds(60); seed++) {
		open_world(&w, seed);
		for (step = 0; step < 150; step++) {
			random_step(&w);
			assert_world(&w);
			if (roll(&w, 3) == 0) {
				stored_copy_flush(&w.copy, &w.doc);
				assert_true(stored_copy_is(&w.copy, &w.doc));
			}
		}
		close_world(&w);
	}
}

static void a_new_document_is_to_be_written_whole(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1);
	assert_true(document_is_dirty(&w.doc));
	assert_true(w.doc.whole);
	stored_copy_flush(&w.copy, &w.doc);
	assert_false(document_is_dirty(&w.doc));
	assert_int_equal(w.doc.stored_len, w.doc.text.len);
	document_mark_unknown(&w.doc);
	assert_true(w.doc.whole);
	close_world(&w);
}

static void growth_at_the_end_is_written_with_the_closing_brackets_alone(void **state)
{
	struct world w;
	size_t before;

	(void)state;
	open_world(&w, 1);
	add_item(&w);
	add_text(&w, w.items[0]);
	append(&w, &w.items[0]->text, SPAN("some text"));
	stored_copy_flush(&w.copy, &w.doc);
	before = w.copy.bytes_written;
	append(&w, &w.items[0]->text, SPAN(" and more"));
	stored_copy_flush(&w.copy, &w.doc);
	assert_int_equal(w.copy.bytes_written - before, strlen(" and more\"}],\"tail\":null}"));
	assert_true(stored_copy_is(&w.copy, &w.doc));
	assert_int_equal(w.doc.blanks, 0);
	close_world(&w);
}

static void replacing_by_an_equal_value_leaves_nothing_to_write(void **state)
{
	struct world w;
	struct buf value = {0};

	(void)state;
	open_world(&w, 1);
	append(&w, &w.head,
	    SPAN("a head that is longer than any step of the comparison, which is 64"));
	stored_copy_flush(&w.copy, &w.doc);
	write_string(&value, &w.head);
	document_replace(&w.doc, &w.head.node, buf_span(&value));
	assert_false(document_is_dirty(&w.doc));
	buf_free(&value);
	close_world(&w);
}

static void overwriting_marks_only_the_bytes_that_differ(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1);
	append(&w, &w.head, SPAN("0123456789"));
	stored_copy_flush(&w.copy, &w.doc);
	document_overwrite(&w.doc, w.head.node.start + 1, SPAN("0123x56789"));
	assert_int_equal(w.doc.patch_count, 1);
	assert_int_equal(w.doc.patches[0].offset, w.head.node.start + 5);
	assert_int_equal(w.doc.patches[0].len, 1);
	close_world(&w);
}

static void replacing_by_a_shorter_value_leaves_blanks_for_a_longer_one(void **state)
{
	struct world w;
	size_t len;

	(void)state;
	open_world(&w, 1);
	append(&w, &w.head, SPAN("0123456789"));
	stored_copy_flush(&w.copy, &w.doc);
	len = w.doc.text.len;
	document_replace(&w.doc, &w.head.node, SPAN("null"));
	assert_int_equal(w.doc.text.len, len);
	assert_int_equal(w.head.node.slack, 8);
	assert_true(w.doc.patch_count == 1 && w.doc.patches[0].len <= 12);
	document_replace(&w.doc, &w.head.node, SPAN("\"9876543210\""));
	assert_int_equal(w.doc.text.len, len);
	assert_int_equal(w.doc.blanks, 0);
	close_world(&w);
}

static void replacing_by_a_longer_value_moves_what_follows(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1);
	add_item(&w);
	stored_copy_flush(&w.copy, &w.doc);
	document_replace(&w.doc, &w.head.node, SPAN("\"much longer\""));
	buf_puts(&w.head.value, "much longer");
	assert_world(&w);
	stored_copy_flush(&w.copy, &w.doc);
	assert_true(stored_copy_is(&w.copy, &w.doc));
	close_world(&w);
}

static void too_many_blanks_are_taken_out_and_the_text_is_written_whole(void **state)
{
	struct buf text = {0};
	struct world w;
	int i;

	(void)state;
	open_world(&w, 1);
	add_item(&w);
	add_text(&w, w.items[0]);
	for (i = 0; i < 20000; i++)
		buf_puts(&text, "x");
	append(&w, &w.items[0]->text, buf_span(&text));
	append(&w, &w.head, SPAN("h"));
	stored_copy_flush(&w.copy, &w.doc);
	document_replace(&w.doc, &w.items[0]->text.node, SPAN("\"short\""));
	buf_clear(&w.items[0]->text.value);
	buf_puts(&w.items[0]->text.value, "short");
	assert_world(&w);
	assert_true(w.doc.whole);
	assert_true(w.doc.text.len < 200);
	append(&w, &w.items[0]->text, SPAN(" again"));
	stored_copy_flush(&w.copy, &w.doc);
	assert_world(&w);
	assert_true(stored_copy_is(&w.copy, &w.doc));
	buf_free(&text);
	close_world(&w);
}

static void a_member_can_be_appended_to_an_empty_object(void **state)
{
	struct buf text = {0};
	struct document doc;
	struct node object;

	(void)state;
	buf_puts(&text, "[{}]");
	document_init(&doc, &text);
	document_add(&doc, &object, NULL, 1, 3);
	assert_int_equal(document_append_member(&doc, &object, "a", SPAN("1")), 6);
	assert_true(span_is(buf_span(&doc.text), "[{\"a\":1}]"));
	assert_int_equal(document_append_member(&doc, &object, "b", SPAN("[]")), 12);
	assert_true(span_is(buf_span(&doc.text), "[{\"a\":1,\"b\":[]}]"));
	document_free(&doc);
}

static void more_patches_than_there_is_room_for_are_joined(void **state)
{
	struct world w;
	int i;

	(void)state;
	open_world(&w, 1);
	for (i = 0; i < 200; i++)
		append(&w, &w.head, SPAN("0123456789"));
	stored_copy_flush(&w.copy, &w.doc);
	for (i = 0; i < 3 * DOCUMENT_PATCHES; i++) {
		size_t at = (size_t)(i * 7 % 24) * 80;

		document_overwrite(&w.doc, w.head.node.start + 1 + at, SPAN("x"));
		w.head.value.data[at] = 'x';
		assert_true(w.doc.patch_count <= DOCUMENT_PATCHES);
	}
	stored_copy_flush(&w.copy, &w.doc);
	assert_true(stored_copy_is(&w.copy, &w.doc));
	assert_world(&w);
	close_world(&w);
}

/* Bytes written per byte appended, times 100, when texts grow in turn to this total. */
static unsigned cost_percent(int texts, size_t total)
{
	static const char piece[] = "forty bytes of text as a delta has them.";
	size_t appended = 0, start;
	struct world w;
	int i;

	open_world(&w, 1);
	for (i = 0; i < texts; i++)
		add_item(&w);
	for (i = 0; i < texts; i++)
		add_text(&w, w.items[i]);
	stored_copy_flush(&w.copy, &w.doc);
	start = w.copy.bytes_written;
	for (i = 0; appended < total; i = (i + 1) % texts) {
		append(&w, &w.items[i]->text, SPAN(piece));
		appended += strlen(piece);
		stored_copy_flush(&w.copy, &w.doc);
		assert_blanks_are_few(&w.doc);
	}
	assert_true(stored_copy_is(&w.copy, &w.doc));
	assert_world(&w);
	start = w.copy.bytes_written - start;
	close_world(&w);
	assert_int_not_equal(appended, 0);
	return (unsigned)(start * 100 / appended);
}

static void bytes_written_per_byte_appended_do_not_grow_with_the_length(void **state)
{
	static const int texts[] = {1, 2, 3, 4, 8};
	static const unsigned limits[] = {200, 500, 700, 800, 1200};
	unsigned small, large;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		small = cost_percent(texts[i], 64 << 10);
		large = cost_percent(texts[i], 2 << 20);
		if (small > limits[i] || large > limits[i] || large > small + small / 5)
			fail_msg("%d texts: %u%% for 64 KB, %u%% for 2 MB, expected at most %u%%",
			    texts[i], small, large, limits[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_changes_keep_text_nodes_and_stored_copy_right),
	    cmocka_unit_test(a_new_document_is_to_be_written_whole),
	    cmocka_unit_test(growth_at_the_end_is_written_with_the_closing_brackets_alone),
	    cmocka_unit_test(replacing_by_an_equal_value_leaves_nothing_to_write),
	    cmocka_unit_test(overwriting_marks_only_the_bytes_that_differ),
	    cmocka_unit_test(replacing_by_a_shorter_value_leaves_blanks_for_a_longer_one),
	    cmocka_unit_test(replacing_by_a_longer_value_moves_what_follows),
	    cmocka_unit_test(too_many_blanks_are_taken_out_and_the_text_is_written_whole),
	    cmocka_unit_test(a_member_can_be_appended_to_an_empty_object),
	    cmocka_unit_test(more_patches_than_there_is_room_for_are_joined),
	    cmocka_unit_test(bytes_written_per_byte_appended_do_not_grow_with_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
