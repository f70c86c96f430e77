/*
 * Redis URLs:
 *	redis://[[user]:password@][host][:port][/db][?db=n]
 *	unix://[[user]:password@]/path/of/socket[?db=n]
 * Names, passwords and paths may be percent-encoded; an IPv6 address stands in brackets.
 */
#ifndef RESPOOL_REDIS_URL_H
#define RESPOOL_REDIS_URL_H

#include "redis_config.h"

/* What to answer to rediss:// and to ssl: true. */
#define REDIS_TLS_UNSUPPORTED                                                                      \
	"TLS to Redis is not supported, expected a TLS tunnel or a socket in its place"

/*
 * Takes a URL apart. Strings that it does not give are NULL, port 0 and db -1 then; the caller
 * frees with redis_config_clear(). Returns NULL, or what is wrong and expected: a text that holds
 * nothing of the URL, with nothing left to free.
 */
const char *redis_url_parse(struct redis_config *redis, const char *url);

#endif
