#include "builder_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

void builder_make_id(
    struct buf *out, const struct builder *builder, const char *prefix, long long number)
{
	buf_printf(out, "\"%s%s%04llx\"", prefix, builder->seed, (unsigned long long)number);
}

struct response_event builder_event_of(const struct builder_item *item, const char *type)
{
	struct response_event event = {.type = event_type_find(span_of(type))};

	event.members[EVENT_ITEM_ID] = buf_span(&item->id);
	event.members[EVENT_OUTPUT_INDEX] = span_of(item->index);
	return event;
}

void builder_apply(struct builder *builder, const struct response_event *event)
{
	if (builder->on_event != NULL)
		builder->on_event(builder->ctx, event);
	fold_apply(builder->fold, event);
}

struct item *builder_folded(const struct builder *builder, const struct builder_item *item)
{
	return output_find(&builder->fold->output, buf_span(&item->id));
}

bool builder_is_shallow(struct span value)
{
	enum { DEEPER_IN_OBJECT = 8 };
	struct json_scan scan = json_open(value, JSON_ACCEPT_BAD_UTF8);
	struct span name, member;

	scan.depth += DEEPER_IN_OBJECT;
	while (json_member(&scan, &name, &member))
		continue;
	return scan.error == NULL;
}

/* An event about a whole item has it in the place of its id. */
static void apply_whole(
    struct builder *builder, const char *type, const char *index, struct span item)
{
	struct response_event event = {.type = event_type_find(span_of(type))};

	event.members[EVENT_OUTPUT_INDEX] = span_of(index);
	event.members[EVENT_ITEM] = item;
	builder_apply(builder, &event);
}

static void remember_open(struct builder *builder, struct builder_item *item)
{
	if (builder->open_count == builder->open_cap) {
		builder->open_cap = builder->open_cap != 0 ? 2 * builder->open_cap : 4;
		builder->open =
		    xrealloc(builder->open, builder->open_cap * sizeof(builder->open[0]));
	}
	builder->open[builder->open_count++] = item;
}

static void forget_open(struct builder *builder, const struct builder_item *item)
{
	size_t i = 0;

	while (builder->open[i] != item)
		i++;
	builder->open_count--;
	memmove(&builder->open[i], &builder->open[i + 1],
	    (builder->open_count - i) * sizeof(builder->open[0]));
	if (builder->text == item)
		builder->text = NULL;
}

bool builder_has_room(const struct builder *builder)
{
	return builder->item_count < OUTPUT_ITEMS_MAX;
}

struct builder_item *builder_open_item(
    struct builder *builder, enum builder_kind kind, const char *id_prefix, struct span members)
{
	struct builder_item *item;
	struct buf *text = &builder->scratch;

	builder_begin(builder);
	if (!builder_has_room(builder))
		return NULL;
	item = xcalloc(1, sizeof(*item));
	item->kind = kind;
	builder_make_id(&item->id, builder, id_prefix, builder->item_count);
	snprintf(item->index, sizeof(item->index), "%lld", builder->item_count++);
	buf_clear(text);
	buf_puts(text, "{\"id\":");
	buf_append_span(text, buf_span(&item->id));
	buf_append_span(text, members);
	buf_putc(text, '}');
	remember_open(builder, item);
	apply_whole(builder, "response.output_item.added", item->index, buf_span(text));
	return item;
}

static void add_member(struct buf *out, const char *name, struct span value)
{
	json_write_name(out, span_of(name));
	buf_append_span(out, value);
}

/* The item in its last state, as the fold has it, with another status and what comes last. */
static void write_last_state(struct buf *out, const struct builder_item *item, struct span state,
    enum response_status status)
{
	struct json_scan scan = json_open(state, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	buf_putc(out, '{');
	while (json_member(&scan, &name, &value)) {
		json_write_name(out, name);
		if (span_is(name, "status"))
			buf_printf(out, "\"%s\"", response_status_name(status));
		else
			json_canonical(out, value);
	}
	if (item->encrypted.len > 0)
		add_member(out, "encrypted_content", buf_span(&item->encrypted));
	if (item->extra.len > 0) {
		buf_putc(out, ',');
		buf_append_span(out, buf_span(&item->extra));
	}
	buf_putc(out, '}');
}

static void tell_last_state(
    struct builder *builder, const struct builder_item *item, enum response_status status)
{
	const struct item *folded = builder_folded(builder, item);

	if (folded == NULL)
		return;
	buf_clear(&builder->scratch);
	write_last_state(
	    &builder->scratch, item, document_value(&builder->fold->doc, &folded->node), status);
	apply_whole(builder, "response.output_item.done", item->index, buf_span(&builder->scratch));
}

static void free_item(struct builder_item *item)
{
	buf_free(&item->id);
	buf_free(&item->encrypted);
	buf_free(&item->name);
	buf_free(&item->extra);
	buf_free(&item->arguments);
	free(item);
}

void builder_end_item(
    struct builder *builder, struct builder_item *item, enum response_status status)
{
	if (item->kind == BUILDER_CALL)
		builder_finish_call(builder, item);
	else
		builder_close_part(builder, item);
	tell_last_state(builder, item, status);
	forget_open(builder, item);
	free_item(item);
}

void builder_end_items(struct builder *builder, enum response_status status)
{
	while (builder->open_count > 0)
		builder_end_item(builder, builder->open[0], status);
}

void builder_forget_items(struct builder *builder)
{
	for (size_t i = 0; i < builder->open_count; i++)
		free_item(builder->open[i]);
	builder->open_count = 0;
	builder->text = NULL;
}

void builder_item(struct builder *builder, struct span item, const char *id_prefix)
{
	struct buf whole = {0};
	char index[BUILDER_NUMBER_SIZE];
	struct json_scan scan = json_open(item, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	builder_begin(builder);
	builder_end_text(builder);
	if (!builder_has_room(builder) || !builder_is_shallow(item))
		return;
	buf_puts(&whole, "{\"id\":");
	builder_make_id(&whole, builder, id_prefix, builder->item_count);
	while (json_member(&scan, &name, &value)) {
		json_write_name(&whole, name);
		json_canonical(&whole, value);
	}
	buf_putc(&whole, '}');
	snprintf(index, sizeof(index), "%lld", builder->item_count++);
	apply_whole(builder, "response.output_item.added", index, buf_span(&whole));
	apply_whole(builder, "response.output_item.done", index, buf_span(&whole));
	buf_free(&whole);
}
