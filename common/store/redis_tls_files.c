#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "redis_tls_internal.h"

/* As the configuration calls them. */
static const char *const file_keys[TLS_FILE_COUNT] = {[TLS_CA_CERTS] = "ssl_ca_certs",
    [TLS_CERTFILE] = "ssl_certfile",
    [TLS_KEYFILE] = "ssl_keyfile"};

static const char *path_of(const struct redis_tls_config *config, enum redis_tls_file file)
{
	switch (file) {
	case TLS_CA_CERTS:
		return config->ca_certs;
	case TLS_CERTFILE:
		return config->certfile;
	default:
		return config->keyfile;
	}
}

static bool fail(const struct redis_tls_config *config, enum redis_tls_file file, const char *why,
    char error[TLS_ERROR_SIZE])
{
	snprintf(error, TLS_ERROR_SIZE, "%s: %s (%s)", file_keys[file], why, path_of(config, file));
	return false;
}

/* Opens it, too: a file that cannot be read gets a clearer error here than from OpenSSL. */
static bool look_at(const char *path, struct stat *status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), failure;
	bool ok = fd >= 0 && fstat(fd, status) == 0;

	failure = errno;
	if (ok && S_ISDIR(status->st_mode)) {
		failure = EISDIR;
		ok = false;
	}
	if (fd >= 0)
		close(fd);
	errno = failure;
	return ok;
}

static bool look_at_files(const struct redis_tls_config *config, struct stat files[TLS_FILE_COUNT],
    char error[TLS_ERROR_SIZE])
{
	memset(files, 0, TLS_FILE_COUNT * sizeof(*files));
	for (int i = 0; i < TLS_FILE_COUNT; i++) {
		const char *path = path_of(config, (enum redis_tls_file)i);

		if (path != NULL && !look_at(path, &files[i]))
			return fail(config, (enum redis_tls_file)i, strerror(errno), error);
	}
	return true;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool are_same_files(const struct stat *a, const struct stat *b)
{
	for (int i = 0; i < TLS_FILE_COUNT; i++)
		if (!is_same_file(&a[i], &b[i]))
			return false;
	return true;
}

/* pem_password_cb: there is nobody to ask. */
static int no_passphrase(char *out, int size, int rwflag, void *ctx)
{
	(void)out;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return -1;
}

static bool trust(
    SSL_CTX *context, const struct redis_tls_config *config, char error[TLS_ERROR_SIZE])
{
	SSL_CTX_set_verify(context, config->no_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (config->ca_certs == NULL)
		return SSL_CTX_set_default_verify_paths(context) == 1;
	if (SSL_CTX_load_verify_locations(context, config->ca_certs, NULL) != 1)
		return fail(config, TLS_CA_CERTS, redis_tls_reason(), error);
	return true;
}

static bool show(
    SSL_CTX *context, const struct redis_tls_config *config, char error[TLS_ERROR_SIZE])
{
	const enum redis_tls_file key = config->keyfile != NULL ? TLS_KEYFILE : TLS_CERTFILE;

	if (config->certfile == NULL)
		return true;
	if (SSL_CTX_use_certificate_chain_file(context, config->certfile) != 1)
		return fail(config, TLS_CERTFILE, redis_tls_reason(), error);
	if (SSL_CTX_use_PrivateKey_file(context, path_of(config, key), SSL_FILETYPE_PEM) != 1)
		return fail(config, key, redis_tls_reason(), error);
	return true;
}

static SSL_CTX *make_context(const struct redis_tls_config *config, char error[TLS_ERROR_SIZE])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		return NULL;
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	    trust(context, config, error) && show(context, config, error))
		return context;
	SSL_CTX_free(context);
	return NULL;
}

bool redis_tls_read_files(struct redis_tls *tls, char error[TLS_ERROR_SIZE])
{
	struct stat files[TLS_FILE_COUNT];

	if (!look_at_files(tls->config, files, error))
		return false;
	if (tls->context != NULL && are_same_files(files, tls->files))
		return true;
	SSL_CTX_free(tls->context);
	redis_tls_clear_errors();
	error[0] = '\0';
	tls->context = make_context(tls->config, error);
	memcpy(tls->files, files, sizeof(files));
	if (tls->context == NULL && error[0] == '\0')
		snprintf(error, TLS_ERROR_SIZE, "TLS: %s", redis_tls_reason());
	return tls->context != NULL;
}
