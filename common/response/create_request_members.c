#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "create_request_internal.h"
#include "request_members.h"
#include "response_id.h"

static bool read_model(struct create_request *request, struct span value, struct api_error *error)
{
	request->fields[RESPONSE_MODEL] = value;
	return request_read_model(&request->model, value, error);
}

static bool read_background(
    struct create_request *request, struct span value, struct api_error *error)
{
	request->fields[RESPONSE_BACKGROUND] = value;
	return request_read_flag(&request->background, "background", value, error);
}

static bool read_stream(struct create_request *request, struct span value, struct api_error *error)
{
	return request_read_flag(&request->stream, "stream", value, error);
}

/* Of a stream that is passed through they are the provider's affair. */
static bool read_stream_options(
    struct create_request *request, struct span value, struct api_error *error)
{
	(void)error;
	request->stream_options = value;
	return true;
}

static bool read_input(struct create_request *request, struct span value, struct api_error *error)
{
	enum json_type type = json_type(value);

	if (type != JSON_STRING && type != JSON_ARRAY && type != JSON_NULL)
		return create_request_invalid_type(
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
		create_request_invalid_type(error, "previous_response_id", "a string", value);
		valid = false;
	} else if (id.len > 0 && memchr(id.data, '\0', id.len) != NULL) {
		valid = create_request_invalid_value(
		    error, "previous_response_id", "it contains the character U+0000");
	} else {
		request->previous_id = xmemdup(buf_cstr(&id), id.len);
		request->continues = response_id_is_polling(request->previous_id);
	}
	buf_free(&id);
	return valid;
}

static bool read_metadata(
    struct create_request *request, struct span value, struct api_error *error)
{
	request->fields[RESPONSE_METADATA] = value;
	return json_type(value) == JSON_NULL || create_request_check_metadata(value, error);
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
    {"stream_options", read_stream_options, false},
    {"input", read_input, true},
    {"previous_response_id", read_previous, false},
    {"metadata", read_metadata, false},
};
enum { KNOWN_MEMBERS = sizeof(known_members) / sizeof(known_members[0]) };

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
		return create_request_invalid_type(
		    error, response_field_name(field), expected_of_field[field], value);
	request->fields[field] = value;
	return true;
}

bool create_request_check_stream_options(
    const struct create_request *request, struct api_error *error)
{
	struct span options = request->stream_options, obfuscation;
	bool obfuscates;

	if (options.len == 0 || json_type(options) == JSON_NULL)
		return true;
	if (json_type(options) != JSON_OBJECT)
		return create_request_invalid_type(error, "stream_options", "an object", options);
	obfuscation = json_get(options, "include_obfuscation");
	return obfuscation.len == 0 ||
	       request_read_flag(
		   &obfuscates, "stream_options.include_obfuscation", obfuscation, error);
}

bool create_request_replaces(struct span name)
{
	for (size_t i = 0; i < KNOWN_MEMBERS; i++) {
		if (known_members[i].replaced && span_is(name, known_members[i].name))
			return true;
	}
	return false;
}

bool create_request_read_value(
    struct create_request *request, struct span name, struct span value, struct api_error *error)
{
	for (size_t i = 0; i < KNOWN_MEMBERS; i++) {
		if (span_is(name, known_members[i].name))
			return known_members[i].read(request, value, error);
	}
	return keep_field(request, name, value, error);
}
