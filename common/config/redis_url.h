/*
 * Redis URLs, as redis-py takes them:
 *	redis://[[user]:password@][host][:port][/db][?db=n]
 *	rediss://...[?ssl_ca_certs=/path&...]: the same over TLS
 *	unix://[[user]:password@]/path/of/socket[?db=n]
 * Names, passwords, paths and values may be percent-encoded; an IPv6 address stands in brackets.
 */
#ifndef RESPOOL_REDIS_URL_H
#define RESPOOL_REDIS_URL_H

#include "redis_settings.h"

/*
 * Takes a URL apart. Strings that it does not give are NULL, port 0 and db -1 then; the caller
 * frees with redis_settings_clear(). Returns NULL, or what is wrong and expected: a text that holds
 * nothing of the URL, with nothing left to free.
 */
const char *redis_url_parse(struct redis_settings *settings, const char *url);

#endif
