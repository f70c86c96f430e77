/* Providers that serve the Responses API in OpenAI's form, and their defaults. */
#ifndef RESPOOL_PROVIDER_H
#define RESPOOL_PROVIDER_H

struct provider {
	const char *name;         /* as it stands before the slash in litellm_params.model */
	const char *api_base;     /* NULL: every deployment must name its own */
	const char *key_variable; /* the environment variable that holds the default key */
};

/* NULL if the provider is not known. */
const struct provider *provider_find(const char *name);

#endif
