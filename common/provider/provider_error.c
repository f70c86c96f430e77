#include "provider_error.h"

#include "common/base/json.h"
#include "common/response/response_error.h"

enum { QUOTED_BYTES = 300 };

/* An error in words: many providers' "error" or "detail" is just a string. */
static struct span plain_message(struct span body, struct buf *decoded)
{
	static const char *const names[] = {"error", "detail", "message"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_decode(json_get(body, names[i]), decoded))
			return buf_span(decoded);
	return body;
}

static void made_error(struct buf *out, long status, struct span body, const char *code)
{
	struct buf message = {0}, decoded = {0};
	struct span quoted = plain_message(body, &decoded);

	buf_printf(&message, "The provider answered HTTP %ld", status);
	if (quoted.len > QUOTED_BYTES)
		quoted.len = QUOTED_BYTES;
	buf_puts(&message, quoted.len != 0 ? ": " : ".");
	buf_append_span(&message, quoted);
	response_error_make(out, code, buf_span(&message));
	buf_free(&message);
	buf_free(&decoded);
}

/*
 * The error that the provider's body has, an object with a message; else empty. Google's is in a
 * list.
 */
static struct span find_error(struct span body)
{
	struct json_scan scan = json_open(body, JSON_ACCEPT_BAD_UTF8);
	struct span first, error = {0};

	if (!json_check(body, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return error;
	if (json_type(body) == JSON_ARRAY && json_element(&scan, &first))
		body = first;
	error = json_get(body, "error");
	return json_type(json_get(error, "message")) == JSON_STRING ? error : (struct span){0};
}

void provider_error(struct buf *out, long status, struct span body, const struct secrets *secrets)
{
	struct buf clean = {0};
	struct span error;

	secrets_redact(&clean, body, secrets);
	error = find_error(buf_span(&clean));
	if (error.len > 0)
		response_error_write(out, error);
	else
		made_error(out, status, buf_span(&clean), "upstream_error");
	buf_free(&clean);
}

static void write_with_code_of(struct buf *out, struct span error, long status)
{
	struct buf code = {0};

	json_quote(&code, span_of(response_error_code(status)));
	response_error_write_as(out, error, buf_span(&code));
	buf_free(&code);
}

void provider_error_translated(
    struct buf *out, long status, struct span body, const struct secrets *secrets)
{
	struct buf clean = {0};
	struct span error, code, type;

	secrets_redact(&clean, body, secrets);
	error = find_error(buf_span(&clean));
	code = json_get(error, "code");
	type = json_get(error, "type");
	if (error.len == 0)
		made_error(out, status, buf_span(&clean), response_error_code(status));
	else if (json_is_text(code))
		response_error_write(out, error);
	else if (json_string_is(json_get(buf_span(&clean), "type"), "error") && json_is_text(type))
		response_error_write_as(out, error, type);
	else
		write_with_code_of(out, error, status);
	buf_free(&clean);
}
