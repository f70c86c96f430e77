#include "prefork.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "log.h"

static const double quick_end = 10;    /* s: a child that ends sooner is started again later */
static const double first_delay = 0.1; /* s */
static const double longest_delay = 10;
static const double servants_delay = 1;
static const double masters_time = 5; /* s, to end before servants are told to */
static const double never = 1e18;

struct child {
	pid_t pid; /* 0 while none runs */
	pid_t predecessor;
	double started_at;
	double start_at; /* when to start the next one */
	double delay;    /* before the start after the next quick end */
};

struct parent {
	const struct prefork *prefork;
	struct child *children;
	sigset_t signals; /* that the parent waits for */
	sigset_t callers_mask;
	bool stopping;
	bool servants_told; /* to stop */
	double servants_at; /* when they are told at the latest */
	bool started_any;
	double kill_at;
};

static const int watched_signals[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGCHLD};
enum { WATCHED_COUNT = sizeof(watched_signals) / sizeof(watched_signals[0]) };

/* A child's side of the fork. SIGTERM is let through only when it has its default action again. */
static void run_child(struct parent *parent, int slot, pid_t predecessor, pid_t parent_pid)
{
	const struct prefork *prefork = parent->prefork;
	sigset_t mask = parent->callers_mask;

	free(parent->children);
	for (int i = 0; i < WATCHED_COUNT; i++) {
		signal(watched_signals[i], SIG_DFL);
		sigdelset(&mask, watched_signals[i]);
	}
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGUSR2);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent_pid) /* it ended before the line above */
		exit(0);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	exit(prefork->child(prefork->ctx, slot, predecessor));
}

static bool is_servant(const struct parent *parent, int slot)
{
	return slot >= parent->prefork->count - parent->prefork->servants;
}

/* How long to wait now, and twice as long the next time; nothing the first time. */
static double take_delay(struct parent *parent, int slot)
{
	struct child *child = &parent->children[slot];
	double delay = child->delay;
	double longest = is_servant(parent, slot) ? servants_delay : longest_delay;

	child->delay = delay == 0 ? first_delay : 2 * delay;
	if (child->delay > longest)
		child->delay = longest;
	return delay;
}

static void start_child(struct parent *parent, int slot)
{
	struct child *child = &parent->children[slot];
	pid_t parent_pid = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_child(parent, slot, child->predecessor, parent_pid);
	if (pid < 0) {
		log_warn("cannot start child %d", slot);
		child->start_at = monotonic_seconds() + first_delay + take_delay(parent, slot);
		return;
	}
	child->pid = pid;
	child->started_at = monotonic_seconds();
	parent->started_any = true;
}

/* While the others end, they still need their servants. */
static bool may_start(const struct parent *parent, int slot)
{
	return !parent->stopping || (is_servant(parent, slot) && !parent->servants_told);
}

static void start_due_children(struct parent *parent)
{
	double time = monotonic_seconds();

	for (int slot = 0; slot < parent->prefork->count; slot++) {
		struct child *child = &parent->children[slot];

		if (child->pid == 0 && may_start(parent, slot) && child->start_at <= time)
			start_child(parent, slot);
	}
}

static void log_end(int slot, pid_t pid, int status, double delay)
{
	char how[64];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	log_warnx(
	    "child %d (process %d) %s; starting another in %.1f s", slot, (int)pid, how, delay);
}

static void child_ended(struct parent *parent, int slot, int status)
{
	struct child *child = &parent->children[slot];
	double delay = 0;

	if (may_start(parent, slot)) {
		if (monotonic_seconds() - child->started_at < quick_end)
			delay = take_delay(parent, slot);
		else
			child->delay = 0;
		log_end(slot, child->pid, status, delay);
	}
	child->predecessor = child->pid;
	child->pid = 0;
	child->start_at = monotonic_seconds() + delay;
}

/* As the first process of a container it also gets those that others leave behind. */
static void reap_children(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int slot = 0; slot < parent->prefork->count; slot++) {
			if (parent->children[slot].pid == pid)
				child_ended(parent, slot, status);
		}
	}
}

/* Those that run, or only those that are no servants. */
static int count_children(const struct parent *parent, bool masters_only)
{
	int running = 0;

	for (int slot = 0; slot < parent->prefork->count; slot++)
		running +=
		    parent->children[slot].pid != 0 && !(masters_only && is_servant(parent, slot));
	return running;
}

static void signal_children(const struct parent *parent, int signal_number)
{
	for (int slot = 0; slot < parent->prefork->count; slot++) {
		if (parent->children[slot].pid != 0)
			kill(parent->children[slot].pid, signal_number);
	}
}

static void signal_kind(const struct parent *parent, int signal_number, bool servants)
{
	for (int slot = 0; slot < parent->prefork->count; slot++) {
		if (parent->children[slot].pid != 0 && is_servant(parent, slot) == servants)
			kill(parent->children[slot].pid, signal_number);
	}
}

/* Once the others have ended, or have had their time. */
static void stop_servants(struct parent *parent)
{
	double now = monotonic_seconds();

	if (!parent->stopping || parent->servants_told || parent->prefork->servants == 0 ||
	    (count_children(parent, true) > 0 && now < parent->servants_at))
		return;
	parent->servants_told = true;
	parent->kill_at = now + *parent->prefork->grace_seconds;
	signal_kind(parent, SIGTERM, true);
}

