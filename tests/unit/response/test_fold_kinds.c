/* What providers get wrong, and what is made of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "naive_fold.h"

static const char id[] = "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd";

#define ADDED(index, item)                                                                         \
	"{\"type\":\"response.output_item.added\",\"output_index\":" #index ",\"item\":" item "}"
#define DONE(index, item)                                                                          \
	"{\"type\":\"response.output_item.done\",\"output_index\":" #index ",\"item\":" item "}"
#define DELTA(item_id, index, text)                                                                \
	"{\"type\":\"response.output_text.delta\",\"item_id\":\"" item_id                          \
	"\",\"output_index\":" #index ",\"delta\":\"" text "\"}"
#define CREATED            "{\"type\":\"response.created\",\"response\":{}}"
#define COMPLETED(members) "{\"type\":\"response.completed\",\"response\":{" members "}}"
#define MESSAGE(item_id)   "{\"id\":\"" item_id "\",\"type\":\"message\"}"
#define TEXT(text)                                                                                 \
	"{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"" text "\"}"

static void open_fold(struct fold *fold)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};
	struct buf object = {0};

	response_initial(&object, id, 1700000000, fields);
	assert_true(fold_open(fold, buf_span(&object)));
	buf_free(&object);
}

static struct span member(const struct fold *fold, const char *name)
{
	return json_get(buf_span(&fold->doc.text), name);
}

static void assert_member(const struct fold *fold, const char *name, const char *expected)
{
	struct span actual = member(fold, name);

	if (!naive_same_json(actual, span_of(expected)))
		fail_msg("%s: %.*s is not %s", name, (int)actual.len, actual.p, expected);
}

static void feed(struct fold *fold, const char *event, enum fold_result expected)
{
	enum fold_result result = fold_event(fold, span_of(event));

	if (result != expected)
		fail_msg("%s: result %d (%s), expected %d", event, (int)result, fold->warning,
		    (int)expected);
}

enum { EVENTS_MAX = 8 };

/* Folds the events, of which none is skipped, and compares the output. */
static void assert_becomes(const char *const events[EVENTS_MAX], const char *output)
{
	struct fold fold;
	int i;

	open_fold(&fold);
	for (i = 0; i < EVENTS_MAX && events[i] != NULL; i++)
		assert_int_not_equal(fold_event(&fold, span_of(events[i])), FOLD_SKIPPED);
	assert_member(&fold, "output", output);
	fold_close(&fold);
}

#define OPENED(item_id, text)                                                                      \
	"{\"id\":\"" item_id "\",\"type\":\"message\",\"status\":\"in_progress\","                 \
	"\"role\":\"assistant\",\"content\":[" TEXT(text) "]}"

static void a_delta_opens_the_part_that_was_not_announced(void **state)
{
	static const char *const events[EVENTS_MAX] = {
	    ADDED(0, MESSAGE("m")), DELTA("m", 0, "a"), DELTA("m", 0, "b")};

	(void)state;
	assert_becomes(
	    events, "[{\"id\":\"m\",\"type\":\"message\",\"content\":[" TEXT("ab") "]}]");
}

static void a_delta_opens_the_item_that_was_not_announced(void **state)
{
	static const char *const events[EVENTS_MAX] = {
	    DELTA("m", 0, "a"), DELTA("m", 0, "b"), DELTA("n", 1, "c")};

	(void)state;
	assert_becomes(events, "[" OPENED("m", "ab") "," OPENED("n", "c") "]");
}

