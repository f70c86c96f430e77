#include "common/base/json.h"
#include "messages_internal.h"
#include "common/dialect/request_tools.h"

static const char param[] = "tool_choice";

static bool read_mode(struct messages_request *request, struct span mode)
{
	if (json_string_is(mode, "auto"))
		request->choice = CHOICE_AUTO;
	else if (json_string_is(mode, "none"))
		request->choice = CHOICE_NONE;
	else if (json_string_is(mode, "required"))
		request->choice = CHOICE_ANY;
	else
		return request_invalid(request->writer, param,
		    "Invalid value for 'tool_choice': expected 'none', 'auto' or 'required'.");
	return true;
}

static bool read_one(struct messages_request *request, struct span choice)
{
	struct span type = json_get(choice, "type");
	struct buf name = {0};
	bool left_out;

	if (json_string_is(type, "function") || json_string_is(type, "custom")) {
		request->choice = CHOICE_ONE;
		return true;
	}
	json_decode(type, &name);
	left_out = request_refuse(
	    request->writer, param, "it cannot be made to use '%.64s'", buf_cstr(&name));
	buf_free(&name);
	return left_out;
}

bool messages_read_choice(struct messages_request *request)
{
	struct span choice = request->members[MEMBER_TOOL_CHOICE];

	if (choice.len == 0)
		return true;
	if (!request_read_allowed(&request->allowed, request->writer, choice))
		return false;
	if (json_type(choice) != JSON_OBJECT)
		return read_mode(request, choice);
	if (request->allowed.is_limited)
		return read_mode(request, json_get(choice, "mode"));
	return read_one(request, choice);
}

static void find_chosen(struct messages_request *request)
{
	struct request_writer *writer = request->writer;
	struct span choice = request->members[MEMBER_TOOL_CHOICE];
	struct buf space = {0}, name = {0};
	const struct tool_name *tool;

	json_decode(json_get(choice, "namespace"), &space);
	json_decode(json_get(choice, "name"), &name);
	tool = tool_names_of_client(&writer->tools, buf_span(&space), buf_span(&name));
	if (tool != NULL)
		json_quote(&request->chosen, span_of(tool->sent));
	buf_free(&space);
	buf_free(&name);
}

/* What must be called has to be there. */
static bool check_demand(struct messages_request *request)
{
	if (request->choice == CHOICE_ONE)
		find_chosen(request);
	if (request->choice == CHOICE_ONE ? request->chosen.len > 0
					  : request->choice != CHOICE_ANY || request->tools.len > 0)
		return true;
	request->choice = CHOICE_UNSAID;
	return request_refuse_choice(request->writer);
}

static bool add_format_tool(struct messages_request *request, struct span format)
{
	static const struct span answer = {"json_answer", sizeof("json_answer") - 1};
	struct request_writer *writer = request->writer;
	struct tool_names *tools = &writer->tools;
	struct span description = json_get(format, "description");
	bool is_alone = request->tools.len == 0 || request->choice == CHOICE_NONE;

	if (!tool_names_add(tools, TOOL_FORMAT, (struct span){0}, answer) &&
	    !tool_names_add(tools, TOOL_FORMAT, SPAN("respool"), answer))
		return request_invalid(writer, "tools", "Invalid 'tools': a tool is called '%s'.",
		    "respool__json_answer");
	if (json_type(description) != JSON_STRING)
		description = SPAN("\"Gives the answer, in the form that is asked for.\"");
	messages_add_tool(&request->tools, span_of(tools->names[tools->count - 1].sent),
	    description, request->format, (struct span){0}, (struct span){0});
	request->choice = is_alone ? CHOICE_ONE : CHOICE_ANY;
	request->answers_by_tool = is_alone;
	if (is_alone)
		json_quote(&request->chosen, span_of(tools->names[tools->count - 1].sent));
	request->format = (struct span){0};
	return true;
}

/* The schema is in request->format. */
static bool settle_schema(struct messages_request *request, struct span format)
{
	if (!request_has_quirk(request->writer, QUIRK_FORMAT_AS_TOOL))
		return true;
	if (request->choice == CHOICE_ANY || request->choice == CHOICE_ONE) {
		/* A call is the answer then. */
		request->format = (struct span){0};
		return true;
	}
	if (request->thinking.is_on) {
		request->format = (struct span){0};
		return request_refuse(
		    request->writer, "text", "the model has no format of JSON while it reasons");
	}
	return add_format_tool(request, format);
}

static bool settle_format(struct messages_request *request)
{
	struct span text = request->members[MEMBER_TEXT], format = json_get(text, "format");
	struct span type = json_get(format, "type");

	if (json_is_given(json_get(text, "verbosity")))
		request_leave_out(request->writer, "text.verbosity");
	if (!json_is_given(format) || json_string_is(type, "text"))
		return true;
	if (json_string_is(type, "json_object"))
		return request_refuse(
		    request->writer, "text", "it has no format 'json_object', but 'json_schema'");
	request->format = json_get(format, "schema");
	if (!json_string_is(type, "json_schema") || json_type(request->format) != JSON_OBJECT)
		return request_invalid(request->writer, "text",
		    "Invalid 'text.format': expected one of type 'text', 'json_object' or "
		    "'json_schema' with its schema.");
	return settle_schema(request, format);
}

bool messages_settle_choice(struct messages_request *request)
{
	bool is_forced;

	if (!check_demand(request))
		return false;
	is_forced = request->choice == CHOICE_ANY || request->choice == CHOICE_ONE;
	if (is_forced && request->thinking.is_on && request->tools.len > 0) {
		request_leave_out(request->writer, param);
		request->choice = CHOICE_AUTO;
	}
	return settle_format(request);
}

void messages_write_choice(struct buf *out, const struct messages_request *request)
{
	static const char *const types[] = {[CHOICE_UNSAID] = "auto",
	    [CHOICE_AUTO] = "auto",
	    [CHOICE_NONE] = "none",
	    [CHOICE_ANY] = "any",
	    [CHOICE_ONE] = "tool"};
	bool is_single = json_type(request->members[MEMBER_PARALLEL_TOOL_CALLS]) == JSON_FALSE;

	is_single = (is_single || request->answers_by_tool) && request->choice != CHOICE_NONE;
	if (request->tools.len == 0 || (request->choice == CHOICE_UNSAID && !is_single))
		return;
	buf_printf(out, ",\"tool_choice\":{\"type\":\"%s\"", types[request->choice]);
	if (request->choice == CHOICE_ONE) {
		buf_puts(out, ",\"name\":");
		buf_append_span(out, buf_span(&request->chosen));
	}
	if (is_single)
		buf_puts(out, ",\"disable_parallel_tool_use\":true");
	buf_putc(out, '}');
}
