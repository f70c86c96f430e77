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
#include "common/store/redis_cluster.h"
#include "fake_clock.h"
#include "fake_link.h"

/* The topology is the test's: it has this map, and counts who is doubted. */
struct topology {
	struct event_base *base;
	struct redis_config config;
	struct slot_map map;
	struct topology_user *user;
	int doubts;
};

void topology_join(struct topology *topology, struct topology_user *user)
{
	topology->user = user;
}

void topology_leave(struct topology *topology, struct topology_user *user)
{
	(void)user;
	topology->user = NULL;
}

struct event_base *topology_base(const struct topology *topology)
{
	return topology->base;
}

const struct redis_config *topology_config(const struct topology *topology)
{
	return &topology->config;
}

struct redis_tls *topology_tls(const struct topology *topology)
{
	(void)topology;
	return NULL;
}

const struct redis_address *topology_server(const struct topology *topology, int slot)
{
	return slot_map_owner(&topology->map, slot);
}

const struct redis_address *topology_any(const struct topology *topology)
{
	return slot_map_owner(&topology->map, 1);
}

const struct slot_map *topology_slots(const struct topology *topology)
{
	return &topology->map;
}

void topology_moved(struct topology *topology, int slot, const struct redis_address *to)
{
	slot_map_move(&topology->map, slot, to);
	topology->user->changed(topology->user->ctx);
}

void topology_doubt(struct topology *topology, const struct redis_address *server)
{
	(void)server;
	topology->doubts++;
}

enum { A = 7001, B = 7002, C = 7003 };
enum { LITTLE_MS = 300 };

/* Slot 1 is A's and home, slots 2 and 3 are B's. */
struct world {
	struct topology topology;
	struct redis_client_user user;
	struct redis_cluster *cluster;
	int ups, part_ups, downs;
};

/* What a caller has got. */
struct caller {
	struct world *world;
	int replies, nothings; /* with a reply, and without one */
	char last[128];
	bool again; /* it calls again at once */
};

static void on_up(void *ctx)
{
	((struct world *)ctx)->ups++;
}

static void on_part_up(void *ctx)
{
	((struct world *)ctx)->part_ups++;
}

static void on_down(void *ctx)
{
	((struct world *)ctx)->downs++;
}

static struct redis_address server(int port)
{
	struct redis_address address;

	assert_true(redis_address_set(&address, "127.0.0.1", port));
	return address;
}

/* As if the servers had told all of it anew. */
static void set_owner(struct world *world, int slot, int port)
{
	struct redis_address address = server(port);

	slot_map_move(&world->topology.map, slot, &address);
}

static void tell(struct world *world)
{
	world->topology.user->changed(world->topology.user->ctx);
}

static int open_world(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->topology.base = event_base_new();
	slot_map_init(&world->topology.map);
	set_owner(world, 1, A);
	set_owner(world, 2, B);
	set_owner(world, 3, B);
	world->user = (struct redis_client_user){
	    .name = "test", .up = on_up, .part_up = on_part_up, .down = on_down, .ctx = world};
	world->cluster = redis_cluster_new(&world->topology, &world->user, 1, "respool-test");
	*state = world;
	return 0;
}

static int close_world(void **state)
{
	struct world *world = *state;

	redis_cluster_free(world->cluster);
	assert_int_equal(fake_link_count(), 0);
	slot_map_free(&world->topology.map);
	event_base_free(world->topology.base);
	free(world);
	return 0;
}

static bool call(struct world *world, int slot, const char *text, struct caller *caller);

static void on_reply(redisAsyncContext *redis, void *data, void *privdata)
{
	struct caller *caller = privdata;
	const redisReply *reply = data;

	(void)redis;
	if (reply == NULL) {
		caller->nothings++;
	} else {
		caller->replies++;
		snprintf(caller->last, sizeof(caller->last), "%s", reply->str);
	}
	if (caller->again) {
		caller->again = false;
		call(caller->world, 2, "again", caller);
	}
}

