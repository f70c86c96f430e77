/*
 * hiredis' asynchronous connections on libevent, with as few system calls as there can be: what is
 * to be sent goes out within the same turn of the loop, several commands in one write, without
 * asking first whether there is room; and the socket stays watched between replies.
 */
#ifndef RESPOOL_REDIS_EVENTS_H
#define RESPOOL_REDIS_EVENTS_H

#include <event2/event.h>
#include <hiredis/async.h>

/* Has the loop drive the connection, until hiredis frees its context. */
void redis_events_attach(redisAsyncContext *redis, struct event_base *base);

/* How often something has come from the server. Only as long as the connection is there. */
unsigned redis_events_reads(const redisAsyncContext *redis);

#endif
