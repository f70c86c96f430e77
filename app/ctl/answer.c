#include "answer.h"

#include "common/base/json.h"

static void add_part(struct buf *out, struct span part)
{
	const struct span type = json_get(part, "type");
	const struct span text =
	    json_get(part, json_string_is(type, "refusal") ? "refusal" : "text");

	if (!json_is_text(text))
		return;
	if (out->len > 0)
		buf_putc(out, '\n');
	json_decode(text, out);
}

static void add_message(struct buf *out, struct span item)
{
	struct json_scan scan = json_open(json_get(item, "content"), JSON_ACCEPT_BAD_UTF8);
	struct span part;

	while (json_element(&scan, &part))
		add_part(out, part);
}

void answer_text(struct buf *out, struct span object, bool whole)
{
	struct json_scan scan = json_open(json_get(object, "output"), JSON_ACCEPT_BAD_UTF8);
	struct span item;

	while (json_element(&scan, &item)) {
		if (!json_string_is(json_get(item, "type"), "message"))
			continue;
		add_message(out, item);
		if (!whole && json_string_is(json_get(item, "status"), "in_progress"))
			return;
	}
}

static void add_step(struct buf *out, struct span type, struct span name)
{
	buf_puts(out, out->len > 0 ? ", " : "");
	json_decode(type, out);
	if (!json_is_text(name))
		return;
	buf_putc(out, ' ');
	json_decode(name, out);
}

size_t answer_steps(struct buf *out, struct span object, size_t known)
{
	struct json_scan scan = json_open(json_get(object, "output"), JSON_ACCEPT_BAD_UTF8);
	struct span item;
	size_t count = 0;

	while (json_element(&scan, &item)) {
		const struct span type = json_get(item, "type");

		if (!json_is_text(type) || json_string_is(type, "message"))
			continue;
		if (count++ >= known)
			add_step(out, type, json_get(item, "name"));
	}
	return count;
}

void answer_fault(struct buf *out, struct span object)
{
	const struct span error = json_get(object, "error");
	const struct span details = json_get(object, "incomplete_details");

	if (json_type(error) == JSON_OBJECT) {
		json_decode(json_get(error, "code"), out);
		buf_puts(out, out->len > 0 ? ": " : "");
		json_decode(json_get(error, "message"), out);
	} else if (json_type(details) == JSON_OBJECT) {
		json_decode(json_get(details, "reason"), out);
	}
}
