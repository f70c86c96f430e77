#include "stream_table.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"

/* id is the stream's own, or what is looked for. */
struct tree_entry {
	const char *id;
	struct stream *stream;
};

struct stream_list {
	struct stream **streams;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->id, ((const struct tree_entry *)b)->id);
}

void stream_table_close(struct stream_table *table)
{
	tdestroy(table->root, free);
	*table = (struct stream_table){0};
}

void stream_table_add(struct stream_table *table, struct stream *stream)
{
	struct tree_entry *entry = xmalloc(sizeof(*entry));

	*entry = (struct tree_entry){stream_id(stream), stream};
	if (tsearch(entry, &table->root, compare) == NULL)
		fatalx("out of memory");
	table->count++;
}

void stream_table_remove(struct stream_table *table, const struct stream *stream)
{
	struct tree_entry key = {stream_id(stream), NULL}, **found, *entry;

	found = tfind(&key, &table->root, compare);
	if (found == NULL)
		return;
	entry = *found;
	tdelete(&key, &table->root, compare);
	free(entry);
	table->count--;
}

struct stream *stream_table_find(const struct stream_table *table, const char *id)
{
	struct tree_entry key = {id, NULL}, **found = tfind(&key, &table->root, compare);

	return found != NULL ? (*found)->stream : NULL;
}

static void list_stream(const void *node, VISIT visit, void *ctx)
{
	struct stream_list *list = ctx;

	if (visit == postorder || visit == leaf)
		list->streams[list->count++] = (*(struct tree_entry *const *)node)->stream;
}

void stream_table_each(const struct stream_table *table, void (*fn)(struct stream *stream))
{
	struct stream_list list = {xcalloc((size_t)table->count, sizeof(struct stream *)), 0};

	twalk_r(table->root, list_stream, &list);
	for (size_t i = 0; i < list.count; i++)
		fn(list.streams[i]);
	free(list.streams);
}

struct visitor {
	void (*fn)(void *ctx, struct stream *stream);
	void *ctx;
};

static void visit_stream(const void *node, VISIT visit, void *ctx)
{
	const struct visitor *visitor = ctx;

	if (visit == postorder || visit == leaf)
		visitor->fn(visitor->ctx, (*(struct tree_entry *const *)node)->stream);
}

void stream_table_visit(
    const struct stream_table *table, void (*fn)(void *ctx, struct stream *stream), void *ctx)
{
	struct visitor visitor = {fn, ctx};

	twalk_r(table->root, visit_stream, &visitor);
}
