#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_deployment_internal.h"
#include "config_section.h"

static bool is_kept_always(const char *name)
{
	static const char *const kept[] = {"background", "input", "model", "stream"};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (strcmp(name, kept[i]) == 0)
			return true;
	}
	return false;
}

static void read_dropped_name(const struct config_value *value, struct deployment *deployment)
{
	char *name;

	if (!config_string(value, 0, "the name of a request's member", &name))
		return;
	if (!is_kept_always(name) && strpbrk(name, ".[") == NULL) {
		config_append_string(&deployment->dropped, &deployment->dropped_count, name);
		return;
	}
	if (is_kept_always(name))
		config_wrong(value,
		    "\"%s\" cannot be dropped, expected any other member of a request", name);
	else
		config_warn(value, "\"%.60s\" is not at the top of a request: not dropped", name);
	free(name);
}

void deployment_read_dropped_names(const struct config_value *value, void *dest)
{
	if (!config_is_list(value, "a list of names of a request's members"))
		return;
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);

		read_dropped_name(&element, dest);
	}
}

void deployment_read_drop_params(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;

	if (value->node->type == YAML_SEQUENCE_NODE)
		deployment_read_dropped_names(value, dest);
	else if (config_bool(value, 0, &deployment->drop_params))
		deployment->drops_by_model = deployment->drop_params;
}

void deployment_drop_what_is_not_taken(
    const struct provider *provider, struct deployment *deployment)
{
	const char *p = provider->not_taken != NULL ? provider->not_taken : "";

	for (p += strspn(p, " "); *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		config_append_string(
		    &deployment->dropped, &deployment->dropped_count, xmemdup(p, len));
		p += len;
	}
}
