#include "use.h"

static long long told(long long tokens)
{
	return tokens > 0 ? tokens : 0;
}

void use_write(struct buf *out, const struct usage *usage, double input_cost, double output_cost)
{
	long long input = told(usage->input), output = told(usage->output);

	buf_printf(out, "%lld,%lld,%.12g", input, output,
	    (double)input * input_cost + (double)output * output_cost);
}
