#include "store_sentinel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "sentinel_master.h"
#include "sentinel_news.h"

enum {
	CHECK_EVERY_MS = 1000,
	/* No more Sentinels are asked for one call when they have taken so long. */
	PATIENCE_MS = 1000,
};

void store_sentinel_init(struct store_sentinel *sentinel, const struct store_access *access)
{
	const struct redis_nodes *nodes = &access->config->sentinels;

	*sentinel = (struct store_sentinel){.access = access, .count = nodes->count};
	sentinel->sentinels = xcalloc(nodes->count, sizeof(*sentinel->sentinels));
	for (size_t i = 0; i < nodes->count; i++) {
		struct redis_address address = {0};

		redis_address_set(&address, nodes->list[i].host, nodes->list[i].port);
		store_server_init(&sentinel->sentinels[i], access, STORE_SERVER_SENTINEL, &address);
	}
	sentinel->master = (struct store_server){.access = access, .role = STORE_SERVER_MASTER};
	sentinel->listener = (struct store_server){.access = access, .role = STORE_SERVER_SENTINEL};
}

void store_sentinel_close(struct store_sentinel *sentinel)
{
	for (size_t i = 0; i < sentinel->count; i++)
		store_server_disconnect(&sentinel->sentinels[i]);
	free(sentinel->sentinels);
	store_server_disconnect(&sentinel->listener);
	store_server_disconnect(&sentinel->master);
}

static bool ask(struct store_server *server, struct redis_address *master)
{
	struct redis_args args = {0};
	redisReply *reply;
	bool ok;

	if (!store_server_connect(server))
		return false;
	sentinel_master_args(&args, server->access->config->service_name);
	if (!store_server_exchange(server, &args, 1, &reply))
		return false;
	ok = sentinel_master_read(reply, master);
	if (!ok)
		store_server_failed(server, "SENTINEL get-master-addr-by-name",
		    reply->type == REDIS_REPLY_ERROR ? reply->str
						     : "it knows no master of this service_name");
	freeReplyObject(reply);
	return ok;
}

/* One that refuses a channel or is away is asked now and then all the same. */
static void listen_to(struct store_sentinel *sentinel, const struct redis_address *address)
{
	struct store_server *listener = &sentinel->listener;

	if (listener->redis != NULL && redis_address_same(&listener->address, address))
		return;
	store_server_disconnect(listener);
	listener->address = *address;
	if (!store_server_connect(listener))
		return;
	for (int i = 0; i < SENTINEL_CHANNELS; i++) {
		struct redis_args args = {0};
		redisReply *reply;

		redis_args_add(&args, "SUBSCRIBE");
		redis_args_add(&args, sentinel_channels[i]);
		if (!store_server_exchange(listener, &args, 1, &reply))
			return;
		freeReplyObject(reply);
	}
}

static void use_master(struct store_sentinel *sentinel, const struct redis_address *named)
{
	if (!redis_address_same(named, &sentinel->master.address))
		store_server_disconnect(&sentinel->master);
}

/* One is enough: if it does not answer, the next check asks the next one. */
static void check_master(struct store_sentinel *sentinel)
{
	struct store_server *asked = &sentinel->sentinels[sentinel->turn];
	struct redis_address named;

	sentinel->checked_at = monotonic_ms();
	if (ask(asked, &named)) {
		use_master(sentinel, &named);
		listen_to(sentinel, &asked->address);
	} else {
		sentinel->turn = (sentinel->turn + 1) % sentinel->count;
	}
}

/* Takes what the one that is listened to has said by now. */
static void hear(struct store_sentinel *sentinel)
{
	const char *service = sentinel->access->config->service_name;
	struct redis_address named;
	redisReply *message;

	while ((message = store_server_heard(&sentinel->listener)) != NULL) {
		if (sentinel_news_read(message, service, &named))
			use_master(sentinel, &named);
		freeReplyObject(message);
	}
}

static bool remember_failure(struct store_sentinel *sentinel, const struct store_server *server)
{
	memcpy(sentinel->error, server->error, sizeof(sentinel->error));
	return false;
}

/* refused is the address that was tried last in vain in this round. */
static bool connect_to(struct store_sentinel *sentinel, const struct redis_address *named,
    struct redis_address *refused)
{
	if (redis_address_same(named, refused))
		return false;
	store_server_init(&sentinel->master, sentinel->access, STORE_SERVER_MASTER, named);
	if (store_server_connect(&sentinel->master))
		return true;
	*refused = *named;
	return remember_failure(sentinel, &sentinel->master);
}

static bool find_master(struct store_sentinel *sentinel)
{
	long long deadline = monotonic_ms() + PATIENCE_MS;
	struct redis_address named, refused = {0};

	for (size_t i = 0; i < sentinel->count && monotonic_ms() < deadline; i++) {
		size_t turn = (sentinel->turn + i) % sentinel->count;
		struct store_server *asked = &sentinel->sentinels[turn];

		if (!ask(asked, &named)) {
			if (refused.port == 0)
				remember_failure(sentinel, asked);
		} else if (connect_to(sentinel, &named, &refused)) {
			sentinel->turn = turn;
			listen_to(sentinel, &asked->address);
			return true;
		}
	}
	/* Whoever was silent is not to be the first next time as well. */
	sentinel->turn = (sentinel->turn + 1) % sentinel->count;
	return false;
}

bool store_sentinel_connect(struct store_sentinel *sentinel)
{
	if (sentinel->master.redis != NULL)
		hear(sentinel);
	if (sentinel->master.redis != NULL &&
	    monotonic_ms() >= sentinel->checked_at + CHECK_EVERY_MS)
		check_master(sentinel);
	if (sentinel->master.redis != NULL)
		return true;
	if (retry_pause_lasts(&sentinel->pause))
		return false;
	sentinel->checked_at = monotonic_ms();
	if (find_master(sentinel)) {
		retry_pause_end(&sentinel->pause);
		return true;
	}
	retry_pause_begin(&sentinel->pause);
	return false;
}
