#include "told_rules.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

struct rules_value {
	struct buf text; /* what has come */
	size_t annotations;
	bool grows, ended, part_ended;
};

struct rules_list {
	struct rules_value *values;
	size_t count;
};

struct rules_item {
	struct buf type, id, call_id, last;
	struct rules_list content, summary;
	struct rules_value own;
	bool done;
};

static const struct {
	const char *name;  /* of the event, without its last part */
	const char *index; /* the member that says which part; NULL: what grows is the item's own */
	const char *member; /* what the event that ends it has */
} growths[] = {
    {"response.output_text", "content_index", "text"},
    {"response.refusal", "content_index", "refusal"},
    {"response.reasoning_text", "content_index", "text"},
    {"response.reasoning_summary_text", "summary_index", "text"},
    {"response.function_call_arguments", NULL, "arguments"},
    {"response.mcp_call_arguments", NULL, "arguments"},
    {"response.custom_tool_call_input", NULL, "input"},
    {"response.code_interpreter_call_code", NULL, "code"},
};

static bool is_same(struct span text, const struct buf *other)
{
	return span_eq(text, buf_span(other));
}

static bool ends_with(struct span text, const char *end)
{
	size_t len = strlen(end);

	return text.len > len && memcmp(text.p + text.len - len, end, len) == 0;
}

static size_t index_of(struct span data, const char *name)
{
	long long index = -1;

	return json_integer(json_get(data, name), &index) && index >= 0 ? (size_t)index : SIZE_MAX;
}

static struct rules_list *list_of(struct rules_item *item, const char *index_name)
{
	return strcmp(index_name, "content_index") == 0 ? &item->content : &item->summary;
}

static bool is_call(struct span type)
{
	return json_string_is(type, "function_call") || json_string_is(type, "custom_tool_call");
}

static const char *add_item(struct told_rules *rules, struct span data)
{
	struct span item = json_get(data, "item"), id = json_get(item, "id");
	struct span call_id = json_get(item, "call_id"), type = json_get(item, "type");
	struct rules_item *added;

	if (index_of(data, "output_index") != rules->count)
		return "output indexes follow each other";
	if (!json_is_text(id))
		return "an item has an id";
	if (is_call(type) && !json_is_text(call_id))
		return "a call has a call_id";
	for (size_t i = 0; i < rules->count; i++) {
		if (is_same(id, &rules->items[i]->id))
			return "an id is used once";
		if (is_call(type) && is_call(buf_span(&rules->items[i]->type)) &&
		    is_same(call_id, &rules->items[i]->call_id))
			return "a call_id is used once";
	}
	added = xcalloc(1, sizeof(*added));
	buf_append_span(&added->type, type);
	buf_append_span(&added->id, id);
	buf_append_span(&added->call_id, call_id);
	rules->items = xrealloc(rules->items, (rules->count + 1) * sizeof(struct rules_item *));
	rules->items[rules->count++] = added;
	return NULL;
}

static const char *end_item(struct rules_item *item, struct span data)
{
	struct span last = json_get(data, "item");

	if (!is_same(json_get(last, "id"), &item->id))
		return "an item keeps its id";
	if (!is_same(json_get(last, "type"), &item->type))
		return "an item keeps its type";
	if (!is_same(json_get(last, "call_id"), &item->call_id))
		return "an item keeps its call_id";
	buf_append_span(&item->last, last);
	item->done = true;
	return NULL;
}

static bool is_known_part(struct span type)
{
	return json_string_is(type, "output_text") || json_string_is(type, "refusal");
}

static const char *add_part(struct rules_item *item, struct span data, const char *index_name)
{
	struct rules_list *list = list_of(item, index_name);
	struct span part = json_get(data, "part");

	if (index_of(data, index_name) != list->count)
		return "indexes of parts follow each other";
	if (is_known_part(json_get(part, "type")) &&
	    (json_is_text(json_get(part, "text")) || json_is_text(json_get(part, "refusal"))))
		return "a part begins empty";
	list->values = xrealloc(list->values, (list->count + 1) * sizeof(*list->values));
	list->values[list->count++] = (struct rules_value){0};
	return NULL;
}

static const char *end_part(struct rules_item *item, struct span data, const char *index_name)
{
	struct rules_list *list = list_of(item, index_name);
	size_t index = index_of(data, index_name);

	if (index >= list->count)
		return "a part that ends has begun";
	if (list->values[index].part_ended)
		return "a part ends once";
	if (list->values[index].grows && !list->values[index].ended)
		return "what grows in a part ends before it";
	list->values[index].part_ended = true;
	return NULL;
}

static const char *grow(
    struct told_rules *rules, struct rules_value *value, struct span data, const char *member)
{
	struct span delta = json_get(data, "delta");

	if (value->ended || value->part_ended)
		return "nothing grows after its end";
	value->grows = true;
	if (member == NULL) {
		if (!json_is_text(delta))
			return "a delta is a text";
		buf_append_span(&value->text, json_inside(delta));
		return NULL;
	}
	value->ended = true;
	if (json_type(json_get(data, member)) != JSON_STRING)
		return "a value is a text";
	rules->replaced += !is_same(json_inside(json_get(data, member)), &value->text);
	return NULL;
}

