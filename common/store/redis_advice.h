/*
 * Advice about the Redis that is used: what of its version, its settings and its distance endangers
 * responses or slows them down. A server is asked some questions, its answers become facts, and a
 * table of findings says what is to be said about them. What a server does not tell, because an ACL
 * or whoever runs it forbids the question, is not known, and nothing is said about it.
 */
#ifndef RESPOOL_REDIS_ADVICE_H
#define RESPOOL_REDIS_ADVICE_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "redis_args.h"

struct redis_facts {
	char version[16];          /* "7.0.15"; "" if not known */
	char maxmemory_policy[32]; /* "noeviction"; "" if not known */
	/* These are -1 if not known. */
	long long maxmemory; /* bytes; 0 for no limit */
	int append_only;     /* whether there is an append-only file */
	int save_points;     /* whether there are any */
	double round_trip;   /* s: the shortest one, as any may have waited for something else */
};

/* Nothing is known. */
void redis_facts_init(struct redis_facts *facts);

/*
 * The question that is number 0, 1 … of those to ask after what is known by now, one after the
 * other. args must be empty. False if there are no more.
 */
bool redis_facts_question(const struct redis_facts *facts, int number, struct redis_args *args);
/* Takes the answer to a question, which may be an error, and the seconds until it was there. */
void redis_facts_take(
    struct redis_facts *facts, int number, const redisReply *answer, double seconds);

/*
 * A finding has a name, one word for programs, and a sentence or two for people: what was found,
 * what can come of it, and what to do. Both are valid during the call only.
 */
typedef void redis_finding_fn(void *ctx, const char *name, const char *text);

/* A redis_finding_fn that logs it as a warning. */
void redis_finding_log(void *ctx, const char *name, const char *text);

/* Calls fn with each finding; not at all if all is well as far as is known. */
void redis_advise(const struct redis_facts *facts, redis_finding_fn *fn, void *ctx);

#endif
