/* Has deliveries of webhooks sent again that have not arrived. */
#ifndef RESPOOL_WEBHOOKS_RETRY_H
#define RESPOOL_WEBHOOKS_RETRY_H

#include "ctl.h"

/*
 * Those of the ids behind the first word, or of what has ended since the option's value. Needs the
 * store. Returns what the program ends with.
 */
int webhooks_retry(struct ctl *ctl);

#endif
