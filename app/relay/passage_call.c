#include "passage_internal.h"

#include <stdio.h>

#include "common/dialect/sealed_items.h"
#include "common/provider/api_path.h"
#include "common/provider/client_headers.h"
#include "common/provider/maker.h"
#include "common/provider/refusal.h"
#include "common/provider/request_body.h"
#include "common/provider/transfer.h"

static bool is_whole(enum upstream_end end)
{
	return end == UPSTREAM_COMPLETE || end == UPSTREAM_UNFRAMED;
}

static bool is_success(long status)
{
	return status >= 200 && status <= 299;
}

/* What has kept a client waiting for long is not to do so again. */
static enum call_failure failure_of(const struct passage *passage, enum upstream_end end,
    long status, double retry_after, struct span error)
{
	if (end == UPSTREAM_TIMEOUT || end == UPSTREAM_INVALID || end == UPSTREAM_NOT_ASKED)
		return FAILURE_DEPLOYMENT;
	return errand_failure(&passage->errand, is_whole(end) ? status : 0, retry_after, error);
}

static bool awaits_event(const struct passage *passage)
{
	const struct attempts *choice = &passage->errand.choice;

	return choice->deployment != NULL &&
	       (choice->stream_timeout > 0 || choice->deployment->stream_timeout > 0);
}

/* Where there is no choice, nothing can be sent to anybody else. */
static bool has_choice(const struct passage *passage)
{
	return passage->errand.choice.own != NULL ||
	       maker_matters(passage_config(passage), passage->request.model);
}

void passage_reset_answer(struct passage *passage)
{
	bool notes = passage->host->store != NULL && passage->translated.translation == NULL;

	passage_release_held(passage);
	answer_close(&passage->answer);
	passage->answer = (struct answer){
	    .client = &passage->client,
	    .request_id = passage->request.request_id,
	    .without_body = passage_has_flag(passage, HANDOVER_NO_BODY),
	    .is_chat = api_path_is_chat(passage->errand.path),
	    .secrets = &passage->errand.secrets,
	    .may_hold = passage_may_hold,
	    .on_id = notes && passage_has_flag(passage, HANDOVER_REMEMBER) ? passage_on_id : NULL,
	    .on_sealed = notes && has_choice(passage) ? passage_on_sealed : NULL,
	    .ctx = passage,
	    .awaits_event = passage->translated.translation == NULL && awaits_event(passage),
	};
	answer_open(&passage->answer);
	usage_finder_close(&passage->usage);
}

/* Whatever a deployment speaks. */
static bool creates_response(const struct passage *passage)
{
	return passage_has_flag(passage, HANDOVER_CREATES) &&
	       !passage_has_flag(passage, HANDOVER_UNTRANSLATED);
}

static void on_begin(void *ctx)
{
	struct passage *passage = ctx;

	passage->droppable = false;
	passage_record_call(&passage->record, passage->errand.choice.deployment);
	if (creates_response(passage))
		passage_open_translated(passage);
	passage_reset_answer(passage);
}

/* As the client has spelled it. */
static void write_as_spelled(const struct passage *passage, struct buf *out)
{
	const struct deployment *deployment = passage->errand.choice.deployment;
	const char *model = passage->errand.choice.model;
	struct span body = passage->request.body;
	const bool is_beside_chat = api_path_is_beside_chat(passage->errand.path);

	if (api_path_is_chat(passage->errand.path))
		request_body_for_chat(out, body, deployment, model);
	else if (passage_has_flag(passage, HANDOVER_UNTRANSLATED))
		request_body_for_others(out, body, deployment, model);
	else
		request_body_for(out, body, deployment, model);
	if (!is_beside_chat)
		sealed_items_leave_out(out);
	if (is_beside_chat || creates_response(passage))
		request_body_add_extra(out, deployment);
}

static const char *write_body(void *ctx, struct buf *out)
{
	struct passage *passage = ctx;

	if (passage->translated.translation != NULL)
		return passage_write_translated(passage, out);
	if (passage_has_flag(passage, HANDOVER_VERBATIM))
		buf_append_span(out, passage->request.body);
	if (passage_has_flag(passage, HANDOVER_CREATES))
		write_as_spelled(passage, out);
	return NULL;
}

static struct curl_slist *add_headers(void *ctx, struct curl_slist *headers)
{
	const struct passage *passage = ctx;

	return client_headers_add(
	    headers, span_of(passage->request.headers), passage->translated.translation != NULL);
}

/* What bounds the wait for the rest. */
static void tell_what_comes(struct passage *passage, long status)
{
	bool is_stream = passage->translated.translation != NULL
			     ? passage->translated.kind == BODY_OF_EVENTS
			     : passage->answer.is_stream;

	if (!is_success(status))
		errand_note_event(&passage->errand);
	else if (!is_stream)
		errand_be_patient(&passage->errand);
}

