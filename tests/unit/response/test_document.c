#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/document.h"
#include "common/base/json.h"
#include "stored_copy.h"
#include "tests/unit/rounds.h"

/*
 * A document of the kind that folding makes, {"head":"…","items":[item, …],"tail":null}, where an
 * item is {"n":1,"parts":["…", …],"text":"…"} and text may be absent; and beside it a model: the
 * same values as plain strings, from which the text is written anew for each comparison.
 */
enum { MAX_ITEMS = 12, MAX_PARTS = 6 };

struct text {
	struct buf value; /* what the model expects between the quotes */
	struct node node;
	bool present;
};

struct item {
	struct node node, list;
	struct text parts[MAX_PARTS];
	size_t part_count;
	struct text text;
};

struct world {
	struct document doc;
	struct stored_copy copy;
	struct text head;
	struct node items_node, tail_node;
	struct item *items[MAX_ITEMS];
	size_t item_count;
	uint64_t random;
};

/* xorshift64*: the same sequence on every machine */
static unsigned roll(struct world *w, unsigned sides)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (unsigned)((w->random * 2685821657736338717u >> 33) % sides);
}

static void random_text(struct world *w, struct buf *out, unsigned max)
{
	static const char *const pieces[] = {
	    "a", "b", " ", "  ", "\\\"", "\\\\", "\\n", "{", "}", "[", "]", ",", ":", "\xc3\xa9"};
	unsigned i, n = roll(w, max + 1);

	buf_clear(out);
	for (i = 0; i < n; i++)
		buf_puts(out, pieces[roll(w, sizeof(pieces) / sizeof(pieces[0]))]);
}

/* ---- the model ------------------------------------------------------------------------------- */

static void write_string(struct buf *out, const struct text *text)
{
	buf_putc(out, '"');
	buf_append_span(out, buf_span(&text->value));
	buf_putc(out, '"');
}

static void write_list(struct buf *out, const struct item *item)
{
	size_t i;

	buf_putc(out, '[');
	for (i = 0; i < item->part_count; i++) {
		buf_puts(out, i != 0 ? "," : "");
		write_string(out, &item->parts[i]);
	}
	buf_putc(out, ']');
}

static void write_item(struct buf *out, const struct item *item)
{
	buf_puts(out, "{\"n\":1,\"parts\":");
	write_list(out, item);
	if (item->text.present) {
		buf_puts(out, ",\"text\":");
		write_string(out, &item->text);
	}
	buf_putc(out, '}');
}

static void write_items(struct buf *out, const struct world *w)
{
	size_t i;

	buf_putc(out, '[');
	for (i = 0; i < w->item_count; i++) {
		buf_puts(out, i != 0 ? "," : "");
		write_item(out, w->items[i]);
	}
	buf_putc(out, ']');
}

