#include "request_body.h"

#include <stdlib.h>

#include "common/base/json.h"
#include "common/config/model.h"
#include "common/response/gateway_members.h"

void request_body_add_model(struct buf *out, const struct deployment *deployment, const char *model)
{
	char *name = model_upstream_name(deployment, model);

	json_quote(out, span_of(name));
	free(name);
}

void request_body_add_members(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model)
{
	struct json_scan scan = json_open(body, 0);
	struct span key, name, value;
	struct buf scratch = {0};
	const char *separator = "\"";

	while (json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		if (gateway_member_is_ours(name) || deployment_drops(deployment, model, name))
			continue;
		buf_puts(out, separator);
		buf_append_span(out, key);
		buf_puts(out, "\":");
		if (span_is(name, "model"))
			request_body_add_model(out, deployment, model);
		else
			buf_append_span(out, value);
		separator = ",\"";
	}
	buf_free(&scratch);
}

void request_body_for(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model)
{
	buf_reserve(out, body.len + 64);
	buf_putc(out, '{');
	request_body_add_members(out, body, deployment, model);
	buf_putc(out, '}');
}
