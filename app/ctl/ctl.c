#include "ctl.h"

#include <stdarg.h>
#include <stdio.h>

#include "shown_text.h"

/* More than a line of any command takes. */
enum { LONGEST_LINE = 2048 };

static void tell(const char *format, va_list args)
{
	char text[LONGEST_LINE];
	struct buf line = {0};

	vsnprintf(text, sizeof(text), format, args);
	shown_line(&line, span_of(text));
	fflush(stdout);
	fprintf(stderr, "respoolctl: %s\n", buf_cstr(&line));
	buf_free(&line);
}

int ctl_with_store(struct ctl *ctl, int (*run)(struct ctl *ctl))
{
	int status;

	if (!ctl->config->redis.enabled)
		return ctl_refuse("%s: " CTL_NO_REDIS, ctl->config_path);
	ctl->store = store_open(&ctl->config->redis);
	store_use_webhooks(ctl->store, &ctl->config->webhooks);
	status = run(ctl);
	store_close(ctl->store);
	ctl->store = NULL;
	return status;
}

int ctl_refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(format, args);
	va_end(args);
	return CTL_REFUSED;
}

void ctl_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(format, args);
	va_end(args);
}

int ctl_unavailable(const struct ctl *ctl)
{
	return ctl_refuse("Redis: %s", store_error(ctl->store));
}

const char *ctl_status_name(enum response_status status)
{
	return status < STATUS_COUNT ? response_status_name(status) : "unknown";
}

void ctl_print(struct span text)
{
	fwrite(text.p, 1, text.len, stdout);
	putchar('\n');
}
