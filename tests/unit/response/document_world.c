#include "document_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"

/* xorshift64*: the same sequence on every machine */
unsigned roll(struct world *w, unsigned sides)
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

void write_string(struct buf *out, const struct text *text)
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

void assert_blanks_are_few(const struct document *doc)
{
	size_t slack = 0, content = doc->text.len - doc->blanks;
	const struct node *node;

	for (node = doc->first; node != NULL; node = node->next)
		slack += node->slack;
	assert_int_equal(slack, doc->blanks);
	assert_true(doc->text.len <= content * 5 / 2 + 5120);
}

void assert_world(struct world *w)
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

void open_world(struct world *w, uint64_t seed)
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

void close_world(struct world *w)
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

void add_item(struct world *w)
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

void append(struct world *w, struct text *text, struct span more)
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

void add_text(struct world *w, struct item *item)
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

void random_step(struct world *w)
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
