/*
 * Tells what happens to a background response, without servers.
 *
 *	narrate [-r EVENTS]... [-e] [-w MILLION] <STREAM
 *
 * Reads the provider's stream, of the Responses API, and writes the one that a client would get.
 * With -r the job begins again after so many events of the provider, which then says all once more,
 * as often as there are -r. -e makes it fail at the end. -w reads nothing, and says how long so
 *many deltas take.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/sse.h"
#include "common/response/event.h"
#include "common/response/narrator.h"
#include "common/response/response.h"

enum { MAX_EVENT = 64 << 20, RESTARTS_MAX = 16 };

struct run {
	struct buf object; /* as it was created */
	struct event_log stored, log;
	struct narrator *narrator;
	struct fold fold;
	long long left; /* events until the next restart; -1: none */
};

static void tell_created(struct run *run)
{
	struct buf text = {0};

	json_canonical(&text, buf_span(&run->object));
	event_write_response(event_log_room(&run->log), "response.created", buf_span(&text), 0);
	event_log_added(&run->log);
	buf_free(&text);
}

/* What was told so far is what the next attempt finds in the store. */
static void restart(struct run *run)
{
	struct span *events;
	size_t count;

	for (size_t i = 0; i < event_log_count(&run->log); i++) {
		buf_append_span(event_log_room(&run->stored), event_log_at(&run->log, i));
		event_log_added(&run->stored);
	}
	count = event_log_count(&run->stored);
	event_log_open(&run->log, event_log_next(&run->stored), run->stored.bytes);
	events = xcalloc(count, sizeof(*events));
	for (size_t i = 0; i < count; i++)
		events[i] = event_log_at(&run->stored, i);
	narrator_free(run->narrator);
	run->narrator = narrator_new(&run->log);
	narrator_recall(run->narrator, buf_span(&run->object), events, count);
	free(events);
}

static bool on_data(void *ctx, struct span data)
{
	struct run *run = ctx;

	if (run->left == 0)
		return false;
	run->left -= run->left > 0;
	if (!event_is_done_marker(data))
		fold_event(&run->fold, data);
	return true;
}

static void attempt(struct run *run, struct span stream, long long events)
{
	struct sse_parser sse;

	run->left = events;
	if (!fold_open(&run->fold, buf_span(&run->object)))
		fatalx("the object is none");
	narrator_follow(run->narrator, &run->fold);
	sse_init(&sse, MAX_EVENT, on_data, run);
	if (sse_feed(&sse, stream) == SSE_OK)
		sse_end(&sse);
	sse_free(&sse);
}

static void finish(struct run *run, bool fails)
{
	struct buf object = {0}, out = {0};

	if (fails)
		fold_fail(&run->fold, "server_error", SPAN("The provider is gone."));
	else
		fold_end(&run->fold);
	narrator_end(run->narrator);
	fold_seal(&run->fold, time(NULL));
	json_canonical(&object, buf_span(&run->fold.doc.text));
	buf_append_span(&out, buf_span(&run->stored.text));
	buf_append_span(&out, buf_span(&run->log.text));
	event_write_response(&out, event_terminal_type(run->fold.status), buf_span(&object),
	    event_log_next(&run->log));
	fwrite(out.data, 1, out.len, stdout);
	buf_free(&object);
	buf_free(&out);
}

/* Folds so many deltas of one text, with or without a narrator. Returns the nanoseconds of each. */
static double cost_of_deltas(struct run *run, long long count, bool is_told)
{
	static const char delta[] =
	    "{\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"item_id\":\"msg_1\","
	    "\"output_index\":0,\"content_index\":0,\"delta\":\" token\",\"logprobs\":[],"
	    "\"obfuscation\":\"abcdefgh\"}";
	struct timespec begin, end;

	attempt(run, (struct span){0}, -1);
	if (!is_told)
		run->fold.listener = NULL;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (long long i = 0; i < count; i++) {
		fold_event(&run->fold, SPAN(delta));
		if (event_log_count(&run->log) > 64)
			event_log_drop(&run->log, event_log_count(&run->log));
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	fold_close(&run->fold);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       (double)count;
}

static void read_all(struct buf *out)
{
	char piece[65536];
	size_t len;

	while ((len = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_append(out, piece, len);
}

static _Noreturn void usage(void)
{
	fputs("usage: narrate [-r EVENTS]... [-e] [-w MILLION] <STREAM\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};
	long long restarts[RESTARTS_MAX], million = 0;
	int count = 0, option;
	struct run run = {0};
	struct buf stream = {0};
	bool fails = false;

	log_open("narrate");
	while ((option = getopt(argc, argv, "r:ew:")) != -1) {
		if (option == 'r' && count < RESTARTS_MAX)
			restarts[count++] = strtoll(optarg, NULL, 10);
		else if (option == 'e')
			fails = true;
		else if (option == 'w')
			million = strtoll(optarg, NULL, 10);
		else
			usage();
	}
	if (optind != argc)
		usage();
	response_initial(
	    &run.object, "litellm_poll_00000000-0000-4000-8000-000000000000", 1700000000, fields);
	tell_created(&run);
	run.narrator = narrator_new(&run.log);
	if (million > 0) {
		printf("%.0f ns folded, ", cost_of_deltas(&run, million * 1000000, false));
		printf("%.0f ns folded and told\n", cost_of_deltas(&run, million * 1000000, true));
	} else {
		read_all(&stream);
		for (int i = 0; i < count; i++) {
			attempt(&run, buf_span(&stream), restarts[i]);
			fold_close(&run.fold);
			restart(&run);
		}
		attempt(&run, buf_span(&stream), -1);
		finish(&run, fails);
		fold_close(&run.fold);
	}
	narrator_free(run.narrator);
	event_log_close(&run.log);
	event_log_close(&run.stored);
	buf_free(&run.object);
	buf_free(&stream);
	return 0;
}
