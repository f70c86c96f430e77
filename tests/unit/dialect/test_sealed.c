#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/dialect/sealed.h"

static bool opens(struct span sealed, const char *origin, enum sealed_kind kind, const char *data)
{
	struct buf out = {0};
	enum sealed_kind found = SEALED_KINDS;
	bool same = sealed_read(sealed, origin, &found, &out) && found == kind &&
		    span_is(buf_span(&out), data);

	buf_free(&out);
	return same;
}

static void test_each_kind_comes_back_to_its_origin(void **state)
{
	(void)state;
	for (int kind = 0; kind < SEALED_KINDS; kind++) {
		struct buf sealed = {0};

		sealed_write(&sealed, (enum sealed_kind)kind, "0123456789abcdef", SPAN("a.b\"=="));
		assert_true(opens(
		    buf_span(&sealed), "0123456789abcdef", (enum sealed_kind)kind, "a.b\"=="));
		buf_free(&sealed);
	}
}

static void test_another_origin_cannot_read_it(void **state)
{
	struct buf sealed = {0};

	(void)state;
	sealed_write(&sealed, SEALED_SIGNATURE, "one", SPAN("data"));
	assert_false(opens(buf_span(&sealed), "two", SEALED_SIGNATURE, "data"));
	buf_free(&sealed);
}

static void test_what_others_made_is_none(void **state)
{
	(void)state;
	assert_false(opens(SPAN("\"gAAAAABo\""), "one", SEALED_SIGNATURE, ""));
	assert_false(opens(SPAN("\"respool.new.one.x\""), "one", SEALED_SIGNATURE, "x"));
	assert_false(opens(SPAN("null"), "one", SEALED_SIGNATURE, ""));
}

static void test_it_says_whose_it_is(void **state)
{
	struct buf sealed = {0};
	struct span origin;

	(void)state;
	sealed_write(&sealed, SEALED_REDACTED, "0123456789abcdef", SPAN("a.b"));
	assert_true(sealed_origin(buf_span(&sealed), &origin));
	assert_true(span_is(origin, "0123456789abcdef"));
	assert_false(sealed_origin(SPAN("\"gAAAAABo\""), &origin));
	assert_false(sealed_origin(SPAN("\"respool.new.one.x\""), &origin));
	assert_false(sealed_origin(SPAN("\"respool.signature.one\""), &origin));
	assert_false(sealed_origin(SPAN("null"), &origin));
	buf_free(&sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_kind_comes_back_to_its_origin),
	    cmocka_unit_test(test_another_origin_cannot_read_it),
	    cmocka_unit_test(test_what_others_made_is_none),
	    cmocka_unit_test(test_it_says_whose_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
