#include "roster.h"

#include <stdlib.h>

#include "common/base/alloc.h"

struct roster *roster_new(struct config *config, struct seats *seats)
{
	struct roster *roster = xmalloc(sizeof(*roster));

	roster->holders = 1;
	roster->config = config_hold(config);
	health_open(&roster->health, config);
	roster->health.seats = roster->seats = seats;
	return roster;
}

struct roster *roster_hold(struct roster *roster)
{
	roster->holders++;
	return roster;
}

void roster_free(struct roster *roster)
{
	if (roster == NULL || --roster->holders > 0)
		return;
	health_close(&roster->health);
	config_free(roster->config);
	free(roster);
}
