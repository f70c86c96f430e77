#include "redis_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "redis_events.h"

enum {
	SETUP_SECONDS = 5, /* for a connection to become usable */
	SETTLE_MS = 1000,  /* after which it counts as one that lasts */
	FIRST_PAUSE_MS = 50,
	LONGEST_PAUSE_MS = 2000,
};

struct redis_link {
	struct event_base *base;
	const struct redis_config *config;
	const struct redis_link_user *user;
	redisAsyncContext *redis; /* NULL between connections */
	struct event *timer;      /* until the next try, or for this one to succeed */
	int pause_ms;
	bool up;
	bool closing;
	bool reported;     /* the failure at hand has been logged */
	time_t last_error; /* when an error reply was logged: at most one each second */
	int loading;       /* the next script whose hash will come */
	struct script_hashes hashes;
};

static void connect_now(struct redis_link *link);

static void start_timer(struct redis_link *link, int ms)
{
	struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	event_add(link->timer, &delay);
}

/* Up to half of the pause is left to chance, so that many workers do not come back in step. */
static int jittered(int ms)
{
	return ms / 2 + (int)(random() % (ms / 2 + 1));
}

static void retry_later(struct redis_link *link)
{
	start_timer(link, jittered(link->pause_ms));
	link->pause_ms *= 2;
	if (link->pause_ms > LONGEST_PAUSE_MS)
		link->pause_ms = LONGEST_PAUSE_MS;
}

/* The connection is gone; hiredis frees its context after this. */
static void went_down(struct redis_link *link, const char *why)
{
	bool was_up = link->up;

	link->redis = NULL;
	link->up = false;
	if (link->closing)
		return;
	if (!link->reported)
		log_warnx("Redis (%s): %s; connecting again", link->user->name, why);
	link->reported = true;
	retry_later(link);
	if (was_up && link->user->down != NULL)
		link->user->down(link->user->ctx);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
	struct redis_link *link = redis->data;

	if (link != NULL && link->redis == redis)
		went_down(link, status == REDIS_OK ? "connection closed" : redis->errstr);
}

static void on_connect(const redisAsyncContext *redis, int status)
{
	struct redis_link *link = redis->data;

	/* After a failed connect hiredis frees the context without calling on_disconnect. */
	if (status != REDIS_OK && link != NULL && link->redis == redis)
		went_down(link, redis->errstr);
}

void redis_link_reset(struct redis_link *link, const char *why)
{
	redisAsyncContext *redis = link->redis;

	if (redis == NULL)
		return;
	redis->data = NULL;
	redisAsyncFree(redis);
	went_down(link, why);
}

static void settle(struct redis_link *link)
{
	if (link->reported)
		log_info("Redis (%s): connected again", link->user->name);
	link->reported = false;
	link->pause_ms = FIRST_PAUSE_MS;
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

/* ---- setting a connection up ----------------------------------------------------------------- */

static void setup_failed(struct redis_link *link, const char *doing, const redisReply *reply)
{
	char why[256];

	if (reply == NULL)
		return;
	snprintf(why, sizeof(why), "%s: %s", doing, reply->str);
	redis_link_reset(link, why);
}

static void on_setup_reply(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;
	const redisReply *reply = data;

	if (link == NULL || link->redis != redis)
		return;
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		setup_failed(link, privdata, reply);
}

static void on_script_hash(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;
	const redisReply *reply = data;

	if (link == NULL || link->redis != redis)
		return;
	if (reply == NULL || reply->type != REDIS_REPLY_STRING)
		setup_failed(link, privdata, reply);
	else
		snprintf(link->hashes.sha[link->loading++], SCRIPT_SHA_SIZE, "%s", reply->str);
}

static void on_ready(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;
	const redisReply *reply = data;

	if (link == NULL || link->redis != redis)
		return;
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
		setup_failed(link, privdata, reply);
		return;
	}
	start_timer(link, SETTLE_MS);
	link->up = true;
	link->user->up(link->user->ctx);
}

