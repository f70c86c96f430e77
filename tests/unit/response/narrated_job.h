/*
 * A background job as the tests of the narrator see it: the provider's events go in, and what is
 * told is stored at once and checked by the rules of streams.
 */
#ifndef RESPOOL_NARRATED_JOB_H
#define RESPOOL_NARRATED_JOB_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/response/event_log.h"
#include "common/response/fold.h"
#include "common/response/narrator.h"
#include "told_rules.h"

#define MESSAGE                                                                                    \
	"{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\","                       \
	"\"role\":\"assistant\",\"content\":[]}"
#define ADDED(index, item)                                                                         \
	"{\"type\":\"response.output_item.added\",\"output_index\":" index ",\"item\":" item "}"
#define DONE(index, item)                                                                          \
	"{\"type\":\"response.output_item.done\",\"output_index\":" index ",\"item\":" item "}"
#define OF_ITEM(type, id, index, members)                                                          \
	"{\"type\":\"response." type "\",\"item_id\":\"" id "\",\"output_index\":" index           \
	"," members "}"
#define TEXT(delta)                                                                                \
	OF_ITEM("output_text.delta", "msg_1", "0", "\"content_index\":0,\"delta\":\"" delta "\"")
#define CALL(id, call_id, arguments, status)                                                       \
	"{\"id\":\"" id "\",\"type\":\"function_call\",\"call_id\":\"" call_id                     \
	"\",\"name\":\"f\",\"arguments\":\"" arguments "\",\"status\":\"" status "\"}"
#define COMPLETED "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}"

struct job {
	struct buf object;
	struct event_log log, stored;
	struct narrator *narrator;
	struct fold fold;
	struct told_rules rules;
	size_t seen; /* how many of the stored events the test has looked at */
};

/* A response is created, and a worker begins with it. */
void job_open(struct job *job);
/* Frees it; all that was begun must have ended. */
void job_close(struct job *job);

/* An event of the provider. */
void job_tell(struct job *job, const char *event);
/* Stores what has been told, and checks it. */
void job_store(struct job *job);
/* The worker's attempt begins. */
void job_begin(struct job *job);
/* The worker is gone; another one takes the job up. count: how much of the log it finds. */
void job_recall(struct job *job, size_t count);
/* The same with all of the log, and its attempt begins. */
void job_restart(struct job *job);

/* The provider has said all. */
void job_end_fold(struct job *job);
/* The same; checks that the object is what was told; frees the job. */
void job_finish(struct job *job);

/* The data of a stored event. */
struct span job_data(const struct job *job, size_t i);
/* Names the types, but for "response.", of what has been told since the last call. */
void job_assert_told(struct job *job, const char *types);
/* A member of the event that is the last but back ones. */
void job_assert_member(const struct job *job, size_t back, const char *name, const char *value);
/* The items that ended last are those of the object. */
void job_assert_adds_up(struct job *job);

#endif
