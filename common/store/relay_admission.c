#include "relay_admission.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/event_struct.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "counts.h"
#include "redis_args.h"
#include "shares_args.h"
#include "redis_reply.h"

enum {
	ANSWER_MS = 1000, /* that a client is kept waiting for Redis */
	AGAIN_MS = 1000,  /* before what could not be told is told again */
};

enum ticket_state {
	TICKET_ASKING,   /* the answer is still to come */
	TICKET_HELD,     /* it counts as running */
	TICKET_DOUBTFUL, /* it may: the answer has been lost */
	TICKET_FREE,     /* it does not */
};

struct ticket {
	struct relay_admissions *admissions;
	LIST_ENTRY(ticket) link;
	struct event timer; /* the end of waiting for the answer */
	/* NULL if nobody waits. */
	void (*done)(void *ctx, const struct admission *admission);
	void *ctx;
	enum ticket_state state;
	long long number;
	bool sent;  /* and the answer will come, be it that there is none */
	bool asked; /* at least once */
	bool late;  /* its answer has been waited for in vain */
	bool begun; /* it has been passed through */
	bool over;  /* what follows is known */
	bool told;  /* at least once */
	struct buf tenant, label;
	struct buf limits; /* while it is asked for */
	struct settlement settlement;
};

LIST_HEAD(ticket_list, ticket);

struct relay_admissions {
	struct event_base *base;
	struct redis_client *redis;
	const struct key_space *space;
	struct passages_key passages;
	struct use_sums *uses;
	struct ticket_list open;
	struct event again;
	long long last_number;
	int late;          /* tickets whose answers are overdue */
	long long down_at; /* ms: since when there is no connection, while there is none */
	bool closed;
	time_t warned_at;
};

static void warn_away(struct relay_admissions *admissions)
{
	time_t now = time(NULL);

	if (now != admissions->warned_at)
		log_warnx("Redis is away: requests are passed through without regard to the limits "
			  "of their keys");
	admissions->warned_at = now;
}

static void drop(struct ticket *ticket)
{
	LIST_REMOVE(ticket, link);
	evtimer_del(&ticket->timer);
	buf_free(&ticket->tenant);
	buf_free(&ticket->label);
	buf_free(&ticket->limits);
	free(ticket);
}

/* Whether it says what is to be done, or that another connection may. */
static bool is_judged(const redisReply *reply)
{
	return reply != NULL && !reply_is_error(reply, "NOSCRIPT") &&
	       !reply_is_error(reply, "READONLY");
}

/*
 * Whether it is settled, or never will be. Of the server's state, as with BUSY, MISCONF or
 * NOREPLICAS, nothing has been done, and something may be once that is over.
 */
static bool is_final(const redisReply *reply)
{
	return reply != NULL &&
	       (reply->type != REDIS_REPLY_ERROR || reply_is_error(reply, "ERR ") ||
		   reply_is_error(reply, "WRONGTYPE ") || reply_is_error(reply, "NOPERM "));
}

static void on_told(redisAsyncContext *redis, void *data, void *privdata);

static bool send_settle(struct ticket *ticket)
{
	const struct key_space *space = ticket->admissions->space;
	const struct settlement *settlement = &ticket->settlement;
	struct redis_args args = {0};
	struct usage_key day;
	struct buf use = {0};
	bool sent;

	use_write(&use, &settlement->use);
	usage_key(&day, space, time(NULL));
	redis_args_script(&args, SCRIPT_SETTLE, 11);
	redis_args_add(&args, space->queue);
	shares_args(&args, space);
	redis_args_add(&args, space->index_about);
	redis_args_add(&args, space->rates);
	redis_args_add(&args, space->budgets);
	redis_args_add(&args, ticket->admissions->passages.name);
	redis_args_add(&args, day.name);
	redis_args_add_number(&args, ticket->number);
	redis_args_add_span(&args, buf_span(&ticket->tenant));
	redis_args_add_span(&args, buf_span(&ticket->label));
	redis_args_add(&args, settlement->failed ? "1" : "0");
	redis_args_add(&args, settlement->cancelled ? "1" : "0");
	redis_args_add_span(&args, buf_span(&use));
	sent = redis_client_call(ticket->admissions->redis, &args, on_told, ticket);
	buf_free(&use);
	return sent;
}

static void tell_later(const struct ticket *ticket)
{
	struct relay_admissions *admissions = ticket->admissions;

	if (!admissions->closed && !evtimer_pending(&admissions->again, NULL))
		timer_set(&admissions->again, AGAIN_MS);
}

