#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/responder/conversation_path.h"

/* expected is NULL for what is refused. */
static void expect_bytes(struct span below, const char *expected)
{
	struct buf path = {0};
	bool valid = conversation_path(&path, below);

	if (valid != (expected != NULL))
		fail_msg("%.*s: %s", (int)below.len, below.p, valid ? "taken" : "refused");
	if (valid)
		assert_string_equal(buf_cstr(&path), expected);
	buf_free(&path);
}

static void expect(const char *below, const char *expected)
{
	expect_bytes(span_of(below), expected);
}

static void what_is_below_conversations_stays_there(void **state)
{
	(void)state;
	expect("", "conversations");
	expect("conv_1", "conversations/conv_1");
	expect("conv_1/items/msg-1.2~", "conversations/conv_1/items/msg-1.2~");
	expect("conv_1//items/", "conversations/conv_1/items");
	expect("...", "conversations/...");
}

static void what_would_lead_elsewhere_is_refused(void **state)
{
	static const char *const refused[] = {"..", ".", "a/../b", "a/./b", "a?b", "a#b", "a%2e",
	    "a b", "a\nb", "\xc3\xa9", "a;b", "a@b:c", "a\\b", "1/2/3/4/5/6/7/8/9"};
	char long_id[600];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		expect(refused[i], NULL);
	expect_bytes((struct span){"a\0b", 3}, NULL);
	memset(long_id, 'a', sizeof(long_id));
	expect_bytes((struct span){long_id, 513}, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_below_conversations_stays_there),
	    cmocka_unit_test(what_would_lead_elsewhere_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
