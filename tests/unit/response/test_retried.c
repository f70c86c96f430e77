#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/response/create_request.h"
#include "common/response/response.h"
#include "common/response/retried.h"

static const char first_id[] = "litellm_poll_123e4567-e89b-42d3-a456-426614174000";
static const char second_id[] = "litellm_poll_123e4567-e89b-42d3-a456-426614174001";

/* The object of a request, and the members that its job keeps. */
static void create(const char *body, struct buf *object, struct buf *kept)
{
	struct create_request request;
	struct api_error error;

	assert_true(create_request_parse(&request, span_of(body), &error));
	response_initial(object, first_id, 1700000000, request.fields);
	buf_append_span(kept, buf_span(&request.rest));
	create_request_free(&request);
}

/* The object but for what is another's in each. */
static struct span common_part(const struct buf *object)
{
	struct span text = buf_span(object);

	text.p += RESPONSE_STATUS_OFFSET;
	text.len -= RESPONSE_STATUS_OFFSET;
	return text;
}

static void assert_same(const char *body)
{
	struct buf first = {0}, kept = {0}, second = {0};

	create(body, &first, &kept);
	assert_true(response_retried(
	    &second, second_id, 1700000100, "m", buf_span(&kept), buf_span(&first)));
	assert_true(json_string_is(json_get(buf_span(&second), "id"), second_id));
	assert_true(span_is(json_get(buf_span(&second), "created_at"), "1700000100"));
	assert_true(span_eq(common_part(&first), common_part(&second)));
	buf_free(&first);
	buf_free(&kept);
	buf_free(&second);
}

static void the_next_object_shows_what_the_request_says(void **state)
{
	(void)state;
	assert_same("{\"model\":\"m\",\"background\":true,\"input\":\"Hi\"}");
	assert_same("{\"model\":\"m\",\"background\":true,\"stream\":true,\"input\":\"Hi\","
		    "\"metadata\":{\"a\":\"b\"},\"temperature\":0.5,\"user\":\"u\",\"store\":false,"
		    "\"instructions\":\"Be \\\"brief\\\"\",\"tools\":[{\"type\":\"function\","
		    "\"name\":\"f\"}],\"unknown\":{\"x\":[1]},\"prompt\":{\"id\":\"p\"},"
		    "\"conversation\":\"conv_1\",\"num_retries\":3}");
}

static void it_continues_what_the_first_one_continued(void **state)
{
	(void)state;
	assert_same("{\"model\":\"m\",\"background\":true,\"input\":\"Hi\","
		    "\"previous_response_id\":"
		    "\"litellm_poll_123e4567-e89b-42d3-a456-426614174009\"}");
	assert_same("{\"model\":\"m\",\"background\":true,\"input\":\"Hi\","
		    "\"previous_response_id\":\"resp_1\"}");
}

static void nothing_of_how_the_first_one_ended_is_left(void **state)
{
	static const char failed[] = "{\"status\":\"failed\",\"error\":{\"code\":\"x\"},"
				     "\"temperature\":0.1,\"output\":[{}],\"usage\":{}}";
	struct buf object = {0};

	(void)state;
	assert_true(response_retried(&object, second_id, 1700000100, "m", SPAN(""), SPAN(failed)));
	assert_true(span_is(json_get(buf_span(&object), "error"), "null"));
	assert_true(span_is(json_get(buf_span(&object), "output"), "[]"));
	assert_true(span_is(json_get(buf_span(&object), "usage"), "null"));
	assert_true(span_is(json_get(buf_span(&object), "temperature"), "1.0"));
	assert_int_equal(response_status_peek(buf_span(&object)), STATUS_QUEUED);
	buf_free(&object);
}

static void what_is_no_request_is_not_tried_again(void **state)
{
	struct buf object = {0};

	(void)state;
	assert_false(
	    response_retried(&object, second_id, 1700000100, "m", SPAN("\"a\":"), SPAN("{}")));
	assert_int_equal(object.len, 0);
	buf_free(&object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_next_object_shows_what_the_request_says),
	    cmocka_unit_test(it_continues_what_the_first_one_continued),
	    cmocka_unit_test(nothing_of_how_the_first_one_ended_is_left),
	    cmocka_unit_test(what_is_no_request_is_not_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