/* It holds nothing, or nothing any more. */
static void sum_up(struct ticket *ticket)
{
	if (ticket->begun)
		use_sums_add(ticket->admissions->uses, buf_span(&ticket->tenant),
		    buf_span(&ticket->label), &ticket->settlement);
	drop(ticket);
}

static void tell(struct ticket *ticket)
{
	if (ticket->admissions->closed)
		return;
	if (ticket->state == TICKET_FREE) {
		sum_up(ticket);
		return;
	}
	ticket->sent = send_settle(ticket);
	if (!ticket->sent)
		tell_later(ticket);
}

/* Redis knows nothing of it, and never did: it had not been admitted. */
static bool was_not_admitted(const struct ticket *ticket, const redisReply *reply)
{
	return ticket->state == TICKET_DOUBTFUL && !ticket->told && reply->integer == 0;
}

static void on_told(redisAsyncContext *redis, void *data, void *privdata)
{
	struct ticket *ticket = privdata;
	struct relay_admissions *admissions = ticket->admissions;
	const redisReply *reply = data;
	bool failed = redis_client_failed(admissions->redis, reply, "settle");

	(void)redis;
	ticket->sent = false;
	if (!failed && was_not_admitted(ticket, reply)) {
		sum_up(ticket);
	} else if (is_final(reply)) {
		drop(ticket);
	} else {
		ticket->told = ticket->told || reply == NULL;
		tell_later(ticket);
	}
}

/* NULL: nobody knows. */
static void say_done(struct ticket *ticket, const struct admission *admission)
{
	void (*done)(void *ctx, const struct admission *admission) = ticket->done;
	void *ctx = ticket->ctx;

	if (done == NULL)
		return;
	ticket->done = NULL;
	ticket->begun = admission == NULL || admission->limit == LIMIT_NONE;
	if (!ticket->begun)
		drop(ticket);
	done(ctx, admission);
}

static void be_late(struct ticket *ticket)
{
	ticket->late = true;
	ticket->admissions->late++;
	warn_away(ticket->admissions);
	say_done(ticket, NULL);
}

static void note_answered(struct ticket *ticket, enum ticket_state state)
{
	ticket->state = state;
	ticket->admissions->late -= ticket->late ? 1 : 0;
	ticket->late = false;
	evtimer_del(&ticket->timer);
	buf_free(&ticket->limits);
}

/* Its answer has come, while somebody waits for it or later. */
static void take_answer(struct ticket *ticket, const redisReply *reply)
{
	const struct admission admission = admission_read(reply);

	note_answered(ticket, admission.limit == LIMIT_NONE ? TICKET_HELD : TICKET_FREE);
	if (ticket->over)
		tell(ticket);
	else
		say_done(ticket, &admission);
}

/* It will have no answer. */
static void take_error(struct ticket *ticket, enum ticket_state state)
{
	note_answered(ticket, state);
	if (ticket->over) {
		tell(ticket);
		return;
	}
	if (ticket->done != NULL)
		warn_away(ticket->admissions);
	say_done(ticket, NULL);
}

static void on_judged(redisAsyncContext *redis, void *data, void *privdata)
{
	struct ticket *ticket = privdata;
	const redisReply *reply = data;
	bool failed = redis_client_failed(ticket->admissions->redis, reply, "admit");

	(void)redis;
	ticket->sent = false;
	if (!failed)
		take_answer(ticket, reply);
	else if (is_judged(reply))
		take_error(ticket, TICKET_FREE);
	else if (ticket->over || ticket->late)
		take_error(ticket, TICKET_DOUBTFUL);
}

static void ask(struct ticket *ticket)
{
	const struct key_space *space = ticket->admissions->space;
	struct redis_args args = {0};
	struct buf limited = {0};

	counts_write_name(&limited, METRIC_LIMITED, buf_cstr(&ticket->tenant), NULL);
	redis_args_script(&args, SCRIPT_ADMIT, 5);
	redis_args_add(&args, space->shares);
	redis_args_add(&args, space->rates);
	redis_args_add(&args, space->budgets);
	redis_args_add(&args, space->counters);
	redis_args_add(&args, ticket->admissions->passages.name);
	redis_args_add_number(&args, ticket->number);
	redis_args_add_span(&args, buf_span(&ticket->tenant));
	redis_args_add_span(&args, buf_span(&ticket->label));
	redis_args_add_span(&args, buf_span(&ticket->limits));
	redis_args_add_span(&args, buf_span(&limited));
	ticket->sent = redis_client_call(ticket->admissions->redis, &args, on_judged, ticket);
	ticket->asked = ticket->asked || ticket->sent;
	buf_free(&limited);
}

