/*
 * A blocking connection to one server: a Redis, a node of a Cluster, or a Sentinel. It is opened
 * when first needed, and again after it broke.
 */
#ifndef RESPOOL_STORE_SERVER_H
#define RESPOOL_STORE_SERVER_H

#include <stdbool.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "common/config/redis_config.h"
#include "redis_address.h"
#include "redis_args.h"
#include "redis_tls.h"
#include "retry_pause.h"

enum { STORE_ERROR_SIZE = 640 };

enum store_server_role {
	STORE_SERVER_ONLY,     /* the one that there is */
	STORE_SERVER_NODE,     /* one of a Cluster */
	STORE_SERVER_MASTER,   /* as Sentinels say: refused if its ROLE is another */
	STORE_SERVER_SENTINEL, /* one of these */
};

/* How servers are reached. Owns nothing. */
struct store_access {
	const struct redis_config *config;
	struct redis_tls *tls; /* NULL without */
};

struct store_server {
	const struct store_access *access;
	enum store_server_role role;
	struct redis_address address;
	redisContext *redis; /* NULL when not connected */
	bool timed_out;      /* the last failure was that it did not answer in time */
	struct retry_pause pause;
	char error[STORE_ERROR_SIZE]; /* which server failed last at what, and why */
};

/* address is NULL for one that is the configuration's host and port, or socket. */
void store_server_init(struct store_server *server, const struct store_access *access,
    enum store_server_role role, const struct redis_address *address);
void store_server_disconnect(struct store_server *server);

/*
 * Connects, logs in and loads the scripts, unless that is done. False, and the error says why, if
 * it fails, or at once if it has failed a moment ago.
 */
bool store_server_connect(struct store_server *server);

/* How long answers are waited for from now on, until the next connection. */
void store_server_set_timeout(struct store_server *server, struct timeval timeout);
void store_server_reset_timeout(struct store_server *server);

/* A command is sent when the first reply is waited for; replies come in the order of commands. */
void store_server_send(struct store_server *server, const struct redis_args *args);
/* NULL, and the connection is closed, if it broke. doing is the command, for the error. */
redisReply *store_server_receive(struct store_server *server, const char *doing);
/*
 * What the server has said by itself, if it has: NULL if there is nothing yet, or nobody is
 * connected any more. Never waits.
 */
redisReply *store_server_heard(struct store_server *server);
/* Sends so many commands and receives their replies. False if the connection broke. */
bool store_server_exchange(struct store_server *server, const struct redis_args *commands,
    int count, redisReply **replies);

/* Sets the error, and returns false. */
bool store_server_failed(struct store_server *server, const char *doing, const char *why);

#endif
