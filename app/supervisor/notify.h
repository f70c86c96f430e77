/*
 * Tells a service manager how the program fares, by the protocol of sd_notify(3): a datagram to the
 * unix socket that $NOTIFY_SOCKET names. Without that variable these do nothing; what goes wrong is
 * only logged.
 */
#ifndef RESPOOL_NOTIFY_H
#define RESPOOL_NOTIFY_H

/* It has started, or has read its configuration again. */
void notify_ready(void);
/* It reads its configuration again; notify_ready() has to follow, also if that fails. */
void notify_reloading(void);
/* It is about to end. */
void notify_stopping(void);

#endif
