#include "narrator_internal.h"

#include "common/base/alloc.h"
#include "common/base/json.h"

static const struct growth growths[] = {
    {NARRATED_MESSAGE, ITEM_CONTENT, PART_TEXT, "output_text", EVENT_TEXT,
	"response.output_text.delta", "response.output_text.done"},
    {NARRATED_MESSAGE, ITEM_CONTENT, PART_REFUSAL, "refusal", EVENT_REFUSAL,
	"response.refusal.delta", "response.refusal.done"},
    {NARRATED_REASONING, ITEM_CONTENT, PART_TEXT, "reasoning_text", EVENT_TEXT,
	"response.reasoning_text.delta", "response.reasoning_text.done"},
    {NARRATED_REASONING, ITEM_SUMMARY, PART_TEXT, "summary_text", EVENT_TEXT,
	"response.reasoning_summary_text.delta", "response.reasoning_summary_text.done"},
    {NARRATED_FUNCTION_CALL, ITEM_ARGUMENTS, PART_NONE, NULL, EVENT_ARGUMENTS,
	"response.function_call_arguments.delta", "response.function_call_arguments.done"},
    {NARRATED_CUSTOM_CALL, ITEM_INPUT, PART_NONE, NULL, EVENT_INPUT,
	"response.custom_tool_call_input.delta", "response.custom_tool_call_input.done"},
    {NARRATED_MCP_CALL, ITEM_ARGUMENTS, PART_NONE, NULL, EVENT_ARGUMENTS,
	"response.mcp_call_arguments.delta", "response.mcp_call_arguments.done"},
    {NARRATED_CODE_CALL, ITEM_CODE, PART_NONE, NULL, EVENT_CODE,
	"response.code_interpreter_call_code.delta", "response.code_interpreter_call_code.done"},
};

/* Reasoning has one type of part in each list; some name its text as a message's. */
static bool is_part_of(const struct growth *growth, struct span type)
{
	return growth->kind == NARRATED_REASONING || json_string_is(type, growth->part_type);
}

const struct growth *growth_of(
    enum narrated_kind kind, enum item_member member, struct span part_type)
{
	for (size_t i = 0; i < sizeof(growths) / sizeof(growths[0]); i++) {
		const struct growth *growth = &growths[i];

		if (growth->kind != kind)
			continue;
		if (growth->part == PART_NONE)
			return growth;
		if (growth->member == member && is_part_of(growth, part_type))
			return growth;
	}
	return NULL;
}

/* FNV-1a: it need not withstand anybody, who would only spoil his own stream. */
static unsigned long long hash_more(unsigned long long hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.p[i]) * 0x100000001b3;
	return hash;
}

struct span told_value_more(struct told_value *told, struct span inside, bool has_grown)
{
	struct span more = {0};

	if (told->is_other)
		return more;
	told->is_other =
	    inside.len < told->bytes ||
	    (!has_grown && hash_more(0, (struct span){inside.p, told->bytes}) != told->hash);
	if (told->is_other)
		return more;
	more = (struct span){inside.p + told->bytes, inside.len - told->bytes};
	told->hash = hash_more(told->hash, more);
	told->bytes = inside.len;
	return more;
}

struct told_list *told_list_of(struct told_item *told, enum item_member list)
{
	return list == ITEM_CONTENT ? &told->content : &told->summary;
}

/* An event about a part; number and at_number hold the indexes of item and part. */
static struct response_event event_of_part(const struct told_item *told,
    const struct event_type *type, enum item_member list, size_t at, char number[DECIMAL_SIZE],
    char at_number[DECIMAL_SIZE])
{
	struct response_event event = narrator_event_of(told, type, number);

	event.members[list == ITEM_CONTENT ? EVENT_CONTENT_INDEX : EVENT_SUMMARY_INDEX] =
	    (struct span){at_number, decimal_write(at_number, (long long)at)};
	return event;
}

static const struct event_type *part_event(enum item_member list, bool is_done)
{
	if (list == ITEM_CONTENT)
		return event_type_find(is_done ? SPAN("response.content_part.done")
					       : SPAN("response.content_part.added"));
	return event_type_find(is_done ? SPAN("response.reasoning_summary_part.done")
				       : SPAN("response.reasoning_summary_part.added"));
}

static struct span value_of(
    const struct narrator *narrator, const struct grown *grown, enum json_type type)
{
	struct span value = {0};

	if (grown->present)
		value = document_value(&narrator->fold->doc, &grown->node);
	if (json_type(value) == type)
		return value;
	return type == JSON_STRING ? SPAN("\"\"") : SPAN("[]");
}

/* The elements that were added to an array, as the inside of one. */
static struct span more_elements(
    struct narrator *narrator, struct told_value *told, const struct grown *array, bool has_grown)
{
	struct span inside = json_inside(value_of(narrator, array, JSON_ARRAY));
	bool is_first = told->bytes == 0;
	struct span more = told_value_more(told, inside, has_grown);

