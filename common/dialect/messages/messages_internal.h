/*
 * What the parts of the Messages API's request writer share:
 *
 *	messages_request.c	the request's members, and the whole
 *	messages_sampling.c	temperature and its like, stop
 *	messages_thinking.c	reasoning, and the room that it takes
 *	messages_tools.c	tools
 *	messages_choice.c	which of them may or must be called; a text format
 *	messages_schema.c	the schema of that
 *	messages_input.c	items of the input
 *	messages_parts.c	parts of their content
 *	messages_calls.c	calls of tools and their results
 *	messages_reasoning.c	earlier reasoning
 *	messages_turns.c	what the items come to: messages of user and assistant by turns
 *	messages_blank.c	text that is white space
 *	messages_marks.c	marks of what is to be cached
 */
#ifndef RESPOOL_MESSAGES_INTERNAL_H
#define RESPOOL_MESSAGES_INTERNAL_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "messages_fields.h"
#include "common/dialect/request.h"
#include "common/dialect/request_allowed.h"
#include "common/dialect/request_calls.h"

/* NAME, "its name in the request", what is done with it before anything else */
#define MESSAGES_MEMBERS(X)                                                                        \
	X(MODEL, "model", KEPT)                                                                    \
	X(INPUT, "input", KEPT)                                                                    \
	X(INSTRUCTIONS, "instructions", KEPT)                                                      \
	X(MAX_OUTPUT_TOKENS, "max_output_tokens", KEPT)                                            \
	X(MAX_TOKENS, "max_tokens", KEPT)                                                          \
	X(TEMPERATURE, "temperature", KEPT)                                                        \
	X(TOP_P, "top_p", KEPT)                                                                    \
	X(TOP_K, "top_k", KEPT)                                                                    \
	X(STOP, "stop", KEPT)                                                                      \
	X(STOP_SEQUENCES, "stop_sequences", KEPT)                                                  \
	X(TOOLS, "tools", KEPT)                                                                    \
	X(TOOL_CHOICE, "tool_choice", KEPT)                                                        \
	X(PARALLEL_TOOL_CALLS, "parallel_tool_calls", KEPT)                                        \
	X(TEXT, "text", KEPT)                                                                      \
	X(REASONING, "reasoning", KEPT)                                                            \
	X(THINKING, "thinking", KEPT)                                                              \
	X(OUTPUT_CONFIG, "output_config", KEPT)                                                    \
	X(SERVICE_TIER, "service_tier", KEPT)                                                      \
	X(USER, "user", KEPT)                                                                      \
	X(SAFETY_IDENTIFIER, "safety_identifier", KEPT)                                            \
	X(INCLUDE, "include", KEPT)                                                                \
	X(CACHE_CONTROL, "cache_control", KEPT)                                                    \
	X(CONTEXT_MANAGEMENT, "context_management", KEPT)                                          \
	X(STREAM, "stream", KEPT)                                                                  \
	X(STREAM_OPTIONS, "stream_options", KEPT)                                                  \
	X(METADATA, "metadata", LEFT_OUT)                                                          \
	X(STORE, "store", LEFT_OUT)                                                                \
	X(TRUNCATION, "truncation", LEFT_OUT)                                                      \
	X(SEED, "seed", LEFT_OUT)                                                                  \
	X(MAX_TOOL_CALLS, "max_tool_calls", LEFT_OUT)                                              \
	X(MODERATION, "moderation", LEFT_OUT)                                                      \
	X(PROMPT_CACHE_KEY, "prompt_cache_key", LEFT_OUT)                                          \
	X(PROMPT_CACHE_RETENTION, "prompt_cache_retention", LEFT_OUT)                              \
	X(PROMPT_CACHE_OPTIONS, "prompt_cache_options", LEFT_OUT)                                  \
	X(PRESENCE_PENALTY, "presence_penalty", REFUSED)                                           \
	X(FREQUENCY_PENALTY, "frequency_penalty", REFUSED)                                         \
	X(LOGIT_BIAS, "logit_bias", REFUSED)                                                       \
	X(LOGPROBS, "logprobs", REFUSED)                                                           \
	X(TOP_LOGPROBS, "top_logprobs", REFUSED)                                                   \
	X(MESSAGES, "messages", REFUSED)                                                           \
	X(SYSTEM, "system", REFUSED)                                                               \
	X(BACKGROUND, "background", ANOTHER)                                                       \
	X(PREVIOUS, "previous_response_id", ANOTHER)                                               \
	X(CONVERSATION, "conversation", ANOTHER)                                                   \
	X(PROMPT, "prompt", ANOTHER)

enum messages_member {
#define MEMBER_ENUM(name, key, fate) MEMBER_##name,
	MESSAGES_MEMBERS(MEMBER_ENUM)
#undef MEMBER_ENUM
	    MEMBER_COUNT
};

