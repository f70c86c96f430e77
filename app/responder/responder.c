#include "responder.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/fastcgi/handover.h"
#include "fcgi_request.h"
#include "handlers.h"
#include "listen.h"

enum {
	/* An open connection that has been quiet for so long makes way for one that waits. */
	KEPT_QUIET_MS = 100,
	FRESH_QUIET_MS = 2000,
	FIRST_BYTES_MS = 100, /* that a new connection has for its request when the end has come */
	ACCEPT_PAUSE_MS = 100,
};

/* What there is to do. */
enum work {
	WORK_NONE,
	WORK_CONNECTION, /* bytes on the open connection, or its end */
	WORK_RETURNED,   /* a connection that a relay gives back */
	WORK_LISTENER,   /* a connection to accept */
	WORK_STOP,
	WORK_FAILED,
};

/*
 * Signals that end the responder are blocked and come in through a descriptor, so they cannot
 * interrupt a request, and none is missed between looking and waiting.
 */
struct responder {
	int listen_fd;
	int signal_fd;
	int epoll_fd;
	bool fresh;  /* nothing has come on the open connection yet */
	bool ending; /* a signal has come */
	bool reload; /* SIGHUP has come */
	bool tell;   /* SIGUSR2 has come */
	const struct relay_access *relays;
	struct config *config;
	struct responder_setup setup;
	struct fcgi_request fcgi;
	struct handlers handlers;
};

static bool watch(struct responder *responder, int fd, unsigned events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(responder->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int open_signal_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGUSR1); /* FastCGI process managers ask so for an end */
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void take_signals(struct responder *responder)
{
	struct signalfd_siginfo info;

	while (read(responder->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			responder->reload = true;
		else if (info.ssi_signo == SIGUSR2)
			responder->tell = true;
		else
			responder->ending = true;
	}
}

static bool watch_all(struct responder *responder)
{
	return responder->signal_fd >= 0 && watch(responder, responder->signal_fd, EPOLLIN) &&
	       watch(responder, responder->listen_fd, EPOLLIN | EPOLLEXCLUSIVE) &&
	       watch(responder, responder->relays->lines->from_relays, EPOLLIN | EPOLLEXCLUSIVE);
}

static bool open_responder(struct responder *responder, struct config *config, const char *path,
    int children, const struct relay_access *relays, struct activity *activity, int listen_fd)
{
	*responder = (struct responder){.listen_fd = listen_fd,
	    .epoll_fd = -1,
	    .fcgi.fd = -1,
	    .relays = relays,
	    .config = config_hold(config)};
	signal(SIGPIPE, SIG_IGN);
	srandom((unsigned)getpid() ^ (unsigned)time(NULL));
	responder->signal_fd = open_signal_fd();
	responder->setup = (struct responder_setup){path, children, relays, activity};
	activity_start(activity);
	handlers_open(&responder->handlers, config, &responder->setup);
	if (FCGX_Init() != 0) {
		log_warnx("cannot set up the FastCGI library");
		return false;
	}
	fcgi_request_init(&responder->fcgi, config->client_timeout, children);
	responder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!watch_all(responder)) {
		log_warn("cannot watch the listening socket");
		return false;
	}
	return true;
}

static void close_responder(struct responder *responder)
{
	fcgi_request_free(&responder->fcgi);
	if (responder->signal_fd >= 0)
		close(responder->signal_fd);
	if (responder->epoll_fd >= 0)
		close(responder->epoll_fd);
	handlers_close(&responder->handlers);
	config_free(responder->config);
}

static void reload(struct responder *responder)
{
	responder->reload = false;
	if (responder->relays->reload != NULL)
		responder->relays->reload(responder->relays->ctx);
	handlers_close(&responder->handlers);
	config_reload(&responder->config, responder->setup.config_path, CONFIG_RESPONDER);
	handlers_open(&responder->handlers, responder->config, &responder->setup);
	responder->fcgi.patience = responder->config->client_timeout;
}

/* A parent tells it for all its responders, whatever they are at. */
static void tell(struct responder *responder)
{
	responder->tell = false;
	if (responder->setup.children > 0)
		return;
	activity_report(responder->setup.activity);
	if (responder->relays->tell != NULL)
		responder->relays->tell(responder->relays->ctx);
}

/* Waits for a while on the open connection alone. */
static enum work wait_for_bytes(struct responder *responder)
{
	struct pollfd fds[2] = {
	    {.fd = responder->fcgi.fd, .events = POLLIN},
	    {.fd = responder->signal_fd, .events = POLLIN},
	};

	if (poll(fds, 2, responder->fresh ? FRESH_QUIET_MS : KEPT_QUIET_MS) <= 0)
		return WORK_NONE;
	if (fds[1].revents != 0)
		take_signals(responder);
	return fds[0].revents != 0 ? WORK_CONNECTION : WORK_NONE;
}

/* Relays of this process's own are started again when they have died. */
static void watch_relays(struct responder *responder)
{
	const struct relay_access *relays = responder->relays;

	for (int i = 0; relays->handle != NULL && i < relays->lines->count; i++) {
		int handle = relays->handle(relays->ctx, i);

		if (handle >= 0) /* mostly it is watched already */
			watch(responder, handle, EPOLLIN);
	}
}

static void revive_relay(struct responder *responder, int handle)
{
	const struct relay_access *relays = responder->relays;

	for (int i = 0; relays->handle != NULL && i < relays->lines->count; i++) {
		if (relays->handle(relays->ctx, i) == handle)
			relays->ensure(relays->ctx, i);
	}
}

/* Waits for the next connection, or for the open one. */
static enum work wait_for_any(struct responder *responder)
{
	int connection = responder->fcgi.fd;
	int returns = responder->relays->lines->from_relays;
	struct epoll_event events[4];
	enum work work = WORK_NONE, other = WORK_NONE;
	int count;

	watch_relays(responder);
	if (connection >= 0)
		watch(responder, connection, EPOLLIN);
	count = epoll_wait(responder->epoll_fd, events, 4, -1);
	if (connection >= 0)
		epoll_ctl(responder->epoll_fd, EPOLL_CTL_DEL, connection, NULL);
	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == responder->signal_fd)
			take_signals(responder);
		else if (events[i].data.fd == connection)
			work = WORK_CONNECTION;
		else if (events[i].data.fd == returns || events[i].data.fd == responder->listen_fd)
			other = events[i].data.fd == returns ? WORK_RETURNED : WORK_LISTENER;
		else
			revive_relay(responder, events[i].data.fd);
	}
	return work != WORK_NONE ? work : other;
}

