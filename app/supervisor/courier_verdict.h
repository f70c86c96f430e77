/* What becomes of a delivery once a try has ended. */
#ifndef RESPOOL_COURIER_VERDICT_H
#define RESPOOL_COURIER_VERDICT_H

#include <stdbool.h>

#include "common/store/webhooks.h"
#include "common/webhook/webhook_post.h"

struct courier_verdict {
	enum webhook_outcome outcome;
	long long pause_ms; /* until the next try, of WEBHOOK_TRY_FAILED */
	long long alone_ms; /* the endpoint wants to be left alone for so long, an hour at most */
	bool off;           /* it wants to be told nothing any more: it has answered 410 */
};

/* failed is how many tries have failed before; chance as for webhook_pause(). */
struct courier_verdict courier_judge(
    const struct webhook_result *result, int failed, double chance);

#endif
