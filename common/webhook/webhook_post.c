#include "webhook_post.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/address_scope.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/provider/transfer.h"
#include "webhook_message.h"

enum reach { REACH_PUBLIC, REACH_LOOPBACK, REACH_ANY };

struct webhook_post {
	struct upstream_request *request;
	enum reach reach; /* the addresses that the endpoint may have */
	webhook_post_fn *fn;
	void *ctx;
	double begun_at;    /* of the monotonic clock */
	long status;        /* 0 until the head has come */
	double retry_after; /* s; negative if there is none */
	char body[WEBHOOK_BODY_MOST];
	size_t body_len;
};

static enum reach reach_of(const struct webhook_endpoint *endpoint)
{
	if (endpoint->is_loopback)
		return REACH_LOOPBACK;
	return endpoint->internal ? REACH_ANY : REACH_PUBLIC;
}

static const char *refuse_address(void *ctx, const struct sockaddr *address)
{
	const struct webhook_post *post = ctx;
	enum address_scope scope = address_scope(address);

	switch (post->reach) {
	case REACH_LOOPBACK:
		return scope == ADDRESS_LOOPBACK ? NULL : "is not a loopback address";
	case REACH_PUBLIC:
		return scope == ADDRESS_PUBLIC ? NULL : "is not public";
	default:
		return NULL;
	}
}

static bool is_success(long status)
{
	return status >= 200 && status <= 299;
}

static bool is_redirect(long status)
{
	return status >= 300 && status <= 399;
}

/* Why there was no answer, before the colon of upstream's words. */
static const char *failure_of(enum upstream_end end)
{
	switch (end) {
	case UPSTREAM_INVALID:
		return "no valid answer: ";
	case UPSTREAM_NOT_ASKED:
		return "not sent: ";
	default:
		return "";
	}
}

static void write_error(struct buf *out, long status, const struct upstream_result *end)
{
	if (is_success(status))
		return;
	if (status != 0)
		buf_printf(out, "HTTP status %ld%s", status,
		    is_redirect(status) ? ": redirects are not followed" : "");
	else if (end->end == UPSTREAM_TIMEOUT)
		buf_printf(out, "no answer within %d s", (int)WEBHOOK_SECONDS);
	else
		buf_printf(out, "%s%s", failure_of(end->end), end->error);
}

/* end is needed where there is no status. */
static void finish(struct webhook_post *post, const struct upstream_result *end)
{
	struct buf error = {0};
	struct webhook_result result = {
	    .status = post->status,
	    .retry_after = post->retry_after,
	    .body = {post->body, post->body_len},
	    .seconds = monotonic_seconds() - post->begun_at,
	};

	write_error(&error, post->status, end);
	result.error = buf_cstr(&error);
	post->fn(post->ctx, &result);
	buf_free(&error);
	free(post);
}

/* Nobody waits for the rest of the answer. */
static void finish_early(struct webhook_post *post)
{
	upstream_detach(post->request);
	finish(post, NULL);
}

static bool on_head(void *ctx, CURL *easy, long status)
{
	struct webhook_post *post = ctx;

	post->status = status;
	post->retry_after = transfer_retry_after(easy);
	if (!is_success(status))
		return true;
	finish_early(post);
	return false;
}

static bool on_body(void *ctx, struct span bytes)
{
	struct webhook_post *post = ctx;
	size_t room = WEBHOOK_BODY_MOST - post->body_len;
	size_t count = bytes.len < room ? bytes.len : room;

	memcpy(post->body + post->body_len, bytes.p, count);
	post->body_len += count;
	if (post->body_len == WEBHOOK_BODY_MOST)
		finish_early(post);
	return true;
}

static void on_end(void *ctx, const struct upstream_result *end)
{
	finish(ctx, end);
}

static void send_event(struct webhook_post *post, struct upstream *upstream,
    const struct webhook_endpoint *endpoint, const struct webhook_event_told *event)
{
	struct buf body = {0};
	struct upstream_call call = {
	    .method = "POST",
	    .url = endpoint->url,
	    .accept = "*/*",
	    .body = &body,
	    .times = {.whole = WEBHOOK_SECONDS},
	    .refuse_address = refuse_address,
	    .on_head = on_head,
	    .on_body = on_body,
	    .on_end = on_end,
	    .ctx = post,
	};

	webhook_write_body(&body, event->response, event->how, event->ended_at);
	if (endpoint->secret_count == 0)
		call.fault = "its secret is not set in this process";
	else
		call.headers =
		    webhook_headers(endpoint, event->id, realtime_ms() / 1000, buf_span(&body));
	post->request = upstream_start(upstream, &call);
	buf_free(&body);
}

struct webhook_post *webhook_post_start(struct upstream *upstream,
    const struct webhook_endpoint *endpoint, const struct webhook_event_told *event,
    webhook_post_fn *fn, void *ctx)
{
	struct webhook_post *post = xcalloc(1, sizeof(*post));

	post->reach = reach_of(endpoint);
	post->fn = fn;
	post->ctx = ctx;
	post->begun_at = monotonic_seconds();
	post->retry_after = -1;
	send_event(post, upstream, endpoint, event);
	return post;
}

void webhook_post_cancel(struct webhook_post *post)
{
	upstream_cancel(post->request);
	free(post);
}
