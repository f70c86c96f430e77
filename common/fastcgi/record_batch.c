#include "record_batch.h"

#include <errno.h>
#include <sys/socket.h>

#include "fcgi_parser.h"

void record_batch_init(struct record_batch *batch, int request_id)
{
	batch->request_id = request_id;
	batch->records = 0;
	batch->count = 0;
}

static void add_part(struct record_batch *batch, const void *bytes, size_t len)
{
	batch->parts[batch->count++] = (struct iovec){(void *)bytes, len};
}

void record_batch_add(struct record_batch *batch, struct span *bytes)
{
	while (bytes->len > 0 && batch->records < BATCH_MOST_RECORDS) {
		size_t len = bytes->len < BATCH_MOST_IN_RECORD ? bytes->len : BATCH_MOST_IN_RECORD;
		FCGI_Header *header = &batch->headers[batch->records++];

		*header = fcgi_header(FCGI_STDOUT, batch->request_id, len);
		add_part(batch, header, sizeof(*header));
		add_part(batch, bytes->p, len);
		bytes->p += len;
		bytes->len -= len;
	}
}

void record_batch_end(struct record_batch *batch)
{
	int id = batch->request_id;

	batch->ending = (struct response_ending){
	    .last_output = fcgi_header(FCGI_STDOUT, id, 0),
	    .end = {.header = fcgi_header(FCGI_END_REQUEST, id, sizeof(FCGI_EndRequestBody)),
		.body = {.protocolStatus = FCGI_REQUEST_COMPLETE}},
	};
	add_part(batch, &batch->ending, sizeof(batch->ending));
}

void record_batch_add_raw(struct record_batch *batch, struct span records)
{
	add_part(batch, records.p, records.len);
}

/* Takes so many bytes off the front of the parts. Returns how many parts are left. */
static int advance(struct iovec **parts, int count, size_t done)
{
	while (count > 0 && done >= (*parts)->iov_len) {
		done -= (*parts)->iov_len;
		(*parts)++;
		count--;
	}
	if (count > 0) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + done;
		(*parts)->iov_len -= done;
	}
	return count;
}

static void keep_rest(struct record_batch *batch, const struct iovec *rest, int count)
{
	for (int i = 0; i < count; i++)
		batch->parts[i] = rest[i];
	batch->count = count;
}

enum batch_result record_batch_send(struct record_batch *batch, int fd)
{
	struct iovec *parts = batch->parts;
	int count = batch->count;

	while (count > 0) {
		struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
		ssize_t done = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			keep_rest(batch, parts, count);
			return errno == EAGAIN || errno == EWOULDBLOCK ? BATCH_WAITS : BATCH_FAILED;
		}
		count = advance(&parts, count, (size_t)done);
	}
	batch->count = 0;
	batch->records = 0;
	return BATCH_SENT;
}

void record_batch_copy_rest(const struct record_batch *batch, struct buf *out)
{
	for (int i = 0; i < batch->count; i++)
		buf_append(out, batch->parts[i].iov_base, batch->parts[i].iov_len);
}
