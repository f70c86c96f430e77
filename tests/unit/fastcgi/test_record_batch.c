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

#include "common/fastcgi/fcgi_parser.h"
#include "common/fastcgi/record_batch.h"

enum { REQUEST_ID = 258 };

struct pair {
	int here, there;
};

static struct pair open_pair(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	return (struct pair){ends[0], ends[1]};
}

static void close_pair(const struct pair *pair)
{
	close(pair->here);
	close(pair->there);
}

/* Takes what has come. */
static void receive(const struct pair *pair, struct buf *out)
{
	ssize_t len;

	do {
		len = recv(pair->there, buf_reserve(out, 65536), 65536, MSG_DONTWAIT);
		out->len += len > 0 ? (size_t)len : 0;
	} while (len > 0);
}

/* Takes a record of this type off the front. Returns its content. */
static struct span take_record(struct span *records, int type)
{
	const unsigned char *head = (const unsigned char *)records->p;
	struct span content;

	assert_true(records->len >= FCGI_HEADER_LEN);
	assert_int_equal(head[0], FCGI_VERSION_1);
	assert_int_equal(head[1], type);
	assert_int_equal(head[2] << 8 | head[3], REQUEST_ID);
	content = (struct span){records->p + FCGI_HEADER_LEN, (size_t)(head[4] << 8 | head[5])};
	assert_true(records->len >= FCGI_HEADER_LEN + content.len + head[6]);
	records->p += FCGI_HEADER_LEN + content.len + head[6];
	records->len -= FCGI_HEADER_LEN + content.len + head[6];
	return content;
}

static void take_ending(struct span *records)
{
	static const char complete[sizeof(FCGI_EndRequestBody)];
	struct span body;

	assert_int_equal(take_record(records, FCGI_STDOUT).len, 0);
	body = take_record(records, FCGI_END_REQUEST);
	assert_int_equal(body.len, sizeof(complete));
	assert_memory_equal(body.p, complete, sizeof(complete));
	assert_int_equal(records->len, 0);
}

static void a_batch_is_a_response(void **state)
{
	struct pair pair = open_pair();
	struct record_batch batch;
	struct span head = SPAN("Status: 200 OK\r\n\r\n"), body = SPAN("body"), empty = {0}, got;
	struct buf received = {0};

	(void)state;
	record_batch_init(&batch, REQUEST_ID);
	record_batch_add(&batch, &head);
	record_batch_add(&batch, &empty);
	record_batch_add(&batch, &body);
	assert_int_equal(head.len + body.len, 0);
	record_batch_end(&batch);
	assert_int_equal(record_batch_send(&batch, pair.here), BATCH_SENT);
	receive(&pair, &received);
	got = buf_span(&received);
	assert_true(span_is(take_record(&got, FCGI_STDOUT), "Status: 200 OK\r\n\r\n"));
	assert_true(span_is(take_record(&got, FCGI_STDOUT), "body"));
	take_ending(&got);
	buf_free(&received);
	close_pair(&pair);
}

static void a_batch_can_be_used_again(void **state)
{
	struct pair pair = open_pair();
	struct record_batch batch;
	struct buf received = {0};
	struct span got;

	(void)state;
	record_batch_init(&batch, REQUEST_ID);
	for (int i = 0; i < 3 * BATCH_MOST_RECORDS; i++) {
		struct span piece = SPAN("piece");

		record_batch_add(&batch, &piece);
		assert_int_equal(piece.len, 0);
		assert_int_equal(record_batch_send(&batch, pair.here), BATCH_SENT);
	}
	receive(&pair, &received);
	got = buf_span(&received);
	for (int i = 0; i < 3 * BATCH_MOST_RECORDS; i++)
		assert_true(span_is(take_record(&got, FCGI_STDOUT), "piece"));
	assert_int_equal(got.len, 0);
	buf_free(&received);
	close_pair(&pair);
}

static char *make_bytes(size_t len)
{
	char *bytes = malloc(len);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	return bytes;
}

/* Sends all of it and the ending, the way that a client does that cannot wait. */
static void send_all(const struct pair *pair, struct span bytes, struct buf *received)
{
	struct record_batch batch;
	struct buf rest = {0};

	record_batch_init(&batch, REQUEST_ID);
	do {
		record_batch_add(&batch, &bytes);
		if (bytes.len == 0)
			record_batch_end(&batch);
		while (record_batch_send(&batch, pair->here) == BATCH_WAITS) {
			buf_clear(&rest);
			record_batch_copy_rest(&batch, &rest);
			assert_true(rest.len > 0);
			receive(pair, received);
		}
	} while (bytes.len > 0);
	receive(pair, received);
	buf_free(&rest);
}

