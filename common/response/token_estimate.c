#include "token_estimate.h"

#include <limits.h>

#include "common/base/json.h"

enum { BYTES_PER_TOKEN = 4 };

/* So that no sum with it overflows. */
#define MOST_OUTPUT (LLONG_MAX / 2)

static const char *const prompts[] = {"input", "instructions", "messages"};
static const char *const bounds[] = {"max_output_tokens", "max_completion_tokens", "max_tokens"};

long long token_estimate(size_t prompt_bytes, struct span max_output)
{
	long long tokens =
	    (long long)(prompt_bytes / BYTES_PER_TOKEN + (prompt_bytes % BYTES_PER_TOKEN != 0));
	long long output = 0;

	if (!json_integer(max_output, &output) || output < 0)
		return tokens;
	return tokens + (output < MOST_OUTPUT ? output : MOST_OUTPUT);
}

static bool is_one_of(struct span name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (json_raw_is(name, names[i]))
			return true;
	}
	return false;
}

long long token_estimate_of_body(struct span body)
{
	struct json_scan scan = json_open(body, JSON_ACCEPT_BAD_UTF8);
	struct span name, value, max_output = {0};
	size_t bytes = 0;

	while (json_member(&scan, &name, &value)) {
		if (!json_is_given(value))
			continue;
		if (is_one_of(name, prompts, sizeof(prompts) / sizeof(prompts[0])))
			bytes += value.len;
		else if (is_one_of(name, bounds, sizeof(bounds) / sizeof(bounds[0])))
			max_output = value;
	}
	return token_estimate(bytes, max_output);
}
