#include "upstream_body.h"

#include "common/response/create_request.h"
#include "request_body.h"

/*
 * The members of rest as they are spelled, joined by commas, but those not to be sent there, and
 * with those that the deployment has by default.
 */
static void add_members(
    struct buf *out, const struct deployment *deployment, const char *model, struct span rest)
{
	struct buf object = {0};

	if (deployment->dropped_count == 0 && !deployment->drops_by_model &&
	    deployment->default_count == 0) {
		buf_append_span(out, rest);
		return;
	}
	buf_putc(&object, '{');
	buf_append_span(&object, rest);
	buf_putc(&object, '}');
	request_body_add_members(out, buf_span(&object), deployment, model);
	buf_free(&object);
}

void upstream_body(struct buf *out, const struct deployment *deployment, const char *model,
    struct span rest, struct span context, struct span input)
{
	size_t before;

	buf_puts(out, "{\"model\":");
	request_body_add_model(out, deployment, model);
	buf_puts(out, ",\"stream\":true,");
	before = out->len;
	add_members(out, deployment, model, rest);
	if (out->len == before)
		out->len--; /* the comma */
	if (context.len != 0 || input.len != 0)
		buf_puts(out, ",\"input\":");
	create_request_write_input(out, context, input);
	buf_putc(out, '}');
}
