#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "config_admin_keys.h"
#include "config_aliases.h"
#include "config_draft.h"
#include "config_environment.h"
#include "config_fallbacks.h"
#include "config_polling.h"
#include "config_tenants.h"
#include "config_warnings.h"
#include "config_webhooks.h"

/* What an operator looks at is in Redis. */
static unsigned unneeded_by(enum config_role role)
{
	switch (role) {
	case CONFIG_RESPONDER:
		return CONFIG_FOR_PROVIDERS | CONFIG_FOR_RECEIVERS;
	case CONFIG_SUPERVISOR:
		return CONFIG_FOR_CLIENTS;
	case CONFIG_OPERATOR:
		break;
	}
	return CONFIG_FOR_PROVIDERS | CONFIG_FOR_CLIENTS | CONFIG_FOR_RECEIVERS;
}

static struct config *load(
    struct config_file *file, const char *path, enum config_role role, FILE *errors)
{
	struct config_draft draft;
	struct config *config;

	if (!config_file_open(file, path, errors))
		return NULL;
	file->unneeded = unneeded_by(role);
	config_draft_read(file, &draft);
	config = xmalloc(sizeof(*config));
	*config = draft.config;
	if (file->error_count != 0) {
		config_free(config);
		config = NULL;
	} else {
		config_warn_what_cannot_work(&draft.config, path, role, draft.cache);
	}
	config_file_close(file);
	return config;
}

struct config *config_load(const char *path, enum config_role role, FILE *errors)
{
	struct config_file file;
	struct config *config;

	environment_begin();
	config = load(&file, path, role, errors);
	environment_end(config != NULL);
	return config;
}

static void log_lines(char *text)
{
	char *rest = NULL, *line;

	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		log_warnx("%s", line);
}

/* Several processes may do this at once: the errors go out as lines of the log. */
bool config_reload(struct config **config, const char *path, enum config_role role)
{
	struct config *again;
	char *text = NULL;
	size_t len = 0;
	FILE *errors = open_memstream(&text, &len);

	if (errors == NULL)
		fatalx("out of memory");
	again = config_load(path, role, errors);
	fclose(errors);
	log_lines(text);
	free(text);
	if (again == NULL) {
		log_warnx("%s has errors; the configuration stays as it was", path);
		return false;
	}
	config_free(*config);
	*config = again;
	log_set_format(again->log_format);
	log_info("%s read again", path);
	return true;
}

struct config *config_hold(struct config *config)
{
	config->holders++;
	return config;
}

void config_free(struct config *config)
{
	if (config == NULL || config->holders-- > 0)
		return;
	for (size_t i = 0; i < config->deployment_count; i++)
		deployment_clear(&config->deployments[i]);
	free(config->deployments);
	tenants_clear(config);
	admin_keys_clear(config);
	webhooks_clear(&config->webhooks);
	redis_config_clear(&config->redis);
	fallbacks_clear(config);
	aliases_clear(config);
	free(config->default_model);
	free(config->default_deployment);
	polling_clear(&config->polling);
	free(config);
}

const char *config_path(const char *option)
{
	const char *variable = getenv("RESPOOL_CONFIG");

	if (option != NULL)
		return option;
	return variable != NULL && variable[0] != '\0' ? variable
						       : SYSCONFDIR "/respool/config.yaml";
}
