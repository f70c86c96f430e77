#include "messages_usage.h"

#include "common/base/json.h"
#include "common/dialect/members.h"

enum { USAGE_DETAILS = COUNT_OUTPUT + 1, USAGE_TIER, USAGE_MEMBERS };

static const struct span usage_names[USAGE_MEMBERS] = {
    [COUNT_INPUT] = MEMBER_NAME("input_tokens"),
    [COUNT_CACHE_READ] = MEMBER_NAME("cache_read_input_tokens"),
    [COUNT_CACHE_CREATION] = MEMBER_NAME("cache_creation_input_tokens"),
    [COUNT_OUTPUT] = MEMBER_NAME("output_tokens"),
    [USAGE_DETAILS] = MEMBER_NAME("output_tokens_details"),
    [USAGE_TIER] = MEMBER_NAME("service_tier"),
};

enum { DETAIL_THINKING, DETAIL_REASONING, DETAIL_MEMBERS };

static const struct span detail_names[DETAIL_MEMBERS] = {
    [DETAIL_THINKING] = MEMBER_NAME("thinking_tokens"),
    [DETAIL_REASONING] = MEMBER_NAME("reasoning_tokens"),
};

/* Far beyond any answer, and sums of a few of them are no overflow. */
static const long long most_tokens = 1000000000000000;

void messages_usage_init(struct messages_usage *usage)
{
	for (int i = 0; i < MESSAGES_COUNTS; i++)
		usage->counts[i] = -1;
}

/*
 * A running total does not fall: servers that know a number at the beginning only say 0 later.
 * Returns whether the value is a number.
 */
static bool count_came(long long *count, struct span value)
{
	long long number;

	if (!json_integer(value, &number) || number < 0 || number > most_tokens)
		return false;
	if (number > 0 || *count < 0)
		*count = number;
	return true;
}

static void details_came(struct messages_usage *usage, struct span details)
{
	struct span members[DETAIL_MEMBERS] = {{0}};

	if (!members_read(details, detail_names, DETAIL_MEMBERS, members))
		return;
	for (int i = 0; i < DETAIL_MEMBERS; i++)
		count_came(&usage->counts[COUNT_REASONING], members[i]);
}

static long long or_zero(long long count)
{
	return count > 0 ? count : 0;
}

static void tell(const struct messages_usage *usage, struct builder *builder)
{
	const long long *counts = usage->counts;
	struct builder_usage told = {
	    .input = -1,
	    .output = counts[COUNT_OUTPUT],
	    .cached = or_zero(counts[COUNT_CACHE_READ]),
	    .cache_written = or_zero(counts[COUNT_CACHE_CREATION]),
	    .reasoning = or_zero(counts[COUNT_REASONING]),
	};

	if (counts[COUNT_INPUT] >= 0 || told.cached > 0 || told.cache_written > 0)
		told.input = or_zero(counts[COUNT_INPUT]) + told.cached + told.cache_written;
	told.total = or_zero(told.input) + or_zero(told.output);
	builder_usage(builder, &told);
}

/* The Responses API calls the usual tier otherwise. */
static void tier_came(struct span tier, struct builder *builder)
{
	if (json_string_is(tier, "standard"))
		tier = SPAN("\"default\"");
	if (json_is_text(tier))
		builder_service_tier(builder, tier);
}

void messages_usage_came(struct messages_usage *usage, struct span object, struct builder *builder)
{
	struct span members[USAGE_MEMBERS] = {{0}};
	bool says_any = false;

	if (!members_read(object, usage_names, USAGE_MEMBERS, members))
		return;
	for (int i = COUNT_INPUT; i <= COUNT_OUTPUT; i++)
		says_any |= count_came(&usage->counts[i], members[i]);
	details_came(usage, members[USAGE_DETAILS]);
	if (says_any)
		tell(usage, builder);
	tier_came(members[USAGE_TIER], builder);
}
