#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/maker.h"
#include "tests/unit/literal.h"

/* Three deployments of "m", one of "spare", one of another account's, and one of any provider. */
enum { EAST, WEST, EAST_AGAIN, SPARE, OTHER, ANY, COUNT };

static struct deployment made(
    const char *model_name, const char *provider, const char *key, const char *litellm_id)
{
	return (struct deployment){.model_name = text(model_name),
	    .model = text("x"),
	    .provider = text(provider),
	    .api_base = text("https://a.example/v1"),
	    .api_key = text(key),
	    .litellm_id = litellm_id != NULL ? text(litellm_id) : NULL};
}

struct setup {
	struct deployment deployments[COUNT];
	char *spares[1];
	struct fallback fallback;
	struct config config;
};

static void set_up(struct setup *setup)
{
	*setup = (struct setup){
	    .deployments =
		{
		    [EAST] = made("m", "openai", "east", "gpt-east"),
		    [WEST] = made("m", "openai", "west", NULL),
		    [EAST_AGAIN] = made("n", "openai", "east", "gpt-n"),
		    [SPARE] = made("spare", "azure", "spare", "gpt-spare"),
		    [OTHER] = made("alone", "openai", "other", NULL),
		    [ANY] = made("*", "openai", "any", "all"),
		},
	    .spares = {text("spare")},
	};
	setup->deployments[ANY].any_provider = true;
	setup->fallback =
	    (struct fallback){.model = text("m"), .models = setup->spares, .count = 1};
	setup->config = (struct config){.deployments = setup->deployments,
	    .deployment_count = COUNT,
	    .fallbacks = &setup->fallback,
	    .fallback_count = 1};
}

static void it_matters_where_a_request_has_a_choice(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	assert_true(maker_matters(&setup.config, "m"));
	assert_false(maker_matters(&setup.config, "alone"));
	setup.config.aliases = &(struct model_alias){.alias = text("n"), .model = text("m")};
	setup.config.alias_count = 1;
	assert_true(maker_matters(&setup.config, "n"));
	setup.fallback.model = text("alone");
	assert_true(maker_matters(&setup.config, "alone"));
	setup.config.deployment_count = ANY;
	assert_false(maker_matters(&setup.config, "unknown"));
}

static void assert_reader(struct setup *setup, const char *model, int maker, int reader)
{
	const struct deployment *found =
	    maker_or_its_like(&setup->config, model, &setup->deployments[maker], "m");

	if (reader < 0)
		assert_null(found);
	else
		assert_ptr_equal(found, &setup->deployments[reader]);
}

static void the_maker_reads_its_own(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	assert_reader(&setup, "m", EAST, EAST);
	assert_reader(&setup, "m", WEST, WEST);
	assert_reader(&setup, "m", SPARE, SPARE);
}

static void another_of_the_same_account_reads_it_as_well(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	assert_reader(&setup, "n", EAST, EAST_AGAIN);
	assert_reader(&setup, "m", EAST_AGAIN, EAST);
	setup.deployments[EAST].organization = text("org-1");
	assert_reader(&setup, "m", EAST_AGAIN, -1);
}

static void others_do_not(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	assert_reader(&setup, "n", WEST, -1);
	assert_reader(&setup, "alone", SPARE, -1);
	assert_null(maker_or_its_like(&setup.config, "m", NULL, "m"));
}

static void one_that_cannot_be_called_reads_nothing(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	setup.deployments[WEST].missing = text("SOME_KEY");
	assert_reader(&setup, "m", WEST, -1);
}

static void deployments_without_a_key_are_not_known_to_be_one_account(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	setup.deployments[EAST].api_key = setup.deployments[EAST_AGAIN].api_key = NULL;
	assert_reader(&setup, "n", EAST, -1);
}

static void assert_marked(
    struct setup *setup, const char *provider, const char *model_id, int found)
{
	struct litellm_mark mark = {.provider = provider != NULL ? text(provider) : NULL,
	    .model_id = model_id != NULL ? text(model_id) : NULL};
	const struct deployment *deployment = maker_by_mark(&setup->config, &mark);

	if (found < 0)
		assert_null(deployment);
	else
		assert_ptr_equal(deployment, &setup->deployments[found]);
}

static void a_mark_names_a_deployment_by_its_id_in_litellm(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	assert_marked(&setup, "azure", "gpt-east", EAST);
	assert_marked(&setup, NULL, "gpt-n", EAST_AGAIN);
	assert_marked(&setup, NULL, "gone", -1);
}

static void else_by_its_provider_if_there_is_one_account_of_it(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	assert_marked(&setup, "azure", "gone", SPARE);
	assert_marked(&setup, "openai", "gone", -1);
	assert_marked(&setup, "groq", NULL, -1);
	setup.deployments[WEST].api_key = setup.deployments[OTHER].api_key = text("east");
	assert_marked(&setup, "openai", NULL, EAST);
}

static void assert_model(struct setup *setup, int deployment, const char *expected)
{
	struct litellm_mark mark = {.provider = text("groq")};
	char *model = maker_model(&setup->deployments[deployment], &mark);

	assert_string_equal(model, expected);
	free(model);
}

static void one_of_any_provider_is_asked_for_that_of_the_mark(void **state)
{
	struct setup setup;

	(void)state;
	set_up(&setup);
	assert_model(&setup, SPARE, "spare");
	assert_model(&setup, ANY, "groq/*");
	setup.deployments[ANY].model_name = text("team/*");
	assert_model(&setup, ANY, "team/groq/*");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_matters_where_a_request_has_a_choice),
	    cmocka_unit_test(the_maker_reads_its_own),
	    cmocka_unit_test(another_of_the_same_account_reads_it_as_well),
	    cmocka_unit_test(others_do_not),
	    cmocka_unit_test(one_that_cannot_be_called_reads_nothing),
	    cmocka_unit_test(deployments_without_a_key_are_not_known_to_be_one_account),
	    cmocka_unit_test(a_mark_names_a_deployment_by_its_id_in_litellm),
	    cmocka_unit_test(else_by_its_provider_if_there_is_one_account_of_it),
	    cmocka_unit_test(one_of_any_provider_is_asked_for_that_of_the_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
