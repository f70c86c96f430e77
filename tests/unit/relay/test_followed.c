#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <fastcgi.h>

#include "app/relay/client.h"
#include "app/relay/followed.h"
#include "app/relay/reader_host.h"

/* A feed that does what a test says: one response, and the reading of it that is under way. */
struct event_subscription {
	const struct event_feed_user *user;
	void *ctx;
	void (*done)(void *ctx, const struct event_page *page);
	long long from;
	int readings;
	bool open;
};

static struct event_subscription feed;

struct event_subscription *event_feed_subscribe(
    struct event_feed *of, const char *id, const struct event_feed_user *user, void *ctx)
{
	(void)of;
	assert_string_equal(id, "litellm_poll_x");
	assert_false(feed.open);
	feed = (struct event_subscription){.user = user, .ctx = ctx, .open = true};
	return &feed;
}

void event_feed_unsubscribe(struct event_subscription *subscription)
{
	assert_ptr_equal(subscription, &feed);
	assert_true(feed.open);
	feed.open = false;
	feed.done = NULL;
}

void event_feed_read(struct event_subscription *subscription, long long from,
    void (*done)(void *ctx, const struct event_page *page))
{
	assert_ptr_equal(subscription, &feed);
	assert_null(feed.done);
	feed.done = done;
	feed.from = from;
	feed.readings++;
}

enum {
	MOST_EVENTS = 64,
	MOST_CLIENTS = 8,
	PATIENCE = 60, /* s until a test that still waits is ended by SIGALRM */
};

struct client_end {
	int fd;
	char text[1 << 20]; /* what has come on standard output */
	size_t len;
	char records[1 << 20]; /* what is no whole record yet */
	size_t records_len;
	bool ended;
	bool closed;
};

struct relay {
	struct event_base *base;
	struct reader_host host;
	struct client_end clients[MOST_CLIENTS];
	int count;
	int kept; /* a connection that was given back, or -1 */
	int ended;
};

static void on_ended(void *ctx, int connection, struct span unread)
{
	struct relay *relay = ctx;

	(void)unread;
	relay->ended++;
	relay->kept = connection;
}

static int set_up(void **state)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	*state = relay;
	alarm(PATIENCE);
	feed = (struct event_subscription){0};
	relay->kept = -1;
	relay->base = event_base_new();
	relay->host = (struct reader_host){
	    .base = relay->base,
	    .feed = (struct event_feed *)relay, /* is only handed on */
	    .most = MOST_CLIENTS,
	    .most_waiting = 1 << 30,
	    .client_timeout = 60,
	    .keepalive_seconds = 60,
	    .ended = on_ended,
	    .ctx = relay,
	};
	reader_host_init(&relay->host);
	return 0;
}

static int tear_down(void **state)
{
	struct relay *relay = *state;

	reader_host_close(&relay->host);
	assert_false(feed.open);
	for (int i = 0; i < relay->count; i++)
		close(relay->clients[i].fd);
	event_base_free(relay->base);
	free(relay);
	return 0;
}

