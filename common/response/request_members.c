#include "request_members.h"

#include <string.h>

#include "common/base/alloc.h"
#include "create_request_internal.h"

enum { MAX_MODEL_BYTES = 512 };

static bool invalid_body(struct api_error *error, const char *message)
{
	return api_error_set(error, 400, "invalid_request_error", NULL, NULL, "%s", message);
}

bool request_body_check(struct span body, struct api_error *error)
{
	const char *what = NULL;
	size_t offset = 0;

	if (body.len == 0)
		return invalid_body(error, "The request body is empty, expected a JSON object.");
	if (!json_check(body, 0, &what, &offset))
		return api_error_set(error, 400, "invalid_request_error", NULL, NULL,
		    "The request body is not valid JSON: %s at byte %zu.", what, offset);
	while (json_is_blank((unsigned char)body.p[0])) {
		body.p++;
		body.len--;
	}
	if (json_type(body) != JSON_OBJECT)
		return api_error_set(error, 400, "invalid_request_error", NULL, NULL,
		    "The request body must be a JSON object, not %s.",
		    json_type_name(json_type(body)));
	return true;
}

static struct span name_at(const struct request_members *members, size_t i)
{
	size_t start = i == 0 ? 0 : members->ends[i - 1];

	return (struct span){members->names.data + start, members->ends[i] - start};
}

/* Notes the name of a member; false if there is one of that name, or there are too many. */
static bool add_name(struct request_members *members, struct span key, struct api_error *error)
{
	struct span name;

	if (members->count == REQUEST_MAX_MEMBERS)
		return invalid_body(error, "The request body has more than 256 members.");
	json_text(&members->names, key, NULL);
	members->ends[members->count] = members->names.len;
	name = name_at(members, members->count);
	for (size_t i = 0; i < members->count; i++) {
		if (span_eq(name_at(members, i), name))
			return api_error_set(error, 400, "invalid_request_error", NULL,
			    "duplicate_parameter", "The parameter '%.*s' is given more than once.",
			    (int)(name.len < 64 ? name.len : 64), name.p);
	}
	members->count++;
	return true;
}

void request_members_open(struct request_members *members, struct span body)
{
	members->scan = json_open(body, 0);
	members->names = (struct buf){0};
	members->count = 0;
	members->failed = false;
	buf_reserve(&members->names, 1); /* so that an empty name has a place, too */
}

bool request_members_next(struct request_members *members, struct span *key, struct span *name,
    struct span *value, struct api_error *error)
{
	if (!json_member(&members->scan, key, value))
		return false;
	members->failed = !add_name(members, *key, error);
	if (!members->failed)
		*name = name_at(members, members->count - 1);
	return !members->failed;
}

bool request_members_close(struct request_members *members)
{
	buf_free(&members->names);
	return !members->failed;
}

bool request_read_model(char **model, struct span value, struct api_error *error)
{
	struct buf name = {0};
	bool valid = false;

	if (!json_decode(value, &name)) {
		create_request_invalid_type(error, "model", "a string", value);
	} else if (name.len == 0) {
		api_error_set(error, 404, "invalid_request_error", "model", "model_not_found",
		    "The requested model '' does not exist.");
	} else if (name.len > MAX_MODEL_BYTES) {
		create_request_invalid_value(error, "model", "it is longer than 512 bytes");
	} else if (memchr(name.data, '\0', name.len) != NULL) {
		create_request_invalid_value(error, "model", "it contains the character U+0000");
	} else {
		*model = xmemdup(name.data, name.len);
		valid = true;
	}
	buf_free(&name);
	return valid;
}

bool request_read_flag(bool *flag, const char *name, struct span value, struct api_error *error)
{
	enum json_type type = json_type(value);

	if (type != JSON_TRUE && type != JSON_FALSE && type != JSON_NULL)
		return create_request_invalid_type(error, name, "a boolean", value);
	*flag = type == JSON_TRUE;
	return true;
}

void request_body_name_model(struct buf *out, struct span body, const char *model)
{
	const char *brace = memchr(body.p, '{', body.len);
	size_t before = (size_t)(brace - body.p) + 1;

	buf_puts(out, "{\"model\":");
	json_quote(out, span_of(model));
	if (!json_is_empty((struct span){brace, body.len - before + 1}))
		buf_putc(out, ',');
	buf_append(out, body.p + before, body.len - before);
}
