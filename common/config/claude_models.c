#include "claude_models.h"

#include <stdbool.h>
#include <string.h>

#include "dialect.h"

enum { NEWEST = 9900 };

struct claude {
	unsigned version; /* 405 for 4.5 */
	bool is_opus;
};

static const char digits[] = "0123456789";

/* A part of a version, one or two digits: longer numbers are dates. 0 if there is none. */
static size_t version_digits(const char *text, unsigned *number)
{
	size_t len = strspn(text, digits);

	if (len == 0 || len > 2)
		return 0;
	*number = 0;
	for (size_t i = 0; i < len; i++)
		*number = *number * 10 + (unsigned)(text[i] - '0');
	return len;
}

/* The first number among the words of a name, with the next one if that follows at once. */
static unsigned find_version(const char *name)
{
	static const char separators[] = "-._@:";
	unsigned major, minor = 0;

	for (const char *word = name; *word != '\0'; word += strspn(word, separators)) {
		size_t len = version_digits(word, &major);

		if (len != 0 && (word[len] == '\0' || strchr(separators, word[len]) != NULL)) {
			word += len;
			if (*word == '-' || *word == '.' || *word == '_')
				version_digits(word + 1, &minor);
			return major * 100 + minor;
		}
		word += strcspn(word, separators);
	}
	return NEWEST;
}

static bool find_claude(const char *model, struct claude *claude)
{
	static const char maker[] = "claude-";
	const char *name = strstr(model, maker);

	if (name == NULL)
		return false;
	name += strlen(maker);
	claude->version = find_version(name);
	claude->is_opus = strstr(name, "opus") != NULL;
	return true;
}

unsigned claude_quirks(const char *model)
{
	struct claude claude;
	unsigned quirks = 0;

	if (!find_claude(model, &claude))
		return QUIRK_BIT(FORMAT_AS_TOOL);
	if (claude.version < 307)
		quirks |= QUIRK_BIT(NO_REASONING_EFFORT);
	if (claude.version < 405 && !(claude.is_opus && claude.version == 401))
		quirks |= QUIRK_BIT(FORMAT_AS_TOOL);
	if (claude.version >= 401)
		quirks |= QUIRK_BIT(NO_TOP_P_WITH_TEMPERATURE);
	if (claude.version >= 406)
		quirks |= QUIRK_BIT(ADAPTIVE_THINKING);
	if (claude.version == 406)
		quirks |= QUIRK_BIT(NO_XHIGH_EFFORT);
	if (claude.version >= 407)
		quirks |= QUIRK_BIT(NO_SAMPLING) | QUIRK_BIT(FIXED_TEMPERATURE);
	return quirks;
}

long claude_max_tokens(const char *model)
{
	struct claude claude;

	if (!find_claude(model, &claude))
		return 0;
	if (claude.version <= 300)
		return 4096;
	if (claude.version < 307)
		return 8192;
	if (claude.is_opus && claude.version < 405)
		return 32000;
	if (claude.version < 406 || (claude.version == 406 && !claude.is_opus))
		return 64000;
	return 128000;
}
