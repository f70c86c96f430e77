/*
 * Who is told of the end of background responses: the keys respool.webhooks and
 * respool.allow_request_webhooks.
 */
#ifndef RESPOOL_WEBHOOKS_CONFIG_H
#define RESPOOL_WEBHOOKS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

enum {
	WEBHOOK_NAME_MAX = 64,
	WEBHOOK_NAME_SIZE = WEBHOOK_NAME_MAX + 1,
	/* Bytes of a secret's key (Standard Webhooks 1.0.0). */
	WEBHOOK_KEY_MIN = 24,
	WEBHOOK_KEY_MAX = 64,
	WEBHOOK_DIGEST_SIZE = 16 + 1,
};

struct webhook_secret {
	unsigned char key[WEBHOOK_KEY_MAX]; /* the bytes behind "whsec_" */
	size_t len;
};

/* Which of the four ends of a response it is told of, as bits. */
enum webhook_event {
	WEBHOOK_COMPLETED = 1 << 0,
	WEBHOOK_FAILED = 1 << 1,
	WEBHOOK_INCOMPLETE = 1 << 2,
	WEBHOOK_CANCELLED = 1 << 3,
	WEBHOOK_ALL_EVENTS = (1 << 4) - 1,
};

struct webhook_endpoint {
	char *name; /* [A-Za-z0-9._-]{1,64}; made of the URL if the file says none */
	char *url;  /* http or https, without user, password and fragment */
	char *site; /* what of the URL may be shown: "https://example.com:8443" */
	struct webhook_secret *secrets; /* none where the program does not send */
	size_t secret_count;
	unsigned events; /* of enum webhook_event */
	bool all_tenants;
	char **tenants; /* unless all_tenants; there may be none */
	size_t tenant_count;
	bool internal;    /* private addresses are allowed, and plain http to them */
	bool is_loopback; /* the URL's host is this machine: its own addresses are allowed */
	int max_parallel; /* deliveries at once, of each worker */
	/*
	 * 16 hex digits made of all the above: whether the endpoint is still as it was when it
	 * asked to be told nothing any more. The same in every process that knows the secrets.
	 */
	char digest[WEBHOOK_DIGEST_SIZE];
};

struct webhooks_config {
	struct webhook_endpoint *endpoints;
	size_t count;
	bool by_request; /* a request may name endpoints: X-Respool-Webhook */
	/*
	 * The endpoints as the scripts read them (scripts/shared/deliveries.lua), or NULL if there
	 * is none: of each a line with its name, a blank, the states that it is told of, as
	 * ",completed,failed,", a blank, and its tenants, each between two bytes 31 ("\37web\37ops"
	 * "\37"; "\37" if there is none), or "*" for all.
	 */
	char *lines;
};

/* Whether an endpoint can be called so. */
bool webhook_name_valid(const char *name);

/* The endpoint of that name, or NULL. */
const struct webhook_endpoint *webhook_find(
    const struct webhooks_config *webhooks, const char *name);

#endif
