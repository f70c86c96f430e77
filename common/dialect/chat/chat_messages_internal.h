/*
 * What the parts of writing a request's messages share: chat_messages.c walks the input,
 * chat_messages_turn.c puts together what the assistant said and called in one go,
 * chat_messages_calls.c writes calls and their outputs, chat_messages_content.c texts, images and
 * files, and chat_messages_reasoning.c what the assistant thought.
 */
#ifndef RESPOOL_CHAT_MESSAGES_INTERNAL_H
#define RESPOOL_CHAT_MESSAGES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/dialect/request.h"
#include "common/dialect/request_calls.h"
#include "common/dialect/request_references.h"

/* Content as both forms that it may take. */
struct chat_content {
	struct buf parts; /* elements of a list */
	struct buf text;  /* of the parts of text, joined: the inside of a JSON string */
	bool other;       /* there are parts that are no text */
};

/* What the assistant said and called before anything answered, which is one message. */
struct chat_turn {
	bool open;
	bool answered; /* an output of a call has come */
	struct chat_content content;
	struct buf refusal;        /* the inside of a JSON string */
	struct buf calls;          /* elements of tool_calls */
	struct buf results;        /* the tool messages that follow, each with ',' before it */
	struct chat_content media; /* what stands in outputs that a tool message cannot hold */
	struct buf reasoning;      /* the inside of a JSON string */
	struct buf details;        /* elements of reasoning_details */
};

struct chat_messages {
	struct request_writer *writer;
	struct buf *out;
	struct request_calls calls;
	struct request_references references;
	struct chat_turn turn;
	struct buf reasoning, details; /* for the next turn */
	size_t count;                  /* of messages that are written */
	/* Quirks. */
	bool string_content, empty_content, openai_members, developer_role, reasoning_sent_back,
	    reasoning_details, thought_signatures, nine_characters;
};

/* Appends ',' but for the first message. */
void chat_message_begin(struct chat_messages *messages);

/* chat_messages_content.c */
void chat_content_free(struct chat_content *content);
void chat_content_clear(struct chat_content *content);
bool chat_content_is_empty(const struct chat_content *content);
/* Adds a part of text; text is a JSON string. An empty one is none. */
void chat_content_add_text(struct chat_content *content, struct span text);
/* Adds a part of any type, as a user's message may have it. False if it is refused. */
bool chat_content_add_part(
    struct chat_messages *messages, struct chat_content *content, struct span part);
void chat_content_append(struct chat_content *to, const struct chat_content *content);
/* Appends the text, if there is nothing else and as_text, or the list. */
void chat_content_write(struct buf *out, const struct chat_content *content, bool as_text);

/* Appends a text to another, if there is one with an empty line between: insides of JSON strings.
 */
void chat_text_append(struct buf *to, struct span inside);

/* chat_messages_turn.c */
void chat_turn_add_message(
    struct chat_messages *messages, const struct chat_content *content, struct span refusal);
/* Makes it ready for a call. */
void chat_turn_open_for_call(struct chat_messages *messages);
/* Writes what is open: somebody else speaks. */
void chat_turn_close(struct chat_messages *messages);
void chat_turn_free(struct chat_turn *turn);

/* chat_messages_calls.c */
/* False if the item is refused. */
bool chat_call_add(struct chat_messages *messages, struct span item);
bool chat_output_add(struct chat_messages *messages, struct span item);

/* chat_messages_reasoning.c */
bool chat_reasoning_add(struct chat_messages *messages, struct span item);
/* What has been added is part of the turn, which goes on. */
void chat_reasoning_attach(struct chat_messages *messages);
/* Appends members of the turn's message, each with ',' before it. */
void chat_reasoning_write(struct chat_messages *messages);
/* Nothing has followed that it could be attached to. */
void chat_reasoning_drop(struct chat_messages *messages);

#endif
