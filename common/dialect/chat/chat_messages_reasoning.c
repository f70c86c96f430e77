#include "chat_messages_internal.h"

#include "common/base/json.h"
#include "common/dialect/sealed.h"

static void append_element(struct buf *to, struct span elements)
{
	if (to->len > 0 && elements.len > 0)
		buf_putc(to, ',');
	buf_append_span(to, elements);
}

/* Appends the texts of the parts, the inside of a JSON string. */
static void read_texts(struct buf *text, struct span parts)
{
	struct json_scan scan = json_open(parts, 0);
	struct span part, value;

	while (json_element(&scan, &part)) {
		value = json_get(part, "text");
		if (json_type(value) == JSON_STRING)
			chat_text_append(text, json_inside(value));
	}
}

/* What is shown is a summary, or all of it where the model's own words are known. */
static void read_text(struct buf *text, struct span item)
{
	read_texts(text, json_get(item, "content"));
	if (text->len == 0)
		read_texts(text, json_get(item, "summary"));
}

/* What stands between the brackets of an array; a client may have changed what was sealed. */
static bool elements_of(struct span *array)
{
	struct json_scan scan = json_open(*array, 0);
	struct span element;

	if (!json_check(*array, 0, NULL, NULL) || json_type(*array) != JSON_ARRAY ||
	    !json_element(&scan, &element))
		return false;
	array->p++;
	array->len--;
	while (array->p[array->len - 1] != ']')
		array->len--;
	array->len--;
	return true;
}

static bool add_sealed(struct chat_messages *messages, struct span item)
{
	struct span sealed = json_get(item, "encrypted_content"), elements;
	enum sealed_kind kind;
	struct buf data = {0};
	bool added = json_is_given(sealed) &&
		     sealed_read(sealed, messages->writer->deployment->id, &kind, &data) &&
		     kind == SEALED_DETAILS;

	elements = buf_span(&data);
	added = added && elements_of(&elements);
	if (added)
		append_element(&messages->details, elements);
	buf_free(&data);
	return added;
}

static void add_text_detail(struct chat_messages *messages, struct span inside)
{
	append_element(&messages->details, SPAN("{\"type\":\"reasoning.text\",\"text\":\""));
	buf_append_span(&messages->details, inside);
	buf_puts(&messages->details, "\"}");
}

bool chat_reasoning_add(struct chat_messages *messages, struct span item)
{
	struct buf text = {0};
	bool kept = false;

	read_text(&text, item);
	if (messages->reasoning_sent_back && text.len > 0) {
		chat_text_append(&messages->reasoning, buf_span(&text));
		kept = true;
	}
	if (messages->reasoning_details && add_sealed(messages, item)) {
		kept = true;
	} else if (messages->reasoning_details && text.len > 0) {
		add_text_detail(messages, buf_span(&text));
		kept = true;
	}
	buf_free(&text);
	if (!kept)
		request_leave_out(messages->writer, "input.reasoning");
	return true;
}

void chat_reasoning_attach(struct chat_messages *messages)
{
	chat_text_append(&messages->turn.reasoning, buf_span(&messages->reasoning));
	append_element(&messages->turn.details, buf_span(&messages->details));
	buf_clear(&messages->reasoning);
	buf_clear(&messages->details);
}

void chat_reasoning_write(struct chat_messages *messages)
{
	const struct chat_turn *turn = &messages->turn;

	if (turn->reasoning.len > 0) {
		buf_puts(messages->out, ",\"reasoning_content\":\"");
		buf_append_span(messages->out, buf_span(&turn->reasoning));
		buf_putc(messages->out, '"');
	}
	if (turn->details.len > 0) {
		buf_puts(messages->out, ",\"reasoning_details\":[");
		buf_append_span(messages->out, buf_span(&turn->details));
		buf_putc(messages->out, ']');
	}
}

void chat_reasoning_drop(struct chat_messages *messages)
{
	if (messages->reasoning.len == 0 && messages->details.len == 0)
		return;
	request_leave_out(messages->writer, "input.reasoning");
	buf_clear(&messages->reasoning);
	buf_clear(&messages->details);
}
