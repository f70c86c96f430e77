#include "errand.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/response/response_record.h"
#include "health.h"
#include "refusal.h"
#include "transfer.h"

enum {
	HTTP_TOO_MANY_REQUESTS = 429,
	LONGEST_SPREAD_MS = 1000,
	/* Who names less may name it again and again: each response waits for longer each time. */
	LEAST_LIMIT_MS = 1000,
	/* For one that does not say how long: limits are of so much a minute, for the most part. */
	UNTOLD_LIMIT_MS = 60 * 1000,
};

static void leave_seat(struct errand *errand)
{
	struct seat *seat = errand->seat;

	errand->seat = NULL;
	if (seat != NULL)
		seat_leave(errand->roster->seats, seat);
}

static bool on_head(void *ctx, CURL *easy, long status)
{
	struct errand *errand = ctx;

	return errand->user->on_head(errand->ctx, easy, status);
}

static bool on_body(void *ctx, struct span bytes)
{
	struct errand *errand = ctx;

	if (errand->user->on_body(errand->ctx, bytes))
		return true;
	errand->call = NULL;
	leave_seat(errand);
	return false;
}

static void on_idle(void *ctx)
{
	struct errand *errand = ctx;

	if (errand->user->on_idle != NULL)
		errand->user->on_idle(errand->ctx);
}

static void on_end(void *ctx, const struct upstream_result *result)
{
	struct errand *errand = ctx;

	errand->call = NULL;
	errand->outcome = call_outcome_of(result);
	leave_seat(errand);
	errand->user->on_end(errand->ctx, result);
}

/* What the last call was, once nothing more can be known of it. */
static void count_call(struct errand *errand)
{
	const struct errand_host *host = errand->host;

	if (errand->called != NULL && !errand->counted && host->called != NULL)
		host->called(host->ctx, errand->called, errand->outcome);
	errand->counted = true;
}

void errand_note_outcome(struct errand *errand, enum call_outcome outcome)
{
	errand->outcome = outcome;
}

void errand_note_invalid(struct errand *errand)
{
	if (errand->outcome == CALL_STOPPED || errand->outcome == CALL_SUCCESS)
		errand->outcome = CALL_INVALID;
}

/* The request may name times of its own. */
static struct transfer_times times_of(const struct errand *errand)
{
	const struct attempts *choice = &errand->choice;
	const struct deployment *deployment = choice->deployment;
	struct transfer_times times = {
	    .whole = choice->timeout > 0 ? choice->timeout : deployment->timeout};

	if (!errand->streams)
		return times;
	times.first_event =
	    choice->stream_timeout > 0 ? choice->stream_timeout : deployment->stream_timeout;
	times.silence = deployment->silence_timeout;
	return times;
}

static void call_deployment(struct errand *errand)
{
	const struct deployment *deployment = errand->choice.deployment;
	struct buf url = {0}, body = {0};
	struct upstream_call call = {
	    .method = errand->method,
	    .accept = errand->accept,
	    .times = times_of(errand),
	    .on_head = on_head,
	    .on_body = on_body,
	    .on_idle = on_idle,
	    .on_end = on_end,
	    .ctx = errand,
	};

	transfer_url(&url, deployment, errand->choice.model, errand->path, errand->query);
	call.url = buf_cstr(&url);
	call.fault = errand->user->write_body(errand->ctx, &body);
	if (call.fault == NULL)
		call.headers = transfer_headers(deployment, errand->choice.model, &call.fault);
	if (call.fault == NULL && errand->user->add_headers != NULL)
		call.headers = errand->user->add_headers(errand->ctx, call.headers);
	call.body = &body;
	if (call.fault == NULL) {
		errand->called = deployment;
		errand->outcome = CALL_STOPPED;
		errand->counted = false;
	}
	errand->call = upstream_start(errand->host->upstream, &call);
	buf_free(&url);
	buf_free(&body);
}

static void on_pause_over(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	errand_begin(ctx);
}

static void begin_later(struct errand *errand, int ms);

/* What is about a response that exists takes no seat: it may be to end the call that has it. */
static struct seats *seats_for(const struct errand *errand)
{
	return errand->choice.health != NULL ? errand->roster->seats : NULL;
}

static bool is_full(const struct errand *errand)
{
	return seats_are_taken(seats_for(errand), errand->choice.deployment);
}

