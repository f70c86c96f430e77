#include "common/base/json.h"
#include "messages_internal.h"
#include "common/dialect/request_tools.h"

static const char web_search[] = "web_search";

struct walk {
	struct messages_request *request;
	bool has_web_search;
};

/* A member with a comma before it, if it has a value. */
static void put(struct buf *out, const char *name, struct span value)
{
	if (value.len > 0)
		buf_printf(out, ",\"%s\":", name);
	buf_append_span(out, value);
}

static struct span only_if(enum json_type type, struct span value)
{
	return json_type(value) == type ? value : (struct span){0};
}

/* The schema is told to be of an object: this API demands it. */
static void put_schema(struct buf *out, struct span parameters)
{
	struct json_scan scan = json_open(parameters, 0);
	struct span key, value, type = json_get(parameters, "type");

	if (json_type(parameters) != JSON_OBJECT) {
		buf_puts(out, ",\"input_schema\":{\"type\":\"object\",\"properties\":{}}");
		return;
	}
	if (json_is_given(type)) {
		put(out, "input_schema", parameters);
		return;
	}
	buf_puts(out, ",\"input_schema\":{\"type\":\"object\"");
	while (json_member(&scan, &key, &value)) {
		if (json_raw_is(key, "type"))
			continue;
		json_write_name(out, key);
		buf_append_span(out, value);
	}
	buf_putc(out, '}');
}

void messages_add_tool(struct buf *tools, struct span sent, struct span description,
    struct span parameters, struct span strict, struct span cache_control)
{
	struct messages_fields marked = {.of = {[FIELD_CACHE_CONTROL] = cache_control}};

	messages_begin_block(tools);
	buf_puts(tools, "{\"name\":");
	json_quote(tools, sent);
	put(tools, "description", only_if(JSON_STRING, description));
	put_schema(tools, parameters);
	put(tools, "strict", strict);
	messages_write_mark(tools, &marked);
	buf_putc(tools, '}');
}

/* What the client has said of whether the schema is kept to, where that can be said. */
static struct span strict_of(struct request_writer *writer, struct span tool)
{
	struct span strict = json_get(tool, "strict");

	if ((json_type(strict) != JSON_TRUE && json_type(strict) != JSON_FALSE) ||
	    request_has_quirk(writer, QUIRK_NO_STRICT_TOOLS) ||
	    request_has_quirk(writer, QUIRK_FORMAT_AS_TOOL))
		return (struct span){0};
	return strict;
}

static bool add_web_search(struct walk *walk, struct span tool)
{
	struct messages_request *request = walk->request;
	struct buf *out = &request->tools;
	struct span filters = json_get(tool, "filters");
	struct messages_fields fields = messages_fields_of(tool);

	if (walk->has_web_search)
		return true;
	walk->has_web_search = true;
	messages_begin_block(out);
	buf_puts(out, "{\"type\":\"web_search_20250305\",\"name\":\"web_search\"");
	put(out, "max_uses", only_if(JSON_NUMBER, json_get(tool, "max_uses")));
	put(out, "allowed_domains", only_if(JSON_ARRAY, json_get(filters, "allowed_domains")));
	put(out, "blocked_domains", only_if(JSON_ARRAY, json_get(filters, "blocked_domains")));
	put(out, "user_location", only_if(JSON_OBJECT, json_get(tool, "user_location")));
	messages_write_mark(out, &fields);
	buf_putc(out, '}');
	return true;
}

static bool add_tool(
    struct request_writer *writer, struct span tool, const struct tool_name *name, void *ctx)
{
	struct walk *walk = ctx;
	struct span parameters = json_get(tool, "parameters"), strict = strict_of(writer, tool);
	struct buf schema = {0};

	if (!request_allows(&walk->request->allowed, name))
		return true;
	if (name == NULL)
		return add_web_search(walk, tool);
	if (name->kind == TOOL_CUSTOM) {
		request_write_custom_schema(writer, &schema, tool);
		parameters = buf_span(&schema);
		strict = (struct span){0};
	}
	messages_add_tool(&walk->request->tools, span_of(name->sent), json_get(tool, "description"),
	    parameters, strict, json_get(tool, "cache_control"));
	buf_free(&schema);
	return true;
}

bool messages_read_tools(struct messages_request *request)
{
	struct request_writer *writer = request->writer;
	struct walk walk = {.request = request};

	if (!request_each_tool(writer, request->members[MEMBER_TOOLS], add_tool, &walk))
		return false;
	if (walk.has_web_search && tool_names_find(&writer->tools, span_of(web_search)) != NULL)
		return request_invalid(writer, "tools",
		    "Invalid 'tools': two tools are called '%s' by the %s.", web_search,
		    dialect_name(writer->dialect));
	return true;
}
