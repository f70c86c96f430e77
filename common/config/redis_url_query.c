#include <limits.h>
#include <stdlib.h>

#include "config_section.h"
#include "redis_url_internal.h"

static const char wrong_query[] =
    "unknown parameters behind the ?, expected db, ssl_cert_reqs, ssl_check_hostname, "
    "ssl_ca_certs, ssl_certfile or ssl_keyfile";

static const char *set_path(char **path, struct span value)
{
	free(*path);
	*path = NULL;
	return redis_url_decode(path, value);
}

static const char *set_ca_certs(struct redis_settings *settings, struct span value)
{
	return set_path(&settings->redis.tls.ca_certs, value);
}

static const char *set_certfile(struct redis_settings *settings, struct span value)
{
	return set_path(&settings->redis.tls.certfile, value);
}

static const char *set_keyfile(struct redis_settings *settings, struct span value)
{
	return set_path(&settings->redis.tls.keyfile, value);
}

static const char *set_db(struct redis_settings *settings, struct span value)
{
	return redis_url_number(value, 0, INT_MAX, &settings->redis.db) ? NULL : REDIS_URL_WRONG_DB;
}

static const char *set_cert_reqs(struct redis_settings *settings, struct span value)
{
	char *word = NULL;
	const char *error = redis_url_decode(&word, value);

	if (error == NULL && !redis_settings_cert_reqs(settings, word))
		error = "unknown ssl_cert_reqs, expected " REDIS_CERT_REQS_EXPECTED;
	free(word);
	return error;
}

static const char *set_check_hostname(struct redis_settings *settings, struct span value)
{
	char *word = NULL;
	const char *error = redis_url_decode(&word, value);
	bool check = true;

	if (error == NULL && !config_boolean(word, &check))
		error = "wrong ssl_check_hostname, expected true or false";
	settings->redis.tls.any_host = !check;
	settings->has_check_hostname = true;
	free(word);
	return error;
}

static const struct {
	const char *name;
	const char *(*set)(struct redis_settings *settings, struct span value);
} parameters[] = {
    {"db", set_db},
    {"ssl_ca_certs", set_ca_certs},
    {"ssl_cert_reqs", set_cert_reqs},
    {"ssl_certfile", set_certfile},
    {"ssl_check_hostname", set_check_hostname},
    {"ssl_keyfile", set_keyfile},
};

/* name=value. One without a value says nothing, as in redis-py. */
static const char *read_parameter(struct redis_settings *settings, struct span parameter)
{
	size_t equals = redis_url_find(parameter, '=');
	struct span name = redis_url_before(parameter, equals), value = {0};

	if (equals < parameter.len)
		value = redis_url_behind(parameter, equals + 1);
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		if (span_is(name, parameters[i].name))
			return value.len != 0 ? parameters[i].set(settings, value) : NULL;
	}
	return wrong_query;
}

const char *redis_url_query(struct redis_settings *settings, struct span query)
{
	const char *error = NULL;

	while (error == NULL && query.len != 0) {
		size_t end = redis_url_find(query, '&');

		error = read_parameter(settings, redis_url_before(query, end));
		query = redis_url_behind(query, end < query.len ? end + 1 : end);
	}
	return error;
}
