/* Providers that serve one of the three dialects, and their defaults. */
#ifndef RESPOOL_PROVIDER_H
#define RESPOOL_PROVIDER_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "dialect.h"

/* How a request shows the key, unless it is one of the Messages API, which has its own way. */
enum provider_auth {
	AUTH_BEARER,   /* Authorization: Bearer KEY */
	AUTH_API_KEY,  /* api-key: KEY */
	AUTH_AZURE_AI, /* api-key: KEY to hosts of Azure's, else as AUTH_BEARER */
};

/* Where "responses" and "chat/completions" are below api_base. */
enum provider_paths {
	PATHS_OPENAI, /* api_base/PATH */
	/*
	 * api_base/openai/responses?api-version=V and
	 * api_base/openai/deployments/MODEL/chat/completions?api-version=V, or
	 * api_base/openai/v1/PATH if V is unset, "v1", "latest" or "preview", with
	 * ?api-version=preview for the last one alone. An api_base that ends in /openai or
	 * /openai/v1 is respected.
	 */
	PATHS_AZURE,
	/* api_base/PATH, but models/chat/completions?api-version=V at services.ai.azure.com */
	PATHS_AZURE_AI,
};

enum { PROVIDER_VARIABLES = 4 };

/* A line of the table. */
struct provider {
	const char *name; /* as it stands before the slash in litellm_params.model */
	/* NULL: every deployment must name its own; a '*' in it stands for a region */
	const char *api_base;
	/* The environment variables that hold the default key: the first that is set counts. */
	const char *key_variables[PROVIDER_VARIABLES];
	/* Those that replace api_base, likewise. */
	const char *base_variables[PROVIDER_VARIABLES];
	enum dialect dialect;
	enum provider_auth auth;
	enum provider_paths paths;
	const char *default_path;     /* of an api_base without a path, "/v1", say; or NULL */
	const char *version_variable; /* holds the default api_version; NULL if none does */
	const char *models_below;     /* before a name that is not below the same root; or NULL */
	const char *not_taken;        /* members of a request, each between blanks; or NULL */
	unsigned quirks;              /* of QUIRK_BIT() */
	/* The host that alone has the quirks; NULL: every api_base that is called by this name. */
	const char *quirks_host;
};

/* NULL if the provider is not known. */
const struct provider *provider_find(struct span name);

/* Whether this is the name of a provider that is known to have an API of its own. */
bool provider_has_own_api(struct span name);

/* The provider whose https API the URL is of, or lies in; NULL if it is none of the table's. */
const char *provider_of_base(const char *url);

/* The variable of the list that is set and not empty, or NULL. */
const char *provider_variable(const char *const variables[PROVIDER_VARIABLES]);

/*
 * The provider's default base: the environment's, which may have slashes at its end, else the
 * table's; NULL if there is none, or it takes a region. What is no URL counts as unset.
 */
const char *provider_base(const struct provider *provider);
/* Whether the table's base takes a region. */
bool provider_is_regional(const struct provider *provider);
/* The table's base in that region. The caller frees it. NULL: a region cannot be called so. */
char *provider_regional_base(const struct provider *provider, const char *region);
/* The environment's region for providers that have one, or NULL. */
const char *provider_region(void);
/* The quirks that the provider has at that base, which may be NULL; of QUIRK_BIT(). */
unsigned provider_quirks(const struct provider *provider, const char *base);
/* The default version of its API, or NULL. */
const char *provider_api_version(const struct provider *provider);
/* Whether it takes this member of a request, or ignores it. */
bool provider_takes(const struct provider *provider, struct span member);

/* Whether the URL is of that host, or of one below it. */
bool provider_is_at_host(struct span url, const char *host);
/* http:// or https:// and a host, without query, fragment, blanks and control characters. */
bool provider_is_url(const char *text);
/* A version as it can stand in a query: letters, digits, '-' and '.'. */
bool provider_is_version(const char *text);

#endif
