/*
 * What one place says of Redis: the keys of cache_params, a URL, or the environment. What it does
 * not say can be filled from another.
 */
#ifndef RESPOOL_REDIS_SETTINGS_H
#define RESPOOL_REDIS_SETTINGS_H

#include <stdbool.h>

#include "redis_config.h"

struct redis_settings {
	struct redis_config redis; /* port 0 and db -1 if not given */
	/* Given, be it as false or as nothing. */
	bool has_password, has_ssl, has_cert_reqs, has_check_hostname;
};

#define REDIS_SETTINGS_INIT                                                                        \
	{                                                                                          \
		.redis = {.db = -1 }                                                               \
	}

void redis_settings_clear(struct redis_settings *settings);

/*
 * Each moves out of *from what *to lacks: name, password and database; what TLS is made with.
 * Whether TLS is used at all is not moved.
 */
void redis_settings_fill_login(struct redis_settings *to, struct redis_settings *from);
void redis_settings_fill_tls(struct redis_settings *to, struct redis_settings *from);

/* The word of ssl_cert_reqs, as redis-py takes it. False if it is none of these. */
bool redis_settings_cert_reqs(struct redis_settings *settings, const char *word);
#define REDIS_CERT_REQS_EXPECTED "required, optional or none"

/* Whether any of ssl_ca_certs and the other keys that say how TLS is spoken is given. */
bool redis_settings_say_how(const struct redis_settings *settings);

/* Whether respool was built with a hiredis that speaks TLS; and what to say if not. */
bool redis_tls_is_supported(void);
#define REDIS_TLS_UNSUPPORTED                                                                      \
	"built with a hiredis that has no TLS, expected hiredis 1.0 or later, or a tunnel as "     \
	"deploy/stunnel-redis.conf makes it"

#endif
