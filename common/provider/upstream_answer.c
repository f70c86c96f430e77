#include "upstream_internal.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "transfer.h"

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
	upstream_close_transfer(request);
	request->state = ENDED;
	request->call.on_end(request->call.ctx, &result);
	upstream_request_free(request);
}

static const enum upstream_end guarded_ends[] = {
    [TRANSFER_ENOUGH] = UPSTREAM_COMPLETE,
    [TRANSFER_LATE] = UPSTREAM_TIMEOUT,
    [TRANSFER_INVALID] = UPSTREAM_INVALID,
};

void upstream_end_by_guard(struct upstream_request *request)
{
	report_end(request, guarded_ends[request->guard.end], request->guard.error);
}

void upstream_end_transfer(struct upstream_request *request, CURLcode code)
{
	const char *error = "";
	enum upstream_end end;

	transfer_guard_note_code(&request->guard, code);
	if (request->guard.end != TRANSFER_GOES_ON) {
		upstream_end_by_guard(request);
		return;
	}
	end = how_it_ended(request, code);
	if (upstream_was_refused_address(request, code))
		error = request->refused_address;
	else if (request->error[0] != '\0' && code != CURLE_OK)
		error = request->error;
	else if (code != CURLE_OK)
		error = curl_easy_strerror(code);
	else if (end == UPSTREAM_UNFRAMED)
		error = "the connection closed, and nothing tells whether the answer was whole";
	else if (end != UPSTREAM_COMPLETE)
		error = "the connection closed before the answer's head was whole";
	report_end(request, end, error);
}

void upstream_refuse(struct upstream_request *request, enum upstream_end end, const char *error)
{
	request->state = REFUSED;
	request->refused_as = end;
	snprintf(request->error, sizeof(request->error), "%s", error);
	upstream_set_timer(&request->timer, 0);
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
	upstream_set_timer(&request->timer, 0); /* it is to look again how long to wait */
}

/* CURLOPT_HEADERFUNCTION: called for each line, and for those of trailers. */
size_t upstream_on_header(char *p, size_t size, size_t count, void *ctx)
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
size_t upstream_on_data(char *p, size_t size, size_t count, void *ctx)
{
	struct upstream_request *request = ctx;
	size_t len = size * count;
	bool more;

	if (request->state != RUNNING)
		return 0;
	if (request->paused)
		return CURL_WRITEFUNC_PAUSE;
	free_sent_body(request);
	upstream_note_news(request);
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
		upstream_set_timer(&request->timer, left);
	else
		upstream_end_by_guard(request);
}

/* Bytes that wait in their socket have come in time. */
static bool look_before_timeout(struct upstream_request *request)
{
	return !request->held || !transfer_guard_waits_in_vain(&request->guard) ||
	       upstream_read(request);
}

void upstream_on_request_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct upstream_request *request = ctx;

	(void)fd;
	(void)what;
	if (request->state == REFUSED)
		report_end(request, request->refused_as, request->error);
	else if (look_before_timeout(request))
		check_timeouts(request);
}
