/* In the place of redis_tls.c where hiredis has no TLS. The configuration has said so before. */
#include "redis_tls.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"

struct redis_tls {
	bool wanted;
};

struct redis_tls *redis_tls_new(const struct redis_tls_config *config)
{
	return config->enabled ? xcalloc(1, sizeof(struct redis_tls)) : NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
	free(tls);
}

bool redis_tls_begin(struct redis_tls *tls, redisContext *redis, const char *host)
{
	(void)host;
	if (tls == NULL)
		return true;
	redis->err = REDIS_ERR_OTHER;
	snprintf(redis->errstr, sizeof(redis->errstr), "built without TLS to Redis");
	return false;
}
