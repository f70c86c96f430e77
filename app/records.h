/*
 * FastCGI records of a response (FastCGI 1.0, section 3.3), written straight from where the bytes
 * are. The library copies all that is sent through a buffer of 8 KB; for what is large, that is a
 * copy and many writes too much.
 */
#ifndef RESPOOL_RECORDS_H
#define RESPOOL_RECORDS_H

#include <stdbool.h>

#include "../common/buf.h"

/*
 * Writes the bytes to standard output of the request. What the library has buffered must have been
 * flushed. On failure returns false, and nothing more can be sent on the connection.
 */
bool records_write(int fd, int request_id, struct span bytes);

#endif
