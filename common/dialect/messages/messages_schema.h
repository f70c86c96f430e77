/*
 * JSON schemas for output_config.format: the Messages API takes only those whose objects are
 * closed, of which each says that it has no further properties.
 */
#ifndef RESPOOL_MESSAGES_SCHEMA_H
#define RESPOOL_MESSAGES_SCHEMA_H

#include "common/base/buf.h"

/*
 * Appends a schema, JSON that has been checked, in which objects that say nothing of it get
 * "additionalProperties": false; all else stays to the letter.
 */
void messages_write_closed(struct buf *out, struct span schema);

#endif
