#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base/clock.h"
#include "common/store/redis_events.h"
#include "common/store/redis_tls.h"

enum {
	LONG_LEN = 20 << 20, /* more than all buffers between the two hold */
	PATIENCE_MS = 20 * 1000
};

static const char certificate_file[] = "certificate.pem", key_file[] = "key.pem";

/* A certificate that signs itself, for host as "IP:127.0.0.1". */
static void write_certificate(const char *host)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_EXTENSION *extension =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, (char *)host);
	FILE *file;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
	    (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	X509_set_pubkey(certificate, key);
	X509_add_ext(certificate, extension, -1);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	file = fopen(certificate_file, "w");
	assert_non_null(file);
	PEM_write_X509(file, certificate);
	fclose(file);
	file = fopen(key_file, "w");
	assert_non_null(file);
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	X509_EXTENSION_free(extension);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* Servers, each a process of its own that takes one connection. */

struct server {
	pid_t pid;
	int port;
};

/* Gets a connection whose handshake has been made. */
typedef void server_fn(SSL *ssl);

static void answer_ping(SSL *ssl)
{
	char command[64];

	if (SSL_read(ssl, command, sizeof(command)) > 0)
		SSL_write(ssl, "+PONG\r\n", 7);
}

/* Says nothing before it has read all of a long command. */
static void answer_long_command(SSL *ssl)
{
	static char data[65536];
	size_t len = 0;

	while (len < LONG_LEN) {
		int count = SSL_read(ssl, data, sizeof(data));

		if (count <= 0)
			return;
		len += (size_t)count;
	}
	SSL_write(ssl, "+OK\r\n", 5);
}

static void answer_nothing(SSL *ssl)
{
	char data[64];

	while (SSL_read(ssl, data, sizeof(data)) > 0)
		;
}

static void end_badly(SSL *ssl)
{
	char command[64];

	SSL_read(ssl, command, sizeof(command));
	if (write(SSL_get_fd(ssl), "no TLS at all", 13) != 13)
		_exit(1);
}

/* fn NULL: it speaks no TLS, and does not answer. */
_Noreturn static void serve(int listener, server_fn *fn)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	SSL *ssl;
	char byte;
	int fd;

	SSL_CTX_use_certificate_chain_file(context, certificate_file);
	SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM);
	fd = accept(listener, NULL, NULL);
	ssl = SSL_new(context);
	SSL_set_fd(ssl, fd);
	if (fn != NULL && SSL_accept(ssl) == 1)
		fn(ssl);
	/* Until the client goes. */
	while (read(fd, &byte, 1) > 0)
		;
	_exit(0);
}

static struct server start_server(server_fn *fn)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct server server;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	server.port = ntohs(address.sin_port);
	server.pid = fork();
	if (server.pid == 0)
		serve(listener, fn);
	close(listener);
	return server;
}

static void stop_server(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

static const struct redis_tls_config trusting = {
    .enabled = true, .ca_certs = (char *)certificate_file};

/* Blocking */

static redisContext *connect_blocking(const struct server *server, int timeout_ms)
{
	const struct timeval timeout = timeval_of_ms(timeout_ms);
	redisContext *redis = redisConnectWithTimeout("127.0.0.1", server->port, timeout);

	assert_non_null(redis);
	assert_int_equal(redis->err, 0);
	return redis;
}

static void a_blocking_connection_speaks_tls(void **state)
{
	struct server server = start_server(answer_ping);
	struct redis_tls *tls = redis_tls_new(&trusting);
	redisContext *redis = connect_blocking(&server, PATIENCE_MS);
	redisReply *reply;

	(void)state;
	assert_true(redis_tls_begin(tls, redis, "127.0.0.1"));
	redis_tls_free(tls);
	reply = redisCommand(redis, "PING");
	assert_non_null(reply);
	assert_string_equal(reply->str, "PONG");
	freeReplyObject(reply);
	redisFree(redis);
	stop_server(&server);
}

static void without_a_wish_for_tls_nothing_begins(void **state)
{
	const struct redis_tls_config none = {.enabled = false};

	(void)state;
	assert_null(redis_tls_new(&none));
	assert_true(redis_tls_begin(NULL, NULL, "127.0.0.1"));
	redis_tls_free(NULL);
}

static void another_host_s_certificate_is_refused(void **state)
{
	static const struct {
		const char *host, *reason;
	} cases[] = {
	    {"127.0.0.2", "IP address mismatch, it is not for 127.0.0.2"},
	    {"::1", "IP address mismatch, it is not for 0:0:0:0:0:0:0:1"},
	    {"redis.example.", "hostname mismatch, it is not for redis.example"},
	};
	struct redis_tls *tls = redis_tls_new(&trusting);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server = start_server(answer_ping);
		redisContext *redis = connect_blocking(&server, PATIENCE_MS);

		assert_false(redis_tls_begin(tls, redis, cases[i].host));
		assert_int_not_equal(redis->err, 0);
		assert_non_null(strstr(redis->errstr, cases[i].reason));
		redisFree(redis);
		stop_server(&server);
	}
	redis_tls_free(tls);
}