/*
 * An error that another try follows is read for a moment, so that its connection can be kept; one
 * that is translated as well, as it goes out when it is over. Of one that puts the request at fault
 * the body says whether another try follows: it is held, as all that is no stream, until it is
 * whole.
 */
static bool on_head(void *ctx, CURL *easy, long status)
{
	struct passage *passage = ctx;
	double retry_after = transfer_retry_after(easy);
	const bool is_translated = passage->translated.translation != NULL;

	if (is_translated)
		translated_on_head(&passage->translated, easy, status);
	else
		answer_on_head(&passage->answer, easy, status);
	tell_what_comes(passage, status);
	passage->droppable = !is_success(status) && errand_would_try_again(&passage->errand,
							failure_of(passage, UPSTREAM_COMPLETE,
							    status, retry_after, (struct span){0}));
	return passage->droppable || (is_translated && !is_success(status));
}

/* Nothing more is read while what has come cannot go out. */
static void pause_if_full(struct passage *passage)
{
	if (passage->errand.call != NULL &&
	    (passage->answer.held_up || client_is_full(&passage->client)))
		upstream_pause(passage->errand.call);
}

static bool on_body(void *ctx, struct span bytes)
{
	struct passage *passage = ctx;

	passage_record_first(&passage->record);
	if (passage->translated.translation != NULL) {
		if (!passage_on_translated_body(passage, bytes))
			return false;
		pause_if_full(passage);
		return true;
	}
	if (passage->counts)
		usage_finder_feed(&passage->usage, bytes);
	if (!answer_on_body(&passage->answer, bytes) || passage->over)
		return false;
	if (passage->answer.lines.eventful)
		errand_note_event(&passage->errand);
	pause_if_full(passage);
	return true;
}

static void on_idle(void *ctx)
{
	struct passage *passage = ctx;

	if (!answer_flush(&passage->answer) || passage->over)
		return;
	if (passage->answer.begun)
		passage_forget_request(passage);
	/* What was held has gone out, unless it waits for the client. */
	if (passage->answer.begun && !client_is_full(&passage->client) &&
	    passage->translated.translation == NULL)
		passage_release_held(passage);
	pause_if_full(passage);
}

/* That an id is unknown, or a path, says nothing of what else the deployment does. */
void passage_tell_health(struct passage *passage, long status)
{
	if (creates_response(passage) || status != 404)
		errand_tell_health(&passage->errand, status);
}

static const char *why(const struct upstream_result *result, char room[48])
{
	if (result->error[0] != '\0')
		return result->error;
	snprintf(room, 48, "the provider answered HTTP %ld", result->status);
	return room;
}

static void on_untranslated_end(struct passage *passage, const struct upstream_result *result)
{
	/* What becomes of a stream after its last event is of no interest. */
	enum upstream_end how =
	    answer_is_complete(&passage->answer) ? UPSTREAM_COMPLETE : result->end;
	long status = is_whole(how) ? result->status : 0;
	struct span body = buf_span(&passage->answer.body);
	double retry_after = refusal_retry_after(result->retry_after, body);
	enum call_failure failure = failure_of(passage, how, result->status, retry_after, body);
	char room[48];

	if (answer_is_complete(&passage->answer))
		errand_note_outcome(&passage->errand, call_outcome_of_status(result->status));
	errand_tell_limit(&passage->errand, status, retry_after, body);
	passage_tell_health(passage, status);
	passage->success = is_success(status);
	if (!passage->answer.begun && !passage->success && !passage->answer.held_up &&
	    errand_try_again(&passage->errand, failure, retry_after, why(result, room)))
		return;
	if (!passage->success)
		passage_record_provider_error(&passage->record, body);
	passage->outcome = is_whole(how) ? OUTCOME_WHOLE : OUTCOME_BROKEN;
	passage->broken_by = how;
	snprintf(passage->error, sizeof(passage->error), "%s", result->error);
	if (is_whole(how) && !passage->answer.held_up)
		answer_note_whole(&passage->answer);
	passage_conclude(passage);
}

static void on_end(void *ctx, const struct upstream_result *result)
{
	struct passage *passage = ctx;

	if (passage->translated.translation != NULL)
		passage_on_translated_end(passage, result);
	else
		on_untranslated_end(passage, result);
}

const struct errand_user passage_errand_user = {
    .add_headers = add_headers,
    .write_body = write_body,
    .on_begin = on_begin,
    .on_head = on_head,
    .on_body = on_body,
    .on_idle = on_idle,
    .on_end = on_end,
};
