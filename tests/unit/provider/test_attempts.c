#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/dialect.h"
#include "common/provider/attempts.h"
#include "common/provider/seats.h"
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

static void begin_setup(struct setup *setup, int num_retries)
{
	memset(setup, 0, sizeof(*setup));
	setup->config.num_retries = num_retries;
	setup->config.deployments = setup->deployments;
	setup->config.fallbacks = setup->fallbacks;
}

/* The deployment's id is its number. */
static struct deployment *add(struct setup *setup, const char *model_name)
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

static void add_even(struct setup *setup, const char *model_name, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(setup, model_name);
}

static void add_fallback_on(
    struct setup *setup, enum fallback_kind kind, const char *model, char **models, size_t count)
{
	assert_true(setup->config.fallback_count < MAX_FALLBACKS);
	setup->fallbacks[setup->config.fallback_count++] =
	    (struct fallback){.kind = kind, .model = text(model), .models = models, .count = count};
}

static void add_fallback(struct setup *setup, const char *model, char **models, size_t count)
{
	add_fallback_on(setup, FALLBACK_ON_ERROR, model, models, count);
}

static void let_rest(struct setup *setup, const char *id)
{
	if (setup->health.states == NULL)
		health_open(&setup->health, &setup->config);
	health_note_rest(&setup->health, span_of(id));
}

static void end_setup(struct setup *setup)
{
	health_close(&setup->health);
}

static void begin(struct setup *setup, const char *model)
{
	attempts_begin(&setup->attempts, &setup->config,
	    setup->health.states != NULL ? &setup->health : NULL,
	    &(struct attempts_request){.model = model});
}

/* Begins with what the members of a request ask for. */
static void begin_obeying(struct setup *setup, const char *model, const char *body)
{
	struct gateway_members members;
	struct api_error error;

	assert_true(gateway_members_read(&members, span_of(body), &error));
	attempts_begin(&setup->attempts, &setup->config, NULL,
	    &(struct attempts_request){.model = model, .members = &members});
}

static bool next(struct setup *setup, enum call_failure failure)
{
	return attempts_next(&setup->attempts, failure);
}

static size_t chosen(const struct setup *setup)
{
	assert_non_null(setup->attempts.deployment);
	return (size_t)(setup->attempts.deployment - setup->deployments);
}

/* How often each deployment is the first choice of DRAWS. */
static void count_draws(struct setup *setup, const char *model, size_t counts[MAX_ROWS])
{
	memset(counts, 0, MAX_ROWS * sizeof(*counts));
	for (int i = 0; i < DRAWS; i++) {
		begin(setup, model);
		counts[chosen(setup)]++;
	}
}

/* More than ten standard deviations to either side. */
static void assert_about(size_t count, double share)
{
	assert_in_range(count, (size_t)(DRAWS * (share - 0.1)), (size_t)(DRAWS * (share + 0.1)));
}

/* The draw */

static void deployments_that_are_alike_are_drawn_evenly(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 4);
	add_even(&setup, "other", 1);
	count_draws(&setup, "m", counts);
	for (size_t i = 0; i < 4; i++)
		assert_about(counts[i], 0.25);
	assert_int_equal(counts[4], 0);
}

static void a_weight_is_a_share_of_the_draws(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 6;
	add(&setup, "m")->weight = 3;
	add(&setup, "m")->weight = 1;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.6);
	assert_about(counts[1], 0.3);
	assert_about(counts[2], 0.1);
	assert_true(counts[2] > 0);
}

static void rpm_is_a_share_where_no_weight_is_given(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->rpm = 800;
	add(&setup, "m")->rpm = 200;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.8);
	assert_about(counts[1], 0.2);
}

static void a_weight_wins_over_rpm(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->rpm = 1000000;
	add(&setup, "m")->weight = 1;
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[1], DRAWS);
}

static void tpm_is_a_share_where_no_rpm_is_given(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->tpm = 80000;
	add(&setup, "m")->tpm = 20000;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.8);
	setup.deployments[1].rpm = 1;
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[1], DRAWS);
}

static void those_without_a_weight_are_drawn_last(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "m")->weight = 1;
	for (int i = 0; i < 100; i++) {
		begin(&setup, "m");
		assert_int_equal(chosen(&setup), 1);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 0);
		assert_false(setup.attempts.pause);
	}
}

static void weights_may_be_fractions_of_any_size(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 0.7;
	add(&setup, "m")->weight = 0.2;
	add(&setup, "m")->weight = 0.1;
	add(&setup, "m")->weight = 0;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.7);
	assert_about(counts[1], 0.2);
	assert_about(counts[2], 0.1);
	assert_int_equal(counts[3], 0);
}

