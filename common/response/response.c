#include "response.h"

#include <stdio.h>
#include <string.h>

#include "echo.h"
#include "common/base/decimal.h"
#include "common/base/json.h"

enum {
	BOOLEAN = 1 << JSON_FALSE | 1 << JSON_TRUE,
	NUMBER = 1 << JSON_NUMBER,
	STRING = 1 << JSON_STRING,
	ARRAY = 1 << JSON_ARRAY,
	OBJECT = 1 << JSON_OBJECT,
	WHOLE = 1 << (JSON_OBJECT + 1), /* of numbers, those without a fraction */
	INTEGER = NUMBER | WHOLE,
};

#define NAME(name)                                                                                 \
	{name, sizeof(name) - 1},                                                                  \
	{                                                                                          \
		",\"" name "\":", sizeof(",\"" name "\":") - 1                                     \
	}

static const struct {
	struct span name;
	struct span label; /* the name as it stands before a value */
	const char *value; /* when neither request nor provider gave one */
	int types;         /* beside null */
} fields_by_number[RESPONSE_FIELD_COUNT] = {
    [RESPONSE_BACKGROUND] = {NAME("background"), "true", BOOLEAN},
    [RESPONSE_ERROR] = {NAME("error"), "null", OBJECT},
    [RESPONSE_INCOMPLETE_DETAILS] = {NAME("incomplete_details"), "null", OBJECT},
    [RESPONSE_MODEL] = {NAME("model"), "\"\"", STRING},
    [RESPONSE_PREVIOUS_RESPONSE_ID] = {NAME("previous_response_id"), "null", STRING},
    [RESPONSE_INSTRUCTIONS] = {NAME("instructions"), "null", STRING | ARRAY},
    [RESPONSE_TOOLS] = {NAME("tools"), "[]", ARRAY},
    [RESPONSE_TOOL_CHOICE] = {NAME("tool_choice"), "\"auto\"", STRING | OBJECT},
    [RESPONSE_TRUNCATION] = {NAME("truncation"), "\"disabled\"", STRING},
    [RESPONSE_PARALLEL_TOOL_CALLS] = {NAME("parallel_tool_calls"), "true", BOOLEAN},
    [RESPONSE_TEXT] = {NAME("text"), "{\"format\":{\"type\":\"text\"}}", OBJECT},
    [RESPONSE_TOP_P] = {NAME("top_p"), "1.0", NUMBER},
    [RESPONSE_PRESENCE_PENALTY] = {NAME("presence_penalty"), "0.0", NUMBER},
    [RESPONSE_FREQUENCY_PENALTY] = {NAME("frequency_penalty"), "0.0", NUMBER},
    [RESPONSE_TOP_LOGPROBS] = {NAME("top_logprobs"), "0", INTEGER},
    [RESPONSE_TEMPERATURE] = {NAME("temperature"), "1.0", NUMBER},
    [RESPONSE_REASONING] = {NAME("reasoning"), "null", OBJECT},
    [RESPONSE_USER] = {NAME("user"), "null", STRING},
    [RESPONSE_MAX_OUTPUT_TOKENS] = {NAME("max_output_tokens"), "null", INTEGER},
    [RESPONSE_MAX_TOOL_CALLS] = {NAME("max_tool_calls"), "null", INTEGER},
    [RESPONSE_STORE] = {NAME("store"), "true", BOOLEAN},
    [RESPONSE_SERVICE_TIER] = {NAME("service_tier"), "\"default\"", STRING},
    [RESPONSE_METADATA] = {NAME("metadata"), "{}", OBJECT},
    [RESPONSE_SAFETY_IDENTIFIER] = {NAME("safety_identifier"), "null", STRING},
    [RESPONSE_PROMPT_CACHE_KEY] = {NAME("prompt_cache_key"), "null", STRING},
    [RESPONSE_PROMPT] = {NAME("prompt"), "null", OBJECT},
    [RESPONSE_CONVERSATION] = {NAME("conversation"), "null", OBJECT},
};

