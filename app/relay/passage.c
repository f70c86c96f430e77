#include "passage_internal.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/config/model.h"
#include "common/provider/api_path.h"

void passage_end(struct passage *passage, int connection)
{
	if (passage->over)
		return;
	passage->over = true;
	if (passage->errand.call != NULL && answer_is_complete(&passage->answer))
		errand_note_outcome(&passage->errand, CALL_SUCCESS);
	passage_record_write(passage);
	passage_settle(passage);
	errand_stop(&passage->errand);
	passage_stop_remembering(passage);
	LIST_REMOVE(passage, link);
	LIST_INSERT_HEAD(&passage->host->over, passage, link);
	passage->host->count--;
	passage->host->ended(passage->host->ctx, connection, passage->request.unread);
}

static void on_client_gone(void *ctx, bool stalled)
{
	struct passage *passage = ctx;

	if (stalled)
		log_info("%s: its client has taken nothing for %d s and is let go of",
		    passage->request.request_id, passage_config(passage)->client_timeout);
	passage->record.client_left = true;
	passage_end(passage, -1);
}

static void on_client_room(void *ctx)
{
	struct passage *passage = ctx;

	if (passage->translated.translation == NULL)
		passage_release_held(passage);
	if (passage->errand.call != NULL && !passage_waits_for_store(passage))
		upstream_resume(passage->errand.call);
}

static void on_client_done(void *ctx)
{
	struct passage *passage = ctx;

	passage_end(passage, passage_has_flag(passage, HANDOVER_KEEP)
				 ? client_take_connection(&passage->client)
				 : -1);
}

static struct passage *open_passage(
    struct passage_host *host, struct handover *handover, int connection)
{
	struct passage *passage = xcalloc(1, sizeof(*passage));

	passage->host = host;
	passage_record_begin(&passage->record);
	usage_finder_begin(&passage->usage);
	passage->request = *handover;
	*handover = (struct handover){0};
	passage->roster = roster_hold(host->roster);
	passage->client_user =
	    (struct client_user){on_client_gone, on_client_room, on_client_done, passage};
	client_open(&passage->client, host->errand.base, host->watch_delay, connection,
	    passage->request.fcgi_id, passage_config(passage)->client_timeout,
	    &passage->client_user);
	passage->client.ahead = passage->request.unread.len > 0;
	LIST_INSERT_HEAD(&host->open, passage, link);
	host->count++;
	passage_count_request(passage);
	passage->errand = (struct errand){
	    .host = &host->errand,
	    .user = &passage_errand_user,
	    .ctx = passage,
	    .roster = passage->roster,
	    .request_id = passage->request.request_id,
	    .method = passage->request.method,
	    .path = span_of(passage->request.path),
	    .query = passage->request.query,
	    .accept = passage->request.accept,
	    .streams = passage_has_flag(passage, HANDOVER_STREAMS),
	};
	return passage;
}

static void begin_attempts(struct passage *passage)
{
	const struct handover *request = &passage->request;
	struct gateway_members members = GATEWAY_MEMBERS_INIT;
	struct api_error error;

	if (request->obeyed[0] != '\0')
		gateway_members_read(&members, span_of(request->obeyed), &error);
	attempts_begin(&passage->errand.choice, passage_config(passage), &passage->roster->health,
	    &(struct attempts_request){.model = request->model,
		.apis = api_path_apis(span_of(request->path)),
		.members = &members});
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
	begin_attempts(passage);
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
		passage_begin(passage);
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
	if (passage_waits_for_store(passage) && passage->outcome != OUTCOME_OPEN) {
		passage_leave_store(passage);
		return;
	}
	if (passage->outcome != OUTCOME_OPEN) {
		stop_waiting_for_client(passage);
		return;
	}
	passage_stop_asking(passage);
	errand_stop(&passage->errand);
	passage_stop_remembering(passage);
	if (passage_break_off_translated(passage))
		return;
	/* What has begun to go out goes on with what is held up, as it may end within an event. */
	if (passage->answer.held_up && passage->answer.begun)
		answer_go_on(&passage->answer);
	if (passage->over)
		return;
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

static void leave_store(struct passage *passage)
{
	passage_leave_admission(passage);
	passage_leave_store(passage);
}

void passages_leave_store(struct passage_host *host)
{
	each(host, leave_store);
}

static void passage_free(struct passage *passage)
{
	LIST_REMOVE(passage, link);
	errand_close(&passage->errand);
	passage_stop_asking(passage);
	passage_stop_remembering(passage);
	usage_finder_close(&passage->usage);
	buf_free(&passage->noted);
	translated_close(&passage->translated);
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