/* Returns the relay's end of its connection. */
static int connect_client(struct client_end *client)
{
	int ends[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	client->fd = ends[1];
	return ends[0];
}

static void start_on(struct relay *relay, int connection, const char *after, unsigned flags)
{
	struct handover handover = {.fcgi_id = 1,
	    .flags = HANDOVER_FOLLOWS | flags,
	    .request_id = "req_1",
	    .followed_id = "litellm_poll_x",
	    .after = after,
	    .answer_headers = ""};

	reader_start(&relay->host, &handover, connection);
}

static struct client_end *start(struct relay *relay, const char *after, unsigned flags)
{
	struct client_end *client = &relay->clients[relay->count++];

	start_on(relay, connect_client(client), after, flags);
	return client;
}

/* One whose web server has yet to take what came before. */
static struct client_end *start_full(struct relay *relay)
{
	static const char before[4096];
	struct client_end *client = &relay->clients[relay->count++];
	int connection = connect_client(client);

	while (send(connection, before, sizeof(before), MSG_DONTWAIT) > 0)
		continue;
	start_on(relay, connection, "", 0);
	return client;
}

static void take_records(struct client_end *client)
{
	size_t at = 0;

	while (client->records_len - at >= FCGI_HEADER_LEN) {
		const unsigned char *header = (const unsigned char *)client->records + at;
		size_t len = (size_t)header[4] << 8 | header[5];

		if (header[0] != FCGI_VERSION_1 || client->records_len - at < FCGI_HEADER_LEN + len)
			break;
		if (header[1] == FCGI_STDOUT) {
			memcpy(client->text + client->len, header + FCGI_HEADER_LEN, len);
			client->len += len;
		}
		client->ended |= header[1] == FCGI_END_REQUEST;
		at += FCGI_HEADER_LEN + len;
	}
	client->records_len -= at;
	memmove(client->records, client->records + at, client->records_len);
}

/* Takes all that is there. Its text ends with a NUL then. */
static void take(struct client_end *client)
{
	ssize_t len;

	do {
		len = read(client->fd, client->records + client->records_len,
		    sizeof(client->records) - client->records_len);
		client->records_len += len > 0 ? (size_t)len : 0;
		client->closed |= len == 0;
		take_records(client);
	} while (len > 0);
	client->text[client->len] = '\0';
}

static void turn(struct relay *relay)
{
	event_base_loop(relay->base, EVLOOP_NONBLOCK);
	readers_reap(&relay->host);
}

/* Until the client has got something more. */
static void turn_until_more(struct relay *relay, struct client_end *client)
{
	size_t had = client->len;

	while (client->len == had) {
		event_base_loop(relay->base, EVLOOP_ONCE);
		take(client);
	}
}

/* What has come behind the head. */
static const char *body_of(struct client_end *client)
{
	const char *end;

	take(client);
	end = strstr(client->text, "\r\n\r\n");
	return end != NULL ? end + 4 : "(no head)";
}

/* "<N>" is an event of that number. */
static const char *numbers_of(struct client_end *client)
{
	static char numbers[4096];
	const char *at = body_of(client);
	long long number;

	numbers[0] = '\0';
	while ((at = strstr(at, "data: ")) != NULL) {
		assert_int_equal(sscanf(at, "data: {\"n\":%lld", &number), 1);
		sprintf(numbers + strlen(numbers), "%s%lld", numbers[0] != '\0' ? " " : "", number);
		at++;
	}
	return numbers;
}

static void write_event(struct buf *out, long long number)
{
	buf_printf(out, "event: x\ndata: {\"n\":%lld}\n\n", number);
}

static void tell(long long first, long long count)
{
	struct buf text = {0};

	for (long long i = first; i < first + count; i++)
		write_event(&text, i);
	feed.user->came(feed.ctx, first, count, buf_span(&text));
	buf_free(&text);
}

/* The reading that is under way ends with so many events. */
static void answer(long long count, long long stored, enum response_status status)
{
	void (*done)(void *ctx, const struct event_page *page) = feed.done;
	struct span events[MOST_EVENTS];
	struct buf texts[MOST_EVENTS] = {{0}};
	struct event_page page = {.result = PAGE_READ, .count = (size_t)count, .stored = stored};

	assert_non_null(done);
	for (long long i = 0; i < count; i++) {
		write_event(&texts[i], feed.from + i);
		events[i] = buf_span(&texts[i]);
	}
	page.events = events;
	page.status = status;
	if (response_status_is_terminal(status) && feed.from + count >= stored)
		page.object = SPAN("{\"id\":1}");
	feed.done = NULL;
	done(feed.ctx, &page);
	for (long long i = 0; i < count; i++)
		buf_free(&texts[i]);
}

static void answer_without(int result)
{
	void (*done)(void *ctx, const struct event_page *page) = feed.done;
	struct event_page page = {0};

	assert_non_null(done);
	page.result = result;
	feed.done = NULL;
	done(feed.ctx, &page);
}

static void look(void)
{
	feed.user->look(feed.ctx);
}

#define TERMINAL(type, number)                                                                     \
	"event: " type "\ndata: {\"type\":\"" type "\",\"sequence_number\":" number                \
	",\"response\":{\"id\":1}}\n\n"

static void what_is_stored_comes_first_and_then_what_is_told(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", 0);

	assert_null(feed.done);
	look();
	assert_int_equal(feed.from, 0);
	answer(1, 1, STATUS_QUEUED);
	assert_string_equal(numbers_of(client), "0");
	assert_non_null(strstr(client->text, "Content-Type: text/event-stream; charset=utf-8\r\n"));
	assert_non_null(strstr(client->text, "x-request-id: req_1\r\n"));
	assert_non_null(strstr(client->text, "X-Accel-Buffering: no\r\n"));
	assert_non_null(strstr(client->text, "no-cache"));
	assert_null(feed.done);
	tell(1, 3);
	tell(4, 1);
	assert_string_equal(numbers_of(client), "0 1 2 3 4");
	assert_int_equal(feed.readings, 1);
}

static void no_event_comes_twice_and_none_is_left_out(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", 0);

	look();
	/* Told while it is being read, and in the page as well; then some that are not. */
	tell(1, 2);
	answer(3, 3, STATUS_IN_PROGRESS);
	assert_string_equal(numbers_of(client), "0 1 2");
	tell(1, 4);
	assert_string_equal(numbers_of(client), "0 1 2 3 4");
	tell(2, 2);
	/* What is missing in between is read. */
	tell(7, 1);
	assert_string_equal(numbers_of(client), "0 1 2 3 4");
	assert_int_equal(feed.from, 5);
	tell(8, 1);
	answer(3, 8, STATUS_IN_PROGRESS);
	assert_int_equal(feed.from, 8);
	answer(1, 9, STATUS_IN_PROGRESS);
	assert_string_equal(numbers_of(client), "0 1 2 3 4 5 6 7 8");
	assert_null(feed.done);
}

static void one_reading_serves_all(void **state)
{
	struct relay *relay = *state;
	struct client_end *all = start(relay, "", 0), *some = start(relay, "1", 0),
			  *later = start(relay, "4", 0), *late;

	look();
	assert_int_equal(feed.readings, 1);
	answer(4, 4, STATUS_IN_PROGRESS);
	assert_string_equal(numbers_of(all), "0 1 2 3");
	assert_string_equal(numbers_of(some), "2 3");
	assert_string_equal(numbers_of(later), "");
	assert_null(feed.done);
	tell(4, 2);
	assert_string_equal(numbers_of(later), "5");
	late = start(relay, "", 0);
	assert_int_equal(feed.from, 0);
	tell(6, 1);
	/* A page that is not all. */
	answer(4, 6, STATUS_IN_PROGRESS);
	assert_int_equal(feed.from, 4);
	answer(3, 7, STATUS_IN_PROGRESS);
	assert_string_equal(numbers_of(late), "0 1 2 3 4 5 6");
	assert_string_equal(numbers_of(all), "0 1 2 3 4 5 6");
	assert_int_equal(feed.readings, 3);
}

static void the_last_event_is_made_from_the_object(void **state)
{
	struct relay *relay = *state;
	struct client_end *all = start(relay, "", 0), *has_most = start(relay, "1", 0),
			  *has_all = start(relay, "2", 0), *beyond = start(relay, "77", 0);

	look();
	answer(2, 2, STATUS_COMPLETED);
	assert_non_null(strstr(body_of(all), "{\"n\":1}\n\n" TERMINAL("response.completed", "2")));
	assert_string_equal(body_of(has_most), TERMINAL("response.completed", "2"));
	assert_string_equal(body_of(has_all), "");
	assert_string_equal(body_of(beyond), "");
	for (int i = 0; i < relay->count; i++)
		assert_true(relay->clients[i].ended);
	assert_int_equal(relay->ended, 4);
	assert_true(feed.open);
	turn(relay);
	assert_false(feed.open);
}

static void a_cancelled_one_ends_as_failed(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", 0);

	look();
	answer(1, 1, STATUS_QUEUED);
	look();
	assert_int_equal(feed.from, 1);
	answer(0, 1, STATUS_CANCELLED);
	assert_non_null(strstr(body_of(client), TERMINAL("response.failed", "1")));
	assert_true(client->ended);
}

static void the_end_comes_after_the_last_page(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", 0);

	look();
	answer(2, 4, STATUS_FAILED);
	assert_false(client->ended);
	assert_int_equal(feed.from, 2);
	answer(2, 4, STATUS_FAILED);
	assert_non_null(strstr(body_of(client), TERMINAL("response.failed", "4")));
	assert_true(client->ended);
}

static void one_that_is_gone_is_not_found_or_just_ends(void **state)
{
	struct relay *relay = *state;
	struct client_end *early = start(relay, "", 0), *late;

	look();
	answer(1, 1, STATUS_QUEUED);
	late = start(relay, "", 0);
	answer_without(PAGE_GONE);
	take(late);
	assert_non_null(strstr(late->text, "Status: 404"));
	assert_non_null(strstr(body_of(late), "response_not_found"));
	assert_true(late->ended);
	assert_string_equal(numbers_of(early), "0");
	assert_true(early->ended);
}

static void one_that_gets_nothing_is_told_that_redis_is_away(void **state)
{
	struct relay *relay = *state;
	struct client_end *begun = start(relay, "", 0), *late;

	look();
	answer(1, 1, STATUS_QUEUED);
	take(begun);
	late = start(relay, "", 0);
	answer_without(PAGE_FAILED);
	assert_null(feed.done);
	turn_until_more(relay, late);
	assert_non_null(strstr(late->text, "Status: 503"));
	assert_non_null(strstr(late->text, "Retry-After: "));
	assert_true(late->ended);
	assert_string_equal(numbers_of(begun), "0");
	assert_false(begun->ended);
	/* It is back. */
	look();
	answer(1, 2, STATUS_IN_PROGRESS);
	assert_string_equal(numbers_of(begun), "0 1");
}

static void silence_is_filled_with_comments(void **state)
{
	struct relay *relay = *state;
	struct client_end *client, *second;

	relay->host.keepalive_seconds = 1;
	client = start(relay, "", 0);
	second = start(relay, "", 0);
	look();
	answer(1, 1, STATUS_QUEUED);
	assert_string_equal(numbers_of(client), "0");
	turn_until_more(relay, client);
	assert_non_null(strstr(client->text, "}\n\n: keep-alive\n\n"));
	turn_until_more(relay, second);
	tell(1, 2);
	assert_string_equal(numbers_of(client), "0 1 2");
	assert_non_null(strstr(client->text, ": keep-alive\n\nevent: x"));
}

/* Tells an event that is more than a connection takes at once. */
static void tell_large(long long number)
{
	char large[400000];
	struct buf text = {0};

	memset(large, 'x', sizeof(large));
	buf_printf(&text, "event: x\ndata: {\"n\":%lld,\"t\":\"%.*s\"}\n\n", number,
	    (int)sizeof(large), large);
	feed.user->came(feed.ctx, number, 1, buf_span(&text));
	buf_free(&text);
}

static void who_takes_nothing_disturbs_nobody_and_loses_nothing(void **state)
{
	struct relay *relay = *state;
	struct client_end *slow = start(relay, "", 0), *fast = start(relay, "", 0);

	look();
	answer(1, 1, STATUS_QUEUED);
	tell_large(1);
	assert_non_null(strstr(body_of(fast), "{\"n\":1"));
	turn(relay);
	take(fast);
	tell(2, 2);
	while (strstr(fast->text, "{\"n\":3") == NULL) {
		turn(relay);
		take(fast);
	}
	/* The slow one has room when it has taken what waits for it; the rest is read then. */
	while (feed.readings == 1 || feed.done == NULL) {
		take(slow);
		turn(relay);
	}
	assert_int_equal(feed.from, 2);
	answer(2, 4, STATUS_IN_PROGRESS);
	assert_string_equal(numbers_of(slow), "0 1 2 3");
	assert_string_equal(numbers_of(fast), "0 1 2 3");
	assert_int_equal(relay->host.waiting, 0);
}

static void those_who_lag_do_not_hold_more_than_all_may(void **state)
{
	struct relay *relay = *state;
	struct client_end *one = start(relay, "", 0), *other = start(relay, "", 0);

	relay->host.most_waiting = 300000;
	look();
	answer(1, 1, STATUS_QUEUED);
	tell_large(1);
	assert_int_equal(relay->ended, 1);
	assert_int_equal(relay->host.count, 1);
	assert_true(relay->host.waiting > 0 && relay->host.waiting <= 300000);
	for (int i = 0; i < 1000 && (!one->closed || relay->host.waiting > 0); i++) {
		take(one);
		take(other);
		turn(relay);
	}
	assert_true(one->closed && !one->ended);
	assert_string_equal(numbers_of(other), "0 1");
}

static void a_head_alone_is_the_answer_to_head(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", HANDOVER_NO_BODY);

	look();
	answer(1, 1, STATUS_QUEUED);
	assert_string_equal(body_of(client), "");
	assert_non_null(strstr(client->text, "Status: 200"));
	assert_true(client->ended);
}

static void a_connection_that_is_kept_is_given_back(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", HANDOVER_KEEP);

	look();
	answer(1, 1, STATUS_COMPLETED);
	take(client);
	assert_true(client->ended);
	turn(relay);
	take(client);
	assert_false(client->closed);
	assert_true(relay->kept >= 0);
	close(relay->kept);
}

static void who_leaves_is_forgotten(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", 0);

	look();
	answer(1, 1, STATUS_QUEUED);
	shutdown(client->fd, SHUT_RDWR);
	while (feed.open) {
		event_base_loop(relay->base, EVLOOP_ONCE);
		readers_reap(&relay->host);
	}
	assert_int_equal(relay->host.count, 0);
	assert_int_equal(relay->ended, 1);
}

static void who_takes_nothing_for_too_long_is_let_go_of(void **state)
{
	struct relay *relay = *state;

	relay->host.client_timeout = 1;
	start_full(relay);
	look();
	answer(1, 1, STATUS_QUEUED);
	assert_int_equal(relay->ended, 0);
	while (feed.open) {
		event_base_loop(relay->base, EVLOOP_ONCE);
		readers_reap(&relay->host);
	}
	assert_int_equal(relay->host.count, 0);
	assert_int_equal(relay->kept, -1);
}

static void one_more_than_may_be_is_told_so(void **state)
{
	struct relay *relay = *state;
	struct client_end *client, *refused;

	relay->host.most = 1;
	client = start(relay, "", 0);
	refused = start(relay, "", 0);
	take(refused);
	assert_non_null(strstr(refused->text, "Status: 503"));
	assert_non_null(strstr(refused->text, "streams_busy"));
	assert_true(refused->ended);
	look();
	answer(1, 1, STATUS_QUEUED);
	assert_string_equal(numbers_of(client), "0");
}

static void the_end_of_the_process_breaks_streams_off(void **state)
{
	struct relay *relay = *state;
	struct client_end *begun = start(relay, "", 0), *waiting = start(relay, "", 0);

	look();
	answer(1, 1, STATUS_QUEUED);
	waiting = start(relay, "", 0);
	readers_break_off(&relay->host);
	turn(relay);
	take(begun);
	take(waiting);
	assert_true(begun->closed);
	assert_false(begun->ended);
	assert_true(waiting->ended);
	assert_non_null(strstr(waiting->text, "shutting_down"));
	assert_int_equal(relay->host.count, 0);
	assert_false(feed.open);
}

static void nobody_outlives_the_end_for_an_error_that_waits(void **state)
{
	struct relay *relay = *state;

	start_full(relay);
	readers_break_off(&relay->host);
	assert_int_equal(relay->host.count, 0);
	readers_reap(&relay->host);
	assert_false(feed.open);
}

static void what_redis_has_lost_is_not_asked_for_again_and_again(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start(relay, "", 0);

	look();
	answer(3, 3, STATUS_IN_PROGRESS);
	tell(3, 5);
	assert_string_equal(numbers_of(client), "0 1 2 3 4 5 6 7");
	look();
	assert_int_equal(feed.from, 8);
	answer(0, 4, STATUS_IN_PROGRESS);
	assert_null(feed.done);
	tell(4, 5);
	assert_string_equal(numbers_of(client), "0 1 2 3 4 5 6 7 8");
	assert_null(feed.done);
}

static struct client_end *start_created(struct relay *relay)
{
	struct client_end *client = &relay->clients[relay->count++];
	struct handover handover = {.fcgi_id = 1,
	    .flags = HANDOVER_FOLLOWS,
	    .request_id = "req_1",
	    .followed_id = "litellm_poll_x",
	    .after = "",
	    .answer_headers = "x-one: 1\r\nx-two: 2\r\n"};
	struct buf first = {0};

	write_event(&first, 0);
	handover.body_memory = first.data; /* of which the reader frees it */
	handover.body = buf_span(&first);
	reader_start(&relay->host, &handover, connect_client(client));
	return client;
}

static void who_has_created_it_gets_the_first_event_at_once(void **state)
{
	struct relay *relay = *state;
	struct client_end *client = start_created(relay), *other = start(relay, "", 0);

	assert_string_equal(numbers_of(client), "0");
	assert_string_equal(numbers_of(other), "");
	look();
	assert_int_equal(feed.from, 0);
	answer(2, 2, STATUS_IN_PROGRESS);
	assert_string_equal(numbers_of(client), "0 1");
	assert_string_equal(numbers_of(other), "0 1");
	assert_non_null(strstr(client->text, "\r\nx-one: 1\r\nx-two: 2\r\n"));
	assert_null(strstr(other->text, "x-one"));
}

static void who_has_created_it_learns_the_id_though_there_is_no_place(void **state)
{
	struct relay *relay = *state;
	struct client_end *client;

	relay->host.most = 0;
	client = start_created(relay);
	assert_string_equal(numbers_of(client), "0");
	assert_non_null(strstr(client->text, "Status: 200"));
	assert_true(client->ended);
	assert_int_equal(relay->host.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_stored_comes_first_and_then_what_is_told),
	    TEST(no_event_comes_twice_and_none_is_left_out),
	    TEST(one_reading_serves_all),
	    TEST(the_last_event_is_made_from_the_object),
	    TEST(a_cancelled_one_ends_as_failed),
	    TEST(the_end_comes_after_the_last_page),
	    TEST(one_that_is_gone_is_not_found_or_just_ends),
	    TEST(one_that_gets_nothing_is_told_that_redis_is_away),
	    TEST(silence_is_filled_with_comments),
	    TEST(who_takes_nothing_disturbs_nobody_and_loses_nothing),
	    TEST(those_who_lag_do_not_hold_more_than_all_may),
	    TEST(a_head_alone_is_the_answer_to_head),
	    TEST(a_connection_that_is_kept_is_given_back),
	    TEST(who_leaves_is_forgotten),
	    TEST(who_takes_nothing_for_too_long_is_let_go_of),
	    TEST(one_more_than_may_be_is_told_so),
	    TEST(the_end_of_the_process_breaks_streams_off),
	    TEST(nobody_outlives_the_end_for_an_error_that_waits),
	    TEST(what_redis_has_lost_is_not_asked_for_again_and_again),
	    TEST(who_has_created_it_gets_the_first_event_at_once),
	    TEST(who_has_created_it_learns_the_id_though_there_is_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
