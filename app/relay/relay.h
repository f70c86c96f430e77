/* The relay: every answer that takes its time, thousands of them at once on one event loop. */
#ifndef RESPOOL_RELAY_H
#define RESPOOL_RELAY_H

#include "common/config/config.h"
#include "common/fastcgi/relay_lines.h"

/*
 * Takes requests over from responders and answers them, until SIGTERM, SIGINT or SIGUSR1, or until
 * nobody is left who could hand one over. Then it ends as soon as no answer is open and none waits
 * on its line. After drain_seconds, or at SIGQUIT, it takes no more over, and those that are open
 * are broken off.
 *
 * On SIGUSR2 tells the log what it is at. On SIGHUP reads the configuration again from path, for
 * requests that come from then on; one that has errors is logged and changes nothing. config is
 * held. lines are this process's copy; index says which line is its own. Returns the exit status.
 */
int relay_run(struct config *config, const char *path, struct relay_lines *lines, int index);

#endif
