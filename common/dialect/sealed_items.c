#include "sealed_items.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/json.h"

static const char seal[] = "respool.";

static bool is_sealed(struct span item)
{
	struct span content = json_get(item, "encrypted_content");

	return json_type(item) == JSON_OBJECT &&
	       json_string_is(json_get(item, "type"), "reasoning") &&
	       json_type(content) == JSON_STRING && content.len > sizeof(seal) &&
	       memcmp(content.p + 1, seal, sizeof(seal) - 1) == 0;
}

static bool has_sealed(struct span input)
{
	struct json_scan scan = json_open(input, 0);
	struct span item;

	while (json_element(&scan, &item)) {
		if (is_sealed(item))
			return true;
	}
	return false;
}

static void write_others(struct buf *out, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	const char *separator = "";
	struct span item;

	buf_putc(out, '[');
	while (json_element(&scan, &item)) {
		if (is_sealed(item))
			continue;
		buf_puts(out, separator);
		buf_append_span(out, item);
		separator = ",";
	}
	buf_putc(out, ']');
}

void sealed_items_leave_out(struct buf *body)
{
	struct span text = buf_span(body), input;
	struct buf other = {0};

	/* Nearly no body has the word: one look at its bytes is all that it costs. */
	if (memmem(text.p, text.len, seal, sizeof(seal) - 1) == NULL)
		return;
	input = json_get(text, "input");
	if (json_type(input) != JSON_ARRAY || !has_sealed(input))
		return;
	buf_append(&other, text.p, (size_t)(input.p - text.p));
	write_others(&other, input);
	buf_append(&other, input.p + input.len, (size_t)(text.p + text.len - input.p) - input.len);
	buf_free(body);
	*body = other;
}
