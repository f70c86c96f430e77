#include "limit_error.h"

#include <stdio.h>

#include "common/base/decimal.h"

enum {
	MS_PER_SECOND = 1000,
	SECONDS_PER_MINUTE = 60,
	MINUTES_PER_HOUR = 60,
};

void limit_duration(char out[LIMIT_DURATION_SIZE], long long ms)
{
	long long seconds = ms / MS_PER_SECOND;
	long long minutes = seconds / SECONDS_PER_MINUTE;
	long long hours = minutes / MINUTES_PER_HOUR;
	int fraction = (int)(ms % MS_PER_SECOND);
	int digits = 3;
	struct buf text = {0};

	if (ms > 0 && ms < MS_PER_SECOND) {
		snprintf(out, LIMIT_DURATION_SIZE, "%lldms", ms);
		return;
	}
	for (; digits > 0 && fraction % 10 == 0; digits--)
		fraction /= 10;
	if (hours > 0)
		buf_printf(&text, "%lldh", hours);
	if (minutes > 0)
		buf_printf(&text, "%lldm", minutes % MINUTES_PER_HOUR);
	buf_printf(&text, "%lld", seconds % SECONDS_PER_MINUTE);
	if (digits > 0)
		buf_printf(&text, ".%0*d", digits, fraction);
	snprintf(out, LIMIT_DURATION_SIZE, "%ss", buf_cstr(&text));
	buf_free(&text);
}

long long limit_retry_after(const struct admission *admission)
{
	if (admission->wait_ms <= 0)
		return 0;
	return (admission->wait_ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
}

/* " Please try again in 6m0s.", or "" if nobody knows. */
struct advice {
	char text[LIMIT_DURATION_SIZE + 32];
};

static struct advice when_to_try(const struct admission *admission)
{
	struct advice advice = {""};
	char duration[LIMIT_DURATION_SIZE];

	if (admission->wait_ms <= 0)
		return advice;
	limit_duration(duration, admission->wait_ms);
	snprintf(advice.text, sizeof(advice.text), " Please try again in %s.", duration);
	return advice;
}

static void rate_reached(struct api_error *error, const struct admission *admission,
    const struct rate_left *rate, long long requested)
{
	bool tokens = admission->limit == LIMIT_TPM;

	api_error_set(error, 429, tokens ? "tokens" : "requests", NULL, "rate_limit_exceeded",
	    "Rate limit reached for this API key on %s: Limit %lld, Used %lld, Requested %lld.%s",
	    tokens ? "tokens per min (TPM)" : "requests per min (RPM)", rate->limit,
	    rate->limit - rate->remaining, requested, when_to_try(admission).text);
}

static void budget_spent(struct api_error *error, const struct admission *admission, double budget)
{
	struct advice advice = when_to_try(admission);

	api_error_set(error, 429, "insufficient_quota", NULL, "insufficient_quota",
	    "You exceeded your current quota: the budget of this API key, 'max_budget' %.12g, is "
	    "spent%s.%s",
	    budget, advice.text[0] == '\0' ? ", and it does not begin anew" : "", advice.text);
}

static void too_many(
    struct api_error *error, const struct admission *admission, const char *limit, long most)
{
	bool running = admission->limit == LIMIT_MAX_PARALLEL;

	api_error_set(error, 429, "requests", NULL, "rate_limit_exceeded",
	    "Too many requests of this API key are %s: Limit %ld ('%s').%s",
	    running ? "running" : "waiting", most, limit, when_to_try(admission).text);
}

void limit_error(struct api_error *error, const struct admission *admission,
    const struct key_limits *limits, long long tokens)
{
	switch (admission->limit) {
	case LIMIT_TPM:
		rate_reached(error, admission, &admission->tokens, limits_reserve(limits, tokens));
		break;
	case LIMIT_MAX_BUDGET:
		budget_spent(error, admission, limits->max_budget);
		break;
	case LIMIT_MAX_QUEUE:
		too_many(error, admission, "max_queue", limits->max_queue);
		break;
	case LIMIT_MAX_PARALLEL:
		too_many(error, admission, "max_parallel", limits->max_parallel);
		break;
	case LIMIT_NONE:
	case LIMIT_RPM:
		rate_reached(error, admission, &admission->requests, 1);
		break;
	}
}

static void add_number(limit_header_fn *add, void *ctx, const char *name, long long number)
{
	char text[DECIMAL_SIZE];

	decimal_write(text, number);
	add(ctx, name, text);
}

static void add_duration(limit_header_fn *add, void *ctx, const char *name, long long ms)
{
	char text[LIMIT_DURATION_SIZE];

	limit_duration(text, ms);
	add(ctx, name, text);
}

void limit_headers(const struct admission *admission, limit_header_fn *add, void *ctx)
{
	const struct rate_left *requests = &admission->requests;
	const struct rate_left *tokens = &admission->tokens;

	if (requests->limit != UNLIMITED) {
		add_number(add, ctx, "x-ratelimit-limit-requests", requests->limit);
		add_number(add, ctx, "x-ratelimit-remaining-requests", requests->remaining);
		add_duration(add, ctx, "x-ratelimit-reset-requests", requests->reset_ms);
	}
	if (tokens->limit != UNLIMITED) {
		add_number(add, ctx, "x-ratelimit-limit-tokens", tokens->limit);
		add_number(add, ctx, "x-ratelimit-remaining-tokens", tokens->remaining);
		add_duration(add, ctx, "x-ratelimit-reset-tokens", tokens->reset_ms);
	}
}
