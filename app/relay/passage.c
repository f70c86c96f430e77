#include "passage_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/config/model.h"
#include "common/provider/request_body.h"
#include "common/provider/transfer.h"
#include "common/response/api_error.h"

void passage_end(struct passage *passage, int connection)
{
	if (passage->over)
		return;
	passage->over = true;
	errand_stop(&passage->errand);
	passage_stop_remembering(passage);
	LIST_REMOVE(passage, link);
	LIST_INSERT_HEAD(&passage->host->over, passage, link);
	passage->host->count--;
	passage->host->ended(passage->host->ctx, connection, passage->request.unread);
}

/* The client. */

static void on_client_gone(void *ctx, bool stalled)
{
	struct passage *passage = ctx;

	if (stalled)
		log_info("%s: its client has taken nothing for %d s and is let go of",
		    passage->request.request_id, passage_config(passage)->client_timeout);
	passage_end(passage, -1);
}

static void on_client_room(void *ctx)
{
	struct passage *passage = ctx;

	if (passage->errand.call != NULL && passage->remembering == NULL)
		upstream_resume(passage->errand.call);
}

static void on_client_done(void *ctx)
{
	struct passage *passage = ctx;

	passage_end(passage, passage_has_flag(passage, HANDOVER_KEEP)
				 ? client_take_connection(&passage->client)
				 : -1);
}

/* What becomes of a call. */

static bool is_whole(enum upstream_end end)
{
	return end == UPSTREAM_COMPLETE || end == UPSTREAM_UNFRAMED;
}

static bool is_success(long status)
{
	return status >= 200 && status <= 299;
}

/* What has kept a client waiting for long is not to do so again. */
static enum call_failure failure_of(
    const struct passage *passage, enum upstream_end end, long status, double retry_after)
{
	if (end == UPSTREAM_TIMEOUT || end == UPSTREAM_INVALID || end == UPSTREAM_NOT_ASKED)
		return FAILURE_DEPLOYMENT;
	return errand_failure(&passage->errand, is_whole(end) ? status : 0, retry_after);
}

static void on_begin(void *ctx)
{
	struct passage *passage = ctx;
	bool remembers =
	    passage_has_flag(passage, HANDOVER_REMEMBER) && passage->host->store != NULL;

	passage_release_held(passage);
	answer_close(&passage->answer);
	passage->droppable = false;
	passage->answer = (struct answer){
	    .client = &passage->client,
	    .request_id = passage->request.request_id,
	    .without_body = passage_has_flag(passage, HANDOVER_NO_BODY),
	    .secrets = &passage->errand.secrets,
	    .may_hold = passage_may_hold,
	    .on_id = remembers ? passage_on_id : NULL,
	    .ctx = passage,
	};
	answer_open(&passage->answer);
}

static void write_body(void *ctx, struct buf *out)
{
	struct passage *passage = ctx;

	if (passage_has_flag(passage, HANDOVER_CREATES))
		request_body_for(out, passage->request.body, passage->errand.choice.deployment,
		    passage->errand.choice.model);
}

static struct curl_slist *add_headers(void *ctx, struct curl_slist *headers)
{
	const struct handover *request = &((const struct passage *)ctx)->request;
	const struct {
		const char *name;
		const char *value;
	} passed[] = {
	    {"OpenAI-Beta: ", request->openai_beta},
	    {"X-Client-Request-Id: ", request->client_request_id},
	    {"Idempotency-Key: ", request->idempotency_key},
	};

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		if (passed[i].value[0] != '\0')
			headers = transfer_add_value(headers, passed[i].name, passed[i].value);
	}
	return headers;
}

/* An error that another try follows is read for a moment, so that its connection can be kept. */
static bool on_head(void *ctx, CURL *easy, long status)
{
	struct passage *passage = ctx;
	double retry_after = transfer_retry_after(easy);

	answer_on_head(&passage->answer, easy, status);
	passage->droppable =
	    !is_success(status) && errand_would_try_again(&passage->errand,
				       failure_of(passage, UPSTREAM_COMPLETE, status, retry_after));
	return passage->droppable;
}

/* Nothing more is read while what has come cannot go out. */
static void pause_if_full(struct passage *passage)
{
	if (passage->answer.held_up || client_is_full(&passage->client))
		upstream_pause(passage->errand.call);
}

static bool on_body(void *ctx, struct span bytes)
{
	struct passage *passage = ctx;

	if (!answer_on_body(&passage->answer, bytes) || passage->over)
		return false;
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
	pause_if_full(passage);
}

/* Once for each call. An unknown id is not the deployment's fault. */
static void report(struct passage *passage, long status)
{
	if (passage_has_flag(passage, HANDOVER_CREATES) || status != 404)
		errand_tell_health(&passage->errand, status);
}

static void on_end(void *ctx, const struct upstream_result *result)
{
	struct passage *passage = ctx;
	/* What becomes of a stream after its last event is of no interest. */
	enum upstream_end how =
	    answer_is_complete(&passage->answer) ? UPSTREAM_COMPLETE : result->end;
	long status = is_whole(how) ? result->status : 0;
	enum call_failure failure = failure_of(passage, how, result->status, result->retry_after);

	report(passage, status);
	passage->success = is_success(status);
	if (!passage->answer.begun && !passage->success && !passage->answer.held_up &&
	    errand_try_again(&passage->errand, failure, result->retry_after, result->error))
		return;
	passage->outcome = is_whole(how) ? OUTCOME_WHOLE : OUTCOME_BROKEN;
	passage->broken_by = how;
	snprintf(passage->error, sizeof(passage->error), "%s", result->error);
	if (is_whole(how) && !passage->answer.held_up)
		answer_note_whole(&passage->answer);
	passage_conclude(passage);
}

