#include "key_models.h"

#include "model.h"

static bool lists(const struct access_key *key, const char *model)
{
	for (size_t i = 0; i < key->model_count; i++) {
		if (model_fits(key->models[i], model))
			return true;
	}
	return false;
}

bool key_may_use(const struct config *config, const struct access_key *key, const char *model)
{
	return key->model_count == 0 || lists(key, model) ||
	       lists(key, model_resolve(config, model));
}

bool key_has_expired(const struct access_key *key, time_t now)
{
	return key->expires != 0 && now >= key->expires;
}
