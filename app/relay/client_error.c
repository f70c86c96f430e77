#include "client_error.h"

#include "common/fastcgi/cgi_head.h"

void client_send_error(
    struct client *client, const char *request_id, bool without_body, const struct api_error *error)
{
	struct cgi_head head = {0};
	struct buf body = {0};

	cgi_head_begin(&head);
	cgi_head_set_request_id(&head, request_id);
	cgi_head_add_expected(&head, error->status);
	api_error_json(&body, error);
	cgi_head_add_body(&head, "application/json", body.len);
	cgi_head_end(&head, error->status);
	if (without_body)
		buf_clear(&body);
	client_send_last(client, buf_span(&head.text), buf_span(&body));
	cgi_head_free(&head);
	buf_free(&body);
}
