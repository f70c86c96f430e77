#include "request_tools.h"

#include <string.h>

#include "common/base/json.h"

struct walk {
	struct request_writer *writer;
	request_tool_fn *fn;
	void *ctx;
	struct span space; /* decoded, of the namespace that is walked; p is NULL outside of any */
};

static const char param[] = "tools";

/* Appends the name of a tool or of a namespace, decoded. */
static bool read_name(struct request_writer *writer, struct buf *out, struct span object)
{
	if (!json_decode(json_get(object, "name"), out))
		return request_invalid(writer, param, "Invalid 'tools': a tool has no name.");
	if (!tool_name_is_valid(buf_span(out)))
		return request_invalid(writer, param,
		    "Invalid 'tools': the name '%.80s' must be 1 to 64 of the characters A-Z, a-z, "
		    "0-9, _ and -.",
		    buf_cstr(out));
	return true;
}

static bool check_parameters(struct request_writer *writer, struct span tool)
{
	struct span parameters = json_get(tool, "parameters");

	return !json_is_given(parameters) || json_type(parameters) == JSON_OBJECT ||
	       request_invalid(
		   writer, param, "Invalid 'tools': parameters of a function are no object.");
}

static bool tell(struct walk *walk, struct span tool, enum tool_kind kind)
{
	struct request_writer *writer = walk->writer;
	struct buf name = {0};
	bool told = read_name(writer, &name, tool);

	if (told && !tool_names_add(&writer->tools, kind, walk->space, buf_span(&name)))
		told = request_invalid(writer, param,
		    "Invalid 'tools': two tools are called '%s%s%s' by the %s.",
		    walk->space.p != NULL ? walk->space.p : "", walk->space.p != NULL ? "__" : "",
		    buf_cstr(&name), dialect_name(writer->dialect));
	buf_free(&name);
	return told && (kind != TOOL_FUNCTION || check_parameters(writer, tool)) &&
	       walk->fn(writer, tool, &writer->tools.names[writer->tools.count - 1], walk->ctx);
}

static bool tell_each(struct walk *walk, struct span tools);

static bool tell_namespace(struct walk *walk, struct span tool)
{
	struct buf name = {0};
	bool told;

	if (walk->space.p != NULL)
		return request_invalid(
		    walk->writer, param, "Invalid 'tools': a namespace is in another one.");
	told = read_name(walk->writer, &name, tool);
	if (told) {
		walk->space = (struct span){buf_cstr(&name), name.len};
		told = tell_each(walk, json_get(tool, "tools"));
		walk->space = (struct span){0};
	}
	buf_free(&name);
	return told;
}

static bool refuse(struct walk *walk, struct span type)
{
	struct buf name = {0};
	bool left_out;

	if (!json_decode(type, &name))
		return request_invalid(walk->writer, param, "Invalid 'tools': a tool has no type.");
	left_out =
	    request_refuse(walk->writer, param, "it has no tool of type '%.64s'", buf_cstr(&name));
	buf_free(&name);
	return left_out;
}

void request_write_custom_schema(struct request_writer *writer, struct buf *out, struct span tool)
{
	struct span format = json_get(tool, "format"), grammar = json_get(format, "definition");
	struct buf description = {0};

	buf_puts(out, "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"");
	if (json_type(grammar) == JSON_STRING) {
		request_leave_out(writer, "tools.format");
		buf_puts(&description, "Text of this grammar (");
		json_decode(json_get(format, "syntax"), &description);
		buf_puts(&description, "):\n");
		json_decode(grammar, &description);
		buf_puts(out, ",\"description\":");
		json_quote(out, buf_span(&description));
		buf_free(&description);
	}
	buf_puts(out, "}},\"required\":[\"input\"],\"additionalProperties\":false}");
}

bool request_refuse_choice(struct request_writer *writer)
{
	static const char choice[] = "tool_choice";

	if (!writer->deployment->drop_params)
		return request_invalid(
		    writer, choice, "Invalid 'tool_choice': it demands a tool that is not there.");
	request_leave_out(writer, choice);
	return true;
}

bool request_is_web_search(struct span type)
{
	static const char beginning[] = "web_search";
	size_t len = sizeof(beginning) - 1;

	return json_type(type) == JSON_STRING && type.len > len + 1 &&
	       memcmp(type.p + 1, beginning, len) == 0;
}

static bool tell_one(struct walk *walk, struct span tool)
{
	struct span type = json_get(tool, "type");

	if (json_string_is(type, "function"))
		return tell(walk, tool, TOOL_FUNCTION);
	if (json_string_is(type, "custom"))
		return tell(walk, tool, TOOL_CUSTOM);
	if (json_string_is(type, "namespace"))
		return tell_namespace(walk, tool);
	if (request_is_web_search(type))
		return walk->fn(walk->writer, tool, NULL, walk->ctx);
	return refuse(walk, type);
}

static bool tell_each(struct walk *walk, struct span tools)
{
	struct json_scan scan = json_open(tools, 0);
	struct span tool;

	while (json_element(&scan, &tool)) {
		if (!tell_one(walk, tool))
			return false;
	}
	return scan.error == NULL ||
	       request_invalid(walk->writer, param, "Invalid 'tools': expected an array of tools.");
}

bool request_each_tool(
    struct request_writer *writer, struct span tools, request_tool_fn *fn, void *ctx)
{
	struct walk walk = {.writer = writer, .fn = fn, .ctx = ctx};

	return !json_is_given(tools) || tell_each(&walk, tools);
}
