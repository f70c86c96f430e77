#include "api_error.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/json.h"

bool api_error_set(struct api_error *error, int status, const char *type, const char *param,
    const char *code, const char *format, ...)
{
	va_list args;

	error->status = status;
	error->type = type;
	error->param = param;
	error->member[0] = '\0';
	error->code = code;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return false;
}

bool api_error_of_member(struct api_error *error, struct span member)
{
	snprintf(error->member, sizeof(error->member), "%.*s", (int)member.len, member.p);
	return false;
}

static void put_member(struct buf *out, const char *prefix, const char *value)
{
	buf_puts(out, prefix);
	if (value == NULL)
		buf_puts(out, "null");
	else
		json_quote(out, span_of(value));
}

static void put_param(struct buf *out, const struct api_error *error)
{
	char whole[sizeof(error->member) + 64];

	snprintf(whole, sizeof(whole), "%.63s.%s", error->param, error->member);
	put_member(out, ",\"param\":", whole);
}

void api_error_json(struct buf *out, const struct api_error *error)
{
	api_error_json_as(out, error, error->message);
}

void api_error_json_as(struct buf *out, const struct api_error *error, const char *message)
{
	put_member(out, "{\"error\":{\"message\":", message);
	put_member(out, ",\"type\":", error->type);
	if (error->member[0] != '\0')
		put_param(out, error);
	else
		put_member(out, ",\"param\":", error->param);
	put_member(out, ",\"code\":", error->code);
	buf_puts(out, "}}");
}
