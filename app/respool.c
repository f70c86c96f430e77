/* respool.fcgi: the FastCGI responder. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/relay/own_relay.h"
#include "app/relay/relay.h"
#include "app/responder/activity.h"
#include "app/responder/advice.h"
#include "app/responder/listen.h"
#include "app/responder/responder.h"
#include "common/base/hardening.h"
#include "common/base/log.h"
#include "common/base/prefork.h"
#include "common/base/title.h"
#include "common/config/config.h"

enum {
	EXIT_USAGE = 2,
	MAX_RESPONDERS = 1024,
	MAX_RELAYS = 64,
	GRACE_SECONDS = 5, /* beside what requests have to be answered when the end comes */
};

static const char usage_text[] =
    "usage: respool.fcgi [-c FILE] [-s unix:PATH | -s HOST:PORT] [-w N] [-r N]\n"
    "       respool.fcgi -t [-c FILE]\n"
    "       respool.fcgi -V | -h\n"
    "\n"
    "Serves background responses to a web server over FastCGI. Without -s it must be\n"
    "started by one that hands it a listening socket as descriptor 0, as lighttpd's\n"
    "bin-path, Apache's mod_fcgid and spawn-fcgi do.\n"
    "\n"
    "  -c FILE  configuration (default: $RESPOOL_CONFIG, else " SYSCONFDIR "/respool/config.yaml)\n"
    "  -s ADDR  open the listening socket itself: unix:PATH (its mode is 0666 less the\n"
    "           umask), HOST:PORT or [IPV6]:PORT\n"
    "  -w N     keep N processes alive that serve; 0, the default: serve in this one\n"
    "  -r N     relays for what takes long, 1 to 64 (default 1); without -w they are started\n"
    "           when they are first needed\n"
    "  -t       check the configuration and exit\n"
    "  -V       print the version and exit\n"
    "  -h       print this help and exit\n";

struct options {
	const char *config;
	const char *address;
	int responders;
	int relays;
	bool check_only;
};

/* What the processes of one parent have in common. */
struct family {
	struct config *config;
	const char *config_path;
	int responders;
	int listen_fd;
	struct relay_lines lines;
	struct activity *activities; /* of each responder */
	int grace_seconds;           /* that children have to end */
};

_Noreturn static void usage_error(const char *what, const char *value)
{
	fprintf(stderr, "respool.fcgi: %s%s\n%s", what, value, usage_text);
	exit(EXIT_USAGE);
}

_Noreturn static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int read_count(const char *text, int least, int most, const char *expected)
{
	char *end;
	long count = strtol(text, &end, 10);

	if (end == text || *end != '\0' || count < least || count > most)
		usage_error(expected, text);
	return (int)count;
}

static struct options read_options(int argc, char **argv)
{
	struct options options = {.relays = 1};
	int option;

