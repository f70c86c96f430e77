#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/base/alloc.h"
#include "common/store/topology.h"
#include "fake_link.h"

enum { A = 7001, B = 7002, C = 7003 }; /* those that the configuration names */

struct world {
	struct event_base *base;
	struct redis_config config;
	struct topology *topology;
	struct topology_user user;
	int changes;
};

static void on_changed(void *ctx)
{
	((struct world *)ctx)->changes++;
}

static struct redis_nodes nodes(void)
{
	struct redis_nodes nodes = {.list = xcalloc(3, sizeof(*nodes.list)), .count = 3};

	for (int i = 0; i < 3; i++)
		nodes.list[i] = (struct redis_node){xstrdup("127.0.0.1"), A + i};
	return nodes;
}

static struct world *open_world(void)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->base = event_base_new();
	world->config.db = 0;
	return world;
}

static void begin(struct world *world)
{
	world->topology = topology_new(world->base, &world->config, "test");
	world->user = (struct topology_user){.changed = on_changed, .ctx = world};
	topology_join(world->topology, &world->user);
}

static int open_cluster(void **state)
{
	struct world *world = open_world();

	world->config.startup_nodes = nodes();
	begin(world);
	*state = world;
	return 0;
}

static int open_sentinels(void **state)
{
	struct world *world = open_world();

	world->config.sentinels = nodes();
	world->config.service_name = xstrdup("mymaster");
	begin(world);
	*state = world;
	return 0;
}

static int close_world(void **state)
{
	struct world *world = *state;

	topology_leave(world->topology, &world->user);
	topology_free(world->topology);
	assert_int_equal(fake_link_count(), 0);
	redis_config_clear(&world->config);
	event_base_free(world->base);
	free(world);
	return 0;
}

static struct redis_link *await_link(struct world *world, int port)
{
	while (fake_link_at(port) == NULL)
		event_base_loop(world->base, EVLOOP_ONCE);
	return fake_link_at(port);
}

/* What is over is freed when the loop turns. */
static void await_end(struct world *world, int port)
{
	while (fake_link_at(port) != NULL)
		event_base_loop(world->base, EVLOOP_ONCE);
}

static void answer(struct redis_link *link, const char *resp)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	redisReaderFeed(reader, resp, strlen(resp));
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	fake_link_answer(link, reply);
	freeReplyObject(reply);
	redisReaderFree(reader);
}

static void expect_question(struct redis_link *link, const char *text)
{
	struct span next = fake_link_next(link);

	assert_int_equal(next.len, strlen(text));
	assert_memory_equal(next.p, text, next.len);
}

/* All slots are of the server on that port. */
static void answer_slots(struct redis_link *link, int port)
{
	char resp[128];

	fake_link_come_up(link);
	expect_question(link, "CLUSTER SLOTS");
	snprintf(resp, sizeof(resp), "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n",
	    port);
	answer(link, resp);
}

