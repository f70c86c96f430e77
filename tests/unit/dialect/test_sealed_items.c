#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/dialect/sealed_items.h"

static void check(const char *body, const char *expected)
{
	struct buf out = {0};

	buf_puts(&out, body);
	sealed_items_leave_out(&out);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

#define SEALED(data) "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"" data "\"}"
#define MESSAGE      "{\"role\":\"user\",\"content\":\"respool.signature\"}"

static void test_reasoning_that_another_api_s_provider_has_sealed_is_taken_out(void **state)
{
	(void)state;
	check("{\"model\":\"m\", \"input\" :[ " SEALED(
		  "respool.signature.a.b") " , " MESSAGE
					   ", " SEALED("respool.redacted.a.b") "],\"store\": true}",
	    "{\"model\":\"m\", \"input\" :[" MESSAGE "],\"store\": true}");
}

static void test_what_is_not_sealed_so_stays_as_it_is_spelled(void **state)
{
	(void)state;
	check("{\"input\": [ " SEALED("gAAAA") " , " MESSAGE " ] }",
	    "{\"input\": [ " SEALED("gAAAA") " , " MESSAGE " ] }");
	check("{\"input\": \"respool.signature.a.b\" }", "{\"input\": \"respool.signature.a.b\" }");
	check("{\"instructions\":\"respool.\"}", "{\"instructions\":\"respool.\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reasoning_that_another_api_s_provider_has_sealed_is_taken_out),
	    cmocka_unit_test(test_what_is_not_sealed_so_stays_as_it_is_spelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