static void each_kind_of_event_opens_an_item_of_its_type(void **state)
{
	static const struct {
		const char *event, *item;
	} kinds[] = {
	    {"{\"type\":\"response.refusal.delta\",\"item_id\":\"i\",\"output_index\":0,"
	     "\"delta\":\"no\"}",
		"{\"id\":\"i\",\"type\":\"message\",\"status\":\"in_progress\","
		"\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}"},
	    {"{\"type\":\"response.reasoning_text.delta\",\"item_id\":\"i\",\"output_index\":0,"
	     "\"delta\":\"x\"}",
		"{\"id\":\"i\",\"type\":\"reasoning\",\"summary\":[],"
		"\"content\":[{\"type\":\"reasoning_text\",\"text\":\"x\"}]}"},
	    {"{\"type\":\"response.reasoning_summary_text.done\",\"item_id\":\"i\","
	     "\"output_index\":0,\"text\":\"x\"}",
		"{\"id\":\"i\",\"type\":\"reasoning\","
		"\"summary\":[{\"type\":\"summary_text\",\"text\":\"x\"}]}"},
	    {"{\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"i\","
	     "\"output_index\":0,\"name\":\"f\",\"delta\":\"{\"}",
		"{\"id\":\"i\",\"type\":\"function_call\",\"status\":\"in_progress\","
		"\"call_id\":\"i\",\"name\":\"f\",\"arguments\":\"{\"}"},
	    {"{\"type\":\"response.mcp_call_arguments.delta\",\"item_id\":\"i\","
	     "\"output_index\":0,\"delta\":\"{\"}",
		"{\"id\":\"i\",\"type\":\"mcp_call\",\"status\":\"in_progress\",\"name\":\"\","
		"\"server_label\":\"\",\"arguments\":\"{\"}"},
	    {"{\"type\":\"response.shell_call_command.delta\",\"output_index\":0,"
	     "\"command_index\":0,\"delta\":\"ls\"}",
		"{\"id\":\"sh_litellm_poll_01234567-89ab-4cde-8f01-23456789abcd_0\","
		"\"call_id\":\"sh_litellm_poll_01234567-89ab-4cde-8f01-23456789abcd_0\","
		"\"type\":\"shell_call\",\"status\":\"in_progress\",\"action\":{\"commands\":"
		"[\"ls\"],\"max_output_length\":null,\"timeout_ms\":null}}"},
	    {"{\"type\":\"response.shell_call_output_content.delta\",\"item_id\":\"i\","
	     "\"output_index\":0,\"command_index\":0,\"delta\":{\"stderr\":\"e\"}}",
		"{\"id\":\"i\",\"call_id\":\"i\",\"type\":\"shell_call_output\","
		"\"status\":\"in_progress\",\"output\":[{\"stdout\":\"\",\"stderr\":\"e\"}]}"},
	    {"{\"type\":\"response.apply_patch_call_operation_diff.delta\",\"item_id\":\"i\","
	     "\"output_index\":0,\"delta\":\"+a\"}",
		"{\"id\":\"i\",\"call_id\":\"i\",\"type\":\"apply_patch_call\","
		"\"status\":\"in_progress\",\"operation\":{\"type\":\"update_file\","
		"\"path\":\"\",\"diff\":\"+a\"}}"},
	    {"{\"type\":\"response.content_part.done\",\"item_id\":\"i\",\"output_index\":0,"
	     "\"part\":{\"type\":\"reasoning_text\",\"text\":\"x\"}}",
		"{\"id\":\"i\",\"type\":\"reasoning\",\"summary\":[],"
		"\"content\":[{\"type\":\"reasoning_text\",\"text\":\"x\"}]}"},
	    {"{\"type\":\"response.output_text.annotation.added\",\"item_id\":\"i\","
	     "\"output_index\":0,\"annotation\":{\"n\":1}}",
		"{\"id\":\"i\",\"type\":\"message\",\"status\":\"in_progress\","
		"\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"\","
		"\"annotations\":[{\"n\":1}],\"logprobs\":[]}]}"},
	};
	struct buf output = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *const events[EVENTS_MAX] = {kinds[i].event};

		buf_clear(&output);
		buf_printf(&output, "[%s]", kinds[i].item);
		assert_becomes(events, buf_cstr(&output));
	}
	buf_free(&output);
}

static void where_the_id_is_unknown_the_place_decides(void **state)
{
	static const char *const events[EVENTS_MAX] = {ADDED(0, MESSAGE("a")),
	    ADDED(1, MESSAGE("b")), DELTA("x", 1, "2"), DELTA("y", 0, "1"),
	    DONE(1, "{\"id\":\"z\",\"type\":\"message\",\"n\":1}")};

	(void)state;
	assert_becomes(events,
	    "[{\"id\":\"a\",\"type\":\"message\",\"content\":[" TEXT(
		"1") "]},"
		     "{\"id\":\"z\",\"type\":\"message\",\"n\":1,\"content\":[" TEXT("2") "]}]");
}

