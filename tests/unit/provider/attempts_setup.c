#include "attempts_setup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void begin_setup(struct setup *setup, int num_retries)
{
	memset(setup, 0, sizeof(*setup));
	setup->config.num_retries = num_retries;
	setup->config.deployments = setup->deployments;
	setup->config.fallbacks = setup->fallbacks;
}

struct deployment *add(struct setup *setup, const char *model_name)
{
	size_t i = setup->config.deployment_count++;

	assert_true(i < MAX_ROWS);
	snprintf(setup->ids[i], sizeof(setup->ids[i]), "%zu", i);
	setup->deployments[i] = (struct deployment){.id = setup->ids[i],
	    .model_name = text(model_name),
	    .model = text("m"),
	    .provider = text("openai"),
	    .api_base = text("http://127.0.0.1:9")};
	return &setup->deployments[i];
}

void add_even(struct setup *setup, const char *model_name, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(setup, model_name);
}

void add_fallback_on(
    struct setup *setup, enum fallback_kind kind, const char *model, char **models, size_t count)
{
	assert_true(setup->config.fallback_count < MAX_FALLBACKS);
	setup->fallbacks[setup->config.fallback_count++] =
	    (struct fallback){.kind = kind, .model = text(model), .models = models, .count = count};
}

void add_fallback(struct setup *setup, const char *model, char **models, size_t count)
{
	add_fallback_on(setup, FALLBACK_ON_ERROR, model, models, count);
}

void let_rest(struct setup *setup, const char *id)
{
	if (setup->health.states == NULL)
		health_open(&setup->health, &setup->config);
	health_note_rest(&setup->health, span_of(id));
}

void end_setup(struct setup *setup)
{
	health_close(&setup->health);
}

void begin(struct setup *setup, const char *model)
{
	attempts_begin(&setup->attempts, &setup->config,
	    setup->health.states != NULL ? &setup->health : NULL,
	    &(struct attempts_request){.model = model});
}

void begin_obeying(struct setup *setup, const char *model, const char *body)
{
	struct gateway_members members;
	struct api_error error;

	assert_true(gateway_members_read(&members, span_of(body), &error));
	attempts_begin(&setup->attempts, &setup->config, NULL,
	    &(struct attempts_request){.model = model, .members = &members});
}

bool next(struct setup *setup, enum call_failure failure)
{
	return attempts_next(&setup->attempts, failure);
}

size_t chosen(const struct setup *setup)
{
	assert_non_null(setup->attempts.deployment);
	return (size_t)(setup->attempts.deployment - setup->deployments);
}

void count_draws(struct setup *setup, const char *model, size_t counts[MAX_ROWS])
{
	memset(counts, 0, MAX_ROWS * sizeof(*counts));
	for (int i = 0; i < DRAWS; i++) {
		begin(setup, model);
		counts[chosen(setup)]++;
	}
}

void assert_about(size_t count, double share)
{
	assert_in_range(count, (size_t)(DRAWS * (share - 0.1)), (size_t)(DRAWS * (share + 0.1)));
}
