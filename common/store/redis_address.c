#include "redis_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535 };

bool redis_address_set(struct redis_address *address, const char *host, int port)
{
	size_t len = strlen(host);
	bool is_path = host[0] == '/';

	if (len == 0 || len >= REDIS_HOST_SIZE)
		return false;
	if (!is_path && (port < 1 || port > PORT_MAX))
		return false;
	memset(address, 0, sizeof(*address));
	memcpy(address->host, host, len);
	address->port = is_path ? 0 : port;
	return true;
}

bool redis_address_parse(struct redis_address *address, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[REDIS_HOST_SIZE], *end;
	long port;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	port = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || port < 1 || port > PORT_MAX)
		return false;
	return redis_address_set(address, host, (int)port);
}

bool redis_address_same(const struct redis_address *a, const struct redis_address *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool redis_address_is_socket(const struct redis_address *address)
{
	return address->host[0] == '/';
}

const char *redis_address_text(
    const struct redis_address *address, char out[REDIS_ADDRESS_TEXT_SIZE])
{
	if (redis_address_is_socket(address))
		snprintf(out, REDIS_ADDRESS_TEXT_SIZE, "%s", address->host);
	else if (strchr(address->host, ':') != NULL)
		snprintf(out, REDIS_ADDRESS_TEXT_SIZE, "[%s]:%d", address->host, address->port);
	else
		snprintf(out, REDIS_ADDRESS_TEXT_SIZE, "%s:%d", address->host, address->port);
	return out;
}
