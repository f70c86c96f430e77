#include "refusal.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LOOKED_AT = 16384 }; /* bytes of an error */

/* Words of codes and messages, in lower case. */
static const char *const too_long[] = {
    "context_length_exceeded",
    "context_window_exceeded",
    "contextwindowexceedederror",
    "exceed_context_size",
    "exceed context limit",
    "exceeds the available context size",
    "exceeds the context window",
    "exceeds the maximum number of tokens allowed",
    "input is too long",
    "input tokens exceed the configured limit",
    "is longer than the model's context length",
    "maximum context length",
    "maximum context limit",
    "prompt is too long",
    "prompt: length",
    "tokens + `max_new_tokens` must be",
    "too many input tokens",
};

static const char *const refused[] = {
    "bio_policy",
    "content_filter",
    "content_policy_violation",
    "contentpolicyviolationerror",
    "content filtering policy",
    "content management policy",
    "cyber_policy",
    "flagged as potentially violating our usage policy",
    "moderation_blocked",
    "rejected as a result of our safety system",
    "responsibleaipolicyviolation",
    "task failed as a result of our safety system",
    "the model produced invalid content",
};

static const char *const spent[] = {
    "billing_hard_limit_reached",
    "billing_not_active",
    "budget_exceeded",
    "insufficient_quota",
};

static bool begins_with(struct span text, const char *words)
{
	size_t len = strlen(words);

	return text.len >= len && strncasecmp(text.p, words, len) == 0;
}

static bool has_any(struct span error, const char *const *phrases, size_t count)
{
	for (; error.len > 0; error.p++, error.len--) {
		for (size_t i = 0; i < count; i++) {
			if (begins_with(error, phrases[i]))
				return true;
		}
	}
	return false;
}

bool refusal_is_about_quota(struct span error)
{
	if (error.len > LOOKED_AT)
		error.len = LOOKED_AT;
	return has_any(error, spent, sizeof(spent) / sizeof(spent[0]));
}

static void skip_any(struct span *text, const char *bytes)
{
	while (text->len > 0 && strchr(bytes, *text->p) != NULL && *text->p != '\0') {
		text->p++;
		text->len--;
	}
}

/* A Duration as JSON has it, "34.07s" (protobuf's JSON mapping). */
static double duration(struct span text)
{
	char number[32];
	char *end;
	size_t len = 0;
	double seconds;

	while (len < text.len && len < sizeof(number) - 1 && text.p[len] != 's')
		len++;
	if (len == text.len || text.p[len] != 's' || !isdigit((unsigned char)text.p[0]))
		return -1;
	memcpy(number, text.p, len);
	number[len] = '\0';
	seconds = strtod(number, &end);
	return *end == '\0' && isfinite(seconds) ? seconds : -1;
}

double refusal_retry_after(double told, struct span error)
{
	static const char name[] = "\"retryDelay\"";
	struct span rest = {.len = error.len < LOOKED_AT ? error.len : LOOKED_AT};
	const char *found;

	if (told >= 0 || rest.len == 0)
		return told;
	found = memmem(error.p, rest.len, name, sizeof(name) - 1);
	if (found == NULL)
		return told;
	rest.p = found + sizeof(name) - 1;
	rest.len -= (size_t)(rest.p - error.p);
	skip_any(&rest, " \t\r\n:\"");
	return duration(rest);
}

bool refusal_is_possible(long status)
{
	return status == 400 || status == 413 || status == 422;
}

enum call_failure refusal_failure(long status, struct span error)
{
	if (!refusal_is_possible(status))
		return call_failure_of(status);
	if (error.len > LOOKED_AT)
		error.len = LOOKED_AT;
	if (has_any(error, too_long, sizeof(too_long) / sizeof(too_long[0])))
		return FAILURE_CONTEXT_WINDOW;
	if (has_any(error, refused, sizeof(refused) / sizeof(refused[0])))
		return FAILURE_CONTENT_POLICY;
	return call_failure_of(status);
}
