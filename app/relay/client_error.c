#include "client_error.h"

#include "common/fastcgi/cgi_head.h"
#include "common/store/limit_error.h"

static void begin(struct cgi_head *head, const char *request_id)
{
	cgi_head_begin(head);
	cgi_head_set_request_id(head, request_id);
}

/* Sends what head has and the error, and frees head. */
static void send_error(
    struct client *client, struct cgi_head *head, bool without_body, const struct api_error *error)
{
	struct buf body = {0};

	cgi_head_add_expected(head, error->status);
	api_error_json(&body, error);
	cgi_head_add_body(head, "application/json", body.len);
	cgi_head_end(head, error->status);
	if (without_body)
		buf_clear(&body);
	client_send_last(client, buf_span(&head->text), buf_span(&body));
	cgi_head_free(head);
	buf_free(&body);
}

void client_send_error(
    struct client *client, const char *request_id, bool without_body, const struct api_error *error)
{
	struct cgi_head head = {0};

	begin(&head, request_id);
	send_error(client, &head, without_body, error);
}

/* limit_header_fn */
static void add_header(void *ctx, const char *name, const char *value)
{
	cgi_head_add(ctx, name, value);
}

void client_send_limited(struct client *client, const char *request_id, bool without_body,
    const struct api_error *error, const struct admission *admission)
{
	struct cgi_head head = {0};

	begin(&head, request_id);
	cgi_head_set_retry_after(&head, limit_retry_after(admission));
	limit_headers(admission, add_header, &head);
	send_error(client, &head, without_body, error);
}
