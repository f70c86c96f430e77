#include "usage_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"
#include "counts.h"

static bool take_number(long long *out, struct span *text)
{
	enum { MOST_DIGITS = 16 }; /* as many as Lua's numbers have */

	return decimal_take(text, MOST_DIGITS, out) && span_skip(text, " ");
}

static bool read_cost(double *out, struct span text)
{
	char number[32], *end;

	if (text.len == 0 || text.len >= sizeof(number) || text.p[0] < '0' || text.p[0] > '9')
		return false;
	memcpy(number, text.p, text.len);
	number[text.len] = '\0';
	*out = strtod(number, &end);
	return end == number + text.len && isfinite(*out);
}

bool usage_line_read(struct usage_line *out, struct span whose, struct span numbers)
{
	out->label = whose;
	if (!span_split(&out->label, COUNTS_SEPARATOR, &out->tenant) || out->label.len == 0 ||
	    memchr(whose.p, '\0', whose.len) != NULL)
		return false;
	return take_number(&out->requests, &numbers) && take_number(&out->failed, &numbers) &&
	       take_number(&out->cancelled, &numbers) &&
	       take_number(&out->input_tokens, &numbers) &&
	       take_number(&out->output_tokens, &numbers) && read_cost(&out->cost, numbers);
}
