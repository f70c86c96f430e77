#include "redis_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis_ssl.h>
#include <openssl/x509v3.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "redis_tls_internal.h"

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
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* The host as certificates have it: without the scope of an address or the dot behind a name. */
static char *plain_host(const char *host)
{
	size_t len = strcspn(host, "%");

	if (len > 1 && host[len - 1] == '.')
		len--;
	return xmemdup(host, len);
}

static bool expect_host(const struct redis_tls_config *config, SSL *ssl, const char *host)
{
	const bool checked = !config->no_verify && !config->any_host;

	if (is_address(host))
		return !checked || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	if (SSL_set_tlsext_host_name(ssl, host) != 1)
		return false;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return !checked || SSL_set1_host(ssl, host) == 1;
}

static SSL *make_ssl(struct redis_tls *tls, const char *given_host)
{
	char *host = plain_host(given_host);
	SSL *ssl = SSL_new(tls->context);

	if (ssl != NULL && !expect_host(tls->config, ssl, host)) {
		SSL_free(ssl);
		ssl = NULL;
	}
	free(host);
	return ssl;
}

static bool failed(redisContext *redis, SSL *ssl)
{
	redis_tls_explain(ssl, redis->errstr);
	return false;
}

/* Hands ssl over to hiredis, which owns it then and begins the handshake. */
static bool initiate(redisContext *redis, SSL *ssl)
{
	const redisContextFuncs *plain = redis->funcs;

	redis_tls_clear_errors();
	if (redisInitiateSSL(redis, ssl) == REDIS_OK) {
		redis_tls_watch(redis, ssl);
		return true;
	}
	failed(redis, ssl);
	redis->funcs = plain;
	SSL_free(ssl);
	return false;
}

/* False when it is not to be had before the deadline. */
static bool wait_for(const redisContext *redis, short events, long long deadline)
{
	struct pollfd poll_fd = {.fd = redis->fd, .events = events};
	int ready;

	do {
		long long rest = deadline - monotonic_ms();

		if (rest <= 0)
			return false;
		ready = poll(&poll_fd, 1, (int)rest);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static bool shake_hands(redisContext *redis, SSL *ssl, long long deadline)
{
	for (;;) {
		int result, wanted;

		redis_tls_clear_errors();
		result = SSL_do_handshake(ssl);
		if (result == 1)
			return true;
		wanted = SSL_get_error(ssl, result);
		if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE)
			return failed(redis, ssl);
		if (!wait_for(redis, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
			snprintf(redis->errstr, sizeof(redis->errstr),
			    "no answer to TLS in time: is it spoken on that port?");
			return false;
		}
	}
}

static long long deadline_of(const redisContext *redis)
{
	const struct timeval *timeout = redis->connect_timeout;
	const long long unlimited_ms = 1000LL * 3600;

	return monotonic_ms() + (timeout == NULL
					? unlimited_ms
					: timeout->tv_sec * 1000LL + timeout->tv_usec / 1000);
}

/*
 * The time-outs of a blocking socket are for each read and write by itself. So the handshake is
 * made on one that does not block, which keeps the time for all of it.
 */
static bool begin_blocking(redisContext *redis, SSL *ssl)
{
	long long deadline = deadline_of(redis);
	int flags = fcntl(redis->fd, F_GETFL);
	bool ok;

	fcntl(redis->fd, F_SETFL, flags | O_NONBLOCK);
	redis->flags &= ~REDIS_BLOCK;
	ok = initiate(redis, ssl) && shake_hands(redis, ssl, deadline);
	redis->flags |= REDIS_BLOCK;
	fcntl(redis->fd, F_SETFL, flags);
	return ok;
}

static bool begin(struct redis_tls *tls, redisContext *redis, const char *host)
{
	SSL *ssl;

	if (!redis_tls_read_files(tls, redis->errstr))
		return false;
	redis_tls_clear_errors();
	ssl = make_ssl(tls, host);
	if (ssl == NULL) {
		snprintf(redis->errstr, sizeof(redis->errstr), "TLS to %.60s: %s", host,
		    redis_tls_reason());
		return false;
	}
	return (redis->flags & REDIS_BLOCK) != 0 ? begin_blocking(redis, ssl)
						 : initiate(redis, ssl);
}

bool redis_tls_begin(struct redis_tls *tls, redisContext *redis, const char *host)
{
	if (tls == NULL || begin(tls, redis, host))
		return true;
	redis->err = REDIS_ERR_OTHER;
	return false;
}
