#include "tool_names.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "common/base/alloc.h"
#include "common/base/log.h"

enum { HASH_DIGITS = 8 };

bool tool_name_is_valid(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '-')
			return false;
	}
	return name.len > 0 && name.len <= TOOL_NAME_MAX;
}

/* A node of both trees; space is empty for none. */
struct tool_entry {
	struct span sent, name, space;
	size_t index; /* in names, which move */
};

static int compare_sent(const void *a, const void *b)
{
	return span_compare(
	    ((const struct tool_entry *)a)->sent, ((const struct tool_entry *)b)->sent);
}

static int compare_client(const void *a, const void *b)
{
	const struct tool_entry *one = a, *other = b;
	int order = span_compare(one->name, other->name);

	return order != 0 ? order : span_compare(one->space, other->space);
}

static void free_nothing(void *entry)
{
	(void)entry;
}

void tool_names_free(struct tool_names *tools)
{
	tdestroy(tools->by_client, free_nothing);
	tdestroy(tools->by_sent, free);
	for (size_t i = 0; i < tools->count; i++) {
		free(tools->names[i].sent);
		free(tools->names[i].name);
		free(tools->names[i].space);
	}
	free(tools->names);
	*tools = (struct tool_names){0};
}

/* Two long names that begin alike still differ in their hashes. */
static void shorten(struct buf *name)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	if (name->len <= TOOL_NAME_MAX)
		return;
	SHA256((const unsigned char *)name->data, name->len, hash);
	name->len = TOOL_NAME_MAX - HASH_DIGITS - 1;
	buf_putc(name, '_');
	for (size_t i = 0; i < HASH_DIGITS / 2; i++)
		buf_printf(name, "%02x", hash[i]);
}

static void write_sent(struct buf *out, struct span space, struct span name)
{
	if (space.p != NULL) {
		buf_append_span(out, space);
		buf_puts(out, "__");
	}
	buf_append_span(out, name);
	if (space.p != NULL)
		shorten(out);
}

/* A power of two is as many as there is room for. */
static void make_room(struct tool_names *tools)
{
	size_t count = tools->count;

	if ((count & (count - 1)) == 0)
		tools->names =
		    xrealloc(tools->names, (count != 0 ? count * 2 : 1) * sizeof(tools->names[0]));
}

static void remember(struct tool_names *tools, const struct tool_name *tool)
{
	struct tool_entry *entry = xmalloc(sizeof(*entry));

	*entry = (struct tool_entry){.sent = span_of(tool->sent),
	    .name = span_of(tool->name),
	    .space = span_of(tool->space != NULL ? tool->space : ""),
	    .index = (size_t)(tool - tools->names)};
	if (tsearch(entry, &tools->by_sent, compare_sent) == NULL ||
	    tsearch(entry, &tools->by_client, compare_client) == NULL)
		fatalx("out of memory");
}

bool tool_names_add(
    struct tool_names *tools, enum tool_kind kind, struct span space, struct span name)
{
	struct buf sent = {0};
	struct tool_name *added;

	write_sent(&sent, space, name);
	if (tool_names_find(tools, buf_span(&sent)) != NULL) {
		buf_free(&sent);
		return false;
	}
	make_room(tools);
	added = &tools->names[tools->count++];
	*added = (struct tool_name){
	    .sent = xmemdup(sent.data, sent.len),
	    .name = xmemdup(name.p, name.len),
	    .space = space.p != NULL ? xmemdup(space.p, space.len) : NULL,
	    .kind = kind,
	};
	remember(tools, added);
	buf_free(&sent);
	return true;
}

static const struct tool_name *found(const struct tool_names *tools, struct tool_entry **entry)
{
	return entry != NULL ? &tools->names[(*entry)->index] : NULL;
}

const struct tool_name *tool_names_find(const struct tool_names *tools, struct span sent)
{
	struct tool_entry key = {.sent = sent};

	return found(tools, tfind(&key, &tools->by_sent, compare_sent));
}

const struct tool_name *tool_names_of_client(
    const struct tool_names *tools, struct span space, struct span name)
{
	struct tool_entry key = {.name = name, .space = space};

	return found(tools, tfind(&key, &tools->by_client, compare_client));
}
