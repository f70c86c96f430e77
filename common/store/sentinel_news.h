/*
 * What a Sentinel publishes when a master has changed. All of them do on one channel, when they
 * know it. The one that leads the failover does that only when it is done with it; on the other
 * channel it tells about a second earlier that the new master is one.
 */
#ifndef RESPOOL_SENTINEL_NEWS_H
#define RESPOOL_SENTINEL_NEWS_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "redis_address.h"

enum { SENTINEL_CHANNELS = 2 };
extern const char *const sentinel_channels[SENTINEL_CHANNELS];

/*
 * Takes a message from one of the channels. False if it is none, or is about the master of another
 * service.
 */
bool sentinel_news_read(
    const redisReply *message, const char *service, struct redis_address *master);

#endif
