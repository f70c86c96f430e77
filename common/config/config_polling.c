#include "config_polling.h"

#include <stdlib.h>
#include <string.h>

#include "config_section.h"

static void read_polling_providers(const struct config_value *value, struct polling_config *polling)
{
	config_strings(value, "a provider's name", &polling->providers, &polling->provider_count);
	if (polling->provider_count != 0)
		polling->mode = POLLING_PROVIDERS;
}

static void read_polling(const struct config_value *value, void *dest)
{
	static const char expected[] = "\"all\", a list of providers, or false";
	struct polling_config *polling = dest;
	bool on = true;
	char *text;

	if (value->node->type == YAML_SEQUENCE_NODE) {
		read_polling_providers(value, polling);
		return;
	}
	if (!config_string(value, 0, expected, &text))
		return;
	if (strcmp(text, "all") == 0)
		polling->mode = POLLING_ALL;
	else if (!config_boolean(text, &on) || on)
		config_wrong(value, "some other text, expected %s", expected);
	free(text);
}

static void read_native(const struct config_value *value, void *dest)
{
	struct polling_config *polling = dest;

	if (config_is_list(value, "a list of models' names"))
		config_strings(
		    value, "a model's name", &polling->native_models, &polling->native_count);
}

static const struct config_key background_keys[] = {
    {"polling_via_cache", CONFIG_READER, .read = read_polling},
    {"ttl", CONFIG_LONG, IN(struct polling_config, ttl), .min = 1, .max = MAX_TTL},
    {"native_background_mode", CONFIG_READER, .read = read_native},
};

static void read_background(const struct config_value *value, void *dest)
{
	config_section(value, "a mapping with polling_via_cache", KEYS(background_keys), dest);
}

static const struct config_key responses_keys[] = {
    {"background_mode", CONFIG_READER, .read = read_background},
};

void polling_read(const struct config_value *responses, struct polling_config *polling)
{
	config_section(responses, "a mapping with background_mode", KEYS(responses_keys), polling);
}

void polling_clear(struct polling_config *polling)
{
	config_free_strings(polling->providers, polling->provider_count);
	config_free_strings(polling->native_models, polling->native_count);
}