static void an_added_item_is_new_unless_its_id_is_known(void **state)
{
	static const char *const events[EVENTS_MAX] = {ADDED(0, MESSAGE("a")),
	    ADDED(0, MESSAGE("b")), ADDED(0, "{\"id\":\"a\",\"type\":\"message\",\"n\":1}"),
	    ADDED(7, MESSAGE("c"))};

	(void)state;
	assert_becomes(events, "[{\"id\":\"a\",\"type\":\"message\",\"n\":1},"
			       "{\"id\":\"b\",\"type\":\"message\"},"
			       "{\"id\":\"c\",\"type\":\"message\"}]");
}

static void the_place_of_another_kind_of_item_does_not_count(void **state)
{
	static const char *const events[EVENTS_MAX] = {
	    ADDED(0, "{\"id\":\"r\",\"type\":\"reasoning\"}"), DELTA("m", 0, "a"),
	    DELTA("n", 0, "b")};

	(void)state;
	assert_becomes(events, "[{\"id\":\"r\",\"type\":\"reasoning\"}," OPENED("m", "ab") "]");
}

static void what_has_begun_to_grow_may_be_announced_late(void **state)
{
	static const char *const events[EVENTS_MAX] = {DELTA("m", 0, "a"),
	    ADDED(0, "{\"id\":\"m\",\"type\":\"message\",\"n\":1,\"content\":[]}"),
	    "{\"type\":\"response.content_part.added\",\"item_id\":\"m\",\"content_index\":0,"
	    "\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}",
	    DELTA("m", 0, "b")};

	(void)state;
	assert_becomes(
	    events, "[{\"id\":\"m\",\"type\":\"message\",\"n\":1,\"content\":[" TEXT("ab") "]}]");
}

static void what_is_not_the_next_one_is_not_opened(void **state)
{
	static const char *const events[] = {DELTA("m", 1, "x"),
	    "{\"type\":\"response.content_part.done\",\"item_id\":\"m\",\"output_index\":1,"
	    "\"part\":{\"type\":\"output_text\",\"text\":\"x\"}}",
	    "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"output_index\":0,"
	    "\"content_index\":1,\"delta\":\"x\"}",
	    "{\"type\":\"response.shell_call_command.delta\",\"output_index\":0,"
	    "\"command_index\":1,\"delta\":\"x\"}",
	    DELTA("m", 0, "\"")};
	struct fold fold;
	size_t i;

	(void)state;
	open_fold(&fold);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		feed(&fold, events[i], FOLD_SKIPPED);
		assert_true(fold.warning[0] != '\0');
		assert_member(&fold, "output", "[]");
	}
	fold_close(&fold);
}

static void what_the_end_of_an_item_lacks_is_kept(void **state)
{
	static const char *const events[EVENTS_MAX] = {ADDED(0, MESSAGE("m")),
	    "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"a\","
	    "\"logprobs\":[{\"token\":\"a\"}]}",
	    "{\"type\":\"response.output_text.annotation.added\",\"item_id\":\"m\","
	    "\"annotation\":{\"n\":1}}",
	    DONE(0, "{\"id\":\"m\",\"type\":\"message\",\"status\":\"completed\",\"content\":"
		    "[{\"type\":\"output_text\",\"text\":\"A\",\"annotations\":[]}]}")};

	(void)state;
	assert_becomes(events, "[{\"id\":\"m\",\"type\":\"message\",\"status\":\"completed\","
			       "\"content\":[{\"type\":\"output_text\",\"text\":\"A\","
			       "\"annotations\":[{\"n\":1}],\"logprobs\":[{\"token\":\"a\"}]}]}]");
}

static void what_a_terminal_event_gives_is_kept_as_it_was_given(void **state)
{
	static const char *const events[EVENTS_MAX] = {ADDED(0, MESSAGE("m")), DELTA("m", 0, "a"),
	    COMPLETED("\"output\":[{\"id\":\"m\",\"content\":[{\"text\":\"\"}],\"x\":null},"
		      "{\"no\":\"id\"}]")};

	(void)state;
	assert_becomes(events, "[{\"id\":\"m\",\"content\":[{\"text\":\"\"}],\"x\":null},"
			       "{\"no\":\"id\"}]");
}

