#include "redirection.h"

#include <stdio.h>

#include "redis_reply.h"
#include "redis_slot.h"

static bool is_for_later(const redisReply *reply)
{
	static const char *const errors[] = {
	    "TRYAGAIN ", "CLUSTERDOWN ", "LOADING ", "MASTERDOWN "};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (reply_is_error(reply, errors[i]))
			return true;
	return false;
}

/* What follows MOVED and ASK: "3999 127.0.0.1:6381"; an empty or unknown host is the one asked. */
static bool read_target(
    struct redirection *redirection, const char *text, const struct redis_address *asked)
{
	char server[REDIS_ADDRESS_TEXT_SIZE], whole[REDIS_HOST_SIZE + REDIS_ADDRESS_TEXT_SIZE];
	size_t host_len;

	if (sscanf(text, "%d %271s", &redirection->slot, server) != 2 || redirection->slot < 0 ||
	    redirection->slot >= REDIS_SLOTS)
		return false;
	host_len = server[0] == '?' ? 1 : 0;
	snprintf(whole, sizeof(whole), "%s%s", server[host_len] == ':' ? asked->host : "",
	    server + host_len);
	return redis_address_parse(&redirection->to, whole);
}

enum redirection_kind redirection_read(
    struct redirection *redirection, const redisReply *reply, const struct redis_address *asked)
{
	*redirection = (struct redirection){.kind = REDIRECTION_NONE};
	if (reply_is_error(reply, "MOVED ") && read_target(redirection, reply->str + 6, asked))
		redirection->kind = REDIRECTION_MOVED;
	else if (reply_is_error(reply, "ASK ") && read_target(redirection, reply->str + 4, asked))
		redirection->kind = REDIRECTION_ASK;
	else if (is_for_later(reply))
		redirection->kind = REDIRECTION_LATER;
	return redirection->kind;
}
