#include "chat_messages_internal.h"

#include "common/base/json.h"

void chat_content_free(struct chat_content *content)
{
	buf_free(&content->parts);
	buf_free(&content->text);
}

void chat_content_clear(struct chat_content *content)
{
	buf_clear(&content->parts);
	buf_clear(&content->text);
	content->other = false;
}

bool chat_content_is_empty(const struct chat_content *content)
{
	return content->parts.len == 0;
}

void chat_text_append(struct buf *to, struct span inside)
{
	if (to->len > 0 && inside.len > 0)
		buf_puts(to, "\\n\\n");
	buf_append_span(to, inside);
}

static void begin_part(struct chat_content *content)
{
	if (content->parts.len > 0)
		buf_putc(&content->parts, ',');
}

void chat_content_add_text(struct chat_content *content, struct span text)
{
	struct span inside = json_inside(text);

	if (inside.len == 0)
		return;
	begin_part(content);
	buf_puts(&content->parts, "{\"type\":\"text\",\"text\":");
	buf_append_span(&content->parts, text);
	buf_putc(&content->parts, '}');
	buf_append_span(&content->text, inside);
}

static bool add_text(struct chat_messages *messages, struct chat_content *content, struct span part)
{
	struct span text = json_get(part, "text");

	if (json_type(text) != JSON_STRING)
		return request_item_invalid(messages->writer, "a part of text has no text");
	chat_content_add_text(content, text);
	return true;
}

static bool add_refusal(
    struct chat_messages *messages, struct chat_content *content, struct span part)
{
	struct span text = json_get(part, "refusal");

	if (json_type(text) != JSON_STRING)
		return request_item_invalid(messages->writer, "a refusal has no text");
	chat_content_add_text(content, text);
	return true;
}

static bool add_image(
    struct chat_messages *messages, struct chat_content *content, struct span part)
{
	struct span url = json_get(part, "image_url"), detail = json_get(part, "detail");
	struct buf *out = &content->parts;

	if (json_type(url) != JSON_STRING && json_is_given(json_get(part, "file_id")))
		return request_refuse_always(
		    messages->writer, "input", "an image cannot be named by a file_id");
	if (json_type(url) != JSON_STRING)
		return request_item_invalid(messages->writer, "an image has no image_url");
	begin_part(content);
	buf_puts(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
	buf_append_span(out, url);
	if (json_is_given(detail)) {
		buf_puts(out, ",\"detail\":");
		buf_append_span(
		    out, json_string_is(detail, "original") ? SPAN("\"high\"") : detail);
	}
	buf_puts(out, "}}");
	content->other = true;
	return true;
}

static void write_file(
    struct chat_content *content, const char *member, struct span value, struct span filename)
{
	struct buf *out = &content->parts;

	begin_part(content);
	buf_printf(out, "{\"type\":\"file\",\"file\":{\"%s\":", member);
	buf_append_span(out, value);
	if (json_is_given(filename)) {
		buf_puts(out, ",\"filename\":");
		buf_append_span(out, filename);
	}
	buf_puts(out, "}}");
	content->other = true;
}

static bool add_file(struct chat_messages *messages, struct chat_content *content, struct span part)
{
	struct span data = json_get(part, "file_data"), id = json_get(part, "file_id");

	if (json_type(data) == JSON_STRING) {
		write_file(content, "file_data", data, json_get(part, "filename"));
		return true;
	}
	if (json_is_given(json_get(part, "file_url")))
		return request_refuse_always(
		    messages->writer, "input", "a file cannot be named by a file_url");
	if (json_type(id) != JSON_STRING)
		return request_item_invalid(messages->writer, "a file has no file_data");
	if (!messages->openai_members)
		return request_refuse_always(
		    messages->writer, "input", "a file cannot be named by a file_id");
	write_file(content, "file_id", id, (struct span){0});
	return true;
}

static bool add_audio(
    struct chat_messages *messages, struct chat_content *content, struct span part)
{
	struct span audio = json_get(part, "input_audio");

	if (json_type(audio) != JSON_OBJECT)
		return request_item_invalid(messages->writer, "a part of audio has no input_audio");
	begin_part(content);
	buf_puts(&content->parts, "{\"type\":\"input_audio\",\"input_audio\":");
	buf_append_span(&content->parts, audio);
	buf_putc(&content->parts, '}');
	content->other = true;
	return true;
}

static const struct {
	const char *type;
	bool (*add)(struct chat_messages *messages, struct chat_content *content, struct span part);
} kinds[] = {
    {"input_text", add_text},
    {"output_text", add_text},
    {"text", add_text},
    {"summary_text", add_text},
    {"reasoning_text", add_text},
    {"refusal", add_refusal},
    {"input_image", add_image},
    {"input_file", add_file},
    {"input_audio", add_audio},
};

bool chat_content_add_part(
    struct chat_messages *messages, struct chat_content *content, struct span part)
{
	struct span type = json_get(part, "type");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_string_is(type, kinds[i].type))
			return kinds[i].add(messages, content, part);
	}
	if (json_type(type) != JSON_STRING)
		return request_item_invalid(messages->writer, "a part has no type");
	return request_item_invalid(messages->writer, "parts of type '%.*s' are not known",
	    (int)(json_inside(type).len < 64 ? json_inside(type).len : 64), json_inside(type).p);
}

void chat_content_append(struct chat_content *to, const struct chat_content *content)
{
	if (content->parts.len > 0)
		begin_part(to);
	buf_append_span(&to->parts, buf_span(&content->parts));
	chat_text_append(&to->text, buf_span(&content->text));
	to->other = to->other || content->other;
}

void chat_content_write(struct buf *out, const struct chat_content *content, bool as_text)
{
	bool text = content->parts.len == 0 || (as_text && !content->other);

	buf_putc(out, text ? '"' : '[');
	buf_append_span(out, buf_span(text ? &content->text : &content->parts));
	buf_putc(out, text ? '"' : ']');
}
