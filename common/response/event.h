/*
 * One event of a Responses API stream, taken apart, and the table of what each type of event does.
 * A new type is a line in the table in event.c.
 */
#ifndef RESPOOL_EVENT_H
#define RESPOOL_EVENT_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "fold.h"
#include "item_layout.h"
#include "response.h"

/*
 * The members of events that are looked at, in the order of the search: first those of every delta,
 * of which two say nothing.
 */
enum event_member {
	EVENT_TYPE,
	EVENT_SEQUENCE_NUMBER,
	EVENT_ITEM_ID,
	EVENT_OUTPUT_INDEX,
	EVENT_CONTENT_INDEX,
	EVENT_DELTA,
	EVENT_LOGPROBS,
	EVENT_OBFUSCATION,
	EVENT_SUMMARY_INDEX,
	EVENT_COMMAND_INDEX,
	EVENT_ITEM,
	EVENT_PART,
	EVENT_RESPONSE,
	EVENT_ANNOTATION_INDEX,
	EVENT_ANNOTATION,
	EVENT_NAME,
	EVENT_TEXT,
	EVENT_REFUSAL,
	EVENT_ARGUMENTS,
	EVENT_INPUT,
	EVENT_COMMAND,
	EVENT_OUTPUT,
	EVENT_DIFF,
	EVENT_CODE,
	EVENT_ERROR,
	EVENT_MESSAGE,
	EVENT_PARAM,
	EVENT_MEMBERS
};

/* What an event opens that comes for an item or a part that was never announced. */
enum opening {
	OPENS_NOTHING,
	OPENS_TEXT,
	OPENS_REFUSAL,
	OPENS_REASONING,
	OPENS_SUMMARY,
	OPENS_FUNCTION_CALL,
	OPENS_CUSTOM_CALL,
	OPENS_MCP_CALL,
	OPENS_CODE_CALL,
	OPENS_SHELL_CALL,
	OPENS_SHELL_OUTPUT,
	OPENS_PATCH_CALL,
	OPENINGS
};

struct response_event;

typedef enum fold_result event_fn(struct fold *fold, const struct response_event *event);

/* What an event of this type changes, and which function does it. */
struct event_type {
	struct span name;
	event_fn *apply;
	enum item_member member; /* what grows in the item; for a part, the list that it is in */
	enum part_member part;   /* what grows in the part; PART_NONE if it is the item's own */
	enum event_member value; /* where the event carries it */
	enum opening opens;
	enum response_status status; /* for terminal events */
};

struct response_event {
	const struct event_type *type;
	struct span members[EVENT_MEMBERS]; /* raw values, empty if absent */
	struct span data;                   /* all of it; empty for one that was made here */
};

/* An event_fn for events that do nothing. */
event_fn event_does_nothing;

/* Takes the data of an event apart. FOLD_SKIPPED, with a warning, if it is none that is known. */
enum fold_result event_read(struct fold *fold, struct response_event *event, struct span data);

/* The type of that name, or NULL. */
const struct event_type *event_type_find(struct span name);

/*
 * Appends an event as a stream has it (WHATWG HTML section 9.2.6): its type as the event's name and
 * its members as data, behind type and sequence_number.
 */
void event_write(struct buf *out, const struct response_event *event, long long sequence_number);

/*
 * The same in two steps, for who has members of his own to append between them, each with a comma
 * before it.
 */
void event_write_begin(struct buf *out, const char *type, long long sequence_number);
void event_write_end(struct buf *out);

/*
 * The same for an event that carries the whole response. Line ends in it, which can only stand
 * between its values, become blanks.
 */
void event_write_response(
    struct buf *out, const char *type, struct span response, long long sequence_number);

/* The type of the event that ends the stream of a response of this terminal status. */
const char *event_terminal_type(enum response_status status);

/* The name of an event's type, and of a member, for messages. */
const char *event_name(const struct response_event *event);
const char *event_member_name(enum event_member member);

/*
 * Whether event data that begins so is of a type that does nothing. Only a beginning that names the
 * type first tells.
 */
bool event_is_idle(struct span beginning);

/* Whether an event of that type says no more than that the provider is still there. */
bool event_type_is_sign_of_life(struct span type);
/* The same of event data. */
bool event_is_sign_of_life(struct span data);

/* Whether event data is "[DONE]", by which many streams end. */
bool event_is_done_marker(struct span data);

#endif
