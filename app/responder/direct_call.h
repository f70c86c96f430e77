/*
 * One request to a provider while a client waits for it. The call blocks; connections are kept for
 * the next one. It ends early when the client has gone.
 */
#ifndef RESPOOL_DIRECT_CALL_H
#define RESPOOL_DIRECT_CALL_H

#include <stdbool.h>

#include <curl/curl.h>

#include "common/base/buf.h"
#include "client_watch.h"

struct direct_caller;

/* NULL if libcurl cannot be set up. The process must ignore SIGPIPE. */
struct direct_caller *direct_caller_open(void);
void direct_caller_close(struct direct_caller *caller);

enum direct_end {
	DIRECT_COMPLETE,     /* the whole body came, or as much of it as on_head wanted */
	DIRECT_UNFRAMED,     /* the connection closed, and nothing says whether that was the end */
	DIRECT_NOT_REACHED,  /* not even a status line came */
	DIRECT_DISCONNECTED, /* broke off after the answer began */
	/* Its status is none of a final answer (RFC 9110 section 15), or transfer_guard.h. */
	DIRECT_INVALID,
	DIRECT_TIMEOUT,
	DIRECT_STOPPED, /* by on_body or on_idle */
	DIRECT_CLIENT_GONE,
	DIRECT_PROCESS_ENDS,
};

struct direct_call {
	const char *method; /* "GET", "POST" or "DELETE" */
	const char *url;
	struct curl_slist *headers;
	struct span body;      /* of a POST */
	double timeout;        /* s, the whole call */
	double stream_timeout; /* s without a byte */
	/*
	 * Returns whether the body does not matter, and is to be read for a moment only:
	 * transfer_guard_be_brief(). easy is for curl_easy_getinfo() and curl_easy_nextheader().
	 */
	bool (*on_head)(void *ctx, CURL *easy, long status);
	/*
	 * Each returns false to stop the call. on_idle comes when all that has arrived has been
	 * handed on.
	 */
	bool (*on_body)(void *ctx, struct span bytes);
	bool (*on_idle)(void *ctx);
	void *ctx;
};

struct direct_result {
	enum direct_end end;
	long status;        /* 0 if no head came */
	double retry_after; /* s; negative if the answer has none */
	char error[CURL_ERROR_SIZE];
};

void direct_call(struct direct_caller *caller, const struct direct_call *call,
    struct client_watch *watch, struct direct_result *result);

#endif
