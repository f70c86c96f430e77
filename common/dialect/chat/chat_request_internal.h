/*
 * What the parts of writing a Chat Completions request share: chat_request.c takes the body apart
 * and says what becomes of each member, chat_options.c says how the answer is to be, chat_tools.c
 * what may be called, and chat_messages.c what has been said.
 */
#ifndef RESPOOL_CHAT_REQUEST_INTERNAL_H
#define RESPOOL_CHAT_REQUEST_INTERNAL_H

#include <stdbool.h>

#include "common/dialect/request.h"

/* The members of a Responses API request; others are passed on as they are. */
#define CHAT_MEMBERS(X)                                                                            \
	X(MODEL, "model")                                                                          \
	X(INPUT, "input")                                                                          \
	X(INSTRUCTIONS, "instructions")                                                            \
	X(TOOLS, "tools")                                                                          \
	X(TOOL_CHOICE, "tool_choice")                                                              \
	X(PARALLEL_TOOL_CALLS, "parallel_tool_calls")                                              \
	X(MAX_TOOL_CALLS, "max_tool_calls")                                                        \
	X(MAX_OUTPUT_TOKENS, "max_output_tokens")                                                  \
	X(TEMPERATURE, "temperature")                                                              \
	X(TOP_P, "top_p")                                                                          \
	X(TEXT, "text")                                                                            \
	X(REASONING, "reasoning")                                                                  \
	X(INCLUDE, "include")                                                                      \
	X(TOP_LOGPROBS, "top_logprobs")                                                            \
	X(STREAM, "stream")                                                                        \
	X(STREAM_OPTIONS, "stream_options")                                                        \
	X(BACKGROUND, "background")                                                                \
	X(PREVIOUS_RESPONSE_ID, "previous_response_id")                                            \
	X(CONVERSATION, "conversation")                                                            \
	X(PROMPT, "prompt")                                                                        \
	X(CONTEXT_MANAGEMENT, "context_management")                                                \
	X(TRUNCATION, "truncation")                                                                \
	X(MODERATION, "moderation")                                                                \
	X(STORE, "store")                                                                          \
	X(METADATA, "metadata")                                                                    \
	X(SERVICE_TIER, "service_tier")                                                            \
	X(SAFETY_IDENTIFIER, "safety_identifier")                                                  \
	X(PROMPT_CACHE_KEY, "prompt_cache_key")                                                    \
	X(PROMPT_CACHE_RETENTION, "prompt_cache_retention")                                        \
	X(PROMPT_CACHE_OPTIONS, "prompt_cache_options")                                            \
	X(N, "n")                                                                                  \
	X(MESSAGES, "messages")                                                                    \
	X(USER, "user")                                                                            \
	X(CHAT_TEMPLATE_KWARGS, "chat_template_kwargs")

enum chat_member {
#define CHAT_MEMBER_ENUM(name, key) CHAT_##name,
	CHAT_MEMBERS(CHAT_MEMBER_ENUM)
#undef CHAT_MEMBER_ENUM
	    CHAT_MEMBER_COUNT
};

/* More than there are members that are written by name. */
enum { CHAT_WRITTEN_MAX = 48 };

struct chat_request {
	struct request_writer *writer;
	struct buf *out;
	struct span given[CHAT_MEMBER_COUNT]; /* raw; empty if absent or null */
	const char *written[CHAT_WRITTEN_MAX];
	size_t written_count;
};

/* Appends a member's name, and what is between it and the one before. name is a constant. */
void chat_write_name(struct chat_request *chat, const char *name);
/* Appends a member; value is JSON. */
void chat_write_member(struct chat_request *chat, const char *name, struct span value);
/* The name, as it was given, if such a member has been appended; or NULL. */
const char *chat_find_written(const struct chat_request *chat, struct span name);
/* Appends name, which is text like ",\"name\":", and value, if that is given and not null. */
void chat_append_given(struct buf *out, const char *name, struct span value);

/* Each appends what has become of the members that it is about. False if one is refused. */
bool chat_options_write(struct chat_request *chat);
bool chat_tools_write(struct chat_request *chat);
bool chat_messages_write(struct chat_request *chat);

#endif