static void a_weight_that_vanishes_beside_the_others_is_a_weight(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = INT32_MAX;
	add(&setup, "m")->weight = 1e-300;
	add(&setup, "m");
	for (int i = 0; i < 100; i++) {
		begin(&setup, "m");
		assert_int_equal(chosen(&setup), 0);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 1);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 2);
	}
}

static void the_largest_shares_do_not_overflow(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	for (int i = 0; i < 4; i++)
		add(&setup, "m")->weight = INT32_MAX;
	count_draws(&setup, "m", counts);
	for (size_t i = 0; i < 4; i++)
		assert_about(counts[i], 0.25);
}

static void more_deployments_than_there_is_room_for_do_no_harm(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, MAX_ROWS);
	add_even(&setup, "m", MAX_ROWS);
	begin(&setup, "m");
	for (int i = 1; i < ATTEMPTS_MAX_DEPLOYMENTS; i++) {
		assert_true(next(&setup, FAILURE_PASSING));
		assert_false(setup.attempts.pause);
	}
	assert_true(next(&setup, FAILURE_PASSING));
	assert_true(setup.attempts.pause);
}

/* What can be called */

static void a_model_without_deployments_has_nothing_to_call(void **state)
{
	char *models[] = {text("m")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 1);
	add_fallback(&setup, "*", models, 1);
	begin(&setup, "unknown");
	assert_null(setup.attempts.deployment);
	assert_false(next(&setup, FAILURE_PASSING));
	assert_null(setup.attempts.deployment);
}

static void what_cannot_be_called_from_here_is_never_chosen(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 5);
	add(&setup, "m")->missing = text("SOME_KEY");
	add(&setup, "m")->api_base = NULL;
	add(&setup, "m");
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[2], DRAWS);
	while (next(&setup, FAILURE_PASSING))
		assert_int_equal(chosen(&setup), 2);
}

static void a_model_that_cannot_be_called_from_here_falls_back_at_once(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "a")->missing = text("SOME_KEY");
	add(&setup, "b");
	begin(&setup, "a");
	assert_null(setup.attempts.deployment);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	assert_int_equal(chosen(&setup), 1);
	assert_string_equal(setup.attempts.model, "b");
}

/* Retries */

static void every_deployment_is_asked_before_one_is_asked_again(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 3);
	add_even(&setup, "m", 3);
	for (int i = 0; i < 200; i++) {
		unsigned seen = 0;
		size_t last;

		begin(&setup, "m");
		assert_int_equal(setup.attempts.tries, 1);
		seen |= 1u << chosen(&setup);
		for (int tries = 2; tries <= 3; tries++) {
			assert_true(next(&setup, FAILURE_PASSING));
			assert_int_equal(setup.attempts.tries, tries);
			assert_false(setup.attempts.pause);
			seen |= 1u << chosen(&setup);
		}
		assert_int_equal(seen, 7);
		last = chosen(&setup);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_true(setup.attempts.pause);
		assert_int_not_equal(chosen(&setup), last);
		assert_false(next(&setup, FAILURE_PASSING));
		assert_null(setup.attempts.deployment);
		assert_false(next(&setup, FAILURE_PASSING));
	}
}

static void the_only_deployment_is_asked_again_after_a_pause(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	begin(&setup, "m");
	assert_false(setup.attempts.pause);
	for (int i = 0; i < 2; i++) {
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 0);
		assert_true(setup.attempts.pause);
	}
	assert_false(next(&setup, FAILURE_PASSING));
	assert_false(setup.attempts.pause);
}

static void without_retries_a_passing_failure_is_the_end(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 3);
	begin(&setup, "m");
	assert_false(next(&setup, FAILURE_PASSING));
}

static void a_deployment_may_have_a_number_of_retries_of_its_own(void **state)
{
	struct setup setup;
	struct deployment *own;

	(void)state;
	begin_setup(&setup, 0);
	own = add(&setup, "m");
	own->has_retries = true;
	own->num_retries = 2;
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_true(next(&setup, FAILURE_PASSING));
	assert_false(next(&setup, FAILURE_PASSING));
	setup.config.num_retries = 5;
	own->num_retries = 0;
	begin(&setup, "m");
	assert_false(next(&setup, FAILURE_PASSING));
	end_setup(&setup);
}