/* A web server that has just connected is about to send its request. */
static enum work last_work(struct responder *responder)
{
	struct pollfd fd = {.fd = responder->fcgi.fd, .events = POLLIN};

	if (responder->fresh && poll(&fd, 1, FIRST_BYTES_MS) > 0)
		return WORK_CONNECTION;
	return WORK_STOP;
}

/*
 * What is found together with the signal is still done: a connection to accept, as no other process
 * has been woken for it, or a request.
 */
static enum work wait_for_work(struct responder *responder)
{
	enum work work = WORK_NONE;

	if (responder->ending)
		return last_work(responder);
	if (fcgi_request_has_unread(&responder->fcgi))
		return WORK_CONNECTION;
	if (responder->fcgi.fd >= 0)
		work = wait_for_bytes(responder);
	if (work == WORK_NONE && !responder->ending)
		work = wait_for_any(responder);
	return work;
}

/*
 * To close a connection that the web server has kept could lose the request that is on its way: a
 * relay can wait for that.
 */
static void leave_kept_connection(struct responder *responder)
{
	const struct handover idle = {.flags = HANDOVER_IDLE};
	struct relay_lines *lines = responder->relays->lines;
	int relay;

	if (responder->fcgi.fd < 0 || responder->fresh || responder->relays->ensure != NULL ||
	    !fcgi_parser_is_idle(&responder->fcgi.parser))
		return;
	relay = relay_lines_choose(lines);
	handover_send(lines->lines[relay].to_relay, &idle, responder->fcgi.fd, 0);
	fcgi_request_close(&responder->fcgi);
}

/* Takes a connection in place of the one that is open. */
static enum work accept_connection(struct responder *responder)
{
	int fd = listen_accept(responder->listen_fd);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		log_warn("cannot accept a connection");
		poll(NULL, 0, ACCEPT_PAUSE_MS);
		return WORK_NONE;
	}
	if (fd < 0 && (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)) {
		log_warn("the listening socket is lost");
		return WORK_FAILED;
	}
	if (fd < 0) /* another process has taken it, or the client is gone */
		return WORK_NONE;
	leave_kept_connection(responder);
	fcgi_request_open(&responder->fcgi, fd);
	responder->fresh = true;
	return WORK_LISTENER;
}

static void take_returned(struct responder *responder)
{
	leave_kept_connection(responder);
	if (fcgi_request_take_back(&responder->fcgi, responder->relays->lines->from_relays))
		responder->fresh = true;
}

static void serve_request(struct responder *responder)
{
	if (!fcgi_request_read(&responder->fcgi))
		return;
	responder->fresh = false;
	handlers_answer(&responder->handlers, &responder->fcgi);
	/* It may have been handed over. */
	if (responder->fcgi.fd >= 0)
		fcgi_request_finish(&responder->fcgi);
}

int responder_run(struct config *config, const char *path, int children,
    const struct relay_access *relays, struct activity *activity, int listen_fd)
{
	struct responder responder;
	enum work work = WORK_FAILED;

	if (open_responder(&responder, config, path, children, relays, activity, listen_fd)) {
		do {
			work = wait_for_work(&responder);
			if (work == WORK_LISTENER)
				work = accept_connection(&responder);
			else if (work == WORK_RETURNED)
				take_returned(&responder);
			/* Mostly the request comes with the connection. */
			if (work != WORK_NONE && responder.fcgi.fd >= 0)
				serve_request(&responder);
			if (responder.reload)
				reload(&responder);
			if (responder.tell)
				tell(&responder);
		} while (work != WORK_STOP && work != WORK_FAILED);
	}
	close_responder(&responder);
	return work == WORK_STOP ? 0 : 1;
}
