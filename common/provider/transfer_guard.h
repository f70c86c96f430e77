/*
 * The bounds of one request to a provider: what the answer
 * may take of time, of headers, and of work that brings nothing. The functions of a transfer's
 * callbacks return false when it is to end; end and error then say how, and stay.
 */
#ifndef RESPOOL_TRANSFER_GUARD_H
#define RESPOOL_TRANSFER_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "common/base/buf.h"

enum {
	/* Of all heads, interim ones too, and of trailers; each line counts 64 bytes more. */
	TRANSFER_HEADER_BYTES = 256 * 1024,
	/* Of an answer of which the status says nearly everything. */
	TRANSFER_BRIEF_BYTES = 64 * 1024,
	TRANSFER_BRIEF_SECONDS = 10,
};

enum transfer_end {
	TRANSFER_GOES_ON,
	TRANSFER_ENOUGH,  /* a brief one has been read as far as it is wanted */
	TRANSFER_LATE,    /* one of its times is over */
	TRANSFER_INVALID, /* not to be taken for an answer */
};

/* s; what is 0 has no bound, but for the first. */
struct transfer_times {
	double whole;       /* of the transfer */
	double first_event; /* from its beginning until its first event: silence counts later */
	double silence;     /* without a byte for the callbacks */
};

struct transfer_guard {
	struct transfer_times times; /* first_event is 0 once it has come */
	double begun_at;             /* of the monotonic clock */
	double ends_at;              /* likewise */
	double last_byte;            /* likewise, when it came; at first when the transfer began */
	enum transfer_end end;
	char error[80]; /* in words, where it is LATE or INVALID; holds nothing of the answer */
	/* The rest is for transfer_guard.c alone. */
	bool brief;
	size_t header_bytes, brief_bytes;
	long turns;
};

/* The transfer begins now. */
void transfer_guard_begin(struct transfer_guard *guard, struct transfer_times times);

/* Gives the transfer other times, which begin now. */
void transfer_guard_restart(struct transfer_guard *guard, struct transfer_times times);

/* The first event has come, or none is due: its time is no longer a bound, and silence is one. */
void transfer_guard_note_event(struct transfer_guard *guard);

/* What comes is no stream: the time of the whole is its only bound. */
void transfer_guard_be_patient(struct transfer_guard *guard);

/* For CURLOPT_HEADERFUNCTION: a line of a head or of trailers. */
bool transfer_guard_header(struct transfer_guard *guard, struct span line);

/*
 * For CURLOPT_WRITEFUNCTION: so many bytes of the body. They are good ones also if it returns
 * false: what came with them is to be used before the transfer ends.
 */
bool transfer_guard_body(struct transfer_guard *guard, size_t len);

/*
 * The answer's head has come, and nobody waits for all of its body: it is read for
 * TRANSFER_BRIEF_SECONDS and up to TRANSFER_BRIEF_BYTES at most.
 */
void transfer_guard_be_brief(struct transfer_guard *guard);

/*
 * libcurl is about to read what has come in a socket. False if it has done so far too often
 * without anything for the callbacks: a provider can send such things for ever.
 */
bool transfer_guard_turn(struct transfer_guard *guard, CURL *easy);

/* Ends the transfer as INVALID. */
void transfer_guard_refuse(struct transfer_guard *guard, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* libcurl has ended the transfer with this code: takes note if that is a matter of the guard's. */
void transfer_guard_note_code(struct transfer_guard *guard, CURLcode code);

/* s until one of the times is over; if one is, end has been set. */
double transfer_guard_time_left(struct transfer_guard *guard);

/* Whether a time is over that bytes or an event would have ended. */
bool transfer_guard_waits_in_vain(const struct transfer_guard *guard);

#endif
