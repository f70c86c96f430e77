#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/iso_time.h"
#include "common/base/time_unit.h"
#include "config.h"
#include "config_polling.h"
#include "config_section.h"
#include "config_tenants_internal.h"

void tenant_read_models(const struct config_value *value, void *dest)
{
	static const char expected[] = "a list of models' names, which may hold a *";
	struct access_key *key = dest;

	if (!config_is_list(value, expected))
		return;
	if (config_length(value) == 0) {
		config_wrong(value, "an empty list, expected %s", expected);
		return;
	}
	config_free_strings(key->models, key->model_count);
	key->models = NULL;
	key->model_count = 0;
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);
		char *model = NULL;

		if (config_pattern(&element, "a model's name", &model))
			config_append_string(&key->models, &key->model_count, model);
		else
			free(model);
	}
}

/* One that has been over since before 1970 has to stay apart from none. */
void tenant_read_expires(const struct config_value *value, void *dest)
{
	static const char expected[] = "a date, 2026-12-31, or a time, 2026-12-31T23:59:59Z";
	struct access_key *key = dest;
	char *text;

	if (!config_string(value, 0, expected, &text))
		return;
	if (!iso_time_end(text, &key->expires))
		config_wrong(value, "\"%.60s\", expected %s", config_raw_text(value), expected);
	else if (key->expires < 1)
		key->expires = 1;
	free(text);
}

/* A month is what LiteLLM has as well. */
static long seconds_of(const char *unit)
{
	return strcmp(unit, "mo") == 0 ? 30 * DAY_SECONDS : unit_seconds(unit);
}

/* Takes the unit off the end; 0 if there is none. */
static long cut_unit(char *text)
{
	char *unit = text + strspn(text, "0123456789_");
	const long seconds = seconds_of(unit);

	*unit = '\0';
	return seconds;
}

static long duration(const char *written)
{
	char *text = xstrdup(written);
	const long unit = cut_unit(text);
	long long number = 0;

	if (unit != 0)
		config_integer(text, 1, MAX_TTL / unit, &number);
	free(text);
	return (long)number * unit;
}

void tenant_read_budget_duration(const struct config_value *value, void *dest)
{
	static const char expected[] =
	    "a number and s, m, h, d, w or mo behind it, 30d, and no more than 3650d";
	struct access_key *key = dest;
	char *text;
	long seconds;

	if (!config_string(value, 0, expected, &text))
		return;
	seconds = duration(text);
	if (seconds != 0)
		key->limits.budget_seconds = seconds;
	else
		config_wrong(value, "\"%.60s\", expected %s", config_raw_text(value), expected);
	free(text);
}
