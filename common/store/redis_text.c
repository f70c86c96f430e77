#include "redis_text.h"

#include <string.h>

#include "common/base/decimal.h"

/* Of a line that says a number. */
enum { LINE_MAX_LEN = sizeof("$\r\n") - 1 + DECIMAL_SIZE - 1 };

static char *put_line(char *p, char kind, size_t number)
{
	*p++ = kind;
	p += decimal_write(p, (long long)number);
	*p++ = '\r';
	*p++ = '\n';
	return p;
}

void redis_text_begin(struct buf *out, int count)
{
	char *p = buf_reserve(out, LINE_MAX_LEN);

	out->len += (size_t)(put_line(p, '*', (size_t)count) - p);
}

void redis_text_argument(struct buf *out, struct span argument)
{
	char *begin = buf_reserve(out, LINE_MAX_LEN + argument.len + 2);
	char *p = put_line(begin, '$', argument.len);

	if (argument.len > 0)
		memcpy(p, argument.p, argument.len);
	p += argument.len;
	*p++ = '\r';
	*p++ = '\n';
	out->len += (size_t)(p - begin);
}

void redis_text_number(struct buf *out, long long number)
{
	char text[DECIMAL_SIZE];

	redis_text_argument(out, (struct span){text, decimal_write(text, number)});
}

/* How much room it takes at most. */
static size_t room_for(const struct redis_args *args)
{
	size_t room = LINE_MAX_LEN + 1;

	for (int i = 0; i < args->count; i++)
		room += LINE_MAX_LEN + args->lengths[i] + 2;
	return room;
}

void redis_text_command(struct buf *out, const struct redis_args *args)
{
	buf_reserve(out, room_for(args));
	redis_text_begin(out, args->count);
	for (int i = 0; i < args->count; i++)
		redis_text_argument(out, (struct span){args->values[i], args->lengths[i]});
	buf_cstr(out);
}
