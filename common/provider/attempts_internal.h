/* What attempts.c, which knows the models, asks of attempts_draw.c, which chooses among one's. */
#ifndef RESPOOL_ATTEMPTS_INTERNAL_H
#define RESPOOL_ATTEMPTS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "attempts.h"

/* Takes candidate i for the next call. */
void attempts_take(struct attempts *attempts, size_t i);
/*
 * Draws one of the candidates that have not been tried, and takes it: one that rests only if there
 * are no others, and one that is to be left alone only if all are. False if all have been tried.
 */
bool attempts_draw(struct attempts *attempts);
/* For how long (ms) candidate i is to be left alone still. */
long long attempts_candidate_wait_ms(const struct attempts *attempts, size_t i);
/* Whether one that has not been tried has a later order than attempts->deployment. */
bool attempts_later_order_is_left(const struct attempts *attempts);

#endif
