#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/base64.h"
#include "common/dialect/messages/data_url.h"

static void test_a_data_url_is_taken_apart(void **state)
{
	static const struct {
		const char *url, *media_type, *payload;
		bool is_base64;
	} cases[] = {
	    {"data:image/png;base64,AAAA", "image/png", "AAAA", true},
	    {"data:text/plain;charset=utf-8;base64,QQ", "text/plain", "QQ", true},
	    {"data:text/plain; base64,QQ", "text/plain", "QQ", true},
	    {"DATA:image/gif;BASE64,", "image/gif", "", true},
	    {"data:,a,b", "", "a,b", false},
	    {"data:text/html;base64;x=1,QQ", "text/html", "QQ", false},
	};
	struct data_url data;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(data_url_read(&data, span_of(cases[i].url)));
		assert_true(span_is(data.media_type, cases[i].media_type));
		assert_true(span_is(data.payload, cases[i].payload));
		assert_int_equal(data.is_base64, cases[i].is_base64);
	}
}

static void test_what_is_no_data_url_is_told(void **state)
{
	struct data_url data;

	(void)state;
	assert_false(data_url_read(&data, SPAN("https://example.com/a,b")));
	assert_false(data_url_read(&data, SPAN("data:image/png;base64")));
	assert_false(data_url_read(&data, SPAN("")));
}

static void test_the_first_bytes_tell_what_a_file_is(void **state)
{
	static const struct {
		const char *text, *type;
	} cases[] = {
	    {"iVBORw0KGgoAAAANSUhEUg==", "image/png"},
	    {"/9j/4AAQSkZJRgAB", "image/jpeg"},
	    {"_9j_4AAQSkZJRgAB", "image/jpeg"},
	    {"R0lGODlhAQABAAAAACw=", "image/gif"},
	    {"UklGRiQAAABXRUJQVlA4", "image/webp"},
	    {"JVBERi0xLjcK", "application/pdf"},
	    {"JVBERi0", "application/pdf"},
	    {"UklGRiQAAABXQVZFZm10", NULL},
	    {"aGVsbG8=", NULL},
	    {"", NULL},
	    {"?", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *type = base64_sniff(span_of(cases[i].text));

		if (cases[i].type == NULL)
			assert_null(type);
		else
			assert_string_equal(type, cases[i].type);
	}
}

static void test_base64_of_any_spelling_is_read(void **state)
{
	static const struct {
		const char *text, *clean, *bytes; /* NULL: it is not base64 */
	} cases[] = {
	    {"", "", ""},
	    {"aGVsbG8=", "aGVsbG8=", "hello"},
	    {"aGVsbG8", "aGVsbG8=", "hello"},
	    {"aGVs\r\n bG8=\n", "aGVsbG8=", "hello"},
	    {"aGVsbG8%3D", "aGVsbG8=", "hello"},
	    {"Pj4-Pz8_", "Pj4+Pz8/", ">>>???"},
	    {"Pj4%2BPz8%2f", "Pj4+Pz8/", ">>>???"},
	    {"aGVsbA==", "aGVsbA==", "hell"},
	    {"a", NULL, NULL},
	    {"aGVsbG8=aGVs", NULL, NULL},
	    {"aGV?", NULL, NULL},
	    {"aG%", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span text = span_of(cases[i].text);
		struct buf clean = {0}, bytes = {0};
		bool is_base64 = cases[i].clean != NULL;

		assert_int_equal(base64_clean(&clean, text), is_base64);
		assert_int_equal(base64_decode(&bytes, text), is_base64);
		if (is_base64) {
			assert_string_equal(buf_cstr(&clean), cases[i].clean);
			assert_string_equal(buf_cstr(&bytes), cases[i].bytes);
		}
		buf_free(&clean);
		buf_free(&bytes);
	}
}

static void test_a_payload_without_base64_has_escapes(void **state)
{
	struct buf out = {0};

	(void)state;
	data_url_decode(&out, SPAN("a%20b%C3%A9%4%"));
	assert_string_equal(buf_cstr(&out), "a b\xc3\xa9%4%");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_data_url_is_taken_apart),
	    cmocka_unit_test(test_what_is_no_data_url_is_told),
	    cmocka_unit_test(test_the_first_bytes_tell_what_a_file_is),
	    cmocka_unit_test(test_base64_of_any_spelling_is_read),
	    cmocka_unit_test(test_a_payload_without_base64_has_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
