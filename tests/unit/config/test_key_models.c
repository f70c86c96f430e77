#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/key_models.h"
#include "tests/unit/literal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct config config_with_alias(struct model_alias *alias)
{
	return (struct config){.aliases = alias, .alias_count = 1};
}

static void a_key_without_a_list_may_use_every_model(void **state)
{
	struct model_alias alias = {text("fast"), text("gpt-5-mini"), false};
	const struct config config = config_with_alias(&alias);
	const struct access_key key = {.name = text("web")};

	(void)state;
	assert_true(key_may_use(&config, &key, "gpt-5"));
	assert_true(key_may_use(&config, &key, ""));
}

static void a_list_has_names_and_patterns(void **state)
{
	struct model_alias alias = {text("fast"), text("gpt-5-mini"), false};
	const struct config config = config_with_alias(&alias);
	char *models[] = {text("gpt-5"), text("openai/*"), text("x*-preview")};
	const struct access_key key = {.models = models, .model_count = COUNT(models)};

	(void)state;
	assert_true(key_may_use(&config, &key, "gpt-5"));
	assert_false(key_may_use(&config, &key, "gpt-5-mini"));
	assert_false(key_may_use(&config, &key, "gpt"));
	assert_true(key_may_use(&config, &key, "openai/gpt-5"));
	assert_true(key_may_use(&config, &key, "openai/*"));
	assert_false(key_may_use(&config, &key, "openai/"));
	assert_false(key_may_use(&config, &key, "azure/openai/gpt-5"));
	assert_true(key_may_use(&config, &key, "xyz-preview"));
	assert_false(key_may_use(&config, &key, "xyz"));
	assert_false(key_may_use(&config, &key, ""));
}

static void an_alias_may_be_used_by_its_name_or_by_what_it_leads_to(void **state)
{
	struct model_alias alias = {text("fast"), text("gpt-5-mini"), false};
	const struct config config = config_with_alias(&alias);
	char *name[] = {text("fast")}, *model[] = {text("gpt-5-*")}, *other[] = {text("gpt-5")};
	const struct access_key by_name = {.models = name, .model_count = 1};
	const struct access_key by_model = {.models = model, .model_count = 1};
	const struct access_key by_other = {.models = other, .model_count = 1};

	(void)state;
	assert_true(key_may_use(&config, &by_name, "fast"));
	assert_false(key_may_use(&config, &by_name, "gpt-5-mini"));
	assert_true(key_may_use(&config, &by_model, "fast"));
	assert_true(key_may_use(&config, &by_model, "gpt-5-mini"));
	assert_false(key_may_use(&config, &by_other, "fast"));
}

static void a_key_is_taken_until_the_second_that_it_expires_in(void **state)
{
	const struct access_key key = {.expires = 1000}, forever = {0};

	(void)state;
	assert_false(key_has_expired(&key, 999));
	assert_true(key_has_expired(&key, 1000));
	assert_true(key_has_expired(&key, 5000));
	assert_false(key_has_expired(&forever, 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_without_a_list_may_use_every_model),
	    cmocka_unit_test(a_list_has_names_and_patterns),
	    cmocka_unit_test(an_alias_may_be_used_by_its_name_or_by_what_it_leads_to),
	    cmocka_unit_test(a_key_is_taken_until_the_second_that_it_expires_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
