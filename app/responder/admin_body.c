#include "admin_body.h"

#include "answers.h"
#include "body.h"
#include "common/base/json.h"

static bool is_blank(struct span text)
{
	while (text.len > 0 && json_is_blank((unsigned char)text.p[0])) {
		text.p++;
		text.len--;
	}
	return text.len == 0;
}

static bool read_member(
    struct span body, const char *name, struct span *value, struct api_error *error)
{
	struct json_scan scan = json_open(body, 0);
	struct span key, member;

	while (json_member(&scan, &key, &member)) {
		if (!json_raw_is(key, name))
			return api_error_set(error, 400, "invalid_request_error", NULL,
			    "unknown_parameter", "Unknown parameter: '%.*s', expected '%s' alone.",
			    (int)(key.len < 64 ? key.len : 64), key.p, name);
		*value = json_is_given(member) ? member : (struct span){0};
	}
	if (scan.error != NULL)
		return api_error_set(error, 400, "invalid_request_error", NULL, "invalid_json",
		    "The request body is no JSON object, expected none, or one with '%s': %s.",
		    name, scan.error);
	return true;
}

bool admin_body_take(struct handlers *handlers, const char *name, struct span *value)
{
	struct api_error error;

	*value = (struct span){0};
	if (!body_take(handlers))
		return false;
	if (is_blank(buf_span(&handlers->body)) ||
	    read_member(buf_span(&handlers->body), name, value, &error))
		return true;
	answer_error(handlers, &error);
	return false;
}
