/*
 * The tools of a request, for dialects that know functions only. Those of namespaces are told one
 * by one, and those that only OpenAI's own service has are refused.
 */
#ifndef RESPOOL_REQUEST_TOOLS_H
#define RESPOOL_REQUEST_TOOLS_H

#include "request.h"

/*
 * tool is a function or a custom tool, raw JSON, and name what it is called, valid during the call
 * only. name is NULL for a web search, of which the dialect has one of its own, or refuses it.
 * False after writer->error has been set.
 */
typedef bool request_tool_fn(
    struct request_writer *writer, struct span tool, const struct tool_name *name, void *ctx);

/*
 * Adds the tools to writer->tools and tells fn of each that the dialect can say. tools is an array,
 * null or nothing. False if one is refused; writer->error says why.
 */
bool request_each_tool(
    struct request_writer *writer, struct span tools, request_tool_fn *fn, void *ctx);

/* Whether a tool that is named by its type is a web search. */
bool request_is_web_search(struct span type);

#endif
