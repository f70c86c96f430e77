#include "upstream.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/event_struct.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "transfer.h"
#include "transfer_guard.h"

enum {
	MOST_SPARE = 32,
	DETACHED_SECONDS = 1, /* for the end of an answer that nobody waits for */
	DETACHED_BYTES = 65536,
	/* A whole TLS record: with less, libcurl 7.88 loses sight of the rest in HTTP/2. */
	RECEIVE_BYTES = 16384,
	SEND_BYTES = 16384, /* the least that libcurl takes */
};

enum request_state {
	REFUSED,  /* was never given to libcurl; its timer reports that */
	STARTING, /* started from a callback: deferred */
	RUNNING,
	CANCELLED, /* from a callback: deferred */
	ENDED,     /* on_end is running */
};

struct upstream_request {
	struct upstream *upstream;
	LIST_ENTRY(upstream_request) link;          /* of upstream->requests */
	LIST_ENTRY(upstream_request) deferred_link; /* of upstream->deferred */
	enum request_state state;
	enum upstream_end refused_as; /* where state is REFUSED */
	struct upstream_call call;    /* only its callbacks are still valid */
	struct transfer_guard guard;
	CURL *easy;
	struct watch *watch; /* of the socket that it reads from; NULL if there is none */
	bool held;           /* the socket is not looked at */
	bool paused;         /* by upstream_pause() */
	bool news;           /* since the last on_idle; it is in upstream->with_news */
	LIST_ENTRY(upstream_request) news_link;
	struct curl_slist *headers;
	struct buf body;    /* empty once it has been sent */
	struct event timer; /* looks for a time-out; re-armed only when it fires */
	bool answered;      /* a status line has come */
	bool headed;        /* the final head has come */
	size_t discarded;   /* bytes that came after upstream_detach() */
	char error[CURL_ERROR_SIZE];
};

LIST_HEAD(request_list, upstream_request);

struct upstream {
	struct event_base *base;
	CURLM *multi;
	const char *ca_file; /* NULL for libcurl's default */
	struct event timer;
	struct request_list requests;
	/* What libcurl forbids inside its callbacks, to be done when it has returned. */
	struct request_list deferred;
	struct request_list with_news;
	bool in_curl;
	CURL *spare[MOST_SPARE]; /* handles for the next requests */
	int spare_count;
	struct upstream_request *reading; /* by upstream_read(); NULL once it has ended */
};

/* A socket that libcurl wants to be told about. */
struct watch {
	struct event event;
	struct upstream *upstream;
	struct upstream_request *request; /* that uses it; NULL for a connection that is kept */
};

static void set_timer(struct event *timer, double seconds)
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

static void close_transfer(struct upstream_request *request)
{
	do_not_keep_connection(request);
	if (request->easy != NULL)
		curl_multi_remove_handle(request->upstream->multi, request->easy);
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx);
static size_t on_data(char *p, size_t size, size_t count, void *ctx);

/* What holds for all requests is set once: a handle that is used again keeps it. */
static bool set_up_handle(const struct upstream *upstream, CURL *easy)
{
	int bad = !transfer_set_up(easy, upstream->ca_file);

	bad |= (int)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	return bad == 0;
}

/* NULL if libcurl refuses what we need. */
static CURL *take_handle(struct upstream *upstream)
{
	CURL *easy;

	if (upstream->spare_count > 0)
		return upstream->spare[--upstream->spare_count];
	easy = curl_easy_init();
	if (easy == NULL)
		fatalx("out of memory");
	if (set_up_handle(upstream, easy))
		return easy;
	curl_easy_cleanup(easy);
	return NULL;
}

/* Whatever belongs to the request that is over is replaced by the next one, or goes now. */
static void give_handle_back(struct upstream *upstream, CURL *easy)
{
	if (easy == NULL)
		return;
	if (upstream->spare_count == MOST_SPARE) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
	upstream->spare[upstream->spare_count++] = easy;
}

static void request_free(struct upstream_request *request)
{
	if (request->upstream->reading == request)
		request->upstream->reading = NULL;
	close_transfer(request);
	if (request->watch != NULL)
		request->watch->request = NULL;
	if (request->news)
		LIST_REMOVE(request, news_link);
	give_handle_back(request->upstream, request->easy);
	curl_slist_free_all(request->headers);
	event_del(&request->timer);
	LIST_REMOVE(request, link);
	buf_free(&request->body);
	free(request);
}

static enum upstream_end how_it_ended(const struct upstream_request *request, CURLcode code)
{
	if (code != CURLE_OK || !request->headed)
		return request->answered ? UPSTREAM_DISCONNECTED : UPSTREAM_NOT_REACHED;
	return transfer_is_framed(request->easy) ? UPSTREAM_COMPLETE : UPSTREAM_UNFRAMED;
}

