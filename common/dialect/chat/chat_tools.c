#include "chat_request_internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/config/model.h"
#include "common/dialect/request_allowed.h"
#include "common/dialect/request_tools.h"

static const char param[] = "tool_choice";

struct tools {
	struct buf list;   /* elements of the array */
	struct buf search; /* web_search_options, or empty */
	struct request_allowed allowed;
	bool tells_allowed; /* of all tools; else these alone are sent */
	bool takes_strict;
	bool searches; /* the model is one that does nothing but */
};

static void write_parameters(struct buf *out, struct span parameters)
{
	if (json_is_given(parameters))
		buf_append_span(out, parameters);
	else
		buf_puts(out, "{\"type\":\"object\",\"properties\":{}}");
}

/* The options of a web search have the same names there, but for the place's. */
static bool add_web_search(struct request_writer *writer, struct tools *tools, struct span tool)
{
	struct span size = json_get(tool, "search_context_size");
	struct span place = json_get(tool, "user_location");
	struct buf *out = &tools->search;
	struct json_scan scan = json_open(place, 0);
	struct span key, value;

	if (!tools->searches)
		return request_refuse(writer, "tools", "it has no web search");
	buf_clear(out);
	buf_putc(out, '{');
	if (json_is_given(size)) {
		buf_puts(out, "\"search_context_size\":");
		buf_append_span(out, size);
	}
	if (json_type(place) == JSON_OBJECT) {
		buf_puts(out, size.len > 0 && json_is_given(size) ? "," : "");
		buf_puts(out, "\"user_location\":{\"type\":\"approximate\",\"approximate\":{");
		while (json_member(&scan, &key, &value)) {
			if (json_raw_is(key, "type") || !json_is_given(value))
				continue;
			json_write_name(out, key);
			buf_append_span(out, value);
		}
		buf_puts(out, "}}");
	}
	buf_putc(out, '}');
	return true;
}

static bool add_tool(
    struct request_writer *writer, struct span tool, const struct tool_name *name, void *ctx)
{
	struct tools *tools = ctx;
	struct buf *out = &tools->list;

	if ((name == NULL || !tools->tells_allowed) && !request_allows(&tools->allowed, name))
		return true;
	if (name == NULL)
		return add_web_search(writer, tools, tool);
	buf_puts(out, out->len > 0 ? "," : "");
	buf_puts(out, "{\"type\":\"function\",\"function\":{\"name\":");
	json_quote(out, span_of(name->sent));
	chat_append_given(out, ",\"description\":", json_get(tool, "description"));
	buf_puts(out, ",\"parameters\":");
	if (name->kind == TOOL_CUSTOM)
		request_write_custom_schema(writer, out, tool);
	else
		write_parameters(out, json_get(tool, "parameters"));
	if (name->kind == TOOL_FUNCTION && tools->takes_strict)
		chat_append_given(out, ",\"strict\":", json_get(tool, "strict"));
	buf_puts(out, "}}");
	return true;
}

static void write_function_choice(struct buf *out, const char *sent)
{
	buf_puts(out, "{\"type\":\"function\",\"function\":{\"name\":");
	json_quote(out, span_of(sent));
	buf_puts(out, "}}");
}

static void list_allowed(
    struct buf *list, const struct tool_names *names, const struct request_allowed *allowed)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!request_allows(allowed, &names->names[i]))
			continue;
		buf_puts(list, list->len > 0 ? "," : "");
		write_function_choice(list, names->names[i].sent);
	}
}

static bool write_mode(struct chat_request *chat, struct span mode, bool any)
{
	if (!json_string_is(mode, "auto") && !json_string_is(mode, "none") &&
	    !json_string_is(mode, "required"))
		return request_invalid(chat->writer, param,
		    "Invalid 'tool_choice': its mode is none of 'none', 'auto' and 'required'.");
	if (any)
		chat_write_member(chat, param, mode);
	return any || !json_string_is(mode, "required") || request_refuse_choice(chat->writer);
}

