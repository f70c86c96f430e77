/* Answers to administrators that are made of what there is at the moment. */
#ifndef RESPOOL_ADMIN_SNAPSHOT_H
#define RESPOOL_ADMIN_SNAPSHOT_H

#include <stdbool.h>

#include "common/store/operate.h"
#include "handlers.h"

/*
 * Asks Redis, and empties handlers->object for the answer. False if the client has its answer: an
 * error.
 */
bool admin_snapshot_take(struct handlers *handlers, struct store_snapshot *snapshot);
/* Frees the snapshot, and answers with what is in handlers->object. */
void admin_snapshot_answer(struct handlers *handlers, struct store_snapshot *snapshot);

#endif
