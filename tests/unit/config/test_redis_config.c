#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/config/redis_config.h"

static struct redis_nodes nodes(const char *host, int port)
{
	struct redis_nodes nodes = {xcalloc(1, sizeof(*nodes.list)), 1};

	nodes.list[0] = (struct redis_node){xstrdup(host), port};
	return nodes;
}

static struct redis_config full(void)
{
	return (struct redis_config){.enabled = true,
	    .host = xstrdup("h"),
	    .port = 1,
	    .socket_path = xstrdup("/s"),
	    .username = xstrdup("u"),
	    .password = xstrdup("p"),
	    .db = 2,
	    .tls = {true, xstrdup("ca"), xstrdup("cert"), xstrdup("key"), false, false},
	    .sentinels = nodes("s", 2),
	    .service_name = xstrdup("m"),
	    .sentinel_username = xstrdup("su"),
	    .sentinel_password = xstrdup("sp"),
	    .startup_nodes = nodes("n", 3),
	    .namespace = xstrdup("ns")};
}

static void its_kind_is_what_it_names(void **state)
{
	struct redis_config config = {.db = -1};

	(void)state;
	assert_int_equal(redis_config_kind(&config), REDIS_SINGLE);
	config.sentinels = nodes("s", 1);
	assert_int_equal(redis_config_kind(&config), REDIS_SENTINEL);
	config.startup_nodes = nodes("n", 1);
	assert_int_equal(redis_config_kind(&config), REDIS_CLUSTER);
	redis_config_clear(&config);
	assert_int_equal(redis_config_kind(&config), REDIS_SINGLE);
	assert_int_equal(config.db, -1);
}

/* Changes one member, and expects the two to differ. */
#define EXPECT_OTHER(change)                                                                       \
	do {                                                                                       \
		struct redis_config a = full(), b = full();                                        \
		assert_true(redis_config_same(&a, &b));                                            \
		change;                                                                            \
		assert_false(redis_config_same(&a, &b));                                           \
		assert_false(redis_config_same(&b, &a));                                           \
		redis_config_clear(&a);                                                            \
		redis_config_clear(&b);                                                            \
	} while (0)

static void cut(char **text)
{
	free(*text);
	*text = NULL;
}

static void any_member_makes_another_of_it(void **state)
{
	(void)state;
	EXPECT_OTHER(b.enabled = false);
	EXPECT_OTHER(b.host[0] = 'x');
	EXPECT_OTHER(b.port++);
	EXPECT_OTHER(cut(&b.socket_path));
	EXPECT_OTHER(cut(&b.username));
	EXPECT_OTHER(b.password[0] = 'x');
	EXPECT_OTHER(b.db++);
	EXPECT_OTHER(b.tls.enabled = false);
	EXPECT_OTHER(cut(&b.tls.ca_certs));
	EXPECT_OTHER(b.tls.certfile[0] = 'x');
	EXPECT_OTHER(cut(&b.tls.keyfile));
	EXPECT_OTHER(b.tls.no_verify = true);
	EXPECT_OTHER(b.tls.any_host = true);
	EXPECT_OTHER(b.sentinels.list[0].port++);
	EXPECT_OTHER(b.sentinels.list[0].host[0] = 'x');
	EXPECT_OTHER(cut(&b.service_name));
	EXPECT_OTHER(cut(&b.sentinel_username));
	EXPECT_OTHER(cut(&b.sentinel_password));
	EXPECT_OTHER(b.startup_nodes.list[0].port++);
	EXPECT_OTHER(cut(&b.namespace));
}

static void the_number_of_nodes_counts(void **state)
{
	struct redis_config a = full(), b = full();

	(void)state;
	free(b.sentinels.list[0].host);
	b.sentinels.count = 0;
	assert_false(redis_config_same(&a, &b));
	redis_config_clear(&a);
	redis_config_clear(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(its_kind_is_what_it_names),
	    cmocka_unit_test(any_member_makes_another_of_it),
	    cmocka_unit_test(the_number_of_nodes_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
