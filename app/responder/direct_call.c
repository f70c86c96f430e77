#include "direct_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/provider/transfer.h"
#include "common/provider/transfer_guard.h"

enum { LONGEST_WAIT_MS = 1000 };

struct direct_caller {
	CURLM *multi;
	CURL *easy;
};

/* A call under way. */
struct progress {
	const struct direct_call *call;
	CURL *easy;
	struct transfer_guard guard;
	bool answered; /* a status line has come */
	bool headed;   /* the final head has come */
	bool stopped;  /* by one of the caller's functions */
	bool news;     /* since the last on_idle */
};

struct direct_caller *direct_caller_open(void)
{
	struct direct_caller *caller;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	caller = xcalloc(1, sizeof(*caller));
	caller->multi = curl_multi_init();
	caller->easy = curl_easy_init();
	if (caller->multi != NULL && caller->easy != NULL)
		return caller;
	direct_caller_close(caller);
	return NULL;
}

void direct_caller_close(struct direct_caller *caller)
{
	if (caller == NULL)
		return;
	curl_easy_cleanup(caller->easy);
	curl_multi_cleanup(caller->multi);
	free(caller);
	curl_global_cleanup();
}

static void take_head(struct progress *progress)
{
	long status = 0;

	curl_easy_getinfo(progress->easy, CURLINFO_RESPONSE_CODE, &status);
	/* 101 ends HTTP on this connection, and we never asked for that. */
	if (status == 101 || status > 599)
		transfer_guard_refuse(&progress->guard, "its status is %ld", status);
	if (status < 200 || status > 599)
		return;
	progress->headed = true;
	if (progress->call->on_head(progress->call->ctx, progress->easy, status))
		transfer_guard_be_brief(&progress->guard);
}

/* Whether the call is to go on. */
static bool goes_on(const struct progress *progress)
{
	return !progress->stopped && progress->guard.end == TRANSFER_GOES_ON;
}

/* CURLOPT_HEADERFUNCTION: called for each line, and for those of trailers. */
static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct progress *progress = ctx;
	size_t len = size * count;

	progress->answered = true;
	if (transfer_guard_header(&progress->guard, (struct span){p, len}) && !progress->headed &&
	    (p[0] == '\r' || p[0] == '\n'))
		take_head(progress);
	return goes_on(progress) ? len : 0;
}

/* CURLOPT_WRITEFUNCTION */
static size_t on_data(char *p, size_t size, size_t count, void *ctx)
{
	struct progress *progress = ctx;
	const struct direct_call *call = progress->call;
	size_t len = size * count;

	progress->news = true;
	transfer_guard_body(&progress->guard, len);
	if (!call->on_body(call->ctx, (struct span){p, len}))
		progress->stopped = true;
	return goes_on(progress) ? len : 0;
}

static int set_method(CURL *easy, const struct direct_call *call)
{
	if (strcmp(call->method, "GET") == 0)
		return (int)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (strcmp(call->method, "POST") != 0)
		return (int)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	return (int)curl_easy_setopt(
		   easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len) |
	       (int)curl_easy_setopt(
		   easy, CURLOPT_POSTFIELDS, call->body.p != NULL ? call->body.p : "");
}

static bool set_up(CURL *easy, struct progress *progress, char *error)
{
	const struct direct_call *call = progress->call;
	int bad = 0;

	/* Connections are kept by the multi handle. */
	curl_easy_reset(easy);
	bad |= !transfer_set_up(easy, transfer_ca_file());
	bad |= set_method(easy, call);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_URL, call->url);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_HEADERDATA, progress);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, progress);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	return bad == 0;
}

static const enum direct_end guarded_ends[] = {
    [TRANSFER_ENOUGH] = DIRECT_COMPLETE,
    [TRANSFER_LATE] = DIRECT_TIMEOUT,
    [TRANSFER_INVALID] = DIRECT_INVALID,
};

static void end_by_guard(const struct transfer_guard *guard, struct direct_result *result)
{
	result->end = guarded_ends[guard->end];
	snprintf(result->error, sizeof(result->error), "%s", guard->error);
}

static enum direct_end how_it_ended(const struct progress *progress, CURLcode code)
{
	if (progress->stopped)
		return DIRECT_STOPPED;
	if (code != CURLE_OK || !progress->headed)
		return progress->answered ? DIRECT_DISCONNECTED : DIRECT_NOT_REACHED;
	return transfer_is_framed(progress->easy) ? DIRECT_COMPLETE : DIRECT_UNFRAMED;
}