static void a_terminal_event_in_another_order_finds_calls_by_their_own_id(void **state)
{
	static const char *const events[EVENTS_MAX] = {
	    ADDED(0, "{\"id\":\"a\",\"type\":\"function_call\",\"call_id\":\"1\"}"),
	    ADDED(1, "{\"id\":\"b\",\"type\":\"function_call\",\"call_id\":\"2\"}"),
	    COMPLETED("\"output\":[{\"id\":\"x\",\"type\":\"function_call\",\"call_id\":\"2\"},"
		      "{\"id\":\"y\",\"type\":\"function_call\",\"call_id\":\"1\"}]")};

	(void)state;
	assert_becomes(events, "[{\"id\":\"y\",\"type\":\"function_call\",\"call_id\":\"1\"},"
			       "{\"id\":\"x\",\"type\":\"function_call\",\"call_id\":\"2\"}]");
}

static void indexes_begin_anew_in_each_life(void **state)
{
	static const char *const events[EVENTS_MAX] = {ADDED(0, MESSAGE("a")),
	    ADDED(1, MESSAGE("b")), COMPLETED(""), CREATED, ADDED(0, MESSAGE("c")),
	    DELTA("x", 0, "t"), COMPLETED("\"output\":[{\"id\":\"d\",\"type\":\"message\"}]")};

	(void)state;
	assert_becomes(events,
	    "[{\"id\":\"a\",\"type\":\"message\"},{\"id\":\"b\",\"type\":"
	    "\"message\"},{\"id\":\"d\",\"type\":\"message\",\"content\":[" TEXT("t") "]}]");
}

static void the_last_terminal_event_holds(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold, "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"c\"}}}",
	    FOLD_TERMINAL);
	assert_true(fold.settled);
	feed(&fold, CREATED, FOLD_CHANGED);
	assert_false(fold.settled);
	feed(&fold, COMPLETED("\"usage\":{}"), FOLD_TERMINAL);
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_COMPLETED);
	assert_member(&fold, "error", "null");
	fold_close(&fold);
}

static void an_error_fills_a_failure_that_does_not_say_why(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold, "{\"type\":\"response.failed\",\"response\":{\"error\":null}}", FOLD_TERMINAL);
	feed(&fold, "{\"type\":\"error\",\"code\":\"c\",\"message\":\"m\"}", FOLD_CHANGED);
	feed(&fold, "{\"type\":\"error\",\"code\":\"d\",\"message\":\"n\"}", FOLD_SKIPPED);
	fold_end(&fold);
	assert_member(&fold, "error", "{\"code\":\"c\",\"message\":\"m\"}");
	fold_close(&fold);
}

static void the_code_of_an_error_is_a_string(void **state)
{
	static const struct {
		const char *error, *becomes;
	} cases[] = {
	    {"{\"code\":\"c\",\"message\":\"m\",\"x\":1}",
		"{\"code\":\"c\",\"message\":\"m\",\"x\":1}"},
	    {"{\"code\":429,\"message\":\"m\"}", "{\"code\":\"429\",\"message\":\"m\"}"},
	    {"{\"code\":null,\"message\":\"m\"}", "{\"code\":\"server_error\",\"message\":\"m\"}"},
	    {"{\"code\":\"\",\"message\":\"m\"}", "{\"code\":\"server_error\",\"message\":\"m\"}"},
	    {"{\"message\":\"m\"}", "{\"code\":\"server_error\",\"message\":\"m\"}"},
	    {"\"m\"", "{\"code\":\"server_error\",\"message\":\"m\"}"},
	};
	struct buf event = {0};
	struct fold fold;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_fold(&fold);
		buf_clear(&event);
		buf_printf(&event, "{\"type\":\"response.failed\",\"response\":{\"error\":%s}}",
		    cases[i].error);
		feed(&fold, buf_cstr(&event), FOLD_TERMINAL);
		assert_member(&fold, "error", cases[i].becomes);
		fold_close(&fold);
	}
	buf_free(&event);
}

static void an_error_stands_for_the_status_of_its_code_or_else_its_type(void **state)
{
	static const struct {
		const char *error;
		long status;
	} cases[] = {
	    {"{\"code\":\"rate_limit_exceeded\",\"type\":\"invalid_request_error\"}", 429},
	    {"{\"code\":\"invalid_prompt\"}", 400},
	    {"{\"code\":null,\"type\":\"rate_limit_error\"}", 429},
	    {"{\"type\":\"invalid_request_error\",\"message\":\"m\"}", 400},
	    {"{\"code\":\"odd\",\"type\":\"invalid_request_error\"}", 400},
	    {"{\"code\":503}", 503},
	    {"{\"code\":\"429\"}", 429},
	    {"{\"code\":\"odd\"}", 500},
	    {"\"in prose\"", 500},
	};
	struct buf event = {0};
	struct fold fold;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_fold(&fold);
		buf_clear(&event);
		buf_printf(&event, "{\"type\":\"error\",\"error\":%s}", cases[i].error);
		feed(&fold, buf_cstr(&event), FOLD_CHANGED);
		assert_int_equal(fold.error_status, cases[i].status);
		fold_close(&fold);
	}
	buf_free(&event);
}