	if (is_first || more.len == 0)
		return more;
	if (more.p[0] != ',') {
		told->is_other = true;
		return (struct span){0};
	}
	return (struct span){more.p + 1, more.len - 1};
}

static void put_in_brackets(struct buf *out, struct span inside, const char brackets[2])
{
	buf_clear(out);
	buf_putc(out, brackets[0]);
	buf_append_span(out, inside);
	buf_putc(out, brackets[1]);
}

void narrator_write_delta(struct narrator *narrator, struct response_event *event,
    struct span piece, struct span logprobs, bool has_logprobs)
{
	put_in_brackets(&narrator->piece, piece, "\"\"");
	event->members[EVENT_DELTA] = buf_span(&narrator->piece);
	if (has_logprobs) {
		put_in_brackets(&narrator->extra, logprobs, "[]");
		event->members[EVENT_LOGPROBS] = buf_span(&narrator->extra);
	}
	narrator_write(narrator, event);
}

/* A member of a part at its beginning, before anything has come. */
static struct span first_value(struct span name, struct span value)
{
	switch (part_kind_find(name)) {
	case PART_TEXT:
	case PART_REFUSAL:
		return SPAN("\"\"");
	case PART_ANNOTATIONS:
	case PART_LOGPROBS:
		return json_type(value) == JSON_ARRAY ? SPAN("[]") : value;
	default:
		return value;
	}
}

