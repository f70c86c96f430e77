#include "fcgi_request.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/fastcgi/handover.h"

enum {
	RECEIVE_SIZE = 65536,
	UNSENT_SIZE = 32768,
	DISCARD_MAX = 262144,
	LINGER_SECONDS = 5, /* for a peer to read an answer that came before its request's end */
};

void fcgi_request_init(struct fcgi_request *request, double patience, int max_requests)
{
	*request = (struct fcgi_request){
	    .fd = -1, .patience = patience, .parser = {.max_requests = max_requests}};
	request->received = xmalloc(RECEIVE_SIZE);
	request->unsent = xmalloc(UNSENT_SIZE);
}

void fcgi_request_free(struct fcgi_request *request)
{
	fcgi_request_close(request);
	fcgi_parser_free(&request->parser);
	free(request->received);
	free(request->unsent);
}

void fcgi_request_close(struct fcgi_request *request)
{
	if (request->fd >= 0)
		close(request->fd);
	request->fd = -1;
	request->unread = (struct span){0};
	request->environment = NULL;
	fcgi_parser_reset(&request->parser);
}

void fcgi_request_open(struct fcgi_request *request, int fd)
{
	fcgi_request_close(request);
	request->fd = fd;
}

bool fcgi_request_take_back(struct fcgi_request *request, int line)
{
	size_t len = 0;
	int fd = handover_take_back(line, request->received, RECEIVE_SIZE, &len);

	if (fd < 0)
		return false;
	fcgi_request_open(request, fd);
	request->unread = (struct span){request->received, len};
	return true;
}

bool fcgi_request_has_unread(const struct fcgi_request *request)
{
	return request->fd >= 0 && request->unread.len > 0;
}

