#include "common/base/json.h"
#include "messages_internal.h"
#include "common/dialect/sealed.h"

/* Appends the texts of a list of parts, as the inside of one JSON string. */
static void join_texts(struct buf *out, struct span parts)
{
	struct json_scan scan = json_open(parts, 0);
	struct span part, text;

	while (json_type(parts) == JSON_ARRAY && json_element(&scan, &part)) {
		text = json_get(part, "text");
		if (json_type(text) == JSON_STRING)
			buf_append_span(out, json_inside(text));
	}
}

/* text is the inside of a JSON string, signature is decoded. */
static void write_thinking(struct buf *out, struct span text, struct span signature)
{
	buf_puts(out, "{\"type\":\"thinking\",\"thinking\":\"");
	buf_append_span(out, text);
	buf_puts(out, "\",\"signature\":");
	json_quote(out, signature);
	buf_putc(out, '}');
}

/* Nothing if the reasoning is not from there. */
static void write_signed(
    struct buf *out, struct request_writer *writer, const struct messages_fields *item)
{
	const struct span *of = item->of;
	struct buf data = {0}, text = {0};
	enum sealed_kind kind = SEALED_DETAILS;

	if (!sealed_read(of[FIELD_ENCRYPTED], writer->deployment->id, &kind, &data))
		kind = SEALED_DETAILS;
	if (kind == SEALED_SIGNATURE)
		join_texts(&text, of[FIELD_SUMMARY]);
	if (kind == SEALED_SIGNATURE || kind == SEALED_OMITTED) {
		write_thinking(out, buf_span(&text), buf_span(&data));
	} else if (kind == SEALED_REDACTED) {
		buf_puts(out, "{\"type\":\"redacted_thinking\",\"data\":");
		json_quote(out, buf_span(&data));
		buf_putc(out, '}');
	}
	buf_free(&text);
	buf_free(&data);
}

static void write_unsigned(struct buf *out, const struct messages_fields *item)
{
	const struct span *of = item->of;
	struct buf text = {0};

	join_texts(&text, of[FIELD_CONTENT]);
	if (text.len == 0)
		join_texts(&text, of[FIELD_SUMMARY]);
	if (text.len > 0)
		write_thinking(out, buf_span(&text), (struct span){0});
	buf_free(&text);
}

void messages_write_thinking(
    struct buf *out, struct request_writer *writer, const struct messages_fields *item)
{
	size_t before = out->len;

	if (writer->without_thinking)
		return;
	write_signed(out, writer, item);
	if (out->len == before && request_has_quirk(writer, QUIRK_UNSIGNED_THINKING))
		write_unsigned(out, item);
}
