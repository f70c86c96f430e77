#include "create_request.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"

enum {
	MAX_MEMBERS = 256,
	MAX_MODEL_BYTES = 512,
	MAX_METADATA_PAIRS = 16,
	MAX_METADATA_KEY = 64,    /* characters */
	MAX_METADATA_VALUE = 512, /* characters */
};

/* The names of an object's members in their canonical spelling, one after the other. */
struct names {
	struct buf text;
	size_t ends[MAX_MEMBERS];
	size_t count;
};

static bool invalid_type(
    struct api_error *error, const char *name, const char *expected, struct span value)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_type",
	    "Invalid type for '%s': expected %s, but got %s.", name, expected,
	    json_type_name(json_type(value)));
}

static bool invalid_value(struct api_error *error, const char *name, const char *message)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_value",
	    "Invalid value for '%s': %s.", name, message);
}

static bool invalid_body(struct api_error *error, const char *message)
{
	return api_error_set(error, 400, "invalid_request_error", NULL, NULL, "%s", message);
}

static struct span name_at(const struct names *names, size_t i)
{
	size_t start = i == 0 ? 0 : names->ends[i - 1];

	return (struct span){names->text.data + start, names->ends[i] - start};
}

/* Notes the name of a member; false if there is one of that name, or there are too many. */
static bool add_name(struct names *names, struct span key, struct api_error *error)
{
	struct span name;

	if (names->count == MAX_MEMBERS)
		return invalid_body(error, "The request body has more than 256 members.");
	json_text(&names->text, key, NULL);
	names->ends[names->count] = names->text.len;
	name = name_at(names, names->count);
	for (size_t i = 0; i < names->count; i++) {
		if (span_eq(name_at(names, i), name))
			return api_error_set(error, 400, "invalid_request_error", NULL,
			    "duplicate_parameter", "The parameter '%.*s' is given more than once.",
			    (int)(name.len < 64 ? name.len : 64), name.p);
	}
	names->count++;
	return true;
}

static bool read_model(struct create_request *request, struct span value, struct api_error *error)
{
	struct buf model = {0};
	bool valid = false;

	if (!json_decode(value, &model)) {
		invalid_type(error, "model", "a string", value);
	} else if (model.len == 0) {
		invalid_value(error, "model", "it is empty, expected the name of a model");
	} else if (model.len > MAX_MODEL_BYTES) {
		invalid_value(error, "model", "it is longer than 512 bytes");
	} else if (memchr(model.data, '\0', model.len) != NULL) {
		invalid_value(error, "model", "it contains the character U+0000");
	} else {
		request->model = xmemdup(model.data, model.len);
		request->fields[RESPONSE_MODEL] = value;
		valid = true;
	}
	buf_free(&model);
	return valid;
}

static bool read_flag(bool *flag, const char *name, struct span value, struct api_error *error)
{
	enum json_type type = json_type(value);

	if (type != JSON_TRUE && type != JSON_FALSE && type != JSON_NULL)
		return invalid_type(error, name, "true, false or null", value);
	*flag = type == JSON_TRUE;
	return true;
}

static bool read_background(
    struct create_request *request, struct span value, struct api_error *error)
{
	request->fields[RESPONSE_BACKGROUND] = value;
	return read_flag(&request->background, "background", value, error);
}

static bool read_stream(struct create_request *request, struct span value, struct api_error *error)
{
	return read_flag(&request->stream, "stream", value, error);
}

static bool read_input(struct create_request *request, struct span value, struct api_error *error)
{
	(void)error;
	request->input = value;
	return true;
}

/* How many characters a string stands for. */
static size_t count_characters(struct span string_value)
{
	struct buf text = {0};
	size_t count = 0;

	json_decode(string_value, &text);
	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	buf_free(&text);
	return count;
}

/* A member's name with the quotes around it. */
static struct span quoted(struct span key)
{
	return (struct span){key.p - 1, key.len + 2};
}

