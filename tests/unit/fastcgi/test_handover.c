#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fastcgi/handover.h"
#include "common/fastcgi/relay_lines.h"

/* Two ends of a connection, of which one is handed over. */
struct connection {
	int handed;
	int web_server;
};

static struct connection open_connection(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	return (struct connection){ends[0], ends[1]};
}

static void close_connection(const struct connection *connection)
{
	close(connection->handed);
	close(connection->web_server);
}

/* The descriptor is another one of the connection's end. */
static void expect_connection(int fd, const struct connection *connection)
{
	char byte = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(connection->web_server, "c", 1), 1);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 'c');
}

static int set_up(void **state)
{
	struct relay_lines *lines = calloc(1, sizeof(*lines));

	*state = lines;
	return lines != NULL && relay_lines_open(lines, 1) ? 0 : -1;
}

static int tear_down(void **state)
{
	relay_lines_close(*state);
	free(*state);
	return 0;
}

static const struct relay_line *line_of(void **state)
{
	return &((struct relay_lines *)*state)->lines[0];
}

static const struct handover whole = {
    .fcgi_id = 65535,
    .flags = HANDOVER_KEEP | HANDOVER_STREAMS | HANDOVER_ONLY,
    .request_id = "req_1",
    .tenant = "alice",
    .method = "DELETE",
    .path = "responses/resp_1",
    .query = "a=b&c",
    .accept = "text/event-stream",
    .model = "m\xc3\xa9",
    .deployment = "d-1",
    .headers = "OpenAI-Beta: beta=v1\nIdempotency-Key: key\n",
    .forget_id = "resp_2",
    .continued_id = "litellm_poll_3",
    .followed_id = "litellm_poll_4",
    .after = "17",
    .answer_headers = "x-one: 1\r\nx-two: 2\r\n",
};

static void expect_texts(const struct handover *got, const struct handover *sent)
{
	assert_int_equal(got->fcgi_id, sent->fcgi_id);
	assert_int_equal(got->flags, sent->flags);
	assert_string_equal(got->request_id, sent->request_id);
	assert_string_equal(got->tenant, sent->tenant);
	assert_string_equal(got->method, sent->method);
	assert_string_equal(got->path, sent->path);
	assert_string_equal(got->query, sent->query);
	assert_string_equal(got->accept, sent->accept);
	assert_string_equal(got->model, sent->model);
	assert_string_equal(got->deployment, sent->deployment);
	assert_string_equal(got->headers, sent->headers);
	assert_string_equal(got->forget_id, sent->forget_id);
	assert_string_equal(got->continued_id, sent->continued_id);
	assert_string_equal(got->followed_id, sent->followed_id);
	assert_string_equal(got->after, sent->after);
	assert_string_equal(got->answer_headers, sent->answer_headers);
}

static void send_it(void **state, const struct handover *handover, int fd)
{
	assert_int_equal(handover_send(line_of(state)->to_relay, handover, fd, 0), HANDED_OVER);
}

static enum received_handover receive_it(void **state, struct handover *handover, int *fd)
{
	return handover_receive(line_of(state)->from_responders, handover, fd);
}

static void expect_span(struct span got, struct span sent)
{
	assert_int_equal(got.len, sent.len);
	if (sent.len > 0)
		assert_memory_equal(got.p, sent.p, sent.len);
}

static void expect_round_trip(void **state, struct span body, struct span unread)
{
	struct connection connection = open_connection();
	struct handover sent = whole, got;
	int fd = -1;

	sent.body = body;
	sent.unread = unread;
	send_it(state, &sent, connection.handed);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_RECEIVED);
	expect_texts(&got, &sent);
	expect_span(got.body, body);
	expect_span(got.unread, unread);
	expect_connection(fd, &connection);
	handover_free_body(&got);
	assert_int_equal(got.body.len, 0);
	expect_texts(&got, &sent);
	expect_span(got.unread, unread);
	handover_free(&got);
	close(fd);
	close_connection(&connection);
}

