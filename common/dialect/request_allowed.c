#include "request_allowed.h"

#include "common/base/json.h"
#include "request_tools.h"

static const char param[] = "tool_choice";

static bool add_named(
    struct request_allowed *allowed, struct request_writer *writer, struct span tool, bool is_space)
{
	struct buf space = {0}, name = {0};
	bool named = json_decode(json_get(tool, "name"), &name) && name.len > 0;

	json_decode(json_get(tool, "namespace"), &space);
	if (!named)
		request_invalid(writer, param, "Invalid 'tool_choice': a tool has no name.");
	else if (is_space)
		tool_names_add(&allowed->spaces, TOOL_FUNCTION, (struct span){0}, buf_span(&name));
	else
		tool_names_add(&allowed->tools, TOOL_FUNCTION,
		    space.len > 0 ? buf_span(&space) : (struct span){0}, buf_span(&name));
	buf_free(&space);
	buf_free(&name);
	return named;
}

static bool refuse(struct request_writer *writer, struct span type)
{
	struct buf name = {0};
	bool left_out;

	if (!json_decode(type, &name))
		return request_invalid(writer, param, "Invalid 'tool_choice': a tool has no type.");
	left_out = request_refuse(
	    writer, param, "it has no tool of type '%.64s' to be allowed", buf_cstr(&name));
	buf_free(&name);
	return left_out;
}

static bool add(struct request_allowed *allowed, struct request_writer *writer, struct span tool)
{
	struct span type = json_get(tool, "type");
	bool is_space = json_string_is(type, "namespace");

	if (is_space || json_string_is(type, "function") || json_string_is(type, "custom"))
		return add_named(allowed, writer, tool, is_space);
	if (!request_is_web_search(type))
		return refuse(writer, type);
	allowed->web_search = true;
	return true;
}

bool request_read_allowed(
    struct request_allowed *allowed, struct request_writer *writer, struct span choice)
{
	struct json_scan scan;
	struct span tool;

	*allowed = (struct request_allowed){0};
	if (!json_string_is(json_get(choice, "type"), "allowed_tools"))
		return true;
	allowed->is_limited = true;
	scan = json_open(json_get(choice, "tools"), 0);
	while (json_element(&scan, &tool)) {
		if (!add(allowed, writer, tool))
			return false;
	}
	return scan.error == NULL ||
	       request_invalid(
		   writer, param, "Invalid 'tool_choice.tools': expected an array of tools.");
}

void request_allowed_free(struct request_allowed *allowed)
{
	tool_names_free(&allowed->tools);
	tool_names_free(&allowed->spaces);
}

bool request_allows(const struct request_allowed *allowed, const struct tool_name *name)
{
	if (!allowed->is_limited)
		return true;
	if (name == NULL)
		return allowed->web_search;
	return tool_names_find(&allowed->tools, span_of(name->sent)) != NULL ||
	       (name->space != NULL &&
		   tool_names_find(&allowed->spaces, span_of(name->space)) != NULL);
}
