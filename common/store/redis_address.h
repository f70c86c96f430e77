/* Where a Redis server listens. */
#ifndef RESPOOL_REDIS_ADDRESS_H
#define RESPOOL_REDIS_ADDRESS_H

#include <stdbool.h>

enum { REDIS_HOST_SIZE = 256, REDIS_ADDRESS_TEXT_SIZE = REDIS_HOST_SIZE + 16 };

struct redis_address {
	/* A name, an IP address without brackets, or the path of a socket, which begins with '/'.
	 */
	char host[REDIS_HOST_SIZE];
	int port; /* 0 of a socket */
};

/* False if host is empty or too long, or if the port is none. */
bool redis_address_set(struct redis_address *address, const char *host, int port);
/* Takes "host:port" apart; an IPv6 address may stand in brackets. False if it is none. */
bool redis_address_parse(struct redis_address *address, const char *text);
bool redis_address_same(const struct redis_address *a, const struct redis_address *b);
bool redis_address_is_socket(const struct redis_address *address);
/* For messages: "host:port", "[::1]:port", or a path. Returns out. */
const char *redis_address_text(
    const struct redis_address *address, char out[REDIS_ADDRESS_TEXT_SIZE]);

#endif
