#include "fold_lifecycle.h"

#include "fold_items.h"
#include "fold_warning.h"
#include "common/base/json.h"
#include "response_error.h"

/* After a terminal event it takes a new life for that. */
enum fold_result fold_output_changed(struct fold *fold, struct item *item, size_t part)
{
	fold->changed = item;
	fold->changed_part = part;
	fold->output_seen = true;
	fold->progress = true;
	if (!fold->life_ended)
		fold->settled = false;
	return FOLD_CHANGED;
}

static void forget_error(struct fold *fold)
{
	response_nodes_set_field(&fold->nodes, RESPONSE_ERROR, SPAN("null"));
	fold->error_seen = false;
}

/* What an earlier life ended with holds until this one has ended. */
void fold_begin_life(struct fold *fold)
{
	if (!fold->life_ended)
		forget_error(fold);
	fold->error_seen = false;
	fold->base = output_next_index(&fold->output);
	fold->life_ended = false;
	fold->settled = false;
}

static void set_error(struct fold *fold, struct span error)
{
	struct buf text = {0};

	response_error_write(&text, error);
	response_nodes_set_field(&fold->nodes, RESPONSE_ERROR, buf_span(&text));
	fold->error_status = response_error_status(error);
	fold->error_seen = true;
	fold->progress = true;
	buf_free(&text);
}

/* Checks that the event's response, if it has one, is an object. */
static enum fold_result check_response(struct fold *fold, const char *name, struct span response)
{
	if (!json_is_given(response) || json_type(response) == JSON_OBJECT)
		return FOLD_CHANGED;
	return fold_skip(fold, "%s: response is %s, expected an object", name,
	    json_type_name(json_type(response)));
}

/* Whether it is an error: gateways also write false, or an empty object, where there is none. */
static bool says_something(struct span error)
{
	if (json_type(error) == JSON_OBJECT)
		return json_is_given(json_get(error, "code")) ||
		       json_is_given(json_get(error, "message")) ||
		       json_is_given(json_get(error, "type"));
	return json_type(error) == JSON_STRING;
}

/* Takes over the response's members, but for the output, and names what is wrong with them. */
static struct told_response take_members(struct fold *fold, const char *name, struct span response)
{
	struct told_response told = response_nodes_merge(&fold->nodes, response);
	struct told_fault fault = told.fault;
	struct span error = told.error;

	if (says_something(error))
		set_error(fold, error);
	else if (json_is_given(error) && json_type(error) != JSON_OBJECT)
		fold_warn(fold, "part of %s: error is %s", name, json_type_name(json_type(error)));
	if (fault.too_many)
		fold_warn(fold,
		    "part of %s: the response has more than %d members that are unknown", name,
		    RESPONSE_EXTRAS_MAX);
	if (fault.name != NULL)
		fold_warn(fold, "part of %s: %s is %s", name, fault.name,
		    json_type_name(json_type(fault.value)));
	return told;
}

enum fold_result response_told(struct fold *fold, const struct response_event *event)
{
	struct span response = event->members[EVENT_RESPONSE];

	if (response.len == 0)
		return FOLD_IGNORED;
	if (json_type(response) != JSON_OBJECT)
		return fold_skip(fold, "%s: response is %s, expected an object", event_name(event),
		    json_type_name(json_type(response)));
	take_members(fold, event_name(event), response);
	return FOLD_CHANGED;
}

enum fold_result response_created(struct fold *fold, const struct response_event *event)
{
	struct span response = event->members[EVENT_RESPONSE];
	bool begins = fold->created || fold->settled;
	enum fold_result result;

	if (begins && (response.len == 0 || json_type(response) == JSON_OBJECT))
		fold_begin_life(fold);
	result = response_told(fold, event);
	if (result == FOLD_SKIPPED)
		return result;
	fold->created = true;
	return begins ? FOLD_CHANGED : result;
}

/* The items of one terminal event, as they are put in. */
struct telling {
	unsigned number; /* of the event */
	size_t first;    /* where the items of this life begin */
	size_t next;     /* where an item stands that is new */
};

/* How much this life's item, unless the event has named it already, is like one of another id. */
static enum likeness likeness_to(
    struct fold *fold, const struct telling *telling, const struct item *item, struct span raw)
{
	if (item->index < fold->base || item->told == telling->number)
		return LIKE_NOT;
	return fold_likeness(fold, item, raw);
}

/*
 * The item that an element of the output is whose id is unknown: the one at its place, else the
 * first behind those that were told of, or the same call wherever it is.
 */
static struct item *find_by_place(
    struct fold *fold, const struct telling *telling, struct span raw, long long index)
{
	struct output *output = &fold->output;
	struct item *item = output_at(output, fold->base + index);
	enum likeness likeness;
	size_t i;

