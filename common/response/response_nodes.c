#include "response_nodes.h"

#include <stdio.h>

#include <xxhash.h>

#include "credentials.h"
#include "common/base/json.h"

/* What is read from a stored object, as raw JSON. */
struct stored {
	struct span id, created_at;
	struct span fields[RESPONSE_FIELD_COUNT];
	struct buf extras;
};

#define NAME(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* Members that are neither fields nor extras. */
static bool is_own_member(struct span name)
{
	static const struct span names[] = {NAME("id"), NAME("object"), NAME("created_at"),
	    NAME("status"), NAME("completed_at"), NAME("output"), NAME("usage")};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_eq(name, names[i]))
			return true;
	return false;
}

static void append_extra(struct buf *out, struct span name, struct span value)
{
	buf_puts(out, ",\"");
	json_text(out, name, NULL);
	buf_puts(out, "\":");
	json_canonical(out, value);
}

static bool read_stored(struct stored *stored, struct span object)
{
	struct json_scan scan = json_open(object, 0);
	struct buf scratch = {0};
	struct span name, value;

	while (json_member(&scan, &name, &value)) {
		enum response_field field;

		name = json_name(&scratch, name);
		field = response_field_find(name);
		if (field != RESPONSE_FIELD_COUNT)
			stored->fields[field] = value;
		else if (span_is(name, "id"))
			stored->id = value;
		else if (span_is(name, "created_at"))
			stored->created_at = value;
		else if (!is_own_member(name))
			append_extra(&stored->extras, name, value);
	}
	buf_free(&scratch);
	stored->fields[RESPONSE_ERROR] = (struct span){0};
	stored->fields[RESPONSE_INCOMPLETE_DETAILS] = (struct span){0};
	return scan.error == NULL;
}

static void write_head(struct buf *text, const struct stored *stored)
{
	char status[RESPONSE_STATUS_WIDTH + 1];

	response_status_slot(status, STATUS_IN_PROGRESS);
	buf_puts(text, "{\"id\":");
	json_canonical(text, stored->id);
	buf_puts(text, ",\"object\":\"response\",\"created_at\":");
	json_canonical(text, stored->created_at);
	buf_printf(text, ",\"status\":%s,\"completed_at\":%-*s", status,
	    RESPONSE_COMPLETED_AT_WIDTH, "null");
}

static void write_value(struct buf *text, struct span value, const char *otherwise)
{
	if (value.len != 0)
		json_canonical(text, value);
	else
		buf_puts(text, otherwise);
}

/* Writes the object anew and enters its values. */
static void lay_out(struct response_nodes *nodes, const struct stored *stored)
{
	size_t starts[RESPONSE_FIELD_COUNT], ends[RESPONSE_FIELD_COUNT], extras, usage;
	struct document *doc = nodes->doc;
	struct buf text = {0};
	int f;

	write_head(&text, stored);
	for (f = 0; f < RESPONSE_FIELD_COUNT; f++) {
		buf_append_span(&text, response_field_label(f));
		starts[f] = text.len;
		write_value(&text, stored->fields[f], response_field_default(f));
		ends[f] = text.len;
	}
	extras = text.len;
	buf_append_span(&text, buf_span(&stored->extras));
	buf_puts(&text, ",\"output\":");
	nodes->output = text.len;
	buf_puts(&text, "[],\"usage\":");
	usage = text.len;
	buf_puts(&text, "null}");

	document_init(doc, &text);
	for (f = 0; f < RESPONSE_FIELD_COUNT; f++)
		document_add(doc, &nodes->fields[f], NULL, starts[f], ends[f]);
	document_add(doc, &nodes->extras, NULL, extras, extras + stored->extras.len);
	document_add(doc, &nodes->usage, NULL, usage, usage + 4);
}