static bool check_pair(struct span key, struct span value, struct api_error *error)
{
	int shown = (int)(key.len < MAX_METADATA_KEY ? key.len : MAX_METADATA_KEY);

	if (json_type(value) != JSON_STRING)
		return api_error_set(error, 400, "invalid_request_error", "metadata",
		    "invalid_type",
		    "Invalid type for 'metadata.%.*s': expected a string, but got %s.", shown,
		    key.p, json_type_name(json_type(value)));
	if (count_characters(quoted(key)) > MAX_METADATA_KEY)
		return api_error_set(error, 400, "invalid_request_error", "metadata",
		    "string_above_max_length",
		    "Invalid 'metadata': the key '%.*s…' is longer than 64 characters.", shown,
		    key.p);
	if (count_characters(value) > MAX_METADATA_VALUE)
		return api_error_set(error, 400, "invalid_request_error", "metadata",
		    "string_above_max_length",
		    "Invalid 'metadata.%.*s': the value is longer than 512 characters.", shown,
		    key.p);
	return true;
}

static bool read_metadata(
    struct create_request *request, struct span value, struct api_error *error)
{
	struct json_scan scan = json_open(value, 0);
	struct span key, member;
	size_t pairs = 0;

	request->fields[RESPONSE_METADATA] = value;
	if (json_type(value) == JSON_NULL)
		return true;
	if (json_type(value) != JSON_OBJECT)
		return invalid_type(error, "metadata", "an object or null", value);
	while (json_member(&scan, &key, &member)) {
		if (++pairs > MAX_METADATA_PAIRS)
			return api_error_set(error, 400, "invalid_request_error", "metadata",
			    "object_above_max_properties",
			    "Invalid 'metadata': it has more than 16 pairs.");
		if (!check_pair(key, member, error))
			return false;
	}
	return true;
}

/* The members that respool acts on. */
static const struct {
	const char *name;
	bool (*read)(struct create_request *request, struct span value, struct api_error *error);
	bool replaced; /* the provider gets another value, or a place of its own */
} known_members[] = {
    {"model", read_model, true},
    {"background", read_background, true},
    {"stream", read_stream, true},
    {"input", read_input, true},
    {"metadata", read_metadata, false},
};

static void add_to_rest(struct create_request *request, struct span key, struct span value)
{
	if (request->rest.len > 0)
		buf_putc(&request->rest, ',');
	buf_putc(&request->rest, '"');
	buf_append_span(&request->rest, key);
	buf_puts(&request->rest, "\":");
	buf_append_span(&request->rest, value);
}

#define IS(type) (1u << JSON_##type)
#define BOOLEAN  (IS(FALSE) | IS(TRUE))

/* The types that the Response object allows for what it repeats, beside null. */
static const struct {
	unsigned types;
	const char *expected;
} field_types[RESPONSE_FIELD_COUNT] = {
    [RESPONSE_PREVIOUS_RESPONSE_ID] = {IS(STRING), "a string"},
    [RESPONSE_INSTRUCTIONS] = {IS(STRING) | IS(ARRAY), "a string or an array"},
    [RESPONSE_TOOLS] = {IS(ARRAY), "an array"},
    [RESPONSE_TOOL_CHOICE] = {IS(STRING) | IS(OBJECT), "a string or an object"},
    [RESPONSE_TRUNCATION] = {IS(STRING), "a string"},
    [RESPONSE_PARALLEL_TOOL_CALLS] = {BOOLEAN, "a boolean"},
    [RESPONSE_TEXT] = {IS(OBJECT), "an object"},
    [RESPONSE_TOP_P] = {IS(NUMBER), "a number"},
    [RESPONSE_PRESENCE_PENALTY] = {IS(NUMBER), "a number"},
    [RESPONSE_FREQUENCY_PENALTY] = {IS(NUMBER), "a number"},
    [RESPONSE_TOP_LOGPROBS] = {IS(NUMBER), "an integer"},
    [RESPONSE_TEMPERATURE] = {IS(NUMBER), "a number"},
    [RESPONSE_REASONING] = {IS(OBJECT), "an object"},
    [RESPONSE_USER] = {IS(STRING), "a string"},
    [RESPONSE_MAX_OUTPUT_TOKENS] = {IS(NUMBER), "an integer"},
    [RESPONSE_MAX_TOOL_CALLS] = {IS(NUMBER), "an integer"},
    [RESPONSE_STORE] = {BOOLEAN, "a boolean"},
    [RESPONSE_SERVICE_TIER] = {IS(STRING), "a string"},
    [RESPONSE_SAFETY_IDENTIFIER] = {IS(STRING), "a string"},
    [RESPONSE_PROMPT_CACHE_KEY] = {IS(STRING), "a string"},
};

