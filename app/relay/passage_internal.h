/*
 * A passage, taken apart: passage.c begins and ends it, passage_call.c asks the provider and takes
 * in what comes, passage_admission.c asks before whether its key's limits let it, and notes what it
 * has used, passage_outcome.c tells the client how that has ended, passage_remembering.c holds
 * the answer up until Redis knows whose it is, passage_room.c bounds what all of a relay hold,
 * passage_translated.c has answers in other dialects made into ones of the Responses API,
 * passage_record.c has the log told how it went, passage_report.c what it is at.
 */
#ifndef RESPOOL_PASSAGE_INTERNAL_H
#define RESPOOL_PASSAGE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "answer.h"
#include "client.h"
#include "common/response/api_error.h"
#include "common/response/usage_finder.h"
#include "passage.h"
#include "passage_record.h"
#include "translated.h"

/* How the provider's part has ended, when the client has not been told yet. */
enum outcome { OUTCOME_OPEN, OUTCOME_WHOLE, OUTCOME_BROKEN };

struct passage {
	struct passage_host *host;
	LIST_ENTRY(passage) link; /* of host->open; of host->over once it has ended */
	struct handover request;
	struct roster *roster; /* held: also the configuration that it began with */
	struct client_user client_user;
	struct client client;
	struct errand errand;
	struct answer answer;
	struct translated translated;
	bool without_thinking; /* the request has been put without it once already */
	/* Of its id, and of the last content that nobody else can read; NULL unless waited for. */
	struct remembering *remembering, *noting;
	struct buf noted; /* the hashes of such contents: encrypted_hash_is_new() */
	size_t held;      /* bytes of the answer that count in host->held_bytes */
	bool droppable;   /* another try follows: nothing of the answer goes out */
	bool success;     /* the provider has done what was asked */
	bool over;
	enum outcome outcome;
	enum upstream_end broken_by; /* where it is BROKEN */
	bool process_ends;           /* likewise: by that */
	char error[CURL_ERROR_SIZE];
	struct passage_record record;
	/*
	 * It counts: it makes a provider answer with tokens, and no limit has refused it. ticket is
	 * NULL unless Redis has been asked for it.
	 */
	bool counts;
	struct ticket *ticket;
	bool waits_for_ticket;
	struct usage_finder usage; /* of an answer that is not translated, where it counts */
};

static inline const struct config *passage_config(const struct passage *passage)
{
	return passage->roster->config;
}

static inline bool passage_has_flag(const struct passage *passage, enum handover_flag flag)
{
	return (passage->request.flags & flag) != 0;
}

/*
 * passage.c: stops all that is under way, unless it has ended already, and frees the passage soon.
 * connection is the client's if it can serve another request, else -1.
 */
void passage_end(struct passage *passage, int connection);

/* passage_call.c */
/* For the passage that is the context of its errand. */
extern const struct errand_user passage_errand_user;
/* Nothing of the answer has gone out: it begins anew. */
void passage_reset_answer(struct passage *passage);
/* Once for each call. */
void passage_tell_health(struct passage *passage, long status);

/* passage_admission.c */
/* Calls the deployment that is chosen, once the limits of its key let it. */
void passage_begin(struct passage *passage);
/* Nobody waits for what the limits say any longer: no deployment is called. */
void passage_stop_asking(struct passage *passage);
/* It has ended: notes what it has used. */
void passage_settle(struct passage *passage);
/* host->store is to be freed: it goes on as if it had no limits. */
void passage_leave_admission(struct passage *passage);

/* passage_translated.c */
/* A call begins: whether its answer is to be translated says passage->translated.translation. */
void passage_open_translated(struct passage *passage);
const char *passage_write_translated(struct passage *passage, struct buf *out);
/* As in struct errand_user. */
bool passage_on_translated_body(struct passage *passage, struct span bytes);
void passage_on_translated_end(struct passage *passage, const struct upstream_result *result);
/* The process ends. False if nothing of the answer is translated, or the client has nothing yet. */
bool passage_break_off_translated(struct passage *passage);

/* passage_outcome.c */
/* The whole answer, from before anything has gone out. */
void passage_send_error(struct passage *passage, const struct api_error *error);
/* The error that such an end of a call is for the client; why, in words, may be "". */
void passage_describe_failure(struct api_error *error, enum upstream_end end, const char *why);
/* Tells the client how it has ended, once nothing is waited for before. */
void passage_conclude(struct passage *passage);

/* passage_remembering.c */
/* answer.on_id: whose the response is is known here before the client knows the id. */
bool passage_on_id(void *ctx, struct span id);
/* answer.on_sealed: who has made it is known here before the client can send it back. */
bool passage_on_sealed(void *ctx, struct span content);
/* Whether the answer is held up until Redis has replied. */
bool passage_waits_for_store(const struct passage *passage);
/* Nobody waits any longer; what is held up stays so. */
void passage_stop_remembering(struct passage *passage);
/* Nobody waits any longer, and the answer goes on as if Redis had replied. */
void passage_leave_store(struct passage *passage);

/* passage_room.c */
/* The request's bytes count as long as it may have to be sent again. */
void passage_count_request(struct passage *passage);
/* It will not be sent again: frees its body. May be repeated. */
void passage_forget_request(struct passage *passage);
/* answer.may_hold, for the passage that is its context. */
bool passage_may_hold(void *ctx, size_t len);
/*
 * The same for one that is translated, which cannot go out as it comes: one that is small is not to
 * fail for what others hold.
 */
bool passage_may_make(struct passage *passage, size_t len);
/* The answer has none of its bytes held any more. */
void passage_release_held(struct passage *passage);

#endif