bool response_nodes_open(struct response_nodes *nodes, struct document *doc, struct span object)
{
	struct stored stored = {0};
	bool ours;

	*nodes = (struct response_nodes){.doc = doc};
	ours = read_stored(&stored, object);
	if (ours) {
		lay_out(nodes, &stored);
		/* The slots' offsets suppose a certain length of id and created_at. */
		ours = response_status_peek(buf_span(&doc->text)) == STATUS_IN_PROGRESS;
		if (!ours)
			document_free(doc);
		else if (span_eq(buf_span(&doc->text), object))
			document_mark_stored(doc);
	}
	buf_free(&stored.extras);
	return ours;
}

void response_nodes_close(struct response_nodes *nodes)
{
	buf_free(&nodes->scratch);
	*nodes = (struct response_nodes){0};
}

static void set_value(struct response_nodes *nodes, struct node *node, struct span value)
{
	buf_clear(&nodes->scratch);
	json_canonical(&nodes->scratch, value);
	document_replace(nodes->doc, node, buf_span(&nodes->scratch));
}

void response_nodes_set_field(
    struct response_nodes *nodes, enum response_field field, struct span value)
{
	set_value(nodes, &nodes->fields[field], value);
}

/* A member that is no known field; its old value or what the provider says may be missing. */
struct extra {
	XXH64_hash_t hash; /* of its canonical name */
	struct span name, old, told;
};

/* What a Response object of the provider's says, and the extras that are there. */
struct told {
	struct span fields[RESPONSE_FIELD_COUNT];
	struct span usage;
	struct extra extras[RESPONSE_EXTRAS_MAX];
	size_t extra_count;
	bool has_extras; /* it says some */
	struct told_response rest;
};

static bool same_name(struct span a, struct span b)
{
	struct buf x = {0}, y = {0};
	bool same = span_eq(json_name(&x, a), json_name(&y, b));

	buf_free(&x);
	buf_free(&y);
	return same;
}

static XXH64_hash_t hash_of(struct span canonical_name)
{
	return XXH3_64bits(canonical_name.p, canonical_name.len);
}

/* The extra of that raw name, whose hash is given, added if need be; NULL if there are too many. */
static struct extra *find_extra(struct told *told, struct span name, XXH64_hash_t hash)
{
	struct extra *extra;

	for (extra = told->extras; extra < told->extras + told->extra_count; extra++)
		if (extra->hash == hash && same_name(extra->name, name))
			return extra;
	if (told->extra_count == RESPONSE_EXTRAS_MAX) {
		told->rest.fault.too_many = true;
		return NULL;
	}
	told->extra_count++;
	*extra = (struct extra){.hash = hash, .name = name};
	return extra;
}

static void note_fault(struct told *told, const char *name, struct span value)
{
	struct told_fault *fault = &told->rest.fault;

	if (fault->name == NULL)
		*fault = (struct told_fault){name, value, fault->too_many};
}

/* A value of a wrong type counts as none. */
static void take_field(struct told *told, enum response_field field, struct span value)
{
	if (json_is_given(value) && !response_field_accepts(field, value)) {
		note_fault(told, response_field_name(field), value);
		value = (struct span){0};
	}
	told->fields[field] = value;
}

static void take_usage(struct told *told, struct span value)
{
	if (json_is_given(value) && json_type(value) != JSON_OBJECT) {
		note_fault(told, "usage", value);
		value = (struct span){0};
	}
	told->usage = value;
}

static bool is_extra(struct span name)
{
	return response_field_find(name) == RESPONSE_FIELD_COUNT && !is_own_member(name);
}

/* A member that is no field. */
static void take_other(struct told *told, struct span name, struct span value)
{
	if (span_is(name, "usage"))
		take_usage(told, value);
	else if (span_is(name, "output"))
		told->rest.output = value;
	else if (span_is(name, "status"))
		told->rest.status = value;
	else if (!is_own_member(name))
		told->has_extras = true;
}

