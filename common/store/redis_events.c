#include "redis_events.h"

#include <stdbool.h>
#include <stdlib.h>

#include <event2/event_struct.h>

#include "common/base/alloc.h"

struct redis_events {
	redisAsyncContext *redis;
	struct event readable, writable;
	unsigned reads;
	bool tried; /* to write, and not all went out: the socket has to say when it has room */
};

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_events *events = ctx;

	(void)fd;
	(void)what;
	events->reads++;
	redisAsyncHandleRead(events->redis);
}

/* hiredis may free all of this within. */
static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_events *events = ctx;

	(void)fd;
	(void)what;
	/* It may be too early: hiredis does not ask again while it connects. */
	if (!(events->redis->c.flags & REDIS_CONNECTED))
		event_add(&events->writable, NULL);
	events->tried = true;
	redisAsyncHandleWrite(events->redis);
}

static void add_read(void *ctx)
{
	struct redis_events *events = ctx;

	if (!event_pending(&events->readable, EV_READ, NULL))
		event_add(&events->readable, NULL);
}

static void del_read(void *ctx)
{
	event_del(&((struct redis_events *)ctx)->readable);
}

/* Before it is connected, writable is what tells that it is. */
static void add_write(void *ctx)
{
	struct redis_events *events = ctx;

	if (events->tried || !(events->redis->c.flags & REDIS_CONNECTED))
		event_add(&events->writable, NULL);
	else
		event_active(&events->writable, EV_WRITE, 0);
}

static void del_write(void *ctx)
{
	struct redis_events *events = ctx;

	events->tried = false;
	event_del(&events->writable);
}

static void clean_up(void *ctx)
{
	struct redis_events *events = ctx;

	event_del(&events->readable);
	event_del(&events->writable);
	free(events);
}

void redis_events_attach(redisAsyncContext *redis, struct event_base *base)
{
	struct redis_events *events = xcalloc(1, sizeof(*events));

	events->redis = redis;
	event_assign(
	    &events->readable, base, redis->c.fd, EV_READ | EV_PERSIST, on_readable, events);
	event_assign(&events->writable, base, redis->c.fd, EV_WRITE, on_writable, events);
	redis->ev.addRead = add_read;
	redis->ev.delRead = del_read;
	redis->ev.addWrite = add_write;
	redis->ev.delWrite = del_write;
	redis->ev.cleanup = clean_up;
	redis->ev.data = events;
	/* For the connection to be made. */
	event_add(&events->readable, NULL);
	event_add(&events->writable, NULL);
}

unsigned redis_events_reads(const redisAsyncContext *redis)
{
	return ((const struct redis_events *)redis->ev.data)->reads;
}
