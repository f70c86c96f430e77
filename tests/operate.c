/*
 * Does what operators do, as it is told line by line, and says what comes of it:
 *
 *	operate CONFIG
 *
 *	status | workers | metrics
 *	list STATUS TENANT MODEL OLDER_THAN LIMIT AFTER    "-" for what is not given
 *	show ID | tenant ID | retry ID
 *	pause MODEL | resume MODEL                         "-" for all
 *	drain WORKER 1 | drain WORKER 0
 *	webhooks LIMIT | redeliver ID | since SECONDS
 *	usage DAYS                                         of so many days, and today
 *	advise
 *
 * The answer is "RESULT BYTES", and then so many bytes and a line end. It ends with its input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "common/operator/metrics.h"
#include "common/operator/operator_json.h"
#include "common/store/operate.h"

enum { WORDS_MOST = 8 };

struct test {
	struct config *config;
	struct store *store;
	char *words[WORDS_MOST]; /* of the line; NULL for "-" */
	struct buf out;
};

static enum store_result show_snapshot(struct test *test, const char *what)
{
	struct store_snapshot snapshot;
	enum store_result result;

	result = store_snapshot(test->store, strcmp(what, "metrics") == 0, &snapshot);
	if (result != STORE_OK)
		return result;
	if (strcmp(what, "metrics") == 0)
		metrics_write(&test->out, test->config, &snapshot);
	else if (strcmp(what, "workers") == 0)
		operator_workers_json(&test->out, &snapshot);
	else
		operator_status_json(&test->out, test->config, &snapshot);
	store_snapshot_free(&snapshot);
	return STORE_OK;
}

static enum store_result list(struct test *test)
{
	char **words = test->words;
	struct store_query query = {
	    .status = words[1],
	    .tenant = words[2],
	    .model = words[3],
	    .older_than = words[4] != NULL ? strtol(words[4], NULL, 10) : 0,
	    .limit = words[5] != NULL ? strtoul(words[5], NULL, 10) : STORE_LIST_DEFAULT,
	    .after = words[6],
	};
	struct store_page page;
	enum store_result result = store_list(test->store, &query, &page);

	if (result != STORE_OK)
		return result;
	operator_page_json(&test->out, test->config, &page);
	store_page_free(&page);
	return STORE_OK;
}

static enum store_result show(struct test *test)
{
	struct store_detail detail;
	enum store_result result = store_show(test->store, test->words[1], &detail);

	if (result != STORE_OK)
		return result;
	operator_detail_json(&test->out, test->config, &detail);
	store_detail_free(&detail);
	return STORE_OK;
}

static enum store_result show_tenant(struct test *test)
{
	char *tenant;
	enum store_result result = store_tenant(test->store, test->words[1], &tenant);

	if (tenant != NULL)
		buf_puts(&test->out, tenant);
	free(tenant);
	return result;
}

static enum store_result retry(struct test *test)
{
	static const char *const names[] = {"done", "not_failed", "not_kept", "foreign"};
	char id[RESPONSE_ID_SIZE];
	struct buf object = {0};
	enum store_retried retried;
	enum store_result result =
	    store_retry(test->store, test->config, test->words[1], id, &object, &retried);

	if (result == STORE_OK)
		buf_printf(&test->out, "%s %s", names[retried], buf_cstr(&object));
	buf_free(&object);
	return result;
}

static enum store_result change(struct test *test,
    enum store_result (*fn)(struct store *store, const char *model, bool *changed))
{
	bool changed;
	enum store_result result = fn(test->store, test->words[1], &changed);

	buf_puts(&test->out, changed ? "changed" : "same");
	return result;
}

static enum store_result show_webhooks(struct test *test)
{
	struct store_webhooks webhooks;
	enum store_result result = store_webhooks(
	    test->store, &test->config->webhooks, strtoul(test->words[1], NULL, 10), &webhooks);

