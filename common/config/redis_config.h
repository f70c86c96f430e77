/*
 * Where Redis is and how it is spoken to: one server, the master that Sentinels name, or a Cluster.
 */
#ifndef RESPOOL_REDIS_CONFIG_H
#define RESPOOL_REDIS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

enum { REDIS_NAMESPACE_MAX = 128, REDIS_HOST_MAX = 255 };

/* A server as the configuration names it. */
struct redis_node {
	char *host;
	int port;
};

struct redis_nodes {
	struct redis_node *list;
	size_t count;
};

struct redis_tls_config {
	bool enabled;
	char *ca_certs; /* files in PEM form; NULL for what the system trusts */
	char *certfile; /* what we show of ourselves; NULL for nothing */
	char *keyfile;  /* its key; NULL if that is in certfile */
	bool no_verify; /* of the server's certificate: not at all */
	bool any_host;  /* it may be another host's */
};

struct redis_config {
	bool enabled; /* litellm_settings.cache is true and its type is redis */
	char *host;
	int port;
	char *socket_path; /* wins over host and port; NULL if none */
	char *username;    /* NULL if none */
	char *password;    /* NULL if none */
	int db;
	struct redis_tls_config tls;  /* Sentinels are spoken to in the same way */
	struct redis_nodes sentinels; /* if there are any, they say where the master is */
	char *service_name;           /* by which they know it */
	char *sentinel_username, *sentinel_password; /* NULL if none */
	struct redis_nodes startup_nodes;            /* of a Cluster, if there are any */
	char *namespace; /* before every key, without its colon; NULL if none */
};

enum redis_kind { REDIS_SINGLE, REDIS_SENTINEL, REDIS_CLUSTER };

enum redis_kind redis_config_kind(const struct redis_config *redis);

/* Whether both lead to the same data in the same way. */
bool redis_config_same(const struct redis_config *a, const struct redis_config *b);

/* Frees the list, and leaves it empty. */
void redis_nodes_clear(struct redis_nodes *nodes);

/* Frees what it holds, and leaves it as one that says nothing: db is -1. */
void redis_config_clear(struct redis_config *redis);

#endif
