/*
 * Runs translations without servers, for the corpus of providers' answers.
 *
 *	translate [-t] -c CONFIG -m MODEL [-n BYTES]... REQUESTS [ANSWER]
 *
 * For each line of REQUESTS it writes lines of JSON: {"request":…} as the deployment of MODEL would
 * get it, or {"error":…} if it is wrong or cannot be said to it. ANSWER is a file of events, or an
 * object if its name ends in .json; of that follow each event as the client would get it, and
 * {"end":…,"object":…}. With -n, ANSWER is read BYTES at once, 0 for all; each -n is another run.
 *With -t the events are those of a background job's stream.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/sse.h"
#include "common/config/config.h"
#include "common/config/model.h"
#include "common/dialect/translation.h"
#include "common/response/create_request.h"
#include "common/response/event.h"
#include "common/response/narrator.h"

enum { MAX_EVENT = 16 << 20, MAX_RUNS = 8 };

struct options {
	const char *config, *model, *requests, *answer;
	size_t at_once[MAX_RUNS];
	int runs;
	bool are_told;
};

struct run {
	struct translation *translation;
	struct fold fold;
	struct buf text;
	long long number;
	struct event_log log;      /* where told: from after response.created on */
	struct narrator *narrator; /* NULL: events are printed as they are made */
	bool over;
};

static void read_file(struct buf *out, const char *path)
{
	char piece[65536];
	FILE *file = fopen(path, "rb");
	size_t len;

	if (file == NULL)
		fatal("%s", path);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_append(out, piece, len);
	fclose(file);
}

/* The data of an event as it stands in a stream. */
static void print_data(struct run *run)
{
	char *data = strstr(buf_cstr(&run->text), "\ndata: ") + strlen("\ndata: ");

	printf("%.*s\n", (int)strcspn(data, "\n"), data);
}

static void print_event(struct run *run, const struct response_event *event)
{
	buf_clear(&run->text);
	event_write(&run->text, event, run->number++);
	print_data(run);
}

/* What a background job would tell of it. */
static void print_told(struct run *run)
{
	if (run->narrator == NULL)
		return;
	narrator_end(run->narrator);
	for (size_t i = 0; i < event_log_count(&run->log); i++) {
		buf_clear(&run->text);
		buf_append_span(&run->text, event_log_at(&run->log, i));
		print_data(run);
	}
	run->number = event_log_next(&run->log);
}

static void print_object_event(struct run *run, const char *type)
{
	struct response_event event = {.type = event_type_find(span_of(type))};
	struct buf object = {0};

	json_canonical(&object, buf_span(&run->fold.doc.text));
	event.members[EVENT_RESPONSE] = buf_span(&object);
	print_event(run, &event);
	buf_free(&object);
}

static void on_begin(void *ctx)
{
	struct run *run = ctx;

	if (run->narrator != NULL)
		return;
	print_object_event(run, "response.created");
	print_object_event(run, "response.in_progress");
}

static void on_event(void *ctx, const struct response_event *event)
{
	print_event(ctx, event);
}

static bool on_data(void *ctx, struct span data)
{
	struct run *run = ctx;

	run->fold.bytes += data.len;
	translation_event(run->translation, data);
	run->over = translation_is_over(run->translation);
	return !run->over;
}

static enum reader_end read_events(struct run *run, struct span bytes, size_t at_once)
{
	struct sse_parser sse;

	sse_init(&sse, MAX_EVENT, on_data, run);
	while (bytes.len > 0 && !run->over) {
		size_t len = bytes.len < at_once ? bytes.len : at_once;

		sse_feed(&sse, (struct span){bytes.p, len});
		bytes.p += len;
		bytes.len -= len;
	}
	if (!run->over)
		sse_end(&sse);
	sse_free(&sse);
	return translation_end(run->translation, false);
}

static enum reader_end read_answer(struct run *run, const char *path, size_t at_once)
{
	struct buf answer = {0};
	enum reader_end end = READER_TRUNCATED;

	read_file(&answer, path);
	if (strlen(path) < 5 || strcmp(path + strlen(path) - 5, ".json") != 0)
		end = read_events(run, buf_span(&answer), at_once);
	else if (translation_object(run->translation, buf_span(&answer)))
		end = translation_end(run->translation, true);
	buf_free(&answer);
	return end;
}

static void print_end(struct run *run, enum reader_end end)
{
	static const char *const names[] = {
	    [READER_WHOLE] = "whole", [READER_FAILED] = "failed", [READER_TRUNCATED] = "truncated"};
	char type[32];
	struct buf object = {0};

	if (end != READER_TRUNCATED) {
		fold_end(&run->fold);
		print_told(run);
		fold_seal(&run->fold, time(NULL));
		snprintf(type, sizeof(type), "response.%s", response_status_name(run->fold.status));
		print_object_event(run, type);
	}
	json_canonical(&object, buf_span(&run->fold.doc.text));
	printf("{\"end\":\"%s\",\"object\":%s}\n", names[end], buf_cstr(&object));
	buf_free(&object);
}

