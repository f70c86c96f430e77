#include "create_request.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

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

/* A value's type, as OpenAI's messages call it. */
static const char *type_name(struct span value)
{
	if (json_type(value) != JSON_NUMBER)
		return json_type_name(json_type(value));
	for (size_t i = 0; i < value.len; i++) {
		if (strchr(".eE", value.p[i]) != NULL)
			return "a decimal number";
	}
	return "an integer";
}

static bool invalid_type(
    struct api_error *error, const char *name, const char *expected, struct span value)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_type",
	    "Invalid type for '%s': expected %s, but got %s instead.", name, expected,
	    type_name(value));
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
		api_error_set(error, 400, "invalid_request_error", "model", "model_not_found",
		    "The requested model '' does not exist.");
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
		return invalid_type(error, name, "a boolean", value);
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
	enum json_type type = json_type(value);

	if (type != JSON_STRING && type != JSON_ARRAY && type != JSON_NULL)
		return invalid_type(
		    error, "input", "one of a string or array of input items", value);
	request->input = value;
	return true;
}

static bool read_previous(
    struct create_request *request, struct span value, struct api_error *error)
{
	struct buf id = {0};
	bool valid = true;

	request->fields[RESPONSE_PREVIOUS_RESPONSE_ID] = value;
	if (json_type(value) == JSON_NULL)
		return true;
	if (!json_decode(value, &id)) {
		invalid_type(error, "previous_response_id", "a string", value);
		valid = false;
	} else if (id.len > 0 && memchr(id.data, '\0', id.len) != NULL) {
		valid = invalid_value(
		    error, "previous_response_id", "it contains the character U+0000");
	} else {
		request->previous_id = xmemdup(buf_cstr(&id), id.len);
		request->continues = response_id_is_polling(request->previous_id);
	}
	buf_free(&id);
	return valid;
}

static size_t count_characters(struct span text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return count;
}

static bool long_value(struct api_error *error, struct span key, size_t length)
{
	api_error_set(error, 400, "invalid_request_error", "metadata", "string_above_max_length",
	    "Invalid 'metadata.%.*s': string too long. Expected a string with maximum length %d, "
	    "but got a string with length %zu instead.",
	    (int)key.len, key.p, MAX_METADATA_VALUE, length);
	return api_error_of_member(error, key);
}

static bool check_metadata_value(struct span key, struct span value, struct api_error *error)
{
	struct buf text = {0};
	size_t length;

	if (!json_decode(value, &text)) {
		api_error_set(error, 400, "invalid_request_error", "metadata", "invalid_type",
		    "Invalid type for 'metadata.%.*s': expected a string, but got %s instead.",
		    (int)key.len, key.p, type_name(value));
		return api_error_of_member(error, key);
	}
	length = count_characters(buf_span(&text));
	buf_free(&text);
	return length <= MAX_METADATA_VALUE || long_value(error, key, length);
}

static bool long_key(struct api_error *error, struct span key, size_t length)
{
	api_error_set(error, 400, "invalid_request_error", "metadata",
	    "property_name_above_max_length",
	    "Invalid property name in 'metadata': '%.*s...' is too long. Expected a string with "
	    "maximum length %d, but got a string with length %zu instead.",
	    MAX_METADATA_KEY, key.p, MAX_METADATA_KEY, length);
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
	valid = length > MAX_METADATA_KEY ? long_key(error, buf_span(&key), length)
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
	    MAX_METADATA_PAIRS, pairs);
}

static bool read_metadata(
    struct create_request *request, struct span value, struct api_error *error)
{
	struct json_scan scan = json_open(value, 0);
	struct span key, member;
	bool valid = true;
	size_t pairs = 0;

	request->fields[RESPONSE_METADATA] = value;
	if (json_type(value) == JSON_NULL)
		return true;
	if (json_type(value) != JSON_OBJECT)
		return invalid_type(error, "metadata", "a metadata object", value);
	while (json_member(&scan, &key, &member)) {
		pairs++;
		valid = valid && check_pair(key, member, error);
	}
	return pairs > MAX_METADATA_PAIRS ? many_pairs(error, pairs) : valid;
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
    {"previous_response_id", read_previous, false},
    {"metadata", read_metadata, false},
};
enum { KNOWN_MEMBERS = sizeof(known_members) / sizeof(known_members[0]) };

/* Whether a member that begins here needs a ',' before it. */
static void separate(struct buf *out)
{
	if (out->len > 0 && strchr("{[", out->data[out->len - 1]) == NULL)
		buf_putc(out, ',');
}

static void put_name(struct buf *out, struct span key)
{
	separate(out);
	buf_putc(out, '"');
	buf_append_span(out, key);
	buf_puts(out, "\":");
}