static void on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct ticket *ticket = ctx;

	(void)fd;
	(void)what;
	if (ticket->sent)
		be_late(ticket);
	else
		take_error(ticket, ticket->asked ? TICKET_DOUBTFUL : TICKET_FREE);
}

static struct ticket *new_ticket(
    struct relay_admissions *admissions, const struct passed_through *what)
{
	struct ticket *ticket = xcalloc(1, sizeof(*ticket));

	ticket->admissions = admissions;
	counts_write_label(&ticket->tenant, span_of(what->tenant));
	counts_write_label(&ticket->label, span_of(what->label));
	evtimer_assign(&ticket->timer, admissions->base, on_late, ticket);
	LIST_INSERT_HEAD(&admissions->open, ticket, link);
	return ticket;
}

/*
 * It has been away for longer than anybody is kept waiting, or hangs: that is not waited for by one
 * after the other.
 */
static bool is_away(const struct relay_admissions *admissions)
{
	return admissions->late > 0 || (!redis_client_is_up(admissions->redis) &&
					   monotonic_ms() - admissions->down_at > ANSWER_MS);
}

struct ticket *relay_admissions_ask(struct relay_admissions *admissions,
    const struct passed_through *what, const struct key_limits *limits, long long expected,
    void (*done)(void *ctx, const struct admission *admission), void *ctx)
{
	struct ticket *ticket;

	if (is_away(admissions)) {
		warn_away(admissions);
		return NULL;
	}
	ticket = new_ticket(admissions, what);
	ticket->number = ++admissions->last_number;
	ticket->done = done;
	ticket->ctx = ctx;
	limits_write(&ticket->limits, limits, limits_reserve(limits, expected));
	timer_set(&ticket->timer, ANSWER_MS);
	ask(ticket);
	if (ticket->sent || !redis_client_is_up(admissions->redis))
		return ticket;
	warn_away(admissions);
	drop(ticket);
	return NULL;
}

void ticket_abandon(struct ticket *ticket)
{
	ticket->done = NULL;
}

void relay_admissions_settle(struct relay_admissions *admissions, struct ticket *ticket,
    const struct passed_through *what, const struct settlement *settlement)
{
	if (ticket == NULL) {
		use_sums_add(
		    admissions->uses, span_of(what->tenant), span_of(what->label), settlement);
		return;
	}
	ticket->over = true;
	ticket->done = NULL;
	ticket->settlement = *settlement;
	if (ticket->state != TICKET_ASKING)
		tell(ticket);
	else if (!ticket->sent)
		take_error(ticket, ticket->asked ? TICKET_DOUBTFUL : TICKET_FREE);
}

static void send_again(struct ticket *ticket)
{
	if (ticket->sent)
		return;
	if (ticket->state == TICKET_ASKING)
		ask(ticket);
	else if (ticket->over)
		tell(ticket);
}

static void send_all_again(struct relay_admissions *admissions)
{
	struct ticket *ticket = LIST_FIRST(&admissions->open), *next;

	for (; ticket != NULL; ticket = next) {
		next = LIST_NEXT(ticket, link);
		send_again(ticket);
	}
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	send_all_again(ctx);
}

void relay_admissions_up(struct relay_admissions *admissions)
{
	send_all_again(admissions);
}

void relay_admissions_down(struct relay_admissions *admissions)
{
	admissions->down_at = monotonic_ms();
}

struct relay_admissions *relay_admissions_new(struct event_base *base, struct redis_client *redis,
    const struct key_space *space, const char *relay, struct use_sums *uses)
{
	struct relay_admissions *admissions = xcalloc(1, sizeof(*admissions));

	admissions->base = base;
	admissions->redis = redis;
	admissions->space = space;
	admissions->uses = uses;
	admissions->down_at = monotonic_ms();
	passages_key(&admissions->passages, space, relay);
	LIST_INIT(&admissions->open);
	evtimer_assign(&admissions->again, base, on_again, admissions);
	return admissions;
}

void relay_admissions_close(struct relay_admissions *admissions)
{
	struct ticket *ticket = LIST_FIRST(&admissions->open);

	admissions->closed = true;
	evtimer_del(&admissions->again);
	for (; ticket != NULL; ticket = LIST_NEXT(ticket, link))
		ticket_abandon(ticket);
}

void relay_admissions_free(struct relay_admissions *admissions)
{
	while (!LIST_EMPTY(&admissions->open))
		drop(LIST_FIRST(&admissions->open));
	free(admissions);
}