static void report_end(struct upstream_request *request, enum upstream_end end, const char *error)
{
	struct upstream_result result = {.end = end, .retry_after = -1, .error = error};

	if (request->headed) {
		curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &result.status);
		result.retry_after = transfer_retry_after(request->easy);
	}
	/* First, so that what on_end starts finds the connection free. */
	close_transfer(request);
	request->state = ENDED;
	request->call.on_end(request->call.ctx, &result);
	request_free(request);
}

static const enum upstream_end guarded_ends[] = {
    [TRANSFER_ENOUGH] = UPSTREAM_COMPLETE,
    [TRANSFER_LATE] = UPSTREAM_TIMEOUT,
    [TRANSFER_INVALID] = UPSTREAM_INVALID,
};

static void end_by_guard(struct upstream_request *request)
{
	report_end(request, guarded_ends[request->guard.end], request->guard.error);
}

static void end_transfer(struct upstream_request *request, CURLcode code)
{
	const char *error = "";
	enum upstream_end end;

	transfer_guard_note_code(&request->guard, code);
	if (request->guard.end != TRANSFER_GOES_ON) {
		end_by_guard(request);
		return;
	}
	end = how_it_ended(request, code);
	if (request->error[0] != '\0' && code != CURLE_OK)
		error = request->error;
	else if (code != CURLE_OK)
		error = curl_easy_strerror(code);
	else if (end == UPSTREAM_UNFRAMED)
		error = "the connection closed, and nothing tells whether the answer was whole";
	else if (end != UPSTREAM_COMPLETE)
		error = "the connection closed before the answer's head was whole";
	report_end(request, end, error);
}

static void end_transfers(struct upstream *upstream)
{
	struct upstream_request *request;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(upstream->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		end_transfer(request, message->data.result);
	}
}

static void refuse(struct upstream_request *request, enum upstream_end end, const char *error)
{
	request->state = REFUSED;
	request->refused_as = end;
	snprintf(request->error, sizeof(request->error), "%s", error);
	set_timer(&request->timer, 0);
}

static void hand_to_libcurl(struct upstream_request *request)
{
	CURLMcode code = curl_multi_add_handle(request->upstream->multi, request->easy);

	request->state = RUNNING;
	if (code != CURLM_OK)
		refuse(request, UPSTREAM_NOT_REACHED, curl_multi_strerror(code));
	else /* what its timer is set for, but within this turn of the loop */
		event_active(&request->upstream->timer, EV_TIMEOUT, 0);
}

static void do_deferred(struct upstream *upstream)
{
	struct upstream_request *request;

	while ((request = LIST_FIRST(&upstream->deferred)) != NULL) {
		LIST_REMOVE(request, deferred_link);
		if (request->state == CANCELLED)
			request_free(request);
		else
			hand_to_libcurl(request);
	}
}

/* A piece that comes in several calls of on_body is told of once. */
static void tell_of_news(struct upstream *upstream)
{
	struct upstream_request *request;

	while ((request = LIST_FIRST(&upstream->with_news)) != NULL) {
		LIST_REMOVE(request, news_link);
		request->news = false;
		if (request->call.on_idle != NULL && request->state == RUNNING)
			request->call.on_idle(request->call.ctx);
	}
}

static void note_news(struct upstream_request *request)
{
	if (request->news)
		return;
	request->news = true;
	LIST_INSERT_HEAD(&request->upstream->with_news, request, news_link);
}

static void drive(struct upstream *upstream, curl_socket_t fd, int events)
{
	CURLMcode code;
	int running;

	upstream->in_curl = true;
	code = curl_multi_socket_action(upstream->multi, fd, events, &running);
	upstream->in_curl = false;
	if (code != CURLM_OK)
		log_warnx("libcurl: %s", curl_multi_strerror(code));
	do_deferred(upstream);
	tell_of_news(upstream);
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
		end_by_guard(request);
	else
		drive(watch->upstream, fd, events);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	drive(ctx, CURL_SOCKET_TIMEOUT, 0);
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
		set_timer(&upstream->timer, (double)timeout_ms / 1000);
	return 0;
}

static void take_head(struct upstream_request *request)
{
	long status = 0;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	/* 101 ends HTTP on this connection, and we never asked for that. */
	if (status == 101 || status > 599)
		transfer_guard_refuse(&request->guard, "its status is %ld", status);
	if (status < 200 || status > 599)
		return;
	request->headed = true;
	if (!request->call.on_head(request->call.ctx, request->easy, status))
		return;
	transfer_guard_be_brief(&request->guard);
	set_timer(&request->timer, 0); /* it is to look again how long to wait */
}

/* CURLOPT_HEADERFUNCTION: called for each line, and for those of trailers. */
static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct upstream_request *request = ctx;
	size_t len = size * count;

	if (request->state != RUNNING)
		return 0;
	request->answered = true;
	if (!transfer_guard_header(&request->guard, (struct span){p, len}))
		return 0;
	if (!request->headed && (p[0] == '\r' || p[0] == '\n'))
		take_head(request);
	return request->state == RUNNING && request->guard.end == TRANSFER_GOES_ON ? len : 0;
}

