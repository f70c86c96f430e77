/*
 * What json_check() accepts is JSON: json-c takes it, every way to walk it agrees, and its
 * canonical spelling means the same and is its own. Any bytes become a string by json_quote() and
 * are found again by json_decode().
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "tests/unit/response/naive_fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* json-c ends names at NUL, and knows no half of a surrogate pair. */
static bool json_c_can_hold(struct span text)
{
	return memmem(text.p, text.len, "\\u0000", 6) == NULL &&
	       memmem(text.p, text.len, "\\ud", 3) == NULL &&
	       memmem(text.p, text.len, "\\uD", 3) == NULL;
}

/* Walks every value; its depth is bounded, as the text has been checked. */
static void walk(struct span value)
{
	struct json_scan scan = json_open(value, JSON_ACCEPT_BAD_UTF8);
	struct span name, inner;
	struct buf text = {0};
	long long number;

	switch (json_type(value)) {
	case JSON_OBJECT:
		while (json_member(&scan, &name, &inner))
			walk(inner);
		require(scan.error == NULL);
		break;
	case JSON_ARRAY:
		while (json_element(&scan, &inner))
			walk(inner);
		require(scan.error == NULL);
		break;
	case JSON_STRING:
		require(json_decode(value, &text));
		buf_free(&text);
		break;
	case JSON_NUMBER:
		json_integer(value, &number);
		break;
	default:
		require(json_type(value) != JSON_NONE);
	}
}

static void check_canonical(struct span text)
{
	struct buf once = {0}, twice = {0};

	json_canonical(&once, text);
	require(json_check(buf_span(&once), 0, NULL, NULL));
	json_canonical(&twice, buf_span(&once));
	require(span_eq(buf_span(&once), buf_span(&twice)));
	walk(buf_span(&once));
	if (json_check(text, 0, NULL, NULL) && json_c_can_hold(text))
		require(naive_same_json(text, buf_span(&once)));
	buf_free(&once);
	buf_free(&twice);
}

static void check_quote(struct span bytes)
{
	struct buf quoted = {0}, decoded = {0}, again = {0};

	json_quote(&quoted, bytes);
	require(json_check(buf_span(&quoted), 0, NULL, NULL));
	require(json_decode(buf_span(&quoted), &decoded));
	json_quote(&again, buf_span(&decoded));
	require(span_eq(buf_span(&quoted), buf_span(&again)));
	if (memmem(buf_cstr(&decoded), decoded.len, "\xef\xbf\xbd", 3) == NULL)
		require(span_eq(bytes, buf_span(&decoded)));
	buf_free(&quoted);
	buf_free(&decoded);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1);
	struct span text = {copy, size};
	const char *error;
	size_t offset;

	require(copy != NULL);
	memcpy(copy, data, size);
	if (json_check(text, JSON_ACCEPT_BAD_UTF8, &error, &offset)) {
		require(error == NULL && offset == size);
		check_canonical(text);
	} else {
		require(error != NULL && offset <= size);
		require(!json_check(text, 0, NULL, NULL));
	}
	check_quote(text);
	free(copy);
	return 0;
}
