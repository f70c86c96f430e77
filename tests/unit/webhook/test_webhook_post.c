#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "common/base/clock.h"
#include "common/webhook/webhook_message.h"
#include "common/webhook/webhook_post.h"

enum { CONNECTIONS_MOST = 8, PATIENCE_SECONDS = 20 };

/* The clock, which a test can move. */

static double ahead; /* s */

static double seconds_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9 + ahead;
}

double monotonic_seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

long long monotonic_ms(void)
{
	return (long long)(monotonic_seconds() * 1000);
}

long long realtime_ms(void)
{
	return (long long)(seconds_of(CLOCK_REALTIME) * 1000);
}

struct timeval timeval_of_ms(long long ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* A receiver on the loopback interface. */

struct receiver {
	struct evconnlistener *listener;
	char url[64];
	const char *answer; /* to each request; NULL: none */
	bool closes;        /* behind the answer */
	void (*on_request)(void);
	struct bufferevent *connections[CONNECTIONS_MOST];
	int connection_count, request_count;
	bool lost;          /* one of the connections has been closed by the other side */
	struct buf request; /* the last one */
};

static struct event_base *base;
static struct receiver receiver;
static struct upstream *upstream;

static size_t length_of(const char *head)
{
	const char *line = strstr(head, "Content-Length: ");

	return line != NULL ? strtoul(line + 16, NULL, 10) : 0;
}

static bool is_whole(struct buf *request)
{
	const char *text = buf_cstr(request), *end = strstr(text, "\r\n\r\n");

	return end != NULL && request->len == (size_t)(end + 4 - text) + length_of(text);
}

static void close_connection(struct bufferevent *connection)
{
	bufferevent_disable(connection, EV_READ);
	shutdown(bufferevent_getfd(connection), SHUT_RDWR);
}

static void answer(struct bufferevent *connection)
{
	receiver.request_count++;
	if (receiver.answer != NULL)
		bufferevent_write(connection, receiver.answer, strlen(receiver.answer));
	else if (receiver.closes)
		close_connection(connection);
	if (receiver.on_request != NULL)
		receiver.on_request();
}

static void on_readable(struct bufferevent *connection, void *ctx)
{
	struct evbuffer *input = bufferevent_get_input(connection);
	size_t len = evbuffer_get_length(input);

	(void)ctx;
	if (is_whole(&receiver.request))
		buf_clear(&receiver.request);
	evbuffer_remove(input, buf_reserve(&receiver.request, len), len);
	receiver.request.len += len;
	if (is_whole(&receiver.request))
		answer(connection);
}

static void on_written(struct bufferevent *connection, void *ctx)
{
	(void)ctx;
	if (receiver.closes && receiver.request_count > 0)
		close_connection(connection);
}

static void on_lost(struct bufferevent *connection, short what, void *ctx)
{
	(void)connection;
	(void)what;
	(void)ctx;
	receiver.lost = true;
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int len, void *ctx)
{
	struct bufferevent *connection = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)address;
	(void)len;
	(void)ctx;
	assert_true(receiver.connection_count < CONNECTIONS_MOST);
	receiver.connections[receiver.connection_count++] = connection;
	bufferevent_setcb(connection, on_readable, on_written, on_lost, NULL);
	bufferevent_enable(connection, EV_READ | EV_WRITE);
}

static void start_receiver(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	receiver = (struct receiver){0};
	receiver.listener = evconnlistener_new_bind(base, on_connection, NULL,
	    LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)&address, (int)len);
	assert_non_null(receiver.listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(receiver.listener),
			     (struct sockaddr *)&address, &len),
	    0);
	snprintf(receiver.url, sizeof(receiver.url), "http://127.0.0.1:%d/hook",
	    ntohs(address.sin_port));
}

static void stop_receiver(void)
{
	for (int i = 0; i < receiver.connection_count; i++)
		bufferevent_free(receiver.connections[i]);
	evconnlistener_free(receiver.listener);
	buf_free(&receiver.request);
}

/* What has become of a post. */
struct outcome {
	int calls;
	long status;
	double retry_after;
	double seconds;
	char error[256];
	struct buf body;
};

static void on_result(void *ctx, const struct webhook_result *result)
{
	struct outcome *outcome = ctx;

	outcome->calls++;
	outcome->status = result->status;
	outcome->retry_after = result->retry_after;
	outcome->seconds = result->seconds;
	snprintf(outcome->error, sizeof(outcome->error), "%s", result->error);
	buf_clear(&outcome->body);
	buf_append_span(&outcome->body, result->body);
}