static const char *const status_names[STATUS_COUNT] = {
    [STATUS_QUEUED] = "queued",
    [STATUS_IN_PROGRESS] = "in_progress",
    [STATUS_COMPLETED] = "completed",
    [STATUS_INCOMPLETE] = "incomplete",
    [STATUS_FAILED] = "failed",
    [STATUS_CANCELLED] = "cancelled",
};

const char *response_field_name(enum response_field field)
{
	return fields_by_number[field].name.p;
}

enum response_field response_field_find(struct span name)
{
	enum response_field field = 0;

	while (field < RESPONSE_FIELD_COUNT && !span_eq(name, fields_by_number[field].name))
		field++;
	return field;
}

struct span response_field_label(enum response_field field)
{
	return fields_by_number[field].label;
}

const char *response_field_default(enum response_field field)
{
	return fields_by_number[field].value;
}

/* Whether a number is written without an exponent and has no fraction, or one of zeros. */
static bool is_whole(struct span number)
{
	size_t i = 0;

	while (i < number.len && strchr("-0123456789", number.p[i]) != NULL)
		i++;
	if (i < number.len && number.p[i] == '.')
		i++;
	while (i < number.len && number.p[i] == '0')
		i++;
	return i == number.len;
}

bool response_field_accepts(enum response_field field, struct span value)
{
	int types = fields_by_number[field].types;

	return (types & 1 << json_type(value)) != 0 && (!(types & WHOLE) || is_whole(value));
}

const char *response_status_name(enum response_status status)
{
	return status_names[status];
}

void response_status_slot(char out[RESPONSE_STATUS_WIDTH + 1], enum response_status status)
{
	char quoted[RESPONSE_STATUS_WIDTH + 1];

	snprintf(quoted, sizeof(quoted), "\"%s\"", response_status_name(status));
	snprintf(out, RESPONSE_STATUS_WIDTH + 1, "%-*s", RESPONSE_STATUS_WIDTH, quoted);
}

enum response_status response_status_find(struct span name)
{
	enum response_status status = 0;

	while (status < STATUS_COUNT && !span_is(name, status_names[status]))
		status++;
	return status;
}

bool response_status_is_terminal(enum response_status status)
{
	return status >= STATUS_COMPLETED && status < STATUS_COUNT;
}

/* Whether the bytes that stand before the offset are this text. */
static bool ends_at(struct span object, size_t offset, struct span text)
{
	return memcmp(object.p + offset - text.len, text.p, text.len) == 0;
}

enum response_status response_status_peek(struct span object)
{
	struct span slot;
	const char *quote;

	if (object.len < RESPONSE_COMPLETED_AT_OFFSET + RESPONSE_COMPLETED_AT_WIDTH ||
	    !ends_at(object, RESPONSE_STATUS_OFFSET, SPAN(",\"status\":")) ||
	    !ends_at(object, RESPONSE_COMPLETED_AT_OFFSET, SPAN(",\"completed_at\":")))
		return STATUS_COUNT;
	slot = (struct span){object.p + RESPONSE_STATUS_OFFSET + 1, RESPONSE_STATUS_WIDTH - 1};
	quote = memchr(slot.p, '"', slot.len);
	if (quote == NULL)
		return STATUS_COUNT;
	slot.len = (size_t)(quote - slot.p);
	return response_status_find(slot);
}

static void put_field(struct buf *out, enum response_field field, struct span value)
{
	buf_append_span(out, response_field_label(field));
	if (!echo_write(out, field, value))
		buf_puts(out, response_field_default(field));
}

void response_initial(struct buf *out, const char *id, time_t created_at,
    const struct span fields[RESPONSE_FIELD_COUNT])
{
	char status[RESPONSE_STATUS_WIDTH + 1];
	enum response_field field;

	response_status_slot(status, STATUS_QUEUED);
	buf_puts(out, "{\"id\":\"");
	buf_puts(out, id);
	buf_puts(out, "\",\"object\":\"response\",\"created_at\":");
	decimal_append(out, created_at);
	buf_printf(out, ",\"status\":%s,\"completed_at\":%-*s", status, RESPONSE_COMPLETED_AT_WIDTH,
	    "null");
	for (field = 0; field < RESPONSE_FIELD_COUNT; field++)
		put_field(out, field, fields[field]);
	buf_puts(out, ",\"output\":[],\"usage\":null}");
}
