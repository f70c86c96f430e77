#include "echo.h"

#include <stddef.h>

#include "credentials.h"
#include "common/base/json.h"

enum {
	MEMBERS_MAX = 5,
	BOOLEAN = 1 << JSON_FALSE | 1 << JSON_TRUE,
	STRING = 1 << JSON_STRING,
	ARRAY = 1 << JSON_ARRAY,
	OBJECT = 1 << JSON_OBJECT,
};

/* A member that the schema knows. */
struct known_member {
	const char *name;
	int types;             /* that its value may have; null is the same as missing */
	const char *otherwise; /* what stands there if it is missing; NULL: nothing */
	void (*write)(struct buf *out, struct span value); /* NULL: as it is */
};

struct shape {
	struct known_member members[MEMBERS_MAX];
	bool has_credentials; /* other members may be some */
};

static void write_choices(struct buf *out, struct span choices);
static void write_format(struct buf *out, struct span format);

static const struct shape function_tool = {
    .members = {{"type", STRING, "\"function\"", NULL}, {"name", STRING, "\"\"", NULL},
	{"description", STRING, "null", NULL}, {"parameters", OBJECT, "null", NULL},
	{"strict", BOOLEAN, "null", NULL}},
    .has_credentials = true,
};
static const struct shape function_choice = {
    .members = {{"type", STRING, "\"function\"", NULL}, {"name", STRING, NULL, NULL}},
    .has_credentials = true,
};
static const struct shape allowed_tools = {
    .members = {{"tools", ARRAY, "[]", write_choices}, {"mode", STRING, "\"auto\"", NULL}},
    .has_credentials = true,
};
static const struct shape reasoning = {
    .members = {{"effort", STRING, "null", NULL}, {"summary", STRING, "null", NULL}},
};
static const struct shape text = {
    .members = {{"format", OBJECT, "{\"type\":\"text\"}", write_format},
	{"verbosity", STRING, NULL, NULL}},
};
static const struct shape text_format = {
    .members = {{"type", STRING, "\"text\"", NULL}},
};
/* The schema itself is always null in ResponseResource. */
static const struct shape json_schema_format = {
    .members = {{"name", STRING, "\"\"", NULL}, {"description", STRING, "null", NULL},
	{"schema", 0, "null", NULL}, {"strict", BOOLEAN, "false", NULL}},
};

/* The place of the member of that name, or MEMBERS_MAX. */
static int find_member(const struct shape *shape, struct span name)
{
	int i = 0;

	while (i < MEMBERS_MAX && shape->members[i].name != NULL &&
	       !span_is(name, shape->members[i].name))
		i++;
	return i < MEMBERS_MAX && shape->members[i].name != NULL ? i : MEMBERS_MAX;
}

static void write_known(struct buf *out, const struct known_member *member, struct span value)
{
	bool fits = (member->types & 1 << json_type(value)) != 0;

	if (!fits && member->otherwise == NULL)
		return;
	json_write_name(out, span_of(member->name));
	if (!fits)
		buf_puts(out, member->otherwise);
	else if (member->write != NULL)
		member->write(out, value);
	else
		json_canonical(out, value);
}

static void write_unknown(
    struct buf *out, const struct shape *shape, struct span name, struct span value)
{
	if (shape->has_credentials) {
		credentials_write_member(out, name, value);
	} else {
		json_write_name(out, name);
		json_canonical(out, value);
	}
}

static void write_missing(struct buf *out, const struct shape *shape, unsigned seen)
{
	for (int i = 0; i < MEMBERS_MAX && shape->members[i].name != NULL; i++) {
		if (seen & 1u << i || shape->members[i].otherwise == NULL)
			continue;
		json_write_name(out, span_of(shape->members[i].name));
		buf_puts(out, shape->members[i].otherwise);
	}
}

