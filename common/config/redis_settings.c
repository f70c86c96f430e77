#include "redis_settings.h"

#include <stdlib.h>
#include <strings.h>

void redis_settings_clear(struct redis_settings *settings)
{
	redis_config_clear(&settings->redis);
	*settings = (struct redis_settings)REDIS_SETTINGS_INIT;
}

/* Moves *from to where there is nothing yet. */
static void take_string(char **to, char **from)
{
	if (*to != NULL)
		return;
	*to = *from;
	*from = NULL;
}

void redis_settings_fill_login(struct redis_settings *to, struct redis_settings *from)
{
	take_string(&to->redis.username, &from->redis.username);
	if (!to->has_password)
		take_string(&to->redis.password, &from->redis.password);
	to->has_password = to->has_password || from->has_password;
	if (to->redis.db < 0)
		to->redis.db = from->redis.db;
}

void redis_settings_fill_tls(struct redis_settings *to, struct redis_settings *from)
{
	struct redis_tls_config *tls = &to->redis.tls;

	take_string(&tls->ca_certs, &from->redis.tls.ca_certs);
	take_string(&tls->certfile, &from->redis.tls.certfile);
	take_string(&tls->keyfile, &from->redis.tls.keyfile);
	if (!to->has_cert_reqs)
		tls->no_verify = from->redis.tls.no_verify;
	if (!to->has_check_hostname)
		tls->any_host = from->redis.tls.any_host;
	to->has_cert_reqs = to->has_cert_reqs || from->has_cert_reqs;
	to->has_check_hostname = to->has_check_hostname || from->has_check_hostname;
}

/* To a client, Python's ssl makes no difference between optional and required. */
bool redis_settings_cert_reqs(struct redis_settings *settings, const char *word)
{
	static const struct {
		const char *word;
		bool no_verify;
	} words[] = {{"required", false}, {"optional", false}, {"none", true}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(word, words[i].word) != 0)
			continue;
		settings->redis.tls.no_verify = words[i].no_verify;
		settings->has_cert_reqs = true;
		return true;
	}
	return false;
}

bool redis_settings_say_how(const struct redis_settings *settings)
{
	const struct redis_tls_config *tls = &settings->redis.tls;

	return tls->ca_certs != NULL || tls->certfile != NULL || tls->keyfile != NULL ||
	       settings->has_cert_reqs || settings->has_check_hostname;
}

bool redis_tls_is_supported(void)
{
#ifdef HAVE_HIREDIS_SSL
	return true;
#else
	return false;
#endif
}
