#include "reply.h"

#include <string.h>
#include <sys/random.h>

#include "common/base/hex.h"
#include "common/base/log.h"

enum { LARGE = 16384 }; /* bytes that are worth a call of their own */

void reply_init(struct reply *reply)
{
	*reply = (struct reply){0};
	if (getrandom(reply->random, sizeof(reply->random), 0) != sizeof(reply->random))
		fatal("getrandom");
	reply->random[0] |= 1; /* a state of all zeros would stay so */
}

void reply_free(struct reply *reply)
{
	cgi_head_free(&reply->head);
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

void reply_begin(
    struct reply *reply, struct fcgi_request *fcgi, bool without_body, const char *request_id)
{
	char made[] = "req_0123456789abcdef0123456789abcdef";
	uint64_t random[2];

	reply->fcgi = fcgi;
	reply->without_body = without_body;
	cgi_head_begin(&reply->head);
	cgi_head_set_request_id(&reply->head, request_id);
	if (reply->head.request_id[0] != '\0')
		return;
	random[0] = next_random(reply);
	random[1] = next_random(reply);
	hex_write(made + 4, (const unsigned char *)random, sizeof(random));
	cgi_head_set_request_id(&reply->head, made);
}

void reply_let_keep(struct reply *reply)
{
	cgi_head_let_keep(&reply->head);
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
	cgi_head_add(&reply->head, name, value);
}

void reply_retry_after(struct reply *reply, long long seconds)
{
	cgi_head_set_retry_after(&reply->head, seconds);
}

static void put(struct reply *reply, struct span bytes)
{
	FCGX_PutStr(bytes.p, (int)bytes.len, &reply->fcgi->out);
}

static void send_head(struct reply *reply, int status)
{
	cgi_head_end(&reply->head, status);
	put(reply, buf_span(&reply->head.text));
}

void reply_body(struct reply *reply, int status, const char *type, struct span body)
{
	cgi_head_add_body(&reply->head, type, body.len);
	send_head(reply, status);
	if (reply->without_body)
		return;
	if (body.len < LARGE)
		put(reply, body);
	else
		fcgi_request_send_last(reply->fcgi, body);
}

void reply_json(struct reply *reply, int status, struct span body)
{
	reply_body(reply, status, "application/json", body);
}

void reply_not_modified(struct reply *reply)
{
	send_head(reply, 304);
}

void reply_error(struct reply *reply, const struct api_error *error)
{
	reply_error_as(reply, error, error->message);
}

void reply_error_as(struct reply *reply, const struct api_error *error, const char *message)
{
	buf_clear(&reply->text);
	api_error_json_as(&reply->text, error, message);
	cgi_head_add_expected(&reply->head, error->status);
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
