/*
 * Requests to providers, and those of webhooks: libcurl's multi socket interface driven by
 * libevent. One struct upstream per worker or relay, and another one for a worker's webhooks; its
 * connections are kept for its next requests. HTTP/2 is used where libcurl is 8.12 or later and the
 * server offers it, with one stream per connection. Certificates are
 * verified against the system's store, or the file that $CURL_CA_BUNDLE or $SSL_CERT_FILE names.
 * Redirects are not followed.
 * The process must ignore SIGPIPE.
 */
#ifndef RESPOOL_UPSTREAM_H
#define RESPOOL_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/socket.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "common/base/buf.h"
#include "transfer_guard.h"

struct upstream;
struct upstream_request;

/* How a request ended. */
enum upstream_end {
	/*
	 * The whole body came: its framing says so. Of an answer that is no success (2xx), as much
	 * as is read of one: transfer_guard_be_brief().
	 */
	UPSTREAM_COMPLETE,
	/*
	 * The connection closed, and neither length nor chunks say whether that was the end. Over
	 * TLS too: libcurl does not tell whether the provider closed it properly.
	 */
	UPSTREAM_UNFRAMED,
	UPSTREAM_NOT_ASKED,    /* call.fault says why */
	UPSTREAM_NOT_REACHED,  /* no connection, no TLS, no answer: not even a status line came */
	UPSTREAM_DISCONNECTED, /* broke off after the answer began */
	UPSTREAM_TIMEOUT,      /* one of its times has passed */
	UPSTREAM_INVALID,      /* sends what is no answer, or too much of it: transfer_guard.h */
};

struct upstream_result {
	enum upstream_end end;
	long status;        /* HTTP, 0 if no head came */
	double retry_after; /* s, from Retry-After (seconds or HTTP-date); negative if none */
	const char *error;  /* for the log and for the client, "" if COMPLETE; holds no secrets */
};

struct upstream_call {
	const char *method; /* "POST", or one that has no body */
	const char *url;
	/* transfer_headers(); upstream_start() adds to the list, and frees it in the end. */
	struct curl_slist *headers;
	const char *fault; /* why there are none; NULL: there are */
	const char *accept;
	struct buf *body; /* of a POST; taken out of it */
	struct transfer_times times;

	/*
	 * What speaks against an address that the URL's host has, as "is not public", or NULL:
	 * nothing is sent to one that is refused, and if the host has no other, the request ends as
	 * NOT_REACHED with these words. Connections that were kept are asked about, too, and no
	 * proxy is used. It may call nothing of upstream's. Where it is NULL, any address will do,
	 * and proxies are as the environment says.
	 */
	const char *(*refuse_address)(void *ctx, const struct sockaddr *address);
	/*
	 * The answer's head has come; not called for an interim one (1xx). easy is for
	 * curl_easy_getinfo() and curl_easy_nextheader(), and stays valid until on_end has
	 * returned. Returns whether the body does not matter: transfer_guard_be_brief().
	 */
	bool (*on_head)(void *ctx, CURL *easy, long status);
	/* Bytes of the body; false ends the request without a call of on_end. */
	bool (*on_body)(void *ctx, struct span bytes);
	/* What has come so far has been handed on. May be NULL. */
	void (*on_idle)(void *ctx);
	/* The request has ended by itself; it is freed after the call. */
	void (*on_end)(void *ctx, const struct upstream_result *result);
	void *ctx;
};

/* Keeps up to max_connections for reuse. NULL if libcurl cannot be set up. */
struct upstream *upstream_new(struct event_base *base, int max_connections);
/* Ends all requests without a call of theirs. Not to be called from a callback. */
void upstream_free(struct upstream *upstream);

/*
 * Starts a request. Callbacks come from the event loop, never from within this call. May be called
 * from a callback. Of what call points to only headers and body are kept. Never NULL: what cannot
 * even be tried ends as NOT_REACHED.
 */
struct upstream_request *upstream_start(
    struct upstream *upstream, const struct upstream_call *call);

/*
 * Closes the request's connection now and frees the request; no callback follows. May be called
 * from a callback, also from the request's own.
 */
void upstream_cancel(struct upstream_request *request);

/*
 * Lets what comes wait in its socket until upstream_read(): to read many small pieces together
 * costs less than to read each. Time-outs go on. To be called from the request's on_body.
 */
void upstream_hold(struct upstream_request *request);
/*
 * Reads what has come since upstream_hold(), with calls of the callbacks from within this one, and
 * from then on everything as it comes, unless a callback holds it again. Returns false if the
 * request has ended with it.
 */
bool upstream_read(struct upstream_request *request);

/*
 * Stops reading: the callers cannot take more now. A piece or two may still come from within the
 * call of libcurl that is going on. While it lasts no silence is counted.
 */
void upstream_pause(struct upstream_request *request);
/* Goes on. Callbacks may come from within this call; not to be called from one of the request's. */
void upstream_resume(struct upstream_request *request);

/* The first event has come, or none is due; to be called from on_head or on_body. */
void upstream_note_event(struct upstream_request *request);
/* The answer is no stream, which its head says: only the time of the whole bounds it. */
void upstream_be_patient(struct upstream_request *request);

/*
 * All that matters has come: no callback follows, and the request is freed by itself. Its
 * connection is kept for the next one if the answer ends within a second.
 */
void upstream_detach(struct upstream_request *request);

#endif
