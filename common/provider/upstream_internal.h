/*
 * Requests to providers, taken apart: upstream.c starts and ends them, upstream_answer.c takes in
 * what comes, upstream_loop.c has libevent drive libcurl, upstream_handles.c keeps handles for the
 * next requests, upstream_address.c limits where they may go.
 */
#ifndef RESPOOL_UPSTREAM_INTERNAL_H
#define RESPOOL_UPSTREAM_INTERNAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "upstream.h"

enum { UPSTREAM_SPARE = 32, UPSTREAM_REFUSAL_SIZE = 128 };

enum request_state {
	REFUSED,  /* was never given to libcurl; its timer reports that */
	STARTING, /* started from a callback: deferred */
	RUNNING,
	CANCELLED, /* from a callback: deferred */
	ENDED,     /* on_end is running */
};

struct upstream_request {
	struct upstream *upstream;
	LIST_ENTRY(upstream_request) link;          /* of upstream->requests */
	LIST_ENTRY(upstream_request) deferred_link; /* of upstream->deferred */
	enum request_state state;
	enum upstream_end refused_as; /* where state is REFUSED */
	struct upstream_call call;    /* only its callbacks are still valid */
	struct transfer_guard guard;
	CURL *easy;
	struct watch *watch; /* of the socket that it reads from; NULL if there is none */
	bool held;           /* the socket is not looked at */
	bool paused;         /* by upstream_pause() */
	bool news;           /* since the last on_idle; it is in upstream->with_news */
	LIST_ENTRY(upstream_request) news_link;
	struct curl_slist *headers;
	struct buf body;    /* empty once it has been sent */
	struct event timer; /* looks for a time-out; re-armed only when it fires */
	bool answered;      /* a status line has come */
	bool headed;        /* the final head has come */
	size_t discarded;   /* bytes that came after upstream_detach() */
	bool limited;       /* by upstream_limit_addresses() */
	char refused_address[UPSTREAM_REFUSAL_SIZE]; /* the first one, in words; or "" */
	char error[CURL_ERROR_SIZE];
};

LIST_HEAD(request_list, upstream_request);

struct upstream {
	struct event_base *base;
	CURLM *multi;
	const char *ca_file; /* NULL for libcurl's default */
	struct event timer;
	struct request_list requests;
	/* What libcurl forbids inside its callbacks, to be done when it has returned. */
	struct request_list deferred;
	struct request_list with_news;
	bool in_curl;
	CURL *spare[UPSTREAM_SPARE]; /* handles for the next requests */
	int spare_count;
	struct upstream_request *reading; /* by upstream_read(); NULL once it has ended */
};

/* A socket that libcurl wants to be told about. */
struct watch {
	struct event event;
	struct upstream *upstream;
	struct upstream_request *request; /* that uses it; NULL for a connection that is kept */
};

/* Sets a timer, in s; what is too long for it is INT_MAX s. */
void upstream_set_timer(struct event *timer, double seconds);
/* Takes the transfer from libcurl; its connection is closed unless it has been given back already.
 */
void upstream_close_transfer(struct upstream_request *request);
/* Frees it, wherever it stands. */
void upstream_request_free(struct upstream_request *request);

/* A handle with what holds for all requests; NULL if libcurl refuses that. */
CURL *upstream_take_handle(struct upstream *upstream);
/* For the next request. NULL is allowed. */
void upstream_give_handle_back(struct upstream *upstream, CURL *easy);

/* Has libcurl ask call.refuse_address about each address. False if it will not. */
bool upstream_limit_addresses(struct upstream_request *request);
/* Has the request's handle connect to any address again, if it is limited. */
void upstream_lift_address_limits(struct upstream_request *request);
/* Whether it ended, with this code, because of call.refuse_address. */
bool upstream_was_refused_address(const struct upstream_request *request, CURLcode code);

/* libcurl's callbacks of a transfer (CURLOPT_HEADERFUNCTION, CURLOPT_WRITEFUNCTION). */
size_t upstream_on_header(char *p, size_t size, size_t count, void *ctx);
size_t upstream_on_data(char *p, size_t size, size_t count, void *ctx);
/* The request's timer: a time-out, or the end of one that was refused. */
void upstream_on_request_timer(evutil_socket_t fd, short what, void *ctx);

/* Has it end as one that could not be tried, from the event loop. */
void upstream_refuse(struct upstream_request *request, enum upstream_end end, const char *error);
/* Tell the user how it has ended, and free it: by the guard, or as libcurl says. */
void upstream_end_by_guard(struct upstream_request *request);
void upstream_end_transfer(struct upstream_request *request, CURLcode code);

/* Sets the multi handle up. Not 0 if libcurl refuses. */
int upstream_set_multi(struct upstream *upstream, int max_connections);
/* upstream->timer: libcurl has something to do. */
void upstream_on_timer(evutil_socket_t fd, short what, void *ctx);
/* Has libcurl go on, and does what had to wait until it has returned. */
void upstream_drive(struct upstream *upstream, curl_socket_t fd, int events);
void upstream_do_deferred(struct upstream *upstream);
void upstream_hand_to_libcurl(struct upstream_request *request);

/* Bytes have come: on_idle follows when all that there are have been handed on. */
void upstream_note_news(struct upstream_request *request);
void upstream_tell_of_news(struct upstream *upstream);

#endif
