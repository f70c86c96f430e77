#include "maker_command.h"

#include <string.h>

void maker_write(struct buf *out, const char *deployment, const char *model)
{
	buf_printf(out, "%s %s", deployment, model);
}

bool maker_read(struct stored_maker *maker, struct span stored)
{
	const char *blank = stored.len > 0 ? memchr(stored.p, ' ', stored.len) : NULL;
	size_t len = blank != NULL ? (size_t)(blank - stored.p) : 0;

	if (len == 0)
		return false;
	maker->deployment = (struct span){stored.p, len};
	maker->model = (struct span){blank + 1, stored.len - len - 1};
	return true;
}

void maker_args(struct redis_args *args, const char *key, struct span value, long ttl)
{
	redis_args_add(args, "SET");
	redis_args_add(args, key);
	redis_args_add_span(args, value);
	redis_args_add(args, "EX");
	redis_args_add_number(args, ttl);
}