static const char *annotate(struct rules_item *item, struct span data)
{
	size_t index = index_of(data, "content_index");

	if (index >= item->content.count || item->content.values[index].part_ended)
		return "an annotation is of a part that is open";
	if (index_of(data, "annotation_index") != item->content.values[index].annotations++)
		return "indexes of annotations follow each other";
	return NULL;
}

static const char *take_growth(
    struct told_rules *rules, struct rules_item *item, struct span type, struct span data)
{
	bool is_end = ends_with(type, ".done");
	struct rules_list *list;
	size_t index;

	type.len -= is_end ? strlen(".done") : strlen(".delta");
	for (size_t i = 0; i < sizeof(growths) / sizeof(growths[0]); i++) {
		const char *member = is_end ? growths[i].member : NULL;

		if (!span_is(type, growths[i].name))
			continue;
		if (growths[i].index == NULL)
			return grow(rules, &item->own, data, member);
		list = list_of(item, growths[i].index);
		index = index_of(data, growths[i].index);
		if (index >= list->count)
			return "what grows in a part comes after it";
		return grow(rules, &list->values[index], data, member);
	}
	return "an event's type is known";
}

static bool is_progress_of(const struct rules_item *item, struct span type)
{
	struct buf prefix = {0};
	bool is;

	buf_puts(&prefix, "response.");
	buf_append_span(&prefix, json_inside(buf_span(&item->type)));
	buf_putc(&prefix, '.');
	is = type.len > prefix.len && memcmp(type.p, prefix.data, prefix.len) == 0;
	buf_free(&prefix);
	return is;
}

static const char *take_of_item(
    struct told_rules *rules, struct rules_item *item, struct span type, struct span data)
{
	if (span_is(type, "response.output_item.done"))
		return end_item(item, data);
	if (!is_same(json_get(data, "item_id"), &item->id))
		return "an event has its item's id";
	if (span_is(type, "response.content_part.added"))
		return add_part(item, data, "content_index");
	if (span_is(type, "response.reasoning_summary_part.added"))
		return add_part(item, data, "summary_index");
	if (span_is(type, "response.content_part.done"))
		return end_part(item, data, "content_index");
	if (span_is(type, "response.reasoning_summary_part.done"))
		return end_part(item, data, "summary_index");
	if (span_is(type, "response.output_text.annotation.added"))
		return annotate(item, data);
	if (ends_with(type, ".delta") || ends_with(type, ".done"))
		return take_growth(rules, item, type, data);
	if (!is_progress_of(item, type))
		return "progress is that of the item's type";
	return json_get(data, "obfuscation").len == 0 ? NULL : "no padding is passed on";
}

static const char *take_data(struct told_rules *rules, struct span data)
{
	struct span type = json_inside(json_get(data, "type"));
	size_t index = index_of(data, "output_index");

	if (index_of(data, "sequence_number") != (size_t)rules->number++)
		return "numbers follow each other";
	if (span_is(type, "response.created"))
		return rules->number == 1 ? NULL : "it is created first";
	if (span_is(type, "response.in_progress")) {
		if (rules->begun)
			return "it begins once";
		rules->begun = true;
		return NULL;
	}
	if (!rules->begun)
		return "it begins before its items";
	if (span_is(type, "response.output_item.added"))
		return add_item(rules, data);
	if (index >= rules->count)
		return "an event's item has begun";
	if (rules->items[index]->done)
		return "nothing comes after an item's end";
	return take_of_item(rules, rules->items[index], type, data);
}

const char *told_rules_take(struct told_rules *rules, struct span event)
{
	static const char mark[] = "\ndata: ";
	struct buf text = {0}, name = {0};
	const char *data, *fault;
	struct span value;

	buf_append_span(&text, event);
	data = strstr(buf_cstr(&text), mark);
	if (data == NULL || !ends_with(event, "\n\n")) {
		buf_free(&text);
		return "an event has data and a blank line";
	}
	data += sizeof(mark) - 1;
	value = (struct span){data, (size_t)(text.data + text.len - 2 - data)};
	buf_puts(&name, "event: ");
	buf_append_span(&name, json_inside(json_get(value, "type")));
	if (memchr(value.p, '\n', value.len) != NULL || memchr(value.p, '\r', value.len) != NULL)
		fault = "data is one line";
	else if (!json_check(value, 0, NULL, NULL))
		fault = "data is JSON";
	else if (!is_same((struct span){text.data, (size_t)(data - text.data) - sizeof(mark) + 1},
		     &name))
		fault = "an event is named as its type";
	else
		fault = take_data(rules, value);
	buf_free(&text);
	buf_free(&name);
	return fault;
}

const char *told_rules_end(const struct told_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->items[i]->done)
			return "every item ends";
	return rules->begun ? NULL : "it begins";
}

struct span told_rules_item(const struct told_rules *rules, size_t index)
{
	return index < rules->count ? buf_span(&rules->items[index]->last) : (struct span){0};
}

static void free_list(struct rules_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		buf_free(&list->values[i].text);
	free(list->values);
}

void told_rules_close(struct told_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct rules_item *item = rules->items[i];

		buf_free(&item->type);
		buf_free(&item->id);
		buf_free(&item->call_id);
		buf_free(&item->last);
		buf_free(&item->own.text);
		free_list(&item->content);
		free_list(&item->summary);
		free(item);
	}
	free(rules->items);
	*rules = (struct told_rules){0};
}
