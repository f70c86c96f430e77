#include "chat_usage.h"

#include "common/base/json.h"
#include "common/dialect/members.h"

enum {
	PROMPT_TOKENS,
	INPUT_TOKENS,
	COMPLETION_TOKENS,
	OUTPUT_TOKENS,
	TOTAL_TOKENS,
	CACHED_TOKENS,
	PROMPT_CACHE_HIT_TOKENS,
	CACHE_READ_INPUT_TOKENS,
	CACHE_WRITE_TOKENS,
	CACHE_CREATION_TOKENS,
	CACHE_CREATION_INPUT_TOKENS,
	REASONING_TOKENS,
	PROMPT_TOKENS_DETAILS,
	INPUT_TOKENS_DETAILS,
	COMPLETION_TOKENS_DETAILS,
	OUTPUT_TOKENS_DETAILS,
	USAGE_MEMBERS
};

/* All may stand in usage, and those of details in these. */
static const struct span names[USAGE_MEMBERS] = {
    [PROMPT_TOKENS] = MEMBER_NAME("prompt_tokens"),
    [INPUT_TOKENS] = MEMBER_NAME("input_tokens"),
    [COMPLETION_TOKENS] = MEMBER_NAME("completion_tokens"),
    [OUTPUT_TOKENS] = MEMBER_NAME("output_tokens"),
    [TOTAL_TOKENS] = MEMBER_NAME("total_tokens"),
    [CACHED_TOKENS] = MEMBER_NAME("cached_tokens"),
    [PROMPT_CACHE_HIT_TOKENS] = MEMBER_NAME("prompt_cache_hit_tokens"),
    [CACHE_READ_INPUT_TOKENS] = MEMBER_NAME("cache_read_input_tokens"),
    [CACHE_WRITE_TOKENS] = MEMBER_NAME("cache_write_tokens"),
    [CACHE_CREATION_TOKENS] = MEMBER_NAME("cache_creation_tokens"),
    [CACHE_CREATION_INPUT_TOKENS] = MEMBER_NAME("cache_creation_input_tokens"),
    [REASONING_TOKENS] = MEMBER_NAME("reasoning_tokens"),
    [PROMPT_TOKENS_DETAILS] = MEMBER_NAME("prompt_tokens_details"),
    [INPUT_TOKENS_DETAILS] = MEMBER_NAME("input_tokens_details"),
    [COMPLETION_TOKENS_DETAILS] = MEMBER_NAME("completion_tokens_details"),
    [OUTPUT_TOKENS_DETAILS] = MEMBER_NAME("output_tokens_details"),
};

/* No provider counts further, and sums stay within long long. */
static const long long most_tokens = 1000000000000000;

static long long count_of(struct span value)
{
	long long count;

	return json_integer(value, &count) && count >= 0 && count <= most_tokens ? count : -1;
}

/* The first that is told, of a list that ends with USAGE_MEMBERS. */
static long long first_of(const struct span *members, const int *which)
{
	long long count = -1;

	for (; count < 0 && *which != USAGE_MEMBERS; which++)
		count = count_of(members[*which]);
	return count;
}

static long long first_in(struct span details, const int *which)
{
	struct span members[USAGE_MEMBERS];

	if (json_type(details) != JSON_OBJECT ||
	    !members_read(details, names, USAGE_MEMBERS, members))
		return -1;
	return first_of(members, which);
}

static const int input[] = {PROMPT_TOKENS, INPUT_TOKENS, USAGE_MEMBERS};
static const int output[] = {COMPLETION_TOKENS, OUTPUT_TOKENS, USAGE_MEMBERS};
static const int total[] = {TOTAL_TOKENS, USAGE_MEMBERS};
static const int cached[] = {
    CACHED_TOKENS, PROMPT_CACHE_HIT_TOKENS, CACHE_READ_INPUT_TOKENS, USAGE_MEMBERS};
static const int cache_written[] = {
    CACHE_WRITE_TOKENS, CACHE_CREATION_TOKENS, CACHE_CREATION_INPUT_TOKENS, USAGE_MEMBERS};
static const int reasoning[] = {REASONING_TOKENS, USAGE_MEMBERS};

/* In the details, else beside them. */
static long long detail(
    const struct span *members, int details, int other_details, const int *which)
{
	long long count = first_in(members[details], which);

	if (count < 0)
		count = first_in(members[other_details], which);
	return count >= 0 ? count : first_of(members, which);
}

static void complete(struct builder_usage *usage)
{
	if (usage->output == 0 && usage->total > usage->input && usage->input >= 0)
		usage->output = usage->total - usage->input;
	if (usage->total < 0 && usage->input >= 0 && usage->output >= 0)
		usage->total = usage->input + usage->output;
}

bool chat_usage_read(struct span usage, struct builder_usage *out)
{
	struct span members[USAGE_MEMBERS];

	if (json_type(usage) != JSON_OBJECT || !members_read(usage, names, USAGE_MEMBERS, members))
		return false;
	*out = (struct builder_usage){
	    .input = first_of(members, input),
	    .output = first_of(members, output),
	    .total = first_of(members, total),
	    .cached = detail(members, PROMPT_TOKENS_DETAILS, INPUT_TOKENS_DETAILS, cached),
	    .cache_written =
		detail(members, PROMPT_TOKENS_DETAILS, INPUT_TOKENS_DETAILS, cache_written),
	    .reasoning =
		detail(members, COMPLETION_TOKENS_DETAILS, OUTPUT_TOKENS_DETAILS, reasoning),
	};
	complete(out);
	return out->input >= 0 || out->output >= 0 || out->total >= 0;
}
