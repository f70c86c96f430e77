#include "errand.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <fastcgi.h>

#include "common/provider/health.h"
#include "common/base/json.h"
#include "common/store/keys.h"
#include "common/store/store.h"
#include "answers.h"
#include "common/provider/idempotency.h"
#include "common/provider/transfer.h"

enum {
	LONGEST_PAUSE_MS = 4000,
	LONGEST_RETRY_AFTER = 5, /* s; a client that is told to wait longer can do so by itself */
};

/* ---- ids ------------------------------------------------------------------------------------- */

/* relay.on_id: whose the response is is known here before the client knows the id. */
static void remember_id(void *ctx, struct span id)
{
	struct errand *errand = ctx;
	struct handlers *handlers = errand->handlers;
	char text[NATIVE_ID_MAX + 1];

	if (id.len == 0 || id.len > NATIVE_ID_MAX || memchr(id.p, '\0', id.len) != NULL)
		return;
	memcpy(text, id.p, id.len);
	text[id.len] = '\0';
	if (store_remember_native(handlers->store, text, handlers->tenant,
		errand->attempts.deployment->id, errand->attempts.model,
		handlers->config->native_ttl) == STORE_UNAVAILABLE)
		answer_log_unavailable(handlers);
}

/* Whether the provider keeps what it makes, so that it can be asked for by its id. */
static bool remembers_id(const struct errand *errand)
{
	const struct create_request *create = errand->create;

	return create != NULL && errand->handlers->store != NULL &&
	       json_type(create->fields[RESPONSE_STORE]) != JSON_FALSE;
}

/* ---- one call -------------------------------------------------------------------------------- */

static bool is_whole(const struct direct_result *result)
{
	return result->end == DIRECT_COMPLETE || result->end == DIRECT_UNFRAMED;
}

static bool is_success(const struct direct_result *result)
{
	return is_whole(result) && result->status >= 200 && result->status <= 299;
}

/* What has kept a client waiting for long is not to do so again. */
static enum call_failure failure_of(const struct direct_result *result)
{
	enum call_failure failure = call_failure_of(is_whole(result) ? result->status : 0);

	if (failure == FAILURE_PASSING &&
	    (result->end == DIRECT_TIMEOUT || result->end == DIRECT_INVALID ||
		result->retry_after > LONGEST_RETRY_AFTER))
		return FAILURE_DEPLOYMENT;
	return failure;
}

/* Headers of the client's that mean something to the provider. */
static const struct {
	const char *variable;
	const char *name;
} request_headers[] = {
    {"HTTP_OPENAI_BETA", "OpenAI-Beta: "},
    {"HTTP_X_CLIENT_REQUEST_ID", "X-Client-Request-Id: "},
};

static struct curl_slist *add_idempotency_key(
    struct curl_slist *headers, const struct handlers *handlers)
{
	const char *key = request_header(&handlers->request, "HTTP_IDEMPOTENCY_KEY");
	char mixed[IDEMPOTENCY_KEY_SIZE];

	if (key == NULL)
		return headers;
	idempotency_key(mixed, handlers->tenant, key);
	return transfer_add_value(headers, "Idempotency-Key: ", mixed);
}

static struct curl_slist *add_client_headers(
    struct curl_slist *headers, const struct http_request *request)
{
	for (size_t i = 0; i < sizeof(request_headers) / sizeof(request_headers[0]); i++) {
		const char *value = request_header(request, request_headers[i].variable);

		if (value != NULL && transfer_is_one_line(value))
			headers = transfer_add_value(headers, request_headers[i].name, value);
	}
	return headers;
}

static void open_relay(struct errand *errand)
{
	const struct attempts *attempts = &errand->attempts;

	secrets_open(&errand->secrets, attempts->deployment, attempts->model);
	errand->relay = (struct relay){
	    .reply = &errand->handlers->reply,
	    .secrets = &errand->secrets,
	    .max_held = errand->handlers->config->max_response_bytes,
	    .on_id = remembers_id(errand) ? remember_id : NULL,
	    .ctx = errand,
	};
	relay_open(&errand->relay, &errand->handlers->object);
}

