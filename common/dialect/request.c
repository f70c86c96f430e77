#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/config/model.h"

void request_writer_free(struct request_writer *writer)
{
	tool_names_free(&writer->tools);
	buf_free(&writer->left_out);
}

bool request_has_quirk(struct request_writer *writer, enum quirk quirk)
{
	if (!writer->knows_quirks)
		writer->quirks = deployment_quirks(writer->deployment, writer->model);
	writer->knows_quirks = true;
	return (writer->quirks & 1u << quirk) != 0;
}

void request_write_model(struct buf *out, const struct request_writer *writer)
{
	char *name = model_upstream_name(writer->deployment, writer->model);

	json_quote(out, span_of(name));
	free(name);
}

static const char separator[] = ", ";

static bool is_left_out(struct request_writer *writer, const char *what)
{
	size_t len = strlen(what);
	const char *name = buf_cstr(&writer->left_out), *end;

	for (;; name = end + strlen(separator)) {
		end = strstr(name, separator);
		if (end == NULL)
			return strcmp(name, what) == 0;
		if ((size_t)(end - name) == len && memcmp(name, what, len) == 0)
			return true;
	}
}

void request_leave_out(struct request_writer *writer, const char *what)
{
	if (is_left_out(writer, what))
		return;
	if (writer->left_out.len > 0)
		buf_puts(&writer->left_out, separator);
	buf_puts(&writer->left_out, what);
}

static bool set_unsupported(
    struct request_writer *writer, const char *param, const char *format, va_list args)
{
	char why[256];

	vsnprintf(why, sizeof(why), format, args);
	return api_error_set(&writer->error, 400, "invalid_request_error", param,
	    "unsupported_parameter",
	    "'%s' is not supported by the %s, which the model '%.100s' is served by: %s", param,
	    dialect_name(writer->dialect), writer->model, why);
}

bool request_refuse(struct request_writer *writer, const char *param, const char *format, ...)
{
	va_list args;

	if (writer->deployment->drop_params) {
		request_leave_out(writer, param);
		return true;
	}
	va_start(args, format);
	set_unsupported(writer, param, format, args);
	va_end(args);
	return false;
}

bool request_refuse_always(
    struct request_writer *writer, const char *param, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_unsupported(writer, param, format, args);
	va_end(args);
	return false;
}

bool request_invalid(struct request_writer *writer, const char *param, const char *format, ...)
{
	char text[384];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return api_error_set(
	    &writer->error, 400, "invalid_request_error", param, "invalid_value", "%s", text);
}

bool request_item_invalid(struct request_writer *writer, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return request_invalid(writer, "input", "Invalid 'input[%zu]': %s.", writer->index, why);
}

bool request_says_something(
    struct request_writer *writer, struct span instructions, struct span input)
{
	if (json_is_given(input) && !json_is_empty(input))
		return true;
	if (json_is_given(instructions) && !span_is(instructions, "\"\""))
		return true;
	return request_invalid(writer, "input", "Invalid 'input': there is nothing to answer.");
}
