/*
 * The tools that a tool_choice of type allowed_tools allows, by the names that the client has for
 * them: functions, custom tools, namespaces as a whole, and the web search.
 */
#ifndef RESPOOL_REQUEST_ALLOWED_H
#define RESPOOL_REQUEST_ALLOWED_H

#include "request.h"

/* A zeroed one allows all. */
struct request_allowed {
	bool is_limited; /* to these: */
	struct tool_names tools, spaces;
	bool web_search;
};

/*
 * Reads a tool_choice, which may be of any type, or nothing; those of other types allow all. False
 * after writer->error has been set. To be freed in either case.
 */
bool request_read_allowed(
    struct request_allowed *allowed, struct request_writer *writer, struct span choice);
void request_allowed_free(struct request_allowed *allowed);

/* name is that of a tool as request_each_tool() tells it: NULL for a web search. */
bool request_allows(const struct request_allowed *allowed, const struct tool_name *name);

#endif
