/*
 * The reader of Chat Completions, taken apart: chat_reader.c reads chunks and their choices,
 * chat_delta.c what a delta or a message says.
 */
#ifndef RESPOOL_CHAT_READER_INTERNAL_H
#define RESPOOL_CHAT_READER_INTERNAL_H

#include <stdint.h>

#include "chat_calls.h"
#include "chat_citations.h"
#include "chat_details.h"
#include "chat_finish.h"
#include "chat_reader.h"
#include "think_tags.h"

/* What has come of a text, to know it again when it comes once more, whole. */
struct chat_told {
	uint64_t hash, length;
	unsigned long long pieces;
};

struct chat_reader {
	struct reader_setting setting;
	struct builder *builder;
	bool is_object; /* what is read is no stream */
	bool failed;
	enum chat_finish finish;
	bool logged_finish;
	struct buf model, service_tier; /* as told last */

	/* Of chat_delta.c: */
	struct chat_told content, reasoning;
	bool refused;
	bool has_plain_reasoning; /* details only repeat it */
	struct think_tags tags;
	struct chat_details details;
	size_t details_bytes; /* of the elements that are in it */
	struct chat_calls calls;
	struct chat_citations citations;
	struct buf logprobs;
};

/* chat_reader.c */
/* The provider has failed, with an error as chat_error_write() takes it. */
void chat_fail(struct chat_reader *reader, struct span error);

/* chat_delta.c */
/* A delta, or the message of an answer that is no stream; any value. */
void chat_delta_read(struct chat_reader *reader, struct span delta, struct span logprobs,
    enum chat_calls_place place);
/* The answer has ended: tells what was held back. */
void chat_delta_end(struct chat_reader *reader);
void chat_delta_free(struct chat_reader *reader);

#endif
