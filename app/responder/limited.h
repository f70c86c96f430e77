/*
 * What a client is told of its key's limits when it creates a response: that one of them is
 * reached, or how it stands with them.
 */
#ifndef RESPOOL_LIMITED_H
#define RESPOOL_LIMITED_H

#include "common/store/store.h"
#include "handlers.h"

/* Answers that the job is refused as store_admission() says. */
void limited_answer(struct handlers *handlers, const struct new_job *job);

/* Adds headers to the answer that say how it stands with limits of requests and of tokens. */
void limited_add_headers(struct handlers *handlers);
/* Appends the same as lines, "Name: value\r\n" each. */
void limited_write_headers(const struct handlers *handlers, struct buf *lines);

#endif
