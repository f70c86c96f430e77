/* The streams that a worker has running, by the ids of their responses. */
#ifndef RESPOOL_STREAM_TABLE_H
#define RESPOOL_STREAM_TABLE_H

#include "stream.h"

/* All zero: empty. The streams in it are not its own. */
struct stream_table {
	void *root; /* of a tree of entries: tsearch(3) */
	int count;
};

/* Frees what the table itself holds. The ids of its streams are not looked at. */
void stream_table_close(struct stream_table *table);

/* No other stream of its id may be there. */
void stream_table_add(struct stream_table *table, struct stream *stream);

/* Does nothing for a stream that is not there. */
void stream_table_remove(struct stream_table *table, const struct stream *stream);

/* NULL if there is none. */
struct stream *stream_table_find(const struct stream_table *table, const char *id);

/* Calls fn for every stream that there is now. A stream may be removed, and freed, by its own. */
void stream_table_each(const struct stream_table *table, void (*fn)(struct stream *stream));
/* The same with a context, for a function that removes none. */
void stream_table_visit(
    const struct stream_table *table, void (*fn)(void *ctx, struct stream *stream), void *ctx);

#endif
