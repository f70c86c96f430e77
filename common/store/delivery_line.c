#include "delivery_line.h"

#include <string.h>

#include "common/base/decimal.h"

#define ID_PREFIX "wh_"

static const char hex_digits[] = "0123456789abcdef";

static bool consists_of(struct span text, const char *characters)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\0' || strchr(characters, text.p[i]) == NULL)
			return false;
	}
	return text.len > 0;
}

static bool take_endpoint(char out[WEBHOOK_NAME_SIZE], struct span *text)
{
	struct span name;

	if (!span_split(text, ' ', &name) || name.len > WEBHOOK_NAME_MAX ||
	    memchr(name.p, '\0', name.len) != NULL)
		return false;
	memcpy(out, name.p, name.len);
	out[name.len] = '\0';
	return webhook_name_valid(out);
}

static bool take_response(char out[RESPONSE_ID_MAX + 1], struct span *text)
{
	struct span id;

	return span_split(text, ' ', &id) && response_id_copy(out, id);
}

static bool take_status(enum response_status *out, struct span *text)
{
	struct span name;

	if (!span_split(text, ' ', &name))
		return false;
	*out = response_status_find(name);
	return response_status_is_terminal(*out);
}

static bool take_number(long long *out, struct span *text)
{
	enum { MOST_DIGITS = 15 }; /* as of a time in a member of the sorted set */

	return decimal_take(text, MOST_DIGITS, out) && span_skip(text, " ");
}

bool delivery_line_read(struct delivery_line *out, struct span text)
{
	if (!take_endpoint(out->endpoint, &text) || !take_response(out->response, &text) ||
	    !take_status(&out->how, &text) || !take_number(&out->ended_at, &text) ||
	    !take_number(&out->gone_at, &text) || !take_number(&out->due_at, &text) ||
	    !take_number(&out->tries, &text) || !take_number(&out->claims, &text) ||
	    !take_number(&out->tried_at, &text))
		return false;
	out->why = text;
	return true;
}

bool delivery_id_copy(char out[DELIVERY_ID_SIZE], struct span id)
{
	struct span digits = id;

	if (id.len != DELIVERY_ID_SIZE - 1 || !span_skip(&digits, ID_PREFIX) ||
	    !consists_of(digits, hex_digits))
		return false;
	memcpy(out, id.p, id.len);
	out[id.len] = '\0';
	return true;
}
