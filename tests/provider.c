/*
 * A provider that streams made-up answers, for the quick start and for benchmarks.
 *
 * POST /v1/responses answers as the Responses API does, as a stream of events or as one object;
 * POST /v1/chat/completions and /v1/messages likewise as OpenAI's other and Anthropic's API do.
 * The deltas of a stream come one by one, each after a delay. When each is due is counted from the
 * stream's beginning, so that a late one does not delay those after it.
 * GET /stats tells how many streams began and how they ended.
 */
#include "provider.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>

#include "common/base/log.h"

enum {
	MAX_DELTA = 1 << 20,
	MAX_ANSWER = 1 << 30,
};

static void on_signal(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("cannot raise the limit of open files to %llu",
		    (unsigned long long)limit.rlim_max);
}

static _Noreturn void usage(FILE *out, int status)
{
	fputs("usage: provider [-p PORT] [-d DELAY_MS] [-n DELTAS] [-b BYTES_PER_DELTA | -t] [-q]\n"
	      "  -p  port on 127.0.0.1; 0, the default: any that is free\n"
	      "  -d  between two deltas of a stream, 50 by default; 0: as fast as they are read\n"
	      "  -n  deltas of an answer; by default a short text, or 100 with -b or -t\n"
	      "  -b  size of a delta; by default a word\n"
	      "  -t  each delta says which it is and when it is sent: <STREAM INDEX MICROSECONDS>\n"
	      "  -q  log no line for each stream\n",
	    out);
	exit(status);
}

static long number(int option, const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		fatalx("-%c %s: expected a number from %ld to %ld", option, text, min, max);
	return value;
}

static void parse_options(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.delay_ms = 50};
	while ((option = getopt(argc, argv, "p:d:n:b:tqh")) != -1) {
		switch (option) {
		case 'p':
			options->port = (int)number(option, optarg, 0, 65535);
			break;
		case 'd':
			options->delay_ms = (int)number(option, optarg, 0, 3600000);
			break;
		case 'n':
			options->deltas = number(option, optarg, 1, 10000000);
			break;
		case 'b':
			options->delta_bytes = number(option, optarg, 1, MAX_DELTA);
			break;
		case 't':
			options->stamped = true;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'h':
			usage(stdout, 0);
		default:
			usage(stderr, 2);
		}
	}
	if (optind != argc || (options->stamped && options->delta_bytes != 0))
		usage(stderr, 2);
	if ((options->stamped || options->delta_bytes != 0) && options->deltas == 0)
		options->deltas = 100;
	if (options->deltas * options->delta_bytes > MAX_ANSWER)
		fatalx("-n %ld -b %ld: expected at most %d bytes in all", options->deltas,
		    options->delta_bytes, MAX_ANSWER);
}

/* Its timers are exact to the microsecond, not to the millisecond. */
static void open_loop(struct provider *provider)
{
	struct event_config *config = event_config_new();

	if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) != 0)
		fatalx("cannot set up an event loop");
	provider->base = event_base_new_with_config(config);
	event_config_free(config);
	if (provider->base == NULL)
		fatalx("cannot set up an event loop");
	TAILQ_INIT(&provider->paced);
	provider->pacer = evtimer_new(provider->base, stream_on_pace, provider);
	if (provider->pacer == NULL)
		fatalx("cannot set a timer");
}

int main(int argc, char **argv)
{
	struct provider provider = {0};
	struct event *term, *interrupt;
	struct evhttp *http;

	log_open("provider");
	parse_options(&provider.options, argc, argv);
	raise_file_limit();
	signal(SIGPIPE, SIG_IGN);
	text_write_pattern(
	    &provider.pattern, (size_t)(provider.options.deltas * provider.options.delta_bytes));
	open_loop(&provider);
	term = evsignal_new(provider.base, SIGTERM, on_signal, provider.base);
	interrupt = evsignal_new(provider.base, SIGINT, on_signal, provider.base);
	if (term == NULL || interrupt == NULL || event_add(term, NULL) != 0 ||
	    event_add(interrupt, NULL) != 0)
		fatalx("cannot handle signals");
	http = requests_serve(&provider);
	event_base_dispatch(provider.base);

	printf("streams: %lu started, %lu finished, %lu closed early, %lu open\n",
	    provider.stats.started, provider.stats.finished, provider.stats.closed_early,
	    stats_open(&provider.stats));
	provider.options.quiet = true;
	evhttp_free(http);
	event_free(provider.pacer);
	event_free(term);
	event_free(interrupt);
	event_base_free(provider.base);
	buf_free(&provider.pattern);
	buf_free(&provider.events);
	return 0;
}
