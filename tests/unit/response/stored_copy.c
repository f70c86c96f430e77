#include "stored_copy.h"

#include <string.h>

void stored_copy_free(struct stored_copy *copy)
{
	buf_free(&copy->text);
}

/* Like the command of that name: what lies between the end and the offset becomes NUL. */
static void setrange(struct buf *text, size_t offset, const char *data, size_t len)
{
	size_t end = offset + len;

	if (end > text->len) {
		memset(buf_reserve(text, end - text->len), 0, end - text->len);
		text->len = end;
	}
	memcpy(text->data + offset, data, len);
}

void stored_copy_flush(struct stored_copy *copy, struct document *doc)
{
	int i;

	if (doc->whole) {
		buf_clear(&copy->text);
		buf_append_span(&copy->text, buf_span(&doc->text));
		copy->bytes_written += doc->text.len;
		copy->rewrites++;
	}
	for (i = 0; i < doc->patch_count; i++) {
		const struct patch *patch = &doc->patches[i];

		setrange(&copy->text, patch->offset, doc->text.data + patch->offset, patch->len);
		copy->bytes_written += patch->len;
	}
	document_mark_stored(doc);
}

bool stored_copy_is(const struct stored_copy *copy, const struct document *doc)
{
	return span_eq(buf_span(&copy->text), buf_span(&doc->text));
}
