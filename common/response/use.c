#include "use.h"

static long long told(long long tokens)
{
	return tokens > 0 ? tokens : 0;
}

struct use use_of(const struct usage *usage, double input_cost, double output_cost)
{
	struct use use = {.input = told(usage->input), .output = told(usage->output)};

	use.cost = (double)use.input * input_cost + (double)use.output * output_cost;
	return use;
}

void use_write(struct buf *out, const struct use *use)
{
	buf_printf(out, "%lld,%lld,%.12g", use->input, use->output, use->cost);
}
