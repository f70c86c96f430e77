/* The endpoints of webhooks, and the deliveries that have not arrived, as tables or as JSON. */
#ifndef RESPOOL_WEBHOOKS_LIST_H
#define RESPOOL_WEBHOOKS_LIST_H

#include "ctl.h"

/* Needs the store. Returns what the program ends with. */
int webhooks_list(struct ctl *ctl);

#endif
