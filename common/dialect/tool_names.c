#include "tool_names.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "common/base/alloc.h"

enum { HASH_DIGITS = 8 };

void tool_names_free(struct tool_names *tools)
{
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
	tools->names = xrealloc(tools->names, (tools->count + 1) * sizeof(tools->names[0]));
	added = &tools->names[tools->count++];
	*added = (struct tool_name){
	    .sent = xmemdup(sent.data, sent.len),
	    .name = xmemdup(name.p, name.len),
	    .space = space.p != NULL ? xmemdup(space.p, space.len) : NULL,
	    .kind = kind,
	};
	buf_free(&sent);
	return true;
}

const struct tool_name *tool_names_find(const struct tool_names *tools, struct span sent)
{
	for (size_t i = 0; i < tools->count; i++) {
		if (span_is(sent, tools->names[i].sent))
			return &tools->names[i];
	}
	return NULL;
}

const struct tool_name *tool_names_of_client(
    const struct tool_names *tools, struct span space, struct span name)
{
	for (size_t i = 0; i < tools->count; i++) {
		const struct tool_name *tool = &tools->names[i];

		if (span_is(name, tool->name) &&
		    (tool->space != NULL ? span_is(space, tool->space) : space.len == 0))
			return tool;
	}
	return NULL;
}
