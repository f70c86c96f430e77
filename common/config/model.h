/* From the model that a client names to deployments and to the decision whether to poll. */
#ifndef RESPOOL_MODEL_H
#define RESPOOL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "config.h"
#include "dialect.h"
#include "provider.h"

/* The provider that a model's name begins with: the text before its first '/', empty if none. */
struct span model_provider(const char *model);

/*
 * The name by which the model has deployments: what router_settings.model_group_alias makes of the
 * name that a client uses, else that itself. Every other function here expects that name, but those
 * that say otherwise. Points into config, or is model.
 */
const char *model_resolve(const struct config *config, const char *model);

/* Whether the name is that one, or fits it if it holds a '*', which is one character or more. */
bool model_fits(const char *pattern, const char *model);

/*
 * The deployments of a model: those of exactly that model_name, else those of the most specific
 * pattern that fits (the longest model_name holding a '*', the first of several as long). A '*'
 * stands for one character or more.
 * In the configuration's order: the one after this one, or the first after NULL; NULL at the end.
 */
const struct deployment *model_next_deployment(
    const struct config *config, const char *model, const struct deployment *after);

/* Whether the model of that name, a client's, has deployments. */
bool model_is_served(const struct config *config, const char *name);

/*
 * By which of the configuration's names the model of that name, a client's, is counted and paused:
 * the model_name of its deployments, also if that is a pattern; "other" if it has none. So there
 * are no more of these than the configuration has.
 */
const char *model_label(const struct config *config, const char *name);

/* The first of the model's deployments that can be called from this process, or NULL. */
const struct deployment *model_first_usable(const struct config *config, const char *model);

/* The deployment of that litellm_id, or NULL: a fallback may name it like a model. */
const struct deployment *deployment_by_litellm_id(const struct config *config, const char *id);

/* The deployment of that id, or NULL. */
const struct deployment *deployment_by_id(const struct config *config, struct span id);

/*
 * A deployment of any provider takes it, and what it has by default, from the model asked for. So
 * these ask for both.
 */
/*
 * The provider by which a deployment serves the model; empty if it has no api_base and the model's
 * name does not say. Points into one of the two, or to a constant.
 */
struct span deployment_provider(const struct deployment *deployment, const char *model);
/* What the table of providers knows of that; NULL: an OpenAI-like provider of whom nothing is. */
const struct provider *deployment_table_line(
    const struct deployment *deployment, const char *model);
/*
 * The API's base URL for the model there; NULL if none is known, and it cannot be called. Slashes
 * at its end do not count.
 */
const char *deployment_base(const struct deployment *deployment, const char *model);
/* The key to show there, or NULL: no provider's key goes to where only api_base says whose it is.
 */
const char *deployment_key(const struct deployment *deployment, const char *model);
/* The version of the API that is to be asked for there, or NULL. */
const char *deployment_api_version(const struct deployment *deployment, const char *model);
/* Whether it can be called from this process: its base is known and nothing is missing. */
bool deployment_usable(const struct deployment *deployment, const char *model);
/* Whether this member is to be left out of a request that is sent there. */
bool deployment_drops(const struct deployment *deployment, const char *model, struct span member);

/*
 * Whether a model, its provider off already, begins with "responses/", "chat_completions/" or
 * another word by which LiteLLM means the API that it is to be asked by; *api is the one that it is
 * asked by here.
 */
bool model_names_api(struct span model, enum dialect *api);
/* Takes that off the front. */
void model_drop_api(char *model);
/* Whether the model that was asked for, of a deployment of a pattern, names an API so. */
bool model_asks_for_api(const struct deployment *deployment, const char *model, enum dialect *api);

/*
 * What to call the model at the provider: deployment->model, its '*' replaced by what model_name's
 * stood for, or left alone if model_name has none; below the provider's place for models. The
 * caller frees it.
 */
char *model_upstream_name(const struct deployment *deployment, const char *model);

/* Whether the model has deployments, and would have to say its provider for any of them. */
bool model_is_nobodys(const struct config *config, const char *model);

/*
 * What to ask when that has gone wrong for the name that a client uses: the fallbacks of that name,
 * else of the model that it leads to, also by its name without the provider's, else of any. NULL if
 * there are none.
 */
const struct fallback *model_fallback(
    const struct config *config, enum fallback_kind kind, const char *name);
/* Whether any model has fallbacks of that kind. */
bool model_fallbacks_are_set(const struct config *config, enum fallback_kind kind);

/*
 * Whether a request is answered at once and polled:
 * background is set, Redis is configured, the model is not in native_background_mode, and polling
 * is on for all or for the model's provider: the part of the name before its first '/', or the
 * provider of any of its deployments. It is the name that the client uses: an alias counts as well
 * as the model that it leads to.
 */
bool model_should_poll(const struct config *config, const char *name, bool background);

#endif
