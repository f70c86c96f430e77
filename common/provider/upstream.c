#include "upstream_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "transfer.h"

enum {
	DETACHED_SECONDS = 1, /* for the end of an answer that nobody waits for */
	DETACHED_BYTES = 65536,
};

void upstream_set_timer(struct event *timer, double seconds)
{
	struct timeval delay = {INT_MAX, 0};

	if (seconds < INT_MAX) {
		delay.tv_sec = (time_t)seconds;
		delay.tv_usec = (suseconds_t)((seconds - (double)delay.tv_sec) * 1e6);
	}
	evtimer_add(timer, &delay);
}

/*
 * libcurl closes the connection of an HTTP/1 request that it gives up, but keeps one of HTTP/2 and
 * lets its stream go on. As connections are not shared, that one can be closed as well.
 */
static void do_not_keep_connection(struct upstream_request *request)
{
	if (request->easy != NULL)
		curl_easy_setopt(request->easy, CURLOPT_FORBID_REUSE, 1L);
}

void upstream_close_transfer(struct upstream_request *request)
{
	do_not_keep_connection(request);
	if (request->easy != NULL)
		curl_multi_remove_handle(request->upstream->multi, request->easy);
}

void upstream_request_free(struct upstream_request *request)
{
	if (request->upstream->reading == request)
		request->upstream->reading = NULL;
	upstream_close_transfer(request);
	if (request->watch != NULL)
		request->watch->request = NULL;
	if (request->news)
		LIST_REMOVE(request, news_link);
	upstream_lift_address_limits(request);
	upstream_give_handle_back(request->upstream, request->easy);
	curl_slist_free_all(request->headers);
	event_del(&request->timer);
	LIST_REMOVE(request, link);
	buf_free(&request->body);
	free(request);
}

static int set_method(CURL *easy, struct upstream_request *request, const char *method)
{
	bool is_plain = strcmp(method, "POST") == 0 || strcmp(method, "GET") == 0;
	int bad = (int)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_plain ? NULL : method);

	if (strcmp(method, "POST") != 0)
		return bad | (int)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	bad |=
	    (int)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	return bad | (int)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_cstr(&request->body));
}

static bool set_request(struct upstream_request *request, const struct upstream_call *call)
{
	CURL *easy = request->easy;
	int bad = set_method(easy, request, call->method);

	bad |= (int)curl_easy_setopt(easy, CURLOPT_URL, call->url);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
	return bad == 0 && (call->refuse_address == NULL || upstream_limit_addresses(request));
}

static bool set_up(struct upstream_request *request, const struct upstream_call *call)
{
	struct curl_slist *headers = call->headers;

	headers = transfer_add_value(headers, "Accept: ", call->accept);
	/* Do not ask for leave before sending the body. */
	request->headers = transfer_add_header(headers, "Expect:");
	request->body = *call->body;
	*call->body = (struct buf){0};
	return request->easy != NULL && set_request(request, call);
}

static void launch(struct upstream_request *request)
{
	struct upstream *upstream = request->upstream;

	upstream_set_timer(&request->timer, transfer_guard_time_left(&request->guard));
	if (upstream->in_curl) {
		request->state = STARTING;
		LIST_INSERT_HEAD(&upstream->deferred, request, deferred_link);
	} else {
		upstream_hand_to_libcurl(request);
	}
}

struct upstream_request *upstream_start(struct upstream *upstream, const struct upstream_call *call)
{
	struct upstream_request *request = xcalloc(1, sizeof(*request));

	request->upstream = upstream;
	request->call = *call;
	transfer_guard_begin(&request->guard, call->times);
	LIST_INSERT_HEAD(&upstream->requests, request, link);
	evtimer_assign(&request->timer, upstream->base, upstream_on_request_timer, request);
	request->easy = upstream_take_handle(upstream);
	if (call->fault != NULL)
		upstream_refuse(request, UPSTREAM_NOT_ASKED, call->fault);
	else if (set_up(request, call))
		launch(request);
	else
		upstream_refuse(
		    request, UPSTREAM_NOT_REACHED, "libcurl does not take the request's options");
	return request;
}

void upstream_cancel(struct upstream_request *request)
{
	struct upstream *upstream = request->upstream;

	if (request->state == CANCELLED || request->state == ENDED)
		return;
	if (!upstream->in_curl) {
		upstream_request_free(request);
		return;
	}
	do_not_keep_connection(request);
	if (request->state != STARTING)
		LIST_INSERT_HEAD(&upstream->deferred, request, deferred_link);
	request->state = CANCELLED;
}

