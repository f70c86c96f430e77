#include "messages_error.h"

#include "common/base/json.h"
#include "common/dialect/members.h"
#include "common/response/response_error.h"

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

/* What calls itself by a word keeps its name. */
static void add_code(struct buf *out, const struct span *error)
{
	long status = response_error_number(error[ERROR_CODE]);

	if (status == 0 && json_is_text(error[ERROR_CODE]))
		add_member(out, "code", error[ERROR_CODE]);
	else if (json_is_text(error[ERROR_TYPE]))
		add_member(out, "code", error[ERROR_TYPE]);
	else if (status != 0)
		buf_printf(out, "\"code\":\"%s\"", response_error_code(status));
	if (status != 0) {
		json_write_name(out, SPAN("status"));
		buf_printf(out, "%ld", status);
	}
}

void messages_error_write(struct buf *out, struct span error)
{
	struct span members[ERROR_MEMBERS] = {{0}};

	if (!members_read(error, error_names, ERROR_MEMBERS, members))
		members[ERROR_MESSAGE] = error;
	/* The type of the event, which had no error in it. */
	if (json_string_is(members[ERROR_TYPE], "error"))
		members[ERROR_TYPE] = (struct span){0};
	buf_putc(out, '{');
	add_code(out, members);
	if (json_is_text(members[ERROR_MESSAGE]))
		add_member(out, "message", members[ERROR_MESSAGE]);
	if (json_is_text(members[ERROR_TYPE]))
		add_member(out, "type", members[ERROR_TYPE]);
	buf_putc(out, '}');
}
