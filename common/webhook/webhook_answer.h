/* What may be shown of an endpoint's answer. */
#ifndef RESPOOL_WEBHOOK_ANSWER_H
#define RESPOOL_WEBHOOK_ANSWER_H

#include "common/base/buf.h"

/*
 * Appends how an answer begins, as a text: without NULs, without secrets ("whsec_…"), and without
 * the path and the query of the endpoint's URL, which may hold what nobody else is to know and
 * which errors like to repeat.
 */
void webhook_body_to_show(struct buf *out, const char *url, struct span body);

#endif