static void tell(const struct parent *parent, void (*hook)(void *ctx))
{
	if (hook != NULL)
		hook(parent->prefork->ctx);
}

static void stop(struct parent *parent)
{
	bool again = parent->stopping;

	if (!again) {
		parent->kill_at = monotonic_seconds() + *parent->prefork->grace_seconds;
		parent->servants_at = monotonic_seconds() + masters_time;
		tell(parent, parent->prefork->stopping);
	}
	parent->stopping = true;
	signal_kind(parent, SIGTERM, false);
	if (again) {
		parent->servants_told = true;
		signal_kind(parent, SIGQUIT, true);
	}
}

static void kill_overdue_children(struct parent *parent)
{
	if (!parent->stopping || monotonic_seconds() < parent->kill_at)
		return;
	log_warnx("%d children did not end within %d s, killing them",
	    count_children(parent, false), *parent->prefork->grace_seconds);
	signal_children(parent, SIGKILL);
	parent->kill_at = never;
}

/* When something is to be done even if no signal comes. */
static double next_deadline(const struct parent *parent)
{
	double deadline = never;

	if (parent->stopping)
		deadline = parent->kill_at;
	if (parent->stopping && !parent->servants_told && parent->prefork->servants > 0 &&
	    parent->servants_at < deadline)
		deadline = parent->servants_at;
	for (int slot = 0; slot < parent->prefork->count; slot++) {
		const struct child *child = &parent->children[slot];

		if (child->pid == 0 && may_start(parent, slot) && child->start_at < deadline)
			deadline = child->start_at;
	}
	return deadline;
}

/* The signal that came, or -1 when the deadline has come first. */
static int wait_for_signal(const struct parent *parent, double deadline)
{
	double seconds = deadline - monotonic_seconds();
	struct timespec timeout;

	if (deadline == never)
		return sigwaitinfo(&parent->signals, NULL);
	if (seconds < 0)
		seconds = 0;
	timeout.tv_sec = (time_t)seconds;
	timeout.tv_nsec = (long)((seconds - (double)timeout.tv_sec) * 1e9);
	return sigtimedwait(&parent->signals, NULL, &timeout);
}

static void report_child(const struct parent *parent, int slot)
{
	const struct child *child = &parent->children[slot];
	const double now = monotonic_seconds();
	const bool runs = child->pid != 0;
	const struct log_field fields[] = {
	    LOG_NUMBER("pid", getpid()),
	    LOG_NUMBER("slot", slot),
	    LOG_NUMBER("child", runs ? child->pid : LOG_UNKNOWN),
	    LOG_TEXT("state", runs                      ? "running"
			      : may_start(parent, slot) ? "due"
							: "ended"),
	    LOG_NUMBER(
		"since_ms", runs ? (long long)((now - child->started_at) * 1000) : LOG_UNKNOWN),
	};

	log_event("child_state", fields, sizeof(fields) / sizeof(fields[0]));
}

/* They tell what they do themselves. */
static void report(const struct parent *parent)
{
	const struct log_field fields[] = {
	    LOG_NUMBER("pid", getpid()),
	    LOG_TEXT("state", parent->stopping ? "stopping" : "running"),
	    LOG_NUMBER("children", count_children(parent, false)),
	};

	log_event("parent_state", fields, sizeof(fields) / sizeof(fields[0]));
	for (int slot = 0; slot < parent->prefork->count; slot++)
		report_child(parent, slot);
	tell(parent, parent->prefork->report);
	signal_children(parent, SIGUSR2);
}

static void handle_signal(struct parent *parent, int signal_number)
{
	switch (signal_number) {
	case SIGTERM:
	case SIGINT:
	case SIGUSR1:
		stop(parent);
		break;
	case SIGHUP:
		tell(parent, parent->prefork->reload);
		signal_children(parent, SIGHUP);
		break;
	case SIGUSR2:
		report(parent);
		break;
	case SIGCHLD:
		reap_children(parent);
		break;
	}
}

static void block_signals(struct parent *parent)
{
	sigemptyset(&parent->signals);
	for (int i = 0; i < WATCHED_COUNT; i++)
		sigaddset(&parent->signals, watched_signals[i]);
	sigprocmask(SIG_BLOCK, &parent->signals, &parent->callers_mask);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take the children's exit status away */
}

int prefork_run(const struct prefork *prefork)
{
	struct parent parent = {.prefork = prefork};

	parent.children = xcalloc((size_t)prefork->count, sizeof(parent.children[0]));
	block_signals(&parent);
	start_due_children(&parent);
	if (parent.started_any)
		tell(&parent, prefork->started);
	while (parent.started_any && (!parent.stopping || count_children(&parent, false) > 0)) {
		handle_signal(&parent, wait_for_signal(&parent, next_deadline(&parent)));
		kill_overdue_children(&parent);
		stop_servants(&parent);
		start_due_children(&parent);
	}
	/* Another signal to stop is not to spoil the exit status. */
	if (!parent.stopping)
		sigprocmask(SIG_SETMASK, &parent.callers_mask, NULL);
	free(parent.children);
	return parent.started_any ? 0 : 1;
}
