#include "messages_error.h"

#include "common/base/json.h"
#include "common/response/response_error.h"
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

/* A server that only imitates the API may have a number of HTTP in the place of a code. */
static bool add_status(struct buf *out, struct span code)
{
	long long status;

	if (!json_integer(code, &status) || status < 400 || status > 599)
		return false;
	buf_printf(
	    out, "\"code\":\"%s\",\"status\":%lld", response_error_code((long)status), status);
	return true;
}

void messages_error_write(struct buf *out, struct span error)
{
	struct span members[ERROR_MEMBERS] = {{0}}, code;

	if (!members_read(error, error_names, ERROR_MEMBERS, members))
		members[ERROR_MESSAGE] = error;
	/* The type of the event, which had no error in it. */
	if (json_string_is(members[ERROR_TYPE], "error"))
		members[ERROR_TYPE] = (struct span){0};
	code = is_text(members[ERROR_CODE]) ? members[ERROR_CODE] : members[ERROR_TYPE];
	buf_putc(out, '{');
	if (!add_status(out, members[ERROR_CODE]) && code.len > 0)
		add_member(out, "code", code);
	if (is_text(members[ERROR_MESSAGE]))
		add_member(out, "message", members[ERROR_MESSAGE]);
	if (is_text(members[ERROR_TYPE]))
		add_member(out, "type", members[ERROR_TYPE]);
	buf_putc(out, '}');
}
