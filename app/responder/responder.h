/* The responder: accepts FastCGI connections and answers their requests one after the other. */
#ifndef RESPOOL_RESPONDER_H
#define RESPOOL_RESPONDER_H

#include "activity.h"
#include "common/config/config.h"
#include "relay_access.h"

/*
 * Serves until SIGTERM, SIGINT or SIGUSR1: an idle responder ends at once, a busy one after the
 * request that it is answering. On SIGHUP reads the configuration again from path, between two
 * requests; one that has errors is logged and changes nothing. config is held. listen_fd must not
 * block; several processes may share it: children says how many of ours do, 0 if that is not known.
 * What takes long is handed over to relays. activity is told what it does; at SIGUSR2 the log is
 * told, if no parent does that (children is 0), between two requests. Returns the exit status: 0,
 * or 1 after logging why it cannot go on.
 */
int responder_run(struct config *config, const char *path, int children,
    const struct relay_access *relays, struct activity *activity, int listen_fd);

#endif
