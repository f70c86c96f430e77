#include "folding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "naive_fold.h"

const char message[] =
    ADDED("{\"id\":\"m\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[]}");
const char text_part[] = PART("m", "{\"type\":\"output_text\",\"text\":\"\"}");

void initial_object(struct buf *out)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};

	fields[RESPONSE_MODEL] = SPAN("\"gpt-4o\"");
	fields[RESPONSE_TEMPERATURE] = SPAN("0.5");
	fields[RESPONSE_METADATA] = SPAN("{\"a\":\"b\"}");
	response_initial(out, FOLDED_ID, CREATED_AT, fields);
}

void open_fold(struct fold *fold)
{
	struct buf object = {0};

	initial_object(&object);
	assert_true(fold_open(fold, buf_span(&object)));
	buf_free(&object);
}

struct span text_of(const struct fold *fold)
{
	return buf_span(&fold->doc.text);
}

struct span member(const struct fold *fold, const char *name)
{
	return json_get(text_of(fold), name);
}

void assert_json(struct span actual, const char *expected)
{
	if (!naive_same_json(actual, span_of(expected)))
		fail_msg("%.*s is not %s", (int)actual.len, actual.p, expected);
}

void assert_member(const struct fold *fold, const char *name, const char *expected)
{
	assert_json(member(fold, name), expected);
}

void assert_check_passes(const struct fold *fold)
{
	const char *error;
	size_t offset;

	if (!json_check(text_of(fold), 0, &error, &offset))
		fail_msg("%s at %zu: %.*s", error, offset, (int)text_of(fold).len, text_of(fold).p);
}

void assert_valid(const struct fold *fold)
{
	assert_check_passes(fold);
	assert_true(naive_same_json(text_of(fold), text_of(fold)));
}

void feed(struct fold *fold, const char *event, enum fold_result expected)
{
	enum fold_result result = fold_event(fold, span_of(event));

	if (result != expected)
		fail_msg("%s: result %d (%s), expected %d", event, (int)result, fold->warning,
		    (int)expected);
	assert_valid(fold);
}

void change(struct fold *fold, const char *event)
{
	feed(fold, event, FOLD_CHANGED);
}

void open_message(struct fold *fold)
{
	open_fold(fold);
	change(fold, message);
	change(fold, text_part);
}
