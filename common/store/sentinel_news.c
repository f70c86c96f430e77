#include "sentinel_news.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the text of a message begins: the name of the service, the new master's host and port. */
struct news {
	char name[256], host[REDIS_HOST_SIZE], port[16];
};

const char *const sentinel_channels[SENTINEL_CHANNELS] = {"+switch-master", "+promoted-slave"};

static bool is_text(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING;
}

/* "<name> <old host> <old port> <new host> <new port>" */
static bool read_switch(struct news *news, const char *text)
{
	return sscanf(text, "%255s %*s %*s %255s %15s", news->name, news->host, news->port) == 3;
}

/* "slave <its name> <host> <port> @ <name> <old host> <old port>" */
static bool read_promotion(struct news *news, const char *text)
{
	return sscanf(text, "slave %*s %255s %15s @ %255s", news->host, news->port, news->name) ==
	       3;
}

static bool read_news(struct news *news, const char *channel, const char *text)
{
	if (strcmp(channel, sentinel_channels[0]) == 0)
		return read_switch(news, text);
	return strcmp(channel, sentinel_channels[1]) == 0 && read_promotion(news, text);
}

bool sentinel_news_read(
    const redisReply *message, const char *service, struct redis_address *master)
{
	struct news news;

	return message->type == REDIS_REPLY_ARRAY && message->elements == 3 &&
	       is_text(message->element[0]) && strcmp(message->element[0]->str, "message") == 0 &&
	       is_text(message->element[1]) && is_text(message->element[2]) &&
	       read_news(&news, message->element[1]->str, message->element[2]->str) &&
	       strcmp(news.name, service) == 0 &&
	       redis_address_set(master, news.host, atoi(news.port));
}
