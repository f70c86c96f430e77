#include <string.h>

#include "common/dialect/call_id.h"
#include "common/base/json.h"
#include "messages_internal.h"

static void write_id(struct buf *out, const struct request_call *call)
{
	request_call_write_id(out, CALL_ID_WORD, call);
}

/* Arguments that are no object, as after a model's mistake, go as text. */
static void put_arguments(struct buf *out, struct span arguments)
{
	struct buf decoded = {0};
	struct span text;

	if (json_type(arguments) == JSON_OBJECT) {
		buf_append_span(out, arguments);
		return;
	}
	if (json_type(arguments) != JSON_STRING || messages_is_blank(arguments)) {
		buf_puts(out, "{}");
		return;
	}
	json_decode(arguments, &decoded);
	text = buf_span(&decoded);
	while (text.len > 0 && strchr(" \t\r\n", text.p[0]) != NULL) {
		text.p++;
		text.len--;
	}
	if (json_type(text) == JSON_OBJECT && json_check(text, 0, NULL, NULL))
		buf_append_span(out, text);
	else
		request_call_write_text(out, arguments);
	buf_free(&decoded);
}

static bool put_name(struct buf *out, struct request_writer *writer, struct span item)
{
	struct buf name = {0};
	bool written = request_call_write_name(&name, writer, item);

	json_quote(out, buf_span(&name));
	buf_free(&name);
	return written;
}

static bool put_built_in(struct buf *out, struct request_writer *writer,
    const struct request_built_in *built_in, struct span item)
{
	json_quote(out, span_of(built_in->function));
	buf_puts(out, ",\"input\":");
	put_arguments(out, json_get(item, built_in->arguments));
	return request_check_built_in(writer, built_in);
}

/* Appends the name and, as another member, the input. */
static bool put_name_and_input(struct buf *out, struct request_writer *writer,
    const struct request_call *call, const struct messages_fields *item)
{
	struct span type = item->of[FIELD_TYPE];
	const struct request_built_in *built_in = request_built_in(type);

	if (built_in != NULL)
		return put_built_in(out, writer, built_in, call->item);
	if (!put_name(out, writer, call->item))
		return false;
	buf_puts(out, ",\"input\":");
	if (json_string_is(type, "custom_tool_call"))
		request_call_write_text(out, item->of[FIELD_INPUT]);
	else
		put_arguments(out, item->of[FIELD_ARGUMENTS]);
	return true;
}

bool messages_write_call(struct buf *out, struct request_writer *writer,
    const struct request_call *call, const struct messages_fields *item)
{
	buf_puts(out, "{\"type\":\"tool_use\",\"id\":\"");
	write_id(out, call);
	buf_puts(out, "\",\"name\":");
	if (!put_name_and_input(out, writer, call, item))
		return false;
	messages_write_mark(out, item);
	buf_putc(out, '}');
	return true;
}

/* Appends the member with a comma before it; none if there is nothing in it. */
static bool add_parts(struct messages_request *request, struct buf *blocks, struct span parts)
{
	size_t start = blocks->len, begun;
	bool done;

	buf_puts(blocks, ",\"content\":[");
	begun = blocks->len;
	done = messages_add_content(request, blocks, parts, PLACE_RESULT);
	if (blocks->len == begun)
		blocks->len = start;
	else
		buf_putc(blocks, ']');
	return done;
}

/* The same; what is neither text nor parts goes as the text of its JSON. */
static bool add_output(
    struct messages_request *request, struct buf *blocks, const struct messages_fields *item)
{
	struct span output = item->of[FIELD_OUTPUT];

	if (json_type(output) == JSON_ARRAY &&
	    !json_string_is(item->of[FIELD_TYPE], "shell_call_output"))
		return add_parts(request, blocks, output);
	if (output.len == 0 || (json_type(output) == JSON_STRING && messages_is_blank(output)))
		return true;
	buf_puts(blocks, ",\"content\":");
	if (json_type(output) == JSON_STRING)
		buf_append_span(blocks, output);
	else
		json_quote(blocks, output);
	return true;
}

bool messages_add_result(
    struct messages_request *request, struct buf *blocks, const struct request_call *call)
{
	struct messages_fields output = messages_fields_of(call->other);
	bool done = true;

	messages_begin_block(blocks);
	buf_puts(blocks, "{\"type\":\"tool_result\",\"tool_use_id\":\"");
	write_id(blocks, call);
	buf_putc(blocks, '"');
	if (call->other.len > 0)
		done = add_output(request, blocks, &output);
	else
		buf_puts(blocks, ",\"content\":\"aborted\"");
	if (call->other.len == 0 || json_string_is(output.of[FIELD_STATUS], "incomplete"))
		buf_puts(blocks, ",\"is_error\":true");
	messages_write_mark(blocks, &output);
	buf_putc(blocks, '}');
	return done;
}