static void end_transfer(struct progress *progress, CURLcode code, struct direct_result *result)
{
	transfer_guard_note_code(&progress->guard, code);
	if (!progress->stopped && progress->guard.end != TRANSFER_GOES_ON) {
		end_by_guard(&progress->guard, result);
		return;
	}
	result->end = how_it_ended(progress, code);
	if (code != CURLE_OK && result->error[0] == '\0')
		snprintf(result->error, sizeof(result->error), "%s", curl_easy_strerror(code));
}

/* Whether the transfer has ended; how, then goes to *code. */
static bool has_ended(CURLM *multi, CURLcode *code)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		*code = message->data.result;
		return true;
	}
	return false;
}

/* Hands on what has arrived, and tells the caller when there is no more. */
static bool make_progress(CURLM *multi, struct progress *progress)
{
	int running;

	curl_multi_perform(multi, &running);
	if (!progress->news || progress->stopped)
		return !progress->stopped;
	progress->news = false;
	progress->stopped = !progress->call->on_idle(progress->call->ctx);
	return !progress->stopped;
}

static enum watch_result wait_for_more(
    CURLM *multi, struct progress *progress, struct client_watch *watch, double seconds)
{
	struct pollfd fds[WATCH_FDS];
	struct curl_waitfd extra[WATCH_FDS];
	int ms = seconds * 1000 < LONGEST_WAIT_MS ? (int)(seconds * 1000) + 1 : LONGEST_WAIT_MS;
	unsigned count = 0;
	int ready = 0;

	client_watch_fds(watch, fds);
	for (int i = 0; i < WATCH_FDS; i++) {
		if (fds[i].fd >= 0)
			extra[count++] = (struct curl_waitfd){fds[i].fd, CURL_WAIT_POLLIN, 0};
	}
	curl_multi_poll(multi, extra, count, ms, &ready);
	if (ready > 0)
		transfer_guard_turn(&progress->guard, progress->easy);
	count = 0;
	for (int i = 0; i < WATCH_FDS; i++) {
		if (fds[i].fd >= 0)
			fds[i].revents = extra[count++].revents;
	}
	return client_watch_look(watch, fds);
}

static void run(CURLM *multi, struct progress *progress, struct client_watch *watch,
    struct direct_result *result)
{
	enum watch_result seen = WATCH_GO_ON;
	CURLcode code = CURLE_OK;
	double left;

	for (;;) {
		if (!make_progress(multi, progress)) {
			result->end = DIRECT_STOPPED;
			return;
		}
		if (has_ended(multi, &code)) {
			end_transfer(progress, code, result);
			return;
		}
		left = transfer_guard_time_left(&progress->guard);
		if (!goes_on(progress)) {
			end_by_guard(&progress->guard, result);
			return;
		}
		seen = wait_for_more(multi, progress, watch, left);
		if (seen != WATCH_GO_ON) {
			result->end =
			    seen == WATCH_CLIENT_GONE ? DIRECT_CLIENT_GONE : DIRECT_PROCESS_ENDS;
			return;
		}
	}
}

void direct_call(struct direct_caller *caller, const struct direct_call *call,
    struct client_watch *watch, struct direct_result *result)
{
	CURL *easy = caller->easy;
	struct progress progress = {.call = call, .easy = easy};

	*result = (struct direct_result){.end = DIRECT_NOT_REACHED, .retry_after = -1};
	transfer_guard_begin(&progress.guard, call->timeout, call->stream_timeout);
	if (!set_up(easy, &progress, result->error) ||
	    curl_multi_add_handle(caller->multi, easy) != CURLM_OK) {
		snprintf(result->error, sizeof(result->error),
		    "libcurl does not take the request's options");
		return;
	}
	run(caller->multi, &progress, watch, result);
	if (progress.headed) {
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result->status);
		result->retry_after = transfer_retry_after(easy);
	}
	/* What is given up is not to go on behind our back, as a stream of HTTP/2 would. */
	if (result->end != DIRECT_COMPLETE || progress.guard.end != TRANSFER_GOES_ON)
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_multi_remove_handle(caller->multi, easy);
	/* The handle outlives the result. */
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
}
