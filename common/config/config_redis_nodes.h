/*
 * Lists of servers, in the forms that LiteLLM has for them, in YAML or as a text of JSON: of
 * Sentinels
 * [["127.0.0.1", 26379]], of a Cluster's nodes [{"host": "127.0.0.1", "port": 6379}].
 */
#ifndef RESPOOL_CONFIG_REDIS_NODES_H
#define RESPOOL_CONFIG_REDIS_NODES_H

#include "config_yaml.h"
#include "redis_config.h"

enum redis_nodes_form { REDIS_NODES_OF_SENTINELS, REDIS_NODES_OF_A_CLUSTER };

/* For messages: what a list of that form looks like. */
const char *redis_nodes_expected(enum redis_nodes_form form);

/* Reads a value of the configuration into *nodes, which are empty. Reports errors. */
void redis_nodes_read(
    const struct config_value *value, enum redis_nodes_form form, struct redis_nodes *nodes);

/* Reads JSON into *nodes, which are empty, and stay so if it is not of that form: false then. */
bool redis_nodes_parse(const char *text, enum redis_nodes_form form, struct redis_nodes *nodes);

#endif
