#include "messages_schema.h"

#include "common/base/json.h"

/* The schema is copied up to where something is put in, and goes on at rest. */
struct closing {
	struct buf *out;
	const char *rest;
};

static const char *const with_schemas[] = {
    "items", "prefixItems", "anyOf", "allOf", "oneOf", "not"};
static const char *const with_named_schemas[] = {"properties", "$defs", "definitions"};

#define IS_ONE_OF(key, names) is_one_of(key, names, sizeof(names) / sizeof((names)[0]))

static bool is_one_of(struct span key, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (json_raw_is(key, names[i]))
			return true;
	}
	return false;
}

static bool names_object(struct span type)
{
	struct json_scan scan = json_open(type, 0);
	struct span element;

	if (json_type(type) != JSON_ARRAY)
		return json_string_is(type, "object");
	while (json_element(&scan, &element)) {
		if (json_string_is(element, "object"))
			return true;
	}
	return false;
}

static void copy_to(struct closing *closing, const char *end)
{
	buf_append(closing->out, closing->rest, (size_t)(end - closing->rest));
	closing->rest = end;
}

static void close_schema(struct closing *closing, struct span schema);

static void close_named(struct closing *closing, struct span schemas)
{
	struct json_scan scan = json_open(schemas, 0);
	struct span key, schema;

	while (json_type(schemas) == JSON_OBJECT && json_member(&scan, &key, &schema))
		close_schema(closing, schema);
}

static void close_each(struct closing *closing, struct span schemas)
{
	struct json_scan scan = json_open(schemas, 0);
	struct span schema;

	if (json_type(schemas) != JSON_ARRAY)
		close_schema(closing, schemas);
	while (json_type(schemas) == JSON_ARRAY && json_element(&scan, &schema))
		close_schema(closing, schema);
}

/* No deeper than JSON_MAX_DEPTH, which the text has been checked for. */
static void close_schema(struct closing *closing, struct span schema)
{
	struct json_scan scan = json_open(schema, 0);
	struct span key, value;
	bool is_object = false, is_closed = false;

	while (json_type(schema) == JSON_OBJECT && json_member(&scan, &key, &value)) {
		if (json_raw_is(key, "additionalProperties"))
			is_closed = true;
		else if (json_raw_is(key, "properties") ||
			 (json_raw_is(key, "type") && names_object(value)))
			is_object = true;
		if (IS_ONE_OF(key, with_named_schemas))
			close_named(closing, value);
		else if (IS_ONE_OF(key, with_schemas))
			close_each(closing, value);
	}
	if (!is_object || is_closed)
		return;
	copy_to(closing, schema.p + schema.len - 1);
	buf_puts(closing->out, ",\"additionalProperties\":false");
}

void messages_write_closed(struct buf *out, struct span schema)
{
	struct closing closing = {.out = out, .rest = schema.p};

	close_schema(&closing, schema);
	copy_to(&closing, schema.p + schema.len);
}