struct messages_thinking {
	bool is_on;
	/* Every turn of calls has to begin with thinking; without, it is refused. */
	bool is_strict;
	struct buf member;  /* the value of "thinking", or empty */
	const char *effort; /* for output_config, or NULL */
	long long budget;   /* of max_tokens; 0: none that we have set */
};

enum messages_choice { CHOICE_UNSAID, CHOICE_AUTO, CHOICE_NONE, CHOICE_ANY, CHOICE_ONE };

struct messages_request {
	struct request_writer *writer;
	struct span members[MEMBER_COUNT]; /* raw values; empty where not given, or null */
	struct buf passed;                 /* members that this API has by the same name */

	struct messages_thinking thinking;
	/* Elements of the arrays, joined by commas. */
	struct buf tools, system, messages;
	enum messages_choice choice;
	struct buf chosen; /* CHOICE_ONE: the tool's name there, a JSON string */
	struct request_allowed allowed;
	struct span format;   /* for output_config.format: the schema, or empty */
	bool answers_by_tool; /* the only thing that may be called stands for the format */
};

/* messages_sampling.c: each begins with a comma. False if it is refused. */
bool messages_write_sampling(struct buf *out, struct messages_request *request);

/* messages_thinking.c */
bool messages_plan_thinking(struct messages_request *request);
void messages_stop_thinking(struct messages_request *request);
void messages_write_max_tokens(struct buf *out, struct messages_request *request);

/* messages_tools.c: fills in tools. False if one is refused. */
bool messages_read_tools(struct messages_request *request);
/* Appends one to an array's elements. Texts are raw JSON, empty where not given. */
void messages_add_tool(struct buf *tools, struct span sent, struct span description,
    struct span parameters, struct span strict, struct span cache_control);

/* messages_choice.c */
/* What tool_choice says: choice and allowed. Before the tools are read. */
bool messages_read_choice(struct messages_request *request);
/* Once tools and thinking are known: makes sure of the choice, and of text.format. */
bool messages_settle_choice(struct messages_request *request);
/* Appends the member with a comma before it, if there is anything to say. */
void messages_write_choice(struct buf *out, const struct messages_request *request);

/* messages_input.c: fills in system and messages; may stop thinking. False if it is refused. */
bool messages_read_input(struct messages_request *request);

/* messages_parts.c */
enum messages_place { PLACE_USER, PLACE_ASSISTANT, PLACE_SYSTEM, PLACE_RESULT };
/* Appends the blocks of a content: a string, an array of parts, or nothing. False if refused. */
bool messages_add_content(struct messages_request *request, struct buf *blocks, struct span content,
    enum messages_place place);
bool messages_add_part(struct messages_request *request, struct buf *blocks, struct span part,
    enum messages_place place);
/* Whether it is one of text, which may be missing. */
bool messages_part_is_text(const struct messages_fields *part, struct span *text);
/* A block of text, a JSON string; none if it is blank. */
void messages_add_text(struct buf *blocks, struct span text, const struct messages_fields *fields);
/* Begins another block: the comma before it. */
void messages_begin_block(struct buf *blocks);

/* messages_calls.c */
/* Appends a block of tool_use. False if it is refused. */
bool messages_write_call(struct buf *out, struct request_writer *writer,
    const struct request_call *call, const struct messages_fields *item);
/* The tool_result of the call's output, or of there being none. False if it is refused. */
bool messages_add_result(
    struct messages_request *request, struct buf *blocks, const struct request_call *call);

/* messages_reasoning.c: appends the block of a reasoning item; nothing if it cannot be sent. */
void messages_write_thinking(
    struct buf *out, struct request_writer *writer, const struct messages_fields *item);

/* messages_blank.c */
/* Whether a JSON string is empty, or white space alone: no block of text can be so. */
bool messages_is_blank(struct span string);
/* Of decoded text. */
struct span messages_without_end_blanks(struct span text);

/*
 * messages_marks.c: a mark stands in the texts between bytes that JSON cannot hold, until all are
 * there and the earliest can be left out.
 */
void messages_write_mark(struct buf *out, const struct messages_fields *fields);
/* Puts it into the last block of blocks, unless that has one. */
void messages_mark_last(struct buf *blocks, const struct messages_fields *fields);
/* Of a block that ends a text and begins at start: its mark, as it stands there, or nothing. */
struct span messages_mark_of(const struct buf *blocks, size_t start);
size_t messages_count_marks(const struct buf *text);
/* Appends the text with its marks but for the first *surplus, of which those are taken off. */
void messages_copy_marked(struct buf *out, const struct buf *text, size_t *surplus);

#endif
