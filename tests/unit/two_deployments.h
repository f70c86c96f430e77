/* What tests of the deployments' health begin with: two of them, of which nothing is known. */
#ifndef RESPOOL_TESTS_TWO_DEPLOYMENTS_H
#define RESPOOL_TESTS_TWO_DEPLOYMENTS_H

#include "common/provider/health.h"
#include "tests/unit/literal.h"

struct setup {
	struct deployment deployments[2];
	struct config config;
	struct health health;
};

/* cmocka's setup and teardown; *state is a struct setup. */
static inline int open_health(void **state)
{
	static struct setup setup;

	setup = (struct setup){.deployments = {{.id = text("a")}, {.id = text("b")}}};
	setup.config = (struct config){.deployments = setup.deployments,
	    .deployment_count = 2,
	    .allowed_fails = 3,
	    .cooldown_time = 2.5};
	health_open(&setup.health, &setup.config);
	*state = &setup;
	return 0;
}

static inline int close_health(void **state)
{
	struct setup *setup = *state;

	health_close(&setup->health);
	return 0;
}

#endif
