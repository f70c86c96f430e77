#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/fastcgi/cgi_head.h"

#define UNKEPT                                                                                     \
	"Cache-Control: private, no-store\r\n"                                                     \
	"X-Content-Type-Options: nosniff\r\n"
#define KEPT                                                                                       \
	"Cache-Control: private, no-cache\r\n"                                                     \
	"X-Content-Type-Options: nosniff\r\n"

static void expect_head(struct cgi_head *head, int status, const char *text)
{
	cgi_head_end(head, status);
	assert_string_equal(buf_cstr(&head->text), text);
}

static void a_head_ends_with_its_status_and_what_all_have(void **state)
{
	struct cgi_head head = {0};

	(void)state;
	cgi_head_begin(&head);
	cgi_head_set_request_id(&head, "req_1");
	cgi_head_add(&head, "ETag", "\"7\"");
	cgi_head_add_body(&head, "application/json", 12);
	expect_head(&head, 200,
	    "ETag: \"7\"\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
	    "x-request-id: req_1\r\n" UNKEPT "Status: 200 OK\r\n\r\n");
	cgi_head_free(&head);
}

static void an_answer_may_be_kept_if_that_is_said(void **state)
{
	struct cgi_head head = {0};

	(void)state;
	cgi_head_begin(&head);
	cgi_head_set_request_id(&head, "a");
	cgi_head_let_keep(&head);
	expect_head(&head, 304, "x-request-id: a\r\n" KEPT "Status: 304 Not Modified\r\n\r\n");
	cgi_head_free(&head);
}

static void a_head_knows_nothing_of_the_one_before(void **state)
{
	struct cgi_head head = {0};

	(void)state;
	cgi_head_begin(&head);
	cgi_head_set_request_id(&head, "first");
	cgi_head_let_keep(&head);
	cgi_head_end(&head, 200);
	cgi_head_begin(&head);
	cgi_head_set_request_id(&head, "second");
	expect_head(
	    &head, 400, "x-request-id: second\r\n" UNKEPT "Status: 400 Bad Request\r\n\r\n");
	cgi_head_free(&head);
}

static void a_status_of_a_provider_s_own_is_passed_on(void **state)
{
	struct cgi_head head = {0};

	(void)state;
	cgi_head_begin(&head);
	cgi_head_set_request_id(&head, "a");
	cgi_head_add_expected(&head, 418);
	expect_head(&head, 418, "x-request-id: a\r\n" UNKEPT "Status: 418 Unknown\r\n\r\n");
	cgi_head_free(&head);
}

static void some_statuses_have_a_header_beside_them(void **state)
{
	static const struct {
		int status;
		const char *line;
	} cases[] = {
	    {200, ""},
	    {401, "WWW-Authenticate: Bearer\r\n"},
	    {429, "Retry-After: 5\r\n"},
	    {501, "x-should-retry: false\r\n"},
	    {503, "Retry-After: 2\r\n"},
	};
	struct cgi_head head = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cgi_head_begin(&head);
		cgi_head_add_expected(&head, cases[i].status);
		assert_string_equal(buf_cstr(&head.text), cases[i].line);
	}
	cgi_head_free(&head);
}

static void what_is_known_of_a_retry_goes_before_what_is_expected(void **state)
{
	struct cgi_head head = {0};

	(void)state;
	cgi_head_begin(&head);
	cgi_head_set_retry_after(&head, 3600);
	cgi_head_add_expected(&head, 429);
	assert_string_equal(buf_cstr(&head.text), "Retry-After: 3600\r\n");
	cgi_head_begin(&head);
	cgi_head_set_retry_after(&head, 0);
	cgi_head_add_expected(&head, 429);
	assert_string_equal(buf_cstr(&head.text), "x-should-retry: false\r\n");
	cgi_head_begin(&head);
	cgi_head_add_expected(&head, 429);
	assert_string_equal(buf_cstr(&head.text), "Retry-After: 5\r\n");
	cgi_head_free(&head);
}

static void lines_are_added_as_they_are(void **state)
{
	struct cgi_head head = {0};

	(void)state;
	cgi_head_begin(&head);
	cgi_head_add(&head, "a", "1");
	cgi_head_add_lines(&head, SPAN("b: 2\r\nc: 3\r\n"));
	cgi_head_add_lines(&head, SPAN(""));
	assert_string_equal(buf_cstr(&head.text), "a: 1\r\nb: 2\r\nc: 3\r\n");
	cgi_head_free(&head);
}

static void an_id_that_could_do_harm_leaves_the_one_that_there_is(void **state)
{
	char longest[REQUEST_ID_MAX + 2];
	const char *const unusable[] = {NULL, "", "a b", "a\r\nSet-Cookie: b", "\xc3\xa9", longest};
	struct cgi_head head = {0};

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[REQUEST_ID_MAX + 1] = '\0';
	cgi_head_begin(&head);
	cgi_head_set_request_id(&head, "Ours-1._");
	for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
		cgi_head_set_request_id(&head, unusable[i]);
		assert_string_equal(head.request_id, "Ours-1._");
	}
	longest[REQUEST_ID_MAX] = '\0';
	cgi_head_set_request_id(&head, longest);
	assert_string_equal(head.request_id, longest);
	cgi_head_free(&head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_head_ends_with_its_status_and_what_all_have),
	    cmocka_unit_test(an_answer_may_be_kept_if_that_is_said),
	    cmocka_unit_test(a_head_knows_nothing_of_the_one_before),
	    cmocka_unit_test(a_status_of_a_provider_s_own_is_passed_on),
	    cmocka_unit_test(some_statuses_have_a_header_beside_them),
	    cmocka_unit_test(what_is_known_of_a_retry_goes_before_what_is_expected),
	    cmocka_unit_test(lines_are_added_as_they_are),
	    cmocka_unit_test(an_id_that_could_do_harm_leaves_the_one_that_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