static const struct webhook_event_told event = {
    .id = "wh_0123456789abcdef0123456789abcdef",
    .response = "resp_0123456789abcdef",
    .how = STATUS_COMPLETED,
    .ended_at = 1614265330789,
};

static struct webhook_secret secret = {.key = "0123456789abcdef01234567", .len = 24};

static struct webhook_endpoint endpoint_at(char *url)
{
	return (struct webhook_endpoint){.url = url, .secrets = &secret, .secret_count = 1};
}

static struct webhook_endpoint own_endpoint(void)
{
	struct webhook_endpoint endpoint = endpoint_at(receiver.url);

	endpoint.is_loopback = true;
	return endpoint;
}

static void turn_until(const bool *done)
{
	const double begun = seconds_of(CLOCK_MONOTONIC) - ahead;

	while (!*done) {
		event_base_loop(base, EVLOOP_ONCE);
		assert_true(seconds_of(CLOCK_MONOTONIC) - ahead < begun + PATIENCE_SECONDS);
	}
}

static void await(const struct outcome *outcome)
{
	const double begun = seconds_of(CLOCK_MONOTONIC) - ahead;

	while (outcome->calls == 0) {
		event_base_loop(base, EVLOOP_ONCE);
		assert_true(seconds_of(CLOCK_MONOTONIC) - ahead < begun + PATIENCE_SECONDS);
	}
}

static void post_to(const struct webhook_endpoint *endpoint, struct outcome *outcome)
{
	buf_clear(&outcome->body);
	outcome->calls = 0;
	webhook_post_start(upstream, endpoint, &event, on_result, outcome);
	assert_int_equal(outcome->calls, 0);
	await(outcome);
	assert_int_equal(outcome->calls, 1);
}

/* Posts to the receiver, and returns what became of it; valid until the next one. */
static struct outcome *post(const char *answer_text)
{
	static struct outcome outcome;
	const struct webhook_endpoint endpoint = own_endpoint();

	receiver.answer = answer_text;
	post_to(&endpoint, &outcome);
	return &outcome;
}

static void check_error(const struct outcome *outcome, long status, const char *error)
{
	assert_int_equal(outcome->status, status);
	assert_string_equal(outcome->error, error);
}

/* The words are libcurl's. */
static void check_no_answer(const struct outcome *outcome)
{
	assert_int_equal(outcome->status, 0);
	assert_string_not_equal(outcome->error, "");
}

static void check_body(struct outcome *outcome, const char *expected)
{
	assert_string_equal(buf_cstr(&outcome->body), expected);
}

static const char thanks[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks";
static const char not_now[] = "HTTP/1.1 503 Busy\r\nContent-Length: 7\r\n\r\nnot now";

static void copy_header(char *out, size_t size, const char *name)
{
	const char *line = strstr(buf_cstr(&receiver.request), name);

	assert_non_null(line);
	line += strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(line, "\r"), line);
}

static void the_event_arrives_signed(void **state)
{
	const struct webhook_endpoint endpoint = own_endpoint();
	struct buf body = {0}, signature = {0};
	char text[256];
	long long timestamp;

	(void)state;
	check_error(post(thanks), 200, "");
	assert_int_equal(strncmp(buf_cstr(&receiver.request), "POST /hook HTTP/1.1\r\n", 21), 0);
	webhook_write_body(&body, event.response, event.how, event.ended_at);
	assert_string_equal(strstr(buf_cstr(&receiver.request), "\r\n\r\n") + 4, buf_cstr(&body));
	copy_header(text, sizeof(text), "\r\nwebhook-id: ");
	assert_string_equal(text, event.id);
	copy_header(text, sizeof(text), "\r\nUser-Agent: ");
	assert_string_equal(text, "respool/" PACKAGE_VERSION);
	copy_header(text, sizeof(text), "\r\ncontent-type: ");
	assert_string_equal(text, "application/json");
	copy_header(text, sizeof(text), "\r\nwebhook-timestamp: ");
	timestamp = strtoll(text, NULL, 10);
	assert_in_range(realtime_ms() / 1000 - timestamp, 0, PATIENCE_SECONDS);
	copy_header(text, sizeof(text), "\r\nwebhook-signature: ");
	webhook_write_signature(&signature, &endpoint, event.id, timestamp, buf_span(&body));
	assert_string_equal(text, buf_cstr(&signature));
	buf_free(&body);
	buf_free(&signature);
}

static void any_status_of_success_is_one(void **state)
{
	(void)state;
	check_error(post("HTTP/1.1 204 No Content\r\n\r\n"), 204, "");
	check_error(post("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"), 202, "");
	check_error(post("HTTP/1.1 299 Hm\r\nContent-Length: 0\r\n\r\n"), 299, "");
}

