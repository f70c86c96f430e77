/*
 * What a request's tools are called in a dialect that knows functions only, and what a call of one
 * of them is in the Responses API: tools of namespaces get names with the namespace's before them,
 * custom tools become functions with one string, a text format may become a tool.
 */
#ifndef RESPOOL_TOOL_NAMES_H
#define RESPOOL_TOOL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

enum { TOOL_NAME_MAX = 64 }; /* bytes */

enum tool_kind {
	TOOL_FUNCTION,
	TOOL_CUSTOM, /* its arguments are {"input": text} */
	TOOL_FORMAT, /* stands for text.format: its arguments are the text of the answer */
};

struct tool_name {
	char *sent;  /* what the provider calls it */
	char *name;  /* what the client calls it */
	char *space; /* the namespace, or NULL */
	enum tool_kind kind;
};

/* A zeroed one is empty. */
struct tool_names {
	struct tool_name *names;
	size_t count;
	void *by_sent, *by_client; /* trees: tsearch(3) */
};

/* Whether it is 1 to TOOL_NAME_MAX of [A-Za-z0-9_-]. */
bool tool_name_is_valid(struct span name);

void tool_names_free(struct tool_names *tools);

/*
 * Adds a tool. space is NULL for one that is in no namespace; else it is sent as "SPACE__NAME", of
 * which the beginning of a longer one than TOOL_NAME_MAX is kept, with a hash of the whole. Texts
 * are decoded. False if another tool is sent by that name already.
 */
bool tool_names_add(
    struct tool_names *tools, enum tool_kind kind, struct span space, struct span name);

/* By what the provider calls it (decoded), or NULL. */
const struct tool_name *tool_names_find(const struct tool_names *tools, struct span sent);
/* By what the client calls it; space is empty for none. NULL if there is none. */
const struct tool_name *tool_names_of_client(
    const struct tool_names *tools, struct span space, struct span name);

#endif
