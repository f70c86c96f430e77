#include "gateway_members.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "gateway_names_internal.h"

enum {
	MOST_SECONDS = 7 * 24 * 3600,
	MOST_RETRIES = 100,
	MOST_FALLBACKS = 50,
	NUMBER_BYTES = 32,
};

static const char *const fallback_names[GATEWAY_FALLBACKS] = {
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
};

static bool wrong_type(
    struct api_error *error, const char *name, const char *expected, struct span value)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_type",
	    "Invalid type for '%s': expected %s, but got %s instead.", name, expected,
	    json_type_name(json_type(value)));
}

static bool wrong_value(struct api_error *error, const char *name, const char *expected)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_value",
	    "Invalid value for '%s': expected %s.", name, expected);
}

static bool take_seconds(
    double *seconds, const char *name, struct span value, struct api_error *error)
{
	char digits[NUMBER_BYTES + 1] = "";
	double read;

	if (json_type(value) != JSON_NUMBER)
		return wrong_type(error, name, "a number of seconds", value);
	memcpy(digits, value.p, value.len < NUMBER_BYTES ? value.len : NUMBER_BYTES);
	read = strtod(digits, NULL);
	if (!(read > 0))
		return wrong_value(error, name, "more than 0 seconds");
	*seconds = read < MOST_SECONDS ? read : MOST_SECONDS;
	return true;
}

static bool take_retries(int *retries, const char *name, struct span value, struct api_error *error)
{
	long long read;

	if (json_type(value) != JSON_NUMBER)
		return wrong_type(error, name, "an integer", value);
	if (!json_integer(value, &read) || read < 0)
		return wrong_value(error, name, "an integer of 0 or more");
	*retries = (int)(read < MOST_RETRIES ? read : MOST_RETRIES);
	return true;
}

static bool take_flag(bool *flag, const char *name, struct span value, struct api_error *error)
{
	enum json_type type = json_type(value);

	if (type != JSON_TRUE && type != JSON_FALSE)
		return wrong_type(error, name, "a boolean", value);
	*flag = type == JSON_TRUE;
	return true;
}

static bool take_fallbacks(
    struct span *fallbacks, const char *name, struct span value, struct api_error *error)
{
	static const char expected[] = "a list of models' names, or of objects with one";
	struct json_scan scan = json_open(value, 0);
	struct span element;
	size_t count = 0;

	if (json_type(value) != JSON_ARRAY)
		return wrong_type(error, name, expected, value);
	while (json_element(&scan, &element)) {
		if (json_type(element) != JSON_STRING && json_type(element) != JSON_OBJECT)
			return wrong_type(error, name, expected, element);
		count++;
	}
	if (count > MOST_FALLBACKS)
		return wrong_value(error, name, "50 models at most");
	*fallbacks = value;
	return true;
}

static bool obey(
    struct gateway_members *members, const char *name, struct span value, struct api_error *error)
{
	if (strcmp(name, "stream_timeout") == 0)
		return take_seconds(&members->stream_timeout, name, value, error);
	if (strcmp(name, "timeout") == 0 || strcmp(name, "request_timeout") == 0)
		return take_seconds(&members->timeout, name, value, error);
	if (strcmp(name, "num_retries") == 0 || strcmp(name, "max_retries") == 0)
		return take_retries(&members->num_retries, name, value, error);
	if (strcmp(name, "disable_fallbacks") == 0)
		return take_flag(&members->disable_fallbacks, name, value, error);
	for (size_t i = 0; i < GATEWAY_FALLBACKS; i++) {
		if (strcmp(name, fallback_names[i]) == 0)
			return take_fallbacks(&members->fallbacks[i], name, value, error);
	}
	return true;
}

bool gateway_members_take(
    struct gateway_members *members, struct span name, struct span value, struct api_error *error)
{
	const struct gateway_name *known = gateway_name_find(name);

	if (known == NULL || !json_is_given(value))
		return true;
	if (known->handling != OBEYED) {
		members->unmet = members->unmet || known->handling != BOOKKEEPING;
		return true;
	}
	members->obeyed = true;
	return obey(members, known->name, value, error);
}

bool gateway_members_read(
    struct gateway_members *members, struct span body, struct api_error *error)
{
	struct json_scan scan = json_open(body, 0);
	struct span key, value;
	struct buf scratch = {0};
	bool valid = true;

	*members = (struct gateway_members)GATEWAY_MEMBERS_INIT;
	while (valid && json_member(&scan, &key, &value))
		valid = gateway_members_take(members, json_name(&scratch, key), value, error);
	buf_free(&scratch);
	return valid;
}

static void separate(struct buf *out)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_putc(out, ',');
}

static void write_targets(struct buf *out, struct span list, bool may_map);

/* An object that has a model's name for a member, and a list of models as its value. */
static void write_mapping(struct buf *out, struct span mapping)
{
	struct json_scan scan = json_open(mapping, 0);
	struct span key, list;

	buf_putc(out, '{');
	while (json_member(&scan, &key, &list)) {
		if (json_type(list) != JSON_ARRAY)
			continue;
		json_write_name(out, key);
		write_targets(out, list, false);
	}
	buf_putc(out, '}');
}

/* Beside a model's name, LiteLLM lets it say what to ask that model instead. */
static void write_targets(struct buf *out, struct span list, bool may_map)
{
	struct json_scan scan = json_open(list, 0);
	struct span element, model;

	buf_putc(out, '[');
	while (json_element(&scan, &element)) {
		bool is_object = json_type(element) == JSON_OBJECT;

		model = is_object ? json_get(element, "model") : element;
		if (json_type(model) != JSON_STRING && !(is_object && may_map))
			continue;
		separate(out);
		if (json_type(model) == JSON_STRING)
			buf_append_span(out, model);
		else
			write_mapping(out, element);
	}
	buf_putc(out, ']');
}

static void write_name(struct buf *out, const char *name)
{
	separate(out);
	buf_printf(out, "\"%s\":", name);
}

static void write_seconds(struct buf *out, const char *name, double seconds)
{
	if (seconds <= 0)
		return;
	write_name(out, name);
	buf_printf(out, "%.15g", seconds);
}

void gateway_members_write(struct buf *out, const struct gateway_members *members)
{
	write_seconds(out, "timeout", members->timeout);
	write_seconds(out, "stream_timeout", members->stream_timeout);
	if (members->num_retries >= 0) {
		write_name(out, "num_retries");
		buf_printf(out, "%d", members->num_retries);
	}
	if (members->disable_fallbacks) {
		write_name(out, "disable_fallbacks");
		buf_puts(out, "true");
	}
	for (size_t i = 0; i < GATEWAY_FALLBACKS; i++) {
		if (members->fallbacks[i].len == 0)
			continue;
		write_name(out, fallback_names[i]);
		write_targets(out, members->fallbacks[i], true);
	}
}

size_t gateway_members_in_front(struct span joined)
{
	struct buf object = {0};
	struct json_scan scan;
	struct span key, value;
	const char *quote = joined.len > 1 ? memchr(joined.p + 1, '"', joined.len - 1) : NULL;
	size_t len = 0;

	if (quote == NULL ||
	    !gateway_member_is_obeyed((struct span){joined.p + 1, (size_t)(quote - joined.p) - 1}))
		return 0;
	buf_putc(&object, '{');
	buf_append_span(&object, joined);
	buf_putc(&object, '}');
	scan = json_open(buf_span(&object), 0);
	while (json_member(&scan, &key, &value) && gateway_member_is_obeyed(key))
		len = (size_t)(value.p + value.len - object.data) - 1;
	buf_free(&object);
	return len < joined.len ? len + 1 : len;
}
