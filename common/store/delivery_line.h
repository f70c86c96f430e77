/* What Redis knows of a delivery of a webhook: a line, as scripts/shared/deliveries.lua has it. */
#ifndef RESPOOL_DELIVERY_LINE_H
#define RESPOOL_DELIVERY_LINE_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/config/webhooks_config.h"
#include "common/response/response.h"
#include "common/response/response_id.h"
#include "keys.h"

/* Times are UNIX times in ms. */
struct delivery_line {
	char endpoint[WEBHOOK_NAME_SIZE];
	char response[RESPONSE_ID_MAX + 1];
	enum response_status how; /* it has ended */
	long long ended_at;
	long long gone_at;  /* when it expires */
	long long due_at;   /* 0 if the delivery is dead */
	long long tries;    /* that have failed */
	long long claims;   /* the number of its last claim or report: each is one more */
	long long tried_at; /* when the last try ended; 0 if there was none */
	struct span why;    /* that failed, or empty; of the text that was read */
};

/* False, and what is in out is not to be read, if the text is no such line. */
bool delivery_line_read(struct delivery_line *out, struct span text);

/* Copies a delivery's id: "wh_" and 32 hex digits. False, and out stays, if it is none. */
bool delivery_id_copy(char out[DELIVERY_ID_SIZE], struct span id);

#endif
