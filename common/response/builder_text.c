#include "builder_internal.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/utf8.h"

#define LITERAL(text)                                                                              \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* What each part is in events and in the object. */
static const struct {
	const char *added, *delta, *value_done, *done;
	struct span empty;
	enum event_member index, value;
	enum item_member list;
	enum part_member member;
} parts[] = {
    [TEXT_PART] = {"response.content_part.added", "response.output_text.delta",
	"response.output_text.done", "response.content_part.done",
	LITERAL("{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}"),
	EVENT_CONTENT_INDEX, EVENT_TEXT, ITEM_CONTENT, PART_TEXT},
    [REFUSAL_PART] = {"response.content_part.added", "response.refusal.delta",
	"response.refusal.done", "response.content_part.done",
	LITERAL("{\"type\":\"refusal\",\"refusal\":\"\"}"), EVENT_CONTENT_INDEX, EVENT_REFUSAL,
	ITEM_CONTENT, PART_REFUSAL},
    [SUMMARY_PART] = {"response.reasoning_summary_part.added",
	"response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
	"response.reasoning_summary_part.done",
	LITERAL("{\"type\":\"summary_text\",\"text\":\"\"}"), EVENT_SUMMARY_INDEX, EVENT_TEXT,
	ITEM_SUMMARY, PART_TEXT},
};

/* An event of the open part. */
static struct response_event event_of_part(const struct builder_item *item, const char *type)
{
	struct response_event event = builder_event_of(item, type);

	event.members[parts[item->part].index] = span_of(item->part_index);
	return event;
}

/* False if there are too many: nothing is told of one that the object cannot have. */
static bool open_part(struct builder *builder, struct builder_item *item, enum builder_part part)
{
	struct response_event event;

	if (builder->fold->output.part_count >= OUTPUT_PARTS_MAX)
		return false;
	item->part = part;
	item->counted_bytes = 0;
	item->counted = 0;
	item->annotation_count = 0;
	snprintf(item->part_index, sizeof(item->part_index), "%lld", item->part_count++);
	event = event_of_part(item, parts[part].added);
	event.members[EVENT_PART] = parts[part].empty;
	builder_apply(builder, &event);
	return true;
}

struct span builder_piece(struct builder *builder, struct builder_item *item, struct span text)
{
	struct buf *piece = &builder->piece;

	buf_clear(piece);
	buf_putc(piece, '"');
	json_text(piece, json_inside(text), &item->half);
	buf_putc(piece, '"');
	return piece->len > 2 ? buf_span(piece) : (struct span){0};
}

struct span builder_last_piece(struct builder *builder, struct builder_item *item)
{
	bool is_half = item->half != 0;

	buf_clear(&builder->piece);
	buf_puts(&builder->piece, "\"\xef\xbf\xbd\"");
	item->half = 0;
	return is_half ? buf_span(&builder->piece) : (struct span){0};
}

static void grow(
    struct builder *builder, struct builder_item *item, struct span piece, struct span logprobs)
{
	struct response_event event;

	if (piece.len == 0)
		return;
	event = event_of_part(item, parts[item->part].delta);
	event.members[EVENT_DELTA] = piece;
	if (item->part == TEXT_PART)
		event.members[EVENT_LOGPROBS] = logprobs.len > 0 ? logprobs : SPAN("[]");
	builder_apply(builder, &event);
}

/* The open part as the fold has it; NULL if it has none. */
static const struct part *folded_part(
    const struct builder *builder, const struct builder_item *item)
{
	struct item *folded = builder_folded(builder, item);
	const struct part_list *list;

	if (folded == NULL || item->part == NO_PART)
		return NULL;
	list = item_parts(folded, parts[item->part].list);
	return list->count == (size_t)item->part_count ? list->parts[list->count - 1] : NULL;
}

/* Values are copied: what the event is folded into is what they are read from. */
static void tell_part_done(struct builder *builder, struct builder_item *item)
{
	const struct part *part = folded_part(builder, item);
	const struct document *doc = &builder->fold->doc;
	struct response_event event = event_of_part(item, parts[item->part].value_done);
	struct buf value = {0}, logprobs = {0}, whole = {0};

	json_canonical(&value, document_value(doc, &part->members[parts[item->part].member].node));
	event.members[parts[item->part].value] = buf_span(&value);
	if (item->part == TEXT_PART) {
		json_canonical(&logprobs, document_value(doc, &part->members[PART_LOGPROBS].node));
		event.members[EVENT_LOGPROBS] = buf_span(&logprobs);
	}
	json_canonical(&whole, document_value(doc, &part->self.node));
	builder->on_event(builder->ctx, &event);
	event = event_of_part(item, parts[item->part].done);
	event.members[EVENT_PART] = buf_span(&whole);
	builder->on_event(builder->ctx, &event);
	buf_free(&value);
	buf_free(&logprobs);
	buf_free(&whole);
}