static void close_relay(struct errand *errand)
{
	relay_close(&errand->relay);
	secrets_close(&errand->secrets);
}

static struct curl_slist *add_headers(struct curl_slist *headers, const struct errand *errand)
{
	headers = transfer_add_value(headers, "Accept: ", errand->accept);
	headers = add_client_headers(headers, &errand->handlers->request);
	headers = add_idempotency_key(headers, errand->handlers);
	/* libcurl would wait a second for leave to send a large body. */
	return transfer_add_header(headers, "Expect:");
}

/* An error that another try follows is read for a moment, so that its connection can be kept. */
static bool on_head(void *ctx, CURL *easy, long status)
{
	struct errand *errand = ctx;
	struct attempts next = errand->attempts;
	struct direct_result so_far = {
	    .end = DIRECT_COMPLETE, .status = status, .retry_after = transfer_retry_after(easy)};

	relay_on_head(&errand->relay, easy, status);
	if (is_success(&so_far) || !attempts_next(&next, failure_of(&so_far)))
		return false;
	/* Nothing of it is to go out while it comes. */
	errand->relay.max_held = SIZE_MAX;
	return true;
}

static bool on_body(void *ctx, struct span bytes)
{
	struct errand *errand = ctx;

	return relay_on_body(&errand->relay, bytes);
}

static bool on_idle(void *ctx)
{
	struct errand *errand = ctx;

	return relay_on_idle(&errand->relay);
}

