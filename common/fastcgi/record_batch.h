/*
 * FastCGI records of a response (FastCGI 1.0, sections 3.3 and 5), sent straight from where the
 * bytes are, as many as there are in one call, to a socket that does not block.
 */
#ifndef RESPOOL_RECORD_BATCH_H
#define RESPOOL_RECORD_BATCH_H

#include <stdbool.h>
#include <sys/uio.h>

#include <fastcgi.h>

#include "common/base/buf.h"

enum {
	BATCH_MOST_IN_RECORD = 65528, /* bytes of 8 each, as many as a record can have */
	BATCH_MOST_RECORDS = 16,      /* beside those at the end */
};

/* What ends a response: standard output is closed, and then the request. */
struct response_ending {
	FCGI_Header last_output;
	FCGI_EndRequestRecord end;
};

/* What is to be sent in one call. It points into itself: not to be copied once it has parts. */
struct record_batch {
	int request_id;
	int records;
	int count; /* of parts */
	struct iovec parts[2 * BATCH_MOST_RECORDS + 1];
	FCGI_Header headers[BATCH_MOST_RECORDS];
	struct response_ending ending;
};

void record_batch_init(struct record_batch *batch, int request_id);

/*
 * Adds records of standard output, and takes off *bytes what they hold: all of it, or as much as
 * there is room for. The bytes are not copied.
 */
void record_batch_add(struct record_batch *batch, struct span *bytes);

/* Adds what ends the response. There is always room for it, once. */
void record_batch_end(struct record_batch *batch);

/* Adds records as they are. There is room for them in an empty batch. */
void record_batch_add_raw(struct record_batch *batch, struct span records);

enum batch_result {
	BATCH_SENT,   /* all of it; the batch is empty again */
	BATCH_WAITS,  /* the peer takes no more now; what is left stays in the batch */
	BATCH_FAILED, /* errno says why; nothing more can be sent */
};

enum batch_result record_batch_send(struct record_batch *batch, int fd);

/* Appends what is left, for when the bytes that it points to go. */
void record_batch_copy_rest(const struct record_batch *batch, struct buf *out);

#endif
