/*
 * Whatever a configuration file holds: it is taken, and then every value is within its bounds, or
 * it is refused with at least one message, each one line that names a file. A secret that a
 * variable of the environment holds is in no message. Afterwards the environment is as it was.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: the file, and behind lines of "%%" those that it can include, by the names 1, 2 and so on.
 * No other file is read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"
#include "common/config/config.h"
#include "common/config/config_source.h"
#include "common/config/model.h"
#include "common/provider/request_body.h"

static const char secret[] = "zSECRETz7f3";
static const char end_of_file[] = "\n%%\n";

/* The input; nothing of it: a file that says nothing. */
static struct span files;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("K", secret, 1);
	setenv("EMPTY", "", 1);
	unsetenv("UNSET");
	return 0;
}

/* The file of that number in the input. */
static bool find_file(size_t number, struct span *file)
{
	const size_t len = strlen(end_of_file);
	struct span rest = files;

	for (;;) {
		const char *end = memmem(rest.p, rest.len, end_of_file, len);

		*file = rest;
		if (end != NULL)
			file->len = (size_t)(end - rest.p);
		if (number-- == 0)
			return true;
		if (end == NULL)
			return false;
		rest.len -= file->len + len;
		rest.p = end + len;
	}
}

/* In the place of the one that reads files. */
bool config_source_read(
    const char *path, struct config_source *source, char *problem, size_t problem_size)
{
	const char *slash = strrchr(path, '/');
	const size_t number = strtoul(slash != NULL ? slash + 1 : path, NULL, 10);
	struct span file;

	*source = (struct config_source){.inode = number + 1};
	if (number > 9 || !find_file(number, &file)) {
		snprintf(problem, problem_size, "is not there");
		return false;
	}
	buf_append_span(&source->text, file);
	buf_cstr(&source->text);
	return true;
}

static size_t count_of(const char *text, char c)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == c;
	return count;
}

static bool is_json(const char *text)
{
	return json_check(span_of(text), JSON_ACCEPT_BAD_UTF8, NULL, NULL);
}

static void check_defaults(const struct deployment *deployment)
{
	for (size_t i = 0; i < deployment->default_count; i++) {
		const struct request_default *given = &deployment->defaults[i];

		require(given->name != NULL || given->member != NULL);
		require(is_json(given->value));
		require(given->chat_value == NULL || is_json(given->chat_value));
	}
	if (deployment->extra_body != NULL)
		require(is_json(deployment->extra_body) &&
			json_type(span_of(deployment->extra_body)) == JSON_OBJECT);
}

/* Any of them can be put into a body, which is JSON then. */
static void check_bodies(const struct deployment *deployment)
{
	struct buf body = {0};

	request_body_for(&body, SPAN("{\"reasoning\":{\"effort\":null},\"text\":{},\"user\":1}"),
	    deployment, deployment->model_name);
	request_body_add_extra(&body, deployment);
	require(json_check(buf_span(&body), JSON_ACCEPT_BAD_UTF8, NULL, NULL));
	buf_clear(&body);
	request_body_for_chat(&body, SPAN("{}"), deployment, deployment->model_name);
	require(json_check(buf_span(&body), JSON_ACCEPT_BAD_UTF8, NULL, NULL));
	buf_free(&body);
}

static void check_deployment(const struct deployment *deployment)
{
	check_defaults(deployment);
	check_bodies(deployment);
	require(deployment->model_name[0] != '\0' && count_of(deployment->model_name, '*') <= 1);
	require(deployment->model != NULL && count_of(deployment->model, '*') <= 1);
	require(deployment->provider != NULL);
	require(deployment->input_cost >= 0 && deployment->input_cost <= 1e6);
	require(deployment->output_cost >= 0 && deployment->output_cost <= 1e6);
	require(deployment->timeout > 0 && deployment->silence_timeout > 0);
	if (deployment->api_base != NULL)
		require(deployment->api_base[0] != '\0' &&
			deployment->api_base[strlen(deployment->api_base) - 1] != '/');
	if (deployment->api_key != NULL)
		require(strpbrk(deployment->api_key, "\r\n") == NULL);
}

static bool is_limit(long number, long min, long max)
{
	return number == UNLIMITED || (number >= min && number <= max);
}

static void check_key_limits(const struct key_limits *limits)
{
	require(is_limit(limits->rpm, 1, 1000000) && is_limit(limits->tpm, 1, 1000000000));
	require(is_limit(limits->max_parallel, 1, 1000000));
	require(is_limit(limits->max_queue, 0, 1000000000));
	require(limits->weight >= 0.01 && limits->weight <= 1000);
	require(limits->max_budget == UNLIMITED ||
		(limits->max_budget >= 0 && limits->max_budget <= 1e9));
	require(limits->budget_seconds >= 0 && limits->budget_seconds <= 315360000);
}

static void check_permissions(const struct access_key *key)
{
	require((key->models == NULL) == (key->model_count == 0));
	for (size_t i = 0; i < key->model_count; i++)
		require(key->models[i][0] != '\0' && count_of(key->models[i], '*') <= 1);
	require(key->expires >= 0);
	check_key_limits(&key->limits);
}