static void what_is_no_error_is_not_taken_for_one(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold, "{\"type\":\"response.created\",\"response\":{\"error\":false}}", FOLD_CHANGED);
	assert_non_null(strstr(fold.warning, "error is "));
	feed(
	    &fold, "{\"type\":\"response.in_progress\",\"response\":{\"error\":{}}}", FOLD_CHANGED);
	assert_false(fold.error_seen);
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_COMPLETED);
	assert_member(&fold, "error", "null");
	fold_close(&fold);
}

static void an_error_that_was_overcome_is_gone(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold, "{\"type\":\"error\",\"code\":\"c\",\"message\":\"m\"}", FOLD_CHANGED);
	feed(&fold, DELTA("m", 0, "x"), FOLD_CHANGED);
	feed(&fold, COMPLETED(""), FOLD_TERMINAL);
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_COMPLETED);
	assert_member(&fold, "error", "null");
	fold_close(&fold);
}

static void an_empty_id_is_none(void **state)
{
	static const char *const events[EVENTS_MAX] = {ADDED(0, MESSAGE("")), DELTA("", 0, "a"),
	    ADDED(1, "{\"id\":\"\",\"type\":\"function_call\"}"), DELTA("", 0, "b")};
	struct fold fold;
	int i;

	(void)state;
	open_fold(&fold);
	for (i = 0; events[i] != NULL; i++)
		feed(&fold, events[i], FOLD_CHANGED);
	assert_int_equal(fold.output.count, 2);
	assert_non_null(memmem(
	    fold.doc.text.data, fold.doc.text.len, "\"text\":\"ab\"", strlen("\"text\":\"ab\"")));
	assert_true(fold.output.items[0]->id_len > 0);
	fold_close(&fold);
}

static void a_life_begins_without_a_response_too(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold, COMPLETED(""), FOLD_TERMINAL);
	assert_true(fold.settled);
	feed(&fold, "{\"type\":\"response.created\"}", FOLD_CHANGED);
	assert_false(fold.settled);
	fold_close(&fold);
}

static void members_of_a_wrong_type_are_left_out_with_a_warning(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold,
	    "{\"type\":\"response.created\",\"response\":{\"model\":7,\"store\":\"yes\","
	    "\"user\":\"u\",\"usage\":[]}}",
	    FOLD_CHANGED);
	assert_non_null(strstr(fold.warning, "model is a number"));
	assert_member(&fold, "model", "\"\"");
	assert_member(&fold, "store", "true");
	assert_member(&fold, "user", "\"u\"");
	assert_member(&fold, "usage", "null");
	feed(&fold, COMPLETED("\"output\":[5]"), FOLD_TERMINAL);
	assert_non_null(strstr(fold.warning, "item 0 of the output is a number"));
	feed(&fold, COMPLETED("\"output\":{}"), FOLD_TERMINAL);
	assert_non_null(strstr(fold.warning, "output is an object, expected an array"));
	feed(&fold, CREATED, FOLD_CHANGED);
	assert_string_equal(fold.warning, "");
	fold_close(&fold);
}

#define RUNNING(item_id) "{\"id\":\"" item_id "\",\"type\":\"message\",\"status\":\"in_progress\"}"

static void items_left_in_progress_end_incomplete_without_success(void **state)
{
	static const struct {
		const char *event, *status;
	} cases[] = {
	    {"{\"type\":\"response.failed\"}", "incomplete"},
	    {"{\"type\":\"response.incomplete\"}", "incomplete"},
	    {"{\"type\":\"error\"}", "incomplete"},
	    {"{\"type\":\"response.completed\"}", "in_progress"},
	    {"{\"type\":\"response.failed\",\"response\":{\"output\":[" RUNNING("m") "]}}",
		"in_progress"},
	};
	struct buf expected = {0};
	struct fold fold;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_fold(&fold);
		feed(&fold, ADDED(0, RUNNING("m")), FOLD_CHANGED);
		fold_event(&fold, span_of(cases[i].event));
		fold_end(&fold);
		buf_clear(&expected);
		buf_printf(&expected, "[{\"id\":\"m\",\"type\":\"message\",\"status\":\"%s\"}]",
		    cases[i].status);
		assert_member(&fold, "output", buf_cstr(&expected));
		fold_close(&fold);
	}
	buf_free(&expected);
}