/* What is expected of that which the Response object repeats. */
static const char *const expected_of_field[RESPONSE_FIELD_COUNT] = {
    [RESPONSE_INSTRUCTIONS] = "a string",
    [RESPONSE_TOOLS] = "an array of tools",
    [RESPONSE_TOOL_CHOICE] = "one of an object or 'none', 'auto', or 'required'",
    [RESPONSE_TRUNCATION] = "one of 'auto' or 'disabled'",
    [RESPONSE_PARALLEL_TOOL_CALLS] = "a boolean",
    [RESPONSE_TEXT] = "an object",
    [RESPONSE_TOP_P] = "a decimal",
    [RESPONSE_PRESENCE_PENALTY] = "a decimal",
    [RESPONSE_FREQUENCY_PENALTY] = "a decimal",
    [RESPONSE_TOP_LOGPROBS] = "an integer",
    [RESPONSE_TEMPERATURE] = "a decimal",
    [RESPONSE_REASONING] = "an object",
    [RESPONSE_USER] = "a string",
    [RESPONSE_MAX_OUTPUT_TOKENS] = "an integer",
    [RESPONSE_MAX_TOOL_CALLS] = "an integer",
    [RESPONSE_STORE] = "a boolean",
    [RESPONSE_SERVICE_TIER] = "a string",
    [RESPONSE_SAFETY_IDENTIFIER] = "a string",
    [RESPONSE_PROMPT_CACHE_KEY] = "a string",
};

/* Of a prompt and a conversation the object shows what it can. */
static bool is_repeated(enum response_field field)
{
	return expected_of_field[field] != NULL || field == RESPONSE_PROMPT ||
	       field == RESPONSE_CONVERSATION;
}

/* Keeps what the Response object repeats. Whether a value is a good one is for the provider to say.
 */
static bool keep_field(
    struct create_request *request, struct span name, struct span value, struct api_error *error)
{
	enum response_field field = response_field_find(name);

	if (field == RESPONSE_FIELD_COUNT || !is_repeated(field))
		return true;
	if (expected_of_field[field] != NULL && json_type(value) != JSON_NULL &&
	    !response_field_accepts(field, value))
		return invalid_type(
		    error, response_field_name(field), expected_of_field[field], value);
	request->fields[field] = value;
	return true;
}

/* Whether no provider is to see the member, as it names a response that only we know. */
static bool is_ours_alone(const struct create_request *request, struct span name)
{
	return request->continues && span_is(name, "previous_response_id");
}

static bool is_replaced(const struct create_request *request, struct span name)
{
	for (size_t i = 0; i < KNOWN_MEMBERS; i++) {
		if (known_members[i].replaced && span_is(name, known_members[i].name))
			return true;
	}
	return is_ours_alone(request, name);
}

static bool read_value(
    struct create_request *request, struct span name, struct span value, struct api_error *error)
{
	for (size_t i = 0; i < KNOWN_MEMBERS; i++) {
		if (span_is(name, known_members[i].name))
			return known_members[i].read(request, value, error);
	}
	return keep_field(request, name, value, error);
}

static bool read_member(struct create_request *request, struct span key, struct span name,
    struct span value, struct api_error *error)
{
	if (!read_value(request, name, value, error))
		return false;
	if (!is_replaced(request, name)) {
		put_name(&request->rest, key);
		buf_append_span(&request->rest, value);
	}
	return true;
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
	free(request->previous_id);
	free(request->follows);
	buf_free(&request->rest);
	*request = (struct create_request){0};
}

/* ---- the response that is followed ----------------------------------------------------------- */

static void put_followed(struct buf *out, const struct create_request *request)
{
	put_name(out, SPAN("previous_response_id"));
	json_quote(out, span_of(request->follows));
}

void create_request_follow(struct create_request *request, struct span id)
{
	request->follows = xmemdup(id.p, id.len);
	put_followed(&request->rest, request);
}

const char *create_request_followed(const struct create_request *request)
{
	return request->continues ? request->follows : request->previous_id;
}

/* ---- the body for a provider ----------------------------------------------------------------- */

static struct span without_blanks(struct span text)
{
	text = without_leading_blanks(text);
	while (text.len > 0 && strchr(" \t\r\n", text.p[text.len - 1]) != NULL)
		text.len--;
	return text;
}

void create_request_add_items(struct buf *out, struct span input)
{
	if (json_type(input) == JSON_STRING) {
		separate(out);
		buf_puts(out, "{\"type\":\"message\",\"role\":\"user\",\"content\":");
		buf_append_span(out, input);
		buf_putc(out, '}');
	} else if (json_type(input) == JSON_ARRAY) {
		input = without_blanks((struct span){input.p + 1, input.len - 2});
		if (input.len > 0)
			separate(out);
		buf_append_span(out, input);
	}
}

void create_request_write_input(struct buf *out, struct span context, struct span input)
{
	if (context.len == 0) {
		buf_append_span(out, input);
		return;
	}
	buf_putc(out, '[');
	buf_append_span(out, context);
	create_request_add_items(out, input);
	buf_putc(out, ']');
}

bool create_request_is_verbatim(const struct create_request *request, struct span context)
{
	return !request->continues && request->follows == NULL && context.len == 0;
}

void create_request_write(
    struct buf *out, const struct create_request *request, struct span context)
{
	struct json_scan scan = json_open(request->body, 0);
	struct span key, name, value;
	struct buf scratch = {0};

	buf_putc(out, '{');
	while (json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		if (is_ours_alone(request, name))
			continue;
		put_name(out, key);
		if (span_is(name, "input"))
			create_request_write_input(out, context, value);
		else
			buf_append_span(out, value);
	}
	if (request->follows != NULL)
		put_followed(out, request);
	if (request->input.len == 0 && context.len > 0) {
		put_name(out, SPAN("input"));
		create_request_write_input(out, context, request->input);
	}
	buf_putc(out, '}');
	buf_free(&scratch);
}