static void an_interim_answer_is_none(void **state)
{
	(void)state;
	check_error(post("HTTP/1.1 102 Processing\r\n\r\n"
			 "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"),
	    500, "HTTP status 500");
}

static void a_connection_is_kept_for_the_next_post(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		check_error(post(thanks), 200, "");
	for (int i = 0; i < 3; i++)
		check_error(post(not_now), 503, "HTTP status 503");
	assert_int_equal(receiver.request_count, 6);
	assert_int_equal(receiver.connection_count, 1);
}

static void the_body_of_a_success_is_not_waited_for(void **state)
{
	struct outcome *outcome = post("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nth");

	(void)state;
	check_error(outcome, 200, "");
	check_body(outcome, "");
}

static void a_redirect_is_a_failure_and_not_followed(void **state)
{
	char redirect[256];

	(void)state;
	snprintf(redirect, sizeof(redirect),
	    "HTTP/1.1 302 Found\r\nLocation: %s/other\r\nContent-Length: 0\r\n\r\n", receiver.url);
	check_error(post(redirect), 302, "HTTP status 302: redirects are not followed");
	assert_int_equal(receiver.request_count, 1);
}

static void a_failure_tells_its_body_and_when_to_come_again(void **state)
{
	struct outcome *outcome;

	(void)state;
	outcome = post("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 7\r\n\r\nnot now");
	check_error(outcome, 503, "HTTP status 503");
	check_body(outcome, "not now");
	assert_true(outcome->retry_after == 7);
	outcome = post(not_now);
	assert_true(outcome->retry_after < 0);
}

static void of_a_body_no_more_than_a_kilobyte_is_kept(void **state)
{
	static char text[WEBHOOK_BODY_MOST + 200];
	struct outcome *outcome;
	int head =
	    snprintf(text, sizeof(text), "HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\n");

	(void)state;
	memset(text + head, 'x', sizeof(text) - (size_t)head - 1);
	outcome = post(text); /* and the rest is not waited for */
	check_error(outcome, 500, "HTTP status 500");
	assert_int_equal(outcome->body.len, WEBHOOK_BODY_MOST);
	assert_int_equal(strspn(buf_cstr(&outcome->body), "x"), WEBHOOK_BODY_MOST);
}

static void a_connection_that_closes_early_is_a_failure(void **state)
{
	(void)state;
	receiver.closes = true;
	check_no_answer(post(NULL));
}

static void half_a_head_is_a_failure(void **state)
{
	(void)state;
	receiver.closes = true;
	check_no_answer(post("HTTP/1.1 200 OK\r\nContent-Le"));
}

static void half_a_body_of_a_failure_is_told(void **state)
{
	struct outcome *outcome;

	(void)state;
	receiver.closes = true;
	outcome = post("HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nsorry");
	check_error(outcome, 500, "HTTP status 500");
	check_body(outcome, "sorry");
}

static void what_is_no_http_is_a_failure(void **state)
{
	(void)state;
	check_no_answer(post("SSH-2.0-OpenSSH_9.2p1\r\n"));
}

static void an_error_tells_no_more_of_a_url_than_its_site(void **state)
{
	char url[] = "http://127.0.0.1:1/hook?token=hidden";
	struct webhook_endpoint endpoint = endpoint_at(url);
	struct outcome outcome = {0};

	(void)state;
	endpoint.is_loopback = true;
	post_to(&endpoint, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_non_null(strstr(outcome.error, "127.0.0.1"));
	assert_null(strstr(outcome.error, "hook"));
	assert_null(strstr(outcome.error, "hidden"));
}

/* What comes later has the time looked at, before any timer does. */
static void move_clock_past_the_end(void)
{
	static const char more[] = "HTTP/1.1 102 Processing\r\n\r\n";

	ahead += WEBHOOK_SECONDS;
	bufferevent_write(receiver.connections[0], more, sizeof(more) - 1);
}

static void a_post_has_fifteen_seconds(void **state)
{
	struct outcome *outcome;

	(void)state;
	receiver.on_request = move_clock_past_the_end;
	outcome = post(NULL);
	check_error(outcome, 0, "no answer within 15 s");
	assert_true(outcome->seconds >= WEBHOOK_SECONDS);
}

static void check_refused(const struct webhook_endpoint *endpoint, const char *error)
{
	const int requests = receiver.request_count;
	struct outcome outcome = {0};

	post_to(endpoint, &outcome);
	check_error(&outcome, 0, error);
	assert_int_equal(receiver.request_count, requests);
	buf_free(&outcome.body);
}

static void a_private_address_is_not_connected_to(void **state)
{
	const struct webhook_endpoint endpoint = endpoint_at(receiver.url);

	(void)state;
	check_refused(&endpoint, "its host's address 127.0.0.1 is not public");
	assert_int_equal(receiver.connection_count, 0);
}

static void an_address_may_be_spelled_in_any_way(void **state)
{
	static const char *const spellings[] = {
	    "0x7f000001", "2130706433", "127.1", "017700000001"};
	const char *port = strrchr(receiver.url, ':');

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		char url[64];
		const struct webhook_endpoint endpoint = endpoint_at(url);

		snprintf(url, sizeof(url), "http://%s%s", spellings[i], port);
		check_refused(&endpoint, "its host's address 127.0.0.1 is not public");
	}
	assert_int_equal(receiver.connection_count, 0);
}