static void write_shaped(struct buf *out, const struct shape *shape, struct span object)
{
	struct json_scan scan = json_open(object, 0);
	struct buf scratch = {0};
	struct span name, value;
	unsigned seen = 0;

	buf_putc(out, '{');
	while (json_member(&scan, &name, &value)) {
		int i = find_member(shape, json_name(&scratch, name));

		if (i == MEMBERS_MAX) {
			write_unknown(out, shape, name, value);
		} else {
			write_known(out, &shape->members[i], value);
			seen |= 1u << i;
		}
	}
	write_missing(out, shape, seen);
	buf_putc(out, '}');
	buf_free(&scratch);
}

/* The first "type" of an object, which mostly stands in front; or an empty span. */
static struct span type_of(struct span object)
{
	struct json_scan scan = json_open(object, 0);
	struct span name, value;

	while (json_member(&scan, &name, &value))
		if (json_raw_is(name, "type"))
			return value;
	return (struct span){0};
}

/* Whether a tool, or a choice of one, says that it is no function. */
static bool is_hosted(struct span tool)
{
	struct span type = type_of(tool);

	return json_type(type) == JSON_STRING && !json_string_is(type, "function");
}

static void write_tool(struct buf *out, const struct shape *function, struct span tool)
{
	if (is_hosted(tool))
		credentials_write(out, tool);
	else
		write_shaped(out, function, tool);
}

/* Elements that are no objects are left out. */
static void write_list(struct buf *out, const struct shape *function, struct span tools)
{
	struct json_scan scan = json_open(tools, 0);
	struct span tool;
	bool first = true;

	buf_putc(out, '[');
	while (json_element(&scan, &tool)) {
		if (json_type(tool) != JSON_OBJECT)
			continue;
		if (!first)
			buf_putc(out, ',');
		first = false;
		write_tool(out, function, tool);
	}
	buf_putc(out, ']');
}

static void write_choices(struct buf *out, struct span choices)
{
	write_list(out, &function_choice, choices);
}

static void write_choice(struct buf *out, struct span choice)
{
	if (json_type(choice) != JSON_OBJECT)
		json_canonical(out, choice);
	else if (json_string_is(type_of(choice), "allowed_tools"))
		write_shaped(out, &allowed_tools, choice);
	else
		write_tool(out, &function_choice, choice);
}

static void write_format(struct buf *out, struct span format)
{
	if (json_string_is(type_of(format), "json_schema"))
		write_shaped(out, &json_schema_format, format);
	else
		write_shaped(out, &text_format, format);
}

static bool write_conversation(struct buf *out, struct span value)
{
	if (json_type(value) == JSON_OBJECT) {
		json_canonical(out, value);
	} else if (json_type(value) == JSON_STRING) {
		buf_puts(out, "{\"id\":");
		json_canonical(out, value);
		buf_putc(out, '}');
	} else {
		return false;
	}
	return true;
}

/* Appends a value if it is of that type. */
static bool write_if(enum json_type type, struct buf *out, struct span value)
{
	if (json_type(value) != type)
		return false;
	json_canonical(out, value);
	return true;
}

bool echo_write(struct buf *out, enum response_field field, struct span value)
{
	if (!json_is_given(value))
		return false;
	switch (field) {
	case RESPONSE_INSTRUCTIONS:
		return write_if(JSON_STRING, out, value);
	case RESPONSE_PROMPT:
		return write_if(JSON_OBJECT, out, value);
	case RESPONSE_CONVERSATION:
		return write_conversation(out, value);
	case RESPONSE_TOOLS:
		write_list(out, &function_tool, value);
		return true;
	case RESPONSE_TOOL_CHOICE:
		write_choice(out, value);
		return true;
	case RESPONSE_TEXT:
		write_shaped(out, &text, value);
		return true;
	case RESPONSE_REASONING:
		write_shaped(out, &reasoning, value);
		return true;
	default:
		json_canonical(out, value);
		return true;
	}
}