static void a_request_comes_with_all_that_belongs_to_it(void **state)
{
	expect_round_trip(state, SPAN("{\"model\":\"m\"}"), SPAN("the next one's"));
	expect_round_trip(state, SPAN("nul \0 in it"), SPAN("\0"));
}

static void a_request_may_have_no_body_and_nothing_behind_it(void **state)
{
	expect_round_trip(state, (struct span){0}, (struct span){0});
	expect_round_trip(state, SPAN("body"), (struct span){0});
	expect_round_trip(state, (struct span){0}, SPAN("unread"));
}

static void a_request_of_any_size_comes_whole(void **state)
{
	size_t most = 3000000;
	char *bytes = malloc(most);

	assert_non_null(bytes);
	for (size_t i = 0; i < most; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	/* What else there is makes up the rest of a message. */
	for (size_t len = HANDOVER_INLINE - 200; len <= HANDOVER_INLINE + 1; len++)
		expect_round_trip(state, (struct span){bytes, len}, (struct span){0});
	expect_round_trip(state, (struct span){bytes, most}, (struct span){bytes, 65536});
	expect_round_trip(state, SPAN("small"), (struct span){bytes, 65536});
	free(bytes);
}

static void texts_that_are_missing_come_as_empty_ones(void **state)
{
	struct connection connection = open_connection();
	struct handover got;
	int fd = -1;

	send_it(state, &(struct handover){.flags = HANDOVER_IDLE}, connection.handed);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_RECEIVED);
	assert_int_equal(got.flags, HANDOVER_IDLE);
	assert_string_equal(got.request_id, "");
	assert_string_equal(got.forget_id, "");
	expect_connection(fd, &connection);
	handover_free(&got);
	close(fd);
	close_connection(&connection);
}

static void the_sender_s_connection_stays_its_own(void **state)
{
	struct connection connection = open_connection();
	struct handover got;
	char byte;
	int fd = -1;

	send_it(state, &whole, connection.handed);
	close(connection.handed);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_RECEIVED);
	expect_connection(fd, &connection);
	close(fd);
	assert_int_equal(read(connection.web_server, &byte, 1), 0);
	handover_free(&got);
	close(connection.web_server);
}

static int fill_line(void **state, int fd)
{
	int count = 0;
	enum handed handed;

	while ((handed = handover_send(line_of(state)->to_relay, &whole, fd, 1)) == HANDED_OVER)
		count++;
	assert_int_equal(handed, HANDED_BUSY);
	return count;
}

static void a_line_that_nobody_empties_is_busy_in_the_end_and_loses_nothing(void **state)
{
	struct connection connection = open_connection();
	struct handover got;
	int fd, count = fill_line(state, connection.handed);

	assert_true(count > 16);
	for (int i = 0; i < count; i++) {
		assert_int_equal(receive_it(state, &got, &fd), HANDOVER_RECEIVED);
		expect_texts(&got, &whole);
		handover_free(&got);
		close(fd);
	}
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_NONE);
	send_it(state, &whole, connection.handed);
	close_connection(&connection);
}

static void an_empty_line_has_none_until_nobody_is_left(void **state)
{
	struct relay_lines *lines = *state;
	struct handover got;
	int fd;

	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_NONE);
	relay_lines_be_relay(lines, 0);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_END);
}

static void what_is_on_a_line_is_still_received_when_nobody_is_left(void **state)
{
	struct connection connection = open_connection();
	struct handover got;
	int fd;

	send_it(state, &whole, connection.handed);
	relay_lines_be_relay(*state, 0);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_RECEIVED);
	handover_free(&got);
	close(fd);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_END);
	close_connection(&connection);
}

static void a_line_whose_relay_is_gone_fails(void **state)
{
	struct connection connection = open_connection();

	close(line_of(state)->from_responders);
	((struct relay_lines *)*state)->lines[0].from_responders = -1;
	assert_int_equal(
	    handover_send(line_of(state)->to_relay, &whole, connection.handed, 0), HANDED_FAILED);
	close_connection(&connection);
}

