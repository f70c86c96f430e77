#include "records.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <fastcgi.h>

#include "common/base/clock.h"
#include "common/fastcgi/fcgi_parser.h"

enum {
	MOST_IN_RECORD = 65528, /* of 8 bytes each, as many as a record can have */
	MOST_RECORDS = 16,      /* in one call, beside those at the end */
};

/* What ends a response: standard output is closed, and then the request. */
struct ending {
	FCGI_Header last_output;
	FCGI_EndRequestRecord end;
};

/* What is to be written in one call. */
struct batch {
	const struct records_out *out;
	struct iovec parts[2 * MOST_RECORDS + 1];
	int count;
	FCGI_Header headers[MOST_RECORDS];
	int records;
	size_t total;    /* bytes of all batches, for the time that they may take */
	double deadline; /* for all of them; 0 while there was nothing to wait for */
};

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

/* Waits for the peer to take something. */
static bool wait_for_room(struct batch *batch)
{
	struct pollfd fd = {.fd = batch->out->fd, .events = POLLOUT};
	double now = monotonic_seconds(), left = batch->out->patience;
	int found;

	if (batch->deadline == 0)
		batch->deadline = now + left + (double)batch->total / BYTES_PER_SECOND;
	if (left > batch->deadline - now)
		left = batch->deadline - now;
	if (left <= 0)
		return false;
	found = poll(&fd, 1, (int)(left * 1000) + 1);
	return found > 0 || (found < 0 && errno == EINTR);
}

static bool may_go_on(struct batch *batch)
{
	if (errno == EINTR)
		return true;
	return (errno == EAGAIN || errno == EWOULDBLOCK) && wait_for_room(batch);
}

static bool flush(struct batch *batch)
{
	struct iovec *parts = batch->parts;
	int count = batch->count;

	while (count > 0) {
		struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
		ssize_t done = sendmsg(batch->out->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done < 0 && !may_go_on(batch)) {
			shutdown(batch->out->fd, SHUT_RDWR);
			return false;
		}
		count = advance(&parts, count, done > 0 ? (size_t)done : 0);
	}
	batch->count = 0;
	batch->records = 0;
	return true;
}

static void add_part(struct batch *batch, const void *bytes, size_t len)
{
	batch->parts[batch->count++] = (struct iovec){(void *)bytes, len};
}

static bool add_output(struct batch *batch, struct span bytes)
{
	while (bytes.len > 0) {
		size_t len = bytes.len < MOST_IN_RECORD ? bytes.len : MOST_IN_RECORD;
		FCGI_Header *header;

		if (batch->records == MOST_RECORDS && !flush(batch))
			return false;
		header = &batch->headers[batch->records++];
		*header = fcgi_header(FCGI_STDOUT, batch->out->request_id, len);
		add_part(batch, header, sizeof(*header));
		add_part(batch, bytes.p, len);
		bytes.p += len;
		bytes.len -= len;
	}
	return true;
}

static struct batch batch_of(const struct records_out *out, size_t total)
{
	return (struct batch){.out = out, .total = total};
}

bool records_write(const struct records_out *out, struct span head, struct span body)
{
	struct batch batch = batch_of(out, head.len + body.len);

	return add_output(&batch, head) && add_output(&batch, body) && flush(&batch);
}

bool records_write_last(const struct records_out *out, struct span head, struct span body)
{
	struct batch batch = batch_of(out, head.len + body.len);
	struct ending ending = {
	    .last_output = fcgi_header(FCGI_STDOUT, out->request_id, 0),
	    .end = {.header =
			fcgi_header(FCGI_END_REQUEST, out->request_id, sizeof(FCGI_EndRequestBody)),
		.body = {.protocolStatus = FCGI_REQUEST_COMPLETE}},
	};

	if (!add_output(&batch, head) || !add_output(&batch, body))
		return false;
	add_part(&batch, &ending, sizeof(ending));
	return flush(&batch);
}

bool records_write_raw(const struct records_out *out, struct span records)
{
	struct batch batch = batch_of(out, records.len);

	add_part(&batch, records.p, records.len);
	return flush(&batch);
}
