#include "advice.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/log.h"
#include "common/base/title.h"
#include "common/store/operate.h"

enum { MOST_SECONDS = 30 };

static void be_ended_by_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int number = 1; number < SIGRTMIN; number++)
		signal(number, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(MOST_SECONDS);
}

_Noreturn static void advise(const struct redis_config *config)
{
	struct store *store;

	descriptors_close_but(NULL, 0);
	be_ended_by_signals();
	title_set("respool.fcgi", "adviser");
	store = store_open(config);
	if (store_advise(store, redis_finding_log, NULL) != STORE_OK)
		log_warnx("redis: %s", store_error(store));
	store_close(store);
	_exit(0);
}

void advice_give(const struct redis_config *config)
{
	pid_t pid;

	if (!config->enabled)
		return;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* Its child is for init to wait for: a web server's process knows of no children.
		 */
		if (fork() == 0)
			advise(config);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	else
		log_warn("cannot look for advice about Redis");
}
