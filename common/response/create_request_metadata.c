#include "common/base/json.h"
#include "common/base/utf8.h"
#include "create_request_internal.h"

enum {
	MAX_PAIRS = 16,
	MAX_KEY = 64,    /* characters */
	MAX_VALUE = 512, /* characters */
};

static size_t count_characters(struct span text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += !utf8_is_continuation(text.p[i]);
	return count;
}

static bool long_value(struct api_error *error, struct span key, size_t length)
{
	api_error_set(error, 400, "invalid_request_error", "metadata", "string_above_max_length",
	    "Invalid 'metadata.%.*s': string too long. Expected a string with maximum length %d, "
	    "but got a string with length %zu instead.",
	    (int)key.len, key.p, MAX_VALUE, length);
	return api_error_of_member(error, key);
}

static bool check_metadata_value(struct span key, struct span value, struct api_error *error)
{
	struct buf text = {0};
	size_t length;

	if (!json_decode(value, &text)) {
		api_error_set(error, 400, "invalid_request_error", "metadata", "invalid_type",
		    "Invalid type for 'metadata.%.*s': expected a string, but got %s instead.",
		    (int)key.len, key.p, create_request_type_name(value));
		return api_error_of_member(error, key);
	}
	length = count_characters(buf_span(&text));
	buf_free(&text);
	return length <= MAX_VALUE || long_value(error, key, length);
}

static bool long_key(struct api_error *error, struct span key, size_t length)
{
	api_error_set(error, 400, "invalid_request_error", "metadata",
	    "property_name_above_max_length",
	    "Invalid property name in 'metadata': '%.*s...' is too long. Expected a string with "
	    "maximum length %d, but got a string with length %zu instead.",
	    MAX_KEY, key.p, MAX_KEY, length);
	return api_error_of_member(error, key);
}

/* A member's name with the quotes around it. */
static struct span quoted(struct span key)
{
	return (struct span){key.p - 1, key.len + 2};
}

static bool check_pair(struct span raw_key, struct span value, struct api_error *error)
{
	struct buf key = {0};
	size_t length;
	bool valid;

	json_decode(quoted(raw_key), &key);
	buf_cstr(&key); /* so that an empty key has a place, too */
	length = count_characters(buf_span(&key));
	valid = length > MAX_KEY ? long_key(error, buf_span(&key), length)
				 : check_metadata_value(buf_span(&key), value, error);
	buf_free(&key);
	return valid;
}

static bool many_pairs(struct api_error *error, size_t pairs)
{
	return api_error_set(error, 400, "invalid_request_error", "metadata",
	    "object_above_max_properties",
	    "Invalid 'metadata': too many properties. Expected an object with at most %d "
	    "properties, but got an object with %zu properties instead.",
	    MAX_PAIRS, pairs);
}

bool create_request_check_metadata(struct span value, struct api_error *error)
{
	struct json_scan scan = json_open(value, 0);
	struct span key, member;
	bool valid = true;
	size_t pairs = 0;

	if (json_type(value) != JSON_OBJECT)
		return create_request_invalid_type(error, "metadata", "a metadata object", value);
	while (json_member(&scan, &key, &member)) {
		pairs++;
		valid = valid && check_pair(key, member, error);
	}
	return pairs > MAX_PAIRS ? many_pairs(error, pairs) : valid;
}
