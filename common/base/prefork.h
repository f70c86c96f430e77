/*
 * A parent that keeps a number of children alive: both programs with -w.
 */
#ifndef RESPOOL_PREFORK_H
#define RESPOOL_PREFORK_H

#include <sys/types.h>

/*
 * What a child runs; slot is 0 … count-1 and stays the same when the child is replaced, predecessor
 * is the process id of the child that had the slot before and has ended, or 0. Its return value is
 * the exit status.
 */
typedef int prefork_child_fn(void *ctx, int slot, pid_t predecessor);

struct prefork {
	int count;
	prefork_child_fn *child;
	/* In the parent; each may be NULL. */
	void (*started)(void *ctx);  /* the first children have been started */
	void (*reload)(void *ctx);   /* on SIGHUP */
	void (*report)(void *ctx);   /* on SIGUSR2 */
	void (*stopping)(void *ctx); /* on the first signal to stop */
	void *ctx;
	/*
	 * So many of the last slots serve the others: they are told to stop when those have ended
	 * or have had 5 s for that, and have grace_seconds from then on; they are started again
	 * within a second, also while the others end.
	 */
	int servants;
	const int *grace_seconds; /* after SIGTERM before SIGKILL; looked at when that comes */
};

/*
 * Forks the children and replaces each that ends, at once the first time and with a delay that
 * doubles up to 10 s while children of that slot end within 10 s of their start. On SIGTERM,
 * SIGINT or SIGUSR1 sends SIGTERM to the children and returns 0 when all have ended; at a second
 * one they get another, and servants SIGQUIT: they are to end at once. SIGHUP is passed on, and so
 * is SIGUSR2, at which the log is told of the children: of each a line. Returns 1 if no child could
 * ever be started. Children get default signal handling, with SIGHUP and SIGUSR2 blocked until they
 * are ready for them, and end if the parent dies (PR_SET_PDEATHSIG SIGTERM).
 */
int prefork_run(const struct prefork *prefork);

#endif
