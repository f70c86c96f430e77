#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"

/* What a function wrote to stderr, and how its process ended. */
struct outcome {
	char text[3 * PIPE_BUF];
	ssize_t len;
	int status;
	int pid;
};

/* Runs a function in a process whose stderr is a packet socket: one read shows one write. */
static struct outcome run(void (*function)(void))
{
	static struct outcome outcome;
	int fds[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		log_open("tester");
		function();
		_exit(0);
	}
	close(fds[1]);
	memset(&outcome, 0, sizeof(outcome));
	outcome.len = read(fds[0], outcome.text, sizeof(outcome.text) - 1);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &outcome.status, 0), pid);
	outcome.pid = (int)pid;
	return outcome;
}

static void assert_line(const struct outcome *outcome, const char *rest)
{
	char expected[3 * PIPE_BUF];

	snprintf(expected, sizeof(expected), "tester[%d]: %s\n", outcome->pid, rest);
	assert_string_equal(outcome->text, expected);
}

static void write_info(void)
{
	log_info("%d jobs", 3);
}

static void info_is_one_line_with_program_and_pid(void **state)
{
	struct outcome outcome = run(write_info);

	(void)state;
	assert_line(&outcome, "info: 3 jobs");
}

static void write_warnx(void)
{
	log_warnx("odd %s", "thing");
}

static void warnx_is_a_warning(void **state)
{
	struct outcome outcome = run(write_warnx);

	(void)state;
	assert_line(&outcome, "warning: odd thing");
}

static void write_warn(void)
{
	errno = ENOENT;
	log_warn("cannot open %s", "x");
}

static void warn_adds_the_reason_of_errno(void **state)
{
	struct outcome outcome = run(write_warn);

	(void)state;
	assert_line(&outcome, "warning: cannot open x: No such file or directory");
}

static void fail_to_write_and_show_errno(void)
{
	close(STDERR_FILENO);
	errno = EACCES;
	log_info("something");
	_exit(errno == EACCES ? 7 : 8);
}

static void errno_is_left_alone_even_if_stderr_is_closed(void **state)
{
	struct outcome outcome = run(fail_to_write_and_show_errno);

	(void)state;
	assert_int_equal(WEXITSTATUS(outcome.status), 7);
}

static void write_forged_line(void)
{
	log_info("%s", "one\ntester[1]: two\r\t\x1b[31m\x7f\x01");
}

static void control_characters_are_escaped(void **state)
{
	struct outcome outcome = run(write_forged_line);

	(void)state;
	assert_line(&outcome, "info: one\\ntester[1]: two\\r\\t\\x1b[31m\\x7f\\x01");
}

static void write_c1_control(void)
{
	log_info("%s", "a\xc2\x9b"
		       "31m");
}

static void c1_control_characters_are_escaped(void **state)
{
	struct outcome outcome = run(write_c1_control);

	(void)state;
	assert_line(&outcome, "info: a\\xc2\\x9b31m");
}

static void write_utf8(void)
{
	log_info("%s", "größer \xe2\x82\xac");
}

static void utf8_text_stays_as_it_is(void **state)
{
	struct outcome outcome = run(write_utf8);

	(void)state;
	assert_line(&outcome, "info: größer \xe2\x82\xac");
}

static void write_long_line(void)
{
	char text[2 * PIPE_BUF];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
}

static void a_long_line_is_cut_to_one_atomic_write(void **state)
{
	struct outcome outcome = run(write_long_line);

	(void)state;
	assert_in_range(outcome.len, PIPE_BUF - 64, PIPE_BUF);
	assert_string_equal(outcome.text + outcome.len - 7, " [cut]\n");
}

static void write_long_escapes(void)
{
	char text[PIPE_BUF / 2];

	memset(text, '\x01', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
}

static void a_line_that_escapes_make_long_is_cut_as_well(void **state)
{
	struct outcome outcome = run(write_long_escapes);

	(void)state;
	assert_in_range(outcome.len, PIPE_BUF - 64, PIPE_BUF);
	assert_string_equal(outcome.text + outcome.len - 11, "\\x01 [cut]\n");
}

static void write_long_utf8(void)
{
	char text[2 * PIPE_BUF + 1];

	for (size_t i = 0; i < sizeof(text) - 1; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
}

static void a_cut_leaves_no_torn_character(void **state)
{
	struct outcome outcome = run(write_long_utf8);
	const char *cut = strstr(outcome.text, " [cut]\n");

	(void)state;
	assert_non_null(cut);
	assert_memory_equal(cut - 2, "\xc3\xa4", 2);
}

static void write_fatal(void)
{
	errno = EIO;
	fatal("cannot go on");
}

static void fatal_logs_the_reason_and_exits_with_1(void **state)
{
	struct outcome outcome = run(write_fatal);

	(void)state;
	assert_line(&outcome, "fatal: cannot go on: Input/output error");
	assert_true(WIFEXITED(outcome.status));
	assert_int_equal(WEXITSTATUS(outcome.status), 1);
}

static void write_fatalx(void)
{
	fatalx("no %s", "way");
}

static void fatalx_logs_and_exits_with_1(void **state)
{
	struct outcome outcome = run(write_fatalx);

	(void)state;
	assert_line(&outcome, "fatal: no way");
	assert_int_equal(WEXITSTATUS(outcome.status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(info_is_one_line_with_program_and_pid),
	    cmocka_unit_test(warnx_is_a_warning),
	    cmocka_unit_test(warn_adds_the_reason_of_errno),
	    cmocka_unit_test(errno_is_left_alone_even_if_stderr_is_closed),
	    cmocka_unit_test(control_characters_are_escaped),
	    cmocka_unit_test(c1_control_characters_are_escaped),
	    cmocka_unit_test(utf8_text_stays_as_it_is),
	    cmocka_unit_test(a_long_line_is_cut_to_one_atomic_write),
	    cmocka_unit_test(a_line_that_escapes_make_long_is_cut_as_well),
	    cmocka_unit_test(a_cut_leaves_no_torn_character),
	    cmocka_unit_test(fatal_logs_the_reason_and_exits_with_1),
	    cmocka_unit_test(fatalx_logs_and_exits_with_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
