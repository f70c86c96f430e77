#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "config_deployment_internal.h"
#include "config_section.h"
#include "model.h"

static void hash_text(XXH3_state_t *state, const char *text)
{
	XXH3_64bits_update(state, text, strlen(text) + 1);
}

/* As it stands in the file: what a variable holds may differ between processes. */
static void hash_member(XXH3_state_t *state, const struct config_value *params, const char *name)
{
	struct config_value value;

	hash_text(state, config_member(params, name, &value) ? config_raw_text(&value) : "");
}

/* Of what says which deployment it is; number tells those apart that are equal in that. */
static unsigned long long identity(const struct config_value *params, const char *organization,
    const struct deployment *deployment, unsigned number)
{
	XXH3_state_t *state = XXH3_createState();
	unsigned long long hash;
	char digits[16];

	if (state == NULL)
		fatalx("out of memory");
	XXH3_64bits_reset(state);
	hash_text(state, deployment->model_name);
	hash_text(state, deployment->model);
	hash_text(state, deployment->provider);
	hash_member(state, params, "api_base");
	hash_member(state, params, "api_version");
	hash_text(state, organization);
	snprintf(digits, sizeof(digits), "%u", number);
	hash_text(state, digits);
	hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return hash;
}

void deployment_set_id(const struct config *config, const struct config_value *params,
    const char *organization, struct deployment *deployment)
{
	unsigned number = 0;
	char id[17];

	do {
		snprintf(id, sizeof(id), "%016llx",
		    identity(params, organization, deployment, number++));
	} while (deployment_by_id(config, span_of(id)) != NULL);
	deployment->id = xstrdup(id);
}
