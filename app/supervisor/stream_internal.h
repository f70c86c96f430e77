/*
 * A stream, taken apart: stream.c begins and ends it, stream_answer.c takes in what the provider
 * sends, stream_outcome.c decides what becomes of a call that is over, stream_makers.c notes who
 * made what nobody else can read, stream_account.c what is measured, counted and logged.
 */
#ifndef RESPOOL_STREAM_INTERNAL_H
#define RESPOOL_STREAM_INTERNAL_H

#include <stdbool.h>

#include "common/base/sse.h"
#include "common/dialect/translation.h"
#include "common/provider/errand.h"
#include "common/response/event_log.h"
#include "common/response/fold.h"
#include "common/response/narrator.h"
#include "common/response/response_id.h"
#include "common/response/usage.h"
#include "stream.h"
#include "writer.h"

enum {
	/*
	 * ms: what may follow the end of a response has so long to begin. Until a part of it is
	 * over nothing is written: most often the stream ends at once, and one write does for all.
	 */
	STREAM_SETTLING_MS = 1000,
	STREAM_UNSHOWN_MS = 50,
};

/* What a stream's timer is set for. */
enum waiting {
	WAITING_NOT,
	WAITING_TO_SHOW, /* the response has ended, and what there is has not been written */
	WAITING_TO_END,  /* it has ended, and more may follow */
};

/* What the provider's answer is read as. */
enum answer { ANSWER_NONE, ANSWER_EVENTS, ANSWER_OBJECT, ANSWER_ERROR };

/* When what came; ms, of the monotonic clock if not said otherwise. */
struct stream_account {
	long long began_at;       /* this worker with the job */
	long long first_event_at; /* of the call that is open or was last; 0: none has come */
	long long age_ms;         /* of the response, when this worker began */
	long long waited_ms;      /* of that until a worker first began with it */
	char *request_id;         /* of the request that created it, or NULL */
	bool settled;             /* what has been used is known: */
	struct usage used;
	struct buf use; /* the same by use_write(); empty if nobody has told any of it */
};

struct stream {
	const struct stream_host *host;
	struct roster *roster;
	const struct config *config; /* the roster's */
	char id[RESPONSE_ID_MAX + 1];
	long long attempt; /* of the job: how many there were, this one included */

	char *model; /* as the client named it */
	/*
	 * Kept until some output comes, as the request may have to be repeated: what is asked, with
	 * which headers, and the object as it was before.
	 */
	struct buf request, context, input, headers, initial;
	bool begun;           /* output has come: nothing of these is left */
	struct errand errand; /* to the deployments; no call is open where it has none */
	struct event *timer;  /* NULL until needed */
	enum waiting waiting;

	/* Of the call that is open or was last; NULL where nothing is translated. */
	struct translation *translation;
	bool without_thinking; /* the request has been put without it once already */

	bool was_held; /* what is read now has waited for the writer */
	bool cut;      /* the last call was closed before its end */
	enum answer answer;
	long status;
	/* For ANSWER_OBJECT and ANSWER_ERROR, and the beginning of translated events. */
	struct buf body;
	struct sse_parser sse;
	bool is_stream; /* the answer says that it is a stream of events */
	bool done;      /* "[DONE]" has come */
	int warnings;

	struct fold fold;
	/* Of a response that is streamed to readers: what they are told; NULL else. */
	struct narrator *narrator;
	struct event_log log;
	struct writer writer;
	struct stream_account account;
	char *tenant;
	struct buf noted; /* the hashes of what has been noted: encrypted_hash_is_new() */
	bool gone;        /* let go of; freed as soon as no write is under way */
};

/* Lets go of the job and of the call; frees the stream as soon as no write is under way. */
void stream_let_go(struct stream *s);
/* The status is settled: makes the last write. */
void stream_end(struct stream *s);
/* Ends as failed, with an error of ours. */
void stream_fail(struct stream *s, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Frees what is asked and the object as it was: nothing will be asked again from here. */
void stream_free_request(struct stream *s);

/* Sets the timer, or stops it if it is set. */
void stream_wait_for(struct stream *s, enum waiting what, int ms);
void stream_stop_waiting(struct stream *s);

/* What comes in: of struct errand_user, struct sse_parser and struct writer. */
bool stream_on_head(void *ctx, CURL *easy, long status);
bool stream_on_body(void *ctx, struct span bytes);
bool stream_on_event(void *ctx, struct span data);
void stream_on_writer_ready(void *ctx);

/* Has what changed written, unless it may still be taken back, or be all. */
void stream_show_changes(struct stream *s);
/* Logs what the fold has skipped, up to a number of times. */
void stream_warn_skipped(struct stream *s);
/* Whether the object is too large; the stream has failed then. */
bool stream_too_large(struct stream *s);
/* Fail because of the provider's events: one is too long, or they take too much work. */
void stream_event_too_long(struct stream *s);
void stream_end_as_costly(struct stream *s);

/* stream_makers.c */
/* Whose the job is: to note for whom who made what nobody else can read. */
void stream_open_makers(struct stream *s, const struct claimed_job *job);
void stream_close_makers(struct stream *s);
/* The last event may have ended an item. */
void stream_note_maker(struct stream *s);
/* Notes it for all items there are, unless that is done already. */
void stream_note_makers(struct stream *s);
/* What has been noted may be lost: notes it again. */
void stream_note_makers_again(struct stream *s);

/* stream_account.c */
/* This worker begins with the job. */
void stream_open_account(struct stream *s, const struct claimed_job *job);
void stream_close_account(struct stream *s);
/*
 * Nothing more will be used, as all has been told or the response has been ended: notes how much it
 * was, for the last write and for stream_note_end(). May be repeated.
 */
void stream_settle_use(struct stream *s);
/*
 * The response has ended, how is a terminal status' name or "deleted": logs and counts it, and lets
 * go of the job.
 */
void stream_note_end(struct stream *s, const char *how);
/* The request is sent again, to the deployment that is chosen now: for the job's history. */
void stream_note_retry(struct stream *s, const char *why);
/* The response is about to fail: tells the log why, in words of ours. */
void stream_note_failure(const struct stream *s, const char *why);
/* The job goes back into the queue: job_release(). */
void stream_give_back(struct stream *s, long long fence, bool counted, enum restart_reason reason);

/* Whether the response has ended. */
bool stream_is_over(const struct stream *s);
/* Whether an error has come before any output: another try may be made. */
bool stream_is_failing(const struct stream *s);
/* Lets go of a call that has said all: its connection can serve the next request. */
void stream_end_call(struct stream *s);

/* The stream has said all, and properly. */
void stream_end_by_provider(struct stream *s);
/*
 * The stream ends, within a callback of libcurl or of the parser, where only an end that goes on
 * with a write can be made.
 */
void stream_end_of_stream(struct stream *s);
void stream_on_timer(evutil_socket_t fd, short what, void *ctx);
extern const struct errand_user stream_errand_user;

#endif
