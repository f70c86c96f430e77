#include "fold.h"

#include "event.h"
#include "fold_lifecycle.h"
#include "fold_warning.h"
#include "common/base/decimal.h"
#include "common/base/json.h"
#include "response_error.h"
#include "shown_ids.h"

enum {
	/*
	 * Bytes moved and steps searched that any stream may cost, and that each of its bytes may.
	 * Honest ones, items that grow in turn included, stay far below.
	 */
	WORK_ALLOWED = 256 << 20,
	WORK_PER_BYTE = 256,
};

bool fold_open(struct fold *fold, struct span object)
{
	*fold = (struct fold){.status = STATUS_IN_PROGRESS};
	if (!response_nodes_open(&fold->nodes, &fold->doc, object))
		return false;
	output_open(&fold->output, &fold->doc, fold->nodes.output);
	return true;
}

void fold_close(struct fold *fold)
{
	output_close(&fold->output);
	response_nodes_close(&fold->nodes);
	document_free(&fold->doc);
	*fold = (struct fold){0};
}

bool fold_is_costly(const struct fold *fold)
{
	return fold->doc.moved + fold->output.steps > WORK_ALLOWED + WORK_PER_BYTE * fold->bytes;
}

static enum fold_result apply(struct fold *fold, const struct response_event *event)
{
	enum fold_result result;

	fold->changed = NULL;
	result = event->type->apply(fold, event);
	if (result != FOLD_SKIPPED && event->type->apply != event_does_nothing)
		fold->any_event = true;
	if (fold->listener != NULL && result != FOLD_SKIPPED)
		fold->listener(fold->listener_ctx, event);
	return result;
}

enum fold_result fold_event(struct fold *fold, struct span data)
{
	struct response_event event = {0};
	enum fold_result result;

	fold->warning[0] = '\0';
	fold->progress = false;
	if (fold->ended)
		return FOLD_IGNORED;
	fold->bytes += data.len;
	result = event_read(fold, &event, data);
	if (result != FOLD_SKIPPED && fold->shown != NULL)
		shown_ids_rename_event(fold->shown, &event, false);
	if (result != FOLD_SKIPPED)
		result = apply(fold, &event);
	return fold_is_costly(fold) ? FOLD_COSTLY : result;
}

enum fold_result fold_apply(struct fold *fold, const struct response_event *event)
{
	struct response_event renamed;
	enum fold_result result;

	if (fold->ended)
		return FOLD_IGNORED;
	if (fold->shown != NULL) {
		renamed = *event;
		shown_ids_rename_event(fold->shown, &renamed, true);
		event = &renamed;
	}
	result = apply(fold, event);
	return fold_is_costly(fold) ? FOLD_COSTLY : result;
}

enum fold_result fold_response(struct fold *fold, struct span response)
{
	const char *error;
	size_t offset;

	fold->warning[0] = '\0';
	if (fold->ended)
		return FOLD_IGNORED;
	if (!json_check(response, JSON_ACCEPT_BAD_UTF8, &error, &offset))
		return fold_skip(fold, "the response is no JSON: %s at byte %zu", error, offset);
	while (response.len > 0 && json_type(response) == JSON_NONE)
		response = (struct span){response.p + 1, response.len - 1};
	if (json_type(response) != JSON_OBJECT)
		return fold_skip(fold, "the response is %s, expected an object",
		    json_type_name(json_type(response)));
	fold->any_event = true;
	fold->bytes += response.len;
	if (fold->shown != NULL)
		response = shown_ids_rename_response(fold->shown, response, false);
	fold_end_life(fold, "the response", response, STATUS_COMPLETED);
	return fold_is_costly(fold) ? FOLD_COSTLY : FOLD_TERMINAL;
}

bool fold_is_open(const struct fold *fold)
{
	size_t i;

	if (response_status_is_terminal(fold->status))
		return false;
	for (i = 0; i < fold->output.count; i++)
		if (!fold->output.items[i]->done)
			return true;
	return false;
}

static void end_with(struct fold *fold, enum response_status status)
{
	/* A later life that was cut off leaves its items so, however the one before has ended. */
	bool cut = response_status_is_terminal(fold->status) && !fold->life_ended;

	output_end(&fold->output, cut ? STATUS_INCOMPLETE : status);
	fold->status = status;
	fold->ended = true;
}

struct span fold_error(const struct fold *fold)
{
	return document_value(&fold->doc, &fold->nodes.fields[RESPONSE_ERROR]);
}

void fold_end(struct fold *fold)
{
	enum response_status status = fold->status;

	if (fold->ended)
		return;
	if (!fold->life_ended && fold->error_seen)
		status = STATUS_FAILED;
	else if (!response_status_is_terminal(status))
		status = STATUS_COMPLETED;
	end_with(fold, status);
	if (status == STATUS_FAILED && !json_is_given(fold_error(fold)))
		fold_fail(fold, "server_error",
		    SPAN("The provider's response failed, and nothing says why."));
}

void fold_fail_with(struct fold *fold, struct span error)
{
	response_nodes_set_field(&fold->nodes, RESPONSE_ERROR, error);
	end_with(fold, STATUS_FAILED);
}

void fold_fail(struct fold *fold, const char *code, struct span message)
{
	struct buf error = {0};

	response_error_make(&error, code, message);
	fold_fail_with(fold, buf_span(&error));
	buf_free(&error);
}

void fold_seal(struct fold *fold, time_t now)
{
	response_nodes_set_status(&fold->nodes, fold->status, now);
}

void fold_open_slots(const struct fold *fold, struct buf *out)
{
	size_t i, slot;
	int count = 0;

	for (i = 0; i < fold->output.count && count < FOLD_SLOTS_MAX; i++) {
		slot = output_open_slot(&fold->output, fold->output.items[i]);
		if (slot == 0)
			continue;
		if (count++ != 0)
			buf_putc(out, ' ');
		decimal_append(out, (long long)slot);
	}
}
