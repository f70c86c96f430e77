#include "narrator_internal.h"

#include <limits.h>
#include <string.h>

#include "common/base/json.h"

/* The data of an event as it is stored; empty if there is none. */
static struct span data_of(struct span event)
{
	static const char mark[] = "data: ";
	const char *p = event.p, *end, *line_end;

	if (event.len == 0)
		return event;
	end = p + event.len;
	while (p < end) {
		line_end = memchr(p, '\n', (size_t)(end - p));
		if (line_end == NULL)
			line_end = end;
		if ((size_t)(line_end - p) > sizeof(mark) - 1 &&
		    memcmp(p, mark, sizeof(mark) - 1) == 0)
			return (struct span){
			    p + sizeof(mark) - 1, (size_t)(line_end - p) - (sizeof(mark) - 1)};
		p = line_end + (line_end < end);
	}
	return (struct span){0};
}

static void note_id(struct narrator *narrator, struct span id, enum shown_as as)
{
	struct buf text = {0};

	if (!json_is_text(id))
		return;
	json_text(&text, json_inside(id), NULL);
	if (text.len > 0)
		shown_ids_show(&narrator->shown, buf_span(&text), as);
	buf_free(&text);
}

/* What clients have seen of an item, also of one that the fold could not take. */
static void note_item(struct narrator *narrator, struct span data)
{
	struct span item = json_get(data, "item");
	long long index;

	if (json_type(item) != JSON_OBJECT)
		return;
	note_id(narrator, json_get(item, "id"), SHOWN_AS_ID);
	note_id(narrator, json_get(item, "call_id"), SHOWN_AS_REFERENCE);
	if (json_integer(json_get(data, "output_index"), &index) && index >= 0 && index < INT_MAX &&
	    narrator->next_index <= index)
		narrator->next_index = index + 1;
}

static void recall_event(struct narrator *narrator, struct fold *fold, struct span data)
{
	struct span type;

	if (!json_check(data, 0, NULL, NULL))
		return;
	while (data.len > 0 && json_type(data) == JSON_NONE)
		data = (struct span){data.p + 1, data.len - 1};
	if (json_type(data) != JSON_OBJECT)
		return;
	type = json_get(data, "type");
	if (json_string_is(type, "response.in_progress"))
		narrator->begun = true;
	/* Nothing of the response as a whole: what it says is not what this attempt begins with. */
	if (json_get(data, "response").len != 0)
		return;
	if (narrator->fold != NULL)
		fold_event(fold, data);
	note_item(narrator, data);
}

/* Ends what the attempts before have left open, as clients have seen it. */
static void end_abandoned(struct narrator *narrator, struct fold *fold)
{
	output_end(&fold->output, STATUS_INCOMPLETE);
	for (size_t i = 0; i < fold->output.count; i++) {
		struct item *item = fold->output.items[i];
		const struct told_item *told = narrator_known(narrator, item);

		if (told->begun && !told->done)
			narrator_end_item(narrator, item, "\"incomplete\"");
	}
}

void narrator_recall(
    struct narrator *narrator, struct span response, const struct span *events, size_t count)
{
	struct fold fold;
	bool is_open = fold_open(&fold, response);

	narrator_forget(narrator);
	if (is_open)
		narrator_listen(narrator, &fold);
	narrator->is_silent = true;
	for (size_t i = 0; i < count; i++)
		recall_event(narrator, &fold, data_of(events[i]));
	narrator->is_silent = false;
	if (is_open)
		end_abandoned(narrator, &fold);
	narrator_forget(narrator);
	if (is_open)
		fold_close(&fold);
}
