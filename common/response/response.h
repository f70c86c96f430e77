/*
 * The layout of a stored Response object (Open Responses specification, ResponseResource).
 *
 *	{"id":"<49 characters>","object":"response","created_at":<10 digits>,
 *	 "status":"queued"     ,"completed_at":null      ,"background":true, … ,
 *	 "output":[ … ],"usage":null}
 *
 * (on one line). What changes often stands where it is cheap to change: status and completed_at in
 * slots of fixed width, padded with blanks, at fixed offsets; output and usage, which grow, at the
 * end.
 */
#ifndef RESPOOL_RESPONSE_H
#define RESPOOL_RESPONSE_H

#include <stdbool.h>
#include <time.h>

#include "common/base/buf.h"
#include "response_id.h"

/* The members between completed_at and output, in their order in the object. */
enum response_field {
	RESPONSE_BACKGROUND,
	RESPONSE_ERROR,
	RESPONSE_INCOMPLETE_DETAILS,
	RESPONSE_MODEL,
	RESPONSE_PREVIOUS_RESPONSE_ID,
	RESPONSE_INSTRUCTIONS,
	RESPONSE_TOOLS,
	RESPONSE_TOOL_CHOICE,
	RESPONSE_TRUNCATION,
	RESPONSE_PARALLEL_TOOL_CALLS,
	RESPONSE_TEXT,
	RESPONSE_TOP_P,
	RESPONSE_PRESENCE_PENALTY,
	RESPONSE_FREQUENCY_PENALTY,
	RESPONSE_TOP_LOGPROBS,
	RESPONSE_TEMPERATURE,
	RESPONSE_REASONING,
	RESPONSE_USER,
	RESPONSE_MAX_OUTPUT_TOKENS,
	RESPONSE_MAX_TOOL_CALLS,
	RESPONSE_STORE,
	RESPONSE_SERVICE_TIER,
	RESPONSE_METADATA,
	RESPONSE_SAFETY_IDENTIFIER,
	RESPONSE_PROMPT_CACHE_KEY,
	RESPONSE_PROMPT,
	RESPONSE_CONVERSATION,
	RESPONSE_FIELD_COUNT
};

enum response_status {
	STATUS_QUEUED,
	STATUS_IN_PROGRESS,
	STATUS_COMPLETED,
	STATUS_INCOMPLETE,
	STATUS_FAILED,
	STATUS_CANCELLED,
	STATUS_COUNT /* none of these */
};

/* What stands in front of the status slot. */
#define RESPONSE_STATUS_NAME ",\"status\":"

enum {
	RESPONSE_ID_OFFSET = 7, /* of the id's first character */
	RESPONSE_STATUS_OFFSET = 7 + RESPONSE_ID_LEN + 35 + 10 + 10,
	RESPONSE_STATUS_NAME_OFFSET =
	    RESPONSE_STATUS_OFFSET - (int)sizeof(RESPONSE_STATUS_NAME) + 1,
	RESPONSE_STATUS_WIDTH = 13, /* "in_progress" with its quotes */
	RESPONSE_COMPLETED_AT_OFFSET = RESPONSE_STATUS_OFFSET + RESPONSE_STATUS_WIDTH + 16,
	RESPONSE_COMPLETED_AT_WIDTH = 10,
};

/* The JSON name of a field. */
const char *response_field_name(enum response_field field);
/* The field of that JSON name, or RESPONSE_FIELD_COUNT. */
enum response_field response_field_find(struct span name);
/* The name as it stands between two members: comma, quotes and colon. */
struct span response_field_label(enum response_field field);
/* The value of a field that neither request nor provider gave: "null", "[]", "1.0", … */
const char *response_field_default(enum response_field field);
/*
 * Whether a value, raw JSON, has a type that ResponseResource allows for the field, other than
 * null. Instructions may be an array, too, as OpenAI's are if they come from a prompt.
 */
bool response_field_accepts(enum response_field field, struct span value);

const char *response_status_name(enum response_status status);
/* Writes the status slot for a status: its name in quotes, padded with blanks, NUL-terminated. */
void response_status_slot(char out[RESPONSE_STATUS_WIDTH + 1], enum response_status status);
/* The status of that name, or STATUS_COUNT. */
enum response_status response_status_find(struct span name);
bool response_status_is_terminal(enum response_status status);
/* The status that a stored object of ours shows, by its slot; STATUS_COUNT if it is not ours. */
enum response_status response_status_peek(struct span object);

/*
 * Appends the object of a response that was just created: status queued, output empty, each field
 * as echo_write() shows its value in fields[] (raw JSON of the request's; an empty or null span
 * stands for the default).
 */
void response_initial(struct buf *out, const char *id, time_t created_at,
    const struct span fields[RESPONSE_FIELD_COUNT]);

#endif
