/*
 * What the parts of redis_tls share: redis_tls.c begins connections, redis_tls_files.c reads the
 * certificates, redis_tls_io.c stands between hiredis and OpenSSL once a connection has begun.
 */
#ifndef RESPOOL_REDIS_TLS_INTERNAL_H
#define RESPOOL_REDIS_TLS_INTERNAL_H

#include <sys/stat.h>

#include <openssl/ssl.h>

#include "redis_tls.h"

enum redis_tls_file { TLS_CA_CERTS, TLS_CERTFILE, TLS_KEYFILE, TLS_FILE_COUNT };

/* Errors end up in the connection. */
enum { TLS_ERROR_SIZE = sizeof(((redisContext *)NULL)->errstr) };

struct redis_tls {
	const struct redis_tls_config *config;
	SSL_CTX *context; /* NULL before the files are read, or if they cannot be */
	struct stat files[TLS_FILE_COUNT]; /* as they were then */
};

/* Makes the context, unless there is one and the files are as they were. False: error says why. */
bool redis_tls_read_files(struct redis_tls *tls, char error[TLS_ERROR_SIZE]);

/* What OpenSSL calls the first error of those that it has noted since they were cleared. */
const char *redis_tls_reason(void);

/* Before a call of OpenSSL's, so that what is noted afterwards is about that one. */
void redis_tls_clear_errors(void);

/* Why a connection has just failed. errno is still what the failed call has left. */
void redis_tls_explain(SSL *ssl, char error[TLS_ERROR_SIZE]);

/* Has hiredis' functions for TLS say what went wrong. ssl is the connection's. */
void redis_tls_watch(redisContext *redis, SSL *ssl);

#endif
