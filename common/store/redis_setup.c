#include "redis_setup.h"

#include <string.h>

static bool add_login(struct redis_args *args, const char *username, const char *password)
{
	if (password == NULL)
		return false;
	redis_args_add(args, "AUTH");
	if (username != NULL)
		redis_args_add(args, username);
	redis_args_add(args, password);
	return true;
}

static bool add_auth(const struct redis_setup *setup, struct redis_args *args)
{
	const struct redis_config *config = setup->config;

	if (setup->sentinel)
		return add_login(args, config->sentinel_username, config->sentinel_password);
	return add_login(args, config->username, config->password);
}

static bool add_name(const struct redis_setup *setup, struct redis_args *args)
{
	redis_args_add(args, "CLIENT");
	redis_args_add(args, "SETNAME");
	redis_args_add(args, setup->name);
	return true;
}

static bool add_database(const struct redis_setup *setup, struct redis_args *args)
{
	if (setup->sentinel || setup->config->db == 0)
		return false;
	redis_args_add(args, "SELECT");
	redis_args_add_number(args, setup->config->db);
	return true;
}

static bool add_script(const struct redis_setup *setup, size_t number, struct redis_args *args)
{
	if (setup->sentinel || number >= setup->script_count)
		return false;
	redis_args_add(args, "SCRIPT");
	redis_args_add(args, "LOAD");
	redis_args_add(args, script_source(setup->scripts[number]));
	return true;
}

bool redis_setup_step(const struct redis_setup *setup, int step, struct redis_args *args)
{
	bool (*const adders[])(const struct redis_setup *setup, struct redis_args *args) = {
	    add_auth, add_name, add_database};

	for (size_t i = 0; i < sizeof(adders) / sizeof(adders[0]); i++) {
		if (!adders[i](setup, args))
			continue;
		if (step-- == 0)
			return true;
		*args = (struct redis_args){0};
	}
	return add_script(setup, (size_t)step, args);
}

const char *redis_setup_doing(const struct redis_args *args)
{
	if (strcmp(args->values[0], "SCRIPT") == 0)
		return "SCRIPT LOAD";
	return strcmp(args->values[0], "CLIENT") == 0 ? "CLIENT SETNAME" : args->values[0];
}

bool redis_setup_may_fail(const struct redis_args *args)
{
	return strcmp(args->values[0], "CLIENT") == 0;
}
