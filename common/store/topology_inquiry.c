#include <stdlib.h>

#include "common/base/alloc.h"
#include "sentinel_master.h"
#include "sentinel_news.h"
#include "topology_internal.h"

static void on_answer(redisAsyncContext *redis, void *data, void *privdata)
{
	struct inquiry *inquiry = privdata;

	(void)redis;
	/* Without a reply, the end of the connection tells more. */
	if (data != NULL && !inquiry->over)
		topology_answered(inquiry->topology, inquiry, data);
}

static void on_message(redisAsyncContext *redis, void *data, void *privdata)
{
	struct inquiry *inquiry = privdata;

	(void)redis;
	if (data != NULL && !inquiry->over)
		topology_take_news(inquiry->topology, data);
}

/* One who is to be listened to is subscribed to at once, so that nothing falls in between. */
static void ask_sentinel(struct inquiry *inquiry, struct redis_args *args)
{
	sentinel_master_args(args, inquiry->topology->config->service_name);
	redis_link_call(inquiry->link, args, on_answer, inquiry);
	for (int i = 0; i < SENTINEL_CHANNELS; i++) {
		struct redis_args subscribe = {0};

		redis_args_add(&subscribe, "SUBSCRIBE");
		redis_args_add(&subscribe, sentinel_channels[i]);
		redis_link_call(inquiry->link, &subscribe, on_message, inquiry);
	}
}

static void on_up(void *ctx)
{
	struct inquiry *inquiry = ctx;
	struct redis_args args = {0};

	if (inquiry->topology->kind == REDIS_SENTINEL) {
		ask_sentinel(inquiry, &args);
		return;
	}
	redis_args_add(&args, "CLUSTER");
	redis_args_add(&args, "SLOTS");
	redis_link_call(inquiry->link, &args, on_answer, inquiry);
}

static void on_failed(void *ctx, const char *why)
{
	struct inquiry *inquiry = ctx;

	if (!inquiry->over)
		topology_unanswered(inquiry->topology, inquiry, why);
}

static const struct redis_address *where(void *ctx)
{
	return &((struct inquiry *)ctx)->address;
}

struct inquiry *inquiry_new(struct topology *topology, const struct redis_address *address)
{
	struct inquiry *inquiry = xcalloc(1, sizeof(*inquiry));

	inquiry->topology = topology;
	inquiry->address = *address;
	inquiry->user = (struct redis_link_user){
	    .setup = {.config = topology->config,
		.name = topology->connection,
		.sentinel = topology->kind == REDIS_SENTINEL},
	    .tls = topology->tls,
	    .where = where,
	    .up = on_up,
	    .failed = on_failed,
	    .ctx = inquiry,
	};
	inquiry->link = redis_link_new(topology->base, &inquiry->user);
	return inquiry;
}

void inquiry_free(struct inquiry *inquiry)
{
	inquiry->over = true;
	redis_link_free(inquiry->link);
	free(inquiry);
}
