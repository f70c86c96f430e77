#include <string.h>

#include "document_internal.h"

enum {
	/* A tail this short is pushed rather than kept in place by blanks. */
	NEAR_END = 256,
	/* The blanks to leave behind a value: at least so many, at most this part of the tail. */
	MIN_SLACK = 64,
	SLACK_SHARE = 4,
	/* All blanks, beside those that are in proportion to the rest of the text. */
	BLANKS_ALLOWED = 4096,
};

void document_move_text(struct document *doc, struct node *node, const struct node *outermost,
    size_t from, size_t to, size_t n)
{
	struct node *other;

	memmove(doc->text.data + from + n, doc->text.data + from, to - from);
	doc->moved += to - from;
	for (other = doc->last; other != NULL && other->start >= from; other = other->prev) {
		doc->moved += DOCUMENT_NODE_COST;
		if (other->start >= to || other == node)
			continue;
		other->start += n;
		other->end += n;
	}
	for (other = node->parent; other != NULL; other = other->parent) {
		other->end += n;
		if (other == outermost)
			break;
	}
	document_mark_dirty(doc, from, to + n - from);
}

static struct node *ancestor_with_slack(struct node *node, size_t n)
{
	struct node *other = node->parent;

	while (other != NULL && other->slack < n)
		other = other->parent;
	return other;
}

/*
 * How many blanks to leave behind a value when the text behind it, tail bytes, has to move: as much
 * as the value is long, so that it moves its tail once each time it doubles.
 */
static size_t spare_room(const struct node *node, size_t tail)
{
	size_t len = node->end - node->start;

	if (tail <= NEAR_END)
		return 0;
	return max_size(min_size(tail / SLACK_SHARE, len), MIN_SLACK);
}

void document_make_room(struct document *doc, struct node *node, size_t n, bool growing)
{
	size_t from = node->end + node->slack, old_len = doc->text.len, by;
	struct node *donor;

	if (node->slack >= n)
		return;
	by = n - node->slack;
	donor = ancestor_with_slack(node, by);
	if (donor != NULL) {
		document_move_text(doc, node, donor, from, donor->end, by);
		donor->slack -= by;
		doc->blanks -= by;
	} else {
		by += growing ? spare_room(node, old_len - from) : 0;
		buf_reserve(&doc->text, by);
		doc->text.len += by;
		document_move_text(doc, node, NULL, from, old_len, by);
	}
	memset(doc->text.data + from, ' ', by);
	node->slack += by;
	doc->blanks += by;
}

void document_use_room(struct document *doc, struct node *node, size_t n)
{
	node->end += n;
	node->slack -= n;
	doc->blanks -= n;
}

/* Moves text[*from, until) down to *to, stepping both. */
static void keep_text(struct document *doc, size_t *to, size_t *from, size_t until)
{
	memmove(doc->text.data + *to, doc->text.data + *from, until - *from);
	*to += until - *from;
	*from = until;
}

/* Takes all spare room out of the text. */
static void compact(struct document *doc)
{
	struct node *node = doc->first, *open = NULL;
	size_t to = 0, from = 0;

	doc->moved += doc->text.len;
	while (node != NULL || open != NULL) {
		if (open != NULL && (node == NULL || node->parent != open)) {
			keep_text(doc, &to, &from, open->end);
			from += open->slack;
			open->slack = 0;
			open->end = to;
			open = open->parent;
		} else {
			keep_text(doc, &to, &from, node->start);
			node->start = to;
			open = node;
			node = node->next;
		}
	}
	keep_text(doc, &to, &from, doc->text.len);
	doc->text.len = to;
	doc->blanks = 0;
	document_mark_unknown(doc);
}

void document_limit_blanks(struct document *doc)
{
	size_t content = doc->text.len - doc->blanks;

	if (doc->blanks > content + BLANKS_ALLOWED)
		compact(doc);
}
