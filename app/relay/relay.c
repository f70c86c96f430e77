#include "relay.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/base/alloc.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"
#include "common/fastcgi/handover.h"
#include "common/provider/upstream.h"
#include "common/store/event_feed.h"
#include "common/store/relay_store.h"
#include "kept.h"
#include "passage.h"
#include "reader_host.h"

enum {
	OTHER_DESCRIPTORS = 64, /* beside those of passages and readers */
	/* Of a passage: its client, its provider, its message's file, and of each a kept one. */
	DESCRIPTORS_EACH = 5,
	MOST_READERS = 1000000,
	LEAST_READERS = 64, /* however few descriptors there are */
	READERS_WAITING = 256 << 20,
	LONGEST_PAUSE_MS = 4000,
	/* s; a client that is told to wait longer can do so by itself. */
	LONGEST_RETRY_AFTER = 5,
	CONNECTIONS = 256, /* to providers that are kept */
	MOST_REPORTED = 1000,
};

enum { SIGNALS = 6 };
static const int signals[SIGNALS] = {SIGTERM, SIGINT, SIGUSR1, SIGQUIT, SIGUSR2, SIGHUP};

struct relay {
	struct config *config;
	const char *config_path;
	struct relay_lines *lines;
	int index;
	int line;
	int most; /* passages at once */
	/* That readers.feed was made with: it points into its configuration. */
	struct roster *linked;
	struct seats *seats;
	struct event_base *base;
	struct event signal_events[SIGNALS];
	struct event intake;
	struct event reaper; /* frees what has ended */
	struct event drain;
	struct passage_host passages;
	struct reader_host readers;
	struct kept kept;
	bool ending;
	bool leaving;    /* ending, and nothing is left to be done but to tell the store so */
	bool line_ended; /* nobody is left who could hand over */
};

/* How many answers are open. */
static int count_open(const struct relay *relay)
{
	return relay->passages.count + relay->readers.count;
}

/* relay_store_leave() */
static void on_left(void *ctx)
{
	struct relay *relay = ctx;

	event_base_loopbreak(relay->base);
}

/* What comes on the line from now on is its successor's. */
static void leave(struct relay *relay)
{
	relay->leaving = true;
	event_del(&relay->intake);
	if (relay->passages.store != NULL)
		relay_store_leave(relay->passages.store, on_left, relay);
	else
		on_left(relay);
}

static void stop_if_done(struct relay *relay)
{
	if (relay->ending && !relay->leaving && count_open(relay) == 0)
		leave(relay);
}

static void show_load(struct relay *relay)
{
	int open = count_open(relay);

	relay->lines->open[relay->index] = open;
	if (relay->passages.store != NULL)
		relay_store_show(relay->passages.store, open);
}

/* When it ends, nobody may be left to whom the next request could be given. */
static void keep(struct relay *relay, int connection, struct span unread)
{
	if (relay->ending)
		close(connection);
	else
		kept_add(&relay->kept, connection, unread);
}

/* passage_host.ended and reader_host.ended */
static void on_ended(void *ctx, int connection, struct span unread)
{
	struct relay *relay = ctx;

	if (connection >= 0)
		keep(relay, connection, unread);
	event_active(&relay->reaper, EV_TIMEOUT, 0);
	show_load(relay);
}

static void on_reap(evutil_socket_t fd, short what, void *ctx)
{
	struct relay *relay = ctx;

	(void)fd;
	(void)what;
	passages_reap(&relay->passages);
	readers_reap(&relay->readers);
	stop_if_done(relay);
}

static void take_over(struct relay *relay, struct handover *handover, int connection)
{
	if (handover->flags & HANDOVER_IDLE) {
		keep(relay, connection, handover->unread);
		handover_free(handover);
		return;
	}
	if (handover->flags & HANDOVER_FOLLOWS)
		reader_start(&relay->readers, handover, connection);
	else if (relay->passages.count < relay->most &&
		 passage_has_room(&relay->passages, handover))
		passage_start(&relay->passages, handover, connection);
	else
		passage_refuse(&relay->passages, handover, connection, relay->most);
	show_load(relay);
}

static void begin_to_end(struct relay *relay)
{
	struct timeval limit = {relay->config->drain_seconds, 0};

	if (relay->ending)
		return;
	relay->ending = true;
	kept_close(&relay->kept);
	event_add(&relay->drain, &limit);
	if (count_open(relay) > 0)
		log_info("stopping: %d answers have %d s to end", count_open(relay),
		    relay->config->drain_seconds);
}

/* Takes over the next one that waits on the line; false if none does. */
static bool take_next(struct relay *relay)
{
	struct handover handover;
	int connection;

	switch (handover_receive(relay->line, &handover, &connection)) {
	case HANDOVER_RECEIVED:
		take_over(relay, &handover, connection);
		return true;
	case HANDOVER_LOST:
		return true;
	case HANDOVER_NONE:
		return false;
	case HANDOVER_END:
		break;
	}
	relay->line_ended = true;
	event_del(&relay->intake);
	begin_to_end(relay);
	return false;
}

