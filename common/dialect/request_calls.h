/*
 * Which calls of tools in a request's input have outputs, and which outputs calls. Both are items
 * with a call_id, each call_id of one call and one output; where several have the same one, the
 * first output belongs to the first call, and so on.
 */
#ifndef RESPOOL_REQUEST_CALLS_H
#define RESPOOL_REQUEST_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

struct request_call {
	struct span item;  /* raw */
	struct span id;    /* decoded */
	struct span other; /* the item of its output, or of its call; empty if there is none */
	size_t number;     /* of calls, or outputs, with the same id that come before */
	bool is_output;
};

struct request_calls {
	struct request_call *list; /* in the order of the input */
	const struct request_call **by_id;
	size_t count;
	struct buf ids;
};

/* input is a request's, in any form; it has to outlive calls. */
void request_calls_open(struct request_calls *calls, struct span input);
void request_calls_close(struct request_calls *calls);

bool request_calls_have_call(const struct request_calls *calls, struct span call_id_json);
bool request_calls_have_output(const struct request_calls *calls, struct span call_id_json);

/* What is known of an element of the input; NULL if it is neither a call nor an output. */
const struct request_call *request_calls_of_item(
    const struct request_calls *calls, struct span item);

#endif
