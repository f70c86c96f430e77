#include "webhooks_test.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/webhook/webhook_answer.h"
#include "common/webhook/webhook_post.h"
#include "shown_text.h"

enum { RANDOM_BYTES = 16, ID_SIZE = 16 + 2 * RANDOM_BYTES };

struct test {
	const struct webhook_endpoint *endpoint;
	bool json;
	char id[ID_SIZE], response[ID_SIZE];
	struct event_base *base;
	int status; /* what the program ends with */
};

static const struct webhook_endpoint *find(const struct webhooks_config *webhooks, const char *word)
{
	for (size_t i = 0; i < webhooks->count; i++) {
		if (strcmp(webhooks->endpoints[i].url, word) == 0)
			return &webhooks->endpoints[i];
	}
	return webhook_find(webhooks, word);
}

static int refuse_unknown(const struct webhooks_config *webhooks, const char *word)
{
	struct buf names = {0};

	if (webhooks->count == 0)
		return ctl_refuse("webhooks test: respool.webhooks names no endpoint");
	for (size_t i = 0; i < webhooks->count; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", webhooks->endpoints[i].name);
	ctl_refuse(
	    "webhooks test: %.200s: no such endpoint, expected one of: %s", word, buf_cstr(&names));
	buf_free(&names);
	return CTL_REFUSED;
}

/* One of the ends that the endpoint is told of. */
static enum response_status end_for(const struct webhook_endpoint *endpoint)
{
	static const struct {
		enum webhook_event event;
		enum response_status status;
	} ends[] = {
	    {WEBHOOK_COMPLETED, STATUS_COMPLETED},
	    {WEBHOOK_FAILED, STATUS_FAILED},
	    {WEBHOOK_INCOMPLETE, STATUS_INCOMPLETE},
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if ((endpoint->events & ends[i].event) != 0)
			return ends[i].status;
	}
	return STATUS_CANCELLED;
}

static void make_id(char out[ID_SIZE], const char *prefix)
{
	char digits[2 * RANDOM_BYTES + 1];

	hex_random(digits, RANDOM_BYTES);
	snprintf(out, ID_SIZE, "%s%s", prefix, digits);
}

static void print_json(const struct test *test, const struct webhook_result *result)
{
	const bool delivered = result->error[0] == '\0';
	struct buf text = {0};

	buf_puts(&text, "{\"endpoint\": ");
	json_quote(&text, span_of(test->endpoint->name));
	buf_printf(&text, ", \"webhook_id\": \"%s\", \"delivered\": %s, \"status\": %ld", test->id,
	    delivered ? "true" : "false", result->status);
	buf_printf(&text, ", \"seconds\": %.3f, \"error\": ", result->seconds);
	if (delivered)
		buf_puts(&text, "null");
	else
		json_quote(&text, span_of(result->error));
	buf_putc(&text, '}');
	ctl_print(buf_span(&text));
	buf_free(&text);
}

static void print_fact(const char *name, struct span text)
{
	struct buf shown = {0};

	shown_line(&shown, text);
	printf("%-11s %s\n", name, buf_cstr(&shown));
	buf_free(&shown);
}

static void print_answer(const struct test *test, struct span body)
{
	struct buf shown = {0};

	webhook_body_to_show(&shown, test->endpoint->url, body);
	if (shown.len > 0)
		print_fact("answer", buf_span(&shown));
	buf_free(&shown);
}

static void print_facts(const struct test *test, const struct webhook_result *result)
{
	print_fact("endpoint", span_of(test->endpoint->name));
	print_fact("webhook id", span_of(test->id));
	if (result->status != 0)
		printf("%-11s %ld\n", "status", result->status);
	printf("%-11s %.3f\n", "seconds", result->seconds);
	print_answer(test, result->body);
}

static void on_result(void *ctx, const struct webhook_result *result)
{
	struct test *test = ctx;

	if (test->json)
		print_json(test, result);
	else
		print_facts(test, result);
	test->status = CTL_DONE;
	if (result->error[0] != '\0')
		test->status =
		    ctl_refuse("webhooks test: %s: %s", test->endpoint->name, result->error);
	event_base_loopbreak(test->base);
}

static int send_event(struct test *test)
{
	struct upstream *upstream = upstream_new(test->base, 1);
	const struct webhook_event_told event = {
	    .id = test->id,
	    .response = test->response,
	    .how = end_for(test->endpoint),
	    .ended_at = realtime_ms(),
	};

	if (upstream == NULL)
		return ctl_refuse("libcurl cannot be set up");
	webhook_post_start(upstream, test->endpoint, &event, on_result, test);
	event_base_dispatch(test->base);
	upstream_free(upstream);
	return test->status;
}

int webhooks_test(struct ctl *ctl, const char *word)
{
	struct test test = {
	    .endpoint = find(&ctl->config->webhooks, word),
	    .json = ctl->arguments->json,
	    .status = CTL_REFUSED,
	};

	if (test.endpoint == NULL)
		return refuse_unknown(&ctl->config->webhooks, word);
	if (test.endpoint->secret_count == 0)
		return ctl_refuse(
		    "webhooks test: %s: its secret is not set here", test.endpoint->name);
	make_id(test.id, "wh_");
	make_id(test.response, "resp_test_");
	test.base = event_base_new();
	if (test.base == NULL)
		fatalx("cannot make an event loop");
	test.status = send_event(&test);
	event_base_free(test.base);
	return test.status;
}
