#include "json_internal.h"

void json_canonical(struct buf *out, struct span value)
{
	struct json_scan s = json_open(value, JSON_ACCEPT_BAD_UTF8);
	const char *begin;

	while (s.p < s.end) {
		begin = s.p;
		if (*begin == '"') {
			if (!json_skip_string(&s))
				return;
			buf_putc(out, '"');
			json_text(out, (struct span){begin + 1, (size_t)(s.p - begin) - 2}, NULL);
			buf_putc(out, '"');
		} else if (is_blank(*begin)) {
			s.p++;
		} else {
			while (s.p < s.end && *s.p != '"' && !is_blank(*s.p))
				s.p++;
			buf_append(out, begin, (size_t)(s.p - begin));
		}
	}
}

void json_write_name(struct buf *out, struct span raw)
{
	if (out->data[out->len - 1] != '{')
		buf_putc(out, ',');
	buf_putc(out, '"');
	json_text(out, raw, NULL);
	buf_puts(out, "\":");
}

void json_begin_element(struct buf *out)
{
	if (out->data[out->len - 1] != '[')
		buf_putc(out, ',');
}

void json_quote(struct buf *out, struct span bytes)
{
	const char *p = first_byte(bytes), *end = p + bytes.len, *run;

	buf_putc(out, '"');
	while (p < end) {
		run = json_plain_end(p, end);
		buf_append(out, p, (size_t)(run - p));
		p = run;
		if (p == end)
			break;
		if ((unsigned char)*p < 0x80) {
			json_append_escaped(out, (unsigned char)*p++);
			continue;
		}
		p = json_copy_character(out, p, end);
	}
	buf_putc(out, '"');
}