static void answer_master(struct redis_link *link, int port)
{
	char resp[128];

	fake_link_come_up(link);
	expect_question(link, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster");
	snprintf(resp, sizeof(resp), "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n%d\r\n", port);
	answer(link, resp);
}

static void expect_server(const struct world *world, int port)
{
	const struct redis_address *server = topology_server(world->topology, 5);

	assert_non_null(server);
	assert_int_equal(server->port, port);
}

static struct redis_address at(int port)
{
	struct redis_address address;

	assert_true(redis_address_set(&address, "127.0.0.1", port));
	return address;
}

static void first_answer_is_believed_and_told(void **state)
{
	struct world *world = *state;

	assert_null(topology_server(world->topology, 5));
	answer_slots(await_link(world, A), 7009);
	expect_server(world, 7009);
	assert_int_equal(topology_any(world->topology)->port, 7009);
	assert_int_equal(world->changes, 1);
	await_end(world, A);
}

static void next_is_asked_at_once_when_one_is_away(void **state)
{
	struct world *world = *state;

	fake_link_break(await_link(world, A), "Connection refused");
	assert_non_null(fake_link_at(B));
	answer_slots(fake_link_at(B), B);
	expect_server(world, B);
}

static void next_is_asked_soon_when_one_is_silent_which_may_answer_still(void **state)
{
	struct world *world = *state;

	await_link(world, A);
	await_link(world, B);
	assert_non_null(fake_link_at(A));
	answer_slots(fake_link_at(A), C);
	expect_server(world, C);
	await_end(world, B);
}

static void useless_answer_is_as_none(void **state)
{
	struct world *world = *state;

	fake_link_come_up(await_link(world, A));
	answer(fake_link_at(A), "-ERR This instance has cluster support disabled\r\n");
	fake_link_come_up(await_link(world, B));
	answer(fake_link_at(B), "*0\r\n");
	answer_slots(await_link(world, C), C);
	expect_server(world, C);
	assert_int_equal(world->changes, 1);
}

static void all_are_asked_again_when_nobody_answers(void **state)
{
	struct world *world = *state;

	for (int round = 0; round < 2; round++)
		for (int port = A; port <= C; port++) {
			fake_link_break(await_link(world, port), "Connection refused");
			await_end(world, port);
		}
	answer_slots(await_link(world, A), A);
	expect_server(world, A);
}

static void others_are_asked_when_a_server_is_doubted(void **state)
{
	struct world *world = *state;
	struct redis_address a = at(A);

	answer_slots(await_link(world, A), A);
	await_end(world, A);
	topology_doubt(world->topology, &a);
	answer_slots(await_link(world, B), A);
	assert_null(fake_link_at(A));
	await_end(world, B);
	/* It is named still, and doubted still; so somebody else is asked. */
	answer_slots(await_link(world, C), B);
	expect_server(world, B);
	assert_null(fake_link_at(A));
}

static void nobody_is_asked_about_a_server_that_is_not_named(void **state)
{
	struct world *world = *state;
	struct redis_address other = at(7009);
	struct timeval soon = {0, 300 * 1000};

	answer_slots(await_link(world, A), A);
	await_end(world, A);
	topology_doubt(world->topology, &other);
	event_base_loopexit(world->base, &soon);
	event_base_dispatch(world->base);
	assert_int_equal(fake_link_count(), 0);
}

static void moved_slot_is_known_and_told_at_once(void **state)
{
	struct world *world = *state;
	struct redis_address b = at(B);

	answer_slots(await_link(world, A), A);
	topology_moved(world->topology, 5, &b);
	expect_server(world, B);
	assert_int_equal(topology_server(world->topology, 6)->port, A);
	assert_int_equal(world->changes, 2);
	topology_moved(world->topology, 5, &b);
	assert_int_equal(world->changes, 2);
}

static void sentinel_that_knows_the_master_is_listened_to(void **state)
{
	struct world *world = *state;

	fake_link_come_up(await_link(world, A));
	answer(fake_link_at(A), "*-1\r\n");
	answer_master(await_link(world, B), 6379);
	expect_server(world, 6379);
	await_end(world, A);
	expect_question(fake_link_at(B), "SUBSCRIBE +switch-master");
}

static void switch_of_another_master_is_no_concern(void **state)
{
	struct world *world = *state;

	answer_master(await_link(world, A), 6379);
	answer(fake_link_at(A), "*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n"
				"$35\r\nother 127.0.0.1 6379 127.0.0.1 6390\r\n");
	expect_server(world, 6379);
}

static void switch_of_our_master_is_told(void **state)
{
	struct world *world = *state;

	answer_master(await_link(world, A), 6379);
	answer(fake_link_at(A), "*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n"
				"$38\r\nmymaster 127.0.0.1 6379 127.0.0.1 6380\r\n");
	expect_server(world, 6380);
	assert_int_equal(world->changes, 2);
}

static void lost_sentinel_is_replaced_and_its_master_stays(void **state)
{
	struct world *world = *state;

	answer_master(await_link(world, A), 6379);
	fake_link_break(fake_link_at(A), "gone");
	await_end(world, A);
	expect_server(world, 6379);
	answer_master(await_link(world, B), 6379);
	assert_non_null(fake_link_at(B));
}

#define TEST(name, open) cmocka_unit_test_setup_teardown(name, open, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(first_answer_is_believed_and_told, open_cluster),
	    TEST(next_is_asked_at_once_when_one_is_away, open_cluster),
	    TEST(next_is_asked_soon_when_one_is_silent_which_may_answer_still, open_cluster),
	    TEST(useless_answer_is_as_none, open_cluster),
	    TEST(all_are_asked_again_when_nobody_answers, open_cluster),
	    TEST(others_are_asked_when_a_server_is_doubted, open_cluster),
	    TEST(nobody_is_asked_about_a_server_that_is_not_named, open_cluster),
	    TEST(moved_slot_is_known_and_told_at_once, open_cluster),
	    TEST(sentinel_that_knows_the_master_is_listened_to, open_sentinels),
	    TEST(switch_of_another_master_is_no_concern, open_sentinels),
	    TEST(switch_of_our_master_is_told, open_sentinels),
	    TEST(lost_sentinel_is_replaced_and_its_master_stays, open_sentinels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
