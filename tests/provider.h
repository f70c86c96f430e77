/* The stand-in provider's parts: its text, answers, events, streams and requests. */
#ifndef RESPOOL_PROVIDER_H
#define RESPOOL_PROVIDER_H

#include <stdbool.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/event.h>
#include <event2/http.h>

#include "common/base/buf.h"
#include "provider_dialects.h"

enum { ID_SIZE = 40, STAMP_BYTES = 32 };

struct options {
	int port;
	int delay_ms;
	long deltas;      /* 0: as many as the text has words */
	long delta_bytes; /* 0: one word each */
	bool stamped;
	bool quiet;
};

/* Times are of the monotonic clock, in microseconds. */
struct stats {
	unsigned long started, finished, closed_early, deltas;
	long long first_start, last_start;
	long long latest; /* by how much a delta was sent too late, at most */
};

TAILQ_HEAD(stream_queue, stream);

struct provider {
	struct options options;
	struct event_base *base;
	struct stream_queue paced; /* the stream whose next delta is due first is first */
	struct event *pacer;       /* for that one */
	struct buf pattern;        /* what every stream says when delta_bytes is set */
	struct buf events;         /* on their way into a reply */
	struct stats stats;
	unsigned long serial;
};

/* What one request is answered with. */
struct answer {
	enum provider_api api;
	struct buf model; /* a JSON string */
	char response_id[ID_SIZE];
	char item_id[ID_SIZE];
	struct buf members;  /* of the Response object that never change */
	struct buf own_text; /* unless the provider's pattern is the text */
	struct span text;    /* without anything that a JSON string would have to escape */
	unsigned long serial;
	long delta_count;
	size_t input_bytes;
	time_t created_at;
};

struct stream {
	struct provider *provider;
	struct evhttp_request *request;
	TAILQ_ENTRY(stream) link; /* of provider->paced */
	bool paced;               /* is in it */
	long long due;            /* us: the next delta */
	struct answer answer;
	struct buf delta_head; /* a delta's event up to its text */
	size_t said;           /* bytes of the text */
	long deltas;
	long sequence;
	bool ended; /* the last event is written; the request is evhttp's again */
};

/* Text: words of a story, or a pattern, or stamps. None of it has to be escaped in JSON. */

/* An introduction that quotes the request, and the story: once, or cut or repeated to a number of
 * words. */
void text_write_words(struct buf *out, long words, struct span model, struct span input);
long text_count_words(struct span text);
void text_write_pattern(struct buf *out, size_t size);
/* Says when it is sent, and of which stream the how manyth it is. STAMP_BYTES long. */
void text_append_stamp(struct buf *out, unsigned long serial, long index, long long time);
/* Of a text of which so many bytes have been said, what comes next. */
struct span text_next_delta(const struct options *options, struct span text, size_t said);

/* An answer to the request. Free it. */
void answer_init(
    struct answer *answer, struct provider *provider, struct span request, enum provider_api api);
void answer_free(struct answer *answer);
struct told answer_told(const struct answer *answer);
/* Of the Response object: a part with that text, the one output item, and the whole. */
void answer_append_part(struct buf *out, struct span text);
void answer_append_item(struct buf *out, const struct answer *answer, bool finished);
void answer_append_object(struct buf *out, const struct answer *answer, bool finished);

/* Events, in the order in which a stream has them. The first call is for what all deltas share. */
void events_prepare(struct stream *stream);
void events_first(struct buf *out, struct stream *stream);
void events_delta(struct buf *out, struct stream *stream);
void events_last(struct buf *out, struct stream *stream);

/* Of the monotonic clock, in microseconds. */
long long stream_now_us(void);
/* Answers with a stream, which frees itself when it has ended or its client has gone. */
void stream_start(struct provider *provider, struct evhttp_request *request, struct span body,
    enum provider_api api);
/* The callback of provider->pacer. */
void stream_on_pace(evutil_socket_t fd, short what, void *ctx);
unsigned long stats_open(const struct stats *stats);

/* Listens on loopback, says where, and answers what comes. Free the result. */
struct evhttp *requests_serve(struct provider *provider);

#endif
