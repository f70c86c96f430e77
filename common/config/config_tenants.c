#include "config_tenants.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_access_key.h"
#include "config_section.h"

static const char master_name[] = "master";

static void free_tenant(struct tenant *tenant)
{
	free(tenant->name);
	free(tenant->key);
	free(tenant->key_hash);
}

static void append_tenant(struct config *config, struct tenant tenant)
{
	config->tenants =
	    xrealloc(config->tenants, (config->tenant_count + 1) * sizeof(*config->tenants));
	config->tenants[config->tenant_count++] = tenant;
}

void tenants_add_master(struct config *config, char *key)
{
	append_tenant(config, (struct tenant){.name = xstrdup(master_name), .key = key});
}

static struct access_key key_of(const struct tenant *tenant)
{
	return (struct access_key){tenant->key, tenant->key_hash};
}

static const struct tenant *tenant_of_key(const struct config *config, struct access_key key)
{
	for (size_t i = 0; i < config->tenant_count; i++) {
		if (access_key_same(key_of(&config->tenants[i]), key))
			return &config->tenants[i];
	}
	return NULL;
}

void tenants_add_environment(const struct config_value *place, struct config *config)
{
	const char *key = getenv("LITELLM_MASTER_KEY");
	const struct tenant *other;

	if (key == NULL || key[0] == '\0')
		return;
	other = tenant_of_key(config, (struct access_key){.key = key});
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

static const char key_expected[] = "the tenant's key";

static const struct config_key tenant_keys[] = {
    {"name", CONFIG_STRING, CONFIG_REQUIRED, "the tenant's name", IN(struct tenant, name)},
    {"key", CONFIG_SECRET, CONFIG_FOR_CLIENTS, key_expected, IN(struct tenant, key)},
    {"key_hash", CONFIG_SECRET, CONFIG_FOR_CLIENTS, "\"sha256:\" and 64 hexadecimal digits",
	IN(struct tenant, key_hash)},
};

static bool is_new_tenant(
    const struct config_value *value, const struct config *config, const struct tenant *tenant)
{
	if (strcmp(tenant->name, master_name) == 0) {
		config_wrong(value,
		    "name \"%s\" is that of general_settings.master_key, "
		    "expected another name",
		    master_name);
		return false;
	}
	for (size_t i = 0; i < config->tenant_count; i++) {
		const struct tenant *other = &config->tenants[i];

		if (strcmp(other->name, tenant->name) == 0) {
			config_wrong(value, "name \"%.60s\" again, expected a name for each tenant",
			    tenant->name);
			return false;
		}
		if (access_key_same(key_of(other), key_of(tenant))) {
			config_wrong(value,
			    "the same key as tenant \"%.60s\", expected a key for each tenant",
			    other->name);
			return false;
		}
	}
	return true;
}

static void read_tenant(const struct config_value *value, struct config *config)
{
	struct tenant tenant = {0};

	if (config_section(value, "a mapping with name and key", KEYS(tenant_keys), &tenant) &&
	    access_key_check(value, key_expected, &tenant.key_hash) &&
	    is_new_tenant(value, config, &tenant) &&
	    (tenant.key != NULL || tenant.key_hash != NULL))
		append_tenant(config, tenant);
	else
		free_tenant(&tenant);
}

void tenants_read(const struct config_value *list, struct config *config)
{
	if (!config_is_list(list, "a list of mappings with name and key"))
		return;
	for (size_t i = 0; i < config_length(list); i++) {
		struct config_value element = config_element(list, i);

		read_tenant(&element, config);
	}
}

void tenants_clear(struct config *config)
{
	for (size_t i = 0; i < config->tenant_count; i++)
		free_tenant(&config->tenants[i]);
	free(config->tenants);
}