static void write_beginning(struct buf *out, const struct growth *growth, struct span raw)
{
	struct json_scan scan = json_open(raw, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;
	bool lacks = true;

	if (!json_string_is(json_get(raw, "type"), growth->part_type)) {
		buf_printf(out, "{\"type\":\"%s\",\"text\":\"\"}", growth->part_type);
		return;
	}
	buf_putc(out, '{');
	while (json_member(&scan, &name, &value)) {
		json_write_name(out, name);
		json_canonical(out, first_value(name, value));
		lacks = lacks && !json_raw_is(name, part_kinds[growth->part].name);
	}
	if (lacks) {
		json_write_name(out, span_of(part_kinds[growth->part].name));
		buf_puts(out, "\"\"");
	}
	buf_putc(out, '}');
}

static struct told_part *new_part(struct told_list *list)
{
	if (list->count == list->cap) {
		list->cap = list->cap != 0 ? 2 * list->cap : 1;
		list->parts = xrealloc(list->parts, list->cap * sizeof(*list->parts));
	}
	list->parts[list->count] = (struct told_part){0};
	return &list->parts[list->count++];
}

static struct span raw_part(
    const struct narrator *narrator, struct item *item, enum item_member list, size_t at)
{
	const struct part *part = item_parts(item, list)->parts[at];

	return document_value(&narrator->fold->doc, &part->self.node);
}

/* Whether half a character waits there for its other half. */
static bool is_cut(const struct told_list *known, const struct part_list *parts, size_t at)
{
	const struct growth *growth = known->parts[at].growth;

	return growth != NULL && at < parts->count &&
	       parts->parts[at]->members[growth->part].half != 0;
}

static void begin_part(
    struct narrator *narrator, struct item *item, enum item_member list, size_t at)
{
	struct told_item *told = narrator_known(narrator, item);
	struct told_list *known = told_list_of(told, list);
	struct span raw = raw_part(narrator, item, list, at);
	char number[DECIMAL_SIZE], at_number[DECIMAL_SIZE];
	struct response_event event =
	    event_of_part(told, part_event(list, false), list, at, number, at_number);
	struct told_part *part;

	if (json_type(raw) != JSON_OBJECT) {
		known->is_closed = true;
		return;
	}
	if (at > 0 && !is_cut(known, item_parts(item, list), at - 1))
		narrator_end_part(narrator, item, list, at - 1, true);
	part = new_part(known);
	part->growth = growth_of(told->kind, list, json_get(raw, "type"));
	buf_clear(&narrator->whole);
	if (part->growth != NULL) {
		part->delta = event_type_find(span_of(part->growth->delta));
		write_beginning(&narrator->whole, part->growth, raw);
	} else {
		json_canonical(&narrator->whole, raw);
	}
	event.members[EVENT_PART] = buf_span(&narrator->whole);
	narrator_write(narrator, &event);
}

static bool has_logprobs(const struct told_part *part)
{
	return part->growth->value == EVENT_TEXT && part->growth->kind == NARRATED_MESSAGE;
}

static void tell_annotations(struct narrator *narrator, struct response_event *event,
    struct told_part *part, struct span elements)
{
	char number[DECIMAL_SIZE];
	struct json_scan scan;
	struct span element;

	put_in_brackets(&narrator->whole, elements, "[]");
	scan = json_open(buf_span(&narrator->whole), JSON_ACCEPT_BAD_UTF8);
	event->type = event_type_find(SPAN("response.output_text.annotation.added"));
	event->members[EVENT_DELTA] = event->members[EVENT_LOGPROBS] = (struct span){0};
	while (json_element(&scan, &element)) {
		event->members[EVENT_ANNOTATION_INDEX] =
		    (struct span){number, decimal_write(number, part->annotation_count++)};
		event->members[EVENT_ANNOTATION] = element;
		narrator_write(narrator, event);
	}
}

/* Anything may have happened to the part. What it costs to see what has is the provider's doing. */
static void look_at_all(struct narrator *narrator, const struct told_item *told,
    struct told_part *part, enum item_member list, struct span raw)
{
	narrator->fold->output.steps += raw.len;
	if (growth_of(told->kind, list, json_get(raw, "type")) != part->growth)
		part->value.is_other = part->annotations.is_other = true;
}

/* What has come of a part that has begun. */
static void tell_growth(
    struct narrator *narrator, struct item *item, enum item_member list, size_t at, bool has_grown)
{
	struct told_item *told = narrator_known(narrator, item);
	struct told_part *part = &told_list_of(told, list)->parts[at];
	const struct grown *members = item_parts(item, list)->parts[at]->members;
	char number[DECIMAL_SIZE], at_number[DECIMAL_SIZE];
	struct response_event event;
	struct span piece = {0}, more = {0};

	if (part->growth == NULL || part->done)
		return;
	if (!has_grown)
		look_at_all(narrator, told, part, list, raw_part(narrator, item, list, at));
	event = event_of_part(told, part->delta, list, at, number, at_number);
	if (!part->value_done)
		piece = told_value_more(&part->value,
		    json_inside(value_of(narrator, &members[part->growth->part], JSON_STRING)),
		    has_grown);
	if (piece.len > 0 && has_logprobs(part))
		more = more_elements(narrator, &part->logprobs, &members[PART_LOGPROBS], has_grown);
	if (piece.len > 0)
		narrator_write_delta(narrator, &event, piece, more, has_logprobs(part));
	if (!has_logprobs(part))
		return;
	more = more_elements(narrator, &part->annotations, &members[PART_ANNOTATIONS], has_grown);
	if (more.len > 0)
		tell_annotations(narrator, &event, part, more);
}

void narrator_tell_parts(struct narrator *narrator, struct item *item, enum item_member list,
    size_t from, size_t to, bool has_grown)
{
	struct told_list *known = told_list_of(narrator_known(narrator, item), list);
	size_t count = item_parts(item, list)->count;

	for (size_t at = from; at <= to && at < count; at++) {
		bool is_new = at == known->count;

		if (is_new && !known->is_closed)
			begin_part(narrator, item, list, at);
		if (at >= known->count)
			return;
		tell_growth(narrator, item, list, at, has_grown && !is_new);
	}
}

/* Of which nothing was told begins as it did before. */
static void drop_value(struct told_value *told)
{
	told->is_other = told->is_other || told->bytes > 0;
}

void narrator_drop_parts(struct told_item *told, enum item_member list, size_t count)
{
	struct told_list *known = told_list_of(told, list);

	for (size_t at = count; at < known->count; at++) {
		struct told_part *part = &known->parts[at];

		drop_value(&part->value);
		drop_value(&part->logprobs);
		drop_value(&part->annotations);
	}
}

static void end_value(struct narrator *narrator, struct told_part *part,
    const struct grown *members, struct response_event *event)
{
	part->value_done = true;
	event->type = event_type_find(span_of(part->growth->done));
	event->members[part->growth->value] =
	    value_of(narrator, &members[part->growth->part], JSON_STRING);
	if (has_logprobs(part)) {
		buf_clear(&narrator->extra);
		json_canonical(
		    &narrator->extra, value_of(narrator, &members[PART_LOGPROBS], JSON_ARRAY));
		event->members[EVENT_LOGPROBS] = buf_span(&narrator->extra);
	}
	narrator_write(narrator, event);
	event->members[part->growth->value] = event->members[EVENT_LOGPROBS] = (struct span){0};
}

void narrator_end_part(
    struct narrator *narrator, struct item *item, enum item_member list, size_t at, bool is_whole)
{
	struct told_item *told = narrator_known(narrator, item);
	struct told_list *known = told_list_of(told, list);
	char number[DECIMAL_SIZE], at_number[DECIMAL_SIZE];
	struct told_part *part;
	struct response_event event;

	/* One that is gone has no last state. */
	if (at >= known->count || at >= item_parts(item, list)->count)
		return;
	part = &known->parts[at];
	if (part->done)
		return;
	event = event_of_part(told, part_event(list, true), list, at, number, at_number);
	if (part->growth != NULL && !part->value_done)
		end_value(narrator, part, item_parts(item, list)->parts[at]->members, &event);
	if (!is_whole)
		return;
	part->done = true;
	buf_clear(&narrator->whole);
	json_canonical(&narrator->whole, raw_part(narrator, item, list, at));
	event.type = part_event(list, true);
	event.members[EVENT_PART] = buf_span(&narrator->whole);
	narrator_write(narrator, &event);
}