static void write_allowed_list(struct chat_request *chat, struct span mode, struct span list)
{
	chat_write_name(chat, param);
	buf_puts(chat->out, "{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":");
	buf_append_span(chat->out, mode);
	buf_puts(chat->out, ",\"tools\":[");
	buf_append_span(chat->out, list);
	buf_puts(chat->out, "]}}");
}

static bool write_allowed_tools(
    struct chat_request *chat, const struct tools *tools, struct span mode)
{
	bool is_auto = json_string_is(mode, "auto");
	struct buf list = {0};

	if (tools->list.len == 0 || !tools->tells_allowed ||
	    (!is_auto && !json_string_is(mode, "required")))
		return write_mode(chat, mode, tools->list.len > 0);
	list_allowed(&list, &chat->writer->tools, &tools->allowed);
	if (list.len == 0 && !is_auto)
		return request_refuse_choice(chat->writer);
	if (list.len == 0)
		chat_write_member(chat, param, SPAN("\"none\""));
	else
		write_allowed_list(chat, mode, buf_span(&list));
	buf_free(&list);
	return true;
}

static bool write_named(struct chat_request *chat, struct span choice)
{
	struct buf space = {0}, name = {0};
	const struct tool_name *tool;

	json_decode(json_get(choice, "namespace"), &space);
	json_decode(json_get(choice, "name"), &name);
	tool = tool_names_of_client(&chat->writer->tools, buf_span(&space), buf_span(&name));
	buf_free(&space);
	buf_free(&name);
	if (tool == NULL)
		return request_refuse_choice(chat->writer);
	chat_write_name(chat, param);
	write_function_choice(chat->out, tool->sent);
	return true;
}

static bool write_choice(struct chat_request *chat, const struct tools *tools)
{
	struct span choice = chat->given[CHAT_TOOL_CHOICE], type = json_get(choice, "type");

	if (choice.len == 0)
		return true;
	if (json_type(choice) == JSON_STRING)
		return write_mode(chat, choice, tools->list.len > 0);
	if (json_string_is(type, "function") || json_string_is(type, "custom"))
		return write_named(chat, choice);
	if (tools->allowed.is_limited)
		return write_allowed_tools(chat, tools, json_get(choice, "mode"));
	return request_refuse(chat->writer, param, "only functions can be chosen");
}

static bool write_parallel(struct chat_request *chat)
{
	struct span parallel = chat->given[CHAT_PARALLEL_TOOL_CALLS];

	if (parallel.len == 0)
		return true;
	if (request_has_quirk(chat->writer, QUIRK_NO_PARALLEL_TOOL_CALLS))
		return json_type(parallel) == JSON_TRUE ||
		       request_refuse(chat->writer, "parallel_tool_calls",
			   "it cannot be told to call one at a time");
	chat_write_member(chat, "parallel_tool_calls", parallel);
	return true;
}

/* OpenAI has models that search the web whatever they are asked, with options of their own. */
static bool model_searches(struct request_writer *writer)
{
	char *name;
	bool searches;

	if (!request_has_quirk(writer, QUIRK_OPENAI_MEMBERS))
		return false;
	name = model_upstream_name(writer->deployment, writer->model);
	searches = strstr(name, "-search-") != NULL;
	free(name);
	return searches;
}

static bool collect(struct chat_request *chat, struct tools *tools)
{
	struct request_writer *writer = chat->writer;

	tools->takes_strict = !request_has_quirk(writer, QUIRK_NO_STRICT_TOOLS);
	tools->searches = model_searches(writer);
	tools->tells_allowed = request_has_quirk(writer, QUIRK_OPENAI_MEMBERS);
	return request_read_allowed(&tools->allowed, writer, chat->given[CHAT_TOOL_CHOICE]) &&
	       request_each_tool(writer, chat->given[CHAT_TOOLS], add_tool, tools);
}

static bool write_collected(struct chat_request *chat, const struct tools *tools)
{
	bool any = tools->list.len > 0;

	if (tools->search.len > 0)
		chat_write_member(chat, "web_search_options", buf_span(&tools->search));
	if (any) {
		chat_write_name(chat, "tools");
		buf_putc(chat->out, '[');
		buf_append_span(chat->out, buf_span(&tools->list));
		buf_putc(chat->out, ']');
	}
	return write_choice(chat, tools) && (!any || write_parallel(chat));
}

bool chat_tools_write(struct chat_request *chat)
{
	struct tools tools = {0};
	bool written = collect(chat, &tools) && write_collected(chat, &tools);

	buf_free(&tools.list);
	buf_free(&tools.search);
	request_allowed_free(&tools.allowed);
	return written;
}
