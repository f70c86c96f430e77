/*
 * Runs one translation without servers, for the corpus of providers' answers.
 *
 *	translate -c CONFIG -m MODEL [-n BYTES] REQUEST [ANSWER]
 *
 * Writes lines of JSON: {"request":…} as the deployment of MODEL would get it, or {"error":…} if it
 * is wrong or cannot be said to it; and of ANSWER, a file of events (NAME.sse) or an object
 *(NAME.json), that is read BYTES at once, each event as the client would get it, then
 *{"end":…,"object":…}.
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

enum { MAX_EVENT = 16 << 20 };

struct run {
	struct translation *translation;
	struct fold fold;
	struct buf text;
	long long number;
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

/* The data of the event that the stream would have. */
static void print_event(struct run *run, const struct response_event *event)
{
	char *data;

	buf_clear(&run->text);
	event_write(&run->text, event, run->number++);
	data = strstr(buf_cstr(&run->text), "\ndata: ") + strlen("\ndata: ");
	printf("%.*s\n", (int)strcspn(data, "\n"), data);
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
	print_object_event(ctx, "response.created");
	print_object_event(ctx, "response.in_progress");
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
		translation_open(run->translation, &run->fold, on_event, on_begin, run);
		print_end(run, read_answer(run, answer, at_once));
	}
	create_request_free(&request);
}

static _Noreturn void usage(void)
{
	fputs("usage: translate -c CONFIG -m MODEL [-n BYTES] REQUEST [ANSWER]\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *config_file = NULL, *model = NULL;
	size_t at_once = SIZE_MAX;
	struct run run = {0};
	struct buf request = {0};
	struct config *config;
	const struct deployment *deployment;
	int option;

	log_open("translate");
	while ((option = getopt(argc, argv, "c:m:n:")) != -1) {
		if (option == 'c')
			config_file = optarg;
		else if (option == 'm')
			model = optarg;
		else if (option == 'n')
			at_once = strtoul(optarg, NULL, 10);
		else
			usage();
	}
	if (config_file == NULL || model == NULL || at_once == 0 || optind == argc)
		usage();
	config = config_load(config_file, CONFIG_SUPERVISOR, stderr);
	deployment = config != NULL ? model_next_deployment(config, model, NULL) : NULL;
	if (deployment == NULL)
		fatalx("%s: no deployment of %s", config_file, model);
	run.translation = translation_new(deployment, model);
	if (run.translation == NULL)
		fatalx("%s: %s needs no translation", config_file, model);
	read_file(&request, argv[optind]);
	translate(&run, buf_span(&request), optind + 1 < argc ? argv[optind + 1] : NULL, at_once);
	translation_free(run.translation);
	fold_close(&run.fold);
	buf_free(&request);
	buf_free(&run.text);
	config_free(config);
	return 0;
}