static void a_deployments_own_failure_leads_to_each_other_one_without_a_retry(void **state)
{
	struct setup setup;
	unsigned seen = 0;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 3);
	begin(&setup, "m");
	do {
		assert_false(seen & 1u << chosen(&setup));
		assert_false(setup.attempts.pause);
		seen |= 1u << chosen(&setup);
	} while (next(&setup, FAILURE_DEPLOYMENT));
	assert_int_equal(seen, 7);
	assert_null(setup.attempts.deployment);
}

static void a_deployment_that_will_not_do_it_is_not_asked_again(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 6);
	add_even(&setup, "m", 3);
	for (int i = 0; i < 100; i++) {
		int calls = 0;
		size_t bad;

		begin(&setup, "m");
		bad = chosen(&setup);
		assert_true(next(&setup, FAILURE_DEPLOYMENT));
		do {
			assert_int_not_equal(chosen(&setup), bad);
			calls++;
		} while (next(&setup, FAILURE_PASSING));
		assert_int_equal(calls, 7);
	}
}

static void one_that_may_do_better_is_asked_again_when_the_others_will_not_do_it(void **state)
{
	struct setup setup;
	size_t passing;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 2);
	begin(&setup, "m");
	passing = chosen(&setup);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_not_equal(chosen(&setup), passing);
	assert_true(next(&setup, FAILURE_DEPLOYMENT));
	assert_int_equal(chosen(&setup), passing);
	assert_true(setup.attempts.pause);
	assert_false(next(&setup, FAILURE_DEPLOYMENT));
}

static void the_requests_own_failure_is_the_end(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 5);
	add_even(&setup, "a", 2);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	assert_false(next(&setup, FAILURE_REQUEST));
	assert_null(setup.attempts.deployment);
}

/* Rests */

static void a_deployment_that_rests_is_chosen_last(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 1000;
	add(&setup, "m")->weight = 1;
	let_rest(&setup, "0");
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[1], DRAWS);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 0);
	assert_false(setup.attempts.pause);
	end_setup(&setup);
}

static void a_deployment_that_rests_is_better_than_none(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	let_rest(&setup, "0");
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	end_setup(&setup);
}

/* Preference */

static void a_preferred_deployment_is_asked_first_and_counts_as_asked(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 3);
	let_rest(&setup, "1");
	for (int i = 0; i < 100; i++) {
		unsigned seen = 1u << 1;

		begin(&setup, "m");
		attempts_prefer(&setup.attempts, "1");
		assert_int_equal(chosen(&setup), 1);
		for (int n = 0; n < 2; n++) {
			assert_true(next(&setup, FAILURE_PASSING));
			assert_false(setup.attempts.pause);
			seen |= 1u << chosen(&setup);
		}
		assert_int_equal(seen, 7);
	}
	end_setup(&setup);
}

static void a_preference_for_what_is_not_the_models_changes_nothing(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "other");
	begin(&setup, "m");
	attempts_prefer(&setup.attempts, "1");
	assert_int_equal(chosen(&setup), 0);
	attempts_prefer(&setup.attempts, "gone");
	assert_int_equal(chosen(&setup), 0);
	begin(&setup, "unknown");
	attempts_prefer(&setup.attempts, "0");
	assert_null(setup.attempts.deployment);
}

static void what_only_one_deployment_knows_is_asked_of_no_other(void **state)
{
	struct setup setup;

	(void)state;
	for (int i = 0; i < 20; i++) {
		begin_setup(&setup, 2);
		add(&setup, "m");
		add(&setup, "m");
		begin(&setup, "m");
		attempts_stay(&setup.attempts, "1");
		for (int tries = 0; tries <= setup.config.num_retries; tries++) {
			assert_int_equal(chosen(&setup), 1);
			attempts_next(&setup.attempts, FAILURE_PASSING);
		}
		assert_null(setup.attempts.deployment);
		begin(&setup, "m");
		attempts_stay(&setup.attempts, "1");
		assert_false(attempts_next(&setup.attempts, FAILURE_DEPLOYMENT));
		begin(&setup, "m");
		attempts_stay(&setup.attempts, "gone");
		assert_true(attempts_next(&setup.attempts, FAILURE_PASSING));
		end_setup(&setup);
	}
}

/* One alone */

static void one_deployment_alone_has_retries_and_no_fallbacks(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "a", 2);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "*", models, 1);
	attempts_only(&setup.attempts, &setup.config, &setup.deployments[1], "a");
	assert_int_equal(chosen(&setup), 1);
	for (int i = 0; i < 2; i++) {
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 1);
		assert_true(setup.attempts.pause);
	}
	assert_false(next(&setup, FAILURE_PASSING));
	attempts_only(&setup.attempts, &setup.config, &setup.deployments[1], "a");
	assert_false(next(&setup, FAILURE_DEPLOYMENT));
}

