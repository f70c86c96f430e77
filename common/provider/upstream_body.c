#include "upstream_body.h"

#include <stdlib.h>

#include "common/response/create_request.h"
#include "common/base/json.h"
#include "common/config/model.h"

static void add_kept(
    struct buf *out, const struct deployment *deployment, const char *model, struct span object)
{
	struct json_scan scan = json_open(object, 0);
	struct span name, value;
	struct buf scratch = {0};
	bool any = false;

	while (json_member(&scan, &name, &value)) {
		if (deployment_drops(deployment, model, json_name(&scratch, name)))
			continue;
		if (any)
			buf_putc(out, ',');
		any = true;
		buf_putc(out, '"');
		buf_append_span(out, name);
		buf_puts(out, "\":");
		buf_append_span(out, value);
	}
	buf_free(&scratch);
}

/* The members of rest as they are spelled, joined by commas, but those not to be sent there. */
static void add_members(
    struct buf *out, const struct deployment *deployment, const char *model, struct span rest)
{
	struct buf object = {0};

	if (deployment->dropped_count == 0 && !deployment->drops_by_model) {
		buf_append_span(out, rest);
		return;
	}
	buf_putc(&object, '{');
	buf_append_span(&object, rest);
	buf_putc(&object, '}');
	add_kept(out, deployment, model, buf_span(&object));
	buf_free(&object);
}

void upstream_body(struct buf *out, const struct deployment *deployment, const char *model,
    struct span rest, struct span context, struct span input)
{
	char *name = model_upstream_name(deployment, model);
	size_t before;

	buf_puts(out, "{\"model\":");
	json_quote(out, span_of(name));
	free(name);
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
