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

static void made_error(struct buf *out, long status, struct span body)
{
	struct buf message = {0}, decoded = {0};
	struct span quoted = plain_message(body, &decoded);

	buf_printf(&message, "The provider answered HTTP %ld", status);
	if (quoted.len > QUOTED_BYTES)
		quoted.len = QUOTED_BYTES;
	buf_puts(&message, quoted.len != 0 ? ": " : ".");
	buf_append_span(&message, quoted);
	buf_puts(out, "{\"code\":\"upstream_error\",\"message\":");
	json_quote(out, buf_span(&message));
	buf_putc(out, '}');
	buf_free(&message);
	buf_free(&decoded);
}

void provider_error(struct buf *out, long status, struct span body, const struct secrets *secrets)
{
	struct buf clean = {0};
	struct span text, error = {0};

	secrets_redact(&clean, body, secrets);
	text = buf_span(&clean);
	if (json_check(text, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		error = json_get(text, "error");
	if (json_type(json_get(error, "message")) == JSON_STRING)
		response_error_write(out, error);
	else
		made_error(out, status, text);
	buf_free(&clean);
}