	if (item != NULL && likeness_to(fold, telling, item, raw) != LIKE_NOT)
		return item;
	for (i = telling->first; i < output->count; i++) {
		output->steps++;
		likeness = likeness_to(fold, telling, output->items[i], raw);
		if (likeness == LIKE_CALL || (likeness == LIKE_MAYBE && i >= telling->next))
			return output->items[i];
	}
	return NULL;
}

static void tell_new_item(
    struct fold *fold, struct telling *telling, struct span raw, long long index)
{
	struct item_layout layout = {0};
	struct item *item;

	item_layout_write(&layout, raw, false);
	item = output_add_at(&fold->output, &layout, telling->next, fold->base + index);
	item_layout_free(&layout);
	if (item == NULL) {
		fold_warn(fold, "an item: there are %d already", OUTPUT_ITEMS_MAX);
		return;
	}
	item->told = telling->number;
	telling->next++;
}

static void tell_item(struct fold *fold, struct telling *telling, struct span raw, long long index)
{
	struct item *item = output_find(&fold->output, json_get(raw, "id"));

	if (item == NULL && index < OUTPUT_ITEMS_MAX)
		item = find_by_place(fold, telling, raw, index);
	if (item == NULL) {
		tell_new_item(fold, telling, raw, index);
		return;
	}
	fold_put_item(fold, item, raw, false, KEEP_ABSENT);
	item->done = true;
	item->told = telling->number;
	telling->next = output_place(&fold->output, item) + 1;
}

/* The output of a terminal event. What it lacks stays. */
static void take_output(struct fold *fold, const char *name, struct span items)
{
	size_t first = output_place_of(&fold->output, fold->base);
	struct telling telling = {++fold->tellings, first, first};
	struct json_scan scan = json_open(items, JSON_ACCEPT_BAD_UTF8);
	struct span item;
	long long index;

	if (json_is_given(items) && json_type(items) != JSON_ARRAY)
		fold_warn(fold, "part of %s: output is %s, expected an array", name,
		    json_type_name(json_type(items)));
	for (index = 0; !fold_is_costly(fold) && json_element(&scan, &item); index++) {
		if (json_type(item) == JSON_OBJECT)
			tell_item(fold, &telling, item, index);
		else
			fold_warn(fold,
			    "part of %s: item %lld of the output is %s, expected an "
			    "object",
			    name, index, json_type_name(json_type(item)));
	}
	if (index > 0)
		fold->output_seen = true;
}

static enum response_status told_status(struct span value, enum response_status otherwise)
{
	enum response_status status = STATUS_COUNT;

	if (json_type(value) == JSON_STRING)
		status = response_status_find(json_inside(value));
	return response_status_is_terminal(status) ? status : otherwise;
}

/* How an earlier life ended says nothing about the response if this one ended otherwise. */
static void forget_earlier_end(struct fold *fold)
{
	if (!response_status_is_terminal(fold->status))
		return;
	if (!fold->error_seen)
		forget_error(fold);
	response_nodes_set_field(&fold->nodes, RESPONSE_INCOMPLETE_DETAILS, SPAN("null"));
}

enum fold_result fold_end_life(
    struct fold *fold, const char *name, struct span response, enum response_status otherwise)
{
	struct told_response told = {0};

	if (check_response(fold, name, response) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	forget_earlier_end(fold);
	if (json_type(response) == JSON_OBJECT) {
		told = take_members(fold, name, response);
		take_output(fold, name, told.output);
	}
	fold->status = told_status(told.status, otherwise);
	if (fold->status == STATUS_COMPLETED && !says_something(told.error))
		forget_error(fold);
	fold->progress = true;
	fold->life_ended = true;
	fold->settled = true;
	return FOLD_TERMINAL;
}

/* The stream has ended even if the event does not say with what. */
enum fold_result response_ended(struct fold *fold, const struct response_event *event)
{
	return fold_end_life(
	    fold, event_name(event), event->members[EVENT_RESPONSE], event->type->status);
}

/* An error's members may stand in the event itself. */
static void write_own_error(struct buf *out, const struct response_event *event)
{
	static const enum event_member members[] = {EVENT_CODE, EVENT_MESSAGE, EVENT_PARAM};
	size_t i;

	buf_putc(out, '{');
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (event->members[members[i]].len == 0)
			continue;
		json_write_name(out, span_of(event_member_name(members[i])));
		buf_append_span(out, event->members[members[i]]);
	}
	buf_putc(out, '}');
}

/* After the end, an error can only say why the response has failed. */
enum fold_result error_came(struct fold *fold, const struct response_event *event)
{
	struct span error = event->members[EVENT_ERROR];
	struct buf made = {0};

	if (fold->life_ended && (fold->status != STATUS_FAILED || json_is_given(fold_error(fold))))
		return fold_skip(fold, "error: it comes after the response's end");
	if (json_type(error) != JSON_OBJECT && json_type(error) != JSON_STRING) {
		write_own_error(&made, event);
		error = buf_span(&made);
	}
	set_error(fold, error);
	fold->settled = true;
	buf_free(&made);
	return FOLD_CHANGED;
}