static void the_slots_of_items_in_progress_are_told(void **state)
{
	struct buf slots = {0};
	struct fold fold;
	size_t at;

	(void)state;
	open_fold(&fold);
	fold_open_slots(&fold, &slots);
	assert_int_equal(slots.len, 0);
	feed(&fold, ADDED(0, RUNNING("m")), FOLD_CHANGED);
	feed(&fold, ADDED(1, "{\"id\":\"n\",\"status\":\"completed\"}"), FOLD_CHANGED);
	feed(&fold, DELTA("m", 0, "text in front of the other"), FOLD_CHANGED);
	fold_open_slots(&fold, &slots);
	at = strtoul(buf_cstr(&slots), NULL, 10);
	assert_memory_equal(fold.doc.text.data + at, "\"in_progress\"", RESPONSE_STATUS_WIDTH);
	assert_null(strchr(slots.data, ' '));
	buf_free(&slots);
	fold_close(&fold);
}

static void an_open_item_without_an_end_of_the_response_is_noticed(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	assert_false(fold_is_open(&fold));
	feed(&fold, ADDED(0, MESSAGE("m")), FOLD_CHANGED);
	assert_true(fold_is_open(&fold));
	feed(&fold, DONE(0, MESSAGE("m")), FOLD_CHANGED);
	assert_false(fold_is_open(&fold));
	feed(&fold, DELTA("n", 1, "x"), FOLD_CHANGED);
	assert_true(fold_is_open(&fold));
	feed(&fold, COMPLETED(""), FOLD_TERMINAL);
	assert_false(fold_is_open(&fold));
	fold_close(&fold);
}

/* Opens an item in front of another of so many bytes. */
static void open_before_large(struct fold *fold, size_t size)
{
	struct buf event = {0};

	open_fold(fold);
	feed(fold, ADDED(0, "{\"id\":\"m\"}"), FOLD_CHANGED);
	buf_puts(&event, "{\"type\":\"response.output_item.added\",\"output_index\":1,"
			 "\"item\":{\"id\":\"large\",\"x\":\"");
	memset(buf_reserve(&event, size), 'x', size);
	event.len += size;
	buf_puts(&event, "\"}}");
	feed(fold, buf_cstr(&event), FOLD_CHANGED);
	buf_free(&event);
}

static void an_item_replaced_over_and_over_before_a_large_one_is_too_much_work(void **state)
{
	enum { ALLOWED = 1000 };
	struct buf event = {0};
	struct fold fold;
	enum fold_result result = FOLD_CHANGED;
	int i, j;

	(void)state;
	open_before_large(&fold, 4 << 20);
	for (i = 0; i < ALLOWED && result == FOLD_CHANGED; i++) {
		buf_clear(&event);
		buf_puts(&event, "{\"type\":\"response.output_item.done\",\"item\":{\"id\":\"m\","
				 "\"x\":\"");
		for (j = 0; j < 100 + i; j++)
			buf_putc(&event, 'x');
		buf_puts(&event, "\"}}");
		result = fold_event(&fold, buf_span(&event));
	}
	assert_int_equal(result, FOLD_COSTLY);
	buf_free(&event);
	fold_close(&fold);
}

static void a_whole_response_can_be_too_much_work_as_well(void **state)
{
	struct buf response = {0};
	struct fold fold;
	int i, j;

	(void)state;
	open_fold(&fold);
	buf_puts(&response, "{\"output\":[{\"id\":\"m\"},{\"id\":\"large\",\"x\":\"");
	memset(buf_reserve(&response, 4 << 20), 'x', 4 << 20);
	response.len += 4 << 20;
	buf_puts(&response, "\"}");
	for (i = 0; i < 600; i++) {
		buf_puts(&response, ",{\"id\":\"m\",\"x\":\"");
		for (j = 0; j < i; j++)
			buf_putc(&response, 'x');
		buf_puts(&response, "\"}");
	}
	buf_puts(&response, "]}");
	assert_int_equal(fold_response(&fold, buf_span(&response)), FOLD_COSTLY);
	buf_free(&response);
	fold_close(&fold);
}

