#include "call_arguments.h"

#include "common/base/json.h"

/* FNV-1a, over characters. */
static void count(struct call_arguments *arguments, unsigned c)
{
	if (arguments->length++ == 0)
		arguments->hash = 0xcbf29ce484222325;
	arguments->hash = (arguments->hash ^ c) * 0x100000001b3;
}

static void add_in_string(struct call_arguments *arguments, unsigned c)
{
	if (arguments->escaped)
		arguments->escaped = false;
	else if (c == '\\')
		arguments->escaped = true;
	else if (c == '"')
		arguments->in_string = false;
}

static void add_between(struct call_arguments *arguments, unsigned c)
{
	if (arguments->length == 0)
		arguments->is_object = c == '{';
	if (c == '"')
		arguments->in_string = true;
	else if (c == '{' || c == '[')
		arguments->depth++;
	else if ((c == '}' || c == ']') && --arguments->depth == 0)
		arguments->whole = arguments->is_object;
}

void call_arguments_add(struct call_arguments *arguments, struct span piece)
{
	while (piece.len > 0) {
		unsigned c = json_take_char(&piece);

		if (!arguments->in_string && json_is_blank(c))
			continue;
		if (arguments->in_string)
			add_in_string(arguments, c);
		else
			add_between(arguments, c);
		count(arguments, c);
	}
}

bool call_arguments_equal(const struct call_arguments *a, const struct call_arguments *b)
{
	return a->length > 0 && a->length == b->length && a->hash == b->hash;
}

bool call_arguments_are_empty(const struct call_arguments *arguments)
{
	return arguments->whole && arguments->length == 2;
}