static void one_that_cannot_be_called_is_as_good_as_none(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "a")->missing = text("SOME_KEY");
	attempts_only(&setup.attempts, &setup.config, &setup.deployments[0], "a");
	assert_null(setup.attempts.deployment);
	attempts_only(&setup.attempts, &setup.config, NULL, "a");
	assert_null(setup.attempts.deployment);
	assert_false(next(&setup, FAILURE_PASSING));
}

/* Orders */

static void a_lower_order_is_asked_first_whatever_the_weights(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 100;
	setup.deployments[0].order = 2;
	add(&setup, "m")->order = 1;
	add(&setup, "m")->order = 1;
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[0], 0);
	assert_about(counts[1], 0.5);
}

static void the_next_order_is_asked_when_all_of_the_lower_one_have_failed(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->order = 2;
	add(&setup, "m")->order = 1;
	add(&setup, "m")->order = 1;
	begin(&setup, "m");
	assert_int_not_equal(chosen(&setup), 0);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_not_equal(chosen(&setup), 0);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 0);
	assert_false(setup.attempts.pause);
	assert_false(next(&setup, FAILURE_PASSING));
}

static void the_next_order_is_asked_while_the_lower_one_rests(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->order = 1;
	add(&setup, "m")->order = 2;
	let_rest(&setup, "0");
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 1);
	end_setup(&setup);
}

/* Seats */

static void one_that_is_full_is_passed_over(void **state)
{
	struct seats *seats = seats_new();
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->max_parallel_requests = 1;
	setup.deployments[0].weight = 1000;
	add(&setup, "m")->order = 7;
	health_open(&setup.health, &setup.config);
	setup.health.seats = seats;
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	struct seat *seat = seat_take(seats, &setup.deployments[0]);
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 1);
	seat_leave(seats, seat);
	attempts_draw_again(&setup.attempts);
	assert_int_equal(chosen(&setup), 0);
	end_setup(&setup);
	seats_free(seats);
}

static void one_that_is_full_is_better_than_one_that_rests(void **state)
{
	struct seats *seats = seats_new();
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->max_parallel_requests = 1;
	add(&setup, "m");
	let_rest(&setup, "1");
	setup.health.seats = seats;
	seat_take(seats, &setup.deployments[0]);
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	end_setup(&setup);
	seats_free(seats);
}

/* Deployments that are to be left alone for a time */

static void let_be_limited(struct setup *setup, const char *id, long long ms)
{
	if (setup->health.states == NULL)
		health_open(&setup->health, &setup->config);
	health_note_limit(&setup->health, span_of(id), ms);
}

/* What is called refuses, and names so long a time, or the pause is so long (ms). */
static void refuse(struct setup *setup, long long ms)
{
	attempts_leave_alone(&setup->attempts, ms);
	attempts_evade(&setup->attempts);
}

static void one_that_is_limited_is_chosen_only_when_all_are(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 1000;
	add(&setup, "m");
	add(&setup, "m");
	let_be_limited(&setup, "0", 60000);
	let_rest(&setup, "1");
	let_rest(&setup, "2");
	for (int i = 0; i < 20; i++) {
		begin(&setup, "m");
		assert_int_not_equal(chosen(&setup), 0);
		assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
	}
	let_be_limited(&setup, "1", 30000);
	let_be_limited(&setup, "2", 90000);
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 1);
	assert_in_range(attempts_wait_ms(&setup.attempts), 20000, 30000);
	end_setup(&setup);
}

static void a_refusal_leads_to_one_that_is_free_whatever_its_order(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m");
	add(&setup, "m")->order = 1;
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	refuse(&setup, 60000);
	assert_int_equal(chosen(&setup), 1);
	assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
	assert_false(setup.attempts.pause);
}

static void when_all_have_refused_the_one_that_is_free_soonest_is_waited_for(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 2);
	for (int i = 0; i < 20; i++) {
		size_t first;

		begin(&setup, "m");
		first = chosen(&setup);
		refuse(&setup, 60000);
		assert_int_not_equal(chosen(&setup), first);
		refuse(&setup, 90000);
		assert_int_equal(chosen(&setup), first);
		assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	}
}

static void a_refusal_is_no_try(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "m", 1);
	begin(&setup, "m");
	for (int i = 0; i < 10; i++)
		refuse(&setup, 1);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_true(setup.attempts.pause);
	refuse(&setup, 1);
	assert_false(next(&setup, FAILURE_PASSING));
}

