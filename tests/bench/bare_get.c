/*
 * The least that a FastCGI program can do to serve a stored response: one GET, copied out under a
 * head of one line. No key is asked for and nothing is checked. What respool.fcgi's polls are
 * compared with.
 *
 * The connection to Redis is named by $BENCH_REDIS, as mod_fcgid passes no arguments.
 */
#include <fcgiapp.h>
#include <hiredis/hiredis.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 1024, CHILDREN_MAX = 64 };

static const char key_prefix[] = "litellm:polling:response:";

/* The end of the path is the id, wherever the web server puts it. */
static const char *id_of(FCGX_ParamArray env)
{
	const char *uri = FCGX_GetParam("REQUEST_URI", env);
	const char *slash = uri != NULL ? strrchr(uri, '/') : NULL;

	return slash != NULL ? slash + 1 : "";
}

static void answer(const FCGX_Request *fcgi, redisContext *redis)
{
	redisReply *reply = redisCommand(redis, "GET %s%s", key_prefix, id_of(fcgi->envp));

	if (reply != NULL && reply->type == REDIS_REPLY_STRING) {
		FCGX_PutS("Content-Type: application/json\r\n\r\n", fcgi->out);
		FCGX_PutStr(reply->str, (int)reply->len, fcgi->out);
	} else {
		FCGX_PutS("Status: 404 Not Found\r\n\r\n", fcgi->out);
	}
	freeReplyObject(reply);
}

static int serve(int socket)
{
	const char *path = getenv("BENCH_REDIS");
	redisContext *redis = path != NULL ? redisConnectUnix(path) : NULL;
	FCGX_Request fcgi;

	if (redis == NULL || redis->err != 0) {
		fprintf(stderr, "bare_get: no Redis at BENCH_REDIS=%s\n", path != NULL ? path : "");
		return 1;
	}
	if (FCGX_Init() != 0 || FCGX_InitRequest(&fcgi, socket, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&fcgi) == 0) {
		answer(&fcgi, redis);
		FCGX_Finish_r(&fcgi);
	}
	return 0;
}

static void wait_for_signal(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &signal);
}

/* Children end by the signal's default action: they inherit it unblocked. */
static int prefork(int socket, int count)
{
	pid_t children[CHILDREN_MAX];
	sigset_t set;
	int i;

	for (i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] == 0)
			return serve(socket);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wait_for_signal();
	for (i = 0; i < count; i++) {
		if (children[i] > 0)
			kill(children[i], SIGTERM);
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}

int main(int argc, char **argv)
{
	int count, socket;

	if (argc == 1)
		return serve(0);
	count = argc == 3 ? atoi(argv[2]) : 0;
	if (count < 1 || count > CHILDREN_MAX) {
		fprintf(stderr, "usage: BENCH_REDIS=SOCKET bare_get [FCGI_SOCKET CHILDREN]\n");
		return 2;
	}
	socket = FCGX_OpenSocket(argv[1], BACKLOG);
	if (socket < 0) {
		fprintf(stderr, "bare_get: cannot listen on %s\n", argv[1]);
		return 1;
	}
	return prefork(socket, count);
}
