#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/config/claude_models.h"
#include "common/config/dialect.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	TOOL = QUIRK_BIT(FORMAT_AS_TOOL),
	THOUGHTLESS = QUIRK_BIT(NO_REASONING_EFFORT),
	ONE_OF_TWO = QUIRK_BIT(NO_TOP_P_WITH_TEMPERATURE),
	ADAPTIVE = QUIRK_BIT(ADAPTIVE_THINKING),
	NOT_SO_HIGH = QUIRK_BIT(NO_XHIGH_EFFORT),
	UNSAMPLED = QUIRK_BIT(NO_SAMPLING) | QUIRK_BIT(FIXED_TEMPERATURE),
};

static const struct {
	const char *name;
	unsigned quirks;
	long max_tokens;
} models[] = {
    {"claude-2.1", TOOL | THOUGHTLESS, 4096},
    {"claude-instant-1.2", TOOL | THOUGHTLESS, 4096},
    {"claude-3-haiku-20240307", TOOL | THOUGHTLESS, 4096},
    {"claude-3-opus-latest", TOOL | THOUGHTLESS, 4096},
    {"claude-3-5-haiku-20241022", TOOL | THOUGHTLESS, 8192},
    {"claude-3-5-sonnet-latest", TOOL | THOUGHTLESS, 8192},
    {"anthropic/claude-3.5-sonnet", TOOL | THOUGHTLESS, 8192},
    {"claude-3-7-sonnet-20250219", TOOL, 64000},
    {"claude-sonnet-4-20250514", TOOL, 64000},
    {"claude-sonnet-4@20250514", TOOL, 64000},
    {"claude-opus-4-20250514", TOOL, 32000},
    {"claude-opus-4-1-20250805", ONE_OF_TWO, 32000},
    {"claude-sonnet-4-5-20250929", ONE_OF_TWO, 64000},
    {"claude-haiku-4-5", ONE_OF_TWO, 64000},
    {"claude-opus-4-5", ONE_OF_TWO, 64000},
    {"us.anthropic.claude-opus-4-5-20251101-v1:0", ONE_OF_TWO, 64000},
    {"claude-sonnet-4-6", ONE_OF_TWO | ADAPTIVE | NOT_SO_HIGH, 64000},
    {"anthropic/claude-opus-4.6", ONE_OF_TWO | ADAPTIVE | NOT_SO_HIGH, 128000},
    {"claude-opus-4-7-20260416", ONE_OF_TWO | ADAPTIVE | UNSAMPLED, 128000},
    {"claude-sonnet-5", ONE_OF_TWO | ADAPTIVE | UNSAMPLED, 128000},
    {"claude-haiku-5-5-20261101", ONE_OF_TWO | ADAPTIVE | UNSAMPLED, 128000},
    {"claude-mythos-preview", ONE_OF_TWO | ADAPTIVE | UNSAMPLED, 128000},
    {"claude-", ONE_OF_TWO | ADAPTIVE | UNSAMPLED, 128000},
    {"kimi-k2-thinking", TOOL, 0},
    {"glm-4.6", TOOL, 0},
    {"claude", TOOL, 0},
    {"", TOOL, 0},
};

static void a_generation_says_how_a_model_is_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(models); i++) {
		if (claude_quirks(models[i].name) != models[i].quirks)
			fail_msg("%s", models[i].name);
	}
}

static void a_generation_says_how_much_a_model_gives_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(models); i++) {
		if (claude_max_tokens(models[i].name) != models[i].max_tokens)
			fail_msg("%s", models[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_generation_says_how_a_model_is_asked),
	    cmocka_unit_test(a_generation_says_how_much_a_model_gives_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