void builder_close_part(struct builder *builder, struct builder_item *item)
{
	if (item->part == NO_PART)
		return;
	grow(builder, item, builder_last_piece(builder, item), (struct span){0});
	/* The object has it all already. */
	if (builder->on_event != NULL && folded_part(builder, item) != NULL)
		tell_part_done(builder, item);
	item->part = NO_PART;
}

void builder_end_text(struct builder *builder)
{
	if (builder->text != NULL)
		builder_end_item(builder, builder->text, STATUS_COMPLETED);
}

/* The open item if it is of the kind, else a new one; NULL if there are too many. */
static struct builder_item *open_text(
    struct builder *builder, enum builder_kind kind, const char *id_prefix, struct span members)
{
	if (builder->text == NULL || builder->text->kind != kind) {
		builder_end_text(builder);
		builder->text = builder_open_item(builder, kind, id_prefix, members);
	}
	return builder->text;
}

static struct builder_item *open_message(struct builder *builder)
{
	return open_text(builder, BUILDER_MESSAGE, "msg_",
	    SPAN(",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\","
		 "\"content\":[]"));
}

static struct builder_item *open_reasoning(struct builder *builder)
{
	return open_text(
	    builder, BUILDER_REASONING, "rs_", SPAN(",\"type\":\"reasoning\",\"summary\":[]"));
}

static void add_text(struct builder *builder, struct builder_item *item, enum builder_part part,
    struct span text, struct span logprobs)
{
	if (item == NULL)
		return;
	if (item->part != part) {
		builder_close_part(builder, item);
		if (!open_part(builder, item, part))
			return;
	}
	grow(builder, item, builder_piece(builder, item, text), logprobs);
}

void builder_text(struct builder *builder, struct span text, struct span logprobs)
{
	builder_begin(builder);
	if (text.len > 2)
		add_text(builder, open_message(builder), TEXT_PART, text, logprobs);
}

void builder_refusal(struct builder *builder, struct span text)
{
	builder_begin(builder);
	if (text.len > 2)
		add_text(builder, open_message(builder), REFUSAL_PART, text, (struct span){0});
}

void builder_reasoning(struct builder *builder, struct span text)
{
	builder_begin(builder);
	if (text.len > 2)
		add_text(builder, open_reasoning(builder), SUMMARY_PART, text, (struct span){0});
}

void builder_end_part(struct builder *builder)
{
	if (builder->text != NULL && builder->text->kind == BUILDER_MESSAGE)
		builder_close_part(builder, builder->text);
}

void builder_empty_message(struct builder *builder)
{
	struct builder_item *item = open_message(builder);

	if (item != NULL)
		open_part(builder, item, TEXT_PART);
}

void builder_annotation(struct builder *builder, struct span annotation)
{
	struct builder_item *item = builder->text;
	const struct part *part;
	char number[BUILDER_NUMBER_SIZE];
	struct response_event event;
	struct buf value = {0};

	if (item == NULL || item->part != TEXT_PART || !builder_is_shallow(annotation))
		return;
	part = folded_part(builder, item);
	if (part == NULL)
		return;
	event = event_of_part(item, "response.output_text.annotation.added");
	snprintf(number, sizeof(number), "%lld", item->annotation_count++);
	event.members[EVENT_ANNOTATION_INDEX] = span_of(number);
	json_canonical(&value, annotation);
	event.members[EVENT_ANNOTATION] = buf_span(&value);
	builder_apply(builder, &event);
	buf_free(&value);
}

/* A JSON string's inside in canonical spelling: an escape there is a control character. */
static long long count_characters(struct span text)
{
	long long count = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\\')
			i += i + 1 < text.len && text.p[i + 1] == 'u' ? 5 : 1;
		else if (utf8_is_continuation(text.p[i]))
			continue;
		count++;
	}
	return count;
}

long long builder_text_length(const struct builder *builder)
{
	struct builder_item *item = builder->text;
	const struct part *part;
	struct span text;

	if (item == NULL || item->part != TEXT_PART)
		return 0;
	part = folded_part(builder, item);
	if (part == NULL)
		return 0;
	text = json_inside(document_value(&builder->fold->doc, &part->members[PART_TEXT].node));
	item->counted += count_characters(
	    (struct span){text.p + item->counted_bytes, text.len - item->counted_bytes});
	item->counted_bytes = text.len;
	return item->counted;
}

void builder_encrypted(struct builder *builder, struct span content)
{
	struct builder_item *item;

	builder_begin(builder);
	item = open_reasoning(builder);
	if (item == NULL)
		return;
	buf_clear(&item->encrypted);
	json_canonical(&item->encrypted, content);
}

void builder_end_reasoning(struct builder *builder)
{
	if (builder->text != NULL && builder->text->kind == BUILDER_REASONING)
		builder_end_text(builder);
}