/* Keeps what the Response object repeats. Whether a value is a good one is for the provider to say.
 */
static bool keep_field(
    struct create_request *request, struct span name, struct span value, struct api_error *error)
{
	enum response_field field = response_field_find(name);
	enum json_type type = json_type(value);

	if (field == RESPONSE_FIELD_COUNT || field_types[field].types == 0)
		return true;
	if (type != JSON_NULL && !(field_types[field].types & 1u << type))
		return invalid_type(
		    error, response_field_name(field), field_types[field].expected, value);
	request->fields[field] = value;
	return true;
}

static bool read_member(struct create_request *request, struct span key, struct span name,
    struct span value, struct api_error *error)
{
	for (size_t i = 0; i < sizeof(known_members) / sizeof(known_members[0]); i++) {
		if (!span_is(name, known_members[i].name))
			continue;
		if (!known_members[i].replaced)
			add_to_rest(request, key, value);
		return known_members[i].read(request, value, error);
	}
	add_to_rest(request, key, value);
	return keep_field(request, name, value, error);
}

static bool read_members(struct create_request *request, struct api_error *error)
{
	struct json_scan scan = json_open(request->body, 0);
	struct names names = {0};
	struct span key, value;
	bool valid = true;

	buf_reserve(&names.text, 1); /* so that an empty name has a place, too */
	while (valid && json_member(&scan, &key, &value))
		valid = add_name(&names, key, error) &&
			read_member(request, key, name_at(&names, names.count - 1), value, error);
	buf_free(&names.text);
	return valid;
}

static struct span without_leading_blanks(struct span text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.p[0]) != NULL && text.p[0] != '\0') {
		text.p++;
		text.len--;
	}
	return text;
}

static bool check_body(struct span body, struct api_error *error)
{
	const char *what = NULL;
	size_t offset = 0;

	if (body.len == 0)
		return invalid_body(error, "The request body is empty, expected a JSON object.");
	if (!json_check(body, 0, &what, &offset))
		return api_error_set(error, 400, "invalid_request_error", NULL, NULL,
		    "The request body is not valid JSON: %s at byte %zu.", what, offset);
	body = without_leading_blanks(body);
	if (json_type(body) != JSON_OBJECT)
		return api_error_set(error, 400, "invalid_request_error", NULL, NULL,
		    "The request body must be a JSON object, not %s.",
		    json_type_name(json_type(body)));
	return true;
}

bool create_request_parse(struct create_request *request, struct span body, struct api_error *error)
{
	*request = (struct create_request){.body = body};
	if (!check_body(body, error) || !read_members(request, error))
		goto fail;
	if (request->model == NULL) {
		api_error_set(error, 400, "invalid_request_error", "model",
		    "missing_required_parameter", "Missing required parameter: 'model'.");
		goto fail;
	}
	return true;
fail:
	create_request_free(request);
	return false;
}

void create_request_free(struct create_request *request)
{
	free(request->model);
	buf_free(&request->rest);
	*request = (struct create_request){0};
}
