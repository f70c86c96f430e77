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

#include "common/base/buf.h"
#include "common/base/json.h"
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

static const struct log_field facts[] = {
    LOG_TEXT("id", "resp_1"),
    LOG_TEXT("tenant", ""),
    LOG_TEXT("model", "a \"b\"\n"),
    LOG_TEXT("deployment", NULL),
    LOG_NUMBER("attempts", 2),
    LOG_NUMBER("total_ms", LOG_UNKNOWN),
};

static void write_event(void)
{
	log_event("response_ended", facts, sizeof(facts) / sizeof(facts[0]));
}

static void an_event_tells_what_is_known_in_words(void **state)
{
	struct outcome outcome = run(write_event);

	(void)state;
	assert_line(&outcome,
	    "info: response_ended id=resp_1 tenant=\"\" model=\"a \\\"b\\\"\\n\" attempts=2");
}

static void write_numbers(void)
{
	const struct log_field numbers[] = {
	    LOG_NUMBER("least", LLONG_MIN),
	    LOG_NUMBER("none", 0),
	    LOG_NUMBER("ten", 10),
	    LOG_NUMBER("most", LLONG_MAX),
	};

	log_event("counted", numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static void numbers_have_all_their_digits(void **state)
{
	struct outcome outcome = run(write_numbers);

	(void)state;
	assert_line(&outcome, "info: counted least=-9223372036854775808 none=0 ten=10 "
			      "most=9223372036854775807");
}

static void (*in_json_function)(void);

static void write_in_json(void)
{
	log_set_format(LOG_FORMAT_JSON);
	in_json_function();
}

/* Runs it with JSON lines, and returns the one line as the value that it is. */
static struct span run_in_json(void (*function)(void), struct outcome *outcome)
{
	struct span line;

	in_json_function = function;
	*outcome = run(write_in_json);
	assert_in_range(outcome->len, 2, PIPE_BUF);
	line = (struct span){outcome->text, (size_t)outcome->len};
	assert_int_equal(line.p[line.len - 1], '\n');
	line.len--;
	assert_null(memchr(line.p, '\n', line.len));
	assert_true(json_check(line, 0, NULL, NULL));
	return line;
}

static void assert_member(struct span line, const char *name, const char *spelled)
{
	struct span value = json_get(line, name);

	assert_int_equal(value.len, strlen(spelled));
	assert_memory_equal(value.p, spelled, value.len);
}

static void an_event_in_json_has_a_member_for_each_fact(void **state)
{
	struct outcome outcome;
	struct span line = run_in_json(write_event, &outcome);
	struct span time = json_get(line, "time");

	(void)state;
	assert_int_equal(time.len, strlen("\"2026-01-01T00:00:00.000Z\""));
	assert_int_equal(time.p[time.len - 2], 'Z');
	assert_member(line, "level", "\"info\"");
	assert_member(line, "event", "\"response_ended\"");
	assert_member(line, "tenant", "\"\"");
	assert_member(line, "model", "\"a \\\"b\\\"\\n\"");
	assert_member(line, "deployment", "null");
	assert_member(line, "attempts", "2");
	assert_member(line, "total_ms", "null");
}

static void a_message_in_json_tells_program_and_reason(void **state)
{
	struct outcome outcome;
	struct span line = run_in_json(write_warn, &outcome);
	char pid[16];

	(void)state;
	snprintf(pid, sizeof(pid), "%d", outcome.pid);
	assert_member(line, "level", "\"warning\"");
	assert_member(line, "event", "\"message\"");
	assert_member(line, "program", "\"tester\"");
	assert_member(line, "pid", pid);
	assert_member(line, "message", "\"cannot open x: No such file or directory\"");
}

static void write_odd_bytes(void)
{
	log_info("%s", "\xff\xc3 \xe2\x82 \x1b\x7f\xc2\x9b \xe2\x82\xac\\");
}

static void json_has_no_bytes_that_are_no_text(void **state)
{
	struct outcome outcome;
	struct span line = run_in_json(write_odd_bytes, &outcome);

	(void)state;
	assert_member(line, "message",
	    "\"\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd \\u001b\\u007f\\u009b \xe2\x82\xac\\\\\"");
}

static void write_long_text(void)
{
	char text[3 * PIPE_BUF];
	const struct log_field fields[] = {
	    LOG_TEXT("model", text), LOG_TEXT("tenant", text), LOG_TEXT("id", "resp_1")};

	/* What takes one byte, two and six in the line. */
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = "x\xc3\xa4\x01"[i % 4];
	text[sizeof(text) - 1] = '\0';
	log_event("response_ended", fields, 3);
}

static void long_facts_leave_room_for_the_others(void **state)
{
	struct outcome outcome;
	struct span line = run_in_json(write_long_text, &outcome);
	struct span model = json_get(line, "model");

	(void)state;
	assert_member(line, "id", "\"resp_1\"");
	assert_memory_equal(model.p + model.len - 4, "\xe2\x80\xa6\"", 4);
}

static void write_warning(void)
{
	char text[2048];
	const struct log_field fields[] = {
	    LOG_TEXT("error", text), LOG_NUMBER("status", 500), LOG_LONG_TEXT("body", text)};

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_event_as(LOG_LEVEL_WARNING, "webhook_failed", fields, 3);
}

static void a_fact_that_is_long_has_a_kilobyte(void **state)
{
	struct outcome outcome;
	struct span line = run_in_json(write_warning, &outcome);

	(void)state;
	assert_member(line, "level", "\"warning\"");
	assert_int_equal(json_get(line, "error").len, 256 + 3 + 2);
	assert_int_equal(json_get(line, "body").len, 1024 + 3 + 2);
}

static void write_error(void)
{
	log_event_as(LOG_LEVEL_ERROR, "webhook_dead", facts, 1);
}

static void an_event_may_be_an_error(void **state)
{
	struct outcome outcome = run(write_error);

	(void)state;
	assert_line(&outcome, "error: webhook_dead id=resp_1");
}

static void a_json_line_that_is_cut_is_still_an_object(void **state)
{
	void (*const writers[])(void) = {write_long_line, write_long_escapes, write_long_utf8};
	struct outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		struct span line = run_in_json(writers[i], &outcome);

		assert_in_range(outcome.len, PIPE_BUF - 16, PIPE_BUF);
		assert_memory_equal(line.p + line.len - 5, "\xe2\x80\xa6\"}", 5);
	}
}

static char taken[64];

static void take(void *ctx, const char *level, const char *text)
{
	snprintf(taken, sizeof(taken), "%s %s: %s", (const char *)ctx, level, text);
}

static void divert_and_return(void)
{
	char who[] = "taker";

	log_divert(take, who);
	log_warnx("a %s", "b");
	if (strcmp(taken, "taker warning: a b") != 0)
		_exit(1);
	log_divert(NULL, NULL);
	log_info("back");
}

static void lines_go_to_whoever_takes_them(void **state)
{
	struct outcome outcome = run(divert_and_return);

	(void)state;
	assert_int_equal(outcome.status, 0);
	assert_line(&outcome, "info: back");
}

static void divert_and_die(void)
{
	log_divert(take, taken);
	fatalx("the end");
}

static void what_is_fatal_is_not_taken(void **state)
{
	struct outcome outcome = run(divert_and_die);

	(void)state;
	assert_line(&outcome, "fatal: the end");
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
	    cmocka_unit_test(an_event_tells_what_is_known_in_words),
	    cmocka_unit_test(an_event_in_json_has_a_member_for_each_fact),
	    cmocka_unit_test(a_message_in_json_tells_program_and_reason),
	    cmocka_unit_test(json_has_no_bytes_that_are_no_text),
	    cmocka_unit_test(long_facts_leave_room_for_the_others),
	    cmocka_unit_test(a_fact_that_is_long_has_a_kilobyte),
	    cmocka_unit_test(an_event_may_be_an_error),
	    cmocka_unit_test(a_json_line_that_is_cut_is_still_an_object),
	    cmocka_unit_test(numbers_have_all_their_digits),
	    cmocka_unit_test(lines_go_to_whoever_takes_them),
	    cmocka_unit_test(what_is_fatal_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