	while ((option = getopt(argc, argv, "c:s:w:r:tVh")) != -1) {
		switch (option) {
		case 'c':
			options.config = optarg;
			break;
		case 's':
			if (!listen_address_valid(optarg))
				usage_error("-s expects unix:PATH, HOST:PORT or [IPV6]:PORT with a "
					    "port from 1 to 65535, not ",
				    optarg);
			options.address = optarg;
			break;
		case 'w':
			options.responders = read_count(
			    optarg, 0, MAX_RESPONDERS, "-w expects a number from 0 to 1024, not ");
			break;
		case 'r':
			options.relays = read_count(
			    optarg, 1, MAX_RELAYS, "-r expects a number from 1 to 64, not ");
			break;
		case 't':
			options.check_only = true;
			break;
		case 'V':
			print_and_exit("respool.fcgi " PACKAGE_VERSION "\n");
		case 'h':
			print_and_exit(usage_text);
		default:
			fputs(usage_text, stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc)
		usage_error("unexpected argument ", argv[optind]);
	return options;
}

static int check_config(const char *path)
{
	struct config *config = config_load(path, CONFIG_RESPONDER, stderr);

	if (config == NULL)
		return EXIT_FAILURE;
	config_free(config);
	printf("%s: configuration ok\n", path);
	return EXIT_SUCCESS;
}

static bool open_listener(struct listener *listener, const char *address)
{
	if (address != NULL)
		return listen_open(listener, address);
	if (listen_inherit(listener))
		return true;
	fprintf(stderr, "respool.fcgi: descriptor 0 is not a listening socket%s\n%s",
	    getenv("GATEWAY_INTERFACE") != NULL ? ": this is a FastCGI program, not a CGI program"
						: "",
	    usage_text);
	return false;
}

static int run_relay(void *ctx, int relay)
{
	struct family *family = ctx;

	title_set("respool.fcgi", "relay");
	return relay_run(family->config, family->config_path, &family->lines, relay);
}

static int run_child(void *ctx, int slot, pid_t predecessor)
{
	struct family *family = ctx;
	const struct relay_access relays = {.lines = &family->lines};

	(void)predecessor;
	if (slot >= family->responders) {
		listen_leave(family->listen_fd);
		return run_relay(family, slot - family->responders);
	}
	title_set("respool.fcgi", "responder");
	relay_lines_be_responder(&family->lines);
	return responder_run(family->config, family->config_path, family->responders, &relays,
	    &family->activities[slot], family->listen_fd);
}

/* For children that are started later; those that run read the file themselves. */
static void reload(void *ctx)
{
	struct family *family = ctx;
	struct config *before = config_hold(family->config);

	config_reload(&family->config, family->config_path, CONFIG_RESPONDER);
	if (!redis_config_same(&before->redis, &family->config->redis))
		advice_give(&family->config->redis);
	config_free(before);
	family->grace_seconds = family->config->drain_seconds + GRACE_SECONDS;
}

static void report(void *ctx)
{
	const struct family *family = ctx;

	for (int slot = 0; slot < family->responders; slot++)
		activity_report(&family->activities[slot]);
}

static int serve_with_children(struct family *family)
{
	struct prefork prefork = {
	    .count = family->responders + family->lines.count,
	    .servants = family->lines.count,
	    .child = run_child,
	    .reload = reload,
	    .report = report,
	    .ctx = family,
	    .grace_seconds = &family->grace_seconds,
	};

	return prefork_run(&prefork);
}

static bool ensure_relay(void *ctx, int relay)
{
	return own_relay_ensure(ctx, relay);
}

static int relay_handle(void *ctx, int relay)
{
	return own_relay_handle(ctx, relay);
}

static void reload_relays(void *ctx)
{
	struct own_relays *own = ctx;
	struct family *family = own->ctx;

	reload(family);
	own->grace_seconds = family->grace_seconds;
	own_relays_reload(own);
}

static void tell_relays(void *ctx)
{
	own_relays_tell(ctx);
}

static int serve_alone(struct family *family)
{
	struct own_relays own = {
	    .lines = &family->lines,
	    .run = run_relay,
	    .ctx = family,
	    .grace_seconds = family->grace_seconds,
	};
	const struct relay_access relays = {
	    &family->lines, ensure_relay, relay_handle, reload_relays, tell_relays, &own};
	int status;

	own_relays_init(&own);
	status = responder_run(
	    family->config, family->config_path, 0, &relays, family->activities, family->listen_fd);
	own_relays_stop(&own);
	return status;
}

static int serve(
    struct config *config, const char *path, int listen_fd, const struct options *options)
{
	struct family family = {.config = config_hold(config),
	    .config_path = path,
	    .responders = options->responders,
	    .listen_fd = listen_fd,
	    .grace_seconds = config->drain_seconds + GRACE_SECONDS};
	const int activities = options->responders > 0 ? options->responders : 1;
	int status = EXIT_FAILURE;

	family.activities = activities_open(activities);
	if (relay_lines_open(&family.lines, options->relays)) {
		advice_give(&config->redis);
		status =
		    family.responders > 0 ? serve_with_children(&family) : serve_alone(&family);
		relay_lines_close(&family.lines);
	}
	activities_close(family.activities, activities);
	config_free(family.config);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	const char *path;
	struct listener listener;
	struct config *config;
	int status = EXIT_FAILURE;

	argv = title_init(argc, argv);
	log_open("respool.fcgi");
	harden_process();
	options = read_options(argc, argv);
	path = config_path(options.config);
	if (options.check_only)
		return check_config(path);
	if (!open_listener(&listener, options.address))
		return isatty(STDIN_FILENO) && options.address == NULL ? EXIT_USAGE : EXIT_FAILURE;
	config = config_load(path, CONFIG_RESPONDER, stderr);
	if (config != NULL) {
		log_set_format(config->log_format);
		status = serve(config, path, listener.fd, &options);
	}
	config_free(config);
	listen_close(&listener);
	return status;
}