static bool call(struct world *world, int slot, const char *text, struct caller *caller)
{
	caller->world = world;
	return redis_cluster_send(
	    world->cluster, slot, (struct span){xstrdup(text), strlen(text)}, on_reply, caller);
}

static void come_up(int port)
{
	fake_link_come_up(fake_link_at(port));
}

static void expect_next(int port, const char *text)
{
	struct span next = fake_link_next(fake_link_at(port));

	assert_int_equal(next.len, strlen(text));
	assert_memory_equal(next.p, text, next.len);
}

static void turn_until(struct world *world, const int *count)
{
	while (*count == 0)
		event_base_loop(world->topology.base, EVLOOP_ONCE);
}

static void each_command_goes_to_the_server_of_its_slot(void **state)
{
	struct world *world = *state;
	struct caller one = {0}, other = {0};

	come_up(A);
	come_up(B);
	assert_true(call(world, 1, "one", &one));
	assert_true(call(world, 3, "other", &other));
	expect_next(A, "one");
	expect_next(B, "other");
	fake_link_say(fake_link_at(B), "OK");
	fake_link_say(fake_link_at(A), "ERR no");
	assert_string_equal(other.last, "OK");
	assert_string_equal(one.last, "ERR no");
	assert_int_equal(one.replies + other.replies, 2);
}

static void command_without_a_slot_goes_home(void **state)
{
	struct world *world = *state;
	struct caller caller = {0};

	come_up(A);
	come_up(B);
	assert_true(call(world, SLOT_NONE, "any", &caller));
	expect_next(A, "any");
	fake_link_say(fake_link_at(A), "OK");
}

static void moved_slot_is_followed_and_stays_known(void **state)
{
	struct world *world = *state;
	struct caller caller = {0}, later = {0};

	come_up(A);
	come_up(B);
	call(world, 2, "x", &caller);
	fake_link_say(fake_link_at(B), "MOVED 2 127.0.0.1:7001");
	assert_int_equal(caller.replies, 0);
	expect_next(A, "x");
	fake_link_say(fake_link_at(A), "OK");
	assert_string_equal(caller.last, "OK");
	call(world, 2, "y", &later);
	expect_next(A, "y");
	fake_link_say(fake_link_at(A), "OK");
}

static void moved_slot_may_be_one_of_an_unknown_server(void **state)
{
	struct world *world = *state;
	struct caller caller = {0};

	come_up(B);
	call(world, 2, "x", &caller);
	fake_link_say(fake_link_at(B), "MOVED 2 127.0.0.1:7003");
	assert_int_equal(fake_link_owed(fake_link_at(C)), 0);
	come_up(C);
	expect_next(C, "x");
	fake_link_say(fake_link_at(C), "OK");
	assert_int_equal(caller.replies, 1);
}

static void server_that_is_asked_once_gets_asking_right_before(void **state)
{
	struct world *world = *state;
	struct caller caller = {0}, later = {0};

	come_up(B);
	call(world, 2, "x", &caller);
	fake_link_say(fake_link_at(B), "ASK 2 127.0.0.1:7003");
	come_up(C);
	expect_next(C, "*1\r\n$6\r\nASKING\r\n");
	fake_link_say(fake_link_at(C), "OK");
	expect_next(C, "x");
	fake_link_say(fake_link_at(C), "OK");
	assert_int_equal(caller.replies, 1);
	call(world, 2, "y", &later);
	expect_next(B, "y");
	fake_link_say(fake_link_at(B), "OK");
}

static void command_is_sent_again_later_where_its_slot_is_then(void **state)
{
	struct world *world = *state;
	struct caller caller = {0};

	come_up(A);
	come_up(B);
	call(world, 2, "x", &caller);
	fake_link_say(fake_link_at(B), "TRYAGAIN Multiple keys request during rehashing of slot");
	assert_int_equal(fake_link_owed(fake_link_at(B)), 0);
	set_owner(world, 2, A);
	while (fake_link_owed(fake_link_at(A)) == 0)
		event_base_loop(world->topology.base, EVLOOP_ONCE);
	expect_next(A, "x");
	fake_link_say(fake_link_at(A), "OK");
	assert_int_equal(caller.replies, 1);
}