/* One at a time: to look for a second mostly is in vain, and others have their turn. */
static void on_intake(evutil_socket_t fd, short what, void *ctx)
{
	struct relay *relay = ctx;

	(void)fd;
	(void)what;
	take_next(relay);
	stop_if_done(relay);
}

/* What waits on the line is its successor's. */
static void break_off(struct relay *relay)
{
	event_del(&relay->intake);
	passages_break_off(&relay->passages);
	readers_break_off(&relay->readers);
	stop_if_done(relay);
}

static void on_drained(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	break_off(ctx);
}

static void on_stop(evutil_socket_t signal, short what, void *ctx)
{
	struct relay *relay = ctx;

	(void)what;
	if (relay->leaving)
		return;
	begin_to_end(relay);
	/* What is on the line already is still answered. */
	while (!relay->line_ended && take_next(relay))
		continue;
	if (signal == SIGQUIT)
		break_off(relay);
	stop_if_done(relay);
}

/* relay_store.ready: what is known of the deployments bears on the first request already. */
static void on_ready(void *ctx)
{
	struct relay *relay = ctx;

	if (!relay->leaving)
		event_add(&relay->intake, NULL);
}

static void open_store(struct relay *relay)
{
	if (!relay->config->redis.enabled) {
		on_ready(relay);
		return;
	}
	relay->linked = roster_hold(relay->passages.roster);
	relay->readers.feed = event_feed_new(relay->base, &relay->linked->config->redis);
	relay->passages.store =
	    relay_store_new(relay->base, relay->passages.roster, on_ready, relay);
	show_load(relay);
}

static void close_feed(struct relay *relay)
{
	if (relay->readers.feed != NULL)
		event_feed_free(relay->readers.feed);
	relay->readers.feed = NULL;
	roster_free(relay->linked);
	relay->linked = NULL;
}

static void close_store(struct relay *relay)
{
	passages_leave_store(&relay->passages);
	relay_store_free(relay->passages.store);
	relay->passages.store = NULL;
	readers_break_off(&relay->readers);
	readers_reap(&relay->readers);
	close_feed(relay);
}

/*
 * How many passages and readers there may be at once by the descriptors that may be open: passages
 * have what they want, but for a few, and readers the rest.
 */
static void set_bounds(struct relay *relay)
{
	const struct config *config = relay->config;
	const unsigned long long most_readers = config->redis.enabled ? MOST_READERS : 0;
	const unsigned long long others =
	    OTHER_DESCRIPTORS + (config->redis.enabled ? LEAST_READERS * READER_DESCRIPTORS : 0);
	unsigned long long most = (unsigned long long)config->max_passthrough;
	unsigned long long wanted = most * DESCRIPTORS_EACH + others;
	unsigned long long allowed = descriptors_allow(wanted + most_readers * READER_DESCRIPTORS);
	unsigned long long left;

	if (allowed < wanted) {
		most = allowed > others ? (allowed - others) / DESCRIPTORS_EACH : 0;
		most = most == 0 && config->max_passthrough > 0 ? 1 : most;
		log_warnx("%llu file descriptors are too few for max_passthrough: %d; %llu "
			  "requests are passed through at once; raise the limit (ulimit -n) to "
			  "%llu",
		    allowed, config->max_passthrough, most, wanted);
	}
	left = allowed > wanted ? (allowed - wanted) / READER_DESCRIPTORS : 0;
	relay->most = (int)most;
	relay->readers.most =
	    (int)(left + LEAST_READERS < most_readers ? left + LEAST_READERS : most_readers);
	relay->kept.most = relay->most + relay->readers.most;
}

/*
 * New passages and readers use the configuration, and connections to the Redis that it names:
 * readers of another one are broken off.
 */
static void use_config(struct relay *relay)
{
	struct roster *roster = roster_new(relay->config, relay->seats);
	bool keeps_store =
	    relay->passages.store != NULL && relay_store_use(relay->passages.store, roster);

	if (!keeps_store)
		close_store(relay);
	roster_free(relay->passages.roster);
	relay->passages.roster = roster;
	relay->readers.client_timeout = relay->config->client_timeout;
	relay->readers.keepalive_seconds = relay->config->keepalive_seconds;
	set_bounds(relay);
	if (!keeps_store)
		open_store(relay);
}

static void on_hangup(evutil_socket_t signal, short what, void *ctx)
{
	struct relay *relay = ctx;

	(void)signal;
	(void)what;
	if (relay->leaving)
		return;
	if (config_reload(&relay->config, relay->config_path, CONFIG_RESPONDER))
		use_config(relay);
}

