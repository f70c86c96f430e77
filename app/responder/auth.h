/*
 * Who is asking: from the key that a client sends to the tenant or the administrator whose key it
 * is. Where only a key's hash is configured, that of what was sent is compared.
 */
#ifndef RESPOOL_AUTH_H
#define RESPOOL_AUTH_H

#include "common/response/api_error.h"
#include "common/config/config.h"
#include "request.h"

/*
 * The tenant whose key is in "x-litellm-api-key: KEY", with or without "Bearer " before it, else in
 * "Authorization: Bearer KEY", else in "api-key: KEY", else in "x-api-key: KEY": the first one
 * counts that was sent, as with LiteLLM. For a client without a key, where such are served, it is
 * config->tenant_defaults. It belongs to config. On failure, also of a key that has
 * expired, returns NULL and fills in *error (401). The time taken says nothing about the keys.
 */
const struct access_key *auth_tenant(
    const struct config *config, const struct http_request *request, struct api_error *error);

/*
 * Likewise the name of the administrator's key. On failure *error is a 401, or a 403 to a tenant
 * who is none. Nobody is one without a key.
 */
const char *auth_admin(
    const struct config *config, const struct http_request *request, struct api_error *error);

#endif
