#include "redis_tls.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"

struct redis_tls {
	const struct redis_tls_config *config;
};

struct redis_tls *redis_tls_new(const struct redis_tls_config *config)
{
	struct redis_tls *tls;

	if (!config->enabled)
		return NULL;
	tls = xcalloc(1, sizeof(*tls));
	tls->config = config;
	return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
	free(tls);
}

bool redis_tls_begin(
    struct redis_tls *tls, redisContext *redis, const char *host, char error[REDIS_TLS_ERROR_SIZE])
{
	(void)redis;
	(void)host;
	if (tls == NULL)
		return true;
	snprintf(error, REDIS_TLS_ERROR_SIZE, "this respool was built without TLS to Redis");
	return false;
}
