#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/response/event.h"
#include "common/response/shown_ids.h"

static void assert_renamed(struct shown_ids *shown, const char *id, bool is_own, const char *other)
{
	struct span renamed = shown_ids_rename(shown, span_of(id), is_own);

	if (!span_is(renamed, other))
		fail_msg("%s became %.*s, not %s", id, (int)renamed.len, renamed.p, other);
}

static void show(struct shown_ids *shown, const char *id)
{
	assert_true(shown_ids_show(shown, span_of(id), SHOWN_AS_ID));
}

static void an_id_is_shown_once_as_the_same(void **state)
{
	struct shown_ids shown = {0};

	(void)state;
	assert_true(shown_ids_show(&shown, SPAN("a"), SHOWN_AS_ID));
	assert_true(shown_ids_show(&shown, SPAN("a"), SHOWN_AS_CALL_ID));
	assert_false(shown_ids_show(&shown, SPAN("a"), SHOWN_AS_ID));
	assert_false(shown_ids_show(&shown, SPAN("a"), SHOWN_AS_CALL_ID));
	assert_true(shown_ids_show(&shown, SPAN("b"), SHOWN_AS_ID));
	shown_ids_close(&shown);
}

static void nothing_is_renamed_in_the_first_attempt(void **state)
{
	struct shown_ids shown = {0};

	(void)state;
	assert_false(shown_ids_begin_attempt(&shown));
	show(&shown, "a");
	assert_renamed(&shown, "a", false, "a");
	shown_ids_close(&shown);
}

static void what_was_shown_becomes_another_always_the_same(void **state)
{
	struct shown_ids shown = {0};

	(void)state;
	show(&shown, "a");
	show(&shown, "b_2");
	show(&shown, "b");
	assert_true(shown_ids_begin_attempt(&shown));
	assert_renamed(&shown, "a", false, "a_2");
	assert_renamed(&shown, "a", false, "a_2");
	assert_renamed(&shown, "b", false, "b_3");
	assert_renamed(&shown, "c", false, "c");
	shown_ids_close(&shown);
}

static void each_attempt_takes_others(void **state)
{
	struct shown_ids shown = {0};

	(void)state;
	show(&shown, "a");
	shown_ids_begin_attempt(&shown);
	assert_renamed(&shown, "a", false, "a_2");
	show(&shown, "a_2");
	shown_ids_begin_attempt(&shown);
	assert_renamed(&shown, "a", false, "a_3");
	assert_renamed(&shown, "a_2", false, "a_2_2");
	shown_ids_close(&shown);
}

static void what_replaces_another_stays_unless_the_provider_says_it(void **state)
{
	struct shown_ids shown = {0};

	(void)state;
	show(&shown, "a");
	shown_ids_begin_attempt(&shown);
	assert_renamed(&shown, "a", true, "a_2");
	assert_renamed(&shown, "a_2", true, "a_2");
	assert_renamed(&shown, "a_2", false, "a_2_2");
	assert_renamed(&shown, "a_2", true, "a_2");
	shown_ids_close(&shown);
}

static void many_are_found(void **state)
{
	struct shown_ids shown = {0};
	char id[32], other[32];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "id%d", i);
		show(&shown, id);
	}
	shown_ids_begin_attempt(&shown);
	for (int i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "id%d", i);
		snprintf(other, sizeof(other), "id%d_2", i);
		assert_renamed(&shown, id, false, other);
	}
	shown_ids_close(&shown);
}

static void an_event_is_renamed_wherever_it_has_ids(void **state)
{
	struct shown_ids shown = {0};
	struct response_event event = {0};

	(void)state;
	show(&shown, "a");
	show(&shown, "c");
	shown_ids_begin_attempt(&shown);
	event.members[EVENT_ITEM_ID] = SPAN("\"\\u0061\"");
	event.members[EVENT_ITEM] =
	    SPAN("{\"type\":\"function_call\",\"id\":\"a\",\"call_id\":\"c\",\"name\":\"a\"}");
	event.members[EVENT_RESPONSE] =
	    SPAN("{\"id\":\"a\",\"output\":[{\"id\":\"x\",\"call_id\":\"c\"},7,{\"id\":\"a\"}]}");
	shown_ids_rename_event(&shown, &event, false);
	assert_true(span_is(event.members[EVENT_ITEM_ID], "\"a_2\""));
	assert_true(span_is(event.members[EVENT_ITEM],
	    "{\"type\":\"function_call\",\"id\":\"a_2\",\"call_id\":\"c_2\",\"name\":\"a\"}"));
	assert_true(span_is(event.members[EVENT_RESPONSE],
	    "{\"id\":\"a\",\"output\":[{\"id\":\"x\",\"call_id\":\"c_2\"},7,{\"id\":\"a_2\"}]}"));
	shown_ids_close(&shown);
}

static void an_event_without_such_ids_stays_as_it_is(void **state)
{
	static const char item[] = "{\"id\": null, \"call_id\": \"\"}",
			  response[] = "{\"output\":[]}";
	struct shown_ids shown = {0};
	struct response_event event = {0};

	(void)state;
	show(&shown, "a");
	shown_ids_begin_attempt(&shown);
	event.members[EVENT_ITEM_ID] = SPAN("7");
	event.members[EVENT_ITEM] = SPAN(item);
	event.members[EVENT_RESPONSE] = SPAN(response);
	shown_ids_rename_event(&shown, &event, false);
	assert_ptr_equal(event.members[EVENT_ITEM].p, item);
	assert_ptr_equal(event.members[EVENT_RESPONSE].p, response);
	assert_true(span_is(event.members[EVENT_ITEM_ID], "7"));
	shown_ids_close(&shown);
}

static void thousands_of_one_id_are_told_apart_without_ado(void **state)
{
	struct shown_ids shown = {0};
	struct buf id = {0}, made = {0};

	(void)state;
	for (int i = 0; i < 400; i++)
		buf_putc(&id, 'x');
	for (int i = 0; i < 10000; i++) {
		buf_clear(&made);
		shown_ids_make(&shown, &made, buf_span(&id));
		assert_true(shown_ids_show(&shown, buf_span(&made), SHOWN_AS_CALL_ID));
	}
	assert_true(span_is((struct span){made.data + id.len, made.len - id.len}, "_10000"));
	buf_free(&id);
	buf_free(&made);
	shown_ids_close(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_is_shown_once_as_the_same),
	    cmocka_unit_test(nothing_is_renamed_in_the_first_attempt),
	    cmocka_unit_test(what_was_shown_becomes_another_always_the_same),
	    cmocka_unit_test(each_attempt_takes_others),
	    cmocka_unit_test(what_replaces_another_stays_unless_the_provider_says_it),
	    cmocka_unit_test(many_are_found),
	    cmocka_unit_test(an_event_is_renamed_wherever_it_has_ids),
	    cmocka_unit_test(an_event_without_such_ids_stays_as_it_is),
	    cmocka_unit_test(thousands_of_one_id_are_told_apart_without_ado),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
