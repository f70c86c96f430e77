/* When a delivery is tried again, as Standard Webhooks 1.0.0 proposes. */
#ifndef RESPOOL_WEBHOOK_SCHEDULE_H
#define RESPOOL_WEBHOOK_SCHEDULE_H

enum { WEBHOOK_TRIES = 10 };

/*
 * How long to wait, in ms, behind a try, if so many have failed by then (1 for the first one):
 * about 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h; -1 behind the last one. chance,
 * from 0 to 1, moves it by up to a tenth, so that what has failed together does not come again
 * together. No less than retry_after, in s, which the receiver has asked for (negative: it has
 * not), but no more than a day for that.
 */
long long webhook_pause(int failed, double retry_after, double chance);

#endif
