#include "fold_growth.h"

#include <stdint.h>

#include "event_target.h"
#include "fold_lifecycle.h"
#include "fold_warning.h"
#include "common/base/json.h"

/* The event has changed what was found. */
static enum fold_result grown_by(
    struct fold *fold, const struct response_event *event, const struct target *target)
{
	bool is_own = event->type->part == PART_NONE && event->type->value != EVENT_PART;

	return fold_output_changed(fold, target->item, is_own ? FOLD_NO_PART : target->part);
}

static bool has_logprobs(const struct response_event *event)
{
	struct span logprobs = event->members[EVENT_LOGPROBS];

	return event->type->member == ITEM_CONTENT && event->type->part == PART_TEXT &&
	       json_type(logprobs) == JSON_ARRAY && logprobs.len > 2;
}

/* The log probabilities of the tokens that have just come. */
static void append_logprobs(
    struct fold *fold, const struct response_event *event, const struct target *target)
{
	struct json_scan scan = json_open(event->members[EVENT_LOGPROBS], JSON_ACCEPT_BAD_UTF8);
	struct grown *list;
	struct span element;

	list = output_part_grown(&fold->output, target_part(event, target), PART_LOGPROBS);
	while (list != NULL && json_element(&scan, &element))
		output_append_element(&fold->output, list, element);
}

enum fold_result delta_came(struct fold *fold, const struct response_event *event)
{
	struct target target = {0};
	struct grown *grown;

	if (target_expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    target_find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_append_text(&fold->output, grown, event->members[event->type->value]);
	if (has_logprobs(event))
		append_logprobs(fold, event, &target);
	fold->text_seen = true;
	return grown_by(fold, event, &target);
}

static void set_logprobs(
    struct fold *fold, const struct response_event *event, const struct target *target)
{
	struct grown *list =
	    output_part_grown(&fold->output, target_part(event, target), PART_LOGPROBS);

	if (list != NULL)
		output_set_value(&fold->output, list, event->members[EVENT_LOGPROBS]);
}

enum fold_result value_done(struct fold *fold, const struct response_event *event)
{
	struct target target = {0};
	struct grown *grown;

	if (target_expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    target_find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_set_value(&fold->output, grown, event->members[event->type->value]);
	if (has_logprobs(event))
		set_logprobs(fold, event, &target);
	return grown_by(fold, event, &target);
}

enum fold_result annotation_added(struct fold *fold, const struct response_event *event)
{
	struct target target = {0};
	struct grown *grown;

	if (target_expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    target_find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_append_element(&fold->output, grown, event->members[event->type->value]);
	return grown_by(fold, event, &target);
}

enum fold_result command_added(struct fold *fold, const struct response_event *event)
{
	struct span command = event->members[event->type->value];
	struct target target = {0};
	struct grown *grown;

	if (target_expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    target_find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (json_inside(command).len != 0)
		output_set_value(&fold->output, grown, command);
	return grown_by(fold, event, &target);
}

static const enum part_member streams[] = {PART_STDOUT, PART_STDERR};

/* What the event brings for one of the two streams; empty if it is none. */
static struct span stream_piece(const struct response_event *event, enum part_member stream)
{
	struct span text = json_get(event->members[event->type->value], part_kinds[stream].name);

	return json_type(text) == JSON_STRING ? text : (struct span){0};
}

enum fold_result streams_came(struct fold *fold, const struct response_event *event)
{
	struct target target = {0};
	struct part *part;
	int i;

	if (target_expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    target_find(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	part = target_part(event, &target);
	for (i = 0; i < 2; i++)
		if (stream_piece(event, streams[i]).len != 0 &&
		    !output_part_can_grow(&fold->output, part, streams[i]))
			return target_not_growing(fold, event);
	for (i = 0; i < 2; i++) {
		struct span text = stream_piece(event, streams[i]);

		if (text.len != 0)
			output_append_text(&fold->output,
			    output_part_grown(&fold->output, part, streams[i]), text);
	}
	fold->text_seen = true;
	return grown_by(fold, event, &target);
}

static enum fold_result whole_part_came(struct fold *fold, const struct response_event *event,
    struct target *target, enum keeping keeping)
{
	if (target_open_item(fold, event, target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (target_put_part(fold, event, target, event->members[EVENT_PART], keeping) == NULL)
		return target_no_place_for_part(fold, event);
	return grown_by(fold, event, target);
}

/* Replaces the part at its index, or comes behind the last one. */
enum fold_result part_added(struct fold *fold, const struct response_event *event)
{
	struct target target = {.part = SIZE_MAX};
	struct part *part;

	if (target_expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    target_find_item(fold, event, &target) == FOLD_SKIPPED ||
	    target_find_part(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	part = target.item != NULL ? target_part(event, &target) : NULL;
	return whole_part_came(
	    fold, event, &target, part != NULL && !part->announced ? KEEP_EMPTY : KEEP_NOTHING);
}

enum fold_result part_done(struct fold *fold, const struct response_event *event)
{
	struct target target = {0};

	if (target_expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    target_find_item(fold, event, &target) == FOLD_SKIPPED ||
	    target_find_part(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	return whole_part_came(fold, event, &target, KEEP_ABSENT);
}

/* Checks that the elements are objects. */
static enum fold_result expect_objects(struct fold *fold, const struct response_event *event)
{
	struct json_scan scan = json_open(event->members[event->type->value], JSON_ACCEPT_BAD_UTF8);
	struct span element;

	while (json_element(&scan, &element))
		if (json_type(element) != JSON_OBJECT)
			return fold_skip(fold, "%s: an element of %s is %s, expected an object",
			    event_name(event), event_member_name(event->type->value),
			    json_type_name(json_type(element)));
	return FOLD_CHANGED;
}

enum fold_result outputs_done(struct fold *fold, const struct response_event *event)
{
	struct json_scan scan = json_open(event->members[event->type->value], JSON_ACCEPT_BAD_UTF8);
	struct target target = {0};
	struct span element;

	if (target_expect(fold, event, JSON_ARRAY) == FOLD_SKIPPED ||
	    expect_objects(fold, event) == FOLD_SKIPPED ||
	    target_find_item(fold, event, &target) == FOLD_SKIPPED ||
	    target_find_part(fold, event, &target) == FOLD_SKIPPED ||
	    target_open_item(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (output_item_grown(&fold->output, target.item, event->type->member) == NULL)
		return target_no_place_for_part(fold, event);
	for (; !fold_is_costly(fold) && json_element(&scan, &element); target.part++)
		if (target_put_part(fold, event, &target, element, KEEP_ABSENT) == NULL)
			return target_no_place_for_part(fold, event);
	return grown_by(fold, event, &target);
}