static void read_fields(struct told *told, struct span response)
{
	struct json_scan scan = json_open(response, JSON_ACCEPT_BAD_UTF8);
	struct buf scratch = {0};
	struct span name, value;

	while (json_member(&scan, &name, &value)) {
		enum response_field field;

		name = json_name(&scratch, name);
		field = response_field_find(name);
		if (field == RESPONSE_FIELD_COUNT)
			take_other(told, name, value);
		else if (field == RESPONSE_ERROR)
			told->rest.error = value;
		else if (field != RESPONSE_BACKGROUND)
			take_field(told, field, value);
	}
	buf_free(&scratch);
}

static void read_extras(struct told *told, struct span response)
{
	struct json_scan scan = json_open(response, JSON_ACCEPT_BAD_UTF8);
	struct buf scratch = {0};
	struct span raw, value;
	struct extra *extra;

	while (json_member(&scan, &raw, &value)) {
		struct span name = json_name(&scratch, raw);

		if (!is_extra(name) || credentials_are_in(raw, value))
			continue;
		extra = find_extra(told, raw, hash_of(name));
		if (extra != NULL)
			extra->told = value;
	}
	buf_free(&scratch);
}

/* Reads the extras that are there, of which object keeps a copy. */
static void read_old_extras(struct told *told, struct buf *object, struct span extras)
{
	struct json_scan scan;
	struct span name, value;

	buf_putc(object, '{');
	if (extras.len != 0)
		buf_append(object, extras.p + 1, extras.len - 1);
	buf_putc(object, '}');
	scan = json_open(buf_span(object), 0);
	while (told->extra_count < RESPONSE_EXTRAS_MAX && json_member(&scan, &name, &value))
		told->extras[told->extra_count++] =
		    (struct extra){.hash = hash_of(name), .name = name, .old = value};
}

static void write_extras(struct response_nodes *nodes, const struct told *told)
{
	const struct extra *extra;

	buf_clear(&nodes->scratch);
	for (extra = told->extras; extra < told->extras + told->extra_count; extra++) {
		if (json_is_given(extra->told))
			append_extra(&nodes->scratch, extra->name, extra->told);
		else if (extra->old.len != 0)
			append_extra(&nodes->scratch, extra->name, extra->old);
	}
	document_replace(nodes->doc, &nodes->extras, buf_span(&nodes->scratch));
}

/* A gateway may repeat what a tool was sent with. */
static void set_told_field(
    struct response_nodes *nodes, enum response_field field, struct span value)
{
	if (field != RESPONSE_TOOLS && field != RESPONSE_TOOL_CHOICE) {
		response_nodes_set_field(nodes, field, value);
		return;
	}
	buf_clear(&nodes->scratch);
	credentials_write(&nodes->scratch, value);
	document_replace(nodes->doc, &nodes->fields[field], buf_span(&nodes->scratch));
}

struct told_response response_nodes_merge(struct response_nodes *nodes, struct span response)
{
	struct told told = {0};
	struct buf object = {0};
	int f;

	read_fields(&told, response);
	/* Those that are there need not be looked at if there are no others. */
	if (told.has_extras) {
		read_old_extras(&told, &object, document_value(nodes->doc, &nodes->extras));
		nodes->doc->moved += object.len;
		read_extras(&told, response);
	}
	for (f = 0; f < RESPONSE_FIELD_COUNT; f++)
		if (json_is_given(told.fields[f]))
			set_told_field(nodes, f, told.fields[f]);
	if (json_is_given(told.usage))
		set_value(nodes, &nodes->usage, told.usage);
	if (told.has_extras)
		write_extras(nodes, &told);
	buf_free(&object);
	return told.rest;
}

void response_nodes_set_status(
    struct response_nodes *nodes, enum response_status status, time_t now)
{
	char slot[RESPONSE_STATUS_WIDTH + 1], time[24];

	response_status_slot(slot, status);
	document_overwrite(nodes->doc, RESPONSE_STATUS_OFFSET, span_of(slot));
	if (status != STATUS_COMPLETED)
		return;
	snprintf(time, sizeof(time), "%*lld", RESPONSE_COMPLETED_AT_WIDTH, (long long)now);
	document_overwrite(nodes->doc, RESPONSE_COMPLETED_AT_OFFSET, span_of(time));
}