static void set_up(struct redis_link *link)
{
	static char auth[] = "AUTH", select[] = "SELECT", load[] = "SCRIPT LOAD", ping[] = "PING";
	const struct redis_config *config = link->config;
	int s;

	if (config->password != NULL && config->username != NULL)
		redisAsyncCommand(link->redis, on_setup_reply, auth, "AUTH %s %s", config->username,
		    config->password);
	else if (config->password != NULL)
		redisAsyncCommand(link->redis, on_setup_reply, auth, "AUTH %s", config->password);
	if (config->db != 0)
		redisAsyncCommand(link->redis, on_setup_reply, select, "SELECT %d", config->db);
	link->loading = 0;
	for (s = 0; link->user->scripts && s < SCRIPT_COUNT; s++)
		redisAsyncCommand(link->redis, on_script_hash, load, "SCRIPT LOAD %s",
		    script_source((enum script)s));
	redisAsyncCommand(link->redis, on_ready, ping, "PING");
}

static redisAsyncContext *new_connection(const struct redis_config *config)
{
	if (config->socket_path != NULL)
		return redisAsyncConnectUnix(config->socket_path);
	return redisAsyncConnect(config->host, config->port);
}

static void connect_now(struct redis_link *link)
{
	redisAsyncContext *redis = new_connection(link->config);

	if (redis == NULL)
		fatalx("out of memory");
	if (redis->err != 0) {
		went_down(link, redis->errstr);
		redisAsyncFree(redis);
		return;
	}
	link->redis = redis;
	redis->data = link;
	if (link->config->socket_path == NULL)
		redisEnableKeepAlive(&redis->c);
	redis_events_attach(redis, link->base);
	redisAsyncSetConnectCallback(redis, on_connect);
	redisAsyncSetDisconnectCallback(redis, on_disconnect);
	start_timer(link, SETUP_SECONDS * 1000);
	set_up(link);
}

/* ---- the interface --------------------------------------------------------------------------- */

struct redis_link *redis_link_new(
    struct event_base *base, const struct redis_config *config, const struct redis_link_user *user)
{
	struct redis_link *link = xcalloc(1, sizeof(*link));

	link->base = base;
	link->config = config;
	link->user = user;
	link->pause_ms = FIRST_PAUSE_MS;
	link->timer = evtimer_new(base, on_timer, link);
	if (link->timer == NULL)
		fatalx("out of memory");
	start_timer(link, 0);
	return link;
}

void redis_link_free(struct redis_link *link)
{
	if (link == NULL)
		return;
	link->closing = true;
	if (link->redis != NULL) {
		redisAsyncContext *redis = link->redis;

		link->redis = NULL;
		link->up = false;
		redisAsyncFree(redis);
	}
	event_free(link->timer);
	free(link);
}

bool redis_link_is_up(const struct redis_link *link)
{
	return link->up;
}

bool redis_link_call(
    struct redis_link *link, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	if (!link->up)
		return false;
	redis_args_use_hashes(args, 1, &link->hashes);
	return redisAsyncCommandArgv(link->redis, fn, privdata, args->count,
		   (const char **)args->values, args->lengths) == REDIS_OK;
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool redis_link_failed(struct redis_link *link, const redisReply *reply, const char *doing)
{
	if (reply == NULL)
		return true;
	if (reply->type != REDIS_REPLY_ERROR)
		return false;
	if (begins_with(reply->str, "NOSCRIPT"))
		redis_link_reset(link, "the server has lost our scripts");
	else if (begins_with(reply->str, "READONLY") || begins_with(reply->str, "UNBLOCKED"))
		redis_link_reset(link, "the server is no master any more");
	else if (time(NULL) != link->last_error)
		log_warnx("Redis: %s: %s", doing, reply->str);
	link->last_error = time(NULL);
	return true;
}
