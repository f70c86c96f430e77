#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/model_list.h"
#include "tests/unit/literal.h"

enum { MAX_ROWS = 8 };

/* A configuration put together on the stack; nothing in it is owned. */
struct setup {
	struct config config;
	struct deployment deployments[MAX_ROWS];
	struct model_alias aliases[MAX_ROWS];
};

static void begin_setup(struct setup *setup)
{
	memset(setup, 0, sizeof(*setup));
	setup->config.deployments = setup->deployments;
	setup->config.aliases = setup->aliases;
}

static struct deployment *add(struct setup *setup, const char *model_name, const char *provider)
{
	struct deployment *deployment = &setup->deployments[setup->config.deployment_count++];

	deployment->model_name = text(model_name);
	deployment->provider = text(provider);
	deployment->model = text("m");
	return deployment;
}

static void add_alias(struct setup *setup, const char *alias, const char *model, bool hidden)
{
	setup->aliases[setup->config.alias_count++] =
	    (struct model_alias){text(alias), text(model), hidden};
}

/* Each as "NAME by OWNER", with a line end behind it. */
static void expect_list(const struct setup *setup, const char *expected)
{
	struct listed_model listed;
	struct buf out = {0};
	size_t place = 0;

	while (model_list_next(&setup->config, &place, &listed)) {
		buf_printf(&out, "%s by ", listed.name);
		buf_append_span(&out, listed_model_owner(&listed));
		buf_putc(&out, '\n');
	}
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static bool finds(const struct setup *setup, const char *name)
{
	struct listed_model listed;

	return model_list_find(&setup->config, name, &listed);
}

static void each_name_is_listed_once_in_the_configuration_s_order(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup);
	add(&setup, "b", "openai");
	add(&setup, "a", "anthropic");
	add(&setup, "b", "azure");
	add(&setup, "xai/*", "xai");
	expect_list(&setup, "b by openai\na by anthropic\nxai/* by xai\n");
}

static void aliases_follow_unless_they_are_hidden(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup);
	add(&setup, "gpt-5", "openai");
	add(&setup, "claude", "anthropic");
	add_alias(&setup, "gpt-4", "claude", false);
	add_alias(&setup, "secret", "gpt-5", true);
	add_alias(&setup, "nowhere", "none", false);
	expect_list(&setup, "gpt-5 by openai\nclaude by anthropic\ngpt-4 by anthropic\n");
	assert_true(finds(&setup, "gpt-4"));
	assert_true(finds(&setup, "secret"));
	assert_false(finds(&setup, "nowhere"));
}

static void an_alias_of_a_model_s_name_takes_its_place(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup);
	add(&setup, "gpt-4", "openai");
	add(&setup, "claude", "anthropic");
	add_alias(&setup, "gpt-4", "claude", false);
	expect_list(&setup, "gpt-4 by anthropic\nclaude by anthropic\n");
}

static void what_a_pattern_serves_is_found_and_not_listed(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup);
	add(&setup, "xai/*", "xai");
	assert_true(finds(&setup, "xai/grok-4"));
	assert_true(finds(&setup, "xai/*"));
	assert_false(finds(&setup, "grok-4"));
	assert_false(finds(&setup, ""));
	expect_list(&setup, "xai/* by xai\n");
}

static void of_any_provider_what_names_none_is_not_found(void **state)
{
	struct setup setup;
	struct deployment *deployment;

	(void)state;
	begin_setup(&setup);
	deployment = add(&setup, "*", "openai");
	deployment->model = text("*");
	deployment->any_provider = true;
	expect_list(&setup, "* by openai\n");
	assert_true(finds(&setup, "*"));
	assert_true(finds(&setup, "anthropic/claude-sonnet-4-5"));
	assert_false(finds(&setup, "whatever"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_name_is_listed_once_in_the_configuration_s_order),
	    cmocka_unit_test(aliases_follow_unless_they_are_hidden),
	    cmocka_unit_test(an_alias_of_a_model_s_name_takes_its_place),
	    cmocka_unit_test(what_a_pattern_serves_is_found_and_not_listed),
	    cmocka_unit_test(of_any_provider_what_names_none_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
