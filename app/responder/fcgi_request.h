/*
 * A FastCGI connection, and one request on it after the other. The streams are libfcgi's, with
 * FCGX_GetStr(), FCGX_PutStr() and what else it has for them; what is on the wire is read by
 * fcgi_parser.c and written by records.c, with a bound on the time that a peer may take.
 */
#ifndef RESPOOL_FCGI_REQUEST_H
#define RESPOOL_FCGI_REQUEST_H

#include <stdbool.h>

#include <fcgiapp.h>

#include "common/base/buf.h"
#include "common/fastcgi/fcgi_parser.h"
#include "records.h"

struct fcgi_request {
	int fd;    /* the connection, or -1 */
	bool keep; /* it can be used again after this request; cleared by who spoils it */
	FCGX_Stream in;
	FCGX_Stream out;
	FCGX_ParamArray environment;
	double patience; /* s for a request, and one more for each BYTES_PER_SECOND of its body */

	/* The rest belongs to fcgi_request.c. */
	struct fcgi_parser parser;
	struct records_out to;
	double began;       /* s: when the request's first bytes were there */
	size_t body_bytes;  /* that have come */
	bool ended;         /* the last record has been sent */
	bool aborted;       /* the web server has taken the request back */
	struct span unread; /* within received */
	char *received;
	char *unsent;
};

/* max_requests is how many all processes together can serve at once, 0 if that is not known. */
void fcgi_request_init(struct fcgi_request *request, double patience, int max_requests);
/* Closes the connection as well. */
void fcgi_request_free(struct fcgi_request *request);

/* Takes a connection in place of the one that is open. The socket must not block. */
void fcgi_request_open(struct fcgi_request *request, int fd);
/*
 * Takes a connection that a relay has given back on this line, in place of the one that is open, of
 * which nothing is unread. False if there is none.
 */
bool fcgi_request_take_back(struct fcgi_request *request, int line);
/* Closes the connection, if one is open: this process's descriptor of it. */
void fcgi_request_close(struct fcgi_request *request);

/* Whether bytes have been read that belong to a request which has not begun. */
bool fcgi_request_has_unread(const struct fcgi_request *request);

/*
 * Reads a request up to its body. To be called when there is something to read. Returns false if
 * there is no request: what came was none, or was wrong and the connection is closed.
 */
bool fcgi_request_read(struct fcgi_request *request);

/*
 * Reads what is left of the body. False if it is not known to have ended: it is too long, or came
 * too slowly, or the connection broke. That one is closed when the request is finished.
 */
bool fcgi_request_discard_rest(struct fcgi_request *request);

/* Whether the web server has taken the request back. Nothing is read to find out. */
bool fcgi_request_aborted(const struct fcgi_request *request);

/* Sends what is in the stream and then the bytes, which are not copied. False if that failed. */
bool fcgi_request_send(struct fcgi_request *request, struct span bytes);
/* The same for the last bytes of an answer, which may end the request at once. */
bool fcgi_request_send_last(struct fcgi_request *request, struct span bytes);

/* Ends the request, and closes the connection unless it can be used again. */
void fcgi_request_finish(struct fcgi_request *request);

#endif