static void a_name_is_what_it_resolves_to(void **state)
{
	struct outcome outcome = {0};
	char url[64];
	const struct webhook_endpoint endpoint = endpoint_at(url);

	(void)state;
	snprintf(url, sizeof(url), "http://localhost%s", strrchr(receiver.url, ':'));
	post_to(&endpoint, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_non_null(strstr(outcome.error, "is not public"));
	assert_int_equal(receiver.connection_count, 0);
}

static void a_loopback_endpoint_is_nowhere_else(void **state)
{
	static const char *const others[] = {"0.0.0.0", "10.0.0.1", "192.0.2.1"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char url[64], error[128];
		struct webhook_endpoint endpoint = endpoint_at(url);

		endpoint.is_loopback = true;
		snprintf(url, sizeof(url), "http://%s%s", others[i], strrchr(receiver.url, ':'));
		snprintf(error, sizeof(error), "its host's address %s is not a loopback address",
		    others[i]);
		check_refused(&endpoint, error);
	}
}

static void an_internal_endpoint_may_have_any_address(void **state)
{
	struct webhook_endpoint endpoint = endpoint_at(receiver.url);
	struct outcome outcome = {0};

	(void)state;
	receiver.answer = thanks;
	endpoint.internal = true;
	post_to(&endpoint, &outcome);
	check_error(&outcome, 200, "");
}

static void a_kept_connection_is_not_for_those_who_may_not_have_it(void **state)
{
	const struct webhook_endpoint endpoint = endpoint_at(receiver.url);

	(void)state;
	check_error(post(thanks), 200, "");
	check_refused(&endpoint, "its host's address 127.0.0.1 is not public");
	check_error(post(thanks), 200, "");
}

/* An address where nobody listens. */
static const char dead_proxy[] = "http://127.0.0.1:1";

static void no_proxy_is_used(void **state)
{
	(void)state;
	setenv("http_proxy", dead_proxy, 1);
	setenv("all_proxy", dead_proxy, 1);
	check_error(post(thanks), 200, "");
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

static bool ignore_head(void *ctx, CURL *easy, long status)
{
	(void)ctx;
	(void)easy;
	(void)status;
	return true;
}

static bool ignore_body(void *ctx, struct span bytes)
{
	(void)ctx;
	(void)bytes;
	return true;
}

static void on_other_end(void *ctx, const struct upstream_result *result)
{
	struct outcome *outcome = ctx;

	outcome->calls++;
	outcome->status = result->status;
	snprintf(outcome->error, sizeof(outcome->error), "%s", result->error);
}

/* It gets the handle of one that had them. */
static void another_request_has_no_such_limits(void **state)
{
	const struct webhook_endpoint endpoint = endpoint_at(receiver.url);
	struct outcome outcome = {0};
	struct buf none = {0};
	struct upstream_call call = {
	    .method = "GET",
	    .url = "http://provider.invalid/v1/models",
	    .accept = "*/*",
	    .body = &none,
	    .times = {.whole = PATIENCE_SECONDS},
	    .on_head = ignore_head,
	    .on_body = ignore_body,
	    .on_end = on_other_end,
	    .ctx = &outcome,
	};

	(void)state;
	check_refused(&endpoint, "its host's address 127.0.0.1 is not public");
	receiver.answer = thanks;
	setenv("http_proxy", receiver.url, 1);
	upstream_start(upstream, &call);
	await(&outcome);
	unsetenv("http_proxy");
	check_error(&outcome, 200, "");
	assert_int_equal(
	    strncmp(buf_cstr(&receiver.request), "GET http://provider.invalid/", 28), 0);
}

static void without_a_secret_nothing_is_sent(void **state)
{
	struct webhook_endpoint endpoint = own_endpoint();

	(void)state;
	endpoint.secret_count = 0;
	check_refused(&endpoint, "not sent: its secret is not set in this process");
	assert_int_equal(receiver.connection_count, 0);
}

static void a_cancelled_post_says_nothing_and_closes(void **state)
{
	const struct webhook_endpoint endpoint = own_endpoint();
	struct outcome outcome = {0};
	struct webhook_post *cancelled;

	(void)state;
	cancelled = webhook_post_start(upstream, &endpoint, &event, on_result, &outcome);
	while (receiver.request_count == 0)
		event_base_loop(base, EVLOOP_ONCE);
	webhook_post_cancel(cancelled);
	turn_until(&receiver.lost);
	assert_int_equal(outcome.calls, 0);
}

struct pair {
	struct webhook_post *other;
	struct outcome own, others;
};

static void cancel_other(void *ctx, const struct webhook_result *result)
{
	struct pair *pair = ctx;

	webhook_post_cancel(pair->other);
	on_result(&pair->own, result);
}

/* The other one connects meanwhile, or is about to. */
static void one_post_s_end_may_cancel_another(void **state)
{
	const struct webhook_endpoint endpoint = own_endpoint();
	struct pair pair = {0};

	(void)state;
	receiver.answer = thanks;
	webhook_post_start(upstream, &endpoint, &event, cancel_other, &pair);
	while (receiver.request_count == 0)
		event_base_loop(base, EVLOOP_ONCE);
	pair.other = webhook_post_start(upstream, &endpoint, &event, on_result, &pair.others);
	await(&pair.own);
	check_error(post(thanks), 200, "");
	assert_int_equal(pair.others.calls, 0);
}

static void start_next(void *ctx, const struct webhook_result *result)
{
	const struct webhook_endpoint endpoint = own_endpoint();

	check_error(&(struct outcome){.status = result->status}, 200, "");
	webhook_post_start(upstream, &endpoint, &event, on_result, ctx);
}

static void one_post_s_end_may_start_another(void **state)
{
	const struct webhook_endpoint endpoint = own_endpoint();
	struct outcome outcome = {0};

	(void)state;
	receiver.answer = thanks;
	webhook_post_start(upstream, &endpoint, &event, start_next, &outcome);
	await(&outcome);
	check_error(&outcome, 200, "");
	assert_int_equal(receiver.request_count, 2);
}

static int set_up(void **state)
{
	(void)state;
	ahead = 0;
	base = event_base_new();
	start_receiver();
	upstream = upstream_new(base, CONNECTIONS_MOST);
	return base != NULL && upstream != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	upstream_free(upstream);
	stop_receiver();
	event_base_free(base);
	return 0;
}

#define POST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POST_TEST(the_event_arrives_signed),
	    POST_TEST(any_status_of_success_is_one),
	    POST_TEST(an_interim_answer_is_none),
	    POST_TEST(a_connection_is_kept_for_the_next_post),
	    POST_TEST(the_body_of_a_success_is_not_waited_for),
	    POST_TEST(a_redirect_is_a_failure_and_not_followed),
	    POST_TEST(a_failure_tells_its_body_and_when_to_come_again),
	    POST_TEST(of_a_body_no_more_than_a_kilobyte_is_kept),
	    POST_TEST(a_connection_that_closes_early_is_a_failure),
	    POST_TEST(half_a_head_is_a_failure),
	    POST_TEST(half_a_body_of_a_failure_is_told),
	    POST_TEST(what_is_no_http_is_a_failure),
	    POST_TEST(an_error_tells_no_more_of_a_url_than_its_site),
	    POST_TEST(a_post_has_fifteen_seconds),
	    POST_TEST(a_private_address_is_not_connected_to),
	    POST_TEST(an_address_may_be_spelled_in_any_way),
	    POST_TEST(a_name_is_what_it_resolves_to),
	    POST_TEST(a_loopback_endpoint_is_nowhere_else),
	    POST_TEST(an_internal_endpoint_may_have_any_address),
	    POST_TEST(a_kept_connection_is_not_for_those_who_may_not_have_it),
	    POST_TEST(no_proxy_is_used),
	    POST_TEST(another_request_has_no_such_limits),
	    POST_TEST(without_a_secret_nothing_is_sent),
	    POST_TEST(a_cancelled_post_says_nothing_and_closes),
	    POST_TEST(one_post_s_end_may_cancel_another),
	    POST_TEST(one_post_s_end_may_start_another),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
