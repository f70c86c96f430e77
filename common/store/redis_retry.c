#include "redis_retry.h"

#include "redis_reply.h"

enum { SHORTEST_PAUSE_MS = 10, LONGEST_PAUSE_MS = 50 };

static bool may_wait(struct redis_retry *retry, long long now)
{
	if (retry->since == 0)
		retry->since = now;
	if (now - retry->since >= RETRY_FOR_MS)
		return false;
	retry->pauses++;
	retry->redirections = 0;
	return true;
}

static enum redis_retry_step step_for(
    struct redis_retry *retry, const redisReply *reply, long long now, const struct redirection *to)
{
	switch (to->kind) {
	case REDIRECTION_MOVED:
	case REDIRECTION_ASK:
		if (retry->redirections++ >= RETRY_REDIRECTIONS)
			return RETRY_NOT;
		return to->kind == REDIRECTION_ASK ? RETRY_ASK : RETRY_MOVED;
	case REDIRECTION_LATER:
		return may_wait(retry, now) ? RETRY_LATER : RETRY_NOT;
	default:
		return reply_is_error(reply, "NOSCRIPT") && may_wait(retry, now) ? RETRY_ANEW
										 : RETRY_NOT;
	}
}

enum redis_retry_step redis_retry_next(struct redis_retry *retry, const redisReply *reply,
    const struct redis_address *asked, long long now, struct redirection *to)
{
	redirection_read(to, reply, asked);
	return step_for(retry, reply, now, to);
}

int redis_retry_pause(const struct redis_retry *retry)
{
	int ms = retry->pauses * SHORTEST_PAUSE_MS;

	return ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS;
}

bool redis_retry_is_useless_server(const redisReply *reply)
{
	return reply_is_error(reply, "LOADING ") || reply_is_error(reply, "MASTERDOWN ") ||
	       reply_is_error(reply, "READONLY ");
}
