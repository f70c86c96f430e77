#include "upstream_internal.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"

static void end_transfers(struct upstream *upstream)
{
	struct upstream_request *request;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(upstream->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		upstream_end_transfer(request, message->data.result);
	}
}

void upstream_hand_to_libcurl(struct upstream_request *request)
{
	CURLMcode code = curl_multi_add_handle(request->upstream->multi, request->easy);

	request->state = RUNNING;
	if (code != CURLM_OK)
		upstream_refuse(request, UPSTREAM_NOT_REACHED, curl_multi_strerror(code));
	else /* what its timer is set for, but within this turn of the loop */
		event_active(&request->upstream->timer, EV_TIMEOUT, 0);
}

void upstream_do_deferred(struct upstream *upstream)
{
	struct upstream_request *request;

	while ((request = LIST_FIRST(&upstream->deferred)) != NULL) {
		LIST_REMOVE(request, deferred_link);
		if (request->state == CANCELLED)
			upstream_request_free(request);
		else
			upstream_hand_to_libcurl(request);
	}
}

/* A piece that comes in several calls of on_body is told of once. */
void upstream_tell_of_news(struct upstream *upstream)
{
	struct upstream_request *request;

	while ((request = LIST_FIRST(&upstream->with_news)) != NULL) {
		LIST_REMOVE(request, news_link);
		request->news = false;
		if (request->call.on_idle != NULL && request->state == RUNNING)
			request->call.on_idle(request->call.ctx);
	}
}

void upstream_note_news(struct upstream_request *request)
{
	if (request->news)
		return;
	request->news = true;
	LIST_INSERT_HEAD(&request->upstream->with_news, request, news_link);
}

void upstream_drive(struct upstream *upstream, curl_socket_t fd, int events)
{
	CURLMcode code;
	int running;

	upstream->in_curl = true;
	code = curl_multi_socket_action(upstream->multi, fd, events, &running);
	upstream->in_curl = false;
	if (code != CURLM_OK)
		log_warnx("libcurl: %s", curl_multi_strerror(code));
	upstream_do_deferred(upstream);
	upstream_tell_of_news(upstream);
	end_transfers(upstream);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *watch = ctx; /* gone when libcurl has closed the socket */
	struct upstream_request *request = watch->request;
	int events = 0;

	if (what & EV_READ)
		events |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		events |= CURL_CSELECT_OUT;
	if (request != NULL && (what & EV_READ) &&
	    !transfer_guard_turn(&request->guard, request->easy))
		upstream_end_by_guard(request);
	else
		upstream_drive(watch->upstream, fd, events);
}

void upstream_on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	upstream_drive(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void leave_watch(struct watch *watch)
{
	if (watch->request != NULL)
		watch->request->watch = NULL;
	watch->request = NULL;
}

static void forget_socket(struct watch *watch)
{
	if (watch == NULL)
		return;
	leave_watch(watch);
	event_del(&watch->event);
	free(watch);
}

/* Notes whose socket it is. A transfer may try several, and has one in the end. */
static void take_watch(struct watch *watch, CURL *easy)
{
	struct upstream_request *request = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&request);
	leave_watch(watch);
	if (request == NULL)
		return;
	if (request->watch != NULL)
		leave_watch(request->watch);
	watch->request = request;
	request->watch = watch;
}

static short events_of(int what)
{
	return (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
}

/* CURLMOPT_SOCKETFUNCTION */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct upstream *upstream = ctx;
	struct watch *watch = socket_ctx;

	if (what == CURL_POLL_REMOVE) {
		forget_socket(watch);
		return 0;
	}
	if (watch != NULL)
		event_del(&watch->event);
	if (watch == NULL) {
		watch = xcalloc(1, sizeof(*watch));
		watch->upstream = upstream;
		curl_multi_assign(upstream->multi, fd, watch);
	}
	take_watch(watch, easy);
	event_assign(&watch->event, upstream->base, fd, events_of(what) | EV_PERSIST,
	    on_socket_ready, watch);
	if (watch->request != NULL && watch->request->held && what == CURL_POLL_IN)
		return 0;
	return event_add(&watch->event, NULL);
}

/* CURLMOPT_TIMERFUNCTION */
static int arm_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct upstream *upstream = ctx;

	(void)multi;
	if (timeout_ms < 0)
		evtimer_del(&upstream->timer);
	else
		upstream_set_timer(&upstream->timer, (double)timeout_ms / 1000);
	return 0;
}

int upstream_set_multi(struct upstream *upstream, int max_connections)
{
	CURLM *multi = upstream->multi;
	int bad = 0;

	bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, upstream);
	bad |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, arm_timer);
	bad |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, upstream);
	/*
	 * One HTTP/2 stream per connection: libcurl 7.88 does not reset a stream that is given up
	 * while others use its connection, nor wake all of them when the connection ends.
	 */
	bad |= curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	bad |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
	return bad;
}
