/* respool.fcgi: the FastCGI responder. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/base/hardening.h"
#include "common/base/log.h"
#include "common/base/prefork.h"
#include "app/responder/busy_slots.h"
#include "app/responder/listen.h"
#include "app/responder/responder.h"

enum {
	EXIT_USAGE = 2,
	MAX_CHILDREN = 1024,
	GRACE_SECONDS = 5, /* beside what requests have to be answered when the end comes */
};

static const char usage_text[] =
    "usage: respool.fcgi [-c FILE] [-s unix:PATH | -s HOST:PORT] [-w N]\n"
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
    "  -t       check the configuration and exit\n"
    "  -V       print the version and exit\n"
    "  -h       print this help and exit\n";

struct options {
	const char *config;
	const char *address;
	int children;
	bool check_only;
};

struct child_context {
	struct config *config;
	const char *config_path;
	int children;
	struct busy_slots *busy;
	int listen_fd;
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

static int read_children(const char *text)
{
	char *end;
	long count = strtol(text, &end, 10);

	if (end == text || *end != '\0' || count < 0 || count > MAX_CHILDREN)
		usage_error("-w expects a number from 0 to 1024, not ", text);
	return (int)count;
}

static struct options read_options(int argc, char **argv)
{
	struct options options = {0};
	int option;

	while ((option = getopt(argc, argv, "c:s:w:tVh")) != -1) {
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
			options.children = read_children(optarg);
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

static int serve_as_child(void *ctx, int slot, pid_t predecessor)
{
	const struct child_context *child = ctx;

	(void)slot;
	(void)predecessor;
	return responder_run(
	    child->config, child->config_path, child->children, child->busy, child->listen_fd);
}

/* For children that are started later; those that run read the file themselves. */
static void reload(void *ctx)
{
	struct child_context *child = ctx;

	config_reload(&child->config, child->config_path, CONFIG_RESPONDER);
}

static void give_back_slots(void *ctx, pid_t pid)
{
	const struct child_context *child = ctx;

	busy_slots_release(child->busy, pid);
}

static int serve_with_children(struct config *config, const char *path, int listen_fd, int children)
{
	struct child_context child = {
	    config_hold(config), path, children, busy_slots_map(children), listen_fd};
	struct prefork prefork = {
	    .count = children,
	    .child = serve_as_child,
	    .reload = reload,
	    .ended = give_back_slots,
	    .ctx = &child,
	    .grace_seconds = config->drain_seconds + GRACE_SECONDS,
	};
	int status = prefork_run(&prefork);

	busy_slots_unmap(child.busy);
	config_free(child.config);
	return status;
}

static int serve(struct config *config, const char *path, int listen_fd, int children)
{
	if (children > 0)
		return serve_with_children(config, path, listen_fd, children);
	return responder_run(config, path, 0, NULL, listen_fd);
}

int main(int argc, char **argv)
{
	struct options options;
	const char *path;
	struct listener listener;
	struct config *config;
	int status = EXIT_FAILURE;

	log_open("respool.fcgi");
	harden_process();
	options = read_options(argc, argv);
	path = config_path(options.config);
	if (options.check_only)
		return check_config(path);
	if (!open_listener(&listener, options.address))
		return isatty(STDIN_FILENO) && options.address == NULL ? EXIT_USAGE : EXIT_FAILURE;
	config = config_load(path, CONFIG_RESPONDER, stderr);
	if (config != NULL)
		status = serve(config, path, listener.fd, options.children);
	config_free(config);
	listen_close(&listener);
	return status;
}
