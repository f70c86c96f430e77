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

/* -1 if it is none. */
static int parse_port(const char *text)
{
	long port;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	port = strtol(text, &end, 10);
	return *end == '\0' && port >= 1 && port <= PORT_MAX ? (int)port : -1;
}

bool redis_address_parse(struct redis_address *address, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[REDIS_HOST_SIZE];
	size_t len;
	int port;

	if (colon == NULL)
		return false;
	len = (size_t)(colon - text);
	port = parse_port(colon + 1);
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (port < 0 || len >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	return redis_address_set(address, host, port);
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
