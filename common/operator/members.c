#include "members.h"

#include "common/base/json.h"

void member_name(struct buf *out, const char *name)
{
	json_write_name(out, span_of(name));
}

void member_text(struct buf *out, const char *name, const char *value)
{
	if (value == NULL) {
		member_null(out, name);
		return;
	}
	member_name(out, name);
	json_quote(out, span_of(value));
}

void member_number(struct buf *out, const char *name, long long value)
{
	member_name(out, name);
	buf_printf(out, "%lld", value);
}

void member_bool(struct buf *out, const char *name, bool value)
{
	member_name(out, name);
	buf_puts(out, value ? "true" : "false");
}

void member_seconds(struct buf *out, const char *name, long long ms)
{
	ms = ms > 0 ? ms : 0;
	member_number(out, name, ms / 1000);
	if (ms % 1000 != 0)
		buf_printf(out, ".%03lld", ms % 1000);
}

void member_null(struct buf *out, const char *name)
{
	member_name(out, name);
	buf_puts(out, "null");
}
