#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/base64.h"
#include "common/base/json.h"
#include "common/webhook/webhook_message.h"

static const char response[] = "resp_0123456789abcdef";
static const long long ended_at = 1614265330789; /* ms */

/* The example of Standard Webhooks. */
static const char standard_secret[] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char standard_id[] = "msg_p5jXN8AQM9LWM0D4loKWxJek";
static const char standard_body[] = "{\"test\": 2432232314}";
static const char standard_signature[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
static const long long standard_timestamp = 1614265330; /* s */

static const char other_secret[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

static struct webhook_secret secret_of(const char *base64)
{
	struct webhook_secret secret = {{0}, 0};
	struct buf key = {0};

	assert_true(base64_decode(&key, span_of(base64)));
	assert_true(key.len <= sizeof(secret.key));
	memcpy(secret.key, key.data, key.len);
	secret.len = key.len;
	buf_free(&key);
	return secret;
}

/* The signature of the example's body by these secrets. */
static const char *sign(struct buf *out, struct webhook_secret *secrets, size_t count)
{
	const struct webhook_endpoint endpoint = {.secrets = secrets, .secret_count = count};

	buf_clear(out);
	webhook_write_signature(
	    out, &endpoint, standard_id, standard_timestamp, span_of(standard_body));
	return buf_cstr(out);
}

static const char *body_of(struct buf *out, const char *id, enum response_status how)
{
	buf_clear(out);
	webhook_write_body(out, id, how, ended_at);
	assert_true(json_check(buf_span(out), 0, NULL, NULL));
	return buf_cstr(out);
}

static void each_end_of_a_response_has_a_type(void **state)
{
	(void)state;
	assert_string_equal(webhook_event_type(STATUS_COMPLETED), "response.completed");
	assert_string_equal(webhook_event_type(STATUS_FAILED), "response.failed");
	assert_string_equal(webhook_event_type(STATUS_INCOMPLETE), "response.incomplete");
	assert_string_equal(webhook_event_type(STATUS_CANCELLED), "response.cancelled");
}

static void the_body_is_openai_s(void **state)
{
	struct buf out = {0};
	char id[64], expected[256];

	(void)state;
	body_of(&out, response, STATUS_COMPLETED);
	assert_int_equal(
	    sscanf(buf_cstr(&out), "{\"object\":\"event\",\"id\":\"evt_%32[0-9a-f]\"", id), 1);
	assert_int_equal(strlen(id), 32);
	snprintf(expected, sizeof(expected),
	    "{\"object\":\"event\",\"id\":\"evt_%s\",\"type\":\"response.completed\","
	    "\"created_at\":1614265330,\"data\":{\"id\":\"resp_0123456789abcdef\"}}",
	    id);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void an_event_is_the_same_whenever_it_is_told(void **state)
{
	struct buf first = {0}, again = {0};

	(void)state;
	assert_string_equal(
	    body_of(&first, response, STATUS_FAILED), body_of(&again, response, STATUS_FAILED));
	buf_free(&first);
	buf_free(&again);
}

static struct span event_id(const struct buf *body)
{
	return json_get(buf_span(body), "id");
}

static void other_events_have_other_ids(void **state)
{
	struct buf first = {0}, other = {0};

	(void)state;
	body_of(&first, response, STATUS_COMPLETED);
	body_of(&other, response, STATUS_FAILED);
	assert_false(span_eq(event_id(&first), event_id(&other)));
	body_of(&other, "resp_0123456789abcdee", STATUS_COMPLETED);
	assert_false(span_eq(event_id(&first), event_id(&other)));
	buf_free(&first);
	buf_free(&other);
}

static void the_example_of_standard_webhooks_is_signed_as_there(void **state)
{
	struct webhook_secret secret = secret_of(standard_secret);
	struct buf out = {0};

	(void)state;
	assert_string_equal(sign(&out, &secret, 1), standard_signature);
	buf_free(&out);
}

static void each_secret_signs(void **state)
{
	struct webhook_secret secrets[] = {secret_of(other_secret), secret_of(standard_secret)};
	struct buf by_other = {0}, by_both = {0};

	(void)state;
	sign(&by_other, secrets, 1);
	buf_printf(&by_other, " %s", standard_signature);
	assert_string_equal(sign(&by_both, secrets, 2), buf_cstr(&by_other));
	buf_free(&by_other);
	buf_free(&by_both);
}

static void what_is_signed_is_sent(void **state)
{
	static const char *const expected[] = {
	    "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
	    "webhook-timestamp: 1614265330",
	    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	    "content-type: application/json",
	};
	struct webhook_secret secret = secret_of(standard_secret);
	const struct webhook_endpoint endpoint = {.secrets = &secret, .secret_count = 1};
	struct curl_slist *headers =
	    webhook_headers(&endpoint, standard_id, standard_timestamp, span_of(standard_body));
	const struct curl_slist *header = headers;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_non_null(header);
		assert_string_equal(header->data, expected[i]);
		header = header->next;
	}
	assert_null(header);
	curl_slist_free_all(headers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_end_of_a_response_has_a_type),
	    cmocka_unit_test(the_body_is_openai_s),
	    cmocka_unit_test(an_event_is_the_same_whenever_it_is_told),
	    cmocka_unit_test(other_events_have_other_ids),
	    cmocka_unit_test(the_example_of_standard_webhooks_is_signed_as_there),
	    cmocka_unit_test(each_secret_signs),
	    cmocka_unit_test(what_is_signed_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
