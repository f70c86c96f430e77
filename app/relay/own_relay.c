#include "own_relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"

enum { QUICK_END_MS = 1000 }; /* one that ends sooner is started again later */

struct own_relay {
	pid_t pid;  /* 0: none runs */
	int handle; /* of the process (pidfd_open(2)); -1 if none runs */
	long long started_at;
};

void own_relays_init(struct own_relays *relays)
{
	relays->relays = xcalloc((size_t)relays->lines->count, sizeof(relays->relays[0]));
	for (int i = 0; i < relays->lines->count; i++)
		relays->relays[i].handle = -1;
}

/* In the child: of all descriptors it needs its ends of the lines alone. */
static void run_child(struct own_relays *relays, int number)
{
	const int needed[] = {
	    relays->lines->lines[number].from_responders, relays->lines->to_responders};
	sigset_t hangup;

	descriptors_close_but(needed, 2);
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP); /* until it is ready for it */
	sigprocmask(SIG_SETMASK, &hangup, NULL);
	/* The parent's memory is left as it is: nothing of it is the child's to free. */
	_exit(relays->run(relays->ctx, number));
}

static void start(struct own_relays *relays, int number)
{
	struct own_relay *relay = &relays->relays[number];
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_child(relays, number);
	if (pid < 0) {
		log_warn("cannot start a relay");
		return;
	}
	relay->pid = pid;
	relay->handle = (int)syscall(SYS_pidfd_open, pid, 0);
	relay->started_at = monotonic_ms();
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

	if (runs(relay))
		return true;
	if (relay->started_at != 0 && monotonic_ms() - relay->started_at < QUICK_END_MS)
		return false;
	start(relays, number);
	return relay->pid != 0;
}

int own_relay_handle(const struct own_relays *relays, int number)
{
	return relays->relays[number].handle;
}

void own_relays_reload(const struct own_relays *relays)
{
	for (int i = 0; i < relays->lines->count; i++) {
		if (relays->relays[i].pid != 0)
			kill(relays->relays[i].pid, SIGHUP);
	}
}

static void end_relay(struct own_relay *relay, int grace_seconds)
{
	struct pollfd fd = {.fd = relay->handle, .events = POLLIN};
	int ready;

	kill(relay->pid, SIGTERM);
	do
		ready = poll(&fd, 1, grace_seconds * 1000);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		kill(relay->pid, SIGKILL);
	waitpid(relay->pid, NULL, 0);
	close_handle(relay);
}

void own_relays_stop(struct own_relays *relays)
{
	for (int i = 0; i < relays->lines->count; i++) {
		if (relays->relays[i].pid != 0)
			end_relay(&relays->relays[i], relays->grace_seconds);
	}
	free(relays->relays);
}
