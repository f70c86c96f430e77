#include "retried.h"

#include "common/base/json.h"
#include "create_request.h"
#include "response.h"

/* As the client has sent it, but for its input and what it continued. */
static void write_body(struct buf *body, const char *model, struct span request)
{
	buf_puts(body, "{\"model\":");
	json_quote(body, span_of(model));
	buf_puts(body, ",\"background\":true");
	if (request.len != 0)
		buf_putc(body, ',');
	buf_append_span(body, request);
	buf_putc(body, '}');
}

bool response_retried(struct buf *out, const char *id, time_t created_at, const char *model,
    struct span request, struct span failed)
{
	struct create_request again;
	struct api_error error;
	struct buf body = {0};
	bool read;

	write_body(&body, model, request);
	read = create_request_parse(&again, buf_span(&body), &error);
	if (read) {
		again.fields[RESPONSE_PREVIOUS_RESPONSE_ID] =
		    json_get(failed, response_field_name(RESPONSE_PREVIOUS_RESPONSE_ID));
		response_initial(out, id, created_at, again.fields);
		create_request_free(&again);
	}
	buf_free(&body);
	return read;
}
