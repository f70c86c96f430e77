/* A configuration of models, and what is polled of them. */
#ifndef RESPOOL_POLLED_MODELS_H
#define RESPOOL_POLLED_MODELS_H

#include "common/config/model.h"
#include "tests/unit/literal.h"

enum { MAX_ROWS = 8 };

/* A configuration put together on the stack; nothing in it is owned. */
struct setup {
	struct config config;
	struct deployment deployments[MAX_ROWS];
	char *providers[MAX_ROWS];
	char *native_models[MAX_ROWS];
};

/* An empty one that polls whatever is asked for; or what one provider serves, and then others. */
void poll_for_all(struct setup *setup);
void poll_for(struct setup *setup, const char *provider);
void add_provider(struct setup *setup, const char *provider);
void add_deployment(
    struct setup *setup, const char *model_name, const char *provider, const char *model);
/* Whether a request in the background for the model is polled. */
bool polls(const struct setup *setup, const char *model);
/* The deployments of a model: up to max of them, and how many there are in all. */
size_t model_deployments(
    const struct config *config, const char *model, const struct deployment **out, size_t max);
size_t count_deployments(const struct setup *setup, const char *model);

#endif
