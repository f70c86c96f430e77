/*
 * Folding: the events of a Responses API stream become the Response object that they describe.
 *
 * The object is a document (document.h), its own members are response_nodes.h's and its output
 * output.h's affair. Which event does what is the table in event.c. What an event says is not
 * trusted: one that is malformed, names an item or index that cannot be there, or has a value of
 * the wrong type is skipped and changes nothing.
 *
 * A terminal event need not be the last one: an error that explains it may follow, or another life
 * of the response (fold_lifecycle.h). How the response has ended is known at the stream's end.
 */
#ifndef RESPOOL_FOLD_H
#define RESPOOL_FOLD_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/base/buf.h"
#include "document.h"
#include "output.h"
#include "response.h"
#include "response_nodes.h"

enum fold_result {
	FOLD_IGNORED,  /* nothing to do with the object */
	FOLD_CHANGED,  /* the document may have changed */
	FOLD_SKIPPED,  /* a bad event: fold->warning says what was wrong with it */
	FOLD_TERMINAL, /* a terminal event: fold->status is what it says */
	FOLD_COSTLY,   /* the events so far take more work than a stream of their size may */
};

struct response_event;
struct shown_ids;

/* Is told of each event that was applied: fold->changed says what it has changed. */
typedef void fold_listener_fn(void *ctx, const struct response_event *event);

/* fold->changed_part for an event that is about no part, or all of them. */
#define FOLD_NO_PART SIZE_MAX

/* Cannot be moved: it points into itself. */
struct fold {
	struct document doc;
	/* What the last terminal event said; in_progress while none has come. */
	enum response_status status;
	struct response_nodes nodes;
	struct output output;
	long long base;    /* of the output's indexes in this life of the response */
	unsigned tellings; /* how many terminal events have told of items */
	bool created;      /* the event that begins a life has come */
	bool life_ended;   /* no other life has begun since the last terminal event */
	bool settled;      /* a terminal event or an error has come, and nothing that goes on */
	bool any_event;    /* one that says something of the response has come */
	bool output_seen;  /* something has changed its output */
	bool text_seen;    /* a delta has come */
	bool error_seen;   /* an error has come in this life */
	long error_status; /* of that error: what HTTP status it stands for */
	bool progress;     /* the last event has changed the output, or says how it all ended */
	bool ended;        /* fold_end() or fold_fail() has been called */
	unsigned long long bytes; /* of all events so far */
	/* Whose they are sets them, after fold_open(). */
	fold_listener_fn *listener; /* NULL: nobody wants to know */
	void *listener_ctx;
	struct shown_ids *shown; /* what ids become that clients have seen; NULL: they stay */
	/* What the last event has changed: NULL if no item, or any (a terminal event). */
	struct item *changed;
	size_t changed_part; /* of the list that the event is about, or FOLD_NO_PART */
	/* What of the last event was left out, and why; empty if nothing was. */
	char warning[160];
};

/*
 * Begins with a stored object: as response_initial() made it, or as an earlier attempt left it. Its
 * error, incomplete_details, output and usage are emptied and its status is in_progress. Returns
 * false if it is no such object; nothing is to be closed then.
 */
bool fold_open(struct fold *fold, struct span object);
void fold_close(struct fold *fold);

/* Folds the data of one event in. After fold_end() or fold_fail() every event is ignored. */
enum fold_result fold_event(struct fold *fold, struct span event);

/* Folds an event in that is taken apart already (event.h): of valid JSON, and of a known type. */
enum fold_result fold_apply(struct fold *fold, const struct response_event *event);

/*
 * Folds a whole Response object in as if a terminal event had brought it: the answer of a provider
 * that did not stream. FOLD_SKIPPED if it is no JSON object.
 */
enum fold_result fold_response(struct fold *fold, struct span response);

/* Whether an item has begun whose final state has not come, and no terminal event either. */
bool fold_is_open(const struct fold *fold);

/*
 * The stream has ended properly: the status is the last terminal event's; without one completed, or
 * failed after an error. A failed response has an error then, if need be one that says that the
 * provider gave none.
 */
void fold_end(struct fold *fold);

/*
 * The response has failed, whatever its last event said: sets status and {"code","message"} as its
 * error.
 */
void fold_fail(struct fold *fold, const char *code, struct span message);
/* The same with an error of the provider's: raw JSON that has been checked. */
void fold_fail_with(struct fold *fold, struct span error);

/* The error that the object has, raw JSON: null if it has none. Valid until the next change. */
struct span fold_error(const struct fold *fold);

/* Writes the status, and for completed the time, into the document: for the last write. */
void fold_seal(struct fold *fold, time_t now);

/*
 * Appends the offsets in the document of the status slots of items in progress, separated by
 * blanks, up to FOLD_SLOTS_MAX of them: who ends the response without reading it writes there.
 */
void fold_open_slots(const struct fold *fold, struct buf *out);
enum { FOLD_SLOTS_MAX = 100 };

#endif
