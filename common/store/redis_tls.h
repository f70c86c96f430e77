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

/*
 * What connections are made with; config is not copied. The files are read when a connection
 * begins, and again when they have changed. NULL if the configuration wants no TLS.
 */
struct redis_tls *redis_tls_new(const struct redis_tls_config *config);
void redis_tls_free(struct redis_tls *tls);

/*
 * Begins TLS on a connection that has just been made to host, a name or an IP address, which the
 * server's certificate must be for: on a blocking one, or on an asynchronous one within its connect
 * callback, when commands may wait but nothing has been sent. Without tls (NULL) there is nothing
 * to do. False if it cannot begin: errstr says why, and of an asynchronous connection the
 * disconnect callback will be told.
 *
 * A blocking connection makes its handshake at once, within its connect time-out; an asynchronous
 * one makes it as it goes. In both, errstr says from now on what TLS has failed by. The
 * connection's privdata is taken.
 */
bool redis_tls_begin(struct redis_tls *tls, redisContext *redis, const char *host);

#endif
