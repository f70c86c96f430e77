/* Whether an endpoint of webhooks takes what is sent to it. */
#ifndef RESPOOL_WEBHOOKS_TEST_H
#define RESPOOL_WEBHOOKS_TEST_H

#include "ctl.h"

/*
 * Sends a signed event about a response that does not exist, "resp_test_…", from here to the
 * endpoint of that name or of exactly that URL, and tells what became of it. It needs the
 * configuration, and no Redis.
 */
int webhooks_test(struct ctl *ctl, const char *word);

#endif
