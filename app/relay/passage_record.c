#include "passage_record.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/dialect/translation.h"
#include "common/response/response_record.h"
#include "common/response/usage.h"
#include "passage_internal.h"

enum { LONGEST_ERROR = 65536 }; /* bytes that are looked into for its code */

void passage_record_begin(struct passage_record *record)
{
	*record = (struct passage_record){
	    .began_ms = monotonic_ms(), .input_tokens = LOG_UNKNOWN, .output_tokens = LOG_UNKNOWN};
}

void passage_record_call(struct passage_record *record, const struct deployment *deployment)
{
	record->calls++;
	record->deployment = deployment;
	record->first_ms = 0;
	record->error_code[0] = '\0';
}

void passage_record_first(struct passage_record *record)
{
	if (record->first_ms == 0)
		record->first_ms = monotonic_ms();
}

void passage_record_error(struct passage_record *record, const struct api_error *error)
{
	record->http_status = error->status;
	snprintf(record->error_code, sizeof(record->error_code), "%s",
	    error->code != NULL ? error->code : "");
}

void passage_record_provider_error(struct passage_record *record, struct span body)
{
	struct span error, code;

	if (body.len > LONGEST_ERROR || !json_check(body, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return;
	error = json_get(body, "error");
	if (json_type(error) != JSON_OBJECT)
		error = body;
	code = json_get(error, "code");
	if (json_type(code) != JSON_STRING)
		code = json_get(error, "type");
	response_record_code(record->error_code, code);
}

static long long http_status(const struct passage *passage)
{
	if (passage->answer.begun)
		return passage->answer.status;
	return passage->record.http_status != 0 ? passage->record.http_status : LOG_UNKNOWN;
}

/* That of the response, where the last event of a stream says so. */
const char *passage_status(const struct passage *passage)
{
	const char *said;

	if (passage->record.client_left)
		return "cancelled";
	if (passage->outcome != OUTCOME_WHOLE || !passage->success)
		return "failed";
	if (passage->translated.translation != NULL)
		return response_status_name(passage->translated.fold.status);
	said = passage->answer.lines.status;
	return said != NULL ? said : "completed";
}

/* What was made of a translated answer tells more than there is to see in passing. */
static void read_made(struct passage_record *record, const struct translated *translated)
{
	const struct fold *fold = &translated->fold;
	struct usage usage;

	if (!translated->is_readable)
		return;
	usage = translation_usage(translated->translation, fold);
	record->input_tokens = usage.input;
	record->output_tokens = usage.output;
	if (record->error_code[0] == '\0' && fold->status == STATUS_FAILED)
		passage_record_provider_error(record, fold_error(fold));
}

void passage_record_write(struct passage *passage)
{
	struct passage_record *noted = &passage->record;
	struct response_record record = RESPONSE_RECORD_UNKNOWN;

	if (passage->translated.translation != NULL) {
		read_made(noted, &passage->translated);
	} else {
		noted->input_tokens = passage->usage.input;
		noted->output_tokens = passage->usage.output;
	}
	record.tenant = passage->request.tenant;
	record.model = passage->request.model;
	record.deployment = noted->deployment != NULL ? noted->deployment->label : NULL;
	record.status = passage_status(passage);
	record.attempts = noted->calls;
	if (noted->first_ms != 0)
		record.first_event_ms = noted->first_ms - noted->began_ms;
	record.total_ms = monotonic_ms() - noted->began_ms;
	record.input_tokens = noted->input_tokens;
	record.output_tokens = noted->output_tokens;
	if (noted->error_code[0] != '\0')
		record.error_code = noted->error_code;
	record.request_id =
	    passage->answer.begun ? passage->answer.head.request_id : passage->request.request_id;
	record.http_status = http_status(passage);
	log_request_passed(&record);
}
