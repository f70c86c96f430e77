#include "client_error.h"
#include "passage_internal.h"

static const struct {
	enum upstream_end end;
	int status;
	const char *code;
	const char *message;
} failures[] = {
    {UPSTREAM_NOT_ASKED, 502, "invalid_deployment", "The provider cannot be asked"},
    {UPSTREAM_NOT_REACHED, 502, "upstream_unreachable", "The provider cannot be reached"},
    {UPSTREAM_DISCONNECTED, 502, "upstream_disconnected",
	"The connection to the provider broke off before the answer was complete"},
    {UPSTREAM_INVALID, 502, "upstream_invalid", "The provider's answer cannot be taken"},
    {UPSTREAM_TIMEOUT, 504, "upstream_timeout", "The provider took too long"},
};

void passage_send_error(struct passage *passage, const struct api_error *error)
{
	passage_record_error(&passage->record, error);
	client_send_error(&passage->client, passage->request.request_id,
	    passage_has_flag(passage, HANDOVER_NO_BODY), error);
}

void passage_describe_failure(struct api_error *error, enum upstream_end end, const char *why)
{
	size_t i = 0;

	while (failures[i].end != end)
		i++;
	api_error_set(error, failures[i].status, "server_error", NULL, failures[i].code, "%s%s%s.",
	    failures[i].message, why[0] != '\0' ? ": " : "", why);
}

static void tell_failure(struct passage *passage)
{
	struct api_error error;

	if (passage->process_ends)
		api_error_set(&error, 503, "server_error", NULL, "shutting_down",
		    "The server is stopping before the provider has answered.");
	else
		passage_describe_failure(&error, passage->broken_by, passage->error);
	passage_record_error(&passage->record, &error);
	if (!passage->answer.begun) {
		passage_send_error(passage, &error);
	} else if (!answer_break_off(&passage->answer, error.type, error.code, error.message)) {
		answer_flush(&passage->answer);
		client_cut_off(&passage->client);
		passage_end(passage, -1);
	}
}

static void finish(struct passage *passage)
{
	if (passage->success && passage_has_flag(passage, HANDOVER_FORGET) &&
	    passage->host->store != NULL)
		relay_store_forget(
		    passage->host->store, passage->request.forget_id, passage->request.tenant);
	answer_finish(&passage->answer);
}

void passage_conclude(struct passage *passage)
{
	if (passage->outcome == OUTCOME_OPEN || passage->answer.held_up || passage->over)
		return;
	if (passage->outcome == OUTCOME_WHOLE)
		finish(passage);
	else
		tell_failure(passage);
}
