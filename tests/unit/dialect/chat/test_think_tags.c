#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/dialect/chat/think_tags.h"

struct told {
	struct buf reasoning, text; /* decoded */
};

static void tell(void *ctx, bool is_reasoning, struct span piece)
{
	struct told *told = ctx;

	assert_true(json_check(piece, 0, NULL, NULL));
	json_decode(piece, is_reasoning ? &told->reasoning : &told->text);
}

/* Feeds a piece for each string up to NULL, without their quotes. */
static void feed(struct think_tags *tags, struct told *told, const char *const *pieces)
{
	struct buf string = {0};

	for (; *pieces != NULL; pieces++) {
		buf_clear(&string);
		buf_printf(&string, "\"%s\"", *pieces);
		think_tags_feed(tags, buf_span(&string), tell, told);
	}
	buf_free(&string);
}

static void expect(const char *const *pieces, const char *reasoning, const char *text)
{
	struct think_tags tags = {0};
	struct told told = {{0}, {0}};

	feed(&tags, &told, pieces);
	think_tags_flush(&tags, tell, &told);
	assert_string_equal(buf_cstr(&told.reasoning), reasoning);
	assert_string_equal(buf_cstr(&told.text), text);
	think_tags_free(&tags);
	buf_free(&told.reasoning);
	buf_free(&told.text);
}

#define PIECES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_what_stands_in_the_tag_is_reasoning(void **state)
{
	(void)state;
	expect(PIECES("<think>Let me see.</think>Yes."), "Let me see.", "Yes.");
	expect(PIECES("\\n <think>\\nLet me\\nsee.\\n</think>\\n\\nYes.\\n"), "Let me\nsee.\n",
	    "Yes.\n");
	expect(PIECES("<think>a < b </ c </thin></think>d"), "a < b </ c </thin>", "d");
}

static void test_a_tag_may_be_spelled_with_escapes(void **state)
{
	(void)state;
	expect(PIECES("\\u003cthink\\u003EHm\\u002e\\u003C\\/think\\u003eYes \\u003c"), "Hm.",
	    "Yes <");
}

static void test_text_that_does_not_begin_with_the_tag_is_text(void **state)
{
	(void)state;
	expect(PIECES("Use <think>x</think> for that."), "", "Use <think>x</think> for that.");
	expect(PIECES("no start</think>Yes"), "", "no start</think>Yes");
	expect(PIECES(" \\n", "<thi", "s>"), "", " \n<this>");
	expect(PIECES("<think>a</think><think>b</think>"), "a", "<think>b</think>");
}

static void test_what_has_no_end_is_told_at_the_end(void **state)
{
	(void)state;
	expect(PIECES("<think>a", "b</thi"), "ab</thi", "");
	expect(PIECES("<thin"), "", "<thin");
	expect(PIECES(" "), "", " ");
}

static void test_blanks_alone_are_no_reasoning(void **state)
{
	(void)state;
	expect(PIECES("<think>\\n\\n</think>\\n\\nYes"), "", "Yes");
}

static void test_a_part_of_a_tag_may_begin_again(void **state)
{
	(void)state;
	expect(PIECES("<think>a<", "<", "/think></think>b"), "a<", "</think>b");
	expect(PIECES("<think>a</th", "</think>b"), "a</th", "b");
	expect(PIECES("<think>a</th", "x", "</", "think", ">b"), "a</thx", "b");
}

static void test_pieces_of_any_size_say_the_same(void **state)
{
	static const char *const raw[] = {" ", "\\n", "<", "t", "h", "i", "n", "k", "\\u003e", "a",
	    "<", "/", "t", "\\u003c", "\\/", "t", "h", "i", "n", "k", ">", "\\n", "b", "<", "c"};
	enum { COUNT = sizeof(raw) / sizeof(raw[0]) };
	const char *pieces[4] = {NULL};
	struct buf text[3] = {{0}};

	(void)state;
	for (size_t a = 0; a <= COUNT; a++) {
		for (size_t b = a; b <= COUNT; b++) {
			for (size_t i = 0; i < 3; i++)
				buf_clear(&text[i]);
			for (size_t i = 0; i < COUNT; i++)
				buf_puts(&text[(i >= a) + (i >= b)], raw[i]);
			for (size_t i = 0; i < 3; i++)
				pieces[i] = buf_cstr(&text[i]);
			expect(pieces, "a</t", "b<c");
		}
	}
	for (size_t i = 0; i < 3; i++)
		buf_free(&text[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_stands_in_the_tag_is_reasoning),
	    cmocka_unit_test(test_a_tag_may_be_spelled_with_escapes),
	    cmocka_unit_test(test_text_that_does_not_begin_with_the_tag_is_text),
	    cmocka_unit_test(test_what_has_no_end_is_told_at_the_end),
	    cmocka_unit_test(test_blanks_alone_are_no_reasoning),
	    cmocka_unit_test(test_a_part_of_a_tag_may_begin_again),
	    cmocka_unit_test(test_pieces_of_any_size_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
