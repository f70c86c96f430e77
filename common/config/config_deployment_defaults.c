#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_deployment_internal.h"
#include "config_json.h"
#include "config_section.h"

enum { CONFIG_JSON_TEXTS = CONFIG_JSON_STRING | CONFIG_JSON_ARRAY };

static const struct known_default {
	const char *key, *chat, *member;
	unsigned types;
	const char *expected;
} known[] = {
#define KNOWN_DEFAULT(key, chat, member, types, expected)                                          \
	{key, chat, member, CONFIG_JSON_##types, expected},
    REQUEST_DEFAULTS(KNOWN_DEFAULT)
#undef KNOWN_DEFAULT
};

static void clear(struct request_default *given)
{
	free(given->name);
	free(given->chat_value);
	free(given->member);
	free(given->value);
}

void deployment_clear_defaults(struct deployment *deployment)
{
	for (size_t i = 0; i < deployment->default_count; i++)
		clear(&deployment->defaults[i]);
	free(deployment->defaults);
}

static bool is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Takes what it points to. */
static void add(struct deployment *deployment, struct request_default added)
{
	for (size_t i = 0; i < deployment->default_count; i++) {
		if (!is_same(deployment->defaults[i].member, added.member))
			continue;
		clear(&deployment->defaults[i]);
		deployment->defaults[i] = added;
		return;
	}
	deployment->defaults =
	    xrealloc(deployment->defaults, (deployment->default_count + 1) * sizeof(added));
	deployment->defaults[deployment->default_count++] = added;
}

static char *copy_name(const char *name)
{
	return name != NULL ? xstrdup(name) : NULL;
}

static void add_by_name(struct deployment *deployment, const char *chat, const char *member,
    struct span chat_value, struct span value)
{
	add(deployment,
	    (struct request_default){
		.name = copy_name(chat),
		.chat_value = chat_value.len > 0 ? xmemdup(chat_value.p, chat_value.len) : NULL,
		.member = copy_name(member),
		.value = xmemdup(value.p, value.len),
	    });
}

/* What a variable that is unset here has cannot be sent from here. */
static bool read_json(const struct config_value *value, unsigned types, const char *expected,
    struct deployment *deployment, struct buf *json)
{
	const char *variable = NULL;

	switch (config_json(value, types, expected, json, &variable)) {
	case CONFIG_JSON_READ:
		return true;
	case CONFIG_JSON_UNSET:
		deployment_note_missing(deployment, variable);
		return false;
	default:
		return false;
	}
}

void deployment_read_default(const struct config_value *value, void *dest)
{
	const struct known_default *found = known;
	struct buf json = {0};

	while (strcmp(found->key, value->key) != 0)
		found++;
	if (read_json(value, found->types, found->expected, dest, &json))
		add_by_name(dest, found->chat, found->member, (struct span){0}, buf_span(&json));
	buf_free(&json);
}

/* Appends the members of object but one, each with a comma before it. */
static void add_members_but(struct buf *out, struct span object, const char *but)
{
	struct json_scan scan = json_open(object, 0);
	struct span key, value;

	while (json_member(&scan, &key, &value)) {
		if (json_raw_is(key, but))
			continue;
		buf_puts(out, ",\"");
		buf_append_span(out, key);
		buf_puts(out, "\":");
		buf_append_span(out, value);
	}
}

/*
 * What Chat Completions has in an object of its own, the Responses API has beside the type:
 * {"type":"function","function":{"name":"f"}}. Appends that; false if value is not such a one.
 */
static bool write_flat(struct buf *out, struct span value, const char *type)
{
	struct span inner = json_get(value, type);

	if (!json_string_is(json_get(value, "type"), type) || json_type(inner) != JSON_OBJECT)
		return false;
	buf_printf(out, "{\"type\":\"%s\"", type);
	add_members_but(out, inner, "type");
	buf_putc(out, '}');
	return true;
}

/* Adds one whose shape is another in Chat Completions, where it is. */
static void add_shaped(struct deployment *deployment, const char *chat, const char *member,
    struct span given, const struct buf *flat)
{
	bool is_other = flat->len > 0 && !span_eq(given, buf_span(flat));

	add_by_name(deployment, chat, member, is_other ? given : (struct span){0},
	    is_other ? buf_span(flat) : given);
}

void deployment_read_response_format(const struct config_value *value, void *dest)
{
	static const char expected[] = "a mapping with a type";
	struct buf json = {0}, flat = {0};
	struct span format;

	if (read_json(value, CONFIG_JSON_OBJECT, expected, dest, &json)) {
		format = buf_span(&json);
		write_flat(&flat, format, "json_schema");
		if (json_type(json_get(format, "type")) != JSON_STRING)
			config_wrong(value, "a mapping without one, expected %s", expected);
		else if (json_string_is(json_get(format, "type"), "json_schema") &&
			 json_get(flat.len > 0 ? buf_span(&flat) : format, "schema").len == 0)
			config_wrong(value, "a json_schema without a schema, expected one with "
					    "json_schema.name and json_schema.schema");
		else
			add_shaped(dest, "response_format", "text.format", format, &flat);
	}
	buf_free(&json);
	buf_free(&flat);
}

static bool write_tool(struct buf *out, struct span tool)
{
	if (json_type(tool) != JSON_OBJECT)
		return false;
	if (!write_flat(out, tool, "function"))
		buf_append_span(out, tool);
	return true;
}

static bool write_tools(struct buf *out, struct span tools)
{
	struct json_scan scan = json_open(tools, 0);
	const char *separator = "";
	struct span tool;

	buf_putc(out, '[');
	while (json_element(&scan, &tool)) {
		buf_puts(out, separator);
		if (!write_tool(out, tool))
			return false;
		separator = ",";
	}
	buf_putc(out, ']');
	return true;
}

void deployment_read_tools(const struct config_value *value, void *dest)
{
	static const char expected[] = "a list of tools, each a mapping with a type";
	struct buf json = {0}, flat = {0};

	if (read_json(value, CONFIG_JSON_ARRAY, expected, dest, &json)) {
		if (write_tools(&flat, buf_span(&json)))
			add_shaped(dest, "tools", "tools", buf_span(&json), &flat);
		else
			config_wrong(value, "one that is no mapping, expected %s", expected);
	}
	buf_free(&json);
	buf_free(&flat);
}

void deployment_read_tool_choice(const struct config_value *value, void *dest)
{
	struct buf json = {0}, flat = {0};

	if (read_json(value, CONFIG_JSON_STRING | CONFIG_JSON_OBJECT,
		"none, auto, required or a mapping with a type", dest, &json)) {
		if (json_type(buf_span(&json)) == JSON_OBJECT)
			write_flat(&flat, buf_span(&json), "function");
		add_shaped(dest, "tool_choice", "tool_choice", buf_span(&json), &flat);
	}
	buf_free(&json);
	buf_free(&flat);
}

/* Members of members that Chat Completions has at the top. */
static const char *chat_name(const char *member)
{
	if (strcmp(member, "reasoning.effort") == 0)
		return "reasoning_effort";
	return strcmp(member, "text.verbosity") == 0 ? "verbosity" : NULL;
}

static void add_part(
    struct deployment *deployment, const char *whole, struct span key, struct span value)
{
	struct buf member = {0};

	if (!json_is_given(value))
		return;
	buf_printf(&member, "%s.", whole);
	buf_append_span(&member, key);
	buf_cstr(&member);
	add_by_name(deployment, chat_name(member.data), member.data, (struct span){0}, value);
	buf_free(&member);
}

void deployment_read_parts(const struct config_value *value, void *dest)
{
	const bool is_effort = strcmp(value->key, "reasoning_effort") == 0;
	const char *whole = is_effort ? "reasoning" : value->key;
	struct json_scan scan;
	struct span key, part;
	struct buf json = {0};

	if (!read_json(value,
		is_effort ? CONFIG_JSON_STRING | CONFIG_JSON_OBJECT : CONFIG_JSON_OBJECT,
		is_effort ? "text or a mapping with effort" : "a mapping", dest, &json)) {
		buf_free(&json);
		return;
	}
	if (json_type(buf_span(&json)) == JSON_STRING) {
		/* LiteLLM has a word of its own for no thinking. */
		add_part(dest, whole, SPAN("effort"),
		    json_string_is(buf_span(&json), "disable") ? SPAN("\"none\"")
							       : buf_span(&json));
	} else {
		scan = json_open(buf_span(&json), 0);
		while (json_member(&scan, &key, &part))
			add_part(dest, whole, key, part);
	}
	buf_free(&json);
}

void deployment_read_answers(const struct config_value *value, void *dest)
{
	struct buf json = {0};

	if (read_json(value, CONFIG_JSON_INTEGER, "an integer", dest, &json) &&
	    !span_is(buf_span(&json), "1"))
		config_warn(value, "a response has one answer: not sent");
	buf_free(&json);
}

void deployment_read_extra_body(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;
	struct buf json = {0};

	if (read_json(value, CONFIG_JSON_OBJECT, "a mapping of members of a request", dest, &json))
		deployment->extra_body = xmemdup(json.data, json.len);
	buf_free(&json);
}

void deployment_note_max_tokens(struct deployment *deployment)
{
	struct buf number = {0};

	if (deployment->max_tokens == 0)
		return;
	buf_printf(&number, "%ld", deployment->max_tokens);
	add_by_name(
	    deployment, "max_tokens", "max_output_tokens", (struct span){0}, buf_span(&number));
	buf_free(&number);
}