static void a_refusal_says_nothing_to_other_requests(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 1);
	begin(&setup, "m");
	refuse(&setup, 60000);
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	begin(&setup, "m");
	assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
}

static void a_fallback_is_asked_rather_than_waited_for_the_model(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_even(&setup, "c", 1);
	add_fallback(&setup, "a", models, 2);
	let_be_limited(&setup, "1", 60000);
	begin(&setup, "a");
	refuse(&setup, 60000);
	assert_string_equal(setup.attempts.model, "c");
	assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
	end_setup(&setup);
}

static void the_model_is_waited_for_when_its_fallbacks_are_limited_too(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	let_be_limited(&setup, "0", 60000);
	let_be_limited(&setup, "1", 30000);
	begin(&setup, "a");
	attempts_evade(&setup.attempts);
	assert_string_equal(setup.attempts.model, "a");
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "b");
	end_setup(&setup);
}

static void the_model_is_returned_to_when_its_fallback_is_limited_for_longer(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	assert_true(next(&setup, FAILURE_PASSING));
	refuse(&setup, 60000);
	assert_string_equal(setup.attempts.model, "b");
	refuse(&setup, 90000);
	assert_string_equal(setup.attempts.model, "a");
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	/* With the tries that it had left. */
	assert_false(next(&setup, FAILURE_PASSING));
	end_setup(&setup);
}

static void a_fallback_that_is_free_sooner_than_the_model_is_waited_for(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	refuse(&setup, 90000);
	refuse(&setup, 60000);
	assert_string_equal(setup.attempts.model, "b");
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	end_setup(&setup);
}

static void what_only_one_deployment_knows_is_waited_for(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 2);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	attempts_stay(&setup.attempts, "1");
	refuse(&setup, 60000);
	assert_int_equal(chosen(&setup), 1);
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
}

static void a_refusal_that_names_no_time_is_followed_by_growing_pauses(void **state)
{
	static const int most[] = {500, 1000, 2000, 4000, 5000, 5000};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 1);
	begin(&setup, "m");
	for (size_t i = 0; i < COUNT(most); i++) {
		int ms = attempts_limit_pause_ms(&setup.attempts, 4000);

		assert_in_range(ms, (most[i] < 4000 ? most[i] : 4000) / 2, most[i]);
		refuse(&setup, 0);
	}
}

/* Fallbacks */

/* The models that are asked, in order, when each call fails like this, one letter for each. */
static const char *models_asked(struct setup *setup, const char *model, enum call_failure failure)
{
	static char models[32];
	size_t len = 0;

	for (begin(setup, model); setup->attempts.deployment != NULL; next(setup, failure)) {
		assert_true(len < sizeof(models) - 1);
		models[len++] = setup->attempts.model[0];
	}
	models[len] = '\0';
	return models;
}

static void fallbacks_follow_in_order_each_with_its_retries(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_even(&setup, "c", 3);
	add_fallback(&setup, "a", models, 2);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "aabbcc");
	assert_string_equal(models_asked(&setup, "a", FAILURE_DEPLOYMENT), "abccc");
	assert_string_equal(models_asked(&setup, "b", FAILURE_PASSING), "bb");
}

static void a_fallback_begins_without_a_pause_and_counts_its_own_tries(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_true(setup.attempts.pause);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "b");
	assert_false(setup.attempts.pause);
	assert_int_equal(setup.attempts.tries, 1);
}

static void a_models_own_fallbacks_win_over_those_for_any(void **state)
{
	char *any[] = {text("c")}, *own[] = {text("b")}, *lowest[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_even(&setup, "c", 1);
	add_fallback(&setup, "*", any, 1);
	add_fallback(&setup, "a", own, 1);
	add_fallback(&setup, "*", lowest, 1);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ab");
	assert_string_equal(models_asked(&setup, "b", FAILURE_PASSING), "bc");
}

static void the_provider_need_not_stand_before_a_model_that_has_fallbacks(void **state)
{
	char *own[] = {text("b")}, *any[] = {text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "openai/*");
	add(&setup, "b");
	add(&setup, "c");
	add_fallback(&setup, "*", any, COUNT(any));
	add_fallback(&setup, "gpt/5", own, COUNT(own));
	begin(&setup, "openai/gpt/5");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "b");
	begin(&setup, "openai/other");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "c");
	add(&setup, "nobody/gpt/5");
	begin(&setup, "nobody/gpt/5");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "c");
}

