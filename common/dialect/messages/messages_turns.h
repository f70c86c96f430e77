/*
 * Messages of user and assistant by turns, made of blocks as they come: neighbours of one role are
 * one message, calls end the message of the assistant, and their results begin the user's next one,
 * wherever they stand in the input.
 */
#ifndef RESPOOL_MESSAGES_TURNS_H
#define RESPOOL_MESSAGES_TURNS_H

#include "messages_internal.h"

struct messages_turns {
	struct messages_request *request;

	struct buf user;        /* blocks of the user's message that is not written yet */
	size_t results_end;     /* where the results that it begins with end */
	struct buf assistant;   /* then the assistant's, but for its calls */
	size_t said_end;        /* up to where it has been written to, but for thinking */
	bool begins_thinking;   /* its first block is thinking */
	struct span last_text;  /* its last text, a JSON string */
	size_t last_text_start; /* where that block begins */
	struct buf calls;       /* blocks, with the thinking between them */
	struct buf late;        /* thinking behind a call, until another call or text follows */
	const struct request_call **pending; /* those */
	size_t pending_count, pending_room;
	struct buf next; /* what the user says after that, until it is known to be anything */

	/* Of the assistant's last message, with the calls and results that led there. */
	bool has_calls, has_thought;
};

void messages_turns_open(struct messages_turns *turns, struct messages_request *request);
void messages_turns_close(struct messages_turns *turns);

/* Where the blocks go that an item of the user makes; then messages_turns_said(). */
struct buf *messages_turns_user(struct messages_turns *turns);
/* False if a result has been refused. */
bool messages_turns_said(struct messages_turns *turns);

/* text is a JSON string. */
void messages_turns_text(
    struct messages_turns *turns, struct span text, const struct messages_fields *fields);
/* Marks the assistant's last text, if there is one since its blocks were as long as before. */
void messages_turns_mark(
    struct messages_turns *turns, size_t before, const struct messages_fields *fields);
/* A block of thinking, whole. */
void messages_turns_thinking(struct messages_turns *turns, struct span block);
/* Where the block of a call goes. */
struct buf *messages_turns_call(struct messages_turns *turns, const struct request_call *call);
/* Whether the call's result is still to be written. */
bool messages_turns_awaits(const struct messages_turns *turns, struct span call_item);
/* The assistant's message ends, and results follow. False if one has been refused. */
bool messages_turns_results(struct messages_turns *turns);

/* The input ends. False if a result has been refused. */
bool messages_turns_end(struct messages_turns *turns);

#endif
