#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "folding.h"
#include "naive_fold.h"
#include "stored_copy.h"
#include "tests/unit/rounds.h"

struct dice {
	uint64_t state;
};

/* xorshift64*: the same sequence on every machine */
static unsigned roll(struct dice *dice, unsigned sides)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return (unsigned)((dice->state * 2685821657736338717u >> 33) % sides);
}

#define PICK(dice, list) (list)[roll((dice), sizeof(list) / sizeof((list)[0]))]

static void put_string(struct dice *dice, struct buf *out)
{
	static const char *const pieces[] = {"word ", "\\n", "\\\"", "\\\\", "\\u0041", "\\/",
	    "\xc3\xa9", "\xf0\x9f\x98\x80", "{", "]", ",", "  ", "\\ud83d\\ude00", "\\u0001"};
	unsigned i, n = roll(dice, roll(dice, 12) == 0 ? 120 : 8);

	buf_putc(out, '"');
	for (i = 0; i < n; i++)
		buf_puts(out, PICK(dice, pieces));
	buf_putc(out, '"');
}

static void put_value(struct dice *dice, struct buf *out)
{
	static const char *const values[] = {"null", "true", "0", "-1.50", "1e3", "[]", "{}",
	    "[1, {\"a\":null}]", "{\"text\":\"x\"}", "\"s\"", "\"\""};

	if (roll(dice, 4) == 0)
		put_string(dice, out);
	else
		buf_puts(out, PICK(dice, values));
}

static void put_id(struct dice *dice, struct buf *out)
{
	static const char *const ids[] = {"\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"\\u0061\"",
	    "\"\xc3\xa9\"", "\"e\\\"\"", "\"nobody\"", "7", "null"};

	buf_puts(out, ids[roll(dice, roll(dice, 12) == 0 ? 10 : 7)]);
}

static void put_part(struct dice *dice, struct buf *out)
{
	static const char *const names[] = {
	    "text", "refusal", "annotations", "logprobs", "stdout", "stderr"};
	static const char *const types[] = {"output_text", "refusal", "reasoning_text"};
	unsigned i, n = 1 + roll(dice, 4);

	buf_printf(out, "{\"type\":\"%s\"%s", PICK(dice, types), n > 1 ? "," : "");
	n--;
	for (i = 0; i < n; i++) {
		buf_printf(out, "%s\"%s\" :", i != 0 ? "," : "", PICK(dice, names));
		if (roll(dice, 3) == 0)
			put_value(dice, out);
		else
			put_string(dice, out);
	}
	buf_putc(out, '}');
}

static void put_parts(struct dice *dice, struct buf *out)
{
	unsigned i, n = roll(dice, 4);

	buf_putc(out, '[');
	for (i = 0; i < n; i++) {
		buf_puts(out, i != 0 ? ", " : "");
		if (roll(dice, 8) == 0)
			put_value(dice, out);
		else
			put_part(dice, out);
	}
	buf_putc(out, ']');
}

static void put_item(struct dice *dice, struct buf *out)
{
	static const char *const statuses[] = {
	    "\"in_progress\"", "\"completed\"", "null", "\"a status longer than its slot\""};
	static const char *const texts[] = {"arguments", "input", "code", "name", "call_id"};
	static const char *const types[] = {"message", "message", "reasoning", "function_call",
	    "shell_call", "shell_call_output", "apply_patch_call"};
	unsigned i, n = roll(dice, 3);

	buf_puts(out, "{\"id\": ");
	put_id(dice, out);
	if (roll(dice, 3) != 0)
		buf_printf(out, ",\"type\":\"%s\"", PICK(dice, types));
	if (roll(dice, 8) == 0)
		buf_puts(out, roll(dice, 3) == 0 ? ",\"action\":{\"commands\":[\"a\",\"b\"]}"
						 : ",\"action\":{\"n\":1,\"commands\":[]}");
	if (roll(dice, 8) == 0)
		buf_puts(out, ",\"operation\":{\"diff\":\"+\",\"path\":\"p\"}");
	if (roll(dice, 8) == 0) {
		buf_puts(out, ",\"output\":");
		put_parts(dice, out);
	}
	if (roll(dice, 2) == 0)
		buf_printf(out, ",\"status\":%s", PICK(dice, statuses));
	if (roll(dice, 2) == 0) {
		buf_puts(out, ",\"content\":");
		put_parts(dice, out);
	}
	for (i = 0; i < n; i++) {
		buf_printf(out, ",\"%s\":", PICK(dice, texts));
		put_string(dice, out);
	}
	if (roll(dice, 4) == 0) {
		buf_puts(out, ",\"summary\":");
		put_parts(dice, out);
	}
	if (roll(dice, 10) == 0) {
		static const char *const odd[] = {
		    "content", "arguments", "action", "operation", "output", "summary"};

		buf_printf(out, ",\"%s\":", PICK(dice, odd));
		put_value(dice, out);
	}
	buf_putc(out, '}');
}

