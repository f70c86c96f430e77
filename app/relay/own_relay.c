#include "own_relay.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"

enum { LEAST_LIFE_MS = 1000 }; /* from one start to the next */

struct own_relay {
	pid_t pid;           /* 0: none runs */
	int handle;          /* of the process (pidfd_open(2)); -1 if none runs */
	long long runs_from; /* when it was started, or is to begin after a pause */
};

void own_relays_init(struct own_relays *relays)
{
	relays->relays = xcalloc((size_t)relays->lines->count, sizeof(relays->relays[0]));
	for (int i = 0; i < relays->lines->count; i++)
		relays->relays[i].handle = -1;
}

/*
 * What is for the relay is left for it: a signal that ended it before it is ready would take the
 * requests on its line with it.
 */
static sigset_t block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return set;
}

/* A signal cuts it short, and is still there for the relay. */
static void pause_for(long long ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
	sigset_t set = block_signals();
	int number;

	if (ms <= 0)
		return;
	number = sigtimedwait(&set, NULL, &time);
	if (number > 0)
		raise(number);
}

/* In the child: of all descriptors it needs its ends of the lines alone. */
static void run_child(struct own_relays *relays, int number, long long pause_ms)
{
	const int needed[] = {
	    relays->lines->lines[number].from_responders, relays->lines->to_responders};

	descriptors_close_but(needed, 2);
	pause_for(pause_ms);
	/* The parent's memory is left as it is: nothing of it is the child's to free. */
	_exit(relays->run(relays->ctx, number));
}

/* Requests wait on the line until it begins. */
static void start(struct own_relays *relays, int number)
{
	struct own_relay *relay = &relays->relays[number];
	long long now = monotonic_ms(), begins = now;
	pid_t pid;

	if (relay->runs_from != 0 && relay->runs_from + LEAST_LIFE_MS > now)
		begins = relay->runs_from + LEAST_LIFE_MS;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_child(relays, number, begins - now);
	if (pid < 0) {
		log_warn("cannot start a relay");
		return;
	}
	relay->pid = pid;
	relay->handle = (int)syscall(SYS_pidfd_open, pid, 0);
	relay->runs_from = begins;
}

static void close_handle(struct own_relay *relay)
{
	if (relay->handle >= 0)
		close(relay->handle);
	relay->handle = -1;
	relay->pid = 0;
}

/* Whether it runs; takes note if it has ended. */
static bool runs(struct own_relay *relay)
{
	if (relay->pid == 0)
		return false;
	if (waitpid(relay->pid, NULL, WNOHANG) != relay->pid)
		return true;
	log_warnx("the relay (process %d) has ended", (int)relay->pid);
	close_handle(relay);
	return false;
}

bool own_relay_ensure(struct own_relays *relays, int number)
{
	struct own_relay *relay = &relays->relays[number];

	if (!runs(relay))
		start(relays, number);
	return relay->pid != 0;
}

int own_relay_handle(const struct own_relays *relays, int number)
{
	return relays->relays[number].handle;
}

static void signal_all(const struct own_relays *relays, int number)
{
	for (int i = 0; i < relays->lines->count; i++) {
		if (relays->relays[i].pid != 0)
			kill(relays->relays[i].pid, number);
	}
}

void own_relays_reload(const struct own_relays *relays)
{
	signal_all(relays, SIGHUP);
}

void own_relays_tell(const struct own_relays *relays)
{
	signal_all(relays, SIGUSR2);
}

/* For the signals that end this process, which are blocked. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void pass_signal_on(const struct own_relays *relays, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		signal_all(relays, SIGQUIT);
}

static bool wait_for_end(
    const struct own_relays *relays, const struct own_relay *relay, int signals, long long until)
{
	struct pollfd fds[] = {
	    {.fd = relay->handle, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	long long left = until - monotonic_ms();

	while (left > 0) {
		if (poll(fds, 2, (int)left) > 0 && fds[0].revents != 0)
			return true;
		pass_signal_on(relays, signals);
		left = until - monotonic_ms();
	}
	return false;
}

void own_relays_stop(struct own_relays *relays)
{
	long long until = monotonic_ms() + relays->grace_seconds * 1000LL;
	int signals = open_signals();

	signal_all(relays, SIGTERM);
	for (int i = 0; i < relays->lines->count; i++) {
		struct own_relay *relay = &relays->relays[i];

		if (relay->pid == 0)
			continue;
		if (!wait_for_end(relays, relay, signals, until))
			kill(relay->pid, SIGKILL);
		waitpid(relay->pid, NULL, 0);
		close_handle(relay);
	}
	if (signals >= 0)
		close(signals);
	free(relays->relays);
}