/* seat_waiter.offer */
static bool on_offer(void *ctx, const char *deployment_id)
{
	struct errand *errand = ctx;

	if (!attempts_may_draw(&errand->choice, deployment_id))
		return false;
	attempts_draw_again(&errand->choice);
	if (is_full(errand))
		return false;
	seats_stop_waiting(errand->roster->seats, &errand->waiter);
	errand->waits = false;
	errand->seat = seat_take(errand->roster->seats, errand->choice.deployment);
	begin_later(errand, 0);
	return true;
}

static void wait_for_seat(struct errand *errand)
{
	errand->waiter.offer = on_offer;
	errand->waiter.ctx = errand;
	errand->waits = true;
	seats_wait(errand->roster->seats, &errand->waiter);
}

/* False if there is none now: the errand begins when there is. */
static bool take_seat(struct errand *errand)
{
	if (errand->seat != NULL || seats_for(errand) == NULL)
		return true;
	if (is_full(errand))
		attempts_draw_again(&errand->choice);
	if (is_full(errand)) {
		wait_for_seat(errand);
		return false;
	}
	errand->seat = seat_take(errand->roster->seats, errand->choice.deployment);
	return true;
}

/* How long ago (ms) that was; it is now if it has not been yet. */
static long long ms_since(long long *at)
{
	const long long now = monotonic_ms();

	if (*at == 0)
		*at = now;
	return now - *at;
}

/* Whether it may wait so long (ms) once more. */
static bool may_wait(struct errand *errand, long long ms)
{
	return ms_since(&errand->limited_at) + ms <= times_of(errand).whole * 1000;
}

/* Those who wait for the same do not all begin at once: the first may find it limited again. */
static int spread(long long ms)
{
	const long long most = ms / 8 < LONGEST_SPREAD_MS ? ms / 8 : LONGEST_SPREAD_MS;

	return (int)(ms + random() % (most + 1));
}

/* False if the deployment is limited, and no other is free: the errand begins when one is. */
static bool evade_limits(struct errand *errand)
{
	long long ms;

	if (!errand->host->patient || attempts_wait_ms(&errand->choice) == 0)
		return true;
	leave_seat(errand);
	attempts_evade(&errand->choice);
	ms = attempts_wait_ms(&errand->choice);
	if (ms == 0 || !may_wait(errand, ms))
		return true;
	begin_later(errand, spread(ms));
	return false;
}

void errand_begin(struct errand *errand)
{
	if (!evade_limits(errand) || !take_seat(errand))
		return;
	count_call(errand);
	errand->told = errand->eventful = false;
	secrets_close(&errand->secrets);
	secrets_open(&errand->secrets, errand->choice.deployment, errand->choice.model);
	errand->user->on_begin(errand->ctx);
	call_deployment(errand);
}

void errand_stop(struct errand *errand)
{
	if (errand->call != NULL)
		upstream_cancel(errand->call);
	errand->call = NULL;
	if (errand->pause != NULL)
		event_del(errand->pause);
	if (errand->waits)
		seats_stop_waiting(errand->roster->seats, &errand->waiter);
	errand->waits = false;
	leave_seat(errand);
	count_call(errand);
}

void errand_note_event(struct errand *errand)
{
	if (errand->call != NULL && !errand->eventful)
		upstream_note_event(errand->call);
	errand->eventful = true;
}

void errand_be_patient(struct errand *errand)
{
	if (errand->call != NULL)
		upstream_be_patient(errand->call);
}

void errand_detach(struct errand *errand)
{
	if (errand->call != NULL) {
		upstream_detach(errand->call);
		errand->outcome = CALL_SUCCESS;
	}
	errand->call = NULL;
	leave_seat(errand);
}

void errand_close(struct errand *errand)
{
	errand_stop(errand);
	if (errand->pause != NULL)
		event_free(errand->pause);
	errand->pause = NULL;
	attempts_close(&errand->choice);
	secrets_close(&errand->secrets);
}

void errand_tell_health(struct errand *errand, long status)
{
	const struct errand_host *host = errand->host;
	const struct deployment *deployment = errand->choice.deployment;
	bool failed = health_is_failure(status);

	if (!errand->told && health_is_news(&errand->roster->health, deployment, failed))
		host->report(host->ctx, errand->roster->config, deployment, failed, 0);
	errand->told = true;
}

/* For how long (ms) an answer says that its deployment is limited; 0: it does not. */
static long long limit_of(long status, double retry_after, struct span error)
{
	double ms = retry_after * 1000;

	if (status != HTTP_TOO_MANY_REQUESTS || ms < 1 || refusal_is_about_quota(error))
		return 0;
	return ms < HEALTH_LONGEST_LIMIT_MS ? (long long)ms : HEALTH_LONGEST_LIMIT_MS;
}

