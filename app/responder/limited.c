#include "limited.h"

#include "answers.h"
#include "common/store/limit_error.h"

static void add_header(void *ctx, const char *name, const char *value)
{
	reply_header(ctx, name, value);
}

static void write_header(void *ctx, const char *name, const char *value)
{
	buf_printf(ctx, "%s: %s\r\n", name, value);
}

void limited_add_headers(struct handlers *handlers)
{
	limit_headers(store_admission(handlers->store), add_header, &handlers->reply);
}

void limited_write_headers(const struct handlers *handlers, struct buf *lines)
{
	limit_headers(store_admission(handlers->store), write_header, lines);
}

void limited_answer(struct handlers *handlers, const struct new_job *job)
{
	const struct admission *admission = store_admission(handlers->store);
	struct api_error error;

	limit_error(&error, admission, job->limits, job->expected_tokens);
	reply_retry_after(&handlers->reply, limit_retry_after(admission));
	limited_add_headers(handlers);
	answer_error(handlers, &error);
}
