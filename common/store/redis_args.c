#include "redis_args.h"

#include "common/base/decimal.h"
#include "common/base/log.h"

void redis_args_add_span(struct redis_args *args, struct span value)
{
	if (args->count == REDIS_ARGS_MAX)
		fatalx("a Redis command has more than %d arguments", REDIS_ARGS_MAX);
	args->values[args->count] = value.p != NULL ? value.p : "";
	args->lengths[args->count++] = value.len;
}

void redis_args_add(struct redis_args *args, const char *value)
{
	redis_args_add_span(args, span_of(value));
}

void redis_args_add_number(struct redis_args *args, long long value)
{
	char *text;

	if (args->number_count == REDIS_ARGS_NUMBERS)
		fatalx("a Redis command has more than %d numbers", REDIS_ARGS_NUMBERS);
	text = args->numbers[args->number_count++];
	redis_args_add_span(args, (struct span){text, decimal_write(text, value)});
}

void redis_args_script(struct redis_args *args, enum script script, int keys)
{
	redis_args_add(args, "EVALSHA");
	redis_args_add(args, script_sha(script));
	redis_args_add_number(args, keys);
	args->first_key = args->count;
}

struct span redis_args_key(const struct redis_args *args)
{
	int key = args->first_key != 0 ? args->first_key : 1;

	if (key >= args->count)
		return (struct span){0};
	return (struct span){args->values[key], args->lengths[key]};
}
