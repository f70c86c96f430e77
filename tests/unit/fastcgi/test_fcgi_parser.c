#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/fastcgi/fcgi_parser.h"

static void put_record(struct buf *out, int type, int id, struct span content, int padding)
{
	static const char zeros[256];
	FCGI_Header header = {
	    .version = FCGI_VERSION_1,
	    .type = (unsigned char)type,
	    .requestIdB1 = (unsigned char)(id >> 8),
	    .requestIdB0 = (unsigned char)id,
	    .contentLengthB1 = (unsigned char)(content.len >> 8),
	    .contentLengthB0 = (unsigned char)content.len,
	    .paddingLength = (unsigned char)padding,
	};

	buf_append(out, &header, sizeof(header));
	buf_append_span(out, content);
	buf_append(out, zeros, (size_t)padding);
}

static void put_begin(struct buf *out, int id, int role, int flags)
{
	FCGI_BeginRequestBody body = {.roleB0 = (unsigned char)role, .flags = (unsigned char)flags};

	put_record(
	    out, FCGI_BEGIN_REQUEST, id, (struct span){(const char *)&body, sizeof(body)}, 0);
}

static void put_length(struct buf *out, size_t length, bool in_four)
{
	if (in_four || length > 127) {
		buf_putc(out, (char)(length >> 24 | 0x80));
		buf_putc(out, (char)(length >> 16));
		buf_putc(out, (char)(length >> 8));
	}
	buf_putc(out, (char)length);
}

static void put_pair(struct buf *out, struct span name, struct span value, bool in_four)
{
	put_length(out, name.len, in_four);
	put_length(out, value.len, in_four);
	buf_append_span(out, name);
	buf_append_span(out, value);
}

static void put_pairs(struct buf *out, struct span pairs)
{
	if (pairs.len > 0)
		put_record(out, FCGI_PARAMS, 1, pairs, 0);
	put_record(out, FCGI_PARAMS, 1, SPAN(""), 0);
}

