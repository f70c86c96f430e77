#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/responder/busy_slots.h"

enum { CHILDREN = 8 };

/* A child that says whether it has got a slot, and keeps it until it is killed. */
static pid_t start_taker(struct busy_slots *slots, int most, bool *taken)
{
	int fds[2];
	char answer;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		answer = busy_slots_take(slots, most) ? 'y' : 'n';
		if (write(fds[1], &answer, 1) == 1)
			pause();
		_exit(1);
	}
	assert_true(pid > 0);
	assert_int_equal(read(fds[0], &answer, 1), 1);
	*taken = answer == 'y';
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void end_taker(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void no_more_take_a_slot_than_may(void **state)
{
	struct busy_slots *slots = busy_slots_map(CHILDREN);
	pid_t pids[CHILDREN];
	int taken_by = 0;

	(void)state;
	for (int i = 0; i < CHILDREN; i++) {
		bool taken;

		pids[i] = start_taker(slots, 3, &taken);
		taken_by += taken;
	}
	assert_int_equal(taken_by, 3);
	for (int i = 0; i < CHILDREN; i++)
		end_taker(pids[i]);
	busy_slots_unmap(slots);
}

static void a_slot_that_is_given_back_is_free(void **state)
{
	struct busy_slots *slots = busy_slots_map(1);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(busy_slots_take(slots, 1));
		assert_false(busy_slots_take(slots, 1));
		busy_slots_give_back(slots);
	}
	busy_slots_unmap(slots);
}

static void the_slot_of_a_child_that_has_ended_is_free_once_the_parent_says_so(void **state)
{
	struct busy_slots *slots = busy_slots_map(CHILDREN);
	bool taken;
	pid_t pid = start_taker(slots, 1, &taken);

	(void)state;
	assert_true(taken);
	end_taker(pid);
	assert_false(busy_slots_take(slots, 1));
	busy_slots_release(slots, pid + 1);
	assert_false(busy_slots_take(slots, 1));
	busy_slots_release(slots, pid);
	assert_true(busy_slots_take(slots, 1));
	busy_slots_unmap(slots);
}

static void a_bound_above_the_number_of_children_is_none(void **state)
{
	struct busy_slots *slots = busy_slots_map(1);

	(void)state;
	assert_true(busy_slots_take(slots, 1000000));
	busy_slots_unmap(slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_more_take_a_slot_than_may),
	    cmocka_unit_test(a_slot_that_is_given_back_is_free),
	    cmocka_unit_test(the_slot_of_a_child_that_has_ended_is_free_once_the_parent_says_so),
	    cmocka_unit_test(a_bound_above_the_number_of_children_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