/*
 * Once an answer's body comes libcurl will not send the request again. Streams last for minutes,
 * and requests may be large.
 */
static void free_sent_body(struct upstream_request *request)
{
	curl_off_t sent = 0;

	if (request->body.len == 0)
		return;
	curl_easy_getinfo(request->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if ((size_t)sent < request->body.len)
		return;
	buf_free(&request->body);
}

/* CURLOPT_WRITEFUNCTION */
static size_t on_data(char *p, size_t size, size_t count, void *ctx)
{
	struct upstream_request *request = ctx;
	size_t len = size * count;
	bool more;

	if (request->state != RUNNING)
		return 0;
	if (request->paused)
		return CURL_WRITEFUNC_PAUSE;
	free_sent_body(request);
	note_news(request);
	more = transfer_guard_body(&request->guard, len);
	if (!request->call.on_body(request->call.ctx, (struct span){p, len}))
		upstream_cancel(request);
	return more && request->state == RUNNING ? len : 0;
}

/* CURLOPT_TIMEOUT_MS is not used: it would leave an HTTP/2 stream open at the provider. */
static void check_timeouts(struct upstream_request *request)
{
	double left;

	/* It is not the provider who is silent. */
	if (request->paused)
		request->guard.last_byte = monotonic_seconds();
	left = transfer_guard_time_left(&request->guard);

	if (request->guard.end == TRANSFER_GOES_ON)
		set_timer(&request->timer, left);
	else
		end_by_guard(request);
}

/* Bytes that wait in their socket have come in time. */
static bool look_before_timeout(struct upstream_request *request)
{
	const struct transfer_guard *guard = &request->guard;
	double quiet = monotonic_seconds() - guard->last_byte;

	return !request->held || quiet < guard->stream_timeout || upstream_read(request);
}

static void on_request_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct upstream_request *request = ctx;

	(void)fd;
	(void)what;
	if (request->state == REFUSED)
		report_end(request, request->refused_as, request->error);
	else if (look_before_timeout(request))
		check_timeouts(request);
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
	return bad == 0;
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

	set_timer(&request->timer, transfer_guard_time_left(&request->guard));
	if (upstream->in_curl) {
		request->state = STARTING;
		LIST_INSERT_HEAD(&upstream->deferred, request, deferred_link);
	} else {
		hand_to_libcurl(request);
	}
}

struct upstream_request *upstream_start(struct upstream *upstream, const struct upstream_call *call)
{
	struct upstream_request *request = xcalloc(1, sizeof(*request));

	request->upstream = upstream;
	request->call = *call;
	transfer_guard_begin(&request->guard, call->timeout, call->stream_timeout);
	LIST_INSERT_HEAD(&upstream->requests, request, link);
	evtimer_assign(&request->timer, upstream->base, on_request_timer, request);
	request->easy = take_handle(upstream);
	if (call->fault != NULL)
		refuse(request, UPSTREAM_NOT_ASKED, call->fault);
	else if (set_up(request, call))
		launch(request);
	else
		refuse(
		    request, UPSTREAM_NOT_REACHED, "libcurl does not take the request's options");
	return request;
}

void upstream_cancel(struct upstream_request *request)
{
	struct upstream *upstream = request->upstream;

	if (request->state == CANCELLED || request->state == ENDED)
		return;
	if (!upstream->in_curl) {
		request_free(request);
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
	drive(upstream, event_get_fd(&request->watch->event), CURL_CSELECT_IN);
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
	do_deferred(upstream);
	tell_of_news(upstream);
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

void upstream_detach(struct upstream_request *request)
{
	request->call = (struct upstream_call){
	    .on_head = ignore_head,
	    .on_body = discard_body,
	    .on_end = ignore_end,
	    .ctx = request,
	};
	transfer_guard_restart(&request->guard, DETACHED_SECONDS, DETACHED_SECONDS);
	set_timer(&request->timer, DETACHED_SECONDS);
	stop_holding(request);
	upstream_resume(request);
}

static int set_multi(struct upstream *upstream, int max_connections)
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

struct upstream *upstream_new(struct event_base *base, int max_connections)
{
	struct upstream *upstream;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	upstream = xcalloc(1, sizeof(*upstream));
	upstream->base = base;
	upstream->ca_file = transfer_ca_file();
	evtimer_assign(&upstream->timer, base, on_timer, upstream);
	upstream->multi = curl_multi_init();
	if (upstream->multi != NULL && set_multi(upstream, max_connections) == 0)
		return upstream;
	upstream_free(upstream);
	return NULL;
}

void upstream_free(struct upstream *upstream)
{
	struct upstream_request *request;

	while ((request = LIST_FIRST(&upstream->requests)) != NULL)
		request_free(request);
	if (upstream->multi != NULL)
		curl_multi_cleanup(upstream->multi);
	while (upstream->spare_count > 0)
		curl_easy_cleanup(upstream->spare[--upstream->spare_count]);
	event_del(&upstream->timer);
	free(upstream);
	curl_global_cleanup();
}
