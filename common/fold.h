/*
 * Folding: the events of a Responses API stream become the Response object that they describe.
 *
 * The object is a document (document.h), its own members are response_nodes.h's and its output
 * output.h's affair. Which event does what is the table in fold.c. What an event says is not
 * trusted: one that is malformed, names an item or index that is not there, or has a member of the
 * wrong type is skipped and changes nothing.
 */
#ifndef RESPOOL_FOLD_H
#define RESPOOL_FOLD_H

#include <stdbool.h>
#include <time.h>

#include "buf.h"
#include "document.h"
#include "output.h"
#include "response.h"
#include "response_nodes.h"

enum fold_result {
	FOLD_IGNORED,  /* nothing to do with the object */
	FOLD_CHANGED,  /* the document may have changed */
	FOLD_SKIPPED,  /* a bad event: fold->warning says what was wrong with it */
	FOLD_TERMINAL, /* the stream's last event: fold->status is terminal */
};

/* Cannot be moved: it points into itself. */
struct fold {
	struct document doc;
	enum response_status status; /* in_progress until the response has ended */
	struct response_nodes nodes;
	struct output output;
	bool text_seen;  /* a delta has come */
	bool error_seen; /* an error came that no terminal event followed yet */
	char warning[160];
};

/*
 * Begins with a stored object: as response_initial() made it, or as an earlier attempt left it. Its
 * error, incomplete_details, output and usage are emptied and its status is in_progress. Returns
 * false if it is no such object; nothing is to be closed then.
 */
bool fold_open(struct fold *fold, struct span object);
void fold_close(struct fold *fold);

/* Folds the data of one event in. After the response has ended, every event is ignored. */
enum fold_result fold_event(struct fold *fold, struct span event);

/*
 * Folds a whole Response object in as if a terminal event had brought it: the answer of a provider
 * that did not stream. FOLD_SKIPPED if it is no JSON object.
 */
enum fold_result fold_response(struct fold *fold, struct span response);

/*
 * The stream has ended properly without a terminal event: completed, or failed if it brought an
 * error. Does nothing once the response has ended.
 */
void fold_end(struct fold *fold);

/*
 * The response has failed, whatever its last event said: sets status and {"code","message"} as its
 * error.
 */
void fold_fail(struct fold *fold, const char *code, struct span message);
/* The same with an error of the provider's: raw JSON that has been checked. */
void fold_fail_with(struct fold *fold, struct span error);

/* Writes the status, and for completed the time, into the document: for the last write. */
void fold_seal(struct fold *fold, time_t now);

#endif
