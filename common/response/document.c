#include "document.h"

#include <string.h>

#include "document_internal.h"

void document_init(struct document *doc, struct buf *text)
{
	*doc = (struct document){.text = *text, .whole = true};
	*text = (struct buf){0};
}

void document_free(struct document *doc)
{
	buf_free(&doc->text);
	*doc = (struct document){0};
}

/* The node after which one that starts there belongs; NULL: at the beginning. */
static struct node *last_before(struct document *doc, size_t start)
{
	struct node *before = doc->last;

	if (before != NULL && before->start > start && doc->recent != NULL &&
	    doc->recent->start <= start) {
		before = doc->recent;
		for (; before->next->start <= start; before = before->next)
			doc->moved += DOCUMENT_NODE_COST;
		return before;
	}
	for (; before != NULL && before->start > start; before = before->prev)
		doc->moved += DOCUMENT_NODE_COST;
	return before;
}

void document_add(
    struct document *doc, struct node *node, struct node *parent, size_t start, size_t end)
{
	struct node *before = last_before(doc, start);

	*node = (struct node){.parent = parent, .start = start, .end = end, .prev = before};
	node->next = before != NULL ? before->next : doc->first;
	*(node->next != NULL ? &node->next->prev : &doc->last) = node;
	*(before != NULL ? &before->next : &doc->first) = node;
	doc->recent = node;
}

void document_remove(struct document *doc, struct node *node)
{
	if (doc->recent == node)
		doc->recent = node->prev;
	*(node->prev != NULL ? &node->prev->next : &doc->first) = node->next;
	*(node->next != NULL ? &node->next->prev : &doc->last) = node->prev;
	doc->blanks -= node->slack;
}

struct span document_value(const struct document *doc, const struct node *node)
{
	return (struct span){doc->text.data + node->start, node->end - node->start};
}

/*
 * Puts two strings in front of a value's closing quote or bracket. Returns where the second begins.
 */
static size_t append_inside(
    struct document *doc, struct node *node, struct span lead, struct span value)
{
	size_t n = lead.len + value.len, at;
	char close, *p;

	document_limit_blanks(doc);
	at = node->end - 1;
	close = doc->text.data[at];
	document_make_room(doc, node, n, true);
	p = doc->text.data + at;
	memcpy(p, lead.p, lead.len);
	memcpy(p + lead.len, value.p, value.len);
	p[n] = close;
	document_use_room(doc, node, n);
	document_mark_dirty(doc, at, n + 1);
	return at + lead.len;
}

void document_append_text(struct document *doc, struct node *string, struct span escaped)
{
	if (escaped.len != 0)
		append_inside(doc, string, SPAN(""), escaped);
}

size_t document_append_element(struct document *doc, struct node *array, struct span value)
{
	bool empty = array->end - array->start == 2;

	return append_inside(doc, array, empty ? SPAN("") : SPAN(","), value);
}

size_t document_insert_before(struct document *doc, struct node *before, struct span value)
{
	size_t at = before->start, old_len = doc->text.len, n = value.len + 1;

	buf_reserve(&doc->text, n);
	doc->text.len += n;
	document_move_text(doc, before, NULL, at, old_len, n);
	before->start += n;
	before->end += n;
	memcpy(doc->text.data + at, value.p, value.len);
	doc->text.data[at + value.len] = ',';
	return at;
}

size_t document_append_member(
    struct document *doc, struct node *object, const char *name, struct span value)
{
	bool empty = object->end - object->start == 2;
	struct buf lead = {0};
	size_t at;

	buf_printf(&lead, "%s\"%s\":", empty ? "" : ",", name);
	at = append_inside(doc, object, buf_span(&lead), value);
	buf_free(&lead);
	return at;
}

void document_overwrite(struct document *doc, size_t offset, struct span bytes)
{
	char *old = doc->text.data + offset;
	size_t i = 0, begin;

	while (i < bytes.len) {
		size_t step = min_size(bytes.len - i, 64);

		if (memcmp(old + i, bytes.p + i, step) == 0) {
			i += step;
			continue;
		}
		while (old[i] == bytes.p[i])
			i++;
		for (begin = i; i < bytes.len && old[i] != bytes.p[i]; i++)
			old[i] = bytes.p[i];
		document_mark_dirty(doc, offset + begin, i - begin);
	}
}

void document_replace(struct document *doc, struct node *node, struct span value)
{
	size_t old_len = node->end - node->start, i;

	if (value.len > old_len)
		document_make_room(doc, node, value.len - old_len, false);
	document_overwrite(doc, node->start, value);
	if (value.len >= old_len) {
		document_use_room(doc, node, value.len - old_len);
		return;
	}
	for (i = node->start + value.len; i < node->end; i++)
		doc->text.data[i] = ' ';
	document_mark_dirty(doc, node->start + value.len, old_len - value.len);
	node->slack += old_len - value.len;
	doc->blanks += old_len - value.len;
	node->end = node->start + value.len;
	document_limit_blanks(doc);
}
