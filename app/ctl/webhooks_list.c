#include "webhooks_list.h"

#include <stdio.h>

#include "common/operator/operator_json.h"
#include "common/operator/summary.h"
#include "common/webhook/webhook_message.h"
#include "age.h"
#include "table.h"
#include "terminal.h"

enum { NUMBER_SIZE = 24 };

static const struct column endpoint_columns[] = {
    {.title = "ENDPOINT", .free = true},
    {.title = "URL", .free = true},
    {.title = "STATE"},
    {.title = "FAILURES", .right = true},
    {.title = "WAITING", .right = true},
};

static const struct column delivery_columns[] = {
    {.title = "ID"},
    {.title = "ENDPOINT", .free = true},
    {.title = "RESPONSE", .free = true},
    {.title = "EVENT"},
    {.title = "STATE"},
    {.title = "TRIES", .right = true},
    {.title = "TRIED", .right = true},
    {.title = "DUE", .right = true},
    {.title = "ERROR", .free = true},
};

enum { STATE_SIZE = AGE_SIZE + 8 };

static void write_state(char out[STATE_SIZE], const struct ctl *ctl,
    const struct store_endpoint *endpoint, long long now)
{
	char age[AGE_SIZE];

	switch (summary_endpoint_state(ctl->config, endpoint, now)) {
	case ENDPOINT_ON:
		snprintf(out, STATE_SIZE, "on");
		break;
	case ENDPOINT_RESTING:
		age_write(age, (double)(endpoint->rests_until - now) / 1000);
		snprintf(out, STATE_SIZE, "rests %s", age);
		break;
	case ENDPOINT_OFF:
		snprintf(out, STATE_SIZE, "off");
		break;
	case ENDPOINT_UNKNOWN:
		snprintf(out, STATE_SIZE, "unknown");
		break;
	}
}

static void add_endpoint(const struct ctl *ctl, struct table *table,
    const struct store_endpoint *endpoint, long long now)
{
	const struct webhook_endpoint *configured =
	    webhook_find(&ctl->config->webhooks, endpoint->name);
	char state[STATE_SIZE], failures[NUMBER_SIZE], waiting[NUMBER_SIZE];

	write_state(state, ctl, endpoint, now);
	snprintf(failures, sizeof(failures), "%lld", endpoint->failures);
	snprintf(waiting, sizeof(waiting), "%lld", endpoint->waiting);
	table_add(
	    table, (const char *const[]){endpoint->name,
		       configured != NULL ? configured->site : NULL, state, failures, waiting});
}

/* The time between two moments, "" if one of them is not known. */
static void write_span(char out[AGE_SIZE], long long from, long long to)
{
	out[0] = '\0';
	if (from != 0 && to != 0)
		age_write(out, to > from ? (double)(to - from) / 1000 : 0);
}

static void add_delivery(struct table *table, const struct store_delivery *delivery, long long now)
{
	char tries[NUMBER_SIZE], tried[AGE_SIZE], due[AGE_SIZE];

	snprintf(tries, sizeof(tries), "%d", delivery->tries);
	write_span(tried, delivery->tried_at, now);
	write_span(due, delivery->due_at != 0 ? now : 0, delivery->due_at);
	table_add(table, (const char *const[]){delivery->id, delivery->endpoint, delivery->response,
			     webhook_event_type(delivery->how),
			     delivery->state == DELIVERY_DEAD ? "dead" : "waiting", tries, tried,
			     due, delivery->why});
}

static void write_and_free(struct table *table)
{
	table_write(table, stdout, terminal_width());
	table_free(table);
}

static void print_tables(const struct ctl *ctl, const struct store_webhooks *webhooks)
{
	struct table *table;

	table = table_new(endpoint_columns, sizeof(endpoint_columns) / sizeof(endpoint_columns[0]));
	for (size_t i = 0; i < webhooks->endpoint_count; i++)
		add_endpoint(ctl, table, &webhooks->endpoints[i], webhooks->now);
	write_and_free(table);
	if (webhooks->count == 0)
		return;
	putchar('\n');
	table = table_new(delivery_columns, sizeof(delivery_columns) / sizeof(delivery_columns[0]));
	for (size_t i = 0; i < webhooks->count; i++)
		add_delivery(table, &webhooks->deliveries[i], webhooks->now);
	write_and_free(table);
	if (webhooks->has_more && terminal_is_shown())
		ctl_note("there are more: --limit");
}

static int print(const struct ctl *ctl, const struct store_webhooks *webhooks)
{
	struct buf text = {0};

	if (ctl->arguments->json) {
		operator_webhooks_json(&text, ctl->config, webhooks);
		ctl_print(buf_span(&text));
		buf_free(&text);
	} else if (webhooks->endpoint_count + webhooks->count > 0) {
		print_tables(ctl, webhooks);
	}
	return webhooks->endpoint_count + webhooks->count > 0
		   ? CTL_DONE
		   : ctl_refuse("webhooks list: respool.webhooks names no endpoint, and nothing "
				"waits to be delivered");
}

int webhooks_list(struct ctl *ctl)
{
	struct store_webhooks webhooks;
	int status;

	if (store_webhooks(ctl->store, &ctl->config->webhooks, ctl->arguments->query.limit,
		&webhooks) != STORE_OK)
		return ctl_unavailable(ctl);
	status = print(ctl, &webhooks);
	store_webhooks_free(&webhooks);
	return status;
}
