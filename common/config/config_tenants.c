#include "config_tenants.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_access_keys.h"
#include "config_tenants_internal.h"

static const char master_name[] = "master";

void tenants_add_master(struct config *config, char *key)
{
	access_keys_append(&config->tenants, &config->tenant_count,
	    (struct access_key){
		.name = xstrdup(master_name), .key = key, .limits = KEY_LIMITS_NONE});
}

void tenants_add_environment(const struct config_value *place, struct config *config)
{
	char *key = getenv("LITELLM_MASTER_KEY");
	const struct access_key *other;

	if (key == NULL || key[0] == '\0')
		return;
	other = access_keys_find(
	    config->tenants, config->tenant_count, &(struct access_key){.key = key});
	if (!config_is_clean_secret(key))
		config_wrong(place, "a blank or control character in environment variable "
				    "LITELLM_MASTER_KEY, expected the master key");
	else if (other != NULL)
		config_wrong(place,
		    "environment variable LITELLM_MASTER_KEY has the key of tenant "
		    "\"%.60s\", expected a key for each tenant",
		    other->name);
	else
		tenants_add_master(config, xstrdup(key));
}

static bool may_be_called(const struct config_value *value, const char *name)
{
	if (strcmp(name, master_name) != 0)
		return true;
	config_wrong(value,
	    "name \"%s\" is that of general_settings.master_key, "
	    "expected another name",
	    master_name);
	return false;
}

/* Those of one key alone stand first; the others may be said for all keys, too. */
enum { OWN_MEMBERS = 4 };
static const struct config_key members[] = {
    ACCESS_KEY_MEMBERS("tenant"),
    {"expires", CONFIG_READER, .read = tenant_read_expires},
    {"models", CONFIG_READER, .read = tenant_read_models},
    {"rpm", CONFIG_LONG, IN(struct access_key, limits.rpm), .min = 1, .max = 1000000},
    {"tpm", CONFIG_LONG, IN(struct access_key, limits.tpm), .min = 1, .max = 1000000000},
    {"max_parallel", CONFIG_LONG, IN(struct access_key, limits.max_parallel), .min = 1,
	.max = 1000000},
    {"max_queue", CONFIG_LONG, IN(struct access_key, limits.max_queue), .min = 0,
	.max = 1000000000},
    {"weight", CONFIG_NUMBER, IN(struct access_key, limits.weight), .least = 0.01, .max = 1000},
    {"priority", CONFIG_BOOL, IN(struct access_key, priority)},
    {"max_budget", CONFIG_AMOUNT, IN(struct access_key, limits.max_budget), .max = 1000000000},
    {"budget_duration", CONFIG_READER, .read = tenant_read_budget_duration},
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

static const struct access_kind tenants = {
    .whose = "tenant",
    .expected = "the tenant's key",
    .members = members,
    .member_count = MEMBERS,
    .is_known_without_key = true,
    .may_be_called = may_be_called,
};

void tenants_read(const struct config_value *list, struct config *config)
{
	access_keys_read(
	    list, &tenants, &config->tenant_defaults, &config->tenants, &config->tenant_count);
}

void tenants_read_defaults(const struct config_value *mapping, struct config *config)
{
	config_section(mapping, "a mapping of what counts for all keys", members + OWN_MEMBERS,
	    MEMBERS - OWN_MEMBERS, &config->tenant_defaults);
}

/* The master's key was read before the defaults. */
static void limit_master(struct config *config)
{
	for (size_t i = 0; i < config->tenant_count; i++) {
		if (strcmp(config->tenants[i].name, master_name) == 0)
			access_key_inherit(&config->tenants[i], &config->tenant_defaults);
	}
}

void tenants_finish(const struct config_value *respool, struct config *config)
{
	limit_master(config);
	tenants_check(respool, config);
}

const struct access_key *tenant_of(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->tenant_count; i++) {
		if (strcmp(config->tenants[i].name, name) == 0)
			return &config->tenants[i];
	}
	return &config->tenant_defaults;
}

void tenants_clear(struct config *config)
{
	access_keys_free(config->tenants, config->tenant_count);
	access_key_clear(&config->tenant_defaults);
}
