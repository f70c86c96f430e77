#include "request_calls.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

static const struct {
	const char *call, *output;
} kinds[] = {
    {"function_call", "function_call_output"},
    {"custom_tool_call", "custom_tool_call_output"},
    {"local_shell_call", "local_shell_call_output"},
    {"shell_call", "shell_call_output"},
    {"apply_patch_call", "apply_patch_call_output"},
};

static bool is_of_calls(struct span type, bool *is_output)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		*is_output = json_string_is(type, kinds[i].output);
		if (*is_output || json_string_is(type, kinds[i].call))
			return true;
	}
	return false;
}

/* The output of a local shell has the call's id as its id. */
static struct span id_of(struct span item, struct span type)
{
	struct span id = json_get(item, "call_id");

	if (json_type(id) != JSON_STRING && json_string_is(type, "local_shell_call_output"))
		id = json_get(item, "id");
	return id;
}

/* Until all ids are there, only the length of one is known. */
static void add(struct request_calls *calls, size_t *room, struct span item)
{
	struct span type = json_get(item, "type");
	size_t begin = calls->ids.len;
	bool is_output;

	if (!is_of_calls(type, &is_output) || !json_decode(id_of(item, type), &calls->ids))
		return;
	if (calls->count == *room) {
		*room = *room != 0 ? *room * 2 : 16;
		calls->list = xrealloc(calls->list, *room * sizeof(calls->list[0]));
	}
	calls->list[calls->count++] = (struct request_call){
	    .item = item, .id = {NULL, calls->ids.len - begin}, .is_output = is_output};
}

/* By the id; then calls, then outputs, each as they come in the input. */
static int compare(const void *a, const void *b)
{
	const struct request_call *one = *(const struct request_call *const *)a;
	const struct request_call *other = *(const struct request_call *const *)b;
	int order = span_compare(one->id, other->id);

	if (order == 0)
		order = one->is_output - other->is_output;
	return order != 0 ? order : (one > other) - (one < other);
}

static void pair(struct request_call *call, struct request_call *output)
{
	call->other = output->item;
	output->other = call->item;
}

/* All of one id, the calls before the outputs. */
static void pair_group(struct request_call **first, size_t count)
{
	size_t call_count = 0;

	while (call_count < count && !first[call_count]->is_output)
		call_count++;
	for (size_t i = 0; i < count; i++)
		first[i]->number = i < call_count ? i : i - call_count;
	for (size_t i = 0; i < call_count && call_count + i < count; i++)
		pair(first[i], first[call_count + i]);
}

static void pair_all(struct request_call **sorted, size_t count)
{
	size_t begin = 0, end;

	for (; begin < count; begin = end) {
		end = begin + 1;
		while (end < count && span_eq(sorted[begin]->id, sorted[end]->id))
			end++;
		pair_group(sorted + begin, end - begin);
	}
}

static void sort(struct request_calls *calls)
{
	struct request_call **sorted = xcalloc(calls->count, sizeof(sorted[0]));
	const char *id = buf_cstr(&calls->ids);

	for (size_t i = 0; i < calls->count; i++) {
		calls->list[i].id.p = id;
		id += calls->list[i].id.len;
		sorted[i] = &calls->list[i];
	}
	qsort(sorted, calls->count, sizeof(sorted[0]), compare);
	pair_all(sorted, calls->count);
	free(sorted);
}

void request_calls_open(struct request_calls *calls, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	struct span item;
	size_t room = 0;

	*calls = (struct request_calls){0};
	if (json_type(input) != JSON_ARRAY)
		return;
	while (json_element(&scan, &item)) {
		if (json_type(item) == JSON_OBJECT)
			add(calls, &room, item);
	}
	if (calls->count > 0)
		sort(calls);
}

void request_calls_close(struct request_calls *calls)
{
	free(calls->list);
	buf_free(&calls->ids);
	*calls = (struct request_calls){0};
}