static void put_items(struct dice *dice, struct buf *out)
{
	unsigned i, n = roll(dice, 4);

	buf_putc(out, '[');
	for (i = 0; i < n; i++) {
		buf_puts(out, i != 0 ? "," : "");
		put_item(dice, out);
	}
	buf_putc(out, ']');
}

static void put_response(struct dice *dice, struct buf *out)
{
	static const char *const names[] = {"id", "temperature", "model", "metadata", "usage",
	    "background", "tools", "text", "extra", "other", "", "created_at", "error",
	    "te\\u0078t"};
	static const char *const statuses[] = {
	    "completed", "failed", "cancelled", "incomplete", "queued", "in_progress", "odd", ""};
	unsigned i, n = roll(dice, 6);

	buf_puts(out, "{\"x\":1");
	for (i = 0; i < n; i++) {
		buf_printf(out, ",\"%s\":", PICK(dice, names));
		put_value(dice, out);
	}
	if (roll(dice, 2) == 0)
		buf_printf(out, ",\"status\":\"%s\"", PICK(dice, statuses));
	if (roll(dice, 2) == 0) {
		buf_puts(out, ",\"output\":");
		put_items(dice, out);
	}
	buf_putc(out, '}');
}

static void put_index(struct dice *dice, struct buf *out, const char *name)
{
	static const char *const odd[] = {"-1", "1.0", "\"0\"", "null", "7", "4294967296"};

	if (roll(dice, 4) == 0)
		return;
	if (roll(dice, 12) == 0)
		buf_printf(out, ",\"%s\":%s", name, PICK(dice, odd));
	else
		buf_printf(out, ",\"%s\":%u", name, roll(dice, 4));
}

static void put_shell_event(struct dice *dice, struct buf *out)
{
	static const char *const deltas[] = {"{\"stdout\":\"o\"}", "{\"stderr\":\"e\"}",
	    "{\"stdout\":\"o\",\"stderr\":7}", "{}", "\"text\""};

	if (roll(dice, 3) == 0) {
		buf_puts(out, "{\"type\":\"response.shell_call_command.added\",\"command\":");
		put_string(dice, out);
	} else if (roll(dice, 2) == 0) {
		buf_printf(out,
		    "{\"type\":\"response.shell_call_output_content.delta\",\"delta\":%s",
		    PICK(dice, deltas));
	} else {
		buf_puts(out, "{\"type\":\"response.shell_call_output_content.done\",\"output\":");
		put_parts(dice, out);
	}
}

