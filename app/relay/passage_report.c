#include "common/base/clock.h"
#include "common/base/log.h"
#include "passage_internal.h"

static const char *state_of(const struct passage *passage)
{
	if (passage->outcome != OUTCOME_OPEN)
		return passage_waits_for_store(passage) ? "waiting_for_redis" : "ending";
	if (passage->waits_for_ticket)
		return "waiting_for_redis";
	if (passage->errand.call == NULL)
		return "waiting_to_call";
	if (passage->answer.held_up)
		return "waiting_for_redis";
	if (passage->record.first_ms == 0)
		return "asking";
	return client_is_full(&passage->client) ? "waiting_for_client" : "answering";
}

static void report(const struct passage *passage)
{
	const struct passage_record *record = &passage->record;
	const struct deployment *deployment = record->deployment;
	const struct log_field fields[] = {
	    LOG_TEXT("request_id", passage->request.request_id),
	    LOG_TEXT("tenant", passage->request.tenant),
	    LOG_TEXT("model", passage->request.model),
	    LOG_TEXT("deployment", deployment != NULL ? deployment->label : NULL),
	    LOG_TEXT("state", state_of(passage)),
	    LOG_NUMBER("attempts", record->calls),
	    LOG_NUMBER("since_ms", monotonic_ms() - record->began_ms),
	    LOG_NUMBER("events", passage->answer.lines.events),
	    LOG_NUMBER("held_bytes", (long long)passage->held),
	    LOG_NUMBER("unsent_bytes", (long long)client_waiting(&passage->client)),
	};

	log_event("passage_state", fields, sizeof(fields) / sizeof(fields[0]));
}

void passages_report(const struct passage_host *host, int most)
{
	const struct passage *passage = LIST_FIRST(&host->open);

	for (; passage != NULL && most > 0; passage = LIST_NEXT(passage, link), most--)
		report(passage);
}