static void commands_wait_for_a_connection_in_their_order(void **state)
{
	struct world *world = *state;
	struct caller one = {0}, two = {0};

	assert_true(call(world, 2, "one", &one));
	assert_true(call(world, 3, "two", &two));
	come_up(B);
	expect_next(B, "one");
	fake_link_say(fake_link_at(B), "OK");
	expect_next(B, "two");
	fake_link_say(fake_link_at(B), "OK");
	assert_int_equal(one.replies + two.replies, 2);
}

static void who_waits_in_vain_gets_nothing_and_the_next_is_refused(void **state)
{
	struct world *world = *state;
	struct caller caller = {0}, next = {0};
	int taken = 0;

	assert_true(call(world, 2, "x", &caller));
	turn_until(world, &caller.nothings);
	assert_int_equal(caller.replies, 0);
	for (; call(world, 2, "y", &next); taken++)
		fake_clock_ms += LITTLE_MS;
	come_up(B);
	fake_link_break(fake_link_at(B), "gone");
	assert_int_equal(caller.nothings, 1);
	assert_int_equal(next.nothings, taken);
}

static void broken_connection_answers_each_once(void **state)
{
	struct world *world = *state;
	struct caller one = {0}, two = {0};

	come_up(B);
	call(world, 2, "one", &one);
	call(world, 2, "two", &two);
	fake_link_break(fake_link_at(B), "gone");
	assert_int_equal(one.nothings, 1);
	assert_int_equal(two.nothings, 1);
	come_up(B);
	assert_int_equal(fake_link_owed(fake_link_at(B)), 0);
}

static void caller_may_call_again_when_it_gets_nothing(void **state)
{
	struct world *world = *state;
	struct caller caller = {.again = true};

	come_up(B);
	call(world, 2, "x", &caller);
	fake_link_break(fake_link_at(B), "gone");
	assert_int_equal(caller.nothings, 1);
	come_up(B);
	expect_next(B, "again");
	fake_link_say(fake_link_at(B), "OK");
	assert_int_equal(caller.replies, 1);
}

static void silent_server_that_has_lost_its_slots_is_left(void **state)
{
	struct world *world = *state;
	struct caller caller = {.again = true};

	come_up(A);
	come_up(B);
	call(world, 2, "x", &caller);
	fake_link_fall_silent(fake_link_at(B));
	while (world->topology.doubts == 0)
		event_base_loop(world->topology.base, EVLOOP_ONCE);
	assert_int_equal(caller.nothings, 0);
	set_owner(world, 2, C);
	set_owner(world, 3, C);
	tell(world);
	assert_int_equal(caller.nothings, 1);
	assert_null(fake_link_at(B));
	come_up(C);
	expect_next(C, "again");
	fake_link_say(fake_link_at(C), "OK");
}

static void what_waits_for_a_lost_server_goes_to_its_successor(void **state)
{
	struct world *world = *state;
	struct caller caller = {0};

	call(world, 2, "x", &caller);
	set_owner(world, 2, C);
	set_owner(world, 3, C);
	tell(world);
	assert_null(fake_link_at(B));
	come_up(C);
	expect_next(C, "x");
	fake_link_say(fake_link_at(C), "OK");
	assert_int_equal(caller.replies, 1);
}