static void put_request(struct buf *out, struct span pairs)
{
	put_begin(out, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	put_pairs(out, pairs);
}

static void expect_none(struct fcgi_parser *parser, struct buf *sent)
{
	struct span bytes = buf_span(sent);

	assert_int_equal(fcgi_parse(parser, &bytes), FCGI_EVENT_NONE);
	assert_int_equal(bytes.len, 0);
	buf_clear(sent);
}

static void expect_event(struct fcgi_parser *parser, struct buf *sent, enum fcgi_event event)
{
	struct span bytes = buf_span(sent);

	assert_int_equal(fcgi_parse(parser, &bytes), event);
	assert_int_equal(bytes.len, 0);
	buf_clear(sent);
}

static void expect_error(struct buf *sent, const char *words)
{
	struct fcgi_parser parser = {0};
	struct span bytes = buf_span(sent);
	enum fcgi_event event;

	do
		event = fcgi_parse(&parser, &bytes);
	while (event != FCGI_EVENT_ERROR && bytes.len > 0);
	assert_int_equal(event, FCGI_EVENT_ERROR);
	assert_non_null(strstr(parser.error, words));
	bytes = SPAN("x");
	assert_int_equal(fcgi_parse(&parser, &bytes), FCGI_EVENT_ERROR);
	fcgi_parser_free(&parser);
	buf_free(sent);
}

static void expect_answer(struct fcgi_parser *parser, int type, int id, struct span content)
{
	struct buf expected = {0};

	put_record(&expected, type, id, content, 0);
	assert_int_equal(parser->answer.len, expected.len);
	assert_memory_equal(parser->answer.data, expected.data, expected.len);
	buf_clear(&parser->answer);
	buf_free(&expected);
}

static void a_request_has_its_variables(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0}, pairs = {0};
	char value[301] = "";

	(void)state;
	memset(value, 'v', 300);
	put_pair(&pairs, SPAN("A"), SPAN(""), false);
	put_pair(&pairs, SPAN("LONG"), span_of(value), false);
	put_pair(&pairs, SPAN("FOUR"), SPAN("4"), true);
	put_request(&sent, buf_span(&pairs));
	expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
	assert_int_equal(parser.request_id, 1);
	assert_true(parser.keeps_connection);
	assert_string_equal(parser.variables[0], "A=");
	assert_memory_equal(parser.variables[1], "LONG=vvv", 8);
	assert_int_equal(strlen(parser.variables[1]), 305);
	assert_string_equal(parser.variables[2], "FOUR=4");
	assert_null(parser.variables[3]);
	buf_free(&pairs);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void bytes_may_come_one_by_one(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0}, pairs = {0}, body = {0};
	int requests = 0, ends = 0;

	(void)state;
	put_pair(&pairs, SPAN("NAME"), SPAN("value"), true);
	put_begin(&sent, 513, FCGI_RESPONDER, 0);
	put_record(&sent, FCGI_PARAMS, 513, (struct span){pairs.data, 5}, 3);
	put_record(&sent, FCGI_PARAMS, 513, (struct span){pairs.data + 5, pairs.len - 5}, 255);
	put_record(&sent, FCGI_PARAMS, 513, SPAN(""), 8);
	put_record(&sent, FCGI_STDIN, 513, SPAN("ab"), 1);
	put_record(&sent, FCGI_STDIN, 513, SPAN("c"), 0);
	put_record(&sent, FCGI_STDIN, 513, SPAN(""), 0);
	for (size_t i = 0; i < sent.len; i++) {
		struct span byte = {sent.data + i, 1};

		switch (fcgi_parse(&parser, &byte)) {
		case FCGI_EVENT_REQUEST:
			requests++;
			assert_string_equal(parser.variables[0], "NAME=value");
			break;
		case FCGI_EVENT_BODY:
			buf_append_span(&body, parser.body);
			break;
		case FCGI_EVENT_BODY_END:
			ends++;
			break;
		default:
			break;
		}
	}
	assert_int_equal(requests, 1);
	assert_int_equal(ends, 1);
	assert_true(span_is(buf_span(&body), "abc"));
	assert_false(parser.keeps_connection);
	buf_free(&body);
	buf_free(&pairs);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void one_request_follows_the_other(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	for (int i = 0; i < 3 * FCGI_STRAYS_MAX; i++) {
		put_request(&sent, SPAN("\1\1AB"));
		expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
		put_record(&sent, FCGI_STDIN, 1, SPAN(""), 0);
		expect_event(&parser, &sent, FCGI_EVENT_BODY_END);
		assert_false(fcgi_parser_is_idle(&parser));
		fcgi_parser_end_request(&parser);
		assert_true(fcgi_parser_is_idle(&parser));
	}
	assert_int_equal(parser.answer.len, 0);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void names_that_nobody_could_ask_for_are_left_out(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0}, pairs = {0};

	(void)state;
	put_pair(&pairs, SPAN(""), SPAN("x"), false);
	put_pair(&pairs, SPAN("A=B"), SPAN("x"), false);
	put_pair(&pairs, SPAN("A\0B"), SPAN("x"), false);
	put_pair(&pairs, SPAN("C"), SPAN("d\0e"), false);
	put_request(&sent, buf_span(&pairs));
	expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
	assert_string_equal(parser.variables[0], "C=d");
	assert_null(parser.variables[1]);
	buf_free(&pairs);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void a_request_may_have_no_variables(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	put_begin(&sent, 1, FCGI_RESPONDER, 0);
	put_record(&sent, FCGI_PARAMS, 1, SPAN(""), 0);
	expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
	assert_null(parser.variables[0]);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void lengths_that_sum_past_two_gigabytes_are_an_error(void **state)
{
	static const char *const pairs[] = {
	    "\xff\xff\xff\xff\xff\xff\xff\xff",
	    "\xff\xff\xff\xff\x01",
	    "\x01\xff\xff\xff\xffN",
	    "\xff\xff\xff\xf0\x80\x00\x00\x20name",
	    "\x80\x00\x00",
	    "\x04\x04name",
	    "\x05",
	    "\x00",
	};
	static const size_t lengths[] = {8, 5, 6, 12, 3, 6, 1, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct buf sent = {0};

		put_request(&sent, (struct span){pairs[i], lengths[i]});
		expect_error(&sent, "a variable is longer");
	}
}

static void variables_are_bounded(void **state)
{
	static const char much[65535];
	struct buf sent = {0}, pairs = {0};

	(void)state;
	put_begin(&sent, 1, FCGI_RESPONDER, 0);
	for (int i = 0; i < 5; i++)
		put_record(&sent, FCGI_PARAMS, 1, (struct span){much, sizeof(much)}, 0);
	expect_error(&sent, "longer than 262144 bytes");
	for (int i = 0; i <= FCGI_VARIABLES_MAX; i++)
		put_pair(&pairs, SPAN("N"), SPAN(""), false);
	put_request(&sent, buf_span(&pairs));
	expect_error(&sent, "4096 variables");
	buf_free(&pairs);
}

static void records_out_of_order_are_an_error(void **state)
{
	struct buf sent = {0};

	(void)state;
	put_begin(&sent, 1, FCGI_RESPONDER, 0);
	put_record(&sent, FCGI_STDIN, 1, SPAN("x"), 0);
	expect_error(&sent, "body");
	put_request(&sent, SPAN(""));
	put_record(&sent, FCGI_PARAMS, 1, SPAN("\1\1AB"), 0);
	expect_error(&sent, "variables come after");
	put_request(&sent, SPAN(""));
	put_record(&sent, FCGI_STDIN, 1, SPAN(""), 0);
	put_record(&sent, FCGI_STDIN, 1, SPAN("x"), 0);
	expect_error(&sent, "body");
	put_begin(&sent, 1, FCGI_RESPONDER, 0);
	put_begin(&sent, 1, FCGI_RESPONDER, 0);
	expect_error(&sent, "begins twice");
	put_record(&sent, FCGI_BEGIN_REQUEST, 1, SPAN("\0\1\0"), 0);
	expect_error(&sent, "wrong length");
	buf_puts(&sent, "GET / HTTP/1.1\r\n\r\n");
	expect_error(&sent, "another version");
}

static void records_that_belong_to_no_request_are_passed_over_for_a_while(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	put_record(&sent, FCGI_STDIN, 7, SPAN("left over"), 7);
	put_record(&sent, FCGI_ABORT_REQUEST, 7, SPAN(""), 0);
	expect_none(&parser, &sent);
	assert_true(fcgi_parser_is_idle(&parser));
	assert_int_equal(parser.answer.len, 0);
	fcgi_parser_free(&parser);
	for (int i = 0; i <= FCGI_STRAYS_MAX; i++)
		put_record(&sent, FCGI_STDIN, 7, SPAN("left over"), 0);
	expect_error(&sent, "too many records");
}

static void another_role_is_refused(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	put_begin(&sent, 258, FCGI_AUTHORIZER, FCGI_KEEP_CONN);
	expect_event(&parser, &sent, FCGI_EVENT_REFUSED);
	expect_answer(&parser, FCGI_END_REQUEST, 258, SPAN("\0\0\0\0\3\0\0\0"));
	assert_int_equal(parser.request_id, 0);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void a_second_request_at_once_is_refused(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	put_begin(&sent, 1, FCGI_RESPONDER, 0);
	put_begin(&sent, 2, FCGI_RESPONDER, 0);
	put_record(&sent, FCGI_PARAMS, 2, SPAN("\1\1XY"), 0);
	put_record(&sent, FCGI_PARAMS, 2, SPAN(""), 0);
	expect_none(&parser, &sent);
	expect_answer(&parser, FCGI_END_REQUEST, 2, SPAN("\0\0\0\0\1\0\0\0"));
	put_pairs(&sent, SPAN("\1\1AB"));
	expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
	assert_string_equal(parser.variables[0], "A=B");
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void a_request_can_be_taken_back(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	put_begin(&sent, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	put_record(&sent, FCGI_ABORT_REQUEST, 1, SPAN(""), 0);
	expect_event(&parser, &sent, FCGI_EVENT_ABORT);
	expect_answer(&parser, FCGI_END_REQUEST, 1, SPAN("\0\0\0\0\0\0\0\0"));
	assert_true(fcgi_parser_is_idle(&parser));
	/* Who answers it ends it, too, once it is known. */
	put_request(&sent, SPAN(""));
	expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
	put_record(&sent, FCGI_STDIN, 1, SPAN("x"), 0);
	expect_event(&parser, &sent, FCGI_EVENT_BODY);
	put_record(&sent, FCGI_ABORT_REQUEST, 1, SPAN(""), 0);
	expect_event(&parser, &sent, FCGI_EVENT_ABORT);
	assert_int_equal(parser.answer.len, 0);
	assert_int_equal(parser.request_id, 1);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void an_abort_is_seen_before_it_is_read(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0}, next = {0};
	struct span bytes;

	(void)state;
	put_request(&sent, SPAN(""));
	expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
	put_record(&sent, FCGI_STDIN, 1, SPAN(""), 8);
	put_record(&next, FCGI_ABORT_REQUEST, 1, SPAN(""), 0);
	buf_append_span(&sent, buf_span(&next));
	bytes = buf_span(&sent);
	assert_int_equal(fcgi_parse(&parser, &bytes), FCGI_EVENT_BODY_END);
	assert_true(fcgi_parser_sees_abort(&parser, bytes));
	bytes.len--;
	assert_false(fcgi_parser_sees_abort(&parser, bytes));
	buf_clear(&next);
	put_record(&next, FCGI_ABORT_REQUEST, 2, SPAN(""), 0);
	put_record(&next, FCGI_ABORT_REQUEST, 2, SPAN(""), 0);
	assert_false(fcgi_parser_sees_abort(&parser, buf_span(&next)));
	buf_free(&next);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void ask_for_values(struct buf *out)
{
	struct buf names = {0};

	put_pair(&names, SPAN(FCGI_MAX_CONNS), SPAN(""), false);
	put_pair(&names, SPAN("FCGI_UNHEARD_OF"), SPAN(""), false);
	put_pair(&names, SPAN(FCGI_MPXS_CONNS), SPAN(""), true);
	put_pair(&names, SPAN(FCGI_MPXS_CONNS), SPAN(""), true);
	put_pair(&names, SPAN(FCGI_MAX_REQS), SPAN(""), false);
	put_record(out, FCGI_GET_VALUES, 0, buf_span(&names), 5);
	buf_free(&names);
}

static void values_are_told_once_each(void **state)
{
	struct fcgi_parser parser = {.max_requests = 16};
	struct buf sent = {0};

	(void)state;
	ask_for_values(&sent);
	expect_none(&parser, &sent);
	expect_answer(&parser, FCGI_GET_VALUES_RESULT, 0,
	    SPAN("\16\2FCGI_MAX_CONNS16"
		 "\17\1FCGI_MPXS_CONNS0"
		 "\15\2FCGI_MAX_REQS16"));
	put_record(&sent, FCGI_GET_VALUES, 0, SPAN(""), 0);
	expect_none(&parser, &sent);
	expect_answer(&parser, FCGI_GET_VALUES_RESULT, 0, SPAN(""));
	parser.max_requests = 0;
	ask_for_values(&sent);
	expect_none(&parser, &sent);
	expect_answer(&parser, FCGI_GET_VALUES_RESULT, 0, SPAN("\17\1FCGI_MPXS_CONNS0"));
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void malformed_questions_for_values_do_no_harm(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	put_record(&sent, FCGI_GET_VALUES, 0, SPAN("\xff\xff\xff\xff\xff\xff\xff\xff"), 0);
	expect_none(&parser, &sent);
	expect_answer(&parser, FCGI_GET_VALUES_RESULT, 0, SPAN(""));
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void an_unknown_management_record_is_answered_with_its_type(void **state)
{
	struct fcgi_parser parser = {0};
	struct buf sent = {0};

	(void)state;
	put_record(&sent, 99, 0, SPAN("whatever"), 3);
	expect_none(&parser, &sent);
	expect_answer(&parser, FCGI_UNKNOWN_TYPE, 0, SPAN("\x63\0\0\0\0\0\0\0"));
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void management_records_may_come_amid_a_request(void **state)
{
	struct fcgi_parser parser = {.max_requests = 4};
	struct buf sent = {0};

	(void)state;
	put_begin(&sent, 1, FCGI_RESPONDER, 0);
	put_record(&sent, FCGI_PARAMS, 1, SPAN("\1\1A"), 0);
	ask_for_values(&sent);
	put_record(&sent, FCGI_PARAMS, 1, SPAN("B"), 0);
	put_record(&sent, FCGI_PARAMS, 1, SPAN(""), 0);
	expect_event(&parser, &sent, FCGI_EVENT_REQUEST);
	assert_string_equal(parser.variables[0], "A=B");
	assert_true(parser.answer.len > 0);
	buf_free(&sent);
	fcgi_parser_free(&parser);
}

static void management_records_without_end_are_an_error(void **state)
{
	struct buf sent = {0};

	(void)state;
	for (int i = 0; i <= FCGI_STRAYS_MAX; i++)
		ask_for_values(&sent);
	expect_error(&sent, "too many records");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_has_its_variables),
	    cmocka_unit_test(bytes_may_come_one_by_one),
	    cmocka_unit_test(one_request_follows_the_other),
	    cmocka_unit_test(names_that_nobody_could_ask_for_are_left_out),
	    cmocka_unit_test(a_request_may_have_no_variables),
	    cmocka_unit_test(lengths_that_sum_past_two_gigabytes_are_an_error),
	    cmocka_unit_test(variables_are_bounded),
	    cmocka_unit_test(records_out_of_order_are_an_error),
	    cmocka_unit_test(records_that_belong_to_no_request_are_passed_over_for_a_while),
	    cmocka_unit_test(another_role_is_refused),
	    cmocka_unit_test(a_second_request_at_once_is_refused),
	    cmocka_unit_test(a_request_can_be_taken_back),
	    cmocka_unit_test(an_abort_is_seen_before_it_is_read),
	    cmocka_unit_test(values_are_told_once_each),
	    cmocka_unit_test(malformed_questions_for_values_do_no_harm),
	    cmocka_unit_test(an_unknown_management_record_is_answered_with_its_type),
	    cmocka_unit_test(management_records_may_come_amid_a_request),
	    cmocka_unit_test(management_records_without_end_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
