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

/*
 * Appends the JSON schema of the arguments of a custom tool: one string, whose grammar is told but
 * cannot be enforced, which is noted.
 */
void request_write_custom_schema(struct request_writer *writer, struct buf *out, struct span tool);

/*
 * tool_choice demands a tool that is not among those that are sent: an error, or with drop_params
 * it is left out, and true is returned.
 */
bool request_refuse_choice(struct request_writer *writer);

/* Whether a tool that is named by its type is a web search. */
bool request_is_web_search(struct span type);

#endif