void upstream_hold(struct upstream_request *request)
{
	if (request->watch == NULL || request->held ||
	    event_get_events(&request->watch->event) != (EV_READ | EV_PERSIST))
		return;
	request->held = true;
	event_del(&request->watch->event);
}

static void stop_holding(struct upstream_request *request)
{
	if (request->held && request->watch != NULL)
		event_add(&request->watch->event, NULL);
	request->held = false;
}

bool upstream_read(struct upstream_request *request)
{
	struct upstream *upstream = request->upstream;

	if (!request->held || request->watch == NULL) {
		stop_holding(request);
		return true;
	}
	request->held = false;
	upstream->reading = request;
	upstream_drive(upstream, event_get_fd(&request->watch->event), CURL_CSELECT_IN);
	if (upstream->reading == NULL)
		return false;
	upstream->reading = NULL;
	if (!request->held && request->watch != NULL)
		event_add(&request->watch->event, NULL);
	return true;
}

/* The curl handle runs callbacks from within this, and may end nothing while it does. */
static void set_pause(struct upstream_request *request, int what)
{
	struct upstream *upstream = request->upstream;
	bool nested = upstream->in_curl;

	upstream->in_curl = true;
	curl_easy_pause(request->easy, what);
	upstream->in_curl = nested;
}

void upstream_pause(struct upstream_request *request)
{
	request->paused = true;
}

void upstream_resume(struct upstream_request *request)
{
	struct upstream *upstream = request->upstream;

	if (!request->paused)
		return;
	request->paused = false;
	request->guard.last_byte = monotonic_seconds();
	set_pause(request, CURLPAUSE_CONT);
	/* Within a callback, who drives libcurl does the rest. */
	if (upstream->in_curl)
		return;
	upstream_do_deferred(upstream);
	upstream_tell_of_news(upstream);
}

static bool ignore_head(void *ctx, CURL *easy, long status)
{
	(void)ctx;
	(void)easy;
	(void)status;
	return false;
}

static bool discard_body(void *ctx, struct span bytes)
{
	struct upstream_request *request = ctx;

	request->discarded += bytes.len;
	return request->discarded <= DETACHED_BYTES;
}

static void ignore_end(void *ctx, const struct upstream_result *result)
{
	(void)ctx;
	(void)result;
}

/* The timer looks again how long to wait. */
void upstream_note_event(struct upstream_request *request)
{
	if (request->guard.times.first_event == 0)
		return;
	transfer_guard_note_event(&request->guard);
	upstream_set_timer(&request->timer, 0);
}

void upstream_be_patient(struct upstream_request *request)
{
	transfer_guard_be_patient(&request->guard);
	upstream_set_timer(&request->timer, 0);
}

void upstream_detach(struct upstream_request *request)
{
	const struct transfer_times times = {
	    .whole = DETACHED_SECONDS, .silence = DETACHED_SECONDS};

	request->call = (struct upstream_call){
	    .on_head = ignore_head,
	    .on_body = discard_body,
	    .on_end = ignore_end,
	    .ctx = request,
	};
	transfer_guard_restart(&request->guard, times);
	upstream_set_timer(&request->timer, DETACHED_SECONDS);
	stop_holding(request);
	upstream_resume(request);
}

struct upstream *upstream_new(struct event_base *base, int max_connections)
{
	struct upstream *upstream;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	upstream = xcalloc(1, sizeof(*upstream));
	upstream->base = base;
	upstream->ca_file = transfer_ca_file();
	evtimer_assign(&upstream->timer, base, upstream_on_timer, upstream);
	upstream->multi = curl_multi_init();
	if (upstream->multi != NULL && upstream_set_multi(upstream, max_connections) == 0)
		return upstream;
	upstream_free(upstream);
	return NULL;
}

void upstream_free(struct upstream *upstream)
{
	struct upstream_request *request;

	while ((request = LIST_FIRST(&upstream->requests)) != NULL)
		upstream_request_free(request);
	if (upstream->multi != NULL)
		curl_multi_cleanup(upstream->multi);
	while (upstream->spare_count > 0)
		curl_easy_cleanup(upstream->spare[--upstream->spare_count]);
	event_del(&upstream->timer);
	free(upstream);
	curl_global_cleanup();
}
