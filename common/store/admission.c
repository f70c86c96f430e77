#include "admission.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"

#define WITHOUT_RATE                                                                               \
	{                                                                                          \
		.limit = UNLIMITED                                                                 \
	}

const struct admission admission_unlimited = {.requests = WITHOUT_RATE, .tokens = WITHOUT_RATE};

#define WHOLE_MAX 1e15 /* below it each whole number is itself in a double */

/* The elements of a reply, and what the first one is where a limit is reached. */
enum { IS_WHY, IS_WAIT_MS, IS_REQUESTS, IS_TOKENS = IS_REQUESTS + 3, IS_ELEMENTS = IS_TOKENS + 3 };
static const enum limit reasons[] = {
    [4] = LIMIT_RPM,
    [5] = LIMIT_TPM,
    [6] = LIMIT_MAX_QUEUE,
    [7] = LIMIT_MAX_BUDGET,
    [10] = LIMIT_MAX_PARALLEL,
};

bool limits_can_refuse(const struct key_limits *limits)
{
	return limits->rpm != UNLIMITED || limits->tpm != UNLIMITED ||
	       limits->max_parallel != UNLIMITED || limits->max_budget >= 0;
}

long long limits_reserve(const struct key_limits *limits, long long tokens)
{
	if (limits->tpm == UNLIMITED)
		return 0;
	return tokens < limits->tpm ? tokens : limits->tpm;
}

static void write_number(struct buf *out, long long number)
{
	if (number == UNLIMITED)
		buf_putc(out, '-');
	else
		decimal_append(out, number);
	buf_putc(out, ' ');
}

/* Most are whole, and those are written much sooner. */
static void write_real(struct buf *out, double number)
{
	if (number >= 0 && number < WHOLE_MAX && number == (double)(long long)number)
		decimal_append(out, (long long)number);
	else
		buf_printf(out, "%.12g", number);
	buf_putc(out, ' ');
}

void limits_write(struct buf *out, const struct key_limits *limits, long long reserved)
{
	write_number(out, limits->rpm);
	write_number(out, limits->tpm);
	write_number(out, limits->max_parallel);
	write_number(out, limits->max_queue);
	write_real(out, limits->weight);
	if (limits->max_budget < 0) {
		buf_puts(out, "- - ");
	} else {
		write_real(out, limits->max_budget);
		write_number(out, limits->budget_seconds * 1000LL);
	}
	decimal_append(out, reserved);
}

static struct rate_left read_rate(redisReply *const *element)
{
	return (struct rate_left){element[0]->integer, element[1]->integer, element[2]->integer};
}

static enum limit read_reason(long long why)
{
	return why >= 0 && why < (long long)(sizeof(reasons) / sizeof(reasons[0])) ? reasons[why]
										   : LIMIT_NONE;
}

struct admission admission_read(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < IS_ELEMENTS)
		return admission_unlimited;
	return (struct admission){
	    .limit = read_reason(reply->element[IS_WHY]->integer),
	    .wait_ms = reply->element[IS_WAIT_MS]->integer,
	    .requests = read_rate(reply->element + IS_REQUESTS),
	    .tokens = read_rate(reply->element + IS_TOKENS),
	};
}

/* Of so many thousandths that are left: a word, or "-" where there is no limit. */
static struct rate_left rate_of(const char *word, long limit)
{
	struct rate_left rate = WITHOUT_RATE;
	char *end;
	long long left = strtoll(word, &end, 10), all = limit * 1000LL;

	if (end == word || limit == UNLIMITED)
		return rate;
	rate.limit = limit;
	rate.remaining = left > 0 ? left / 1000 : 0;
	rate.reset_ms = left < all ? ((all - left) * 60 + limit - 1) / limit : 0;
	return rate;
}

struct admission admission_granted(const struct key_limits *limits, const char *rates)
{
	struct admission admission = admission_unlimited;
	const char *blank = strchr(rates, ' ');

	admission.requests = rate_of(rates, limits->rpm);
	if (blank != NULL)
		admission.tokens = rate_of(blank + 1, limits->tpm);
	return admission;
}
