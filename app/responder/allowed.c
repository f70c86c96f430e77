#include "allowed.h"

#include "answers.h"
#include "common/config/key_models.h"
#include "common/config/model.h"
#include "common/provider/own_fallbacks.h"

/* What a request falls back to, while it is looked at. */
struct fallbacks_seen {
	const struct handlers *handlers;
	struct buf refused; /* the first that the key may not use */
};

/* A deployment's id counts as its model, too: that one is asked where nothing else can be. */
static bool may_fall_back_to(const struct handlers *handlers, const char *name)
{
	const struct config *config = handlers->config;
	const struct deployment *named =
	    deployment_by_litellm_id(config, model_resolve(config, name));

	if (named != NULL && !key_may_use(config, handlers->key, named->model_name))
		return false;
	return (named != NULL && !model_is_served(config, name)) ||
	       key_may_use(config, handlers->key, name);
}

static void see_fallback(void *ctx, const char *name)
{
	struct fallbacks_seen *seen = ctx;

	if (seen->refused.len == 0 && !may_fall_back_to(seen->handlers, name))
		buf_puts(&seen->refused, name);
}

static bool may_use_fallbacks(
    struct handlers *handlers, const char *model, const struct gateway_members *members)
{
	struct fallbacks_seen seen = {.handlers = handlers};
	bool allowed;

	own_fallbacks_each(members, model, see_fallback, &seen);
	allowed = seen.refused.len == 0;
	if (!allowed)
		answer_fallback_not_found(handlers, buf_cstr(&seen.refused));
	buf_free(&seen.refused);
	return allowed;
}

bool allowed_to_use(
    struct handlers *handlers, const char *model, const struct gateway_members *members)
{
	const struct config *config = handlers->config;

	if (!model_is_served(config, model) || !key_may_use(config, handlers->key, model)) {
		answer_model_not_found(handlers, model);
		return false;
	}
	return may_use_fallbacks(handlers, model, members);
}