static void on_tell(evutil_socket_t signal, short what, void *ctx)
{
	const struct relay *relay = ctx;
	const struct relay_store *store = relay->passages.store;
	const char *redis = store == NULL ? "none" : relay_store_is_up(store) ? "up" : "down";
	const struct log_field fields[] = {
	    LOG_NUMBER("pid", getpid()),
	    LOG_NUMBER("relay", relay->index),
	    LOG_TEXT("state", relay->ending ? "stopping" : "running"),
	    LOG_NUMBER("passages", relay->passages.count),
	    LOG_NUMBER("most_passages", relay->most),
	    LOG_NUMBER("readers", relay->readers.count),
	    LOG_NUMBER("most_readers", relay->readers.most),
	    LOG_NUMBER("held_bytes", (long long)relay->passages.held_bytes),
	    LOG_TEXT("redis", redis),
	};

	(void)signal;
	(void)what;
	log_event("relay_state", fields, sizeof(fields) / sizeof(fields[0]));
	passages_report(&relay->passages, MOST_REPORTED);
	readers_report(&relay->readers, MOST_REPORTED);
}

static event_callback_fn handler_of(int signal)
{
	if (signal == SIGHUP)
		return on_hangup;
	return signal == SIGUSR2 ? on_tell : on_stop;
}

/* errand_host.report */
static void on_report(void *ctx, const struct config *config, const struct deployment *deployment,
    bool failed, long long limit_ms)
{
	struct relay *relay = ctx;

	if (relay->passages.store != NULL)
		relay_store_report(relay->passages.store, config, deployment, failed, limit_ms);
}

/* errand_host.called */
static void on_called(void *ctx, const struct deployment *deployment, enum call_outcome outcome)
{
	const struct relay *relay = ctx;

	if (relay->passages.store != NULL)
		counts_add(relay_store_counts(relay->passages.store), METRIC_PROVIDER_CALLS,
		    deployment->label, call_outcome_word(outcome), 1);
}

static void add_signals(struct relay *relay)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < SIGNALS; i++) {
		event_assign(&relay->signal_events[i], relay->base, signals[i],
		    EV_SIGNAL | EV_PERSIST, handler_of(signals[i]), relay);
		event_add(&relay->signal_events[i], NULL);
		sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void open_relay(struct relay *relay)
{
	struct event_base *base = relay->base;

	relay->passages.errand = (struct errand_host){
	    .base = base,
	    .upstream = upstream_new(base, CONNECTIONS),
	    .report = on_report,
	    .called = on_called,
	    .ctx = relay,
	    .longest_pause_ms = LONGEST_PAUSE_MS,
	    .longest_retry_after = LONGEST_RETRY_AFTER,
	};
	relay->seats = seats_new();
	relay->passages.ended = on_ended;
	relay->passages.ctx = relay;
	passage_host_init(&relay->passages);
	relay->readers.base = base;
	relay->readers.most_waiting = READERS_WAITING;
	relay->readers.ended = on_ended;
	relay->readers.ctx = relay;
	reader_host_init(&relay->readers);
	kept_open(&relay->kept, base, relay->lines->to_responders);
	event_assign(&relay->intake, base, relay->line, EV_READ | EV_PERSIST, on_intake, relay);
	evtimer_assign(&relay->reaper, base, on_reap, relay);
	evtimer_assign(&relay->drain, base, on_drained, relay);
}

static void close_relay(struct relay *relay)
{
	passage_host_close(&relay->passages);
	reader_host_close(&relay->readers);
	close_feed(relay);
	relay_store_free(relay->passages.store);
	if (relay->passages.errand.upstream != NULL)
		upstream_free(relay->passages.errand.upstream);
	roster_free(relay->passages.roster);
	seats_free(relay->seats);
	kept_close(&relay->kept);
	event_del(&relay->intake);
	event_del(&relay->reaper);
	event_del(&relay->drain);
	for (int i = 0; i < SIGNALS; i++)
		event_del(&relay->signal_events[i]);
	event_base_free(relay->base);
	config_free(relay->config);
}

int relay_run(struct config *config, const char *path, struct relay_lines *lines, int index)
{
	struct relay relay = {
	    .config = config_hold(config),
	    .config_path = path,
	    .lines = lines,
	    .index = index,
	    .line = lines->lines[index].from_responders,
	};
	int status = 1;

	signal(SIGPIPE, SIG_IGN);
	srandom((unsigned)getpid() ^ (unsigned)time(NULL));
	relay_lines_be_relay(lines, index);
	log_never_wait();
	relay.base = event_base_new();
	if (relay.base == NULL)
		fatalx("cannot set up the event loop");
	open_relay(&relay);
	add_signals(&relay);
	if (relay.passages.errand.upstream != NULL) {
		use_config(&relay);
		event_base_dispatch(relay.base);
		status = 0;
	} else {
		log_warnx("cannot set up libcurl");
	}
	close_relay(&relay);
	return status;
}
