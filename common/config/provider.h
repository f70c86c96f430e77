/* Providers that serve the Responses API in OpenAI's form, and their defaults. */
#ifndef RESPOOL_PROVIDER_H
#define RESPOOL_PROVIDER_H

#include <stdbool.h>

#include "common/base/buf.h"

/* How a request shows the key. */
enum provider_auth {
	AUTH_BEARER,  /* Authorization: Bearer KEY */
	AUTH_API_KEY, /* api-key: KEY */
};

/* Where "responses" is below api_base. */
enum provider_paths {
	PATHS_OPENAI, /* api_base/responses */
	PATHS_V1,     /* the same, but api_base/v1/responses if api_base has no path */
	/*
	 * api_base/openai/responses?api-version=V, or api_base/openai/v1/responses if V is unset,
	 * "v1", "latest" or "preview", with ?api-version=preview for the last one alone. An
	 * api_base that ends in /openai or /openai/v1 is respected.
	 */
	PATHS_AZURE,
};

enum { PROVIDER_VARIABLES = 3 };

/* A line of the table. */
struct provider {
	const char *name;     /* as it stands before the slash in litellm_params.model */
	const char *api_base; /* NULL: every deployment must name its own */
	/* The environment variables that hold the default key: the first that is set counts. */
	const char *key_variables[PROVIDER_VARIABLES];
	/* Those that replace api_base, likewise. */
	const char *base_variables[PROVIDER_VARIABLES];
	enum provider_auth auth;
	enum provider_paths paths;
	const char *version_variable; /* holds the default api_version; NULL if none does */
	const char *not_taken;        /* members of a request, each between blanks; or NULL */
};

/* NULL if the provider is not known. */
const struct provider *provider_find(struct span name);

/* Whether this is the name of a provider that is known not to serve the Responses API. */
bool provider_lacks_responses(struct span name);

/* The provider whose https API the URL is of, or lies in; NULL if it is none of the table's. */
const char *provider_of_base(const char *url);

/* The variable of the list that is set and not empty, or NULL. */
const char *provider_variable(const char *const variables[PROVIDER_VARIABLES]);

/*
 * The provider's default base: the environment's, which may have slashes at its end, else the
 * table's; NULL if there is none. What is no URL counts as unset.
 */
const char *provider_base(const struct provider *provider);
/* The default version of its API, or NULL. */
const char *provider_api_version(const struct provider *provider);
/* Whether it takes this member of a request, or ignores it. */
bool provider_takes(const struct provider *provider, struct span member);

/* http:// or https:// and a host, without query, fragment, blanks and control characters. */
bool provider_is_url(const char *text);
/* A version as it can stand in a query: letters, digits, '-' and '.'. */
bool provider_is_version(const char *text);

#endif