/* The list is in the order of the input: by the addresses of its items. */
static int compare_place(const void *key, const void *element)
{
	uintptr_t place = (uintptr_t)((const struct span *)key)->p;
	uintptr_t other = (uintptr_t)((const struct request_call *)element)->item.p;

	return (place > other) - (place < other);
}

const struct request_call *request_calls_of_item(
    const struct request_calls *calls, struct span item)
{
	if (calls->count == 0)
		return NULL;
	return bsearch(&item, calls->list, calls->count, sizeof(calls->list[0]), compare_place);
}

/* What has no id's form is hashed. */
void request_call_write_id(struct buf *out, enum call_id_form form, const struct request_call *call)
{
	struct buf id = {0};

	if (call->number == 0) {
		call_id_write(out, form, call->id);
		return;
	}
	buf_append_span(&id, call->id);
	buf_printf(&id, "\n%zu", call->number);
	call_id_write(out, form == CALL_ID_SHORT ? CALL_ID_WORD : form, buf_span(&id));
	buf_free(&id);
}

/* Appends the name that a tool which is not among the request's would have been sent by. */
static void write_unknown(struct buf *out, struct span space, struct span name)
{
	struct tool_names alone = {0};

	tool_names_add(&alone, TOOL_FUNCTION, space.len > 0 ? space : (struct span){0}, name);
	buf_puts(out, alone.names[0].sent);
	tool_names_free(&alone);
}

static bool write_name(
    struct buf *out, const struct tool_names *tools, struct span space, struct span name)
{
	const struct tool_name *tool = tool_names_of_client(tools, space, name);

	if (!tool_name_is_valid(name) || (space.len > 0 && !tool_name_is_valid(space)))
		return false;
	if (tool != NULL)
		buf_puts(out, tool->sent);
	else
		write_unknown(out, space, name);
	return true;
}

bool request_call_write_name(struct buf *out, struct request_writer *writer, struct span item)
{
	struct buf space = {0}, name = {0};
	bool written;

	json_decode(json_get(item, "namespace"), &space);
	json_decode(json_get(item, "name"), &name);
	written = write_name(out, &writer->tools, buf_span(&space), buf_span(&name));
	if (!written)
		request_item_invalid(writer,
		    "the name '%.80s%s%.80s' of a call must be 1 to 64 of the "
		    "characters A-Z, a-z, 0-9, _ and -",
		    buf_cstr(&space), space.len > 0 ? "__" : "", buf_cstr(&name));
	buf_free(&space);
	buf_free(&name);
	return written;
}

void request_call_write_text(struct buf *out, struct span text)
{
	buf_puts(out, "{\"input\":");
	buf_append_span(out, json_type(text) == JSON_STRING ? text : SPAN("\"\""));
	buf_putc(out, '}');
}

static const struct request_built_in built_in_tools[] = {
    {"local_shell_call", "local_shell", "action"},
    {"shell_call", "shell", "action"},
    {"apply_patch_call", "apply_patch", "operation"},
};

const struct request_built_in *request_built_in(struct span type)
{
	for (size_t i = 0; i < sizeof(built_in_tools) / sizeof(built_in_tools[0]); i++) {
		if (json_string_is(type, built_in_tools[i].type))
			return &built_in_tools[i];
	}
	return NULL;
}

bool request_check_built_in(struct request_writer *writer, const struct request_built_in *built_in)
{
	return tool_names_of_client(
		   &writer->tools, (struct span){0}, span_of(built_in->function)) != NULL ||
	       request_refuse_always(writer, "input",
		   "it has no calls of type '%s', and no function called '%s' is among the tools",
		   built_in->type, built_in->function);
}

bool request_is_of_hosted_tool(struct span type)
{
	static const char *const types[] = {"web_search_call", "file_search_call",
	    "code_interpreter_call", "image_generation_call", "mcp_list_tools", "mcp_call",
	    "mcp_approval_request", "mcp_approval_response", "tool_search_call",
	    "tool_search_output"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (json_string_is(type, types[i]))
			return true;
	}
	return false;
}

void request_leave_out_hosted(struct request_writer *writer)
{
	request_leave_out(writer, "input's items of hosted tools");
}
