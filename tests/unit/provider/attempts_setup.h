/* Models, deployments and fallbacks, and a request's attempts at them. */
#ifndef RESPOOL_ATTEMPTS_SETUP_H
#define RESPOOL_ATTEMPTS_SETUP_H

#include "common/provider/attempts.h"
#include "tests/unit/literal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX_ROWS = ATTEMPTS_MAX_DEPLOYMENTS + 6, MAX_FALLBACKS = 4, DRAWS = 4000 };

/* A configuration put together on the stack, and what is known of its deployments. */
struct setup {
	struct config config;
	struct deployment deployments[MAX_ROWS];
	char ids[MAX_ROWS][8];
	struct fallback fallbacks[MAX_FALLBACKS];
	struct health health;
	struct attempts attempts;
};

/* An empty one, in which a model has so many retries. */
void begin_setup(struct setup *setup, int num_retries);
/* Wanted if anything rests or is limited. */
void end_setup(struct setup *setup);
/* A deployment whose id is its number. */
struct deployment *add(struct setup *setup, const char *model_name);
/* So many that are alike. */
void add_even(struct setup *setup, const char *model_name, size_t count);
/* models stay the caller's. */
void add_fallback_on(
    struct setup *setup, enum fallback_kind kind, const char *model, char **models, size_t count);
void add_fallback(struct setup *setup, const char *model, char **models, size_t count);
/* Of the deployment with that id. */
void let_rest(struct setup *setup, const char *id);
/* Begins a request for a model. */
void begin(struct setup *setup, const char *model);
/* The same, with what the members of its body ask for. */
void begin_obeying(struct setup *setup, const char *model, const char *body);
/* What is called has failed so. Whether there is something to call now. */
bool next(struct setup *setup, enum call_failure failure);
/* The number of what is to be called. */
size_t chosen(const struct setup *setup);
/* How often each deployment is the first choice of DRAWS. */
void count_draws(struct setup *setup, const char *model, size_t counts[MAX_ROWS]);
/* More than ten standard deviations to either side fail. */
void assert_about(size_t count, double share);

#endif
