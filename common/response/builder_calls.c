#include "builder_internal.h"

#include <xxhash.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

static const char arguments_delta[] = "response.function_call_arguments.delta";
static const char input_delta[] = "response.custom_tool_call_input.delta";

static struct builder_item *find_call(const struct builder *builder, long long key)
{
	for (size_t i = 0; i < builder->open_count; i++) {
		if (builder->open[i]->kind == BUILDER_CALL && builder->open[i]->key == key)
			return builder->open[i];
	}
	return NULL;
}

/*
 * Notes that the id is used; false if it was before. Another id of the same hash only becomes a new
 * one without need.
 */
static bool use_id(struct builder *builder, struct span id)
{
	unsigned long long hash = XXH3_64bits(id.p, id.len);

	for (size_t i = 0; i < builder->call_id_count; i++) {
		if (builder->call_ids[i] == hash)
			return false;
	}
	if (builder->call_id_count == builder->call_id_cap) {
		builder->call_id_cap = builder->call_id_cap != 0 ? 2 * builder->call_id_cap : 8;
		builder->call_ids = xrealloc(
		    builder->call_ids, builder->call_id_cap * sizeof(builder->call_ids[0]));
	}
	builder->call_ids[builder->call_id_count++] = hash;
	return true;
}

static void write_call_id(struct buf *out, struct builder *builder, struct span id)
{
	struct buf text = {0};

	json_canonical(&text, id);
	if (text.len > 2 && use_id(builder, buf_span(&text)))
		buf_append_span(out, buf_span(&text));
	else
		builder_make_id(out, builder, "call_", builder->item_count);
	buf_free(&text);
}

static void write_call(struct buf *out, struct builder *builder, const struct builder_call *call)
{
	buf_puts(
	    out, call->custom ? ",\"type\":\"custom_tool_call\"" : ",\"type\":\"function_call\"");
	buf_puts(out, ",\"status\":\"in_progress\",\"call_id\":");
	write_call_id(out, builder, call->id);
	buf_puts(out, ",\"name\":");
	json_canonical(out, call->name);
	if (call->space.len > 0) {
		buf_puts(out, ",\"namespace\":");
		json_canonical(out, call->space);
	}
	buf_puts(out, call->custom ? ",\"input\":\"\"" : ",\"arguments\":\"\"");
}

static void keep_extra(struct builder_item *item, struct span extra)
{
	struct buf text = {0};

	if (extra.len == 0 || !builder_is_shallow(extra))
		return;
	json_canonical(&text, extra);
	buf_clear(&item->extra);
	buf_append(&item->extra, text.data + 1, text.len - 2);
	buf_free(&text);
}

void builder_call(struct builder *builder, long long key, const struct builder_call *call)
{
	struct builder_item *item;
	struct buf members = {0};

	builder_begin(builder);
	builder_end_text(builder);
	/* Before its id is looked for among all others. */
	if (!builder_has_room(builder))
		return;
	write_call(&members, builder, call);
	item = builder_open_item(
	    builder, BUILDER_CALL, call->custom ? "ctc_" : "fc_", buf_span(&members));
	buf_free(&members);
	if (item == NULL)
		return;
	item->key = key;
	item->custom = call->custom;
	json_canonical(&item->name, call->name);
	keep_extra(item, call->extra);
}

static void grow(
    struct builder *builder, const struct builder_item *item, const char *type, struct span piece)
{
	struct response_event event;

	if (piece.len == 0)
		return;
	event = builder_event_of(item, type);
	event.members[EVENT_DELTA] = piece;
	builder_apply(builder, &event);
}

void builder_arguments(struct builder *builder, long long key, struct span piece)
{
	struct builder_item *item = find_call(builder, key);

	if (item == NULL || piece.len <= 2)
		return;
	item->has_arguments = true;
	if (item->custom) {
		builder->waiting -= item->arguments.len;
		json_decode(piece, &item->arguments);
		builder->waiting += item->arguments.len;
	} else {
		grow(builder, item, arguments_delta, builder_piece(builder, item, piece));
	}
}

void builder_call_extra(struct builder *builder, long long key, struct span extra)
{
	struct builder_item *item = find_call(builder, key);

	if (item != NULL)
		keep_extra(item, extra);
}

/* The text of a custom tool; of a model that did not keep to {"input": text}, what it wrote. */
static void write_input(struct buf *out, struct span arguments)
{
	struct span input = {0};

	if (json_check(arguments, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		input = json_get(arguments, "input");
	if (json_type(input) == JSON_STRING)
		json_canonical(out, input);
	else
		json_quote(out, arguments);
}

static void finish_input(struct builder *builder, struct builder_item *item)
{
	struct response_event event =
	    builder_event_of(item, "response.custom_tool_call_input.done");
	struct buf input = {0};

	write_input(&input, buf_span(&item->arguments));
	if (input.len > 2)
		grow(builder, item, input_delta, buf_span(&input));
	event.members[EVENT_INPUT] = buf_span(&input);
	builder->waiting -= item->arguments.len;
	if (builder->on_event != NULL)
		builder->on_event(builder->ctx, &event);
	buf_free(&input);
}

static void tell_arguments_done(struct builder *builder, const struct builder_item *item)
{
	struct response_event event =
	    builder_event_of(item, "response.function_call_arguments.done");
	const struct item *folded = builder_folded(builder, item);
	struct buf arguments = {0};

	if (folded == NULL)
		return;
	json_canonical(
	    &arguments, document_value(&builder->fold->doc, &folded->members[ITEM_ARGUMENTS].node));
	event.members[EVENT_NAME] = buf_span(&item->name);
	event.members[EVENT_ARGUMENTS] = buf_span(&arguments);
	builder->on_event(builder->ctx, &event);
	buf_free(&arguments);
}

void builder_finish_call(struct builder *builder, struct builder_item *item)
{
	if (item->custom) {
		finish_input(builder, item);
		return;
	}
	grow(builder, item, arguments_delta, builder_last_piece(builder, item));
	if (!item->has_arguments)
		grow(builder, item, arguments_delta, SPAN("\"{}\""));
	if (builder->on_event != NULL)
		tell_arguments_done(builder, item);
}

void builder_end_call(struct builder *builder, long long key)
{
	struct builder_item *item = find_call(builder, key);

	if (item != NULL)
		builder_end_item(builder, item, STATUS_COMPLETED);
}
