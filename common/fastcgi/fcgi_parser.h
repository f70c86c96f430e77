/*
 * What a web server sends on a FastCGI connection, read from bytes as they come: records (FastCGI
 * 1.0, section 3.3), name-value pairs (3.4), management records (4) and application records (5).
 *
 * Nothing that a length says is believed: libfcgi 2.4.2 adds up those of pairs in an int, and ends
 * the process for some records that are not for a request. This reads no descriptor and sends
 * nothing, so that a process that waits for many connections can use it as well.
 */
#ifndef RESPOOL_FCGI_PARSER_H
#define RESPOOL_FCGI_PARSER_H

#include <stdbool.h>

#include <fastcgi.h>

#include "common/base/buf.h"

enum {
	FCGI_PAIRS_MAX = 262144,   /* bytes of a request's variables */
	FCGI_VARIABLES_MAX = 4096, /* of a request */
	FCGI_STRAYS_MAX = 64, /* records beside those of requests, from one request to the next */
};

enum fcgi_event {
	FCGI_EVENT_NONE,     /* more bytes are needed */
	FCGI_EVENT_REQUEST,  /* a request, with all its variables */
	FCGI_EVENT_BODY,     /* the next bytes of its body */
	FCGI_EVENT_BODY_END, /* there are no more */
	FCGI_EVENT_ABORT,    /* the web server wants no answer any more */
	FCGI_EVENT_REFUSED,  /* a request in a role that is not served here */
	FCGI_EVENT_ERROR,    /* error says why nothing more can be read */
};

/* Zeroed it is ready for a connection. */
struct fcgi_parser {
	int max_requests;  /* at once, to tell web servers that ask; 0 if it is not known */
	struct buf answer; /* records to send; the caller clears it */
	const char *error;

	/* The open request. The variables stay until it has ended. */
	int request_id;        /* 0 if there is none */
	bool keeps_connection; /* the web server wants to use it again */
	char **variables;      /* "NAME=VALUE", NULL behind the last; of a name the first counts */
	struct span body;      /* of FCGI_EVENT_BODY: within the bytes that were parsed */

	/* The rest belongs to fcgi_parser.c. */
	enum { PHASE_PAIRS, PHASE_BODY, PHASE_DONE } phase;
	enum { TAKE_NOTHING, TAKE_CONTENT, TAKE_PAIRS, TAKE_BODY } take; /* of the record */
	union {
		FCGI_Header fields;
		char bytes[FCGI_HEADER_LEN];
	} header;
	size_t header_len; /* bytes of it that have come */
	size_t content_left, padding_left;
	int strays;
	struct buf content; /* of a record that is read as a whole */
	struct buf pairs;
	struct buf text; /* of the variables */
	size_t variables_room;
};

void fcgi_parser_free(struct fcgi_parser *parser);
/* Makes it ready for another connection. */
void fcgi_parser_reset(struct fcgi_parser *parser);

/* Takes bytes off the front up to the next event. A request is open from its begin on. */
enum fcgi_event fcgi_parse(struct fcgi_parser *parser, struct span *bytes);

/* The open request has been answered; the next may begin. */
void fcgi_parser_end_request(struct fcgi_parser *parser);

/* Takes what fills up the last record off the bytes that come next. */
void fcgi_parser_skip_padding(struct fcgi_parser *parser, struct span *bytes);
/* Whether what comes next is a record's header. */
bool fcgi_parser_is_between_records(const struct fcgi_parser *parser);

/* Whether no request is open and no record begun. */
bool fcgi_parser_is_idle(const struct fcgi_parser *parser);

/* Whether the bytes that come next take the open request back. Its body has ended. */
bool fcgi_parser_sees_abort(const struct fcgi_parser *parser, struct span next);

/* The header of a record with so many bytes of content, at most 65535, and no padding. */
FCGI_Header fcgi_header(int type, int request_id, size_t len);

#endif