static void fallbacks_make_no_circle(void **state)
{
	char *to_b[] = {text("b"), text("a")}, *to_a[] = {text("a")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", to_b, 2);
	add_fallback(&setup, "b", to_a, 1);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ab");
	assert_string_equal(models_asked(&setup, "b", FAILURE_DEPLOYMENT), "ba");
}

static void a_fallback_that_cannot_be_called_is_passed_over(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "a");
	add(&setup, "b")->missing = text("SOME_KEY");
	add(&setup, "c");
	add_fallback(&setup, "a", models, 2);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ac");
}

static void what_is_too_long_or_refused_has_fallbacks_of_its_own(void **state)
{
	char *longer[] = {text("longer")}, *freer[] = {text("freer")}, *other[] = {text("other")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "m");
	add(&setup, "longer");
	add(&setup, "freer");
	add(&setup, "other");
	add_fallback(&setup, "m", other, COUNT(other));
	add_fallback_on(&setup, FALLBACK_ON_CONTEXT_WINDOW, "m", longer, COUNT(longer));
	add_fallback_on(&setup, FALLBACK_ON_CONTENT_POLICY, "*", freer, COUNT(freer));
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_CONTEXT_WINDOW));
	assert_string_equal(setup.attempts.model, "longer");
	assert_false(next(&setup, FAILURE_CONTEXT_WINDOW));
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_CONTENT_POLICY));
	assert_string_equal(setup.attempts.model, "freer");
	begin(&setup, "longer");
	assert_false(next(&setup, FAILURE_CONTEXT_WINDOW));
}

static void without_such_fallbacks_the_general_ones_serve(void **state)
{
	char *other[] = {text("other")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "other");
	add_fallback(&setup, "m", other, COUNT(other));
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_CONTEXT_WINDOW));
	assert_string_equal(setup.attempts.model, "other");
	begin(&setup, "m");
	assert_false(next(&setup, FAILURE_REQUEST));
}

static void an_alias_stands_for_its_model_also_in_fallbacks(void **state)
{
	struct model_alias aliases[] = {
	    {text("short"), text("m"), false}, {text("spare"), text("other"), false}};
	char *spare[] = {text("spare")}, *others[] = {text("unknown"), text("last")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	setup.config.aliases = aliases;
	setup.config.alias_count = COUNT(aliases);
	add(&setup, "m");
	add(&setup, "other");
	add(&setup, "last");
	add_fallback(&setup, "m", others, COUNT(others));
	begin(&setup, "short");
	assert_string_equal(setup.attempts.model, "m");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "last");
	add_fallback(&setup, "short", spare, COUNT(spare));
	begin(&setup, "short");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "other");
}

static void a_fallback_may_be_one_deployment_by_its_id(void **state)
{
	char *models[] = {text("that-one")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m");
	add(&setup, "m")->litellm_id = text("that-one");
	setup.deployments[1].order = 1;
	setup.deployments[0].missing = text("KEY");
	add(&setup, "last");
	add_fallback(&setup, "last", models, COUNT(models));
	begin(&setup, "last");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 1);
	assert_string_equal(setup.attempts.model, "m");
	assert_false(next(&setup, FAILURE_PASSING));
}

static void a_request_brings_its_own_fallbacks_and_retries(void **state)
{
	static const char *const bodies[] = {
	    "{\"fallbacks\":[\"unknown\",\"b\",{\"model\":\"c\",\"input\":[1]}]}",
	    "{\"fallbacks\":[{\"x\":[\"a\"]},{\"a\":[\"b\",{\"model\":\"c\"}]},{\"*\":[\"a\"]}]}",
	    "{\"fallbacks\":[{\"*\":[\"b\",\"c\"]}]}",
	};
	char *configured[] = {text("d")};
	struct setup setup;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		begin_setup(&setup, 0);
		for (const char *p = "a\0b\0c\0d\0"; *p != '\0'; p += 2)
			add(&setup, p);
		add_fallback(&setup, "a", configured, COUNT(configured));
		begin_obeying(&setup, "a", bodies[i]);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_string_equal(setup.attempts.model, "b");
		assert_true(next(&setup, FAILURE_PASSING));
		assert_string_equal(setup.attempts.model, "c");
		assert_false(next(&setup, FAILURE_PASSING));
		attempts_close(&setup.attempts);
	}
	begin_obeying(&setup, "a", "{\"num_retries\":1,\"disable_fallbacks\":true}");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "a");
	assert_false(next(&setup, FAILURE_PASSING));
	attempts_close(&setup.attempts);
	begin_obeying(&setup, "a", "{\"context_window_fallbacks\":[\"c\"],\"fallbacks\":[]}");
	assert_false(next(&setup, FAILURE_PASSING));
	attempts_close(&setup.attempts);
	begin_obeying(&setup, "a", "{\"context_window_fallbacks\":[\"c\"]}");
	assert_true(next(&setup, FAILURE_CONTEXT_WINDOW));
	assert_string_equal(setup.attempts.model, "c");
	attempts_close(&setup.attempts);
}