	if (result != STORE_OK)
		return result;
	operator_webhooks_json(&test->out, test->config, &webhooks);
	store_webhooks_free(&webhooks);
	return STORE_OK;
}

static enum store_result redeliver(struct test *test, const struct store_redelivery *which)
{
	struct store_redelivered done;
	enum store_result result =
	    store_redeliver(test->store, &test->config->webhooks, which, &done);

	buf_printf(&test->out, "%lld %lld", done.found, done.begun);
	return result;
}

static enum store_result show_usage(struct test *test)
{
	const time_t now = time(NULL);
	const struct usage_query query = {
	    .now = now, .since = now - strtol(test->words[1], NULL, 10) * 24 * 60 * 60};
	struct usage_table usage;
	enum store_result result = usage_table_load(&usage, test->store, test->config, &query);

	if (result != STORE_OK)
		return result;
	operator_usage_json(&test->out, &usage);
	usage_table_free(&usage);
	return STORE_OK;
}

/* redis_finding_fn */
static void add_finding(void *ctx, const char *name, const char *text)
{
	buf_printf(ctx, "%s: %s\n", name, text);
}

static enum store_result obey(struct test *test)
{
	const char *what = test->words[0];

	if (strcmp(what, "list") == 0)
		return list(test);
	if (strcmp(what, "show") == 0)
		return show(test);
	if (strcmp(what, "tenant") == 0)
		return show_tenant(test);
	if (strcmp(what, "retry") == 0)
		return retry(test);
	if (strcmp(what, "pause") == 0)
		return change(test, store_pause);
	if (strcmp(what, "resume") == 0)
		return change(test, store_resume);
	if (strcmp(what, "drain") == 0)
		return store_drain(test->store, test->words[1], test->words[2][0] == '1');
	if (strcmp(what, "webhooks") == 0)
		return show_webhooks(test);
	if (strcmp(what, "redeliver") == 0)
		return redeliver(test, &(struct store_redelivery){.id = test->words[1]});
	if (strcmp(what, "since") == 0)
		return redeliver(
		    test, &(struct store_redelivery){.since_s = strtoll(test->words[1], NULL, 10)});
	if (strcmp(what, "usage") == 0)
		return show_usage(test);
	if (strcmp(what, "advise") == 0)
		return store_advise(test->store, add_finding, &test->out);
	return show_snapshot(test, what);
}

/* False if the line is empty. */
static bool split(struct test *test, char *line)
{
	size_t count = 0;

	memset(test->words, 0, sizeof(test->words));
	for (char *word = strtok(line, " \n"); word != NULL && count < WORDS_MOST;
	     word = strtok(NULL, " \n"))
		test->words[count++] = strcmp(word, "-") != 0 ? word : NULL;
	return test->words[0] != NULL;
}

static void answer(struct test *test, enum store_result result)
{
	static const char *const names[] = {[STORE_OK] = "ok",
	    [STORE_NOT_FOUND] = "not_found",
	    [STORE_QUEUE_FULL] = "queue_full",
	    [STORE_BYTES_FULL] = "bytes_full",
	    [STORE_CONTEXTS_FULL] = "contexts_full",
	    [STORE_UNAVAILABLE] = "unavailable"};

	if (result == STORE_UNAVAILABLE) {
		buf_clear(&test->out);
		buf_puts(&test->out, store_error(test->store));
	}
	printf("%s %zu\n%s\n", names[result], test->out.len, buf_cstr(&test->out));
	fflush(stdout);
	buf_clear(&test->out);
}

int main(int argc, char **argv)
{
	struct test test = {0};
	char line[4096];

	if (argc != 2)
		fatalx("usage: operate CONFIG");
	test.config = config_load(argv[1], CONFIG_OPERATOR, stderr);
	if (test.config == NULL)
		return 1;
	test.store = store_open(&test.config->redis);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (split(&test, line))
			answer(&test, obey(&test));
	}
	store_close(test.store);
	buf_free(&test.out);
	config_free(test.config);
	return 0;
}
