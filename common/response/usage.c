#include "usage.h"

#include "common/base/json.h"

long long usage_tokens(long long told)
{
	return told >= 0 && told <= USAGE_MOST ? told : -1;
}

bool usage_is_told(const struct usage *usage)
{
	return usage->input >= 0 || usage->output >= 0;
}

static long long number_of(struct span object, const char *name)
{
	long long number;

	return json_integer(json_get(object, name), &number) ? usage_tokens(number) : -1;
}

struct usage usage_read(struct span usage)
{
	return (struct usage){
	    .input = number_of(usage, "input_tokens"),
	    .output = number_of(usage, "output_tokens"),
	    .cached = number_of(json_get(usage, "input_tokens_details"), "cached_tokens"),
	    .reasoning = number_of(json_get(usage, "output_tokens_details"), "reasoning_tokens"),
	};
}
