#include "fake_link.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/alloc.h"

struct sent {
	TAILQ_ENTRY(sent) place;
	struct buf text;
	redisCallbackFn *fn;
	void *privdata;
};

TAILQ_HEAD(sent_list, sent);

struct redis_link {
	LIST_ENTRY(redis_link) place;
	const struct redis_link_user *user;
	struct redis_address address;
	bool up, silent;
	struct sent_list sent;
};

LIST_HEAD(link_list, redis_link);

static struct link_list links = LIST_HEAD_INITIALIZER(links);
/* What hiredis calls back only when the call of the connection that is under way has returned. */
static struct sent_list deferred = TAILQ_HEAD_INITIALIZER(deferred);
static struct redis_link *answering;

static void end_sent(struct sent_list *list)
{
	struct sent *sent;

	while ((sent = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, sent, place);
		if (sent->fn != NULL)
			sent->fn(NULL, NULL, sent->privdata);
		buf_free(&sent->text);
		free(sent);
	}
}

static void disconnect(struct redis_link *link)
{
	struct sent_list list = TAILQ_HEAD_INITIALIZER(list);

	link->up = link->silent = false;
	TAILQ_CONCAT(link == answering ? &deferred : &list, &link->sent, place);
	end_sent(&list);
}

struct redis_link *redis_link_new(struct event_base *base, const struct redis_link_user *user)
{
	struct redis_link *link = xcalloc(1, sizeof(*link));
	const struct redis_address *address = user->where(user->ctx);

	(void)base;
	link->user = user;
	if (address != NULL)
		link->address = *address;
	TAILQ_INIT(&link->sent);
	LIST_INSERT_HEAD(&links, link, place);
	return link;
}

void redis_link_free(struct redis_link *link)
{
	LIST_REMOVE(link, place);
	disconnect(link);
	if (link == answering)
		answering = NULL;
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

bool redis_link_owes(const struct redis_link *link)
{
	return link->up && !TAILQ_EMPTY(&link->sent);
}

bool redis_link_is_silent(struct redis_link *link)
{
	return redis_link_owes(link) && link->silent;
}

static struct sent *add(struct redis_link *link, redisCallbackFn *fn, void *privdata)
{
	struct sent *sent = xcalloc(1, sizeof(*sent));

	sent->fn = fn;
	sent->privdata = privdata;
	TAILQ_INSERT_TAIL(&link->sent, sent, place);
	return sent;
}

bool redis_link_send(
    struct redis_link *link, struct span command, redisCallbackFn *fn, void *privdata)
{
	if (link->up)
		buf_append_span(&add(link, fn, privdata)->text, command);
	return link->up;
}

bool redis_link_call(
    struct redis_link *link, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	struct sent *sent;

	if (!link->up)
		return false;
	sent = add(link, fn, privdata);
	for (int i = 0; i < args->count; i++) {
		if (i > 0)
			buf_putc(&sent->text, ' ');
		buf_append(&sent->text, args->values[i], args->lengths[i]);
	}
	return true;
}

void redis_link_reset(struct redis_link *link, const char *why)
{
	fake_link_break(link, why);
}

void redis_link_follow(struct redis_link *link)
{
	(void)link;
}

struct redis_link *fake_link_at(int port)
{
	struct redis_link *link;

	for (link = LIST_FIRST(&links); link != NULL; link = LIST_NEXT(link, place)) {
		if (link->address.port == port)
			return link;
	}
	return NULL;
}

int fake_link_count(void)
{
	const struct redis_link *link;
	int count = 0;

	for (link = LIST_FIRST(&links); link != NULL; link = LIST_NEXT(link, place)) {
		count++;
	}
	return count;
}

void fake_link_come_up(struct redis_link *link)
{
	link->up = true;
	link->user->up(link->user->ctx);
}

void fake_link_break(struct redis_link *link, const char *why)
{
	const struct redis_link_user *user = link->user;
	bool was_up = link->up;

	disconnect(link);
	if (was_up && user->down != NULL)
		user->down(user->ctx);
	if (user->failed != NULL)
		user->failed(user->ctx, why);
}

void fake_link_fall_silent(struct redis_link *link)
{
	link->silent = true;
}

int fake_link_owed(const struct redis_link *link)
{
	const struct sent *sent;
	int count = 0;

	TAILQ_FOREACH(sent, &link->sent, place)
	{
		count++;
	}
	return count;
}

struct span fake_link_next(const struct redis_link *link)
{
	const struct sent *sent = TAILQ_FIRST(&link->sent);

	return sent != NULL ? buf_span(&sent->text) : (struct span){0};
}

void fake_link_answer(struct redis_link *link, const redisReply *reply)
{
	struct sent *sent = TAILQ_FIRST(&link->sent);

	TAILQ_REMOVE(&link->sent, sent, place);
	answering = link;
	if (sent->fn != NULL)
		sent->fn(NULL, (void *)reply, sent->privdata);
	answering = NULL;
	buf_free(&sent->text);
	free(sent);
	end_sent(&deferred);
}

void fake_link_say(struct redis_link *link, const char *text)
{
	char *copy = xstrdup(text);
	const redisReply reply = {
	    .type = strcmp(text, "OK") == 0 ? REDIS_REPLY_STATUS : REDIS_REPLY_ERROR,
	    .str = copy,
	    .len = strlen(copy)};

	fake_link_answer(link, &reply);
	free(copy);
}
