#include "reader.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/fastcgi/cgi_head.h"
#include "client_error.h"
#include "followed.h"

enum { AWAY_MS = 1000 }; /* that a client is kept waiting for Redis before its first byte */

static void count_waiting(struct reader *reader, size_t waiting)
{
	reader->host->waiting += waiting - reader->waiting;
	reader->waiting = waiting;
}

/* connection is the client's if it can serve another request, else -1. */
static void end(struct reader *reader, int connection)
{
	if (reader->over)
		return;
	reader->over = true;
	evtimer_del(&reader->quiet);
	count_waiting(reader, 0);
	LIST_REMOVE(reader, link);
	LIST_INSERT_HEAD(&reader->host->over, reader, link);
	reader->host->count--;
	reader->host->ended(reader->host->ctx, connection, reader->request.unread);
}

static void on_client_gone(void *ctx, bool stalled)
{
	struct reader *reader = ctx;

	if (stalled)
		log_info("%s: its client has taken nothing for %.0f s and is let go of",
		    reader->request.request_id, reader->client.patience);
	end(reader, -1);
}

static void on_client_room(void *ctx)
{
	struct reader *reader = ctx;

	count_waiting(reader, 0);
	if (reader->followed != NULL)
		followed_serve(reader->followed);
}

static void on_client_done(void *ctx)
{
	struct reader *reader = ctx;

	end(reader,
	    reader->request.flags & HANDOVER_KEEP ? client_take_connection(&reader->client) : -1);
}

static void tell_away(struct reader *reader)
{
	struct api_error error;

	api_error_set(&error, 503, "server_error", NULL, "store_unavailable",
	    "The response store is not reachable. Please try again.");
	reader_fail(reader, &error);
}

/* The timer is not set anew with each event: it looks how long the last one has been. */
static void on_quiet(evutil_socket_t fd, short what, void *ctx)
{
	struct reader *reader = ctx;
	long long silent_ms = monotonic_ms() - reader->heard_ms;

	(void)fd;
	(void)what;
	if (!reader->begun) {
		tell_away(reader);
		return;
	}
	if (silent_ms < reader->keepalive_ms) {
		timer_set(&reader->quiet, reader->keepalive_ms - silent_ms);
		return;
	}
	timer_set(&reader->quiet, reader->keepalive_ms);
	if (reader_has_room(reader))
		reader_send(reader, SPAN(": keep-alive\n\n"), reader->next);
}

void reader_free(struct reader *reader)
{
	if (reader->followed != NULL)
		reader->followed->holders--;
	LIST_REMOVE(reader, link);
	evtimer_del(&reader->quiet);
	count_waiting(reader, 0);
	client_close(&reader->client);
	handover_free(&reader->request);
	free(reader);
}

bool reader_has_room(const struct reader *reader)
{
	return !reader->over && !reader->ended && !client_is_full(&reader->client);
}

/*
 * Web servers and clients are not to hold back what comes, nor to keep it. The connection to the
 * client is the web server's: a script is not to speak of it (RFC 3875 section 6.3.4).
 */
static void write_head(struct cgi_head *head, const struct reader *reader)
{
	cgi_head_begin(head);
	cgi_head_set_request_id(head, reader->request.request_id);
	cgi_head_let_keep(head);
	cgi_head_add(head, "Content-Type", "text/event-stream; charset=utf-8");
	cgi_head_add(head, "X-Accel-Buffering", "no");
	cgi_head_add_lines(head, span_of(reader->request.answer_headers));
	cgi_head_end(head, 200);
}

static void cut_off(struct reader *reader)
{
	client_cut_off(&reader->client);
	end(reader, -1);
}

/* What waits for one that does not lag is little, and is not counted. */
static void bound_waiting(struct reader *reader)
{
	size_t waiting = client_waiting(&reader->client);

	if (reader->over || waiting < CLIENT_FULL)
		return;
	count_waiting(reader, waiting);
	if (reader->host->waiting <= reader->host->most_waiting)
		return;
	log_info("%s: cut off, as clients that lag have left %zu bytes of streams untaken",
	    reader->request.request_id, reader->host->waiting);
	cut_off(reader);
}

static void put(struct reader *reader, struct span head, struct span events, bool is_last)
{
	reader->heard_ms = monotonic_ms();
	reader->begun = true;
	reader->ended = is_last;
	if (is_last) {
		evtimer_del(&reader->quiet);
		client_send_last(&reader->client, head, events);
	} else {
		client_send(&reader->client, head, events);
	}
	bound_waiting(reader);
}

static void begin(struct reader *reader, struct span events, bool is_last)
{
	struct cgi_head head = {0};

	timer_set(&reader->quiet, reader->keepalive_ms);
	write_head(&head, reader);
	if (reader->request.flags & HANDOVER_NO_BODY)
		put(reader, buf_span(&head.text), (struct span){0}, true);
	else
		put(reader, buf_span(&head.text), events, is_last);
	cgi_head_free(&head);
}

static void send_events(struct reader *reader, struct span events, bool is_last)
{
	if (!reader->begun)
		begin(reader, events, is_last);
	else if (events.len > 0 || is_last)
		put(reader, (struct span){0}, events, is_last);
}

void reader_send(struct reader *reader, struct span events, long long next)
{
	reader->next = next;
	send_events(reader, events, false);
}

void reader_send_last(struct reader *reader, struct span events)
{
	send_events(reader, events, true);
}

static void send_error(struct reader *reader, const struct api_error *error)
{
	reader->begun = true;
	reader->ended = true;
	evtimer_del(&reader->quiet);
	client_send_error(&reader->client, reader->request.request_id,
	    (reader->request.flags & HANDOVER_NO_BODY) != 0, error);
}

void reader_fail(struct reader *reader, const struct api_error *error)
{
	if (reader->over || reader->ended)
		return;
	if (reader->begun)
		reader_send_last(reader, (struct span){0});
	else
		send_error(reader, error);
}

void reader_break_off(struct reader *reader, const struct api_error *error)
{
	if (!reader->begun)
		reader_fail(reader, error);
	/* What does not go out at once cannot be waited for. */
	if (!reader->over)
		cut_off(reader);
}

/* Its client learns the id of what it has created, whatever becomes of the rest. */
static void send_first(struct reader *reader)
{
	if (reader->request.body.len == 0)
		return;
	reader_send(reader, reader->request.body, 1);
	handover_free_body(&reader->request);
}

struct reader *reader_open(
    struct reader_host *host, struct followed *followed, struct handover *handover, int connection)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));

	reader->host = host;
	reader->followed = followed;
	reader->request = *handover;
	*handover = (struct handover){0};
	reader->next = reader->request.after[0] != '\0' ? atoll(reader->request.after) + 1 : 0;
	reader->keepalive_ms = host->keepalive_seconds * 1000;
	reader->client_user =
	    (struct client_user){on_client_gone, on_client_room, on_client_done, reader};
	client_open(&reader->client, host->base, host->watch_delay, connection,
	    reader->request.fcgi_id, host->client_timeout, &reader->client_user);
	reader->client.ahead = reader->request.unread.len > 0;
	LIST_INSERT_HEAD(followed != NULL ? &followed->readers : &host->refused, reader, link);
	if (followed != NULL)
		followed->holders++;
	host->count++;
	evtimer_assign(&reader->quiet, host->base, on_quiet, reader);
	timer_set(&reader->quiet, AWAY_MS);
	send_first(reader);
	return reader;
}
