/*
 * FastCGI records of a response (FastCGI 1.0, sections 3.3 and 5), written straight from where the
 * bytes are, as many as there are in one call.
 */
#ifndef RESPOOL_RECORDS_H
#define RESPOOL_RECORDS_H

#include <stdbool.h>

#include "common/base/buf.h"

/* Bytes for which a peer has a second more, whichever way they go. */
enum { BYTES_PER_SECOND = 16384 };

/* Where the records of a response go. */
struct records_out {
	int fd; /* a socket that does not block */
	int request_id;
	/*
	 * s that the peer may take nothing. What is written in one call may take as long, and one
	 * second more for BYTES_PER_SECOND.
	 */
	double patience;
};

/*
 * Write both parts to standard output of the request; the second function also ends the request.
 * On failure they return false, and nothing more can be sent on the connection.
 */
bool records_write(const struct records_out *out, struct span head, struct span body);
bool records_write_last(const struct records_out *out, struct span head, struct span body);

/* Writes records as they are. */
bool records_write_raw(const struct records_out *out, struct span records);

#endif
