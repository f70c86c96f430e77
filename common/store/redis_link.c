#include "redis_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/lookup.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "redis_events.h"
#include "redis_link_internal.h"
#include "redis_text.h"
#include "retry_pause.h"

enum {
	SETUP_SECONDS = 5, /* for a connection to become usable */
	FIRST_PAUSE_MS = 50,
	LONGEST_PAUSE_MS = 2000,
};

static void connect_now(struct redis_link *link);

void redis_link_start_timer(struct redis_link *link, int ms)
{
	timer_set(link->timer, ms);
}

/* Up to half of the pause is left to chance, so that many workers do not come back in step. */
static int jittered(int ms)
{
	return ms / 2 + (int)(random() % (ms / 2 + 1));
}

static void retry_later(struct redis_link *link)
{
	link->pause_ms = retry_pause_next(link->pause_ms, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
	redis_link_start_timer(link, jittered(link->pause_ms));
}

/* hiredis goes on calling back for what it frees, and finds nobody then. */
static redisAsyncContext *let_go(struct redis_link *link)
{
	redisAsyncContext *redis = link->redis;

	if (redis != NULL)
		redis->data = NULL;
	link->redis = NULL;
	link->up = false;
	link->owed = false;
	return redis;
}

static void report(struct redis_link *link, const char *why)
{
	if (link->user->name != NULL && !link->reported)
		log_warnx("Redis (%s): %s; connecting again", link->user->name, why);
	link->reported = true;
}

/* There is no connection any more. The user may free the link. */
static void went_down(struct redis_link *link, bool was_up, const char *why)
{
	const struct redis_link_user *user = link->user;

	report(link, why);
	retry_later(link);
	if (was_up && user->down != NULL)
		user->down(user->ctx);
	if (user->failed != NULL)
		user->failed(user->ctx, why);
}

/* The connection is gone; hiredis frees its context after this. */
static void lost(struct redis_link *link, const char *why)
{
	bool was_up = link->up;

	let_go(link);
	went_down(link, was_up, why);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
	struct redis_link *link = redis->data;

	if (link != NULL)
		lost(link, status == REDIS_OK ? "connection closed" : redis->errstr);
}

static void on_connect(const redisAsyncContext *redis, int status)
{
	struct redis_link *link = redis->data;

	if (link == NULL)
		return;
	/* After a failed connect hiredis frees the context without calling on_disconnect. */
	if (status != REDIS_OK)
		lost(link, redis->errstr);
	else
		redis_tls_begin(link->user->tls, &link->redis->c, link->address.host);
}

void redis_link_reset(struct redis_link *link, const char *why)
{
	bool was_up = link->up;

	if (link->redis == NULL)
		return;
	redisAsyncFree(let_go(link));
	went_down(link, was_up, why);
}

static void settle(struct redis_link *link)
{
	if (link->reported && link->user->name != NULL)
		log_info("Redis (%s): connected again", link->user->name);
	link->reported = false;
	link->pause_ms = 0;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_link *link = ctx;

	(void)fd;
	(void)what;
	if (link->up)
		settle(link);
	else if (link->redis != NULL)
		redis_link_reset(link, "no answer in time");
	else
		connect_now(link);
}

/* Takes the connection that is being made, or none if there is no memory for one. */
static void use_connection(struct redis_link *link, redisAsyncContext *redis)
{
	char error[sizeof(redis->c.errstr)];

	if (redis == NULL)
		fatalx("out of memory");
	if (redis->err != 0) {
		snprintf(error, sizeof(error), "%s", redis->errstr);
		redisAsyncFree(redis);
		went_down(link, false, error);
		return;
	}
	link->redis = redis;
	redis->data = link;
	if (!redis_address_is_socket(&link->address))
		redisEnableKeepAlive(&redis->c);
	redis_events_attach(redis, link->base);
	redisAsyncSetConnectCallback(redis, on_connect);
	redisAsyncSetDisconnectCallback(redis, on_disconnect);
	redis_link_start_timer(link, SETUP_SECONDS * 1000);
	redis_link_set_up(link);
}

/* lookup_fn */
static void on_looked_up(void *ctx, const char *address, const char *error)
{
	struct redis_link *link = ctx;

	link->lookup = NULL;
	if (address != NULL)
		use_connection(link, redisAsyncConnect(address, link->address.port));
	else
		went_down(link, false, error);
}

/* hiredis would look the name up, and wait for that. */
static void look_host_up(struct redis_link *link)
{
	link->lookup = lookup_start(link->base, link->address.host, on_looked_up, link);
	if (link->lookup == NULL)
		went_down(link, false, strerror(errno));
}

static void connect_to(struct redis_link *link, const struct redis_address *address)
{
	link->address = *address;
	if (redis_address_is_socket(address))
		use_connection(link, redisAsyncConnectUnix(address->host));
	else if (lookup_is_numeric(address->host))
		use_connection(link, redisAsyncConnect(address->host, address->port));
	else
		look_host_up(link);
}

static void connect_now(struct redis_link *link)
{
	const struct redis_address *address;

	if (link->lookup != NULL)
		return;
	address = link->user->where(link->user->ctx);
	if (address != NULL)
		connect_to(link, address);
	else
		retry_later(link);
}

struct redis_link *redis_link_new(struct event_base *base, const struct redis_link_user *user)
{
	struct redis_link *link = xcalloc(1, sizeof(*link));

	link->base = base;
	link->user = user;
	link->timer = evtimer_new(base, on_timer, link);
	if (link->timer == NULL)
		fatalx("out of memory");
	redis_link_start_timer(link, 0);
	return link;
}

void redis_link_free(struct redis_link *link)
{
	redisAsyncContext *redis;

	if (link == NULL)
		return;
	redis = let_go(link);
	if (redis != NULL)
		redisAsyncFree(redis);
	lookup_cancel(link->lookup);
	event_free(link->timer);
	free(link);
}

bool redis_link_is_up(const struct redis_link *link)
{
	return link->up;
}

const struct redis_address *redis_link_address(const struct redis_link *link)
{
	return &link->address;
}

/* Begins anew with another server, which is no failure. */
static void leave_server(struct redis_link *link, const struct redis_address *next)
{
	const struct redis_link_user *user = link->user;
	char text[REDIS_ADDRESS_TEXT_SIZE], why[REDIS_ADDRESS_TEXT_SIZE + 32];
	bool was_up = link->up;

	snprintf(why, sizeof(why), "goes over to %s", redis_address_text(next, text));
	report(link, why);
	redisAsyncFree(let_go(link));
	if (was_up && user->down != NULL)
		user->down(user->ctx);
}

void redis_link_follow(struct redis_link *link)
{
	const struct redis_address *address = link->user->where(link->user->ctx);
	bool busy = link->redis != NULL || link->lookup != NULL;

	if (address == NULL || (busy && redis_address_same(address, &link->address)))
		return;
	lookup_cancel(link->lookup);
	link->lookup = NULL;
	redis_link_start_timer(link, 0);
	if (link->redis != NULL)
		leave_server(link, address);
}

bool redis_link_call(
    struct redis_link *link, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	struct buf text = {0};
	bool sent;

	redis_text_command(&text, args);
	sent = redis_link_send(link, buf_span(&text), fn, privdata);
	buf_free(&text);
	return sent;
}

bool redis_link_send(
    struct redis_link *link, struct span command, redisCallbackFn *fn, void *privdata)
{
	if (!link->up)
		return false;
	return redisAsyncFormattedCommand(link->redis, fn, privdata, command.p, command.len) ==
	       REDIS_OK;
}

bool redis_link_owes(const struct redis_link *link)
{
	return link->up && link->redis->replies.head != NULL;
}

bool redis_link_is_silent(struct redis_link *link)
{
	bool owed = redis_link_owes(link);
	unsigned reads = owed ? redis_events_reads(link->redis) : 0;
	bool silent = owed && link->owed && reads == link->reads;

	link->owed = owed;
	link->reads = reads;
	return silent;
}
