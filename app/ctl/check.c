#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "commands.h"
#include "findings.h"

static void take_warning(void *ctx, const char *level, const char *text)
{
	if (strcmp(level, "warning") == 0)
		findings_add(ctx, "configuration", "%s", text);
}

static void take_errors(struct findings *findings, char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		findings_add(findings, "configuration", "%s", line);
}

static struct config *load(const char *path, struct findings *findings)
{
	char *text = NULL;
	size_t len = 0;
	FILE *errors = open_memstream(&text, &len);
	struct config *config;

	if (errors == NULL)
		fatal("open_memstream");
	config = config_load(path, CONFIG_OPERATOR, errors);
	fclose(errors);
	take_errors(findings, text);
	free(text);
	return config;
}

static void take_advice(void *ctx, const char *name, const char *text)
{
	findings_add(ctx, name, "%s", text);
}

/* Some of Redis' errors end in a full stop, others do not. */
static void add_unreachable(struct findings *findings, const char *why)
{
	size_t len = strlen(why);

	if (len > 0 && why[len - 1] == '.')
		len--;
	findings_add(findings, "redis",
	    "Redis cannot be asked: %.*s. No background response is taken, and none is begun.",
	    (int)len, why);
}

static bool check_present(
    struct store *store, const struct config *config, struct findings *findings)
{
	struct store_snapshot snapshot;

	if (store_snapshot(store, false, &snapshot) != STORE_OK)
		return false;
	findings_of_snapshot(findings, config, &snapshot, realtime_ms());
	store_snapshot_free(&snapshot);
	return true;
}

static bool check_webhooks(
    struct store *store, const struct config *config, struct findings *findings)
{
	struct store_webhooks webhooks;

	if (store_webhooks(store, &config->webhooks, 1, &webhooks) != STORE_OK)
		return false;
	findings_of_webhooks(findings, config, &webhooks);
	store_webhooks_free(&webhooks);
	return true;
}

static void check_store(struct store *store, const struct config *config, struct findings *findings)
{
	if (store_advise(store, take_advice, findings) != STORE_OK ||
	    !check_present(store, config, findings) || !check_webhooks(store, config, findings))
		add_unreachable(findings, store_error(store));
}

static void check_redis(const struct config *config, struct findings *findings)
{
	struct store *store;

	if (!config->redis.enabled) {
		findings_add(findings, "no_redis", CTL_NO_REDIS ".");
		return;
	}
	store = store_open(&config->redis);
	check_store(store, config, findings);
	store_close(store);
}

int check_run(struct ctl *ctl)
{
	struct findings findings = {0};
	struct config *config;
	int status;

	log_divert(take_warning, &findings);
	config = load(ctl->config_path, &findings);
	if (config != NULL) {
		findings_of_config(&findings, config, (time_t)(realtime_ms() / 1000));
		check_redis(config, &findings);
	}
	log_divert(NULL, NULL);
	findings_print(&findings, ctl->arguments->json);
	status = findings.count == 0 ? CTL_DONE : CTL_REFUSED;
	config_free(config);
	findings_free(&findings);
	return status;
}
