/*
 * Does with Redis what the parts of respool do with the events of a response, as it is told line by
 * line, and says what comes of it:
 *
 *	event_log CONFIG
 *
 *	create ID TENANT STREAM UNSTORED_TTL   store_create(): "created RESULT"
 *	find ID TENANT                         store_follow(): "found RESULT STREAMED"
 *	work WORKER                            takes all jobs, "claimed ID STREAMED TOLD COUNT
 *BYTES" flush ID FIRST COUNT STATUS            response_flush(), with so many events from that
 *number on, and a terminal STATUS or "-": "flushed ID RESULT" renew ID the same, as if it were not
 *streamed subscribe ID                           then "look ID", "came ID FIRST COUNT BYTES" once
 *ID                                the same, but it leaves as soon as it is called unsubscribe ID
 *	read ID FROM                           "page ID RESULT STORED STATUS COUNT OBJECT BYTES"
 *
 * Behind a line with BYTES stand so many bytes of events, and a line end. It ends with its input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "common/response/event.h"
#include "common/response/event_log.h"
#include "common/response/fold.h"
#include "common/response/response.h"
#include "common/store/event_feed.h"
#include "common/store/jobs.h"
#include "common/store/store.h"

struct follower {
	LIST_ENTRY(follower) link;
	char id[RESPONSE_ID_MAX + 1];
	bool once;
	struct event_subscription *subscription;
};

LIST_HEAD(followers, follower);

struct work {
	LIST_ENTRY(work) link;
	char id[RESPONSE_ID_MAX + 1];
	long long fence;
	struct fold fold;
	struct response_write write;
};

LIST_HEAD(works, work);

struct test {
	struct config *config;
	struct event_base *base;
	struct event_feed *feed;
	struct store *store;
	struct jobs *jobs; /* NULL until it works */
	struct followers followers;
	struct works works;
	struct buf input;
};

static void leave(struct follower *follower)
{
	event_feed_unsubscribe(follower->subscription);
	LIST_REMOVE(follower, link);
	free(follower);
}

static void called(struct follower *follower)
{
	fflush(stdout);
	if (follower->once)
		leave(follower);
}

static void came(void *ctx, long long first, long long count, struct span events)
{
	struct follower *follower = ctx;

	printf("came %s %lld %lld %zu\n", follower->id, first, count, events.len);
	fwrite(events.p, 1, events.len, stdout);
	putchar('\n');
	called(follower);
}

static void look(void *ctx)
{
	struct follower *follower = ctx;

	printf("look %s\n", follower->id);
	called(follower);
}

static void read_done(void *ctx, const struct event_page *page)
{
	static const char *const results[] = {"failed", "gone", "read"};
	struct follower *follower = ctx;
	size_t bytes = 0;

	for (size_t i = 0; i < page->count; i++)
		bytes += page->events[i].len;
	printf("page %s %s %lld %s %zu %zu %zu\n", follower->id, results[page->result],
	    page->stored,
	    page->status != STATUS_COUNT ? response_status_name(page->status) : "none", page->count,
	    page->object.len, bytes);
	for (size_t i = 0; i < page->count; i++)
		fwrite(page->events[i].p, 1, page->events[i].len, stdout);
	putchar('\n');
	called(follower);
}

static struct follower *find(struct test *test, const char *id)
{
	struct follower *follower = LIST_FIRST(&test->followers);

	while (follower != NULL && strcmp(follower->id, id) != 0)
		follower = LIST_NEXT(follower, link);
	if (follower == NULL)
		fatalx("%s is not subscribed to", id);
	return follower;
}

static struct follower *subscribe(struct test *test, const char *id, bool once)
{
	static const struct event_feed_user user = {came, look};
	struct follower *follower = xcalloc(1, sizeof(*follower));

	snprintf(follower->id, sizeof(follower->id), "%s", id);
	follower->once = once;
	LIST_INSERT_HEAD(&test->followers, follower, link);
	follower->subscription = event_feed_subscribe(test->feed, id, &user, follower);
	return follower;
}

static void create(
    struct test *test, const char *id, const char *tenant, bool stream, long unstored)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};
	struct buf object = {0}, event = {0};
	struct new_job job = {.id = id,
	    .tier = TIER_DEFAULT,
	    .tenant = tenant,
	    .model = "gpt",
	    .label = "gpt",
	    .request = SPAN("{}"),
	    .stream = stream,
	    .ttl = 3600,
	    .unstored_ttl = unstored,
	    .max_queue = 10000,
	    .max_queue_bytes = 1 << 30};

	response_initial(&object, id, 1700000000, fields);
	event_write_response(&event, "response.created", buf_span(&object), 0);
	job.object = buf_span(&object);
	if (stream)
		job.first_event = buf_span(&event);
	printf("created %d\n", store_create(test->store, &job));
	buf_free(&object);
	buf_free(&event);
}

static void follow(struct test *test, const char *id, const char *tenant)
{
	bool streamed;
	enum store_result result = store_follow(test->store, id, tenant, &streamed);

	printf("found %d %d\n", result, streamed);
}

static struct work *find_work(struct test *test, const char *id)
{
	struct work *work = LIST_FIRST(&test->works);

	while (work != NULL && strcmp(work->id, id) != 0)
		work = LIST_NEXT(work, link);
	return work;
}

static void flushed(void *ctx, enum write_result result)
{
	static const char *const results[] = {
	    "done", "ended", "gone", "taken", "mismatch", "lost", "unknown"};
	struct work *work = ctx;

	if (result != WRITE_DONE)
		document_mark_unknown(&work->fold.doc);
	printf("flushed %s %s\n", work->id, results[result]);
	fflush(stdout);
}

