/*
 * The deployments of one configuration and what is known of their health. Those who began with a
 * configuration go on with it after a reload, so it is shared by counting its holders.
 */
#ifndef RESPOOL_ROSTER_H
#define RESPOOL_ROSTER_H

#include "common/config/config.h"
#include "health.h"
#include "seats.h"

struct roster {
	int holders;
	struct config *config;
	struct health health;
	struct seats *seats; /* of the process; not owned */
};

/* Held by the caller; holds config. seats outlives it. */
struct roster *roster_new(struct config *config, struct seats *seats);
/* One more that uses it: roster_free() has to be called once more. Returns it. */
struct roster *roster_hold(struct roster *roster);
/* Lets go of it; the last one to do so frees it. NULL is allowed. */
void roster_free(struct roster *roster);

#endif
