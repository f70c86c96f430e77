/*
 * The builder makes of what another API says, step by step, the events of a Responses API stream
 * and, by folding them, the Response object. It alone gives ids, indexes and the *.done events; so
 * object and stream agree for every provider, and the stream is one that OpenAI's SDKs accept:
 * output indexes are dense, each item is announced before it grows and ends with its last state.
 *
 * At most one of reasoning and message is open; calls may be open side by side. What opens one ends
 * the other, so nothing has to be ended but where the provider says that it has ended.
 *
 * Values are JSON as the provider wrote them, checked (with JSON_ACCEPT_BAD_UTF8): a text is a JSON
 * string with its quotes. They need to be valid during the call only.
 */
#ifndef RESPOOL_BUILDER_H
#define RESPOOL_BUILDER_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "fold.h"
#include "response.h"
#include "usage.h"

struct response_event;

/* A call of a tool, as the provider begins it. */
struct builder_call {
	struct span id;    /* a JSON string; empty if the provider gave none: then one is made */
	struct span name;  /* a JSON string */
	struct span space; /* of the tool, a JSON string; empty if it is in no namespace */
	/* What else is kept with the call: members of an object, as in {"a":1}; or empty. */
	struct span extra;
	bool custom; /* arguments are {"input": text} and are shown as that text */
};

/* What the provider counted; -1 where it did not say. input includes what came from a cache. */
struct builder_usage {
	long long input, output, total;
	long long cached, cache_written; /* of input */
	long long reasoning;             /* of output */
};

enum { BUILDER_SEED_SIZE = 20 + 1 };

struct builder_item;

struct builder {
	struct fold *fold;
	/*
	 * Gets every event but those that begin and end the response; NULL if nobody wants any.
	 * Sequence numbers are its affair. The event is valid during the call only.
	 */
	void (*on_event)(void *ctx, const struct response_event *event);
	/* The provider has begun to answer: called once, before any event. May be NULL. */
	void (*on_begin)(void *ctx);
	void *ctx;

	/* The rest belongs to builder*.c. */
	bool begun;
	char seed[BUILDER_SEED_SIZE]; /* of ids */
	struct builder_item **open;   /* in the order of their indexes */
	size_t open_count, open_cap;
	struct builder_item *text;    /* the open message or reasoning item, or NULL */
	long long item_count;         /* so far: the next output index */
	unsigned long long *call_ids; /* hashes of those that were used */
	size_t call_id_count, call_id_cap;
	struct buf model, service_tier; /* JSON strings, or empty */
	struct builder_usage usage;
	bool has_usage;
	struct buf scratch, piece;
	/* Bytes that wait to get into the object, here and with who tells the builder: its to
	 * count. */
	size_t waiting;
};

/* fold outlives the builder. on_event, on_begin and ctx are set by the caller afterwards. */
void builder_open(struct builder *builder, struct fold *fold);
void builder_close(struct builder *builder);

/* The provider has begun to answer, whatever it says. Others imply it; may be repeated. */
void builder_begin(struct builder *builder);
/* Whether any item has been opened. */
bool builder_has_output(const struct builder *builder);

/* What the provider calls the model, and the tier that it served: JSON strings. */
void builder_model(struct builder *builder, struct span name);
void builder_service_tier(struct builder *builder, struct span tier);
/* What is -1 stays as told before: the last counts. */
void builder_usage(struct builder *builder, const struct builder_usage *usage);
/* What of it has been told so far. */
struct usage builder_told_usage(const struct builder *builder);

/*
 * Text of the answer. logprobs is the JSON array of its tokens' as the Responses API has it, or
 * empty. An empty text opens nothing.
 */
void builder_text(struct builder *builder, struct span text, struct span logprobs);
/* The text that follows is another part of the same message. */
void builder_end_part(struct builder *builder);
void builder_refusal(struct builder *builder, struct span text);
/* An annotation of the text so far, a JSON object as the Responses API has it. */
void builder_annotation(struct builder *builder, struct span annotation);
/* How many characters (Unicode) the open text part has so far: for the indexes of annotations. */
long long builder_text_length(const struct builder *builder);

/* Reasoning, shown as a summary. */
void builder_reasoning(struct builder *builder, struct span text);
/*
 * The encrypted_content of the open reasoning item, or of a new one without text; a JSON string.
 * One that is given again replaces it.
 */
void builder_encrypted(struct builder *builder, struct span content);
void builder_end_reasoning(struct builder *builder);

/*
 * A call begins. key is the reader's own name for it, unused so far or that of one that has ended.
 * A call_id that was used before in this response is made another one.
 */
void builder_call(struct builder *builder, long long key, const struct builder_call *call);
/* More of its arguments: a JSON string, a piece of JSON text. Ignored if no such call is open. */
void builder_arguments(struct builder *builder, long long key, struct span piece);
/* Adds what else is kept with an open call: builder_call.extra, in the place of what there was. */
void builder_call_extra(struct builder *builder, long long key, struct span extra);
/* A call that had no arguments has "{}". Ignored if no such call is open. */
void builder_end_call(struct builder *builder, long long key);

/* A whole item of another type, a JSON object without an id (one is made, with this prefix). */
void builder_item(struct builder *builder, struct span item, const char *id_prefix);

/*
 * The provider has failed: {"code","message",…}, as response_error_write() takes it. Nothing may
 * follow but builder_close().
 */
void builder_fail(struct builder *builder, struct span error);

/*
 * The provider has ended its answer: ends what is open, and says so to the fold, with usage, model
 * and service tier. status is completed or incomplete; reason says why it is incomplete:
 * "max_output_tokens" or "content_filter". An answer without any item gets a message without text.
 */
void builder_end(struct builder *builder, enum response_status status, const char *reason);

#endif
