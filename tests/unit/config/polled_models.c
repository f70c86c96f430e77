#include "polled_models.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void poll_for_all(struct setup *setup)
{
	memset(setup, 0, sizeof(*setup));
	setup->config.redis.enabled = true;
	setup->config.polling.mode = POLLING_ALL;
	setup->config.deployments = setup->deployments;
	setup->config.polling.providers = setup->providers;
	setup->config.polling.native_models = setup->native_models;
}

void add_provider(struct setup *setup, const char *provider)
{
	setup->config.polling.mode = POLLING_PROVIDERS;
	setup->providers[setup->config.polling.provider_count++] = text(provider);
}

void poll_for(struct setup *setup, const char *provider)
{
	poll_for_all(setup);
	add_provider(setup, provider);
}

void add_deployment(
    struct setup *setup, const char *model_name, const char *provider, const char *model)
{
	assert_true(setup->config.deployment_count < MAX_ROWS);
	setup->deployments[setup->config.deployment_count++] = (struct deployment){
	    .model_name = text(model_name), .provider = text(provider), .model = text(model)};
}

bool polls(const struct setup *setup, const char *model)
{
	return model_should_poll(&setup->config, model, true);
}

size_t model_deployments(
    const struct config *config, const char *model, const struct deployment **out, size_t max)
{
	const struct deployment *deployment = NULL;
	size_t count = 0;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (count < max)
			out[count] = deployment;
		count++;
	}
	return count;
}

size_t count_deployments(const struct setup *setup, const char *model)
{
	return model_deployments(&setup->config, model, NULL, 0);
}
