#include "config_admin_keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_access_key.h"
#include "config_section.h"

static const char key_expected[] = "the administrator's key";

static const struct config_key admin_key_keys[] = {
    {"name", CONFIG_STRING, CONFIG_REQUIRED, "the administrator's name",
	IN(struct admin_key, name)},
    {"key", CONFIG_SECRET, CONFIG_FOR_CLIENTS, key_expected, IN(struct admin_key, key)},
    {"key_hash", CONFIG_SECRET, CONFIG_FOR_CLIENTS, "\"sha256:\" and 64 hexadecimal digits",
	IN(struct admin_key, key_hash)},
};

static void free_admin_key(struct admin_key *admin)
{
	free(admin->name);
	free(admin->key);
	free(admin->key_hash);
}

static void append_admin_key(struct config *config, struct admin_key admin)
{
	config->admin_keys = xrealloc(
	    config->admin_keys, (config->admin_key_count + 1) * sizeof(*config->admin_keys));
	config->admin_keys[config->admin_key_count++] = admin;
}

static struct access_key key_of(const struct admin_key *admin)
{
	return (struct access_key){admin->key, admin->key_hash};
}

static bool is_new(
    const struct config_value *value, const struct config *config, const struct admin_key *admin)
{
	for (size_t i = 0; i < config->admin_key_count; i++) {
		const struct admin_key *other = &config->admin_keys[i];

		if (strcmp(other->name, admin->name) == 0) {
			config_wrong(value,
			    "name \"%.60s\" again, expected a name for each administrator",
			    admin->name);
			return false;
		}
		if (access_key_same(key_of(other), key_of(admin))) {
			config_wrong(value,
			    "the same key as administrator \"%.60s\", expected a key for each "
			    "administrator",
			    other->name);
			return false;
		}
	}
	return true;
}

static void read_admin_key(const struct config_value *value, struct config *config)
{
	struct admin_key admin = {0};

	if (config_section(value, "a mapping with name and key", KEYS(admin_key_keys), &admin) &&
	    access_key_check(value, key_expected, &admin.key_hash) &&
	    is_new(value, config, &admin) && (admin.key != NULL || admin.key_hash != NULL))
		append_admin_key(config, admin);
	else
		free_admin_key(&admin);
}

void admin_keys_read(const struct config_value *list, struct config *config)
{
	if (!config_is_list(list, "a list of mappings with name and key"))
		return;
	for (size_t i = 0; i < config_length(list); i++) {
		struct config_value element = config_element(list, i);

		read_admin_key(&element, config);
	}
}

void admin_keys_clear(struct config *config)
{
	for (size_t i = 0; i < config->admin_key_count; i++)
		free_admin_key(&config->admin_keys[i]);
	free(config->admin_keys);
}
