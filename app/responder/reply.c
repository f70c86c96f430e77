#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/log.h"
enum { LARGE = 16384 }; /* bytes that are worth a call of their own */

static const struct {
	int status;
	const char *reason;
	const char *header; /* what RFC 9110 and clients expect beside this status, or NULL */
	const char *value;
} statuses[] = {
    {200, "OK", NULL, NULL},
    {304, "Not Modified", NULL, NULL},
    {400, "Bad Request", NULL, NULL},
    {401, "Unauthorized", "WWW-Authenticate", "Bearer"},
    {404, "Not Found", NULL, NULL},
    {405, "Method Not Allowed", NULL, NULL},
    {413, "Content Too Large", NULL, NULL},
    {429, "Too Many Requests", "Retry-After", "5"},
    {500, "Internal Server Error", NULL, NULL},
    {501, "Not Implemented", "x-should-retry", "false"},
    {502, "Bad Gateway", NULL, NULL},
    {503, "Service Unavailable", "Retry-After", "2"},
    {504, "Gateway Timeout", NULL, NULL},
};

/* With every answer: it is one client's, and is what its type says. */
#define NOSNIFF "X-Content-Type-Options: nosniff\r\n"
static const char kept_headers[] = "Cache-Control: private, no-cache\r\n" NOSNIFF;
static const char unkept_headers[] = "Cache-Control: private, no-store\r\n" NOSNIFF;

enum { STATUS_TABLE_SIZE = sizeof(statuses) / sizeof(statuses[0]) };

/* STATUS_TABLE_SIZE if it is none that respool itself answers. */
static size_t find_status(int status)
{
	size_t i = 0;

	while (i < STATUS_TABLE_SIZE && statuses[i].status != status)
		i++;
	return i;
}

void reply_init(struct reply *reply)
{
	*reply = (struct reply){0};
	if (getrandom(reply->random, sizeof(reply->random), 0) != sizeof(reply->random))
		fatal("getrandom");
	reply->random[0] |= 1; /* a state of all zeros would stay so */
}

void reply_free(struct reply *reply)
{
	buf_free(&reply->head);
	buf_free(&reply->text);
}

/* xorshift128+: ids need to differ, not to be secret. */
static uint64_t next_random(struct reply *reply)
{
	uint64_t a = reply->random[0];
	uint64_t b = reply->random[1];

	reply->random[0] = b;
	a ^= a << 23;
	reply->random[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
	return reply->random[1] + b;
}

static bool usable_request_id(const char *id)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len;

	if (id == NULL)
		return false;
	len = strspn(id, allowed);
	return len > 0 && len <= REQUEST_ID_MAX && id[len] == '\0';
}

void reply_begin(
    struct reply *reply, struct fcgi_request *fcgi, bool without_body, const char *request_id)
{
	reply->fcgi = fcgi;
	reply->without_body = without_body;
	reply->may_be_kept = false;
	buf_clear(&reply->head);
	reply->request_id[0] = '\0';
	reply_set_request_id(reply, request_id);
	if (reply->request_id[0] == '\0')
		snprintf(reply->request_id, sizeof(reply->request_id),
		    "req_%016" PRIx64 "%016" PRIx64, next_random(reply), next_random(reply));
}

void reply_set_request_id(struct reply *reply, const char *request_id)
{
	if (usable_request_id(request_id))
		snprintf(reply->request_id, sizeof(reply->request_id), "%s", request_id);
}

void reply_let_keep(struct reply *reply)
{
	reply->may_be_kept = true;
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
	buf_puts(&reply->head, name);
	buf_puts(&reply->head, ": ");
	buf_puts(&reply->head, value);
	buf_puts(&reply->head, "\r\n");
}

static bool put(struct reply *reply, struct span bytes)
{
	struct fcgi_request *fcgi = reply->fcgi;

	if (bytes.len < LARGE)
		return FCGX_PutStr(bytes.p, (int)bytes.len, &fcgi->out) == (int)bytes.len;
	return fcgi_request_send(fcgi, bytes);
}

static bool send_head(struct reply *reply, int status)
{
	size_t i = find_status(status);

	reply_header(reply, "x-request-id", reply->request_id);
	buf_puts(&reply->head, reply->may_be_kept ? kept_headers : unkept_headers);
	buf_printf(&reply->head, "Status: %d %s\r\n\r\n", status,
	    i < STATUS_TABLE_SIZE ? statuses[i].reason : "Unknown");
	return put(reply, buf_span(&reply->head));
}

void reply_json(struct reply *reply, int status, struct span body)
{
	buf_printf(
	    &reply->head, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
	send_head(reply, status);
	if (reply->without_body)
		return;
	if (body.len < LARGE)
		put(reply, body);
	else
		fcgi_request_send_last(reply->fcgi, body);
}

bool reply_relay_head(struct reply *reply, int status)
{
	return send_head(reply, status);
}

bool reply_relay_body(struct reply *reply, struct span bytes)
{
	return reply->without_body || put(reply, bytes);
}

bool reply_flush(struct reply *reply)
{
	return FCGX_FFlush(&reply->fcgi->out) == 0;
}

void reply_not_modified(struct reply *reply)
{
	send_head(reply, 304);
}

void reply_error(struct reply *reply, const struct api_error *error)
{
	size_t i = find_status(error->status);

	buf_clear(&reply->text);
	api_error_json(&reply->text, error);
	if (i < STATUS_TABLE_SIZE && statuses[i].header != NULL)
		reply_header(reply, statuses[i].header, statuses[i].value);
	reply_json(reply, error->status, buf_span(&reply->text));
}

bool reply_etag_matches(const char *if_none_match, const char *etag)
{
	const char *p = if_none_match;
	size_t len = strlen(etag);

	if (p == NULL)
		return false;
	for (;;) {
		p += strspn(p, " \t,");
		if (*p == '*')
			return true;
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		if (*p != '"')
			return false;
		if (strncmp(p, etag, len) == 0)
			return true;
		p = strchr(p + 1, '"');
		if (p == NULL)
			return false;
		p++;
	}
}
