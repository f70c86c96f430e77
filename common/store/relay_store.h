/*
 * What a relay keeps in Redis, over one asynchronous connection that makes itself anew when it
 * breaks: whose the responses are that providers keep, who made what nobody else can read, how the
 * deployments' calls go, that the relay is there (relay_beat.h), and what keys' limits let it pass
 * through (relay_admission.h).
 */
#ifndef RESPOOL_RELAY_STORE_H
#define RESPOOL_RELAY_STORE_H

#include <stdbool.h>

#include <event2/event.h>

#include "common/base/buf.h"
#include "common/provider/roster.h"
#include "counts.h"
#include "relay_admission.h"

struct relay_store;
struct remembering;

/*
 * roster is held; its health is kept up to date once a second if there is more than one deployment.
 * ready is called once, as soon as that is known for the first time, or Redis has had READY_MS.
 */
struct relay_store *relay_store_new(
    struct event_base *base, struct roster *roster, void (*ready)(void *ctx), void *ctx);
/* What is under way is given up; of a remembering, its function is called first. */
void relay_store_free(struct relay_store *store);

/*
 * Goes on with another configuration, if that names the same Redis; false if not. roster is held.
 */
bool relay_store_use(struct relay_store *store, struct roster *roster);

/* Whether Redis can be asked now. */
bool relay_store_is_up(const struct relay_store *store);

/*
 * Remembers, for the configured time, that the response of this id is the tenant's and which
 * deployment made it; done is called when Redis has it, or has not answered within a second, which
 * is logged. What is another tenant's stays so. NULL, without a call of done, if there is nothing
 * to wait for: the id cannot be part of a key, or Redis has been away for longer than that. The
 * texts are copied.
 */
struct remembering *relay_store_remember(struct relay_store *store, struct span id,
    const char *tenant, const char *deployment, const char *model, void (*done)(void *ctx),
    void *ctx);
/*
 * Remembers, for the configured time, who made an encrypted content, by its hash: the deployment of
 * that id, asked by that model. done and the result are as above.
 */
struct remembering *relay_store_note_maker(struct relay_store *store, const char *hash,
    const char *deployment, const char *model, void (*done)(void *ctx), void *ctx);
/* done is not called any more. Redis is told all the same. */
void remembering_abandon(struct remembering *remembering);

/* Forgets whose the response of this id is, if it is the tenant's. */
void relay_store_forget(struct relay_store *store, const char *id, const char *tenant);

/* errand_host.report: tells how a call to a deployment of config went. */
void relay_store_report(struct relay_store *store, const struct config *config,
    const struct deployment *deployment, bool failed, long long limit_ms);

/* How many answers the relay holds open. */
void relay_store_show(struct relay_store *store, int streams);
/* What the next beat adds to the installation's counters. */
struct counts *relay_store_counts(struct relay_store *store);
/* Who says what may be passed through; until the store is freed. */
struct relay_admissions *relay_store_admissions(struct relay_store *store);
/*
 * The relay ends: tells Redis what is counted, and has the relay forgotten. left is called within
 * RELAY_LEAVE_MS, and may be called from within this one.
 */
void relay_store_leave(struct relay_store *store, void (*left)(void *ctx), void *ctx);

#endif