static void write_world(struct buf *out, const struct world *w)
{
	buf_puts(out, "{\"head\":");
	write_string(out, &w->head);
	buf_puts(out, ",\"items\":");
	write_items(out, w);
	buf_puts(out, ",\"tail\":null}");
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Compares but for blanks between tokens, and frees expected. */
static void assert_same(struct span actual, struct buf *expected)
{
	struct buf canonical = {0};

	json_canonical(&canonical, actual);
	if (!span_eq(buf_span(&canonical), buf_span(expected)))
		fail_msg("%.*s\nis not\n%.*s", (int)actual.len, actual.p, (int)expected->len,
		    expected->data);
	buf_free(&canonical);
	buf_free(expected);
}

static void assert_string_node(const struct world *w, const struct text *text)
{
	struct buf expected = {0};
	size_t i;

	write_string(&expected, text);
	assert_true(span_eq(document_value(&w->doc, &text->node), buf_span(&expected)));
	for (i = 0; i < text->node.slack; i++)
		assert_int_equal(w->doc.text.data[text->node.end + i], ' ');
	buf_free(&expected);
}

static void assert_item_nodes(const struct world *w, const struct item *item)
{
	struct buf expected = {0};
	size_t i;

	write_item(&expected, item);
	assert_same(document_value(&w->doc, &item->node), &expected);
	write_list(&expected, item);
	assert_same(document_value(&w->doc, &item->list), &expected);
	for (i = 0; i < item->part_count; i++)
		assert_string_node(w, &item->parts[i]);
	if (item->text.present)
		assert_string_node(w, &item->text);
}

static void assert_blanks_are_few(const struct document *doc)
{
	size_t slack = 0, content = doc->text.len - doc->blanks;
	const struct node *node;

	for (node = doc->first; node != NULL; node = node->next)
		slack += node->slack;
	assert_int_equal(slack, doc->blanks);
	assert_true(doc->text.len <= content * 5 / 2 + 5120);
}

static void assert_world(struct world *w)
{
	struct buf expected = {0};
	const char *error;
	size_t i, offset;

	if (!json_check(buf_span(&w->doc.text), 0, &error, &offset))
		fail_msg("%s at %zu", error, offset);
	write_world(&expected, w);
	assert_same(buf_span(&w->doc.text), &expected);
	assert_string_node(w, &w->head);
	for (i = 0; i < w->item_count; i++)
		assert_item_nodes(w, w->items[i]);
	assert_true(span_is(document_value(&w->doc, &w->tail_node), "null"));
	assert_blanks_are_few(&w->doc);
}

/* ---- operations on both ---------------------------------------------------------------------- */

static void open_world(struct world *w, uint64_t seed)
{
	struct buf text = {0};

	*w = (struct world){.random = seed * 0x9e3779b97f4a7c15u + 1};
	write_world(&text, w);
	document_init(&w->doc, &text);
	document_add(&w->doc, &w->tail_node, NULL, 29, 33);
	document_add(&w->doc, &w->head.node, NULL, 8, 10);
	document_add(&w->doc, &w->items_node, NULL, 19, 21);
	w->head.present = true;
	assert_world(w);
}

static void free_item(struct item *item)
{
	size_t i;

	for (i = 0; i < item->part_count; i++)
		buf_free(&item->parts[i].value);
	buf_free(&item->text.value);
	free(item);
}

static void close_world(struct world *w)
{
	size_t i;

	for (i = 0; i < w->item_count; i++)
		free_item(w->items[i]);
	buf_free(&w->head.value);
	document_free(&w->doc);
	stored_copy_free(&w->copy);
}

/* Fills an item with up to three parts. */
static void random_item(struct world *w, struct item *item)
{
	item->part_count = roll(w, 4);
	for (size_t i = 0; i < item->part_count; i++) {
		random_text(w, &item->parts[i].value, 20);
		item->parts[i].present = true;
	}
}

/* Enters the nodes within an item whose own node is in the document. */
static void enter_inside(struct world *w, struct item *item)
{
	size_t at = item->node.start + strlen("{\"n\":1,\"parts\":"), i;
	struct buf list = {0};

	write_list(&list, item);
	document_add(&w->doc, &item->list, &item->node, at, at + list.len);
	buf_free(&list);
	at++;
	for (i = 0; i < item->part_count; i++) {
		size_t len = item->parts[i].value.len + 2;

		document_add(&w->doc, &item->parts[i].node, &item->list, at, at + len);
		at += len + 1;
	}
}

static void add_item(struct world *w)
{
	struct item *item = calloc(1, sizeof(*item));
	size_t at = roll(w, (unsigned)w->item_count + 1), start;
	struct buf text = {0};

	assert_non_null(item);
	if (w->item_count == MAX_ITEMS) {
		free(item);
		return;
	}
	random_item(w, item);
	write_item(&text, item);
	if (at < w->item_count)
		start = document_insert_before(&w->doc, &w->items[at]->node, buf_span(&text));
	else
		start = document_append_element(&w->doc, &w->items_node, buf_span(&text));
	document_add(&w->doc, &item->node, &w->items_node, start, start + text.len);
	memmove(w->items + at + 1, w->items + at, (w->item_count - at) * sizeof(item));
	w->items[at] = item;
	w->item_count++;
	enter_inside(w, item);
	buf_free(&text);
}

static void append(struct world *w, struct text *text, struct span more)
{
	document_append_text(&w->doc, &text->node, more);
	buf_append_span(&text->value, more);
}

static void append_random(struct world *w, struct text *text)
{
	struct buf more = {0};

	random_text(w, &more, roll(w, 8) == 0 ? 400 : 20);
	append(w, text, buf_span(&more));
	buf_free(&more);
}

static void add_text(struct world *w, struct item *item)
{
	size_t at;

	if (item->text.present)
		return;
	at = document_append_member(&w->doc, &item->node, "text", SPAN("\"\""));
	document_add(&w->doc, &item->text.node, &item->node, at, at + 2);
	item->text.present = true;
}

static void add_part(struct world *w, struct item *item)
{
	struct text *part = &item->parts[item->part_count];
	struct buf text = {0};
	size_t at;

	if (item->part_count == MAX_PARTS)
		return;
	random_text(w, &part->value, 20);
	part->present = true;
	write_string(&text, part);
	at = document_append_element(&w->doc, &item->list, buf_span(&text));
	document_add(&w->doc, &part->node, &item->list, at, at + text.len);
	item->part_count++;
	buf_free(&text);
}

static void replace_text(struct world *w, struct text *text)
{
	struct buf value = {0};

	if (roll(w, 4) != 0)
		random_text(w, &text->value, roll(w, 4) == 0 ? 2000 : 30);
	write_string(&value, text);
	document_replace(&w->doc, &text->node, buf_span(&value));
	buf_free(&value);
}

static void replace_item(struct world *w, struct item *item)
{
	struct buf text = {0};
	size_t i;

	for (i = 0; i < item->part_count; i++) {
		document_remove(&w->doc, &item->parts[i].node);
		buf_free(&item->parts[i].value);
	}
	document_remove(&w->doc, &item->list);
	if (item->text.present)
		document_remove(&w->doc, &item->text.node);
	item->text.present = false;
	buf_free(&item->text.value);
	random_item(w, item);
	write_item(&text, item);
	document_replace(&w->doc, &item->node, buf_span(&text));
	enter_inside(w, item);
	buf_free(&text);
}

static void overwrite_head(struct world *w)
{
	size_t i, len = w->head.value.len;

	for (i = 0; i < len; i++)
		if (roll(w, 3) == 0 && w->head.value.data[i] == 'a')
			w->head.value.data[i] = 'b';
	if (len != 0)
		document_overwrite(&w->doc, w->head.node.start + 1, buf_span(&w->head.value));
}

static void random_step(struct world *w)
{
	struct item *item = w->item_count != 0 ? w->items[roll(w, (unsigned)w->item_count)] : NULL;
	unsigned what = roll(w, 100);

	if (what < 5 || item == NULL)
		add_item(w);
	else if (what < 10)
		add_text(w, item);
	else if (what < 15)
		add_part(w, item);
	else if (what < 45 && item->part_count != 0)
		append_random(w, &item->parts[roll(w, (unsigned)item->part_count)]);
	else if (what < 75 && item->text.present)
		append_random(w, &item->text);
	else if (what < 80)
		append_random(w, &w->head);
	else if (what < 85)
		replace_text(w, &w->head);
	else if (what < 92 && item->part_count != 0)
		replace_text(w, &item->parts[roll(w, (unsigned)item->part_count)]);
	else if (what < 95)
		replace_item(w, item);
	else if (what < 99)
		overwrite_head(w);
	else
		document_mark_unknown(&w->doc);
}

/* ---- tests ----------------------------------------------------------------------------------- */

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