static void claimed(void *ctx, const struct claimed_job *job)
{
	struct test *test = ctx;
	struct work *work = xcalloc(1, sizeof(*work));
	size_t bytes = 0;

	snprintf(work->id, sizeof(work->id), "%s", job->id);
	work->fence = job->fence;
	work->write = (struct response_write){.jobs = test->jobs, .done = flushed, .ctx = work};
	if (!fold_open(&work->fold, job->object))
		fatalx("%s is no object", job->id);
	LIST_INSERT_HEAD(&test->works, work, link);
	for (size_t i = 0; i < job->event_count; i++)
		bytes += job->events[i].len;
	printf("claimed %s %d %lld %zu %zu\n", job->id, job->streamed, job->told, job->event_count,
	    bytes);
	for (size_t i = 0; i < job->event_count; i++)
		fwrite(job->events[i].p, 1, job->events[i].len, stdout);
	putchar('\n');
	fflush(stdout);
}

static void revoked(void *ctx, const char *id, bool deleted)
{
	(void)deleted;
	(void)ctx;
	(void)id;
}

static bool holds(void *ctx, const char *id)
{
	return find_work(ctx, id) != NULL;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void drain(void *ctx, bool draining)
{
	(void)ctx;
	(void)draining;
}

static void work(struct test *test, const char *name)
{
	static struct jobs_user user = {claimed, revoked, holds, nothing, nothing, drain, NULL};

	user.ctx = test;
	test->jobs = jobs_new(test->base, test->config, name, NULL, &user);
	jobs_accept(test->jobs, 100);
}

static void flush(struct test *test, const char *id, long long first, long count,
    const char *status, bool streamed)
{
	struct work *work = find_work(test, id);
	enum response_status terminal = response_status_find(span_of(status));
	struct event_log log = {0};

	if (work == NULL)
		fatalx("%s is not claimed", id);
	event_log_open(&log, first, 0);
	for (long i = 0; i < count; i++) {
		buf_printf(event_log_room(&log), "event: e\ndata: {\"sequence_number\":%lld}\n\n",
		    event_log_next(&log));
		event_log_added(&log);
	}
	if (terminal != STATUS_COUNT) {
		fold_end(&work->fold);
		fold_seal(&work->fold, 1700000001);
	}
	response_flush(
	    &work->write, id, work->fence, &work->fold, streamed ? &log : NULL, terminal, NULL);
	event_log_close(&log);
}

static void obey(struct test *test, char *line)
{
	const char *words[5] = {"", "", "", "", ""};
	char *rest = NULL, *word = strtok_r(line, " ", &rest);

	for (int i = 0; i < 5 && word != NULL; i++) {
		words[i] = word;
		word = strtok_r(NULL, " ", &rest);
	}
	if (strcmp(words[0], "create") == 0)
		create(test, words[1], words[2], atoi(words[3]) != 0, atol(words[4]));
	else if (strcmp(words[0], "find") == 0)
		follow(test, words[1], words[2]);
	else if (strcmp(words[0], "subscribe") == 0)
		subscribe(test, words[1], false);
	else if (strcmp(words[0], "once") == 0)
		subscribe(test, words[1], true);
	else if (strcmp(words[0], "glance") == 0)
		event_feed_read(subscribe(test, words[1], true)->subscription, 0, read_done);
	else if (strcmp(words[0], "unsubscribe") == 0)
		leave(find(test, words[1]));
	else if (strcmp(words[0], "read") == 0)
		event_feed_read(find(test, words[1])->subscription, atoll(words[2]), read_done);
	else if (strcmp(words[0], "work") == 0)
		work(test, words[1]);
	else if (strcmp(words[0], "flush") == 0)
		flush(test, words[1], atoll(words[2]), atol(words[3]), words[4], true);
	else if (strcmp(words[0], "renew") == 0)
		flush(test, words[1], 0, 0, "-", false);
	else
		fatalx("what is %s?", words[0]);
	fflush(stdout);
}

static void on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct test *test = ctx;
	ssize_t len = read(fd, buf_reserve(&test->input, 65536), 65536);
	char *end, *line;

	(void)what;
	if (len <= 0) {
		event_base_loopbreak(test->base);
		return;
	}
	test->input.len += (size_t)len;
	line = test->input.data;
	while ((end = memchr(line, '\n', test->input.len - (size_t)(line - test->input.data)))) {
		*end = '\0';
		obey(test, line);
		line = end + 1;
	}
	test->input.len -= (size_t)(line - test->input.data);
	memmove(test->input.data, line, test->input.len);
}

static void free_all(struct test *test)
{
	struct follower *follower;
	struct work *work;

	event_feed_free(test->feed);
	jobs_free(test->jobs);
	while ((follower = LIST_FIRST(&test->followers)) != NULL) {
		LIST_REMOVE(follower, link);
		free(follower);
	}
	while ((work = LIST_FIRST(&test->works)) != NULL) {
		LIST_REMOVE(work, link);
		fold_close(&work->fold);
		response_write_free(&work->write);
		free(work);
	}
	store_close(test->store);
	buf_free(&test->input);
	event_base_free(test->base);
	config_free(test->config);
}

int main(int argc, char **argv)
{
	struct test test = {0};
	struct event *input;

	if (argc != 2)
		fatalx("usage: event_log CONFIG");
	test.config = config_load(argv[1], CONFIG_RESPONDER, stderr);
	if (test.config == NULL)
		return 1;
	test.base = event_base_new();
	test.feed = event_feed_new(test.base, &test.config->redis);
	test.store = store_open(&test.config->redis);
	input = event_new(test.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, &test);
	event_add(input, NULL);
	event_base_dispatch(test.base);
	event_free(input);
	free_all(&test);
	return 0;
}
