#include "sealed.h"

#include <string.h>

#include "common/base/json.h"

static const char *const kinds[SEALED_KINDS] = {
    [SEALED_SIGNATURE] = "signature",
    [SEALED_OMITTED] = "omitted",
    [SEALED_REDACTED] = "redacted",
    [SEALED_DETAILS] = "details",
};

void sealed_write(struct buf *out, enum sealed_kind kind, const char *origin, struct span data)
{
	struct buf text = {0};

	buf_printf(&text, "respool.%s.%s.", kinds[kind], origin);
	buf_append_span(&text, data);
	json_quote(out, buf_span(&text));
	buf_free(&text);
}

/* Takes word and the '.' behind it off the front. */
static bool skip_word(struct span *text, const char *word)
{
	size_t len = strlen(word);

	if (text->len <= len || memcmp(text->p, word, len) != 0 || text->p[len] != '.')
		return false;
	text->p += len + 1;
	text->len -= len + 1;
	return true;
}

static bool skip_kind(struct span *text, enum sealed_kind *kind)
{
	for (int i = 0; i < SEALED_KINDS; i++) {
		if (skip_word(text, kinds[i])) {
			*kind = (enum sealed_kind)i;
			return true;
		}
	}
	return false;
}

bool sealed_read(struct span sealed, const char *origin, enum sealed_kind *kind, struct buf *out)
{
	struct buf text = {0};
	struct span rest;
	bool read = json_decode(sealed, &text);

	rest = buf_span(&text);
	read = read && skip_word(&rest, "respool") && skip_kind(&rest, kind) &&
	       skip_word(&rest, origin);
	if (read)
		buf_append_span(out, rest);
	buf_free(&text);
	return read;
}

bool sealed_origin(struct span sealed, struct span *origin)
{
	struct span rest = json_inside(sealed);
	enum sealed_kind kind;
	const char *end;

	if (json_type(sealed) != JSON_STRING || !skip_word(&rest, "respool") ||
	    !skip_kind(&rest, &kind))
		return false;
	end = memchr(rest.p, '.', rest.len);
	if (end == NULL)
		return false;
	*origin = (struct span){rest.p, (size_t)(end - rest.p)};
	return true;
}
