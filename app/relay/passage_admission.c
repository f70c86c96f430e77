#include <string.h>

#include "client_error.h"
#include "common/config/config_tenants.h"
#include "common/config/model.h"
#include "common/response/token_estimate.h"
#include "common/response/use.h"
#include "common/store/limit_error.h"
#include "passage_internal.h"

/* Whether it makes a provider answer with tokens. */
static bool takes_tokens(const struct passage *passage)
{
	return passage_has_flag(passage, HANDOVER_CREATES) &&
	       strcmp(passage->request.path, "responses/input_tokens") != 0;
}

static const struct key_limits *limits_of(const struct passage *passage)
{
	return &tenant_of(passage_config(passage), passage->request.tenant)->limits;
}

static struct passed_through description(const struct passage *passage)
{
	return (struct passed_through){
	    passage->request.tenant, model_label(passage_config(passage), passage->request.model)};
}

static long long expected_tokens(const struct passage *passage, const struct key_limits *limits)
{
	return limits->tpm != UNLIMITED ? token_estimate_of_body(passage->request.body) : 0;
}

static void refuse(struct passage *passage, const struct admission *admission)
{
	const struct key_limits *limits = limits_of(passage);
	struct api_error error;

	limit_error(&error, admission, limits, expected_tokens(passage, limits));
	passage_record_error(&passage->record, &error);
	passage->outcome = OUTCOME_WHOLE;
	client_send_limited(&passage->client, passage->request.request_id,
	    passage_has_flag(passage, HANDOVER_NO_BODY), &error, admission);
}

/* Nobody knows, and it may, if admission is NULL. */
static void on_judged(void *ctx, const struct admission *admission)
{
	struct passage *passage = ctx;

	passage->waits_for_ticket = false;
	if (admission == NULL || admission->limit == LIMIT_NONE) {
		errand_begin(&passage->errand);
		return;
	}
	passage->ticket = NULL;
	passage->counts = false;
	refuse(passage, admission);
}

static void ask(struct passage *passage, const struct key_limits *limits)
{
	const struct passed_through what = description(passage);

	passage->ticket = relay_admissions_ask(relay_store_admissions(passage->host->store), &what,
	    limits, expected_tokens(passage, limits), on_judged, passage);
	passage->waits_for_ticket = passage->ticket != NULL;
}

static void ask_if_limited(struct passage *passage)
{
	const struct key_limits *limits = limits_of(passage);

	if (limits_can_refuse(limits))
		ask(passage, limits);
}

void passage_begin(struct passage *passage)
{
	passage->counts = takes_tokens(passage);
	if (passage->counts && passage->host->store != NULL)
		ask_if_limited(passage);
	if (!passage->waits_for_ticket)
		errand_begin(&passage->errand);
}

void passage_stop_asking(struct passage *passage)
{
	if (passage->waits_for_ticket)
		ticket_abandon(passage->ticket);
	passage->waits_for_ticket = false;
}

static struct use use_of_passage(const struct passage *passage)
{
	const struct passage_record *record = &passage->record;
	const struct deployment *deployment = record->deployment;
	const struct usage usage = {.input = record->input_tokens, .output = record->output_tokens};

	if (deployment == NULL)
		return (struct use){0};
	return use_of(&usage, deployment->input_cost, deployment->output_cost);
}

static void settle(struct passage *passage)
{
	const struct passed_through what = description(passage);
	struct settlement settlement = {
	    .cancelled = passage->record.client_left, .use = use_of_passage(passage)};

	settlement.failed = !settlement.cancelled && strcmp(passage_status(passage), "failed") == 0;
	relay_admissions_settle(
	    relay_store_admissions(passage->host->store), passage->ticket, &what, &settlement);
	passage->ticket = NULL;
}

void passage_settle(struct passage *passage)
{
	passage_stop_asking(passage);
	if (passage->counts && passage->host->store != NULL)
		settle(passage);
}

void passage_leave_admission(struct passage *passage)
{
	bool waited = passage->waits_for_ticket;

	passage_stop_asking(passage);
	passage->ticket = NULL;
	if (waited)
		errand_begin(&passage->errand);
}
