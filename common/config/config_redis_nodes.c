#include "config_redis_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "config_section.h"

enum { PORT_MAX = 65535 };

static const struct form {
	const char *list, *element;
} forms[] = {
    [REDIS_NODES_OF_SENTINELS] = {"a list as [[\"127.0.0.1\", 26379]]", "[HOST, PORT]"},
    [REDIS_NODES_OF_A_CLUSTER] = {"a list as [{\"host\": \"127.0.0.1\", \"port\": 6379}]",
	"{host: HOST, port: PORT}"},
};

const char *redis_nodes_expected(enum redis_nodes_form form)
{
	return forms[form].list;
}

/* Takes the host over. */
static void append(struct redis_nodes *nodes, struct redis_node node)
{
	nodes->list = xrealloc(nodes->list, (nodes->count + 1) * sizeof(*nodes->list));
	nodes->list[nodes->count++] = node;
}

static const struct config_key cluster_node_keys[] = {
    {"host", CONFIG_STRING, CONFIG_REQUIRED, "a host", IN(struct redis_node, host)},
    {"port", CONFIG_INT, CONFIG_REQUIRED, "a port", IN(struct redis_node, port), .min = 1,
	.max = PORT_MAX},
};

static bool read_port(const struct config_value *value, int *port)
{
	static const char expected[] = "a port from 1 to 65535";
	char *text;
	long long number;
	bool ok;

	if (!config_string(value, 0, expected, &text))
		return false;
	ok = config_integer(text, 1, PORT_MAX, &number);
	if (ok)
		*port = (int)number;
	else
		config_wrong(value, "no port, expected %s", expected);
	free(text);
	return ok;
}

static bool read_sentinel(const struct config_value *value, struct redis_node *node)
{
	const char *expected = forms[REDIS_NODES_OF_SENTINELS].element;
	struct config_value host, port;

	if (!config_is_list(value, expected))
		return false;
	if (config_length(value) != 2) {
		config_wrong(value, "a list of %zu, expected %s", config_length(value), expected);
		return false;
	}
	host = config_element(value, 0);
	port = config_element(value, 1);
	return config_string(&host, 0, "a host", &node->host) && read_port(&port, &node->port);
}

static bool read_node(
    const struct config_value *value, enum redis_nodes_form form, struct redis_node *node)
{
	if (form == REDIS_NODES_OF_SENTINELS)
		return read_sentinel(value, node);
	return config_section(value, forms[form].element, KEYS(cluster_node_keys), node);
}

static void read_list(
    const struct config_value *value, enum redis_nodes_form form, struct redis_nodes *nodes)
{
	if (!config_is_list(value, forms[form].list))
		return;
	if (config_length(value) == 0)
		config_wrong(value, "an empty list, expected %s", forms[form].list);
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);
		struct redis_node node = {0};

		if (read_node(&element, form, &node))
			append(nodes, node);
		else
			free(node.host);
	}
}

void redis_nodes_read(
    const struct config_value *value, enum redis_nodes_form form, struct redis_nodes *nodes)
{
	char *text;

	if (value->node->type != YAML_SCALAR_NODE) {
		read_list(value, form, nodes);
		return;
	}
	if (!config_string(value, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, forms[form].list, &text))
		return;
	if (!redis_nodes_parse(text, form, nodes))
		config_wrong(value, "a text that is no such JSON, expected %s", forms[form].list);
	free(text);
}

static bool parse_host(struct span value, struct redis_node *node)
{
	struct buf host = {0};
	bool ok;

	if (!json_is_text(value) || !json_decode(value, &host))
		return false;
	node->host = xstrdup(buf_cstr(&host));
	ok = strlen(node->host) == host.len && config_is_clean_secret(node->host);
	buf_free(&host);
	return ok;
}

/* LiteLLM's examples have it as a number and as a string. */
static bool parse_port(struct span value, struct redis_node *node)
{
	struct buf digits = {0};
	long long port = 0;
	bool ok;

	if (json_type(value) == JSON_STRING)
		json_decode(value, &digits);
	else
		buf_append_span(&digits, value);
	ok = config_integer(buf_cstr(&digits), 1, PORT_MAX, &port);
	buf_free(&digits);
	node->port = (int)port;
	return ok;
}

static bool parse_sentinel(struct span value, struct redis_node *node)
{
	struct json_scan scan = json_open(value, 0);
	struct span host, port, more;

	return json_type(value) == JSON_ARRAY && json_element(&scan, &host) &&
	       json_element(&scan, &port) && !json_element(&scan, &more) &&
	       parse_host(host, node) && parse_port(port, node);
}

static bool parse_cluster_node(struct span value, struct redis_node *node)
{
	return json_type(value) == JSON_OBJECT && parse_host(json_get(value, "host"), node) &&
	       parse_port(json_get(value, "port"), node);
}

static bool parse_node(struct span value, enum redis_nodes_form form, struct redis_node *node)
{
	return form == REDIS_NODES_OF_SENTINELS ? parse_sentinel(value, node)
						: parse_cluster_node(value, node);
}

bool redis_nodes_parse(const char *text, enum redis_nodes_form form, struct redis_nodes *nodes)
{
	struct span list = span_of(text), element;
	struct json_scan scan;

	if (!json_check(list, 0, NULL, NULL))
		return false;
	scan = json_open(list, 0);
	while (json_element(&scan, &element)) {
		struct redis_node node = {0};

		if (!parse_node(element, form, &node)) {
			free(node.host);
			redis_nodes_clear(nodes);
			return false;
		}
		append(nodes, node);
	}
	return nodes->count != 0;
}