/* What has been sent is lost if the socket is closed while there is something left to read. */
static void linger(int fd)
{
	double until = monotonic_seconds() + LINGER_SECONDS, left = LINGER_SECONDS;
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	char rest[4096];

	shutdown(fd, SHUT_WR);
	while (left > 0 && poll(&readable, 1, (int)(left * 1000) + 1) > 0 &&
	       recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		left = until - monotonic_seconds();
}

/* A hostile peer must not fill the log. */
static void log_fault(const char *what)
{
	static time_t warned_at;
	time_t now = time(NULL);

	if (now != warned_at)
		log_warnx("a FastCGI connection is closed: %s", what);
	warned_at = now;
}

static double seconds_left(const struct fcgi_request *request)
{
	return request->began + request->patience + (double)request->body_bytes / BYTES_PER_SECOND -
	       monotonic_seconds();
}

enum received { RECEIVED_BYTES, RECEIVED_NOTHING, RECEIVED_END };

static enum received receive(struct fcgi_request *request)
{
	ssize_t len = recv(request->fd, request->received, RECEIVE_SIZE, MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return RECEIVED_NOTHING;
	if (len <= 0)
		return RECEIVED_END;
	request->unread = (struct span){request->received, (size_t)len};
	return RECEIVED_BYTES;
}

/* A peer that never stops sending what makes no request comes to its end here as well. */
static bool receive_in_time(struct fcgi_request *request)
{
	struct pollfd fd = {.fd = request->fd, .events = POLLIN};
	double left = seconds_left(request);

	while (left > 0) {
		switch (receive(request)) {
		case RECEIVED_BYTES:
			return true;
		case RECEIVED_END:
			return false;
		case RECEIVED_NOTHING:
			break;
		}
		poll(&fd, 1, (int)(left * 1000) + 1);
		left = seconds_left(request);
	}
	log_fault("a request has not come in time");
	return false;
}

/* Sends what the parser has to say to the web server by itself. */
static bool send_answer(struct fcgi_request *request)
{
	struct buf *answer = &request->parser.answer;
	struct records_out to = {.fd = request->fd, .patience = request->patience};
	bool sent = answer->len == 0 || records_write_raw(&to, buf_span(answer));

	buf_clear(answer);
	return sent;
}

static enum fcgi_event parse_unread(struct fcgi_request *request)
{
	enum fcgi_event event = fcgi_parse(&request->parser, &request->unread);

	if (event == FCGI_EVENT_ERROR)
		log_fault(request->parser.error);
	return send_answer(request) ? event : FCGI_EVENT_ERROR;
}

static void close_input(struct fcgi_request *request, int error)
{
	request->in.isClosed = 1;
	request->in.FCGI_errno = error;
	request->keep = request->keep && error == 0;
}

static void take_body(struct fcgi_request *request)
{
	struct span body = request->parser.body;

	request->in.rdNext = (unsigned char *)body.p;
	request->in.stop = request->in.rdNext + body.len;
	request->in.stopUnget = request->in.rdNext;
	request->body_bytes += body.len;
}

static void take_body_event(struct fcgi_request *request, enum fcgi_event event)
{
	switch (event) {
	case FCGI_EVENT_NONE:
		break;
	case FCGI_EVENT_BODY:
		take_body(request);
		break;
	case FCGI_EVENT_BODY_END:
		close_input(request, 0);
		break;
	case FCGI_EVENT_ABORT:
		request->aborted = true;
		close_input(request, FCGX_PROTOCOL_ERROR);
		break;
	case FCGI_EVENT_REQUEST:
	case FCGI_EVENT_REFUSED:
	case FCGI_EVENT_ERROR:
		close_input(request, FCGX_PROTOCOL_ERROR);
		break;
	}
}

/* FCGX_Stream.fillBuffProc */
static void fill_input(FCGX_Stream *stream)
{
	struct fcgi_request *request = stream->data;
	enum fcgi_event event = FCGI_EVENT_NONE;

	while (event == FCGI_EVENT_NONE) {
		if (request->unread.len == 0 && !receive_in_time(request))
			event = FCGI_EVENT_ERROR;
		else
			event = parse_unread(request);
	}
	take_body_event(request, event);
}

static struct span unsent(const struct fcgi_request *request)
{
	return (struct span){
	    request->unsent, (size_t)(request->out.wrNext - (unsigned char *)request->unsent)};
}

static bool note_sent(struct fcgi_request *request, bool sent)
{
	request->out.wrNext = (unsigned char *)request->unsent;
	if (!sent) {
		request->out.isClosed = 1;
		request->out.FCGI_errno = errno;
		request->keep = false;
	}
	return sent;
}

bool fcgi_request_send(struct fcgi_request *request, struct span bytes)
{
	return !request->out.isClosed &&
	       note_sent(request, records_write(&request->to, unsent(request), bytes));
}

static bool input_has_ended(const struct fcgi_request *request)
{
	return request->in.isClosed && request->in.FCGI_errno == 0;
}

static bool send_end(struct fcgi_request *request, struct span bytes)
{
	if (request->out.isClosed)
		return false;
	request->ended =
	    note_sent(request, records_write_last(&request->to, unsent(request), bytes));
	request->out.isClosed = 1;
	return request->ended;
}

bool fcgi_request_send_last(struct fcgi_request *request, struct span bytes)
{
	/* What is left of the body is read before the web server may send another request. */
	return input_has_ended(request) ? send_end(request, bytes)
					: fcgi_request_send(request, bytes);
}

/* FCGX_Stream.emptyBuffProc */
static void empty_output(FCGX_Stream *stream, int close)
{
	(void)close;
	fcgi_request_send(stream->data, (struct span){0});
}

static void open_streams(struct fcgi_request *request)
{
	unsigned char *buffer = (unsigned char *)request->unsent;

	request->to =
	    (struct records_out){request->fd, request->parser.request_id, request->patience};
	request->in = (FCGX_Stream){.isReader = 1, .fillBuffProc = fill_input, .data = request};
	request->out = (FCGX_Stream){.wrNext = buffer,
	    .stop = buffer + UNSENT_SIZE,
	    .emptyBuffProc = empty_output,
	    .data = request};
}

/* What no request is made of ends with FCGI_EVENT_NONE when nothing of it is left to come. */
static enum fcgi_event read_request(struct fcgi_request *request)
{
	enum fcgi_event event;

	for (;;) {
		event = parse_unread(request);
		if (event != FCGI_EVENT_NONE || fcgi_parser_is_idle(&request->parser))
			return event;
		if (!receive_in_time(request))
			return FCGI_EVENT_ERROR;
	}
}

static void begin_request(struct fcgi_request *request)
{
	request->environment = request->parser.variables;
	open_streams(request);
	/* Mostly all of it is there: then nobody has to wait for its end. */
	if (request->unread.len > 0)
		take_body_event(request, parse_unread(request));
}

static void close_unanswered(struct fcgi_request *request, enum fcgi_event event)
{
	if (event == FCGI_EVENT_NONE ||
	    (event == FCGI_EVENT_ABORT && request->parser.keeps_connection))
		return;
	if (event != FCGI_EVENT_ERROR)
		linger(request->fd);
	fcgi_request_close(request);
}

bool fcgi_request_read(struct fcgi_request *request)
{
	enum received received = RECEIVED_BYTES;
	enum fcgi_event event = FCGI_EVENT_ERROR;

	request->began = monotonic_seconds();
	request->keep = true;
	request->ended = false;
	request->aborted = false;
	request->body_bytes = 0;
	if (request->unread.len == 0)
		received = receive(request);
	if (received == RECEIVED_NOTHING)
		return false;
	if (received == RECEIVED_BYTES)
		event = read_request(request);
	if (event == FCGI_EVENT_REQUEST)
		begin_request(request);
	else
		close_unanswered(request, event);
	return event == FCGI_EVENT_REQUEST;
}

bool fcgi_request_discard_rest(struct fcgi_request *request)
{
	char rest[4096];
	int got, count = 0;

	if (request->in.isClosed)
		return input_has_ended(request);
	do {
		got = FCGX_GetStr(rest, sizeof(rest), &request->in);
		count += got;
	} while (got == (int)sizeof(rest) && count < DISCARD_MAX);
	return input_has_ended(request);
}

bool fcgi_request_aborted(const struct fcgi_request *request)
{
	return request->aborted || (input_has_ended(request) &&
				       fcgi_parser_sees_abort(&request->parser, request->unread));
}

void fcgi_request_finish(struct fcgi_request *request)
{
	bool all_read = input_has_ended(request);

	if (!all_read) {
		FCGX_FFlush(&request->out);
		all_read = fcgi_request_discard_rest(request);
	}
	if (!request->ended)
		send_end(request, (struct span){0});
	fcgi_parser_end_request(&request->parser);
	request->environment = NULL;
	if (all_read && request->ended && request->keep && request->parser.keeps_connection)
		return;
	if (!all_read && request->ended && !request->aborted)
		linger(request->fd);
	fcgi_request_close(request);
}