/* Its own reply moves the last slot away, while others are under way. */
static void server_may_be_left_within_its_own_reply(void **state)
{
	struct world *world = *state;
	struct caller one = {0}, two = {0};

	come_up(A);
	come_up(B);
	call(world, 2, "one", &one);
	call(world, 3, "two", &two);
	set_owner(world, 3, A);
	fake_link_fall_silent(fake_link_at(B));
	while (world->topology.doubts == 0)
		event_base_loop(world->topology.base, EVLOOP_ONCE);
	fake_link_say(fake_link_at(B), "MOVED 2 127.0.0.1:7001");
	assert_null(fake_link_at(B));
	assert_int_equal(two.nothings, 1);
	expect_next(A, "one");
	fake_link_say(fake_link_at(A), "OK");
	assert_int_equal(one.replies, 1);
	assert_int_equal(one.nothings, 0);
}

static void lost_scripts_are_brought_by_a_new_connection(void **state)
{
	struct world *world = *state;
	struct caller one = {0}, two = {0};

	come_up(B);
	call(world, 2, "one", &one);
	call(world, 3, "two", &two);
	fake_link_say(fake_link_at(B), "NOSCRIPT No matching script.");
	assert_int_equal(one.replies + one.nothings, 0);
	assert_int_equal(two.nothings, 1);
	come_up(B);
	expect_next(B, "one");
	fake_link_say(fake_link_at(B), "OK");
	assert_int_equal(one.replies, 1);
}

static void home_decides_whether_it_is_up(void **state)
{
	struct world *world = *state;

	come_up(B);
	assert_false(redis_cluster_is_up(world->cluster));
	assert_int_equal(world->part_ups, 1);
	come_up(A);
	assert_true(redis_cluster_is_up(world->cluster));
	assert_int_equal(world->ups, 1);
	fake_link_break(fake_link_at(B), "gone");
	assert_true(redis_cluster_is_up(world->cluster));
	assert_int_equal(world->downs, 0);
	fake_link_break(fake_link_at(A), "gone");
	assert_false(redis_cluster_is_up(world->cluster));
	assert_int_equal(world->downs, 1);
	assert_int_equal(world->part_ups, 1);
}

static void home_may_move_to_another_server(void **state)
{
	struct world *world = *state;

	come_up(A);
	come_up(B);
	set_owner(world, 1, B);
	tell(world);
	assert_true(redis_cluster_is_up(world->cluster));
	assert_int_equal(world->downs, 0);
	set_owner(world, 1, C);
	tell(world);
	assert_int_equal(world->downs, 1);
	come_up(C);
	assert_int_equal(world->ups, 2);
}

static void end_answers_everybody_once(void **state)
{
	struct world *world = *state;
	struct caller sent = {.again = true}, waiting = {0}, pausing = {0};

	come_up(B);
	call(world, 2, "pausing", &pausing);
	fake_link_say(fake_link_at(B), "CLUSTERDOWN The cluster is down");
	call(world, 2, "sent", &sent);
	call(world, 1, "waiting", &waiting);
	redis_cluster_free(world->cluster);
	assert_int_equal(sent.nothings, 1);
	assert_int_equal(waiting.nothings, 1);
	assert_int_equal(pausing.nothings, 1);
	world->cluster = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_command_goes_to_the_server_of_its_slot),
	    TEST(command_without_a_slot_goes_home),
	    TEST(moved_slot_is_followed_and_stays_known),
	    TEST(moved_slot_may_be_one_of_an_unknown_server),
	    TEST(server_that_is_asked_once_gets_asking_right_before),
	    TEST(command_is_sent_again_later_where_its_slot_is_then),
	    TEST(commands_wait_for_a_connection_in_their_order),
	    TEST(who_waits_in_vain_gets_nothing_and_the_next_is_refused),
	    TEST(broken_connection_answers_each_once),
	    TEST(caller_may_call_again_when_it_gets_nothing),
	    TEST(silent_server_that_has_lost_its_slots_is_left),
	    TEST(what_waits_for_a_lost_server_goes_to_its_successor),
	    TEST(server_may_be_left_within_its_own_reply),
	    TEST(lost_scripts_are_brought_by_a_new_connection),
	    TEST(home_decides_whether_it_is_up),
	    TEST(home_may_move_to_another_server),
	    TEST(end_answers_everybody_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
