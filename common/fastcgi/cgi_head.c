#include "cgi_head.h"

#include <string.h>

#include "common/base/decimal.h"

static const struct {
	int status;
	const char *reason;
	const char *header; /* what RFC 9110 and clients expect beside this status, or NULL */
	const char *value;
} statuses[] = {
    {200, "OK", NULL, NULL},
    {304, "Not Modified", NULL, NULL},
    {308, "Permanent Redirect", NULL, NULL},
    {400, "Bad Request", NULL, NULL},
    {401, "Unauthorized", "WWW-Authenticate", "Bearer"},
    {403, "Forbidden", NULL, NULL},
    {404, "Not Found", NULL, NULL},
    {405, "Method Not Allowed", NULL, NULL},
    {409, "Conflict", NULL, NULL},
    {413, "Content Too Large", NULL, NULL},
    {429, "Too Many Requests", "Retry-After", "5"},
    {500, "Internal Server Error", NULL, NULL},
    {501, "Not Implemented", "x-should-retry", "false"},
    {502, "Bad Gateway", NULL, NULL},
    {503, "Service Unavailable", "Retry-After", "2"},
    {504, "Gateway Timeout", NULL, NULL},
};

enum { STATUS_TABLE_SIZE = sizeof(statuses) / sizeof(statuses[0]) };

/* With every answer: it is one client's, and is what its type says. */
#define NOSNIFF "X-Content-Type-Options: nosniff\r\n"
static const char kept_headers[] = "Cache-Control: private, no-cache\r\n" NOSNIFF;
static const char unkept_headers[] = "Cache-Control: private, no-store\r\n" NOSNIFF;

/* STATUS_TABLE_SIZE if it is none that respool itself answers. */
static size_t find_status(int status)
{
	size_t i = 0;

	while (i < STATUS_TABLE_SIZE && statuses[i].status != status)
		i++;
	return i;
}

void cgi_head_free(struct cgi_head *head)
{
	buf_free(&head->text);
}

void cgi_head_begin(struct cgi_head *head)
{
	buf_clear(&head->text);
	head->may_be_kept = false;
	head->knows_retry = false;
	head->request_id[0] = '\0';
}

static bool may_be_in_id(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

void cgi_head_set_request_id(struct cgi_head *head, const char *request_id)
{
	size_t len = 0;

	while (request_id != NULL && len <= REQUEST_ID_MAX && may_be_in_id(request_id[len]))
		len++;
	if (len > 0 && len <= REQUEST_ID_MAX && request_id[len] == '\0')
		memcpy(head->request_id, request_id, len + 1);
}

void cgi_head_let_keep(struct cgi_head *head)
{
	head->may_be_kept = true;
}

void cgi_head_add(struct cgi_head *head, const char *name, const char *value)
{
	buf_puts(&head->text, name);
	buf_puts(&head->text, ": ");
	buf_puts(&head->text, value);
	buf_puts(&head->text, "\r\n");
}

void cgi_head_add_lines(struct cgi_head *head, struct span lines)
{
	buf_append_span(&head->text, lines);
}

void cgi_head_add_body(struct cgi_head *head, const char *type, size_t len)
{
	char length[DECIMAL_SIZE];

	decimal_write(length, (long long)len);
	cgi_head_add(head, "Content-Type", type);
	cgi_head_add(head, "Content-Length", length);
}

void cgi_head_set_retry_after(struct cgi_head *head, long long seconds)
{
	char text[DECIMAL_SIZE];

	decimal_write(text, seconds);
	head->knows_retry = true;
	if (seconds > 0)
		cgi_head_add(head, "Retry-After", text);
	else
		cgi_head_add(head, "x-should-retry", "false");
}

void cgi_head_add_expected(struct cgi_head *head, int status)
{
	size_t i = find_status(status);

	if (i < STATUS_TABLE_SIZE && statuses[i].header != NULL && !head->knows_retry)
		cgi_head_add(head, statuses[i].header, statuses[i].value);
}

void cgi_head_end(struct cgi_head *head, int status)
{
	size_t i = find_status(status);

	cgi_head_add(head, "x-request-id", head->request_id);
	buf_puts(&head->text, head->may_be_kept ? kept_headers : unkept_headers);
	buf_puts(&head->text, "Status: ");
	decimal_append(&head->text, status);
	buf_putc(&head->text, ' ');
	buf_puts(&head->text, i < STATUS_TABLE_SIZE ? statuses[i].reason : "Unknown");
	buf_puts(&head->text, "\r\n\r\n");
}
