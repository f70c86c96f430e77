#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "config_deployment_internal.h"

enum { SHORTEST = 4 }; /* digits of an id that tell deployments apart */

/* Without a provider of its own it is any of them. */
static bool same_name(const struct deployment *a, const struct deployment *b)
{
	return a->any_provider == b->any_provider && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->provider, b->provider) == 0;
}

static size_t digits_in_common(const char *a, const char *b)
{
	size_t count = 0;

	while (a[count] != '\0' && a[count] == b[count])
		count++;
	return count;
}

/* How many digits of its id tell it apart from all of its name; 0 if there is no other one. */
static size_t digits_needed(const struct config *config, const struct deployment *deployment)
{
	size_t needed = 0;

	for (size_t i = 0; i < config->deployment_count; i++) {
		const struct deployment *other = &config->deployments[i];
		size_t common;

		if (other == deployment || !same_name(deployment, other))
			continue;
		common = digits_in_common(deployment->id, other->id);
		if (common + 1 > needed)
			needed = common + 1;
	}
	return needed > 0 && needed < SHORTEST ? SHORTEST : needed;
}

static char *make_label(const struct config *config, const struct deployment *deployment)
{
	size_t digits = digits_needed(config, deployment);
	struct buf label = {0};
	char *text;

	if (!deployment->any_provider)
		buf_printf(&label, "%s/", deployment->provider);
	buf_puts(&label, deployment->model);
	if (digits > 0)
		buf_printf(&label, "#%.*s", (int)digits, deployment->id);
	text = xstrdup(buf_cstr(&label));
	buf_free(&label);
	return text;
}

void deployments_label(struct config *config)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		free(config->deployments[i].label);
		config->deployments[i].label = make_label(config, &config->deployments[i]);
	}
}
