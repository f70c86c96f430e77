#include <string.h>

#include "common/dialect/call_id.h"
#include "common/base/json.h"
#include "messages_internal.h"

static const char param[] = "input";

/* In a request each call has an id of its own. */
static void write_id(struct buf *out, const struct request_call *call)
{
	struct buf id = {0};

	if (call->number == 0) {
		call_id_write(out, CALL_ID_WORD, call->id);
		return;
	}
	buf_append_span(&id, call->id);
	buf_printf(&id, "#%zu", call->number);
	call_id_write(out, CALL_ID_WORD, buf_span(&id));
	buf_free(&id);
}

static bool is_word(struct span name)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] == '\0' || strchr(letters, name.p[i]) == NULL)
			return false;
	}
	return name.len > 0 && name.len <= TOOL_NAME_MAX;
}

/* What a tool that the request may lack is called; false if it cannot be called so. */
static bool write_tool_name(
    struct buf *out, const struct tool_names *tools, struct span space, struct span name)
{
	const struct tool_name *tool = tool_names_of_client(tools, space, name);
	struct tool_names unknown = {0};
	bool written = tool != NULL;

	if (!written && is_word(name) && (space.len == 0 || is_word(space))) {
		tool_names_add(
		    &unknown, TOOL_FUNCTION, space.len > 0 ? space : (struct span){0}, name);
		tool = &unknown.names[0];
		written = true;
	}
	if (written)
		json_quote(out, span_of(tool->sent));
	tool_names_free(&unknown);
	return written;
}

static bool put_call_name(
    struct buf *out, struct request_writer *writer, const struct messages_fields *item)
{
	struct buf space = {0}, name = {0};
	bool written;

	json_decode(item->of[FIELD_NAMESPACE], &space);
	json_decode(item->of[FIELD_NAME], &name);
	buf_cstr(&name);
	written = write_tool_name(out, &writer->tools, buf_span(&space), buf_span(&name)) ||
		  request_invalid(writer, param,
		      "Invalid 'input': the name '%.80s' of a call must be 1 to 64 of the "
		      "characters A-Z, a-z, 0-9, _ and -.",
		      name.data);
	buf_free(&space);
	buf_free(&name);
	return written;
}

static void put_text_input(struct buf *out, struct span text)
{
	buf_puts(out, "{\"input\":");
	if (json_type(text) == JSON_STRING)
		buf_append_span(out, text);
	else
		buf_puts(out, "\"\"");
	buf_putc(out, '}');
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
		put_text_input(out, arguments);
	buf_free(&decoded);
}

/*
 * Calls of tools that OpenAI's models know by themselves, and what they are called if a client has
 * declared functions for them.
 */
static const struct {
	const char *type, *function;
	enum messages_field arguments;
} built_in[] = {
    {"local_shell_call", "local_shell", FIELD_ACTION},
    {"shell_call", "shell", FIELD_ACTION},
    {"apply_patch_call", "apply_patch", FIELD_OPERATION},
};

static bool put_built_in(
    struct buf *out, struct request_writer *writer, const struct messages_fields *item, size_t i)
{
	struct span name = span_of(built_in[i].function);

	if (tool_names_of_client(&writer->tools, (struct span){0}, name) == NULL)
		return request_refuse_always(writer, param,
		    "it has no calls of type '%s', and no function called '%s' is among the tools",
		    built_in[i].type, built_in[i].function);
	json_quote(out, name);
	buf_puts(out, ",\"input\":");
	put_arguments(out, item->of[built_in[i].arguments]);
	return true;
}

/* Appends the name and, as another member, the input. */
static bool put_name_and_input(
    struct buf *out, struct request_writer *writer, const struct messages_fields *item)
{
	struct span type = item->of[FIELD_TYPE];

	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
		if (json_string_is(type, built_in[i].type))
			return put_built_in(out, writer, item, i);
	}
	if (!put_call_name(out, writer, item))
		return false;
	buf_puts(out, ",\"input\":");
	if (json_string_is(type, "custom_tool_call"))
		put_text_input(out, item->of[FIELD_INPUT]);
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
	if (!put_name_and_input(out, writer, item))
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
