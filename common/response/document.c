#include "document.h"

#include <string.h>

enum {
	/* A tail this short is pushed rather than kept in place by blanks. */
	NEAR_END = 256,
	/* The blanks to leave behind a value: at least so many, at most this part of the tail. */
	MIN_SLACK = 64,
	SLACK_SHARE = 4,
	/* All blanks, beside those that are in proportion to the rest of the text. */
	BLANKS_ALLOWED = 4096,
	/* So many equal bytes between two differences are cheaper sent than skipped. */
	PATCH_GAP = 32,
	/* Looking at a node costs about as much as moving so many bytes. */
	NODE_COST = 16,
};

/* ---- differences ----------------------------------------------------------------------------- */

static size_t patch_end(const struct patch *patch)
{
	return patch->offset + patch->len;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* How many unchanged bytes lie between two stretches; 0 if they touch or overlap. */
static size_t gap_between(const struct patch *a, const struct patch *b)
{
	if (patch_end(a) < b->offset)
		return b->offset - patch_end(a);
	if (patch_end(b) < a->offset)
		return a->offset - patch_end(b);
	return 0;
}

static struct patch joined(const struct patch *a, const struct patch *b)
{
	size_t offset = min_size(a->offset, b->offset);

	return (struct patch){offset, max_size(patch_end(a), patch_end(b)) - offset};
}

static int nearest_patch(const struct document *doc, const struct patch *patch)
{
	int i, best = 0;

	for (i = 1; i < doc->patch_count; i++)
		if (gap_between(&doc->patches[i], patch) < gap_between(&doc->patches[best], patch))
			best = i;
	return best;
}

static void mark_dirty(struct document *doc, size_t offset, size_t len)
{
	struct patch patch = {offset, len};

	if (len == 0 || doc->whole)
		return;
	while (doc->patch_count > 0) {
		int i = nearest_patch(doc, &patch);

		if (gap_between(&doc->patches[i], &patch) > PATCH_GAP &&
		    doc->patch_count < DOCUMENT_PATCHES)
			break;
		patch = joined(&patch, &doc->patches[i]);
		doc->patches[i] = doc->patches[--doc->patch_count];
	}
	doc->patches[doc->patch_count++] = patch;
}

bool document_is_dirty(const struct document *doc)
{
	return doc->whole || doc->patch_count > 0;
}

size_t document_dirty_bytes(const struct document *doc)
{
	size_t bytes = 0;
	int i;

	if (doc->whole)
		return doc->text.len;
	for (i = 0; i < doc->patch_count; i++)
		bytes += doc->patches[i].len;
	return bytes;
}

void document_mark_stored(struct document *doc)
{
	doc->patch_count = 0;
	doc->whole = false;
	doc->stored_len = doc->text.len;
}

void document_mark_unknown(struct document *doc)
{
	doc->patch_count = 0;
	doc->whole = true;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

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
			doc->moved += NODE_COST;
		return before;
	}
	for (; before != NULL && before->start > start; before = before->prev)
		doc->moved += NODE_COST;
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
 * Moves text[from, to) by n bytes, and with it what begins there; the values around node end later.
 */
static void move_text(struct document *doc, struct node *node, const struct node *outermost,
    size_t from, size_t to, size_t n)
{
	struct node *other;

	memmove(doc->text.data + from + n, doc->text.data + from, to - from);
	doc->moved += to - from;
	for (other = doc->last; other != NULL && other->start >= from; other = other->prev) {
		doc->moved += NODE_COST;
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
	mark_dirty(doc, from, to + n - from);
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

/* Sees to it that at least n blanks follow the value; more if it is likely to grow again. */
static void make_room(struct document *doc, struct node *node, size_t n, bool growing)
{
	size_t from = node->end + node->slack, old_len = doc->text.len, by;
	struct node *donor;

	if (node->slack >= n)
		return;
	by = n - node->slack;
	donor = ancestor_with_slack(node, by);
	if (donor != NULL) {
		move_text(doc, node, donor, from, donor->end, by);
		donor->slack -= by;
		doc->blanks -= by;
	} else {
		by += growing ? spare_room(node, old_len - from) : 0;
		buf_reserve(&doc->text, by);
		doc->text.len += by;
		move_text(doc, node, NULL, from, old_len, by);
	}
	memset(doc->text.data + from, ' ', by);
	node->slack += by;
	doc->blanks += by;
}

/* Turns n of the blanks behind a value into part of it. */
static void use_room(struct document *doc, struct node *node, size_t n)
{
	node->end += n;
	node->slack -= n;
	doc->blanks -= n;
}

/* ---- blanks ---------------------------------------------------------------------------------- */

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

/*
 * Long values that others replaced by short ones leave many blanks. Moving all the text then costs
 * no more than making it did.
 */
static void limit_blanks(struct document *doc)
{
	size_t content = doc->text.len - doc->blanks;

	if (doc->blanks > content + BLANKS_ALLOWED)
		compact(doc);
}

/* ---- changes --------------------------------------------------------------------------------- */

/*
 * Puts two strings in front of a value's closing quote or bracket. Returns where the second begins.
 */
static size_t append_inside(
    struct document *doc, struct node *node, struct span lead, struct span value)
{
	size_t n = lead.len + value.len, at;
	char close, *p;

	limit_blanks(doc);
	at = node->end - 1;
	close = doc->text.data[at];
	make_room(doc, node, n, true);
	p = doc->text.data + at;
	memcpy(p, lead.p, lead.len);
	memcpy(p + lead.len, value.p, value.len);
	p[n] = close;
	use_room(doc, node, n);
	mark_dirty(doc, at, n + 1);
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
	move_text(doc, before, NULL, at, old_len, n);
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
		mark_dirty(doc, offset + begin, i - begin);
	}
}

void document_replace(struct document *doc, struct node *node, struct span value)
{
	size_t old_len = node->end - node->start, i;

	if (value.len > old_len)
		make_room(doc, node, value.len - old_len, false);
	document_overwrite(doc, node->start, value);
	if (value.len >= old_len) {
		use_room(doc, node, value.len - old_len);
		return;
	}
	for (i = node->start + value.len; i < node->end; i++)
		doc->text.data[i] = ' ';
	mark_dirty(doc, node->start + value.len, old_len - value.len);
	node->slack += old_len - value.len;
	doc->blanks += old_len - value.len;
	node->end = node->start + value.len;
	limit_blanks(doc);
}
