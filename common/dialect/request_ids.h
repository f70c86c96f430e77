/* The ids of the items of a request's input, which item_reference items name. */
#ifndef RESPOOL_REQUEST_IDS_H
#define RESPOOL_REQUEST_IDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

/* A zeroed one is empty. */
struct request_ids {
	struct span *sorted; /* decoded, in text */
	size_t count;
	struct buf text;
};

/* input is a request's, in any form; items that are references themselves do not count. */
void request_ids_open(struct request_ids *ids, struct span input);
void request_ids_close(struct request_ids *ids);

/* id is a JSON value. */
bool request_ids_have(const struct request_ids *ids, struct span id);

#endif