static void open_fold(struct run *run, struct create_request *request)
{
	struct buf object = {0};
	char id[RESPONSE_ID_SIZE];

	request->fields[RESPONSE_BACKGROUND] = SPAN("false");
	response_id_generate_unkept(id);
	response_initial(&object, id, time(NULL), request->fields);
	fold_open(&run->fold, buf_span(&object));
	buf_free(&object);
}

static void print_error(const struct api_error *error)
{
	struct buf out = {0};

	api_error_json(&out, error);
	printf("%s\n", buf_cstr(&out));
	buf_free(&out);
}

/* False if the request cannot be said. */
static bool print_request(struct run *run, struct span body)
{
	struct buf out = {0};
	bool said = translation_write_request(run->translation, &out, body);

	if (said) {
		printf("{\"request\":%s,\"left_out\":\"%.*s\"}\n", buf_cstr(&out),
		    (int)translation_left_out(run->translation).len,
		    translation_left_out(run->translation).p);
	} else {
		print_error(translation_refusal(run->translation));
	}
	buf_free(&out);
	return said;
}

static void translate(struct run *run, struct span body, const char *answer, size_t at_once)
{
	struct create_request request;
	struct api_error error;

	if (!create_request_parse(&request, body, &error)) {
		print_error(&error);
		return;
	}
	if (print_request(run, body) && answer != NULL) {
		open_fold(run, &request);
		if (run->narrator != NULL) {
			print_object_event(run, "response.created");
			narrator_follow(run->narrator, &run->fold);
		}
		translation_open(run->translation, &run->fold,
		    run->narrator == NULL ? on_event : NULL, on_begin, run);
		print_end(run, read_answer(run, answer, at_once));
	}
	create_request_free(&request);
}

/* One run: a line of requests, and the answer in pieces of one size. */
static void run_line(const struct options *options, const struct deployment *deployment,
    struct span body, size_t at_once)
{
	struct run run = {.translation = translation_new(deployment, options->model)};

	if (run.translation == NULL)
		fatalx("%s: %s needs no translation", options->config, options->model);
	event_log_open(&run.log, 1, 0);
	run.narrator = options->are_told ? narrator_new(&run.log) : NULL;
	translate(&run, body, options->answer, at_once);
	translation_free(run.translation);
	narrator_free(run.narrator);
	event_log_close(&run.log);
	fold_close(&run.fold);
	buf_free(&run.text);
}

static void run_all(const struct options *options, const struct deployment *deployment)
{
	struct buf requests = {0};
	const char *line, *end;

	read_file(&requests, options->requests);
	for (line = buf_cstr(&requests); *line != '\0'; line = *end == '\0' ? end : end + 1) {
		end = line + strcspn(line, "\n");
		for (int i = 0; i < options->runs; i++)
			run_line(options, deployment, (struct span){line, (size_t)(end - line)},
			    options->at_once[i]);
	}
	buf_free(&requests);
}

static _Noreturn void usage(void)
{
	fputs("usage: translate [-t] -c CONFIG -m MODEL [-n BYTES]... REQUESTS [ANSWER]\n", stderr);
	exit(2);
}

static void add_run(struct options *options, size_t at_once)
{
	if (options->runs == MAX_RUNS)
		usage();
	options->at_once[options->runs++] = at_once == 0 ? SIZE_MAX : at_once;
}

static struct options read_options(int argc, char **argv)
{
	struct options options = {0};
	int option;

	while ((option = getopt(argc, argv, "tc:m:n:")) != -1) {
		if (option == 't')
			options.are_told = true;
		else if (option == 'c')
			options.config = optarg;
		else if (option == 'm')
			options.model = optarg;
		else if (option == 'n')
			add_run(&options, strtoul(optarg, NULL, 10));
		else
			usage();
	}
	if (options.config == NULL || options.model == NULL || optind == argc)
		usage();
	if (options.runs == 0)
		add_run(&options, 0);
	options.requests = argv[optind];
	options.answer = optind + 1 < argc ? argv[optind + 1] : NULL;
	return options;
}

int main(int argc, char **argv)
{
	const struct deployment *deployment;
	struct options options;
	struct config *config;

	log_open("translate");
	options = read_options(argc, argv);
	config = config_load(options.config, CONFIG_SUPERVISOR, stderr);
	deployment = config != NULL ? model_next_deployment(config, options.model, NULL) : NULL;
	if (deployment == NULL)
		fatalx("%s: no deployment of %s", options.config, options.model);
	run_all(&options, deployment);
	config_free(config);
	return 0;
}