static const struct errand_user errand_user = {
    .add_headers = add_headers,
    .write_body = write_body,
    .on_begin = on_begin,
    .on_head = on_head,
    .on_body = on_body,
    .on_idle = on_idle,
    .on_end = on_end,
};

static struct passage *open_passage(
    struct passage_host *host, struct handover *handover, int connection)
{
	struct passage *passage = xcalloc(1, sizeof(*passage));

	passage->host = host;
	passage->request = *handover;
	*handover = (struct handover){0};
	passage->roster = roster_hold(host->roster);
	passage->client_user =
	    (struct client_user){on_client_gone, on_client_room, on_client_done, passage};
	client_open(&passage->client, host->errand.base, host->watch_delay, connection,
	    passage->request.fcgi_id, passage_config(passage)->client_timeout,
	    &passage->client_user);
	LIST_INSERT_HEAD(&host->open, passage, link);
	host->count++;
	passage_count_request(passage);
	passage->errand = (struct errand){
	    .host = &host->errand,
	    .user = &errand_user,
	    .ctx = passage,
	    .roster = passage->roster,
	    .method = passage->request.method,
	    .path = span_of(passage->request.path),
	    .query = passage->request.query,
	    .accept = passage->request.accept,
	    .streams = passage_has_flag(passage, HANDOVER_STREAMS),
	};
	return passage;
}

static void choose_first(struct passage *passage)
{
	const struct handover *request = &passage->request;
	const struct config *config = passage_config(passage);
	struct attempts *choice = &passage->errand.choice;

	if (passage_has_flag(passage, HANDOVER_ONLY)) {
		attempts_only(choice, config,
		    deployment_by_id(config, span_of(request->deployment)), request->model);
		return;
	}
	attempts_begin(choice, config, &passage->roster->health, request->model);
	if (request->deployment[0] == '\0')
		return;
	if (passage_has_flag(passage, HANDOVER_STAY))
		attempts_stay(choice, request->deployment);
	else
		attempts_prefer(choice, request->deployment);
}

void passage_start(struct passage_host *host, struct handover *handover, int connection)
{
	struct passage *passage = open_passage(host, handover, connection);
	struct api_error error;

	choose_first(passage);
	if (passage->errand.choice.deployment != NULL) {
		errand_begin(&passage->errand);
		return;
	}
	/* The responder saw one: the configuration has changed meanwhile. */
	api_error_set(&error, 503, "server_error", "model", "model_not_configured",
	    "No deployment of the model '%.256s' can be called from here any more.",
	    passage->request.model);
	passage->outcome = OUTCOME_WHOLE;
	passage_send_error(passage, &error);
}

void passage_refuse(struct passage_host *host, struct handover *handover, int connection, int most)
{
	bool is_too_long = !passage_has_room(host, handover);
	struct passage *passage = open_passage(host, handover, connection);
	struct api_error error;

	if (!is_too_long)
		api_error_set(&error, 503, "server_error", NULL, "passthrough_busy",
		    "%d requests are being passed through to providers, as many as may be at once. "
		    "Please try again.",
		    most);
	else
		api_error_set(&error, 503, "server_error", NULL, "passthrough_busy",
		    "The requests that are being passed through to providers are too long "
		    "together. Please try again.");
	passage->outcome = OUTCOME_WHOLE;
	passage_send_error(passage, &error);
}

/* The provider's part is over, and the client has not taken all of the answer yet. */
static void stop_waiting_for_client(struct passage *passage)
{
	client_cut_off(&passage->client);
	passage_end(passage, -1);
}

static void break_off(struct passage *passage)
{
	if (passage->remembering != NULL && passage->outcome != OUTCOME_OPEN) {
		passage_leave_store(passage);
		return;
	}
	if (passage->outcome != OUTCOME_OPEN) {
		stop_waiting_for_client(passage);
		return;
	}
	errand_stop(&passage->errand);
	passage_stop_remembering(passage);
	passage->answer.held_up = false;
	passage->outcome = OUTCOME_BROKEN;
	passage->process_ends = true;
	passage->broken_by = UPSTREAM_DISCONNECTED;
	passage_conclude(passage);
}

/* Calls fn for each that is open; fn may end it. */
static void each(struct passage_host *host, void (*fn)(struct passage *passage))
{
	struct passage *passage = LIST_FIRST(&host->open), *next;

	for (; passage != NULL; passage = next) {
		next = LIST_NEXT(passage, link);
		fn(passage);
	}
}

void passages_break_off(struct passage_host *host)
{
	each(host, break_off);
}

void passages_leave_store(struct passage_host *host)
{
	each(host, passage_leave_store);
}

static void passage_free(struct passage *passage)
{
	LIST_REMOVE(passage, link);
	errand_close(&passage->errand);
	passage_stop_remembering(passage);
	answer_close(&passage->answer);
	passage_release_held(passage);
	client_close(&passage->client);
	passage_forget_request(passage);
	handover_free(&passage->request);
	roster_free(passage->roster);
	free(passage);
}

void passages_reap(struct passage_host *host)
{
	while (!LIST_EMPTY(&host->over))
		passage_free(LIST_FIRST(&host->over));
}

void passage_host_init(struct passage_host *host)
{
	host->watch_delay = client_watch_delay(host->errand.base);
	LIST_INIT(&host->open);
	LIST_INIT(&host->over);
}

void passage_host_close(struct passage_host *host)
{
	passages_reap(host);
	while (!LIST_EMPTY(&host->open))
		passage_free(LIST_FIRST(&host->open));
}
