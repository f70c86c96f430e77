/*
 * A bound on how many of a parent's children do something at once. The slots are in memory that the
 * parent maps before it forks, and nobody else can reach them. Each holds the process that has
 * taken it; the parent gives back those of a child that has ended.
 */
#ifndef RESPOOL_BUSY_SLOTS_H
#define RESPOOL_BUSY_SLOTS_H

#include <stdbool.h>
#include <sys/types.h>

struct busy_slots;

/* To be called before the children are forked. There are as many slots as children. */
struct busy_slots *busy_slots_map(int children);
/* NULL is allowed. The memory lasts as long as a process has it mapped. */
void busy_slots_unmap(struct busy_slots *slots);

/*
 * Takes a slot for this process unless most processes have one already; false then. A process has
 * one at most.
 */
bool busy_slots_take(struct busy_slots *slots, int most);
void busy_slots_give_back(struct busy_slots *slots);

/* In the parent: gives back what a child that has ended held. */
void busy_slots_release(struct busy_slots *slots, pid_t child);

#endif
