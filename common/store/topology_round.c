#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "retry_pause.h"
#include "topology_internal.h"

enum {
	/* That one may take before the next is asked as well, and that the last may take. */
	NEXT_MS = 150,
	LAST_MS = 1000,
	BAD_MS = 5000, /* that one who has not answered comes last */
	/* Between rounds: when nobody has answered, … */
	FIRST_PAUSE_MS = 100,
	LONGEST_PAUSE_MS = 1000,
	/* … when a server is doubted, or still named although it is doubted, … */
	DOUBT_MS = 200,
	STILL_DOUBTED_MS = 500,
	DOUBT_LASTS_MS = 3000,
	/* … when a slot has moved, and when nothing has happened. */
	MOVED_MS = 1000,
	QUIET_MS = 30000,
};

static void set_timer(struct topology *topology, int ms)
{
	topology->next_at = monotonic_ms() + ms;
	timer_set(&topology->timer, ms);
}

/* Up to as much again is left to chance, so that many processes do not ask in step. */
static void ask_in(struct topology *topology, int ms)
{
	set_timer(topology, ms + (int)(random() % (ms + 1)));
}

/* Asks when the last answer is so long ago; one after a round without any comes early enough. */
static void ask_after(struct topology *topology, int ms)
{
	long long now = monotonic_ms(), at = topology->answered_at + ms;

	if (topology->asking || topology->pause_ms != 0 || at >= topology->next_at)
		return;
	set_timer(topology, at > now ? (int)(at - now) : 0);
}

static void move(struct inquiry *inquiry, struct inquiries *to)
{
	LIST_REMOVE(inquiry, place);
	LIST_INSERT_HEAD(to, inquiry, place);
}

/* It may be within a call of its connection, and is freed when the loop turns. */
static void let_go(struct inquiry *inquiry)
{
	static const struct timeval now = {0, 0};
	struct topology *topology = inquiry->topology;

	inquiry->over = true;
	move(inquiry, &topology->over);
	evtimer_add(&topology->reap, &now);
}

static void let_all_go(struct inquiries *inquiries)
{
	while (!LIST_EMPTY(inquiries))
		let_go(LIST_FIRST(inquiries));
}

static void free_inquiries(struct inquiries *inquiries)
{
	struct inquiry *inquiry;

	while ((inquiry = LIST_FIRST(inquiries)) != NULL) {
		LIST_REMOVE(inquiry, place);
		inquiry_free(inquiry);
	}
}

static void on_reap(evutil_socket_t fd, short what, void *ctx)
{
	struct topology *topology = ctx;

	(void)fd;
	(void)what;
	free_inquiries(&topology->over);
}

static struct topology_witness *find_witness(
    struct topology *topology, const struct redis_address *address)
{
	for (size_t i = 0; i < topology->witness_count; i++)
		if (redis_address_same(&topology->witnesses[i].address, address))
			return &topology->witnesses[i];
	return NULL;
}

static void note_bad(struct topology *topology, const struct redis_address *address)
{
	struct topology_witness *witness = find_witness(topology, address);

	if (witness != NULL)
		witness->bad_until = monotonic_ms() + BAD_MS;
}

static void add_witness(struct topology *topology, const struct redis_address *address)
{
	size_t count = topology->witness_count + 1;

	if (find_witness(topology, address) != NULL)
		return;
	topology->witnesses = xrealloc(topology->witnesses, count * sizeof(*topology->witnesses));
	topology->order = xrealloc(topology->order, count * sizeof(*topology->order));
	topology->witnesses[topology->witness_count++] =
	    (struct topology_witness){.address = *address};
}

static void add_configured(struct topology *topology)
{
	const struct redis_nodes *nodes = topology->kind == REDIS_CLUSTER
					      ? &topology->config->startup_nodes
					      : &topology->config->sentinels;
	struct redis_address address;

	for (size_t i = 0; i < nodes->count; i++)
		if (redis_address_set(&address, nodes->list[i].host, nodes->list[i].port))
			add_witness(topology, &address);
}

/* Those of the configuration, and of a Cluster the servers that are known now. */
static void renew_witnesses(struct topology *topology)
{
	struct topology_witness *old = topology->witnesses;
	size_t count = topology->witness_count;

	topology->witnesses = NULL;
	topology->witness_count = 0;
	add_configured(topology);
	for (size_t i = 0; i < topology->slots.node_count; i++)
		add_witness(topology, &topology->slots.nodes[i]);
	for (size_t i = 0; i < count; i++) {
		struct topology_witness *kept = find_witness(topology, &old[i].address);

		if (kept != NULL)
			kept->bad_until = old[i].bad_until;
	}
	free(old);
}

/* Those that are not known to be bad come first; else each takes its turn. */
static void order_witnesses(struct topology *topology)
{
	long long now = monotonic_ms();
	size_t count = 0;

	for (int bad = 0; bad < 2; bad++) {
		for (size_t i = 0; i < topology->witness_count; i++) {
			size_t index = (topology->first + i) % topology->witness_count;

			if ((topology->witnesses[index].bad_until > now) == bad)
				topology->order[count++] = index;
		}
	}
}

static void report_failure(struct topology *topology)
{
	if (topology->reported)
		return;
	topology->reported = true;
	if (topology->kind == REDIS_CLUSTER)
		log_warnx("Redis: no server of the Cluster says who has which slot: %s; asking "
			  "again",
		    topology->error);
	else
		log_warnx("Redis: no Sentinel names the master \"%s\": %s; asking again",
		    topology->config->service_name, topology->error);
}

