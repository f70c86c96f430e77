#include "named_webhook.h"

#include "request.h"

static const char *named(const struct handlers *handlers)
{
	return request_header(&handlers->request, "HTTP_X_RESPOOL_WEBHOOK");
}

static bool refuse(
    struct api_error *error, const char *code, const char *name, const char *expected)
{
	return api_error_set(error, 400, "invalid_request_error", NULL, code,
	    "The header X-Respool-Webhook is '%.64s', %s", name, expected);
}

bool named_webhook_take(const struct handlers *handlers, const char **name, struct api_error *error)
{
	const struct webhooks_config *webhooks = &handlers->config->webhooks;
	const char *wanted = named(handlers);
	const struct webhook_endpoint *endpoint;

	*name = NULL;
	if (wanted == NULL)
		return true;
	if (!webhooks->by_request)
		return refuse(error, "webhook_not_allowed", wanted,
		    "but requests may name no webhook here: leave the header out.");
	endpoint = webhook_find(webhooks, wanted);
	if (endpoint == NULL)
		return refuse(error, "webhook_unknown", wanted,
		    "expected the name of a webhook that is configured here.");
	*name = endpoint->name;
	return true;
}

bool named_webhook_none(const struct handlers *handlers, struct api_error *error)
{
	const char *wanted = named(handlers);

	if (wanted == NULL)
		return true;
	return refuse(error, "webhook_not_possible", wanted,
	    "but this response is not polled here, so nobody would tell of its end: webhooks are "
	    "for background responses of models that respool polls.");
}
