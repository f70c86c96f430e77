/*
 * What an item or part that comes whole lacks, and the events before it had brought, is not lost:
 * parts of its lists, their annotations and logprobs, and texts that are absent or null. What both
 * have is the new one's.
 */
#ifndef RESPOOL_ITEM_KEEP_H
#define RESPOOL_ITEM_KEEP_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "item_layout.h"
#include "output.h"

/* How much of what was there is kept. */
enum keeping {
	KEEP_NOTHING,
	KEEP_ABSENT, /* what the new one does not have */
	KEEP_EMPTY, /* and texts that it has, but empty: it only announces what has begun to grow */
};

/*
 * Whether an item as it is laid out may lack something of what the one there has. False is certain.
 */
bool item_may_lack(const struct output *output, struct item *item, const struct item_layout *layout,
    enum keeping keeping);

/* The same for a part as it is laid out as text. */
bool part_may_lack(const struct output *output, const struct part *part,
    const struct part_layout *layout, const struct buf *text, enum keeping keeping);

/* Appends the new item with what it lacks of the old one: JSON objects that have been checked. */
void item_keep(struct buf *out, struct span old, struct span item, enum keeping keeping);
/* The same for a part: any JSON values. */
void part_keep(struct buf *out, struct span old, struct span part, enum keeping keeping);

#endif
