#include <string.h>

#include "common/base/json.h"
#include "messages_internal.h"

/* White space beyond ASCII's, in UTF-8: what is refused as text that is empty. */
static const char *const blanks[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
    "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
    "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

/* How many bytes of the text's end, or of its beginning, are white space's: one character. */
static size_t blank_length(struct span text, bool at_end)
{
	unsigned char c;

	if (text.len == 0)
		return 0;
	c = (unsigned char)text.p[at_end ? text.len - 1 : 0];
	if (c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f))
		return 1;
	for (size_t i = 0; c >= 0x80 && i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		size_t len = strlen(blanks[i]);

		if (text.len >= len &&
		    memcmp(text.p + (at_end ? text.len - len : 0), blanks[i], len) == 0)
			return len;
	}
	return 0;
}

struct span messages_without_end_blanks(struct span text)
{
	size_t len;

	while ((len = blank_length(text, true)) > 0)
		text.len -= len;
	return text;
}

static bool may_begin_blank(struct span inside)
{
	unsigned char c = inside.len > 0 ? (unsigned char)inside.p[0] : ' ';

	return c <= ' ' || c == '\\' || c >= 0x80;
}

bool messages_is_blank(struct span string)
{
	struct buf text = {0};
	struct span rest;
	size_t len;

	if (!may_begin_blank(json_inside(string)))
		return false;
	json_decode(string, &text);
	rest = buf_span(&text);
	while ((len = blank_length(rest, false)) > 0) {
		rest.p += len;
		rest.len -= len;
	}
	buf_free(&text);
	return rest.len == 0;
}
