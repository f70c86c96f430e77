#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config_redis_internal.h"
#include "config_section.h"

static const char expected[] = "a prefix for the names of keys";

/* With what every key of a response that a LiteLLM proxy writes begins. */
static const char key_prefix[] = "litellm:polling:response:litellm_poll_";

static bool has_blank(const char *text)
{
	for (; *text != '\0'; text++)
		if (isspace((unsigned char)*text))
			return true;
	return false;
}

/*
 * In a Cluster what stands between the first "{" of a key and the "}" behind it says in which slot
 * it is. Braces that leave that open here would let the keys of one response end up in several.
 */
static bool are_braces_right(const char *namespace)
{
	const char *open = strchr(namespace, '{'), *close;

	if (open == NULL)
		return strchr(namespace, '}') == NULL;
	close = strchr(open, '}');
	return close != NULL && close > open + 1;
}

static bool check(const struct config_value *value, const char *namespace)
{
	if (strlen(namespace) > REDIS_NAMESPACE_MAX)
		config_wrong(value, "%zu bytes, expected %s of at most %d", strlen(namespace),
		    expected, REDIS_NAMESPACE_MAX);
	else if (has_blank(namespace))
		config_wrong(value, "a blank in it, expected %s", expected);
	else if (!are_braces_right(namespace))
		config_wrong(value,
		    "braces that would put the keys of one response into several slots of a "
		    "Cluster, expected none, or the first as in {app}");
	else
		return true;
	return false;
}

/* LiteLLM puts a namespace before no key that begins with it already. */
void redis_namespace_read(const struct config_value *value, char **namespace)
{
	char *text;

	if (!config_string(value, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, expected, &text))
		return;
	if (check(value, text) && strncmp(key_prefix, text, strlen(text)) != 0)
		*namespace = text;
	else
		free(text);
}