static void send_raw(void **state, const char *bytes, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {(char *)(uintptr_t)bytes, len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(line_of(state)->to_relay, &message, 0), (ssize_t)len);
}

static void what_is_no_message_is_lost_and_its_connection_closed(void **state)
{
	static const char garbage[400] = {1, 2, 3};
	static const size_t lengths[] = {1, 100, sizeof(garbage)};
	struct handover got;
	char byte;
	int fd;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct connection connection = open_connection();

		send_raw(state, garbage, lengths[i], connection.handed);
		close(connection.handed);
		assert_int_equal(receive_it(state, &got, &fd), HANDOVER_LOST);
		assert_int_equal(read(connection.web_server, &byte, 1), 0);
		close(connection.web_server);
	}
	send_raw(state, garbage, sizeof(garbage), -1);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_LOST);
	assert_int_equal(receive_it(state, &got, &fd), HANDOVER_NONE);
}

static void expect_way_back(struct relay_lines *lines, struct span unread, size_t expected)
{
	static char out[65536];
	struct connection connection = open_connection();
	size_t len = 0;
	int fd;

	assert_true(handover_give_back(lines->to_responders, connection.handed, unread));
	close(connection.handed);
	fd = handover_take_back(lines->from_relays, out, sizeof(out), &len);
	assert_int_equal(len, expected);
	if (expected > 0)
		assert_memory_equal(out, unread.p, expected);
	expect_connection(fd, &connection);
	close(fd);
	close(connection.web_server);
}

static void a_connection_comes_back_with_what_has_been_read_from_it(void **state)
{
	static char bytes[70000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 251);
	expect_way_back(*state, (struct span){0}, 0);
	expect_way_back(*state, (struct span){bytes, 1}, 1);
	expect_way_back(*state, (struct span){bytes, 65536}, 65536);
	expect_way_back(*state, (struct span){bytes, sizeof(bytes)}, 65536);
}

static void connections_come_back_in_turn_and_there_may_be_none(void **state)
{
	struct relay_lines *lines = *state;
	struct connection connection = open_connection();
	char out[10];
	size_t len;
	int fd;

	assert_true(handover_give_back(lines->to_responders, connection.handed, SPAN("a")));
	assert_true(handover_give_back(lines->to_responders, connection.handed, SPAN("b")));
	for (int i = 0; i < 2; i++) {
		fd = handover_take_back(lines->from_relays, out, sizeof(out), &len);
		assert_true(fd >= 0);
		assert_int_equal(len, 1);
		assert_int_equal(out[0], 'a' + i);
		close(fd);
	}
	assert_int_equal(handover_take_back(lines->from_relays, out, sizeof(out), &len), -1);
	close_connection(&connection);
}

static void a_way_back_without_room_says_so(void **state)
{
	struct relay_lines *lines = *state;
	struct connection connection = open_connection();

	while (handover_give_back(lines->to_responders, connection.handed, SPAN("x")))
		continue;
	assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
	close_connection(&connection);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_request_comes_with_all_that_belongs_to_it),
	    TEST(a_request_may_have_no_body_and_nothing_behind_it),
	    TEST(a_request_of_any_size_comes_whole),
	    TEST(texts_that_are_missing_come_as_empty_ones),
	    TEST(the_sender_s_connection_stays_its_own),
	    TEST(a_line_that_nobody_empties_is_busy_in_the_end_and_loses_nothing),
	    TEST(an_empty_line_has_none_until_nobody_is_left),
	    TEST(what_is_on_a_line_is_still_received_when_nobody_is_left),
	    TEST(a_line_whose_relay_is_gone_fails),
	    TEST(what_is_no_message_is_lost_and_its_connection_closed),
	    TEST(a_connection_comes_back_with_what_has_been_read_from_it),
	    TEST(connections_come_back_in_turn_and_there_may_be_none),
	    TEST(a_way_back_without_room_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
