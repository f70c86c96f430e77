#include "queued_end.h"

#include "common/response/response_record.h"

void queued_end_log(
    const struct handlers *handlers, const char *id, const char *tenant, const char *status)
{
	const struct queued_end *end = store_queued_end(handlers->store);
	struct response_record record = RESPONSE_RECORD_UNKNOWN;
	struct buf model = {0}, request_id = {0};

	if (end == NULL)
		return;
	buf_append_span(&model, end->model);
	buf_append_span(&request_id, end->request_id);
	record.id = id;
	record.tenant = tenant;
	record.model = buf_cstr(&model);
	record.status = status;
	record.attempts = end->attempts;
	if (end->attempts == 0)
		record.queued_ms = end->age_ms;
	record.total_ms = end->age_ms;
	record.request_id = request_id.len > 0 ? buf_cstr(&request_id) : NULL;
	log_response_ended(&record);
	buf_free(&model);
	buf_free(&request_id);
}
