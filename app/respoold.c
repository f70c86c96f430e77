/* respoold: the supervisor. Keeps the stream workers alive. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/base/hardening.h"
#include "common/store/keys.h"
#include "common/base/log.h"
#include "common/base/prefork.h"
#include "common/base/title.h"
#include "app/supervisor/notify.h"
#include "app/supervisor/worker.h"

enum { EXIT_USAGE = 2, MAX_WORKERS = 256, KILL_SECONDS = 5 };

struct options {
	const char *config;
	int workers;
	bool test;
};

/* What the workers need from their parent. */
struct supervisor {
	struct config *config;
	const char *config_path;
	unsigned name;     /* the first half of its workers' names */
	int grace_seconds; /* that workers have to end */
	/* Whether advice about Redis has been given: in memory that all share. */
	atomic_bool *advised;
};

static const char usage[] =
    "usage: respoold [-c FILE] [-w N]\n"
    "       respoold [-c FILE] -t | -V | -h\n"
    "\n"
    "Takes background responses from the queue in Redis and streams them from their providers.\n"
    "\n"
    "  -c FILE  configuration; else $RESPOOL_CONFIG, else " SYSCONFDIR "/respool/config.yaml\n"
    "  -w N     number of stream workers, 1 to 256 (default 1)\n"
    "  -t       check the configuration and exit\n"
    "  -V       print the version and exit\n"
    "  -h       print this and exit\n"
    "\n"
    "Stays in the foreground and logs to stderr. SIGTERM: streams get drain_seconds to finish, "
    "what\n"
    "remains goes back to the queue; a second SIGTERM ends at once.\n";

static int usage_error(const char *what, const char *value)
{
	fprintf(stderr, "respoold: %s%s\n%s", what, value, usage);
	return EXIT_USAGE;
}

static bool parse_count(const char *text, int *out)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < 1 || n > MAX_WORKERS)
		return false;
	*out = (int)n;
	return true;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(struct options *options, int argc, char **argv)
{
	int c;

	*options = (struct options){.workers = 1};
	while ((c = getopt(argc, argv, ":c:w:tVh")) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'w':
			if (!parse_count(optarg, &options->workers))
				return usage_error(
				    "-w expects a number from 1 to 256, not ", optarg);
			break;
		case 't':
			options->test = true;
			break;
		case 'V':
			printf("respoold %s\n", PACKAGE_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case ':':
			return usage_error(
			    "an argument is missing for -", (char[]){(char)optopt, 0});
		default:
			return usage_error("unknown option -", (char[]){(char)optopt, 0});
		}
	}
	if (optind < argc)
		return usage_error("unexpected argument ", argv[optind]);
	return -1;
}

static void worker_name(char out[WORKER_NAME_SIZE], unsigned supervisor, pid_t pid)
{
	snprintf(out, WORKER_NAME_SIZE, "%08x%08x", supervisor, (unsigned)pid);
}

static int run_worker(void *ctx, int slot, pid_t predecessor)
{
	const struct supervisor *supervisor = ctx;
	char name[WORKER_NAME_SIZE], before[WORKER_NAME_SIZE];

	srandom(supervisor->name ^ (unsigned)getpid());
	worker_name(name, supervisor->name, getpid());
	worker_name(before, supervisor->name, predecessor);
	return worker_run(supervisor->config, supervisor->config_path, name,
	    predecessor != 0 ? before : NULL, slot == 0 ? supervisor->advised : NULL);
}

/* For workers that are started later; those that run read the file themselves. */
static void reload(void *ctx)
{
	struct supervisor *supervisor = ctx;
	struct config *before = config_hold(supervisor->config);

	notify_reloading();
	config_reload(&supervisor->config, supervisor->config_path, CONFIG_SUPERVISOR);
	if (!redis_config_same(&before->redis, &supervisor->config->redis))
		atomic_store(supervisor->advised, false);
	config_free(before);
	supervisor->grace_seconds = supervisor->config->drain_seconds + KILL_SECONDS;
	notify_ready();
}

static void started(void *ctx)
{
	(void)ctx;
	notify_ready();
}

static void stopping(void *ctx)
{
	(void)ctx;
	notify_stopping();
}

static atomic_bool *share_flag(void)
{
	atomic_bool *flag =
	    mmap(NULL, sizeof(*flag), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (flag == MAP_FAILED)
		fatal("mmap");
	atomic_init(flag, false);
	return flag;
}

static int supervise(struct config *config, const char *path, int workers)
{
	struct supervisor supervisor = {.config = config_hold(config),
	    .config_path = path,
	    .grace_seconds = config->drain_seconds + KILL_SECONDS,
	    .advised = share_flag()};
	struct prefork prefork = {
	    .count = workers,
	    .child = run_worker,
	    .started = started,
	    .reload = reload,
	    .stopping = stopping,
	    .ctx = &supervisor,
	    .grace_seconds = &supervisor.grace_seconds,
	};
	int status;

	if (getrandom(&supervisor.name, sizeof(supervisor.name), 0) !=
	    (ssize_t)sizeof(supervisor.name))
		fatal("getrandom");
	log_info("%s: %d workers", PACKAGE_STRING, workers);
	status = prefork_run(&prefork);
	munmap(supervisor.advised, sizeof(*supervisor.advised));
	config_free(supervisor.config);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct config *config;
	const char *path;
	int status;

	argv = title_init(argc, argv);
	log_open("respoold");
	harden_process();
	status = parse_options(&options, argc, argv);
	if (status >= 0)
		return status;
	path = config_path(options.config);
	config = config_load(path, CONFIG_SUPERVISOR, stderr);
	if (config == NULL)
		return EXIT_FAILURE;
	if (!config->redis.enabled) {
		log_warnx("%s: litellm_settings.cache and cache_params, or "
			  "general_settings.coordination_redis, must name a Redis: the jobs are "
			  "there",
		    path);
		status = EXIT_FAILURE;
	} else if (options.test) {
		printf("%s: configuration ok\n", path);
		status = EXIT_SUCCESS;
	} else {
		log_set_format(config->log_format);
		status = supervise(config, path, options.workers);
	}
	config_free(config);
	return status;
}