static void a_handshake_ends_when_the_time_to_connect_is_over(void **state)
{
	struct server server = start_server(NULL);
	struct redis_tls *tls = redis_tls_new(&trusting);
	redisContext *redis = connect_blocking(&server, 300);
	const long long begun = monotonic_ms();

	(void)state;
	assert_false(redis_tls_begin(tls, redis, "127.0.0.1"));
	assert_in_range(monotonic_ms() - begun, 290, 5000);
	assert_non_null(strstr(redis->errstr, "no answer to TLS in time"));
	redis_tls_free(tls);
	redisFree(redis);
	stop_server(&server);
}

static void a_missing_answer_is_known_by_errno(void **state)
{
	const struct timeval timeout = {0, 100 * 1000};
	struct server server = start_server(answer_nothing);
	struct redis_tls *tls = redis_tls_new(&trusting);
	redisContext *redis = connect_blocking(&server, PATIENCE_MS);

	(void)state;
	assert_true(redis_tls_begin(tls, redis, "127.0.0.1"));
	assert_int_equal(redisSetTimeout(redis, timeout), REDIS_OK);
	errno = 0;
	assert_null(redisCommand(redis, "PING"));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(redis->err, REDIS_ERR_IO);
	redis_tls_free(tls);
	redisFree(redis);
	stop_server(&server);
}

/* hiredis would read on, as if a signal had come in between. */
static void an_old_eintr_is_not_taken_for_a_new_one(void **state)
{
	struct server server = start_server(end_badly);
	struct redis_tls *tls = redis_tls_new(&trusting);
	redisContext *redis = connect_blocking(&server, PATIENCE_MS);

	(void)state;
	assert_true(redis_tls_begin(tls, redis, "127.0.0.1"));
	errno = EINTR;
	alarm(10);
	assert_null(redisCommand(redis, "PING"));
	alarm(0);
	assert_non_null(strstr(redis->errstr, "TLS: "));
	redis_tls_free(tls);
	redisFree(redis);
	stop_server(&server);
}

static void files_are_read_when_they_are_there(void **state)
{
	struct server server;
	struct redis_tls *tls = redis_tls_new(&trusting);
	redisContext *redis;

	(void)state;
	server = start_server(answer_ping);
	assert_int_equal(rename(certificate_file, "away.pem"), 0);
	redis = connect_blocking(&server, PATIENCE_MS);
	assert_false(redis_tls_begin(tls, redis, "127.0.0.1"));
	assert_string_equal(
	    redis->errstr, "ssl_ca_certs: No such file or directory (certificate.pem)");
	redisFree(redis);
	stop_server(&server);
	assert_int_equal(rename("away.pem", certificate_file), 0);

	server = start_server(answer_ping);
	redis = connect_blocking(&server, PATIENCE_MS);
	assert_true(redis_tls_begin(tls, redis, "127.0.0.1"));
	redisFree(redis);
	stop_server(&server);

	write_certificate("DNS:redis.example");
	server = start_server(answer_ping);
	redis = connect_blocking(&server, PATIENCE_MS);
	assert_true(redis_tls_begin(tls, redis, "redis.example"));
	redisFree(redis);
	stop_server(&server);
	redis_tls_free(tls);
}

/* Asynchronous */

struct attempt {
	struct event_base *base;
	struct redis_tls *tls;
	redisAsyncContext *redis;
	char reply[32], failure[128];
};

