#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/async.h>
#include <openssl/err.h>

#include "common/base/alloc.h"
#include "redis_tls_internal.h"

/* What hiredis keeps as the connection's privdata. */
struct watched {
	redisContextFuncs funcs;          /* hiredis', with ours in the place of some */
	const redisContextFuncs *hiredis; /* its own */
	redisContext *redis;
	SSL *ssl;         /* hiredis frees it */
	bool write_waits; /* for something to be read: the handshake is being made */
};

void redis_tls_clear_errors(void)
{
	errno = 0;
	ERR_clear_error();
}

const char *redis_tls_reason(void)
{
	unsigned long error = ERR_peek_error();
	const char *text;

	if (error == 0)
		return errno != 0 ? strerror(errno) : "connection closed";
	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	text = ERR_reason_error_string(error);
	return text != NULL ? text : "unknown error";
}

static void explain_verification(SSL *ssl, long result, char error[TLS_ERROR_SIZE])
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	char *address = NULL;
	const char *host = NULL;

	if (result == X509_V_ERR_HOSTNAME_MISMATCH)
		host = X509_VERIFY_PARAM_get0_host(param, 0);
	else if (result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		host = address = X509_VERIFY_PARAM_get1_ip_asc(param);
	snprintf(error, TLS_ERROR_SIZE, "certificate verify failed: %s%s%s",
	    X509_verify_cert_error_string(result), host != NULL ? ", it is not for " : "",
	    host != NULL ? host : "");
	OPENSSL_free(address);
}

void redis_tls_explain(SSL *ssl, char error[TLS_ERROR_SIZE])
{
	long result = SSL_get_verify_result(ssl);

	if (SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && result != X509_V_OK)
		explain_verification(ssl, result, error);
	else
		snprintf(error, TLS_ERROR_SIZE, "TLS: %s", redis_tls_reason());
}

static bool has_alert(void)
{
	unsigned long error = ERR_peek_error();

	return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET;
}

/* A server that refuses us says so and closes. What we write meanwhile only meets a closed door. */
static void listen_for_alert(SSL *ssl)
{
	int failure = errno;
	char byte;

	if (failure != EPIPE && failure != ECONNRESET)
		return;
	ERR_clear_error();
	SSL_read(ssl, &byte, 1);
	if (!has_alert())
		ERR_clear_error();
	errno = failure;
}

/*
 * hiredis says what errno means, which is about something else unless a system call has failed, and
 * takes a server's refusal for the end of the connection. In a blocking connection that OpenSSL
 * wants to go on with, it is the time that has run out.
 */
static void say_why(const struct watched *watched)
{
	redisContext *redis = watched->redis;

	if (redis->err != REDIS_ERR_IO && !has_alert())
		return;
	if (SSL_want(watched->ssl) != SSL_NOTHING)
		errno = EAGAIN;
	else
		redis_tls_explain(watched->ssl, redis->errstr);
}

/*
 * Neither an EINTR nor an error that an earlier call has left must be there before: hiredis would
 * take it for what came of this one.
 */
static ssize_t read_watched(redisContext *redis, char *data, size_t size)
{
	const struct watched *watched = redis->privdata;
	ssize_t count;

	redis_tls_clear_errors();
	count = watched->hiredis->read(redis, data, size);
	if (count < 0)
		say_why(watched);
	return count;
}

static ssize_t write_watched(redisContext *redis)
{
	const struct watched *watched = redis->privdata;
	ssize_t count;

	redis_tls_clear_errors();
	count = watched->hiredis->write(redis);
	if (count < 0) {
		listen_for_alert(watched->ssl);
		say_why(watched);
	}
	return count;
}

/*
 * Takes the place of hiredis' own, which gives up writing when the socket is full if the last
 * attempt to read has found too little: it waits for the server then, and the server for it.
 */
static void write_async(redisAsyncContext *redis)
{
	struct watched *watched = redis->c.privdata;
	int done = 0;

	if (redisBufferWrite(&redis->c, &done) != REDIS_OK) {
		redisAsyncWrite(redis); /* disconnects */
		return;
	}
	watched->write_waits = !done && SSL_want_read(watched->ssl);
	if (done || watched->write_waits)
		redis->ev.delWrite(redis->ev.data);
	else
		redis->ev.addWrite(redis->ev.data);
	redis->ev.addRead(redis->ev.data);
}

static void read_async(redisAsyncContext *redis)
{
	struct watched *watched = redis->c.privdata;

	if (watched->write_waits)
		redis->ev.addWrite(redis->ev.data);
	watched->write_waits = false;
	redisAsyncRead(redis);
}

/* free_privdata: hiredis' own functions are needed to free the rest. */
static void end_watch(void *privdata)
{
	struct watched *watched = privdata;

	watched->redis->funcs = watched->hiredis;
	free(watched);
}

void redis_tls_watch(redisContext *redis, SSL *ssl)
{
	struct watched *watched = xcalloc(1, sizeof(*watched));

	watched->funcs = *redis->funcs;
	watched->funcs.read = read_watched;
	watched->funcs.write = write_watched;
	watched->funcs.async_read = read_async;
	watched->funcs.async_write = write_async;
	watched->hiredis = redis->funcs;
	watched->redis = redis;
	watched->ssl = ssl;
	redis->funcs = &watched->funcs;
	redis->privdata = watched;
	redis->free_privdata = end_watch;
}