static void put_parts(struct buf *out, const char *item_id, int count)
{
	int i;

	buf_printf(out,
	    "{\"type\":\"response.output_item.done\",\"item\":{\"id\":\"%s\",\"content\":[",
	    item_id);
	for (i = 0; i < count; i++)
		buf_printf(out, "%s{\"text\":\"x\"}", i != 0 ? "," : "");
	buf_puts(out, "]}}");
}

static void many_parts_before_many_others_cost_little(void **state)
{
	enum { PARTS = 3000 };
	struct buf event = {0};
	struct fold fold;
	unsigned long long before;
	int i;

	(void)state;
	open_fold(&fold);
	feed(&fold, ADDED(0, "{\"id\":\"a\"}"), FOLD_CHANGED);
	for (i = 0; i < 5; i++) {
		char item_id[] = {(char)('b' + i), '\0'};

		buf_clear(&event);
		put_parts(&event, item_id, PARTS);
		feed(&fold, buf_cstr(&event), FOLD_CHANGED);
	}
	buf_clear(&event);
	put_parts(&event, "a", PARTS);
	before = fold.doc.moved;
	feed(&fold, buf_cstr(&event), FOLD_CHANGED);
	assert_true(fold.doc.moved - before < 4000000);
	buf_free(&event);
	fold_close(&fold);
}

static void text_that_grows_before_a_large_item_costs_little(void **state)
{
	struct fold fold;
	int i;

	(void)state;
	open_before_large(&fold, 4 << 20);
	for (i = 0; i < 100000; i++)
		feed(&fold, DELTA("m", 0, "0123456789"), FOLD_CHANGED);
	assert_true(fold.doc.moved < 32u * (4 << 20));
	fold_close(&fold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_delta_opens_the_part_that_was_not_announced),
	    cmocka_unit_test(a_delta_opens_the_item_that_was_not_announced),
	    cmocka_unit_test(each_kind_of_event_opens_an_item_of_its_type),
	    cmocka_unit_test(where_the_id_is_unknown_the_place_decides),
	    cmocka_unit_test(an_added_item_is_new_unless_its_id_is_known),
	    cmocka_unit_test(the_place_of_another_kind_of_item_does_not_count),
	    cmocka_unit_test(what_has_begun_to_grow_may_be_announced_late),
	    cmocka_unit_test(what_is_not_the_next_one_is_not_opened),
	    cmocka_unit_test(what_the_end_of_an_item_lacks_is_kept),
	    cmocka_unit_test(what_a_terminal_event_gives_is_kept_as_it_was_given),
	    cmocka_unit_test(a_terminal_event_in_another_order_finds_calls_by_their_own_id),
	    cmocka_unit_test(indexes_begin_anew_in_each_life),
	    cmocka_unit_test(the_last_terminal_event_holds),
	    cmocka_unit_test(an_error_fills_a_failure_that_does_not_say_why),
	    cmocka_unit_test(the_code_of_an_error_is_a_string),
	    cmocka_unit_test(members_of_a_wrong_type_are_left_out_with_a_warning),
	    cmocka_unit_test(items_left_in_progress_end_incomplete_without_success),
	    cmocka_unit_test(the_slots_of_items_in_progress_are_told),
	    cmocka_unit_test(an_open_item_without_an_end_of_the_response_is_noticed),
	    cmocka_unit_test(an_item_replaced_over_and_over_before_a_large_one_is_too_much_work),
	    cmocka_unit_test(an_error_stands_for_the_status_of_its_code_or_else_its_type),
	    cmocka_unit_test(what_is_no_error_is_not_taken_for_one),
	    cmocka_unit_test(an_error_that_was_overcome_is_gone),
	    cmocka_unit_test(an_empty_id_is_none),
	    cmocka_unit_test(a_life_begins_without_a_response_too),
	    cmocka_unit_test(a_whole_response_can_be_too_much_work_as_well),
	    cmocka_unit_test(many_parts_before_many_others_cost_little),
	    cmocka_unit_test(text_that_grows_before_a_large_item_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
