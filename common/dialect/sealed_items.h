/*
 * Reasoning of earlier answers that were translated, in a request for a provider that speaks the
 * Responses API: it cannot read what another one has sealed (sealed.h), and refuses the request.
 */
#ifndef RESPOOL_SEALED_ITEMS_H
#define RESPOOL_SEALED_ITEMS_H

#include "common/base/buf.h"

/*
 * Takes the reasoning items with such a seal out of the input of body, a checked JSON object. A
 * body that has none stays as it is spelled.
 */
void sealed_items_leave_out(struct buf *body);

#endif