static void random_event(struct dice *dice, struct buf *out)
{
	static const char *const growing[] = {"output_text", "output_text", "refusal",
	    "reasoning_text", "reasoning_summary_text", "function_call_arguments",
	    "custom_tool_call_input", "code_interpreter_call_code", "mcp_call_arguments",
	    "shell_call_command", "apply_patch_call_operation_diff"};
	static const char *const done[] = {
	    "text", "refusal", "arguments", "input", "code", "command", "diff"};
	static const char *const told[] = {
	    "created", "in_progress", "queued", "web_search_call.searching", "unheard_of"};
	static const char *const terminal[] = {"completed", "failed", "incomplete", "cancelled"};
	unsigned what = roll(dice, 100);

	buf_clear(out);
	if (what < 40) {
		buf_printf(out, "{\"type\":\"response.%s.delta\",\"delta\":", PICK(dice, growing));
		put_string(dice, out);
	} else if (what < 50) {
		buf_printf(out, "{\"type\":\"response.%s.done\",\"%s\":", PICK(dice, growing),
		    PICK(dice, done));
		put_string(dice, out);
	} else if (what < 63) {
		buf_printf(out, "{\"type\":\"response.output_item.%s\",\"item\":",
		    roll(dice, 2) == 0 ? "added" : "done");
		put_item(dice, out);
	} else if (what < 76) {
		buf_printf(out, "{\"type\":\"response.%s_part.%s\",\"part\":",
		    roll(dice, 3) == 0 ? "reasoning_summary" : "content",
		    roll(dice, 3) == 0 ? "done" : "added");
		put_part(dice, out);
	} else if (what < 82) {
		buf_puts(
		    out, "{\"type\":\"response.output_text.annotation.added\",\"annotation\":");
		put_part(dice, out);
	} else if (what < 92) {
		buf_printf(out, "{\"type\":\"response.%s\",\"response\":", PICK(dice, told));
		put_response(dice, out);
	} else if (what < 95) {
		buf_printf(out, "{\"type\":\"response.%s\",\"response\":", PICK(dice, terminal));
		put_response(dice, out);
	} else if (what < 97) {
		put_shell_event(dice, out);
	} else if (what < 98) {
		buf_puts(out, "{\"type\":\"error\",\"error\":");
		put_value(dice, out);
		buf_puts(out, ",\"code\":null,\"message\":");
		put_string(dice, out);
	} else {
		buf_puts(out, "{\"type\":\"response.output_text.delta\",\"delta\":");
		put_value(dice, out);
	}
	if (roll(dice, 10) == 0)
		buf_puts(
		    out, roll(dice, 2) == 0 ? ",\"logprobs\":[]" : ",\"logprobs\":[{\"t\":1},2]");
	if (roll(dice, 20) == 0)
		buf_puts(out, ",\"name\":\"f\"");
	if (roll(dice, 5) != 0) {
		buf_puts(out, ",\"item_id\":");
		put_id(dice, out);
	}
	put_index(dice, out, "output_index");
	put_index(dice, out, "command_index");
	put_index(dice, out, "content_index");
	put_index(dice, out, "summary_index");
	buf_puts(out, roll(dice, 60) == 0 ? "" : "}");
}

/* Folds an event in both ways and compares; writes the stored copy now and then. */
static void step(struct fold *fold, struct naive_fold *naive, struct stored_copy *copy,
    struct dice *dice, struct span event)
{
	bool is_json = json_check(event, 0, NULL, NULL);
	enum fold_result result = fold_event(fold, event);
	enum fold_result expected = is_json ? naive_event(naive, event) : FOLD_SKIPPED;

	if (result != expected)
		fail_msg("%.*s: result %d (%s), expected %d", (int)event.len, event.p, (int)result,
		    fold->warning, (int)expected);
	assert_check_passes(fold);
	if (!naive_equals(naive, text_of(fold)))
		fail_msg("after %.*s: %.*s is not %s", (int)event.len, event.p,
		    (int)text_of(fold).len, text_of(fold).p, naive_text(naive));
	if (roll(dice, 3) != 0)
		return;
	stored_copy_flush(copy, &fold->doc);
	assert_true(stored_copy_is(copy, &fold->doc));
}

static void random_events_make_the_object_that_the_naive_fold_makes(void **state)
{
	struct buf initial = {0}, event = {0};

	(void)state;
	initial_object(&initial);
	for (uint64_t seed = 1; seed <= rounds(1500); seed++) {
		struct dice dice = {seed * 0x9e3779b97f4a7c15u};
		struct stored_copy copy = {0};
		struct naive_fold naive;
		struct fold fold;
		int i;

		assert_true(fold_open(&fold, buf_span(&initial)));
		naive_open(&naive, buf_span(&initial));
		for (i = 0; i < 20; i++) {
			random_event(&dice, &event);
			step(&fold, &naive, &copy, &dice, buf_span(&event));
		}
		fold_end(&fold);
		naive_end(&naive);
		assert_int_equal(fold.status, naive.status);
		fold_seal(&fold, NOW);
		naive_seal(&naive, NOW);
		assert_true(naive_equals(&naive, text_of(&fold)));
		stored_copy_flush(&copy, &fold.doc);
		assert_true(stored_copy_is(&copy, &fold.doc));
		fold_close(&fold);
		naive_close(&naive);
		stored_copy_free(&copy);
	}
	buf_free(&initial);
	buf_free(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_events_make_the_object_that_the_naive_fold_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
