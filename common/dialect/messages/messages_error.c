#include "messages_error.h"

#include "common/base/json.h"
#include "common/dialect/members.h"

enum { ERROR_CODE, ERROR_TYPE, ERROR_MESSAGE, ERROR_MEMBERS };

static const struct span error_names[ERROR_MEMBERS] = {
    [ERROR_CODE] = MEMBER_NAME("code"),
    [ERROR_TYPE] = MEMBER_NAME("type"),
    [ERROR_MESSAGE] = MEMBER_NAME("message"),
};

static void add_member(struct buf *out, const char *name, struct span value)
{
	json_write_name(out, span_of(name));
	json_canonical(out, value);
}

void messages_error_write(struct buf *out, struct span error)
{
	struct span members[ERROR_MEMBERS] = {{0}}, code;

	if (!members_read(error, error_names, ERROR_MEMBERS, members))
		members[ERROR_MESSAGE] = error;
	/* The type of the event, which had no error in it. */
	if (json_string_is(members[ERROR_TYPE], "error"))
		members[ERROR_TYPE] = (struct span){0};
	code = members[ERROR_CODE];
	if (!is_text(code) && json_type(code) != JSON_NUMBER)
		code = members[ERROR_TYPE];
	buf_putc(out, '{');
	if (code.len > 0)
		add_member(out, "code", code);
	if (is_text(members[ERROR_MESSAGE]))
		add_member(out, "message", members[ERROR_MESSAGE]);
	if (is_text(members[ERROR_TYPE]))
		add_member(out, "type", members[ERROR_TYPE]);
	buf_putc(out, '}');
}
