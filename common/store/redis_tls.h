/*
 * TLS to Redis, by hiredis from 1.0 on. With an older one there is none, and the configuration says
 * so.
 */
#ifndef RESPOOL_REDIS_TLS_H
#define RESPOOL_REDIS_TLS_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "common/config/redis_config.h"

struct redis_tls;

enum { REDIS_TLS_ERROR_SIZE = 256 };

/*
 * What connections are made with; config is not copied. The files are read when a connection
 * begins, and again when they have changed. NULL if the configuration wants no TLS.
 */
struct redis_tls *redis_tls_new(const struct redis_tls_config *config);
void redis_tls_free(struct redis_tls *tls);

/*
 * Begins TLS on a connection, blocking or not, that has just been made or is being made to host, a
 * name or an IP address, which the server's certificate must be for. Without tls (NULL) there is
 * nothing to do. False if it cannot begin, and then error says why.
 */
bool redis_tls_begin(
    struct redis_tls *tls, redisContext *redis, const char *host, char error[REDIS_TLS_ERROR_SIZE]);

#endif
