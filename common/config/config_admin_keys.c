#include "config_admin_keys.h"

#include "config_access_keys.h"

static const struct config_key members[] = {ACCESS_KEY_MEMBERS("administrator")};

static const struct access_kind administrators = {
    .whose = "administrator",
    .expected = "the administrator's key",
    .members = members,
    .member_count = sizeof(members) / sizeof(members[0]),
};

void admin_keys_read(const struct config_value *list, struct config *config)
{
	static const struct access_key unlimited = {.limits = KEY_LIMITS_NONE};

	access_keys_read(
	    list, &administrators, &unlimited, &config->admin_keys, &config->admin_key_count);
}

void admin_keys_clear(struct config *config)
{
	access_keys_free(config->admin_keys, config->admin_key_count);
}
