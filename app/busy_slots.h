/*
 * A bound on how many processes do something at once. The kernel keeps the count, as locks on bytes
 * of a file that all of them can read, so that a process that dies gives back what it had, and
 * processes need not have a parent in common: those of one configuration file share the bound.
 */
#ifndef RESPOOL_BUSY_SLOTS_H
#define RESPOOL_BUSY_SLOTS_H

#include <stdbool.h>

struct busy_slots {
	int fd;   /* -1 if the file cannot be opened: there is no bound then */
	int held; /* the slot that this process has, or -1 */
};

/*
 * The locks are lost whenever the process closes any descriptor of the same file: nothing may read
 * it while a slot is held (POSIX.1-2017, fcntl).
 */
void busy_slots_open(struct busy_slots *slots, const char *path);
void busy_slots_close(struct busy_slots *slots);

/* Takes one of count slots; false if other processes hold them all. */
bool busy_slots_take(struct busy_slots *slots, int count);
void busy_slots_give_back(struct busy_slots *slots);

#endif