static void on_connect(const redisAsyncContext *redis, int status)
{
	struct attempt *attempt = redis->data;

	assert_int_equal(status, REDIS_OK);
	redis_tls_begin(attempt->tls, &attempt->redis->c, "127.0.0.1");
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
	struct attempt *attempt = redis->data;

	if (status != REDIS_OK)
		snprintf(attempt->failure, sizeof(attempt->failure), "%s", redis->errstr);
	event_base_loopbreak(attempt->base);
}

static void on_reply(redisAsyncContext *redis, void *data, void *privdata)
{
	struct attempt *attempt = privdata;
	const redisReply *reply = data;

	if (reply == NULL)
		return;
	snprintf(attempt->reply, sizeof(attempt->reply), "%s", reply->str);
	redisAsyncDisconnect(redis);
}

/* Sends one command of that length, as the first thing, until there is a reply or a failure. */
static struct attempt attempt_async(
    server_fn *fn, const struct redis_tls_config *config, size_t len)
{
	const struct timeval limit = {20, 0};
	struct server server = start_server(fn);
	struct attempt attempt = {.base = event_base_new(), .tls = redis_tls_new(config)};
	char *value = calloc(1, len);

	attempt.redis = redisAsyncConnect("127.0.0.1", server.port);
	assert_int_equal(attempt.redis->err, 0);
	attempt.redis->data = &attempt;
	redis_events_attach(attempt.redis, attempt.base);
	redisAsyncSetConnectCallback(attempt.redis, on_connect);
	redisAsyncSetDisconnectCallback(attempt.redis, on_disconnect);
	redisAsyncCommand(attempt.redis, on_reply, &attempt, "SET key %b", value, len);
	event_base_loopexit(attempt.base, &limit);
	event_base_dispatch(attempt.base);
	free(value);
	stop_server(&server);
	redis_tls_free(attempt.tls);
	event_base_free(attempt.base);
	return attempt;
}

static void an_asynchronous_connection_speaks_tls(void **state)
{
	struct attempt attempt = attempt_async(answer_ping, &trusting, 10);

	(void)state;
	assert_string_equal(attempt.reply, "PONG");
	assert_string_equal(attempt.failure, "");
}

static void what_is_long_is_sent_although_nothing_comes_back_meanwhile(void **state)
{
	struct attempt attempt = attempt_async(answer_long_command, &trusting, LONG_LEN);

	(void)state;
	assert_string_equal(attempt.reply, "OK");
}

static void an_asynchronous_connection_says_what_was_wrong(void **state)
{
	const struct redis_tls_config missing = {
	    .enabled = true, .ca_certs = (char *)"nothing.pem"};
	const struct redis_tls_config strict = {.enabled = true};
	struct attempt attempt = attempt_async(answer_ping, &missing, 10);

	(void)state;
	assert_string_equal(
	    attempt.failure, "ssl_ca_certs: No such file or directory (nothing.pem)");
	attempt = attempt_async(answer_ping, &strict, 10);
	assert_non_null(strstr(attempt.failure, "certificate verify failed: self-signed"));
	attempt = attempt_async(end_badly, &trusting, 10);
	assert_non_null(strstr(attempt.failure, "TLS: "));
	assert_string_equal(attempt.reply, "");
}

static int enter_directory(void **state)
{
	static char directory[64];

	signal(SIGPIPE, SIG_IGN);
	snprintf(directory, sizeof(directory), "/tmp/respool-tls-XXXXXX");
	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return -1;
	write_certificate("IP:127.0.0.1");
	*state = directory;
	return 0;
}

static int leave_directory(void **state)
{
	unlink(certificate_file);
	unlink(key_file);
	return chdir("/") == 0 ? rmdir(*state) : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_blocking_connection_speaks_tls),
	    TEST(without_a_wish_for_tls_nothing_begins),
	    TEST(another_host_s_certificate_is_refused),
	    TEST(a_handshake_ends_when_the_time_to_connect_is_over),
	    TEST(a_missing_answer_is_known_by_errno),
	    TEST(an_old_eintr_is_not_taken_for_a_new_one),
	    TEST(files_are_read_when_they_are_there),
	    TEST(an_asynchronous_connection_speaks_tls),
	    TEST(what_is_long_is_sent_although_nothing_comes_back_meanwhile),
	    TEST(an_asynchronous_connection_says_what_was_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