void errand_tell_limit(struct errand *errand, long status, double retry_after, struct span error)
{
	const struct errand_host *host = errand->host;
	const struct deployment *deployment = errand->choice.deployment;
	const long long ms = limit_of(status, retry_after, error);

	if (ms == 0 || errand->told || errand->choice.health == NULL)
		return;
	health_note_limit(&errand->roster->health, span_of(deployment->id), ms);
	host->report(host->ctx, errand->roster->config, deployment, false, ms);
	errand->told = true;
}

/* One that wants to be left alone for too long may as well not be there. */
static enum call_failure passing_failure(const struct errand *errand, double retry_after)
{
	return retry_after > errand->host->longest_retry_after ? FAILURE_DEPLOYMENT
							       : FAILURE_PASSING;
}

/* One that may be asked again at once, and one that nobody wants asked again, has just failed. */
static bool is_limit(
    const struct errand *errand, long status, double retry_after, struct span error)
{
	if (!errand->host->patient || status != HTTP_TOO_MANY_REQUESTS ||
	    refusal_is_about_quota(error))
		return false;
	return retry_after < 0 ? attempts_may_retry(&errand->choice)
			       : limit_of(status, retry_after, error) > 0;
}

enum call_failure errand_failure(
    const struct errand *errand, long status, double retry_after, struct span error)
{
	enum call_failure failure = refusal_failure(status, error);

	if (is_limit(errand, status, retry_after, error))
		return FAILURE_LIMITED;
	return failure == FAILURE_PASSING ? passing_failure(errand, retry_after) : failure;
}

/*
 * How long to wait: twice as long each time, a part of it left to chance, and no less than the
 * configuration says.
 */
static int pause_before_try(const struct errand *errand, double retry_after)
{
	int ms = attempts_pause_ms(&errand->choice, errand->host->longest_pause_ms);
	double least = errand->roster->config->retry_after * 1000;

	if (retry_after * 1000 > ms)
		ms += (int)(retry_after * 1000);
	return ms > least ? ms : (int)least;
}

static void log_try(const struct errand *errand, const char *why)
{
	if (errand->name != NULL || errand->request_id != NULL)
		log_request_retried(
		    errand->name, errand->choice.deployment->label, why, errand->request_id);
}

bool errand_would_try_again(const struct errand *errand, enum call_failure failure)
{
	struct attempts next = errand->choice;

	return attempts_next(&next, failure);
}

static void begin_later(struct errand *errand, int ms)
{
	if (errand->pause == NULL)
		errand->pause = evtimer_new(errand->host->base, on_pause_over, errand);
	if (errand->pause == NULL)
		fatalx("out of memory");
	timer_set(errand->pause, ms);
}

/*
 * The deployment wants to be left alone: chooses one to ask next, or to wait for. False if that is
 * not to be: it would take too long.
 */
static bool go_round_limit(struct errand *errand, double retry_after)
{
	const struct attempts before = errand->choice;
	long long ms = limit_of(HTTP_TOO_MANY_REQUESTS, retry_after, (struct span){0});

	if (ms == 0 && ms_since(&errand->untold_at) > UNTOLD_LIMIT_MS)
		return false;
	if (ms < LEAST_LIMIT_MS)
		ms += attempts_limit_pause_ms(&errand->choice, errand->host->longest_pause_ms);
	attempts_leave_alone(&errand->choice, ms);
	attempts_evade(&errand->choice);
	if (may_wait(errand, attempts_wait_ms(&errand->choice)))
		return true;
	errand->choice = before;
	return false;
}

/* Chooses what to ask after a failure that counts, and how long (ms) to wait before. */
static bool choose_next(
    struct errand *errand, enum call_failure failure, double retry_after, int *ms)
{
	const struct deployment *before = errand->choice.deployment;

	if (!attempts_next(&errand->choice, failure))
		return false;
	if (errand->choice.pause)
		*ms = pause_before_try(
		    errand, errand->choice.deployment == before ? retry_after : -1);
	return true;
}

bool errand_try_again(
    struct errand *errand, enum call_failure failure, double retry_after, const char *why)
{
	int ms = 0;

	if (failure != FAILURE_LIMITED || !go_round_limit(errand, retry_after)) {
		if (failure == FAILURE_LIMITED)
			failure = passing_failure(errand, retry_after);
		if (!choose_next(errand, failure, retry_after, &ms))
			return false;
	}
	count_call(errand);
	log_try(errand, why);
	begin_later(errand, ms);
	return true;
}

void errand_ask_again(struct errand *errand, const char *why)
{
	log_try(errand, why);
	begin_later(errand, 0);
}
