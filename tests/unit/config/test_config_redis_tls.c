#include <stdio.h>
#include <stdlib.h>

#include "common/config/redis_settings.h"
#include "loaded_redis.h"

static void needs_tls(void)
{
	if (!redis_tls_is_supported())
		skip();
}

static void tls_is_spoken_as_the_keys_say(void **state)
{
	struct result result;
	const struct redis_tls_config *tls;

	(void)state;
	needs_tls();
	result = load_right_redis("host: h, ssl: true");
	tls = &result.config->redis.tls;
	assert_true(tls->enabled);
	assert_null(tls->ca_certs);
	assert_false(tls->no_verify);
	assert_false(tls->any_host);
	assert_lacks(result.log, "ssl");
	done(&result);

	result = load_right_redis("host: h, ssl: true, ssl_ca_certs: /ca, ssl_certfile: /cert, "
				  "ssl_keyfile: /key, ssl_cert_reqs: Optional, "
				  "ssl_check_hostname: true");
	tls = &result.config->redis.tls;
	assert_string_equal(tls->ca_certs, "/ca");
	assert_string_equal(tls->certfile, "/cert");
	assert_string_equal(tls->keyfile, "/key");
	assert_false(tls->no_verify);
	assert_false(tls->any_host);
	assert_lacks(result.log, "ssl");
	done(&result);
}

static void tls_that_does_not_look_who_answers_is_a_warning(void **state)
{
	struct result result;

	(void)state;
	needs_tls();
	result = load_right_redis("host: h, ssl: true, ssl_cert_reqs: none");
	assert_true(result.config->redis.tls.no_verify);
	assert_holds(result.log, "cache_params: ssl_cert_reqs is none: whoever answers is taken");
	done(&result);
	result = load_right_redis("host: h, ssl: true, ssl_check_hostname: false");
	assert_false(result.config->redis.tls.no_verify);
	assert_true(result.config->redis.tls.any_host);
	assert_holds(result.log, "cache_params: ssl_check_hostname is false: whoever has a");
	done(&result);
}

static void a_url_over_tls_says_how_or_takes_it_from_the_keys_beside_it(void **state)
{
	struct result result;
	const struct redis_tls_config *tls;

	(void)state;
	needs_tls();
	result = load_right_redis("url: 'rediss://u:p@h:7000/2?ssl_ca_certs=/a%20ca&"
				  "ssl_certfile=/cert&ssl_keyfile=/key&ssl_cert_reqs=none'");
	tls = &result.config->redis.tls;
	assert_string_equal(result.config->redis.host, "h");
	assert_int_equal(result.config->redis.db, 2);
	assert_true(tls->enabled);
	assert_string_equal(tls->ca_certs, "/a ca");
	assert_string_equal(tls->certfile, "/cert");
	assert_string_equal(tls->keyfile, "/key");
	assert_true(tls->no_verify);
	done(&result);

	result = load_right_redis("url: 'rediss://h?ssl_ca_certs=/ca&ssl_check_hostname=no', "
				  "ssl: false, ssl_ca_certs: /other, ssl_check_hostname: true, "
				  "ssl_cert_reqs: none");
	tls = &result.config->redis.tls;
	assert_true(tls->enabled);
	assert_string_equal(tls->ca_certs, "/ca");
	assert_true(tls->any_host);
	assert_true(tls->no_verify);
	done(&result);
}

static void the_environment_says_how_tls_is_spoken_if_the_file_does_not(void **state)
{
	struct result result;
	const struct redis_tls_config *tls;

	(void)state;
	needs_tls();
	setenv("REDIS_SSL", "True", 1);
	setenv("REDIS_SSL_CA_CERTS", "/env/ca", 1);
	setenv("REDIS_SSL_CERTFILE", "/env/cert", 1);
	setenv("REDIS_SSL_KEYFILE", "/env/key", 1);
	setenv("REDIS_SSL_CERT_REQS", "none", 1);
	setenv("REDIS_SSL_CHECK_HOSTNAME", "False", 1);
	result = load_right_redis("host: h, ssl_ca_certs: /ca");
	tls = &result.config->redis.tls;
	assert_true(tls->enabled);
	assert_string_equal(tls->ca_certs, "/ca");
	assert_string_equal(tls->certfile, "/env/cert");
	assert_string_equal(tls->keyfile, "/env/key");
	assert_true(tls->no_verify);
	assert_true(tls->any_host);
	done(&result);

	result = load_right_redis("host: h, ssl: false");
	assert_false(result.config->redis.tls.enabled);
	assert_lacks(result.log, "ssl");
	done(&result);

	setenv("REDIS_SSL_CERT_REQS", "hidden", 1);
	assert_error("litellm_settings:\n  cache: true\n",
	    "2: litellm_settings.cache: the value of environment variable REDIS_SSL_CERT_REQS, "
	    "expected required, optional or none");
}

static void wrong_settings_of_tls_are_errors(void **state)
{
	(void)state;
	assert_redis_error("ssl: maybe", "ssl", "\"maybe\", expected true or false");
	assert_redis_error("ssl_cert_reqs: hidden", "ssl_cert_reqs",
	    "unknown, expected required, optional or none");
	needs_tls();
	assert_redis_error("host: h, ssl: true, ssl_keyfile: /key", "",
	    "ssl_keyfile without ssl_certfile, expected both");
	assert_redis_error("socket_path: /s, ssl: true", "",
	    "ssl: true for a socket, expected it for a host and port only");
	assert_redis_error("url: 'redis://h', ssl: true", "",
	    "ssl: true beside a URL without TLS, expected rediss://");
}

static void what_says_how_to_speak_tls_where_none_is_spoken_is_a_warning(void **state)
{
	struct result result = load_right_redis("host: h, ssl_ca_certs: /ca");

	(void)state;
	assert_false(result.config->redis.tls.enabled);
	assert_holds(result.log, "TLS is not spoken to Redis, as ssl is not true");
	done(&result);
}

static void without_tls_in_hiredis_to_ask_for_it_is_an_error_that_names_ways_out(void **state)
{
	static const char problem[] =
	    "built with a hiredis that has no TLS, expected hiredis 1.0 or later, or a tunnel as "
	    "deploy/stunnel-redis.conf makes it";
	char message[256];

	(void)state;
	if (redis_tls_is_supported())
		skip();
	assert_redis_error("host: h, ssl: true", "ssl", problem);
	assert_redis_error("url: 'rediss://u:hidden@h'", "url", problem);
	snprintf(message, sizeof(message),
	    "2: litellm_settings.cache: environment variable REDIS_SSL: %s", problem);
	setenv("REDIS_SSL", "True", 1);
	assert_error("litellm_settings:\n  cache: true\n", message);
	load_right_redis_and_drop("host: h, ssl: false");
	snprintf(message, sizeof(message),
	    "2: litellm_settings.cache: environment variable REDIS_URL: %s", problem);
	setenv("REDIS_URL", "rediss://u:hidden@h", 1);
	assert_error("litellm_settings:\n  cache: true\n", message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(tls_is_spoken_as_the_keys_say),
	    TEST(tls_that_does_not_look_who_answers_is_a_warning),
	    TEST(a_url_over_tls_says_how_or_takes_it_from_the_keys_beside_it),
	    TEST(the_environment_says_how_tls_is_spoken_if_the_file_does_not),
	    TEST(wrong_settings_of_tls_are_errors),
	    TEST(what_says_how_to_speak_tls_where_none_is_spoken_is_a_warning),
	    TEST(without_tls_in_hiredis_to_ask_for_it_is_an_error_that_names_ways_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