static void a_fallback_may_be_served_by_a_pattern(void **state)
{
	char *models[] = {text("x/y")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "a");
	add(&setup, "x/*");
	add_fallback(&setup, "a", models, 1);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ax");
	assert_string_equal(setup.attempts.model, "x/y");
}

static void what_only_a_fallbacks_deployment_knows_is_asked_of_that_alone(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "a", 2);
	add(&setup, "b");
	add_even(&setup, "c", 2);
	add_fallback(&setup, "a", models, 2);
	for (int i = 0; i < 20; i++) {
		begin(&setup, "a");
		attempts_stay(&setup.attempts, "4");
		assert_string_equal(setup.attempts.deployment->id, "4");
		assert_string_equal(setup.attempts.model, "c");
		assert_true(attempts_next(&setup.attempts, FAILURE_PASSING));
		assert_string_equal(setup.attempts.deployment->id, "4");
		assert_false(attempts_next(&setup.attempts, FAILURE_PASSING));
	}
	begin(&setup, "b");
	attempts_stay(&setup.attempts, "4");
	assert_string_equal(setup.attempts.deployment->id, "2");
}

/* Kinds of failure */

static void a_status_says_who_is_at_fault(void **state)
{
	static const struct {
		long status;
		enum call_failure failure;
	} cases[] = {
	    {0, FAILURE_PASSING},
	    {301, FAILURE_DEPLOYMENT},
	    {400, FAILURE_REQUEST},
	    {401, FAILURE_DEPLOYMENT},
	    {402, FAILURE_REQUEST},
	    {403, FAILURE_DEPLOYMENT},
	    {404, FAILURE_DEPLOYMENT},
	    {405, FAILURE_REQUEST},
	    {408, FAILURE_PASSING},
	    {409, FAILURE_PASSING},
	    {413, FAILURE_REQUEST},
	    {422, FAILURE_REQUEST},
	    {425, FAILURE_PASSING},
	    {429, FAILURE_PASSING},
	    {499, FAILURE_REQUEST},
	    {500, FAILURE_PASSING},
	    {502, FAILURE_PASSING},
	    {503, FAILURE_PASSING},
	    {529, FAILURE_PASSING},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(call_failure_of(cases[i].status), cases[i].failure);
}

static void speak(struct deployment *deployment, enum dialect api)
{
	deployment->has_api = true;
	deployment->api = api;
}

static void who_speaks_another_api_is_not_asked(void **state)
{
	const struct attempts_request request = {
	    .model = "m", .apis = 1u << DIALECT_CHAT | 1u << DIALECT_RESPONSES};
	char *models[] = {text("other")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	speak(add(&setup, "m"), DIALECT_MESSAGES);
	speak(add(&setup, "m"), DIALECT_CHAT);
	speak(add(&setup, "other"), DIALECT_MESSAGES);
	speak(add(&setup, "other"), DIALECT_RESPONSES);
	add_fallback(&setup, "m", models, 1);
	attempts_begin(&setup.attempts, &setup.config, NULL, &request);
	assert_int_equal(chosen(&setup), 1);
	attempts_prefer(&setup.attempts, "0");
	assert_int_equal(chosen(&setup), 1);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 3);
	assert_false(next(&setup, FAILURE_PASSING));
	end_setup(&setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(deployments_that_are_alike_are_drawn_evenly),
	    cmocka_unit_test(a_weight_is_a_share_of_the_draws),
	    cmocka_unit_test(rpm_is_a_share_where_no_weight_is_given),
	    cmocka_unit_test(a_weight_wins_over_rpm),
	    cmocka_unit_test(those_without_a_weight_are_drawn_last),
	    cmocka_unit_test(weights_may_be_fractions_of_any_size),
	    cmocka_unit_test(a_weight_that_vanishes_beside_the_others_is_a_weight),
	    cmocka_unit_test(the_largest_shares_do_not_overflow),
	    cmocka_unit_test(more_deployments_than_there_is_room_for_do_no_harm),
	    cmocka_unit_test(a_model_without_deployments_has_nothing_to_call),
	    cmocka_unit_test(what_cannot_be_called_from_here_is_never_chosen),
	    cmocka_unit_test(a_model_that_cannot_be_called_from_here_falls_back_at_once),
	    cmocka_unit_test(every_deployment_is_asked_before_one_is_asked_again),
	    cmocka_unit_test(the_only_deployment_is_asked_again_after_a_pause),
	    cmocka_unit_test(without_retries_a_passing_failure_is_the_end),
	    cmocka_unit_test(a_deployment_may_have_a_number_of_retries_of_its_own),
	    cmocka_unit_test(a_deployments_own_failure_leads_to_each_other_one_without_a_retry),
	    cmocka_unit_test(a_deployment_that_will_not_do_it_is_not_asked_again),
	    cmocka_unit_test(one_that_may_do_better_is_asked_again_when_the_others_will_not_do_it),
	    cmocka_unit_test(the_requests_own_failure_is_the_end),
	    cmocka_unit_test(a_deployment_that_rests_is_chosen_last),
	    cmocka_unit_test(a_deployment_that_rests_is_better_than_none),
	    cmocka_unit_test(a_preferred_deployment_is_asked_first_and_counts_as_asked),
	    cmocka_unit_test(a_preference_for_what_is_not_the_models_changes_nothing),
	    cmocka_unit_test(what_only_one_deployment_knows_is_asked_of_no_other),
	    cmocka_unit_test(one_deployment_alone_has_retries_and_no_fallbacks),
	    cmocka_unit_test(one_that_cannot_be_called_is_as_good_as_none),
	    cmocka_unit_test(fallbacks_follow_in_order_each_with_its_retries),
	    cmocka_unit_test(a_fallback_begins_without_a_pause_and_counts_its_own_tries),
	    cmocka_unit_test(a_models_own_fallbacks_win_over_those_for_any),
	    cmocka_unit_test(the_provider_need_not_stand_before_a_model_that_has_fallbacks),
	    cmocka_unit_test(fallbacks_make_no_circle),
	    cmocka_unit_test(a_fallback_that_cannot_be_called_is_passed_over),
	    cmocka_unit_test(a_fallback_may_be_served_by_a_pattern),
	    cmocka_unit_test(what_only_a_fallbacks_deployment_knows_is_asked_of_that_alone),
	    cmocka_unit_test(tpm_is_a_share_where_no_rpm_is_given),
	    cmocka_unit_test(a_lower_order_is_asked_first_whatever_the_weights),
	    cmocka_unit_test(the_next_order_is_asked_when_all_of_the_lower_one_have_failed),
	    cmocka_unit_test(the_next_order_is_asked_while_the_lower_one_rests),
	    cmocka_unit_test(one_that_is_full_is_passed_over),
	    cmocka_unit_test(one_that_is_full_is_better_than_one_that_rests),
	    cmocka_unit_test(what_is_too_long_or_refused_has_fallbacks_of_its_own),
	    cmocka_unit_test(without_such_fallbacks_the_general_ones_serve),
	    cmocka_unit_test(an_alias_stands_for_its_model_also_in_fallbacks),
	    cmocka_unit_test(a_fallback_may_be_one_deployment_by_its_id),
	    cmocka_unit_test(a_request_brings_its_own_fallbacks_and_retries),
	    cmocka_unit_test(one_that_is_limited_is_chosen_only_when_all_are),
	    cmocka_unit_test(a_refusal_leads_to_one_that_is_free_whatever_its_order),
	    cmocka_unit_test(when_all_have_refused_the_one_that_is_free_soonest_is_waited_for),
	    cmocka_unit_test(a_refusal_is_no_try),
	    cmocka_unit_test(a_refusal_says_nothing_to_other_requests),
	    cmocka_unit_test(a_fallback_is_asked_rather_than_waited_for_the_model),
	    cmocka_unit_test(the_model_is_waited_for_when_its_fallbacks_are_limited_too),
	    cmocka_unit_test(the_model_is_returned_to_when_its_fallback_is_limited_for_longer),
	    cmocka_unit_test(a_fallback_that_is_free_sooner_than_the_model_is_waited_for),
	    cmocka_unit_test(what_only_one_deployment_knows_is_waited_for),
	    cmocka_unit_test(a_refusal_that_names_no_time_is_followed_by_growing_pauses),
	    cmocka_unit_test(a_status_says_who_is_at_fault),
	    cmocka_unit_test(who_speaks_another_api_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
