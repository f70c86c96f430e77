#include "shown_text.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

static const char replacement[] = "\xef\xbf\xbd";

/* The character that a text which is not empty begins with; its length is 0 if it is none. */
static size_t read_character(struct span text, wchar_t *c)
{
	mbstate_t state = {0};
	size_t len;

	if (text.p[0] == '\0') {
		*c = L'\0';
		return 1;
	}
	len = mbrtowc(c, text.p, text.len, &state);
	return len == (size_t)-1 || len == (size_t)-2 ? 0 : len;
}

/* U+0080 to U+009F are control characters, U+2028 and U+2029 end lines. */
static bool is_replaced(wchar_t c)
{
	return (c >= 0x80 && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

static void append_picture(struct buf *out, wchar_t c)
{
	const char picture[] = {
	    (char)0xe2, (char)0x90, (char)(c == 0x7f ? 0xa1 : 0x80 + (unsigned char)c)};

	buf_append(out, picture, sizeof(picture));
}

static void append_shown(struct buf *out, struct span text, const char *kept)
{
	while (text.len > 0) {
		wchar_t c;
		size_t len = read_character(text, &c);

		if (len == 0 || is_replaced(c))
			buf_puts(out, replacement);
		else if ((c < 0x20 && (c == 0 || strchr(kept, (char)c) == NULL)) || c == 0x7f)
			append_picture(out, c);
		else
			buf_append(out, text.p, len);
		len = len > 0 ? len : 1;
		text = (struct span){text.p + len, text.len - len};
	}
}

void shown_line(struct buf *out, struct span text)
{
	append_shown(out, text, "");
}

void shown_lines(struct buf *out, struct span text)
{
	append_shown(out, text, "\n\t");
}

/* One whose width is not known is taken to have that of most. */
static size_t width_of(wchar_t c)
{
	int width = wcwidth(c);

	return width < 0 ? 1 : (size_t)width;
}

size_t shown_fitting(struct span text, size_t width)
{
	size_t used = 0, offset = 0;

	while (offset < text.len) {
		wchar_t c;
		size_t len = read_character((struct span){text.p + offset, text.len - offset}, &c);

		used += len > 0 ? width_of(c) : 1;
		if (used > width)
			break;
		offset += len > 0 ? len : 1;
	}
	return offset;
}

size_t shown_width(struct span text)
{
	size_t width = 0;

	while (text.len > 0) {
		wchar_t c;
		size_t len = read_character(text, &c);

		width += len > 0 ? width_of(c) : 1;
		len = len > 0 ? len : 1;
		text = (struct span){text.p + len, text.len - len};
	}
	return width;
}