static void call_deployment(struct errand *errand, struct direct_caller *caller)
{
	const struct deployment *deployment = errand->attempts.deployment;
	struct buf url = {0}, body = {0};
	const char *error = NULL;
	struct direct_call call = {
	    .method = errand->method,
	    .timeout = deployment->timeout,
	    .stream_timeout = errand->streams ? deployment->stream_timeout : deployment->timeout,
	    .on_head = on_head,
	    .on_body = on_body,
	    .on_idle = on_idle,
	    .ctx = errand,
	};

	transfer_url(&url, deployment, errand->attempts.model, errand->path, errand->query);
	call.url = buf_cstr(&url);
	call.headers = transfer_headers(deployment, errand->attempts.model, &error);
	if (error == NULL) {
		call.headers = add_headers(call.headers, errand);
		if (errand->create != NULL)
			create_request_write(&body, errand->create, errand->attempts.deployment,
			    errand->attempts.model, errand->context);
		call.body = buf_span(&body);
		direct_call(caller, &call, &errand->watch, &errand->result);
	} else {
		errand->result =
		    (struct direct_result){.end = DIRECT_NOT_REACHED, .retry_after = -1};
		strncat(errand->result.error, error, sizeof(errand->result.error) - 1);
	}
	curl_slist_free_all(call.headers);
	buf_free(&url);
	buf_free(&body);
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

static bool client_is_gone(const struct direct_result *result)
{
	return result->end == DIRECT_CLIENT_GONE || result->end == DIRECT_STOPPED;
}

bool errand_succeeded(const struct errand *errand)
{
	return is_success(&errand->result);
}

/* What becomes of a stream after its last event is of no interest. */
static void settle(struct errand *errand)
{
	if (errand->relay.complete && !client_is_gone(&errand->result))
		errand->result.end = DIRECT_COMPLETE;
}

static bool is_deployments_failure(const struct errand *errand)
{
	const struct direct_result *result = &errand->result;

	/* An unknown id is not the deployment's fault. */
	if (errand->create == NULL && result->status == 404)
		return false;
	return health_is_failure(is_whole(result) ? result->status : 0);
}

static const struct {
	enum direct_end end;
	int status;
	const char *code;
	const char *message;
} failures[] = {
    {DIRECT_NOT_REACHED, 502, "upstream_unreachable", "The provider cannot be reached"},
    {DIRECT_DISCONNECTED, 502, "upstream_disconnected",
	"The connection to the provider broke off before the answer was complete"},
    {DIRECT_INVALID, 502, "upstream_invalid", "The provider's answer cannot be taken"},
    {DIRECT_TIMEOUT, 504, "upstream_timeout", "The provider took too long"},
    {DIRECT_PROCESS_ENDS, 503, "shutting_down",
	"The server is stopping before the provider has answered"},
};

/*
 * The web server is to see that the answer is not whole: it ends without a record that says so.
 * Some take even that for an end; the header of a record that no version of FastCGI has, none does.
 */
static void cut_off(struct handlers *handlers)
{
	static const char no_record[FCGI_HEADER_LEN];
	int fd = handlers->fcgi->fd;

	reply_flush(&handlers->reply);
	send(fd, no_record, sizeof(no_record), MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_RDWR);
	handlers->fcgi->keep = false;
}

static void answer_failure(struct errand *errand)
{
	const struct direct_result *result = &errand->result;
	struct api_error error;
	size_t i = 0;

	while (failures[i].end != result->end)
		i++;
	api_error_set(&error, failures[i].status, "server_error", NULL, failures[i].code, "%s%s%s.",
	    failures[i].message, result->error[0] != '\0' ? ": " : "", result->error);
	if (!errand->relay.begun)
		answer_error(errand->handlers, &error);
	else if (!relay_break_off(&errand->relay, failures[i].code, error.message))
		cut_off(errand->handlers);
}

static void answer(struct errand *errand)
{
	if (client_is_gone(&errand->result))
		errand->handlers->fcgi->keep = false;
	else if (is_whole(&errand->result))
		relay_finish(&errand->relay);
	else
		answer_failure(errand);
}

/* s before the same deployment is asked again. */
static double pause_before_try(const struct errand *errand)
{
	int ms = attempts_pause_ms(&errand->attempts, LONGEST_PAUSE_MS);

	if (errand->result.retry_after * 1000 > ms)
		ms = (int)(errand->result.retry_after * 1000);
	return ms / 1000.0;
}

/* Whether there is another deployment to try, or the same again after the pause made here. */
static bool try_again(struct errand *errand)
{
	const struct direct_result *result = &errand->result;
	enum watch_result watched;

	if (errand->relay.begun || errand_succeeded(errand) || client_is_gone(result) ||
	    result->end == DIRECT_PROCESS_ENDS ||
	    !attempts_next(&errand->attempts, failure_of(result)))
		return false;
	if (!errand->attempts.pause)
		return true;
	watched = client_watch_pause(&errand->watch, pause_before_try(errand));
	if (watched == WATCH_CLIENT_GONE)
		errand->result.end = DIRECT_CLIENT_GONE;
	else if (watched == WATCH_PROCESS_ENDS)
		errand->result.end = DIRECT_PROCESS_ENDS; /* the error may have been read in part */
	return watched == WATCH_GO_ON;
}

bool errand_shares_health(const struct handlers *handlers)
{
	return handlers->store != NULL && health_matters(handlers->config);
}

static void report_outcome(struct errand *errand, const struct deployment *deployment)
{
	struct handlers *handlers = errand->handlers;
	bool failed = is_deployments_failure(errand);

	if (client_is_gone(&errand->result) || errand->result.end == DIRECT_PROCESS_ENDS ||
	    !errand_shares_health(handlers) || !health_is_news(errand->health, deployment, failed))
		return;
	if (store_report(handlers->store, errand->health, deployment, failed) != STORE_OK)
		answer_log_unavailable(handlers);
}

void errand_run(
    struct errand *errand, struct direct_caller *caller, const struct signal_source *signals)
{
	struct handlers *handlers = errand->handlers;
	const struct deployment *called;
	bool again;

	client_watch_begin(
	    &errand->watch, signals, handlers->fcgi->fd, handlers->config->drain_seconds);
	do {
		called = errand->attempts.deployment;
		open_relay(errand);
		call_deployment(errand, caller);
		settle(errand);
		report_outcome(errand, called);
		again = try_again(errand);
		if (!again)
			answer(errand);
		close_relay(errand);
	} while (again);
}
