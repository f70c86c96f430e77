/* What a process does to keep the keys that it holds to itself. */
#ifndef RESPOOL_HARDENING_H
#define RESPOOL_HARDENING_H

/*
 * From now on this process, and what it forks, leaves no core dump, and no other process of the
 * same user can attach to it or read its memory, environment and descriptors in /proc: only root
 * can. To be called before secrets are read. A failure is logged.
 */
void harden_process(void);

#endif