static void end_round(struct topology *topology)
{
	topology->asking = false;
	let_all_go(&topology->open);
}

static void round_failed(struct topology *topology)
{
	end_round(topology);
	report_failure(topology);
	topology->pause_ms = retry_pause_next(topology->pause_ms, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
	ask_in(topology, topology->pause_ms / 2);
}

static void ask_next(struct topology *topology)
{
	const size_t index = topology->order[topology->asked++];
	struct inquiry *inquiry = inquiry_new(topology, &topology->witnesses[index].address);

	LIST_INSERT_HEAD(&topology->open, inquiry, place);
	set_timer(topology, topology->asked < topology->witness_count ? NEXT_MS : LAST_MS);
}

static void note_error(
    struct topology *topology, const struct redis_address *address, const char *why)
{
	char text[REDIS_ADDRESS_TEXT_SIZE];

	snprintf(topology->error, sizeof(topology->error), "%s: %s",
	    redis_address_text(address, text), why);
}

static void give_up_open(struct topology *topology)
{
	struct inquiry *inquiry;

	LIST_FOREACH (inquiry, &topology->open, place) {
		note_bad(topology, &inquiry->address);
		note_error(topology, &inquiry->address, "no answer in time");
	}
	round_failed(topology);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct topology *topology = ctx;

	(void)fd;
	(void)what;
	if (!topology->asking) {
		topology->asking = true;
		topology->asked = 0;
		order_witnesses(topology);
	}
	if (topology->asked < topology->witness_count)
		ask_next(topology);
	else
		give_up_open(topology);
}

void topology_begin_rounds(struct topology *topology)
{
	snprintf(topology->connection, sizeof(topology->connection), "respool-%s-topology",
	    topology->role);
	slot_map_init(&topology->slots);
	LIST_INIT(&topology->open);
	LIST_INIT(&topology->over);
	LIST_INIT(&topology->heeded);
	evtimer_assign(&topology->timer, topology->base, on_timer, topology);
	evtimer_assign(&topology->reap, topology->base, on_reap, topology);
	add_configured(topology);
	set_timer(topology, 0);
}

void topology_end_rounds(struct topology *topology)
{
	free_inquiries(&topology->open);
	free_inquiries(&topology->over);
	free_inquiries(&topology->heeded);
	evtimer_del(&topology->timer);
	evtimer_del(&topology->reap);
	free(topology->witnesses);
	free(topology->order);
	slot_map_free(&topology->slots);
}

/* Who has answered is asked first the next time; or last, if that has not settled the doubt. */
static void choose_first(
    struct topology *topology, const struct redis_address *answered, bool doubted)
{
	struct topology_witness *witness = find_witness(topology, answered);
	size_t index = witness != NULL ? (size_t)(witness - topology->witnesses) : 0;

	topology->first = (index + doubted) % topology->witness_count;
}

static void note_answer(struct topology *topology, const struct redis_address *answered)
{
	long long now = monotonic_ms();
	bool doubted =
	    now < topology->doubted_until && topology_names(topology, &topology->doubted);

	if (topology->reported)
		log_info("Redis: the %s again",
		    topology->kind == REDIS_CLUSTER ? "Cluster answers" : "Sentinels answer");
	topology->reported = false;
	topology->pause_ms = 0;
	topology->answered_at = now;
	choose_first(topology, answered, doubted);
	if (doubted)
		set_timer(topology, STILL_DOUBTED_MS);
	else
		ask_in(topology, QUIET_MS);
}

void topology_answered(struct topology *topology, struct inquiry *inquiry, const redisReply *reply)
{
	char why[TOPOLOGY_ERROR_SIZE];

	if (!topology_take(topology, reply, &inquiry->address, why)) {
		topology_unanswered(topology, inquiry, why);
		return;
	}
	if (topology->kind == REDIS_SENTINEL) {
		let_all_go(&topology->heeded);
		move(inquiry, &topology->heeded);
	}
	end_round(topology);
	renew_witnesses(topology);
	note_answer(topology, &inquiry->address);
	topology_tell(topology);
}

void topology_told(struct topology *topology)
{
	end_round(topology);
	topology->pause_ms = 0;
	topology->answered_at = monotonic_ms();
	ask_in(topology, QUIET_MS);
	topology_tell(topology);
}

void topology_unanswered(struct topology *topology, struct inquiry *inquiry, const char *why)
{
	bool heeded = inquiry == LIST_FIRST(&topology->heeded);

	note_bad(topology, &inquiry->address);
	note_error(topology, &inquiry->address, why);
	let_go(inquiry);
	if (heeded)
		ask_after(topology, DOUBT_MS);
	else if (topology->asked < topology->witness_count)
		ask_next(topology);
	else if (LIST_EMPTY(&topology->open))
		round_failed(topology);
}

void topology_suspect(struct topology *topology, const struct redis_address *server)
{
	note_bad(topology, server);
	topology->doubted = *server;
	topology->doubted_until = monotonic_ms() + DOUBT_LASTS_MS;
	ask_after(topology, DOUBT_MS);
}

void topology_ask_later(struct topology *topology)
{
	ask_after(topology, MOVED_MS);
}
