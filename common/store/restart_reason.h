/*
 * Why a job is given back, or was taken from its worker: a word for the counters and its history.
 */
#ifndef RESPOOL_RESTART_REASON_H
#define RESPOOL_RESTART_REASON_H

enum restart_reason {
	RESTART_WORKER_LOST,    /* "worker_lost": its lease ended */
	RESTART_WORKER_STOPPED, /* "worker_stopped": it was told to end */
	RESTART_DRAINED,        /* "drained": an operator wanted it so */
	RESTART_BROKEN_OFF,     /* "broken_off": by the provider, in the middle */
	RESTART_EVENTS_LOST,    /* "events_lost": Redis has lost some that were told */
	RESTART_OVERTAKEN, /* "overtaken": another worker has told readers something meanwhile */
	RESTART_REASONS
};

/* The word. */
const char *restart_reason_word(enum restart_reason reason);

#endif