static void check_access_keys(const struct access_key *keys, size_t count, bool are_needed)
{
	for (size_t i = 0; i < count; i++) {
		require(keys[i].name[0] != '\0');
		require(keys[i].key == NULL || keys[i].key_hash == NULL);
		require(!are_needed || keys[i].key != NULL || keys[i].key_hash != NULL);
		require(keys[i].key == NULL || keys[i].key[0] != '\0');
		require(keys[i].key_hash == NULL || strlen(keys[i].key_hash) == 64);
		check_permissions(&keys[i]);
		for (size_t j = 0; j < i; j++)
			require(keys[i].key == NULL || keys[j].key == NULL ||
				strcmp(keys[i].key, keys[j].key) != 0);
	}
}

static bool is_web(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

static void check_endpoint(const struct webhook_endpoint *endpoint, enum config_role role)
{
	const size_t name_len = strlen(endpoint->name);

	require(name_len > 0 && name_len <= WEBHOOK_NAME_MAX);
	require(strpbrk(endpoint->name, " \n\37/") == NULL);
	require(is_web(endpoint->url) && strchr(endpoint->url, '#') == NULL);
	require(is_web(endpoint->site) && strchr(endpoint->site, '@') == NULL);
	require(endpoint->internal || endpoint->is_loopback ||
		strncmp(endpoint->site, "https:", 6) == 0);
	require(endpoint->secret_count > 0 || role != CONFIG_SUPERVISOR);
	for (size_t i = 0; i < endpoint->secret_count; i++)
		require(endpoint->secrets[i].len >= WEBHOOK_KEY_MIN &&
			endpoint->secrets[i].len <= WEBHOOK_KEY_MAX);
	require(endpoint->events != 0 && (endpoint->events & ~(unsigned)WEBHOOK_ALL_EVENTS) == 0);
	require(!endpoint->all_tenants || endpoint->tenant_count == 0);
	require(endpoint->max_parallel > 0);
	require(strlen(endpoint->digest) == WEBHOOK_DIGEST_SIZE - 1);
}

static void check_webhooks(const struct webhooks_config *webhooks, enum config_role role)
{
	const char *lines = webhooks->lines != NULL ? webhooks->lines : "";

	for (size_t i = 0; i < webhooks->count; i++) {
		const struct webhook_endpoint *endpoint = &webhooks->endpoints[i];

		check_endpoint(endpoint, role);
		require(webhook_find(webhooks, endpoint->name) == endpoint);
	}
	require(count_of(lines, '\n') == webhooks->count);
	require((webhooks->lines == NULL) == (webhooks->count == 0));
}

static void check_limits(const struct config *config)
{
	require(config->polling.ttl > 0 && config->num_retries >= 0);
	require(config->max_request_bytes > 0 && config->max_event_bytes > 0);
	require(
	    config->max_response_bytes > 0 && config->max_queue > 0 && config->max_queue_bytes > 0);
	require(config->max_streams > 0 && config->flush_interval_ms > 0);
	require(config->lease_seconds > 0 && config->max_attempts > 0);
	require(config->drain_seconds >= 0 && config->idempotency_ttl > 0);
	if (config->redis.enabled)
		require(config->redis.socket_path != NULL ||
			(config->redis.host != NULL && config->redis.port > 0 &&
			    config->redis.port < 65536));
}

/* A model's name upstream can be made for every deployment that serves it. */
static void check_models(const struct config *config)
{
	static const char *const models[] = {"gpt-5", "openai/gpt-5", "*", "a"};

	for (size_t m = 0; m < sizeof(models) / sizeof(models[0]); m++) {
		const struct deployment *found = NULL;

		model_should_poll(config, models[m], true);
		while ((found = model_next_deployment(config, models[m], found)) != NULL)
			free(model_upstream_name(found, models[m]));
	}
}

static void check_config(const struct config *config, enum config_role role)
{
	for (size_t i = 0; i < config->deployment_count; i++)
		check_deployment(&config->deployments[i]);
	check_access_keys(config->tenants, config->tenant_count, role == CONFIG_RESPONDER);
	check_access_keys(config->admin_keys, config->admin_key_count, true);
	check_permissions(&config->tenant_defaults);
	check_webhooks(&config->webhooks, role);
	check_limits(config);
	check_models(config);
}

static void check_errors(const char *errors, size_t len)
{
	const char *line = errors;

	require(len > 0 && errors[len - 1] == '\n' && strlen(errors) == len);
	while (*line != '\0') {
		require(strchr(line, ':') != NULL);
		line = strchr(line, '\n') + 1;
	}
	for (; *errors != '\0'; errors++)
		require(*errors == '\n' || (unsigned char)*errors >= 0x20);
}

/* The file may hold the secret itself, as any other text, only if the fuzzer wrote it there. */
static void check_secrecy(const char *errors, const uint8_t *data, size_t size)
{
	if (memmem(data, size, secret, strlen(secret)) == NULL)
		require(strstr(errors, secret) == NULL);
}

static void load(enum config_role role)
{
	struct config *config;
	char *errors = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&errors, &len);

	require(stream != NULL);
	config = config_load("0", role, stream);
	fclose(stream);
	if (config != NULL) {
		require(len == 0);
		check_config(config, role);
		config_free(config);
	} else {
		check_errors(errors, len);
		check_secrecy(errors, (const uint8_t *)files.p, files.len);
	}
	free(errors);
}

/* What the file has set is gone when the next one is read. */
static void forget(void)
{
	static const char text[] = "respool: {}\n";

	files = (struct span){text, strlen(text)};
	load(CONFIG_SUPERVISOR);
	require(strcmp(getenv("K"), secret) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	files = (struct span){(const char *)data, size};
	load(CONFIG_RESPONDER);
	load(CONFIG_SUPERVISOR);
	forget();
	return 0;
}
