/*
 * What item_reference items in a request's input refer to: other items of the same input, of which
 * those of an earlier response are part by then.
 */
#ifndef RESPOOL_REQUEST_REFERENCES_H
#define RESPOOL_REQUEST_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "request.h"

struct request_reference {
	struct span id; /* decoded */
	struct span item;
};

struct request_references {
	struct request_reference *items; /* in the order of their ids */
	size_t count;
	struct buf ids;
};

/* input is a request's, in any form; it has to outlive references. */
void request_references_open(struct request_references *references, struct span input);
void request_references_close(struct request_references *references);

/* The item that an item_reference, raw JSON, names; empty if there is none. */
struct span request_references_find(
    const struct request_references *references, struct span reference);
/*
 * Whether it names one, which has been told where it stands then: twice would be once too often.
 * False after writer->error has been set.
 */
bool request_references_check(const struct request_references *references,
    struct request_writer *writer, struct span reference);

#endif