static void expect_whole(size_t len)
{
	struct pair pair = open_pair();
	char *bytes = make_bytes(len);
	struct buf received = {0}, body = {0};
	struct span got;

	send_all(&pair, (struct span){bytes, len}, &received);
	got = buf_span(&received);
	while (body.len < len) {
		struct span content = take_record(&got, FCGI_STDOUT);

		assert_true(content.len > 0);
		buf_append_span(&body, content);
	}
	take_ending(&got);
	assert_int_equal(body.len, len);
	assert_memory_equal(body.data, bytes, len);
	buf_free(&body);
	buf_free(&received);
	free(bytes);
	close_pair(&pair);
}

static void bytes_of_any_number_come_whole(void **state)
{
	static const size_t record = BATCH_MOST_IN_RECORD;
	static const size_t most = (size_t)BATCH_MOST_IN_RECORD * BATCH_MOST_RECORDS;
	const size_t lengths[] = {
	    1, record - 1, record, record + 1, most - 1, most, most + 1, 3 * most + 7};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		expect_whole(lengths[i]);
}

static void a_full_batch_leaves_what_it_has_no_room_for(void **state)
{
	size_t most = (size_t)BATCH_MOST_IN_RECORD * BATCH_MOST_RECORDS;
	char *bytes = make_bytes(most + 5);
	struct span left = {bytes, most + 5};
	struct record_batch batch;

	(void)state;
	record_batch_init(&batch, REQUEST_ID);
	record_batch_add(&batch, &left);
	assert_int_equal(left.len, 5);
	assert_ptr_equal(left.p, bytes + most);
	record_batch_add(&batch, &left);
	assert_int_equal(left.len, 5);
	record_batch_end(&batch);
	free(bytes);
}

static void what_a_peer_does_not_take_can_be_kept_for_later(void **state)
{
	size_t len = (size_t)BATCH_MOST_IN_RECORD * BATCH_MOST_RECORDS;
	char *bytes = make_bytes(len);
	struct pair pair = open_pair();
	struct record_batch batch;
	struct buf received = {0}, rest = {0};
	struct span left = {bytes, len}, got;
	size_t seen = 0;

	(void)state;
	record_batch_init(&batch, REQUEST_ID);
	record_batch_add(&batch, &left);
	record_batch_end(&batch);
	assert_int_equal(record_batch_send(&batch, pair.here), BATCH_WAITS);
	record_batch_copy_rest(&batch, &rest);
	receive(&pair, &received);
	buf_append_span(&received, buf_span(&rest));
	got = buf_span(&received);
	while (seen < len) {
		struct span content = take_record(&got, FCGI_STDOUT);

		assert_memory_equal(content.p, bytes + seen, content.len);
		seen += content.len;
	}
	take_ending(&got);
	buf_free(&rest);
	buf_free(&received);
	free(bytes);
	close_pair(&pair);
}

static void records_go_as_they_are(void **state)
{
	struct pair pair = open_pair();
	struct record_batch batch;
	struct buf received = {0};

	(void)state;
	record_batch_init(&batch, REQUEST_ID);
	record_batch_add_raw(&batch, SPAN("a record"));
	assert_int_equal(record_batch_send(&batch, pair.here), BATCH_SENT);
	receive(&pair, &received);
	assert_true(span_is(buf_span(&received), "a record"));
	buf_free(&received);
	close_pair(&pair);
}

static void a_peer_that_is_gone_is_a_failure(void **state)
{
	struct pair pair = open_pair();
	struct record_batch batch;

	(void)state;
	close(pair.there);
	record_batch_init(&batch, REQUEST_ID);
	record_batch_end(&batch);
	assert_int_equal(record_batch_send(&batch, pair.here), BATCH_FAILED);
	assert_int_equal(errno, EPIPE);
	close(pair.here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_batch_is_a_response),
	    cmocka_unit_test(a_batch_can_be_used_again),
	    cmocka_unit_test(bytes_of_any_number_come_whole),
	    cmocka_unit_test(a_full_batch_leaves_what_it_has_no_room_for),
	    cmocka_unit_test(what_a_peer_does_not_take_can_be_kept_for_later),
	    cmocka_unit_test(records_go_as_they_are),
	    cmocka_unit_test(a_peer_that_is_gone_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
