/*
 * What a relay passes through counts against the limits of its key: Redis is asked before whether
 * it may be passed through (scripts/admit.lua), and told afterwards what it has used
 * (scripts/settle.lua). What keys without limits have used is summed up for the relay's beats.
 *
 * While Redis is away nothing is refused. What has been used meanwhile is told to it when it is
 * there again.
 */
#ifndef RESPOOL_RELAY_ADMISSION_H
#define RESPOOL_RELAY_ADMISSION_H

#include <stdbool.h>

#include <event2/event.h>

#include "admission.h"
#include "common/base/buf.h"
#include "common/config/key_limits.h"
#include "keys.h"
#include "redis_client.h"
#include "use_sums.h"

struct relay_admissions;
/* That Redis has been asked for one passage, and what it has said. */
struct ticket;

/*
 * redis, which calls SCRIPT_ADMIT and SCRIPT_SETTLE, and space must outlive them. relay is the name
 * by which Redis knows the relay. What holds no place against a limit is added to uses, which has
 * to live as long.
 */
struct relay_admissions *relay_admissions_new(struct event_base *base, struct redis_client *redis,
    const struct key_space *space, const char *relay, struct use_sums *uses);
/* Nothing more is sent: before redis is freed. Of no ticket the function is called any more. */
void relay_admissions_close(struct relay_admissions *admissions);
/* To be called when no call of redis is open any more. Frees all tickets. */
void relay_admissions_free(struct relay_admissions *admissions);
/* Redis is there (again), or is not any more. */
void relay_admissions_up(struct relay_admissions *admissions);
void relay_admissions_down(struct relay_admissions *admissions);

/* Who asks for what. */
struct passed_through {
	const char *tenant;
	const char *label; /* of the model, as model_label() has it */
};

/*
 * Asks whether it may be passed through. done is called when Redis has answered, with what it says,
 * and the ticket is gone if that is refused; or with NULL, if there has been no answer within a
 * second: then it may be, and the log says so. NULL, without a call of done, if Redis is away:
 * likewise. expected is how many tokens it will take. All is copied.
 */
struct ticket *relay_admissions_ask(struct relay_admissions *admissions,
    const struct passed_through *what, const struct key_limits *limits, long long expected,
    void (*done)(void *ctx, const struct admission *admission), void *ctx);
/* Nobody waits for the answer any more: done is not called. The ticket still has to be settled. */
void ticket_abandon(struct ticket *ticket);

/*
 * It is over. ticket, which is not the caller's any more, is NULL if Redis was not asked. What was
 * refused, or has ended before it was admitted and could begin, is not to be counted.
 */
void relay_admissions_settle(struct relay_admissions *admissions, struct ticket *ticket,
    const struct passed_through *what, const struct settlement *settlement);

#endif
