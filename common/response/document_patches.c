#include "document_internal.h"

/* So many equal bytes between two differences are cheaper sent than skipped. */
enum { PATCH_GAP = 32 };

static size_t patch_end(const struct patch *patch)
{
	return patch->offset + patch->len;
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

void document_mark_dirty(struct document *doc, size_t offset, size_t len)
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
