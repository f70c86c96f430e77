#include "chat_error.h"

#include <string.h>

#include "common/base/json.h"
#include "common/response/response_error.h"
#include "common/dialect/members.h"

enum { CODE, TYPE, MESSAGE, MSG, DETAIL, PARAM, STATUS, STATUS_CODE, ERROR_MEMBERS };

static const struct span names[ERROR_MEMBERS] = {
    [CODE] = MEMBER_NAME("code"),
    [TYPE] = MEMBER_NAME("type"),
    [MESSAGE] = MEMBER_NAME("message"),
    [MSG] = MEMBER_NAME("msg"),
    [DETAIL] = MEMBER_NAME("detail"),
    [PARAM] = MEMBER_NAME("param"),
    [STATUS] = MEMBER_NAME("status"),
    [STATUS_CODE] = MEMBER_NAME("status_code"),
};

static bool is_word(struct span code)
{
	long long number;

	return json_is_text(code) && !json_integer(json_inside(code), &number);
}

static long find_status(const struct span *error)
{
	static const int places[] = {STATUS, STATUS_CODE, CODE, TYPE};
	long status = 0;

	for (size_t i = 0; status == 0 && i < sizeof(places) / sizeof(places[0]); i++)
		status = response_error_number(error[places[i]]);
	return status;
}

/* The status that the type alone stands for. */
static long status_of_type(struct span type)
{
	struct buf error = {0};
	long status;

	if (!json_is_text(type))
		return 0;
	buf_puts(&error, "{\"type\":");
	buf_append_span(&error, type);
	buf_putc(&error, '}');
	status = response_error_status(buf_span(&error));
	buf_free(&error);
	return status;
}

static void write_string(struct buf *out, const char *name, struct span value)
{
	if (!json_is_text(value))
		return;
	buf_printf(out, ",\"%s\":", name);
	json_canonical(out, value);
}

static struct span message_of(const struct span *error)
{
	static const int places[] = {MESSAGE, MSG, DETAIL};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (json_is_text(error[places[i]]))
			return error[places[i]];
	}
	return SPAN("\"The provider reported an error without saying what it was.\"");
}

static void write_object(struct buf *out, const struct span *error)
{
	long status = find_status(error);

	buf_puts(out, "{\"code\":");
	if (is_word(error[CODE]))
		json_canonical(out, error[CODE]);
	else
		buf_printf(out, "\"%s\"",
		    response_error_code(status != 0 ? status : status_of_type(error[TYPE])));
	write_string(out, "message", message_of(error));
	write_string(out, "type", error[TYPE]);
	write_string(out, "param", error[PARAM]);
	if (status != 0)
		buf_printf(out, ",\"status\":%ld", status);
	buf_putc(out, '}');
}

void chat_error_write(struct buf *out, struct span error)
{
	struct span members[ERROR_MEMBERS];

	if (!members_read(error, names, ERROR_MEMBERS, members)) {
		memset(members, 0, sizeof(members));
		members[MESSAGE] = error;
	}
	write_object(out, members);
}
